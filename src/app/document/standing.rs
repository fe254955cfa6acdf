//! How independent the prediction of a section is of what its run was trained on.

use crate::data::project::SectionEntry;
use crate::evaluate::report::Split;
use crate::jobs::run_store::{RunConfig, RunKind};

/// What the prediction of a section by a run can be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The section was held out, and nothing of its patient was seen in training, as far as patients are known.
    Independent,
    /// The section was held out, but other sections of its patient were seen in training.
    SamePatient,
    /// The section was seen in training.
    Trained,
    /// The section took no part in the run.
    Unseen,
}

impl Standing {
    /// The standing of `section`; `sections` are all those of the project.
    pub fn new(run: &RunConfig, section: &SectionEntry, sections: &[SectionEntry]) -> Self {
        if run.trained_on(section) {
            return Self::Trained;
        }
        let by_patient = matches!(run.kind, RunKind::CrossValidation { split: Split::Patient });
        let in_training = |other: &SectionEntry| match run.kind {
            RunKind::Model { .. } => run.trained_on(other),
            RunKind::CrossValidation { .. } => !by_patient && run.held_out(other),
        };
        let is_relative =
            |other: &&SectionEntry| other.name != section.name && other.patient == section.patient;
        let same_patient = section.patient.is_some() && sections.iter().filter(is_relative).any(in_training);
        match (run.held_out(section), same_patient) {
            (_, true) => Self::SamePatient,
            (true, false) => Self::Independent,
            (false, false) => Self::Unseen,
        }
    }

    /// One sentence about `section`, without a full stop.
    pub fn text(self, section: &SectionEntry) -> String {
        let name = &section.name;
        let patient = section.patient.as_deref().unwrap_or_default();
        match self {
            Self::Independent if section.patient.is_none() => format!(
                "{name} was held out from training; its patient is not known, so other sections of the same patient may have been seen"
            ),
            Self::Independent => format!("{name} was held out from training, so this is an independent test"),
            Self::SamePatient => format!(
                "{name} was not seen in training, but other sections of patient {patient} were: expect less for a new patient"
            ),
            Self::Trained => {
                format!("{name} was seen in training, so its prediction looks better than it is")
            }
            Self::Unseen => format!("{name} was not part of this run, so the model has not seen it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::target::Target;
    use crate::jobs::fit::recipe::Recipe;
    use crate::jobs::run_store::RUN_VERSION;

    fn run(kind: RunKind, sections: &[&str]) -> RunConfig {
        RunConfig {
            version: RUN_VERSION,
            program: String::new(),
            started: String::new(),
            kind,
            sections: sections.iter().map(|&s| s.to_owned()).collect(),
            genes: Vec::new(),
            target: Target::Published,
            normalised: Vec::new(),
            encoder: String::new(),
            weights: None,
            device: String::new(),
            recipe: Recipe::default(),
        }
    }

    #[test]
    fn sections_of_a_patient_seen_in_training_are_no_independent_test() {
        let entry = |name: &str, patient: Option<&str>| SectionEntry {
            name: name.into(),
            patient: patient.map(str::to_owned),
            ..Default::default()
        };
        let all = [entry("C2", Some("C")), entry("C3", Some("C")), entry("D1", Some("D")), entry("E1", None)];
        let of = |run: &RunConfig| all.each_ref().map(|s| Standing::new(run, s, &all));
        use Standing::{Independent, SamePatient, Trained, Unseen};

        let model = run(RunKind::Model { test: vec!["C3".into(), "D1".into()] }, &["C2", "C3", "D1"]);
        assert_eq!(of(&model), [Trained, SamePatient, Independent, Unseen]);
        let by_section = run(RunKind::CrossValidation { split: Split::Section }, &["C2", "C3", "D1", "E1"]);
        assert_eq!(of(&by_section), [SamePatient, SamePatient, Independent, Independent]);
        let by_patient = run(RunKind::CrossValidation { split: Split::Patient }, &["C2", "C3", "D1", "E1"]);
        assert_eq!(of(&by_patient), [Independent; 4]);
        let of_another = run(RunKind::Model { test: Vec::new() }, &["C2"]);
        assert_eq!(of(&of_another), [Trained, SamePatient, Unseen, Unseen]);
    }
}
