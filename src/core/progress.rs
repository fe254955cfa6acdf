//! How long work tells what it is doing.

use std::time::{Duration, Instant};

/// Receives progress; called from the working thread, possibly from several at once.
pub trait Progress: Sync {
    /// `done` of `total` steps of `stage` (a short present-tense phrase, "Reading C2") are finished.
    /// A `total` of 0 means that the number of steps is unknown.
    fn report(&self, stage: &str, done: u64, total: u64);

    /// A remark the user should read, once ("3 spots have no counts and were left out").
    fn note(&self, text: &str);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _stage: &str, _done: u64, _total: u64) {}
    fn note(&self, _text: &str) {}
}

/// Passes remarks on and keeps steps to itself: for parts of a stage that run side by side, whose steps would
/// only flicker.
pub struct NotesOnly<'a>(pub &'a dyn Progress);

impl Progress for NotesOnly<'_> {
    fn report(&self, _stage: &str, _done: u64, _total: u64) {}
    fn note(&self, text: &str) {
        self.0.note(text);
    }
}

/// Says of whom each stage is: "C2: image features".
pub struct Of<'a> {
    /// The section, say.
    pub name: &'a str,
    /// Who listens.
    pub to: &'a dyn Progress,
}

impl Progress for Of<'_> {
    fn report(&self, stage: &str, done: u64, total: u64) {
        self.to.report(&format!("{}: {stage}", self.name), done, total);
    }
    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

/// Estimates the time left of one stage from its pace so far.
#[derive(Debug, Clone)]
pub struct TimeLeft {
    started: Instant,
    at_start: u64,
}

impl TimeLeft {
    /// Starts the clock with `done` steps already finished (those say nothing of the pace).
    pub fn starting_at(done: u64) -> Self {
        Self { started: Instant::now(), at_start: done }
    }

    /// The time left, or `None` while too little is done to say.
    pub fn estimate(&self, done: u64, total: u64) -> Option<Duration> {
        estimate(
            self.started.elapsed(),
            done.saturating_sub(self.at_start),
            total.saturating_sub(self.at_start),
        )
    }

    /// Steps a second, or `None` while too little is done to say.
    pub fn pace(&self, done: u64) -> Option<f64> {
        pace(self.started.elapsed(), done.saturating_sub(self.at_start))
    }
}

fn pace(elapsed: Duration, done: u64) -> Option<f64> {
    (done > 0 && elapsed >= Duration::from_millis(300)).then(|| done as f64 / elapsed.as_secs_f64())
}

fn estimate(elapsed: Duration, done: u64, total: u64) -> Option<Duration> {
    if done == 0 || total == 0 || elapsed < Duration::from_millis(300) {
        return None;
    }
    let left = total.saturating_sub(done);
    Some(elapsed.mul_f64(left as f64 / done as f64))
}

/// "4 s", "2 min 05 s", "1 h 10 min".
pub fn format_duration(duration: Duration) -> String {
    let s = duration.as_secs_f64().round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, (s % 3600) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_left_follows_the_pace() {
        assert_eq!(estimate(Duration::from_secs(10), 2, 6), Some(Duration::from_secs(20)));
        assert_eq!(estimate(Duration::from_secs(10), 0, 6), None);
        assert_eq!(estimate(Duration::from_millis(10), 1, 6), None);
        assert_eq!((pace(Duration::from_secs(4), 10), pace(Duration::from_secs(4), 0)), (Some(2.5), None));
    }

    #[test]
    fn durations_read_naturally() {
        assert_eq!(format_duration(Duration::from_secs(4)), "4 s");
        assert_eq!(format_duration(Duration::from_secs(125)), "2 min 05 s");
        assert_eq!(format_duration(Duration::from_secs(4200)), "1 h 10 min");
    }
}
