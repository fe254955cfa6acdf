//! Undo and redo by snapshots. What is undoable is small (the project file's content), so keeping copies
//! is simpler and safer than inverting every edit.

use std::time::{Duration, Instant};

/// The most edits that can be taken back.
const DEPTH: usize = 200;
/// Edits of one control that follow each other this quickly are one edit (dragging a slider).
const MERGE_WITHIN: Duration = Duration::from_millis(900);

#[derive(Debug, Clone)]
struct Step<T> {
    what: String,
    before: T,
    key: Option<String>,
    at: Instant,
}

/// What can be taken back and done again.
#[derive(Debug, Clone)]
pub struct History<T> {
    done: Vec<Step<T>>,
    undone: Vec<Step<T>>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { done: Vec::new(), undone: Vec::new() }
    }
}

impl<T> History<T> {
    /// Remembers the state `before` an edit called `what` ("Rename C2"). Edits with the same `key` that
    /// follow each other quickly are taken back together.
    pub fn record(&mut self, what: impl Into<String>, before: T, key: Option<String>, now: Instant) {
        self.undone.clear();
        if let Some(last) = self.done.last_mut()
            && key.is_some()
            && last.key == key
            && now.saturating_duration_since(last.at) < MERGE_WITHIN
        {
            last.at = now;
            return;
        }
        if self.done.len() == DEPTH {
            self.done.remove(0);
        }
        self.done.push(Step { what: what.into(), before, key, at: now });
    }

    /// Takes the last edit back: exchanges `current` and returns what the edit was called.
    pub fn undo(&mut self, current: &mut T) -> Option<String> {
        Self::exchange(&mut self.done, &mut self.undone, current)
    }

    /// Does again what was taken back last.
    pub fn redo(&mut self, current: &mut T) -> Option<String> {
        Self::exchange(&mut self.undone, &mut self.done, current)
    }

    fn exchange(from: &mut Vec<Step<T>>, to: &mut Vec<Step<T>>, current: &mut T) -> Option<String> {
        let step = from.pop()?;
        let what = step.what.clone();
        let other = std::mem::replace(current, step.before);
        // Without a key, so that later edits never merge into one that was taken back.
        to.push(Step { before: other, key: None, ..step });
        Some(what)
    }

    /// What [`History::undo`] would take back.
    pub fn can_undo(&self) -> Option<&str> {
        self.done.last().map(|s| s.what.as_str())
    }

    /// What [`History::redo`] would do again.
    pub fn can_redo(&self) -> Option<&str> {
        self.undone.last().map(|s| s.what.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undo_and_redo_walk_the_edits() {
        let mut history = History::default();
        let now = Instant::now();
        let mut state = 1;
        history.record("to 2", state, None, now);
        state = 2;
        history.record("to 3", state, None, now);
        state = 3;
        assert_eq!(history.undo(&mut state).as_deref(), Some("to 3"));
        assert_eq!(state, 2);
        assert_eq!(history.undo(&mut state).as_deref(), Some("to 2"));
        assert_eq!(state, 1);
        assert_eq!(history.undo(&mut state), None);
        assert_eq!(history.redo(&mut state).as_deref(), Some("to 2"));
        assert_eq!(history.redo(&mut state).as_deref(), Some("to 3"));
        assert_eq!(state, 3);
        history.undo(&mut state);
        history.record("to 9", state, None, now);
        state = 9;
        assert_eq!(history.redo(&mut state), None, "a new edit forgets what was taken back");
        assert_eq!(state, 9);
    }

    #[test]
    fn a_dragged_slider_is_one_edit() {
        let mut history = History::default();
        let start = Instant::now();
        let mut state = 0;
        for i in 0..5 {
            let at = start + Duration::from_millis(100 * i);
            history.record("Opacity", state, Some("opacity".into()), at);
            state += 1;
        }
        history.record("Opacity", state, Some("opacity".into()), start + Duration::from_secs(10));
        state += 1;
        history.undo(&mut state);
        assert_eq!(state, 5);
        history.undo(&mut state);
        assert_eq!(state, 0);
    }
}
