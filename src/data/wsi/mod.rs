//! Whole slide images: from scanner files, tiled pyramids and plain images to patches and regions at any resolution.
//!
//! A [`SlideSource`] is a file that gives tiles; a [`TileCache`] holds those of all slides within a budget; a [`Slide`]
//! reads patches and regions through both. Nothing holds a whole pyramid slide in memory.
//!
//! The images of sections are still read by [`super::slide`], which holds a whole image in memory.
//!
//! Pixels are used as they are stored; an orientation is reported, and [`Oriented`] applies it.

mod bytes;
mod cache;
mod codec;
mod error;
mod formats;
mod identify;
mod levels;
mod open;
mod openslide;
mod orient;
mod plain;
mod resample;
mod source;
mod tiff;
mod view;

pub use cache::{DEFAULT_TILE_BUDGET, TileCache, TileKey};
pub use error::SlideError;
pub use identify::{FileKind, identify};
pub use open::{OpenOptions, open_source, read_info};
pub use openslide::is_available as is_openslide_available;
pub use orient::{Orientation, Oriented, turned};
pub use plain::{MAX_PIXELS_IN_MEMORY, PyramidFolder, TILE};
pub use source::{Described, Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};
pub use tiff::TiffError;
pub use view::{RgbImage, Slide};

/// The most pixels an image may have that can only be decoded as a whole: 3 GB while it is decoded.
pub const MAX_PIXELS: u64 = 1_000_000_000;

/// What to do about a format that only OpenSlide reads.
const OPENSLIDE_ADVICE: &str = "install OpenSlide 4 (openslide.org) or name its library in the settings";

#[cfg(test)]
mod tests;
