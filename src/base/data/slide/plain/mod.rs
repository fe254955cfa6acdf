//! Plain images: decoded once, cut into tiles with a pyramid, in memory or in a file of the cache folder.

mod build;
mod jpeg;
mod kept;
mod memory;
mod overview;
mod png;
mod pyramid_file;

pub use build::{PyramidBuilder, TILE, push_source};
pub use jpeg::{jpeg_info, read_jpeg};
pub use kept::{clear, kept_bytes};
pub use memory::MemorySink;
pub use overview::WithOverview;
pub use png::{png_info, read_png};
pub use pyramid_file::PyramidFile;

use std::path::Path;
use std::sync::Arc;

use kept::{mark_as_used, shrink};

use super::bytes::ByteSource;
use super::orient::Orientation;
use super::source::SlideSource;
use super::tiff::{TiffFile, tags};
use super::{MAX_PIXELS, SlideError};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::progress::Progress;

/// Plain images of no more pixels are kept in memory, with all their levels, unless said otherwise: 512 MB at most.
pub const MAX_PIXELS_IN_MEMORY: u64 = 128_000_000;
/// The same for levels that are added to a slide, which is one of many that are open.
const MAX_OVERVIEW_PIXELS_IN_MEMORY: u64 = 16_000_000;
/// A slide whose coarsest level has more pixels gets further levels, so that it can be seen as a whole.
pub const MAX_OVERVIEW_PIXELS: u64 = 64_000_000;
/// The same for a slide that has no levels but the first.
pub const MAX_SINGLE_LEVEL_PIXELS: u64 = 16_000_000;
/// No image of these formats unpacks to more bytes than this for each of its file: deflate, which packs closest,
/// makes 1032 of one.
const MAX_EXPANSION: u64 = 4096;
/// Images that unpack to no more are not doubted.
const UNDOUBTED: u64 = 64 << 20;

/// What is asked for while a plain image is decoded.
pub struct Decoding<'a> {
    /// Where the pyramids of large images are kept; without it they go to a temporary file.
    pub folder: Option<&'a PyramidFolder<'a>>,
    /// Images of no more pixels are kept in memory, with all their levels.
    pub max_pixels_in_memory: u64,
    /// Receives the progress.
    pub progress: &'a dyn Progress,
    /// Stops it.
    pub cancel: &'a CancelToken,
}

/// A folder for pyramids of large images.
pub struct PyramidFolder<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// A name for the content of the file at hand, such as its hash, which is a valid file name.
    pub key: &'a dyn Fn() -> Result<String, SlideError>,
    /// The most bytes that all pyramids take; those that were not used for longest go.
    pub limit: u64,
}

/// What a header says of a plain image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainInfo {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it has a single channel, perhaps with transparency.
    pub is_grey: bool,
    /// How it must be turned.
    pub orientation: Orientation,
}

/// How EXIF data, which are a small TIFF file, say that an image must be turned.
pub(super) fn exif_orientation(exif: &[u8]) -> Orientation {
    let file = TiffFile::open(Arc::new(ByteSource::in_memory(Path::new("EXIF"), exif)));
    let tag = file.ok().and_then(|f| f.directories().first()?.number(&f, tags::ORIENTATION).ok()?);
    Orientation::from_tag(tag.unwrap_or(1))
}

/// Whether an image that must be decoded at once is small enough for it.
pub fn check_whole_size(path: &Path, width: u32, height: u32) -> Result<(), SlideError> {
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(SlideError::TooLarge { path: path.to_path_buf(), width, height });
    }
    Ok(())
}

/// Whether a file of `packed` bytes may hold an image of this size.
fn check_plausible(path: &Path, width: u32, height: u32, packed: u64) -> Result<(), FileError> {
    let bytes = u64::from(width) * u64::from(height) * 3;
    if bytes == 0 {
        return Err(FileError::malformed(path, "the image has no pixels"));
    }
    if bytes > packed.saturating_mul(MAX_EXPANSION).max(UNDOUBTED) {
        let message = format!(
            "the image is damaged (a file of {packed} bytes cannot hold {width} x {height} pixels); copy it again \
             from its source"
        );
        return Err(FileError::malformed(path, message));
    }
    Ok(())
}

/// The file's name as it stands in progress texts.
pub fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// What fills a pyramid with the rows of an image.
type Fill<'a> = dyn Fn(&mut PyramidBuilder<'_>) -> Result<(), SlideError> + 'a;

/// A pyramid of an image of `size` that `fill` gives row by row: in memory where it is small, else in a file that is
/// kept under `name` for next time. `skip_base` leaves out the first level, which can be read elsewhere.
pub fn build_pyramid(
    path: &Path,
    size: (u32, u32),
    name: &str,
    skip_base: bool,
    how: &Decoding<'_>,
    fill: &Fill<'_>,
) -> Result<Arc<dyn SlideSource>, SlideError> {
    let pixels = u64::from(size.0) * u64::from(size.1);
    let (pixels, most) = match skip_base {
        true => (pixels / 3, how.max_pixels_in_memory.min(MAX_OVERVIEW_PIXELS_IN_MEMORY)),
        false => (pixels, how.max_pixels_in_memory),
    };
    if pixels <= most {
        let mut sink = MemorySink::default();
        let mut builder = PyramidBuilder::new(path, size, skip_base, how, &mut sink);
        fill(&mut builder)?;
        builder.finish()?;
        return Ok(Arc::new(sink.into_source(path)));
    }
    let kept = match how.folder {
        Some(folder) => {
            let key = (folder.key)()?;
            let kept = folder.folder.join(format!("{key}-{name}.{}", kept::EXTENSION));
            if let Ok(pyramid) = PyramidFile::open(&kept, path) {
                mark_as_used(&kept);
                return Ok(Arc::new(pyramid));
            }
            Some(kept)
        }
        None => None,
    };
    let mut sink = PyramidFile::create(kept.as_deref(), path, size, skip_base)?;
    let mut builder = PyramidBuilder::new(path, size, skip_base, how, &mut sink);
    fill(&mut builder)?;
    builder.finish()?;
    let pyramid = sink.finish()?;
    if let (Some(folder), Some(kept)) = (how.folder, kept) {
        shrink(folder, &kept);
    }
    Ok(Arc::new(pyramid))
}
