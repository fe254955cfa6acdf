//! A slide that consists of levels in a TIFF file.

use std::sync::Arc;

use super::TiffLevel;
use super::canvas::crop_to;
use crate::core::geometry::Mpp;
use crate::data::slide::SlideError;
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::{Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};
use crate::data::slide::tiff::TiffFile;

/// Levels of a TIFF file with what is known of them.
#[derive(Debug)]
pub struct TiffPyramid {
    file: TiffFile,
    levels: Vec<Box<dyn TiffLevel>>,
    info: SlideInfo,
}

impl TiffPyramid {
    /// A slide of `levels`, of which there is at least one. They are sorted by size, and what does not have the shape of
    /// the largest is left out.
    pub fn new(file: TiffFile, format: SlideFormat, levels: Vec<Box<dyn TiffLevel>>) -> Self {
        let levels = sorted_levels(levels);
        let size = levels.first().map_or((0, 0), |l| l.size());
        let about = |level: &dyn TiffLevel| {
            let ((width, height), (tile_width, tile_height)) = (level.size(), level.tile_size());
            let downsample = Level::measure(size, width, height);
            Level { width, height, downsample, tile_width, tile_height }
        };
        let about = levels.iter().map(|l| about(l.as_ref())).collect();
        let info = SlideInfo { levels: about, ..SlideInfo::of_image(file.path(), format, size) };
        Self { file, levels, info }
    }

    /// With the resolution, unless it is implausible.
    pub fn with_mpp(mut self, mpp: Option<f64>) -> Self {
        self.info.mpp = mpp.filter(|v| Mpp::PLAUSIBLE.contains(v)).map(Mpp);
        self
    }

    /// With the magnification of the objective, unless it is implausible.
    pub fn with_magnification(mut self, magnification: Option<f64>) -> Self {
        self.info.magnification = magnification.filter(|v| (0.5..=200.0).contains(v));
        self
    }

    /// With the kinds of images that are not shown.
    pub fn with_associated(mut self, mut associated: Vec<String>) -> Self {
        associated.sort();
        associated.dedup();
        self.info.associated = associated;
        self
    }

    /// With the colour of what was not scanned.
    pub fn with_background(mut self, background: [u8; 3]) -> Self {
        self.info.background = background;
        self
    }

    /// With how the pixels must be turned.
    pub fn with_orientation(mut self, orientation: Orientation) -> Self {
        self.info.orientation = orientation;
        self
    }

    /// Whether the file is long enough for an image of this size.
    pub fn is_plausible(&self) -> bool {
        /// Images of no more bytes are not doubted.
        const UNDOUBTED: u64 = 64 << 20;
        let length = self.file.bytes().length();
        self.levels.iter().all(|level| {
            let (width, height) = level.size();
            let bytes = u64::from(width) * u64::from(height) * 3;
            bytes <= length.saturating_mul(level.max_unpacked()).max(UNDOUBTED)
        })
    }

    /// Whether it is one image in strips, which is better decoded once.
    pub fn is_single_image_in_strips(&self) -> bool {
        self.levels.len() == 1 && self.levels.iter().all(|l| !l.is_tiled())
    }

    /// Cameras of 10, 12 and 14 bits store their values in 16. Where the file does not say so, the values of the finest
    /// level tell.
    pub fn settle_depth(&mut self) {
        let found = self.levels.first().and_then(|l| l.brightest(&self.file)).and_then(bits_used);
        if let Some(bits) = found {
            self.levels.iter_mut().for_each(|l| l.set_significant_bits(bits));
        }
    }

    /// Sets downsamples that are known better than from the sizes.
    pub(in crate::data::slide) fn set_downsamples(&mut self, downsample: impl Fn(usize) -> f64) {
        for (index, level) in self.info.levels.iter_mut().enumerate() {
            level.downsample = downsample(index);
        }
    }
}

/// The depth of a camera whose brightest 16-bit value was `brightest`, where it is less.
pub fn bits_used(brightest: u16) -> Option<u8> {
    [8, 10, 12, 14].into_iter().find(|&bits| brightest > 0 && brightest < 1 << bits)
}

/// The largest level first, without those of another shape or of the size of one before.
fn sorted_levels(mut levels: Vec<Box<dyn TiffLevel>>) -> Vec<Box<dyn TiffLevel>> {
    let area = |l: &dyn TiffLevel| u64::from(l.size().0) * u64::from(l.size().1);
    levels.sort_by_key(|l| std::cmp::Reverse(area(l.as_ref())));
    let Some(size) = levels.first().map(|l| l.size()) else { return levels };
    let mut widest = u32::MAX;
    levels.retain(|l| {
        let fits = l.size().0 < widest && has_shape_of(size, l.size());
        if fits {
            widest = l.size().0;
        }
        fits
    });
    levels
}

/// Whether an image of size `part` may be the one of size `whole` at a lower resolution: both sides shrink alike, but
/// for what rounding to pixels takes and a hundredth.
pub fn has_shape_of(whole: (u32, u32), part: (u32, u32)) -> bool {
    let ratio = f64::from(whole.0) / f64::from(part.0.max(1));
    let expected = f64::from(whole.1) / ratio;
    // One pixel more or less across changes what is expected down.
    let slack = 2.0 * (1.0 + expected / f64::from(part.0.max(1)));
    ratio >= 1.0 && (f64::from(part.1) - expected).abs() <= slack.max(0.01 * expected)
}

impl SlideSource for TiffPyramid {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        let place = TilePlace { level, col, row };
        let error = |reason: &dyn std::fmt::Display| place.error(&self.info.path, reason);
        let about = self.info.levels.get(level).and_then(|l| l.tile_place(col, row));
        let ((_, _, width, height), reader) =
            about.zip(self.levels.get(level)).ok_or_else(|| error(&"there is no such tile"))?;
        let Some(tile) = reader.read(&self.file, col, row).map_err(|e| error(&e))? else {
            return Ok(Arc::new(Tile::filled(width, height, self.info.background)));
        };
        let tile = crop_to(tile, width, height);
        if (tile.width, tile.height) != (width, height)
            || tile.rgb.len() != width as usize * height as usize * 3
        {
            return Err(error(&"it is smaller than it should be"));
        }
        Ok(Arc::new(tile))
    }

    fn memory_bytes(&self) -> u64 {
        self.file.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_known_by_their_shape() {
        let whole = (46_000, 32_914);
        for part in [(46_000, 32_914), (11_500, 8_228), (2_875, 2_057), (45, 32), (45, 33)] {
            assert!(has_shape_of(whole, part), "{part:?}");
        }
        for other in [(1_280, 431), (387, 463), (1_024, 1_024), (92_000, 65_828)] {
            assert!(!has_shape_of(whole, other), "{other:?}");
        }
        assert!(has_shape_of((300, 250), (37, 31)) && has_shape_of((83, 111), (41, 56)));
    }
}
