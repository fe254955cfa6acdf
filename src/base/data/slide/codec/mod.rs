//! From the bytes of a tile or strip to pixels: one file per codec. Every decoder is told how much it may make.

pub mod jpeg;
mod jpeg2000;
mod predictor;
mod samples;
mod unpack;
mod webp;
mod ycbcr;

pub use jpeg2000::decode as decode_jpeg2000;
pub use predictor::undo_horizontal;
pub use samples::{Alpha, Color, SampleLayout};
pub use unpack::unpack;
pub use webp::decode as decode_webp;

use super::source::Tile;
use super::tiff::Problem;

/// No tile or strip may have more pixels than this (a strip may be a whole image).
pub const MAX_CHUNK_PIXELS: u64 = 1 << 28;

/// Why a tile or strip could not be decoded, without the file and place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CodecError {
    #[error("its data are cut off")]
    CutOff,
    #[error("its data are damaged ({0})")]
    Damaged(String),
    /// With what it is packed with.
    #[error("its {0} data are damaged")]
    Corrupt(&'static str),
    #[error("it is {found_width} x {found_height} pixels instead of {width} x {height}")]
    WrongSize { width: u32, height: u32, found_width: u32, found_height: u32 },
    #[error("{0}")]
    Unsupported(String),
    #[error("there is not enough memory to decode it")]
    Memory,
    /// What stands in the directory or the operating system said.
    #[error("{0}")]
    File(Problem),
}

/// How the bytes of tiles and strips are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
    /// `ycbcr`: the components are YCbCr although the stream does not say so (Aperio 33003).
    Jpeg2000 {
        ycbcr: bool,
    },
    Zstandard,
    WebP,
}

impl Compression {
    /// From the value of TIFF's tag Compression.
    ///
    /// # Errors
    /// A phrase that says what the file uses and what to do.
    pub fn from_tag(value: u64) -> Result<Self, String> {
        match value {
            1 => Ok(Self::None),
            5 => Ok(Self::Lzw),
            7 => Ok(Self::Jpeg),
            8 | 32946 => Ok(Self::Deflate),
            32773 => Ok(Self::PackBits),
            33003 => Ok(Self::Jpeg2000 { ycbcr: true }),
            33005 | 34712 => Ok(Self::Jpeg2000 { ycbcr: false }),
            50000 => Ok(Self::Zstandard),
            50001 => Ok(Self::WebP),
            6 => Err(unread("old-style JPEG compression")),
            2..=4 => Err(unread("fax compression")),
            22610 | 34934 => Err(unread("JPEG XR compression")),
            50002 | 52546 => Err(unread("JPEG XL compression")),
            34887 => Err(unread("LERC compression")),
            34925 => Err(unread("LZMA compression")),
            other => Err(unread(&format!("compression {other}"))),
        }
    }

    /// Whether a tile of it is an image of its own, with size and colours.
    pub fn is_image(self) -> bool {
        matches!(self, Self::Jpeg | Self::Jpeg2000 { .. } | Self::WebP)
    }
}

fn unread(what: &str) -> String {
    format!("the image uses {what}, which cannot be read; save it with JPEG, deflate or LZW compression")
}

/// How large a tile must be that is an image of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Width in pixels; what is beyond is cut off.
    pub width: u32,
    /// Height in pixels; what is beyond is cut off.
    pub height: u32,
    /// It is not decoded when it has more pixels than this.
    pub max_pixels: u64,
}

impl Wanted {
    /// Checks the size that the tile itself names.
    fn check(self, found_width: u32, found_height: u32) -> Result<(), CodecError> {
        let Self { width, height, max_pixels } = self;
        let pixels = u64::from(found_width) * u64::from(found_height);
        if found_width < width || found_height < height || pixels > max_pixels.min(MAX_CHUNK_PIXELS) {
            return Err(CodecError::WrongSize { width, height, found_width, found_height });
        }
        Ok(())
    }
}

/// A decoded tile of the size that is wanted, cut from one that is at least as large.
pub(super) fn cropped(image: Tile, wanted: Wanted) -> Result<Tile, CodecError> {
    let Wanted { width, height, .. } = wanted;
    if (image.width, image.height) == (width, height) {
        return Ok(image);
    }
    if image.width < width || image.height < height {
        let (found_width, found_height) = (image.width, image.height);
        return Err(CodecError::WrongSize { width, height, found_width, found_height });
    }
    let row = width as usize * 3;
    let rgb = image.rows().take(height as usize).flat_map(|r| r.get(..row).unwrap_or_default()).copied();
    Ok(Tile { width, height, rgb: rgb.collect() })
}
