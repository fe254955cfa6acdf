//! A section as a figure shows it: its tissue, and the values of its genes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::FigureRequest;
use super::classes::{ClassMap, class_maps, outlines};
use crate::core::cancel::CancelToken;
use crate::core::cells::Cells;
use crate::core::display::PaneKind;
use crate::core::expression_maps::ExpressionMaps;
use crate::core::matrix::Matrix;
use crate::core::target::{ExpressionScale, Target};
use crate::data::genes::GeneIndex;
use crate::data::panels::{GenePanel, builtin, panel_of_score};
use crate::data::section::Section;
use crate::figures::Tissue;
use crate::jobs::context::JobContext;
use crate::jobs::predict::{predictions_and_reach, stored_predictions};
use crate::jobs::prediction_table::note_on_absent;
use crate::jobs::run_store::RunInfo;
use crate::jobs::score::{measured_scores, predicted_scores};
use crate::jobs::workspace::Workspace;
use crate::predict::Predictions;
use crate::preprocess::target::Totals;

/// One section of a figure.
pub(super) struct SectionMaps {
    pub(super) section: Arc<Section>,
    pub(super) tissue: Arc<Tissue>,
    pub(super) names: GeneIndex,
    pub(super) totals: Totals,
    pub(super) target: Target,
    pub(super) predicted: Option<Predictions>,
    /// The places that are unlike everything the run was trained on, of a slide without measurements.
    pub(super) struck: Vec<usize>,
    /// The scale of the predictions.
    pub(super) predicted_scale: ExpressionScale,
    /// Whether the run was trained on it.
    pub(super) seen: bool,
    /// Its maps of classes.
    pub(super) classes: BTreeMap<PaneKind, ClassMap>,
    /// The gene panels, whose scores can stand in place of genes.
    pub(super) panels: Vec<GenePanel>,
}

impl SectionMaps {
    /// Reads a section, predicts it where that is asked for, and cuts its image.
    ///
    /// # Errors
    /// One sentence naming the run, section or file at fault.
    pub(super) fn new(
        workspace: &Workspace,
        request: &FigureRequest,
        name: &str,
        run: Option<&RunInfo>,
        needs_prediction: bool,
        ctx: &JobContext,
    ) -> anyhow::Result<Self> {
        let section = workspace.section(name, ctx)?;
        let slide = workspace.slide(&section, ctx)?;
        let entry = workspace.entry(name)?;
        let centers: Vec<_> = section.centers().collect();
        let draws_cells = request.display.shape.draws_cells(section.is_measured());
        let cells = draws_cells.then(|| Cells::new(&centers, section.mpp.px(section.geometry.pitch_um)));
        let radius_px = section.spot_radius_px() * f64::from(request.display.spot_scale);
        let reach_px = cells.as_ref().map_or(radius_px, |cells| cells.cell().pitch / 2.0);
        let crop = Tissue::crop_around(&centers, reach_px, section.slide_size);
        // Never more pixels than the slide has.
        let wanted =
            f64::from(request.style.max_panel_px(request.display.panes.len())).min(crop.width()).max(1.0);
        let width = wanted.round() as u32;
        let height = (wanted * crop.height() / crop.width()).round().max(1.0) as u32;
        let image = slide.region(crop, width, height)?;
        let tissue = Arc::new(Tissue {
            crop,
            mpp: section.mpp,
            rgb: image.rgb,
            width: image.width,
            height: image.height,
            centers,
            radius_px,
            cells,
            regions: outlines(entry, &workspace.project.classes, request.display.regions),
        });
        let (genes, target) = match run {
            Some(run) => (run.config.genes.as_slice(), run.config.target),
            // Where no model stands behind it, a map does not depend on which genes are listed.
            None => (&[][..], request.target),
        };
        let names = GeneIndex::new(&section.genes);
        // The published scale depends on all selected genes, not only on those shown.
        let totals = Totals::new(&section.counts, genes.iter().filter_map(|g| names.find(g)), target);
        let shows_measured = |p: &PaneKind| p.needs_measurement();
        let present = genes.iter().filter(|g| names.find(g).is_some()).count();
        if request.display.panes.iter().any(shows_measured)
            && let Some(note) = note_on_absent(&section, present, genes.len(), target)
        {
            ctx.observer.note(&note);
        }
        // A prediction that no pane shows sets the limits that measured values share with it, as on the screen, but is
        // not made for that alone.
        let (predicted, reach) = match run {
            Some(run) if needs_prediction => {
                let made = predictions_and_reach(workspace, &run.id, name, request.device, ctx)?;
                (Some(made.0), made.1)
            }
            Some(run) => (stored_predictions(workspace, run, name)?, None),
            None => (None, None),
        };
        // Distances are in the order of the places.
        let places = 0..section.spots.len();
        let struck = reach.map(|reach| places.filter(|&place| reach.is_unlike_training(place)).collect());
        let struck = struck.unwrap_or_default();
        let predicted = predicted.map(|p| in_order_of(p, &section));
        let seen = match run {
            Some(run) => run.config.trained_on(entry),
            None => false,
        };
        let predicted_scale = run.map_or(target.scale(true), |run| run.config.scale());
        let panels = workspace.project.panels.iter().cloned().chain(builtin()).collect();
        let classes = class_maps(workspace, request, &section, ctx)?;
        Ok(Self {
            section,
            tissue,
            names,
            totals,
            target,
            predicted,
            struck,
            predicted_scale,
            seen,
            classes,
            panels,
        })
    }

    /// Measured and predicted values of a gene, or of the score of a panel, by the name that [`super::row`] finds it under.
    pub(super) fn maps(&self, gene: &str) -> ExpressionMaps {
        if let Some(panel) = panel_of_score(gene).and_then(|name| self.panels.iter().find(|p| p.name == name))
        {
            return self.score(panel);
        }
        let predicted = self.predicted(gene).zip(self.predicted.as_ref()).map(|(column, p)| {
            (p.mean.column(column), Some(p.uncertainty.column(column)), self.predicted_scale)
        });
        ExpressionMaps::new(self.measured(gene), predicted)
    }

    fn score(&self, panel: &GenePanel) -> ExpressionMaps {
        let cancel = CancelToken::new();
        let narrow = |scores: Vec<f64>| scores.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
        let measured =
            self.section.is_measured().then(|| measured_scores(&self.section, &panel.genes, &cancel).ok());
        let measured = measured.flatten().map(|found| (narrow(found.scores), ExpressionScale::MeasuredScore));
        let predicted = self.predicted.as_ref().and_then(|made| {
            let found = predicted_scores(made, self.predicted_scale, &panel.genes, &cancel).ok()?;
            Some((narrow(found.scores), None, ExpressionScale::PredictedScore))
        });
        ExpressionMaps::new(measured, predicted)
    }

    /// The measured values of a gene and what they mean; `None` where the section did not measure it.
    pub(super) fn measured(&self, gene: &str) -> Option<(Vec<f32>, ExpressionScale)> {
        let column = self.names.find(gene)?;
        let scale = self.section.values.scale(self.target, self.totals.is_selected(column));
        let counts = &self.section.counts;
        let values = (0..counts.rows()).map(|r| self.totals.value(r, counts.get(r, column), scale)).collect();
        Some((values, scale))
    }

    /// The place of the gene of this very name in the prediction.
    pub(super) fn predicted_as_written(&self, gene: &str) -> Option<usize> {
        self.predicted.as_ref()?.genes.iter().position(|g| g == gene)
    }

    /// The place of a gene in the prediction: by its name, or by another name of the gene that the section knows.
    pub(super) fn predicted(&self, gene: &str) -> Option<usize> {
        let genes = &self.predicted.as_ref()?.genes;
        let column = self.names.find(gene);
        let same = |g: &String| column.is_some() && self.names.find(g) == column;
        self.predicted_as_written(gene).or_else(|| genes.iter().position(same))
    }
}

/// The prediction with one row for each spot of the section, in its order; NaN for spots that were not predicted.
pub(in crate::jobs) fn in_order_of(predicted: Predictions, section: &Section) -> Predictions {
    let same = predicted.spots.len() == section.spots.len()
        && predicted.spots.iter().zip(&section.spots).all(|(id, spot)| *id == spot.id);
    if same {
        return predicted;
    }
    let row_of: HashMap<&str, usize> =
        predicted.spots.iter().enumerate().map(|(row, id)| (id.as_str(), row)).collect();
    let rows: Vec<Option<usize>> =
        section.spots.iter().map(|spot| row_of.get(spot.id.as_str()).copied()).collect();
    let arranged = |m: &Matrix| {
        Matrix::from_fn(rows.len(), m.cols(), |r, c| rows[r].map_or(f32::NAN, |row| m.get(row, c)))
    };
    let (mean, uncertainty) = (arranged(&predicted.mean), arranged(&predicted.uncertainty));
    Predictions { mean, uncertainty, ..predicted }
}
