//! What turns image patches into numbers. Encoders are frozen: a patch always gives the same numbers.

use super::cancel::{CancelToken, Cancelled};
use super::progress::Progress;

/// A square RGB patch, row-major, 3 bytes a pixel, at a known resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct RgbPatch {
    /// Side in pixels.
    pub size: usize,
    /// `size * size * 3` bytes.
    pub rgb: Vec<u8>,
    /// The share of pixels that lie on the slide, 0 to 1; those that do not are white.
    pub on_slide: f32,
}

/// An encoder could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// Its weights cannot be read, or its device failed: one sentence.
    #[error("{0}")]
    Failed(String),
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Turns patches into feature vectors of a fixed width.
pub trait PatchEncoder: Send + Sync {
    /// Names the encoder with its weights and version, by which runs remember it.
    fn id(&self) -> String;

    /// Names what features are cached under: [`PatchEncoder::id`], and the precision where it is not single. The
    /// same encoder on another device gives features that serve the same runs, but they are not the same numbers.
    fn cache_id(&self) -> String {
        self.id()
    }

    /// Micrometres per pixel that the patches must have.
    fn mpp(&self) -> f64;

    /// Side in pixels that the patches must have.
    fn patch_size(&self) -> usize;

    /// Length of a feature vector.
    fn width(&self) -> usize;

    /// Whether a patch that is turned or mirrored gives other numbers, but for rounding and what its edges do.
    fn is_orientation_sensitive(&self) -> bool {
        true
    }

    /// Gets ready to encode: reads weights, say. What is ready stays ready.
    ///
    /// # Errors
    /// [`EncoderError`] when the weights cannot be read, or when cancelled.
    fn prepare(&self, _progress: &dyn Progress, _cancel: &CancelToken) -> Result<(), EncoderError> {
        Ok(())
    }

    /// How many patches one call of [`PatchEncoder::encode`] should be given: enough to keep all cores busy, few
    /// enough that work can be cancelled within a second.
    fn batch(&self) -> usize {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        (threads * 4).clamp(8, 64)
    }

    /// Feature vectors of `patches`, each of [`PatchEncoder::width`] finite numbers, in order.
    ///
    /// # Errors
    /// [`EncoderError`] when the encoder is not prepared, or its device fails.
    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError>;
}
