//! A pretrained network as a [`PatchEncoder`].

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::Device;

use super::architecture::Architecture;
use super::cpu::CpuNetwork;
use super::load::{LoadError, load, report};
use super::parameters::{Array, Parameters};
use super::presets::{Normalisation, Preset};
use super::tensor::TensorNetwork;
use crate::core::cancel::CancelToken;
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use crate::core::progress::Progress;
use crate::model::weights::{WeightsError, WeightsFile, fingerprint};

/// Changes whenever the same weights would give other numbers than before, so that stale caches are not used.
const VERSION: &str = "2";
/// How much of the fingerprint of the weights goes into the name of the encoder: 64 bits.
const FINGERPRINT: usize = 16;
/// The most images that a run takes at once; more gain nothing and hold cancelling up.
const BATCH: usize = 16;
/// Multiply-adds of a run on one core of the processor: half a second or so, so that cancelling is prompt
/// even in networks that take seconds for a few patches.
const WORK: u64 = 64_000_000_000;

/// A network with weights from a file. The file is looked at when it is opened, and its weights are read when they
/// are first needed: what is cached under [`PatchEncoder::id`] needs none.
#[derive(Debug)]
pub struct Pretrained {
    preset: Preset,
    weights: PathBuf,
    id: String,
    device: Option<Device>,
    network: OnceLock<Network>,
    batch: usize,
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

/// Makes sure that a file holds the weights of `preset`. Only its names and sizes are read.
///
/// # Errors
/// The file cannot be read, or belongs to another network.
pub fn check(preset: &Preset, weights: &Path) -> Result<(), LoadError> {
    let file = WeightsFile::open(weights)?;
    let report = report(&file, &preset.architecture, preset.side);
    if report.fits() { Ok(()) } else { Err(LoadError::other(weights, preset.title, report)) }
}

/// How many patches a run takes at once, on a GPU or on the processor.
fn batch(preset: &Preset, on_gpu: bool) -> usize {
    if on_gpu {
        return BATCH;
    }
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get()) as u64;
    let work = preset.architecture.list(preset.side).multiply_adds.max(1);
    ((WORK * cores / work) as usize).clamp(1, BATCH)
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
        check(&preset, weights)?;
        let print = fingerprint(weights, progress, cancel)?;
        Ok(Self {
            id: format!("{}-{}-{VERSION}", preset.name, print.get(..FINGERPRINT).unwrap_or(&print)),
            batch: batch(&preset, device.is_some()),
            preset,
            weights: weights.to_owned(),
            device,
            network: OnceLock::new(),
            reading: Mutex::default(),
        })
    }

    /// The encoder `preset` with weights that mean nothing, to see how fast it is.
    pub fn with_made_up_weights(preset: Preset, device: Option<Device>) -> Self {
        let listed = preset.architecture.list(preset.side).parameters.into_iter();
        let parameters = listed
            .map(|(name, shape)| {
                let count = shape.iter().product();
                // Normalisations pass numbers on, so that they neither vanish nor explode on the way.
                let passes =
                    name.ends_with(".running_var") || (shape.len() == 1 && name.ends_with(".weight"));
                let made_up = |i: usize| ((i * 7919) % 101) as f32 * 4e-4 - 0.02;
                let values = if passes { vec![1.0; count] } else { (0..count).map(made_up).collect() };
                (name, Array { shape, values })
            })
            .collect();
        Self {
            id: format!("{}-made-up", preset.name),
            batch: batch(&preset, device.is_some()),
            network: OnceLock::from(Network::new(preset.architecture.clone(), parameters, device.as_ref())),
            preset,
            weights: PathBuf::new(),
            device,
            reading: Mutex::default(),
        }
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

    fn batch(&self) -> usize {
        self.batch
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
