//! Tiles and the levels they form.

use rayon::prelude::*;

use super::decode::{Pixels, append_rgb8};
use crate::core::cancel::{CancelToken, Cancelled};

/// Side of a tile in pixels; those at the right and bottom edge may be smaller.
pub const TILE: u32 = 512;
const TILE_PX: usize = TILE as usize;

/// Slides of more pixels are kept from half their resolution on: 1.6 GB with all levels is the most. Scans so large
/// are finer than the image features need.
pub const MOST_KEPT: u64 = 400_000_000;

/// A piece of a level, at most [`TILE`] x [`TILE`] pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width * height * 3` bytes, row-major RGB.
    pub rgb: Vec<u8>,
}

impl Tile {
    /// The rows, 3 bytes a pixel.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.rgb.chunks_exact((self.width as usize * 3).max(1))
    }
}

/// One level of the pyramid.
#[derive(Debug)]
pub struct Level {
    /// Width in pixels of this level.
    pub width: u32,
    /// Height in pixels of this level.
    pub height: u32,
    /// Slide pixels along one pixel of this level: 1, 2, 4, ...
    pub downsample: u32,
    tiles: Vec<Tile>,
}

impl Level {
    /// Number of tiles across.
    pub fn tile_columns(&self) -> u32 {
        self.width.div_ceil(TILE)
    }

    /// Number of tiles down.
    pub fn tile_rows(&self) -> u32 {
        self.height.div_ceil(TILE)
    }

    /// The tile at `col`, `row`, where there is one.
    pub fn tile(&self, col: u32, row: u32) -> Option<&Tile> {
        if col >= self.tile_columns() {
            return None;
        }
        self.tiles.get(row as usize * self.tile_columns() as usize + col as usize)
    }

    /// Memory held by the tiles.
    pub fn memory_bytes(&self) -> u64 {
        self.tiles.iter().map(|t| t.rgb.capacity() as u64).sum()
    }

    /// Copies the pixels from `x` of row `y` into `out`, whose length is 3 bytes a pixel. What lies outside
    /// of the level is left as it is.
    pub(super) fn copy_row(&self, y: usize, x: usize, out: &mut [u8]) {
        let (row, y_in_tile) = ((y / TILE_PX) as u32, y % TILE_PX);
        let (mut x, mut out) = (x, out);
        while !out.is_empty() {
            let x_in_tile = x % TILE_PX;
            let Some(tile) = self.tile((x / TILE_PX) as u32, row) else { return };
            let width = tile.width as usize;
            let take = (width.saturating_sub(x_in_tile) * 3).min(out.len());
            let from = (y_in_tile * width + x_in_tile) * 3;
            let Some(pixels) = tile.rgb.get(from..from + take).filter(|p| !p.is_empty()) else { return };
            let (now, later) = out.split_at_mut(take);
            now.copy_from_slice(pixels);
            out = later;
            x += take / 3;
        }
    }
}

/// All levels of `pixels`, down to one that fits in a single tile; without the first ones while those have more than
/// `most` pixels.
pub(super) fn build(pixels: Pixels, most: u64, cancel: &CancelToken) -> Result<Vec<Level>, Cancelled> {
    let mut first = cut(pixels, cancel)?;
    while u64::from(first.width) * u64::from(first.height) > most.max(1) {
        cancel.check()?;
        first = halve(&first);
    }
    let mut levels = vec![first];
    while let Some(last) = levels.last().filter(|l| l.width > TILE || l.height > TILE) {
        cancel.check()?;
        let next = halve(last);
        levels.push(next);
    }
    Ok(levels)
}

/// Cuts `pixels` into tiles from the bottom upwards, giving memory back on the way, so that pixels and
/// tiles never both lie in memory as a whole.
fn cut(pixels: Pixels, cancel: &CancelToken) -> Result<Level, Cancelled> {
    const BANDS_BETWEEN_SHRINKS: usize = 4;
    let Pixels { width, height, color, mut bytes } = pixels;
    let stride = width as usize * usize::from(color.bytes_per_pixel());
    let (columns, bands) = (width.div_ceil(TILE), height.div_ceil(TILE));
    let mut tiles_from_below: Vec<Vec<Tile>> = Vec::with_capacity(bands as usize);
    for band in (0..bands as usize).rev() {
        cancel.check()?;
        let band_start = band * TILE_PX * stride;
        let rows = &bytes[band_start..];
        let tiles = (0..columns as usize).into_par_iter().map(|column| {
            let x = column * TILE_PX;
            let tile_width = TILE_PX.min(width as usize - x);
            let bytes_per_pixel = usize::from(color.bytes_per_pixel());
            let tile_height = rows.len() / stride;
            let mut rgb = Vec::with_capacity(tile_width * tile_height * 3);
            for row in rows.chunks_exact(stride) {
                append_rgb8(color, &row[x * bytes_per_pixel..(x + tile_width) * bytes_per_pixel], &mut rgb);
            }
            Tile { width: tile_width as u32, height: tile_height as u32, rgb }
        });
        tiles_from_below.push(tiles.collect());
        bytes.truncate(band_start);
        if band % BANDS_BETWEEN_SHRINKS == 0 {
            bytes.shrink_to_fit();
        }
    }
    let tiles = tiles_from_below.into_iter().rev().flatten().collect();
    Ok(Level { width, height, downsample: 1, tiles })
}

/// The next level: every pixel is the mean of 2 x 2, at an odd edge of those there are.
fn halve(level: &Level) -> Level {
    let (width, height) = (level.width.div_ceil(2), level.height.div_ceil(2));
    let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
    let tiles = (0..rows * columns).into_par_iter().map(|index| {
        let (col, row) = (index % columns, index / columns);
        let tile_width = TILE.min(width - col * TILE);
        let tile_height = TILE.min(height - row * TILE);
        let mut rgb = vec![0_u8; tile_width as usize * tile_height as usize * 3];
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let Some(source) = level.tile(2 * col + dx, 2 * row + dy) else { continue };
            let first = (dy as usize * TILE_PX / 2, dx as usize * TILE_PX / 2);
            halve_tile(source, &mut rgb, tile_width as usize * 3, first);
        }
        Tile { width: tile_width, height: tile_height, rgb }
    });
    Level { width, height, downsample: level.downsample * 2, tiles: tiles.collect() }
}

/// Writes `source` at half its size into `out` from row and column `first` on.
fn halve_tile(source: &Tile, out: &mut [u8], out_stride: usize, first: (usize, usize)) {
    let rows: Vec<&[u8]> = source.rows().collect();
    for (pair, out_row) in rows.chunks(2).zip(out.chunks_exact_mut(out_stride).skip(first.0)) {
        let (upper, lower) = (pair[0], pair[pair.len() - 1]);
        let out_row = &mut out_row[first.1 * 3..];
        for ((u, l), o) in upper.chunks(6).zip(lower.chunks(6)).zip(out_row.chunks_exact_mut(3)) {
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
    }
}
