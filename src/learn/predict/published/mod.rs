//! Models of the published recipe: retrieval of measured expression by image embeddings among expression
//! embeddings.

mod store;
pub(crate) use store::RECIPE;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::gpu::GpuLimits;
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::progress::{Progress, Stage, Task};
use crate::core::target::Target;
use crate::device::ComputeDevice;
use crate::model::encoder::{EncoderShape, Trained};
use crate::model::parameters::scatter;
use crate::model::published::{PublishedNetwork, PublishedShape};
use crate::predict::bank::Bank;
use crate::predict::embed::values;
use crate::predict::uncertainty::Calibration;
use crate::predict::{GeneScale, PredictError, Predictions};

/// Spots that go through the network together.
const CHUNK: usize = 256;

/// What a model is besides its numbers; stored as `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublishedModelConfig {
    /// The scale of its predictions.
    pub target: Target,
    /// Shape of its networks.
    pub shape: PublishedShape,
    /// The image encoder, where it was trained with the rest.
    pub encoder: Option<EncoderShape>,
    /// How many training spots a prediction is retrieved from.
    pub neighbours: usize,
    /// Sections it was trained on.
    pub sections: Vec<String>,
    /// Epochs it was trained for.
    pub epochs: usize,
    /// Remarks on the training that the user should read.
    pub notes: Vec<Note>,
    /// Name of the device it was trained on.
    pub device: String,
    /// The training configuration, as it was.
    pub training: serde_json::Value,
}

/// A model of the published recipe.
#[derive(Debug)]
pub struct Published {
    /// What it is.
    pub config: PublishedModelConfig,
    /// Names of the genes it predicts.
    pub genes: Vec<String>,
    /// Mean and deviation of a frozen encoder's features over the training spots, which are taken out of them;
    /// of a trained encoder they stay as they are.
    pub image_scale: Option<GeneScale>,
    /// Parameters of the networks as one vector.
    pub parameters: Vec<f32>,
    /// The image encoder, where it was trained with the rest.
    pub encoder: Option<Trained>,
    /// How uncertainty follows from spread.
    pub calibration: Calibration,
    /// The training spots: expression embeddings and measured expression.
    pub bank: Bank,
    network: PublishedNetwork,
    device: Device,
}

/// The GPU that a trained encoder runs on; none for the processor.
pub(crate) fn encoder_device(device: &ComputeDevice) -> Option<(Device, GpuLimits)> {
    device.gpu().map(|(device, limits)| (device.without_autodiff(), limits))
}

/// The network of these parameters on `device`, ready to predict.
pub(crate) fn network(shape: &PublishedShape, parameters: &[f32], device: &Device) -> PublishedNetwork {
    let vector = Tensor::from_data(TensorData::new(parameters.to_vec(), [parameters.len()]), device);
    scatter(shape.init(0, device), &vector, false)
}

/// Embeddings of image features (`n x features`, scaled): `n x projection`.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn embed_images(
    network: &PublishedNetwork,
    features: &Matrix,
    device: &Device,
    mut done: impl FnMut(usize),
    cancel: &CancelToken,
) -> Result<Matrix, Cancelled> {
    let (mut embedding, mut width) = (Vec::new(), 0);
    for chunk in features.as_slice().chunks((CHUNK * features.cols()).max(1)) {
        cancel.check()?;
        let shape = [chunk.len() / features.cols(), features.cols()];
        let out = network.image(Tensor::from_data(TensorData::new(chunk.to_vec(), shape), device));
        width = out.dims()[1];
        embedding.extend(values(out));
        done(embedding.len() / width.max(1));
    }
    Ok(Matrix::from_vec(features.rows(), width, embedding).unwrap_or_default())
}

impl Published {
    /// Puts a model together.
    #[expect(clippy::too_many_arguments, reason = "the parts of a model")]
    pub(crate) fn new(
        config: PublishedModelConfig,
        genes: Vec<String>,
        image_scale: Option<GeneScale>,
        parameters: Vec<f32>,
        encoder: Option<Trained>,
        calibration: Calibration,
        bank: Bank,
        device: &ComputeDevice,
    ) -> Self {
        let device = device.burn().clone().without_autodiff();
        let network = network(&config.shape, &parameters, &device);
        Self { config, genes, image_scale, parameters, encoder, calibration, bank, network, device }
    }

    /// Predicts expression at the spots of a section from the features of their patches (`n x features`), as the
    /// encoder gave them. `spot_ids` name them, in order.
    ///
    /// # Errors
    /// [`PredictError`] when the features are not what the model was trained on, or on cancel.
    pub fn predict(
        &self,
        section: &str,
        features: &Matrix,
        spot_ids: &[String],
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Predictions, PredictError> {
        let (expected, found) = (self.config.shape.features, features.cols());
        let spots = features.rows();
        if expected != found {
            return Err(PredictError::Width { section: section.to_owned(), expected, found });
        }
        if spot_ids.len() != spots {
            return Err(PredictError::Names { section: section.to_owned(), names: spot_ids.len(), spots });
        }
        let stage = Stage::new(Task::Predicting, section);
        let report = |n: usize| progress.report(&stage, n as u64, spots as u64);
        report(0);
        let scaled = self.image_scale.as_ref().map(|scale| scale.standardise(features));
        let features = scaled.as_ref().unwrap_or(features);
        let embedding = embed_images(&self.network, features, &self.device, report, cancel)?;
        let retrieved = self.bank.retrieve(&embedding, self.config.neighbours, cancel)?;
        let average = self.bank.average(&retrieved, cancel)?;
        Ok(Predictions {
            section: section.to_owned(),
            spots: spot_ids.to_vec(),
            genes: self.genes.clone(),
            mean: average.mean,
            uncertainty: self.calibration.apply(&average.spread),
            retrieved,
            bank_spots: self.bank.spots().to_vec(),
        })
    }
}
