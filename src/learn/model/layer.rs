//! A layer of a transformer over short sequences, as both expression branches have it.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, softmax};

use super::init::Weights;

/// Shape of a [`TransformerLayer`].
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerShape {
    /// Width of a token.
    pub width: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Width of all heads together; `heads` divides it.
    pub attended: usize,
    /// Width between the two linear layers that follow attention.
    pub fed: usize,
    /// Whether queries, keys and values have biases.
    pub biased: bool,
}

/// A layer of a transformer that normalises first.
#[derive(Module, Debug)]
pub(super) struct TransformerLayer {
    norm: LayerNorm,
    query: Linear,
    key_value: Linear,
    out: Linear,
    feed_norm: LayerNorm,
    feed: Linear,
    feed_out: Linear,
    heads: usize,
}

impl TransformerLayer {
    /// With its first weights.
    pub fn new(shape: LayerShape, weights: &mut Weights<'_>) -> Self {
        let LayerShape { width, heads, attended, fed, biased } = shape;
        let project = |weights: &mut Weights<'_>, outputs: usize| match biased {
            true => weights.linear(width, outputs),
            false => weights.matrix(width, outputs),
        };
        Self {
            norm: weights.norm(width),
            query: project(weights, attended),
            key_value: project(weights, 2 * attended),
            out: weights.linear(attended, width),
            feed_norm: weights.norm(width),
            feed: weights.linear(width, fed),
            feed_out: weights.linear(fed, width),
            heads,
        }
    }

    /// The first `asking` tokens attend to all.
    ///
    /// # Shapes
    /// - x: `[b, t, width]`
    /// - penalty: `[b, 1, 1, t]`, 0 or a large negative number
    /// - output: `[b, asking, width]`
    pub fn forward(&self, x: Tensor<3>, penalty: Tensor<4>, asking: usize) -> Tensor<3> {
        let [count, tokens, _] = x.dims();
        let normed = self.norm.forward(x.clone());
        let q = self.query.forward(normed.clone().narrow(1, 0, asking));
        let attended = q.dims()[2];
        let (heads, head) = (self.heads, attended / self.heads);
        let q = q.reshape([count, asking, heads, head]).swap_dims(1, 2);
        let kv = self.key_value.forward(normed);
        let part =
            |at| kv.clone().narrow(2, at, attended).reshape([count, tokens, heads, head]).swap_dims(1, 2);
        let scores = q.matmul(part(0).swap_dims(2, 3)).div_scalar((head as f32).sqrt()) + penalty;
        let mean = softmax(scores, 3).matmul(part(attended));
        let mean = mean.swap_dims(1, 2).reshape([count, asking, attended]);
        let x = x.narrow(1, 0, asking) + self.out.forward(mean);
        let fed = gelu(self.feed.forward(self.feed_norm.forward(x.clone())));
        x + self.feed_out.forward(fed)
    }
}
