//! What the application has to tell the user: shown one at a time, kept in a history.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::command::Command;

/// The most notices kept.
const KEPT: usize = 200;
/// How long a notice that needs no answer stays on the screen.
const SHOWN: Duration = Duration::from_secs(7);

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

/// What a notice is about, so that it can be closed when that is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// Writing the project file.
    Saving,
    /// Reading the files of a section, named by their key.
    Section(String),
    /// A run, by name.
    Run(String),
    /// What was entered for a section, named by its name.
    Field(SectionField, String),
}

/// What can be entered for a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum SectionField {
    Name,
    Resolution,
    Pitch,
    Tissue,
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
    /// Whether it is still to be shown.
    pub open: bool,
    /// What it is about, if that can be settled.
    pub topic: Option<Topic>,
    lasting: bool,
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
    held: bool,
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
            let id = same.id;
            // Shown again, it is the newest.
            if let Some(at) = self.all.iter().position(|n| n.id == id)
                && let Some(same) = self.all.remove(at)
            {
                self.all.push_back(same);
            }
            return id;
        }
        if self.all.len() == KEPT {
            self.all.pop_front();
        }
        self.next += 1;
        match severity {
            Severity::Error => {
                tracing::error!("{}", [std::slice::from_ref(&headline), &causes].concat().join(": "))
            }
            _ => tracing::info!("{headline}"),
        }
        self.all.push_back(Notice {
            id: self.next,
            severity,
            headline,
            causes,
            action,
            open: true,
            topic: None,
            lasting: severity == Severity::Error,
            shown: Instant::now(),
        });
        self.next
    }

    /// An error that is over as soon as `topic` is settled.
    pub fn error_about(&mut self, topic: Topic, headline: impl Into<String>, causes: Vec<String>) {
        let id = self.push(Severity::Error, headline, causes, None);
        if let Some(notice) = self.find(id) {
            notice.topic = Some(topic);
        }
    }

    /// A question that waits for an answer: it stays until it is dismissed or `topic` is settled.
    pub fn offer(
        &mut self,
        topic: Option<Topic>,
        headline: impl Into<String>,
        causes: Vec<String>,
        action: (String, Command),
    ) {
        let id = self.push(Severity::Warning, headline, causes, Some(action));
        if let Some(notice) = self.find(id) {
            notice.topic = topic;
            notice.lasting = true;
        }
    }

    /// Closes every notice about something that is settled now.
    pub fn settled(&mut self, topic: &Topic) {
        self.all.iter_mut().filter(|n| n.topic.as_ref() == Some(topic)).for_each(|n| n.open = false);
    }

    /// Closes every notice about something that belongs to the open project, which is being closed.
    pub fn project_closed(&mut self) {
        self.all.iter_mut().filter(|n| n.topic.is_some()).for_each(|n| n.open = false);
    }

    fn find(&mut self, id: u64) -> Option<&mut Notice> {
        self.all.iter_mut().find(|n| n.id == id)
    }

    /// Whether the user has the pointer on the notice that is shown; then nothing closes by itself.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
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
        if let Some(notice) = self.find(id) {
            notice.open = false;
        }
    }

    /// Stops showing the newest notice.
    pub fn dismiss_newest(&mut self) {
        if let Some(newest) = self.all.iter_mut().rev().find(|n| n.open) {
            newest.open = false;
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
            if notice.lasting {
                continue;
            }
            let stays = match notice.severity {
                _ if notice.action.is_some() => SHOWN * 2,
                Severity::Warning | Severity::Error => SHOWN * 2,
                Severity::Info | Severity::Done => SHOWN,
            };
            match stays.checked_sub(now.saturating_duration_since(notice.shown)) {
                None | Some(Duration::ZERO) if self.held => {}
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
        assert_eq!(notices.tick(now + SHOWN), None);
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
    fn nothing_closes_under_the_pointer() {
        let mut notices = Notices::default();
        notices.info("Saved");
        notices.hold(true);
        let later = Instant::now() + SHOWN * 3;
        notices.tick(later);
        assert_eq!(notices.open().count(), 1);
        notices.hold(false);
        notices.tick(later);
        assert_eq!(notices.open().count(), 0);
    }

    #[test]
    fn an_error_goes_when_its_cause_is_settled() {
        let mut notices = Notices::default();
        notices.error_about(Topic::Saving, "The disk is full", Vec::new());
        notices.error_about(Topic::Run("run 1".into()), "The GPU is gone", Vec::new());
        notices.settled(&Topic::Saving);
        assert_eq!(notices.open().map(|n| n.headline.as_str()).collect::<Vec<_>>(), ["The GPU is gone"]);
        notices.project_closed();
        assert_eq!(notices.open().count(), 0);
        assert_eq!(notices.history().count(), 2, "the history keeps them");
    }

    #[test]
    fn an_offer_waits_for_its_answer() {
        let mut notices = Notices::default();
        notices.offer(None, "run 1 was interrupted", Vec::new(), ("Resume".into(), Command::Undo));
        notices.tick(Instant::now() + SHOWN * 10);
        assert_eq!(notices.open().count(), 1);
    }

    #[test]
    fn a_notice_copies_with_its_causes() {
        let mut notices = Notices::default();
        notices.error("Cannot open P", vec!["C2.tsv is damaged".into()]);
        let text = notices.open().next().unwrap().text();
        assert_eq!(text, "Error: Cannot open P\n  because: C2.tsv is damaged");
    }
}
