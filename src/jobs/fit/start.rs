//! Starting a run: what it is made with, and whether an interrupted one of its name goes on.

use super::FitRequest;
use super::chosen::ChosenSections;
use crate::device::ComputeDevice;
use crate::jobs::context::JobContext;
use crate::jobs::run_store::{RUN_VERSION, RunConfig, RunInProgress, RunKind, discard_if_outdated};
use crate::jobs::workspace::Workspace;

pub(super) fn taking_part(workspace: &Workspace, request: &FitRequest) -> anyhow::Result<Vec<String>> {
    match request.sections.as_slice() {
        [] => Ok(workspace.measured_names()),
        names => current_names(workspace, names),
    }
}

/// What these sections are called now; an interrupted run may know them by earlier names.
///
/// # Errors
/// There is no such section, or nothing was measured in it.
pub(super) fn current_names(workspace: &Workspace, names: &[String]) -> anyhow::Result<Vec<String>> {
    let current = |name: &String| {
        workspace.require_measured(name)?;
        Ok(workspace.entry(name)?.name.clone())
    };
    names.iter().map(current).collect()
}

/// Starts the run `name`, or takes up the interrupted one. One that had begun with genes that a section does not have
/// any more cannot go on; it begins anew.
pub(super) fn start_run(
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

pub(super) fn run_config(
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
