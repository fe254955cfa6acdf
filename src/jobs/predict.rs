//! Predictions of a section by a stored run.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::context::Ctx;
use super::runs::{RunInfo, RunKind, find_run, fold_folder};
use super::train::predictions_path;
use super::workspace::Workspace;
use crate::core::files::{FileError, write_atomically};
use crate::data::section::{Section, Spot};
use crate::device::{self, DeviceChoice};
use crate::evaluate::report::{FoldReport, Split};
use crate::predict::{Fitted, Predictions, predict};

/// What the run `run` predicts for the section `section`: the stored held-out prediction where the section
/// was tested, otherwise predicted now.
///
/// # Errors
/// One sentence naming the run, section or file at fault.
pub fn predictions(
    workspace: &Workspace,
    run: &str,
    section: &str,
    choice: DeviceChoice,
    ctx: &Ctx,
) -> anyhow::Result<Predictions> {
    let run = find_run(&workspace.path, run)?;
    let folder = model_folder(workspace, &run, section)?;
    let stored = predictions_path(&folder, section);
    if stored.is_file() {
        return Ok(Predictions::load(&stored)?);
    }
    let device = device::choose(choice)?;
    let fitted = Fitted::load(&folder, &device)?;
    let data = workspace.section(section, ctx)?;
    if fitted.recipe.sections.iter().any(|s| s == section) {
        ctx.observer.note(&format!(
            "{section} was among the sections that \"{}\" was trained on: its prediction looks better than it is",
            run.id
        ));
    }
    let features = workspace.features(&data, ctx)?;
    let ids: Vec<String> = data.spots.iter().map(|s| s.id.clone()).collect();
    Ok(predict(&fitted, section, &features, &ids, ctx.progress(), ctx.cancel)?)
}

/// The test scores of a section in a run, where it was tested.
///
/// # Errors
/// One sentence naming the file that cannot be read.
pub fn test_report(
    workspace: &Workspace,
    run: &RunInfo,
    section: &str,
) -> anyhow::Result<Option<FoldReport>> {
    let Ok(folder) = model_folder(workspace, run, section) else { return Ok(None) };
    let reports: Vec<FoldReport> = crate::core::files::read_json(&folder.join("reports.json"))?;
    Ok(reports.into_iter().find(|r| r.test == section))
}

/// The folder of the model that may predict `section`: of a cross-validation, the one not trained on it.
fn model_folder(workspace: &Workspace, run: &RunInfo, section: &str) -> anyhow::Result<PathBuf> {
    let RunKind::CrossValidation { split } = run.config.kind else { return Ok(run.folder.clone()) };
    let entry = workspace.entry(section)?;
    let fold = match (split, &entry.patient) {
        (Split::Patient, Some(patient)) => patient,
        _ => section,
    };
    let folder = fold_folder(&run.folder, fold);
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(anyhow!(
            "The cross-validation \"{}\" has no fold for section {section}; train a model and predict with that",
            run.id
        ))
    }
}

/// Writes predictions as CSV: a header `spot,x_px,y_px,GENE...`, one row a spot.
///
/// # Errors
/// One sentence naming the file.
pub fn write_csv(path: &Path, predictions: &Predictions, section: &Section) -> Result<(), FileError> {
    let wrong = |e: csv::Error| FileError::malformed(path, format!("it cannot be written: {e}"));
    write_atomically(path, |writer| {
        let mut csv = csv::Writer::from_writer(writer);
        let header = ["spot", "x_px", "y_px"].into_iter().chain(predictions.genes.iter().map(String::as_str));
        csv.write_record(header).map_err(wrong)?;
        for (i, spot) in predictions.spots.iter().enumerate() {
            csv.write_field(spot).map_err(wrong)?;
            // Predictions and section are of the same files, but join by id all the same.
            match section.spots.iter().find(|s| &s.id == spot) {
                Some(Spot { center, .. }) => {
                    csv.write_field(format!("{:.2}", center.x)).map_err(wrong)?;
                    csv.write_field(format!("{:.2}", center.y)).map_err(wrong)?;
                }
                None => {
                    csv.write_field("").map_err(wrong)?;
                    csv.write_field("").map_err(wrong)?;
                }
            }
            for value in predictions.mean.row(i) {
                csv.write_field(value.to_string()).map_err(wrong)?;
            }
            csv.write_record(None::<&[u8]>).map_err(wrong)?;
        }
        csv.flush().map_err(FileError::io("write", path))
    })
}
