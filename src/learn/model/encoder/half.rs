//! Runs transformers on burn tensors in half precision, where a GPU has it.
//!
//! Products (linear layers, attention) multiply floats of 16 bits and add in 32, as the GPU libraries do; what stands
//! between them is computed in 32: the sums that tokens go through the network as, the statistics of normalisations,
//! softmax, activations and means. These are the places where PyTorch's `autocast` does the same, which the model
//! cards of the large encoders ask for. The largest float of 16 bits is 65504. Numbers beyond it turn up within some
//! giants: images whose features are spoilt by that are run again in single precision.
//!
//! Convolutions stay in single precision: burn's direct kernel for them adds in 16 bits too, which left features 2 to 4
//! times as far from the exact ones as PyTorch's half precision does.

use std::collections::BTreeMap;

use burn::tensor::activation::softmax;
use burn::tensor::{DType, Device, ExecutionError, Tensor};

use super::architecture::{Architecture, MlpKind, Pooling};
use super::ops::{Conv, Ops, Prefix};
use super::parameters::Parameters;
use super::tensor::{Parameter, TensorNetwork, activate, cut, join_heads, linear, read, split_heads};
use super::training::image_batch;

/// The largest float of 16 bits.
const MAX_F16: f32 = 65_504.0;

/// A network with its parameters on a device: those of linear layers in half precision, the others in single.
#[derive(Debug)]
pub struct HalfNetwork {
    network: TensorNetwork,
}

impl HalfNetwork {
    /// Puts parameters on a device that computes with floats of 16 bits.
    pub fn new(architecture: Architecture, mut parameters: Parameters, device: &Device) -> Self {
        let mut placed = BTreeMap::new();
        for name in architecture.linear_layers() {
            let names = ["weight", "bias"].map(|part| format!("{name}.{part}"));
            let layer: Vec<_> = names.into_iter().filter_map(|name| parameters.remove_entry(&name)).collect();
            // What 16 bits cannot hold stays in 32, and its product is computed so.
            let fits = layer.iter().flat_map(|(_, array)| &array.values).all(|v| v.abs() <= MAX_F16);
            let kind = if fits { DType::F16 } else { DType::F32 };
            placed.extend(layer.into_iter().map(|(name, array)| (name, Parameter::new(array, kind, device))));
        }
        let others = parameters.into_iter();
        placed.extend(others.map(|(name, array)| (name, Parameter::new(array, DType::F32, device))));
        Self { network: TensorNetwork::with(architecture, placed, device) }
    }

    /// Feature vectors of `images`: one after another, each `side * side * 3` normalised values, RGB side by
    /// side.
    ///
    /// # Errors
    /// The device has no memory for them, or works no more.
    pub fn run(&self, images: Vec<f32>, side: usize) -> Result<Vec<f32>, ExecutionError> {
        let images = image_batch(images, side, self.network.device());
        let mut features = read(self.forward(images.clone(), DType::F16))?;
        let width = self.network.architecture().width();
        let is_spoilt = |row: &[f32]| row.iter().any(|v| !v.is_finite());
        let rows = features.chunks_exact(width).enumerate();
        let spoilt: Vec<usize> = rows.filter(|(_, row)| is_spoilt(row)).map(|(i, _)| i).collect();
        if spoilt.is_empty() {
            return Ok(features);
        }
        let again = spoilt.iter().map(|&i| images.clone().narrow(0, i, 1)).collect();
        let again = read(self.forward(Tensor::cat(again, 0), DType::F32))?;
        for (i, row) in spoilt.into_iter().zip(again.chunks_exact(width)) {
            features[i * width..][..width].copy_from_slice(row);
        }
        Ok(features)
    }

    fn forward(&self, images: Tensor<4>, products: DType) -> Tensor<2> {
        let run = Run { network: &self.network, products };
        self.network.architecture().run(&run, images).squeeze_dim(1)
    }
}

/// One run of a network.
struct Run<'a> {
    network: &'a TensorNetwork,
    /// What products are computed in.
    products: DType,
}

impl Run<'_> {
    /// Weights of a product, in the floats that it is computed in.
    fn weight<const D: usize>(&self, name: &str) -> Tensor<D> {
        let stored = self.network.parameter::<D>(name);
        if self.products == DType::F16 { stored } else { stored.cast(self.products) }
    }
}

/// In single precision.
fn single<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().cast(DType::F32)
}

impl Ops for Run<'_> {
    /// `[b, c, h, w]`, in single precision.
    type Maps = Tensor<4>;
    /// `[b, t, c]`: as products give them in between, the sums in single precision.
    type Tokens = Tensor<3>;

    fn conv(&self, x: &Tensor<4>, name: &str, conv: Conv, norm: Option<&str>, relu_after: bool) -> Tensor<4> {
        self.network.conv(x, name, conv, norm, relu_after)
    }

    fn norm_relu(&self, pieces: &[Tensor<4>], norm: &str) -> Tensor<4> {
        self.network.norm_relu(pieces, norm)
    }

    fn max_pool(&self, x: &Tensor<4>) -> Tensor<4> {
        self.network.max_pool(x)
    }

    fn halve(&self, x: &Tensor<4>) -> Tensor<4> {
        self.network.halve(x)
    }

    fn add_relu(&self, x: Tensor<4>, y: &Tensor<4>) -> Tensor<4> {
        self.network.add_relu(x, y)
    }

    fn mean(&self, x: &Tensor<4>) -> Tensor<3> {
        self.network.mean(x)
    }

    fn patches(&self, images: &Tensor<4>, name: &str, patch: usize, width: usize) -> Tensor<3> {
        let apart = cut(images, patch);
        let weight = self.weight::<4>(&format!("{name}.weight")).reshape([width, apart.dims()[2]]);
        let bias = self.weight::<1>(&format!("{name}.bias"));
        single(&linear(apart.cast(weight.dtype()), weight, bias))
    }

    fn with_prefix(&self, patches: &Tensor<3>, prefix: Prefix) -> Tensor<3> {
        self.network.with_prefix(patches, prefix)
    }

    fn layer_norm(&self, x: &Tensor<3>, name: &str, eps: f64) -> Tensor<3> {
        self.network.layer_norm(x, name, eps)
    }

    fn linear(&self, x: &Tensor<3>, name: &str, out: usize, then: Option<MlpKind>) -> Tensor<3> {
        let weight = self.weight::<2>(&format!("{name}.weight"));
        let bias = self.weight::<1>(&format!("{name}.bias"));
        let y = linear(x.clone().cast(weight.dtype()), weight, bias);
        if then.is_some() { activate(single(&y), out, then) } else { y }
    }

    fn attention(&self, qkv: &Tensor<3>, heads: usize) -> Tensor<3> {
        let [query, key, value] = split_heads(&qkv.clone().cast(self.products), heads);
        // Scaled before, since the product of long vectors may be beyond the largest float.
        let scale = 1.0 / (query.dims()[3] as f32).sqrt();
        let scores = query.mul_scalar(scale).matmul(key.transpose());
        let shares = softmax(single(&scores), 3).cast(self.products);
        join_heads(shares.matmul(value))
    }

    fn add(&self, x: Tensor<3>, y: &Tensor<3>, scale: Option<&str>) -> Tensor<3> {
        self.network.add(x, &single(y), scale)
    }

    fn pool(&self, x: &Tensor<3>, pooling: Pooling, prefix: usize) -> Tensor<3> {
        self.network.pool(x, pooling, prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encoder::architecture::{DenseNet, Mlp, Vit};
    use crate::model::encoder::parameters::Array;

    const SIDE: usize = 32;

    fn vit(kind: MlpKind) -> Architecture {
        Architecture::Vit(Vit {
            image: SIDE,
            patch: 8,
            width: 24,
            depth: 2,
            heads: 3,
            mlp: Mlp { kind, hidden: 48 },
            layer_scale: true,
            registers: 1,
            class_token: true,
            prefix_positions: false,
            pooling: Pooling::ClassAndMean,
            eps: 1e-6,
        })
    }

    /// Parameters that keep numbers in the range that they came in.
    fn parameters(architecture: &Architecture) -> Parameters {
        let listed = architecture.list(SIDE).parameters.into_iter();
        listed
            .map(|(name, shape)| {
                let count: usize = shape.iter().product();
                let fan_in = (count / shape.first().copied().unwrap_or(1)).max(1) as f32;
                let start = name.len();
                let wave = |i: usize| ((i * i + 7 * i + start) as f32 * 0.37).sin();
                let is_scale = shape.len() == 1 && !name.ends_with("bias") && !name.ends_with("mean");
                let value = |i| match is_scale {
                    true => 1.0 + 0.3 * wave(i),
                    false => wave(i) * 1.4 / fan_in.sqrt(),
                };
                (name, Array { values: (0..count).map(value).collect(), shape })
            })
            .collect()
    }

    fn images(count: usize) -> Vec<f32> {
        (0..count * SIDE * SIDE * 3).map(|i| ((i * i % 9_973) as f32 * 0.37).sin()).collect()
    }

    /// Features in half and in single precision of the same network.
    fn both(architecture: Architecture, parameters: Parameters) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex();
        let half = HalfNetwork::new(architecture.clone(), parameters.clone(), &device);
        let whole = TensorNetwork::new(architecture, parameters, &device);
        (half.run(images(3), SIDE).unwrap(), whole.run(images(3), SIDE).unwrap())
    }

    /// The largest difference, as a share of the largest value.
    fn difference(half: &[f32], whole: &[f32]) -> f32 {
        let largest = whole.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        half.iter().zip(whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
    }

    #[test]
    fn half_precision_is_close_and_not_the_same() {
        for kind in [MlpKind::Gelu, MlpKind::Swiglu] {
            let (half, whole) = both(vit(kind), parameters(&vit(kind)));
            let off = difference(&half, &whole);
            println!("{kind:?}: {off:.1e} of the largest value");
            assert!(off > 0.0 && off < 5e-3, "{kind:?}: {off}");
        }
    }

    #[test]
    fn convolutions_stay_in_single_precision() {
        let net = DenseNet { stem: 8, growth: 4, bottleneck: 2, blocks: vec![2, 2] };
        let (half, whole) =
            both(Architecture::Densenet(net.clone()), parameters(&Architecture::Densenet(net)));
        assert_eq!(half, whole);
    }

    #[test]
    fn what_is_beyond_half_precision_is_run_again_in_single() {
        let architecture = vit(MlpKind::Swiglu);
        let mut parameters = parameters(&architecture);
        for (name, array) in &mut parameters {
            // Both halves of what stands between the two layers grow, so their product grows by the square.
            let factor = match name.rsplit_once("mlp.").map(|(_, part)| part) {
                Some("fc1.weight" | "fc1.bias") => 1e3,
                Some("fc2.weight") => 1e-2,
                _ => 1.0,
            };
            array.values.iter_mut().for_each(|v| *v *= factor);
        }
        let device = Device::flex();
        let network = HalfNetwork::new(architecture.clone(), parameters.clone(), &device);
        let batch = image_batch(images(3), SIDE, &device);
        let spoilt = read(network.forward(batch, DType::F16)).unwrap();
        assert!(spoilt.iter().any(|v| !v.is_finite()), "nothing overflowed");
        let (half, whole) = both(architecture, parameters);
        assert!(half.iter().all(|v| v.is_finite()));
        let off = difference(&half, &whole);
        assert!(off < 5e-3, "{off}");
    }

    #[test]
    fn weights_beyond_half_precision_stay_in_single() {
        let architecture = vit(MlpKind::Gelu);
        let mut parameters = parameters(&architecture);
        let layer_norm = parameters.get_mut("blocks.1.norm1.weight").unwrap();
        layer_norm.values.iter_mut().for_each(|v| *v *= 1e-6);
        let layer = parameters.get_mut("blocks.1.attn.qkv.weight").unwrap();
        layer.values.iter_mut().for_each(|v| *v *= 1e6);
        let (half, whole) = both(architecture, parameters);
        assert!(difference(&half, &whole) < 5e-3);
    }
}
