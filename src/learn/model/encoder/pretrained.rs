//! A pretrained network as a [`PatchEncoder`].

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::Device;

use super::halving::AdaptiveBatch;
use super::load::{LoadError, load, report};
use super::network::{Network, Place};
use super::parameters::Array;
use super::precision::Precision;
use super::presets::Preset;
use crate::core::cancel::CancelToken;
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use crate::core::gpu::GpuLimits;
use crate::core::progress::Progress;
use crate::model::weights::{WeightsError, WeightsFile, fingerprint};

/// Changes whenever the same weights would give other numbers than before, so that stale caches are not used.
const VERSION: &str = "2";
/// How much of the fingerprint of the weights goes into the name of the encoder: 64 bits.
const FINGERPRINT: usize = 16;

/// A network with weights from a file. The file is looked at when it is opened, and its weights are read when they
/// are first needed: what is cached under [`PatchEncoder::id`] needs none.
#[derive(Debug)]
pub struct Pretrained {
    preset: Preset,
    weights: PathBuf,
    id: String,
    place: Place,
    network: OnceLock<Network>,
    halving: AdaptiveBatch,
    /// Held while the weights are read, so that they are read once.
    reading: Mutex<()>,
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

impl Pretrained {
    /// The encoder `preset` with the weights in a file, to run on `gpu`, in half precision where it has that, or on
    /// the processor.
    ///
    /// # Errors
    /// The file cannot be read, or belongs to another network.
    pub fn open(
        preset: Preset,
        weights: &Path,
        gpu: Option<(Device, GpuLimits)>,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, LoadError> {
        check(&preset, weights)?;
        let print = fingerprint(weights, progress, cancel)?;
        let place = Place::new(gpu, |device| Precision::on_gpu(device, &preset.architecture));
        Ok(Self {
            id: format!("{}-{}-{VERSION}", preset.name, print.get(..FINGERPRINT).unwrap_or(&print)),
            halving: AdaptiveBatch::new(place.batch(&preset.architecture.list(preset.side))),
            preset,
            weights: weights.to_owned(),
            place,
            network: OnceLock::new(),
            reading: Mutex::default(),
        })
    }

    /// The encoder `preset` with weights that mean nothing, to see how fast it is: on the processor, or on `gpu`,
    /// there in another `precision` than the best if one is given.
    pub fn with_made_up_weights(
        preset: Preset,
        gpu: Option<(Device, GpuLimits)>,
        precision: Option<Precision>,
    ) -> Self {
        let best = |device: &Device| Precision::on_gpu(device, &preset.architecture);
        let place = Place::new(gpu, |device| precision.unwrap_or_else(|| best(device)));
        let listed = preset.architecture.list(preset.side);
        let halving = AdaptiveBatch::new(place.batch(&listed));
        let parameters = listed
            .parameters
            .into_iter()
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
            halving,
            network: OnceLock::from(Network::new(preset.architecture.clone(), parameters, &place)),
            preset,
            weights: PathBuf::new(),
            place,
            reading: Mutex::default(),
        }
    }

    /// What the encoder is.
    pub fn preset(&self) -> &Preset {
        &self.preset
    }

    /// How precisely it is computed.
    pub fn precision(&self) -> Precision {
        self.place.precision()
    }
}

impl PatchEncoder for Pretrained {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn cache_id(&self) -> String {
        match self.precision() {
            Precision::Single => self.id(),
            half => format!("{}-{}", self.id, half.name()),
        }
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
        self.halving.most()
    }

    fn prepare(&self, progress: &dyn Progress, cancel: &CancelToken) -> Result<(), EncoderError> {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.network.get().is_some() {
            return Ok(());
        }
        // A job that is paused meanwhile must not keep the others waiting.
        let cancel = cancel.without_pausing();
        let (architecture, side) = (&self.preset.architecture, self.preset.side);
        let failed = |e: WeightsError| EncoderError::Failed(e.to_string());
        let file = WeightsFile::open(&self.weights).map_err(failed)?;
        let parameters =
            load(&file, architecture, side, self.preset.title, progress, &cancel).map_err(|e| match e {
                LoadError::Cancelled(cancelled) => EncoderError::Cancelled(cancelled),
                other => EncoderError::Failed(other.to_string()),
            })?;
        self.network.get_or_init(|| Network::new(architecture.clone(), parameters, &self.place));
        Ok(())
    }

    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let Some(network) = self.network.get() else {
            return Err(EncoderError::Failed(format!("{} was not made ready", self.preset.title)));
        };
        let Preset { side, normalisation, title, .. } = self.preset;
        let features = network.features(patches, side, normalisation, &self.halving, title)?;
        Ok(features.chunks_exact(self.width()).map(<[f32]>::to_vec).collect())
    }
}
