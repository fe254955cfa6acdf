//! Which sections a model is tested on, fitted on, and stopped by.

use std::collections::HashSet;

use crate::core::same_name::folded;
use crate::core::text::counted;
use crate::evaluate::report::Split;

/// What the splits need to know of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionRef {
    /// Unique in the project.
    pub name: String,
    /// The donor, where known.
    pub patient: Option<String>,
    /// How many spots it has.
    pub spots: usize,
}

/// The fewest spots of a section that can choose the number of epochs and the blend: a correlation over fewer is
/// off by 0.2 and more by chance alone.
pub const MIN_SPOTS_TO_JUDGE: usize = 30;

/// Models are not trained on fewer spots, so a fold that leaves fewer is left out.
const MIN_SPOTS_TO_TRAIN: usize = 16;

/// Validation may leave this many spots to train on, however many it takes itself.
const ENOUGH_SPOTS_TO_TRAIN: usize = 100;

/// A section of which a part is held back has at least this many spots; a quarter of them chooses.
pub const MIN_SPOTS_TO_DIVIDE: usize = 32;

/// What chooses the number of epochs and the blend of a model. Never a test section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judge {
    /// Training sections, by index; almost always one.
    Sections(Vec<usize>),
    /// A part in space of one training section, as no section can be spared as a whole.
    Part(usize),
    /// Nothing: there are too few spots, so defaults are used.
    Nothing,
}

/// One part of a cross-validation, as indices of the sections given to [`folds`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The test section's name, or the test patient's.
    pub name: String,
    /// Held out. Several with [`Split::Patient`], one with [`Split::Section`].
    pub test: Vec<usize>,
    /// All others; those of `judge` are among them.
    pub train: Vec<usize>,
    /// What stops training and chooses the blend.
    pub judge: Judge,
}

impl Fold {
    /// The training sections that are validated on as a whole.
    pub fn validation(&self) -> &[usize] {
        match &self.judge {
            Judge::Sections(sections) => sections,
            Judge::Part(_) | Judge::Nothing => &[],
        }
    }

    /// The training sections without those for validation.
    pub fn fit(&self) -> Vec<usize> {
        self.train.iter().copied().filter(|s| !self.validation().contains(s)).collect()
    }

    /// Training sections of these that have too few spots to be validated on, in one sentence. `None` when there
    /// are none.
    pub fn note(&self, sections: &[SectionRef]) -> Option<String> {
        const SHOWN: usize = 6;
        if self.judge == Judge::Nothing {
            return None;
        }
        let tiny: Vec<&SectionRef> = self
            .train
            .iter()
            .filter(|s| !self.validation().contains(s))
            .filter_map(|&s| sections.get(s))
            .filter(|s| s.spots < MIN_SPOTS_TO_JUDGE)
            .collect();
        let named = |s: &&SectionRef| format!("{} ({})", s.name, counted(s.spots, "spot"));
        match tiny.as_slice() {
            [] => None,
            [one] => Some(format!(
                "Section {} is trained on but was not used to choose the number of epochs or the blend: that takes \
                 at least {MIN_SPOTS_TO_JUDGE} spots.",
                named(one)
            )),
            many => {
                let mut names = many.iter().take(SHOWN).map(named).collect::<Vec<_>>().join(", ");
                if many.len() > SHOWN {
                    names.push_str(&format!(" and {} more", many.len() - SHOWN));
                }
                Some(format!(
                    "Sections {names} are trained on but were not used to choose the number of epochs or the blend: \
                     that takes at least {MIN_SPOTS_TO_JUDGE} spots."
                ))
            }
        }
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
    /// Every fold leaves hardly a spot.
    #[error(
        "Too few spots are left to train on, whichever section is held out: at least {MIN_SPOTS_TO_TRAIN} are needed"
    )]
    Spots,
}

/// The folds of a cross-validation over `sections`. With [`Split::Patient`] each section whose patient is
/// unknown counts as a patient of its own. Folds that leave too few spots to train on are left out, with a warning.
///
/// # Errors
/// [`SplitError`] when there are fewer than two sections, or patients, or spots enough for no fold.
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
    let mut taken = HashSet::new();
    let folds = groups.into_iter().map(|test| {
        let train: Vec<usize> = (0..sections.len()).filter(|s| !test.contains(s)).collect();
        let judge = judge(sections, &test, &train, split);
        let first = test.first().map(|&s| &sections[s]);
        let name = match (split, first) {
            (Split::Patient, Some(SectionRef { patient: Some(patient), .. })) => patient.clone(),
            (_, section) => section.map(|s| s.name.clone()).unwrap_or_default(),
        };
        Fold { name: free_name(name, &mut taken), test, train, judge }
    });
    let spots = |fold: &Fold| fold.train.iter().map(|&s| sections[s].spots).sum::<usize>();
    let (kept, left_out): (Vec<Fold>, Vec<Fold>) = folds.partition(|f| spots(f) >= MIN_SPOTS_TO_TRAIN);
    if kept.is_empty() {
        return Err(SplitError::Spots);
    }
    let mut warnings = warnings(sections, split);
    warnings.extend(left_out.iter().map(|fold| {
        format!(
            "{} was not held out, as only {} would be left to train on; at least {MIN_SPOTS_TO_TRAIN} are needed.",
            fold.name,
            counted(spots(fold), "spot")
        )
    }));
    Ok(Folds { folds: kept, warnings })
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
    let judge = judge(sections, &test, &train, Split::Section);
    let name = test.iter().map(|&s| sections[s].name.as_str()).collect::<Vec<_>>().join(", ");
    Some(Fold { name, test, train, judge })
}

/// `name`, or with a number where another fold has it, also with other capitals: folds are stored under their names. A
/// section whose patient is unknown may be called like a patient.
fn free_name(name: String, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name} ({n})"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(folded(name)));
    free.unwrap_or(name)
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
///
/// A section must be large enough to validate on, and leave enough to train on. Where none is, a part of the largest
/// section takes its place; where that is too small as well, several small sections together.
fn judge(sections: &[SectionRef], test: &[usize], train: &[usize], split: Split) -> Judge {
    let spots = |s: usize| sections[s].spots;
    let total: usize = train.iter().map(|&s| spots(s)).sum();
    let leaves_enough = |held: usize| {
        let left = total - held;
        left >= ENOUGH_SPOTS_TO_TRAIN || (left >= MIN_SPOTS_TO_JUDGE && 3 * left >= total)
    };
    let fit = |s: &usize| train.len() > 1 && spots(*s) >= MIN_SPOTS_TO_JUDGE && leaves_enough(spots(*s));
    let start = test.iter().max().map_or(0, |last| last + 1);
    let around: Vec<usize> =
        (0..sections.len()).map(|i| (start + i) % sections.len()).filter(|s| train.contains(s)).collect();
    let alone = |s: &usize| {
        let patient = &sections[*s].patient;
        patient.is_none() || train.iter().filter(|&&t| sections[t].patient == *patient).count() == 1
    };
    let preferred = match split {
        Split::Patient => around.iter().find(|s| fit(s) && alone(s)),
        Split::Section => None,
    };
    if let Some(&section) = preferred.or(around.iter().find(|s| fit(s))) {
        return Judge::Sections(vec![section]);
    }
    // The first of the largest.
    let largest = train.iter().copied().max_by_key(|&s| (spots(s), std::cmp::Reverse(s)));
    if let Some(section) = largest.filter(|&s| spots(s) >= MIN_SPOTS_TO_DIVIDE) {
        return Judge::Part(section);
    }
    let (mut held, mut several) = (0, Vec::new());
    for section in around {
        if held < MIN_SPOTS_TO_JUDGE {
            held += spots(section);
            several.push(section);
        }
    }
    if held >= MIN_SPOTS_TO_JUDGE && leaves_enough(held) { Judge::Sections(several) } else { Judge::Nothing }
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
                    counted(unknown, "section")
                ));
            }
        }
        Split::Patient if unknown > 0 => out.push(format!(
            "The patient of {} is not known; each counts as a patient of its own. Enter the patients if \
             some are the same.",
            counted(unknown, "section")
        )),
        Split::Patient => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(of: &[(&str, &str)]) -> Vec<SectionRef> {
        of.iter()
            .map(|(name, patient)| SectionRef {
                name: (*name).to_owned(),
                patient: (!patient.is_empty()).then(|| (*patient).to_owned()),
                spots: 200,
            })
            .collect()
    }

    fn sized(of: &[(&str, usize)]) -> Vec<SectionRef> {
        of.iter().map(|&(name, spots)| SectionRef { name: name.to_owned(), patient: None, spots }).collect()
    }

    fn judges(f: &Folds) -> Vec<Judge> {
        f.folds.iter().map(|f| f.judge.clone()).collect()
    }

    fn one(section: usize) -> Judge {
        Judge::Sections(vec![section])
    }

    #[test]
    fn no_two_folds_have_one_name() {
        let sections = sections(&[("A1", "P"), ("P", ""), ("C1", "p"), ("D1", "D")]);
        let folds = folds(&sections, Split::Patient).unwrap().folds;
        let names: Vec<_> = folds.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["P", "P (2)", "p (3)", "D"]);
    }

    #[test]
    fn one_section_out() {
        let s = sections(&[("C2", "C"), ("C3", "C"), ("C4", "C")]);
        let f = folds(&s, Split::Section).unwrap();
        assert_eq!(f.folds.len(), 3);
        let first = &f.folds[0];
        assert_eq!((first.name.as_str(), &first.test[..], &first.train[..]), ("C2", &[0][..], &[1, 2][..]));
        assert_eq!(judges(&f), [one(1), one(2), one(0)]);
        assert_eq!(first.fit(), [2]);
        assert!(f.warnings[0].starts_with("Sections of patient C are on both sides"), "{:?}", f.warnings);
        let apart = folds(&sections(&[("A1", "A"), ("B1", "B")]), Split::Section).unwrap();
        assert!(apart.warnings.is_empty());
        assert_eq!(apart.folds[0].judge, Judge::Part(1), "one training section cannot be spared");
    }

    #[test]
    fn one_patient_out() {
        let s = sections(&[("A1", "A"), ("C2", "C"), ("C3", "C"), ("D1", "D")]);
        let f = folds(&s, Split::Patient).unwrap();
        let names: Vec<&str> = f.folds.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["A", "C", "D"]);
        assert_eq!((&f.folds[1].test[..], &f.folds[1].train[..]), (&[1, 2][..], &[0, 3][..]));
        // Testing on A, D1 validates rather than C2, whose patient would be fitted on.
        assert_eq!(judges(&f), [one(3), one(3), one(0)]);
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
        assert_eq!((f.test, f.train, f.judge), (vec![2], vec![0, 1], one(0)));
        assert_eq!(holding_out(&s, &["X".to_owned()]), None);
        let all: Vec<String> = s.iter().map(|s| s.name.clone()).collect();
        assert_eq!(holding_out(&s, &all), None);
    }

    #[test]
    fn tiny_sections_train_but_never_judge() {
        let orders = [
            [("A1", 65), ("B1", 65), ("tiny3", 3)],
            [("A1", 65), ("tiny3", 3), ("B1", 65)],
            [("tiny3", 3), ("A1", 65), ("B1", 65)],
        ];
        for order in orders {
            let s = sized(&order);
            let named = |judge: &Judge| match judge {
                Judge::Sections(of) => of.iter().map(|&i| s[i].name.as_str()).collect::<Vec<_>>().join("+"),
                Judge::Part(of) => format!("part of {}", s[*of].name),
                Judge::Nothing => "nothing".to_owned(),
            };
            for (fold, spots) in folds(&s, Split::Section).unwrap().folds.iter().zip(order.map(|o| o.1)) {
                match fold.name.as_str() {
                    "tiny3" => assert!(["A1", "B1"].contains(&named(&fold.judge).as_str())),
                    "A1" => assert_eq!(named(&fold.judge), "part of B1"),
                    _ => assert_eq!(named(&fold.judge), "part of A1"),
                }
                let note = fold.note(&s);
                assert_eq!(note.is_some(), spots != 3, "{note:?}");
                assert!(note.is_none_or(|n| n.starts_with("Section tiny3 (3 spots) is trained on but")));
            }
            let all = holding_out(&s, &[]).unwrap();
            assert!(["A1", "B1"].contains(&named(&all.judge).as_str()), "{:?}", all.judge);
        }
    }

    #[test]
    fn folds_without_spots_to_train_on_are_left_out() {
        let f = folds(&sized(&[("A1", 65), ("tiny3", 3)]), Split::Section).unwrap();
        assert_eq!((f.folds.len(), f.folds[0].name.as_str()), (1, "tiny3"));
        let warning = f.warnings.last().unwrap();
        assert!(
            warning.starts_with("A1 was not held out, as only 3 spots would be left to train on"),
            "{warning}"
        );
        assert_eq!(folds(&sized(&[("a", 3), ("b", 1)]), Split::Section), Err(SplitError::Spots));
    }

    #[test]
    fn enough_is_left_to_train_on() {
        // The large section would leave too little; the small one can judge.
        let f = holding_out(&sized(&[("large", 500), ("small", 40)]), &[]).unwrap();
        assert_eq!(f.judge, one(1));
        let f = holding_out(&sized(&[("large", 500), ("small", 20)]), &[]).unwrap();
        assert_eq!(f.judge, Judge::Part(0));
        let f = holding_out(&sized(&[("one", 31)]), &[]).unwrap();
        assert_eq!(f.judge, Judge::Nothing);
        assert_eq!(f.note(&sized(&[("one", 31)])), None);
        // A patient's only section comes first only where it is large enough.
        let mut s = sections(&[("A1", "A"), ("C2", "C"), ("C3", "C"), ("D1", "D")]);
        s[3].spots = 9;
        assert_eq!(folds(&s, Split::Patient).unwrap().folds[0].judge, one(1));
    }

    #[test]
    fn many_tiny_sections_judge_together() {
        let cores: Vec<(String, usize)> = (0..12).map(|i| (format!("core {i}"), 14)).collect();
        let cores: Vec<(&str, usize)> = cores.iter().map(|(n, s)| (n.as_str(), *s)).collect();
        let f = folds(&sized(&cores), Split::Section).unwrap();
        assert_eq!(f.folds[0].judge, Judge::Sections(vec![1, 2, 3]));
        assert_eq!(f.folds[11].judge, Judge::Sections(vec![0, 1, 2]));
        assert_eq!(f.folds[0].fit().len(), 8);
        let note = f.folds[0].note(&sized(&cores)).unwrap();
        assert!(note.contains("core 9 (14 spots) and 2 more are trained on"), "{note}");
        assert_eq!(folds(&sized(&cores[..4]), Split::Section).unwrap().folds[0].judge, Judge::Nothing);
    }
}
