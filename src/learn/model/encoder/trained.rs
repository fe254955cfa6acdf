//! A network that was trained here, as a [`PatchEncoder`].

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::halving::AdaptiveBatch;
use super::network::{Network, Place};
use super::parameters::Parameters;
use super::precision::Precision;
use super::presets::{Normalisation, Preset};
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use crate::core::gpu::GpuLimits;

/// How it is named to people.
const TITLE: &str = "the trained encoder";

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
    halving: AdaptiveBatch,
}

impl Trained {
    /// With these parameters, all that the architecture lists, on `gpu` or on the processor; in single precision, as
    /// it was trained.
    pub fn new(shape: EncoderShape, parameters: Parameters, gpu: Option<(Device, GpuLimits)>) -> Self {
        let place = Place::new(gpu, |_| Precision::Single);
        let network = Network::new(shape.architecture.clone(), parameters.clone(), &place);
        let halving = AdaptiveBatch::new(place.batch(&shape.architecture.list(shape.side)));
        Self { shape, parameters, network, halving }
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
        let EncoderShape { side, normalisation, .. } = self.shape;
        let features = self.network.features(patches, side, normalisation, &self.halving, TITLE)?;
        Ok(features.chunks_exact(self.width()).map(<[f32]>::to_vec).collect())
    }
}
