//! AdamW (Loshchilov and Hutter 2019) on all parameters as one vector, with a moving average of them.

use burn::tensor::{Device, Tensor, TensorData};

use crate::model::parameters::Layout;
use crate::predict::embed::values;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Means of past gradients and of their squares (Kingma and Ba 2015).
#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub first: Tensor<1>,
    pub second: Tensor<1>,
    /// Steps taken.
    pub steps: u64,
}

impl Moments {
    /// Before the first step of parameters of this length.
    pub fn new(parameters: &Tensor<1>) -> Self {
        let zeros = parameters.zeros_like();
        Self { first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// Takes `gradient` in: what a step at this rate subtracts from the parameters.
    pub fn update(&mut self, gradient: Tensor<1>, rate: f64) -> Tensor<1> {
        self.steps += 1;
        let t = self.steps as f64;
        self.first = self.first.clone().mul_scalar(BETA_1) + gradient.clone().mul_scalar(1.0 - BETA_1);
        self.second = self.second.clone().mul_scalar(BETA_2) + gradient.square().mul_scalar(1.0 - BETA_2);
        let (first_share, second_share) = (1.0 - BETA_1.powf(t), 1.0 - BETA_2.powf(t));
        let scale = self.second.clone().div_scalar(second_share).sqrt().add_scalar(EPSILON);
        self.first.clone().mul_scalar(rate / first_share) / scale
    }
}

/// A vector from the host.
pub(super) fn on_device(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// The settings of a step that stay the same.
#[derive(Debug, Clone, Copy)]
pub struct AdamWConfig {
    /// How strongly matrices are pulled to zero, times the learning rate.
    pub weight_decay: f64,
    /// The greatest length of a gradient.
    pub clip: f64,
    /// Share of the average that a step keeps, once there have been enough.
    pub average_decay: f64,
}

/// Parameters and what the optimiser remembers of them; all vectors are of the same length.
#[derive(Debug, Clone)]
pub struct Adam {
    /// The parameters.
    pub parameters: Tensor<1>,
    /// Their moving average.
    pub average: Tensor<1>,
    moments: Moments,
    /// Weight decay multiplies these: 1 for matrices, 0 for biases, norms and single numbers.
    decays: Tensor<1>,
}

/// The state of [`Adam`] on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamState {
    /// Parameters, average, first and second moments.
    pub vectors: [Vec<f32>; 4],
    /// Steps taken.
    pub steps: u64,
}

impl Adam {
    /// Before the first step.
    pub fn new(parameters: Tensor<1>, layout: &Layout, device: &Device) -> Self {
        let moments = Moments::new(&parameters);
        Self { average: parameters.clone(), moments, decays: decays(layout, device), parameters }
    }

    /// The state to store.
    pub fn save(&self) -> AdamState {
        let Moments { first, second, steps } = &self.moments;
        let vectors = [&self.parameters, &self.average, first, second].map(|t| values(t.clone()));
        AdamState { vectors, steps: *steps }
    }

    /// From a stored state.
    pub fn restore(saved: &AdamState, layout: &Layout, device: &Device) -> Self {
        let [parameters, average, first, second] = saved.vectors.each_ref().map(|v| on_device(v, device));
        let moments = Moments { first, second, steps: saved.steps };
        Self { parameters, average, moments, decays: decays(layout, device) }
    }

    /// One step along `gradient`.
    pub fn step(&mut self, gradient: Tensor<1>, rate: f64, rules: &AdamWConfig) {
        // The length stays on the device: reading it would wait for the whole backward pass.
        let length = square_length(&gradient).sqrt().add_scalar(1e-12);
        let shrink = length.recip().mul_scalar(rules.clip).clamp_max(1.0);
        let update = self.moments.update(gradient * shrink, rate);
        let kept = self.decays.clone().mul_scalar(-rate * rules.weight_decay).add_scalar(1.0);
        self.parameters = self.parameters.clone() * kept - update;
        // In the beginning the average follows closely, or the first weights would stay in it.
        let t = self.moments.steps as f64;
        let decay = rules.average_decay.min((1.0 + t) / (10.0 + t));
        self.average =
            self.average.clone().mul_scalar(decay) + self.parameters.clone().mul_scalar(1.0 - decay);
    }
}

/// The sum of squares, part by part: the CPU sums longer vectors in parallel, in an order of its own.
fn square_length(v: &Tensor<1>) -> Tensor<1> {
    const PART: usize = 1 << 20;
    let [count] = v.dims();
    let part = |start: usize| v.clone().narrow(0, start, PART.min(count - start)).square().sum();
    Tensor::cat((0..count).step_by(PART).map(part).collect(), 0).sum()
}

fn decays(layout: &Layout, device: &Device) -> Tensor<1> {
    let values: Vec<f32> = layout
        .entries
        .iter()
        .flat_map(|e| std::iter::repeat_n(if e.shape.len() >= 2 { 1.0 } else { 0.0 }, e.len()))
        .collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parameters::Entry;

    /// PyTorch's rule by hand: after one step Adam moves each parameter by rate * sign(gradient); AdamW
    /// first shrinks matrices by 1 - rate * decay. The gradient (3, 4) has length 5 and is clipped to 1,
    /// which does not change its sign.
    #[test]
    fn the_first_step_is_known() {
        let device = Device::flex();
        let layout = Layout {
            entries: vec![
                Entry { path: "w".into(), shape: vec![1, 1], start: 0 },
                Entry { path: "b".into(), shape: vec![1], start: 1 },
            ],
        };
        let mut adam = Adam::new(Tensor::from_floats([2.0, 2.0], &device), &layout, &device);
        let rules = AdamWConfig { weight_decay: 0.5, clip: 1.0, average_decay: 0.9 };
        adam.step(Tensor::from_floats([3.0, -4.0], &device), 0.1, &rules);
        let p = values(adam.parameters.clone());
        assert!((p[0] - (2.0 * 0.95 - 0.1)).abs() < 1e-5 && (p[1] - 2.1).abs() < 1e-5, "{p:?}");
        let m = values(adam.moments.first.clone());
        assert!((m[0] - 0.06).abs() < 1e-6 && (m[1] + 0.08).abs() < 1e-6, "clipped to 0.6 and -0.8: {m:?}");
        // Average: decay is 2 / 11 after the first step.
        let a = values(adam.average.clone());
        assert!((a[1] - (2.0 * 2.0 / 11.0 + 2.1 * 9.0 / 11.0)).abs() < 1e-5, "{a:?}");
        let again = Adam::restore(&adam.save(), &layout, &device);
        assert_eq!(again.save(), adam.save());
    }
}
