//! The image encoder while it is trained: random patches of a batch, and its two passes over them.

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use super::adam::PublishedAdam;
use super::augment::augment;
use super::input::{Images, PublishedInput};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::rng::stream;
use crate::data::slide::SlideError;
use crate::model::encoder::{EncoderShape, Training, image_batch};
use crate::predict::source::SpotRef;

/// More chunks at a time gain little and take memory.
const MAX_WORKERS: usize = 4;
/// Bytes that an image of 224 pixels takes on its way through DenseNet-121 and back.
const PER_IMAGE: u64 = 250_000_000;
/// Bytes beside that: weights, their gradients and moments, slides, features.
const BESIDE: u64 = 2_000_000_000;

/// An encoder in training.
#[derive(Debug)]
pub struct EncoderSide {
    /// Everything but its trained parameters.
    pub training: Training,
    /// Its trained parameters.
    pub adam: PublishedAdam,
}

/// The images of a batch, a chunk at a time: normalised values, RGB side by side.
pub struct Patches {
    chunks: Vec<Vec<f32>>,
    side: usize,
}

/// How chunks are worked on.
#[derive(Clone, Copy)]
pub struct Passes<'a> {
    /// Chunks at a time.
    pub workers: usize,
    /// Where, without autodiff.
    pub device: &'a Device,
    /// Hears of each chunk.
    pub done: &'a (dyn Fn(usize) + Sync),
    /// Stops between chunks.
    pub cancel: &'a CancelToken,
}

/// Chunks that are worked on at a time: one a core, but few.
pub fn workers(on_processor: bool) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    if on_processor { cores.min(MAX_WORKERS) } else { 1 }
}

/// About how many bytes of memory training DenseNet-121 takes, `chunk` images at a time.
pub fn encoder_memory(chunk: usize, on_processor: bool) -> u64 {
    (workers(on_processor) as u64)
        .saturating_mul(chunk as u64)
        .saturating_mul(PER_IMAGE)
        .saturating_add(BESIDE)
}

/// Lengths of `count` images in chunks of about the same size, at most `most` but for a single image, which is
/// never left alone: batch normalisation would have nothing to go by.
pub fn chunk_lengths(count: usize, most: usize) -> Vec<usize> {
    let chunks = count.div_ceil(most.max(1)).min(count / 2).max(1);
    (0..chunks).map(|i| count / chunks + usize::from(i < count % chunks)).collect()
}

impl Patches {
    /// Reads the patches of `picks` and changes each at random, the same way for the same `seed` and `step`.
    ///
    /// # Errors
    /// [`SlideError`] when a patch cannot be read, or when cancelled.
    pub fn read(
        input: &PublishedInput<'_>,
        shape: &EncoderShape,
        picks: &[SpotRef],
        chunk: usize,
        jitter: f64,
        (seed, step): (u64, u64),
        cancel: &CancelToken,
    ) -> Result<Self, SlideError> {
        let one = |(index, pick): (usize, &SpotRef)| -> Result<Vec<f32>, SlideError> {
            cancel.check()?;
            let mut values = Vec::with_capacity(shape.side * shape.side * 3);
            if let Images::Patches { slide, centers, mpp } = input.sections[pick.section].images {
                let mut patch = slide.read_patch(centers[pick.spot], mpp, shape.mpp, shape.side)?;
                let mut rng = stream(seed, "augmentation", (step << 16) + index as u64);
                augment(&mut patch, jitter as f32, &mut rng);
                shape.normalisation.apply(&patch.rgb, &mut values);
            }
            Ok(values)
        };
        let images = picks.par_iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
        let mut images = images.into_iter();
        let chunks = chunk_lengths(picks.len(), chunk)
            .into_iter()
            .map(|length| images.by_ref().take(length).flatten().collect())
            .collect();
        Ok(Self { chunks, side: shape.side })
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    fn batch(&self, chunk: &[f32], device: &Device) -> Tensor<4> {
        image_batch(chunk.to_vec(), self.side, device)
    }
}

impl EncoderSide {
    /// Features of all images: `[b, width]`, without keeping what a gradient would need.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn features(&self, patches: &Patches, passes: Passes<'_>) -> Result<Tensor<2>, Cancelled> {
        let mut parts = Vec::with_capacity(patches.chunks());
        for wave in patches.chunks.chunks(passes.workers.max(1)) {
            passes.cancel.check()?;
            let one = |chunk: &Vec<f32>| {
                let features =
                    self.training.features(&self.adam.parameters, patches.batch(chunk, passes.device));
                (passes.done)(1);
                features
            };
            parts.extend(wave.par_iter().map(one).collect::<Vec<_>>());
        }
        Ok(Tensor::cat(parts, 0))
    }

    /// The gradient of the parameters, given that of all features. Running statistics take in every chunk.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn backward(
        &mut self,
        patches: &Patches,
        gradient: &Tensor<2>,
        passes: Passes<'_>,
    ) -> Result<Tensor<1>, Cancelled> {
        let mut sum = self.adam.parameters.zeros_like();
        let mut start = 0;
        for wave in patches.chunks.chunks(passes.workers.max(1)) {
            passes.cancel.check()?;
            let work: Vec<(Tensor<4>, Tensor<2>)> = wave
                .iter()
                .map(|chunk| {
                    let images = patches.batch(chunk, passes.device);
                    let count = images.dims()[0];
                    start += count;
                    (images, gradient.clone().narrow(0, start - count, count))
                })
                .collect();
            let one = |(images, gradient): (Tensor<4>, Tensor<2>)| {
                let chunk = self.training.backward(&self.adam.parameters, images, gradient);
                (passes.done)(1);
                chunk
            };
            // Taken in one by one in their order, so that a sum does not depend on which was ready first.
            for chunk in work.into_par_iter().map(one).collect::<Vec<_>>() {
                self.training.observe(&chunk);
                sum = sum + chunk.gradient;
            }
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_of_about_one_size_and_no_image_is_alone() {
        assert_eq!(chunk_lengths(128, 8), [8; 16]);
        assert_eq!(chunk_lengths(17, 8), [6, 6, 5]);
        assert_eq!(chunk_lengths(3, 2), [3]);
        assert_eq!(chunk_lengths(1, 8), [1]);
        assert_eq!(chunk_lengths(132, 128), [66, 66]);
    }
}
