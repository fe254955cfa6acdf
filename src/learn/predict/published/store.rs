//! A model of the published recipe in the folder of a run, in the files of [`crate::predict::store`]. An encoder
//! that was trained lies in `encoder.safetensors` under the names of a PyTorch `state_dict`, so that PyTorch
//! loads it too (`load_state_dict(..., strict=False)`: there is no classifier).

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Published, PublishedModelConfig, encoder_device};
use crate::core::cancel::CancelToken;
use crate::core::files::{FileError, read_json, write_bytes_atomically, write_json_atomically};
use crate::core::matrix::Matrix;
use crate::core::progress::Silent;
use crate::device::ComputeDevice;
use crate::model::encoder::{Architecture, EncoderShape, Trained, load};
use crate::model::parameters::Layout;
use crate::model::weights::WeightsFile;
use crate::predict::bank::Bank;
use crate::predict::store::{BANK, CONFIG, GENES, MODEL, VERSION, check_version};
use crate::predict::tensors::{self, StoredArray};
use crate::predict::uncertainty::Calibration;
use crate::predict::{BankSpot, GeneScale};

const ENCODER: &str = "encoder.safetensors";
/// Tells these configurations from those of the fused network.
pub(crate) const RECIPE: &str = "published";
/// No side of an input that can be meant is longer.
const MAX_SIDE: usize = 4_096;

#[derive(Serialize, Deserialize)]
struct Config {
    version: u32,
    recipe: String,
    #[serde(flatten)]
    model: PublishedModelConfig,
}

impl Published {
    /// Writes the model into `folder`, which is made if it is not there. Each file is written whole or not
    /// at all; `config.json` comes last, so a folder with it has everything.
    ///
    /// # Errors
    /// [`FileError`] naming the file that could not be written.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        let mut list = self.genes.join("\n");
        list.push('\n');
        write_bytes_atomically(&folder.join(GENES), list.as_bytes())?;

        let mut arrays: Vec<(String, StoredArray)> = Vec::new();
        let mut keep = |name: &str, values: &[f32]| arrays.push((name.to_owned(), StoredArray::from(values)));
        keep("uncertainty.residual", &self.calibration.residual);
        keep("uncertainty.factor", &self.calibration.factor);
        if let Some(scale) = &self.image_scale {
            keep("image.mean", &scale.mean);
            keep("image.deviation", &scale.deviation);
        }
        for entry in Layout::from_module(&self.network).entries {
            let values = self.parameters[entry.start..entry.start + entry.len()].to_vec();
            arrays.push((format!("network.{}", entry.path), StoredArray { shape: entry.shape, values }));
        }
        tensors::write(&folder.join(MODEL), arrays, &VERSION)?;

        if let Some(encoder) = &self.encoder {
            let array = |a: &crate::model::encoder::parameters::Array| StoredArray {
                shape: a.shape.clone(),
                values: a.values.clone(),
            };
            let arrays = encoder.parameters().iter().map(|(name, a)| (name.clone(), array(a))).collect();
            tensors::write(&folder.join(ENCODER), arrays, &VERSION)?;
        }
        let mut arrays = vec![("expression".to_owned(), StoredArray::from(self.bank.expression()))];
        arrays.extend(self.bank.plain().map(|keys| ("keys".to_owned(), StoredArray::from(keys))));
        tensors::write(&folder.join(BANK), arrays, &self.bank.spots())?;
        let config = Config { version: VERSION, recipe: RECIPE.to_owned(), model: self.config.clone() };
        write_json_atomically(&folder.join(CONFIG), &config)
    }

    /// Reads a model that [`Published::save`] wrote, onto `device`.
    ///
    /// # Errors
    /// [`FileError`] naming the file that is missing, damaged, or of a newer version.
    pub fn load(folder: &Path, device: &ComputeDevice) -> Result<Self, FileError> {
        let path = folder.join(CONFIG);
        let config = read_json::<Config>(&path)?.model;
        check_shape(&path, &config)?;
        let shape = config.shape;

        let path = folder.join(GENES);
        let list = std::fs::read_to_string(&path).map_err(FileError::io("read", &path))?;
        let genes: Vec<String> = list.lines().map(str::to_owned).collect();
        if genes.len() != shape.genes {
            let text = format!("lists {} genes where the model predicts {}", genes.len(), shape.genes);
            return Err(FileError::malformed(&path, text));
        }

        let path = folder.join(MODEL);
        let (mut arrays, version) = tensors::read::<u32>(&path)?;
        check_version(&path, version)?;
        let calibration = Calibration {
            residual: arrays.take("uncertainty.residual", &[shape.genes])?,
            factor: arrays.take("uncertainty.factor", &[shape.genes])?,
        };
        let image_scale = match config.encoder {
            Some(_) => None,
            None => Some(GeneScale {
                mean: arrays.take("image.mean", &[shape.features])?,
                deviation: arrays.take("image.deviation", &[shape.features])?,
            }),
        };
        let layout = Layout::from_module(&shape.init(0, &device.burn().clone().without_autodiff()));
        let mut parameters = Vec::with_capacity(layout.len());
        for entry in &layout.entries {
            parameters.extend(arrays.take(&format!("network.{}", entry.path), &entry.shape)?);
        }

        let encoder = match &config.encoder {
            Some(shape) => Some(load_encoder(&folder.join(ENCODER), shape, device)?),
            None => None,
        };
        let path = folder.join(BANK);
        let (mut arrays, spots) = tensors::read::<Vec<BankSpot>>(&path)?;
        let keys = arrays.take("keys", &[spots.len(), shape.projection])?;
        let keys = Matrix::from_vec(spots.len(), shape.projection, keys).unwrap_or_default();
        let expression = arrays.take("expression", &[spots.len(), shape.genes])?;
        let expression = Matrix::from_vec(spots.len(), shape.genes, expression).unwrap_or_default();
        let bank = Bank::published(keys, expression, spots)
            .map_err(|e| FileError::malformed(&path, e.to_string()))?;
        Ok(Self::new(config, genes, image_scale, parameters, encoder, calibration, bank, device))
    }
}

fn load_encoder(path: &Path, shape: &EncoderShape, device: &ComputeDevice) -> Result<Trained, FileError> {
    let failed = |e: String| FileError::malformed(path, e);
    let file = WeightsFile::open(path).map_err(|e| failed(e.to_string()))?;
    let parameters =
        load(&file, &shape.architecture, shape.side, "the trained encoder", &Silent, &CancelToken::new())
            .map_err(|e| failed(e.to_string()))?;
    Ok(Trained::new(shape.clone(), parameters, encoder_device(device)))
}

/// Refuses shapes that no training gives, before memory is asked for by them.
fn check_shape(path: &Path, config: &PublishedModelConfig) -> Result<(), FileError> {
    let s = &config.shape;
    let fits = [s.features, s.genes].iter().all(|n| (1..=100_000).contains(n))
        && [s.heads, s.head_width].iter().all(|n| (1..=1_024).contains(n))
        && (1..=8_192).contains(&s.projection)
        && config.encoder.as_ref().is_none_or(|e| {
            (1..=MAX_SIDE).contains(&e.side)
                && e.mpp > 0.0
                && is_trainable(&e.architecture)
                && e.architecture.width() == s.features
        });
    if fits { Ok(()) } else { Err(FileError::malformed(path, "describes an invalid network")) }
}

/// Whether it is a network that training can have given.
fn is_trainable(architecture: &Architecture) -> bool {
    let Architecture::Densenet(net) = architecture else { return false };
    [net.stem, net.growth, net.bottleneck].iter().all(|n| (1..=1_024).contains(n))
        && net.blocks.len() <= 8
        && net.blocks.iter().all(|layers| *layers <= 256)
}
