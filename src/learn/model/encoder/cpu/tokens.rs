//! Token sequences and what is done to them beside products and attention.

use rayon::prelude::*;

use super::activation::normalise;
use crate::model::encoder::architecture::Pooling;

/// Token sequences of a batch: `images x tokens x width`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::model::encoder) struct Tokens {
    pub(super) images: usize,
    pub(super) tokens: usize,
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

/// Rows that one core takes at once.
pub(super) const ROWS: usize = 32;

impl Tokens {
    /// The values of one image.
    fn image(&self, image: usize) -> &[f32] {
        let size = self.tokens * self.width;
        &self.values[image * size..(image + 1) * size]
    }
}

/// Adds `row` to every row.
pub(super) fn add_row(values: &mut [f32], row: &[f32]) {
    values.par_chunks_mut(ROWS * row.len()).for_each(|rows| {
        for values in rows.chunks_exact_mut(row.len()) {
            values.iter_mut().zip(row).for_each(|(v, r)| *v += r);
        }
    });
}

/// `x += y`, where rows of `y` are scaled by `scale`.
pub(super) fn add_scaled(x: &mut [f32], y: &[f32], scale: Option<&[f32]>) {
    match scale {
        None => x.iter_mut().zip(y).for_each(|(x, y)| *x += y),
        Some(scale) => {
            let size = ROWS * scale.len();
            x.par_chunks_mut(size).zip(y.par_chunks(size)).for_each(|(x, y)| {
                for (x, y) in x.chunks_exact_mut(scale.len()).zip(y.chunks_exact(scale.len())) {
                    x.iter_mut().zip(y).zip(scale).for_each(|((x, y), s)| *x += y * s);
                }
            });
        }
    }
}

/// Puts the tokens of `prefix` in front of every image's patches and adds `positions`, which have rows for the
/// prefix only if `prefix_positions`.
pub(super) fn with_prefix(
    patches: &Tokens,
    prefix: [&[f32]; 2],
    positions: &[f32],
    prefix_positions: bool,
) -> Tokens {
    let prefix = prefix.concat();
    let mut values = Vec::with_capacity(patches.values.len() + patches.images * prefix.len());
    for image in 0..patches.images {
        let start = values.len();
        values.extend_from_slice(&prefix);
        values.extend_from_slice(patches.image(image));
        let placed = if prefix_positions { start } else { start + prefix.len() };
        values[placed..].iter_mut().zip(positions).for_each(|(v, p)| *v += p);
    }
    let width = patches.width;
    Tokens { tokens: patches.tokens + prefix.len() / width, values, ..*patches }
}

/// Every token to mean 0 and variance 1, then scaled and shifted.
pub(super) fn layer_norm(x: &Tokens, weight: &[f32], bias: &[f32], eps: f32) -> Tokens {
    let size = ROWS * x.width;
    let mut values = vec![0.0; x.values.len()];
    let parts = values.par_chunks_mut(size).zip(x.values.par_chunks(size));
    parts.for_each(|(y, x)| normalise(x, weight, bias, eps, y));
    Tokens { values, ..*x }
}

/// One token an image.
pub(super) fn pool(x: &Tokens, pooling: Pooling, prefix: usize) -> Tokens {
    let mut values = Vec::new();
    for image in 0..x.images {
        let tokens = x.image(image);
        if pooling != Pooling::Mean {
            values.extend_from_slice(&tokens[..x.width]);
        }
        if pooling != Pooling::Class {
            let mut mean = vec![0.0; x.width];
            for token in tokens.chunks_exact(x.width).skip(prefix) {
                mean.iter_mut().zip(token).for_each(|(m, v)| *m += v);
            }
            let count = (x.tokens - prefix).max(1) as f32;
            values.extend(mean.iter().map(|m| m / count));
        }
    }
    let width = if pooling == Pooling::ClassAndMean { 2 * x.width } else { x.width };
    Tokens { images: x.images, tokens: 1, width, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_normalised_and_pooled() {
        let values: Vec<f32> = (0..2 * 3 * 20).map(|v| (v * v % 17) as f32).collect();
        let x = Tokens { images: 2, tokens: 3, width: 20, values };
        let y = layer_norm(&x, &[2.0; 20], &[0.5; 20], 1e-6);
        for row in y.values.chunks_exact(20) {
            let mean = row.iter().sum::<f32>() / 20.0;
            let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 20.0;
            assert!((mean - 0.5).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4, "{mean} {variance}");
        }
        let pooled = pool(&x, Pooling::ClassAndMean, 1);
        assert_eq!((pooled.images, pooled.width), (2, 40));
        assert_eq!(pooled.values[40..60], x.values[60..80]);
        assert_eq!(pooled.values[60], (x.values[80] + x.values[100]) / 2.0);
    }

    #[test]
    fn what_stands_in_front_is_put_there_for_every_image() {
        let patches = Tokens { images: 2, tokens: 1, width: 2, values: vec![1.0, 2.0, 3.0, 4.0] };
        let all = with_prefix(&patches, [&[10.0, 20.0], &[]], &[0.1, 0.2, 0.3, 0.4], true);
        assert_eq!(all.values, [10.1, 20.2, 1.3, 2.4, 10.1, 20.2, 3.3, 4.4]);
        let patches_only = with_prefix(&patches, [&[10.0, 20.0], &[]], &[0.5, 0.25], false);
        assert_eq!(patches_only.values, [10.0, 20.0, 1.5, 2.25, 10.0, 20.0, 3.5, 4.25]);
        assert_eq!(patches_only.tokens, 2);
    }
}
