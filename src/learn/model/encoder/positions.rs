//! Position embeddings of one grid of patches, resampled to another.

use super::parameters::Array;

/// The cubic's parameter in PyTorch and Pillow where they resample with antialiasing.
const A: f64 = -0.5;

/// Whether this number of positions is `prefix` and a square grid.
pub(super) fn is_square_grid(tokens: usize, prefix: usize) -> bool {
    tokens.checked_sub(prefix).is_some_and(|grid| grid > 0 && grid.isqrt() * grid.isqrt() == grid)
}

/// `positions` (`[1, prefix + from * from, width]`) for a grid of `to x to` patches, as timm's
/// `resample_abs_pos_embed` does it: bicubic with antialiasing; what belongs to the first `prefix` tokens stays.
/// Nothing where the positions are not those of a square grid.
pub(super) fn resample(positions: &Array, prefix: usize, to: usize) -> Option<Array> {
    let [1, tokens, width] = positions.shape[..] else { return None };
    if !is_square_grid(tokens, prefix) || positions.values.len() != tokens * width {
        return None;
    }
    let from = (tokens - prefix).isqrt();
    let (kept, grid) = positions.values.split_at(prefix * width);
    let weights = weights(from, to);
    // Columns first, then rows, as a product of small matrices.
    let mut columns = vec![0.0f64; from * to * width];
    for row in 0..from {
        for (x, taps) in weights.iter().enumerate() {
            let out = &mut columns[(row * to + x) * width..][..width];
            for &(tap, weight) in taps {
                let from = &grid[(row * from + tap) * width..][..width];
                out.iter_mut().zip(from).for_each(|(o, &v)| *o += weight * f64::from(v));
            }
        }
    }
    let mut values = kept.to_vec();
    for taps in &weights {
        let mut line = vec![0.0f64; to * width];
        for &(tap, weight) in taps {
            let from = &columns[tap * to * width..][..to * width];
            line.iter_mut().zip(from).for_each(|(o, v)| *o += weight * v);
        }
        values.extend(line.iter().map(|&v| v as f32));
    }
    Some(Array { shape: vec![1, prefix + to * to, width], values })
}

/// For each of `to` outputs, which of `from` inputs it is made of, with weights that add up to 1.
fn weights(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let of = |i: usize| {
        let center = scale * (i as f64 + 0.5);
        let first = (center - 2.0 * stretch + 0.5).max(0.0) as usize;
        let last = ((center + 2.0 * stretch + 0.5) as usize).min(from);
        let taps: Vec<(usize, f64)> =
            (first..last).map(|j| (j, cubic((j as f64 - center + 0.5) / stretch))).collect();
        let sum: f64 = taps.iter().map(|(_, w)| w).sum();
        taps.into_iter().map(|(j, w)| (j, w / sum)).collect()
    };
    (0..to).map(of).collect()
}

/// Keys' cubic convolution kernel.
fn cubic(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_grid_stays() {
        let positions =
            Array { shape: vec![1, 10, 2], values: (0..20).map(|v| (v * v) as f32 * 0.1).collect() };
        let same = resample(&positions, 1, 3).unwrap();
        assert_eq!(same.shape, positions.shape);
        for (a, b) in same.values.iter().zip(&positions.values) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn a_constant_stays_constant_and_odd_counts_are_refused() {
        let flat = Array { shape: vec![1, 16, 1], values: vec![3.0; 16] };
        assert!(resample(&flat, 0, 7).unwrap().values.iter().all(|v| (v - 3.0).abs() < 1e-6));
        assert_eq!(resample(&Array { shape: vec![1, 15, 1], values: vec![0.0; 15] }, 0, 4), None);
        assert_eq!(resample(&Array { shape: vec![1, 3, 1], values: vec![0.0; 3] }, 4, 4), None);
    }
}
