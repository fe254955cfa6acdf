//! Predictions as files for other programs: CSV of one section, AnnData of any number.

use std::collections::HashMap;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

use super::context::Ctx;
use super::predict::{predictions, test_report, write_csv};
use super::runs::{RunInfo, RunKind, find_run};
use super::workspace::Workspace;
use crate::core::matrix::Matrix;
use crate::core::target::Target;
use crate::data::anndata::{self, Column, Columns, Contents, Uns};
use crate::data::section::{Section, ValueKind};
use crate::device::DeviceChoice;
use crate::predict::Predictions;
use crate::preprocess::target;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub spots: usize,
    /// Columns.
    pub genes: usize,
}

/// Writes what `run` predicts for `sections`: AnnData when `path` ends in `.h5ad`, CSV, which holds one section, when in `.csv`.
///
/// # Errors
/// One sentence naming the run, section or file at fault.
pub fn save(
    workspace: &Workspace,
    run: &str,
    sections: &[String],
    path: &Path,
    device: DeviceChoice,
    ctx: &Ctx,
) -> anyhow::Result<Written> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let is_anndata = match ending.as_deref() {
        Some("h5ad") => true,
        Some("csv") => false,
        // Before anything is computed.
        _ => bail!(
            "{}: predictions are saved as .csv or .h5ad; choose a name that ends in one of these",
            path.display()
        ),
    };
    workspace.prepare_output(path)?;
    match sections {
        [] => bail!("No section is named to be predicted"),
        [one] if !is_anndata => {
            let predicted = predictions(workspace, run, one, device, ctx)?;
            write_csv(path, &predicted, workspace.section(one, ctx)?.as_ref())?;
            Ok(Written { spots: predicted.spots.len(), genes: predicted.genes.len() })
        }
        many if !is_anndata => bail!("A CSV holds one section, not {}; save as .h5ad", many.len()),
        many => save_anndata(workspace, run, many, path, device, ctx),
    }
}

/// The columns of `obs`, spot by spot.
#[derive(Default)]
struct Spots {
    names: Vec<String>,
    ids: Vec<String>,
    sections: Vec<Option<String>>,
    patients: Vec<Option<String>>,
    labels: Vec<Option<String>>,
    places: Vec<f64>,
}

impl Spots {
    fn add(&mut self, section: &Section, rows: &[Option<usize>], predicted: &Predictions, several: bool) {
        for (id, &at) in predicted.spots.iter().zip(rows) {
            let name = if several { format!("{}_{id}", section.name) } else { id.clone() };
            let place = at.and_then(|i| section.spots.get(i)).map(|s| [s.center.x, s.center.y]);
            let label = section.labels.as_ref().zip(at).and_then(|(l, i)| l.get(i).cloned().flatten());
            self.names.push(name);
            self.ids.push(id.clone());
            self.sections.push(Some(section.name.clone()));
            self.patients.push(section.patient.clone());
            self.labels.push(label);
            self.places.extend(place.unwrap_or([f64::NAN; 2]));
        }
    }
}

fn save_anndata(
    workspace: &Workspace,
    run: &str,
    sections: &[String],
    path: &Path,
    device: DeviceChoice,
    ctx: &Ctx,
) -> anyhow::Result<Written> {
    let info = find_run(&workspace.path, run)?;
    let genes = &info.config.genes;
    let mut spots = Spots::default();
    let (mut mean, mut uncertainty, mut measured) = (Vec::new(), Vec::new(), Vec::new());
    let mut normalised = Vec::new();
    let mut scores = vec![(0.0, 0u32); genes.len()];
    for (done, name) in sections.iter().enumerate() {
        ctx.check()?;
        ctx.observer.report("Predicting sections", done as u64, sections.len() as u64);
        let predicted = predictions(workspace, run, name, device, ctx)?;
        let section = workspace.section(name, ctx)?;
        if predicted.genes != *genes {
            bail!("What \"{run}\" predicts for {name} is of other genes than the run says; train it again");
        }
        // Predictions and section are of the same files, but join by id all the same.
        let row_of: HashMap<&str, usize> =
            section.spots.iter().enumerate().map(|(i, s)| (s.id.as_str(), i)).collect();
        let rows: Vec<Option<usize>> =
            predicted.spots.iter().map(|id| row_of.get(id.as_str()).copied()).collect();
        spots.add(&section, &rows, &predicted, sections.len() > 1);
        let values = measured_at(&section, &rows, &info, ctx);
        if section.values == ValueKind::Normalised {
            normalised.push(section.name.clone());
        }
        mean.push(predicted.mean);
        uncertainty.push(predicted.uncertainty);
        measured.push(values);
        let report = test_report(workspace, &info, name)?;
        for (score, gene) in scores.iter_mut().zip(report.iter().flat_map(|r| &r.genes)) {
            if let Some(pcc) = gene.pcc {
                *score = (score.0 + pcc, score.1 + 1);
            }
        }
    }
    let stack = |parts: &[Matrix]| {
        Matrix::vstack(parts)
            .ok_or_else(|| anyhow::anyhow!("The sections' predictions differ in their genes"))
    };
    let (mean, uncertainty, measured) = (stack(&mean)?, stack(&uncertainty)?, stack(&measured)?);
    let pcc = scores.iter().map(|&(sum, n)| if n > 0 { sum / f64::from(n) } else { f64::NAN }).collect();
    let rows = spots.names.len();
    let contents = Contents {
        obs: Columns {
            names: spots.names,
            columns: vec![
                ("spot".to_owned(), Column::Text(spots.ids)),
                ("section".to_owned(), Column::Categorical(spots.sections)),
                ("patient".to_owned(), Column::Categorical(spots.patients)),
                ("label".to_owned(), Column::Categorical(spots.labels)),
            ],
        },
        var: Columns { names: genes.clone(), columns: vec![("pcc".to_owned(), Column::Float(pcc))] },
        x: Some(&mean),
        layers: vec![("measured".to_owned(), &measured), ("uncertainty".to_owned(), &uncertainty)],
        obsm: vec![("spatial".to_owned(), 2, spots.places)],
        uns: vec![("hiscmcl".to_owned(), about(&info, &normalised))],
    };
    anndata::write(path, &contents)?;
    Ok(Written { spots: rows, genes: genes.len() })
}

/// What was measured at `rows` of `section`, on the scale of the run; NaN where nothing was.
fn measured_at(section: &Section, rows: &[Option<usize>], run: &RunInfo, ctx: &Ctx) -> Matrix {
    let genes = &run.config.genes;
    let all = target::measured(section, genes, run.config.target);
    let present = all.iter().flatten().count();
    if let Some(note) = note_on_absent(section, present, all.len(), run.config.target) {
        ctx.observer.note(&note);
    }
    if section.values.scale(run.config.target, true) != run.config.scale() {
        ctx.observer.note(&format!(
            "The values of {} are not counts: its measured values are as in its file, not on the scale of the run",
            section.name
        ));
    }
    Matrix::from_fn(rows.len(), genes.len(), |r, g| {
        let column = all.get(g).and_then(Option::as_ref);
        let row = rows.get(r).copied().flatten();
        column.zip(row).and_then(|(c, r)| c.get(r)).copied().unwrap_or(f32::NAN)
    })
}

/// What to say of measured values where the section measured only `present` of `all` genes. `None` where it measured
/// them all.
pub(super) fn note_on_absent(
    section: &Section,
    present: usize,
    all: usize,
    target: Target,
) -> Option<String> {
    let mut note = match all.saturating_sub(present) {
        0 => return None,
        1 => {
            format!("{} did not measure 1 of the {all} genes; its measured values are missing", section.name)
        }
        absent => format!(
            "{} did not measure {absent} of the {all} genes; their measured values are missing",
            section.name
        ),
    };
    if target == Target::Published && section.values == ValueKind::Counts && present > 0 {
        note.push_str(&format!(
            ", and those of the others are relative to the sum over the {present} that it measured"
        ));
    }
    Some(note)
}

/// How the run was made, and what the parts of the file are.
fn about(run: &RunInfo, normalised: &[String]) -> Uns {
    let config = &run.config;
    let text = |name: &str, value: &str| (name.to_owned(), Uns::Text(value.to_owned()));
    // By way of text, so that 0.003 stays 0.003 and does not show how a short number is stored.
    let as_written = serde_json::to_string(&config.train).and_then(|t| serde_json::from_str(&t));
    let as_written = as_written.unwrap_or_default();
    let (kind, held_out) = match &config.kind {
        RunKind::Model { test } => ("model", test.clone()),
        RunKind::CrossValidation { .. } => ("cross-validation", config.sections.clone()),
    };
    Uns::Map(vec![
        text("program", &format!("HisCMCL {}", config.program)),
        text("run", &run.id),
        text("started", &config.started),
        text("unit", config.scale().unit()),
        text("encoder", &config.encoder),
        text("device", &config.device),
        text("X", "predicted expression; layers: measured, and half the width of an 80 % interval"),
        text(
            "pcc",
            "Pearson correlation of predicted and measured where the section was held out, mean over sections",
        ),
        ("seed".to_owned(), Uns::Int(i64::try_from(config.train.seed).unwrap_or(i64::MAX))),
        ("sections".to_owned(), Uns::Texts(config.sections.clone())),
        ("not_counts".to_owned(), Uns::Texts(normalised.to_vec())),
        text("kind", kind),
        ("held_out".to_owned(), Uns::Texts(held_out)),
        ("settings".to_owned(), settings(as_written)),
    ])
}

/// A setting as `uns` holds it. What is not set is left out, as there is no such value in HDF5.
fn settings(value: Value) -> Uns {
    match value {
        Value::Object(fields) => {
            let set = fields.into_iter().filter(|(_, v)| !v.is_null());
            Uns::Map(set.map(|(name, v)| (name, settings(v))).collect())
        }
        Value::Bool(v) => Uns::Bool(v),
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(whole), _) => Uns::Int(whole),
            (None, Some(v)) => Uns::Float(v),
            (None, None) => Uns::Text(n.to_string()),
        },
        Value::String(v) => Uns::Text(v),
        other @ (Value::Null | Value::Array(_)) => Uns::Text(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::section;

    #[test]
    fn genes_that_a_section_lacks_are_told_with_what_it_means_for_the_others() {
        let counted = section("other_kit", &["A"], &[&[1.0]]);
        let said = note_on_absent(&counted, 1, 3, Target::Published).unwrap();
        assert_eq!(
            said,
            "other_kit did not measure 2 of the 3 genes; their measured values are missing, and those of the others are \
             relative to the sum over the 1 that it measured"
        );
        let said = note_on_absent(&counted, 1, 2, Target::Lognorm).unwrap();
        assert_eq!(said, "other_kit did not measure 1 of the 2 genes; its measured values are missing");
        assert_eq!(note_on_absent(&counted, 1, 1, Target::Published), None);
    }
}
