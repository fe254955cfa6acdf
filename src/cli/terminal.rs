//! Results on stdout; progress on stderr: a bar with the time left on a terminal, a line now and then in a log.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hiscmcl::core::progress::{Progress, TimeLeft, format_duration};
use hiscmcl::core::text::pace_text;
use hiscmcl::jobs::context::Observer;
use hiscmcl::preprocess::features::is_stage;
use hiscmcl::train::EpochMetrics;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

/// In a log, one stage is mentioned at most this often.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Prints `value` for machines or `lines` for people.
pub fn print(as_json: bool, value: &Value, lines: impl Iterator<Item = String>) -> anyhow::Result<()> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(value)?);
    } else {
        lines.for_each(|line| println!("{line}"));
    }
    Ok(())
}

struct Stage {
    name: String,
    clock: TimeLeft,
    logged: Instant,
}

/// Writes what a job reports to stderr.
pub struct Terminal {
    bar: Option<ProgressBar>,
    stage: Mutex<Option<Stage>>,
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
        Self { bar, stage: Mutex::new(None) }
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
    fn report(&self, name: &str, done: u64, total: u64) {
        let now = Instant::now();
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let new = stage.as_ref().is_none_or(|s| s.name != name);
        if new {
            *stage = Some(Stage { name: name.to_owned(), clock: TimeLeft::starting_at(done), logged: now });
        }
        let Some(stage) = stage.as_mut() else { return };
        let pace = stage.clock.pace(done).filter(|_| is_stage(name)).map(pace_text);
        let left = stage.clock.estimate(done, total).map(|t| format!("{} left", format_duration(t)));
        let rest = [pace, left].into_iter().flatten().collect::<Vec<_>>().join(", ");
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(name.to_owned());
            bar.set_prefix(rest);
        } else if new || now.duration_since(stage.logged) >= LOG_EVERY {
            stage.logged = now;
            let steps = if total > 0 { format!(" {done}/{total}") } else { String::new() };
            let rest = if rest.is_empty() { rest } else { format!(", {rest}") };
            eprintln!("{name}{steps}{rest}");
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
