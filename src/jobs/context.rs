//! What every job is given: somebody who listens, and a token that stops it.

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{NotesOnly, Progress, Silent};
use crate::preprocess::features;
use crate::train::EpochMetrics;

/// What a stage of a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageKind {
    /// Reading the sections and computing the features of their images.
    ImageFeatures,
    /// Training and testing models.
    Training,
}

impl StageKind {
    /// "image features".
    pub fn name(self) -> &'static str {
        match self {
            Self::ImageFeatures => features::STAGE,
            Self::Training => "training",
        }
    }

    /// Whether steps reported under this heading are the work that the stage is about.
    pub fn counts(self, heading: &str) -> bool {
        match self {
            Self::ImageFeatures => features::is_stage(heading),
            Self::Training => true,
        }
    }
}

/// Where a job with several stages is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Which one, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// What it is about.
    pub kind: StageKind,
}

/// Listens to a job: progress, remarks, and the curves of training.
pub trait Observer: Progress {
    /// The next of several stages of the job begins.
    fn stage(&self, _stage: Stage) {}

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
pub struct Part<'a> {
    /// Which one, from 0.
    pub part: usize,
    /// How many there are.
    pub parts: usize,
    /// What a part is called: "Fold".
    pub name: &'a str,
    /// Who listens to the whole.
    pub to: &'a dyn Observer,
}

impl Progress for Part<'_> {
    fn report(&self, stage: &str, done: u64, total: u64) {
        let (part, parts) = (self.part as u64, self.parts as u64);
        let done = part.saturating_mul(total).saturating_add(done);
        let stage = format!("{} {} of {parts} \u{00B7} {stage}", self.name, part + 1);
        self.to.report(&stage, done, parts.saturating_mul(total));
    }

    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

impl Observer for Part<'_> {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.to.epoch(fold, metrics);
    }
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Keeps what is reported.
    #[derive(Default)]
    pub(in crate::jobs) struct Heard(pub Mutex<Vec<(String, u64, u64)>>);

    impl Progress for Heard {
        fn report(&self, stage: &str, done: u64, total: u64) {
            self.0.lock().unwrap().push((stage.to_owned(), done, total));
        }
        fn note(&self, _text: &str) {}
    }

    impl Observer for Heard {
        fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {}
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let heard = Heard::default();
        Part { part: 0, parts: 2, name: "Fold", to: &heard }.report("Training", 30, 30);
        Part { part: 1, parts: 2, name: "Fold", to: &heard }.report("Training", 15, 30);
        let expected = [("Fold 1 of 2 \u{00B7} Training", 30, 60), ("Fold 2 of 2 \u{00B7} Training", 45, 60)]
            .map(|(stage, done, total)| (stage.to_owned(), done, total));
        assert_eq!(heard.0.into_inner().unwrap(), expected);
    }
}
