//! Cutting an image that comes row by row into tiles of every level, with a band of rows for each level in memory.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Decoding, short_name};
use crate::core::files::FileError;
use crate::core::progress::Task;
use crate::data::slide::SlideError;
use crate::data::slide::source::{SlideSource, Tile};

/// Side of a tile in pixels; those at the right and bottom edge may be smaller.
pub const TILE: u32 = 512;
const TILE_ROWS: usize = TILE as usize;

/// Takes the tiles of a pyramid, each row of tiles of a level at once, from the top.
pub trait TileSink {
    /// The next row of tiles of level `level`, which is of `size`.
    ///
    /// # Errors
    /// [`SlideError`] when it cannot be kept.
    fn put(&mut self, level: usize, size: (u32, u32), tiles: Vec<Tile>) -> Result<(), SlideError>;
}

/// The sizes of all levels: each half of the one before, rounded up, down to one that fits in a single tile.
pub fn level_sizes(size: (u32, u32)) -> Vec<(u32, u32)> {
    let mut sizes = vec![size];
    let (mut width, mut height) = size;
    while width > TILE || height > TILE {
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
        sizes.push((width, height));
    }
    sizes
}

/// Rows of a level that do not fill a row of tiles yet.
struct Band {
    size: (u32, u32),
    rgb: Vec<u8>,
    rows_done: u32,
}

/// Makes a pyramid of rows of pixels.
pub struct PyramidBuilder<'a> {
    path: &'a Path,
    bands: Vec<Band>,
    skip_base: bool,
    how: &'a Decoding<'a>,
    sink: &'a mut dyn TileSink,
}

impl<'a> PyramidBuilder<'a> {
    /// For the image of `size` at `path`. With `skip_base` its first level is not given to `sink`.
    pub fn new(
        path: &'a Path,
        size: (u32, u32),
        skip_base: bool,
        how: &'a Decoding<'a>,
        sink: &'a mut dyn TileSink,
    ) -> Self {
        let band = |size| Band { size, rgb: Vec::new(), rows_done: 0 };
        let bands = level_sizes(size).into_iter().map(band).collect();
        Self { path, bands, skip_base, how, sink }
    }

    /// Adds rows of the image, 3 bytes a pixel.
    ///
    /// # Errors
    /// [`SlideError`] when cancelled, when there is too little memory, or what the sink fails with.
    pub fn push_rows(&mut self, rows: &[u8]) -> Result<(), SlideError> {
        self.push(0, rows)
    }

    fn push(&mut self, level: usize, mut rows: &[u8]) -> Result<(), SlideError> {
        let Some(width) = self.bands.get(level).map(|b| b.size.0) else { return Ok(()) };
        let stride = width as usize * 3;
        while !rows.is_empty() {
            let Some(band) = self.bands.get_mut(level) else { return Ok(()) };
            let left = TILE_ROWS * stride - band.rgb.len();
            let (now, later) = rows.split_at(left.min(rows.len()));
            if band.rgb.capacity() == 0 {
                let expected = TILE_ROWS.min(band.size.1 as usize) * stride;
                band.rgb.try_reserve_exact(expected).map_err(|_| no_memory(self.path))?;
            }
            band.rgb.extend_from_slice(now);
            rows = later;
            let is_last = band.rows_done as usize + band.rgb.len() / stride >= band.size.1 as usize;
            if band.rgb.len() >= TILE_ROWS * stride || is_last {
                self.flush(level)?;
            }
        }
        Ok(())
    }

    /// Gives the rows of a level to the sink, and half of them to the next level.
    fn flush(&mut self, level: usize) -> Result<(), SlideError> {
        self.how.cancel.check()?;
        let Some(band) = self.bands.get_mut(level) else { return Ok(()) };
        let size = band.size;
        let rgb = std::mem::take(&mut band.rgb);
        let rows = rgb.len() / (size.0 as usize * 3).max(1);
        band.rows_done += rows as u32;
        if level == 0 {
            let stage = Task::Reading(short_name(self.path)).into();
            self.how.progress.report(&stage, u64::from(band.rows_done), u64::from(size.1));
        }
        if level > 0 || !self.skip_base {
            let tiles = cut(&rgb, size.0 as usize, rows);
            self.sink.put(level - usize::from(self.skip_base), size, tiles)?;
        }
        if level + 1 < self.bands.len() {
            let half = halve(&rgb, size.0 as usize, rows);
            self.push(level + 1, &half)?;
        }
        // The next rows of this level go where these were.
        if let Some(band) = self.bands.get_mut(level) {
            band.rgb = rgb;
            band.rgb.clear();
        }
        Ok(())
    }

    /// Checks that all rows came.
    ///
    /// # Errors
    /// [`FileError`] when some did not.
    pub fn finish(self) -> Result<(), SlideError> {
        match self.bands.first() {
            Some(band) if band.rows_done < band.size.1 => {
                let message = "the image is cut off; copy it again from its source";
                Err(FileError::malformed(self.path, message).into())
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn no_memory(path: &Path) -> FileError {
    FileError::malformed(path, "there is not enough memory to decode the image; close other slides")
}

/// Cuts a band of rows into a row of tiles.
fn cut(rgb: &[u8], width: usize, rows: usize) -> Vec<Tile> {
    let columns = width.div_ceil(TILE_ROWS);
    let tiles = (0..columns).into_par_iter().map(|column| {
        let x = column * TILE_ROWS;
        let tile_width = TILE_ROWS.min(width - x);
        let mut tile = Vec::with_capacity(tile_width * rows * 3);
        for row in rgb.chunks_exact(width * 3) {
            tile.extend_from_slice(&row[x * 3..(x + tile_width) * 3]);
        }
        Tile { width: tile_width as u32, height: rows as u32, rgb: tile }
    });
    tiles.collect()
}

/// Half of a band: every pixel is the mean of 2 x 2, at an odd edge of those there are.
fn halve(rgb: &[u8], width: usize, rows: usize) -> Vec<u8> {
    let (stride, half_stride) = (width * 3, width.div_ceil(2) * 3);
    let mut half = vec![0; half_stride * rows.div_ceil(2)];
    half.par_chunks_mut(half_stride).enumerate().for_each(|(y, out)| {
        let row = |y: usize| &rgb[y * stride..(y + 1) * stride];
        let (upper, lower) = (row(2 * y), row((2 * y + 1).min(rows - 1)));
        for ((u, l), o) in upper.chunks(6).zip(lower.chunks(6)).zip(out.chunks_exact_mut(3)) {
            if let (&[a, b, c, d, e, f], &[g, h, i, j, k, m]) = (u, l) {
                let mean = |p: u8, q: u8, r: u8, s: u8| {
                    ((u16::from(p) + u16::from(q) + u16::from(r) + u16::from(s) + 2) / 4) as u8
                };
                o.copy_from_slice(&[mean(a, d, g, j), mean(b, e, h, k), mean(c, f, i, m)]);
            } else {
                for ((o, &p), &q) in o.iter_mut().zip(u).zip(l) {
                    *o = (u16::from(p) + u16::from(q)).div_ceil(2) as u8;
                }
            }
        }
    });
    half
}

/// Gives all rows of `level` of `source` to `builder`, a row of tiles at a time.
///
/// # Errors
/// [`SlideError`] when a tile cannot be read, or as [`PyramidBuilder::push_rows`].
pub fn push_source(
    source: &dyn SlideSource,
    level: usize,
    builder: &mut PyramidBuilder<'_>,
) -> Result<(), SlideError> {
    let Some(about) = source.info().levels.get(level).copied() else { return Ok(()) };
    for row in 0..about.tile_rows() {
        builder.how.cancel.check()?;
        let columns = (0..about.tile_columns()).into_par_iter();
        let tiles: Vec<Arc<Tile>> =
            columns.map(|col| source.read_tile(level, col, row)).collect::<Result<_, _>>()?;
        let height = tiles.first().map_or(0, |t| t.height);
        let mut band = Tile { width: about.width, height, rgb: Vec::new() };
        let length = about.width as usize * height as usize * 3;
        band.rgb.try_reserve_exact(length).map_err(|_| no_memory(&source.info().path))?;
        band.rgb.resize(length, 0);
        for (col, tile) in tiles.iter().enumerate() {
            band.paste(tile, col as i64 * i64::from(about.tile_width), 0);
        }
        builder.push_rows(&band.rgb)?;
    }
    Ok(())
}
