//! Files that have moved: the user shows where one of them is now, and those that moved along are found.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::paths::absolute;
use super::{Project, ProjectError};
use crate::core::files::FileError;
use crate::data::st::FileRole;

/// A file that was found at a new place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Name of the section.
    pub section: String,
    /// What the file is to it.
    pub role: FileRole,
    /// Where it is now.
    pub path: PathBuf,
}

impl Project {
    /// Says that the file in `role` of `section` is at `new_path` now. Other missing files that lie in the same
    /// way below the new place are found along with it: when `old/data/C2.tsv` is at `new/data/C2.tsv`, then
    /// `old/img/C3.jpg` is looked for at `new/img/C3.jpg`. Returns all that moved, the named one first.
    ///
    /// # Errors
    /// [`ProjectError`] when there is no such section, or no file at `new_path`; then nothing was changed.
    pub fn relocate(
        &mut self,
        section: &str,
        role: FileRole,
        new_path: &Path,
    ) -> Result<Vec<Moved>, ProjectError> {
        let about = fs::metadata(new_path).map_err(FileError::io("open", new_path))?;
        // A matrix may be a folder.
        if about.is_dir() && role != FileRole::Matrix {
            return Err(FileError::io("open", new_path)(io::ErrorKind::IsADirectory.into()).into());
        }
        let new_path = absolute(new_path);
        let entry = self.section_mut(section).ok_or_else(|| ProjectError::no_section(section))?;
        let old_path = entry.path(role).map(Path::to_path_buf);
        entry.set_path(role, new_path.clone());
        let mut moved = vec![Moved { section: section.to_owned(), role, path: new_path.clone() }];
        let Some(old_path) = old_path else { return Ok(moved) };

        let places = places(&old_path, &new_path);
        for missing in self.missing_files() {
            let found = places.iter().find_map(|(old, new)| {
                let candidate = new.join(missing.path.strip_prefix(old).ok()?);
                candidate.exists().then_some(candidate)
            });
            if let (Some(path), Some(entry)) = (found, self.section_mut(&missing.section)) {
                entry.set_path(missing.role, path.clone());
                moved.push(Moved { section: missing.section, role: missing.role, path });
            }
        }
        Ok(moved)
    }
}

/// Pairs of an old folder and the new one that took its place, the nearest first: both paths without the
/// parts that they share at their ends. The first pair is the folders of the files themselves, which holds
/// also when the file was renamed.
fn places(old: &Path, new: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut places = Vec::new();
    let (mut a, mut b) = (old.parent(), new.parent());
    while let (Some(old_folder), Some(new_folder)) = (a, b) {
        places.push((old_folder.to_path_buf(), new_folder.to_path_buf()));
        if old_folder.file_name().is_none() || old_folder.file_name() != new_folder.file_name() {
            break;
        }
        (a, b) = (old_folder.parent(), new_folder.parent());
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn files_that_moved_along_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let (old, new) = (home.join("old/her2st"), home.join("new/place/her2st"));
        let mut project = Project::new();
        for name in ["C2", "C3"] {
            let there = entry(name, &new);
            for role in [FileRole::Counts, FileRole::Spots, FileRole::Image] {
                let path = there.path(role).unwrap();
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "x").unwrap();
            }
            project.add(entry(name, &old)).unwrap();
        }
        fs::remove_file(new.join("spt/C3.tsv")).unwrap();
        assert_eq!(project.missing_files().len(), 6);
        assert_eq!(
            project.missing_files()[0].to_string(),
            format!(
                "The count table of section C2 is not at {}; say where it is now",
                old.join("cnt/C2.tsv").display()
            )
        );
        let moved = project.relocate("C3", FileRole::Image, &new.join("img/C3.jpg")).unwrap();
        assert_eq!(moved.len(), 5);
        assert_eq!((moved[0].section.as_str(), moved[0].role), ("C3", FileRole::Image));
        let left = project.missing_files();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].section.as_str(), left[0].role), ("C3", FileRole::Spots));
    }

    #[test]
    fn a_renamed_file_brings_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let mut project = Project::new();
        let mut c2 = entry("C2", &home);
        c2.image = home.join("old/a.jpg");
        let mut c3 = entry("C3", &home);
        c3.image = home.join("old/b.jpg");
        project.add(c2).unwrap();
        project.add(c3).unwrap();
        fs::create_dir_all(home.join("slides")).unwrap();
        fs::write(home.join("slides/C2 scan.jpg"), "x").unwrap();
        fs::write(home.join("slides/b.jpg"), "x").unwrap();
        let moved = project.relocate("C2", FileRole::Image, &home.join("slides/C2 scan.jpg")).unwrap();
        assert_eq!(moved.len(), 2);
        assert_eq!(project.section("C3").unwrap().image, home.join("slides/b.jpg"));
    }

    #[test]
    fn a_wrong_answer_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut project = Project::new();
        project.add(entry("C2", dir.path())).unwrap();
        let before = project.clone();
        let nowhere = dir.path().join("nowhere.jpg");
        let says = |r: Result<_, ProjectError>| r.err().unwrap().to_string();
        assert!(
            says(project.relocate("C2", FileRole::Image, &nowhere)).ends_with("nowhere.jpg: it is not there")
        );
        assert!(says(project.relocate("C2", FileRole::Image, dir.path())).ends_with("it is a folder"));
        fs::write(&nowhere, "x").unwrap();
        let text = says(project.relocate("C9", FileRole::Image, &nowhere));
        assert_eq!(text, "There is no section C9 in this project");
        assert_eq!(project, before);
    }
}
