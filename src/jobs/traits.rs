//! How each request is treated: what it is called, what may run beside it, and what is lost when it is stopped.

use super::request::Request;
use crate::core::text::counted;

/// What may run beside what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Short reads; several at a time.
    Light,
    /// Writing the project and the settings; one after the other, in order.
    Files,
    /// What keeps all processors busy; one at a time.
    Compute,
}

/// What is lost when something is stopped because the window or its project is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Little: it goes on from its last checkpoint when it is resumed.
    UntilResumed,
    /// What is not finished; the sections that are finished are kept.
    Unfinished,
    /// All of it: it has to be started again.
    Everything,
}

/// How a request is treated.
#[derive(Debug, Clone, Copy)]
struct Traits {
    lane: Lane,
    /// What is lost when it is stopped; `None` where nobody would miss it.
    loss: Option<Loss>,
    /// Whether it is of no use once its project is closed.
    belongs_to_project: bool,
    /// Whether the status bar shows it.
    is_shown: bool,
    /// Whether it may have image features to compute, although it is in the lane of quick reads.
    may_encode: bool,
}

/// Quick, repeated without being asked for, and missed by nobody.
const QUIET: Traits =
    Traits { lane: Lane::Light, loss: None, belongs_to_project: false, is_shown: false, may_encode: false };
/// Quick, and asked for.
const QUICK: Traits = Traits { is_shown: true, ..QUIET };
/// Quick, asked for, and missed when it is stopped.
const RESULT: Traits = Traits { loss: Some(Loss::Everything), ..QUICK };
/// Writing the project or the settings.
const FILE: Traits = Traits { lane: Lane::Files, ..QUIET };
/// Keeps all processors busy.
const HEAVY: Traits = Traits { lane: Lane::Compute, ..RESULT };

impl Request {
    fn traits(&self) -> Traits {
        let of_project = |traits: Traits| Traits { belongs_to_project: true, ..traits };
        match self {
            Self::ListDevices | Self::ListEncoders { .. } => QUIET,
            Self::CheckFeatures { .. } | Self::ListRuns(_) | Self::LoadRun(_) | Self::FindTissue(_) => {
                of_project(QUIET)
            }
            Self::Preview { .. } => Traits { may_encode: true, ..of_project(QUIET) },
            Self::OpenProject(_)
            | Self::NewEmpty { .. }
            | Self::CheckWeights { .. }
            | Self::UseOpenSlide { .. }
            | Self::OpenWeightsFolder => QUICK,
            Self::OpenSection { .. } | Self::LoadGenes { .. } => of_project(QUICK),
            Self::Predict { .. } | Self::Compare { .. } | Self::Cluster { .. } => {
                Traits { may_encode: true, ..of_project(QUICK) }
            }
            Self::NewFromFolder { .. }
            | Self::ClearCache
            | Self::SaveGenes { .. }
            | Self::DeleteRun { .. }
            | Self::SaveReport { .. }
            | Self::SaveTable { .. }
            | Self::ExportRegions { .. } => RESULT,
            Self::SaveFigure { .. } | Self::SaveRunReport { .. } | Self::SavePredictions { .. } => {
                Traits { may_encode: true, ..RESULT }
            }
            Self::FindSamples { .. }
            | Self::ReadLabels { .. }
            | Self::ReadRegions { .. }
            | Self::CopyRuns { .. } => of_project(RESULT),
            Self::SaveSettings { .. } | Self::SaveProject { .. } | Self::SaveView { .. } => FILE,
            Self::SaveProjectAs { .. } => Traits { loss: Some(Loss::Everything), is_shown: true, ..FILE },
            Self::MakeDemo { .. } | Self::MeasureSpeed { .. } | Self::SaveFigures { .. } => HEAVY,
            Self::MeasureRates { .. } => Traits { loss: None, ..HEAVY },
            Self::SelectGenes { .. } => of_project(HEAVY),
            Self::ComputeFeatures { .. } => of_project(Traits { loss: Some(Loss::Unfinished), ..HEAVY }),
            Self::PredictSlides { .. } => Traits { loss: Some(Loss::Unfinished), ..HEAVY },
            Self::Train { .. } | Self::Resume { .. } | Self::Evaluate { .. } => {
                of_project(Traits { loss: Some(Loss::UntilResumed), ..HEAVY })
            }
        }
    }

    /// What may run beside it.
    pub fn lane(&self) -> Lane {
        self.traits().lane
    }

    /// What is lost when it is stopped; `None` where nobody would miss it.
    pub fn loss(&self) -> Option<Loss> {
        self.traits().loss
    }

    /// Whether it is of no use once its project is closed.
    pub fn belongs_to_project(&self) -> bool {
        self.traits().belongs_to_project
    }

    /// Whether the status bar shows it. What is quick and was not asked for by a click is not shown.
    pub fn is_shown(&self) -> bool {
        self.traits().is_shown
    }

    /// Whether it can be paused: it keeps all processors busy, or may have image features to compute first.
    pub fn can_pause(&self) -> bool {
        let traits = self.traits();
        traits.may_encode || traits.lane == Lane::Compute
    }

    /// What the status bar calls it.
    pub fn name(&self) -> String {
        match self {
            Self::ListDevices => "Looking for devices".to_owned(),
            Self::SaveSettings { .. } => "Saving settings".to_owned(),
            Self::MakeDemo { .. } => "Making the demo".to_owned(),
            Self::OpenProject(_) => "Opening the project".to_owned(),
            Self::NewFromFolder { .. } => "Opening the folder".to_owned(),
            Self::NewEmpty { .. } => "Making a project".to_owned(),
            Self::SaveProject { .. } | Self::SaveView { .. } | Self::SaveProjectAs { .. } => {
                "Saving the project".to_owned()
            }
            Self::FindSamples { .. } => "Looking for sections".to_owned(),
            Self::OpenSection { entry, .. } => format!("Opening {}", entry.name),
            Self::ReadLabels { section, .. } => format!("Reading labels of {section}"),
            Self::ReadRegions { section, .. } => format!("Reading regions of {section}"),
            Self::ExportRegions { section, .. } => format!("Exporting regions of {section}"),
            Self::Compare { compare, .. } => {
                format!("Comparing {} and {}", compare.a.title(), compare.b.title())
            }
            Self::Cluster { .. } => "Clustering".to_owned(),
            Self::CheckFeatures { .. } => "Checking the feature cache".to_owned(),
            Self::ComputeFeatures { .. } => "Computing image features".to_owned(),
            Self::ListEncoders { .. } => "Looking for encoders".to_owned(),
            Self::CheckWeights { .. } => "Checking the weights".to_owned(),
            Self::UseOpenSlide { .. } => "Loading OpenSlide".to_owned(),
            Self::OpenWeightsFolder => "Opening the folder".to_owned(),
            Self::MeasureRates { .. } => "Measuring speed".to_owned(),
            Self::MeasureSpeed { encoder, .. } => format!("Measuring {}", encoder.name),
            Self::ClearCache => "Clearing the cache".to_owned(),
            Self::SelectGenes { .. } => "Selecting genes".to_owned(),
            Self::LoadGenes { .. } => "Loading genes".to_owned(),
            Self::SaveGenes { .. } => "Saving genes".to_owned(),
            Self::ListRuns(_) => "Looking for runs".to_owned(),
            Self::Train { run, .. } => format!("Training {run}"),
            Self::Resume { run, .. } => format!("Training {}", run.id),
            Self::Evaluate { .. } => "Cross-validation".to_owned(),
            Self::DeleteRun { id, .. } => format!("Deleting {id}"),
            Self::CopyRuns { .. } => "Copying runs".to_owned(),
            Self::LoadRun(run) => format!("Reading {}", run.id),
            Self::Predict { section, .. } => format!("Predicting {section}"),
            Self::FindTissue(_) => "Finding the tissue".to_owned(),
            Self::Preview { .. } => "Drawing the preview".to_owned(),
            Self::SaveFigure { .. } => "Saving the figure".to_owned(),
            Self::SaveFigures { .. } => "Saving figures".to_owned(),
            Self::SaveRunReport { report, .. } => format!("Writing the report of {}", report.run),
            Self::SavePredictions { .. } => "Saving predictions".to_owned(),
            Self::PredictSlides { slides, .. } => format!("Predicting {}", counted(slides.len(), "slide")),
            Self::SaveReport { .. } => "Saving the report".to_owned(),
            Self::SaveTable { .. } => "Saving the table".to_owned(),
        }
    }

    /// Whether it opens a project.
    pub fn opens_project(&self) -> bool {
        matches!(
            self,
            Self::OpenProject(_) | Self::NewFromFolder { .. } | Self::NewEmpty { .. } | Self::MakeDemo { .. }
        )
    }

    /// Whether it trains models, alone or in a cross-validation.
    pub fn trains(&self) -> bool {
        matches!(self, Self::Train { .. } | Self::Resume { .. } | Self::Evaluate { .. })
    }

    /// Whether `other` asks for the very same thing, so that doing both is of no use. A run that is started twice
    /// differs in its name only.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Train { snapshot, fit, test, .. },
                Self::Train { snapshot: snapshot_b, fit: fit_b, test: test_b, .. },
            ) => (snapshot, fit, test) == (snapshot_b, fit_b, test_b),
            (
                Self::Evaluate { snapshot, fit, split, .. },
                Self::Evaluate { snapshot: snapshot_b, fit: fit_b, split: split_b, .. },
            ) => (snapshot, fit, split) == (snapshot_b, fit_b, split_b),
            (Self::Resume { run: a, .. }, Self::Resume { run: b, .. }) => a.id == b.id,
            (a, b) => a == b,
        }
    }

    /// Whether an earlier request is no longer of use once this one is there.
    pub fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Preview { .. }, Self::Preview { .. })
            | (Self::Cluster { .. }, Self::Cluster { .. })
            | (Self::SaveSettings { .. }, Self::SaveSettings { .. })
            | (Self::CheckFeatures { .. }, Self::CheckFeatures { .. })
            | (Self::ListEncoders { .. }, Self::ListEncoders { .. })
            | (Self::LoadRun(_), Self::LoadRun(_)) => true,
            (new, old) if new.opens_project() && old.opens_project() => true,
            (Self::ListRuns(a), Self::ListRuns(b)) => a == b,
            // Measured and predicted values are compared side by side.
            (Self::Compare { compare: a, .. }, Self::Compare { compare: b, .. }) => {
                a.run.is_some() == b.run.is_some()
            }
            // A slide that gets other places before those it had are laid is the same slide still.
            (Self::OpenSection { key: a, entry: new }, Self::OpenSection { key: b, entry: old }) => {
                a == b || (!new.is_measured() && new.source == old.source)
            }
            (Self::SaveProject { path: a, .. }, Self::SaveProject { path: b, .. }) => a == b,
            _ => false,
        }
    }
}
