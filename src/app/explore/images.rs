//! What the page needs of slide images: tiles to draw and patches to show. It never waits for them: it
//! asks, draws what is there, and is woken when there is more.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::encoder::RgbPatch;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::data::slide::{Level, RgbImage, Tile};

/// One level of an image pyramid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TileLevel {
    /// Width in pixels of this level.
    pub width: u32,
    /// Height in pixels of this level.
    pub height: u32,
    /// Slide pixels per pixel of this level.
    pub downsample: f64,
    /// Width of a tile; those at the right edge may be narrower.
    pub tile_width: u32,
    /// Height of a tile; those at the bottom edge may be lower.
    pub tile_height: u32,
}

impl From<&Level> for TileLevel {
    fn from(level: &Level) -> Self {
        let Level { width, height, downsample, tile_width, tile_height } = *level;
        Self { width, height, downsample, tile_width: tile_width.max(1), tile_height: tile_height.max(1) }
    }
}

/// What there is of a tile now.
#[derive(Debug, Clone)]
pub enum TileState {
    /// Not decoded yet.
    Waiting,
    /// Here.
    Ready(Arc<Tile>),
    /// It cannot be read.
    Damaged,
}

/// A slide image cut into tiles at several resolutions. Nothing here waits for pixels.
pub trait TileSource: Send + Sync {
    /// Levels, finest first; at least one.
    fn levels(&self) -> Vec<TileLevel>;

    /// A small picture of the whole slide, drawn where no tile is there yet.
    fn overview(&self) -> Option<Arc<RgbImage>>;

    /// The tile at `col`, `row` of `level`.
    fn tile(&self, level: usize, col: u32, row: u32) -> TileState;

    /// Asks for tiles by level, column and row, the most wanted last, in place of those asked for before.
    fn request(&self, tiles: Vec<(usize, u32, u32)>);
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
