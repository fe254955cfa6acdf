//! Training one model, and cross-validating it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::anyhow;

use super::chosen::ChosenSections;
use super::context::{JobContext, JobPhase, PhaseKind, SubtaskProgress};
use super::encoders::EncoderChoice;
use super::fold::{Prepared, Tested, fit_model, test};
use super::log;
use super::reach;
use super::recipe::Recipe;
use super::runs::{
    METRICS_FILE, REPORT_FILE, RUN_VERSION, RunConfig, RunInProgress, RunKind, check_free,
    discard_if_outdated, existing_or_new, fold_name, safe_name,
};
use super::workspace::Workspace;
use crate::core::files::{
    FileError, ScratchFolder, create_single_folder, read_json, write_bytes_atomically, write_json_atomically,
};
use crate::core::memory::peak_rss_mb;
use crate::core::note::Note;
use crate::core::progress::{Portion, Unit};
use crate::core::target::Target;
use crate::device::{self, ComputeDevice, DeviceChoice};
use crate::evaluate::judgement::JudgedReport;
use crate::evaluate::report::{EvalReport, FoldReport, MeanReport, Split};
use crate::evaluate::splits::{Fold, folds, holding_out};
use crate::evaluate::tables;
use crate::predict::Model;

/// What training and cross-validation are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FitRequest {
    /// Names of the genes.
    pub genes: Vec<String>,
    /// The scale of the predictions.
    pub target: Target,
    /// The sections that take part; all where none is named.
    pub sections: Vec<String>,
    /// The image encoder.
    pub encoder: EncoderChoice,
    /// Where to train.
    pub device: DeviceChoice,
    /// How to train.
    pub recipe: Recipe,
}

/// What training gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Name of the run.
    pub run: String,
    /// Its folder.
    pub folder: PathBuf,
    /// One a test section.
    pub reports: Vec<FoldReport>,
    /// What the user must know of the run.
    pub notes: Vec<Note>,
    /// The device that trained.
    pub device: String,
    /// Wall time in seconds.
    pub seconds: f64,
}

const PER_GENE_FILE: &str = "per_gene.csv";
const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// The report of a single fold, kept so that an interrupted cross-validation does not test it again.
pub const FOLD_REPORT_FILE: &str = "reports.json";

/// Trains a model without the `test` sections, tests it on them and keeps it as the run `name`. A run of
/// this name that was interrupted is taken up where it stopped.
///
/// # Errors
/// What went wrong, or that it was cancelled; a cancelled run can be resumed.
pub fn train(
    workspace: &Workspace,
    request: &FitRequest,
    test_sections: &[String],
    name: &str,
    ctx: &JobContext,
) -> anyhow::Result<Trained> {
    let start = Instant::now();
    // What is wrong with the name is said before hours of work.
    check_free(&workspace.path, name)?;
    let test_sections = current_names(workspace, test_sections)?;
    let device = device::choose(request.device)?;
    let workspace = &workspace.with_encoder(&request.encoder, &device, ctx)?;
    let names = taking_part(workspace, request)?;
    let chosen = ChosenSections::read(workspace, &names, request, &test_sections, ctx)?;
    let kind = RunKind::Model { test: test_sections.clone() };
    let config = run_config(request, &chosen, &device, workspace, kind);
    let run = start_run(workspace, name, &config, &chosen, ctx)?;
    let (reports, notes) = run.watch(ctx.cancel, || {
        ctx.observer.phase(JobPhase { number: 1, count: 2, kind: PhaseKind::ImageFeatures });
        let prepared = Prepared::new(workspace, chosen, request, &test_sections, ctx)?;
        let fold = holding_out(&prepared.refs(), &test_sections)
            .ok_or_else(|| anyhow!("No section is left to train on; name fewer test sections"))?;
        ctx.observer.phase(JobPhase { number: 2, count: 2, kind: PhaseKind::Training });
        let (reports, model) = run_fold(&prepared, &fold, request, &device, &run.folder, ctx)?;
        reach::learn(&prepared, &fold, &model, &run.folder, ctx)?;
        let mut notes: Vec<Note> = prepared.notes().chain(model.notes().to_vec()).collect();
        for note in reports.iter().flat_map(|r| &r.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        if let [one] = reports.as_slice() {
            write_json_atomically(&run.folder.join(METRICS_FILE), &one.model)?;
        } else if !reports.is_empty() {
            write_json_atomically(&run.folder.join(METRICS_FILE), &MeanReport::from_folds(&reports).model)?;
        }
        write_bytes_atomically(&run.folder.join(PER_GENE_FILE), tables::genes_csv(&reports).as_bytes())?;
        run.took_part(&prepared.section_names())?;
        Ok((reports, notes))
    })?;
    let folder = run.finish()?;
    let (device, seconds) = (device.info().name.clone(), start.elapsed().as_secs_f64());
    Ok(Trained { run: name.to_owned(), folder, reports, notes, device, seconds })
}

/// Cross-validates the model beside its baselines. With `keep`, models and predictions stay as the run of
/// that name, and an interrupted run of that name is taken up where it stopped; without, nothing is left.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn evaluate(
    workspace: &Workspace,
    request: &FitRequest,
    split: Split,
    keep: Option<&str>,
    ctx: &JobContext,
) -> anyhow::Result<EvalReport> {
    keep.map_or(Ok(()), |name| check_free(&workspace.path, name))?;
    let device = device::choose(request.device)?;
    let workspace = &workspace.with_encoder(&request.encoder, &device, ctx)?;
    let names = taking_part(workspace, request)?;
    let chosen = ChosenSections::read(workspace, &names, request, &[], ctx)?;
    let config = run_config(request, &chosen, &device, workspace, RunKind::CrossValidation { split });
    let run = keep.map(|name| start_run(workspace, name, &config, &chosen, ctx)).transpose()?;
    // Without a run to keep, folds are written to a folder that vanishes.
    let scratch = ScratchFolder::new()?;
    let folder = run.as_ref().map_or(scratch.path(), |r| &r.folder);
    let work = || {
        let (report, took_part) = cross_validate(workspace, request, split, chosen, &device, folder, ctx)?;
        if let Some(run) = &run {
            run.took_part(&took_part)?;
            write_json_atomically(&run.folder.join(REPORT_FILE), &JudgedReport::new(&report))?;
            let per_gene = tables::genes_csv(&report.folds);
            write_bytes_atomically(&run.folder.join(PER_GENE_FILE), per_gene.as_bytes())?;
        }
        Ok(report)
    };
    let report = match &run {
        Some(run) => run.watch(ctx.cancel, work)?,
        None => work()?,
    };
    if let Some(run) = run {
        run.finish()?;
    }
    Ok(report)
}

/// Trains and tests a model for each fold, in `folder`. Returns the report, and the names of the sections that took part.
fn cross_validate(
    workspace: &Workspace,
    request: &FitRequest,
    split: Split,
    chosen: ChosenSections,
    device: &ComputeDevice,
    folder: &Path,
    ctx: &JobContext,
) -> anyhow::Result<(EvalReport, Vec<String>)> {
    let start = Instant::now();
    ctx.observer.phase(JobPhase { number: 1, count: 2, kind: PhaseKind::ImageFeatures });
    let prepared = Prepared::new(workspace, chosen, request, &[], ctx)?;
    let split_folds = folds(&prepared.refs(), split)?;
    ctx.observer.phase(JobPhase { number: 2, count: 2, kind: PhaseKind::Training });
    let mut reports = Vec::new();
    for (done, fold) in split_folds.folds.iter().enumerate() {
        let parts = split_folds.folds.len();
        let portion = Portion { unit: Unit::Fold, number: done + 1, count: parts };
        let part = SubtaskProgress { portion, to: ctx.observer };
        let folder = folder.join(fold_name(&fold.name));
        let ctx = JobContext { observer: &part, cancel: ctx.cancel };
        let (fold_reports, _) = run_fold(&prepared, fold, request, device, &folder, &ctx)?;
        reports.extend(fold_reports);
    }
    let report = EvalReport {
        split,
        target: request.target,
        gene_count: prepared.genes.len(),
        device: device.info().name.clone(),
        seed: request.recipe.seed(),
        mean: MeanReport::from_folds(&reports),
        folds: reports,
        warnings: split_folds.warnings.into_iter().chain(prepared.notes().map(|n| n.to_string())).collect(),
        seconds: start.elapsed().as_secs_f64(),
        peak_rss_mb: peak_rss_mb().unwrap_or(0.0),
    };
    Ok((report, prepared.section_names()))
}

fn taking_part(workspace: &Workspace, request: &FitRequest) -> anyhow::Result<Vec<String>> {
    match request.sections.as_slice() {
        [] => Ok(workspace.measured_names()),
        names => current_names(workspace, names),
    }
}

/// What these sections are called now; an interrupted run may know them by earlier names.
///
/// # Errors
/// There is no such section, or nothing was measured in it.
fn current_names(workspace: &Workspace, names: &[String]) -> anyhow::Result<Vec<String>> {
    let current = |name: &String| {
        workspace.require_measured(name)?;
        Ok(workspace.entry(name)?.name.clone())
    };
    names.iter().map(current).collect()
}

/// Starts the run `name`, or takes up the interrupted one. One that had begun with genes that a section does not have
/// any more cannot go on; it begins anew.
fn start_run(
    workspace: &Workspace,
    name: &str,
    config: &RunConfig,
    chosen: &ChosenSections,
    ctx: &JobContext,
) -> anyhow::Result<RunInProgress> {
    let gone: Vec<String> = chosen.choice.left_out.iter().map(|l| l.symbol().to_owned()).collect();
    if discard_if_outdated(&workspace.path, name, config, &gone)? {
        ctx.observer.note(&format!(
            "The interrupted run {name} had begun with genes that are left out now, so it starts again from the beginning."
        ));
    }
    Ok(RunInProgress::start(&workspace.path, name, config)?)
}

fn run_config(
    request: &FitRequest,
    chosen: &ChosenSections,
    device: &ComputeDevice,
    workspace: &Workspace,
    kind: RunKind,
) -> RunConfig {
    RunConfig {
        version: RUN_VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        started: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        kind,
        sections: chosen.sections.iter().map(|s| s.name.clone()).collect(),
        genes: chosen.choice.used.clone(),
        target: request.target,
        normalised: chosen.normalised(),
        encoder: workspace.encoder.id(),
        weights: request.encoder.weights.clone(),
        device: device.info().name.clone(),
        recipe: request.recipe.clone(),
    }
}

/// Fits, tests and stores one fold in `folder`, unless an interrupted run had already done so.
fn run_fold(
    prepared: &Prepared,
    fold: &Fold,
    request: &FitRequest,
    device: &ComputeDevice,
    folder: &Path,
    ctx: &JobContext,
) -> anyhow::Result<(Vec<FoldReport>, Model)> {
    let (reports_path, checkpoint) = (folder.join(FOLD_REPORT_FILE), folder.join(CHECKPOINT_FILE));
    let fitted = if reports_path.is_file() {
        Model::load(folder, device)?
    } else {
        create_single_folder(folder)?;
        let (fitted, curves) = fit_model(prepared, fold, request, device, &checkpoint, ctx)?;
        fitted.save(folder)?;
        let tested = test(prepared, fold, &fitted, request.recipe.seed(), ctx)?;
        let mut reports = Vec::with_capacity(tested.len());
        for Tested { predictions, report } in tested {
            predictions.save(&folder.join(predictions_name(&safe_name(&report.test))))?;
            reports.push(report);
        }
        let notes: Vec<Note> = prepared.notes().chain(fitted.notes().to_vec()).collect();
        log::write(folder, &curves, &notes)?;
        write_json_atomically(&reports_path, &reports)?;
        fitted
    };
    // Also one that a program left behind that was killed between the two.
    if checkpoint.exists() {
        fs::remove_file(&checkpoint).map_err(FileError::io("remove", &checkpoint))?;
    }
    Ok((read_json(&reports_path)?, fitted))
}

fn predictions_name(section: &str) -> String {
    format!("predictions-{section}.safetensors")
}

/// Where the predictions of a test section are found in its fold's folder, also in one of an earlier version.
pub fn predictions_path(folder: &Path, section: &str) -> PathBuf {
    existing_or_new(folder, predictions_name, section)
}
