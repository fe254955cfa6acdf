//! A report of a run as one document: what it was trained on, how well it predicts, and its maps.

use std::collections::BTreeMap;
use std::path::Path;

use super::context::JobContext;
use super::figure::{FigureRequest, compose, curves};
use super::fit::recipe::Recipe;
use super::run_store::{RunDetails, RunInfo, RunKind, find_run, load_run};
use super::workspace::Workspace;
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::text::counted;
use crate::device::DeviceChoice;
use crate::evaluate::judgement::Judgement;
use crate::evaluate::report::{EvalReport, METRICS, MeanReport, Method};
use crate::evaluate::tables::{GeneSummary, gene_summaries};
use crate::figures::{
    Block, Column, Figure, Report, Style, Table, caption, save_report, undrawable_in_report,
};

/// Genes that are shown as maps unless others are chosen.
const MAPPED: usize = 4;
/// Genes of the table of scores.
const LISTED: usize = 60;
/// Width of text and figures in millimetres.
const WIDTH_MM: f64 = 170.0;
/// Resolution of tissue images in dots per inch.
const DPI: f64 = 200.0;

/// What a report shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRequest {
    /// The run.
    pub run: String,
    /// Genes whose maps are shown; the best predicted ones where there are none.
    pub genes: Vec<String>,
    /// Colours, limits and spot size of the maps.
    pub display: DisplaySettings,
    /// Where predictions that are not stored are computed.
    pub device: DeviceChoice,
}

/// Writes the report of a run as PDF. Characters that no font on this computer has.
///
/// # Errors
/// One sentence naming the run, section or file at fault.
pub fn save(
    workspace: &Workspace,
    request: &ReportRequest,
    out: &Path,
    ctx: &JobContext,
) -> anyhow::Result<Vec<char>> {
    workspace.prepare_output(out)?;
    let run = find_run(&workspace.path, &request.run)?;
    let report = report(workspace, &run, request, ctx)?;
    save_report(&report, out)?;
    Ok(undrawable_in_report(&report)?)
}

fn report(
    workspace: &Workspace,
    run: &RunInfo,
    request: &ReportRequest,
    ctx: &JobContext,
) -> anyhow::Result<Report> {
    let details = load_run(run)?;
    let summaries = details.report.as_deref().map(|r| gene_summaries(&r.folds)).unwrap_or_default();
    let mut blocks = vec![heading("Result")];
    blocks.extend(result(run, details.report.as_deref()));
    blocks.push(heading("Sections"));
    blocks.push(Block::Table(sections(workspace, run, ctx)?));
    if !summaries.is_empty() {
        blocks.push(heading("Genes"));
        blocks.extend(genes(&summaries));
    }
    blocks.push(heading("Maps"));
    blocks.extend(maps(workspace, run, request, &summaries, ctx)?);
    if let Ok(placed) = curves(run) {
        blocks.push(heading("Training"));
        let style = Style { width_mm: WIDTH_MM * 0.6, dpi: DPI, ..Style::default() };
        let figure = Figure { panels: vec![placed], style };
        let caption = "Correlation on the validation spots over the epochs of each network.".to_owned();
        blocks.push(Block::Figure { figure: Box::new(figure), caption });
    }
    blocks.push(heading("Settings"));
    blocks.push(Block::List(settings(run, &details)));
    let name = workspace.path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Report {
        title: format!("{} of {name}", run.id),
        subtitle: vec![
            run.verdict.headline(),
            format!("Run started {}, HisCMCL {}", run.config.started, run.config.program),
        ],
        blocks,
    })
}

fn heading(text: &str) -> Block {
    Block::Heading { level: 1, text: text.to_owned() }
}

/// A score, or a dash where it is undefined.
fn number(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| "\u{2013}".to_owned(), |v| format!("{v:.3}"))
}

fn result(run: &RunInfo, report: Option<&EvalReport>) -> Vec<Block> {
    let Some(report) = report else {
        let text = "The model was trained on all of its sections, so it has not been tested on any. Cross-validate it to see \
                    how well it predicts.";
        return vec![Block::Paragraph(text.to_owned())];
    };
    let held_out = counted(report.folds.len(), "section");
    let how = match &run.config.kind {
        RunKind::Model { .. } => format!("Tested on {held_out} that the model was not trained on."),
        RunKind::CrossValidation { .. } => format!("Cross-validated: {held_out}, each held out once."),
    };
    let beats = match (report.mean.model.pcc_all, report.mean.ridge.pcc_all) {
        (Some(model), Some(ridge)) if model > ridge => {
            format!(
                " The model correlates better with the measured expression than ridge regression ({model:.3} vs. {ridge:.3})."
            )
        }
        (Some(model), Some(ridge)) => {
            format!(
                " The model does not correlate better with the measured expression than ridge regression ({model:.3} vs. {ridge:.3})."
            )
        }
        _ => String::new(),
    };
    let mut blocks = vec![Block::Paragraph(format!("{how}{beats}"))];
    let columns: Vec<(&str, _, Method)> = METRICS
        .iter()
        .flat_map(|metric| metric.columns.iter().map(move |(method, title)| (*title, metric, *method)))
        // As many as a page is wide.
        .filter(|(_, metric, method)| match metric.key {
            "pcc_all" => true,
            "mae" => false,
            _ => matches!(method, Method::Model | Method::Ridge),
        })
        .collect();
    let scores = |name: &str, judgement: Judgement, scores: &MeanReport| {
        let values = columns.iter().map(|(_, metric, method)| number(metric.value(scores, *method)));
        [name.to_owned(), judgement.word().to_owned()].into_iter().chain(values).collect::<Vec<_>>()
    };
    let folds = report.folds.iter().map(|fold| {
        let of_fold =
            MeanReport { model: fold.model, ridge: fold.ridge, mean: fold.mean, ceiling: fold.ceiling };
        scores(&fold.test, fold.verdict().judgement, &of_fold)
    });
    let mean = (report.folds.len() > 1).then(|| scores("Mean", report.verdict().judgement, &report.mean));
    let headings = [Column::words("Tested on"), Column::words("Judgement")];
    blocks.push(Block::Table(Table {
        columns: headings
            .into_iter()
            .chain(columns.iter().map(|(title, ..)| Column::numbers(*title)))
            .collect(),
        rows: folds.chain(mean).collect(),
        caption: Some(
            "PCC: Pearson correlation over the spots of a section, mean over genes. HEG-50: over the 50 genes with the highest \
             mean expression. Ceiling: the best that a perfect predictor could reach, given counting noise."
                .to_owned(),
        ),
    }));
    if !report.warnings.is_empty() {
        blocks.push(Block::List(report.warnings.clone()));
    }
    blocks
}

fn sections(workspace: &Workspace, run: &RunInfo, ctx: &JobContext) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for entry in &workspace.project.sections {
        let role = match (run.config.held_out(entry), run.config.trained_on(entry)) {
            (true, _) => "held out",
            (false, true) => "trained on",
            (false, false) => "not used",
        };
        // One that cannot be read any more is listed nevertheless.
        let read = workspace.section(&entry.name, ctx).ok();
        ctx.check()?;
        let of = |text: fn(&crate::data::section::Section) -> String| {
            read.as_deref().map_or_else(|| "not readable".to_owned(), text)
        };
        rows.push(vec![
            entry.name.clone(),
            entry.patient.clone().unwrap_or_default(),
            role.to_owned(),
            of(|s| s.spots.len().to_string()),
            of(|s| if s.is_measured() { s.genes.len().to_string() } else { "\u{2013}".to_owned() }),
            of(|s| format!("{:.3}", s.mpp.0)),
        ]);
    }
    let columns = vec![
        Column::words("Section"),
        Column::words("Patient"),
        Column::words("Role"),
        Column::numbers("Spots"),
        Column::numbers("Genes"),
        Column::numbers("\u{b5}m per pixel"),
    ];
    Ok(Table { columns, rows, caption: None })
}

fn genes(summaries: &[GeneSummary]) -> Vec<Block> {
    let mut best: Vec<&GeneSummary> = summaries.iter().collect();
    best.sort_by(|a, b| b.pcc.unwrap_or(f64::MIN).total_cmp(&a.pcc.unwrap_or(f64::MIN)));
    let row = |g: &&GeneSummary| {
        vec![
            g.gene.clone(),
            Judgement::of_summary(g).word().to_owned(),
            number(g.pcc),
            number(g.ceiling),
            number(g.ridge_pcc),
            format!("{} of {}", g.significant, g.sections),
        ]
    };
    let columns = vec![
        Column::genes("Gene"),
        Column::words("Judgement"),
        Column::numbers("PCC"),
        Column::numbers("Ceiling"),
        Column::numbers("Ridge"),
        Column::numbers("Significant"),
    ];
    let shown = best.len().min(LISTED);
    let text = match best.len() > shown {
        true => format!("The {shown} best predicted of {} genes, on held-out sections.", best.len()),
        false => "All genes, on held-out sections.".to_owned(),
    };
    let significant =
        "Significant: held-out sections on which the correlation is positive with a q-value below 0.05.";
    let rows = best.iter().take(shown).map(row).collect();
    vec![Block::Paragraph(text), Block::Table(Table { columns, rows, caption: Some(significant.to_owned()) })]
}

fn maps(
    workspace: &Workspace,
    run: &RunInfo,
    request: &ReportRequest,
    summaries: &[GeneSummary],
    ctx: &JobContext,
) -> anyhow::Result<Vec<Block>> {
    let mut best: Vec<&GeneSummary> = summaries.iter().filter(|g| g.pcc.is_some()).collect();
    best.sort_by(|a, b| b.pcc.unwrap_or(f64::MIN).total_cmp(&a.pcc.unwrap_or(f64::MIN)));
    let genes: Vec<String> = match (request.genes.as_slice(), best.as_slice()) {
        ([], []) => run.config.genes.iter().take(MAPPED).cloned().collect(),
        ([], best) => best.iter().take(MAPPED).map(|g| g.gene.clone()).collect(),
        (chosen, _) => chosen.to_vec(),
    };
    // What was held out says most; a model without a test shows what it was trained on, and the figure says so.
    let entries = &workspace.project.sections;
    let mut shown: Vec<&str> =
        entries.iter().filter(|e| run.config.held_out(e)).map(|e| e.name.as_str()).collect();
    if shown.is_empty() {
        shown = entries.iter().take(1).map(|e| e.name.as_str()).collect();
    }
    let mut blocks = Vec::new();
    for section in shown {
        ctx.check()?;
        let figure = FigureRequest {
            run: Some(run.id.clone()),
            sections: vec![section.to_owned()],
            genes: genes.clone(),
            display: DisplaySettings {
                panes: vec![PaneKind::He, PaneKind::Measured, PaneKind::Predicted, PaneKind::Uncertainty],
                ..request.display.clone()
            },
            style: Style { width_mm: WIDTH_MM, dpi: DPI, ..Style::default() },
            device: request.device,
            target: run.config.target,
            clusters: BTreeMap::new(),
            plots: Vec::new(),
            comparison: None,
        };
        let figure = compose(workspace, &figure, ctx)?;
        let caption = caption(&figure);
        blocks.push(Block::Figure { figure: Box::new(figure), caption });
    }
    Ok(blocks)
}

/// The settings of a recipe, by the names that the command line and the files of runs have for them.
fn fields(recipe: &Recipe) -> Vec<String> {
    let value = match recipe {
        Recipe::Fused(train) => serde_json::to_value(train),
        Recipe::Published(choice) => serde_json::to_value(choice),
    };
    let Ok(serde_json::Value::Object(fields)) = value else { return Vec::new() };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().map(|(name, value)| format!("{name}: {}", text(value))).collect()
}

fn settings(run: &RunInfo, details: &RunDetails) -> Vec<String> {
    let config = &run.config;
    let mut list = vec![
        format!("Image encoder: {}", config.encoder_title()),
        format!("Target: {}", config.scale().unit()),
        format!("Genes: {}", config.genes.len()),
        format!("Device: {}", config.device),
        format!("Program: HisCMCL {}", config.program),
        format!("Started: {}", config.started),
    ];
    list.extend(fields(&config.recipe));
    list.extend(details.notes.iter().map(ToString::to_string));
    list
}
