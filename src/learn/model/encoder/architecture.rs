//! What a network looks like, as data: enough to list its parameters and to run it.

use serde::{Deserialize, Serialize};

use super::listing::{Listed, Listing};
use super::ops::Ops;
use super::{densenet, resnet, vit};

/// The side of an image that is large enough for every network.
const ANY_SIDE: usize = 224;

/// A network that turns images into feature vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case")]
pub enum Architecture {
    /// torchvision's ResNet without its classifier.
    Resnet(ResNet),
    /// torchvision's DenseNet without its classifier.
    Densenet(DenseNet),
    /// timm's `VisionTransformer` without its classifier.
    Vit(Vit),
}

/// A residual network (He et al. 2016, "Deep residual learning for image recognition").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResNet {
    /// Channels after the first convolution.
    pub stem: usize,
    /// Channels of the four stages, before a bottleneck's expansion.
    pub channels: [usize; 4],
    /// Blocks in each stage.
    pub blocks: [usize; 4],
    /// Whether blocks are bottlenecks (ResNet-50) or two 3 x 3 convolutions (ResNet-18).
    pub bottleneck: bool,
}

/// A densely connected network (Huang et al. 2017, "Densely connected convolutional networks").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DenseNet {
    /// Channels after the first convolution.
    pub stem: usize,
    /// Channels that every layer adds.
    pub growth: usize,
    /// A layer's first convolution gives this many times `growth` channels.
    pub bottleneck: usize,
    /// Layers in each block.
    pub blocks: Vec<usize>,
}

/// A vision transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words") with the changes that
/// DINOv2 and its descendants made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vit {
    /// Side of the image in pixels.
    pub image: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Length of a token.
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// The feed-forward part of a block.
    pub mlp: Mlp,
    /// Whether what a block adds is scaled by learned numbers.
    pub layer_scale: bool,
    /// Register tokens, which collect what belongs to no patch.
    pub registers: usize,
    /// Whether there is a class token.
    pub class_token: bool,
    /// Whether class and register tokens have positions too (timm: not `no_embed_class`).
    pub prefix_positions: bool,
    /// How the tokens become one vector.
    pub pooling: Pooling,
    /// What keeps a layer norm from dividing by zero.
    pub eps: f64,
}

/// The feed-forward part of a transformer block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mlp {
    /// What happens between the two linear layers.
    pub kind: MlpKind,
    /// What the first linear layer gives.
    pub hidden: usize,
}

/// What happens between the two linear layers of a transformer block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MlpKind {
    /// GELU, exact.
    Gelu,
    /// The first half, through SiLU, times the second half (timm's `SwiGLUPacked`).
    Swiglu,
}

/// How tokens become one feature vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The class token.
    Class,
    /// The mean of the patch tokens.
    Mean,
    /// The class token, then the mean of the patch tokens.
    ClassAndMean,
}

impl Vit {
    /// Class and register tokens.
    pub fn prefix(&self) -> usize {
        usize::from(self.class_token) + self.registers
    }
}

impl Architecture {
    /// Length of the feature vector.
    pub fn width(&self) -> usize {
        match self {
            Self::Resnet(net) => net.channels[3] * if net.bottleneck { resnet::EXPANSION } else { 1 },
            Self::Densenet(net) => densenet::width(net),
            Self::Vit(net) => match net.pooling {
                Pooling::ClassAndMean => 2 * net.width,
                Pooling::Class | Pooling::Mean => net.width,
            },
        }
    }

    /// Runs the network on a batch: one feature vector an image.
    pub fn run<O: Ops>(&self, ops: &O, images: O::Maps) -> O::Tokens {
        match self {
            Self::Resnet(net) => resnet::run(net, ops, images),
            Self::Densenet(net) => densenet::run(net, ops, images),
            Self::Vit(net) => vit::run(net, ops, images),
        }
    }

    /// The linear layers by name, the one that patches go through included.
    pub(super) fn linear_layers(&self) -> Vec<String> {
        // The same for images of every size.
        self.list(ANY_SIDE).linear_layers
    }

    /// The parameters, and the work for one image of `side` x `side` pixels.
    pub fn list(&self, side: usize) -> Listed {
        let listing = Listing::default();
        self.run(&listing, Listing::image(side));
        listing.finish()
    }
}
