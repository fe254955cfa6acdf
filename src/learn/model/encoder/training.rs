//! Training a convolutional encoder by a gradient that comes from outside, a chunk of images at a time.
//!
//! A contrastive loss needs the embeddings of a whole batch at once, and the feature maps of a whole batch do
//! not fit in memory. So the features of all chunks are computed first, without keeping maps; the loss gives
//! the gradient of every feature; then each chunk goes through the network once more, now keeping maps, and
//! its part of the gradient is carried back (Gao et al. 2021, "Scaling deep contrastive learning batch size
//! under memory limited setup"). The sum over the chunks is exactly the gradient of the whole batch, given
//! that batch normalisation goes by the chunk in both.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use rand_distr::{Distribution, StandardNormal};

use super::architecture::Architecture;
use super::parameters::{Array, Parameters};
use super::tensor::{Parameter, TensorNetwork};
use crate::core::rng::stream;

/// How much a chunk moves the running statistics: PyTorch's default.
const MOMENTUM: f32 = 0.1;
/// Names of what is not trained end so.
const RUNNING: [&str; 2] = [".running_mean", ".running_var"];

/// An encoder in training: everything but its trained parameters, which are one vector outside.
#[derive(Debug, Clone)]
pub struct Training {
    architecture: Architecture,
    /// Name and shape of the trained parameters, in the order of the vector.
    trained: Vec<(String, Vec<usize>)>,
    /// Running mean and variance of the batch normalisations, by name.
    running: Parameters,
}

/// What a chunk gave.
#[derive(Debug)]
pub struct Chunk {
    /// Gradient of the trained parameters.
    pub gradient: Tensor<1>,
    /// New values for running statistics, to be taken in by [`Training::observe`].
    seen: Vec<(String, Vec<f32>, Vec<f32>)>,
}

/// First parameters for `architecture`, drawn from `seed` as torchvision does: kernels by He's rule, scales 1.
pub fn first_parameters(architecture: &Architecture, side: usize, seed: u64) -> Parameters {
    let mut rng = stream(seed, "first encoder weights", 0);
    let listed = architecture.list(side).parameters;
    let draw = |(name, shape): (String, Vec<usize>)| {
        let count = shape.iter().product();
        let values = match shape[..] {
            [_, channels, height, width] => {
                let deviation = (2.0 / (channels * height * width).max(1) as f32).sqrt();
                let normal = |_| -> f32 { StandardNormal.sample(&mut rng) };
                (0..count).map(normal).map(|v| v * deviation).collect()
            }
            _ if name.ends_with(".weight") || name.ends_with(".running_var") => vec![1.0; count],
            _ => vec![0.0; count],
        };
        (name, Array { shape, values })
    };
    listed.into_iter().map(draw).collect()
}

impl Training {
    /// Takes apart all parameters of a network of convolutions: what is trained comes back as one vector.
    pub fn new(architecture: Architecture, parameters: Parameters) -> (Self, Vec<f32>) {
        let is_running = |name: &str| RUNNING.iter().any(|ending| name.ends_with(ending));
        let (running, trained): (Parameters, Parameters) =
            parameters.into_iter().partition(|(name, _)| is_running(name));
        let mut vector = Vec::new();
        let mut names = Vec::new();
        for (name, array) in trained {
            vector.extend(array.values);
            names.push((name, array.shape));
        }
        (Self { architecture, trained: names, running }, vector)
    }

    /// Puts all parameters together.
    pub fn parameters(&self, vector: &[f32]) -> Parameters {
        let mut all = self.running.clone();
        let mut rest = vector;
        for (name, shape) in &self.trained {
            let (values, after) = rest.split_at(shape.iter().product::<usize>().min(rest.len()));
            all.insert(name.clone(), Array { shape: shape.clone(), values: values.to_vec() });
            rest = after;
        }
        all
    }

    /// The running statistics, in a fixed order, to be stored.
    pub fn running(&self) -> Vec<f32> {
        self.running.values().flat_map(|array| array.values.iter().copied()).collect()
    }

    /// Takes back what [`Training::running`] gave; as many values as there are.
    pub fn restore_running(&mut self, values: &[f32]) {
        let mut values = values.iter();
        for slot in self.running.values_mut().flat_map(|array| array.values.iter_mut()) {
            *slot = values.next().copied().unwrap_or(*slot);
        }
    }

    /// Moves the running statistics towards those of a chunk.
    pub fn observe(&mut self, chunk: &Chunk) {
        for (norm, mean, variance) in &chunk.seen {
            for (ending, seen) in RUNNING.iter().zip([mean, variance]) {
                let Some(array) = self.running.get_mut(&format!("{norm}{ending}")) else { continue };
                for (kept, seen) in array.values.iter_mut().zip(seen) {
                    *kept += MOMENTUM * (seen - *kept);
                }
            }
        }
    }

    /// Features of a chunk of normalised images `[b, 3, side, side]`, batch normalisation going by the chunk:
    /// `[b, width]`. `vector` and `images` are without autodiff.
    pub fn features(&self, vector: &Tensor<1>, images: Tensor<4>) -> Tensor<2> {
        self.network(vector, false, &images.device()).forward(images)
    }

    /// The gradient of the parameters, given that of the features of the chunk: `[b, width]`.
    pub fn backward(&self, vector: &Tensor<1>, images: Tensor<4>, gradient: Tensor<2>) -> Chunk {
        let network = self.network(vector, true, &images.device());
        let loss = (network.forward(images) * gradient).sum();
        let gradients = loss.backward();
        let of = |(name, _): &(String, Vec<usize>)| {
            let value = network.parameters().get(name).map(|p| p.values.clone())?;
            Some(value.grad(&gradients).unwrap_or_else(|| value.without_autodiff().zeros_like()))
        };
        let gradient = Tensor::cat(self.trained.iter().filter_map(of).collect(), 0);
        let host = |t: Tensor<1>| t.into_data().iter::<f32>().collect();
        let seen = network.observed().into_iter().map(|o| (o.norm, host(o.mean), host(o.variance)));
        Chunk { gradient, seen: seen.collect() }
    }

    fn network(&self, vector: &Tensor<1>, trainable: bool, device: &Device) -> TensorNetwork {
        let mut start = 0;
        let mut parameters = BTreeMap::new();
        for (name, shape) in &self.trained {
            let count = shape.iter().product();
            let values = vector.clone().narrow(0, start, count);
            let values = if trainable { Tensor::from_inner(values).require_grad() } else { values };
            start += count;
            parameters.insert(name.clone(), Parameter { values, shape: shape.clone() });
        }
        TensorNetwork::in_training(self.architecture.clone(), parameters, device)
    }
}

/// Images of `side` pixels, RGB side by side, as a batch.
pub fn image_batch(values: Vec<f32>, side: usize, device: &Device) -> Tensor<4> {
    let count = values.len() / (side * side * 3);
    let images: Tensor<4> = Tensor::from_data(TensorData::new(values, [count, side, side, 3]), device);
    images.permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encoder::CpuNetwork;
    use crate::model::encoder::architecture::DenseNet;
    use crate::model::losses::product_cross_entropy;

    const SIDE: usize = 32;

    fn tiny() -> Architecture {
        Architecture::Densenet(DenseNet { stem: 6, growth: 4, bottleneck: 2, blocks: vec![2, 2] })
    }

    fn images(count: usize, device: &Device) -> Tensor<4> {
        let values = (0..count * SIDE * SIDE * 3).map(|i| ((i * i % 9_973) as f32 * 0.37).sin()).collect();
        image_batch(values, SIDE, device)
    }

    fn host<const D: usize>(t: Tensor<D>) -> Vec<f32> {
        t.into_data().iter::<f32>().collect()
    }

    /// The loss of features: a product with fixed numbers, contrasted with others.
    fn loss(features: Tensor<2>) -> Tensor<1> {
        let [count, width] = features.dims();
        let fixed = |rows: usize, seed: f32| -> Tensor<2> {
            let values = (0..rows * 5).map(|i| (i as f32 * 1.7 + seed).sin()).collect::<Vec<f32>>();
            Tensor::from_data(TensorData::new(values, [rows, 5]), &Device::flex())
        };
        product_cross_entropy(features.matmul(fixed(width, 0.3)), fixed(count, 0.9))
    }

    #[test]
    fn chunk_by_chunk_is_the_gradient_of_the_whole_batch() {
        let device = Device::flex();
        let (training, vector) = Training::new(tiny(), first_parameters(&tiny(), SIDE, 1));
        let count = vector.len();
        let vector = Tensor::from_data(TensorData::new(vector, [count]), &device);
        let all = images(12, &device);
        let chunks: Vec<Tensor<4>> =
            [(0, 5), (5, 4), (9, 3)].map(|(at, n)| all.clone().narrow(0, at, n)).into();

        // In one graph: all maps of all chunks at once.
        let network = training.network(&vector, true, &device);
        let whole = Tensor::cat(chunks.iter().map(|c| network.forward(c.clone())).collect(), 0);
        let value = loss(whole);
        let gradients = value.backward();
        let mut expected = Vec::new();
        for (name, _) in &training.trained {
            expected.extend(host(network.parameters()[name].values.grad(&gradients).unwrap()));
        }

        // Features without a graph, their gradient, and the chunks once more.
        let features = Tensor::cat(chunks.iter().map(|c| training.features(&vector, c.clone())).collect(), 0);
        let features = Tensor::from_inner(features).require_grad();
        let again = loss(features.clone());
        let of_features = features.grad(&again.backward()).unwrap();
        let (mut sum, mut at) = (vector.zeros_like(), 0);
        for chunk in &chunks {
            let n = chunk.dims()[0];
            let part = training.backward(&vector, chunk.clone(), of_features.clone().narrow(0, at, n));
            sum = sum + part.gradient;
            at += n;
        }
        let found = host(sum);
        let length = |v: &[f32]| v.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let difference: Vec<f32> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        let (off, of) = (length(&difference), length(&expected));
        println!("the gradients differ by {:.1e} of their length {of:.3}", off / of);
        assert!(of > 1e-3 && off / of < 1e-4, "{off} of {of}");
    }

    /// Against differences of the loss itself.
    #[test]
    fn gradients_are_slopes() {
        let device = Device::flex();
        let (training, start) = Training::new(tiny(), first_parameters(&tiny(), SIDE, 2));
        let tensor =
            |v: &[f32]| -> Tensor<1> { Tensor::from_data(TensorData::new(v.to_vec(), [v.len()]), &device) };
        let batch = images(6, &device);
        let at = |v: &[f32]| host(loss(training.features(&tensor(v), batch.clone())))[0];
        let features = Tensor::from_inner(training.features(&tensor(&start), batch.clone())).require_grad();
        let of_features = features.grad(&loss(features.clone()).backward()).unwrap();
        let gradient = host(training.backward(&tensor(&start), batch.clone(), of_features).gradient);
        // Along the gradient itself the slope is its length.
        let length = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let step = 1e-3;
        let moved = |sign: f32| -> Vec<f32> {
            start.iter().zip(&gradient).map(|(p, g)| p + sign * step * g / length).collect()
        };
        let slope = (at(&moved(1.0)) - at(&moved(-1.0))) / (2.0 * step);
        assert!((slope - length).abs() < 0.03 * length, "{slope} along a gradient of length {length}");
    }

    /// Once the running statistics are those of a batch, the network that predicts gives what training gave.
    #[test]
    fn running_statistics_become_those_of_the_batch() {
        let device = Device::flex();
        let (mut training, vector) = Training::new(tiny(), first_parameters(&tiny(), SIDE, 3));
        let count = vector.len();
        let tensor = Tensor::from_data(TensorData::new(vector.clone(), [count]), &device);
        let batch = images(16, &device);
        let features = training.features(&tensor, batch.clone());
        let gradient = features.zeros_like();
        for _ in 0..120 {
            let chunk = training.backward(&tensor, batch.clone(), gradient.clone());
            training.observe(&chunk);
        }
        let stored = training.running();
        training.restore_running(&stored);
        let network = CpuNetwork::new(tiny(), training.parameters(&vector));
        let pixels = host(batch.permute([0, 2, 3, 1]));
        let predicted = network.run(pixels, SIDE);
        for (a, b) in predicted.iter().zip(host(features)) {
            // Variances are over one less than the pixels in one and not in the other.
            assert!((a - b).abs() < 0.02 * (1.0 + b.abs()), "{a} is not {b}");
        }
    }
}
