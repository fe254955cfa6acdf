//! A section as the project remembers it: its name and its files.

use std::path::{Path, PathBuf};

use crate::data::st::{FileRole, MissingFile};

/// A section of a project. Paths are absolute in memory and relative to the project file on disk.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SectionEntry {
    /// Unique within the project: "C2".
    pub name: String,
    /// Names it had before, under which models trained then still know it.
    pub formerly: Vec<String>,
    /// The donor, where known.
    pub patient: Option<String>,
    /// The count table.
    pub counts: PathBuf,
    /// The spot file.
    pub spots: PathBuf,
    /// The slide image.
    pub image: PathBuf,
    /// The pathologist's labels.
    pub labels: Option<PathBuf>,
    /// Micrometres per slide pixel as the user entered them; inferred from the spots where `None`.
    pub mpp: Option<f64>,
}

impl SectionEntry {
    /// Whether it has this name, or had it before.
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.formerly.iter().any(|f| f == name)
    }

    /// Its name, then those it had before.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.name].into_iter().chain(&self.formerly).map(String::as_str)
    }

    /// Gives it another name and remembers the one it had.
    pub(super) fn rename(&mut self, name: &str) {
        if self.name == name {
            return;
        }
        self.formerly.retain(|f| f != name);
        self.formerly.push(std::mem::replace(&mut self.name, name.to_owned()));
    }

    /// The path of the file in `role`; `None` where the section has none.
    pub fn path(&self, role: FileRole) -> Option<&Path> {
        match role {
            FileRole::Counts => Some(&self.counts),
            FileRole::Spots => Some(&self.spots),
            FileRole::Image => Some(&self.image),
            FileRole::Labels => self.labels.as_deref(),
        }
    }

    /// Sets the path of the file in `role`.
    pub fn set_path(&mut self, role: FileRole, path: PathBuf) {
        match role {
            FileRole::Counts => self.counts = path,
            FileRole::Spots => self.spots = path,
            FileRole::Image => self.image = path,
            FileRole::Labels => self.labels = Some(path),
        }
    }

    /// The files of this section that are not where they should be.
    pub fn missing_files(&self) -> Vec<MissingFile> {
        let missing = |&role: &FileRole| {
            let path = self.path(role)?;
            let gone = !path.exists();
            gone.then(|| MissingFile { section: self.name.clone(), role, path: path.to_path_buf() })
        };
        FileRole::ALL.iter().filter_map(missing).collect()
    }
}
