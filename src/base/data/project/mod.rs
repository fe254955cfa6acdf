//! The project: which sections it holds, and what the user has chosen and set. Stored as `NAME.hiscmcl`.

mod entry;
mod error;
mod genes;
mod known;
mod output;
mod paths;
mod relocate;
mod store;
mod stored;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::core::same_name::folded;
use crate::core::target::Target;
use crate::data::panels::GenePanel;
use crate::data::regions::Classes;
use crate::data::st::MissingFile;
use crate::data::st::source::Source;

pub use entry::SectionEntry;
pub use error::ProjectError;
pub use genes::{GeneOrigin, GeneSelection};
pub use output::OutputError;
pub use relocate::Moved;
pub use store::{EXTENSION, VERSION, runs_folder};

/// A project in memory; all paths are absolute. What other rooms remember here (`train`, `display`, `view`)
/// is theirs to interpret.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// In the order in which they are shown.
    pub sections: Vec<SectionEntry>,
    /// The classes of the regions of all sections, in the order in which they are listed.
    pub classes: Classes,
    /// The user's own gene panels; the built-in ones are in [`crate::data::panels`].
    pub panels: Vec<GenePanel>,
    /// The genes that were chosen, if any.
    pub selection: Option<GeneSelection>,
    /// The scale on which expression is predicted.
    pub target: Target,
    /// The last training settings.
    pub train: Value,
    /// Display settings.
    pub display: Value,
    /// What was open and where the camera was.
    pub view: Value,
    /// What a later version of the program has stored and this one does not know; kept as it is.
    unknown: Map<String, Value>,
    /// The same by section name.
    unknown_of_sections: BTreeMap<String, Map<String, Value>>,
}

impl Project {
    /// A project without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// The section of this name, or the one that had it before.
    pub fn section(&self, name: &str) -> Option<&SectionEntry> {
        self.sections.iter().find(|s| s.matches_name(name))
    }

    /// The section that somebody means who typed `name`: as [`Project::section`], else without regard to capitals and
    /// to how accents are encoded.
    pub fn find(&self, name: &str) -> Option<&SectionEntry> {
        let typed = folded(name.trim());
        self.section(name)
            .or_else(|| self.sections.iter().find(|s| s.names().any(|own| folded(own) == typed)))
    }

    /// What the section that is or was called `name` is called now; `name` itself where there is none.
    pub fn current_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.section(name).map_or(name, |s| &s.name)
    }

    /// The section of this name, to change it. Names are changed with [`Project::rename`].
    pub fn section_mut(&mut self, name: &str) -> Option<&mut SectionEntry> {
        self.sections.iter_mut().find(|s| s.name == name)
    }

    /// Adds a section at the end.
    ///
    /// # Errors
    /// [`ProjectError`] when its name is empty, cannot be part of a file name, or is taken.
    pub fn add(&mut self, entry: SectionEntry) -> Result<(), ProjectError> {
        check_name(&entry.name)?;
        if self.is_taken(&entry.name, None) {
            return Err(ProjectError::NameTaken { name: entry.name });
        }
        self.sections.push(entry);
        Ok(())
    }

    /// Adds the sections of `entries` whose files are not in the project yet; returns the names of those that were
    /// new. A section whose name is taken by another one gets a number: "C2 (2)".
    ///
    /// # Errors
    /// [`ProjectError`] when a name is empty or cannot be part of a file name; then nothing was added.
    pub fn add_new(
        &mut self,
        entries: impl IntoIterator<Item = SectionEntry>,
    ) -> Result<Vec<String>, ProjectError> {
        let mut project = self.clone();
        let before = project.sections.len();
        for mut entry in entries {
            check_name(&entry.name)?;
            if project.holds(&entry.source) {
                continue;
            }
            let name = entry.name.clone();
            let mut number = 2;
            while project.is_taken(&entry.name, None) {
                entry.name = format!("{name} ({number})");
                number += 1;
            }
            project.sections.push(entry);
        }
        let added = project.sections.iter().skip(before).map(|s| s.name.clone()).collect();
        *self = project;
        Ok(added)
    }

    /// Whether a section of the project is read from these files, however they are reached.
    pub fn holds(&self, source: &Source) -> bool {
        self.sections.iter().any(|s| s.source.is_same(source))
    }

    /// Renames a section.
    ///
    /// # Errors
    /// [`ProjectError`] when there is no such section, or the new name is empty, unusable or taken.
    pub fn rename(&mut self, name: &str, new_name: &str) -> Result<(), ProjectError> {
        check_name(new_name)?;
        if self.is_taken(new_name, Some(name)) {
            return Err(ProjectError::NameTaken { name: new_name.to_owned() });
        }
        let entry = self.section_mut(name).ok_or_else(|| ProjectError::no_section(name))?;
        entry.rename(new_name);
        if let Some(unknown) = self.unknown_of_sections.remove(name) {
            self.unknown_of_sections.insert(new_name.to_owned(), unknown);
        }
        Ok(())
    }

    /// Removes a section from the project; its files stay. Returns it, so that it can be put back.
    pub fn remove(&mut self, name: &str) -> Option<SectionEntry> {
        let at = self.sections.iter().position(|s| s.name == name)?;
        Some(self.sections.remove(at))
    }

    /// The files of all sections that are not where they should be.
    pub fn missing_files(&self) -> Vec<MissingFile> {
        self.sections.iter().flat_map(SectionEntry::missing_files).collect()
    }

    /// Whether a section other than `except` has this name, or had it: models trained then would take one for
    /// the other. Names become file names, and on some systems those differ neither by case nor by how accents are
    /// encoded.
    fn is_taken(&self, name: &str, except: Option<&str>) -> bool {
        let name = folded(name);
        let has = |s: &SectionEntry| s.formerly.iter().chain([&s.name]).any(|n| folded(n) == name);
        self.sections.iter().any(|s| has(s) && Some(s.name.as_str()) != except)
    }

    /// # Errors
    /// [`ProjectError`] when a section name is empty, unusable or there twice.
    pub(crate) fn check(&self) -> Result<(), ProjectError> {
        let mut seen = HashSet::new();
        for section in &self.sections {
            check_name(&section.name)?;
            if !seen.insert(section.name.to_lowercase()) {
                return Err(ProjectError::NameTaken { name: section.name.clone() });
            }
        }
        Ok(())
    }
}

/// The longest name of a section in bytes: no folder has a longer one.
pub const MAX_NAME: usize = 255;

/// Whether a section can have this name. Where it becomes a part of a file name ("fold-C2"), what no file can have is
/// replaced there; the name itself is kept as people wrote it.
///
/// # Errors
/// [`ProjectError`] saying why not.
pub fn check_name(name: &str) -> Result<(), ProjectError> {
    if name.trim().is_empty() {
        return Err(ProjectError::NameEmpty);
    }
    let unusable = |c: char| c.is_control() || "/\\".contains(c);
    if name.trim() != name || name.contains(unusable) || name.len() > MAX_NAME {
        return Err(ProjectError::NameUnusable { name: name.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn entry(name: &str, folder: &std::path::Path) -> SectionEntry {
        let counts = folder.join(format!("cnt/{name}.tsv"));
        let spots = folder.join(format!("spt/{name}.tsv"));
        let image = folder.join(format!("img/{name}.jpg"));
        SectionEntry { patient: Some("C".into()), ..SectionEntry::legacy(name, counts, spots, image) }
    }

    #[test]
    fn names_are_unique_and_fit_for_files() {
        let folder = std::path::Path::new("/data");
        let mut project = Project::new();
        project.add(entry("C2", folder)).unwrap();
        project.add(entry("C3", folder)).unwrap();
        let says = |r: Result<(), ProjectError>| r.unwrap_err().to_string();
        assert_eq!(
            says(project.add(entry("c2", folder))),
            "A section is called c2 already, or was when models were trained; give another name"
        );
        assert_eq!(
            says(project.rename("C3", "C2")),
            "A section is called C2 already, or was when models were trained; give another name"
        );
        project.add(entry("prob\u{e9}", folder)).unwrap();
        assert!(says(project.add(entry("Probe\u{301}", folder))).contains("is called"));
        assert_eq!(project.find("PROBE\u{301}").unwrap().name, "prob\u{e9}");
        project.remove("prob\u{e9}");
        assert_eq!(says(project.rename("C9", "C4")), "There is no section C9 in this project");
        assert_eq!(says(project.rename("C3", " ")), "A section needs a name");
        assert!(says(project.rename("C3", "a/b")).starts_with("\"a/b\" cannot name a section"));
        project.rename("C3", "c3").unwrap();
        assert!(project.section("c3").is_some());
        project.rename("c3", "left").unwrap();
        assert_eq!((project.current_name("C3"), project.current_name("C7")), ("left", "C7"));
        let clash = says(project.rename("C2", "C3"));
        assert_eq!(
            clash,
            "A section is called C3 already, or was when models were trained; give another name"
        );
        let called = |name: &str| project.find(name).map(|s| s.name.as_str());
        assert_eq!((called(" c2"), called("LEFT"), called("c4")), (Some("C2"), Some("left"), None));
        project.rename("left", "C3").unwrap();
        assert_eq!(project.section("left").unwrap().name, "C3");
        assert_eq!(project.remove("C2").unwrap().name, "C2");
        assert!(project.remove("C2").is_none());
    }

    #[test]
    fn adding_twice_adds_once_and_clashes_get_numbers() {
        let mut project = Project::new();
        let (one, two) = (std::path::Path::new("/one"), std::path::Path::new("/two"));
        assert_eq!(project.add_new([entry("C2", one), entry("C3", one)]).unwrap(), ["C2", "C3"]);
        assert!(project.add_new([entry("C2", one)]).unwrap().is_empty());
        assert_eq!(project.add_new([entry("C2", two)]).unwrap(), ["C2 (2)"]);
        assert!(project.section("C2 (2)").is_some());
        assert!(project.add_new([entry("C7", two), entry("", two)]).is_err());
        assert!(project.section("C7").is_none(), "a failed addition must change nothing");
    }
}
