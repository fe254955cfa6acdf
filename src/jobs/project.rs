//! Making projects, adding to them, and saying what is in them.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::context::Ctx;
use super::workspace::{Unreadable, Workspace};
use crate::core::files::create_folder_of;
use crate::data::candidates::{self, Candidate, Found};
use crate::data::project::{EXTENSION, Project, SectionEntry};
use crate::data::section::{MppSource, ValueKind};
use crate::data::st::geojson::{Regions, is_geojson_name};
use crate::data::st::recognise::is_copy;
use crate::data::st::source::{SampleKind, Source};
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
        let added = add(&mut project, folders, only, &LabelChoice::AsFound, ctx)?;
        if !added.refused.is_empty() {
            bail!("{} was not made: {}", path.display(), added.refused.join("; "));
        }
    }
    create_folder_of(path)?;
    project.save_over(path)?;
    Ok(project)
}

/// What adding to a project came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Added {
    /// Names of the sections that are new.
    pub sections: Vec<String>,
    /// Names of the samples that the project had already.
    pub known: Vec<String>,
    /// What was recognised, a line per sample.
    pub samples: Vec<String>,
    /// Why a path or section that was asked for by name was not added, a sentence each.
    pub refused: Vec<String>,
}

/// Where the labels of added sections come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LabelChoice {
    /// From the files that were found with each sample.
    #[default]
    AsFound,
    /// From a column of `obs`, of AnnData files.
    Column(String),
    /// From this file, for every one of them.
    File(PathBuf),
}

impl LabelChoice {
    fn apply(&self, candidate: &mut Candidate) {
        match self {
            Self::AsFound => {}
            Self::Column(column) => match candidate.entry.source {
                Source::AnnData { .. } => candidate.set_label_column(Some(column)),
                _ => candidate.warnings.push(format!(
                    "It is not an AnnData file, so its labels are not taken from a column {column} of obs"
                )),
            },
            Self::File(path) => candidate.entry.labels = Some(path.clone()),
        }
    }
}

/// Adds the sections that `paths` hold, files or folders of any kind that is known, or only those named, to a
/// project in memory. Each is read first: one that no later command could use is refused, and the others are added all
/// the same. What was asked for by name and not added (a path that gave nothing, a section of `only`) is in
/// [`Added::refused`]; of a sample that was found beside others, or that is not chosen by default, a note says so.
///
/// # Errors
/// No path holds a section of a name in `only`, or it was cancelled; nothing is added then.
pub fn add(
    project: &mut Project,
    paths: &[PathBuf],
    only: &[String],
    labels: &LabelChoice,
    ctx: &Ctx,
) -> anyhow::Result<Added> {
    if let LabelChoice::File(path) = labels
        && is_geojson_name(path)
    {
        Regions::read(path)?;
    }
    let each = candidates::find_each(paths, ctx.progress(), ctx.cancel)?;
    require_names(&each, only)?;
    let mut added = Added::default();
    let mut entries = Vec::new();
    let present: &Project = project;
    for Found { path, result } in each {
        match result {
            Ok((candidates, notes)) => {
                let sorter = Sorter { project: present, only, labels, added: &mut added };
                entries.extend(sorter.sort(&path, candidates, notes, ctx)?);
            }
            Err(error) => added.refused.push(error.to_string()),
        }
    }
    added.sections = project.add_new(entries)?;
    Ok(added)
}

/// Tells apart what one path holds: what is added, what is known already, and what cannot be used.
struct Sorter<'a> {
    project: &'a Project,
    only: &'a [String],
    labels: &'a LabelChoice,
    added: &'a mut Added,
}

impl Sorter<'_> {
    /// The sections to add.
    fn sort(
        self,
        path: &Path,
        mut candidates: Vec<Candidate>,
        notes: Vec<String>,
        ctx: &Ctx,
    ) -> anyhow::Result<Vec<SectionEntry>> {
        for candidate in candidates.iter_mut().filter(|c| self.is_taken(c) && !self.is_known(c)) {
            self.labels.apply(candidate);
            if let Some(original) = self.original_of(candidate) {
                candidate.refused = Some(format!("it is a copy of {original}"));
            }
        }
        let wanted = |c: &Candidate| self.is_taken(c) && !self.is_known(c);
        candidates::check(&mut candidates, wanted, None, ctx.progress(), ctx.cancel)?;
        let mut entries = Vec::new();
        let mut problems: Vec<String> = notes;
        let mut useful = false;
        for candidate in candidates {
            let (taken, known) = (self.is_taken(&candidate), self.is_known(&candidate));
            let name = &candidate.entry.name;
            if known {
                useful = true;
                self.added.known.extend(taken.then(|| name.clone()));
            } else if !taken {
                if self.only.is_empty() {
                    self.added.samples.push(line_of(&candidate));
                    useful = true;
                }
            } else if let Some(problem) = problem_of(&candidate) {
                if self.is_named(&candidate) {
                    self.added.refused.push(problem);
                    useful = true;
                } else {
                    problems.push(problem);
                }
            } else {
                self.added.samples.push(line_of(&candidate));
                entries.push(candidate.entry);
                useful = true;
            }
        }
        if useful || !self.only.is_empty() {
            problems.iter().for_each(|problem| ctx.observer.note(problem));
        } else if problems.is_empty() {
            self.added.refused.push(format!("{} holds no sample", path.display()));
        } else {
            self.added.refused.push(problems.join("; "));
        }
        Ok(entries)
    }

    fn is_named(&self, candidate: &Candidate) -> bool {
        self.only.contains(&candidate.entry.name)
    }

    fn is_taken(&self, candidate: &Candidate) -> bool {
        if self.only.is_empty() { candidate.chosen } else { self.is_named(candidate) }
    }

    fn is_known(&self, candidate: &Candidate) -> bool {
        self.project.sections.iter().any(|s| s.source == candidate.entry.source)
    }

    /// The section of the project that a candidate is a copy of.
    fn original_of(&self, candidate: &Candidate) -> Option<&str> {
        let own = (candidate.entry.name.as_str(), candidate.entry.source.counts());
        let original =
            self.project.sections.iter().find(|s| is_copy(own, (s.name.as_str(), s.source.counts())))?;
        Some(&original.name)
    }
}

/// Why a candidate cannot be added, a sentence; `None` when it can.
fn problem_of(candidate: &Candidate) -> Option<String> {
    let name = &candidate.entry.name;
    match (candidate.lacks(), &candidate.refused) {
        (Some(lacks), _) => Some(format!("{name} lacks {lacks} ({})", candidate.line)),
        (None, Some(why)) => Some(format!("{name} cannot be used: {why}")),
        (None, None) => None,
    }
}

/// # Errors
/// A name that no candidate has.
fn require_names(each: &[Found], only: &[String]) -> anyhow::Result<()> {
    let names = || {
        let found = each.iter().filter_map(|f| f.result.as_ref().ok());
        found.flat_map(|(candidates, _)| candidates).map(|c| c.entry.name.as_str())
    };
    let Some(missing) = only.iter().find(|name| !names().any(|known| known == *name)) else { return Ok(()) };
    // Why a path holds nothing explains it better.
    if let Some(error) =
        each.iter().find_map(|f| f.result.as_ref().err()).filter(|_| names().next().is_none())
    {
        bail!("{error}");
    }
    let known: Vec<_> = names().collect();
    bail!("There is no section named \"{missing}\" in these; there are: {}", known.join(", "));
}

/// What was recognised, and what to know of it.
fn line_of(candidate: &Candidate) -> String {
    let mut line = candidate.line.clone();
    line.extend(candidate.warnings.iter().map(|w| format!("; {w}")));
    line
}

/// Removes the sections of these names from a project in memory; their files and what was trained on them stay.
/// Returns the names they had.
///
/// # Errors
/// There is no section of one of the names; nothing is removed then.
pub fn remove(project: &mut Project, names: &[String]) -> anyhow::Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        match project.section(name) {
            Some(entry) if found.contains(&entry.name) => {}
            Some(entry) => found.push(entry.name.clone()),
            None => {
                let known: Vec<&str> = project.sections.iter().map(|s| s.name.as_str()).collect();
                bail!("There is no section named \"{name}\"; {}", list_of_sections(&known));
            }
        }
    }
    for name in &found {
        project.remove(name);
    }
    Ok(found)
}

fn list_of_sections(known: &[&str]) -> String {
    match known {
        [] => "the project has no sections".to_owned(),
        [one] => format!("the only one is {one}"),
        many => format!("there are: {}", many.join(", ")),
    }
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
    /// The sum of the counts of its spots; `None` where the values are not counts.
    pub umi_total: Option<u64>,
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
    /// Those that can be read, in the project's order.
    pub sections: Vec<SectionInfo>,
    /// Those that cannot, and why.
    pub unreadable: Vec<Unreadable>,
    /// Genes chosen in the project; 0 where none were.
    pub selected_genes: usize,
    /// Names of the complete runs, the newest first.
    pub runs: Vec<String>,
}

/// Reads every section of a project and says what is in it. Sections that cannot be read are listed with the reason.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn info(workspace: &Workspace, ctx: &Ctx) -> anyhow::Result<ProjectInfo> {
    let (sections, unreadable) = workspace.readable(&workspace.section_names(), ctx)?;
    for section in &sections {
        let confirmed = workspace.project.section(&section.name).is_some_and(|entry| entry.mpp_confirmed);
        if let Some(doubt) = section.mpp_doubt().filter(|_| !confirmed) {
            ctx.observer.note(&format!("{}: {doubt}", section.name));
        }
    }
    let sections = sections
        .iter()
        .map(|s| {
            let mut labels: Vec<String> = s.labels.iter().flatten().flatten().cloned().collect();
            labels.sort();
            labels.dedup();
            SectionInfo {
                name: s.name.clone(),
                kind: workspace.project.section(&s.name).map(|entry| entry.kind).unwrap_or_default(),
                patient: s.patient.clone(),
                spots: s.spots.len(),
                in_tissue: s.in_tissue,
                genes: s.genes.len(),
                umi_total: (s.values == ValueKind::Counts).then(|| s.counts.sum() as u64),
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
    Ok(ProjectInfo { sections, unreadable, selected_genes, runs })
}

/// Computes and caches the image features of every section that can be read; returns spots and landmarks by section.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn compute_features(workspace: &Workspace, ctx: &Ctx) -> anyhow::Result<Vec<FeatureInfo>> {
    let names = workspace.section_names();
    if names.is_empty() {
        return Err(anyhow!("{} has no sections; add some first", workspace.path.display()));
    }
    let (sections, _) = workspace.usable(&names, &[], ctx)?;
    let mut infos = Vec::with_capacity(names.len());
    let mut slideless = Vec::new();
    let wanted: Vec<_> = sections.into_iter().map(|section| (section, View::PLAIN)).collect();
    workspace.each_features(&wanted, ctx, |section, features| {
        let features = match features {
            Ok(features) => features,
            Err(error) => {
                slideless.push(workspace.unusable(section, error, ctx)?);
                return Ok(());
            }
        };
        infos.push(FeatureInfo {
            section: section.name.clone(),
            spots: features.spot.rows(),
            width: features.spot.cols(),
            landmarks: features.landmarks.rows(),
        });
        Ok(())
    })?;
    workspace.skip(&slideless, &[], infos.is_empty(), ctx)?;
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
