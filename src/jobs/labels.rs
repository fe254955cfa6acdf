//! Labels that the user chooses for sections: those of sections that are added, and of one that is there.

use std::path::PathBuf;

use anyhow::{anyhow, bail};

use super::context::JobContext;
use super::project::section_called;
use crate::data::candidates::Candidate;
use crate::data::open::{LabelFit, label_fit, open_section};
use crate::data::project::{Project, SectionEntry};
use crate::data::st::geojson::{Regions, is_geojson_name};
use crate::data::st::labels::read_labels;
use crate::data::st::names::file_name;
use crate::data::st::source::Source;

/// Where the labels of sections come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LabelChoice {
    /// From the files that were found with each sample.
    #[default]
    AsFound,
    /// From a column of `obs`, of AnnData files.
    Column(String),
    /// From this file, for the one section that it is of.
    File(PathBuf),
}

impl LabelChoice {
    /// # Errors
    /// One sentence when the file of labels cannot be read, or holds none.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        if is_geojson_name(path) {
            Regions::read(path)?;
        } else if read_labels(path)?.labels.is_empty() {
            bail!("{}: it contains no labels", path.display());
        }
        Ok(())
    }

    /// Chooses them for a candidate.
    pub(super) fn apply(&self, candidate: &mut Candidate) {
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

    /// Keeps a file of labels for the one candidate that it fits, and gives the others back the labels that were found
    /// with them. The candidates were read with the labels of this choice.
    ///
    /// # Errors
    /// One sentence when the file fits none of them, or several: barcodes repeat from slide to slide, and a drawing fits
    /// any, so that labels would come from another slide unnoticed.
    pub(super) fn settle(&self, all: Vec<(&mut Candidate, Option<PathBuf>)>) -> anyhow::Result<()> {
        let mut usable: Vec<_> = all.into_iter().filter(|(c, _)| c.is_usable()).collect();
        let fits = |c: &Candidate| c.label_fit.as_ref().is_some_and(|fit| fit.problem.is_none());
        if let Self::File(path) = self {
            let fitting: Vec<&str> =
                usable.iter().filter(|(c, _)| fits(c)).map(|(c, _)| c.entry.name.as_str()).collect();
            match (fitting.as_slice(), usable.first()) {
                ([], Some((first, _))) => {
                    let problem = first.label_fit.as_ref().and_then(|fit| fit.problem.clone());
                    bail!(
                        "{}: {}",
                        first.entry.name,
                        problem.unwrap_or_else(|| format!("{} labels no spot", path.display()))
                    )
                }
                ([_, _, ..], _) => {
                    let (last, before) = fitting.split_last().unwrap_or((&"", &[]));
                    bail!(
                        "{} could be of {} or {last}, and labels are of one section; name it with --sections, and set \
                         those of the others with hiscmcl project label",
                        file_name(path),
                        before.join(", ")
                    )
                }
                _ => {}
            }
            for (candidate, found) in usable.iter_mut().filter(|(c, _)| !fits(c)) {
                let told = candidate.label_fit.take().and_then(|fit| fit.warning());
                candidate.warnings.retain(|w| Some(w) != told.as_ref());
                candidate.entry.labels = found.take();
            }
        }
        if *self != Self::AsFound {
            for (candidate, _) in &mut usable {
                candidate.warnings.extend(candidate.label_fit.as_ref().and_then(LabelFit::partly));
            }
        }
        Ok(())
    }
}

/// What came of labels that were set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The section.
    pub section: String,
    /// Its spots that have a label.
    pub labelled: usize,
    /// Its spots.
    pub spots: usize,
    /// The column that the labels are from, and its file, where it was chosen from several.
    pub column: Option<String>,
}

/// Sets the labels of a section of a project in memory.
///
/// # Errors
/// One sentence: there is no such section, the labels cannot be read or fit none of its spots; nothing is changed then.
pub fn set(
    project: &mut Project,
    name: &str,
    choice: &LabelChoice,
    ctx: &JobContext,
) -> anyhow::Result<Labelled> {
    choice.check()?;
    let entry = section_called(project, name)?;
    if !entry.is_measured() {
        bail!("{} is a slide without measurements, so it has no spots to label", entry.name);
    }
    let mut changed = SectionEntry { labels: None, label_column: None, ..entry.clone() };
    match choice {
        LabelChoice::AsFound => {}
        LabelChoice::Column(column) => match changed.source {
            Source::AnnData { .. } => changed.label_column = Some(column.clone()),
            _ => bail!(
                "{} is not an AnnData file, which alone has columns of obs; name a file of labels",
                changed.name
            ),
        },
        LabelChoice::File(path) => changed.labels = Some(path.clone()),
    }
    let section = open_section(&changed, ctx.progress(), ctx.cancel)?;
    let fit = label_fit(&changed, &section)?;
    let (section, spots) = (changed.name.clone(), section.spots.len());
    if let Some(problem) = fit.as_ref().and_then(|fit| fit.problem.as_ref()) {
        bail!("{section}: {problem}");
    }
    let own = project.section_mut(&section).ok_or_else(|| anyhow!("There is no section {section}"))?;
    *own = changed;
    let (labelled, column) = fit.map_or((0, None), |fit| (fit.labelled, fit.column));
    Ok(Labelled { section, labelled, spots, column })
}
