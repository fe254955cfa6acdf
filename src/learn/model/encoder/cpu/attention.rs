//! Scaled dot-product attention.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};
use rayon::prelude::*;

use super::activation::softmax;
use super::matrix::{part, whole_mut};
use super::tokens::Tokens;

/// Attention in `heads` heads over tokens that hold queries, keys and values side by side.
pub(super) fn attend(qkv: &Tokens, heads: usize) -> Tokens {
    let (tokens, width) = (qkv.tokens, qkv.width / 3);
    let head = width / heads.max(1);
    let scale = 1.0 / (head as f32).sqrt();
    // One head of one image at a time: its scores stay in the cache. Heads are put side by side afterwards.
    let mut apart = vec![0.0; qkv.images * tokens * width];
    apart.par_chunks_mut((tokens * head).max(1)).enumerate().for_each_init(
        || vec![0.0; tokens * tokens],
        |scores, (index, out)| {
            let (image, column) = (index / heads, index % heads * head);
            let values = &qkv.values[image * tokens * 3 * width..];
            let of = |which: usize| part(&values[which * width + column..], tokens, head, 3 * width);
            let all = whole_mut(scores, tokens, tokens);
            matmul(all, Accum::Replace, of(0), of(1).transpose(), 1.0, Par::Seq);
            softmax(scores, tokens, scale);
            let all = part(scores, tokens, tokens, tokens);
            matmul(whole_mut(out, tokens, head), Accum::Replace, all, of(2), 1.0, Par::Seq);
        },
    );
    let mut out = vec![0.0; apart.len()];
    out.par_chunks_mut((tokens * width).max(1)).zip(apart.par_chunks((tokens * width).max(1))).for_each(
        |(out, apart)| {
            for (index, from) in apart.chunks_exact(head).enumerate() {
                let (which, token) = (index / tokens, index % tokens);
                out[token * width + which * head..][..head].copy_from_slice(from);
            }
        },
    );
    Tokens { width, values: out, ..*qkv }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng;
    use rand::RngExt;

    #[test]
    fn attention_is_softmax_of_products() {
        let (images, tokens, heads, head) = (2, 19, 3, 5);
        let width = heads * head;
        let mut random = rng::stream(1, "attention", 0);
        let values: Vec<f32> =
            (0..images * tokens * 3 * width).map(|_| random.random_range(-2.0..2.0)).collect();
        let qkv = Tokens { images, tokens, width: 3 * width, values };
        let found = attend(&qkv, heads);
        assert_eq!((found.images, found.tokens, found.width), (images, tokens, width));
        let at = |image: usize, token: usize, column: usize| {
            f64::from(qkv.values[(image * tokens + token) * 3 * width + column])
        };
        for (i, &value) in found.values.iter().enumerate() {
            let (image, token, column) = (i / width / tokens, i / width % tokens, i % width);
            let first = column / head * head;
            let weight = |other: usize| {
                let product: f64 =
                    (first..first + head).map(|c| at(image, token, c) * at(image, other, width + c)).sum();
                (product / (head as f64).sqrt()).exp()
            };
            let sum: f64 = (0..tokens).map(weight).sum();
            let expected: f64 =
                (0..tokens).map(|other| weight(other) / sum * at(image, other, 2 * width + column)).sum();
            assert!((f64::from(value) - expected).abs() < 1e-5, "{i}: {value} instead of {expected}");
        }
    }
}
