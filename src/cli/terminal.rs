//! Results on stdout; progress on stderr: a bar with the time left on a terminal, a line now and then in a log.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use hiscmcl::core::progress::{Progress, Stage, Task, TimeLeft, format_duration};
use hiscmcl::core::text::pace_text;
use hiscmcl::jobs::context::Observer;
use hiscmcl::train::EpochMetrics;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// In a log, one stage is mentioned at most this often.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Prints `value` for machines or `lines` for people.
pub fn print(as_json: bool, value: &Value, mut lines: impl Iterator<Item = String>) -> anyhow::Result<()> {
    if as_json { say(serde_json::to_string_pretty(value)?) } else { lines.try_for_each(say) }
}

/// Prints a line. Where whoever was reading has left, as "head" does, there is nothing more to tell and nothing wrong.
///
/// # Errors
/// One sentence where standard output is a file that cannot be written.
pub fn say(text: impl Display) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("The result could not be written")
        }
        _ => Ok(()),
    }
}

struct Shown {
    stage: Stage,
    clock: TimeLeft,
    logged: Instant,
}

/// Writes what a job reports to stderr.
pub struct Terminal {
    bar: Option<ProgressBar>,
    shown: Mutex<Option<Shown>>,
}

impl Terminal {
    /// A bar if stderr is a terminal, lines otherwise.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {prefix}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, shown: Mutex::new(None) }
    }

    /// Writes a line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Terminal {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        let now = Instant::now();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let new = shown.as_ref().is_none_or(|s| s.stage != *stage);
        if new {
            *shown = Some(Shown { stage: stage.clone(), clock: TimeLeft::starting_at(done), logged: now });
        }
        let Some(shown) = shown.as_mut() else { return };
        let encodes = stage.task == Task::ImageFeatures;
        let pace = shown.clock.pace(done).filter(|_| encodes).map(pace_text);
        let left = shown.clock.estimate(done, total).map(|t| format!("{} left", format_duration(t)));
        let rest = [pace, left].into_iter().flatten().collect::<Vec<_>>().join(", ");
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(stage.to_string());
            bar.set_prefix(rest);
        } else if new || now.duration_since(shown.logged) >= LOG_EVERY {
            shown.logged = now;
            let steps = if total > 0 { format!(" {done}/{total}") } else { String::new() };
            let rest = if rest.is_empty() { rest } else { format!(", {rest}") };
            eprintln!("{stage}{steps}{rest}");
        }
    }

    fn note(&self, text: &str) {
        self.line(&format!("note: {text}"));
    }
}

impl Observer for Terminal {
    fn epoch(&self, _fold: &str, _metrics: &EpochMetrics) {
        // The progress of training already counts epochs; the curves go into the run's log.
    }
}
