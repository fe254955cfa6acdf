//! Resampling a rectangle of the slide to any grid of pixels, from the pyramid level that suits it.

use std::sync::Arc;

use super::SlideError;
use super::source::{Level, Tile};
use crate::core::wide::wide;

const WHITE: f32 = 255.0;
/// A downsample that differs from a whole number by less than this share is that number but for sizes that were rounded
/// to whole pixels.
const ROUNDING: f64 = 0.01;

/// Where the output pixels lie along one axis: pixel `i` covers slide pixels from `start + i * step` to
/// `start + (i + 1) * step`.
pub(super) struct Axis {
    pub start: f64,
    pub step: f64,
    pub count: usize,
}

/// The level pixels that make up one output pixel, and the weight of white for what is off the slide.
struct Taps {
    first: usize,
    weights: Vec<f32>,
    white: f32,
}

impl Axis {
    /// Taps into a level of `length` pixels, each `downsample` slide pixels long.
    fn taps(&self, downsample: f64, length: usize) -> Vec<Taps> {
        let step = self.step / downsample;
        (0..self.count)
            .map(|i| {
                let from = self.start / downsample + i as f64 * step;
                if step >= 1.0 {
                    area_taps(from, from + step, length)
                } else {
                    linear_taps(from + step / 2.0, length)
                }
            })
            .collect()
    }

    /// The share of output pixels whose centre lies on a slide of `length` pixels.
    fn share_inside(&self, length: f64) -> f32 {
        let inside = (0..self.count).filter(|&i| {
            let center = self.start + (i as f64 + 0.5) * self.step;
            center >= 0.0 && center < length
        });
        inside.count() as f32 / self.count.max(1) as f32
    }
}

/// The mean from `from` to `to`: each pixel weighs as much of it as is covered.
fn area_taps(from: f64, to: f64, length: usize) -> Taps {
    let clip = |v: f64| v.max(0.0).min(length as f64);
    let (low, high) = (clip(from), clip(to));
    let span = to - from;
    let first = low.floor() as usize;
    let mut weights = Vec::new();
    let mut pixel = first;
    while (pixel as f64) < high {
        let covered = (pixel as f64 + 1.0).min(high) - (pixel as f64).max(low);
        weights.push((covered / span) as f32);
        pixel += 1;
    }
    finish(first, weights)
}

/// Linear interpolation at `center`, pixel centres lying at halves.
fn linear_taps(center: f64, length: usize) -> Taps {
    let left = (center - 0.5).floor();
    let right_weight = (center - 0.5 - left) as f32;
    let mut first = None;
    let mut weights = Vec::with_capacity(2);
    for (pixel, weight) in [(left, 1.0 - right_weight), (left + 1.0, right_weight)] {
        if pixel >= 0.0 && pixel < length as f64 {
            first.get_or_insert(pixel as usize);
            weights.push(weight);
        }
    }
    finish(first.unwrap_or(0), weights)
}

fn finish(first: usize, weights: Vec<f32>) -> Taps {
    let first = if weights.is_empty() { 0 } else { first };
    let white = (1.0 - weights.iter().sum::<f32>()).max(0.0);
    // A rounding error must not brighten the inside of the slide.
    Taps { first, weights, white: if white < 1e-5 { 0.0 } else { white } }
}

/// The first pixel any tap uses, and one past the last.
fn extent(taps: &[Taps]) -> (usize, usize) {
    let used = || taps.iter().filter(|t| !t.weights.is_empty());
    let first = used().map(|t| t.first).min().unwrap_or(0);
    (first, used().map(|t| t.first + t.weights.len()).max().unwrap_or(first))
}

/// The coarsest level at least as fine as the output.
pub(super) fn best_level(levels: &[Level], step: f64) -> usize {
    let nominal = |l: &Level| {
        let whole = l.downsample.round();
        if (l.downsample / whole - 1.0).abs() < ROUNDING { whole } else { l.downsample }
    };
    levels.iter().rposition(|l| nominal(l) <= step).unwrap_or(0)
}

/// The tiles of one row, from `first` on, as the caller gives them for the columns it is asked for.
pub(super) trait TileRows {
    /// The tiles of `columns` in row `row` of `level`.
    fn tile_row(
        &self,
        level: usize,
        columns: std::ops::Range<u32>,
        row: u32,
    ) -> Result<Vec<Arc<Tile>>, SlideError>;
}

/// Copies the pixels from `x` of row `y` of a row of tiles, the first of which begins at column `first`, into `out`. What
/// lies outside is left as it is.
fn copy_row(
    tiles: &[Arc<Tile>],
    first: usize,
    tile_width: usize,
    y: usize,
    mut x: usize,
    mut out: &mut [u8],
) {
    while !out.is_empty() {
        let (col, x_in_tile) = (x / tile_width, x % tile_width);
        let Some(tile) = col.checked_sub(first).and_then(|i| tiles.get(i)) else { return };
        let width = tile.width as usize;
        let take = (width.saturating_sub(x_in_tile) * 3).min(out.len());
        let from = (y * width + x_in_tile) * 3;
        let Some(pixels) = tile.rgb.get(from..from + take).filter(|p| !p.is_empty()) else { return };
        let (now, later) = std::mem::take(&mut out).split_at_mut(take);
        now.copy_from_slice(pixels);
        out = later;
        x += take / 3;
    }
}

/// RGB pixels of the grid `x` by `y`, row-major, and the share of them on the slide. Only one row of tiles is held at a
/// time.
pub(super) fn resample(
    levels: &[Level],
    tiles: &dyn TileRows,
    x: &Axis,
    y: &Axis,
) -> Result<(Vec<u8>, f32), SlideError> {
    let white = || vec![WHITE as u8; x.count * y.count * 3];
    let Some(size) = levels.first().map(|l| (l.width, l.height)) else { return Ok((white(), 0.0)) };
    let index = best_level(levels, x.step.min(y.step));
    let Some(level) = levels.get(index) else { return Ok((white(), 0.0)) };
    let on_slide = x.share_inside(f64::from(size.0)) * y.share_inside(f64::from(size.1));
    let x_taps = x.taps(level.downsample, level.width as usize);
    let y_taps = y.taps(level.downsample, level.height as usize);
    let ((x_first, x_end), (y_first, y_end)) = (extent(&x_taps), extent(&y_taps));
    if x_first == x_end || y_first == y_end {
        return Ok((white(), on_slide));
    }

    let width = x.count * 3;
    let mut sums = Vec::with_capacity(width * y.count);
    for taps in &y_taps {
        sums.extend(std::iter::repeat_n(taps.white * WHITE + 0.5, width));
    }
    let (tile_width, tile_height) = (level.tile_width as usize, level.tile_height as usize);
    let columns = (x_first / tile_width) as u32..x_end.div_ceil(tile_width) as u32;
    // One pixel more than is needed, as `along` has it.
    let mut source = vec![WHITE as u8; (x_end - x_first + 1) * 3];
    let mut floats = vec![0.0; source.len()];
    let read = (x_end - x_first) * 3;
    let mut row = vec![0.0_f32; width];
    let mut held: Option<(usize, Vec<Arc<Tile>>)> = None;
    // Output rows that the level row at hand may belong to: taps never go back up.
    let mut first_out = 0;
    for level_y in y_first..y_end {
        let tile_row = level_y / tile_height;
        let row_tiles = match held.take() {
            Some((at, tiles)) if at == tile_row => tiles,
            _ => tiles.tile_row(index, columns.clone(), tile_row as u32)?,
        };
        // Along x first: one row of the output's width for every level row that is needed.
        let (first, y_in_tile) = (columns.start as usize, level_y % tile_height);
        copy_row(&row_tiles, first, tile_width, y_in_tile, x_first, &mut source[..read]);
        held = Some((tile_row, row_tiles));
        wide(
            #[inline(always)]
            || {
                widened(&source, &mut floats);
                along(&floats, &x_taps, x_first, &mut row);
            },
        );
        let is_past = |t: &Taps| t.weights.is_empty() || t.first + t.weights.len() <= level_y;
        while y_taps.get(first_out).is_some_and(is_past) {
            first_out += 1;
        }
        for (taps, sums) in y_taps.iter().zip(sums.chunks_exact_mut(width)).skip(first_out) {
            if taps.first > level_y && !taps.weights.is_empty() {
                break;
            }
            if let Some(&weight) = level_y.checked_sub(taps.first).and_then(|i| taps.weights.get(i)) {
                wide(
                    #[inline(always)]
                    || add_weighted(sums, &row, weight),
                );
            }
        }
    }
    let mut rgb = vec![0; sums.len()];
    wide(
        #[inline(always)]
        || whole(&sums, &mut rgb),
    );
    Ok((rgb, on_slide))
}

#[inline(always)]
fn add_weighted(sums: &mut [f32], row: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += weight * value;
    }
}

#[inline(always)]
fn whole(values: &[f32], out: &mut [u8]) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = value as u8;
    }
}

/// A row of output pixels, of the level pixels from `x_first` on. `source` has one pixel more, as four numbers are taken at a
/// time, the last of them for nothing.
#[inline(always)]
fn along(source: &[f32], taps: &[Taps], x_first: usize, row: &mut [f32]) {
    for (pixel, taps) in row.chunks_exact_mut(3).zip(taps) {
        let mut sum = [taps.white * WHITE; 4];
        let from = taps.first.saturating_sub(x_first) * 3;
        for (four, &weight) in source[from..].windows(4).step_by(3).zip(&taps.weights) {
            for (s, &v) in sum.iter_mut().zip(four) {
                *s += weight * v;
            }
        }
        pixel.copy_from_slice(&sum[..3]);
    }
}

#[inline(always)]
fn widened(bytes: &[u8], out: &mut [f32]) {
    for (out, &byte) in out.iter_mut().zip(bytes) {
        *out = f32::from(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_holds_weighted_sums_of_pixels() {
        let source: Vec<f32> = (0..303_u32).map(|i| (i * 37 % 251) as f32).collect();
        for (start, step) in [(5.0, 1.0), (5.3, 1.0), (2.5, 1.5), (4.25, 0.5), (-3.0, 1.0), (70.5, 1.0)] {
            let taps = Axis { start, step, count: 64 }.taps(1.0, 100);
            let mut row = vec![0.0; 192];
            along(&source, &taps, 0, &mut row);
            for (i, taps) in taps.iter().enumerate() {
                for color in 0..3 {
                    let mut sum = taps.white * WHITE;
                    for (k, weight) in taps.weights.iter().enumerate() {
                        sum += weight * source[(taps.first + k) * 3 + color];
                    }
                    assert_eq!(row[i * 3 + color], sum, "pixel {i} from {start} by {step}");
                }
            }
        }
    }
}
