//! Making projects, adding to them, and saying what is in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::context::JobContext;
use super::labels::LabelChoice;
use super::run_store::{RunList, list_runs};
use super::slide::{self, DescribedLevel};
use super::workspace::{Unreadable, Workspace};
use crate::core::file_names::check_file_name;
use crate::core::files::create_folder_of;
use crate::data::candidates::{self, Candidate, Found};
use crate::data::open::open_section;
use crate::data::project::{EXTENSION, Project, SectionEntry};
use crate::data::section::{MppSource, ValueKind};
use crate::data::slide::place;
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
    ctx: &JobContext,
) -> anyhow::Result<Project> {
    if path.extension().is_none_or(|e| e != EXTENSION) {
        bail!("{} does not end in .{EXTENSION}; a project file does", path.display());
    }
    check_file_name(path)?;
    if path.exists() && !replace {
        bail!("{} exists already; use another name, or --force to replace it", path.display());
    }
    let mut project = Project::new();
    if !folders.is_empty() {
        let added = add(&mut project, folders, false, only, &LabelChoice::AsFound, None, ctx)?;
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

/// Adds the sections that `paths` hold, files or folders of any kind that is known, or only those named, to a
/// project in memory. Each is read first: one that no later command could use is refused, and the others are added all
/// the same; with `as_slides` images are slides without measurements, also those of samples. `mpp` is the resolution of
/// their slides where the user knows it. What was asked for by name and not added
/// (a path that gave nothing, a section of `only`) is in [`Added::refused`]; of a sample that was found beside others,
/// or that is not chosen by default, a note says so.
///
/// # Errors
/// No path holds a section of a name in `only`, the labels cannot be read or are not of one section, or it was
/// cancelled; nothing is added then.
pub fn add(
    project: &mut Project,
    paths: &[PathBuf],
    as_slides: bool,
    only: &[String],
    labels: &LabelChoice,
    mpp: Option<f64>,
    ctx: &JobContext,
) -> anyhow::Result<Added> {
    labels.check()?;
    let mut each = match as_slides {
        true => candidates::slides_in_each(paths),
        false => candidates::find_each(paths, ctx.progress(), ctx.cancel)?,
    };
    candidates::mark_copies(all_in(&mut each), &project.sections, ctx.cancel)?;
    let only = &require_names(&each, only)?;
    let sorter = Sorter { project, only };
    let mut labels_found = Vec::new();
    for candidate in all_in(&mut each).filter(|c| sorter.is_wanted(c)) {
        labels_found.push(candidate.entry.labels.clone());
        labels.apply(candidate);
        candidate.entry.mpp = mpp.or(candidate.entry.mpp);
    }
    for (candidates, _) in each.iter_mut().filter_map(|f| f.result.as_mut().ok()) {
        candidates::check(candidates, |c| sorter.is_wanted(c), None, ctx.progress(), ctx.cancel)?;
    }
    labels.settle(all_in(&mut each).filter(|c| sorter.is_wanted(c)).zip(labels_found).collect())?;
    let mut added = Added::default();
    let mut entries = Vec::new();
    for found in each {
        entries.extend(sorter.sort(found, &mut added, ctx));
    }
    if *labels != LabelChoice::AsFound && entries.is_empty() && !added.known.is_empty() {
        let are = if added.known.len() == 1 { "is" } else { "are" };
        bail!(
            "{} {are} in the project already, and nothing was changed; set the labels of a section with hiscmcl project \
             label",
            added.known.join(", ")
        );
    }
    added.sections = project.add_new(entries)?;
    Ok(added)
}

fn all_in(each: &mut [Found]) -> impl Iterator<Item = &mut Candidate> {
    each.iter_mut().filter_map(|found| found.result.as_mut().ok()).flat_map(|(candidates, _)| candidates)
}

/// Tells apart what one path holds: what is added, what is known already, and what cannot be used.
struct Sorter<'a> {
    project: &'a Project,
    only: &'a [String],
}

impl Sorter<'_> {
    /// The sections to add.
    fn sort(&self, found: Found, added: &mut Added, ctx: &JobContext) -> Vec<SectionEntry> {
        let (candidates, mut problems) = match found.result {
            Ok(found) => found,
            Err(error) => {
                added.refused.push(error.to_string());
                return Vec::new();
            }
        };
        let mut entries = Vec::new();
        let mut useful = found.repeated;
        for candidate in candidates {
            let taken = self.is_taken(&candidate);
            let name = &candidate.entry.name;
            if self.is_known(&candidate) {
                useful = true;
                added.known.extend(taken.then(|| name.clone()));
            } else if !taken {
                if let (Some(original), true) = (&candidate.copy_of, self.only.is_empty()) {
                    problems.push(format!(
                        "{name} is a copy of {original} (its counts are the same) and was not added; --sections with \
                         its name adds it"
                    ));
                } else if self.only.is_empty() {
                    added.samples.push(line_of(&candidate));
                    useful = true;
                }
            } else if let Some(problem) = problem_of(&candidate) {
                if self.is_named(&candidate) {
                    added.refused.push(problem);
                    useful = true;
                } else {
                    problems.push(problem);
                }
            } else {
                added.samples.push(line_of(&candidate));
                entries.push(candidate.entry);
                useful = true;
            }
        }
        // What was said of a file when it was found may be the reason why its sample is refused.
        let said = problems.clone();
        problems.retain(|p| !said.iter().chain(&added.refused).any(|other| other != p && other.contains(p)));
        if useful || !self.only.is_empty() {
            problems.iter().for_each(|problem| ctx.observer.note(problem));
        } else if problems.is_empty() {
            added.refused.push(format!("{} holds no sample", found.path.display()));
        } else {
            added.refused.push(problems.join("; "));
        }
        entries
    }

    fn is_named(&self, candidate: &Candidate) -> bool {
        self.only.contains(&candidate.entry.name)
    }

    fn is_taken(&self, candidate: &Candidate) -> bool {
        if self.only.is_empty() { candidate.chosen } else { self.is_named(candidate) }
    }

    fn is_known(&self, candidate: &Candidate) -> bool {
        self.project.holds(&candidate.entry.source)
    }

    /// Whether it is to be added, if it can be used.
    fn is_wanted(&self, candidate: &Candidate) -> bool {
        self.is_taken(candidate) && !self.is_known(candidate)
    }
}

/// Why a candidate cannot be added, a sentence; `None` when it can.
fn problem_of(candidate: &Candidate) -> Option<String> {
    let why = candidate.refused.as_ref()?;
    Some(format!("{} cannot be used: {why}", candidate.entry.name))
}

/// The names of the candidates that `only` names, ignoring case.
///
/// # Errors
/// A name that no candidate has.
fn require_names(each: &[Found], only: &[String]) -> anyhow::Result<Vec<String>> {
    let names = || {
        let found = each.iter().filter_map(|f| f.result.as_ref().ok());
        found.flat_map(|(candidates, _)| candidates).map(|c| c.entry.name.as_str())
    };
    let mut meant = Vec::with_capacity(only.len());
    let mut missing = None;
    for name in only {
        let typed = name.trim().to_lowercase();
        let known = names().find(|known| known == name);
        match known.or_else(|| names().find(|known| known.to_lowercase() == typed)) {
            Some(known) => meant.push(known.to_owned()),
            None => missing = missing.or(Some(name)),
        }
    }
    let Some(missing) = missing else { return Ok(meant) };
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
        let entry = section_called(project, name)?;
        if !found.contains(&entry.name) {
            found.push(entry.name.clone());
        }
    }
    for name in &found {
        project.remove(name);
    }
    Ok(found)
}

/// The section called `name`, ignoring case.
///
/// # Errors
/// There is none; the sentence names those there are.
pub(super) fn section_called<'a>(project: &'a Project, name: &str) -> anyhow::Result<&'a SectionEntry> {
    project.find(name).ok_or_else(|| {
        let known: Vec<&str> = project.sections.iter().map(|s| s.name.as_str()).collect();
        anyhow!("There is no section named \"{name}\"; {}", list_of_sections(&known))
    })
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
    /// What it was recognised as: "legacy_st", "visium", "visium_hd", "anndata", "hest", "slide".
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
    /// How many regions were drawn on it or imported.
    pub regions: usize,
    /// Its slide.
    pub image: PathBuf,
    /// The kind of file that the slide is, "Aperio SVS".
    pub format: String,
    /// Levels of the slide that its file holds, the finest first.
    pub levels: Vec<DescribedLevel>,
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
    /// The runs that cannot be read, and why.
    pub unreadable_runs: Vec<Unreadable>,
}

/// Reads every section of a project and says what is in it. Sections that cannot be read are listed with the reason.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn info(workspace: &Workspace, ctx: &JobContext) -> anyhow::Result<ProjectInfo> {
    let (mut sections, mut unreadable) = workspace.readable(&workspace.measured_names(), ctx)?;
    for entry in workspace.project.sections.iter().filter(|s| !s.is_measured()) {
        ctx.check()?;
        // Their pixels need not be read.
        match open_section(entry, ctx.progress(), ctx.cancel) {
            Ok(section) => sections.push(Arc::new(section)),
            Err(error) => unreadable.push(Unreadable::new(&entry.name, &error.into())),
        }
    }
    let place = |name: &str| workspace.project.sections.iter().position(|s| s.name == name);
    sections.sort_by_key(|s| place(&s.name));
    unreadable.sort_by_key(|s| place(&s.name));
    for section in &sections {
        let confirmed = workspace.project.section(&section.name).is_some_and(|entry| entry.mpp_confirmed);
        if let Some(doubt) = section.mpp_doubt().filter(|_| !confirmed) {
            ctx.observer.note(&format!("{}: {doubt}", section.name));
        }
    }
    let sections = sections
        .iter()
        .map(|s| {
            // It was opened a moment ago; where it has gone since, it has no levels.
            let slide = slide::describe(&s.slide).ok();
            let (format, levels) = slide.map(|about| (about.format, about.levels)).unwrap_or_default();
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
                umi_total: (s.values == ValueKind::Counts && s.is_measured()).then(|| s.counts.sum() as u64),
                // Without values the sum is -0.
                sum: s.sum + 0.0,
                values: s.values,
                mpp: s.mpp.0,
                mpp_source: s.mpp_source,
                width_px: s.slide_size.0,
                height_px: s.slide_size.1,
                labels,
                regions: workspace.project.section(&s.name).map_or(0, |entry| entry.regions.len()),
                image: place::as_stored(&s.slide).0.to_path_buf(),
                format,
                levels,
            }
        })
        .collect();
    let RunList { runs, unreadable: unreadable_runs } = list_runs(&workspace.path)?;
    let runs = runs.into_iter().filter(|r| r.complete).map(|r| r.id).collect();
    let unreadable_runs =
        unreadable_runs.into_iter().map(|r| Unreadable { name: r.id, reason: r.problem }).collect();
    let selected_genes = workspace.project.selection.as_ref().map_or(0, |s| s.genes.len());
    Ok(ProjectInfo { sections, unreadable, selected_genes, runs, unreadable_runs })
}

/// Computes and caches the image features of every section that can be read; returns spots and landmarks by section.
///
/// # Errors
/// One sentence naming the file at fault.
pub fn compute_features(workspace: &Workspace, ctx: &JobContext) -> anyhow::Result<Vec<FeatureInfo>> {
    let names = workspace.section_names();
    if names.is_empty() {
        return Err(anyhow!("{} has no sections; add some first", workspace.path.display()));
    }
    let (sections, _) = workspace.usable(&names, &[], ctx)?;
    let mut infos = Vec::with_capacity(names.len());
    let mut slideless = Vec::new();
    let wanted: Vec<_> = sections.into_iter().map(|section| (section, View::PLAIN)).collect();
    workspace.compute_features_for_all(&wanted, ctx, |section, features| {
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
