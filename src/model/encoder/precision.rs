//! How precisely a network is computed.

use burn::tensor::{DType, Device};
use serde::Serialize;

/// How precisely a network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Precision {
    /// In floats of 32 bits.
    #[serde(rename = "f32")]
    Single,
    /// Products in floats of 16 bits, the rest in 32.
    #[serde(rename = "f16")]
    Half,
}

impl Precision {
    /// The precision that frozen encoders have on a GPU: half where it computes with such numbers.
    pub fn on_gpu(device: &Device) -> Self {
        if device.supports_dtype(DType::F16) { Self::Half } else { Self::Single }
    }

    /// `f32` or `f16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "f32",
            Self::Half => "f16",
        }
    }
}
