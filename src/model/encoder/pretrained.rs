//! A pretrained network as a [`PatchEncoder`].

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::Device;

use super::architecture::Architecture;
use super::cpu::CpuNetwork;
use super::load::{LoadError, load, report};
use super::parameters::Parameters;
use super::presets::{Normalisation, Preset};
use super::tensor::TensorNetwork;
use crate::core::cancel::CancelToken;
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use crate::core::progress::Progress;
use crate::model::weights::{WeightsError, WeightsFile, fingerprint};

/// Changes whenever the same weights would give other numbers than before, so that stale caches are not used.
const VERSION: &str = "1";
/// How much of the fingerprint of the weights goes into the name of the encoder: 64 bits.
const FINGERPRINT: usize = 16;
/// Images that a run on the processor takes at once; more gain nothing and hold cancelling up.
const BATCH: usize = 16;

/// A network with weights from a file. The file is looked at when it is opened, and its weights are read when they
/// are first needed: what is cached under [`PatchEncoder::id`] needs none.
#[derive(Debug)]
pub struct Pretrained {
    preset: Preset,
    weights: PathBuf,
    id: String,
    device: Option<Device>,
    network: OnceLock<Network>,
    /// Held while the weights are read, so that they are read once.
    reading: Mutex<()>,
}

/// Where it runs.
#[derive(Debug)]
pub(super) enum Network {
    Cpu(CpuNetwork),
    Tensors(TensorNetwork),
}

impl Network {
    /// On `device`, or on the processor.
    pub(super) fn new(architecture: Architecture, parameters: Parameters, device: Option<&Device>) -> Self {
        match device {
            None => Self::Cpu(CpuNetwork::new(architecture, parameters)),
            Some(device) => Self::Tensors(TensorNetwork::new(architecture, parameters, device)),
        }
    }

    /// Feature vectors of patches of `side` pixels.
    pub(super) fn features(
        &self,
        patches: &[RgbPatch],
        side: usize,
        normalisation: Normalisation,
    ) -> Vec<f32> {
        let mut features = Vec::new();
        for batch in patches.chunks(BATCH) {
            let mut images = Vec::with_capacity(batch.len() * side * side * 3);
            batch.iter().for_each(|patch| normalisation.apply(&patch.rgb, &mut images));
            features.extend(match self {
                Self::Cpu(network) => network.run(images, side),
                Self::Tensors(network) => network.run(images, side),
            });
        }
        features
    }
}

impl Pretrained {
    /// The encoder `preset` with the weights in a file, to run on `device`, or on the processor.
    ///
    /// # Errors
    /// The file cannot be read, or belongs to another network.
    pub fn open(
        preset: Preset,
        weights: &Path,
        device: Option<Device>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, LoadError> {
        let file = WeightsFile::open(weights)?;
        let report = report(&file, &preset.architecture, preset.side);
        if !report.fits() {
            return Err(LoadError::other(weights, preset.title, report));
        }
        let print = fingerprint(weights, progress, cancel)?;
        Ok(Self {
            id: format!("{}-{}-{VERSION}", preset.name, print.get(..FINGERPRINT).unwrap_or(&print)),
            preset,
            weights: weights.to_owned(),
            device,
            network: OnceLock::new(),
            reading: Mutex::default(),
        })
    }

    /// What the encoder is.
    pub fn preset(&self) -> &Preset {
        &self.preset
    }
}

impl PatchEncoder for Pretrained {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn mpp(&self) -> f64 {
        self.preset.mpp
    }

    fn patch_size(&self) -> usize {
        self.preset.side
    }

    fn width(&self) -> usize {
        self.preset.architecture.width()
    }

    fn prepare(&self, progress: &dyn Progress, cancel: &CancelToken) -> Result<(), EncoderError> {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.network.get().is_some() {
            return Ok(());
        }
        let (architecture, side) = (&self.preset.architecture, self.preset.side);
        let failed = |e: WeightsError| EncoderError::Failed(e.to_string());
        let file = WeightsFile::open(&self.weights).map_err(failed)?;
        let parameters =
            load(&file, architecture, side, self.preset.title, progress, cancel).map_err(|e| match e {
                LoadError::Cancelled(cancelled) => EncoderError::Cancelled(cancelled),
                other => EncoderError::Failed(other.to_string()),
            })?;
        self.network.get_or_init(|| Network::new(architecture.clone(), parameters, self.device.as_ref()));
        Ok(())
    }

    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let Some(network) = self.network.get() else {
            return Err(EncoderError::Failed(format!("{} was not made ready", self.preset.title)));
        };
        let features = network.features(patches, self.preset.side, self.preset.normalisation);
        Ok(features.chunks_exact(self.width()).map(<[f32]>::to_vec).collect())
    }
}
