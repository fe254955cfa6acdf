//! Which sections and genes take part in training.

use std::sync::Arc;

use anyhow::bail;

use super::FitRequest;
use crate::data::gene_choice::GeneChoice;
use crate::data::measured_genes::MeasuredGenes;
use crate::data::section::{Section, ValueKind, repeated};
use crate::jobs::context::JobContext;
use crate::jobs::workspace::{NO_IMAGE, Unreadable, Workspace};
use crate::preprocess::target::TargetError;

/// The sections that take part, read, and the genes that all of them measured.
pub struct ChosenSections {
    /// In the project's order.
    pub sections: Vec<Arc<Section>>,
    /// The genes that are used, and those that are left out.
    pub choice: GeneChoice,
    /// The sections that were asked for and cannot take part, and why.
    pub skipped: Vec<Unreadable>,
}

impl ChosenSections {
    /// Reads the sections of these names. Those whose files cannot be read, without counts, or with values of another
    /// kind than most have, are skipped with a note, unless they are among the `tested` ones. Genes that a section did
    /// not measure are left out, with a note that names them.
    ///
    /// # Errors
    /// One sentence naming the section or file at fault, or that no gene is left.
    pub fn read(
        workspace: &Workspace,
        names: &[String],
        request: &FitRequest,
        tested: &[String],
        ctx: &JobContext,
    ) -> anyhow::Result<Self> {
        let (mut sections, mut skipped) = workspace.usable(names, tested, ctx)?;
        // They can be looked at, and teach nothing.
        let countless: Vec<Unreadable> =
            sections.iter().filter(|s| s.counts.nnz() == 0).map(|s| without_counts(s)).collect();
        sections.retain(|section| section.counts.nnz() > 0);
        workspace.skip(&countless, tested, sections.is_empty(), ctx)?;
        skipped.extend(countless);
        let imageless: Vec<Unreadable> =
            sections.iter().filter(|s| !s.has_image()).map(|s| without_image(s)).collect();
        sections.retain(|section| section.has_image());
        workspace.skip(&imageless, tested, sections.is_empty(), ctx)?;
        skipped.extend(imageless);
        let kind = ValueKind::of_most(sections.iter().map(|s| s.values));
        skipped.extend(keep_kind(workspace, &mut sections, kind, tested, ctx)?);
        for repeated in repeated(sections.iter().map(AsRef::as_ref)) {
            ctx.observer.note(&repeated);
        }
        let choice = choose_genes(&sections, &request.genes, ctx)?;
        Ok(Self { sections, choice, skipped })
    }

    /// Names of the sections whose files hold normalised values instead of counts.
    pub fn normalised(&self) -> Vec<String> {
        let sections = self.sections.iter().filter(|s| s.values == ValueKind::Normalised);
        sections.map(|s| s.name.clone()).collect()
    }
}

/// Keeps the sections whose values are of `kind`, as the others are on a different scale. Gives those, which are named
/// in notes.
///
/// # Errors
/// One of the `required` sections is of the other kind.
pub(in crate::jobs) fn keep_kind(
    workspace: &Workspace,
    sections: &mut Vec<Arc<Section>>,
    kind: ValueKind,
    required: &[String],
    ctx: &JobContext,
) -> anyhow::Result<Vec<Unreadable>> {
    let others: Vec<Unreadable> =
        sections.iter().filter(|s| s.values != kind).map(|s| of_other_kind(s)).collect();
    sections.retain(|section| section.values == kind);
    workspace.skip(&others, required, sections.is_empty(), ctx)?;
    Ok(others)
}

fn without_counts(section: &Section) -> Unreadable {
    Unreadable { name: section.name.clone(), reason: "it has no counts".to_owned() }
}

fn without_image(section: &Section) -> Unreadable {
    Unreadable { name: section.name.clone(), reason: NO_IMAGE.to_owned() }
}

fn of_other_kind(section: &Section) -> Unreadable {
    let reason = match section.values {
        ValueKind::Normalised => {
            "it holds normalised values, which are on another scale than the counts of the other sections; add its \
             counts instead"
        }
        ValueKind::Counts => {
            "it holds counts, which are on another scale than the normalised values of the other sections; add their \
             counts instead"
        }
    };
    Unreadable { name: section.name.clone(), reason: reason.to_owned() }
}

/// The genes of `list` that all of these sections measured; what is left out is told.
///
/// # Errors
/// One sentence when no gene is left.
fn choose_genes(sections: &[Arc<Section>], list: &[String], ctx: &JobContext) -> anyhow::Result<GeneChoice> {
    if list.is_empty() {
        return Err(TargetError::Empty.into());
    }
    let choice = MeasuredGenes::new(sections.iter().map(AsRef::as_ref)).choose(list);
    if choice.used.is_empty() {
        bail!(choice.nothing_left());
    }
    for note in choice.notes() {
        ctx.observer.note(&note);
    }
    Ok(choice)
}
