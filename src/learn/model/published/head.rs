//! The projection head of BLEEP (Xie et al. 2023), which mclSTExp and HisCMCL share.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::gelu;

use crate::model::init::Weights;

/// `p = W x + b; norm(p + V gelu(p) + c)`. The released code has a dropout with share 0 besides.
#[derive(Module, Debug)]
pub struct ProjectionHead {
    projection: Linear,
    inner: Linear,
    norm: LayerNorm,
}

impl ProjectionHead {
    /// With its first weights.
    pub fn new(inputs: usize, outputs: usize, weights: &mut Weights<'_>) -> Self {
        Self {
            projection: weights.linear(inputs, outputs),
            inner: weights.linear(outputs, outputs),
            norm: weights.norm(outputs),
        }
    }

    /// # Shapes
    /// - x: `[b, inputs]`
    /// - output: `[b, outputs]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let projected = self.projection.forward(x);
        self.norm.forward(self.inner.forward(gelu(projected.clone())) + projected)
    }
}
