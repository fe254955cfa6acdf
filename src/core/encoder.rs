//! What turns image patches into numbers. Encoders are frozen: a patch always gives the same numbers.

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

/// Turns patches into feature vectors of a fixed width.
pub trait PatchEncoder: Send + Sync {
    /// Names the encoder with its weights and version; part of the key under which features are cached.
    fn id(&self) -> String;

    /// Micrometres per pixel that the patches must have.
    fn mpp(&self) -> f64;

    /// Side in pixels that the patches must have.
    fn patch_size(&self) -> usize;

    /// Length of a feature vector.
    fn width(&self) -> usize;

    /// Feature vectors of `patches`, each of [`PatchEncoder::width`] finite numbers, in order.
    fn encode(&self, patches: &[RgbPatch]) -> Vec<Vec<f32>>;
}
