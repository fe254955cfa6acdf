//! A PNG file as a slide, read row by row.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use png::{BitDepth, ColorType, DecodingError, Transformations};

use super::{
    Decoding, PlainInfo, PyramidBuilder, build_pyramid, check_plausible, check_whole_size, exif_orientation,
};
use crate::core::files::FileError;
use crate::data::slide::SlideError;
use crate::data::slide::bytes::ByteSource;
use crate::data::slide::codec::{Alpha, Color, SampleLayout};
use crate::data::slide::levels::bits_used;
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::SlideSource;
use crate::data::slide::tiff::ByteOrder;

/// Rows that are decoded before they are passed on.
const ROWS_AT_ONCE: u32 = 64;
/// What the decoder may take beside a row.
const DECODER_BYTES: usize = 256 << 20;

/// Reads a [`ByteSource`] from its start to its end.
struct Cursor<'a> {
    bytes: &'a ByteSource,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.bytes.read_up_to(self.at, buffer.len() as u64)?;
        for (to, from) in buffer.iter_mut().zip(&piece) {
            *to = *from;
        }
        self.at += piece.len() as u64;
        Ok(piece.len())
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.bytes.length().checked_add_signed(by),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

type Reader<'a> = png::Reader<BufReader<Cursor<'a>>>;

fn refused(path: &Path, error: &DecodingError) -> FileError {
    match error {
        DecodingError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            FileError::malformed(path, "the image is cut off; copy it again from its source")
        }
        other => {
            let text = other.to_string();
            let reason = text.lines().next().unwrap_or_default().trim_end_matches('.');
            FileError::malformed(
                path,
                format!("the image is damaged ({reason}); copy it again from its source"),
            )
        }
    }
}

fn reader(bytes: &ByteSource) -> Result<Reader<'_>, FileError> {
    let cursor = BufReader::with_capacity(1 << 18, Cursor { bytes, at: 0 });
    let mut decoder = png::Decoder::new_with_limits(cursor, png::Limits { bytes: DECODER_BYTES });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.read_info().map_err(|e| refused(bytes.path(), &e))
}

fn info(reader: &Reader<'_>) -> PlainInfo {
    let header = reader.info();
    let orientation = header.exif_metadata.as_deref().map_or(Orientation::Upright, exif_orientation);
    let is_grey = matches!(header.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    PlainInfo { width: header.width, height: header.height, is_grey, orientation }
}

/// What the header says.
///
/// # Errors
/// [`FileError`] when it is no PNG or is damaged.
pub fn png_info(bytes: &ByteSource) -> Result<PlainInfo, FileError> {
    reader(bytes).map(|r| info(&r))
}

/// Decodes a PNG file into a pyramid.
///
/// # Errors
/// [`SlideError`] when it is damaged, cut off or too large, or the work is cancelled.
pub fn read_png(
    bytes: &ByteSource,
    how: &Decoding<'_>,
) -> Result<(Arc<dyn SlideSource>, PlainInfo), SlideError> {
    let path = bytes.path();
    let about = png_info(bytes)?;
    let (width, height) = (about.width, about.height);
    check_plausible(path, width, height, bytes.length())?;
    let fill = |builder: &mut PyramidBuilder<'_>| {
        let mut reader = reader(bytes)?;
        let mut layout = layout(reader.output_color_type());
        if layout.bits == 16
            && let Some(bits) = brightest(bytes, &layout, how)?.and_then(bits_used)
        {
            layout.max = (1 << bits) - 1;
        }
        if reader.info().interlaced {
            return read_interlaced(path, &mut reader, &layout, builder);
        }
        let mut done = 0;
        while done < height {
            how.cancel.check()?;
            let count = ROWS_AT_ONCE.min(height - done);
            let mut rows = Vec::new();
            for _ in 0..count {
                let row = reader.next_row().map_err(|e| refused(path, &e))?;
                let row = row.ok_or_else(|| {
                    FileError::malformed(path, "the image is cut off; copy it again from its source")
                })?;
                rows.extend_from_slice(row.data());
            }
            builder.push_rows(&to_rgb(path, &layout, rows, width, count)?)?;
            done += count;
        }
        Ok(())
    };
    let source = build_pyramid(path, (width, height), "pyramid", false, how, &fill)?;
    Ok((source, about))
}

/// The largest colour value of a 16-bit image, whose depth may be that of a camera of fewer bits.
fn brightest(
    bytes: &ByteSource,
    layout: &SampleLayout,
    how: &Decoding<'_>,
) -> Result<Option<u16>, SlideError> {
    let (path, mut reader) = (bytes.path(), reader(bytes)?);
    let mut found = None;
    // Rows of an interlaced image come in passes, which does not matter here.
    while let Some(row) = reader.next_row().map_err(|e| refused(path, &e))? {
        how.cancel.check()?;
        found = found.max(layout.brightest(row.data(), layout.samples, layout.color.samples()));
    }
    Ok(found)
}

fn to_rgb(
    path: &Path,
    layout: &SampleLayout,
    rows: Vec<u8>,
    width: u32,
    height: u32,
) -> Result<Vec<u8>, FileError> {
    layout.chunky_to_rgb(rows, width, height).map_err(|_| super::build::no_memory(path))
}

/// Rows of an interlaced image are known only at its end.
fn read_interlaced(
    path: &Path,
    reader: &mut Reader<'_>,
    layout: &SampleLayout,
    builder: &mut PyramidBuilder<'_>,
) -> Result<(), SlideError> {
    let (width, height) = reader.info().size();
    check_whole_size(path, width, height)?;
    let length = reader.output_buffer_size().ok_or_else(|| super::build::no_memory(path))?;
    let mut rows = Vec::new();
    rows.try_reserve_exact(length).map_err(|_| super::build::no_memory(path))?;
    rows.resize(length, 0);
    reader.next_frame(&mut rows).map_err(|e| refused(path, &e))?;
    builder.push_rows(&to_rgb(path, layout, rows, width, height)?)
}

/// How the decoder gives samples: palettes and depths below 8 bits are resolved already.
fn layout((color, depth): (ColorType, BitDepth)) -> SampleLayout {
    let bits = if depth == BitDepth::Sixteen { 16 } else { 8 };
    let (samples, color, alpha) = match color {
        ColorType::Grayscale | ColorType::Indexed => (1, Color::Grey { min_is_white: false }, None),
        ColorType::GrayscaleAlpha => (2, Color::Grey { min_is_white: false }, Some(Alpha::Unassociated)),
        ColorType::Rgb => (3, Color::Rgb, None),
        ColorType::Rgba => (4, Color::Rgb, Some(Alpha::Unassociated)),
    };
    SampleLayout { bits, samples, color, max: (1 << bits) - 1, alpha, order: ByteOrder::Big }
}
