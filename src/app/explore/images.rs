//! What the page needs of slide images: tiles to draw and patches to show. It never waits for them: it
//! asks, draws what is there, and is woken when there is more.

use std::path::Path;
use std::sync::Arc;

use crate::core::encoder::RgbPatch;
use crate::data::slide::{Slide, TILE};
use crate::jobs::images::ImageLoader;

pub use crate::jobs::images::{Later, PatchKey};

/// One level of an image pyramid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileLevel {
    /// Width in pixels of this level.
    pub width: u32,
    /// Height in pixels of this level.
    pub height: u32,
    /// Slide pixels a pixel of this level.
    pub downsample: f64,
}

/// The pixels of one tile.
#[derive(Debug, Clone, Copy)]
pub struct TilePixels<'a> {
    /// Width in pixels; less than the tile size at the right edge.
    pub width: u32,
    /// Height in pixels; less than the tile size at the bottom edge.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: &'a [u8],
}

/// A slide image cut into tiles at several resolutions.
pub trait TileSource: Send + Sync {
    /// Levels, finest first; at least one.
    fn levels(&self) -> Vec<TileLevel>;

    /// Side of a tile in pixels.
    fn tile_size(&self) -> u32;

    /// The tile at `col`, `row` of `level`, where there is one.
    fn tile(&self, level: usize, col: u32, row: u32) -> Option<TilePixels<'_>>;
}

impl TileSource for Slide {
    fn levels(&self) -> Vec<TileLevel> {
        Self::levels(self)
            .iter()
            .map(|l| TileLevel { width: l.width, height: l.height, downsample: f64::from(l.downsample) })
            .collect()
    }

    fn tile_size(&self) -> u32 {
        TILE
    }

    fn tile(&self, level: usize, col: u32, row: u32) -> Option<TilePixels<'_>> {
        let tile = Self::tile(self, level, col, row)?;
        Some(TilePixels { width: tile.width, height: tile.height, rgb: &tile.rgb })
    }
}

/// Gives slide images and patches without waiting. Asking for something that is not there starts loading
/// it; asking again each frame is cheap.
pub trait Images {
    /// The tiles of a slide.
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>>;

    /// A patch.
    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>>;
}

impl Images for ImageLoader {
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>> {
        match self.slide(slide) {
            Later::Ready(slide) => Later::Ready(slide),
            Later::Loading => Later::Loading,
            Later::Failed(why) => Later::Failed(why),
        }
    }

    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>> {
        Self::patch(self, key)
    }
}
