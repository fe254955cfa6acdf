//! What training by the published recipe works on, and its steps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;

use super::adam::PublishedAdam;
use super::checkpoint::PublishedCheckpoint;
use super::config::PublishedConfig;
use super::encoder::{EncoderSide, Passes, Patches, chunk_lengths, workers};
use super::input::{Images, PublishedInput};
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::progress::{Progress, Task};
use crate::core::rng::stream;
use crate::device::ComputeDevice;
use crate::model::encoder::Training;
use crate::model::losses::product_cross_entropy;
use crate::model::parameters::{gather, gradients, scatter};
use crate::model::published::{PublishedNetwork, PublishedShape};
use crate::predict::GeneScale;
use crate::predict::embed::values;
use crate::predict::source::SpotRef;
use crate::preprocess::features::FeatureError;
use crate::train::batch::{batch_size, expression_batch};
use crate::train::chance::chance;
use crate::train::config::TrainConfig;
use crate::train::fit::TrainError;
use crate::train::prepare::{Prepared, prepare, scale_of};
use crate::train::stage::{EpochMetrics, Phase};

/// What stays the same while training goes on.
pub struct PublishedTrainer<'a> {
    pub(super) input: &'a PublishedInput<'a>,
    pub(super) config: &'a PublishedConfig,
    pub(super) compute: &'a ComputeDevice,
    pub(super) device: Device,
    pub(super) shape: PublishedShape,
    pub(super) prepared: Prepared,
    /// Scaled features of a frozen encoder, one row a spot, and their scale.
    pub(super) frozen: Option<(Matrix, GeneScale)>,
}

/// What changes.
pub struct State {
    template: PublishedNetwork,
    pub(super) network: PublishedAdam,
    pub(super) encoder: Option<EncoderSide>,
    /// Epochs finished.
    pub epoch: usize,
    pub(super) history: Vec<EpochMetrics>,
}

impl<'a> PublishedTrainer<'a> {
    /// Prepares `input`, which fits together.
    pub fn new(
        input: &'a PublishedInput<'a>,
        config: &'a PublishedConfig,
        compute: &'a ComputeDevice,
        cancel: &CancelToken,
    ) -> Result<Self, TrainError> {
        let expression: Vec<&Matrix> = input.sections.iter().map(|s| s.expression).collect();
        let places: Vec<&[[f32; 2]]> = input.sections.iter().map(|s| s.um).collect();
        let picks = (0..expression.len())
            .flat_map(|section| (0..expression[section].rows()).map(move |spot| SpotRef { section, spot }))
            .collect();
        // As measured: not denoised, not aligned between sections, not z-scored.
        let plain = TrainConfig {
            rank: 0,
            center_sections: false,
            expression_neighbours: config.expression_neighbours,
            ..TrainConfig::default()
        };
        let mut prepared = prepare(&expression, &places, picks, &plain, cancel)?;
        prepared.inputs = prepared.denoised.clone();
        let frozen = frozen_features(input).map(|features| {
            let scale = scale_of(&features);
            (scale.standardise(&features), scale)
        });
        let features = match (&input.encoder, &frozen) {
            (Some((shape, _)), _) => shape.architecture.width(),
            (None, Some((features, _))) => features.cols(),
            (None, None) => 0,
        };
        let shape = PublishedShape {
            features,
            genes: input.genes.len(),
            heads: config.heads,
            head_width: config.head_width,
            projection: config.projection,
        };
        let device = compute.burn().clone().without_autodiff();
        Ok(Self { input, config, compute, device, shape, prepared, frozen })
    }

    /// Before the first step.
    pub fn first(&self) -> State {
        let template = self.shape.init(self.config.seed, &self.device);
        let network = PublishedAdam::new(gather(&template));
        let encoder = self.input.encoder.clone().map(|(shape, parameters)| {
            let (training, vector) = Training::new(shape.architecture, parameters);
            let count = vector.len();
            let adam = PublishedAdam::new(Tensor::from_data(TensorData::new(vector, [count]), &self.device));
            EncoderSide { training, adam }
        });
        State { template, network, encoder, epoch: 0, history: Vec::new() }
    }

    /// Spots in a step.
    pub(super) fn batch_size(&self) -> usize {
        batch_size(self.prepared.picks.len(), self.config.batch_size)
    }

    /// Trains through one epoch.
    ///
    /// # Errors
    /// The loss is not finite any more, or it was cancelled.
    pub fn epoch(
        &self,
        state: &mut State,
        events: &mut dyn FnMut(&EpochMetrics),
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<(), TrainError> {
        let started = Instant::now();
        let (config, size) = (self.config, self.batch_size());
        let mut order: Vec<u32> = (0..self.prepared.picks.len() as u32).collect();
        order.shuffle(&mut stream(config.seed, "batch order", state.epoch as u64));
        let batches = order.len() / size.max(1);
        // In an encoder's training every chunk takes seconds, and goes through the network twice.
        let chunks = match state.encoder {
            Some(_) => 2 * chunk_lengths(size, config.encoder_chunk).len(),
            None => 1,
        };
        let (per_epoch, finished) = (batches * chunks, AtomicUsize::new(0));
        let epoch = state.epoch;
        let done: &(dyn Fn(usize) + Sync) = &|count| {
            let now = epoch * per_epoch + finished.fetch_add(count, Ordering::Relaxed) + count;
            progress.report(&Task::Training(1).into(), now as u64, (config.epochs * per_epoch) as u64);
        };
        let mut sum = 0.0;
        for (index, rows) in order.chunks_exact(size).enumerate() {
            cancel.check()?;
            let step = (epoch * batches + index) as u64;
            let loss = self.step(state, rows, step, done, cancel)?;
            if step == 0 {
                self.hear(state, 0, loss, 0.0, events);
            }
            sum += loss;
        }
        state.epoch += 1;
        let (mean, epoch) = (sum / batches.max(1) as f32, state.epoch);
        self.hear(state, epoch, mean, started.elapsed().as_secs_f32(), events);
        if mean.is_finite() { Ok(()) } else { Err(TrainError::Diverged { epoch }) }
    }

    fn hear(
        &self,
        state: &mut State,
        epoch: usize,
        loss: f32,
        seconds: f32,
        events: &mut dyn FnMut(&EpochMetrics),
    ) {
        let metrics = EpochMetrics {
            phase: Phase::Refitting,
            member: 0,
            epoch,
            epochs: self.config.epochs,
            train_loss: loss,
            contrastive: loss,
            regression: 0.0,
            validation_loss: None,
            validation_pcc: None,
            seconds,
            chance: Some(chance(self.batch_size())),
        };
        state.history.push(metrics);
        events(&metrics);
    }

    /// One step on the spots `rows`: their loss before it.
    fn step(
        &self,
        state: &mut State,
        rows: &[u32],
        step: u64,
        done: &(dyn Fn(usize) + Sync),
        cancel: &CancelToken,
    ) -> Result<f32, TrainError> {
        let config = self.config;
        let picks: Vec<SpotRef> = rows.iter().map(|&r| self.prepared.picks[r as usize]).collect();
        let on_processor = self.compute.is_deterministic();
        let passes = Passes { workers: workers(on_processor), device: &self.device, done, cancel };
        let patches = match &self.input.encoder {
            Some((shape, _)) => {
                let seeds = (config.seed, step);
                let (chunk, jitter) = (config.encoder_chunk, config.jitter);
                let read = Patches::read(self.input, shape, &picks, chunk, jitter, seeds, cancel);
                Some(read.map_err(FeatureError::from)?)
            }
            None => None,
        };
        let features = match (&state.encoder, &patches) {
            (Some(encoder), Some(patches)) => {
                Tensor::from_inner(encoder.features(patches, passes)?).require_grad()
            }
            _ => self.frozen_batch(rows),
        };
        let network = scatter(state.template.clone(), &state.network.parameters, true);
        let expression =
            expression_batch(&self.prepared, rows, config.expression_neighbours, &[], &self.device);
        let loss = product_cross_entropy(network.image(features.clone()), network.expression(&expression));
        let backward = loss.backward();
        let gradient = gradients(&network, &backward);
        match (&mut state.encoder, &patches) {
            (Some(encoder), Some(patches)) => {
                if let Some(of_features) = features.grad(&backward) {
                    let gradient = encoder.backward(patches, &of_features, passes)?;
                    encoder.adam.step(gradient, config.learning_rate, config.weight_decay);
                }
            }
            _ => done(1),
        }
        state.network.step(gradient, config.learning_rate, config.weight_decay);
        Ok(values(loss.without_autodiff()).first().copied().unwrap_or(f32::NAN))
    }

    fn frozen_batch(&self, rows: &[u32]) -> Tensor<2> {
        let Some((features, _)) = &self.frozen else { return Tensor::zeros([rows.len(), 0], &self.device) };
        let mut values = Vec::with_capacity(rows.len() * features.cols());
        rows.iter().for_each(|&r| values.extend_from_slice(features.row(r as usize)));
        Tensor::from_data(TensorData::new(values, [rows.len(), features.cols()]), &self.device)
    }
}

impl State {
    /// Numbers of parameters, and of an encoder's parameters and running statistics.
    pub fn sizes(&self) -> (usize, Option<(usize, usize)>) {
        let encoder =
            self.encoder.as_ref().map(|e| (e.adam.parameters.dims()[0], e.training.running().len()));
        (self.network.parameters.dims()[0], encoder)
    }

    /// What to store.
    pub fn standing(&self) -> PublishedCheckpoint {
        let encoder = self.encoder.as_ref().map(|e| (e.adam.save(), e.training.running()));
        PublishedCheckpoint {
            epoch: self.epoch,
            history: self.history.clone(),
            network: self.network.save(),
            encoder,
        }
    }

    /// Goes on from what was stored.
    pub fn restore(&mut self, standing: PublishedCheckpoint, work: &PublishedTrainer<'_>) {
        self.epoch = standing.epoch;
        self.history = standing.history;
        self.network = PublishedAdam::restore(&standing.network, &work.device);
        if let (Some(encoder), Some((saved, running))) = (&mut self.encoder, standing.encoder) {
            encoder.adam = PublishedAdam::restore(&saved, &work.device);
            encoder.training.restore_running(&running);
        }
    }
}

/// Features of a frozen encoder, all sections beneath each other.
fn frozen_features(input: &PublishedInput<'_>) -> Option<Matrix> {
    let of = |images: Images<'_>| match images {
        Images::Features(features) => Some(features.clone()),
        Images::Patches { .. } => None,
    };
    let parts: Option<Vec<Matrix>> = input.sections.iter().map(|s| of(s.images)).collect();
    Matrix::vstack(&parts?)
}
