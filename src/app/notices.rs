//! What the application has to tell the user: shown as a toast, kept in a history.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::Command;

/// The most notices kept.
const KEPT: usize = 200;
/// How long a notice that needs no answer stays on the screen.
const TOAST: Duration = Duration::from_secs(7);

/// How serious a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something asked for is finished.
    Done,
    /// Something to look at.
    Warning,
    /// Something did not work; stays until it is dismissed.
    Error,
}

impl Severity {
    /// "Error".
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "Note",
            Self::Done => "Done",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Unique among the notices of this start of the application.
    pub id: u64,
    /// How serious.
    pub severity: Severity,
    /// One sentence.
    pub headline: String,
    /// What it came from, outermost first; often empty.
    pub causes: Vec<String>,
    /// A button that does something about it: its text and what it sends.
    pub action: Option<(String, Command)>,
    /// Whether it is still to be shown as a toast.
    pub open: bool,
    shown: Instant,
}

impl Notice {
    /// The whole notice as text, for the clipboard.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.severity.name(), self.headline);
        for cause in &self.causes {
            text.push_str("\n  because: ");
            text.push_str(cause);
        }
        text
    }
}

/// All notices, newest last.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    all: VecDeque<Notice>,
    next: u64,
}

impl Notices {
    /// Adds a notice. One that is still open with the same text is shown anew instead.
    pub fn push(
        &mut self,
        severity: Severity,
        headline: impl Into<String>,
        causes: Vec<String>,
        action: Option<(String, Command)>,
    ) -> u64 {
        let headline = headline.into();
        if let Some(same) =
            self.all.iter_mut().find(|n| n.open && n.headline == headline && n.causes == causes)
        {
            same.shown = Instant::now();
            same.action = action;
            return same.id;
        }
        if self.all.len() == KEPT {
            self.all.pop_front();
        }
        self.next += 1;
        self.all.push_back(Notice {
            id: self.next,
            severity,
            headline,
            causes,
            action,
            open: true,
            shown: Instant::now(),
        });
        self.next
    }

    /// A note.
    pub fn info(&mut self, headline: impl Into<String>) {
        self.push(Severity::Info, headline, Vec::new(), None);
    }

    /// Something is finished.
    pub fn done(&mut self, headline: impl Into<String>) {
        self.push(Severity::Done, headline, Vec::new(), None);
    }

    /// Something to look at.
    pub fn warn(&mut self, headline: impl Into<String>) {
        self.push(Severity::Warning, headline, Vec::new(), None);
    }

    /// Something did not work.
    pub fn error(&mut self, headline: impl Into<String>, causes: Vec<String>) {
        self.push(Severity::Error, headline, causes, None);
    }

    /// Stops showing a notice; it stays in the history.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.all.iter_mut().find(|n| n.id == id) {
            notice.open = false;
        }
    }

    /// Stops showing all notices.
    pub fn dismiss_all(&mut self) {
        self.all.iter_mut().for_each(|n| n.open = false);
    }

    /// Forgets all notices.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Closes what was shown long enough. Returns when to look again, if anything is waiting to be closed.
    pub fn tick(&mut self, now: Instant) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        for notice in self.all.iter_mut().filter(|n| n.open) {
            // A notice with a button, and an error, wait for the user.
            let stays = match notice.severity {
                Severity::Error => continue,
                _ if notice.action.is_some() => TOAST * 2,
                Severity::Warning => TOAST * 2,
                Severity::Info | Severity::Done => TOAST,
            };
            match stays.checked_sub(now.saturating_duration_since(notice.shown)) {
                None | Some(Duration::ZERO) => notice.open = false,
                Some(left) => next = Some(next.map_or(left, |n| n.min(left))),
            }
        }
        next
    }

    /// What is shown now, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.all.iter().filter(|n| n.open)
    }

    /// All, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Notice> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_leave_and_errors_stay() {
        let mut notices = Notices::default();
        notices.info("Saved");
        notices.error("Cannot read C2.tsv", vec!["it is not there".into()]);
        let now = Instant::now();
        assert!(notices.tick(now).is_some());
        assert_eq!(notices.open().count(), 2);
        assert_eq!(notices.tick(now + TOAST), None);
        assert_eq!(notices.open().map(|n| n.headline.as_str()).collect::<Vec<_>>(), ["Cannot read C2.tsv"]);
        assert_eq!(notices.history().count(), 2);
    }

    #[test]
    fn the_same_error_is_shown_once() {
        let mut notices = Notices::default();
        notices.error("The disk is full", Vec::new());
        notices.error("The disk is full", Vec::new());
        assert_eq!(notices.open().count(), 1);
        let id = notices.open().next().unwrap().id;
        notices.dismiss(id);
        notices.error("The disk is full", Vec::new());
        assert_eq!(notices.open().count(), 1);
        assert_eq!(notices.history().count(), 2);
    }

    #[test]
    fn a_notice_copies_with_its_causes() {
        let mut notices = Notices::default();
        notices.error("Cannot open P", vec!["C2.tsv is damaged".into()]);
        let text = notices.open().next().unwrap().text();
        assert_eq!(text, "Error: Cannot open P\n  because: C2.tsv is damaged");
    }
}
