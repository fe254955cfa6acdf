//! A network that was trained here, as a [`PatchEncoder`].

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::parameters::Parameters;
use super::presets::{Normalisation, Preset};
use super::pretrained::Network;
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};

/// What an image encoder is besides its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderShape {
    /// The network.
    pub architecture: Architecture,
    /// Side of its input in pixels.
    pub side: usize,
    /// Micrometres per pixel of its input.
    pub mpp: f64,
    /// What pixels are normalised by.
    pub normalisation: Normalisation,
}

impl From<&Preset> for EncoderShape {
    fn from(preset: &Preset) -> Self {
        Self {
            architecture: preset.architecture.clone(),
            side: preset.side,
            mpp: preset.mpp,
            normalisation: preset.normalisation,
        }
    }
}

/// A trained encoder, ready to encode.
#[derive(Debug)]
pub struct Trained {
    shape: EncoderShape,
    parameters: Parameters,
    network: Network,
}

impl Trained {
    /// With these parameters, all that the architecture lists, on `device` or on the processor.
    pub fn new(shape: EncoderShape, parameters: Parameters, device: Option<&Device>) -> Self {
        let network = Network::new(shape.architecture.clone(), parameters.clone(), device);
        Self { shape, parameters, network }
    }

    /// What it is.
    pub fn shape(&self) -> &EncoderShape {
        &self.shape
    }

    /// Its parameters and buffers, by their names in a `state_dict`.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

impl PatchEncoder for Trained {
    fn id(&self) -> String {
        // Its features are never cached: they are a matter of the run that it belongs to.
        "trained".to_owned()
    }

    fn mpp(&self) -> f64 {
        self.shape.mpp
    }

    fn patch_size(&self) -> usize {
        self.shape.side
    }

    fn width(&self) -> usize {
        self.shape.architecture.width()
    }

    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let features = self.network.features(patches, self.shape.side, self.shape.normalisation);
        Ok(features.chunks_exact(self.width()).map(<[f32]>::to_vec).collect())
    }
}
