//! Scaled dot-product attention.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};
use rayon::prelude::*;

use super::activation::{exp, wide};
use super::matrix::{part, part_mut};
use super::tokens::{Tokens, sum};

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
            let all = part_mut(scores, tokens, tokens, tokens);
            matmul(all, Accum::Replace, of(0), of(1).transpose(), scale, Par::Seq);
            wide(|| scores.chunks_exact_mut(tokens).for_each(softmax));
            let all = part(scores, tokens, tokens, tokens);
            matmul(part_mut(out, tokens, head, head), Accum::Replace, all, of(2), 1.0, Par::Seq);
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

/// `e^x` over their sum.
#[inline(always)]
fn softmax(row: &mut [f32]) {
    let mut largest = [f32::NEG_INFINITY; 16];
    let chunks = row.chunks_exact(16);
    let rest = chunks.remainder().iter().fold(f32::NEG_INFINITY, |m, &v| m.max(v));
    for chunk in chunks {
        largest.iter_mut().zip(chunk).for_each(|(m, &v)| *m = if v > *m { v } else { *m });
    }
    let largest = largest.iter().fold(rest, |m, &v| m.max(v));
    row.iter_mut().for_each(|v| *v = exp(*v - largest));
    let scale = 1.0 / sum(row, |v| v);
    row.iter_mut().for_each(|v| *v *= scale);
}
