//! The import summary: what was found, a row a sample, to be named and chosen before anything is added.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::geometry::{Mpp, MppTextError};
use crate::data::candidates::Candidate;
use crate::data::project::{Project, SectionEntry, check_name};

/// A sample and whether it is to be added. Edits go into its entry.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow {
    /// The sample.
    pub candidate: Candidate,
    /// Whether it is to be added.
    pub taken: bool,
    /// Whether it is among those that are edited together.
    pub selected: bool,
    /// Whether the project has it already.
    pub known: bool,
    /// What was entered as its resolution and is none.
    pub mistyped: Option<(String, MppTextError)>,
}

impl SampleRow {
    /// Takes the resolution of a slide without measurements; none where it is left to the file.
    fn set_resolution(&mut self, mpp: Option<f64>) {
        self.mistyped = None;
        let was_missing = self.candidate.needs_resolution();
        self.candidate.set_resolution(mpp);
        // Only this kept it from being ticked.
        self.taken |=
            was_missing && self.candidate.is_usable() && !self.candidate.needs_resolution() && !self.known;
    }

    /// Why it cannot be used, in words that follow "cannot be used:".
    pub fn refusal(&self) -> Option<&str> {
        // What the reader says of it is for the command line.
        const NO_RESOLUTION: &str = "its file does not say how many \u{00B5}m a pixel measures; enter it (0.25, or 40x) or measure it";
        let refused = self.candidate.refused.as_deref()?;
        Some(if self.candidate.needs_resolution() { NO_RESOLUTION } else { refused })
    }
}

/// How a click changes which rows are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// This row alone.
    Only,
    /// This row too, or no longer.
    Also,
    /// From the row that was clicked last to this one.
    UpTo,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SamplesForm {
    /// One row a sample.
    pub rows: Vec<SampleRow>,
    /// What could not be used, a sentence each.
    pub notes: Vec<String>,
    /// The row that was clicked last.
    pub cursor: Option<usize>,
    /// Names that sections of the project have or had, in small letters.
    taken_names: BTreeSet<String>,
}

impl SamplesForm {
    /// Rows for what was found; what can be used as it is, is ticked.
    pub fn new(found: Vec<Candidate>, notes: Vec<String>) -> Self {
        let row = |candidate: Candidate| SampleRow {
            taken: candidate.chosen && candidate.is_usable(),
            candidate,
            selected: false,
            known: false,
            mistyped: None,
        };
        Self { rows: found.into_iter().map(row).collect(), notes, ..Self::default() }
    }

    /// As [`SamplesForm::new`], for a project: what it has already is not ticked.
    pub fn for_project(found: Vec<Candidate>, notes: Vec<String>, project: &Project) -> Self {
        let mut form = Self::new(found, notes);
        for row in &mut form.rows {
            row.known = project.holds(&row.candidate.entry.source);
            row.taken &= !row.known;
        }
        form.taken_names =
            project.sections.iter().flat_map(SectionEntry::names).map(str::to_lowercase).collect();
        form
    }

    /// Adds what else was found; a sample that is listed stays as it is.
    pub fn extend(&mut self, more: Self) {
        let listed = |row: &SampleRow| {
            let source = &row.candidate.entry.source;
            self.rows.iter().any(|r| r.candidate.entry.source == *source)
        };
        let rows: Vec<SampleRow> = more.rows.into_iter().filter(|row| !listed(row)).collect();
        self.rows.extend(rows);
        for note in more.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// What stands in the way of adding each row, in words; `None` where nothing does, or it is not ticked.
    pub fn problems(&self) -> Vec<Option<String>> {
        let folded = |row: &SampleRow| row.candidate.entry.name.trim().to_lowercase();
        let mut called: BTreeMap<String, usize> = BTreeMap::new();
        for row in self.rows.iter().filter(|r| r.taken) {
            *called.entry(folded(row)).or_insert(0) += 1;
        }
        let problem = |row: &SampleRow| {
            let name = row.candidate.entry.name.trim();
            if !row.taken {
                None
            } else if name.is_empty() {
                Some("A ticked sample has no name.".to_owned())
            } else if row.known {
                Some(format!("{name} is in the project already; untick it."))
            } else if let Some((_, why)) = &row.mistyped {
                Some(format!("The resolution of {name} was not understood: {why}."))
            } else if row.candidate.needs_resolution() {
                Some(format!(
                    "The file of {name} does not say how many \u{00B5}m a pixel measures: enter it (0.25, or 40x), or untick \
                     it."
                ))
            } else if let Some(why) = &row.candidate.refused {
                Some(format!("{name} cannot be used: {why}. Untick it to add the others."))
            } else if called.get(&folded(row)).is_some_and(|&n| n > 1) {
                Some(format!("Two samples are called {name}; give one another name."))
            } else if self.taken_names.contains(&folded(row)) {
                Some(format!("A section of the project is called {name}; give this one another name."))
            } else {
                check_name(name).err().map(|e| format!("{e}."))
            }
        };
        self.rows.iter().map(problem).collect()
    }

    /// What stands in the way of adding, in words; `None` when nothing does.
    pub fn problem(&self) -> Option<String> {
        let first = self.problems().into_iter().flatten().next();
        first.or_else(|| (!self.rows.iter().any(|r| r.taken)).then(|| "Nothing is ticked.".to_owned()))
    }

    /// The sections of the ticked rows.
    pub fn entries(&self) -> Vec<SectionEntry> {
        self.rows.iter().filter(|r| r.taken).map(|r| r.candidate.entry.clone()).collect()
    }

    /// The number of rows that are selected.
    pub fn selected(&self) -> usize {
        self.rows.iter().filter(|r| r.selected).count()
    }

    /// Selects rows as a click on the row `at` does.
    pub fn select(&mut self, at: usize, how: Select) {
        let from = self.cursor.unwrap_or(at);
        let range = from.min(at)..=from.max(at);
        for (i, row) in self.rows.iter_mut().enumerate() {
            match how {
                Select::Only => row.selected = i == at,
                Select::Also => row.selected ^= i == at,
                Select::UpTo => row.selected = range.contains(&i),
            }
        }
        if how != Select::UpTo || self.cursor.is_none() {
            self.cursor = Some(at);
        }
    }

    /// Selects all rows, or none.
    pub fn select_all(&mut self, all: bool) {
        self.rows.iter_mut().for_each(|r| r.selected = all);
        self.cursor = None;
    }

    /// The rows that an edit of several means: the selected ones, or all that are ticked while none is.
    pub fn edited_together(&mut self) -> impl Iterator<Item = &mut SampleRow> {
        let any = self.selected() > 0;
        self.rows.iter_mut().filter(move |r| if any { r.selected } else { r.taken })
    }

    /// Says of the rows edited together whose they are; an empty text says that it is not known.
    pub fn set_patient(&mut self, patient: &str) {
        let patient = patient.trim();
        for row in self.edited_together() {
            row.candidate.entry.patient = (!patient.is_empty()).then(|| patient.to_owned());
        }
    }

    /// Takes what was typed for the resolution of the slides without measurements among these rows: of the row `at`, or of
    /// all that are edited together where it is one of several. A blank text leaves it to the files. What is no resolution
    /// changes nothing, and stands in the way until it is corrected.
    pub fn set_resolution(&mut self, at: usize, typed: &str) {
        let typed = typed.trim();
        let entered = if typed.is_empty() { Ok(None) } else { typed.parse().map(|Mpp(mpp)| Some(mpp)) };
        let together = self.selected() > 1 && self.rows.get(at).is_some_and(|r| r.selected);
        for (i, row) in self.rows.iter_mut().enumerate() {
            let is_meant = i == at || (together && row.selected);
            if !is_meant || row.candidate.entry.is_measured() {
                continue;
            }
            match &entered {
                Ok(mpp) => row.set_resolution(*mpp),
                Err(why) => row.mistyped = Some((typed.to_owned(), why.clone())),
            }
        }
    }

    /// Takes the resolution that was measured on the slide of the row `at`, which says nothing of the others.
    pub fn take_measured(&mut self, at: usize, mpp: Mpp) {
        if let Some(row) = self.rows.get_mut(at) {
            row.set_resolution(Some(mpp.0));
        }
    }

    /// Takes the labels of the rows edited together from this column, where they have it.
    pub fn set_label_column(&mut self, column: Option<&str>) {
        for row in self.edited_together() {
            let has = column.filter(|c| row.candidate.label_columns.iter().any(|own| own == c));
            row.candidate.set_label_column(has);
        }
    }

    /// Replaces `text` by `with` in the names of the rows edited together. A name that would be empty stays.
    pub fn replace_in_names(&mut self, text: &str, with: &str) {
        if text.is_empty() {
            return;
        }
        for row in self.edited_together() {
            let name = row.candidate.entry.name.replace(text, with).trim().to_owned();
            if !name.is_empty() {
                row.candidate.entry.name = name;
            }
        }
    }

    /// Columns of labels that any of the rows edited together has, sorted.
    pub fn label_columns(&self) -> BTreeSet<String> {
        let any = self.selected() > 0;
        let rows = self.rows.iter().filter(|r| if any { r.selected } else { r.taken });
        rows.flat_map(|r| r.candidate.label_columns.clone()).collect()
    }

    /// What to know of the ticked samples: each sentence once, with the names of the samples it is about.
    pub fn warnings(&self) -> Vec<(&str, Vec<&str>)> {
        let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
        for row in self.rows.iter().filter(|r| r.taken) {
            for warning in &row.candidate.warnings {
                match told.iter_mut().find(|(text, _)| text == warning) {
                    Some((_, names)) => names.push(&row.candidate.entry.name),
                    None => told.push((warning, vec![&row.candidate.entry.name])),
                }
            }
        }
        told
    }

    /// The samples that cannot be used, and why.
    pub fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter_map(|r| Some((r.candidate.entry.name.as_str(), r.refusal()?)))
    }

    /// What an edit that makes `next` of this form is called; `None` where only the selection changes.
    pub fn edit_to(&self, next: &Self) -> Option<String> {
        let differs = |(a, b): (&SampleRow, &SampleRow)| a.candidate != b.candidate || a.taken != b.taken;
        match self.rows.iter().zip(&next.rows).filter(|&pair| differs(pair)).count() {
            0 if self.rows.len() == next.rows.len() => None,
            1 => {
                let changed = self.rows.iter().zip(&next.rows).find(|&pair| differs(pair));
                Some(format!("Edit of {}", changed.map_or("a sample", |(a, _)| &a.candidate.entry.name)))
            }
            n => Some(format!("Edit of {n} samples")),
        }
    }
}

/// "A, B, C and 12 more".
pub fn some_names(names: &[&str], most: usize) -> String {
    match names.len().saturating_sub(most) {
        // "and 1 more" is no shorter than a name.
        0 | 1 => names.join(", "),
        more => {
            let first: Vec<&str> = names.iter().take(most).copied().collect();
            format!("{} and {more} more", first.join(", "))
        }
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
            refused: None,
            copy_of: None,
            label_fit: None,
        }
    }

    fn form(names: &[&str]) -> SamplesForm {
        SamplesForm::new(names.iter().map(|n| candidate(n, "x.png")).collect(), Vec::new())
    }

    fn selected(form: &SamplesForm) -> Vec<usize> {
        (0..form.rows.len()).filter(|&i| form.rows[i].selected).collect()
    }

    #[test]
    fn the_resolution_of_a_slide_is_entered_where_its_file_has_none() {
        let mut slide = candidate("S", "s.png");
        slide.entry = SectionEntry::slide("S", "s.png".into(), None);
        slide.refused = Some("s.png: the file does not say".to_owned());
        let mut form = SamplesForm::new(vec![slide.clone(), slide, candidate("C", "c.png")], Vec::new());
        form.rows[1].candidate.entry.name = "T".to_owned();
        assert!(!form.rows[0].taken && !form.rows[1].taken);
        form.rows[0].taken = true;
        assert!(form.problem().unwrap().contains("how many \u{00B5}m a pixel measures"));
        form.set_resolution(0, "many");
        assert_eq!(
            form.problem().unwrap(),
            "The resolution of S was not understood: \"many\" is neither a number of \u{00B5}m per pixel, such as 0.25, nor \
             a magnification, such as 40x."
        );
        form.set_resolution(0, "5000");
        assert!(form.problem().unwrap().contains("5000 \u{00B5}m per pixel is not plausible"));
        assert_eq!(form.rows[0].candidate.entry.mpp, None);
        form.select_all(true);
        form.set_resolution(0, "20x");
        let entered: Vec<_> = form.rows.iter().map(|r| (r.taken, r.candidate.entry.mpp)).collect();
        assert_eq!(entered, [(true, Some(0.5)), (true, Some(0.5)), (true, None)]);
        assert_eq!(form.problem(), None);
        // What is measured on one slide is not that of others, selected or not.
        form.take_measured(1, Mpp(0.7));
        assert_eq!(
            (form.rows[0].candidate.entry.mpp, form.rows[1].candidate.entry.mpp),
            (Some(0.5), Some(0.7))
        );
        form.select(1, Select::Only);
        form.set_resolution(1, "");
        assert!(form.problem().unwrap().contains("The file of T"));
    }

    #[test]
    fn what_stands_in_the_way_is_said() {
        let mut form = SamplesForm::new(vec![candidate("A", "a.png"), candidate("B", "")], Vec::new());
        // Without an image it is shown on a blank ground.
        assert_eq!((form.rows[0].taken, form.rows[1].taken, form.problem()), (true, true, None));
        form.rows[1].candidate.entry.name = "a".into();
        let problems = form.problems();
        assert!(problems.iter().all(|p| p.as_ref().unwrap().starts_with("Two samples are called")));
        form.rows[1].candidate.entry.name = "a/b".into();
        assert!(form.problem().unwrap().contains("\"a/b\" cannot name a section"));
        form.rows.iter_mut().for_each(|r| r.taken = false);
        assert_eq!(form.problem().unwrap(), "Nothing is ticked.");
    }

    #[test]
    fn what_cannot_be_used_is_not_ticked_and_says_why() {
        let mut broken = candidate("B", "b.png");
        broken.refused = Some("b.tsv: the file is empty".to_owned());
        let mut form = SamplesForm::new(vec![candidate("A", "a.png"), broken], Vec::new());
        assert_eq!((form.rows[0].taken, form.rows[1].taken, form.problem()), (true, false, None));
        assert_eq!(form.refused().collect::<Vec<_>>(), [("B", "b.tsv: the file is empty")]);
        form.rows[1].taken = true;
        assert_eq!(
            form.problem().unwrap(),
            "B cannot be used: b.tsv: the file is empty. Untick it to add the others."
        );
    }

    #[test]
    fn what_else_is_found_joins_and_keeps_what_was_typed() {
        let mut form = form(&["A", "B"]);
        form.rows[0].candidate.entry.patient = Some("P".into());
        let more = SamplesForm::new(
            vec![candidate("A", "x.png"), candidate("C", "x.png")],
            vec!["D: no image".into()],
        );
        form.extend(more.clone());
        form.extend(more);
        let names: Vec<&str> = form.rows.iter().map(|r| r.candidate.entry.name.as_str()).collect();
        assert_eq!((names, form.notes.len()), (vec!["A", "B", "C"], 1));
        assert_eq!(form.rows[0].candidate.entry.patient.as_deref(), Some("P"));
    }

    #[test]
    fn what_the_project_has_is_not_added_again() {
        let mut project = Project::new();
        project.add(candidate("A", "a.png").entry).unwrap();
        let found = vec![candidate("A", "a.png"), candidate("B", "b.png")];
        let mut form = SamplesForm::for_project(found, Vec::new(), &project);
        assert_eq!((form.rows[0].taken, form.rows[1].taken, form.problem()), (false, true, None));
        form.rows[0].taken = true;
        assert_eq!(form.problem().unwrap(), "A is in the project already; untick it.");
        form.rows[0].taken = false;
        form.rows[1].candidate.entry.name = "a".into();
        let why = "A section of the project is called a; give this one another name.";
        assert_eq!(form.problem().unwrap(), why);
    }

    #[test]
    fn rows_are_selected_as_in_any_list() {
        let mut f = form(&["A", "B", "C", "D", "E"]);
        f.select(1, Select::Only);
        f.select(3, Select::UpTo);
        assert_eq!(selected(&f), [1, 2, 3]);
        f.select(0, Select::UpTo);
        assert_eq!(selected(&f), [0, 1], "from the row that was clicked, not from the end of the last range");
        f.select(4, Select::Also);
        f.select(0, Select::Also);
        assert_eq!(selected(&f), [1, 4]);
        f.select_all(true);
        assert_eq!(f.selected(), 5);
    }

    #[test]
    fn samples_are_edited_together() {
        let mut f = form(&["GSM1_A", "GSM1_B", "GSM1_C"]);
        f.rows[2].taken = false;
        f.set_patient(" P1 ");
        f.set_label_column(Some("layer"));
        assert_eq!(f.entries().len(), 2);
        let of = |f: &SamplesForm, i: usize| f.rows[i].candidate.entry.clone();
        assert_eq!(
            (of(&f, 0).patient.as_deref(), of(&f, 0).label_column.as_deref()),
            (Some("P1"), Some("layer"))
        );
        assert_eq!(of(&f, 2).patient, None, "it is not ticked");
        f.select(1, Select::Only);
        f.select(2, Select::UpTo);
        f.set_patient("P2");
        f.replace_in_names("GSM1_", "");
        f.set_label_column(Some("another"));
        let patients: Vec<_> = (0..3).map(|i| of(&f, i).patient.unwrap()).collect();
        assert_eq!(patients, ["P1", "P2", "P2"]);
        let names: Vec<_> = (0..3).map(|i| of(&f, i).name).collect();
        assert_eq!(names, ["GSM1_A", "B", "C"]);
        assert_eq!(of(&f, 1).label_column, None);
        f.replace_in_names("B", "");
        assert_eq!(of(&f, 1).name, "B", "a name is not taken away");
    }

    #[test]
    fn edits_have_names_and_selecting_is_none() {
        let f = form(&["A", "B", "C"]);
        let mut next = f.clone();
        next.select_all(true);
        assert_eq!(f.edit_to(&next), None);
        next.set_patient("P");
        assert_eq!(f.edit_to(&next).unwrap(), "Edit of 3 samples");
        let mut next = f.clone();
        next.rows[1].taken = false;
        assert_eq!(f.edit_to(&next).unwrap(), "Edit of B");
    }

    #[test]
    fn a_warning_of_many_samples_is_told_once() {
        let mut f = form(&["A", "B", "C", "D", "E"]);
        f.rows.iter_mut().for_each(|r| r.candidate.warnings.push("Small".to_owned()));
        f.rows[0].taken = false;
        assert_eq!(f.warnings(), [("Small", vec!["B", "C", "D", "E"])]);
        assert_eq!(some_names(&["B", "C", "D", "E"], 2), "B, C and 2 more");
        assert_eq!(some_names(&["B", "C"], 2), "B, C");
    }
}
