//! Which of several images is the slide of a sample.

use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::ignored::Ignored;
use crate::core::cancel::CancelToken;
use crate::core::geometry::SlideRect;
use crate::core::progress::Silent;
use crate::data::slide::{RgbImage, Slide, read_info};

/// Spots on their slide spread over at least so much of its width or height.
const MIN_SPREAD: f64 = 0.15;
/// No glass slide is longer, in micrometres.
const MAX_SLIDE_UM: f64 = 80_000.0;
/// Larger images without a pyramid are not looked at, only their names are: decoding them would take minutes.
const MAX_COLOUR_PIXELS: u64 = 100_000_000;
/// Parts of names that tell what was made of a slide.
const DERIVED: [&str; 21] = [
    "annot", "mask", "label", "overlay", "dapi", "fluor", "flip", "mirror", "rotat", "cluster", "segment",
    "align", "detected", "fiducial", "thumb", "preview", "crop", "marker", "contour", "heat", "backup",
];
/// Words in names of slides.
const SLIDE: [&str; 8] = ["he", "hne", "image", "slide", "wsi", "fullres", "hires", "original"];

/// Where spots lie, in pixels of the slide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Around all of them.
    pub(crate) rect: SlideRect,
    /// Micrometres per pixel by their distance, where there are enough to say.
    pub(crate) mpp: Option<f64>,
}

/// Whether spots that spread so can be on an image of this size. A biopsy may cover little of its slide, but positions on a
/// smaller image would make the slide larger than any.
pub(crate) fn holds((width, height): (u32, u32), spread: Spread) -> bool {
    let slide = SlideRect::of_size(width, height);
    let Spread { rect, mpp } = spread;
    let share = (rect.width() / slide.width()).max(rect.height() / slide.height());
    let longest = f64::from(width.max(height));
    slide.contains(rect.min)
        && slide.contains(rect.max)
        && (share >= MIN_SPREAD || mpp.is_none_or(|mpp| longest * mpp <= MAX_SLIDE_UM))
}

/// The slide, of several images.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen {
    /// The one that is used.
    pub(crate) path: PathBuf,
    /// Its width and height in pixels.
    pub(crate) size: (u32, u32),
    /// What to say where others could be meant.
    pub(crate) remark: Option<String>,
    /// The others that cannot be meant, a short phrase each.
    pub(crate) ignored: Vec<Ignored>,
}

/// Chooses among images each of which could be the slide by its size: one with the colours of H&E before others, then by
/// name, then by size.
pub(crate) fn choose(fitting: Vec<(PathBuf, (u32, u32))>) -> Option<Chosen> {
    let alone = fitting.len() == 1;
    let mut ranked: Vec<_> = fitting
        .into_iter()
        .map(|(path, size)| {
            let stained = alone || may_be_stained(&path, size);
            let area = u64::from(size.0) * u64::from(size.1);
            ((stained, rank_of_name(&path), area), path, size)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut ranked = ranked.into_iter();
    let ((stained, ..), path, size) = ranked.next()?;
    let name = file_name(&path);
    let (possible, others): (Vec<_>, Vec<_>) = ranked.partition(|((other, ..), ..)| *other == stained);
    let ignored = others.iter().map(|(_, other, _)| {
        Ignored::file(other, format!("its colours are not those of H&E; {name} is used"))
    });
    let ignored = ignored.collect();
    let possible: Vec<String> = possible.iter().map(|(_, other, _)| file_name(other)).collect();
    let remark = match possible.as_slice() {
        [] => None,
        [rest @ .., last] => {
            let (all, it) = match rest {
                [] => (last.clone(), "that one is"),
                _ => (format!("{} and {last}", rest.join(", ")), "one of these is"),
            };
            Some(format!(
                "{name} is used as the slide, but by size {all} could be it too; if {it} right, choose it as the slide \
                 image in the window, or move {name} to another folder and add the sample again"
            ))
        }
    };
    Some(Chosen { path, size, remark, ignored })
}

/// Higher for names of slides than for names of what is made of them.
fn rank_of_name(path: &Path) -> u8 {
    let name = file_name(path).to_lowercase();
    let is_word = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
    if DERIVED.iter().any(|part| name.contains(part)) || is_word("if") {
        0
    } else if SLIDE.into_iter().any(is_word) || name.contains("h&e") {
        2
    } else {
        1
    }
}

/// Whether an image has the colours of H&E, or cannot be looked at.
fn may_be_stained(path: &Path, (width, height): (u32, u32)) -> bool {
    const LOOKED_AT: u32 = 256;
    if Slide::is_grey(path) {
        return false;
    }
    let is_pyramid = || read_info(path).is_ok_and(|info| info.levels.len() > 1);
    if u64::from(width) * u64::from(height) > MAX_COLOUR_PIXELS && !is_pyramid() {
        return true;
    }
    // What cannot be decoded is no better than a mask.
    let seen = Slide::open(path, &Silent, &CancelToken::new()).and_then(|slide| slide.thumbnail(LOOKED_AT));
    seen.is_ok_and(|image| is_stained(&image))
}

/// Whether some of an image is pink to purple, and little of it black.
fn is_stained(image: &RgbImage) -> bool {
    const DARK: u8 = 70;
    /// By how much green lies below red and blue.
    const COLOURED: u16 = 12;
    let (mut stained, mut dark, mut all) = (0, 0, 0);
    for pixel in image.rgb.chunks_exact(3) {
        let &[r, g, b] = pixel else { continue };
        all += 1;
        if r.max(g).max(b) < DARK {
            dark += 1;
        } else if g <= r && g <= b && u16::from(r).midpoint(u16::from(b)) >= u16::from(g) + COLOURED {
            stained += 1;
        }
    }
    stained * 50 >= all && dark * 2 < all
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    const TISSUE: Rgb<u8> = Rgb([200, 120, 180]);

    /// Tissue in the middle of bright glass.
    fn save(path: &Path, tissue: Rgb<u8>, glass: Rgb<u8>) {
        let inside = |x: u32, y: u32| (20..80).contains(&x) && (20..80).contains(&y);
        RgbImage::from_fn(100, 100, |x, y| if inside(x, y) { tissue } else { glass }).save(path).unwrap();
    }

    fn chosen(dir: &Path, names: &[&str]) -> Chosen {
        choose(names.iter().map(|name| (dir.join(name), (100, 100))).collect()).unwrap()
    }

    #[test]
    fn the_stained_image_is_the_slide_whatever_the_others_are_called() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let white = Rgb([245; 3]);
        save(&path("z.png"), TISSUE, white);
        save(&path("image.png"), Rgb([255; 3]), Rgb([0; 3]));
        save(&path("a_if.png"), Rgb([30, 40, 220]), Rgb([5; 3]));
        image::GrayImage::new(100, 100).save(path("b_he.png")).unwrap();
        let found = chosen(dir.path(), &["image.png", "a_if.png", "b_he.png", "z.png"]);
        assert_eq!((found.path, found.remark), (path("z.png"), None));
        assert_eq!(found.ignored.len(), 3);
        assert!(found.ignored.iter().all(|i| i.why == "its colours are not those of H&E; z.png is used"));
    }

    #[test]
    fn names_decide_between_stained_images_and_all_are_told() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["annotated.png", "a.png", "slide_1.png", "flipped.png"] {
            save(&dir.path().join(name), TISSUE, Rgb([245; 3]));
        }
        let found = chosen(dir.path(), &["annotated.png", "slide_1.png"]);
        assert_eq!(file_name(&found.path), "slide_1.png");
        assert_eq!(
            found.remark.unwrap(),
            "slide_1.png is used as the slide, but by size annotated.png could be it too; if that one is right, choose it as \
             the slide image in the window, or move slide_1.png to another folder and add the sample again"
        );
        let found = chosen(dir.path(), &["flipped.png", "a.png", "annotated.png"]);
        assert_eq!(file_name(&found.path), "a.png");
        let remark = found.remark.unwrap();
        assert!(
            remark.contains("annotated.png and flipped.png could be it too; if one of these"),
            "{remark}"
        );
        assert_eq!(chosen(dir.path(), &["flipped.png"]).remark, None);
    }

    #[test]
    fn a_biopsy_may_cover_little_of_its_slide() {
        let spread = |mpp| Spread { rect: SlideRect::of_size(1500, 1500), mpp };
        assert!(holds((20_000, 20_000), spread(Some(0.5))));
        // Positions on an image ten times smaller.
        assert!(!holds((20_000, 20_000), spread(Some(5.0))));
        assert!(holds((20_000, 20_000), spread(None)) && !holds((1000, 20_000), spread(None)));
        assert!(holds((2000, 2000), spread(Some(90.0))));
    }
}
