//! The embedded demo: synthetic sections, and the whole job on them without a window.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::context::JobContext;
use super::encoders::EncoderChoice;
use super::figure::{FigureRequest, compose};
use super::fit::recipe::Recipe;
use super::fit::{FitRequest, evaluate};
use super::genes;
use super::resources::Resources;
use super::run_store::RunFolder;
use super::workspace::Workspace;
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::files::{FileError, write_bytes_atomically, write_json_atomically};
use crate::core::target::Target;
use crate::data::gene_list;
use crate::data::project::{GeneOrigin, GeneSelection, Project};
use crate::demo;
use crate::device::DeviceChoice;
use crate::evaluate::judgement::JudgedReport;
use crate::evaluate::report::{EvalReport, Split};
use crate::evaluate::tables;
use crate::figures::{self, Style};
use crate::preprocess::hvg::HvgOptions;
use crate::train::TrainConfig;

/// Genes shown in the demo's figure: one each of tumour, stroma, B cells and T cells.
const SHOWN: [&str; 4] = ["ERBB2", "COL1A1", "MS4A1", "CD3D"];
/// Genes selected in each section, beside those shown.
const HVGS: usize = 100;
/// The seed the demo's sections are made from in the window.
pub const SEED: u64 = 1;
/// Name of the demo's cross-validation.
pub const RUN: &str = "demo cross-validation";

/// What the demo left in its folder.
#[derive(Debug)]
pub struct Made {
    /// The cross-validation.
    pub report: EvalReport,
    /// Pictures and tables.
    pub files: Vec<PathBuf>,
}

/// Makes the synthetic sections and a project of them with genes chosen in `folder`.
///
/// # Errors
/// One sentence naming the file that cannot be written.
pub fn make_project(folder: &Path, seed: u64, ctx: &JobContext) -> anyhow::Result<Workspace> {
    let data = folder.join("synthetic-sections");
    let sections = demo::generate(&data, seed, ctx.progress(), ctx.cancel)?;
    let mut project = Project::new();
    project.add_new(sections)?;
    project.add(demo::unmeasured_slide(&data, seed, ctx.progress(), ctx.cancel)?)?;
    let path = folder.join("demo.hiscmcl");
    let mut workspace = Workspace::new(path, project, Resources::new());
    let options =
        HvgOptions { per_section: HVGS, always: SHOWN.map(str::to_owned).to_vec(), ..HvgOptions::default() };
    let selection = genes::select(&workspace, &[], &options, ctx)?;
    let how = GeneOrigin::from_list(format!(
        "{HVGS} HVGs of each synthetic section, and the genes of the demo's figure"
    ));
    workspace.project.selection = Some(GeneSelection { genes: selection.genes, how });
    workspace.project.save(&workspace.path)?;
    Ok(workspace)
}

/// The whole job on the demo: sections, genes, features, cross-validation by patient, tables, figures.
///
/// # Errors
/// One sentence naming the file that cannot be written, or what failed.
pub fn run_headless(folder: &Path, seed: u64, ctx: &JobContext) -> anyhow::Result<Made> {
    fs::create_dir_all(folder).map_err(FileError::io("write", folder))?;
    // A folder may be used again: what an earlier demo left under this name is replaced.
    let run = RunFolder::complete(&folder.join("demo.hiscmcl"), RUN);
    if run.path().exists() {
        run.remove()?;
    }
    let workspace = make_project(folder, seed, ctx)?;
    let chosen = workspace.project.selection.clone().unwrap_or_default().genes;
    let request = FitRequest {
        genes: chosen.clone(),
        target: Target::Published,
        sections: Vec::new(),
        encoder: EncoderChoice::default(),
        device: DeviceChoice::Auto,
        // One network a fold, as in the window: the demo is for a first look.
        recipe: Recipe::Fused(TrainConfig { seed, members: 1, ..TrainConfig::default() }),
    };
    let report = evaluate(&workspace, &request, Split::Patient, Some(RUN), ctx)?;
    let mut files = Vec::new();
    let mut path = |name: &str| {
        let path = folder.join(name);
        files.push(path.clone());
        path
    };
    gene_list::write(&path("genes.txt"), &chosen)?;
    write_json_atomically(&path("eval.json"), &JudgedReport::new(&report))?;
    write_bytes_atomically(&path("folds.csv"), tables::folds_csv(&report).as_bytes())?;
    write_bytes_atomically(&path("per_gene.csv"), tables::genes_csv(&report.folds).as_bytes())?;
    for section in workspace.section_names() {
        let figure = compose(
            &workspace,
            &FigureRequest {
                run: Some(RUN.to_owned()),
                sections: vec![section.clone()],
                genes: SHOWN.map(str::to_owned).to_vec(),
                display: DisplaySettings {
                    panes: vec![PaneKind::He, PaneKind::Measured, PaneKind::Predicted],
                    ..DisplaySettings::default()
                },
                style: Style { dpi: 200.0, ..Style::default() },
                device: request.device,
                target: request.target,
                clusters: BTreeMap::new(),
                plots: Vec::new(),
                comparison: None,
            },
            ctx,
        )?;
        figures::save(&figure, &path(&format!("maps-{section}.png")))?;
    }
    Ok(Made { report, files })
}
