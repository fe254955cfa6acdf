//! Which of the five steps can be taken, and why not.

use super::command::Step;
use super::project::{Open, SectionState};

/// A step as the top bar shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepState {
    /// Why it cannot be taken yet, in one sentence; `None` when it can.
    pub blocked: Option<String>,
    /// Whether its work is done.
    pub done: bool,
}

/// The state of `step` with this project, or with none.
pub fn step_state(step: Step, open: Option<&Open>) -> StepState {
    let Some(open) = open else {
        return StepState { blocked: Some("Open a project or the demo first.".to_owned()), done: false };
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
            open.doc().sections.is_empty().then(|| "Add a section on the Data page first.".to_owned())
        }
        Step::Evaluate => needs_measured(open, 2).or_else(|| needs_genes(open)),
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
fn needs_measured(open: &Open, least: usize) -> Option<String> {
    let total = open.doc().sections.len();
    if open.ready().count() >= least {
        return None;
    }
    Some(if total < least {
        match least {
            1 => "Add a section on the Data page first.".to_owned(),
            _ => format!("This needs at least {least} sections; there {}.", count(total)),
        }
    } else if open.is_loading() {
        "The sections are still being read.".to_owned()
    } else {
        let broken = open.sections().filter(|s| !matches!(s.state, SectionState::Ready(_))).count();
        format!("{broken} of {total} sections could not be read; see the Data page.")
    })
}

fn count(n: usize) -> String {
    match n {
        0 => "are none".to_owned(),
        1 => "is one".to_owned(),
        n => format!("are {n}"),
    }
}

fn needs_genes(open: &Open) -> Option<String> {
    open.genes().is_empty().then(|| "Choose genes on the Data page first.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::project::tests::open;

    #[test]
    fn blocked_steps_say_why() {
        assert!(step_state(Step::Data, None).blocked.is_some());
        let empty = open(&[]);
        assert_eq!(step_state(Step::Data, Some(&empty)).blocked, None);
        let train = step_state(Step::Train, Some(&empty));
        assert_eq!(train.blocked.as_deref(), Some("Add a section on the Data page first."));
        let evaluate = step_state(Step::Evaluate, Some(&open(&["C2"])));
        assert_eq!(evaluate.blocked.as_deref(), Some("This needs at least 2 sections; there is one."));
        let loading = step_state(Step::Evaluate, Some(&open(&["C2", "C3"])));
        assert_eq!(loading.blocked.as_deref(), Some("The sections are still being read."));
    }
}
