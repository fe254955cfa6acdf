//! What the page needs of slide images: tiles to draw and patches to show. It never waits for them: it
//! asks, draws what is there, and is woken when there is more.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::encoder::RgbPatch;
use crate::core::geometry::{Mpp, SlidePoint};

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

/// A patch around a spot, for showing.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchKey {
    /// The slide image.
    pub slide: PathBuf,
    /// Resolution of the slide.
    pub mpp: Mpp,
    /// Middle of the patch.
    pub center: SlidePoint,
}

impl PatchKey {
    fn bits(&self) -> [u64; 3] {
        [self.mpp.0, self.center.x, self.center.y].map(f64::to_bits)
    }
}

impl Eq for PatchKey {}

impl Hash for PatchKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.slide.hash(state);
        self.bits().hash(state);
    }
}

/// Something that is asked for and comes later.
#[derive(Debug, Clone)]
pub enum Later<T> {
    /// On its way.
    Loading,
    /// Here.
    Ready(T),
    /// It will not come; why, in one sentence.
    Failed(String),
}

/// Gives slide images and patches without waiting. Asking for something that is not there starts loading
/// it; asking again each frame is cheap.
pub trait Images {
    /// The tiles of a slide.
    fn tiles(&self, slide: &Path) -> Later<Arc<dyn TileSource>>;

    /// A patch.
    fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>>;
}
