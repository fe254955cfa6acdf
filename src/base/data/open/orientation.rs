//! Which way round a slide lies that has an orientation tag: as its pixels are stored, or turned as the tag says.
//! Programs that place spots heed the tag or do not, so the spots decide.

use crate::core::cancel::CancelToken;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::core::progress::Progress;
use crate::data::slide::{Orientation, RgbImage, Slide, SlideError, SlideInfo, place};
use crate::data::st::names::file_name;

/// The longer side of the picture in which tissue is looked for.
const LOOKED_AT: u32 = 1024;
/// Larger images without a pyramid are not looked at: decoding them would take minutes.
const MAX_PIXELS: u64 = 100_000_000;
/// By how much more the spots of one way must absorb green light to lie on the tissue, of 255.
const CLEAR: f64 = 8.0;

/// How a slide is to be turned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    pub orientation: Orientation,
    /// Width and height once it is turned.
    pub size: (u32, u32),
    /// What to say of it; `None` where the slide has no orientation tag.
    pub remark: Option<String>,
}

/// Turns a slide without measurements as its tag says.
pub(super) fn by_tag(info: &SlideInfo) -> Turn {
    let orientation = info.orientation;
    let remark = (orientation != Orientation::Upright)
        .then(|| format!("{} is {orientation}, as its orientation tag says", file_name(&info.path)));
    Turn { orientation, size: turned_size(info, orientation), remark }
}

/// The way that puts the spots at `centers` on the slide, and where both ways do, on its tissue. As stored, with a remark,
/// where that cannot be told.
///
/// # Errors
/// [`SlideError`] when the slide cannot be read, or when cancelled.
pub(super) fn by_spots(
    info: &SlideInfo,
    centers: &[SlidePoint],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Turn, SlideError> {
    let tag = info.orientation;
    if tag == Orientation::Upright {
        return Ok(Turn { orientation: tag, size: info.size(), remark: None });
    }
    let holds = |orientation| {
        let (width, height) = turned_size(info, orientation);
        let slide = SlideRect::of_size(width, height);
        centers.iter().all(|&center| slide.contains(center))
    };
    let gain = match (holds(Orientation::Upright), holds(tag)) {
        (true, true) => tissue_gain(info, centers, progress, cancel)?,
        (false, true) => f64::INFINITY,
        (true, false) => f64::NEG_INFINITY,
        (false, false) => 0.0,
    };
    let name = file_name(&info.path);
    let (orientation, remark) = if gain >= CLEAR {
        (
            tag,
            format!(
                "{name} is {tag}, as its orientation tag says, because that puts the spots on the tissue"
            ),
        )
    } else if gain <= -CLEAR {
        let remark = format!(
            "{name} has an orientation tag ({tag}), which is not applied because the spots lie on the tissue without it"
        );
        (Orientation::Upright, remark)
    } else {
        let remark = format!(
            "{name} has an orientation tag ({tag}), which is not applied because it cannot be told whether the spots were \
             placed with it; check that they lie on the tissue, and else save the slide upright and add it again"
        );
        (Orientation::Upright, remark)
    };
    Ok(Turn { orientation, size: turned_size(info, orientation), remark: Some(remark) })
}

fn turned_size(info: &SlideInfo, orientation: Orientation) -> (u32, u32) {
    let (width, height) = info.size();
    orientation.size(width, height)
}

/// How much more green light, which haematoxylin and eosin both absorb, is absorbed under the spots when the slide is
/// turned by its tag than as it is stored; 0 for an image that is too large to look at.
fn tissue_gain(
    info: &SlideInfo,
    centers: &[SlidePoint],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<f64, SlideError> {
    let (width, height) = info.size();
    if info.levels.len() < 2 && u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Ok(0.0);
    }
    let absorbed = |orientation| -> Result<f64, SlideError> {
        let slide = Slide::open(&place::turned(&info.path, orientation), progress, cancel)?;
        let (width, _) = slide.size();
        let image = slide.thumbnail(LOOKED_AT)?;
        Ok(green_absorbed(&image, centers, f64::from(image.width) / f64::from(width.max(1))))
    };
    Ok(absorbed(info.orientation)? - absorbed(Orientation::Upright)?)
}

/// The mean over `centers` of what is missing from full green in `image`, which is `scale` times as large as the slide.
fn green_absorbed(image: &RgbImage, centers: &[SlidePoint], scale: f64) -> f64 {
    let green = |center: &SlidePoint| {
        let x = ((center.x * scale) as u32).min(image.width.saturating_sub(1)) as usize;
        let y = ((center.y * scale) as u32).min(image.height.saturating_sub(1)) as usize;
        image.rgb.get((y * image.width as usize + x) * 3 + 1).copied().unwrap_or(u8::MAX)
    };
    let sum: f64 = centers.iter().map(|center| f64::from(u8::MAX - green(center))).sum();
    sum / centers.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;
    use crate::data::slide::read_info;
    use std::path::Path;

    /// A slide of 300 x 200 pixels as stored with tissue in its top left, of which a tag says `orientation`.
    fn slide(folder: &Path, orientation: Orientation) -> SlideInfo {
        let path = folder.join("s.png");
        let is_tissue = |x: u32, y: u32| x < 80 && y < 80;
        let colour = |x, y| image::Rgb(if is_tissue(x, y) { [200, 120, 180] } else { [245; 3] });
        image::RgbImage::from_fn(300, 200, colour).save(&path).unwrap();
        SlideInfo { orientation, ..read_info(&path).unwrap() }
    }

    fn settled(info: &SlideInfo, center: (f64, f64)) -> (Orientation, (u32, u32), String) {
        let centers = [SlidePoint::new(center.0, center.1)];
        let turn = by_spots(info, &centers, &Silent, &CancelToken::new()).unwrap();
        (turn.orientation, turn.size, turn.remark.unwrap_or_default())
    }

    #[test]
    fn the_spots_say_whether_a_tag_is_heeded() {
        let dir = tempfile::tempdir().unwrap();
        let info = slide(dir.path(), Orientation::Turned90);
        let turned = "s.png is turned by 90 degrees, as its orientation tag says, because that puts the spots on the tissue";
        // Turned by a quarter clockwise, the tissue is at the top right of 200 x 300 pixels.
        assert_eq!(settled(&info, (170.0, 30.0)), (Orientation::Turned90, (200, 300), turned.to_owned()));
        // Only one of the two is so high.
        assert_eq!(settled(&info, (30.0, 280.0)).0, Orientation::Turned90);
        let stored = "s.png has an orientation tag (turned by 90 degrees), which is not applied because the spots lie on the \
                      tissue without it";
        assert_eq!(settled(&info, (30.0, 30.0)), (Orientation::Upright, (300, 200), stored.to_owned()));
        assert_eq!(settled(&info, (280.0, 30.0)).0, Orientation::Upright);
        for unclear in [(100.0, 150.0), (290.0, 290.0)] {
            let (orientation, size, says) = settled(&info, unclear);
            assert_eq!((orientation, size), (Orientation::Upright, (300, 200)));
            assert!(says.contains("it cannot be told whether the spots were placed with it"), "{says}");
        }
        let upright = slide(dir.path(), Orientation::Upright);
        assert_eq!(settled(&upright, (30.0, 30.0)), (Orientation::Upright, (300, 200), String::new()));
    }

    #[test]
    fn without_spots_the_tag_is_heeded() {
        let dir = tempfile::tempdir().unwrap();
        let turn = by_tag(&slide(dir.path(), Orientation::Transversed));
        assert_eq!((turn.orientation, turn.size), (Orientation::Transversed, (200, 300)));
        let says = "s.png is turned by 90 degrees and mirrored top to bottom, as its orientation tag says";
        assert_eq!(turn.remark.as_deref(), Some(says));
    }
}
