//! What every job is given: somebody who listens, and a token that stops it.

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Silent};
use crate::train::EpochMetrics;

/// Listens to a job: progress, remarks, and the curves of training.
pub trait Observer: Progress {
    /// An epoch of training the fold named `fold` has ended.
    fn epoch(&self, fold: &str, metrics: &EpochMetrics);
}

impl Observer for Silent {
    fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {}
}

/// The surroundings of a job.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// Who listens.
    pub observer: &'a dyn Observer,
    /// Stops or pauses the job.
    pub cancel: &'a CancelToken,
}

impl<'a> Ctx<'a> {
    /// The listener as the rooms below know it.
    pub fn progress(&self) -> &'a dyn Progress {
        self.observer
    }

    /// Returns at once while running, blocks while paused.
    ///
    /// # Errors
    /// [`Cancelled`] once the job is cancelled.
    pub fn check(&self) -> Result<(), Cancelled> {
        self.cancel.check()
    }
}
