//! Figures and reports from the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use hiscmcl::core::display::{DisplaySettings, MarkShape, PaneKind};
use hiscmcl::core::fonts;
use hiscmcl::device::DeviceChoice;
use hiscmcl::figures::{self, PanelLetters, Preset, Style};
use hiscmcl::jobs::compare::{self, CompareRequest, Compared, ComparedValues, Group};
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::figure::{FigurePlot, FigureRequest, compose};
use hiscmcl::jobs::run_report::{self, ReportRequest};
use hiscmcl::jobs::run_store;
use hiscmcl::jobs::workspace::Workspace;
use serde_json::json;

use super::args::{Choice, DEVICES, one_of};
use super::commands::{names_in, section_name};
use super::terminal::print;

const PRESETS: &[Choice<Preset>] = &[
    ("nature", Preset::Nature, "89 or 183 mm wide, at most 170 mm high, text of 5 to 7 pt"),
    ("cell", Preset::CellPress, "Cell Press: 85, 114 or 174 mm wide"),
    ("plos", Preset::Plos, "PLOS: TIFF of 300 to 600 dpi, text of 8 to 12 pt"),
    ("slide", Preset::Slide, "A presentation of 16:9"),
    ("poster", Preset::Poster, "A poster of A0"),
];

/// Drawing a figure.
#[derive(Debug, Args)]
pub struct FigureArgs {
    /// The project file.
    pub project: PathBuf,
    /// Name of the run, or of the cross-validation; needed for predicted maps.
    #[arg(long)]
    pub run: Option<String>,
    /// The section.
    #[arg(long)]
    pub section: String,
    /// Gene names separated by commas, one row of panels each; of the run, or any that the section measured.
    #[arg(long)]
    pub genes: String,
    /// Columns, in order: he, measured, predicted, difference, uncertainty, regions, clusters, predicted-clusters.
    #[arg(long, value_delimiter = ',', default_value = "he,measured,predicted")]
    pub panes: Vec<String>,
    /// Plots beside the maps, in order: mix (up to three genes in one map), scatter, volcano, dots, curves, scores.
    #[arg(long, value_delimiter = ',')]
    pub plots: Vec<String>,
    /// The class that volcano and dots compare: of regions, or of labels.
    #[arg(long, value_name = "CLASS")]
    pub a: Option<String>,
    /// What it is compared with; "rest" for all other spots.
    #[arg(long, value_name = "CLASS", default_value = "rest", requires = "a")]
    pub b: String,
    /// Set the figure for a journal, a slide or a poster, and say what that does not allow.
    #[arg(long, value_parser = one_of(PRESETS))]
    pub preset: Option<Preset>,
    /// How values are drawn: spots, cells that fill the tissue, or automatic (cells on slides without measurements).
    #[arg(long, default_value = "automatic")]
    pub draw_as: String,
    /// Width of the figure in millimetres.
    #[arg(long, default_value_t = 183.0)]
    pub width_mm: f64,
    /// Resolution of images in dots per inch [default: 300, or that of the preset].
    #[arg(long)]
    pub dpi: Option<f64>,
    /// The file to write; its extension is its format.
    #[arg(long, help = format!("The file to write, {}", figures::Format::EXTENSIONS))]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Writing a report.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The project file.
    pub project: PathBuf,
    /// Name of the run, or of the cross-validation.
    #[arg(long)]
    pub run: String,
    /// Genes whose maps are shown, separated by commas [default: the 4 best predicted ones].
    #[arg(long)]
    pub genes: Option<String>,
    /// The file to write, .pdf.
    #[arg(long)]
    pub out: PathBuf,
    /// Where to compute predictions that are not stored.
    #[arg(long, default_value = "auto", value_parser = one_of(DEVICES))]
    pub device: DeviceChoice,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Draws a figure.
pub fn draw(args: FigureArgs, ctx: &JobContext) -> anyhow::Result<()> {
    // Before anything is computed.
    let format = figures::Format::from_path(&args.out)?;
    let workspace = Workspace::open(args.project)?;
    workspace.prepare_output(&args.out)?;
    let run = args.run.as_deref().map(|run| run_store::find_run(&workspace.path, run)).transpose()?;
    let section = section_name(args.section.trim(), &workspace);
    let genes = names_in(&workspace, std::slice::from_ref(&section), &args.genes, ctx)?;
    if genes.is_empty() {
        return Err(anyhow!("--genes names no gene; give one or several, separated by commas"));
    }
    let shape: MarkShape = args.draw_as.parse()?;
    let mut panes = args.panes.iter().map(|word| word.parse()).collect::<Result<Vec<PaneKind>, _>>()?;
    if workspace.project.section(&section).is_some_and(|entry| !entry.is_measured()) {
        panes.retain(|pane| !pane.needs_measurement());
        if panes.is_empty() {
            return Err(anyhow!(
                "{section} is a slide without measurements: draw he, predicted or uncertainty"
            ));
        }
    }
    let plots = args.plots.iter().map(|word| word.parse()).collect::<Result<Vec<FigurePlot>, _>>()?;
    let comparison = match (plots.iter().any(|p| p.needs_comparison()), &args.a) {
        (true, Some(a)) => Some(compared(&workspace, &section, a, &args.b, ctx)?),
        (true, None) => bail!("The plots volcano and dots compare two classes: name them with --a and --b"),
        (false, _) => None,
    };
    let usual = Style { width_mm: args.width_mm, ..Style::default() };
    let style = args.preset.map_or(usual, |preset| preset.apply(&usual, args.width_mm));
    let dpi = args.dpi.unwrap_or(style.dpi);
    let letters = if plots.is_empty() { style.letters } else { PanelLetters::Panels };
    let request = FigureRequest {
        run: run.map(|run| run.id),
        sections: vec![section],
        genes,
        display: DisplaySettings { panes, shape, ..DisplaySettings::default() },
        style: Style { dpi, letters, ..style },
        device: DeviceChoice::Auto,
        target: workspace.project.target,
        clusters: BTreeMap::new(),
        plots,
        comparison,
    };
    let figure = compose(&workspace, &request, ctx)?;
    let broken = match args.preset {
        Some(preset) => figures::violations(preset, &figure, format, dpi)?,
        None => Vec::new(),
    };
    broken.iter().for_each(|violation| ctx.observer.note(&violation.to_string()));
    figures::save(&figure, &args.out).context("The figure could not be saved")?;
    let missing = figures::undrawable(&figure)?;
    if !missing.is_empty() {
        ctx.observer.note(&fonts::missing_text(&missing));
    }
    let size = figures::size(&figure)?;
    let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
    let caption = figures::caption(&figure);
    let value =
        json!({ "out": args.out, "mm": size.mm, "px": size.px, "not_allowed": broken, "caption": caption });
    let line = format!("{}: {:.0} x {:.0} mm", args.out.display(), size.mm[0], size.mm[1]);
    print(args.json, &value, std::iter::once(line))
}

/// The comparison that plots show: of measured values.
fn compared(
    workspace: &Workspace,
    section: &str,
    a: &str,
    b: &str,
    ctx: &JobContext,
) -> anyhow::Result<Arc<Compared>> {
    let request = CompareRequest {
        sections: vec![section.to_owned()],
        a: Group::Class(a.trim().to_owned()),
        b: match b.trim() {
            "rest" => Group::Rest,
            name => Group::Class(name.to_owned()),
        },
        clusters: Vec::new(),
        values: ComparedValues::Lognorm,
        run: None,
        device: DeviceChoice::Auto,
    };
    Ok(Arc::new(compare::compare(workspace, &request, ctx)?))
}

/// Writes the report of a run.
pub fn report(args: ReportArgs, ctx: &JobContext) -> anyhow::Result<()> {
    if !args.out.extension().is_some_and(|e| e.eq_ignore_ascii_case("pdf")) {
        bail!("{}: a report is a PDF; choose a name that ends in .pdf", args.out.display());
    }
    let workspace = Workspace::open(args.project)?;
    let genes = match &args.genes {
        Some(text) => names_in(&workspace, &workspace.section_names(), text, ctx)?,
        None => Vec::new(),
    };
    let request =
        ReportRequest { run: args.run, genes, display: DisplaySettings::default(), device: args.device };
    let missing = run_report::save(&workspace, &request, &args.out, ctx)?;
    if !missing.is_empty() {
        ctx.observer.note(&fonts::missing_text(&missing));
    }
    let line = args.out.display().to_string();
    print(args.json, &json!({ "out": args.out }), std::iter::once(line))
}
