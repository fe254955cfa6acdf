//! Scores of gene panels at the places of a section.

use std::path::Path;

use anyhow::{anyhow, bail};

use super::context::JobContext;
use super::figure::in_order_of;
use super::predict::predictions;
use super::run_store::find_run;
use super::workspace::Workspace;
use crate::core::cancel::CancelToken;
use crate::core::csv::CsvTable;
use crate::core::files::write_bytes_atomically;
use crate::core::target::ExpressionScale;
use crate::data::genes::GeneIndex;
use crate::data::panels::{GenePanel, builtin};
use crate::data::section::{Section, ValueKind};
use crate::device::DeviceChoice;
use crate::evaluate::expression::Expression;
use crate::evaluate::signature::{SignatureError, SignatureScores, SignatureSettings, score_signature};
use crate::predict::Predictions;

/// What is to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreRequest {
    /// Name of the section.
    pub section: String,
    /// Name of the panel, built in or of the project.
    pub panel: String,
    /// The run whose predictions are scored; measured values where `None`.
    pub run: Option<String>,
    /// Where to predict what is not stored.
    pub device: DeviceChoice,
}

/// The score of a panel at each place of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelScores {
    /// The section.
    pub section: String,
    /// The panel.
    pub panel: String,
    /// Names of the places.
    pub spots: Vec<String>,
    /// The scores; [`SignatureScores::scores`] in the order of the places.
    pub found: SignatureScores,
}

/// The panel of this name, whatever its capitals: one of the project's own, else a built-in one.
///
/// # Errors
/// One sentence naming the panels there are.
pub fn panel(workspace: &Workspace, name: &str) -> anyhow::Result<GenePanel> {
    let all: Vec<GenePanel> = workspace.project.panels.iter().cloned().chain(builtin()).collect();
    let wanted = name.trim().to_lowercase();
    all.iter().find(|p| p.name.to_lowercase() == wanted).cloned().ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
        anyhow!("There is no gene panel \"{name}\"; there are: {}", known.join(", "))
    })
}

/// Scores a panel at every place of a section, as scanpy's `score_genes` does.
///
/// # Errors
/// One sentence: there is no such panel, none of its genes is there, or a section, run or file is at fault.
pub fn score(workspace: &Workspace, request: &ScoreRequest, ctx: &JobContext) -> anyhow::Result<PanelScores> {
    let panel = panel(workspace, &request.panel)?;
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    let section = workspace.section(&request.section, ctx)?;
    if run.is_none() && !section.is_measured() {
        bail!("{} is a slide without measurements: name a run whose predictions are scored", section.name);
    }
    let found = match &run {
        Some(run) => {
            let made = predictions(workspace, &run.id, &section.name, request.device, ctx)?;
            predicted_scores(&in_order_of(made, &section), run.config.scale(), &panel.genes, ctx.cancel)
        }
        None => measured_scores(&section, &panel.genes, ctx.cancel),
    }
    .map_err(|error| anyhow!("{}, \"{}\": {error}", section.name, panel.name))?;
    if !found.missing.is_empty() {
        ctx.observer.note(&format!(
            "{} does not have {} of \"{}\": the score is over the other {}",
            section.name,
            found.missing.join(", "),
            panel.name,
            found.genes.len()
        ));
    }
    let spots = section.spots.iter().map(|s| s.id.clone()).collect();
    Ok(PanelScores { section: section.name.clone(), panel: panel.name, spots, found })
}

/// Scores the genes of a panel on the measured values of a section.
///
/// # Errors
/// [`SignatureError`]: none of the genes was measured, or it was cancelled.
pub fn measured_scores(
    section: &Section,
    genes: &[String],
    cancel: &CancelToken,
) -> Result<SignatureScores, SignatureError> {
    let index = GeneIndex::new(&section.genes);
    let expression = match section.values {
        ValueKind::Counts => Expression::Counts(&section.counts),
        ValueKind::Normalised => {
            Expression::Sparse { values: &section.counts, scale: ExpressionScale::AsInFile }
        }
    };
    score_signature(expression, genes, |gene| index.find(gene), SignatureSettings::default(), cancel)
}

/// Scores the genes of a panel on predicted values of this scale; the scores are in the order of the prediction.
///
/// # Errors
/// [`SignatureError`]: none of the genes is predicted, or it was cancelled.
pub fn predicted_scores(
    made: &Predictions,
    scale: ExpressionScale,
    genes: &[String],
    cancel: &CancelToken,
) -> Result<SignatureScores, SignatureError> {
    let column = |gene: &str| made.genes.iter().position(|g| g == gene);
    let expression = Expression::Dense { values: &made.mean, scale };
    score_signature(expression, genes, column, SignatureSettings::default(), cancel)
}

impl PanelScores {
    /// A row per place: `spot`, and the score under the name of the panel.
    pub fn csv(&self) -> String {
        let mut table = CsvTable::new(["spot", &self.panel]);
        for (spot, score) in self.spots.iter().zip(&self.found.scores) {
            table.row([spot, &score.to_string()]);
        }
        table.into_text()
    }

    /// Writes the table.
    ///
    /// # Errors
    /// One sentence naming the file.
    pub fn save_csv(&self, path: &Path) -> anyhow::Result<()> {
        Ok(write_bytes_atomically(path, self.csv().as_bytes())?)
    }
}
