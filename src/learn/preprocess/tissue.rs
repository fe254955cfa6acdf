//! Telling tissue from glass, coarsely: good enough to leave glass out, not to outline tissue.

use crate::core::geometry::{Mpp, SlidePoint};
use crate::data::slide::{Slide, SlideError};

/// Mean optical density above the slide's glass from which a pixel counts as stained.
const STAINED: f32 = 0.06;
/// The share of stained pixels from which a field counts as tissue.
const MIN_SHARE: f32 = 0.15;
/// Side of the reading by which a field is judged, in pixels.
const READING: usize = 16;
/// Side of the reading by which a slide's glass is judged, in pixels.
const OVERVIEW: u32 = 512;
/// The share of pixels darker than glass: bubbles and edges are brighter than glass itself.
const GLASS_QUANTILE: f32 = 0.95;
/// Glass is never darker than this, however dark the brightest part of a slide without glass is.
const DARKEST_GLASS: f32 = 0.15;
/// A pixel whose every colour is at most this dark is a masked background or the frame of a scan.
const BLACK: u8 = 25;

/// Knows the glass of one slide.
#[derive(Debug, Clone, Copy)]
pub struct TissueTest {
    glass: f32,
}

/// Mean optical density of a pixel, or `None` for black.
fn density(rgb: &[u8]) -> Option<f32> {
    if rgb.iter().all(|&v| v <= BLACK) {
        return None;
    }
    let sum: f32 = rgb.iter().map(|&v| -((f32::from(v) + 1.0) / 256.0).log10()).sum();
    Some(sum / rgb.len() as f32)
}

impl TissueTest {
    /// Looks at the whole slide for its glass.
    ///
    /// # Errors
    /// [`SlideError`] when a part of the slide cannot be read.
    pub fn new(slide: &Slide) -> Result<Self, SlideError> {
        let overview = slide.thumbnail(OVERVIEW)?;
        let mut densities: Vec<f32> = overview.rgb.chunks_exact(3).filter_map(density).collect();
        densities.sort_by(f32::total_cmp);
        let at = (densities.len() as f32 * (1.0 - GLASS_QUANTILE)) as usize;
        Ok(Self { glass: densities.get(at).copied().unwrap_or(0.0).min(DARKEST_GLASS) })
    }

    /// Whether the square field of `side_um` micrometres around `center` shows tissue.
    ///
    /// # Errors
    /// [`SlideError`] when the field cannot be read.
    pub fn is_tissue(
        &self,
        slide: &Slide,
        center: SlidePoint,
        mpp: Mpp,
        side_um: f64,
    ) -> Result<bool, SlideError> {
        let field = slide.read_patch(center, mpp, side_um / READING as f64, READING)?;
        let stained = field.rgb.chunks_exact(3).filter_map(density).filter(|&d| d - self.glass > STAINED);
        Ok(stained.count() as f32 >= MIN_SHARE * (READING * READING) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::slide::RgbImage;

    #[test]
    fn stained_is_tissue_glass_and_black_are_not() {
        // Left to right: pinkish glass, stroma, black mask.
        let colors = [[235_u8, 215, 230], [200, 165, 205], [0, 0, 0]];
        let rgb = (0..300).flat_map(|_| (0..900).flat_map(|x| colors[x / 300])).collect();
        let slide = Slide::from_image("t", RgbImage { width: 900, height: 300, rgb }).unwrap();
        let test = TissueTest::new(&slide).unwrap();
        let at = |x: f64| test.is_tissue(&slide, SlidePoint::new(x, 150.0), Mpp(1.0), 112.0).unwrap();
        assert!(!at(150.0) && at(450.0) && !at(750.0) && !at(-500.0));
        assert!(at(320.0), "a field that is mostly tissue");
    }
}
