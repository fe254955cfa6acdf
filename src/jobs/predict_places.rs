//! Predicting sections and saving what came of it, in one file or a file for each section.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;
use serde::Serialize;

use super::aggregate::AggregateProgress;
use super::context::{JobContext, Observer};
use super::places::on_grid;
use super::predict::Predictors;
use super::prediction_table::{Predicted, Table, save_csv};
use super::reach::SlideReach;
use super::run_store::{RunInfo, find_run, safe_name};
use super::workspace::{Unreadable, Workspace};
use crate::core::places::GridSettings;
use crate::core::progress::{NotesOnly, Portion, Progress, Stage, Task, Unit};
use crate::data::project::SectionEntry;
use crate::data::section::Section;
use crate::device::DeviceChoice;
use crate::preprocess::views::View;
use crate::train::EpochMetrics;

/// What is to be predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictRequest {
    /// Name of the run.
    pub run: String,
    /// Names of the sections.
    pub sections: Vec<String>,
    /// The places, on every section; where `None`, the spots, and of slides without measurements their own grid.
    pub grid: Option<GridSettings>,
    /// Where to compute.
    pub device: DeviceChoice,
}

/// A prediction that was saved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Saved {
    /// The section, or several separated by commas.
    pub section: String,
    /// The file.
    pub out: PathBuf,
    /// Rows.
    pub spots: usize,
    /// Columns.
    pub genes: usize,
    /// How the slide compares with what the run was trained on, where one was predicted that was not measured.
    #[serde(flatten)]
    pub reach: Option<SlideReach>,
}

/// What came of predicting sections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PredictOutcome {
    /// The files that were written.
    pub saved: Vec<Saved>,
    /// The sections that could not be predicted, and why; only where each has a file of its own.
    pub failed: Vec<Unreadable>,
}

/// What files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One section.
    Csv,
    /// Any number of sections.
    AnnData,
    /// AnnData files, one for each section.
    Folder,
}

/// The form that the name of a file asks for.
///
/// # Errors
/// It ends in something else.
fn form_of(path: &Path) -> anyhow::Result<Form> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("h5ad") if !path.is_dir() => Ok(Form::AnnData),
        Some("csv") if !path.is_dir() => Ok(Form::Csv),
        None => Ok(Form::Folder),
        Some(_) if path.is_dir() => Ok(Form::Folder),
        Some(_) => bail!(
            "{}: predictions are saved as .csv or .h5ad, or in a folder; choose a name that ends in one of these, or one \
             without an ending for a folder",
            path.display()
        ),
    }
}

/// Writes what a run predicts: as AnnData when `path` ends in `.h5ad`, as CSV, which holds one section, when in `.csv`, else
/// into the folder `path`, an AnnData file for each section. There a section that cannot be predicted does not keep the
/// others from it.
///
/// # Errors
/// One sentence naming the run, section or file at fault, or that it was cancelled.
pub fn save(
    workspace: &Workspace,
    request: &PredictRequest,
    path: &Path,
    ctx: &JobContext,
) -> anyhow::Result<PredictOutcome> {
    // Before anything is computed.
    let form = form_of(path)?;
    let Some(first) = request.sections.first() else { bail!("Name at least one section to predict") };
    if form == Form::Folder {
        return save_each(workspace, request, path, ctx);
    }
    let run = find_run(&workspace.path, &request.run)?;
    let mut job = Job::new(workspace, &run, request);
    workspace.prepare_output(path)?;
    let (genes, count) = (run.config.genes.len(), request.sections.len());
    let (spots, reach) = if form == Form::Csv {
        if count > 1 {
            bail!(
                "A CSV file holds one section, and {count} are to be saved; save them as .h5ad, or in a folder"
            );
        }
        let predicted = job.predict(workspace.entry(first)?, ctx)?;
        save_csv(path, &predicted)?;
        (predicted.predictions.spots.len(), predicted.reach)
    } else {
        let mut table = Table::new(workspace, &run, count);
        let mut last = None;
        for (done, name) in request.sections.iter().enumerate() {
            ctx.check()?;
            ctx.observer.report(&Task::PredictingSections.into(), done as u64, count as u64);
            let predicted = job.predict(workspace.entry(name)?, ctx)?;
            last = predicted.reach.clone();
            table.add(predicted, ctx)?;
        }
        (table.write(path)?, last.filter(|_| count == 1))
    };
    let saved = Saved { section: request.sections.join(","), out: path.to_path_buf(), spots, genes, reach };
    Ok(PredictOutcome { saved: vec![saved], failed: Vec::new() })
}

/// Writes what a run predicts into `folder`, an AnnData file for each section. One that cannot be predicted does not keep
/// the others from it.
///
/// # Errors
/// One sentence naming the run or the folder, or that it was cancelled; what was written until then stays.
pub fn save_each(
    workspace: &Workspace,
    request: &PredictRequest,
    folder: &Path,
    ctx: &JobContext,
) -> anyhow::Result<PredictOutcome> {
    let run = find_run(&workspace.path, &request.run)?;
    Job::new(workspace, &run, request).save_each(folder, ctx)
}

struct Job<'a> {
    workspace: &'a Workspace,
    run: &'a RunInfo,
    request: &'a PredictRequest,
    predictors: Predictors<'a>,
}

/// Where a section is to be predicted.
struct Places {
    section: Arc<Section>,
    /// Its spots, where it has such and is predicted at other places.
    spots: Option<Arc<Section>>,
}

impl<'a> Job<'a> {
    fn new(workspace: &'a Workspace, run: &'a RunInfo, request: &'a PredictRequest) -> Self {
        Self { workspace, run, request, predictors: Predictors::new(workspace, run, request.device) }
    }

    fn places(&self, entry: &SectionEntry, ctx: &JobContext) -> anyhow::Result<Places> {
        let Some(grid) = &self.request.grid else {
            return Ok(Places { section: self.workspace.section(&entry.name, ctx)?, spots: None });
        };
        let section = Arc::new(on_grid(self.workspace, entry, grid, ctx)?);
        let spots = match entry.is_measured() {
            true => Some(self.workspace.section(&entry.name, ctx)?),
            false => None,
        };
        Ok(Places { section, spots })
    }

    /// What the run predicts for a section; what was kept of its test where it was tested at its spots.
    fn predict(&mut self, entry: &SectionEntry, ctx: &JobContext) -> anyhow::Result<Predicted> {
        let stored = match self.request.grid {
            None => self.predictors.stored(entry)?,
            Some(_) => None,
        };
        if let Some(predictions) = stored {
            return Ok(Predicted {
                section: self.workspace.section(&entry.name, ctx)?,
                predictions,
                reach: None,
            });
        }
        let places = self.places(entry, ctx)?;
        self.predict_at(entry, places, ctx)
    }

    fn predict_at(
        &mut self,
        entry: &SectionEntry,
        places: Places,
        ctx: &JobContext,
    ) -> anyhow::Result<Predicted> {
        let Places { section, spots } = places;
        let predictions = self.predictors.predict(entry, &section, spots.as_deref(), ctx)?;
        let reach = match section.is_measured() {
            true => None,
            false => self.predictors.reach(entry, &section, spots.as_deref(), ctx)?,
        };
        if let Some(reach) = &reach {
            ctx.observer.note(&format!("{}: {}", entry.name, reach.sentence()));
        }
        Ok(Predicted { section, predictions, reach })
    }

    /// Saves a file for each section in `folder`.
    fn save_each(&mut self, folder: &Path, ctx: &JobContext) -> anyhow::Result<PredictOutcome> {
        let request = self.request;
        let file_of = |name: &String| folder.join(format!("{}.h5ad", safe_name(name)));
        for name in &request.sections {
            self.workspace.entry(name)?;
            self.workspace.prepare_output(&file_of(name))?;
        }
        let mut outcome = PredictOutcome::default();
        // All places first, so that the time left can be told.
        let mut ready = Vec::new();
        for (done, name) in request.sections.iter().enumerate() {
            ctx.observer.report(&Task::FindingTissue.into(), done as u64, request.sections.len() as u64);
            let entry = self.workspace.entry(name)?;
            let quiet = NotesOnly(ctx.observer);
            match self.outlook(entry, &JobContext { observer: &quiet, cancel: ctx.cancel }) {
                Ok(found) => ready.push((entry, found)),
                Err(error) => outcome.failed.push(failure(name, &error, ctx)?),
            }
        }
        let expected: Vec<u64> = ready.iter().map(|(_, outlook)| outlook.patches()).collect();
        let numbered = Numbered { done: AtomicUsize::new(0), count: ready.len(), to: ctx.observer };
        let progress = AggregateProgress::new(&expected, &numbered);
        for (entry, outlook) in ready {
            let ctx = JobContext { observer: &progress, cancel: ctx.cancel };
            let predicted = match outlook {
                PlannedPrediction::Stored => self.predict(entry, &ctx),
                PlannedPrediction::Places { places, .. } => self.predict_at(entry, places, &ctx),
            };
            match predicted.and_then(|predicted| self.save_one(predicted, &file_of(&entry.name), &ctx)) {
                Ok(saved) => outcome.saved.push(saved),
                Err(error) => outcome.failed.push(failure(&entry.name, &error, &ctx)?),
            }
            progress.next();
            numbered.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    /// Where a section is to be predicted, and how much work that is.
    fn outlook(&mut self, entry: &SectionEntry, ctx: &JobContext) -> anyhow::Result<PlannedPrediction> {
        if self.request.grid.is_none() && self.predictors.stored(entry)?.is_some() {
            return Ok(PlannedPrediction::Stored);
        }
        let places = self.places(entry, ctx)?;
        let seen = self.predictors.seen(entry, ctx)?;
        let wanted = |section: &Section| match seen.has_features(section, View::PLAIN, ctx) {
            Ok(true) => 0,
            // A slide that cannot be read is told when it is its turn.
            _ => seen.expected_patches(section),
        };
        let patches = wanted(&places.section) + places.spots.as_deref().map_or(0, wanted);
        Ok(PlannedPrediction::Places { places, patches })
    }

    fn save_one(&self, predicted: Predicted, path: &Path, ctx: &JobContext) -> anyhow::Result<Saved> {
        let (section, reach) = (predicted.section.name.clone(), predicted.reach.clone());
        let mut table = Table::new(self.workspace, self.run, 1);
        table.add(predicted, ctx)?;
        let spots = table.write(path)?;
        Ok(Saved { section, out: path.to_path_buf(), spots, genes: self.run.config.genes.len(), reach })
    }
}

/// What is known of a section before it is predicted.
enum PlannedPrediction {
    /// Its prediction was kept when it was tested.
    Stored,
    /// It is predicted at these places, which takes about this number of patches.
    Places { places: Places, patches: u64 },
}

impl PlannedPrediction {
    fn patches(&self) -> u64 {
        match self {
            Self::Stored => 0,
            Self::Places { patches, .. } => *patches,
        }
    }
}

/// Why a section could not be predicted, unless it was cancelled.
fn failure(name: &str, error: &anyhow::Error, ctx: &JobContext) -> anyhow::Result<Unreadable> {
    ctx.check()?;
    let failed = Unreadable::new(name, error);
    ctx.observer.note(&failed.sentence());
    Ok(failed)
}

/// Says which of several slides it is: "Slide 2 of 5 \u{00B7} C2: image features".
struct Numbered<'a> {
    done: AtomicUsize,
    count: usize,
    to: &'a dyn Observer,
}

impl Progress for Numbered<'_> {
    fn report(&self, stage: &Stage, done: u64, total: u64) {
        let number = (self.done.load(Ordering::Relaxed) + 1).min(self.count);
        let portion = Some(Portion { unit: Unit::Slide, number, count: self.count });
        self.to.report(&Stage { portion, ..stage.clone() }, done, total);
    }

    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

impl Observer for Numbered<'_> {
    fn epoch(&self, fold: &str, metrics: &EpochMetrics) {
        self.to.epoch(fold, metrics);
    }
}
