//! Cross-validation: a model for each fold, tested on what it did not see.

use std::time::Instant;

use super::FitRequest;
use super::chosen::ChosenSections;
use super::fold::run_fold;
use super::prepare::Prepared;
use super::start::{run_config, start_run, taking_part};
use crate::core::files::ScratchFolder;
use crate::core::memory::peak_rss_mb;
use crate::core::progress::{Portion, Unit};
use crate::device::{self, ComputeDevice};
use crate::evaluate::report::{EvalReport, MeanReport, Split};
use crate::evaluate::splits::folds;
use crate::jobs::context::{JobContext, JobPhase, PhaseKind, SubtaskProgress};
use crate::jobs::run_store::{RunFolder, RunKind, check_free};
use crate::jobs::workspace::Workspace;

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
    let folder = run.as_ref().map_or_else(|| scratch.path().to_path_buf().into(), |r| r.folder.clone());
    let work = || {
        let (report, took_part) = cross_validate(workspace, request, split, chosen, &device, &folder, ctx)?;
        if let Some(run) = &run {
            run.took_part(&took_part)?;
            run.folder.write_evaluation(&report)?;
            run.folder.write_genes_table(&report.folds)?;
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
    folder: &RunFolder,
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
        let folder = folder.new_fold(&fold.name);
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
