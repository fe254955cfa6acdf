//! Cross-attention with one query a spot.
//!
//! With a single query the projections of keys and values can be moved from the tokens to the spot:
//! `q . (Wk t) = (Wk' q) . t` and `sum w (Wv t) = Wv (sum w t)`. The result is that of ordinary
//! multi-head attention; the cost no longer has a product of every token with two matrices.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use super::init::Weights;
use super::positions::{POSITION_WIDTH, Phases};

/// What is added to the score of a masked token: its weight becomes exactly 0 in single precision.
const MASKED: f32 = -1e9;

/// Multi-head cross-attention of one query a spot over tokens with relative positions.
#[derive(Module, Debug)]
pub struct SpotAttention {
    query: Linear,
    /// `[heads, width / heads, width]`: a head's query as a query for tokens.
    key: Param<Tensor<3>>,
    /// `[heads, width, width / heads]`: a head's mean token as its value.
    value: Param<Tensor<3>>,
    /// `[POSITION_WIDTH, width]`: what a relative position adds to a token.
    position: Param<Tensor<2>>,
    out: Linear,
}

impl SpotAttention {
    /// Attention over tokens of `width` numbers; `width` is a multiple of `heads`.
    pub fn new(width: usize, heads: usize, weights: &mut Weights<'_>) -> Self {
        let head = width / heads;
        Self {
            query: weights.linear(width, width),
            key: weights.uniform([heads, head, width], width),
            value: weights.uniform([heads, width, head], width),
            position: weights.uniform([POSITION_WIDTH, width], POSITION_WIDTH * 4),
            out: weights.linear(width, width),
        }
    }

    /// Queries for tokens, one a head, scaled by 1/sqrt(width of a head).
    ///
    /// # Shapes
    /// - spot: `[batch, width]`
    /// - output: `[batch, heads, width]`
    fn queries(&self, spot: Tensor<2>) -> Tensor<3> {
        let key = self.key.val();
        let [heads, head, _] = key.dims();
        let [batch, _] = spot.dims();
        let q = self.query.forward(spot).div_scalar((head as f32).sqrt());
        q.reshape([batch, heads, head]).swap_dims(0, 1).matmul(key).swap_dims(0, 1)
    }

    /// The heads' mean tokens as one vector a spot.
    ///
    /// # Shapes
    /// - mean: `[batch, heads, width]`
    /// - output: `[batch, width]`
    fn values(&self, mean: Tensor<3>) -> Tensor<2> {
        let value = self.value.val();
        let [batch, heads, width] = mean.dims();
        let v = mean.swap_dims(0, 1).matmul(value).swap_dims(0, 1);
        let _ = heads;
        self.out.forward(v.reshape([batch, width]))
    }

    /// Every spot has tokens of its own, at the same places relative to each spot.
    ///
    /// # Shapes
    /// - spot: `[batch, width]`
    /// - tokens: `[batch, count, width]`
    /// - positions: `[count, POSITION_WIDTH]`, relative to the spot
    /// - mask: `[batch, count]`, 1 where there is a token and 0 where there is none
    /// - output: `[batch, width]`; that of no token at all where all are masked
    pub fn own_tokens(
        &self,
        spot: Tensor<2>,
        tokens: Tensor<3>,
        positions: Tensor<2>,
        mask: Tensor<2>,
    ) -> Tensor<2> {
        let q = self.queries(spot);
        let [batch, heads, width] = q.dims();
        let count = positions.dims()[0];
        let places = positions.matmul(self.position.val());
        let by_place = q.clone().reshape([batch * heads, width]).matmul(places.clone().transpose());
        let scores = q.matmul(tokens.clone().swap_dims(1, 2)) + by_place.reshape([batch, heads, count]);
        let w = masked_softmax(scores, mask);
        let of_places = w.clone().reshape([batch * heads, count]).matmul(places);
        self.values(w.matmul(tokens) + of_places.reshape([batch, heads, width]))
    }

    /// All spots share the tokens; positions are relative to each spot.
    ///
    /// # Shapes
    /// - spot: `[batch, width]`
    /// - spot_phases: `[batch, ANGLES]`
    /// - tokens: `[count, width]`
    /// - token_phases: `[count, ANGLES]`
    /// - mask: `[batch, count]`, 1 where the spot may look and 0 where not
    /// - output: `[batch, width]`; that of no token at all where all are masked
    pub fn shared_tokens(
        &self,
        spot: Tensor<2>,
        spot_phases: &Phases,
        tokens: Tensor<2>,
        token_phases: &Phases,
        mask: Tensor<2>,
    ) -> Tensor<2> {
        let q = self.queries(spot);
        let [batch, heads, width] = q.dims();
        let rows = batch * heads;
        let count = tokens.dims()[0];
        let position = self.position.val();
        let flat = q.reshape([rows, width]);
        let by_place = flat.clone().matmul(position.clone().transpose());
        let by_place = spot_phases.turn_query(by_place.reshape([batch, heads, POSITION_WIDTH]));
        let places = token_phases.joined();
        let scores = flat.matmul(tokens.clone().transpose())
            + by_place.reshape([rows, POSITION_WIDTH]).matmul(places.clone().transpose());
        let w = masked_softmax(scores.reshape([batch, heads, count]), mask).reshape([rows, count]);
        let of_places =
            spot_phases.turn_sum(w.clone().matmul(places).reshape([batch, heads, POSITION_WIDTH]));
        let mean = w.matmul(tokens) + of_places.reshape([rows, POSITION_WIDTH]).matmul(position);
        self.values(mean.reshape([batch, heads, width]))
    }
}

/// Softmax over the last axis of the tokens that are there; all 0 where none is.
///
/// # Shapes
/// - scores: `[batch, heads, count]`
/// - mask: `[batch, count]`
/// - output: `[batch, heads, count]`
fn masked_softmax(scores: Tensor<3>, mask: Tensor<2>) -> Tensor<3> {
    let mask = mask.unsqueeze_dim::<3>(1);
    let penalty = (mask.clone() - 1.0).mul_scalar(-MASKED);
    softmax(scores + penalty, 2) * mask
}

/// The positions of a square grid of patches relative to its middle, row by row.
///
/// # Shapes
/// - output: `[side * side, POSITION_WIDTH]`
pub fn grid_positions(side: usize, step_um: f32, device: &Device) -> Tensor<2> {
    let middle = (side as f32 - 1.0) / 2.0;
    let at = move |i: usize| (i as f32 - middle) * step_um;
    super::positions::embed_all((0..side * side).map(|i| [at(i % side), at(i / side)]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::positions::embed_all;
    use burn::tensor::TensorData;

    fn ramp<const D: usize>(shape: [usize; D], step: f32, device: &Device) -> Tensor<D> {
        let n = shape.iter().product::<usize>();
        let v: Vec<f32> = (0..n).map(|i| (i as f32 * step).sin()).collect();
        Tensor::from_data(TensorData::new(v, shape), device)
    }

    fn close<const D: usize>(a: Tensor<D>, b: Tensor<D>, tolerance: f32) {
        let worst = (a - b).abs().max().into_scalar::<f32>();
        assert!(worst < tolerance, "they differ by {worst}");
    }

    #[test]
    fn masked_tokens_have_no_influence() {
        let device = Device::flex();
        let attention = SpotAttention::new(8, 2, &mut Weights::new(1, &device));
        let spot = ramp([2, 8], 0.3, &device);
        let positions = embed_all([[0.0, 0.0], [112.0, 0.0], [0.0, 112.0]].into_iter(), &device);
        let mask = Tensor::from_floats([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]], &device);
        let tokens = ramp([2, 3, 8], 0.9, &device);
        let noise = mask.clone().sub_scalar(1.0).mul_scalar(1e3).unsqueeze_dim::<3>(2);
        let a = attention.own_tokens(spot.clone(), tokens.clone(), positions.clone(), mask.clone());
        let b = attention.own_tokens(spot.clone(), tokens.clone() + noise, positions.clone(), mask);
        assert_eq!(a.to_data_as::<f32>(), b.to_data_as::<f32>());
        let all = attention.own_tokens(
            spot.clone(),
            tokens.clone(),
            positions.clone(),
            Tensor::ones([2, 3], &device),
        );
        assert!((all - a).abs().max().into_scalar::<f32>() > 1e-4, "the mask does nothing");
        // Nothing to look at: nothing but the bias, which starts at 0.
        let none = attention.own_tokens(spot, tokens, positions, Tensor::zeros([2, 3], &device));
        close(none, Tensor::zeros([2, 8], &device), 1e-6);
    }

    /// Against attention written out head by head with keys and values of every token.
    #[test]
    fn equals_ordinary_multi_head_attention() {
        let device = Device::flex();
        let (heads, width, head) = (2, 8, 4);
        let attention = SpotAttention::new(width, heads, &mut Weights::new(3, &device));
        let spot = ramp([1, width], 0.5, &device);
        let tokens = ramp([3, width], 0.8, &device);
        let at = [[0.0, 0.0], [112.0, 0.0], [0.0, 112.0]];
        let placed = tokens.clone() + embed_all(at.into_iter(), &device).matmul(attention.position.val());
        let q = attention.query.forward(spot.clone());
        let mut outs = Vec::new();
        for h in 0..heads {
            let wk = attention.key.val().narrow(0, h, 1).squeeze_dim::<2>(0);
            let wv = attention.value.val().narrow(0, h, 1).squeeze_dim::<2>(0);
            let keys = placed.clone().matmul(wk.transpose());
            let scores = q.clone().narrow(1, h * head, head).matmul(keys.transpose());
            outs.push(softmax(scores.div_scalar(2.0), 1).matmul(placed.clone().matmul(wv)));
        }
        let expected = attention.out.forward(Tensor::cat(outs, 1));
        let own = attention.own_tokens(
            spot.clone(),
            tokens.clone().unsqueeze_dim(0),
            embed_all(at.into_iter(), &device),
            Tensor::ones([1, 3], &device),
        );
        close(own, expected.clone(), 1e-5);
        // The same tokens shared, at absolute places around a spot far from the origin.
        let origin = [9_000.0, 4_000.0];
        let shared = attention.shared_tokens(
            spot,
            &Phases::new([origin].into_iter(), &device),
            tokens,
            &Phases::new(at.map(|p| [p[0] + origin[0], p[1] + origin[1]]).into_iter(), &device),
            Tensor::ones([1, 3], &device),
        );
        close(shared, expected, 1e-4);
    }

    #[test]
    fn the_grid_is_centred_and_runs_row_by_row() {
        let device = Device::flex();
        let grid = grid_positions(3, 112.0, &device);
        let expected = embed_all([[-112.0, -112.0], [0.0, 0.0], [0.0, 112.0]].into_iter(), &device);
        let picked = grid.select(0, Tensor::from_ints([0, 4, 7], &device));
        close(picked, expected, 1e-6);
    }
}
