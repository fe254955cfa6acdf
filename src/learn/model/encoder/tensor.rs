//! Runs networks on burn tensors: on a GPU, and wherever gradients are wanted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use burn::tensor::activation::{gelu, relu, silu};
use burn::tensor::module::{attention, avg_pool2d, conv2d, layer_norm, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, Device, ExecutionError, Tensor, TensorData};

use super::architecture::{Architecture, MlpKind, Pooling};
use super::ops::{Conv, Ops, Prefix};
use super::parameters::{Array, Parameters};
use super::training::image_batch;

/// What keeps a batch normalisation from dividing by zero: PyTorch's default.
const BATCH_NORM_EPS: f64 = 1e-5;

/// A network with its parameters on a device.
#[derive(Debug)]
pub struct TensorNetwork {
    architecture: Architecture,
    parameters: BTreeMap<String, Parameter>,
    device: Device,
    /// Where the network is trained, batch normalisation goes by the batch, whose statistics are noted here.
    observed: Option<Mutex<Vec<Observed>>>,
}

/// A parameter in a row, and its shape.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) values: Tensor<1>,
    pub(super) shape: Vec<usize>,
}

/// What a batch normalisation saw of a batch.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    /// The batch normalisation.
    pub(super) norm: String,
    /// Mean of every channel.
    pub(super) mean: Tensor<1>,
    /// Variance of every channel, over one less than the pixels.
    pub(super) variance: Tensor<1>,
}

impl TensorNetwork {
    /// Puts parameters on a device.
    pub fn new(architecture: Architecture, parameters: Parameters, device: &Device) -> Self {
        let put = |(name, array)| (name, Parameter::new(array, DType::F32, device));
        let parameters = parameters.into_iter().map(put).collect();
        Self::with(architecture, parameters, device)
    }

    /// A network of parameters that are on the device.
    pub(super) fn with(
        architecture: Architecture,
        parameters: BTreeMap<String, Parameter>,
        device: &Device,
    ) -> Self {
        Self { architecture, parameters, device: device.clone(), observed: None }
    }

    /// A network that is trained: batch normalisation goes by the batch, and needs no running statistics.
    pub(super) fn in_training(
        architecture: Architecture,
        parameters: BTreeMap<String, Parameter>,
        device: &Device,
    ) -> Self {
        Self { architecture, parameters, device: device.clone(), observed: Some(Mutex::default()) }
    }

    /// What batch normalisations saw since the network was made.
    pub(super) fn observed(&self) -> Vec<Observed> {
        let noted = self.observed.as_ref().map(|o| o.lock().unwrap_or_else(PoisonError::into_inner));
        noted.map(|o| o.clone()).unwrap_or_default()
    }

    /// The parameters.
    pub(super) fn parameters(&self) -> &BTreeMap<String, Parameter> {
        &self.parameters
    }

    /// Feature vectors of normalised images `[b, 3, side, side]`: `[b, width]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.architecture.run(self, images).squeeze_dim(1)
    }

    /// Feature vectors of `images`: one after another, each `side * side * 3` normalised values, RGB side by
    /// side.
    ///
    /// # Errors
    /// The device has no memory for them, or works no more.
    pub fn run(&self, images: Vec<f32>, side: usize) -> Result<Vec<f32>, ExecutionError> {
        read(self.forward(image_batch(images, side, &self.device)))
    }
}

impl Parameter {
    /// Puts a parameter on a device.
    pub(super) fn new(array: Array, kind: DType, device: &Device) -> Self {
        let count = array.values.len();
        let values = Tensor::from_data(TensorData::new(array.values, [count]), (device, kind));
        Self { values, shape: array.shape }
    }
}

/// The values of a tensor, row by row.
pub(super) fn read(tensor: Tensor<2>) -> Result<Vec<f32>, ExecutionError> {
    // Data may still be on its way when it is handed out, and what went wrong shows when it is looked at.
    let late = |e: burn::tensor::DataError| ExecutionError::generic(e.to_string());
    tensor.try_into_data()?.try_into_vec::<f32>().map_err(late)
}

impl TensorNetwork {
    /// The network.
    pub(super) fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where it is.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// One parameter in its own shape, which has `D` dimensions.
    pub(super) fn parameter<const D: usize>(&self, name: &str) -> Tensor<D> {
        #[expect(clippy::expect_used, reason = "made from a listing of the same network")]
        let Parameter { values, shape } = self.parameters.get(name).expect("listed").clone();
        values.reshape(burn::tensor::Shape::from(shape))
    }

    /// Scale and shift of a batch normalisation by its running statistics.
    fn affine(&self, norm: &str) -> (Tensor<4>, Tensor<4>) {
        let part = |part: &str| self.parameter::<1>(&format!("{norm}.{part}"));
        let scale = part("weight") / (part("running_var") + BATCH_NORM_EPS).sqrt();
        let shift = part("bias") - part("running_mean") * scale.clone();
        let channels = scale.dims()[0];
        (scale.reshape([1, channels, 1, 1]), shift.reshape([1, channels, 1, 1]))
    }

    /// Batch normalisation, by the batch where the network is trained.
    fn normalise(&self, x: Tensor<4>, norm: &str) -> Tensor<4> {
        let Some(observed) = &self.observed else {
            let (scale, shift) = self.affine(norm);
            return x * scale + shift;
        };
        let [b, channels, h, w] = x.dims();
        let per_channel = |x: Tensor<4>| {
            let sums = x.reshape([b, channels, h * w]).mean_dim(2).mean_dim(0);
            sums.reshape([1, channels, 1, 1])
        };
        let mean = per_channel(x.clone());
        let centred = x - mean.clone();
        let variance = per_channel(centred.clone().square());
        let row = |t: Tensor<4>| t.without_autodiff().reshape([channels]);
        let pixels = (b * h * w) as f32;
        observed.lock().unwrap_or_else(PoisonError::into_inner).push(Observed {
            norm: norm.to_owned(),
            mean: row(mean),
            variance: row(variance.clone()).mul_scalar(pixels / (pixels - 1.0).max(1.0)),
        });
        let part = |part: &str| self.parameter::<1>(&format!("{norm}.{part}")).reshape([1, channels, 1, 1]);
        centred * (part("weight") / (variance + BATCH_NORM_EPS).sqrt()) + part("bias")
    }
}

impl Ops for TensorNetwork {
    /// `[b, c, h, w]`
    type Maps = Tensor<4>;
    /// `[b, t, c]`
    type Tokens = Tensor<3>;

    fn conv(&self, x: &Tensor<4>, name: &str, conv: Conv, norm: Option<&str>, relu_after: bool) -> Tensor<4> {
        let weight = self.parameter(&format!("{name}.weight"));
        let y = convolve(x.clone(), weight, conv);
        let y = match norm {
            Some(norm) => self.normalise(y, norm),
            None => y,
        };
        if relu_after { relu(y) } else { y }
    }

    fn norm_relu(&self, pieces: &[Tensor<4>], norm: &str) -> Tensor<4> {
        relu(self.normalise(Tensor::cat(pieces.to_vec(), 1), norm))
    }

    fn max_pool(&self, x: &Tensor<4>) -> Tensor<4> {
        max_pool2d(x.clone(), MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]))
    }

    fn halve(&self, x: &Tensor<4>) -> Tensor<4> {
        avg_pool2d(x.clone(), AvgPoolOptions::new([2, 2]).with_stride([2, 2]))
    }

    fn add_relu(&self, x: Tensor<4>, y: &Tensor<4>) -> Tensor<4> {
        relu(x + y.clone())
    }

    fn mean(&self, x: &Tensor<4>) -> Tensor<3> {
        let [b, c, h, w] = x.dims();
        x.clone().reshape([b, c, h * w]).mean_dim(2).permute([0, 2, 1])
    }

    fn patches(&self, images: &Tensor<4>, name: &str, patch: usize, width: usize) -> Tensor<3> {
        let apart = cut(images, patch);
        let weight = self.parameter::<4>(&format!("{name}.weight")).reshape([width, apart.dims()[2]]);
        linear(apart, weight, self.parameter(&format!("{name}.bias")))
    }

    fn with_prefix(&self, patches: &Tensor<3>, prefix: Prefix) -> Tensor<3> {
        let [b, _, width] = patches.dims();
        let positions = self.parameter::<3>("pos_embed");
        let mut parts = Vec::new();
        if prefix.class {
            parts.push(self.parameter::<3>("cls_token").expand([b, 1, width]));
        }
        if prefix.registers > 0 {
            parts.push(self.parameter::<3>("reg_token").expand([b, prefix.registers, width]));
        }
        if prefix.positions {
            parts.push(patches.clone());
            Tensor::cat(parts, 1) + positions
        } else {
            parts.push(patches.clone() + positions);
            Tensor::cat(parts, 1)
        }
    }

    fn layer_norm(&self, x: &Tensor<3>, name: &str, eps: f64) -> Tensor<3> {
        let (weight, bias) =
            (self.parameter(&format!("{name}.weight")), self.parameter(&format!("{name}.bias")));
        layer_norm(x.clone(), weight, Some(bias), eps)
    }

    fn linear(&self, x: &Tensor<3>, name: &str, out: usize, then: Option<MlpKind>) -> Tensor<3> {
        let (weight, bias) =
            (self.parameter(&format!("{name}.weight")), self.parameter(&format!("{name}.bias")));
        activate(linear(x.clone(), weight, bias), out, then)
    }

    fn attention(&self, qkv: &Tensor<3>, heads: usize) -> Tensor<3> {
        let [query, key, value] = split_heads(qkv, heads);
        join_heads(attention(query, key, value, None, None, Default::default()))
    }

    fn add(&self, x: Tensor<3>, y: &Tensor<3>, scale: Option<&str>) -> Tensor<3> {
        match scale {
            None => x + y.clone(),
            Some(scale) => x + y.clone() * self.parameter::<1>(scale).unsqueeze(),
        }
    }

    fn pool(&self, x: &Tensor<3>, pooling: Pooling, prefix: usize) -> Tensor<3> {
        let tokens = x.dims()[1];
        let class = || x.clone().narrow(1, 0, 1);
        let mean = || x.clone().narrow(1, prefix, tokens - prefix).mean_dim(1);
        match pooling {
            Pooling::Class => class(),
            Pooling::Mean => mean(),
            Pooling::ClassAndMean => Tensor::cat(vec![class(), mean()], 2),
        }
    }
}

/// A convolution; one of single pixels is a product, whose gradient costs a quarter less on the processor.
fn convolve(x: Tensor<4>, weight: Tensor<4>, conv: Conv) -> Tensor<4> {
    if (conv.kernel, conv.stride, conv.padding) == (1, 1, 0) {
        let [b, channels, h, w] = x.dims();
        let weight: Tensor<3> = weight.reshape([1, conv.out, channels]);
        let pixels: Tensor<3> = x.reshape([b, channels, h * w]);
        return weight.expand([b, conv.out, channels]).matmul(pixels).reshape([b, conv.out, h, w]);
    }
    let options = ConvOptions::new([conv.stride, conv.stride], [conv.padding, conv.padding], [1, 1], 1);
    conv2d(x, weight, None, options)
}

/// `x W^T + b`
pub(super) fn linear(x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
    burn::tensor::module::linear(x, weight.transpose(), Some(bias))
}

/// What follows a linear layer of `out` numbers.
pub(super) fn activate(y: Tensor<3>, out: usize, then: Option<MlpKind>) -> Tensor<3> {
    match then {
        None => y,
        Some(MlpKind::Gelu) => gelu(y),
        Some(MlpKind::Swiglu) => silu(y.clone().narrow(2, 0, out / 2)) * y.narrow(2, out / 2, out / 2),
    }
}

/// Images `[b, c, h, w]` as squares of `patch` pixels, row by row: `[b, squares, c * patch * patch]`. A step as
/// wide as the kernel makes a convolution a plain product of these.
pub(super) fn cut(images: &Tensor<4>, patch: usize) -> Tensor<3> {
    let [b, channels, h, w] = images.dims();
    let (rows, columns) = (h / patch, w / patch);
    let apart: Tensor<6> = images.clone().reshape([b, channels, rows, patch, columns, patch]);
    apart.permute([0, 2, 4, 1, 3, 5]).reshape([b, rows * columns, channels * patch * patch])
}

/// Queries, keys and values `[b, heads, t, c / heads]` from `[b, t, 3 c]`.
pub(super) fn split_heads(qkv: &Tensor<3>, heads: usize) -> [Tensor<4>; 3] {
    let [b, t, width] = qkv.dims();
    let (width, head) = (width / 3, width / 3 / heads);
    [0, 1, 2].map(|which| {
        let part = qkv.clone().narrow(2, which * width, width);
        part.reshape([b, t, heads, head]).permute([0, 2, 1, 3])
    })
}

/// `[b, t, c]` from `[b, heads, t, c / heads]`.
pub(super) fn join_heads(y: Tensor<4>) -> Tensor<3> {
    let [b, heads, t, head] = y.dims();
    y.permute([0, 2, 1, 3]).reshape([b, t, heads * head])
}
