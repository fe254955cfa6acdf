//! Where the pixels of a slide come from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SlideError;
use super::orient::Orientation;
use super::plain::TILE;
use crate::core::geometry::Mpp;

/// A piece of a level in 8-bit RGB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 3` bytes, row-major RGB.
    pub rgb: Vec<u8>,
}

impl Tile {
    /// A tile of a single colour.
    pub fn filled(width: u32, height: u32, color: [u8; 3]) -> Self {
        Self { width, height, rgb: color.repeat(width as usize * height as usize) }
    }

    /// The rows, 3 bytes a pixel.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rgb.chunks_exact((self.width as usize * 3).max(1))
    }

    /// Copies `other` into this one with its top left corner at `x`, `y`, as far as it lies within.
    pub fn paste(&mut self, other: &Self, x: i64, y: i64) {
        let (left, top) = (x.max(0), y.max(0));
        let right = (x + i64::from(other.width)).min(i64::from(self.width));
        let bottom = (y + i64::from(other.height)).min(i64::from(self.height));
        if right <= left {
            return;
        }
        let length = (right - left) as usize * 3;
        for row in top..bottom {
            let from = ((row - y) as usize * other.width as usize + (left - x) as usize) * 3;
            let to = (row as usize * self.width as usize + left as usize) * 3;
            if let (Some(to), Some(from)) =
                (self.rgb.get_mut(to..to + length), other.rgb.get(from..from + length))
            {
                to.copy_from_slice(from);
            }
        }
    }
}

/// One level of a slide's pyramid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Width in pixels of this level.
    pub width: u32,
    /// Height in pixels of this level.
    pub height: u32,
    /// Slide pixels along one pixel of this level, measured from the sizes: 1 for the first level, seldom whole numbers.
    pub downsample: f64,
    /// Width of a tile; those at the right edge may be narrower.
    pub tile_width: u32,
    /// Height of a tile; those at the bottom edge may be lower.
    pub tile_height: u32,
}

impl Level {
    /// Number of tiles across.
    pub fn tile_columns(&self) -> u32 {
        self.width.div_ceil(self.tile_width.max(1))
    }

    /// Number of tiles down.
    pub fn tile_rows(&self) -> u32 {
        self.height.div_ceil(self.tile_height.max(1))
    }

    /// Left, top, width and height in pixels of this level of the tile at `col`, `row`; `None` where there is none.
    pub fn tile_place(&self, col: u32, row: u32) -> Option<(u32, u32, u32, u32)> {
        if col >= self.tile_columns() || row >= self.tile_rows() {
            return None;
        }
        let (x, y) = (col * self.tile_width, row * self.tile_height);
        Some((x, y, self.tile_width.min(self.width - x), self.tile_height.min(self.height - y)))
    }

    /// How many slide pixels of a slide of `size` one pixel of a level of `width` x `height` stands for: the mean of
    /// both directions, as OpenSlide has it.
    pub fn measure(size: (u32, u32), width: u32, height: u32) -> f64 {
        let ratio = |whole: u32, part: u32| f64::from(whole) / f64::from(part.max(1));
        f64::midpoint(ratio(size.0, width), ratio(size.1, height))
    }
}

/// The kind of file a slide was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SlideFormat {
    Aperio,
    GenericTiff,
    OmeTiff,
    Philips,
    Leica,
    Hamamatsu,
    Ventana,
    Jpeg,
    Png,
    /// Pixels that came from elsewhere than an image file.
    Memory,
    /// Read by OpenSlide, with its name of the format.
    OpenSlide(String),
}

impl fmt::Display for SlideFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aperio => "Aperio SVS",
            Self::GenericTiff => "TIFF",
            Self::OmeTiff => "OME-TIFF",
            Self::Philips => "Philips TIFF",
            Self::Leica => "Leica SCN",
            Self::Hamamatsu => "Hamamatsu NDPI",
            Self::Ventana => "Ventana BIF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Memory => "image",
            Self::OpenSlide(name) => name,
        })
    }
}

/// What is known of a slide without reading pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SlideInfo {
    /// The file.
    pub path: PathBuf,
    /// Its kind.
    pub format: SlideFormat,
    /// Levels, the finest first; there is at least one.
    pub levels: Vec<Level>,
    /// Micrometres per pixel of the first level, where the file says it.
    pub mpp: Option<Mpp>,
    /// Magnification of the objective, where the file says it.
    pub magnification: Option<f64>,
    /// The colour of what was not scanned.
    pub background: [u8; 3],
    /// How the pixels must be turned to stand upright. They are given as they are stored.
    pub orientation: Orientation,
    /// Kinds of further images in the file: "label", "macro", "thumbnail". They may carry names of patients and are
    /// never read.
    pub associated: Vec<String>,
}

impl SlideInfo {
    /// Of an image of `size` at `path` that says nothing else of itself, with its first level only.
    pub(super) fn of_image(path: &Path, format: SlideFormat, (width, height): (u32, u32)) -> Self {
        let level = Level { width, height, downsample: 1.0, tile_width: TILE, tile_height: TILE };
        Self {
            path: path.to_path_buf(),
            format,
            levels: vec![level],
            mpp: None,
            magnification: None,
            background: [255; 3],
            orientation: Orientation::Upright,
            associated: Vec::new(),
        }
    }

    /// Makes it that of the slide after turning it upright, as if its tag were `orientation`.
    pub(super) fn turn(&mut self, orientation: Orientation) {
        for level in &mut self.levels {
            (level.width, level.height) = orientation.size(level.width, level.height);
            (level.tile_width, level.tile_height) = orientation.size(level.tile_width, level.tile_height);
        }
        self.orientation = Orientation::Upright;
    }

    /// Width and height in pixels of the first level.
    pub fn size(&self) -> (u32, u32) {
        self.levels.first().map_or((0, 0), |l| (l.width, l.height))
    }
}

/// A slide as a file holds it.
pub trait SlideSource: Send + Sync + fmt::Debug {
    /// What is known without reading pixels.
    fn info(&self) -> &SlideInfo;

    /// Decodes the tile at `col`, `row` of `level`. Tiles that were not scanned are of the background colour; those at
    /// the right and bottom edge are cut at the level's size.
    ///
    /// # Errors
    /// [`SlideError`] with the file, level and place when there is no such tile, or it is damaged.
    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError>;

    /// Whether the tiles of `level` lie in memory anyway and need no cache.
    fn is_at_hand(&self, _level: usize) -> bool {
        false
    }

    /// Memory held as long as it is open: tiles that are at hand, or a file that was unpacked into memory.
    fn memory_bytes(&self) -> u64 {
        0
    }
}

/// A source with something else said of it.
#[derive(Debug)]
pub struct Described {
    source: Arc<dyn SlideSource>,
    info: SlideInfo,
}

impl Described {
    /// `source`, of which `change` says something else. Levels stay as they are.
    pub fn new(source: Arc<dyn SlideSource>, change: impl FnOnce(&mut SlideInfo)) -> Self {
        let mut info = source.info().clone();
        change(&mut info);
        info.levels.clone_from(&source.info().levels);
        Self { source, info }
    }
}

impl SlideSource for Described {
    fn info(&self) -> &SlideInfo {
        &self.info
    }

    fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        self.source.read_tile(level, col, row)
    }

    fn is_at_hand(&self, level: usize) -> bool {
        self.source.is_at_hand(level)
    }

    fn memory_bytes(&self) -> u64 {
        self.source.memory_bytes()
    }
}

/// The place of a tile, as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePlace {
    /// Index of the level.
    pub level: usize,
    /// Column from 0.
    pub col: u32,
    /// Row from 0.
    pub row: u32,
}

impl TilePlace {
    /// The error that the tile at this place of the slide at `path` cannot be read for `reason`.
    pub fn error(self, path: &Path, reason: impl fmt::Display) -> SlideError {
        SlideError::Tile { path: path.to_path_buf(), place: self, reason: reason.to_string() }
    }
}

impl fmt::Display for TilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}, row {} of level {}", self.col, self.row, self.level)
    }
}
