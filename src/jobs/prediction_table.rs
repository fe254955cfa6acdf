//! Predictions as files for other programs: CSV of one section, AnnData of any number, or a folder with a file for each.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use serde_json::Value;

use super::classes::SectionClasses;
use super::context::JobContext;
use super::fit::recipe::Recipe;
use super::predict::{test_report, write_csv};
use super::reach::SlideReach;
use super::run_store::{RunInfo, RunKind};
use super::score::predicted_scores;
use super::workspace::Workspace;
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::target::{ExpressionScale, Target};
use crate::data::anndata::{self, Columns, Contents, ObsColumn, Uns};
use crate::data::panels::{GenePanel, builtin, score_name};
use crate::data::regions::PlaceClasses;
use crate::data::section::{Section, ValueKind};
use crate::data::st::source::UNS_OF_PREDICTIONS;
use crate::predict::Predictions;
use crate::preprocess::target;

/// What a run predicts for a section.
pub(super) struct Predicted {
    /// The section, its spots those that were predicted.
    pub section: Arc<Section>,
    /// What was predicted.
    pub predictions: Predictions,
    /// How the slide compares with training, where places were predicted that were not measured.
    pub reach: Option<SlideReach>,
}

/// The columns of `obs`, spot by spot.
#[derive(Default)]
struct Spots {
    names: Vec<String>,
    ids: Vec<String>,
    sections: Vec<Option<String>>,
    patients: Vec<Option<String>>,
    labels: Vec<Option<String>>,
    regions: Vec<Option<String>>,
    /// The scores of gene panels, by panel.
    scores: Vec<(String, Vec<f64>)>,
    places: Vec<f64>,
    um: Vec<f64>,
    distances: Vec<f64>,
}

impl Spots {
    fn add(
        &mut self,
        section: &Section,
        rows: &[Option<usize>],
        predicted: &Predictions,
        (reach, regions): (Option<&SlideReach>, &PlaceClasses),
        several: bool,
    ) {
        for (i, (id, &at)) in predicted.spots.iter().zip(rows).enumerate() {
            let name = if several { format!("{}_{id}", section.name) } else { id.clone() };
            let center = at.and_then(|i| section.spots.get(i)).map(|s| s.center);
            let label = section.labels.as_ref().zip(at).and_then(|(l, i)| l.get(i).cloned().flatten());
            self.names.push(name);
            self.ids.push(id.clone());
            self.sections.push(Some(section.name.clone()));
            self.patients.push(section.patient.clone());
            self.labels.push(label);
            self.regions.push(at.and_then(|i| regions.of(i)).map(|class| class.name.to_string()));
            self.places.extend(center.map_or([f64::NAN; 2], |c| [c.x, c.y]));
            self.um.extend(center.map_or([f64::NAN; 2], |c| c.to_um(section.mpp)));
            let distance = reach.and_then(|r| r.distances.get(i)).copied();
            self.distances.push(distance.map_or(f64::NAN, f64::from));
        }
    }

    /// Adds the scores of gene panels at the spots that were added last.
    fn add_scores(&mut self, panels: &[GenePanel], made: &Predictions, scale: ExpressionScale) {
        let (all, new) = (self.names.len(), made.spots.len());
        for panel in panels {
            // None of the genes of some panels is predicted.
            let Ok(found) = predicted_scores(made, scale, &panel.genes, &CancelToken::new()) else {
                continue;
            };
            let name = score_name(&panel.name);
            let at = self.scores.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                self.scores.push((name, Vec::new()));
                self.scores.len() - 1
            });
            let Some((_, column)) = self.scores.get_mut(at) else { continue };
            column.resize(all - new, f64::NAN);
            column.extend(found.scores);
        }
    }

    /// The columns; those of places without measurements only where there are such.
    fn into_columns(self, unmeasured: bool) -> Columns {
        let axis = |values: &[f64], axis: usize| {
            ObsColumn::Float(values.iter().skip(axis).step_by(2).copied().collect())
        };
        let mut columns = vec![
            ("spot".to_owned(), ObsColumn::Text(self.ids)),
            ("section".to_owned(), ObsColumn::Categorical(self.sections)),
            ("patient".to_owned(), ObsColumn::Categorical(self.patients)),
            ("label".to_owned(), ObsColumn::Categorical(self.labels)),
        ];
        if self.regions.iter().any(Option::is_some) {
            columns.push(("region".to_owned(), ObsColumn::Categorical(self.regions)));
        }
        for (name, mut scores) in self.scores {
            scores.resize(self.names.len(), f64::NAN);
            columns.push((name, ObsColumn::Float(scores)));
        }
        if unmeasured {
            // Places off the tissue are not predicted, and spots that are not tissue are left out when they are read.
            columns.push(("in_tissue".to_owned(), ObsColumn::Int(vec![1; self.names.len()])));
            columns.push(("x_px".to_owned(), axis(&self.places, 0)));
            columns.push(("y_px".to_owned(), axis(&self.places, 1)));
            columns.push(("x_um".to_owned(), axis(&self.um, 0)));
            columns.push(("y_um".to_owned(), axis(&self.um, 1)));
            if self.distances.iter().any(|d| d.is_finite()) {
                columns.push(("distance_from_training".to_owned(), ObsColumn::Float(self.distances)));
            }
        }
        Columns { names: self.names, columns }
    }
}

/// Writes the one section of a prediction as CSV.
///
/// # Errors
/// One sentence naming the file.
pub(super) fn save_csv(path: &Path, predicted: &Predicted) -> anyhow::Result<()> {
    Ok(write_csv(path, &predicted.predictions, &predicted.section)?)
}

/// Collects the predictions of one or several sections, and writes them as one AnnData file.
pub(super) struct Table<'a> {
    workspace: &'a Workspace,
    run: &'a RunInfo,
    /// Whether names of spots begin with that of their section.
    several: bool,
    spots: Spots,
    mean: Vec<Matrix>,
    uncertainty: Vec<Matrix>,
    measured: Vec<Matrix>,
    /// Whether anything was measured anywhere, and whether nothing was somewhere.
    any_measured: bool,
    any_unmeasured: bool,
    normalised: Vec<String>,
    outlooks: Vec<(String, Uns)>,
    scores: Vec<(f64, u32)>,
}

impl<'a> Table<'a> {
    pub(super) fn new(workspace: &'a Workspace, run: &'a RunInfo, sections: usize) -> Self {
        Self {
            workspace,
            run,
            several: sections > 1,
            spots: Spots::default(),
            mean: Vec::new(),
            uncertainty: Vec::new(),
            measured: Vec::new(),
            any_measured: false,
            any_unmeasured: false,
            normalised: Vec::new(),
            outlooks: Vec::new(),
            scores: vec![(0.0, 0); run.config.genes.len()],
        }
    }

    /// Adds a section.
    ///
    /// # Errors
    /// One sentence when it is of other genes than the run.
    pub(super) fn add(&mut self, predicted: Predicted, ctx: &JobContext) -> anyhow::Result<()> {
        let Predicted { section, predictions, reach } = predicted;
        let (name, run) = (&section.name, self.run);
        if predictions.genes != run.config.genes {
            bail!(
                "What \"{}\" predicts for {name} is of other genes than the run says; train it again",
                run.id
            );
        }
        // Predictions and section are of the same files, but join by id all the same.
        let row_of: HashMap<&str, usize> =
            section.spots.iter().enumerate().map(|(i, s)| (s.id.as_str(), i)).collect();
        let rows: Vec<Option<usize>> =
            predictions.spots.iter().map(|id| row_of.get(id.as_str()).copied()).collect();
        let (entry, project) = (self.workspace.entry(name)?, &self.workspace.project);
        let regions = SectionClasses::new(entry, &section, &project.classes, ctx.cancel)?.regions;
        self.spots.add(&section, &rows, &predictions, (reach.as_ref(), &regions), self.several);
        let panels: Vec<GenePanel> = project.panels.iter().cloned().chain(builtin()).collect();
        self.spots.add_scores(&panels, &predictions, run.config.scale());
        if section.is_measured() {
            self.any_measured = true;
            self.measured.push(measured_at(&section, &rows, run, ctx));
            if section.values == ValueKind::Normalised {
                self.normalised.push(name.clone());
            }
            let report = test_report(self.workspace, run, name)?;
            for (score, gene) in self.scores.iter_mut().zip(report.iter().flat_map(|r| &r.genes)) {
                if let Some(pcc) = gene.pcc {
                    *score = (score.0 + pcc, score.1 + 1);
                }
            }
        } else {
            self.any_unmeasured = true;
            let (rows, genes) = (predictions.mean.rows(), predictions.mean.cols());
            self.measured.push(Matrix::from_fn(rows, genes, |_, _| f32::NAN));
        }
        if let Some(reach) = reach {
            self.outlooks.push((name.clone(), about_slide(&reach)));
        }
        self.mean.push(predictions.mean);
        self.uncertainty.push(predictions.uncertainty);
        Ok(())
    }

    /// Writes what was added; gives the number of rows.
    ///
    /// # Errors
    /// One sentence naming the file.
    pub(super) fn write(self, path: &Path) -> anyhow::Result<usize> {
        // One section, as most files hold, is not copied.
        let stack = |mut parts: Vec<Matrix>| match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => Matrix::vstack(&parts)
                .ok_or_else(|| anyhow::anyhow!("The sections' predictions differ in their genes")),
        };
        let (mean, uncertainty) = (stack(self.mean)?, stack(self.uncertainty)?);
        let measured = if self.any_measured { Some(stack(self.measured)?) } else { None };
        let mut layers = vec![("uncertainty".to_owned(), &uncertainty)];
        if let Some(measured) = &measured {
            layers.insert(0, ("measured".to_owned(), measured));
        }
        let mean_of = |&(sum, n): &(f64, u32)| if n > 0 { sum / f64::from(n) } else { f64::NAN };
        let pcc = self.scores.iter().map(mean_of).collect();
        let rows = self.spots.names.len();
        let places = self.spots.places.clone();
        let mut uns = about(self.run, &self.normalised);
        if let (Uns::Map(entries), false) = (&mut uns, self.outlooks.is_empty()) {
            entries.push(("slides".to_owned(), Uns::Map(self.outlooks)));
        }
        let contents = Contents {
            obs: self.spots.into_columns(self.any_unmeasured),
            var: Columns {
                names: self.run.config.genes.clone(),
                columns: vec![("pcc".to_owned(), ObsColumn::Float(pcc))],
            },
            x: Some(&mean),
            layers,
            obsm: vec![("spatial".to_owned(), 2, places)],
            uns: vec![(UNS_OF_PREDICTIONS.to_owned(), uns)],
        };
        anndata::write(path, &contents)?;
        Ok(rows)
    }
}

/// How a slide compares with what the run was trained on.
fn about_slide(reach: &SlideReach) -> Uns {
    let mut about = vec![
        ("unlike_training".to_owned(), Uns::Float(reach.unlike_training)),
        ("mpp".to_owned(), Uns::Float(reach.mpp)),
        ("trained_mpp".to_owned(), Uns::Float(reach.trained_mpp)),
    ];
    about.extend(reach.stain_difference.map(|sd| ("stain_difference".to_owned(), Uns::Float(f64::from(sd)))));
    Uns::Map(about)
}

/// What was measured at `rows` of `section`, on the scale of the run; NaN where nothing was.
fn measured_at(section: &Section, rows: &[Option<usize>], run: &RunInfo, ctx: &JobContext) -> Matrix {
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
    // By way of text, so that a setting in single precision stays 0.003 instead of 0.0030000000260770321.
    let as_written = match &config.recipe {
        Recipe::Fused(settings) => serde_json::to_string(settings),
        Recipe::Published(choice) => serde_json::to_string(&choice.settings),
    };
    let as_written = as_written.and_then(|t| serde_json::from_str(&t)).unwrap_or_default();
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
        ("seed".to_owned(), Uns::Int(i64::try_from(config.recipe.seed()).unwrap_or(i64::MAX))),
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
