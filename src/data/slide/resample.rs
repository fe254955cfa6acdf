//! Resampling a rectangle of the slide to any grid of pixels, from the pyramid level that suits it.

use super::pyramid::Level;

const WHITE: f32 = 255.0;

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
fn best_level(levels: &[Level], step: f64) -> Option<&Level> {
    levels.iter().rev().find(|l| f64::from(l.downsample) <= step).or(levels.first())
}

/// RGB pixels of the grid `x` by `y`, row-major, and the share of them on the slide, which is of `size` pixels.
pub(super) fn resample(size: (u32, u32), levels: &[Level], x: &Axis, y: &Axis) -> (Vec<u8>, f32) {
    let white = vec![WHITE as u8; x.count * y.count * 3];
    let Some(level) = best_level(levels, x.step.min(y.step)) else { return (white, 0.0) };
    let on_slide = x.share_inside(f64::from(size.0)) * y.share_inside(f64::from(size.1));
    let downsample = f64::from(level.downsample);
    let x_taps = x.taps(downsample, level.width as usize);
    let y_taps = y.taps(downsample, level.height as usize);
    let ((x_first, x_end), (y_first, y_end)) = (extent(&x_taps), extent(&y_taps));
    if x_first == x_end || y_first == y_end {
        return (white, on_slide);
    }

    // Along x first: one row of the output's width for every level row that is needed.
    let width = x.count * 3;
    let mut source = vec![WHITE as u8; (x_end - x_first) * 3];
    let mut rows = vec![0.0_f32; (y_end - y_first) * width];
    for (row, y) in rows.chunks_exact_mut(width).zip(y_first..y_end) {
        level.copy_row(y, x_first, &mut source);
        for (pixel, taps) in row.chunks_exact_mut(3).zip(&x_taps) {
            let mut sum = [taps.white * WHITE; 3];
            let from = taps.first.saturating_sub(x_first) * 3;
            for (rgb, &weight) in source[from..].chunks_exact(3).zip(&taps.weights) {
                for (s, &v) in sum.iter_mut().zip(rgb) {
                    *s += weight * f32::from(v);
                }
            }
            pixel.copy_from_slice(&sum);
        }
    }

    let mut out = Vec::with_capacity(width * y.count);
    let mut sum = vec![0.0_f32; width];
    for taps in &y_taps {
        sum.fill(taps.white * WHITE + 0.5);
        let from = taps.first.saturating_sub(y_first) * width;
        for (row, &weight) in rows[from..].chunks_exact(width).zip(&taps.weights) {
            for (s, &v) in sum.iter_mut().zip(row) {
                *s += weight * v;
            }
        }
        out.extend(sum.iter().map(|&v| v as u8));
    }
    (out, on_slide)
}
