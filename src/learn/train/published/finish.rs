//! The model that is put together when training by the published recipe has ended.

use super::input::Images;
use super::work::{PublishedTrainer, State};
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::progress::{Progress, Task};
use crate::model::encoder::Trained;
use crate::model::published::PublishedNetwork;
use crate::predict::bank::Bank;
use crate::predict::embed::values;
use crate::predict::published::{PublishedModelConfig, embed_images, encoder_device, network};
use crate::predict::source::SpotRef;
use crate::predict::uncertainty::Calibration;
use crate::predict::{BankSpot, Published};
use crate::preprocess::spots;
use crate::train::batch::expression_batch;
use crate::train::chance::chance_note;
use crate::train::fit::{MIN_SPOTS, TrainError};

/// Spots whose expression is embedded at a time when the bank is built.
const CHUNK: usize = 256;

impl PublishedTrainer<'_> {
    /// The model of where training stands.
    ///
    /// # Errors
    /// The slides' patches cannot be encoded, or it was cancelled.
    pub fn finish(
        &self,
        state: &State,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Published, TrainError> {
        progress.report(&Task::CollectingTrainingSpots.into(), 0, 0);
        let parameters = values(state.network.parameters.clone());
        let net = network(&self.shape, &parameters, &self.device);
        let keys = self.embed_expression(&net, cancel)?;
        let (encoder, features) = match (&state.encoder, &self.input.encoder) {
            (Some(side), Some((shape, _))) => {
                let parameters = side.training.parameters(&values(side.adam.parameters.clone()));
                let device = encoder_device(self.compute);
                let encoder = Trained::new(shape.clone(), parameters, device);
                let features = self.encode(&encoder, progress, cancel)?;
                (Some(encoder), features)
            }
            _ => (None, self.frozen.as_ref().map(|(f, _)| f.clone()).unwrap_or_default()),
        };
        let images = embed_images(&net, &features, &self.device, |_| (), cancel)?;
        let calibration = self.calibrate(&images, &keys, cancel)?;
        let bank = Bank::published(keys, self.prepared.denoised.clone(), self.names(|_| true))?;
        let config = PublishedModelConfig {
            target: self.input.target,
            shape: self.shape,
            encoder: self.input.encoder.as_ref().map(|(shape, _)| shape.clone()),
            neighbours: self.config.neighbours,
            sections: self.input.sections.iter().map(|s| s.name.to_owned()).collect(),
            epochs: state.epoch,
            notes: self.notes(state),
            device: self.compute.info().name.clone(),
            training: serde_json::to_value(self.config).unwrap_or_default(),
        };
        let scale = self.frozen.as_ref().map(|(_, scale)| scale.clone());
        let genes = self.input.genes.to_vec();
        Ok(Published::new(config, genes, scale, parameters, encoder, calibration, bank, self.compute))
    }

    fn embed_expression(
        &self,
        network: &PublishedNetwork,
        cancel: &CancelToken,
    ) -> Result<Matrix, TrainError> {
        let rows: Vec<u32> = (0..self.prepared.picks.len() as u32).collect();
        let mut keys = Vec::with_capacity(rows.len() * self.shape.projection);
        for chunk in rows.chunks(CHUNK) {
            cancel.check()?;
            let near = self.config.expression_neighbours;
            keys.extend(values(network.expression(&expression_batch(
                &self.prepared,
                chunk,
                near,
                &[],
                &self.device,
            ))));
        }
        Ok(Matrix::from_vec(rows.len(), self.shape.projection, keys).unwrap_or_default())
    }

    /// Features of all training spots by a trained encoder.
    fn encode(
        &self,
        encoder: &Trained,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Matrix, TrainError> {
        let mut parts = Vec::with_capacity(self.input.sections.len());
        for section in &self.input.sections {
            if let Images::Patches { slide, centers, mpp } = section.images {
                parts.push(spots::encode(slide, centers, mpp, encoder, progress, cancel)?);
            }
        }
        Ok(Matrix::vstack(&parts).unwrap_or_default())
    }

    /// Intervals from the errors on each training section when it is retrieved from the others. The networks have
    /// seen it, so they are rather too narrow; the recipe leaves no section that they have not seen.
    fn calibrate(
        &self,
        images: &Matrix,
        keys: &Matrix,
        cancel: &CancelToken,
    ) -> Result<Calibration, TrainError> {
        if self.input.sections.len() < 2 {
            return Ok(Calibration::from_deviation(&self.prepared.scale.deviation));
        }
        let (mut predicted, mut spread, mut measured) = (Vec::new(), Vec::new(), Vec::new());
        for section in 0..self.input.sections.len() {
            let rows = |own: bool| -> Vec<usize> {
                let is_own = |&r: &usize| (self.prepared.picks[r].section == section) == own;
                (0..self.prepared.picks.len()).filter(is_own).collect()
            };
            let (own, others) = (rows(true), rows(false));
            // A bank of a few spots tells nothing of what the whole one predicts.
            if own.is_empty() || others.len() < MIN_SPOTS {
                continue;
            }
            let expression = self.prepared.denoised.select_rows(&others);
            let names = self.names(|p| p.section != section);
            let bank = Bank::published(keys.select_rows(&others), expression, names)?;
            let retrieved = bank.retrieve(&images.select_rows(&own), self.config.neighbours, cancel)?;
            let average = bank.average(&retrieved, cancel)?;
            predicted.push(average.mean);
            spread.push(average.spread);
            measured.push(self.prepared.denoised.select_rows(&own));
        }
        if predicted.is_empty() {
            return Ok(Calibration::from_deviation(&self.prepared.scale.deviation));
        }
        let all = |parts: &[Matrix]| Matrix::vstack(parts).unwrap_or_default();
        Ok(Calibration::choose(&all(&predicted), &all(&spread), &all(&measured)))
    }

    fn names(&self, keep: impl Fn(&SpotRef) -> bool) -> Vec<BankSpot> {
        let name = |p: &SpotRef| {
            let s = &self.input.sections[p.section];
            BankSpot { section: s.name.to_owned(), spot: s.spot_ids[p.spot].clone() }
        };
        self.prepared.picks.iter().filter(|p| keep(p)).map(name).collect()
    }

    fn notes(&self, state: &State) -> Vec<Note> {
        let last = state.history.last().map_or(0.0, |m| m.contrastive);
        chance_note(last, self.batch_size()).into_iter().collect()
    }
}
