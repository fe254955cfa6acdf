//! Making projects, adding to them, and saying what is in them.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::context::Ctx;
use super::workspace::Workspace;
use crate::data::candidates;
use crate::data::project::{EXTENSION, Project};
use crate::data::section::{MppSource, ValueKind};
use crate::data::st::source::SampleKind;
use crate::preprocess::views::View;

/// Writes a new project file with the sections found in `folders`, or only those named.
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
    if !folders.is_empty() {
        add(&mut project, folders, only, ctx)?;
    }
    project.save_over(path)?;
    Ok(project)
}

/// What adding to a project came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// How many sections were new.
    pub new: usize,
    /// What was recognised, a line a sample.
    pub samples: Vec<String>,
}

/// Adds the sections that `paths` hold, files or folders of any kind that is known, or only those named, to a
/// project in memory. Samples that cannot be used as they are, or are not taken by default, are told and left out,
/// unless they are named.
///
/// # Errors
/// One sentence naming the path or section at fault; nothing is added then.
pub fn add(project: &mut Project, paths: &[PathBuf], only: &[String], ctx: &Ctx) -> anyhow::Result<Added> {
    let (found, notes) = candidates::find(paths, ctx.progress(), ctx.cancel)?;
    notes.iter().for_each(|note| ctx.observer.note(note));
    if let Some(missing) = only.iter().find(|name| !found.iter().any(|c| &c.entry.name == *name)) {
        let known: Vec<_> = found.iter().map(|c| c.entry.name.as_str()).collect();
        bail!("There is no section named \"{missing}\" in these; there are: {}", known.join(", "));
    }
    let mut entries = Vec::new();
    let mut samples = Vec::new();
    for candidate in found {
        let taken = if only.is_empty() { candidate.chosen } else { only.contains(&candidate.entry.name) };
        if !taken && !only.is_empty() {
            continue;
        }
        let lacks = candidate.lacks();
        let mut line = candidate.line;
        line.extend(candidate.warnings.iter().map(|w| format!("; {w}")));
        if let Some(lacks) = lacks.filter(|_| taken) {
            line.push_str(&format!("; left out, as it lacks {lacks}"));
        }
        samples.push(line);
        if taken && lacks.is_none() {
            entries.push(candidate.entry);
        }
    }
    if entries.is_empty() {
        bail!(
            "Nothing was added: {}",
            if samples.is_empty() { notes.join("; ") } else { samples.join("; ") }
        );
    }
    Ok(Added { new: project.add_new(entries)?, samples })
}

/// What is in a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionInfo {
    /// Its name.
    pub name: String,
    /// What it was recognised as: "legacy_st", "visium", "visium_hd", "anndata", "hest".
    #[serde(flatten)]
    pub kind: SampleKind,
    /// The donor, where known.
    pub patient: Option<String>,
    /// Spots that have both counts and a position.
    pub spots: usize,
    /// Spots that the data call under tissue, with counts or without.
    pub in_tissue: usize,
    /// Genes of its count table.
    pub genes: usize,
    /// The sum of the counts of its spots.
    pub umi_total: u64,
    /// The sum of its whole count table, spots that are not used included.
    pub sum: f64,
    /// Whether these are counts, or values that someone has normalised.
    pub values: ValueKind,
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
        .zip(&workspace.project.sections)
        .map(|(s, entry)| {
            let mut labels: Vec<String> = s.labels.iter().flatten().flatten().cloned().collect();
            labels.sort();
            labels.dedup();
            SectionInfo {
                name: s.name.clone(),
                kind: entry.kind,
                patient: s.patient.clone(),
                spots: s.spots.len(),
                in_tissue: s.in_tissue,
                genes: s.genes.len(),
                umi_total: s.counts.sum() as u64,
                sum: s.sum,
                values: s.values,
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
    let sections = workspace.sections(&names, ctx)?;
    let mut infos = Vec::with_capacity(names.len());
    let wanted: Vec<_> = sections.into_iter().map(|section| (section, View::PLAIN)).collect();
    workspace.each_features(&wanted, ctx, |section, features| {
        infos.push(FeatureInfo {
            section: section.name.clone(),
            spots: features.spot.rows(),
            width: features.spot.cols(),
            landmarks: features.landmarks.rows(),
        });
    })?;
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
