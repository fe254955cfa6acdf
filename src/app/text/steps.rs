//! Which of the five steps can be taken, and why not.

use crate::app::command::Step;
use crate::app::project::{OpenProject, SectionState, SectionView};

/// Why a step cannot be taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// What is missing, in one sentence.
    pub why: String,
    /// The step at which it can be solved; `None` where there is nothing to do but wait, or to open a project.
    pub solved_at: Option<Step>,
}

impl Blocked {
    fn at(step: Step, why: impl Into<String>) -> Self {
        Self { why: why.into(), solved_at: Some(step) }
    }
}

/// A step as the top bar shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepState {
    /// Why it cannot be taken yet; `None` when it can.
    pub blocked: Option<Blocked>,
    /// Whether its work is done.
    pub done: bool,
}

/// The state of `step` with this project, or with none.
pub fn step_state(step: Step, open: Option<&OpenProject>) -> StepState {
    let Some(open) = open else {
        let why = "Open a project or the demo first.".to_owned();
        return StepState { blocked: Some(Blocked { why, solved_at: None }), done: false };
    };
    // What earlier runs have left can be looked at whatever is missing for another one.
    let to_see = match step {
        Step::Train => open.runs.models().next().is_some(),
        Step::Evaluate => open.runs.cross_validations().next().is_some(),
        Step::Data | Step::Explore | Step::Export => false,
    };
    let blocked = match step {
        _ if to_see => None,
        Step::Data => None,
        Step::Train => needs_measured(open, 1).or_else(|| needs_genes(open)),
        Step::Explore => {
            let none = open.doc().sections.is_empty();
            none.then(|| Blocked::at(Step::Data, "Add a section on the Data page first."))
        }
        Step::Evaluate => needs_measured(open, 2).or_else(|| needs_genes(open)),
        Step::Export if open.viewable().next().is_some() => None,
        Step::Export => needs_measured(open, 1),
    };
    let done = match step {
        Step::Data => needs_measured(open, 1).is_none() && needs_genes(open).is_none(),
        Step::Train | Step::Evaluate => to_see,
        Step::Explore | Step::Export => false,
    };
    StepState { blocked, done }
}

/// Why there are fewer than `least` sections with counts.
fn needs_measured(open: &OpenProject, least: usize) -> Option<Blocked> {
    let total = open.doc().sections.iter().filter(|s| s.is_measured()).count();
    if open.taking_part().count() >= least {
        return None;
    }
    Some(if total < least {
        let why = match (total, least) {
            // There are slides, on which nothing was measured.
            (0, _) if !open.doc().sections.is_empty() => {
                "Predicting a slide needs a model trained on sections with counts. Add such a section on the Data page."
                    .to_owned()
            }
            (_, 1) => "Add a section on the Data page first.".to_owned(),
            (0, _) => {
                format!("Cross-validation needs at least {least} sections. Add sections on the Data page.")
            }
            (_, _) => format!(
                "Cross-validation needs at least {least} sections, and this project has {total}. Add another section on \
                 the Data page."
            ),
        };
        Blocked::at(Step::Data, why)
    } else if open.is_loading() {
        Blocked { why: "The sections are still being read.".to_owned(), solved_at: None }
    } else {
        let is_broken = |s: &SectionView| s.entry.is_measured() && !matches!(s.state, SectionState::Ready(_));
        let broken = open.sections().filter(is_broken).count();
        let why = match broken {
            0 if open.ready().count() >= least => format!(
                "Only {} of the {total} sections can be trained on: the values of the others are of another kind, or they \
                 have no counts. Add sections with counts on the Data page.",
                open.taking_part().count()
            ),
            // They were read, and have no image to learn from.
            0 => "Training needs slide images, and sections of this project have none. Choose them on the Data page."
                .to_owned(),
            _ => format!(
                "{broken} of {total} sections could not be read. The Data page says why for each of them."
            ),
        };
        Blocked::at(Step::Data, why)
    })
}

fn needs_genes(open: &OpenProject) -> Option<Blocked> {
    open.genes()
        .is_empty()
        .then(|| Blocked::at(Step::Data, "There is no gene list yet. Choose genes on the Data page."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::project::key;
    use crate::app::project::tests::{open, ready};
    use crate::data::project::{Project, SectionEntry};
    use crate::data::section::Section;
    use crate::data::slide::place;
    use crate::jobs::outcome::ReadSection;
    use std::sync::Arc;

    #[test]
    fn blocked_steps_say_why_and_where_it_is_solved() {
        assert_eq!(step_state(Step::Data, None).blocked.unwrap().solved_at, None);
        let empty = open(&[]);
        assert_eq!(step_state(Step::Data, Some(&empty)).blocked, None);
        let train = step_state(Step::Train, Some(&empty)).blocked.unwrap();
        assert_eq!(train.why, "Add a section on the Data page first.");
        assert_eq!(train.solved_at, Some(Step::Data));
        let evaluate = step_state(Step::Evaluate, Some(&open(&["C2"]))).blocked.unwrap();
        assert!(evaluate.why.contains("at least 2 sections, and this project has 1."), "{}", evaluate.why);
        assert_eq!(evaluate.solved_at, Some(Step::Data));
        let mut doc = Project::new();
        doc.sections = vec![SectionEntry::slide("a", "a.svs".into(), Some(0.5))];
        let slides = OpenProject::new("p.hiscmcl".into(), doc, Vec::new(), false);
        let train = step_state(Step::Train, Some(&slides)).blocked.unwrap();
        assert!(train.why.contains("a model trained on sections with counts"), "{}", train.why);
        let mut without_image = ready(&["A", "B"]);
        for entry in without_image.doc().sections.clone() {
            let state = without_image.section(&entry.name).and_then(|s| s.ready().map(Arc::clone));
            let section = Section { slide: place::blank((900, 900)), ..state.as_deref().cloned().unwrap() };
            let read = ReadSection { section: Arc::new(section), umis: 3.0 };
            without_image.set_state(key(&entry), SectionState::Ready(read));
        }
        let train = step_state(Step::Train, Some(&without_image)).blocked.unwrap();
        assert!(train.why.starts_with("Training needs slide images"), "{}", train.why);
        let loading = step_state(Step::Evaluate, Some(&open(&["C2", "C3"]))).blocked.unwrap();
        assert_eq!((loading.why.as_str(), loading.solved_at), ("The sections are still being read.", None));
    }
}
