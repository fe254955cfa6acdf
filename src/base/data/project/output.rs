//! What may not be overwritten when something is saved: the project, its runs, and the files of its sections.

use std::path::{Path, PathBuf};

use super::{EXTENSION, Project, runs_folder};
use crate::core::files::folder_of;
use crate::data::st::FileRole;
use crate::data::st::source::Source;

/// A result was to be saved over something that the project needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// The name is that of a project file.
    #[error("{} is the name of a project file, so nothing else is saved there; choose another name", .0.display())]
    Project(PathBuf),
    /// It lies among the runs of the project.
    #[error("{} lies in the folder of the project's runs, so nothing else is saved there; choose another folder", .0.display())]
    Runs(PathBuf),
    /// It is one of the files of a section.
    #[error(
        "{} belongs to section {section} ({}), so it is not overwritten; choose another name",
        path.display(), role
    )]
    Input {
        /// The file.
        path: PathBuf,
        /// The section.
        section: String,
        /// What it is to the section.
        role: FileRole,
    },
    /// It is one of the files that Space Ranger wrote for a section, of which the project needs others.
    #[error(
        "{} is one of the files of section {section} that Space Ranger wrote, so it is not overwritten; choose another \
         name",
        path.display()
    )]
    OfSample {
        /// The file.
        path: PathBuf,
        /// The section.
        section: String,
    },
}

impl Project {
    /// Checks that saving a result as `path` overwrites nothing of this project, which is saved as `project`.
    ///
    /// # Errors
    /// [`OutputError`] saying what `path` is.
    pub fn check_output(&self, project: &Path, path: &Path) -> Result<(), OutputError> {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(EXTENSION)) {
            return Err(OutputError::Project(path.to_path_buf()));
        }
        // A folder may be reached by several paths.
        let parent = folder_of(path).ancestors().find_map(|f| f.canonicalize().ok());
        if let (Some(parent), Ok(runs)) = (parent, runs_folder(project).canonicalize())
            && parent.starts_with(runs)
        {
            return Err(OutputError::Runs(path.to_path_buf()));
        }
        let Ok(existing) = path.canonicalize() else { return Ok(()) };
        for section in &self.sections {
            let mine = section.files().into_iter().find(|(_, file)| is_part_of(&existing, file));
            if let Some((role, _)) = mine {
                return Err(OutputError::Input {
                    path: path.to_path_buf(),
                    section: section.name.clone(),
                    role,
                });
            }
            if is_of_sample(&existing, &section.source) {
                let (path, section) = (path.to_path_buf(), section.name.clone());
                return Err(OutputError::OfSample { path, section });
            }
        }
        Ok(())
    }
}

/// Whether `existing` lies in the `spatial` folder of a Visium sample, or is another of its matrices.
fn is_of_sample(existing: &Path, source: &Source) -> bool {
    let Source::Visium { matrix, positions, .. } = source else { return false };
    let folder = |path: &Path| path.canonicalize().ok().and_then(|p| p.parent().map(Path::to_path_buf));
    let spatial =
        folder(positions).filter(|f| f.file_name().is_some_and(|n| n.eq_ignore_ascii_case("spatial")));
    if spatial.is_some_and(|spatial| existing.starts_with(spatial)) {
        return true;
    }
    let is_matrix = |name: &std::ffi::OsStr| {
        let name = name.to_string_lossy().to_lowercase();
        ["raw_feature_bc_matrix", "filtered_feature_bc_matrix"].iter().any(|stem| name.contains(stem))
    };
    let beside = folder(matrix).and_then(|f| existing.strip_prefix(f).ok().map(Path::to_path_buf));
    beside.and_then(|rest| rest.iter().next().map(is_matrix)).unwrap_or(false)
}

/// Whether `existing` is `file`, lies in it where it is a folder, or is read along with it where it is a matrix.
fn is_part_of(existing: &Path, file: &Path) -> bool {
    let Ok(file) = file.canonicalize() else { return false };
    if existing.starts_with(&file) {
        return true;
    }
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (own, matrix) = (name(existing), name(&file));
    let Some(prefix) = matrix.strip_suffix(".gz").unwrap_or(&matrix).strip_suffix("matrix.mtx") else {
        return false;
    };
    let beside = existing.parent() == file.parent();
    let part = own.strip_prefix(prefix).unwrap_or_default();
    beside && ["barcodes", "features", "genes"].iter().any(|stem| part.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::project::SectionEntry;

    #[test]
    fn a_result_overwrites_nothing_that_the_project_needs() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("p.runs/a")).unwrap();
        fs::create_dir(at("matrix")).unwrap();
        for name in
            ["slide.png", "S_matrix.mtx.gz", "S_barcodes.tsv.gz", "S_notes.csv", "positions.csv", "free.csv"]
        {
            fs::write(at(name), "content").unwrap();
        }
        fs::write(at("matrix/features.tsv"), "content").unwrap();
        let section = |name: &str, matrix: &str| SectionEntry {
            name: name.into(),
            source: Source::Visium {
                matrix: at(matrix),
                positions: at("positions.csv"),
                scale_factors: None,
            },
            image: at("slide.png"),
            ..Default::default()
        };
        let mut project = Project::new();
        project.sections = vec![section("A1", "S_matrix.mtx.gz"), section("B1", "matrix")];
        let check =
            |name: &str| project.check_output(&at("p.hiscmcl"), &at(name)).err().map(|e| e.to_string());
        let belongs = |name: &str, section: &str| {
            let text = check(name).unwrap();
            assert!(text.contains(&format!("belongs to section {section}")), "{text}");
        };
        belongs("slide.png", "A1");
        belongs("positions.csv", "A1");
        belongs("S_matrix.mtx.gz", "A1");
        belongs("S_barcodes.tsv.gz", "A1");
        belongs("matrix/features.tsv", "B1");
        belongs("p.runs/../slide.png", "A1");
        assert!(check("other.HisCMCL").unwrap().contains("project file"));
        assert!(check("p.runs/a/genes.csv").unwrap().contains("runs"));
        assert!(check("p.runs/new/folder/genes.csv").unwrap().contains("runs"));
        for free in ["free.csv", "new.csv", "matrix/new.csv", "S_notes.csv", "no/such/folder/a.csv"] {
            assert_eq!(check(free), None, "{free}");
        }
    }
    #[test]
    fn files_of_a_sample_that_the_project_does_not_list_are_kept_too() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("A1/spatial")).unwrap();
        fs::create_dir_all(at("A1/raw_feature_bc_matrix")).unwrap();
        let kept = [
            "A1/spatial/scalefactors_json.json",
            "A1/spatial/tissue_hires_image.png",
            "A1/raw_feature_bc_matrix.h5",
            "A1/raw_feature_bc_matrix/matrix.mtx",
        ];
        let listed = ["A1/spatial/positions.csv", "A1/filtered_feature_bc_matrix.h5", "A1/slide.png"];
        for name in kept.iter().chain(&listed).chain(&["A1/notes.csv"]) {
            fs::write(at(name), "content").unwrap();
        }
        let mut project = Project::new();
        project.sections = vec![SectionEntry {
            name: "A1".into(),
            source: Source::Visium { matrix: at(listed[1]), positions: at(listed[0]), scale_factors: None },
            image: at(listed[2]),
            ..Default::default()
        }];
        for name in kept {
            let said = project.check_output(&at("p.hiscmcl"), &at(name)).unwrap_err();
            assert!(matches!(said, OutputError::OfSample { .. }), "{said}");
        }
        for name in ["A1/notes.csv", "A1/spatial/new.csv"] {
            assert_eq!(project.check_output(&at("p.hiscmcl"), &at(name)), Ok(()), "{name}");
        }
    }
}
