//! The import summary: what was found, a row a sample, to be named and chosen before anything is added.

use std::collections::BTreeSet;

use crate::data::candidates::Candidate;
use crate::data::project::SectionEntry;

/// A sample and whether it is to be added. Edits go into its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow {
    /// The sample.
    pub candidate: Candidate,
    /// Whether it is to be added.
    pub taken: bool,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SamplesForm {
    /// One row a sample.
    pub rows: Vec<SampleRow>,
    /// What could not be used, a sentence each.
    pub notes: Vec<String>,
}

impl SamplesForm {
    /// Rows for what was found; what can be used as it is, is ticked.
    pub fn new(found: Vec<Candidate>, notes: Vec<String>) -> Self {
        let row = |candidate: Candidate| SampleRow {
            taken: candidate.chosen && candidate.lacks().is_none(),
            candidate,
        };
        Self { rows: found.into_iter().map(row).collect(), notes }
    }

    /// Whether nothing is left to decide: everything is taken as it is.
    pub fn is_plain(&self) -> bool {
        let plain = |r: &SampleRow| {
            r.taken && r.candidate.warnings.is_empty() && r.candidate.label_columns.is_empty()
        };
        self.rows.iter().all(plain)
    }

    /// What stands in the way of adding, in words; `None` when nothing does.
    pub fn problem(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        for row in self.rows.iter().filter(|r| r.taken) {
            let name = row.candidate.entry.name.trim();
            if name.is_empty() {
                return Some("A ticked sample has no name.".to_owned());
            }
            if let Some(lacks) = row.candidate.lacks() {
                return Some(format!("{name} lacks {lacks}: choose one, or untick it."));
            }
            if !names.insert(name.to_lowercase()) {
                return Some(format!("Two samples are called {name}; give one another name."));
            }
        }
        names.is_empty().then(|| "Nothing is ticked.".to_owned())
    }

    /// The sections of the ticked rows.
    pub fn entries(&self) -> Vec<SectionEntry> {
        self.rows.iter().filter(|r| r.taken).map(|r| r.candidate.entry.clone()).collect()
    }

    /// Says of all ticked samples whose they are; an empty text says that it is not known.
    pub fn set_patient(&mut self, patient: &str) {
        let patient = patient.trim();
        for row in self.rows.iter_mut().filter(|r| r.taken) {
            row.candidate.entry.patient = (!patient.is_empty()).then(|| patient.to_owned());
        }
    }

    /// Takes the labels of all ticked samples from this column, where they have it.
    pub fn set_label_column(&mut self, column: Option<&str>) {
        for row in self.rows.iter_mut().filter(|r| r.taken) {
            let has = column.filter(|c| row.candidate.label_columns.iter().any(|own| own == c));
            row.candidate.entry.label_column = has.map(str::to_owned);
        }
    }

    /// Columns of labels that any ticked sample has, sorted.
    pub fn label_columns(&self) -> BTreeSet<String> {
        self.rows.iter().filter(|r| r.taken).flat_map(|r| r.candidate.label_columns.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, image: &str) -> Candidate {
        let file = |ending: &str| format!("{name}.{ending}").into();
        Candidate {
            entry: SectionEntry::legacy(name, file("tsv"), file("txt"), image.into()),
            chosen: true,
            line: String::new(),
            warnings: Vec::new(),
            size: None,
            label_columns: vec!["layer".to_owned()],
        }
    }

    #[test]
    fn what_stands_in_the_way_is_said() {
        let mut form = SamplesForm::new(vec![candidate("A", "a.png"), candidate("B", "")], Vec::new());
        assert_eq!((form.rows[0].taken, form.rows[1].taken, form.problem()), (true, false, None));
        form.rows[1].taken = true;
        assert_eq!(form.problem().unwrap(), "B lacks a slide image: choose one, or untick it.");
        form.rows[1].candidate.entry.image = "b.png".into();
        form.rows[1].candidate.entry.name = "a".into();
        assert!(form.problem().unwrap().starts_with("Two samples are called a"));
        form.rows.iter_mut().for_each(|r| r.taken = false);
        assert_eq!(form.problem().unwrap(), "Nothing is ticked.");
    }

    #[test]
    fn ticked_samples_are_edited_together() {
        let mut form = SamplesForm::new(vec![candidate("A", "a.png"), candidate("B", "")], Vec::new());
        form.set_patient(" P1 ");
        form.set_label_column(Some("layer"));
        let entries = form.entries();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].patient.as_deref(), entries[0].label_column.as_deref()),
            (Some("P1"), Some("layer"))
        );
        assert_eq!(form.rows[1].candidate.entry.patient, None);
        form.set_label_column(Some("another"));
        assert_eq!(form.entries()[0].label_column, None);
    }
}
