//! The gene list and the panels.

use std::collections::HashSet;

use crate::app::command::{GenesCommand, PanelForm};
use crate::app::explore::ExploreCommand;
use crate::app::genes::{parse_genes, typed_genes, with_genes};
use crate::app::notices::Severity;
use crate::app::state::App;
use crate::core::text::counted;
use crate::data::aliases;
use crate::data::gene_choice::{GeneChoice, WhyLeftOut};
use crate::data::panels::GenePanel;
use crate::data::project::{GeneOrigin, GeneSelection};
use crate::jobs::request::Request;

impl App {
    pub(super) fn apply_genes(&mut self, command: GenesCommand) {
        match command {
            GenesCommand::Edit(form) => self.forms.hvg = form,
            GenesCommand::Select => self.select_genes(self.keeps_list()),
            GenesCommand::Load(path) => {
                if let Some(open) = &self.open {
                    self.work.start(Request::LoadGenes { snapshot: open.snapshot(), path });
                }
            }
            GenesCommand::Save(path) => {
                if let Some(open) = &self.open {
                    let genes = open.genes().to_vec();
                    self.save_result(&path.clone(), Request::SaveGenes { path, genes });
                }
            }
            GenesCommand::Set(genes) => self.set_genes("Gene list", genes, GeneOrigin::Unknown),
            GenesCommand::Add(genes) => {
                let added = self.add_genes(&genes);
                self.tell_added(&added, &genes);
            }
            GenesCommand::AddTyped(text) => self.add_typed(&text),
            GenesCommand::AddAndRetrain(genes) => {
                if let [gene] = genes.as_slice() {
                    // What was asked for stays in view when the list and the section change.
                    self.explore.apply(ExploreCommand::SelectGene(gene.clone()));
                }
                self.add_and_retrain(&genes);
            }
            GenesCommand::UseOfRun(id) => self.use_genes_of_run(&id),
            GenesCommand::Remove(genes) => self.change_genes("Remove genes", |list| {
                list.iter().filter(|g| !genes.contains(g)).cloned().collect()
            }),
            GenesCommand::SavePanel(form) => self.save_panel(form),
            GenesCommand::DeletePanel(name) => {
                if let Some(open) = &mut self.open {
                    open.edit(&format!("Delete panel {name}"), None, |doc| {
                        doc.panels.retain(|p| p.name != name)
                    });
                }
            }
        }
    }

    /// Adds genes to the list; those that were not in it.
    pub(super) fn add_genes(&mut self, genes: &[String]) -> Vec<String> {
        let Some(open) = &self.open else { return Vec::new() };
        let genes = self.without_aliases(open.measured_genes().understood(genes));
        let new: Vec<String> = genes.iter().filter(|g| !open.genes().contains(g)).cloned().collect();
        if !new.is_empty() {
            self.change_genes("Add genes", |list| with_genes(list, &genes));
        }
        new
    }

    /// Adds what was typed or pasted. Names that no section measured are told and left out.
    fn add_typed(&mut self, text: &str) {
        let Some(open) = &self.open else { return };
        let measured = open.measured_genes();
        let typed = typed_genes(text, measured);
        // Before the first section is read, it is not known what is measured.
        let (known, unknown): (Vec<String>, Vec<String>) =
            typed.into_iter().partition(|g| measured.is_empty() || measured.meant(g).is_some());
        if !unknown.is_empty() {
            let text = format!("No match for {} in any section.", unknown.join(", "));
            self.notices.warn(text);
        }
        if !known.is_empty() {
            let added = self.add_genes(&known);
            self.tell_added(&added, &known);
        }
    }

    /// Says which of the genes `asked` for were added, and which of those training will leave out.
    fn tell_added(&mut self, added: &[String], asked: &[String]) {
        let Some(open) = &self.open else { return };
        let Some(first) = added.first() else {
            let text = match asked {
                [one] => format!("{one} is in the gene list already."),
                _ => "These genes are in the gene list already.".to_owned(),
            };
            self.notices.info(text);
            return;
        };
        let what = match (added.len(), asked) {
            (1, [typed]) if typed != first => format!("{first} ({typed})"),
            (1..=3, _) => added.join(", "),
            (n, _) => counted(n, "gene"),
        };
        let mut choice = open.gene_choice().clone();
        choice.left_out.retain(|l| added.contains(&l.gene));
        let text = format!("Added {what} to the gene list.");
        let Some(left_out) = left_out_sentence(&choice, added.len()) else {
            self.notices.done(text);
            return;
        };
        let details = choice
            .left_out_groups()
            .iter()
            .map(|(why, genes)| format!("{why}: {}", genes.join(", ")))
            .collect();
        self.notices.push(Severity::Info, format!("{text} {left_out}"), details, None);
    }

    /// Says how many genes a new list has, and which of them training will leave out.
    pub(super) fn tell_list(&mut self, count: usize) {
        let Some(choice) = self.open.as_ref().map(|o| o.gene_choice()) else { return };
        let text = format!("The gene list now holds {}.", counted(count, "gene"));
        match left_out_sentence(choice, count) {
            None => self.notices.done(text),
            Some(left_out) => {
                let details = choice.notes();
                self.notices.push(Severity::Info, format!("{text} {left_out}"), details, None);
            }
        }
    }

    fn use_genes_of_run(&mut self, id: &str) {
        let Some(run) = self.open.as_ref().and_then(|o| o.runs.find(id)) else { return };
        let genes = run.config.genes.clone();
        let text = format!("The gene list now holds the {} of {id}.", counted(genes.len(), "gene"));
        self.set_genes("Gene list", genes, GeneOrigin::from_list(format!("of {id}")));
        self.notices.done(text);
    }

    /// Without the genes that the list has under a former or the current symbol. Where a section measured both
    /// names, they are two genes.
    fn without_aliases(&self, mut genes: Vec<String>) -> Vec<String> {
        let Some(open) = &self.open else { return genes };
        let listed: HashSet<&str> = open.genes().iter().map(String::as_str).collect();
        let are_two = |a: &str, b: &str| open.ready().any(|s| s.gene(a).is_some() && s.gene(b).is_some());
        genes.retain(|gene| match aliases::found_as(gene, |name| listed.contains(name)) {
            Some(name) => name == gene || are_two(gene, name),
            None => true,
        });
        genes
    }

    fn change_genes(&mut self, what: &str, change: impl FnOnce(&[String]) -> Vec<String>) {
        let Some(open) = &self.open else { return };
        let next = change(open.genes());
        let how = open.doc().selection.as_ref().map(|s| s.how.clone()).unwrap_or_default().edited();
        self.set_genes(what, next, how);
    }

    /// Makes these the genes of the project.
    pub(super) fn set_genes(&mut self, what: &str, genes: Vec<String>, how: GeneOrigin) {
        if let Some(open) = &mut self.open {
            open.edit(what, None, |doc| {
                doc.selection = (!genes.is_empty()).then_some(GeneSelection { genes, how });
            });
        }
    }

    /// Whether the genes of the list stay when highly variable ones are selected: they do when the user put them
    /// there one by one, unless the form says otherwise.
    pub fn keeps_list(&self) -> bool {
        let selection = self.open.as_ref().and_then(|o| o.doc().selection.as_ref());
        self.forms.hvg.keep_list.unwrap_or(selection.is_some_and(|s| s.how == GeneOrigin::ByHand))
    }

    /// Selects highly variable genes as the form says, beside those of the list where that is kept.
    pub(super) fn select_genes(&mut self, keep_list: bool) {
        let Some(open) = &self.open else { return };
        let form = &self.forms.hvg;
        let listed = if keep_list { open.genes() } else { &[] };
        let panels = self.panels().into_iter().filter(|p| form.keep.contains(&p.name));
        let keep = panels.fold(listed.to_vec(), |all, p| with_genes(&all, &p.genes));
        let keep = with_genes(&keep, &typed_genes(&form.keep_genes, open.measured_genes()));
        self.work.start(Request::SelectGenes {
            snapshot: open.snapshot(),
            count: form.count,
            combine: form.combine,
            min_spots: form.min_percent / 100.0,
            keep,
        });
    }

    fn save_panel(&mut self, form: PanelForm) {
        let name = form.name.trim().to_owned();
        let Some(open) = &mut self.open else { return };
        // What is meant by a name can only be said of genes that are measured; others stay as they were typed.
        let genes = match open.measured_genes() {
            measured if measured.is_empty() => parse_genes(&form.genes),
            measured => measured.understood(&typed_genes(&form.genes, measured)),
        };
        if name.is_empty() || genes.is_empty() {
            self.notices.error("A panel needs a name and at least one gene.", Vec::new());
            return;
        }
        let panel = GenePanel::new(name.clone(), form.source.trim(), &genes);
        open.edit(&format!("Panel {name}"), None, |doc| {
            let at =
                doc.panels.iter().position(|p| Some(&p.name) == form.original.as_ref() || p.name == name);
            match at.and_then(|at| doc.panels.get_mut(at)) {
                Some(old) => *old = panel,
                None => doc.panels.push(panel),
            }
        });
        self.overlay = None;
    }

    /// Whether the list has `gene`, under its own name or another symbol of it.
    pub fn is_listed(&self, gene: &str) -> bool {
        let Some(open) = &self.open else { return false };
        aliases::found_as(gene, |name| open.genes().iter().any(|g| g == name)).is_some()
    }
}

/// How many of `all` genes training leaves out, and why where that is one reason; `None` where it uses all.
fn left_out_sentence(choice: &GeneChoice, all: usize) -> Option<String> {
    let left_out = &choice.left_out;
    let n = left_out.len();
    let (which, it, was) = match n {
        0 => return None,
        1 if all == 1 => ("it".to_owned(), "it", "was"),
        1 => ("1 of them".to_owned(), "it", "was"),
        _ => (format!("{n} of them"), "they", "were"),
    };
    let repeated = left_out.iter().filter(|l| matches!(l.why, WhyLeftOut::SameAs(_))).count();
    let why = match repeated {
        0 => format!(", as {it} {was} not measured in every section"),
        repeated if repeated == n => ", as the list has the same gene under another name".to_owned(),
        _ => String::new(),
    };
    Some(format!("Training leaves {which} out{why}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::gene_choice::LeftOut;

    #[test]
    fn what_is_left_out_is_said_with_its_reason() {
        let missing = || WhyLeftOut::NotMeasured(vec!["C2".into()]);
        let same = || WhyLeftOut::SameAs("ERBB2".into());
        let said = |reasons: Vec<WhyLeftOut>, all| {
            let left_out = |why| LeftOut { gene: "X".into(), means: None, why };
            let left_out = reasons.into_iter().map(left_out).collect();
            left_out_sentence(&GeneChoice { left_out, ..GeneChoice::default() }, all)
        };
        assert_eq!(said(vec![], 3), None);
        for (reasons, all, expected) in [
            (vec![missing()], 1, "Training leaves it out, as it was not measured in every section."),
            (vec![missing()], 3, "Training leaves 1 of them out, as it was not measured in every section."),
            (
                vec![missing(), missing()],
                3,
                "Training leaves 2 of them out, as they were not measured in every section.",
            ),
            (
                vec![same()],
                3,
                "Training leaves 1 of them out, as the list has the same gene under another name.",
            ),
            (vec![same(), missing()], 3, "Training leaves 2 of them out."),
        ] {
            assert_eq!(said(reasons, all).as_deref(), Some(expected));
        }
    }
}
