//! Images of a TIFF file as levels of a slide: tiled, in strips, in planes, one long JPEG, or several on one ground.

mod canvas;
mod layout;
mod long_jpeg;
mod page;
mod planes;
mod pyramid;
mod strips;

pub use canvas::{Canvas, Placed};
pub use long_jpeg::LongJpeg;
pub use page::Page;
pub use planes::Planes;
pub use pyramid::{TiffPyramid, bits_used, has_shape_of};
pub use strips::Strips;

use std::fmt::Debug;

use super::codec::CodecError;
use super::source::Tile;
use super::tiff::TiffFile;

/// A level whose tiles are read from a TIFF file.
pub trait TiffLevel: Send + Sync + Debug {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Width and height of a tile.
    fn tile_size(&self) -> (u32, u32);

    /// Whether single tiles can be read without others.
    fn is_tiled(&self) -> bool {
        true
    }

    /// The most bytes of pixels that a byte of the file can stand for; more are a sign of damage.
    fn max_unpacked(&self) -> u64 {
        1 << 16
    }

    /// The largest of the 16-bit values found in some of its tiles, where the file does not say which value stands for
    /// full intensity; `None` where there is nothing to be guessed.
    fn brightest(&self, _file: &TiffFile) -> Option<u16> {
        None
    }

    /// Sets how many bits of its samples are used.
    fn set_significant_bits(&mut self, _bits: u8) {}

    /// Decodes the tile at `col`, `row`, perhaps hanging over the edge of the level; `None` where nothing was scanned.
    ///
    /// # Errors
    /// [`CodecError`] when it is damaged.
    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError>;
}
