//! Which sections a model is tested on, fitted on, and stopped by.

use crate::evaluate::report::Split;

/// What the splits need to know of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionRef {
    /// Unique in the project.
    pub name: String,
    /// The donor, where known.
    pub patient: Option<String>,
}

/// One part of a cross-validation, as indices of the sections given to [`folds`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The test section's name, or the test patient's.
    pub name: String,
    /// Held out. Several with [`Split::Patient`], one with [`Split::Section`].
    pub test: Vec<usize>,
    /// All others; `validation` is among them.
    pub train: Vec<usize>,
    /// The training section that stops training and chooses the blend; `None` when there is only one
    /// training section.
    pub validation: Option<usize>,
}

impl Fold {
    /// The training sections without the one for validation.
    pub fn fit(&self) -> Vec<usize> {
        self.train.iter().copied().filter(|&s| Some(s) != self.validation).collect()
    }
}

/// All parts of a cross-validation and what its reader must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// In the order of the sections.
    pub folds: Vec<Fold>,
    /// Full sentences.
    pub warnings: Vec<String>,
}

/// The sections cannot be split this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Nothing is left to train on.
    #[error("Leaving one section out needs at least two sections; this project has {0}")]
    Sections(usize),
    /// Nothing is left to train on.
    #[error(
        "Leaving one patient out needs sections of at least two patients; all sections here are of one. \
         Add a section of another patient, or leave one section out"
    )]
    Patients,
}

/// The folds of a cross-validation over `sections`. With [`Split::Patient`] each section whose patient is
/// unknown counts as a patient of its own.
///
/// # Errors
/// [`SplitError`] when there are fewer than two sections, or patients.
pub fn folds(sections: &[SectionRef], split: Split) -> Result<Folds, SplitError> {
    if sections.len() < 2 {
        return Err(SplitError::Sections(sections.len()));
    }
    let groups: Vec<Vec<usize>> = match split {
        Split::Section => (0..sections.len()).map(|s| vec![s]).collect(),
        Split::Patient => by_patient(sections),
    };
    if groups.len() < 2 {
        return Err(SplitError::Patients);
    }
    let folds = groups.into_iter().map(|test| {
        let train: Vec<usize> = (0..sections.len()).filter(|s| !test.contains(s)).collect();
        let validation = validation_section(sections, &test, &train, split);
        let first = test.first().map(|&s| &sections[s]);
        let name = match (split, first) {
            (Split::Patient, Some(SectionRef { patient: Some(patient), .. })) => patient.clone(),
            (_, section) => section.map(|s| s.name.clone()).unwrap_or_default(),
        };
        Fold { name, test, train, validation }
    });
    Ok(Folds { folds: folds.collect(), warnings: warnings(sections, split) })
}

/// The fold of one run that tests on the named sections and trains on the others, validation chosen as
/// in [`Split::Section`]. `None` when a name is unknown or nothing is left to train on.
pub fn holding_out(sections: &[SectionRef], test: &[String]) -> Option<Fold> {
    let test: Vec<usize> =
        test.iter().map(|name| sections.iter().position(|s| &s.name == name)).collect::<Option<_>>()?;
    let train: Vec<usize> = (0..sections.len()).filter(|s| !test.contains(s)).collect();
    if train.is_empty() {
        return None;
    }
    let validation = validation_section(sections, &test, &train, Split::Section);
    let name = test.iter().map(|&s| sections[s].name.as_str()).collect::<Vec<_>>().join(", ");
    Some(Fold { name, test, train, validation })
}

fn by_patient(sections: &[SectionRef]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (s, section) in sections.iter().enumerate() {
        let same = |g: &&mut Vec<usize>| {
            section.patient.is_some() && g.first().is_some_and(|&f| sections[f].patient == section.patient)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(s),
            None => groups.push(vec![s]),
        }
    }
    groups
}

/// The next training section after the last test section, in order and around the end, so that over the
/// folds each section validates about once. With [`Split::Patient`], sections that are the only one of
/// their patient among the training sections come first, since they stand for a new patient as the test
/// section does; a patient's other sections would be fitted on.
fn validation_section(
    sections: &[SectionRef],
    test: &[usize],
    train: &[usize],
    split: Split,
) -> Option<usize> {
    if train.len() < 2 {
        return None;
    }
    let start = test.iter().max().map_or(0, |last| last + 1);
    let around: Vec<usize> =
        (0..sections.len()).map(|i| (start + i) % sections.len()).filter(|s| train.contains(s)).collect();
    let alone = |s: &usize| {
        let patient = &sections[*s].patient;
        patient.is_none() || train.iter().filter(|&&t| sections[t].patient == *patient).count() == 1
    };
    let preferred = match split {
        Split::Patient => around.iter().find(|s| alone(s)),
        Split::Section => None,
    };
    preferred.or(around.first()).copied()
}

fn warnings(sections: &[SectionRef], split: Split) -> Vec<String> {
    let mut out = Vec::new();
    let unknown = sections.iter().filter(|s| s.patient.is_none()).count();
    match split {
        Split::Section => {
            let mut repeated: Vec<&str> = sections
                .iter()
                .enumerate()
                .filter(|(i, s)| s.patient.is_some() && sections[..*i].iter().any(|o| o.patient == s.patient))
                .filter_map(|(_, s)| s.patient.as_deref())
                .collect();
            repeated.sort_unstable();
            repeated.dedup();
            if !repeated.is_empty() {
                let (word, names) =
                    (if repeated.len() == 1 { "patient" } else { "patients" }, repeated.join(", "));
                let mut patients: Vec<&Option<String>> = sections.iter().map(|s| &s.patient).collect();
                patients.sort_unstable();
                patients.dedup();
                // Only advice that can be followed here.
                let advice = if patients.len() < 2 {
                    "Add sections of another patient for an honest estimate."
                } else if unknown > 0 {
                    "Enter the patient of every section, then leave one patient out for an honest estimate."
                } else {
                    "Leave one patient out for an honest estimate."
                };
                out.push(format!(
                    "Sections of {word} {names} are on both sides of the split, so these scores are higher \
                     than a new patient would get. {advice}"
                ));
            }
            if unknown > 0 {
                out.push(format!(
                    "The patient of {} is not known; if sections share a patient, these scores are higher \
                     than a new patient would get.",
                    count_of_sections(unknown)
                ));
            }
        }
        Split::Patient if unknown > 0 => out.push(format!(
            "The patient of {} is not known; each counts as a patient of its own. Enter the patients if \
             some are the same.",
            count_of_sections(unknown)
        )),
        Split::Patient => {}
    }
    out
}

fn count_of_sections(n: usize) -> String {
    if n == 1 { "1 section".to_owned() } else { format!("{n} sections") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(of: &[(&str, &str)]) -> Vec<SectionRef> {
        of.iter()
            .map(|(name, patient)| SectionRef {
                name: (*name).to_owned(),
                patient: (!patient.is_empty()).then(|| (*patient).to_owned()),
            })
            .collect()
    }

    #[test]
    fn one_section_out() {
        let s = sections(&[("C2", "C"), ("C3", "C"), ("C4", "C")]);
        let f = folds(&s, Split::Section).unwrap();
        assert_eq!(f.folds.len(), 3);
        let first = &f.folds[0];
        assert_eq!((first.name.as_str(), &first.test[..], &first.train[..]), ("C2", &[0][..], &[1, 2][..]));
        assert_eq!(f.folds.iter().map(|f| f.validation).collect::<Vec<_>>(), [Some(1), Some(2), Some(0)]);
        assert_eq!(first.fit(), [2]);
        assert!(f.warnings[0].starts_with("Sections of patient C are on both sides"), "{:?}", f.warnings);
        let apart = folds(&sections(&[("A1", "A"), ("B1", "B")]), Split::Section).unwrap();
        assert!(apart.warnings.is_empty());
        assert_eq!(apart.folds[0].validation, None, "one training section cannot validate itself");
    }

    #[test]
    fn one_patient_out() {
        let s = sections(&[("A1", "A"), ("C2", "C"), ("C3", "C"), ("D1", "D")]);
        let f = folds(&s, Split::Patient).unwrap();
        let names: Vec<&str> = f.folds.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["A", "C", "D"]);
        assert_eq!((&f.folds[1].test[..], &f.folds[1].train[..]), (&[1, 2][..], &[0, 3][..]));
        // Testing on A, D1 validates rather than C2, whose patient would be fitted on.
        assert_eq!(f.folds.iter().map(|f| f.validation).collect::<Vec<_>>(), [Some(3), Some(3), Some(0)]);
        assert!(f.warnings.is_empty());
    }

    #[test]
    fn unknown_patients_stand_alone() {
        let s = sections(&[("x", ""), ("y", ""), ("C2", "C")]);
        let f = folds(&s, Split::Patient).unwrap();
        assert_eq!(f.folds.len(), 3);
        assert_eq!(f.folds[0].name, "x");
        assert!(f.warnings[0].starts_with("The patient of 2 sections is not known; each counts"));
        assert_eq!(folds(&s, Split::Section).unwrap().warnings.len(), 1);
    }

    #[test]
    fn too_few_are_refused() {
        assert_eq!(folds(&sections(&[("A", "")]), Split::Section), Err(SplitError::Sections(1)));
        assert_eq!(folds(&sections(&[("A", "P"), ("B", "P")]), Split::Patient), Err(SplitError::Patients));
    }

    #[test]
    fn holding_out_named_sections() {
        let s = sections(&[("C2", "C"), ("C3", "C"), ("C4", "C")]);
        let f = holding_out(&s, &["C4".to_owned()]).unwrap();
        assert_eq!((f.test, f.train, f.validation), (vec![2], vec![0, 1], Some(0)));
        assert_eq!(holding_out(&s, &["X".to_owned()]), None);
        let all: Vec<String> = s.iter().map(|s| s.name.clone()).collect();
        assert_eq!(holding_out(&s, &all), None);
    }
}
