//! How each request is treated: what it is called, what may run beside it, and what is lost when it is stopped.

use super::request::{FitRequest, Request};
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

impl Request {
    /// What may run beside it.
    pub fn lane(&self) -> Lane {
        match self {
            Self::SaveSettings { .. }
            | Self::SaveProject { .. }
            | Self::SaveView { .. }
            | Self::SaveProjectAs { .. } => Lane::Files,
            Self::MakeDemo { .. }
            | Self::ComputeFeatures { .. }
            | Self::MeasureRates { .. }
            | Self::MeasureSpeed { .. }
            | Self::SelectGenes { .. }
            | Self::Train { .. }
            | Self::Resume { .. }
            | Self::Evaluate { .. }
            | Self::PredictSlides { .. }
            | Self::SaveFigures { .. } => Lane::Compute,
            Self::ListDevices
            | Self::OpenProject(_)
            | Self::NewFromFolder { .. }
            | Self::NewEmpty { .. }
            | Self::FindSamples { .. }
            | Self::OpenSection { .. }
            | Self::ReadLabels { .. }
            | Self::CheckFeatures { .. }
            | Self::ListEncoders { .. }
            | Self::CheckWeights { .. }
            | Self::UseOpenSlide { .. }
            | Self::OpenWeightsFolder
            | Self::ClearCache
            | Self::LoadGenes { .. }
            | Self::SaveGenes { .. }
            | Self::ListRuns(_)
            | Self::DeleteRun(_)
            | Self::CopyRuns { .. }
            | Self::LoadRun(_)
            | Self::Predict { .. }
            | Self::FindTissue(_)
            | Self::Preview(_)
            | Self::SaveFigure { .. }
            | Self::SavePredictions { .. }
            | Self::SaveReport { .. }
            | Self::SaveTable { .. } => Lane::Light,
        }
    }

    /// Whether it may keep all processors busy: it always does, or it may have image features to compute first.
    pub fn may_compute(&self) -> bool {
        let may_encode = matches!(
            self,
            Self::Predict { .. } | Self::SavePredictions { .. } | Self::Preview(_) | Self::SaveFigure { .. }
        );
        may_encode || self.lane() == Lane::Compute
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
            Self::Train { fit, .. } => format!("Training {}", fit.run),
            Self::Resume { run, .. } => format!("Training {}", run.id),
            Self::Evaluate { .. } => "Cross-validation".to_owned(),
            Self::DeleteRun(run) => format!("Deleting {}", run.id),
            Self::CopyRuns { .. } => "Copying runs".to_owned(),
            Self::LoadRun(run) => format!("Reading {}", run.id),
            Self::Predict { section, .. } => format!("Predicting {section}"),
            Self::FindTissue(_) => "Finding the tissue".to_owned(),
            Self::Preview(_) => "Drawing the preview".to_owned(),
            Self::SaveFigure { .. } => "Saving the figure".to_owned(),
            Self::SaveFigures { .. } => "Saving figures".to_owned(),
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

    /// What is lost when it is stopped; `None` where nobody would miss it.
    pub fn loss(&self) -> Option<Loss> {
        match self {
            Self::Train { .. } | Self::Resume { .. } | Self::Evaluate { .. } => Some(Loss::UntilResumed),
            Self::ComputeFeatures { .. } | Self::PredictSlides { .. } => Some(Loss::Unfinished),
            Self::MakeDemo { .. }
            | Self::NewFromFolder { .. }
            | Self::SaveProjectAs { .. }
            | Self::FindSamples { .. }
            | Self::ReadLabels { .. }
            | Self::MeasureSpeed { .. }
            | Self::ClearCache
            | Self::SelectGenes { .. }
            | Self::SaveGenes { .. }
            | Self::DeleteRun(_)
            | Self::CopyRuns { .. }
            | Self::SaveFigure { .. }
            | Self::SaveFigures { .. }
            | Self::SavePredictions { .. }
            | Self::SaveReport { .. }
            | Self::SaveTable { .. } => Some(Loss::Everything),
            Self::ListDevices
            | Self::SaveSettings { .. }
            | Self::OpenProject(_)
            | Self::NewEmpty { .. }
            | Self::SaveProject { .. }
            | Self::SaveView { .. }
            | Self::OpenSection { .. }
            | Self::CheckFeatures { .. }
            | Self::ListEncoders { .. }
            | Self::CheckWeights { .. }
            | Self::UseOpenSlide { .. }
            | Self::OpenWeightsFolder
            | Self::MeasureRates { .. }
            | Self::LoadGenes { .. }
            | Self::ListRuns(_)
            | Self::LoadRun(_)
            | Self::Predict { .. }
            | Self::FindTissue(_)
            | Self::Preview(_) => None,
        }
    }

    /// Whether `other` asks for the very same thing, so that doing both is of no use. A run that is started twice
    /// differs in its name only.
    pub fn same_as(&self, other: &Self) -> bool {
        let named_alike = |fit: &FitRequest, run: &str| FitRequest { run: run.to_owned(), ..fit.clone() };
        match (self, other) {
            (Self::Train { fit: a, test: s }, Self::Train { fit: b, test: t }) => {
                s == t && *a == named_alike(b, &a.run)
            }
            (Self::Evaluate { fit: a, split: s }, Self::Evaluate { fit: b, split: t }) => {
                s == t && *a == named_alike(b, &a.run)
            }
            (Self::Resume { run: a, .. }, Self::Resume { run: b, .. }) => a.id == b.id,
            (a, b) => a == b,
        }
    }

    /// Whether it is of no use once its project is closed.
    pub fn belongs_to_project(&self) -> bool {
        matches!(
            self,
            Self::OpenSection { .. }
                | Self::FindSamples { .. }
                | Self::ReadLabels { .. }
                | Self::CheckFeatures { .. }
                | Self::ComputeFeatures { .. }
                | Self::SelectGenes { .. }
                | Self::LoadGenes { .. }
                | Self::ListRuns(_)
                | Self::CopyRuns { .. }
                | Self::Train { .. }
                | Self::Resume { .. }
                | Self::Evaluate { .. }
                | Self::LoadRun(_)
                | Self::Predict { .. }
                | Self::FindTissue(_)
                | Self::Preview(_)
        )
    }

    /// Whether the status bar shows it. What is quick and was not asked for by a click is not shown.
    pub fn is_shown(&self) -> bool {
        !matches!(
            self,
            Self::ListDevices
                | Self::SaveSettings { .. }
                | Self::SaveProject { .. }
                | Self::SaveView { .. }
                | Self::CheckFeatures { .. }
                | Self::ListEncoders { .. }
                | Self::ListRuns(_)
                | Self::LoadRun(_)
                | Self::FindTissue(_)
                | Self::Preview(_)
        )
    }

    /// Whether an earlier request is no longer of use once this one is there.
    pub fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::Preview(_), Self::Preview(_))
            | (Self::SaveSettings { .. }, Self::SaveSettings { .. })
            | (Self::CheckFeatures { .. }, Self::CheckFeatures { .. })
            | (Self::ListEncoders { .. }, Self::ListEncoders { .. })
            | (Self::LoadRun(_), Self::LoadRun(_)) => true,
            (new, old) if new.opens_project() && old.opens_project() => true,
            (Self::ListRuns(a), Self::ListRuns(b)) => a == b,
            // A slide that gets other places before those it had are laid is the same slide still.
            (Self::OpenSection { key: a, entry: new }, Self::OpenSection { key: b, entry: old }) => {
                a == b || (!new.is_measured() && new.source == old.source)
            }
            (Self::SaveProject { path: a, .. }, Self::SaveProject { path: b, .. }) => a == b,
            _ => false,
        }
    }
}
