//! What comes of what was asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::cluster::ClusteredPlaces;
use super::compare::Compared;
use super::encoder_speed::Rates;
use super::encoders::EncoderInfo;
use super::labels::Labelled;
use super::reach::SlideReach;
use super::regions::ReadRegions;
use super::run_store::{CopiedRuns, RunDetails, RunList};
use super::tissue::FoundTissue;
use super::workspace::Unreadable;
use crate::core::note::Note;
use crate::data::candidates::Candidate;
use crate::data::project::Project;
use crate::data::section::Section;
use crate::data::st::MissingFile;
use crate::data::st::pairing::Suggestion;
use crate::device::DeviceInfo;
use crate::evaluate::report::EvalReport;
use crate::predict::Predictions;

/// A section that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSection {
    /// The section.
    pub section: Arc<Section>,
    /// The sum of its counts.
    pub umis: f64,
}

/// A project that was read or made.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedProject {
    /// Its file.
    pub path: PathBuf,
    /// Its content.
    pub project: Project,
    /// Files that are not where they were.
    pub missing: Vec<MissingFile>,
    /// Whether it is the synthetic demo.
    pub demo: bool,
    /// Whether it was just made, so that there is nothing to go back to in it.
    pub new: bool,
    /// Samples found that the user should look at before they are added.
    pub found: Vec<Candidate>,
    /// Files found that may belong together, where nothing was recognised.
    pub suggestions: Vec<Suggestion>,
    /// Remarks on files that were left out.
    pub notes: Vec<String>,
}

/// Pixels of a figure, as they would be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewImage {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 4 bytes a pixel, alpha not premultiplied.
    pub rgba: Vec<u8>,
    /// Text for beneath the figure.
    pub caption: String,
    /// What the preset does not allow, a sentence each.
    pub not_allowed: Vec<String>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing but that it was done.
    Done,
    /// Files were written.
    Saved(PathBuf),
    /// OpenSlide's library was loaded.
    OpenSlide {
        /// Its version.
        version: String,
    },
    /// What can compute, the best first.
    Devices(Vec<DeviceInfo>),
    /// A project.
    Project(Box<OpenedProject>),
    /// The samples of files and folders, or else the files that may belong to sections.
    Scanned {
        /// Samples found.
        found: Vec<Candidate>,
        /// Which files may belong together, where nothing was recognised.
        suggestions: Vec<Suggestion>,
        /// Remarks on files that were left out.
        notes: Vec<String>,
    },
    /// A section.
    Section(ReadSection),
    /// A file labels spots of a section.
    Labels(Labelled),
    /// The regions of a file.
    Regions(Box<ReadRegions>),
    /// Two groups of places were compared.
    Compared(Arc<Compared>),
    /// Places were clustered.
    Clustered(Arc<ClusteredPlaces>),
    /// A section's file is not where it was.
    MissingFile(MissingFile),
    /// The state of the cache.
    Features {
        /// Names of the sections whose features are cached.
        cached: Vec<String>,
        /// Bytes in the cache.
        bytes: u64,
        /// About how many patches are encoded for each section, where that was counted.
        patches: BTreeMap<String, u64>,
        /// How many of the views that were asked for are not cached, where any is not.
        missing_views: BTreeMap<String, u64>,
    },
    /// The encoders, texture first.
    Encoders {
        /// All of them.
        list: Vec<EncoderInfo>,
        /// Where weights are looked for.
        folder: Option<PathBuf>,
    },
    /// How fast a device is.
    Rates {
        /// Its name.
        device: String,
        /// Its speed.
        rates: Rates,
    },
    /// How fast an encoder is.
    Speed {
        /// The name of the device.
        device: String,
        /// Patches a second.
        per_second: f64,
    },
    /// A gene list.
    Genes(Vec<String>),
    /// A file in which no sample was found, and which reads as a gene list.
    Names {
        /// The names in it.
        names: Vec<String>,
        /// Why no sample was found, for when these are no genes.
        otherwise: String,
    },
    /// The runs of a project, newest first.
    Runs(RunList),
    /// A run ended; its predictions of its test sections.
    Trained {
        /// Its name.
        run: String,
        /// One for each test section.
        predictions: Vec<Arc<Predictions>>,
        /// What the user must know of it.
        notes: Vec<Note>,
    },
    /// A cross-validation ended.
    Evaluated {
        /// Its name.
        run: String,
        /// Its report.
        report: Arc<EvalReport>,
    },
    /// What a run holds.
    Run(Box<RunDetails>),
    /// Predictions of one section.
    Predicted {
        /// The run that predicted.
        run: String,
        /// The predictions.
        predictions: Arc<Predictions>,
        /// How a slide without measurements compares with what the run was trained on.
        reach: Option<Arc<SlideReach>>,
    },
    /// The tissue of a slide.
    Tissue(Arc<FoundTissue>),
    /// A figure on the screen.
    Preview(Arc<PreviewImage>),
    /// A figure was written.
    SavedFigure {
        /// The file.
        path: PathBuf,
        /// Characters that no font could draw.
        missing: Vec<char>,
    },
    /// Runs of another project were copied.
    CopiedRuns(CopiedRuns),
    /// Slides were predicted.
    PredictedSlides {
        /// Where the files are.
        folder: PathBuf,
        /// How many slides were predicted.
        count: usize,
        /// The slides that could not be predicted, and why.
        failed: Vec<Unreadable>,
    },
    /// Several figures were written.
    SavedMany {
        /// The folder.
        folder: PathBuf,
        /// How many.
        count: usize,
        /// Characters that no font could draw.
        missing: Vec<char>,
    },
}
