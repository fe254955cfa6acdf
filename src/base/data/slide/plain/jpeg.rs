//! A JPEG file as a slide.

use std::path::Path;

use super::{Decoding, PlainInfo, build_pyramid, check_plausible, check_whole_size, exif_orientation};
use crate::core::files::FileError;
use crate::core::progress::Task;
use crate::data::slide::SlideError;
use crate::data::slide::bytes::ByteSource;
use crate::data::slide::codec::CodecError;
use crate::data::slide::codec::jpeg::{self, JpegStream, decode_plain};
use crate::data::slide::orient::Orientation;
use crate::data::slide::source::SlideSource;
use std::sync::Arc;

/// The header of a JPEG lies within so much, also behind a thumbnail and a colour profile.
const MAX_HEADER: u64 = 16 << 20;

fn refused(path: &Path, error: &CodecError) -> FileError {
    match error {
        CodecError::CutOff => {
            FileError::malformed(path, "the image is cut off; copy it again from its source")
        }
        CodecError::Unsupported(says) => {
            FileError::malformed(path, format!("{says}; save it as baseline JPEG or PNG"))
        }
        other => FileError::malformed(
            path,
            format!("the image is damaged ({other}); copy it again from its source"),
        ),
    }
}

/// What the header says.
///
/// # Errors
/// [`FileError`] when it is no JPEG or is damaged.
pub fn jpeg_info(bytes: &ByteSource) -> Result<PlainInfo, FileError> {
    let path = bytes.path();
    let head = bytes.read_up_to(0, MAX_HEADER).map_err(FileError::io("read", path))?;
    let stream = JpegStream::parse(&head).map_err(|e| refused(path, &e))?;
    let orientation = stream.exif.and_then(|e| e.get(6..)).map_or(Orientation::Upright, exif_orientation);
    let (width, height) = (u32::from(stream.frame.width), u32::from(stream.frame.height));
    Ok(PlainInfo { width, height, is_grey: stream.frame.components.len() < 3, orientation })
}

/// Decodes a JPEG file into a pyramid.
///
/// # Errors
/// [`SlideError`] when it is damaged, cut off or too large, or the work is cancelled.
pub fn read_jpeg(
    bytes: &ByteSource,
    how: &Decoding<'_>,
) -> Result<(Arc<dyn SlideSource>, PlainInfo), SlideError> {
    let path = bytes.path();
    let info = jpeg_info(bytes)?;
    let (width, height) = (info.width, info.height);
    check_whole_size(path, width, height)?;
    check_plausible(path, width, height, bytes.length())?;
    let fill = |builder: &mut super::PyramidBuilder<'_>| {
        how.progress.report(&Task::Decoding(super::short_name(path)).into(), 0, 0);
        let packed = bytes.read(0, bytes.length()).map_err(FileError::io("read", path))?;
        if !jpeg::is_whole(&packed) {
            return Err(refused(path, &CodecError::CutOff).into());
        }
        how.cancel.check()?;
        let image = decode_plain(&packed).map_err(|e| refused(path, &e))?;
        builder.push_rows(&image.rgb)
    };
    let source = build_pyramid(path, (width, height), "pyramid", false, how, &fill)?;
    Ok((source, info))
}
