//! Making projects, adding to them, and saying what is in them.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Serialize;

use super::context::Ctx;
use super::workspace::Workspace;
use crate::data::project::{EXTENSION, Project};
use crate::data::section::MppSource;
use crate::data::st::her2st::scan;

/// Writes a new project file with the sections found in `folders` (her2st layout), or only those named.
///
/// # Errors
/// One sentence naming the folder, file or section at fault; nothing is written then.
pub fn create(
    path: &Path,
    folders: &[PathBuf],
    only: &[String],
    replace: bool,
    ctx: &Ctx,
) -> anyhow::Result<Project> {
    if path.extension().is_none_or(|e| e != EXTENSION) {
        bail!("{} does not end in .{EXTENSION}; a project file does", path.display());
    }
    if path.exists() && !replace {
        bail!("{} exists already; use another name, or --force to replace it", path.display());
    }
    let mut project = Project::new();
    add_folders(&mut project, folders, only, ctx)?;
    project.save(path)?;
    Ok(project)
}

/// Adds the sections found in `folders` (her2st layout), or only those named, to a project in memory;
/// returns how many were new.
///
/// # Errors
/// One sentence naming the folder or section at fault; nothing is added then.
pub fn add_folders(
    project: &mut Project,
    folders: &[PathBuf],
    only: &[String],
    ctx: &Ctx,
) -> anyhow::Result<usize> {
    let mut entries = Vec::new();
    for folder in folders {
        let folder =
            std::path::absolute(folder).with_context(|| format!("Cannot open {}", folder.display()))?;
        let found = scan(&folder)?;
        found.notes.iter().for_each(|note| ctx.observer.note(note));
        entries.extend(found.sections);
    }
    if let Some(missing) = only.iter().find(|name| !entries.iter().any(|e| &e.name == *name)) {
        let known: Vec<_> = entries.iter().map(|e| e.name.as_str()).collect();
        bail!("There is no section named \"{missing}\" in these folders; there are: {}", known.join(", "));
    }
    entries.retain(|e| only.is_empty() || only.contains(&e.name));
    Ok(project.add_new(entries)?)
}

/// What is in a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionInfo {
    /// Its name.
    pub name: String,
    /// The donor, where known.
    pub patient: Option<String>,
    /// Spots that have both counts and a position.
    pub spots: usize,
    /// Genes of its count table.
    pub genes: usize,
    /// The sum of its counts.
    pub umi_total: u64,
    /// Micrometres per slide pixel.
    pub mpp: f64,
    /// Where `mpp` comes from.
    pub mpp_source: MppSource,
    /// Width of its slide in pixels.
    pub width_px: u32,
    /// Height of its slide in pixels.
    pub height_px: u32,
    /// The labels that occur in it, sorted.
    pub labels: Vec<String>,
    /// Its slide.
    pub image: PathBuf,
}

/// What is in a project.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProjectInfo {
    /// In the project's order.
    pub sections: Vec<SectionInfo>,
    /// Genes chosen in the project; 0 where none were.
    pub selected_genes: usize,
    /// Names of the complete runs, the newest first.
    pub runs: Vec<String>,
}

/// Reads every section of a project and says what is in it.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn info(workspace: &Workspace, ctx: &Ctx) -> anyhow::Result<ProjectInfo> {
    let sections = workspace.sections(&workspace.section_names(), ctx)?;
    let sections = sections
        .iter()
        .map(|s| {
            let mut labels: Vec<String> = s.labels.iter().flatten().flatten().cloned().collect();
            labels.sort();
            labels.dedup();
            SectionInfo {
                name: s.name.clone(),
                patient: s.patient.clone(),
                spots: s.spots.len(),
                genes: s.genes.len(),
                umi_total: s.counts.sum() as u64,
                mpp: s.mpp.0,
                mpp_source: s.mpp_source,
                width_px: s.slide_size.0,
                height_px: s.slide_size.1,
                labels,
                image: s.slide.clone(),
            }
        })
        .collect();
    let runs = super::runs::list_runs(&workspace.path)?;
    let runs = runs.into_iter().filter(|r| r.complete).map(|r| r.id).collect();
    let selected_genes = workspace.project.selection.as_ref().map_or(0, |s| s.genes.len());
    Ok(ProjectInfo { sections, selected_genes, runs })
}

/// Computes and caches the image features of every section; returns spots and landmarks by section.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn compute_features(workspace: &Workspace, ctx: &Ctx) -> anyhow::Result<Vec<FeatureInfo>> {
    let names = workspace.section_names();
    if names.is_empty() {
        return Err(anyhow!("{} has no sections; add some first", workspace.path.display()));
    }
    let mut infos = Vec::with_capacity(names.len());
    for section in workspace.sections(&names, ctx)? {
        let features = workspace.features(&section, ctx)?;
        infos.push(FeatureInfo {
            section: section.name.clone(),
            spots: features.spot.rows(),
            width: features.spot.cols(),
            landmarks: features.landmarks.rows(),
        });
    }
    Ok(infos)
}

/// The features of one section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeatureInfo {
    /// Name of the section.
    pub section: String,
    /// Spots.
    pub spots: usize,
    /// Numbers a patch.
    pub width: usize,
    /// Landmarks of the section.
    pub landmarks: usize,
}
