//! When the project file is written.

use std::time::{Duration, Instant};

use super::OpenProject;

/// A change is written this long after it was made, so that typing does not write at every key.
pub(super) const AUTOSAVE_AFTER: Duration = Duration::from_secs(2);
/// After a failed save the next attempt waits this long.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(20);

/// Whether the project file holds what the window shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaveState {
    changed: Option<Instant>,
    saving: bool,
    /// Why the last attempt failed.
    pub failed: Option<String>,
    retry: Option<Instant>,
}

impl SaveState {
    /// Something was changed.
    pub(super) fn edited(&mut self) {
        self.changed.get_or_insert_with(Instant::now);
    }
}

impl OpenProject {
    /// Whether there is something to write now, and otherwise when to look again.
    pub fn wants_save(&self, now: Instant) -> Result<(), Option<Duration>> {
        let Some(changed) = self.save.changed else { return Err(None) };
        if self.save.saving {
            return Err(None);
        }
        let due =
            self.save.retry.map_or(changed + AUTOSAVE_AFTER, |retry| retry.max(changed + AUTOSAVE_AFTER));
        if now >= due { Ok(()) } else { Err(Some(due - now)) }
    }

    /// Whether something was changed and not written.
    pub fn is_unsaved(&self) -> bool {
        self.save.changed.is_some() || self.save.saving || self.save.failed.is_some()
    }

    /// Gives up what was changed and not written.
    pub(in crate::app) fn save_no_more(&mut self) {
        self.save.changed = None;
        self.save.failed = None;
    }

    /// A save has begun: what changes from here on is for the next one.
    pub fn save_begins(&mut self) {
        self.save.changed = None;
        self.save.saving = true;
    }

    /// A save has ended.
    pub fn save_ended(&mut self, error: Option<String>) {
        self.save.saving = false;
        if error.is_some() {
            self.save.edited();
            self.save.retry = Some(Instant::now() + RETRY_AFTER);
        } else {
            self.save.retry = None;
        }
        self.save.failed = error;
    }
}
