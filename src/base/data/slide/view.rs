//! Patches and regions of a slide at any resolution.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::open::{self, OpenOptions, open_source};
use super::plain::{Decoding, MemorySink, PyramidBuilder};
use super::resample::{self, TileRows};
use super::source::{Level, SlideInfo, SlideSource, Tile, TilePlace};
use super::{SlideError, TileCache, TileKey};
use crate::core::cancel::CancelToken;
use crate::core::encoder::RgbPatch;
use crate::core::fault;
use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::core::progress::{Progress, Silent};

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

/// A slide that is open. Tiles are read when they are needed and held by a cache that slides share.
#[derive(Debug)]
pub struct Slide {
    source: Arc<dyn SlideSource>,
    cache: Arc<TileCache>,
    number: u64,
}

impl Drop for Slide {
    fn drop(&mut self) {
        self.cache.forget(self.number);
    }
}

impl Slide {
    /// Opens the slide at `path`, of whatever kind it is, with a tile cache of its own.
    ///
    /// # Errors
    /// [`SlideError`] when it cannot be read, is damaged or of an unknown kind, or the work is cancelled.
    pub fn open(path: &Path, progress: &dyn Progress, cancel: &CancelToken) -> Result<Self, SlideError> {
        Self::open_shared(path, &OpenOptions::default(), &Arc::default(), progress, cancel)
    }

    /// As [`Slide::open`], with `options`, its tiles to be held by `cache`.
    ///
    /// # Errors
    /// As [`Slide::open`].
    pub fn open_shared(
        path: &Path,
        options: &OpenOptions<'_>,
        cache: &Arc<TileCache>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, SlideError> {
        Ok(Self::new(open_source(path, options, progress, cancel)?, cache))
    }

    /// A slide of `source`, its tiles to be held by `cache`.
    pub fn new(source: Arc<dyn SlideSource>, cache: &Arc<TileCache>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { source, cache: Arc::clone(cache), number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// A slide from pixels that are already in memory; `None` unless there are `width * height * 3` bytes and at least
    /// one pixel.
    pub fn from_image(name: &str, image: RgbImage) -> Option<Self> {
        let RgbImage { width, height, rgb } = image;
        let expected = u64::from(width) * u64::from(height) * 3;
        if expected == 0 || rgb.len() as u64 != expected {
            return None;
        }
        let (mut sink, cancel) = (MemorySink::default(), CancelToken::new());
        let how =
            Decoding { folder: None, max_pixels_in_memory: u64::MAX, progress: &Silent, cancel: &cancel };
        let mut builder = PyramidBuilder::new(Path::new(name), (width, height), false, &how, &mut sink);
        builder.push_rows(&rgb).ok()?;
        builder.finish().ok()?;
        Some(Self::new(Arc::new(sink.into_source(Path::new(name))), &Arc::new(TileCache::with_budget(0))))
    }

    /// Width and height of the slide at `path`, from its header.
    ///
    /// # Errors
    /// As [`super::read_info`].
    pub fn read_size(path: &Path) -> Result<(u32, u32), SlideError> {
        open::read_info(path).map(|info| info.size())
    }

    /// Whether the file at `path` holds all of its image, which is seen without decoding it.
    ///
    /// # Errors
    /// [`FileError`] when it is cut off or cannot be read.
    pub fn check_whole(path: &Path) -> Result<(), FileError> {
        open::check_whole(path)
    }

    /// Whether the image at `path` has a single channel, perhaps with transparency, as one of immunofluorescence has.
    pub fn is_grey(path: &Path) -> bool {
        open::is_grey(path)
    }

    /// What is known of it without reading pixels.
    pub fn info(&self) -> &SlideInfo {
        self.source.info()
    }

    /// The file it came from.
    pub fn path(&self) -> &Path {
        &self.info().path
    }

    /// Width and height in slide pixels.
    pub fn size(&self) -> (u32, u32) {
        self.info().size()
    }

    /// Levels, the finest first.
    pub fn levels(&self) -> &[Level] {
        &self.info().levels
    }

    /// Where its tiles come from.
    pub fn source(&self) -> &Arc<dyn SlideSource> {
        &self.source
    }

    /// Memory held by tiles that are at hand anyway; those in the cache are not counted.
    pub fn memory_bytes(&self) -> u64 {
        self.source.memory_bytes()
    }

    /// Tells this slide from every other that was ever opened.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn key(&self, level: usize, col: u32, row: u32) -> TileKey {
        TileKey { slide: self.number, level, col, row }
    }

    /// The tile at `col`, `row` of `level`, decoded now unless it is held.
    ///
    /// # Errors
    /// [`SlideError`] with file, level and place when there is no such tile or it is damaged.
    pub fn tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
        if self.source.is_at_hand(level) {
            return self.source.read_tile(level, col, row);
        }
        let decode = || {
            // A codec that panics at damaged bytes is one more tile that cannot be read.
            let tile = fault::caught(|| self.source.read_tile(level, col, row));
            tile.unwrap_or_else(|| {
                Err(TilePlace { level, col, row }.error(self.path(), "its data are damaged"))
            })
        };
        self.cache.get_or_decode(self.key(level, col, row), decode)
    }

    /// The tile at `col`, `row` of `level` when it is held; nothing is decoded and nothing waited for.
    pub fn held_tile(&self, level: usize, col: u32, row: u32) -> Option<Arc<Tile>> {
        if self.source.is_at_hand(level) {
            return self.source.read_tile(level, col, row).ok();
        }
        self.cache.peek(self.key(level, col, row))
    }

    /// The level that a view with `step` slide pixels per output pixel is drawn from: the coarsest that is at least as
    /// fine.
    pub fn level_for(&self, step: f64) -> usize {
        resample::best_level(self.levels(), step)
    }

    /// The order in which patches around `centers`, with `step` slide pixels per output pixel, are best read: along one
    /// row of tiles after the other, so that each tile is decoded about once.
    pub fn reading_order(&self, centers: &[SlidePoint], step: f64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..centers.len()).collect();
        let Some(level) = self.levels().get(self.level_for(step)) else { return order };
        let index = |at: f64, tile: u32| (at / (level.downsample * f64::from(tile.max(1)))).floor() as i64;
        order.sort_by_cached_key(|&i| {
            centers.get(i).map(|c| (index(c.y, level.tile_height), index(c.x, level.tile_width)))
        });
        order
    }

    /// The square patch of `size` x `size` pixels at `patch_mpp` micrometres per pixel around `center`:
    /// area-averaged where the slide is finer, bilinear where it is coarser, white off the slide.
    ///
    /// # Errors
    /// [`SlideError`] when a tile under it cannot be read.
    pub fn read_patch(
        &self,
        center: SlidePoint,
        slide_mpp: Mpp,
        patch_mpp: f64,
        size: usize,
    ) -> Result<RgbPatch, SlideError> {
        let step = patch_mpp / slide_mpp.0;
        let half = step * size as f64 / 2.0;
        let x = resample::Axis { start: center.x - half, step, count: size };
        let y = resample::Axis { start: center.y - half, step, count: size };
        let (rgb, on_slide) = resample::resample(self.levels(), &OneByOne(self), &x, &y)?;
        Ok(RgbPatch { size, rgb, on_slide })
    }

    /// The rectangle `rect` resampled to `width` x `height` pixels, white off the slide. Tiles are decoded side by side.
    ///
    /// # Errors
    /// [`SlideError`] when a tile under it cannot be read.
    pub fn region(&self, rect: SlideRect, width: u32, height: u32) -> Result<RgbImage, SlideError> {
        let axis = |start: f64, length: f64, count: u32| resample::Axis {
            start,
            step: length / f64::from(count.max(1)),
            count: count as usize,
        };
        let x = axis(rect.min.x, rect.width(), width);
        let y = axis(rect.min.y, rect.height(), height);
        let (rgb, _) = resample::resample(self.levels(), &SideBySide(self), &x, &y)?;
        Ok(RgbImage { width, height, rgb })
    }

    /// The whole slide, its longer side `max_side` pixels (never larger than the slide itself).
    ///
    /// # Errors
    /// [`SlideError`] when a tile cannot be read.
    pub fn thumbnail(&self, max_side: u32) -> Result<RgbImage, SlideError> {
        let (width, height) = self.size();
        let shrink = (f64::from(max_side.max(1)) / f64::from(width.max(height).max(1))).min(1.0);
        let scaled = |side: u32| (f64::from(side) * shrink).round().max(1.0) as u32;
        self.region(SlideRect::of_size(width, height), scaled(width), scaled(height))
    }
}

/// Tiles for a patch: few, and patches are read side by side anyway.
struct OneByOne<'a>(&'a Slide);

impl TileRows for OneByOne<'_> {
    fn tile_row(&self, level: usize, columns: Range<u32>, row: u32) -> Result<Vec<Arc<Tile>>, SlideError> {
        columns.map(|col| self.0.tile(level, col, row)).collect()
    }
}

/// Tiles for a region.
struct SideBySide<'a>(&'a Slide);

impl TileRows for SideBySide<'_> {
    fn tile_row(&self, level: usize, columns: Range<u32>, row: u32) -> Result<Vec<Arc<Tile>>, SlideError> {
        columns.into_par_iter().map(|col| self.0.tile(level, col, row)).collect()
    }
}
