//! The fused network: image features of three levels into an embedding, expression into another, and the
//! losses that align them. Knows tensors only; what they are made from is [`crate::train`]'s business.

pub mod attention;
pub mod encoder;
pub mod expression;
pub mod fusion;
pub mod init;
mod layer;
pub mod losses;
pub mod network;
pub mod parameters;
pub mod positions;
pub mod published;
pub mod weights;

pub use expression::{ExpressionBatch, ExpressionBranch, ExpressionConfig};
pub use fusion::{Fusion, FusionConfig, ImageBatch};
pub use init::Weights;
pub use network::{ImageOutput, Network, NetworkConfig, Noise};
