//! Figures: maps of genes on sections, and plots beside them.

mod classes;
pub mod files;
mod plate;
mod plots;
mod row;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;

use super::compare::{ClusterNames, Compared};
use super::context::JobContext;
use super::run_store::find_run;
use super::workspace::Workspace;
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::progress::Task;
use crate::core::target::Target;
use crate::device::DeviceChoice;
use crate::figures::{Figure, Panel, PanelLetters, Style};
use plate::SectionMaps;
use row::{note_on_shared, row};

pub(super) use plate::in_order_of;
pub use plots::FigurePlot;
pub(super) use plots::curves;

/// What a figure is asked to show: one row for each gene of each section.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureRequest {
    /// The run that predicts; `None` for figures of measured expression alone.
    pub run: Option<String>,
    /// Names of the sections.
    pub sections: Vec<String>,
    /// Names of the genes; each has a row on each section.
    pub genes: Vec<String>,
    /// Panes, colours, limits, spot size and opacity.
    pub display: DisplaySettings,
    /// Size and resolution.
    pub style: Style,
    /// Where predictions that are not stored are computed.
    pub device: DeviceChoice,
    /// The scale of measured values where no run gives one.
    pub target: Target,
    /// Clusters that were found, by the pane that shows them; where there are none, those that Leiden finds are shown.
    pub clusters: BTreeMap<PaneKind, Arc<ClusterNames>>,
    /// Plots beside the maps, in order.
    pub plots: Vec<FigurePlot>,
    /// The comparison that its plots show, where one was made.
    pub comparison: Option<Arc<Compared>>,
}

impl FigureRequest {
    /// The rows, each a section and a gene.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sections.iter().flat_map(|s| self.genes.iter().map(move |g| (s.as_str(), g.as_str())))
    }
}

/// Puts a figure together: reads the sections, predicts where needed, cuts the tissue images. Measured genes that are not
/// among those of the run are drawn too, on a scale that does not depend on the list.
///
/// # Errors
/// One sentence naming the run, section, gene or file at fault.
pub fn compose(workspace: &Workspace, request: &FigureRequest, ctx: &JobContext) -> anyhow::Result<Figure> {
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    let columns = request.display.panes.clone();
    let plots_predict = request.plots.iter().any(|plot| plot.needs_prediction());
    let needs_prediction = plots_predict || columns.iter().any(|p| p.needs_prediction());
    if run.is_none() && needs_prediction {
        return Err(anyhow!("A figure with predictions needs a run; train a model first"));
    }
    let mut plates: BTreeMap<&str, SectionMaps> = BTreeMap::new();
    let total = request.sections.len() * request.genes.len();
    let mut rows = Vec::with_capacity(total);
    for (done, (name, gene)) in request.rows().enumerate() {
        ctx.check()?;
        ctx.observer.report(&Task::DrawingMaps.into(), done as u64, total as u64);
        if !plates.contains_key(name) {
            let plate = SectionMaps::new(workspace, request, name, run.as_ref(), needs_prediction, ctx)?;
            plates.insert(name, plate);
        }
        if let Some(plate) = plates.get(name).filter(|_| !columns.is_empty()) {
            if let Some(note) = note_on_shared(plate, gene) {
                ctx.observer.note(&note);
            }
            rows.push(row(plate, gene, request)?);
        }
    }
    let style = Style { opacity: request.display.opacity, ..request.style };
    let mut figure = Figure::from_maps(columns, rows, style);
    figure.panels.retain(|placed| !matches!(&placed.panel, Panel::Maps(grid) if grid.rows.is_empty()));
    if let Some(maps) = figure.panels.first_mut() {
        maps.facts = plots::facts_of_maps(request, &plates, run.as_ref());
    }
    let plots = plots::panels(workspace, request, &plates, run.as_ref(), ctx)?;
    if !plots.is_empty() {
        figure.panels.extend(plots);
        // Letters stand at the panels as soon as there are several.
        if figure.panels.len() > 1 {
            figure.style.letters = PanelLetters::Panels;
        }
    }
    Ok(figure)
}
