//! First weights, drawn from a seed of our own: a device's random numbers are shared by everything that
//! runs on it, so they would not repeat.

use burn::module::Param;
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::core::rng::stream;

/// Draws the first weights of a network, always the same ones for a seed and an order of calls.
#[derive(Debug)]
pub struct Weights<'a> {
    rng: ChaCha8Rng,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    /// Weights of the network seeded by `seed`, on `device`.
    pub fn new(seed: u64, device: &'a Device) -> Self {
        Self { rng: stream(seed, "first weights", 0), device }
    }

    /// The device that the weights are on.
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// Values from the uniform distribution on +-1/sqrt(`inputs`), as PyTorch's linear layers begin.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], inputs: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (inputs.max(1) as f32).sqrt();
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| self.rng.random_range(-bound..=bound)).collect();
        Param::from_data(TensorData::new(values, shape), self.device)
    }

    /// The same value everywhere.
    pub fn constant<const D: usize>(&mut self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        let count = shape.iter().product();
        Param::from_data(TensorData::new(vec![value; count], shape), self.device)
    }

    /// A linear layer with bias 0.
    pub fn linear(&mut self, inputs: usize, outputs: usize) -> Linear {
        Linear { weight: self.uniform([inputs, outputs], inputs), bias: Some(self.constant([outputs], 0.0)) }
    }

    /// A linear layer without bias.
    pub fn matrix(&mut self, inputs: usize, outputs: usize) -> Linear {
        Linear { weight: self.uniform([inputs, outputs], inputs), bias: None }
    }

    /// A layer norm.
    pub fn norm(&mut self, width: usize) -> LayerNorm {
        LayerNormConfig::new(width).init(self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_repeat_and_stay_in_bounds() {
        let device = Device::flex();
        let draw = |seed| Weights::new(seed, &device).uniform([8, 4], 8).val().to_data_as::<f32>();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let bound = 1.0 / 8f32.sqrt();
        assert!(draw(1).try_to_vec::<f32>().unwrap().iter().all(|v| v.abs() <= bound));
    }
}
