//! The expression branch of the published recipe: expression plus position, and two layers of attention as
//! wide as there are genes.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::PublishedShape;
use crate::model::expression::ExpressionBatch;
use crate::model::init::Weights;
use crate::model::layer::{LayerShape, TransformerLayer};
use crate::model::positions::POSITION_WIDTH;

/// The expression branch.
#[derive(Module, Debug)]
pub struct ExpressionEncoder {
    /// What a position adds to expression: `[POSITION_WIDTH, genes]`.
    position: Param<Tensor<2>>,
    first: TransformerLayer,
    second: TransformerLayer,
}

impl ExpressionEncoder {
    /// With its first weights.
    pub fn new(shape: &PublishedShape, weights: &mut Weights<'_>) -> Self {
        let layer = LayerShape {
            width: shape.genes,
            heads: shape.heads,
            attended: shape.heads * shape.head_width,
            fed: shape.genes,
            biased: false,
        };
        Self {
            position: weights.uniform([POSITION_WIDTH, shape.genes], POSITION_WIDTH),
            first: TransformerLayer::new(layer, weights),
            second: TransformerLayer::new(layer, weights),
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
