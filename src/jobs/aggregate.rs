//! Progress of the image features of several sections, reported as one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::context::Observer;
use crate::core::progress::{Progress, Stage, Task};
use crate::train::EpochMetrics;

/// How far all sections are.
#[derive(Debug, Default)]
struct State {
    /// Patches of the sections that are finished.
    before: u64,
    /// Patches of the section at work, once it has told.
    own: u64,
    /// Patches expected of the section at work and of those to come.
    to_come: Vec<u64>,
}

/// Adds up the patches of sections that are encoded one after the other, so that the time left is that of all.
/// What a section has to do beside encoding is passed on as it is.
pub(super) struct AggregateProgress<'a> {
    state: Mutex<State>,
    to: &'a dyn Observer,
}

impl<'a> AggregateProgress<'a> {
    /// Nothing done yet of sections that are `expected` to have these numbers of patches.
    pub(super) fn new(expected: &[u64], to: &'a dyn Observer) -> Self {
        let to_come = expected.iter().rev().copied().collect();
        Self { state: Mutex::new(State { to_come, ..State::default() }), to }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers are whole after every write.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A section is finished.
    pub(super) fn next(&self) {
        let mut state = self.state();
        state.to_come.pop();
        state.before += std::mem::take(&mut state.own);
    }
}

impl Progress for AggregateProgress<'_> {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        if stage.task != Task::ImageFeatures {
            self.to.report(stage, done, total);
            return;
        }
        let mut state = self.state();
        state.own = total;
        let later: u64 = state.to_come.iter().rev().skip(1).sum();
        let (done, total) = (state.before + done, state.before + total + later);
        drop(state);
        self.to.report(stage, done, total);
    }

    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

impl Observer for AggregateProgress<'_> {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.to.epoch(fold, metrics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::context::tests::Heard;

    #[test]
    fn sections_add_up() {
        let heard = Heard::default();
        let joint = AggregateProgress::new(&[100, 0, 80], &heard);
        joint.report(&Stage::new(Task::Reading("c2.tsv".into()), "C2"), 1, 2);
        joint.report(&Stage::new(Task::ImageFeatures, "C2"), 40, 110);
        joint.next();
        joint.next();
        joint.report(&Stage::new(Task::ImageFeatures, "C4"), 10, 70);
        let told: Vec<(u64, u64)> = heard.0.into_inner().unwrap().iter().map(|h| (h.1, h.2)).collect();
        assert_eq!(told, [(1, 2), (40, 190), (120, 180)]);
    }
}
