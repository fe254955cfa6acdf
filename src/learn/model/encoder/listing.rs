//! Runs a network without numbers: which parameters it has, and how much work it is.

use std::cell::RefCell;

use super::architecture::{MlpKind, Pooling};
use super::ops::{Conv, Ops, Prefix};

/// What a network needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// Name and shape of every parameter and buffer, in the order of use.
    pub parameters: Vec<(String, Vec<usize>)>,
    /// Multiply-adds for one image.
    pub multiply_adds: u64,
    /// Values of the largest array that one image needs on the way: maps, tokens, or the scores of an attention.
    pub largest: u64,
    /// The linear layers by name, the one that patches go through included.
    pub linear_layers: Vec<String>,
}

impl Listed {
    /// Number of values over all parameters and buffers.
    pub fn values(&self) -> u64 {
        self.parameters.iter().map(|(_, shape)| shape.iter().product::<usize>() as u64).sum()
    }
}

/// [`Ops`] that only write down what they are asked.
#[derive(Debug, Default)]
pub(super) struct Listing {
    listed: RefCell<Listed>,
}

/// Shape of feature maps of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MapShape {
    channels: usize,
    height: usize,
    width: usize,
}

/// Shape of the tokens of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenShape {
    tokens: usize,
    width: usize,
}

impl Listing {
    /// An RGB image of `side` x `side` pixels.
    pub(super) fn image(side: usize) -> MapShape {
        MapShape { channels: 3, height: side, width: side }
    }

    pub(super) fn finish(self) -> Listed {
        self.listed.into_inner()
    }

    fn parameter(&self, name: impl Into<String>, shape: &[usize]) {
        self.listed.borrow_mut().parameters.push((name.into(), shape.to_vec()));
    }

    fn work(&self, factors: &[usize]) {
        self.listed.borrow_mut().multiply_adds += factors.iter().map(|&f| f as u64).product::<u64>();
    }

    /// An array of this shape is needed on the way.
    fn needs(&self, shape: &[usize]) {
        let values = shape.iter().map(|&n| n as u64).product();
        let mut listed = self.listed.borrow_mut();
        listed.largest = listed.largest.max(values);
    }

    fn linear_layer(&self, name: &str) {
        self.listed.borrow_mut().linear_layers.push(name.to_owned());
    }

    fn norm(&self, name: &str, width: usize) {
        self.parameter(format!("{name}.weight"), &[width]);
        self.parameter(format!("{name}.bias"), &[width]);
    }

    fn batch_norm(&self, name: &str, width: usize) {
        self.norm(name, width);
        self.parameter(format!("{name}.running_mean"), &[width]);
        self.parameter(format!("{name}.running_var"), &[width]);
    }
}

impl Ops for Listing {
    type Maps = MapShape;
    type Tokens = TokenShape;

    fn conv(&self, x: &MapShape, name: &str, conv: Conv, norm: Option<&str>, _relu: bool) -> MapShape {
        let along = |length: usize| (length + 2 * conv.padding - conv.kernel) / conv.stride + 1;
        let y = MapShape { channels: conv.out, height: along(x.height), width: along(x.width) };
        self.parameter(format!("{name}.weight"), &[conv.out, x.channels, conv.kernel, conv.kernel]);
        self.work(&[y.height, y.width, conv.out, x.channels, conv.kernel, conv.kernel]);
        self.needs(&[y.height, y.width, conv.out]);
        if let Some(norm) = norm {
            self.batch_norm(norm, conv.out);
        }
        y
    }

    fn norm_relu(&self, pieces: &[MapShape], norm: &str) -> MapShape {
        let channels = pieces.iter().map(|p| p.channels).sum();
        self.batch_norm(norm, channels);
        self.needs(&[pieces[0].height, pieces[0].width, channels]);
        MapShape { channels, ..pieces[0] }
    }

    fn max_pool(&self, x: &MapShape) -> MapShape {
        MapShape { height: x.height.div_ceil(2), width: x.width.div_ceil(2), ..*x }
    }

    fn halve(&self, x: &MapShape) -> MapShape {
        MapShape { height: x.height / 2, width: x.width / 2, ..*x }
    }

    fn add_relu(&self, x: MapShape, _y: &MapShape) -> MapShape {
        x
    }

    fn mean(&self, x: &MapShape) -> TokenShape {
        TokenShape { tokens: 1, width: x.channels }
    }

    fn patches(&self, images: &MapShape, name: &str, patch: usize, width: usize) -> TokenShape {
        self.parameter(format!("{name}.weight"), &[width, images.channels, patch, patch]);
        self.parameter(format!("{name}.bias"), &[width]);
        let tokens = (images.height / patch) * (images.width / patch);
        self.work(&[tokens, width, images.channels, patch, patch]);
        self.linear_layer(name);
        TokenShape { tokens, width }
    }

    fn with_prefix(&self, patches: &TokenShape, prefix: Prefix) -> TokenShape {
        if prefix.class {
            self.parameter("cls_token", &[1, 1, patches.width]);
        }
        if prefix.registers > 0 {
            self.parameter("reg_token", &[1, prefix.registers, patches.width]);
        }
        let tokens = patches.tokens + usize::from(prefix.class) + prefix.registers;
        let positions = if prefix.positions { tokens } else { patches.tokens };
        self.parameter("pos_embed", &[1, positions, patches.width]);
        TokenShape { tokens, ..*patches }
    }

    fn layer_norm(&self, x: &TokenShape, name: &str, _eps: f64) -> TokenShape {
        self.norm(name, x.width);
        *x
    }

    fn linear(&self, x: &TokenShape, name: &str, out: usize, then: Option<MlpKind>) -> TokenShape {
        self.parameter(format!("{name}.weight"), &[out, x.width]);
        self.parameter(format!("{name}.bias"), &[out]);
        self.work(&[x.tokens, x.width, out]);
        self.needs(&[x.tokens, out]);
        self.linear_layer(name);
        TokenShape { width: if then == Some(MlpKind::Swiglu) { out / 2 } else { out }, ..*x }
    }

    fn attention(&self, qkv: &TokenShape, heads: usize) -> TokenShape {
        let width = qkv.width / 3;
        self.needs(&[heads, qkv.tokens, qkv.tokens]);
        self.work(&[2, qkv.tokens, qkv.tokens, width]);
        TokenShape { width, ..*qkv }
    }

    fn add(&self, x: TokenShape, _y: &TokenShape, scale: Option<&str>) -> TokenShape {
        if let Some(scale) = scale {
            self.parameter(scale, &[x.width]);
        }
        x
    }

    fn pool(&self, x: &TokenShape, pooling: Pooling, _prefix: usize) -> TokenShape {
        let width = if pooling == Pooling::ClassAndMean { 2 * x.width } else { x.width };
        TokenShape { tokens: 1, width }
    }
}
