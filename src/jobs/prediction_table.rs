//! Predictions as files for other programs: CSV of one section, AnnData of any number.

use std::path::Path;

use anyhow::bail;

use super::context::Ctx;
use super::predict::{predictions, test_report, write_csv};
use super::runs::{RunInfo, find_run};
use super::workspace::Workspace;
use crate::core::matrix::Matrix;
use crate::data::anndata::{self, Column, Columns, Contents, Uns};
use crate::data::section::Section;
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

/// Writes what `run` predicts for `sections`: AnnData when `path` ends in `.h5ad`, else CSV, which holds one section.
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
    let is_anndata = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("h5ad"));
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
    fn add(&mut self, section: &Section, predicted: &Predictions, several: bool) {
        for id in &predicted.spots {
            let name = if several { format!("{}_{id}", section.name) } else { id.clone() };
            let at = section.spots.iter().position(|s| s.id == *id);
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
    let mut scores = vec![(0.0, 0u32); genes.len()];
    for (done, name) in sections.iter().enumerate() {
        ctx.check()?;
        ctx.observer.report("Predicting sections", done as u64, sections.len() as u64);
        let predicted = predictions(workspace, run, name, device, ctx)?;
        let section = workspace.section(name, ctx)?;
        spots.add(&section, &predicted, sections.len() > 1);
        // A section that did not measure these genes has no values, which is no error here.
        let values = target::expression(&section, genes, info.config.target)
            .ok()
            .filter(|m| m.rows() == predicted.mean.rows())
            .unwrap_or_else(|| Matrix::from_fn(predicted.mean.rows(), genes.len(), |_, _| f32::NAN));
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
        uns: vec![("hiscmcl".to_owned(), about(&info))],
    };
    anndata::write(path, &contents)?;
    Ok(Written { spots: rows, genes: genes.len() })
}

/// How the run was made, and what the parts of the file are.
fn about(run: &RunInfo) -> Uns {
    let config = &run.config;
    let text = |name: &str, value: &str| (name.to_owned(), Uns::Text(value.to_owned()));
    Uns::Map(vec![
        text("program", &format!("HisCMCL {}", config.program)),
        text("run", &run.id),
        text("started", &config.started),
        text("unit", config.target.unit()),
        text("encoder", &config.encoder),
        text("device", &config.device),
        text("X", "predicted expression; layers: measured, and half the width of an 80 % interval"),
        text(
            "pcc",
            "Pearson correlation of predicted and measured where the section was held out, mean over sections",
        ),
        ("seed".to_owned(), Uns::Int(i64::try_from(config.train.seed).unwrap_or(i64::MAX))),
        ("trained_on".to_owned(), Uns::Texts(config.sections.clone())),
        text("settings", &serde_json::to_string(&config.train).unwrap_or_default()),
    ])
}
