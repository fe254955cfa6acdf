//! Everything a user can ask for. Buttons, menus, shortcuts and the command list send these and never
//! change state themselves.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::explore::ExploreCommand;
use crate::app::forms::{EvaluateForm, ExportForm, HvgForm, TrainForm};
use crate::app::import::ImportForm;
use crate::app::measure::{MeasureRequest, MeasuredOn};
use crate::app::paths::PathRequest;
use crate::app::region_edit::{ClassEdit, RegionEdit};
use crate::app::samples::SamplesForm;
use crate::core::geometry::Mpp;
use crate::core::places::{GridSettings, TissueSettings};
use crate::data::st::FileRole;
use crate::jobs::settings::Theme;

/// The five steps of the work, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Sections, genes and image features.
    Data,
    /// Training the model.
    Train,
    /// Looking at maps.
    Explore,
    /// Cross-validation.
    Evaluate,
    /// Figures and tables.
    Export,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 5] = [Self::Data, Self::Train, Self::Explore, Self::Evaluate, Self::Export];

    /// 1 for the first step.
    pub fn number(self) -> usize {
        Self::ALL.iter().position(|&s| s == self).unwrap_or(0) + 1
    }

    /// "Data".
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Train => "Train",
            Self::Explore => "Explore",
            Self::Evaluate => "Evaluate",
            Self::Export => "Export",
        }
    }

    /// The step after this one; none after the last.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self.number()).copied()
    }
}

/// What lies over the pages.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The searchable list of all commands.
    Commands,
    /// How to work with the window, with all shortcuts.
    Help,
    /// Everything that was ever told.
    Notices,
    /// A question for a path, asked by the system's dialog or by a text field.
    Path(PathRequest),
    /// The image encoders, to choose one.
    Encoders,
    /// What was found in files and folders, to be named and chosen.
    Samples,
    /// Pairing the files of sections to import.
    Import,
    /// Measuring the resolution of a slide on its picture.
    Measure(MeasureRequest),
    /// The text of one panel.
    Panel(PanelForm),
    /// "Really?" before something that cannot be taken back.
    Confirm {
        /// The question.
        question: String,
        /// What the button says.
        button: String,
        /// What it sends.
        command: Box<Command>,
    },
}

/// The panel editor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PanelForm {
    /// The panel that is edited; none for a new one.
    pub original: Option<String>,
    /// Its name.
    pub name: String,
    /// Where its genes come from.
    pub source: String,
    /// Its genes, separated by spaces, commas or lines.
    pub genes: String,
}

/// One thing that the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Show a step.
    GoTo(Step),
    /// Take back the last edit.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Put text on the clipboard.
    Copy(String),
    /// Open a page in the web browser.
    OpenLink(String),
    /// Light or dark.
    SetTheme(Theme),
    /// Ask for a path.
    Ask(PathRequest),
    /// The answer to such a question.
    Chosen(PathRequest, PathBuf),
    /// The answer to a question for one or more files.
    ChosenSeveral(PathRequest, Vec<PathBuf>),
    /// Show something over the pages.
    Show(Overlay),
    /// Show something over the pages as it was left, an import form with what was filled in.
    Present(Overlay),
    /// Close what lies over the pages.
    CloseOverlay,
    /// Close the window; asks first while something runs that would be lost.
    AskToQuit,
    /// Close the window, whatever is running.
    Quit,
    /// Do something that stops the jobs of the open project, whatever is running.
    Leave(ProjectCommand),
    /// Files or folders were dropped on the window.
    Dropped(Vec<PathBuf>),
    /// The project as a whole.
    Project(ProjectCommand),
    /// Sections of the project.
    Section(SectionCommand),
    /// The gene list and the panels.
    Genes(GenesCommand),
    /// Image features.
    Features(FeaturesCommand),
    /// Image encoders.
    Encoder(EncoderCommand),
    /// Training.
    Train(TrainCommand),
    /// Cross-validation.
    Evaluate(EvaluateCommand),
    /// Figures and tables.
    Export(ExportCommand),
    /// Something on the Explore page: display, gene, section.
    Explore(ExploreCommand),
    /// Add this gene of this section to the figure of the Export page.
    AddToFigure {
        /// Name of the section.
        section: String,
        /// Name of the gene.
        gene: String,
    },
    /// Predict a section with a run, both by name.
    Predict {
        /// Identifier of the run.
        run: String,
        /// Name of the section.
        section: String,
    },
    /// A running job.
    Job(JobCommand),
    /// Notices.
    Notice(NoticeCommand),
}

/// Something about the project as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum ProjectCommand {
    /// Make the synthetic demo and open it.
    OpenDemo,
    /// Open a project file.
    Open(PathBuf),
    /// Make a project of a folder in the her2st layout.
    NewFromFolder(PathBuf),
    /// Make a project without sections.
    NewEmpty,
    /// Write the project file now.
    Save,
    /// Go on under another name.
    SaveAs(PathBuf),
    /// Back to the first page.
    Close,
    /// Take a file out of the list of recent projects.
    ForgetRecent(PathBuf),
}

/// A way to change what is tissue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum TissueEdit {
    Threshold,
    Add,
    Remove,
    ClearStrokes,
}

/// Something about sections.
#[derive(Debug, Clone, PartialEq)]
pub enum SectionCommand {
    /// Find the samples in files and folders and show them; asks how to pair files that are not recognised.
    Find(Vec<PathBuf>),
    /// Take a resolution that was measured on the slide.
    TakeMeasured {
        /// Whose it is.
        of: MeasuredOn,
        /// The resolution.
        mpp: Mpp,
    },
    /// Look for H&E slides in files and folders, to predict on.
    FindSlides(Vec<PathBuf>),
    /// Change the summary of what was found.
    EditSamples(SamplesForm),
    /// Add the ticked samples of the summary.
    AddSamples,
    /// Give a section another name.
    Rename {
        /// Its name so far.
        section: String,
        /// Its new name.
        name: String,
    },
    /// Say whose it is; an empty text says that it is not known.
    SetPatient {
        /// Name of the section.
        section: String,
        /// The patient.
        patient: String,
    },
    /// Set micrometres per pixel; none for what the data says.
    SetMpp {
        /// Name of the section.
        section: String,
        /// Micrometres per pixel.
        mpp: Option<f64>,
    },
    /// Set micrometres per pixel as typed; an empty text stands for what the data says.
    EnterMpp {
        /// Name of the section.
        section: String,
        /// What was typed.
        text: String,
    },
    /// Keep the resolution that is used although the distance between the spots contradicts it.
    ConfirmMpp {
        /// Name of the section.
        section: String,
    },
    /// Take the labels of the spots from a file, if it labels any of them.
    SetLabels {
        /// Name of the section.
        section: String,
        /// A table of spots and labels, or regions as GeoJSON.
        path: PathBuf,
    },
    /// Cover a slide without measurements with these places.
    SetGrid {
        /// Name of the section.
        section: String,
        /// The places.
        grid: GridSettings,
    },
    /// Set the distance between the places of a slide as typed, in micrometres; an empty text stands for the usual one.
    EnterPitch {
        /// Name of the section.
        section: String,
        /// What was typed.
        text: String,
    },
    /// Change what is tissue on a slide without measurements.
    SetTissue {
        /// Name of the section.
        section: String,
        /// How it is changed.
        edit: TissueEdit,
        /// What is tissue after the change.
        tissue: TissueSettings,
    },
    /// Leave the spots of a section without labels; the file stays.
    RemoveLabels(String),
    /// Add the regions of a file to a section.
    ImportRegions {
        /// Name of the section.
        section: String,
        /// GeoJSON, as QuPath exports it.
        path: PathBuf,
    },
    /// Write the regions of a section; the ending says in which form.
    ExportRegions {
        /// Name of the section.
        section: String,
        /// The file.
        path: PathBuf,
    },
    /// Edit the regions of a section.
    EditRegions {
        /// Name of the section.
        section: String,
        /// The edit.
        edit: RegionEdit,
    },
    /// Edit the project's classes of regions.
    EditClass(ClassEdit),
    /// Delete all regions of a class, or those without one, from a section.
    DeleteRegions {
        /// Name of the section.
        section: String,
        /// The class.
        class: Option<String>,
    },
    /// Use the slide that positions refer to instead of a smaller image of it.
    UseFullSlide {
        /// Name of the section.
        section: String,
        /// The slide image.
        path: PathBuf,
    },
    /// Take a section out of the project; its files stay.
    Remove(String),
    /// Say where a file is now.
    Relocate {
        /// Name of the section.
        section: String,
        /// Which of its files.
        role: FileRole,
        /// Where it is.
        path: PathBuf,
    },
    /// Read a section again.
    Retry(String),
    /// Change the import form.
    EditImport(ImportForm),
    /// Add the sections of the import form.
    Import,
}

/// Something about genes.
#[derive(Debug, Clone, PartialEq)]
pub enum GenesCommand {
    /// Change how highly variable genes are selected.
    Edit(HvgForm),
    /// Select highly variable genes.
    Select,
    /// Read a gene list.
    Load(PathBuf),
    /// Write the gene list.
    Save(PathBuf),
    /// Replace the gene list.
    Set(Vec<String>),
    /// Add genes to the list.
    Add(Vec<String>),
    /// Add the genes that were typed or pasted: names, proteins, identifiers, between any separators.
    AddTyped(String),
    /// Add genes to the list and train a model that has them, with the settings of the run shown.
    AddAndRetrain(Vec<String>),
    /// Make the genes of this run the gene list.
    UseOfRun(String),
    /// Remove genes from the list.
    Remove(Vec<String>),
    /// Add a panel to the project, or change one of its panels.
    SavePanel(PanelForm),
    /// Take a panel of the user's out of the project.
    DeletePanel(String),
}

/// Something about image features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeaturesCommand {
    /// Compute the features of every section.
    Compute,
    /// Delete all cached features.
    ClearCache,
}

/// Something about image encoders, which are named as presets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncoderCommand {
    /// Show them, to choose one.
    Choose,
    /// Open the card of one.
    Look(String),
    /// Describe tissue with one.
    Use(String),
    /// Take the weights of one from a file, once it was found to hold them.
    SetWeights {
        /// The encoder.
        encoder: String,
        /// The weights file.
        path: PathBuf,
    },
    /// Look for weights again.
    LookAgain,
    /// Show the folder of weights in the file manager.
    OpenFolder,
    /// Measure how fast one is here.
    Measure(String),
    /// Measure how fast the chosen device runs networks.
    MeasureDevice,
}

/// Something about training.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainCommand {
    /// Change the form.
    Edit(TrainForm),
    /// Train with the form's settings.
    Start,
    /// Go on with a run that was interrupted.
    Resume(String),
    /// Delete a run and its files.
    Delete(String),
    /// Copy the runs of another project into this one.
    CopyRuns(PathBuf),
    /// Look at a run's curves.
    Select(String),
    /// Show a run's predictions on the maps; for each section the run that says most when there is none.
    UseForMaps(Option<String>),
}

/// Something about cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluateCommand {
    /// Change the form.
    Edit(EvaluateForm),
    /// Cross-validate.
    Start,
    /// Show a stored report.
    Open(String),
    /// Write the shown report as JSON.
    SaveJson(PathBuf),
    /// Write the scores of every gene on every held-out section of the shown report as CSV.
    SaveCsv(PathBuf),
    /// Write the table of genes as it stands on the screen, as CSV.
    SaveTable(PathBuf),
}

/// Something about figures and tables.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportCommand {
    /// Change the form.
    Edit(ExportForm),
    /// Write the figure.
    Save(PathBuf),
    /// Write one figure a gene and section into a folder.
    Batch(PathBuf),
    /// Write the predictions of the first section as CSV.
    SavePredictions(PathBuf),
    /// Write the report of the run that predicts.
    SaveRunReport(PathBuf),
    /// Write the table of the comparison as it stands on the screen, as CSV.
    SaveComparison(PathBuf),
    /// Cluster the places of the section shown, or of all sections, as the form says.
    Cluster,
    /// Predict all slides without measurements, and write a file for each into a folder.
    PredictSlides(PathBuf),
}

/// Something about a job, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCommand {
    /// Stop it.
    Cancel(u64),
    /// Let it wait.
    Pause(u64),
    /// Let it go on.
    Resume(u64),
}

/// Something about notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeCommand {
    /// Stop showing one, by its number.
    Dismiss(u64),
    /// Stop showing the newest, which is the one that is shown.
    DismissShown,
    /// Stop showing all.
    DismissAll,
    /// Forget all.
    Clear,
}
