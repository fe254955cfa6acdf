//! Square planes of floats and Gaussian blurring.

use super::planes::{Bytes, Range};
use crate::core::wide::wide;

/// A square plane of floats, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Floats {
    pub size: usize,
    pub values: Vec<f32>,
}

impl Floats {
    /// The values that the bytes of a plane stand for.
    pub fn from_bytes(plane: &Bytes, range: Range) -> Self {
        let (low, step) = (range.low, range.step());
        let mut values = vec![0.0; plane.values.len()];
        wide(
            #[inline(always)]
            || {
                for (value, &byte) in values.iter_mut().zip(&plane.values) {
                    *value = low + f32::from(byte) * step;
                }
            },
        );
        Self { size: plane.size, values }
    }

    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.size)
    }

    /// Convolved with a Gaussian of `sigma` pixels; the edge is continued with its own values.
    pub fn blurred(&self, sigma: f32) -> Self {
        let weights = gaussian(sigma);
        wide(
            #[inline(always)]
            || self.blurred_with(&weights),
        )
    }

    /// Convolved with weights from the centre outwards.
    #[inline(always)]
    fn blurred_with(&self, weights: &[f32]) -> Self {
        let radius = weights.len() - 1;
        let size = self.size;
        let mut across = vec![0.0_f32; size * size];
        let mut padded = vec![0.0_f32; size + 2 * radius];
        for (row, out) in self.rows().zip(across.chunks_exact_mut(size)) {
            padded[..radius].fill(row[0]);
            padded[radius..radius + size].copy_from_slice(row);
            padded[radius + size..].fill(row[size - 1]);
            add(out, &padded[radius..], weights[0]);
            for (k, &weight) in weights.iter().enumerate().skip(1) {
                add_both(out, &padded[radius - k..], &padded[radius + k..], weight);
            }
        }
        let rows: Vec<&[f32]> = across.chunks_exact(size).collect();
        let mut values = vec![0.0_f32; size * size];
        for (y, out) in values.chunks_exact_mut(size).enumerate() {
            add(out, rows[y], weights[0]);
            for (k, &weight) in weights.iter().enumerate().skip(1) {
                add_both(out, rows[y.saturating_sub(k)], rows[(y + k).min(size - 1)], weight);
            }
        }
        Self { size, values }
    }

    /// This plane less another of its size.
    pub fn less(&self, other: &Self) -> Self {
        let mut values = self.values.clone();
        wide(
            #[inline(always)]
            || {
                for (value, other) in values.iter_mut().zip(&other.values) {
                    *value -= other;
                }
            },
        );
        Self { size: self.size, values }
    }

    /// Mean of blocks on a grid of `side` x `side`, row by row; what does not divide is left out.
    pub fn block_means(&self, side: usize) -> Vec<f32> {
        let block = (self.size / side).max(1);
        let mut sums = vec![0.0_f32; side * side];
        for (rows, sums) in self.values.chunks_exact(block * self.size).zip(sums.chunks_exact_mut(side)) {
            for row in rows.chunks_exact(self.size) {
                for (block, sum) in row.chunks_exact(block).zip(sums.iter_mut()) {
                    *sum += block.iter().sum::<f32>();
                }
            }
        }
        let n = (block * block) as f32;
        sums.iter_mut().for_each(|s| *s /= n);
        sums
    }
}

#[inline(always)]
fn add(out: &mut [f32], a: &[f32], weight: f32) {
    for (o, &a) in out.iter_mut().zip(a) {
        *o += weight * a;
    }
}

#[inline(always)]
fn add_both(out: &mut [f32], a: &[f32], b: &[f32], weight: f32) {
    for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *o += weight * (a + b);
    }
}

/// Weights from the centre outwards to three sigma; both sides together add up to one.
fn gaussian(sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil().max(1.0) as usize;
    let mut weights: Vec<f32> = (0..=radius).map(|k| (-0.5 * (k as f32 / sigma).powi(2)).exp()).collect();
    let total = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
    weights.iter_mut().for_each(|w| *w /= total);
    weights
}

/// Mean and standard deviation; zeros without values.
pub(super) fn mean_sd(values: &[f32]) -> [f32; 2] {
    if values.is_empty() {
        return [0.0; 2];
    }
    let n = values.len() as f64;
    let mean = sum(values, |v| v) / n;
    let variance = sum(values, |v| (v - mean as f32).powi(2)) / n;
    [mean as f32, variance.sqrt() as f32]
}

/// The sum of `f` over `values`, in lanes so that it vectorises.
pub(super) fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    wide(
        #[inline(always)]
        || sum_in_lanes(values, f),
    )
}

#[inline(always)]
fn sum_in_lanes(values: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane += f(v);
        }
    }
    let rest: f32 = chunks.remainder().iter().map(|&v| f(v)).sum();
    lanes.iter().map(|&l| f64::from(l)).sum::<f64>() + f64::from(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_spreads_as_a_gaussian() {
        let mut dot = Floats { size: 21, values: vec![0.0; 441] };
        dot.values[10 * 21 + 10] = 1.0;
        let blurred = dot.blurred(2.0);
        let at = |dx: usize, dy: usize| blurred.values[(10 + dy) * 21 + 10 + dx];
        assert!((blurred.values.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((at(0, 0) - 1.0 / (2.0 * std::f32::consts::PI * 4.0)).abs() < 5e-4);
        assert!((at(2, 0) / at(0, 0) - (-0.5_f32).exp()).abs() < 1e-5);
        assert!((at(0, 2) - at(2, 0)).abs() < 1e-7);
        let flat = Floats { size: 5, values: vec![3.0; 25] };
        assert!(flat.blurred(4.0).values.iter().all(|v| (v - 3.0).abs() < 1e-5));
    }

    #[test]
    fn blocks_and_moments() {
        let plane = Floats { size: 5, values: (0..25).map(|v| v as f32).collect() };
        assert_eq!(plane.block_means(2), [3.0, 5.0, 13.0, 15.0]);
        assert_eq!(mean_sd(&[1.0, 3.0]), [2.0, 1.0]);
        assert_eq!(mean_sd(&[]), [0.0; 2]);
        assert_eq!(sum(&[1.0; 37], |v| v * 2.0), 74.0);
    }
}
