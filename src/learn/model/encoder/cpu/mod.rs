//! Runs networks on the processor in single precision, channels last, on faer's matrix product.
//!
//! Everything that is not a product happens in as few passes over memory as possible: batch normalisation,
//! bias and activation follow the product that they belong to while its result is still in the cache.

mod activation;
mod attention;
mod convolution;
mod maps;
mod matrix;
mod tokens;

use std::collections::BTreeMap;

use faer::Par;
use rayon::prelude::*;

use super::architecture::{Architecture, MlpKind, Pooling};
use super::ops::{Conv, Ops, Prefix};
use super::parameters::{Array, Parameters};
pub(super) use maps::Maps;
pub(super) use tokens::Tokens;

/// What keeps a batch normalisation from dividing by zero: PyTorch's default.
const BATCH_NORM_EPS: f32 = 1e-5;

/// A network with its parameters, laid out for the processor.
#[derive(Debug)]
pub struct CpuNetwork {
    architecture: Architecture,
    parameters: BTreeMap<String, Vec<f32>>,
    /// Scale and shift of every batch normalisation, side by side.
    norms: BTreeMap<String, Affine>,
}

/// `x * scale + shift`, channel by channel.
#[derive(Debug, Clone, PartialEq)]
struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl CpuNetwork {
    /// Lays out the parameters that `architecture` lists, one by one, so that no second copy of the whole is ever
    /// made.
    pub fn new(architecture: Architecture, parameters: Parameters) -> Self {
        let laid_out: BTreeMap<String, Vec<f32>> =
            parameters.into_iter().map(|(name, array)| (name, channels_last(array))).collect();
        let mut norms = BTreeMap::new();
        for name in laid_out.keys() {
            let Some(norm) = name.strip_suffix(".running_var") else { continue };
            let part = |part: &str| laid_out.get(&format!("{norm}.{part}")).map_or(&[][..], Vec::as_slice);
            let (weight, bias, mean, var) =
                (part("weight"), part("bias"), part("running_mean"), part("running_var"));
            let scale: Vec<f32> =
                weight.iter().zip(var).map(|(w, v)| w / (v + BATCH_NORM_EPS).sqrt()).collect();
            let shift = bias.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
            norms.insert(norm.to_owned(), Affine { scale, shift });
        }
        Self { architecture, parameters: laid_out, norms }
    }

    /// Feature vectors of `images`: one after another, each `side * side * 3` normalised values, RGB side by
    /// side.
    pub fn run(&self, images: Vec<f32>, side: usize) -> Vec<f32> {
        let size = side * side * 3;
        match self.architecture {
            // The weights of a transformer are far larger than its activations: all images share a pass over them.
            Architecture::Vit(_) => {
                let count = images.len() / size;
                let run = Run { network: self, par: Par::rayon(0) };
                self.architecture.run(&run, Maps::new(count, side, side, 3, images)).values
            }
            // The feature maps of a convolutional network are far larger than its weights: an image a core.
            Architecture::Resnet(_) | Architecture::Densenet(_) => {
                let run = Run { network: self, par: Par::Seq };
                let one = |image: &[f32]| {
                    self.architecture.run(&run, Maps::new(1, side, side, 3, image.to_vec())).values
                };
                images.par_chunks_exact(size).flat_map_iter(one).collect()
            }
        }
    }
}

/// Kernels as `[out, height, width, in]`, so that what one output reads lies side by side in channels-last maps.
fn channels_last(array: Array) -> Vec<f32> {
    let [out, channels, height, width] = array.shape[..] else { return array.values };
    let pixels = height * width;
    if pixels == 1 {
        return array.values;
    }
    let mut turned = vec![0.0; array.values.len()];
    for kernel in 0..out {
        let (from, to) =
            (&array.values[kernel * channels * pixels..], &mut turned[kernel * channels * pixels..]);
        for channel in 0..channels {
            for pixel in 0..pixels {
                to[pixel * channels + channel] = from[channel * pixels + pixel];
            }
        }
    }
    turned
}

/// One run of a network.
struct Run<'a> {
    network: &'a CpuNetwork,
    par: Par,
}

impl Run<'_> {
    #[expect(clippy::expect_used, reason = "loading made sure of every parameter that the network lists")]
    fn parameter(&self, name: &str) -> &[f32] {
        self.network.parameters.get(name).expect("listed")
    }

    #[expect(clippy::expect_used, reason = "made of every batch normalisation that the network lists")]
    fn norm(&self, name: &str) -> &Affine {
        self.network.norms.get(name).expect("listed")
    }
}

impl Ops for Run<'_> {
    type Maps = Maps;
    type Tokens = Tokens;

    fn conv(&self, x: &Maps, name: &str, conv: Conv, norm: Option<&str>, relu: bool) -> Maps {
        let weight = self.parameter(&format!("{name}.weight"));
        let mut y = convolution::convolve(x, weight, conv, self.par);
        match norm {
            Some(norm) => maps::affine(&mut y.values, self.norm(norm), relu),
            None if relu => y.values.iter_mut().for_each(|v| *v = v.max(0.0)),
            None => {}
        }
        y
    }

    fn norm_relu(&self, pieces: &[Maps], norm: &str) -> Maps {
        maps::stack_norm_relu(pieces, self.norm(norm))
    }

    fn max_pool(&self, x: &Maps) -> Maps {
        maps::max_pool(x)
    }

    fn halve(&self, x: &Maps) -> Maps {
        maps::halve(x)
    }

    fn add_relu(&self, mut x: Maps, y: &Maps) -> Maps {
        x.values.iter_mut().zip(&y.values).for_each(|(x, y)| *x = (*x + y).max(0.0));
        x
    }

    fn mean(&self, x: &Maps) -> Tokens {
        maps::mean(x)
    }

    fn patches(&self, images: &Maps, name: &str, patch: usize, width: usize) -> Tokens {
        let conv = Conv { out: width, kernel: patch, stride: patch, padding: 0 };
        let y = convolution::convolve(images, self.parameter(&format!("{name}.weight")), conv, self.par);
        let mut y = Tokens { images: y.images, tokens: y.height * y.width, width, values: y.values };
        tokens::add_row(&mut y.values, self.parameter(&format!("{name}.bias")));
        y
    }

    fn with_prefix(&self, patches: &Tokens, prefix: Prefix) -> Tokens {
        let class = if prefix.class { self.parameter("cls_token") } else { &[] };
        let registers = if prefix.registers > 0 { self.parameter("reg_token") } else { &[] };
        tokens::with_prefix(patches, [class, registers], self.parameter("pos_embed"), prefix.positions)
    }

    fn layer_norm(&self, x: &Tokens, name: &str, eps: f64) -> Tokens {
        let (weight, bias) =
            (self.parameter(&format!("{name}.weight")), self.parameter(&format!("{name}.bias")));
        tokens::layer_norm(x, weight, bias, eps as f32)
    }

    fn linear(&self, x: &Tokens, name: &str, out: usize, then: Option<MlpKind>) -> Tokens {
        let (weight, bias) =
            (self.parameter(&format!("{name}.weight")), self.parameter(&format!("{name}.bias")));
        let rows = x.images * x.tokens;
        let mut values = vec![0.0; rows * out];
        matrix::times_transposed(&mut values, &x.values, weight, rows, x.width, out, self.par);
        let width = match then {
            Some(MlpKind::Swiglu) => {
                values = activation::swiglu(&values, bias);
                out / 2
            }
            Some(MlpKind::Gelu) => {
                activation::gelu(&mut values, bias);
                out
            }
            None => {
                tokens::add_row(&mut values, bias);
                out
            }
        };
        Tokens { width, values, ..*x }
    }

    fn attention(&self, qkv: &Tokens, heads: usize) -> Tokens {
        attention::attend(qkv, heads)
    }

    fn add(&self, mut x: Tokens, y: &Tokens, scale: Option<&str>) -> Tokens {
        tokens::add_scaled(&mut x.values, &y.values, scale.map(|name| self.parameter(name)));
        x
    }

    fn pool(&self, x: &Tokens, pooling: Pooling, prefix: usize) -> Tokens {
        tokens::pool(x, pooling, prefix)
    }
}
