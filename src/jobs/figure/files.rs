//! Figures drawn for the screen, and saved, alone or one for each map.

use std::path::Path;

use super::{FigureRequest, compose};
use crate::core::file_names::FileNames;
use crate::core::progress::Task;
use crate::figures::{self, Format, Preset, Raster, Violation};
use crate::jobs::context::JobContext;
use crate::jobs::workspace::Workspace;

/// What came of saving figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFigures {
    /// How many there are.
    pub count: usize,
    /// Characters that no font on this computer has.
    pub missing: Vec<char>,
}

/// What a figure will be set for, and how it will be saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intent {
    /// Where it is to appear.
    pub preset: Preset,
    /// As what it will be saved.
    pub format: Format,
    /// With how many dots per inch.
    pub dpi: f64,
}

/// A figure on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    /// Its pixels.
    pub raster: Raster,
    /// Text for beneath it.
    pub caption: String,
    /// What its preset does not allow, a sentence each.
    pub not_allowed: Vec<String>,
}

/// Draws a figure `width` pixels wide.
///
/// # Errors
/// One sentence naming the run, section or gene at fault.
pub fn preview(
    workspace: &Workspace,
    request: &FigureRequest,
    intent: Option<Intent>,
    width: u32,
    ctx: &JobContext,
) -> anyhow::Result<Previewed> {
    let figure = compose(workspace, request, ctx)?;
    ctx.check()?;
    let not_allowed = match intent {
        // Its tissue has as many pixels as the screen shows, and will have more when it is saved.
        Some(Intent { preset, format, dpi }) => figures::violations(preset, &figure, format, dpi)?
            .into_iter()
            .filter(|v| !matches!(v, Violation::TissueResolution { .. }))
            .map(|v| v.to_string())
            .collect(),
        None => Vec::new(),
    };
    let raster = figures::render_preview(&figure, width)?;
    Ok(Previewed { raster, caption: figures::caption(&figure), not_allowed })
}

/// Saves a figure as `path`, whose extension says the format.
///
/// # Errors
/// One sentence naming the run, section, gene or file at fault.
pub fn save(
    workspace: &Workspace,
    request: &FigureRequest,
    path: &Path,
    ctx: &JobContext,
) -> anyhow::Result<SavedFigures> {
    let figure = compose(workspace, request, ctx)?;
    figures::save(&figure, path)?;
    Ok(SavedFigures { count: 1, missing: figures::undrawable(&figure)? })
}

/// Saves a figure for each gene on each section into `folder`.
///
/// # Errors
/// One sentence naming the run, section, gene or file at fault. What was saved until then stays.
pub fn save_each(
    workspace: &Workspace,
    request: &FigureRequest,
    folder: &Path,
    format: Format,
    ctx: &JobContext,
) -> anyhow::Result<SavedFigures> {
    let rows: Vec<(&str, &str)> = request.rows().collect();
    let mut names = FileNames::default();
    let mut missing: Vec<char> = Vec::new();
    for (done, (section, gene)) in rows.iter().enumerate() {
        ctx.check()?;
        ctx.observer.report(&Task::SavingFigures.into(), done as u64, rows.len() as u64);
        let (sections, genes) = (vec![(*section).to_owned()], vec![(*gene).to_owned()]);
        let one = FigureRequest { sections, genes, ..request.clone() };
        let name = names.unique(&format!("{section}_{gene}"), format.extension());
        let saved = save(workspace, &one, &folder.join(name), ctx)?;
        missing.extend(saved.missing.into_iter().filter(|c| !missing.contains(c)).collect::<Vec<_>>());
    }
    Ok(SavedFigures { count: rows.len(), missing })
}
