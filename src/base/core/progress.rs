//! How long-running work reports what it is doing.

use std::fmt;
use std::time::{Duration, Instant};

/// What is being done, without the section, slide or fold it is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Task {
    BaselineFitting,
    CheckingFeatureCache,
    /// The name of what is checked: a file, or a sample that was found.
    Checking(String),
    CheckingSamples,
    Clustering,
    CollectingTrainingSpots,
    ComparingGroups,
    ComputingComponents,
    CopyingRuns,
    /// The name of the image.
    Decoding(String),
    DrawingMaps,
    EncodingPatches,
    FindingNeighbours,
    FindingTissue,
    ImageFeatures,
    LoadingEncoder,
    MakingDemo,
    MeasuringStain,
    Predicting,
    PredictingSections,
    /// The name of the file.
    Reading(String),
    ReadingSections,
    SavingFigures,
    /// The name of the folder or file.
    Searching(String),
    SelectingGenes,
    SpotImages,
    /// How many networks are trained.
    Training(usize),
    WaitingForOthers,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checking(name) => return write!(f, "checking {name}"),
            Self::Decoding(name) => return write!(f, "decoding {name}"),
            Self::Reading(name) => return write!(f, "reading {name}"),
            Self::Searching(name) => return write!(f, "searching {name}"),
            Self::Training(networks) if *networks > 1 => return write!(f, "training {networks} networks"),
            Self::BaselineFitting => "fitting the baselines",
            Self::CheckingFeatureCache => "checking the cached image features",
            Self::CheckingSamples => "checking samples",
            Self::Clustering => "clustering",
            Self::CollectingTrainingSpots => "collecting the training spots for retrieval",
            Self::ComparingGroups => "comparing groups",
            Self::ComputingComponents => "computing principal components",
            Self::CopyingRuns => "copying runs",
            Self::DrawingMaps => "drawing maps",
            Self::EncodingPatches => "encoding patches",
            Self::FindingNeighbours => "finding nearest neighbours",
            Self::FindingTissue => "finding the tissue",
            Self::ImageFeatures => "image features",
            Self::LoadingEncoder => "loading the encoder",
            Self::MakingDemo => "making the synthetic demo",
            Self::MeasuringStain => "measuring the stain",
            Self::Predicting => "predicting",
            Self::PredictingSections => "predicting sections",
            Self::ReadingSections => "reading sections",
            Self::SavingFigures => "saving figures",
            Self::SelectingGenes => "selecting genes",
            Self::SpotImages => "spot images",
            Self::Training(_) => "training",
            Self::WaitingForOthers => "waiting for other jobs",
        })
    }
}

/// One of several equal parts of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// What the parts are.
    pub unit: Unit,
    /// Which one, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
}

/// What a job is divided into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Fold,
    Slide,
}

impl fmt::Display for Portion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Fold => "Fold",
            Unit::Slide => "Slide",
        };
        write!(f, "{unit} {} of {}", self.number, self.count)
    }
}

/// What a job is doing now. As text: "Fold 2 of 4 · C2: image features", "Reading sections".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The task.
    pub task: Task,
    /// The section or fold it is done to.
    pub of: Option<String>,
    /// The part of the job it belongs to.
    pub portion: Option<Portion>,
}

impl From<Task> for Stage {
    fn from(task: Task) -> Self {
        Self { task, of: None, portion: None }
    }
}

impl Stage {
    /// `task` for the section or fold `name`.
    pub fn new(task: Task, name: impl Into<String>) -> Self {
        Self { of: Some(name.into()), ..task.into() }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(portion) = &self.portion {
            write!(f, "{portion} \u{00B7} ")?;
        }
        if let Some(of) = &self.of {
            return write!(f, "{of}: {}", self.task);
        }
        let task = self.task.to_string();
        let mut letters = task.chars();
        letters.next().map_or(Ok(()), |first| write!(f, "{}{}", first.to_uppercase(), letters.as_str()))
    }
}

/// Receives progress; called from the working thread, possibly from several at once.
pub trait Progress: Sync {
    /// `done` of `total` steps of `stage` are finished. A `total` of 0 means that the number of steps is unknown.
    fn report(&self, stage: &Stage, done: u64, total: u64);

    /// A remark the user should read, once ("3 spots have no counts and were left out").
    fn note(&self, text: &str);
}

/// Ignores all progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _stage: &Stage, _done: u64, _total: u64) {}
    fn note(&self, _text: &str) {}
}

/// Passes remarks on and keeps steps to itself: for parts of a stage that run side by side, whose steps would
/// only flicker.
pub struct NotesOnly<'a>(pub &'a dyn Progress);

impl Progress for NotesOnly<'_> {
    fn report(&self, _stage: &Stage, _done: u64, _total: u64) {}
    fn note(&self, text: &str) {
        self.0.note(text);
    }
}

/// Adds the name of the section or fold that stages are about: "C2: image features".
pub struct PrefixedProgress<'a> {
    /// The name.
    pub name: &'a str,
    /// Receives the progress.
    pub to: &'a dyn Progress,
}

impl Progress for PrefixedProgress<'_> {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        let of = match &stage.of {
            Some(of) => format!("{}: {of}", self.name),
            None => self.name.to_owned(),
        };
        self.to.report(&Stage { of: Some(of), ..stage.clone() }, done, total);
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
    fn stages_read_naturally() {
        let mut stage = Stage::new(Task::ImageFeatures, "C2");
        assert_eq!(stage.to_string(), "C2: image features");
        stage.portion = Some(Portion { unit: Unit::Fold, number: 2, count: 4 });
        assert_eq!(stage.to_string(), "Fold 2 of 4 \u{00B7} C2: image features");
        stage.of = None;
        assert_eq!(stage.to_string(), "Fold 2 of 4 \u{00B7} Image features");
        assert_eq!(Stage::from(Task::Training(3)).to_string(), "Training 3 networks");
        assert_eq!(Stage::from(Task::Reading("a.h5".into())).to_string(), "Reading a.h5");
    }

    #[test]
    fn durations_read_naturally() {
        assert_eq!(format_duration(Duration::from_secs(4)), "4 s");
        assert_eq!(format_duration(Duration::from_secs(125)), "2 min 05 s");
        assert_eq!(format_duration(Duration::from_secs(4200)), "1 h 10 min");
    }
}
