//! Both branches, their projection heads, and the regression head.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::expression::{ExpressionBatch, ExpressionBranch, ExpressionConfig};
use super::fusion::{Fusion, FusionConfig, ImageBatch};
use super::init::Weights;
use super::losses::info_nce;

/// Shape of the whole network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// The image branch.
    pub fusion: FusionConfig,
    /// The expression branch.
    pub expression: ExpressionConfig,
    /// Length of what the contrastive loss compares.
    pub projection: usize,
    /// Numbers that the regression head predicts: genes, or their principal components.
    pub outputs: usize,
}

/// What is left out or kept at random in one training step; kept values are scaled so that the mean stays.
#[derive(Debug, Clone, Default)]
pub struct Noise {
    /// Features, the same ones of all patches: `[features, 1]`.
    pub features: Option<Tensor<2>>,
    /// Of the fused tokens: `[b, width]`.
    pub hidden: Option<Tensor<2>>,
    /// Of the image embeddings before the regression head: `[b, embedding]`.
    pub embedding: Option<Tensor<2>>,
}

/// What the image side gives for `b` spots.
#[derive(Debug, Clone)]
pub struct ImageOutput {
    /// Image embeddings: `[b, embedding]`.
    pub embedding: Tensor<2>,
    /// What the regression head predicts: `[b, outputs]`.
    pub predicted: Tensor<2>,
}

/// The network.
#[derive(Module, Debug)]
pub struct Network {
    fusion: Fusion,
    expression: ExpressionBranch,
    project_image: Linear,
    project_expression: Linear,
    head: Linear,
    /// Logarithm of the inverse temperature of the contrastive loss: `[1]`.
    log_scale: Param<Tensor<1>>,
}

impl NetworkConfig {
    /// The network with the first weights of `seed`.
    pub fn init(&self, seed: u64, device: &Device) -> Network {
        let weights = &mut Weights::new(seed, device);
        Network {
            fusion: self.fusion.init(weights),
            expression: self.expression.init(weights),
            project_image: weights.linear(self.fusion.embedding, self.projection),
            project_expression: weights.linear(self.expression.embedding, self.projection),
            head: weights.linear(self.fusion.embedding, self.outputs),
            // A temperature of 0.07, as in CLIP.
            log_scale: weights.constant([1], (1.0f32 / 0.07).ln()),
        }
    }
}

impl Network {
    /// Embeds spots by their images and predicts their expression.
    pub fn image(&self, batch: &ImageBatch, noise: &Noise) -> ImageOutput {
        let embedding = self.fusion.forward(batch, noise);
        let read = match &noise.embedding {
            Some(kept) => embedding.clone() * kept.clone(),
            None => embedding.clone(),
        };
        ImageOutput { embedding, predicted: self.head.forward(read) }
    }

    /// The contrastive loss between image embeddings and the expression of the same spots.
    ///
    /// # Shapes
    /// - image: `[b, embedding]`
    /// - output: `[1]`
    pub fn contrast(&self, image: Tensor<2>, expression: &ExpressionBatch) -> Tensor<1> {
        info_nce(
            self.project_image.forward(image),
            self.project_expression.forward(self.expression.forward(expression)),
            self.log_scale.val(),
        )
    }
}
