//! Figures and tables.

use std::path::{Path, PathBuf};

use crate::app::command::{Command, ExportCommand, Step};
use crate::app::notices::Severity;
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::core::display::{DisplaySettings, PaneKind, unmeasured_panes};
use crate::data::project::SectionEntry;
use crate::device::DeviceChoice;
use crate::jobs::figure::files::Intent;
use crate::jobs::figure::{FigurePlot, FigureRequest};
use crate::jobs::request::{Request, Snapshot};
use crate::jobs::run_report::ReportRequest;
use crate::jobs::run_store::{RunInfo, RunKind};

/// The preview is drawn at the resolution of the screen: the same figure with fewer dots.
const PREVIEW_DPI: f64 = 150.0;
/// Rows of the preview at most; a figure of many genes is previewed by its first.
const PREVIEW_ROWS: usize = 6;

impl App {
    pub(super) fn apply_export(&mut self, command: ExportCommand) {
        match command {
            ExportCommand::Edit(form) => {
                self.forms.export = form;
                self.view_touched();
            }
            ExportCommand::Save(path) => {
                if let Some((snapshot, figure)) = self.snapshot().zip(self.figure()) {
                    self.save_result(&path.clone(), Request::SaveFigure { snapshot, figure, path });
                }
            }
            ExportCommand::Batch(folder) => {
                if let Some((snapshot, figure)) = self.snapshot().zip(self.figure()) {
                    let format = self.forms.export.format;
                    self.work.start(Request::SaveFigures { snapshot, figure, folder, format });
                }
            }
            ExportCommand::PredictSlides(folder) => self.predict_slides(folder),
            ExportCommand::SaveRunReport(path) => self.save_run_report(path),
            ExportCommand::SaveComparison(path) => self.save_comparison(path),
            ExportCommand::Cluster => self.cluster(),
            ExportCommand::SavePredictions(path) => {
                let Some(open) = &self.open else { return };
                let mut sections = self.export_sections(open);
                if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("h5ad")) {
                    sections.truncate(1);
                }
                if sections.is_empty() {
                    return;
                }
                let Some(run) = self.export_run(open).cloned() else {
                    self.notices
                        .error("There is no finished run to predict with; train one first", Vec::new());
                    return;
                };
                let snapshot = open.snapshot();
                self.save_result(&path.clone(), Request::SavePredictions { snapshot, run, sections, path });
            }
        }
    }

    /// Predicts all slides without measurements by the run chosen for the figure, or the best for the first of them.
    fn predict_slides(&mut self, folder: PathBuf) {
        let Some(open) = &self.open else { return };
        let Some((run, slides)) = self.slides_to_predict(open) else { return };
        let (run, snapshot) = (run.clone(), open.snapshot());
        self.work.start(Request::PredictSlides { snapshot, run, slides, folder });
    }

    /// The slides without measurements that can be read, and the run that predicts them; `None` where there is no such
    /// slide, or no run.
    pub fn slides_to_predict<'a>(&self, open: &'a OpenProject) -> Option<(&'a RunInfo, Vec<String>)> {
        let slides: Vec<&SectionEntry> = open
            .sections()
            .filter(|s| s.ready().is_some_and(|s| !s.is_measured()))
            .map(|s| s.entry)
            .collect();
        // A cross-validation predicts only what it was tested on.
        let chosen = self.chosen_run(open).filter(|r| matches!(r.config.kind, RunKind::Model { .. }));
        let run = chosen.or_else(|| open.runs.best_for(slides.first()?))?;
        (!slides.is_empty()).then(|| (run, slides.iter().map(|s| s.name.clone()).collect()))
    }

    /// Starts saving a result as `path`, unless that would overwrite something that the project needs.
    pub(super) fn save_result(&mut self, path: &Path, request: Request) {
        let refused = self.open.as_ref().and_then(|o| o.doc().check_output(&o.path, path).err());
        match refused {
            Some(refused) => self.notices.error(refused.to_string(), Vec::new()),
            None => {
                self.work.start(request);
            }
        }
    }

    pub(super) fn add_to_figure(&mut self, section: String, gene: String) {
        let form = &mut self.forms.export;
        let mut added = false;
        for (list, item) in [(&mut form.sections, &section), (&mut form.genes, &gene)] {
            if !list.contains(item) {
                list.push(item.clone());
                added = true;
            }
        }
        self.view_touched();
        let text = if added {
            format!("{gene} on {section} was added to the figure.")
        } else {
            format!("{gene} on {section} is in the figure already.")
        };
        let show = ("Show the figure".to_owned(), Command::GoTo(Step::Export));
        self.notices.push(Severity::Done, text, Vec::new(), Some(show));
    }

    /// The sections of the figure: those chosen that still exist; the one looked at while none is chosen.
    pub fn export_sections(&self, open: &OpenProject) -> Vec<String> {
        let exists = |name: &String| open.section(name).is_some_and(|s| s.ready().is_some());
        let chosen: Vec<String> = self.forms.export.sections.iter().filter(|s| exists(s)).cloned().collect();
        if !chosen.is_empty() {
            return chosen;
        }
        let looked_at = self.explore.section_name().map(str::to_owned).filter(exists);
        looked_at.or_else(|| open.viewable().next().map(|s| s.name.clone())).into_iter().collect()
    }

    /// The genes of the figure; while none is chosen the one looked at, if the run predicts it.
    pub fn export_genes(&self, open: &OpenProject) -> Vec<String> {
        if !self.forms.export.genes.is_empty() {
            return self.forms.export.genes.clone();
        }
        let genes = self.export_run(open).map_or(open.genes(), |run| &run.config.genes);
        let looked_at = self.explore.gene().filter(|g| genes.is_empty() || genes.iter().any(|own| own == g));
        looked_at.or(genes.first().map(String::as_str)).map(str::to_owned).into_iter().collect()
    }

    /// The run that predicts for the figure: the chosen one; else the one that says most of its first
    /// section.
    pub fn export_run<'a>(&self, open: &'a OpenProject) -> Option<&'a RunInfo> {
        self.chosen_run(open).or_else(|| {
            let first = self.export_sections(open).first().and_then(|s| open.section(s))?;
            open.runs.best_for(first.entry)
        })
    }

    /// The run that the form of the figure names.
    fn chosen_run<'a>(&self, open: &'a OpenProject) -> Option<&'a RunInfo> {
        self.forms.export.run.as_deref().and_then(|id| open.runs.find(id)).filter(|r| r.complete)
    }

    /// Whether anything was measured on a section of the figure.
    pub fn exports_measured(&self, open: &OpenProject) -> bool {
        let sections = self.export_sections(open);
        let is_measured = |name: &String| open.section(name).is_none_or(|s| s.entry.is_measured());
        sections.is_empty() || sections.iter().any(is_measured)
    }

    /// The panes of the figure: those of the form, or what takes their place where nothing was measured.
    pub fn export_panes(&self, open: &OpenProject) -> Vec<PaneKind> {
        let chosen = &self.forms.export.panes;
        if self.exports_measured(open) { chosen.clone() } else { unmeasured_panes(chosen) }
    }

    /// The figure that the form describes. Panes that need a prediction are left out while there is no run.
    pub fn figure(&self) -> Option<FigureRequest> {
        let open = self.open.as_ref()?;
        let form = &self.forms.export;
        let run = self.export_run(open).map(|r| r.id.clone());
        let mut panes = self.export_panes(open);
        panes.retain(|p| run.is_some() || !p.needs_prediction());
        Some(FigureRequest {
            run,
            sections: self.export_sections(open),
            genes: self.export_genes(open),
            display: DisplaySettings { panes, ..self.explore.display().clone() },
            style: form.style(),
            device: DeviceChoice::Auto,
            target: open.doc().target,
            clusters: self.explore.clusters().by_pane(),
            plots: self.export_plots(open),
            comparison: self.explore.comparing().shared(),
        })
    }

    /// The plots of the figure: those that were chosen, as far as what they show is there.
    pub fn export_plots(&self, open: &OpenProject) -> Vec<FigurePlot> {
        let (has_run, has_comparison) =
            (self.export_run(open).is_some(), self.explore.comparing().shared().is_some());
        let can = |plot: &FigurePlot| {
            (has_run || !plot.needs_run()) && (has_comparison || !plot.needs_comparison())
        };
        self.forms.export.plots.iter().copied().filter(can).collect()
    }

    fn save_run_report(&mut self, path: PathBuf) {
        let Some(open) = &self.open else { return };
        let Some(run) = self.export_run(open).map(|run| run.id.clone()) else {
            self.notices.error("There is no finished run to report on; train one first", Vec::new());
            return;
        };
        let display = self.explore.display().clone();
        let genes = self.forms.export.genes.clone();
        let report = ReportRequest { run, genes, display, device: DeviceChoice::Auto };
        let snapshot = open.snapshot();
        self.save_result(&path.clone(), Request::SaveRunReport { snapshot, report, path });
    }

    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.open.as_ref().map(OpenProject::snapshot)
    }

    /// How many rows the figure has that its preview leaves out.
    pub fn rows_beyond_preview(&self) -> usize {
        self.figure().map_or(0, |figure| {
            let (genes, sections) = previewed(&figure);
            figure.genes.len() * figure.sections.len() - genes * sections
        })
    }

    /// Draws the preview again when what it shows has changed.
    pub(in crate::app) fn refresh_preview(&mut self) {
        let Some((snapshot, mut figure)) = self.snapshot().zip(self.figure()) else { return };
        let shows_nothing = figure.display.panes.is_empty() && figure.plots.is_empty();
        if figure.rows().next().is_none() || shows_nothing {
            self.preview = Default::default();
            return;
        }
        figure.style.dpi = figure.style.dpi.min(PREVIEW_DPI);
        let (genes, sections) = previewed(&figure);
        figure.genes.truncate(genes);
        figure.sections.truncate(sections);
        let form = &self.forms.export;
        let intent = |preset| Intent { preset, format: form.format, dpi: form.dpi };
        let request = Request::Preview { snapshot, figure, intent: form.preset.map(intent) };
        if self.preview.asked.as_ref() != Some(&request) {
            self.preview.asked = Some(request.clone());
            self.work.start(request);
        }
    }
}

/// How many genes and sections of a figure its preview shows: a row is one gene on one section.
fn previewed(figure: &FigureRequest) -> (usize, usize) {
    let genes = figure.genes.len().min(PREVIEW_ROWS);
    (genes, figure.sections.len().min((PREVIEW_ROWS / genes.max(1)).max(1)))
}
