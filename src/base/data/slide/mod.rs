//! Slides: from scanner files, tiled pyramids, plain images and images within AnnData files to patches and regions at
//! any resolution.
//!
//! A [`SlideSource`] is a file that gives tiles; a [`TileCache`] holds those of all slides within a budget; a [`Slide`]
//! reads patches and regions through both. A [`SlideStore`] keeps slides open, a [`TileLoader`] decodes what a viewer
//! sees. Nothing holds a whole pyramid slide in memory.
//!
//! Pixels are given as they are stored, and an orientation is reported; [`place::turned`] names the same slide turned
//! upright.

mod blank;
mod bytes;
mod cache;
mod codec;
mod companions;
mod embedded;
mod error;
mod formats;
mod identify;
mod levels;
mod loader;
mod open;
mod openslide;
mod orient;
mod packed;
pub mod place;
mod plain;
mod resample;
mod source;
mod store;
mod tiff;
mod view;

pub use cache::{DEFAULT_TILE_BUDGET, TileCache, TileKey};
pub use companions::companions;
pub use error::SlideError;
pub use identify::{EXTENSIONS, FileKind, identify, identify_beginning, stem_of_slide};
pub use loader::TileLoader;
pub use open::{OpenOptions, open_source, read_info};
pub use openslide::{LIBRARY_VARIABLE, look_for_openslide_at, openslide_version, use_openslide_at};
pub use orient::Orientation;
use orient::Oriented;
pub use plain::{MAX_PIXELS_IN_MEMORY, PyramidFolder, TILE};
pub use source::{Described, Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};
pub use store::{DEFAULT_BUDGET, SlideStore};
pub use tiff::TiffError;
pub use view::{RgbImage, Slide};

/// The most pixels an image may have that can only be decoded as a whole: 3 GB while it is decoded.
pub const MAX_PIXELS: u64 = 1_000_000_000;

/// What to do about a format that only OpenSlide reads.
const OPENSLIDE_ADVICE: &str = "install OpenSlide 4 (openslide.org), or choose its library under \"OpenSlide library…\" in the project menu";

#[cfg(test)]
mod tests;
