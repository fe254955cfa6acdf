//! What a training or a cross-validation will do, told before it is started.

use std::sync::Arc;

use crate::app::project::OpenProject;
use crate::data::section::Section;
use crate::evaluate::report::Split;
use crate::evaluate::splits::{Fold, Judge, SectionRef, folds, holding_out};

/// One model: what it learns from and what it is tested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFold {
    /// Sections it never sees.
    pub test: Vec<String>,
    /// Sections it learns from.
    pub train: Vec<String>,
    /// What decides when to stop and how to blend: one of those, as a rule.
    pub validation: String,
    /// Spots it learns from.
    pub train_spots: usize,
    /// Spots it is tested on.
    pub test_spots: usize,
}

/// The whole plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they are trained.
    pub folds: Vec<PlannedFold>,
    /// Genes to predict: those that every section measured.
    pub genes: usize,
}

impl Plan {
    /// Training one model without the sections called `test`. `None` when nothing is left to train on.
    pub fn of_training(open: &OpenProject, test: &[String]) -> Option<Self> {
        let fold = holding_out(&refs(open), test)?;
        Some(Self::new(open, &[fold]))
    }

    /// A cross-validation. `None` when the sections cannot be split this way.
    pub fn of_cross_validation(open: &OpenProject, split: Split) -> Option<Self> {
        let folds = folds(&refs(open), split).ok()?.folds;
        Some(Self::new(open, &folds))
    }

    /// Spots that all models learn from, added up.
    pub fn training_spots(&self) -> usize {
        self.folds.iter().map(|f| f.train_spots).sum()
    }

    fn new(open: &OpenProject, folds: &[Fold]) -> Self {
        let sections: Vec<_> = open.taking_part().collect();
        let names = |at: &[usize]| -> Vec<String> {
            at.iter().filter_map(|&s| Some(sections.get(s)?.name.clone())).collect()
        };
        let spots = |at: &[usize]| at.iter().filter_map(|&s| Some(sections.get(s)?.spots.len())).sum();
        let planned = |fold: &Fold| PlannedFold {
            test: names(&fold.test),
            train: names(&fold.train),
            validation: match &fold.judge {
                Judge::Sections(of) => names(of).join(", "),
                Judge::Part(of) => format!("a quarter of {}", names(&[*of]).join("")),
                Judge::Nothing => "default settings".to_owned(),
            },
            train_spots: spots(&fold.train),
            test_spots: spots(&fold.test),
        };
        Self { folds: folds.iter().map(planned).collect(), genes: open.gene_choice().used.len() }
    }
}

fn refs(open: &OpenProject) -> Vec<SectionRef> {
    let of = |s: &Arc<Section>| SectionRef {
        name: s.name.clone(),
        patient: s.patient.clone(),
        spots: s.spots.len(),
    };
    open.taking_part().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::project::tests::ready;

    #[test]
    fn every_section_is_tested_once_and_never_trained_on_then() {
        let open = ready(&["A1", "B1", "B2"]);
        let plan = Plan::of_cross_validation(&open, Split::Patient).unwrap();
        let tests: Vec<_> = plan.folds.iter().map(|f| f.test.join("+")).collect();
        assert_eq!(tests, ["A1", "B1+B2"]);
        assert_eq!((plan.folds[0].train_spots, plan.folds[1].test_spots), (39, 39));
        assert!(plan.folds.iter().all(|f| f.test.iter().all(|t| !f.train.contains(t))));
        assert_eq!(plan.training_spots(), 59);
    }

    #[test]
    fn a_training_without_sections_has_no_plan() {
        let open = ready(&["A1"]);
        assert!(Plan::of_training(&open, &["A1".to_owned()]).is_none());
        assert_eq!(Plan::of_training(&open, &[]).unwrap().folds[0].train, ["A1"]);
    }
}
