//! What a stored run holds.

use std::sync::Arc;

use super::{RunFolder, RunInfo, RunKind, TrainingLog};
use crate::core::note::Note;
use crate::evaluate::report::{EvalReport, FoldReport, MeanReport, Split};
use crate::train::EpochMetrics;

/// What a stored run holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetails {
    /// Its name.
    pub id: String,
    /// The epochs of each fold.
    pub curves: Vec<(String, Vec<EpochMetrics>)>,
    /// Whether it is a cross-validation.
    pub cross_validation: bool,
    /// How well it predicted what it was tested on, if anything.
    pub report: Option<Arc<EvalReport>>,
    /// Remarks on the run.
    pub notes: Vec<Note>,
}

/// Reads the curves and scores of a run.
///
/// # Errors
/// One sentence naming the file that cannot be read.
pub fn load_run(run: &RunInfo) -> anyhow::Result<RunDetails> {
    let mut details = RunDetails {
        id: run.id.clone(),
        curves: Vec::new(),
        cross_validation: false,
        report: None,
        notes: Vec::new(),
    };
    let mut read_log = |name: &str, folder: &RunFolder| -> anyhow::Result<()> {
        if let Some(TrainingLog { epochs, notes }) = folder.read_log()? {
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
            if run.folder.is_tested() {
                details.report = test_report(run, run.folder.read_fold_reports()?).map(Arc::new);
            }
        }
        RunKind::CrossValidation { .. } => {
            details.cross_validation = true;
            if run.complete {
                let report = run.folder.read_evaluation()?;
                for fold in &report.folds {
                    let name = match (report.split, &fold.patient) {
                        (Split::Patient, Some(patient)) => patient,
                        _ => &fold.test,
                    };
                    read_log(name, &run.folder.fold(name))?;
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
