//! One network's way through its epochs.

use std::time::Instant;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::model::losses::{correlation_error, squared_error};
use crate::model::parameters::{Layout, gather, gradients, scatter};
use crate::model::{Network, NetworkConfig};
use crate::predict::bank::Bank;
use crate::predict::embed::{embed, values};
use crate::predict::source::{ImageSource, SpotRef};
use crate::predict::{BankSpot, GeneScale};
use crate::train::batch::{Batches, batch_size};
use crate::train::chance::chance;
use crate::train::config::TrainConfig;
use crate::train::fit::TrainError;
use crate::train::optimizer::{Adam, AdamState, AdamWConfig};
use crate::train::prepare::Prepared;
use crate::train::score::{mean_correlation, mean_square};

/// What an epoch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Finding how many epochs serve the validation spots best.
    Choosing,
    /// Training on all spots for as many.
    Refitting,
}

/// One epoch, as it is shown and stored. In single precision, which survives being written as text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// What it is for.
    pub phase: Phase,
    /// Which network, from 0.
    pub member: usize,
    /// Which epoch, from 1.
    pub epoch: usize,
    /// Epochs there may be.
    pub epochs: usize,
    /// The whole training loss.
    pub train_loss: f32,
    /// The contrastive loss, not weighted.
    pub contrastive: f32,
    /// The regression loss.
    pub regression: f32,
    /// The regression loss on the validation spots, where this epoch looked at them.
    pub validation_loss: Option<f32>,
    /// Mean correlation over all genes on the validation spots, where this epoch looked at them.
    pub validation_pcc: Option<f32>,
    /// Seconds it took.
    pub seconds: f32,
    /// The contrastive loss at chance, the logarithm of the batch size; `None` where nothing is compared.
    #[serde(default)]
    pub chance: Option<f32>,
}

/// The weights that served the validation spots best.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Their mean correlation.
    pub score: f32,
    /// Epochs until then.
    pub epochs: usize,
    /// The averaged weights.
    pub parameters: Vec<f32>,
}

/// Where a stage stands; with it an interrupted stage goes on as if it had not been.
#[derive(Debug, Clone, PartialEq)]
pub struct StageState {
    /// Weights and what the optimiser remembers.
    pub adam: AdamState,
    /// Epochs finished.
    pub epoch: usize,
    /// The best so far.
    pub best: Option<Best>,
}

/// The spots that decide when to stop.
pub struct ValidationSpots<'a> {
    /// The spots.
    pub picks: &'a [SpotRef],
    /// Their measured expression on the target scale.
    pub measured: &'a Matrix,
}

/// What a stage works on.
pub struct Stage<'a> {
    /// What it is for.
    pub phase: Phase,
    /// Which network.
    pub member: usize,
    /// Seed of this network.
    pub seed: u64,
    /// Epochs to train for at most.
    pub epochs: usize,
    /// Shape of the network.
    pub network: &'a NetworkConfig,
    /// Settings.
    pub config: &'a TrainConfig,
    /// Image features, without autodiff: nothing asks for their gradients.
    pub source: &'a ImageSource<'a>,
    /// What it is trained on.
    pub prepared: &'a Prepared,
    /// What stops it; without, it goes on to the last epoch.
    pub validation: Option<ValidationSpots<'a>>,
    /// Where it computes, without autodiff.
    pub device: &'a Device,
}

/// Callbacks of a stage; either may stop it with an error.
pub struct TrainCallbacks<'a> {
    /// Hears each epoch.
    pub epoch: &'a mut dyn FnMut(EpochMetrics) -> Result<(), TrainError>,
    /// Gets the state to store from time to time.
    pub checkpoint: &'a mut dyn FnMut(StageState) -> Result<(), TrainError>,
    /// Stops it.
    pub cancel: &'a CancelToken,
}

impl Stage<'_> {
    /// Trains from `state`, or from the first weights, to the end: the best weights, or the last where
    /// nothing is validated.
    ///
    /// # Errors
    /// [`TrainError`] when the loss is not finite any more, a checkpoint cannot be written, or on cancel.
    pub fn run(
        &self,
        state: Option<StageState>,
        listeners: &mut TrainCallbacks<'_>,
    ) -> Result<Best, TrainError> {
        let first = self.network.init(self.seed, self.device);
        let layout = Layout::from_module(&first);
        let (mut adam, mut epoch, mut best) = match state {
            Some(s) => (Adam::restore(&s.adam, &layout, self.device), s.epoch, s.best),
            None => (Adam::new(gather(&first), &layout, self.device), 0, None),
        };
        let mut network = first.clone();
        while epoch < self.epochs && !self.out_of_patience(epoch, best.as_ref()) {
            let started = Instant::now();
            let mut metrics;
            (network, metrics) = self.epoch(network, &mut adam, epoch, listeners.cancel)?;
            epoch += 1;
            let look = epoch.is_multiple_of(self.config.validate_every) || epoch == self.epochs;
            if let Some(validation) = self.validation.as_ref().filter(|_| look) {
                let plain = scatter(first.clone(), &adam.average, false);
                let (loss, pcc) = self.validate(&plain, validation, listeners.cancel)?;
                let (loss, pcc) = (loss as f32, pcc as f32);
                (metrics.validation_loss, metrics.validation_pcc) = (Some(loss), Some(pcc));
                if best.as_ref().is_none_or(|b| pcc > b.score) {
                    let parameters = values(adam.average.clone());
                    best = Some(Best { score: pcc, epochs: epoch, parameters });
                }
            }
            metrics.seconds = started.elapsed().as_secs_f32();
            (listeners.epoch)(metrics)?;
            if epoch.is_multiple_of(self.config.checkpoint_every) {
                (listeners.checkpoint)(StageState { adam: adam.save(), epoch, best: best.clone() })?;
            }
        }
        let last = || Best { score: 0.0, epochs: epoch, parameters: values(adam.average.clone()) };
        Ok(best.unwrap_or_else(last))
    }

    fn out_of_patience(&self, epoch: usize, best: Option<&Best>) -> bool {
        best.is_some_and(|b| epoch >= b.epochs + self.config.patience)
    }

    /// Rises from 0, then falls along half a cosine to a twentieth.
    fn rate(&self, steps: f64) -> f64 {
        let total = self.config.epochs as f64;
        let warm = (total * self.config.warmup).max(1e-9);
        let share = ((steps - warm) / (total - warm).max(1e-9)).clamp(0.0, 1.0);
        let fall = 0.05 + 0.95 * 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
        self.config.learning_rate * (steps / warm).min(1.0) * fall
    }

    fn epoch(
        &self,
        mut network: Network,
        adam: &mut Adam,
        epoch: usize,
        cancel: &CancelToken,
    ) -> Result<(Network, EpochMetrics), TrainError> {
        let c = self.config;
        let rules = AdamWConfig {
            weight_decay: c.weight_decay,
            clip: c.gradient_clip,
            average_decay: c.average_decay,
        };
        let mut batches = Batches::new(self.source, self.prepared, c, self.seed, epoch, self.device);
        let count = batches.count();
        let mut sums: Option<Tensor<1>> = None;
        for i in 0..count {
            cancel.check()?;
            network = scatter(network, &adam.parameters, true);
            let batch = batches.next(i);
            let out = network.image(&batch.image, &batch.noise);
            let regression = squared_error(out.predicted.clone(), batch.target.clone())
                + correlation_error(out.predicted, batch.target).mul_scalar(c.correlation_weight);
            let (loss, contrastive) = if c.contrastive_weight > 0.0 {
                let contrastive = network.contrast(out.embedding, &batch.expression);
                (regression.clone() + contrastive.clone().mul_scalar(c.contrastive_weight), contrastive)
            } else {
                (regression.clone(), regression.zeros_like())
            };
            let gradient = gradients(&network, &loss.backward());
            adam.step(gradient, self.rate(epoch as f64 + (i as f64 + 1.0) / count as f64), &rules);
            // Summed on the device: reading a loss would wait for it.
            let parts = Tensor::cat(vec![loss, contrastive, regression], 0).without_autodiff();
            sums = Some(match sums {
                Some(s) => s + parts,
                None => parts,
            });
        }
        let sums = sums.map(values).unwrap_or_default();
        let mean = |i: usize| sums.get(i).map_or(f32::NAN, |s| s / count as f32);
        let metrics = EpochMetrics {
            phase: self.phase,
            member: self.member,
            epoch: epoch + 1,
            epochs: self.epochs,
            train_loss: mean(0),
            contrastive: mean(1),
            regression: mean(2),
            validation_loss: None,
            validation_pcc: None,
            seconds: 0.0,
            chance: (c.contrastive_weight > 0.0)
                .then(|| chance(batch_size(self.prepared.picks.len(), c.batch_size))),
        };
        if !metrics.train_loss.is_finite() {
            return Err(TrainError::Diverged { epoch: epoch + 1 });
        }
        Ok((network, metrics))
    }

    /// Regression loss and mean correlation of equal parts of retrieval and regression.
    fn validate(
        &self,
        network: &Network,
        validation: &ValidationSpots<'_>,
        cancel: &CancelToken,
    ) -> Result<(f64, f64), TrainError> {
        let p = self.prepared;
        let known = embed(network, self.source, &p.picks, |_| (), cancel)?;
        let asked = embed(network, self.source, validation.picks, |_| (), cancel)?;
        let nameless = vec![BankSpot { section: String::new(), spot: String::new() }; p.picks.len()];
        let bank = Bank::new(&known.embedding, p.denoised.clone(), nameless)?;
        let retrieved = bank.retrieve(&asked.embedding, self.config.neighbours, cancel)?;
        let retrieved = bank.average(&retrieved, cancel)?.mean;
        let regressed = p.scale.restore(&asked.predicted);
        let z = p.scale.standardise(validation.measured);
        let loss = mean_square(&asked.predicted, &z)
            + self.config.correlation_weight * (1.0 - mean_correlation(&asked.predicted, &z));
        Ok((loss, mean_correlation(&half(&retrieved, &regressed, &p.scale), validation.measured)))
    }
}

/// Equal parts of two predictions.
fn half(a: &Matrix, b: &Matrix, scale: &GeneScale) -> Matrix {
    crate::predict::blend::Blend::even(scale.mean.len()).apply(a, b, &scale.mean)
}
