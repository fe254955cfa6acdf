//! A fitted model in the folder of a run, and predictions in a file.
//!
//! `config.json` says what the model is, `genes.txt` its genes, `model.safetensors` holds the networks and
//! the numbers of each gene, `bank.safetensors` the training spots.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::core::files::{FileError, read_json, write_bytes_atomically, write_json_atomically};
use crate::core::matrix::Matrix;
use crate::device::ComputeDevice;
use crate::model::parameters::Layout;
use crate::predict::bank::Bank;
use crate::predict::blend::Blend;
use crate::predict::fitted::{FusedModel, FusedModelConfig, GeneScale};
use crate::predict::tensors::{self, StoredArray};
use crate::predict::uncertainty::Calibration;
use crate::predict::{BankSpot, Predictions, Retrieved};

/// The version of the files; a newer one is refused.
pub(super) const VERSION: u32 = 1;

pub(super) const CONFIG: &str = "config.json";
pub(super) const GENES: &str = "genes.txt";
pub(super) const MODEL: &str = "model.safetensors";
pub(super) const BANK: &str = "bank.safetensors";

#[derive(Serialize, Deserialize)]
struct Config {
    version: u32,
    #[serde(flatten)]
    config: FusedModelConfig,
}

/// Only what must be known before the rest can be read.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

pub(super) fn check_version(path: &Path, version: u32) -> Result<(), FileError> {
    if version == VERSION {
        return Ok(());
    }
    let text =
        format!("is of version {version}, which this version of HisCMCL cannot read: install a newer one");
    Err(FileError::malformed(path, text))
}

impl FusedModel {
    /// Writes the model into `folder`, which is made if it is not there. Each file is written whole or not
    /// at all; `config.json` comes last, so a folder with it has everything.
    ///
    /// # Errors
    /// [`FileError`] naming the file that could not be written.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        let mut list = self.genes.join("\n");
        list.push('\n');
        write_bytes_atomically(&folder.join(GENES), list.as_bytes())?;

        let mut arrays: Vec<(String, StoredArray)> = [
            ("gene.mean", &self.scale.mean),
            ("gene.deviation", &self.scale.deviation),
            ("blend.weight", &self.blend.weight),
            ("uncertainty.residual", &self.calibration.residual),
            ("uncertainty.factor", &self.calibration.factor),
        ]
        .map(|(name, v)| (name.to_owned(), StoredArray::from(v.as_slice())))
        .into();
        arrays.push(("blend.slope".into(), StoredArray::from(&[self.blend.slope][..])));
        for (member, (network, values)) in self.networks.iter().zip(&self.parameters).enumerate() {
            for entry in Layout::from_module(network).entries {
                let part = values[entry.start..entry.start + entry.len()].to_vec();
                arrays.push((
                    format!("network.{member}.{}", entry.path),
                    StoredArray { shape: entry.shape, values: part },
                ));
            }
        }
        tensors::write(&folder.join(MODEL), arrays, &VERSION)?;

        let arrays = vec![
            ("centre".to_owned(), StoredArray::from(self.bank.centre())),
            ("keys".to_owned(), StoredArray::from(self.bank.keys())),
            ("expression".to_owned(), StoredArray::from(self.bank.expression())),
        ];
        tensors::write(&folder.join(BANK), arrays, &self.bank.spots())?;
        let config = Config { version: VERSION, config: self.config.clone() };
        write_json_atomically(&folder.join(CONFIG), &config)
    }

    /// Reads a model that [`FusedModel::save`] wrote, onto `device`. It predicts what it predicted before, bit
    /// for bit on the same kind of device.
    ///
    /// # Errors
    /// [`FileError`] naming the file that is missing, damaged, or of a newer version.
    pub fn load(folder: &Path, device: &ComputeDevice) -> Result<Self, FileError> {
        let path = folder.join(CONFIG);
        check_version(&path, read_json::<Versioned>(&path)?.version)?;
        let config = read_json::<Config>(&path)?.config;
        check_shape(&path, &config)?;

        let path = folder.join(GENES);
        let list = std::fs::read_to_string(&path).map_err(FileError::io("read", &path))?;
        let genes: Vec<String> = list.lines().map(str::to_owned).collect();
        let count = genes.len();
        if count != config.network.outputs {
            let text = format!("lists {count} genes where the model predicts {}", config.network.outputs);
            return Err(FileError::malformed(&path, text));
        }

        let path = folder.join(MODEL);
        let (mut arrays, version) = tensors::read::<u32>(&path)?;
        check_version(&path, version)?;
        let mut of_genes = |name: &str| arrays.take(name, &[count]);
        let scale = GeneScale { mean: of_genes("gene.mean")?, deviation: of_genes("gene.deviation")? };
        let weight = of_genes("blend.weight")?;
        let calibration = Calibration {
            residual: of_genes("uncertainty.residual")?,
            factor: of_genes("uncertainty.factor")?,
        };
        let slope = arrays.take("blend.slope", &[1])?.first().copied().unwrap_or(1.0);
        let layout = Layout::from_module(&config.network.init(0, device.burn()));
        let parameters = (0..config.members)
            .map(|member| {
                let mut values = Vec::with_capacity(layout.len());
                for entry in &layout.entries {
                    values.extend(arrays.take(&format!("network.{member}.{}", entry.path), &entry.shape)?);
                }
                Ok(values)
            })
            .collect::<Result<Vec<_>, FileError>>()?;

        let path = folder.join(BANK);
        let (mut arrays, spots) = tensors::read::<Vec<BankSpot>>(&path)?;
        let centre = arrays.take("centre", &[config.network.fusion.embedding * config.members])?;
        let keys = arrays.take_matrix("keys", spots.len())?;
        let expression = arrays.take_matrix("expression", spots.len())?;
        if expression.cols() != count {
            let text = format!("holds {} genes where the model predicts {count}", expression.cols());
            return Err(FileError::malformed(&path, text));
        }
        let bank = Bank::from_parts(centre, keys, expression, spots)
            .map_err(|e| FileError::malformed(&path, e.to_string()))?;

        let mut fitted = Self {
            config,
            genes,
            scale,
            parameters,
            blend: Blend { weight, slope },
            calibration,
            bank,
            networks: Vec::new(),
            device: device.burn().clone(),
        };
        fitted.place(device);
        Ok(fitted)
    }
}

/// Refuses shapes that no training gives, before memory is asked for by them.
fn check_shape(path: &Path, config: &FusedModelConfig) -> Result<(), FileError> {
    let n = &config.network;
    let sizes = [
        n.fusion.features,
        n.fusion.width,
        n.fusion.embedding,
        n.fusion.side,
        n.expression.inputs,
        n.expression.width,
        n.expression.embedding,
        n.projection,
        n.outputs,
        config.members,
    ];
    let divides = |width: usize, heads: usize| heads > 0 && width.is_multiple_of(heads);
    let fits = sizes.iter().all(|s| (1..=100_000).contains(s))
        && [n.fusion.width, n.fusion.embedding, n.expression.width, n.projection].iter().all(|&w| w <= 8_192)
        && config.members <= 64
        && n.fusion.side <= 31
        && divides(n.fusion.width, n.fusion.heads)
        && divides(n.expression.width, n.expression.heads);
    if fits { Ok(()) } else { Err(FileError::malformed(path, "describes an invalid network")) }
}

/// What a file of predictions says besides its arrays.
#[derive(Serialize, Deserialize)]
struct PredictionsHeader {
    version: u32,
    section: String,
    spots: Vec<String>,
    genes: Vec<String>,
    bank_spots: Vec<BankSpot>,
}

impl Predictions {
    /// Writes the predictions of one section as `path`, atomically.
    ///
    /// # Errors
    /// [`FileError`] naming `path`.
    pub fn save(&self, path: &Path) -> Result<(), FileError> {
        let k = self.retrieved.iter().map(Vec::len).max().unwrap_or(0);
        let n = self.retrieved.len();
        // An index below 2^24 is exact in single precision; a bank is far smaller.
        let column = |f: fn(&Retrieved) -> f32| {
            StoredArray::from(&Matrix::from_fn(n, k, |r, c| self.retrieved[r].get(c).map_or(-1.0, f)))
        };
        let arrays = vec![
            ("mean".to_owned(), StoredArray::from(&self.mean)),
            ("uncertainty".to_owned(), StoredArray::from(&self.uncertainty)),
            ("retrieved.bank".to_owned(), column(|r| r.bank as f32)),
            ("retrieved.similarity".to_owned(), column(|r| r.similarity)),
            ("retrieved.weight".to_owned(), column(|r| r.weight)),
        ];
        let header = PredictionsHeader {
            version: VERSION,
            section: self.section.clone(),
            spots: self.spots.clone(),
            genes: self.genes.clone(),
            bank_spots: self.bank_spots.clone(),
        };
        tensors::write(path, arrays, &header)
    }

    /// Reads what [`Predictions::save`] wrote.
    ///
    /// # Errors
    /// [`FileError`] naming `path` when it is missing, damaged, or of a newer version.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let (mut arrays, header) = tensors::read::<PredictionsHeader>(path)?;
        check_version(path, header.version)?;
        let (n, genes) = (header.spots.len(), header.genes.len());
        let whole = |values| Matrix::from_vec(n, genes, values).unwrap_or_default();
        let mean = whole(arrays.take("mean", &[n, genes])?);
        let uncertainty = whole(arrays.take("uncertainty", &[n, genes])?);
        let bank = arrays.take_matrix("retrieved.bank", n)?;
        let shape = [n, bank.cols()];
        let similarity = arrays.take("retrieved.similarity", &shape)?;
        let weight = arrays.take("retrieved.weight", &shape)?;
        let mut retrieved = vec![Vec::new(); n];
        for (i, &b) in bank.as_slice().iter().enumerate() {
            if b < 0.0 {
                continue;
            }
            if b as usize >= header.bank_spots.len() {
                return Err(FileError::malformed(
                    path,
                    format!("refers to training spot {b}, which it does not list"),
                ));
            }
            let entry = Retrieved { bank: b as u32, similarity: similarity[i], weight: weight[i] };
            retrieved[i / bank.cols()].push(entry);
        }
        Ok(Self {
            section: header.section,
            spots: header.spots,
            genes: header.genes,
            mean,
            uncertainty,
            retrieved,
            bank_spots: header.bank_spots,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_come_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("predictions.safetensors");
        let p = Predictions {
            section: "C4".into(),
            spots: vec!["1x2".into(), "3x4".into()],
            genes: vec!["GNAS".into(), "FASN".into(), "SCD".into()],
            mean: Matrix::from_fn(2, 3, |r, c| (r as f32 + 0.1) / (c as f32 + 0.7)),
            uncertainty: Matrix::from_fn(2, 3, |r, c| (r + c) as f32),
            retrieved: vec![
                vec![
                    Retrieved { bank: 1, similarity: 0.9, weight: 0.75 },
                    Retrieved { bank: 0, similarity: 0.1, weight: 0.25 },
                ],
                vec![Retrieved { bank: 0, similarity: 0.3, weight: 1.0 }],
            ],
            bank_spots: ["a", "b"].map(|s| BankSpot { section: "C2".into(), spot: s.into() }).into(),
        };
        p.save(&path).unwrap();
        assert_eq!(Predictions::load(&path).unwrap(), p);
        let mut bad = p;
        bad.retrieved[0][0].bank = 7;
        bad.save(&path).unwrap();
        assert!(Predictions::load(&path).unwrap_err().to_string().contains("training spot 7"));
    }
}
