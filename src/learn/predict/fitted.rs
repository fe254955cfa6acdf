//! A fitted model: everything that predictions are made from.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::progress::{Progress, Stage, Task};
use crate::core::target::Target;
use crate::device::ComputeDevice;
use crate::model::parameters::scatter;
use crate::model::{Network, NetworkConfig};
use crate::predict::Predictions;
use crate::predict::bank::Bank;
use crate::predict::blend::Blend;
use crate::predict::embed::embed;
use crate::predict::source::{ImageSource, SpotRef};
use crate::predict::uncertainty::Calibration;
use crate::preprocess::features::SectionFeatures;
use crate::preprocess::standardise::{FeatureShapeError, standardise_like};

/// What a fitted model is besides its numbers; stored as `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FusedModelConfig {
    /// The scale of its predictions.
    pub target: Target,
    /// Shape of its networks.
    pub network: NetworkConfig,
    /// How many networks it averages.
    pub members: usize,
    /// The most landmarks of a section.
    pub landmarks: usize,
    /// How many training spots a prediction is retrieved from.
    pub neighbours: usize,
    /// Sections it was trained on.
    pub sections: Vec<String>,
    /// The section that stopped training and chose the blend; none where spots were held out instead.
    pub validation: Option<String>,
    /// Epochs each network was trained for.
    pub epochs: Vec<usize>,
    /// No value is predicted below this: the value of a gene without counts. None where training values are below zero,
    /// and for models of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f32>,
    /// Remarks on the training that the user should read.
    pub notes: Vec<Note>,
    /// Name of the device it was trained on.
    pub device: String,
    /// The training configuration, as it was.
    pub training: serde_json::Value,
}

/// Mean and standard deviation of each gene over the training spots.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneScale {
    /// Means.
    pub mean: Vec<f32>,
    /// Standard deviations, 1 for a constant gene.
    pub deviation: Vec<f32>,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub struct FusedModel {
    /// What it is.
    pub config: FusedModelConfig,
    /// Names of the genes it predicts.
    pub genes: Vec<String>,
    /// Their scale in training.
    pub scale: GeneScale,
    /// Parameters of its networks, each as one vector.
    pub parameters: Vec<Vec<f32>>,
    /// How retrieval and regression are blended.
    pub blend: Blend,
    /// How uncertainty follows from spread.
    pub calibration: Calibration,
    /// The training spots.
    pub bank: Bank,
    pub(crate) networks: Vec<Network>,
    pub(crate) device: Device,
}

/// Predictions could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The features do not fit together.
    #[error(transparent)]
    Features(#[from] FeatureShapeError),
    /// The features are of another encoder.
    #[error(
        "{section} has {found} features a patch where the model was trained on {expected}: compute its features with the encoder that the model was trained with"
    )]
    Width {
        /// The section.
        section: String,
        /// The model's.
        expected: usize,
        /// The section's.
        found: usize,
    },
    /// Names and features do not match.
    #[error("{section} has {names} spot names for {spots} spots")]
    Names {
        /// The section.
        section: String,
        /// Names given.
        names: usize,
        /// Spots with features.
        spots: usize,
    },
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The networks of `parameters` on `device`, ready to predict.
pub(crate) fn networks(
    config: &NetworkConfig,
    parameters: &[Vec<f32>],
    device: &ComputeDevice,
) -> Vec<Network> {
    let device = device.burn().clone().without_autodiff();
    parameters
        .iter()
        .map(|values| {
            let vector = Tensor::from_data(TensorData::new(values.clone(), [values.len()]), &device);
            scatter(config.init(0, &device), &vector, false)
        })
        .collect()
}

/// The mean of matrices of the same shape.
pub(crate) fn mean_of(parts: &[Matrix]) -> Matrix {
    let mut parts_left = parts.iter();
    let mut sum = parts_left.next().cloned().unwrap_or_default();
    for part in parts_left {
        for (s, v) in sum.as_mut_slice().iter_mut().zip(part.as_slice()) {
            *s += v;
        }
    }
    let n = parts.len().max(1) as f32;
    sum.as_mut_slice().iter_mut().for_each(|v| *v /= n);
    sum
}

/// The networks' embeddings beside each other, so that retrieval goes by the mean of their similarities,
/// and the mean of what their regression heads predict, on the target scale.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn embed_all(
    networks: &[Network],
    scale: &GeneScale,
    source: &ImageSource<'_>,
    picks: &[SpotRef],
    mut done: impl FnMut(usize),
    cancel: &CancelToken,
) -> Result<(Matrix, Matrix), Cancelled> {
    let (mut embeddings, mut predicted) = (Vec::new(), Vec::new());
    for (i, network) in networks.iter().enumerate() {
        let out = embed(network, source, picks, |n| done(i * picks.len() + n), cancel)?;
        embeddings.push(out.embedding);
        predicted.push(out.predicted);
    }
    let embedding = Matrix::hstack(&embeddings.iter().collect::<Vec<_>>()).unwrap_or_default();
    Ok((embedding, scale.restore(&mean_of(&predicted))))
}

impl GeneScale {
    /// z-scored expression on the target scale: `n x genes`.
    pub fn restore(&self, z: &Matrix) -> Matrix {
        let mut out = z.clone();
        for r in 0..out.rows() {
            for ((v, mean), deviation) in out.row_mut(r).iter_mut().zip(&self.mean).zip(&self.deviation) {
                *v = mean + deviation * *v;
            }
        }
        out
    }

    /// Expression on the target scale z-scored: `n x genes`.
    pub fn standardise(&self, x: &Matrix) -> Matrix {
        let mut out = x.clone();
        for r in 0..out.rows() {
            for ((v, mean), deviation) in out.row_mut(r).iter_mut().zip(&self.mean).zip(&self.deviation) {
                *v = (*v - mean) / deviation;
            }
        }
        out
    }
}

impl FusedModel {
    /// Rebuilds the networks on `device`.
    pub(crate) fn place(&mut self, device: &ComputeDevice) {
        self.networks = networks(&self.config.network, &self.parameters, device);
        self.device = device.burn().clone().without_autodiff();
    }
}

/// Raises values below `floor` to it, and takes away what rounding left above it.
pub(crate) fn raise_to(floor: Option<f32>, mut values: Matrix) -> Matrix {
    const ROUNDING: f32 = 1e-6;
    if let Some(floor) = floor {
        values.as_mut_slice().iter_mut().filter(|v| **v < floor + ROUNDING).for_each(|v| *v = floor);
    }
    values
}

/// Predicts expression at the spots of a section from its image features. `spot_ids` name them, in order.
///
/// # Errors
/// [`PredictError`] when the features are not what the model was trained on, or on cancel.
pub fn predict(
    model: &FusedModel,
    section: &str,
    features: &SectionFeatures,
    spot_ids: &[String],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Predictions, PredictError> {
    predict_like(model, section, features, features, spot_ids, progress, cancel)
}

/// As [`predict`], at places that are seen as those of `reference` are, features of the same slide; see
/// [`standardise_like`].
///
/// # Errors
/// As [`predict`].
pub fn predict_like(
    model: &FusedModel,
    section: &str,
    features: &SectionFeatures,
    reference: &SectionFeatures,
    spot_ids: &[String],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Predictions, PredictError> {
    let (expected, found) = (model.config.network.fusion.features, features.spot.cols());
    let spots = features.spot.rows();
    if expected != found {
        return Err(PredictError::Width { section: section.to_owned(), expected, found });
    }
    if spot_ids.len() != spots {
        return Err(PredictError::Names { section: section.to_owned(), names: spot_ids.len(), spots });
    }
    let standard = [standardise_like(features, reference, model.config.landmarks)?];
    let source = ImageSource::new(&standard, &model.device);
    let picks: Vec<SpotRef> = source.picks_of(0).collect();
    let stage = Stage::new(Task::Predicting, section);
    let total = (picks.len() * model.networks.len()) as u64;
    let report = |n: usize| progress.report(&stage, n as u64, total);
    report(0);
    let (embedding, regressed) = embed_all(&model.networks, &model.scale, &source, &picks, report, cancel)?;
    let retrieved = model.bank.retrieve(&embedding, model.config.neighbours, cancel)?;
    let average = model.bank.average(&retrieved, cancel)?;
    Ok(Predictions {
        section: section.to_owned(),
        spots: spot_ids.to_vec(),
        genes: model.genes.clone(),
        mean: raise_to(model.config.floor, model.blend.apply(&average.mean, &regressed, &model.scale.mean)),
        uncertainty: model.calibration.apply(&average.spread),
        retrieved,
        bank_spots: model.bank.spots().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_predicted_below_the_floor() {
        let values = || Matrix::from_vec(1, 4, vec![-0.5, 1e-8, 0.25, f32::NAN]).unwrap();
        let raised = raise_to(Some(0.0), values());
        assert_eq!(raised.as_slice()[..3], [0.0, 0.0, 0.25]);
        assert!(raised.as_slice()[3].is_nan());
        assert_eq!(raise_to(None, values()).as_slice()[..3], [-0.5, 1e-8, 0.25]);
    }
}
