//! What can be asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::cluster::ClusterRequest;
use super::compare::CompareRequest;
use super::encoders::EncoderChoice;
use super::figure::FigureRequest;
use super::figure::files::Intent;
use super::fit::FitRequest;
use super::run_report::ReportRequest;
use super::run_store::{RunFolder, RunInfo};
use super::settings::Settings;
use super::tissue::TissueRequest;
use crate::data::project::{Project, SectionEntry};
use crate::data::section::Section;
use crate::device::DeviceChoice;
use crate::evaluate::report::{EvalReport, Split};
use crate::figures::Format;
use crate::preprocess::hvg::Combine;
use crate::preprocess::views::View;

/// The open project as it was when something was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The project file.
    pub path: PathBuf,
    /// Its content.
    pub project: Project,
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
        /// Whether images are slides without measurements, also those of samples.
        as_slides: bool,
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
    /// Make sure that a file labels spots of a section.
    ReadLabels {
        /// The project.
        snapshot: Snapshot,
        /// Name of the section.
        section: String,
        /// The file of labels.
        path: PathBuf,
    },
    /// Read the regions of a file for a section.
    ReadRegions {
        /// Name of the section.
        section: String,
        /// GeoJSON, as QuPath exports it.
        path: PathBuf,
    },
    /// Write the regions of a section.
    ExportRegions {
        /// The project.
        snapshot: Snapshot,
        /// Name of the section.
        section: String,
        /// The file; its ending says what is written.
        path: PathBuf,
    },
    /// Compare two groups of places.
    Compare {
        /// The project.
        snapshot: Snapshot,
        /// What with what.
        compare: CompareRequest,
    },
    /// Cluster the places of sections.
    Cluster {
        /// The project.
        snapshot: Snapshot,
        /// Which, and how.
        cluster: ClusterRequest,
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
    /// List the encoders, and which of them have weights.
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
    /// Read slides of further formats with this library.
    UseOpenSlide {
        /// OpenSlide's library.
        library: PathBuf,
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
        /// How many in each section.
        count: usize,
        /// How the genes of the sections are combined.
        combine: Combine,
        /// The least share of spots, 0 to 1, in which a gene must be detected.
        min_spots: f64,
        /// Genes that are kept regardless of variability.
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
        /// The project.
        snapshot: Snapshot,
        /// Name of the run.
        run: String,
        /// What to train on, and how.
        fit: FitRequest,
        /// Sections kept out.
        test: Vec<String>,
    },
    /// Resume an interrupted run.
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
        /// The project.
        snapshot: Snapshot,
        /// Name of the run.
        run: String,
        /// What to train on, and how.
        fit: FitRequest,
        /// Held out like this.
        split: Split,
    },
    /// Copy the runs of another project.
    CopyRuns {
        /// The other project.
        from: PathBuf,
        /// The project that gets them.
        to: PathBuf,
    },
    /// Delete a run and its files, also one that cannot be read.
    DeleteRun {
        /// Its name.
        id: String,
        /// Its folder.
        folder: RunFolder,
    },
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
    /// Find the tissue of a slide without measurements, and how many places cover it.
    FindTissue(TissueRequest),
    /// Draw a figure for the screen.
    Preview {
        /// The project.
        snapshot: Snapshot,
        /// The figure.
        figure: FigureRequest,
        /// What it will be set for, to say beforehand what that does not allow.
        intent: Option<Intent>,
    },
    /// Write a figure.
    SaveFigure {
        /// The project.
        snapshot: Snapshot,
        /// The figure.
        figure: FigureRequest,
        /// The file; its ending says which kind.
        path: PathBuf,
    },
    /// Write one figure per gene and section.
    SaveFigures {
        /// The project.
        snapshot: Snapshot,
        /// Its genes and sections are taken one by one.
        figure: FigureRequest,
        /// The folder.
        folder: PathBuf,
        /// The kind of file.
        format: Format,
    },
    /// Write the report of a run.
    SaveRunReport {
        /// The project.
        snapshot: Snapshot,
        /// What it shows.
        report: ReportRequest,
        /// The file.
        path: PathBuf,
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
    /// Predict slides, and write a file for each into a folder.
    PredictSlides {
        /// The project.
        snapshot: Snapshot,
        /// The run.
        run: RunInfo,
        /// Names of the slides.
        slides: Vec<String>,
        /// The folder.
        folder: PathBuf,
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
