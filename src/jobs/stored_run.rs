//! What a stored run holds.

use std::path::Path;
use std::sync::Arc;

use super::log::{self, TrainingLog};
use super::outcome::RunDetails;
use super::runs::{REPORT_FILE, RunInfo, RunKind, fold_folder};
use super::train::FOLD_REPORT_FILE;
use crate::core::files::read_json;
use crate::evaluate::report::{EvalReport, FoldReport, MeanReport, Split};

/// Reads the curves and scores of a run.
pub(super) fn load_run(run: &RunInfo) -> anyhow::Result<RunDetails> {
    let mut details = RunDetails {
        id: run.id.clone(),
        curves: Vec::new(),
        cross_validation: false,
        report: None,
        notes: Vec::new(),
    };
    let mut read_log = |name: &str, folder: &Path| -> anyhow::Result<()> {
        if let Some(TrainingLog { epochs, notes }) = log::read(folder)? {
            details.curves.push((name.to_owned(), epochs));
            for note in notes {
                if !details.notes.contains(&note) {
                    details.notes.push(note);
                }
            }
        }
        Ok(())
    };
    match &run.config.kind {
        RunKind::Model { .. } => {
            read_log(&run.id, &run.folder)?;
            let file = run.folder.join(FOLD_REPORT_FILE);
            if file.is_file() {
                details.report = test_report(run, read_json(&file)?).map(Arc::new);
            }
        }
        RunKind::CrossValidation { .. } => {
            details.cross_validation = true;
            if run.complete {
                let report: EvalReport = read_json(&run.folder.join(REPORT_FILE))?;
                for fold in &report.folds {
                    let name = match (report.split, &fold.patient) {
                        (Split::Patient, Some(patient)) => patient,
                        _ => &fold.test,
                    };
                    read_log(name, &fold_folder(&run.folder, name))?;
                }
                details.report = Some(Arc::new(report));
            }
        }
    }
    details.curves.dedup_by(|a, b| a.0 == b.0);
    Ok(details)
}

/// How well a single model predicted what it was tested on, in the form of a cross-validation.
fn test_report(run: &RunInfo, folds: Vec<FoldReport>) -> Option<EvalReport> {
    if folds.is_empty() {
        return None;
    }
    Some(EvalReport {
        split: Split::Section,
        target: run.config.target,
        gene_count: run.config.genes.len(),
        device: run.config.device.clone(),
        seed: run.config.recipe.seed(),
        mean: MeanReport::from_folds(&folds),
        folds,
        warnings: Vec::new(),
        seconds: 0.0,
        peak_rss_mb: 0.0,
    })
}
