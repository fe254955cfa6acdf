//! Training one model.

use std::time::Instant;

use anyhow::anyhow;

use super::FitRequest;
use super::chosen::ChosenSections;
use super::fold::run_fold;
use super::prepare::Prepared;
use super::start::{current_names, run_config, start_run, taking_part};
use crate::core::note::Note;
use crate::device;
use crate::evaluate::report::{FoldReport, MeanReport};
use crate::evaluate::splits::holding_out;
use crate::jobs::context::{JobContext, JobPhase, PhaseKind};
use crate::jobs::reach;
use crate::jobs::run_store::{RunFolder, RunKind, check_free};
use crate::jobs::workspace::Workspace;

/// What training gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Name of the run.
    pub run: String,
    /// Its folder.
    pub folder: RunFolder,
    /// One a test section.
    pub reports: Vec<FoldReport>,
    /// What the user must know of the run.
    pub notes: Vec<Note>,
    /// The device that trained.
    pub device: String,
    /// Wall time in seconds.
    pub seconds: f64,
}

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
        let fold = holding_out(&prepared.refs(), &test_sections).ok_or_else(|| {
            anyhow!("All sections are held out, so none is left for training; hold out fewer")
        })?;
        ctx.observer.phase(JobPhase { number: 2, count: 2, kind: PhaseKind::Training });
        let (reports, model) = run_fold(&prepared, &fold, request, &device, &run.folder, ctx)?;
        reach::learn(&prepared, &fold, &model, run.folder.path(), ctx)?;
        let mut notes: Vec<Note> = prepared.notes().chain(model.notes().to_vec()).collect();
        for note in reports.iter().flat_map(|r| &r.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        match reports.as_slice() {
            [] => {}
            [one] => run.folder.write_scores(&one.model)?,
            several => run.folder.write_scores(&MeanReport::from_folds(several).model)?,
        }
        run.folder.write_genes_table(&reports)?;
        run.took_part(&prepared.section_names())?;
        Ok((reports, notes))
    })?;
    let folder = run.finish()?;
    let (device, seconds) = (device.info().name.clone(), start.elapsed().as_secs_f64());
    Ok(Trained { run: name.to_owned(), folder, reports, notes, device, seconds })
}
