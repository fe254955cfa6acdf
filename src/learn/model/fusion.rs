//! The image branch: a spot's token queries its neighbourhood, then the landmarks of its section; the
//! three are summed through gates and become the spot's image embedding.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, sigmoid};
use serde::{Deserialize, Serialize};

use super::attention::{SpotAttention, grid_positions};
use super::init::Weights;
use super::network::Noise;
use super::positions::Phases;

/// Shape of the image branch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FusionConfig {
    /// Length of a patch's features.
    pub features: usize,
    /// Side of the neighbourhood grid in patches.
    pub side: usize,
    /// Distance of neighbouring patches of that grid, in micrometres.
    pub step_um: f32,
    /// Width of a token.
    pub width: usize,
    /// Heads of attention; divides `width`.
    pub heads: usize,
    /// Length of the image embedding.
    pub embedding: usize,
}

/// What the image branch reads: `b` spots, and the landmarks of all their sections.
#[derive(Debug, Clone)]
pub struct ImageBatch {
    /// Standardised features of the spots: `[b, features]`.
    pub spot: Tensor<2>,
    /// Those of their neighbourhoods: `[b * side^2, features]`.
    pub near: Tensor<2>,
    /// 1 where a neighbourhood patch shows tissue, else 0: `[b, side^2]`.
    pub near_mask: Tensor<2>,
    /// Where the spots lie: `[b, ANGLES]`.
    pub spot_phases: Phases,
    /// Standardised features of the landmarks: `[m, features]`.
    pub landmarks: Tensor<2>,
    /// Where the landmarks lie: `[m, ANGLES]`.
    pub landmark_phases: Phases,
    /// 1 where a landmark is of the spot's section, else 0: `[b, m]`.
    pub landmark_mask: Tensor<2>,
}

/// The image branch.
#[derive(Module, Debug)]
pub struct Fusion {
    token: Linear,
    token_norm: LayerNorm,
    /// What tells tokens of the three levels apart: `[3, width]`.
    level: Param<Tensor<2>>,
    near: SpotAttention,
    global: SpotAttention,
    gate: Linear,
    norm: LayerNorm,
    hidden: Linear,
    out: Linear,
    side: usize,
    step_um: f32,
}

impl FusionConfig {
    /// The branch with its first weights.
    pub fn init(&self, weights: &mut Weights<'_>) -> Fusion {
        let width = self.width;
        Fusion {
            token: weights.linear(self.features, width),
            token_norm: weights.norm(width),
            level: weights.uniform([3, width], width),
            near: SpotAttention::new(width, self.heads, weights),
            global: SpotAttention::new(width, self.heads, weights),
            gate: weights.linear(3 * width, 2 * width),
            norm: weights.norm(width),
            hidden: weights.linear(width, 2 * width),
            out: weights.linear(3 * width, self.embedding),
            side: self.side,
            step_um: self.step_um,
        }
    }
}

impl Fusion {
    /// Tokens of patches, the same layer for all levels.
    ///
    /// # Shapes
    /// - features: `[n, features]`
    /// - output: `[n, width]`
    fn tokens(&self, features: Tensor<2>, noise: &Noise) -> Tensor<2> {
        // Leaving out a feature everywhere is leaving out its row of the weights, which is much smaller.
        let weight = match &noise.features {
            Some(kept) => self.token.weight.val() * kept.clone(),
            None => self.token.weight.val(),
        };
        let x = features.matmul(weight);
        let x = match &self.token.bias {
            Some(bias) => x + bias.val().unsqueeze(),
            None => x,
        };
        self.token_norm.forward(x)
    }

    /// Image embeddings.
    ///
    /// # Shapes
    /// - output: `[b, embedding]`
    pub fn forward(&self, batch: &ImageBatch, noise: &Noise) -> Tensor<2> {
        let [count, _] = batch.spot.dims();
        let patches = self.side * self.side;
        let level = self.level.val();
        let [_, width] = level.dims();
        let of_level = |i: usize| level.clone().narrow(0, i, 1);

        // A token's level is the same for all tokens that one query sees, so it cancels in the softmax
        // and is added to their mean instead of to each.
        let spot = self.tokens(batch.spot.clone(), noise) + of_level(0);
        let near_tokens = self.tokens(batch.near.clone(), noise).reshape([count, patches, width]);
        let near = self.near.own_tokens(
            spot.clone(),
            near_tokens,
            grid_positions(self.side, self.step_um, &spot.device()),
            batch.near_mask.clone(),
        ) + of_level(1);
        let global = self.global.shared_tokens(
            spot.clone() + near.clone(),
            &batch.spot_phases,
            self.tokens(batch.landmarks.clone(), noise),
            &batch.landmark_phases,
            batch.landmark_mask.clone(),
        ) + of_level(2);

        let gates =
            sigmoid(self.gate.forward(Tensor::cat(vec![spot.clone(), near.clone(), global.clone()], 1)));
        let near_gate = gates.clone().narrow(1, 0, width);
        let global_gate = gates.narrow(1, width, width);
        let fused = self.norm.forward(spot + near_gate * near + global_gate * global);
        let fused = match &noise.hidden {
            Some(kept) => fused * kept.clone(),
            None => fused,
        };
        let hidden = gelu(self.hidden.forward(fused.clone()));
        self.out.forward(Tensor::cat(vec![fused, hidden], 1))
    }
}
