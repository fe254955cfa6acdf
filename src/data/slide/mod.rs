//! Plain slide images (JPEG, PNG, TIFF, also packed with gzip): decoded once, cut into tiles, with a pyramid.
//!
//! Pixels are used as they are stored; an EXIF orientation is not applied, because spot positions refer to
//! the stored pixels.

mod check;
mod decode;
pub(in crate::data) mod packed;
pub mod place;
mod pyramid;
mod resample;
pub mod store;
mod tags;

use std::path::{Path, PathBuf};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::encoder::RgbPatch;
use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::core::progress::Progress;

pub(in crate::data) use decode::jpeg_is_whole;
pub use decode::{MAX_PIXELS, MAX_SIDE};
pub use pyramid::{Level, MOST_KEPT, TILE, Tile};

/// A slide image could not be opened. Its text is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum SlideError {
    /// The file cannot be read, or is not an image that this can read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The image would not fit into memory.
    #[error(
        "{}: {width} x {height} pixels are too many to open as a plain image (at most {} million, {} on a side); \
         export the section at a lower resolution",
        path.display(), MAX_PIXELS / 1_000_000, MAX_SIDE
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// An RGB image, row-major, 3 bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbImage {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// A decoded slide image in memory: RGB tiles of every pyramid level.
#[derive(Debug)]
pub struct Slide {
    path: PathBuf,
    size: (u32, u32),
    levels: Vec<Level>,
}

impl Slide {
    /// Decodes the image at `path` and builds its pyramid.
    ///
    /// # Errors
    /// [`SlideError`] when it cannot be read, is not a whole image, is too large, or the work is cancelled.
    pub fn open(path: &Path, progress: &dyn Progress, cancel: &CancelToken) -> Result<Self, SlideError> {
        let pixels = match place::embedded(path) {
            Some(image) => decode::embedded(&image, progress, cancel)?,
            None => decode::decode(path, progress, cancel)?,
        };
        let size = (pixels.width, pixels.height);
        Ok(Self { path: path.to_path_buf(), size, levels: pyramid::build(pixels, MOST_KEPT, cancel)? })
    }

    /// The pixels of the image at `path`, without a pyramid.
    ///
    /// # Errors
    /// As [`Slide::open`].
    pub fn read_rgb(
        path: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<RgbImage, SlideError> {
        let pixels = match place::embedded(path) {
            Some(image) => decode::embedded(&image, progress, cancel)?,
            None => decode::decode(path, progress, cancel)?,
        };
        let mut rgb = Vec::with_capacity(pixels.width as usize * pixels.height as usize * 3);
        decode::append_rgb8(pixels.color, &pixels.bytes, &mut rgb);
        Ok(RgbImage { width: pixels.width, height: pixels.height, rgb })
    }

    /// A slide from pixels that are already in memory; `None` unless there are `width * height * 3` bytes
    /// and at least one pixel.
    pub fn from_image(name: &str, image: RgbImage) -> Option<Self> {
        Self::keeping(name, image, MOST_KEPT)
    }

    /// As [`Slide::from_image`], with levels of at most `most` pixels.
    fn keeping(name: &str, image: RgbImage, most: u64) -> Option<Self> {
        let RgbImage { width, height, rgb } = image;
        let expected = u64::from(width) * u64::from(height) * 3;
        if expected == 0 || rgb.len() as u64 != expected {
            return None;
        }
        let pixels = decode::Pixels { width, height, color: image::ColorType::Rgb8, bytes: rgb };
        let levels = pyramid::build(pixels, most, &CancelToken::new()).ok()?;
        Some(Self { path: PathBuf::from(name), size: (width, height), levels })
    }

    /// Width and height of the image at `path`, from its header.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read or is not an image.
    pub fn read_size(path: &Path) -> Result<(u32, u32), FileError> {
        if let Some(image) = place::embedded(path) {
            return decode::embedded_size(&image);
        }
        decode::file_size(path)
    }

    /// Whether the file at `path` holds all of its image, and of a TIFF whether its first strip or tile can be decoded.
    ///
    /// # Errors
    /// [`FileError`] when it is cut off or cannot be read.
    pub fn check_whole(path: &Path) -> Result<(), FileError> {
        check::whole(path)
    }

    /// Whether the image at `path` has a single channel, as one of immunofluorescence has.
    pub fn is_grey(path: &Path) -> bool {
        check::is_grey(path)
    }

    /// The file it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Width and height in slide pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Pyramid levels, each half the size of the one before; the last fits in one tile. The first is the slide
    /// itself, or of a very large one what is kept of it.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The tile at `col`, `row` of `level`, where there is one.
    pub fn tile(&self, level: usize, col: u32, row: u32) -> Option<&Tile> {
        self.levels.get(level)?.tile(col, row)
    }

    /// Memory held by the tiles.
    pub fn memory_bytes(&self) -> u64 {
        self.levels.iter().map(Level::memory_bytes).sum()
    }

    /// The square patch of `size` x `size` pixels at `patch_mpp` micrometres per pixel around `center`:
    /// area-averaged where the slide is finer, bilinear where it is coarser, white off the slide.
    pub fn read_patch(&self, center: SlidePoint, slide_mpp: Mpp, patch_mpp: f64, size: usize) -> RgbPatch {
        let step = patch_mpp / slide_mpp.0;
        let half = step * size as f64 / 2.0;
        let x = resample::Axis { start: center.x - half, step, count: size };
        let y = resample::Axis { start: center.y - half, step, count: size };
        let (rgb, on_slide) = resample::resample(self.size, &self.levels, &x, &y);
        RgbPatch { size, rgb, on_slide }
    }

    /// The rectangle `rect` resampled to `width` x `height` pixels, white off the slide.
    pub fn region(&self, rect: SlideRect, width: u32, height: u32) -> RgbImage {
        let axis = |start: f64, length: f64, count: u32| resample::Axis {
            start,
            step: length / f64::from(count.max(1)),
            count: count as usize,
        };
        let x = axis(rect.min.x, rect.width(), width);
        let y = axis(rect.min.y, rect.height(), height);
        let (rgb, _) = resample::resample(self.size, &self.levels, &x, &y);
        RgbImage { width, height, rgb }
    }

    /// The whole slide, its longer side `max_side` pixels (never larger than the slide itself).
    pub fn thumbnail(&self, max_side: u32) -> RgbImage {
        let (width, height) = self.size();
        let shrink = (f64::from(max_side.max(1)) / f64::from(width.max(height).max(1))).min(1.0);
        let scaled = |side: u32| (f64::from(side) * shrink).round().max(1.0) as u32;
        self.region(SlideRect::of_size(width, height), scaled(width), scaled(height))
    }
}

#[cfg(test)]
mod tests;
