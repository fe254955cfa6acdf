//! Feature maps, channels last, and what is done to them beside convolutions.

use super::Affine;
use super::tokens::Tokens;

/// Feature maps of a batch: `images x height x width x channels`, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::model::encoder) struct Maps {
    pub(super) images: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) values: Vec<f32>,
}

impl Maps {
    pub(super) fn new(images: usize, height: usize, width: usize, channels: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), images * height * width * channels);
        Self { images, height, width, channels, values }
    }

    pub(super) fn zeros(images: usize, height: usize, width: usize, channels: usize) -> Self {
        Self::new(images, height, width, channels, vec![0.0; images * height * width * channels])
    }

    /// The values of one image.
    pub(super) fn image(&self, image: usize) -> &[f32] {
        let size = self.height * self.width * self.channels;
        &self.values[image * size..(image + 1) * size]
    }
}

/// `x * scale + shift` for every pixel, then ReLU if asked for.
pub(super) fn affine(values: &mut [f32], norm: &Affine, relu: bool) {
    let least = if relu { 0.0 } else { f32::NEG_INFINITY };
    for pixel in values.chunks_exact_mut(norm.scale.len()) {
        for ((v, scale), shift) in pixel.iter_mut().zip(&norm.scale).zip(&norm.shift) {
            *v = (*v * scale + shift).max(least);
        }
    }
}

/// ReLU of the normalised pieces, stacked along their channels.
pub(super) fn stack_norm_relu(pieces: &[Maps], norm: &Affine) -> Maps {
    let channels = norm.scale.len();
    let Some(first) = pieces.first() else { return Maps::zeros(0, 0, 0, channels) };
    let mut y = Maps::zeros(first.images, first.height, first.width, channels);
    for (index, pixel) in y.values.chunks_exact_mut(channels).enumerate() {
        let mut at = 0;
        for piece in pieces {
            let end = at + piece.channels;
            let x = &piece.values[index * piece.channels..(index + 1) * piece.channels];
            let (scale, shift) = (&norm.scale[at..end], &norm.shift[at..end]);
            for (((y, x), scale), shift) in pixel[at..end].iter_mut().zip(x).zip(scale).zip(shift) {
                *y = (x * scale + shift).max(0.0);
            }
            at = end;
        }
    }
    y
}

/// The largest of 3 x 3 pixels, every second pixel, one pixel of padding.
pub(super) fn max_pool(x: &Maps) -> Maps {
    let mut y = Maps::zeros(x.images, x.height.div_ceil(2), x.width.div_ceil(2), x.channels);
    let (rows, columns, channels) = (y.height, y.width, y.channels);
    for (index, pixel) in y.values.chunks_exact_mut(channels.max(1)).enumerate() {
        let (image, row, column) = (index / (rows * columns), index / columns % rows, index % columns);
        let image = x.image(image);
        pixel.fill(f32::NEG_INFINITY);
        for y in (2 * row).saturating_sub(1)..(2 * row + 2).min(x.height) {
            for x_at in (2 * column).saturating_sub(1)..(2 * column + 2).min(x.width) {
                let from = &image[(y * x.width + x_at) * channels..][..channels];
                pixel.iter_mut().zip(from).for_each(|(p, v)| *p = p.max(*v));
            }
        }
    }
    y
}

/// The mean of 2 x 2 pixels, every second pixel.
pub(super) fn halve(x: &Maps) -> Maps {
    let mut y = Maps::zeros(x.images, x.height / 2, x.width / 2, x.channels);
    let (rows, columns, channels) = (y.height, y.width, y.channels);
    for (index, pixel) in y.values.chunks_exact_mut(channels.max(1)).enumerate() {
        let (image, row, column) = (index / (rows * columns), index / columns % rows, index % columns);
        let at = |dy: usize, dx: usize| {
            &x.image(image)[((2 * row + dy) * x.width + 2 * column + dx) * channels..][..channels]
        };
        let (a, b, c, d) = (at(0, 0), at(0, 1), at(1, 0), at(1, 1));
        for ((((p, a), b), c), d) in pixel.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *p = 0.25 * (a + b + c + d);
        }
    }
    y
}

/// The mean over the pixels of every image.
pub(super) fn mean(x: &Maps) -> Tokens {
    let pixels = (x.height * x.width).max(1) as f32;
    let mut values = vec![0.0; x.images * x.channels];
    for (image, out) in values.chunks_exact_mut(x.channels.max(1)).enumerate() {
        for pixel in x.image(image).chunks_exact(x.channels) {
            out.iter_mut().zip(pixel).for_each(|(o, v)| *o += v);
        }
        out.iter_mut().for_each(|o| *o /= pixels);
    }
    Tokens { images: x.images, tokens: 1, width: x.channels, values }
}
