//! What the window can ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::app::forms::FigureFormat;
use crate::app::settings::Settings;
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::target::Target;
use crate::data::project::{Project, SectionEntry};
use crate::data::section::Section;
use crate::device::DeviceChoice;
use crate::evaluate::report::{EvalReport, Split};
use crate::jobs::encoders::EncoderChoice;
use crate::jobs::published::PublishedChoice;
use crate::jobs::runs::RunInfo;
use crate::preprocess::hvg::Combine;
use crate::preprocess::views::View;
use crate::train::TrainConfig;

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

/// The open project as it was when something was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The project file.
    pub path: PathBuf,
    /// Its content.
    pub project: Project,
}

/// What training and cross-validation share.
#[derive(Debug, Clone, PartialEq)]
pub struct FitRequest {
    /// The project.
    pub snapshot: Snapshot,
    /// Names of the genes; those that a section did not measure are left out.
    pub genes: Vec<String>,
    /// The scale of the predictions.
    pub target: Target,
    /// Names of the sections that take part.
    pub sections: Vec<String>,
    /// The image encoder.
    pub encoder: EncoderChoice,
    /// Where to train.
    pub device: DeviceChoice,
    /// Everything else, seed included.
    pub config: TrainConfig,
    /// The published recipe, where it is to be followed instead of our own.
    pub published: Option<PublishedChoice>,
    /// Name of the run.
    pub run: String,
}

/// A figure to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRequest {
    /// The project.
    pub snapshot: Snapshot,
    /// The run that predicts; measured maps need none.
    pub run: Option<String>,
    /// The sections.
    pub sections: Vec<String>,
    /// The genes.
    pub genes: Vec<String>,
    /// The columns.
    pub panes: Vec<PaneKind>,
    /// Colours, limits, spot size and opacity.
    pub display: DisplaySettings,
    /// Width in millimetres.
    pub width_mm: f64,
    /// Resolution in dots per inch.
    pub dpi: f64,
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

/// One thing to do on another thread.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Ask the drivers what can compute.
    ListDevices,
    /// Write the settings.
    SaveSettings {
        /// The folder.
        folder: PathBuf,
        /// The settings.
        settings: Settings,
    },
    /// Make the synthetic demo.
    MakeDemo {
        /// Where to keep it.
        folder: PathBuf,
    },
    /// Read a project file.
    OpenProject(PathBuf),
    /// Make a project of a folder in the her2st layout.
    NewFromFolder {
        /// The folder.
        folder: PathBuf,
        /// Where the project file goes, if nothing is there yet; else beside it.
        file: PathBuf,
    },
    /// Make a project without sections.
    NewEmpty {
        /// Where the project file goes, if nothing is there yet; else beside it.
        file: PathBuf,
    },
    /// Write the project file.
    SaveProject {
        /// The file.
        path: PathBuf,
        /// Its content.
        project: Project,
    },
    /// Note in the project file where the user was, and change nothing else in it.
    SaveView {
        /// The file.
        path: PathBuf,
        /// Where the user was.
        view: Value,
    },
    /// Write the project under another name, its runs too.
    SaveProjectAs {
        /// The file so far.
        from: PathBuf,
        /// The new file.
        to: PathBuf,
        /// Its content.
        project: Project,
    },
    /// Find the samples in files and folders, or else which files may belong together.
    FindSamples {
        /// Where to look.
        paths: Vec<PathBuf>,
        /// The sections of the open project, of which copies may be found.
        sections: Vec<SectionEntry>,
    },
    /// Read a section.
    OpenSection {
        /// Which files, and with which resolution.
        key: String,
        /// The section.
        entry: SectionEntry,
    },
    /// How much the cache holds, and whose features are in it.
    CheckFeatures {
        /// The sections.
        sections: Vec<Arc<Section>>,
        /// The image encoder.
        encoder: EncoderChoice,
        /// Where it would run.
        device: DeviceChoice,
        /// Views that training wants beside the plain one.
        views: Vec<View>,
    },
    /// Compute the features of every section.
    ComputeFeatures {
        /// The project.
        snapshot: Snapshot,
        /// The image encoder.
        encoder: EncoderChoice,
        /// Where to run it.
        device: DeviceChoice,
    },
    /// Look which encoders there are, and which have weights.
    ListEncoders {
        /// Weights files that the user pointed to, by encoder.
        chosen: BTreeMap<String, PathBuf>,
    },
    /// Make sure that a file holds the weights of an encoder.
    CheckWeights {
        /// The encoder.
        encoder: String,
        /// The weights file.
        path: PathBuf,
    },
    /// Show the folder of weights in the file manager.
    OpenWeightsFolder,
    /// Measure how fast a device runs networks.
    MeasureRates {
        /// The device.
        device: DeviceChoice,
    },
    /// Measure how fast an encoder is.
    MeasureSpeed {
        /// The encoder.
        encoder: EncoderChoice,
        /// Where to run it.
        device: DeviceChoice,
    },
    /// Delete all cached features.
    ClearCache,
    /// Select highly variable genes.
    SelectGenes {
        /// On the sections of this project.
        snapshot: Snapshot,
        /// In each.
        count: usize,
        /// Put together like this.
        combine: Combine,
        /// Seen in at least this share of spots, 0 to 1.
        min_spots: f64,
        /// Kept whatever their variability.
        keep: Vec<String>,
    },
    /// Read a gene list.
    LoadGenes {
        /// The project, whose sections say which names are genes.
        snapshot: Snapshot,
        /// The file.
        path: PathBuf,
    },
    /// Write a gene list.
    SaveGenes {
        /// The file.
        path: PathBuf,
        /// The list.
        genes: Vec<String>,
    },
    /// List the runs of a project.
    ListRuns(PathBuf),
    /// Train.
    Train {
        /// With what.
        fit: FitRequest,
        /// Sections kept out.
        test: Vec<String>,
    },
    /// Go on with an interrupted run.
    Resume {
        /// The project.
        snapshot: Snapshot,
        /// The run.
        run: RunInfo,
        /// Where to train.
        device: DeviceChoice,
    },
    /// Cross-validate.
    Evaluate {
        /// With what.
        fit: FitRequest,
        /// Held out like this.
        split: Split,
    },
    /// Delete a run and its files.
    DeleteRun(RunInfo),
    /// Read the curves and per-gene scores of a run, or the report of a cross-validation.
    LoadRun(RunInfo),
    /// The predictions of a section by a run, stored or computed.
    Predict {
        /// The project.
        snapshot: Snapshot,
        /// The run.
        run: RunInfo,
        /// The section.
        section: String,
    },
    /// Draw a figure for the screen.
    Preview(FigureRequest),
    /// Write a figure.
    SaveFigure {
        /// The figure.
        figure: FigureRequest,
        /// The file; its ending says which kind.
        path: PathBuf,
    },
    /// Write one figure a gene and section.
    SaveFigures {
        /// Its genes and sections are taken one by one.
        figure: FigureRequest,
        /// The folder.
        folder: PathBuf,
        /// The kind of file.
        format: FigureFormat,
    },
    /// Write predictions as a table.
    SavePredictions {
        /// The project.
        snapshot: Snapshot,
        /// The run.
        run: RunInfo,
        /// The sections; CSV holds one.
        sections: Vec<String>,
        /// The file; its ending says which kind.
        path: PathBuf,
    },
    /// Write a report.
    SaveReport {
        /// The report.
        report: Arc<EvalReport>,
        /// The file; `.json` or `.csv`.
        path: PathBuf,
    },
    /// Write a table as it stands on the screen.
    SaveTable {
        /// The table.
        text: String,
        /// The file.
        path: PathBuf,
    },
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
            | Self::SaveFigures { .. } => Lane::Compute,
            _ => Lane::Light,
        }
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
            Self::CheckFeatures { .. } => "Looking at the cache".to_owned(),
            Self::ComputeFeatures { .. } => "Image features".to_owned(),
            Self::ListEncoders { .. } => "Looking for encoders".to_owned(),
            Self::CheckWeights { .. } => "Checking the weights".to_owned(),
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
            Self::LoadRun(run) => format!("Reading {}", run.id),
            Self::Predict { section, .. } => format!("Predicting {section}"),
            Self::Preview(_) => "Drawing the preview".to_owned(),
            Self::SaveFigure { .. } => "Saving the figure".to_owned(),
            Self::SaveFigures { .. } => "Saving figures".to_owned(),
            Self::SavePredictions { .. } => "Saving predictions".to_owned(),
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
            Self::ComputeFeatures { .. } => Some(Loss::Unfinished),
            Self::MakeDemo { .. }
            | Self::NewFromFolder { .. }
            | Self::SaveProjectAs { .. }
            | Self::FindSamples { .. }
            | Self::MeasureSpeed { .. }
            | Self::ClearCache
            | Self::SelectGenes { .. }
            | Self::SaveGenes { .. }
            | Self::DeleteRun(_)
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
            | Self::OpenWeightsFolder
            | Self::MeasureRates { .. }
            | Self::LoadGenes { .. }
            | Self::ListRuns(_)
            | Self::LoadRun(_)
            | Self::Predict { .. }
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
                | Self::CheckFeatures { .. }
                | Self::ComputeFeatures { .. }
                | Self::SelectGenes { .. }
                | Self::LoadGenes { .. }
                | Self::ListRuns(_)
                | Self::Train { .. }
                | Self::Resume { .. }
                | Self::Evaluate { .. }
                | Self::LoadRun(_)
                | Self::Predict { .. }
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
            (Self::OpenSection { key: a, .. }, Self::OpenSection { key: b, .. }) => a == b,
            (Self::SaveProject { path: a, .. }, Self::SaveProject { path: b, .. }) => a == b,
            _ => false,
        }
    }
}
