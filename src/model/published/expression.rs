//! The expression branch of the published recipe: expression plus position, and two layers of attention as
//! wide as there are genes.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, softmax};

use super::PublishedShape;
use crate::model::expression::ExpressionBatch;
use crate::model::init::Weights;
use crate::model::positions::POSITION_WIDTH;

/// The expression branch.
#[derive(Module, Debug)]
pub struct ExpressionEncoder {
    /// What a position adds to expression: `[POSITION_WIDTH, genes]`.
    position: Param<Tensor<2>>,
    first: Block,
    second: Block,
}

impl ExpressionEncoder {
    /// With its first weights.
    pub fn new(shape: &PublishedShape, weights: &mut Weights<'_>) -> Self {
        Self {
            position: weights.uniform([POSITION_WIDTH, shape.genes], POSITION_WIDTH),
            first: Block::new(shape, weights),
            second: Block::new(shape, weights),
        }
    }

    /// What is projected: `[b, genes]`.
    pub fn forward(&self, batch: &ExpressionBatch) -> Tensor<2> {
        let [count, tokens] = batch.mask.dims();
        let x = batch.expression.clone() + batch.positions.clone().matmul(self.position.val());
        let genes = x.dims()[1];
        let penalty = (batch.mask.clone() - 1.0).mul_scalar(1e9).reshape([count, 1, 1, tokens]);
        let x = self.first.forward(x.reshape([count, tokens, genes]), penalty.clone(), tokens);
        // After the last layer only the spot itself is read, so only it asks there.
        self.second.forward(x, penalty, 1).reshape([count, genes])
    }
}

/// A layer of a transformer that normalises first.
#[derive(Module, Debug)]
struct Block {
    norm: LayerNorm,
    query: Linear,
    key_value: Linear,
    out: Linear,
    feed_norm: LayerNorm,
    feed: Linear,
    feed_out: Linear,
    heads: usize,
}

impl Block {
    fn new(shape: &PublishedShape, weights: &mut Weights<'_>) -> Self {
        let (genes, inner) = (shape.genes, shape.heads * shape.head_width);
        Self {
            norm: weights.norm(genes),
            query: weights.matrix(genes, inner),
            key_value: weights.matrix(genes, 2 * inner),
            out: weights.linear(inner, genes),
            feed_norm: weights.norm(genes),
            feed: weights.linear(genes, genes),
            feed_out: weights.linear(genes, genes),
            heads: shape.heads,
        }
    }

    /// The first `asking` tokens attend to all.
    ///
    /// # Shapes
    /// - x: `[b, t, genes]`
    /// - penalty: `[b, 1, 1, t]`, 0 or a large negative number
    /// - output: `[b, asking, genes]`
    fn forward(&self, x: Tensor<3>, penalty: Tensor<4>, asking: usize) -> Tensor<3> {
        let [count, tokens, _] = x.dims();
        let normed = self.norm.forward(x.clone());
        let q = self.query.forward(normed.clone().narrow(1, 0, asking));
        let inner = q.dims()[2];
        let (heads, head) = (self.heads, inner / self.heads);
        let q = q.reshape([count, asking, heads, head]).swap_dims(1, 2);
        let kv = self.key_value.forward(normed);
        let part = |at| kv.clone().narrow(2, at, inner).reshape([count, tokens, heads, head]).swap_dims(1, 2);
        let scores = q.matmul(part(0).swap_dims(2, 3)).div_scalar((head as f32).sqrt()) + penalty;
        let mean = softmax(scores, 3).matmul(part(inner));
        let mean = mean.swap_dims(1, 2).reshape([count, asking, inner]);
        let x = x.narrow(1, 0, asking) + self.out.forward(mean);
        let fed = gelu(self.feed.forward(self.feed_norm.forward(x.clone())));
        x + self.feed_out.forward(fed)
    }
}
