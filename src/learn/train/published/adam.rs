//! Adam (Kingma and Ba 2015) on one vector, with weight decay in the gradient, as PyTorch's `Adam` has it.

use burn::tensor::{Device, Tensor};

use crate::predict::embed::values;
use crate::train::optimizer::{Moments, on_device};

/// Parameters and what the optimiser remembers of them; all vectors are of the same length.
#[derive(Debug, Clone)]
pub struct PublishedAdam {
    /// The parameters.
    pub parameters: Tensor<1>,
    moments: Moments,
}

/// The state of [`PublishedAdam`] on the host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PublishedAdamState {
    /// Parameters, first and second moments.
    pub vectors: [Vec<f32>; 3],
    /// Steps taken.
    pub steps: u64,
}

impl PublishedAdam {
    /// Before the first step.
    pub fn new(parameters: Tensor<1>) -> Self {
        let moments = Moments::new(&parameters);
        Self { parameters, moments }
    }

    /// The state to store.
    pub fn save(&self) -> PublishedAdamState {
        let Moments { first, second, steps } = &self.moments;
        let vectors = [&self.parameters, first, second].map(|t| values(t.clone()));
        PublishedAdamState { vectors, steps: *steps }
    }

    /// From a stored state.
    pub fn restore(saved: &PublishedAdamState, device: &Device) -> Self {
        let [parameters, first, second] = saved.vectors.each_ref().map(|v| on_device(v, device));
        Self { parameters, moments: Moments { first, second, steps: saved.steps } }
    }

    /// One step along `gradient`.
    pub fn step(&mut self, gradient: Tensor<1>, rate: f64, weight_decay: f64) {
        let gradient = gradient + self.parameters.clone().mul_scalar(weight_decay);
        self.parameters = self.parameters.clone() - self.moments.update(gradient, rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: with decay 0.5 the gradients of (2, -4) are (3 + 1, 0 - 2), and the first step moves each by
    /// rate * sign. In the second step the gradients are the same but for decay of what moved:
    /// first 0.9 * 0.4 + 0.1 * 3.95 = 0.755 over 0.19; second moments 0.999 * 0.016 + 0.001 * 15.6025 over
    /// 0.001999: 3.97368 / 3.97503 = 0.99966 times the rate.
    #[test]
    fn the_first_steps_are_known() {
        let device = Device::flex();
        let mut adam = PublishedAdam::new(Tensor::from_floats([2.0, -4.0], &device));
        adam.step(Tensor::from_floats([3.0, 0.0], &device), 0.1, 0.5);
        let p = values(adam.parameters.clone());
        assert!((p[0] - 1.9).abs() < 1e-5 && (p[1] + 3.9).abs() < 1e-5, "{p:?}");
        let mut again = PublishedAdam::restore(&adam.save(), &device);
        assert_eq!(again.save(), adam.save());
        again.step(Tensor::from_floats([3.0, 0.0], &device), 0.1, 0.5);
        let p = values(again.parameters.clone());
        assert!((p[0] - (1.9 - 0.099_966)).abs() < 1e-5, "{p:?}");
    }
}
