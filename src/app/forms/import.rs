//! The import form: which files make a section, for folders whose layout is not known.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::data::project::SectionEntry;
use crate::data::st::FileRole;
use crate::data::st::pairing::Suggestion;

/// One section to import: its name and files, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportRow(pub Suggestion);

impl ImportRow {
    /// The file in `role`.
    pub fn file(&self, role: FileRole) -> Option<&PathBuf> {
        match role {
            FileRole::Counts => self.0.counts.as_ref(),
            FileRole::Spots => self.0.spots.as_ref(),
            FileRole::Image => self.0.image.as_ref(),
            FileRole::Labels => self.0.labels.as_ref(),
            FileRole::Matrix | FileRole::Positions | FileRole::ScaleFactors | FileRole::AnnData => None,
        }
    }

    /// Puts a file into `role`, or takes it out.
    pub fn set(&mut self, role: FileRole, file: Option<PathBuf>) {
        match role {
            FileRole::Counts => self.0.counts = file,
            FileRole::Spots => self.0.spots = file,
            FileRole::Image => self.0.image = file,
            FileRole::Labels => self.0.labels = file,
            // Only files of legacy ST are paired by hand.
            FileRole::Matrix | FileRole::Positions | FileRole::ScaleFactors | FileRole::AnnData => {}
        }
    }

    /// Whether there is a name or a file in it.
    pub fn is_filled(&self) -> bool {
        *self != Self::default()
    }

    /// What is still missing, in words; `None` when the section can be imported.
    pub fn missing(&self) -> Option<String> {
        let mut missing: Vec<&str> = Vec::new();
        if self.0.name.trim().is_empty() {
            missing.push("a name");
        }
        for (role, what) in [
            (FileRole::Counts, "a count table"),
            (FileRole::Spots, "a spot file"),
            (FileRole::Image, "a slide image"),
        ] {
            if self.file(role).is_none() {
                missing.push(what);
            }
        }
        (!missing.is_empty()).then(|| missing.join(", "))
    }

    /// The section; `None` while something is missing.
    pub fn entry(&self) -> Option<SectionEntry> {
        let (counts, spots) = (self.0.counts.clone()?, self.0.spots.clone()?);
        let entry = SectionEntry::legacy(self.0.name.trim(), counts, spots, self.0.image.clone()?);
        Some(SectionEntry { labels: self.0.labels.clone(), ..entry })
    }
}

/// The sections to import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportForm {
    /// One row a section.
    pub rows: Vec<ImportRow>,
}

impl ImportForm {
    /// A form of what was suggested; one empty row when nothing was.
    pub fn new(suggestions: Vec<Suggestion>) -> Self {
        let mut rows: Vec<ImportRow> = suggestions.into_iter().map(ImportRow).collect();
        if rows.is_empty() {
            rows.push(ImportRow::default());
        }
        Self { rows }
    }

    /// What is still missing, in words; `None` when everything can be imported.
    pub fn missing(&self) -> Option<String> {
        let mut names = BTreeSet::new();
        for row in &self.rows {
            let name = row.0.name.trim();
            if let Some(missing) = row.missing() {
                let name = if name.is_empty() { "A section" } else { name };
                return Some(format!("{name} still needs {missing}."));
            }
            if !names.insert(name) {
                return Some(format!("Two sections are called {name}."));
            }
        }
        self.rows.is_empty().then(|| "There is no section.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said() {
        let mut form = ImportForm::new(Vec::new());
        assert_eq!(
            form.missing().unwrap(),
            "A section still needs a name, a count table, a spot file, a slide image."
        );
        let row = &mut form.rows[0];
        row.0.name = "A1".into();
        for role in FileRole::LEGACY {
            row.set(role, Some("x".into()));
        }
        row.set(FileRole::Labels, None);
        assert_eq!(form.missing(), None);
        assert_eq!(form.rows[0].entry().unwrap().name, "A1");
        form.rows.push(form.rows[0].clone());
        assert_eq!(form.missing().unwrap(), "Two sections are called A1.");
    }
}
