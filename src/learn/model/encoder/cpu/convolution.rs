//! Convolutions as matrix products.

use faer::Par;
use rayon::prelude::*;

use super::maps::Maps;
use super::matrix::times_transposed;
use crate::model::encoder::ops::Conv;

/// What is gathered at once stays within the second-level cache.
const GATHERED: usize = 128 * 1024;

/// Convolves `x` with kernels `[out, height, width, in]`.
pub(super) fn convolve(x: &Maps, weight: &[f32], conv: Conv, par: Par) -> Maps {
    let along = |length: usize| (length + 2 * conv.padding).saturating_sub(conv.kernel) / conv.stride + 1;
    let (height, width) = (along(x.height), along(x.width));
    let mut y = Maps::zeros(x.images, height, width, conv.out);
    if conv.kernel == 1 && conv.stride == 1 && conv.padding == 0 {
        let rows = x.images * x.height * x.width;
        times_transposed(&mut y.values, &x.values, weight, rows, x.channels, conv.out, par);
        return y;
    }
    let inner = conv.kernel * conv.kernel * x.channels;
    let rows_at_once = (GATHERED / (inner * width).max(1)).clamp(1, height);
    let work = |(index, out): (usize, &mut [f32]), gathered: &mut Vec<f32>| {
        let chunks = height.div_ceil(rows_at_once);
        let (image, first) = (index / chunks, index % chunks * rows_at_once);
        let rows = out.len() / (width * conv.out);
        gathered.resize(rows * width * inner, 0.0);
        for row in 0..rows {
            let line = &mut gathered[row * width * inner..(row + 1) * width * inner];
            gather(x.image(image), x, conv, first + row, line);
        }
        times_transposed(out, gathered, weight, rows * width, inner, conv.out, Par::Seq);
    };
    let image_size = height * width * conv.out;
    let chunk = rows_at_once * width * conv.out;
    // Chunks end where images end.
    let parts = y.values.chunks_mut(image_size).flat_map(|image| image.chunks_mut(chunk)).enumerate();
    match par {
        Par::Seq => {
            let mut gathered = Vec::new();
            parts.for_each(|part| work(part, &mut gathered));
        }
        Par::Rayon(_) => {
            let parts: Vec<_> = parts.collect();
            parts.into_par_iter().for_each_init(Vec::new, |gathered, part| work(part, gathered));
        }
    }
    y
}

/// What the outputs of row `row` read of one image, one output after another: `width * kernel * kernel * in`.
fn gather(image: &[f32], x: &Maps, conv: Conv, row: usize, line: &mut [f32]) {
    let (channels, kernel) = (x.channels, conv.kernel);
    for (column, out) in line.chunks_exact_mut(kernel * kernel * channels).enumerate() {
        // The kernel's columns that lie on the image are side by side there as well as in the result.
        let left = (column * conv.stride) as isize - conv.padding as isize;
        let from = (-left).clamp(0, kernel as isize) as usize;
        let to = (x.width as isize - left).clamp(0, kernel as isize) as usize;
        for (ky, out) in out.chunks_exact_mut(kernel * channels).enumerate() {
            let y = (row * conv.stride + ky) as isize - conv.padding as isize;
            if y < 0 || y >= x.height as isize || from >= to {
                out.fill(0.0);
                continue;
            }
            let start = (y as usize * x.width + (left + from as isize) as usize) * channels;
            let length = (to - from) * channels;
            out[..from * channels].fill(0.0);
            out[from * channels..to * channels].copy_from_slice(&image[start..start + length]);
            out[to * channels..].fill(0.0);
        }
    }
}
