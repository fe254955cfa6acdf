//! How precisely a network is computed.

use burn::tensor::{DType, Device};
use serde::Serialize;

use super::architecture::Architecture;

/// How precisely a network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Precision {
    /// In floats of 32 bits.
    #[serde(rename = "f32")]
    Single,
    /// Products of transformers in floats of 16 bits, the rest in 32.
    #[serde(rename = "f16")]
    Half,
}

impl Precision {
    /// The precision that a frozen encoder has on a GPU: half where the GPU computes with such numbers and the
    /// network is a transformer; convolutions would lose too much by it.
    pub fn on_gpu(device: &Device, network: &Architecture) -> Self {
        match network {
            Architecture::Vit(_) if device.supports_dtype(DType::F16) => Self::Half,
            _ => Self::Single,
        }
    }

    /// `f32` or `f16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "f32",
            Self::Half => "f16",
        }
    }
}
