//! From a JPEG stream to RGB pixels.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::super::{CodecError, Wanted};
use super::scan::checked;
use super::stream::{JpegStream, JpegTables};
use crate::data::slide::source::Tile;

/// What a file says of the colours in its JPEG streams (TIFF's Photometric), for streams that do not say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JpegColor {
    Rgb,
    YCbCr,
    Grey { min_is_white: bool },
    Cmyk,
}

/// How components become RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversion {
    Grey,
    Rgb,
    YCbCr,
    Cmyk { inverted: bool },
    Ycck,
}

/// Adobe's marker decides, then JFIF's, then the names of the components, then the file. Components called 1, 2, 3 say
/// nothing, but subsampled green and blue do not occur.
fn conversion(stream: &JpegStream<'_>, said: JpegColor) -> Result<Conversion, CodecError> {
    let components = &stream.frame.components;
    match (components.len(), stream.adobe) {
        (1 | 2, _) => Ok(Conversion::Grey),
        (3, Some(0)) => Ok(Conversion::Rgb),
        (3, Some(_)) => Ok(Conversion::YCbCr),
        (3, None) if stream.is_jfif || stream.frame.is_subsampled() => Ok(Conversion::YCbCr),
        (3, None) if components.iter().map(|c| c.0).eq(*b"RGB") => Ok(Conversion::Rgb),
        (3, None) if said == JpegColor::Rgb => Ok(Conversion::Rgb),
        (3, None) => Ok(Conversion::YCbCr),
        (4, Some(2)) => Ok(Conversion::Ycck),
        (4, adobe) => Ok(Conversion::Cmyk { inverted: adobe.is_some() }),
        (count, _) => {
            Err(CodecError::Unsupported(format!("it has {count} components, which cannot be read")))
        }
    }
}

/// Decodes a stream of at least the size that is wanted, completed with `tables`.
///
/// # Errors
/// [`CodecError`] when it is damaged, smaller, or of a kind that cannot be read.
pub fn decode(
    packed: &[u8],
    tables: &JpegTables,
    said: JpegColor,
    wanted: Wanted,
) -> Result<Tile, CodecError> {
    let mut stream = JpegStream::parse(packed)?;
    stream.adobe = stream.adobe.or(tables.adobe);
    let frame = &stream.frame;
    let (found_width, found_height) = (u32::from(frame.width), u32::from(frame.height));
    wanted.check(found_width, found_height)?;
    let image = decode_stream(
        &stream,
        &tables.bytes,
        said,
        stream.scans,
        (frame.width, frame.height),
        if stream.restart_interval > 0 { stream.restart_interval } else { tables.restart_interval },
    )?;
    super::super::cropped(image, wanted)
}

/// Decodes a stream by itself, of whatever size it is.
///
/// # Errors
/// As [`decode`].
pub fn decode_plain(packed: &[u8]) -> Result<Tile, CodecError> {
    let stream = JpegStream::parse(packed)?;
    let size = (stream.frame.width, stream.frame.height);
    decode_stream(&stream, &[], JpegColor::YCbCr, stream.scans, size, stream.restart_interval)
}

/// Decodes `scans` with the frame of `stream` at another size and restart interval.
pub(in crate::data::slide) fn decode_stream(
    stream: &JpegStream<'_>,
    tables: &[u8],
    said: JpegColor,
    scans: &[u8],
    size: (u16, u16),
    restart_interval: u16,
) -> Result<Tile, CodecError> {
    if stream.frame.precision != 8 {
        let bits = stream.frame.precision;
        return Err(CodecError::Unsupported(format!(
            "the image uses JPEG of {bits} bits, which cannot be read"
        )));
    }
    let conversion = conversion(stream, said)?;
    let (transform, output) = match conversion {
        Conversion::Grey => (None, ColorSpace::Luma),
        Conversion::Rgb => (Some(0), ColorSpace::RGB),
        Conversion::YCbCr => (Some(1), ColorSpace::RGB),
        Conversion::Cmyk { .. } => (Some(0), ColorSpace::CMYK),
        Conversion::Ycck => (Some(2), ColorSpace::RGB),
    };
    let scans = checked(scans, &stream.frame, size, restart_interval)?;
    let whole = stream.assemble(transform, tables, size, restart_interval, &scans);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(output);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(whole.as_slice()), options);
    let samples = decoder.decode().map_err(|_| CodecError::Corrupt("JPEG"))?;
    let pixels = usize::from(size.0) * usize::from(size.1);
    let count = samples.len() / pixels.max(1);
    let rgb = match conversion {
        Conversion::Rgb | Conversion::YCbCr | Conversion::Ycck => samples,
        Conversion::Grey => {
            let min_is_white = said == JpegColor::Grey { min_is_white: true };
            let grey = |v: u8| [if min_is_white { 255 - v } else { v }; 3];
            samples.chunks_exact(count.max(1)).flat_map(|p| grey(p[0])).collect()
        }
        Conversion::Cmyk { inverted } => {
            let ink = |v: u8| u32::from(if inverted { v } else { 255 - v });
            let rgb = |p: &[u8]| [0, 1, 2].map(|i| (ink(p[i]) * ink(p[3]) / 255) as u8);
            samples.chunks_exact(4).flat_map(rgb).collect()
        }
    };
    if rgb.len() != pixels * 3 {
        return Err(CodecError::CutOff);
    }
    Ok(Tile { width: u32::from(size.0), height: u32::from(size.1), rgb })
}
