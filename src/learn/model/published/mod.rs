//! The networks of the published recipe (Min et al., HisCMCL; its baseline mclSTExp): one image level and
//! expression, each through a projection head into the space where they are compared.
//!
//! Two things are not as in the released code. There, a spot attends to whatever spots are in its batch, of
//! all sections, so that its embedding depends on the batch; here it attends to its nearest spots of its own
//! section. And there, positions are learned vectors of the array's rows and columns, which say nothing on
//! the next slide; here they are sines and cosines of the distance to the spot, through a learned matrix.

mod expression;
mod head;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

pub use expression::ExpressionEncoder;
pub use head::ProjectionHead;

use super::expression::ExpressionBatch;
use super::init::Weights;

/// Shape of the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedShape {
    /// Length of an image's features.
    pub features: usize,
    /// Genes, also the width of the expression branch.
    pub genes: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Width of a head.
    pub head_width: usize,
    /// Length of what is compared.
    pub projection: usize,
}

/// Both branches but for the image encoder.
#[derive(Module, Debug)]
pub struct PublishedNetwork {
    image: ProjectionHead,
    expression: ExpressionEncoder,
    spot: ProjectionHead,
}

impl PublishedShape {
    /// The networks with the first weights of `seed`.
    pub fn init(&self, seed: u64, device: &Device) -> PublishedNetwork {
        let weights = &mut Weights::new(seed, device);
        PublishedNetwork {
            image: ProjectionHead::new(self.features, self.projection, weights),
            expression: ExpressionEncoder::new(self, weights),
            spot: ProjectionHead::new(self.genes, self.projection, weights),
        }
    }
}

impl PublishedNetwork {
    /// Image embeddings.
    ///
    /// # Shapes
    /// - features: `[b, features]`
    /// - output: `[b, projection]`
    pub fn image(&self, features: Tensor<2>) -> Tensor<2> {
        self.image.forward(features)
    }

    /// Expression embeddings.
    ///
    /// # Shapes
    /// - output: `[b, projection]`
    pub fn expression(&self, batch: &ExpressionBatch) -> Tensor<2> {
        self.spot.forward(self.expression.forward(batch))
    }
}
