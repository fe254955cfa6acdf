//! The expression branch: a spot's expression among that of its nearest spots of the same section, through
//! two layers of a transformer, into the space of the image embeddings. A spot's embedding depends on its
//! own neighbours only, never on what else is in the batch.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::init::Weights;
use super::layer::{LayerShape, TransformerLayer};
use super::positions::POSITION_WIDTH;

/// Shape of the expression branch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpressionConfig {
    /// Numbers that describe a spot's expression: z-scored genes, or their principal components.
    pub inputs: usize,
    /// Width of a token.
    pub width: usize,
    /// Heads of attention; divides `width`.
    pub heads: usize,
    /// Length of the embedding.
    pub embedding: usize,
}

/// What the expression branch reads: `b` spots with `t - 1` neighbours each, every spot before its own.
#[derive(Debug, Clone)]
pub struct ExpressionBatch {
    /// Expression of the spots and their neighbours: `[b * t, inputs]`.
    pub expression: Tensor<2>,
    /// Where each token lies relative to its spot: `[b * t, POSITION_WIDTH]`.
    pub positions: Tensor<2>,
    /// 1 where there is a neighbour and 0 where the section has no more: `[b, t]`.
    pub mask: Tensor<2>,
}

/// The expression branch.
#[derive(Module, Debug)]
pub struct ExpressionBranch {
    input: Linear,
    position: Linear,
    first: TransformerLayer,
    second: TransformerLayer,
    norm: LayerNorm,
    out: Linear,
}

impl ExpressionConfig {
    /// The branch with its first weights.
    pub fn init(&self, weights: &mut Weights<'_>) -> ExpressionBranch {
        let (width, heads) = (self.width, self.heads);
        let layer = LayerShape { width, heads, attended: width, fed: 2 * width, biased: true };
        ExpressionBranch {
            input: weights.linear(self.inputs, self.width),
            position: weights.linear(POSITION_WIDTH, self.width),
            first: TransformerLayer::new(layer, weights),
            second: TransformerLayer::new(layer, weights),
            norm: weights.norm(self.width),
            out: weights.linear(self.width, self.embedding),
        }
    }
}

impl ExpressionBranch {
    /// Expression embeddings.
    ///
    /// # Shapes
    /// - output: `[b, embedding]`
    pub fn forward(&self, batch: &ExpressionBatch) -> Tensor<2> {
        let [count, tokens] = batch.mask.dims();
        let input = self.input.forward(batch.expression.clone());
        let x = input + self.position.forward(batch.positions.clone());
        let width = x.dims()[1];
        let x = x.reshape([count, tokens, width]);
        let penalty = (batch.mask.clone() - 1.0).mul_scalar(1e9).reshape([count, 1, 1, tokens]);
        let x = self.first.forward(x, penalty.clone(), tokens);
        // After the last layer only the spot itself is read, so only it asks there.
        let x = self.second.forward(x, penalty, 1);
        self.out.forward(self.norm.forward(x.reshape([count, width])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::positions::embed_all;
    use burn::tensor::{Device, TensorData};

    fn batch(spots: &[[usize; 3]], device: &Device) -> ExpressionBatch {
        let value = |r: usize, c: usize| ((r * 5 + c) as f32 * 0.37).sin();
        let values: Vec<f32> =
            spots.iter().flatten().flat_map(|&r| (0..5).map(move |c| value(r, c))).collect();
        let at = |r: usize| [r as f32 * 200.0, (r * r) as f32 * 40.0];
        let places: Vec<[f32; 2]> =
            spots.iter().flat_map(|s| s.map(|r| [at(r)[0] - at(s[0])[0], at(r)[1] - at(s[0])[1]])).collect();
        ExpressionBatch {
            expression: Tensor::from_data(TensorData::new(values, [spots.len() * 3, 5]), device),
            positions: embed_all(places.into_iter(), device),
            mask: Tensor::ones([spots.len(), 3], device),
        }
    }

    fn branch(device: &Device) -> ExpressionBranch {
        let config = ExpressionConfig { inputs: 5, width: 8, heads: 2, embedding: 6 };
        config.init(&mut Weights::new(5, device))
    }

    #[test]
    fn an_embedding_does_not_depend_on_its_companions() {
        let device = Device::flex();
        let branch = branch(&device);
        let alone = branch.forward(&batch(&[[2, 1, 3]], &device));
        let among = branch.forward(&batch(&[[0, 1, 2], [2, 1, 3], [5, 4, 0]], &device)).narrow(0, 1, 1);
        let worst = (alone - among).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn masked_neighbours_have_no_influence_and_others_do() {
        let device = Device::flex();
        let branch = branch(&device);
        let run = |spots, mask: [[f32; 3]; 1]| {
            let mut b = batch(&[spots], &device);
            b.mask = Tensor::from_floats(mask, &device);
            branch.forward(&b)
        };
        let a = run([2, 1, 3], [[1.0, 1.0, 0.0]]);
        let b = run([2, 1, 5], [[1.0, 1.0, 0.0]]);
        assert_eq!(a.to_data_as::<f32>(), b.to_data_as::<f32>());
        let c = run([2, 1, 3], [[1.0, 1.0, 1.0]]);
        assert!((a - c).abs().max().into_scalar::<f32>() > 1e-4);
    }
}
