//! What every job is given: an observer of its progress, and a token that stops it.

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{NotesOnly, Portion, Progress, Silent, Stage, Task};
use crate::train::EpochMetrics;

/// What a phase of a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseKind {
    /// Reading the sections and computing the features of their images.
    ImageFeatures,
    /// Training and testing models.
    Training,
}

impl PhaseKind {
    /// "image features".
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageFeatures => "image features",
            Self::Training => "training",
        }
    }

    /// Whether the steps of this task are the work that the phase is about.
    pub fn counts(self, task: &Task) -> bool {
        match self {
            Self::ImageFeatures => *task == Task::ImageFeatures,
            Self::Training => true,
        }
    }
}

/// Where a job with several phases is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobPhase {
    /// Which one, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// What it is about.
    pub kind: PhaseKind,
}

/// Receives the progress of a job, its remarks, and the curves of training.
pub trait Observer: Progress {
    /// The next of several phases of the job begins.
    fn phase(&self, _phase: JobPhase) {}

    /// An epoch of training the fold named `fold` has ended.
    fn epoch(&self, fold: &str, metrics: &EpochMetrics);
}

impl Observer for Silent {
    fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {}
}

impl Observer for NotesOnly<'_> {
    fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {}
}

/// One of several parts of a job that take about as long as each other, such as the folds of a
/// cross-validation: its progress is that of the whole, so that the time left is too.
pub struct SubtaskProgress<'a> {
    /// Which part it is.
    pub portion: Portion,
    /// Receives the progress of the whole.
    pub to: &'a dyn Observer,
}

impl Progress for SubtaskProgress<'_> {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        let (before, parts) = (self.portion.number.saturating_sub(1) as u64, self.portion.count as u64);
        let done = before.saturating_mul(total).saturating_add(done);
        let stage = Stage { portion: Some(self.portion), ..stage.clone() };
        self.to.report(&stage, done, parts.saturating_mul(total));
    }

    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

impl Observer for SubtaskProgress<'_> {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.to.epoch(fold, metrics);
    }
}

/// What every job is given.
#[derive(Clone, Copy)]
pub struct JobContext<'a> {
    /// Receives its progress.
    pub observer: &'a dyn Observer,
    /// Stops or pauses the job.
    pub cancel: &'a CancelToken,
}

impl<'a> JobContext<'a> {
    /// The observer as the rooms below know it.
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::core::progress::Unit;
    use std::sync::Mutex;

    /// Keeps what is reported.
    #[derive(Default)]
    pub(in crate::jobs) struct Heard(pub Mutex<Vec<(String, u64, u64)>>);

    impl Progress for Heard {
        fn report(&self, stage: &Stage, done: u64, total: u64) {
            self.0.lock().unwrap().push((stage.to_string(), done, total));
        }
        fn note(&self, _text: &str) {}
    }

    impl Observer for Heard {
        fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {}
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let heard = Heard::default();
        for (number, done) in [(1, 30), (2, 15)] {
            let portion = Portion { unit: Unit::Fold, number, count: 2 };
            SubtaskProgress { portion, to: &heard }.report(&Task::Training(1).into(), done, 30);
        }
        let expected = [("Fold 1 of 2 \u{00B7} Training", 30, 60), ("Fold 2 of 2 \u{00B7} Training", 45, 60)]
            .map(|(stage, done, total)| (stage.to_owned(), done, total));
        assert_eq!(heard.0.into_inner().unwrap(), expected);
    }
}
