//! Selecting and loading genes.

use std::path::Path;

use super::context::Ctx;
use super::workspace::Workspace;
use crate::data::gene_list;
use crate::preprocess::hvg::{self, HvgOptions, HvgSelection};

/// Selects highly variable genes on the sections named (the training sections), or on all where none is
/// named.
///
/// # Errors
/// One sentence naming the section or file at fault.
pub fn select(
    workspace: &Workspace,
    sections: &[String],
    options: &HvgOptions,
    ctx: &Ctx,
) -> anyhow::Result<HvgSelection> {
    let names = if sections.is_empty() { workspace.section_names() } else { sections.to_vec() };
    let (sections, _) = workspace.usable(&names, sections, ctx)?;
    let sections: Vec<_> = sections.iter().map(AsRef::as_ref).collect();
    let selection = hvg::select(&sections, options, ctx.progress(), ctx.cancel)?;
    if !selection.missing_markers.is_empty() {
        ctx.observer.note(&format!(
            "Not measured in every section, so left out: {}",
            selection.missing_markers.join(", ")
        ));
    }
    Ok(selection)
}

/// Reads a gene list and keeps the genes that every section measured; the others are named in a note.
///
/// # Errors
/// One sentence naming the list, also when it holds no gene that every section measured.
pub fn load(path: &Path, ctx: &Ctx) -> anyhow::Result<Vec<String>> {
    let list = gene_list::read_with_notes(path)?;
    for note in &list.notes {
        ctx.observer.note(note);
    }
    Ok(list.genes)
}

/// The statistics of every gene in every section as CSV.
pub fn statistics_csv(selection: &HvgSelection) -> String {
    let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
    let mut text = String::from("section,gene,mean,dispersion,dispersion_norm,selected\n");
    for section in &selection.per_section {
        for (gene, stats) in selection.shared.iter().zip(&section.stats) {
            text.push_str(&format!(
                "{},{gene},{},{},{},{}\n",
                section.section,
                stats.mean,
                number(stats.dispersion),
                number(stats.dispersion_norm),
                section.genes.binary_search(gene).is_ok()
            ));
        }
    }
    text
}
