//! From sections to a model.

use std::path::Path;
use std::time::{Duration, Instant};

use super::checkpoint;
use super::config::PublishedConfig;
use super::input::PublishedInput;
use super::work::PublishedTrainer;
use crate::core::cancel::CancelToken;
use crate::core::progress::Progress;
use crate::device::ComputeDevice;
use crate::predict::Published;
use crate::train::fit::TrainError;
use crate::train::stage::EpochMetrics;

/// Checkpoints are further apart than this.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);

/// Trains a model by the published recipe. `events` hears every epoch, those of an earlier, interrupted run first,
/// and as epoch 0 the loss of the first batch before the first step; with a path for a `checkpoint`, training that
/// is killed goes on from there. The caller removes the checkpoint once the model is stored.
///
/// # Errors
/// [`TrainError`].
pub fn fit(
    input: &PublishedInput<'_>,
    config: &PublishedConfig,
    device: &ComputeDevice,
    checkpoint: Option<&Path>,
    events: &mut dyn FnMut(&EpochMetrics),
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Published, TrainError> {
    config.check_limits()?;
    input.check()?;
    let work = PublishedTrainer::new(input, config, device, cancel)?;
    let mut state = work.first();
    let fingerprint = work.fingerprint();
    if let Some(path) = checkpoint {
        let (network, encoder) = state.sizes();
        if let Some(standing) = checkpoint::load(path, &fingerprint, network, encoder)? {
            standing.history.iter().for_each(&mut *events);
            state.restore(standing, &work);
        }
    }
    let mut saved = Instant::now();
    while state.epoch < config.epochs {
        work.epoch(&mut state, events, progress, cancel)?;
        // Stopping now does not lose the epoch that has just ended.
        let due = saved.elapsed() > CHECKPOINT_EVERY || cancel.check().is_err();
        if let Some(path) = checkpoint.filter(|_| due) {
            checkpoint::save(path, &fingerprint, state.standing())?;
            saved = Instant::now();
        }
    }
    work.finish(&state, progress, cancel)
}
