//! "Add and retrain": a gene that the model does not predict is added, and a model that has it is trained.

use std::collections::HashSet;

use crate::app::genes::with_genes;
use crate::app::project::OpenProject;
use crate::app::state::App;
use crate::data::project::GeneOrigin;
use crate::jobs::encoders::choice_of;
use crate::jobs::fit::FitRequest;
use crate::jobs::request::Request;
use crate::jobs::run_store::{RunInfo, RunKind};

/// A list of fewer genes is too short for the published target, which divides by the sum over the list.
pub const FEW_GENES: usize = 20;

impl App {
    /// The run whose predictions the Explore page shows.
    pub fn shown_run(&self) -> Option<&RunInfo> {
        let open = self.open.as_ref()?;
        let section = open.section(self.explore.section_name()?)?;
        open.runs.for_maps(section.entry)
    }

    pub(super) fn add_and_retrain(&mut self, genes: &[String]) {
        let Some(open) = &self.open else { return };
        let genes = open.measured_genes().understood(genes);
        let run = self.shown_run().cloned();
        let takes_part = |name: &str| {
            let entry = open.section(name).map(|s| s.entry);
            run.as_ref().is_none_or(|run| {
                entry.is_some_and(|entry| run.config.sections.iter().any(|s| entry.matches_name(s)))
            })
        };
        let lacking: Vec<String> =
            genes.iter().filter_map(|gene| cannot_learn(open, gene, takes_part)).collect();
        if !lacking.is_empty() {
            self.notices.warn(lacking.join(" "));
            return;
        }
        if self.is_training() {
            let added = self.add_genes(&genes);
            if added.is_empty() {
                self.notices.info("A model is being trained. Retrain once it is finished.");
            } else {
                let text = format!(
                    "Added {} to the gene list. A model is being trained; retrain once it is finished.",
                    added.join(", ")
                );
                self.notices.info(text);
            }
            return;
        }
        match run {
            Some(run) => self.retrain(&run, &genes),
            None => self.train_with(&genes),
        }
    }

    /// Trains as `run` was trained, with more genes.
    fn retrain(&mut self, run: &RunInfo, genes: &[String]) {
        let Some(open) = &self.open else { return };
        let list = if open.genes().is_empty() { &run.config.genes } else { open.genes() };
        let list = with_genes(list, genes);
        let how = match &open.doc().selection {
            None => GeneOrigin::from_list(format!("of {}", run.id)).edited(),
            Some(selection) => selection.how.clone().edited(),
        };
        let Some((fit, kind)) = self.fit_like(open, run, genes) else {
            self.train_with(genes);
            return;
        };
        let snapshot = open.snapshot();
        let name = open.runs.free_name(match &kind {
            RunKind::Model { .. } => "run",
            RunKind::CrossValidation { .. } => "cross-validation",
        });
        self.set_genes("Add genes", list, how);
        let also: Vec<&str> =
            fit.genes.iter().filter(|g| !run.config.genes.contains(g)).map(String::as_str).collect();
        let text = format!("Training {name} with {}, with the settings of {}.", also.join(", "), run.id);
        let run = name.clone();
        let began = match kind {
            RunKind::Model { test } => self.begin(Request::Train { snapshot, run, fit, test }, name, false),
            RunKind::CrossValidation { split } => {
                self.begin(Request::Evaluate { snapshot, run, fit, split }, name, true)
            }
        };
        if began {
            self.notices.info(text);
        }
    }

    /// The request of a run like `run` with more genes, on those of its sections that are there; `None` where too few
    /// are left.
    fn fit_like(&self, open: &OpenProject, run: &RunInfo, genes: &[String]) -> Option<(FitRequest, RunKind)> {
        let here = |name: &String| open.section(name).and_then(|s| s.ready()).map(|s| s.name.clone());
        let config = &run.config;
        let sections: Vec<String> = config.sections.iter().filter_map(here).collect();
        let kind = match &config.kind {
            RunKind::Model { test } => {
                let test: Vec<String> = test.iter().filter_map(here).collect();
                if sections.iter().all(|s| test.contains(s)) {
                    return None;
                }
                RunKind::Model { test }
            }
            RunKind::CrossValidation { split } => {
                if sections.len() < 2 {
                    return None;
                }
                RunKind::CrossValidation { split: *split }
            }
        };
        let fit = FitRequest {
            genes: with_genes(&with_genes(&config.genes, &added_since(open, &config.genes)), genes),
            target: config.target,
            sections,
            encoder: choice_of(&config.encoder, config.weights.as_deref()),
            device: self.forms.train.device,
            recipe: config.recipe.clone(),
        };
        Some((fit, kind))
    }

    /// Trains as the Train page says, with more genes. Where there is no gene list to speak of, highly variable genes are
    /// selected first: one gene alone is not enough to learn from.
    fn train_with(&mut self, genes: &[String]) {
        self.add_genes(genes);
        let Some(open) = &self.open else { return };
        if open.gene_choice().used.len() < FEW_GENES {
            self.train_after_selection = true;
            self.select_genes(true);
            let text = format!(
                "Selecting highly variable genes to train on together with {}; then the training starts.",
                genes.join(", ")
            );
            self.notices.info(text);
            return;
        }
        self.train();
    }

    /// Starts the training that waited for a selection of genes.
    pub(super) fn go_on_after_selection(&mut self, selected: bool) {
        if std::mem::take(&mut self.train_after_selection) && selected {
            self.train();
        }
    }
}

/// Genes that can be trained on and were added to the gene list since a run was made on `known`; none where the list has
/// become another one.
fn added_since(open: &OpenProject, known: &[String]) -> Vec<String> {
    let list: HashSet<&str> = open.genes().iter().map(String::as_str).collect();
    if !known.iter().all(|g| list.contains(g.as_str())) {
        return Vec::new();
    }
    open.gene_choice().used.iter().filter(|g| !known.contains(g)).cloned().collect()
}

/// Why no model of the sections that take part can learn `gene`, in a sentence; `None` when one can.
fn cannot_learn(open: &OpenProject, gene: &str, takes_part: impl Fn(&str) -> bool) -> Option<String> {
    let mut missing = open.measured_genes().missing_in(gene);
    let nowhere = missing.len() == open.ready().count();
    missing.retain(|name| takes_part(name));
    if missing.is_empty() {
        return None;
    }
    Some(if nowhere {
        format!("{gene} was not measured in any section, so no model can learn it.")
    } else {
        format!(
            "{gene} was not measured in {}, so a model of these sections cannot learn it. Its measured maps are shown \
             where it was measured.",
            missing.join(", ")
        )
    })
}
