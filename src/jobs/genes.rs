//! Selecting and loading genes.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::context::JobContext;
use super::fit::keep_kind;
use super::workspace::Workspace;
use crate::core::csv::CsvTable;
use crate::core::files::FileError;
use crate::data::gene_list::{self, Known};
use crate::data::genes::GeneIndex;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::section::{Section, ValueKind};
use crate::preprocess::hvg::{self, HvgOptions, HvgSelection};

/// Selects highly variable genes on the sections named (the training sections), or on all where none is
/// named. Genes to keep may be named in any way that [`MeasuredGenes::meant`] understands.
///
/// # Errors
/// One sentence naming the section or file at fault.
pub fn select(
    workspace: &Workspace,
    sections: &[String],
    options: &HvgOptions,
    ctx: &JobContext,
) -> anyhow::Result<HvgSelection> {
    sections.iter().try_for_each(|name| workspace.require_measured(name))?;
    let names = if sections.is_empty() { workspace.measured_names() } else { sections.to_vec() };
    let (mut read, _) = workspace.usable(&names, sections, ctx)?;
    if read.iter().any(|s| s.values == ValueKind::Counts) {
        keep_kind(workspace, &mut read, ValueKind::Counts, sections, ctx)?;
    }
    let sections: Vec<_> = read.iter().map(AsRef::as_ref).collect();
    let always = MeasuredGenes::new(sections.iter().copied()).understood(&options.always);
    let options = &HvgOptions { always, ..options.clone() };
    let selection = hvg::select(&sections, options, ctx.progress(), ctx.cancel)?;
    if !selection.missing_markers.is_empty() {
        ctx.observer.note(&format!(
            "Not measured in every section, so left out: {}",
            selection.missing_markers.join(", ")
        ));
    }
    Ok(selection)
}

/// Reads a gene list among the genes that the sections of the project measured, see [`gene_list::read_among`]. A gene that
/// is listed by its identifier, or by a symbol that several genes share, gets the name that the sections show. Remarks go
/// to the observer.
///
/// # Errors
/// One sentence naming the list, or a section that cannot be read.
pub fn load(workspace: &Workspace, path: &Path, ctx: &JobContext) -> anyhow::Result<Vec<String>> {
    // A list that is not there is said before sections are read.
    File::open(path).map_err(FileError::io("read", path))?;
    let measured = Measured::new(workspace, &workspace.measured_names(), ctx)?;
    let list = gene_list::read_among(path, &|name| measured.knows(name))?;
    for note in &list.notes {
        ctx.observer.note(note);
    }
    let (genes, notes) = measured.under_their_names(list.genes);
    for note in &notes {
        ctx.observer.note(note);
    }
    Ok(genes)
}

/// What the sections of a project call their genes.
pub struct Measured {
    sections: Vec<(Arc<Section>, GeneIndex)>,
}

impl Measured {
    /// Of the sections of these names that can be read; those that cannot are left to whoever needs them.
    ///
    /// # Errors
    /// That it was cancelled.
    pub fn new(workspace: &Workspace, names: &[String], ctx: &JobContext) -> anyhow::Result<Self> {
        let mut sections = Vec::new();
        for name in names {
            ctx.check()?;
            if let Ok(section) = workspace.section(name, ctx) {
                let index = GeneIndex::new(&section.genes);
                sections.push((section, index));
            }
        }
        Ok(Self { sections })
    }

    /// What is known of a name.
    pub fn knows(&self, name: &str) -> Known {
        let is_name = |(_, index): &(Arc<Section>, GeneIndex)| {
            index.has_name(name)
                || index.is_shared(name)
                || index.name_of(name).is_some_and(|n| index.has_name(n))
        };
        if self.sections.iter().any(is_name) {
            Known::Name
        } else if self.sections.iter().any(|(_, index)| index.get(name).is_some()) {
            Known::Identifier
        } else {
            Known::No
        }
    }

    /// The genes under the names that the sections show, each once, and what is to be said of it.
    fn under_their_names(&self, genes: Vec<String>) -> (Vec<String>, Vec<String>) {
        let (mut by_id, mut shared) = (0usize, Vec::new());
        let mut seen = HashSet::new();
        let mut out = Vec::with_capacity(genes.len());
        for gene in genes {
            let is_name = self.sections.iter().any(|(_, index)| index.has_name(&gene));
            let called = |(section, index): &(Arc<Section>, GeneIndex)| {
                Some(section.genes.get(index.get(&gene)?)?.name.clone())
            };
            let name = match self.sections.iter().find_map(called).filter(|_| !is_name) {
                Some(shown) => {
                    if self.sections.iter().any(|(_, index)| index.is_shared(&gene)) {
                        shared.push(format!("{gene} as {shown}"));
                    } else {
                        by_id += 1;
                    }
                    shown
                }
                None => gene,
            };
            if seen.insert(name.clone()) {
                out.push(name);
            }
        }
        let mut notes = Vec::new();
        if by_id > 0 {
            notes.push(match by_id {
                1 => "1 gene is listed by its identifier and was found by it".to_owned(),
                n => format!("{n} genes are listed by their identifiers and were found by them"),
            });
        }
        if !shared.is_empty() {
            notes.push(format!(
                "Several genes share a symbol of the list; the first of them is used ({}). To use another, list it by \
                 the name with its identifier",
                shared.join(", ")
            ));
        }
        (out, notes)
    }
}

/// The statistics of every gene in every section as CSV.
pub fn statistics_csv(selection: &HvgSelection) -> String {
    let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
    let mut table = CsvTable::new(["section", "gene", "mean", "dispersion", "dispersion_norm", "selected"]);
    for section in &selection.per_section {
        for (gene, stats) in selection.shared.iter().zip(&section.stats) {
            table.row([
                section.section.clone(),
                gene.clone(),
                stats.mean.to_string(),
                number(stats.dispersion),
                number(stats.dispersion_norm),
                section.genes.binary_search(gene).is_ok().to_string(),
            ]);
        }
    }
    table.into_text()
}
