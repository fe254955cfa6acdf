//! The operations that networks are written in. A network is written once; what it is run on, and whether
//! it is run at all or only listed, is a matter of the [`Ops`] it is given.

use super::architecture::{MlpKind, Pooling};

/// A square convolution without bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Channels that come out.
    pub out: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs.
    pub stride: usize,
    /// Zeros around the image.
    pub padding: usize,
}

/// Where the tokens that stand before the patches come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// A class token, `cls_token`.
    pub class: bool,
    /// The number of register tokens, `reg_token`.
    pub registers: usize,
    /// Whether they have positions in `pos_embed`.
    pub positions: bool,
}

/// The operations. Parameters are named as in a PyTorch `state_dict`.
///
/// `Maps` are feature maps of a batch, `b` images of `h x w` with `c` channels; `Tokens` are `b` sequences
/// of `t` vectors of length `c`.
pub trait Ops {
    /// Feature maps of a batch.
    type Maps;
    /// Token sequences of a batch.
    type Tokens;

    /// Convolution with the weights `name.weight`, then batch normalisation `norm`, then ReLU, where asked for.
    fn conv(&self, x: &Self::Maps, name: &str, conv: Conv, norm: Option<&str>, relu: bool) -> Self::Maps;

    /// Batch normalisation and ReLU of maps stacked along their channels.
    fn norm_relu(&self, pieces: &[Self::Maps], norm: &str) -> Self::Maps;

    /// The largest of 3 x 3 pixels, every second pixel, one pixel of padding.
    fn max_pool(&self, x: &Self::Maps) -> Self::Maps;

    /// The mean of 2 x 2 pixels, every second pixel.
    fn halve(&self, x: &Self::Maps) -> Self::Maps;

    /// ReLU of the sum.
    fn add_relu(&self, x: Self::Maps, y: &Self::Maps) -> Self::Maps;

    /// The mean over the pixels, as one token.
    fn mean(&self, x: &Self::Maps) -> Self::Tokens;

    /// Cuts images into patches of `patch` pixels and maps each to `width` numbers, row by row.
    fn patches(&self, images: &Self::Maps, name: &str, patch: usize, width: usize) -> Self::Tokens;

    /// Puts class and register tokens in front and adds positions.
    fn with_prefix(&self, patches: &Self::Tokens, prefix: Prefix) -> Self::Tokens;

    /// Layer normalisation of every token.
    fn layer_norm(&self, x: &Self::Tokens, name: &str, eps: f64) -> Self::Tokens;

    /// `x W^T + b`, to `out` numbers, then `then`, which halves them if it is [`MlpKind::Swiglu`].
    fn linear(&self, x: &Self::Tokens, name: &str, out: usize, then: Option<MlpKind>) -> Self::Tokens;

    /// Scaled dot-product attention in `heads` heads; `qkv` has queries, keys and values side by side.
    fn attention(&self, qkv: &Self::Tokens, heads: usize) -> Self::Tokens;

    /// `x + y`, where `y` is scaled by the numbers `scale`, if any.
    fn add(&self, x: Self::Tokens, y: &Self::Tokens, scale: Option<&str>) -> Self::Tokens;

    /// One token an image; the first `prefix` tokens are not patches.
    fn pool(&self, x: &Self::Tokens, pooling: Pooling, prefix: usize) -> Self::Tokens;
}
