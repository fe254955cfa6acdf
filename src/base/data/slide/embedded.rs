//! An image within an AnnData file as a slide.

use std::path::Path;
use std::sync::Arc;

use super::SlideError;
use super::place::Embedded;
use super::plain::{Decoding, PyramidBuilder, build_pyramid, check_whole_size, short_name};
use super::source::{SlideFormat, SlideInfo, SlideSource};
use crate::core::files::FileError;
use crate::core::progress::Task;
use crate::data::anndata;
use crate::data::st::ReadError;

/// What is known of the image at `path`, which leads to `image`.
///
/// # Errors
/// [`FileError`] when the file cannot be read, or does not hold the image.
pub fn info(path: &Path, image: &Embedded) -> Result<SlideInfo, SlideError> {
    let found = anndata::image_size(&image.file, &image.library, &image.key).map_err(plain)?;
    let size = found.ok_or_else(|| {
        let message = format!("there is no image {} of {} in it", image.key, image.library);
        FileError::malformed(&image.file, message)
    })?;
    Ok(SlideInfo::of_image(path, SlideFormat::Memory, size))
}

/// Reads the image at `path`, which leads to `image`, into a pyramid.
///
/// # Errors
/// [`SlideError`] when it cannot be read or is too large, or the work is cancelled.
pub fn open(path: &Path, image: &Embedded, how: &Decoding<'_>) -> Result<Arc<dyn SlideSource>, SlideError> {
    let (width, height) = info(path, image)?.size();
    check_whole_size(&image.file, width, height)?;
    if width == 0 || height == 0 {
        return Err(FileError::malformed(&image.file, "the image has no pixels").into());
    }
    let fill = |builder: &mut PyramidBuilder<'_>| {
        how.progress.report(
            &Task::Decoding(format!("{} of {}", image.key, short_name(&image.file))).into(),
            0,
            0,
        );
        let rgb = anndata::read_image(&image.file, &image.library, &image.key).map_err(plain)?;
        how.cancel.check()?;
        builder.push_rows(rgb.as_raw())
    };
    // A file may hold several.
    let which = blake3::hash(format!("{}/{}", image.library, image.key).as_bytes()).to_hex();
    let name = format!("{}-pyramid", which.get(..8).unwrap_or_default());
    build_pyramid(path, (width, height), &name, false, how, &fill)
}

/// Reading an image gives errors of its file only.
fn plain(error: ReadError) -> FileError {
    match error {
        ReadError::File(error) => error,
        other => FileError::malformed(Path::new(""), other.to_string()),
    }
}
