//! Progress of one stage over several sections, told as one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::context::Observer;
use crate::core::progress::Progress;
use crate::preprocess::features::is_stage;
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
pub(super) struct Joint<'a> {
    state: Mutex<State>,
    to: &'a dyn Observer,
}

impl<'a> Joint<'a> {
    /// Nothing done of sections of which so many patches are expected.
    pub(super) fn over(expected: &[u64], to: &'a dyn Observer) -> Self {
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

impl Progress for Joint<'_> {
    fn report(&self, stage: &str, done: u64, total: u64) {
        if !is_stage(stage) {
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

impl Observer for Joint<'_> {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.to.epoch(fold, metrics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::context::tests::Heard;
    use crate::preprocess::features::STAGE;

    #[test]
    fn sections_add_up() {
        let heard = Heard::default();
        let joint = Joint::over(&[100, 0, 80], &heard);
        joint.report("C2: reading", 1, 2);
        joint.report(&format!("C2: {STAGE}"), 40, 110);
        joint.next();
        joint.next();
        joint.report(&format!("C4: {STAGE}"), 10, 70);
        let told: Vec<(u64, u64)> = heard.0.into_inner().unwrap().iter().map(|h| (h.1, h.2)).collect();
        assert_eq!(told, [(1, 2), (40, 190), (120, 180)]);
    }
}
