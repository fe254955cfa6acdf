//! Loading and saving the project file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::paths::to_stored;
use super::stored::{Stored, StoredSection};
use super::{Project, ProjectError, SectionEntry, known};
use crate::core::files::{FileError, folder_of, resolve_links, write_bytes_atomically};
use crate::core::text::lower_first;
use crate::data::st::source::{SampleKind, Source};

/// The version of the format. It grows when an older program would misread a newer file; added fields alone
/// do not need it, they are kept by programs that do not know them.
pub const VERSION: u64 = 3;
/// What is written while nothing needs more: every section is one of legacy ST, which version 1 knows.
const LEGACY_ONLY: u64 = 1;
/// What is written while every section was measured: version 2 does not know slides without measurements.
const MEASURED_ONLY: u64 = 2;

/// The ending of project files, without the dot.
pub const EXTENSION: &str = "hiscmcl";

/// A larger file is not a project: do not read it into memory.
const LARGEST_FILE: u64 = 64 << 20;

/// Where the runs of the project at `path` lie: `NAME.runs` beside `NAME.hiscmcl`, where a link to it leads.
pub fn runs_folder(path: &Path) -> PathBuf {
    resolve_links(path).with_extension("runs")
}

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<u64>,
}

impl Project {
    /// Loads a project file. Whether the files of its sections are there is not looked at, see
    /// [`Project::missing_files`].
    ///
    /// # Errors
    /// [`ProjectError`] when the file cannot be read, is cut or is no project, comes from a newer version, or
    /// names two sections alike.
    pub fn load(path: &Path) -> Result<Self, ProjectError> {
        let bytes = read_small(path)?;
        let project = Self::parse(path, &bytes)?;
        known::remember(path, &bytes);
        Ok(project)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ProjectError> {
        check_version(path, bytes)?;
        let stored: Stored = serde_json::from_slice(bytes).map_err(|e| not_a_project(path, &e))?;
        // Of a project that is reached by a symbolic link, where it is.
        let real = resolve_links(path);
        let folder = folder_of(&real);
        let mut sections = Vec::with_capacity(stored.sections.len());
        let mut unknown_of_sections = BTreeMap::new();
        for mut section in stored.sections {
            let unknown = std::mem::take(&mut section.unknown);
            if !unknown.is_empty() {
                unknown_of_sections.insert(section.name.clone(), unknown);
            }
            let name = section.name.clone();
            sections.push(section.resolved(folder).ok_or_else(|| {
                let message = format!("section {name} names no count table and spot file");
                FileError::malformed(path, message)
            })?);
        }
        let project = Self {
            sections,
            panels: stored.panels,
            selection: stored.selection,
            target: stored.target,
            train: stored.train,
            display: stored.display,
            view: stored.view,
            unknown: stored.unknown,
            unknown_of_sections,
        };
        project.check().map_err(|e| FileError::malformed(path, lower_first(&e.to_string())))?;
        Ok(project)
    }

    /// Saves the project: afterwards `path` holds the whole project or, on an error, what it held before.
    ///
    /// # Errors
    /// [`ProjectError`] when the file cannot be written, a path cannot be stored, section names clash, or
    /// `path` holds a project of a newer version, or one that another program has changed since this one loaded or
    /// saved it, which are not overwritten.
    pub fn save(&self, path: &Path) -> Result<(), ProjectError> {
        let _lock = known::lock(path);
        known::check(path)?;
        self.write(path)
    }

    /// Saves the project in place of whatever `path` holds, as the user has chosen to.
    ///
    /// # Errors
    /// As [`Project::save`], but that another program has changed the file.
    pub fn save_over(&self, path: &Path) -> Result<(), ProjectError> {
        known::forget(path);
        self.save(path)
    }

    fn write(&self, path: &Path) -> Result<(), ProjectError> {
        self.check()?;
        refuse_to_replace_newer(path)?;
        let real = resolve_links(path);
        let folder = folder_of(&real);
        let sections =
            self.sections.iter().map(|s| self.stored_section(s, folder)).collect::<Result<_, _>>()?;
        let legacy = |s: &SectionEntry| matches!(s.source, Source::Tables { .. });
        let version = if self.sections.iter().all(legacy) {
            LEGACY_ONLY
        } else if self.sections.iter().all(SectionEntry::is_measured) {
            MEASURED_ONLY
        } else {
            VERSION
        };
        let stored = Stored {
            version,
            sections,
            panels: self.panels.clone(),
            selection: self.selection.clone(),
            target: self.target,
            train: self.train.clone(),
            display: self.display.clone(),
            view: self.view.clone(),
            unknown: self.unknown.clone(),
        };
        let unwritable = |e: serde_json::Error| FileError::malformed(path, format!("cannot be written: {e}"));
        let mut bytes = serde_json::to_vec_pretty(&stored).map_err(unwritable)?;
        bytes.push(b'\n');
        write_bytes_atomically(path, &bytes)?;
        known::remember(path, &bytes);
        Ok(())
    }

    /// Notes in the project file at `path` where the user was, and leaves everything else in it as it is: it
    /// may have been changed by others since it was loaded.
    ///
    /// # Errors
    /// As [`Project::load`] and [`Project::save`].
    pub fn save_view(path: &Path, view: &Value) -> Result<(), ProjectError> {
        let _lock = known::lock(path);
        let bytes = read_small(path)?;
        let mut project = Self::parse(path, &bytes)?;
        if project.view == *view {
            return Ok(());
        }
        project.view = view.clone();
        // A change by others stays one that this program has not seen.
        known::unseen(path, &bytes, || project.write(path))
    }

    fn stored_section(&self, entry: &SectionEntry, folder: &Path) -> Result<StoredSection, ProjectError> {
        let stored = |path: &Path| {
            to_stored(path, folder).ok_or_else(|| ProjectError::PathUnusable { path: path.to_path_buf() })
        };
        let (counts, spots, source) = match &entry.source {
            Source::Tables { counts, spots } => (Some(stored(counts)?), Some(stored(spots)?), None),
            source => {
                let mut source = source.clone();
                for (_, path) in source.files_mut() {
                    *path = PathBuf::from(stored(path)?);
                }
                (None, None, Some(source))
            }
        };
        Ok(StoredSection {
            name: entry.name.clone(),
            formerly: entry.formerly.clone(),
            patient: entry.patient.clone(),
            counts,
            spots,
            source,
            sample: (entry.kind != SampleKind::default()).then_some(entry.kind),
            image: stored(&entry.image)?,
            image_scale: entry.image_scale,
            labels: entry.labels.as_deref().map(stored).transpose()?,
            label_column: entry.label_column.clone(),
            slide_mpp: entry.slide_mpp,
            mpp: entry.mpp,
            mpp_confirmed: entry.mpp_confirmed,
            grid: entry.grid,
            tissue: entry.tissue.clone(),
            unknown: self.unknown_of_sections.get(&entry.name).cloned().unwrap_or_default(),
        })
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, FileError> {
    let about = fs::metadata(path).map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    if about.len() > LARGEST_FILE {
        return Err(FileError::malformed(path, "the file is too large for a HisCMCL project"));
    }
    fs::read(path).map_err(FileError::io("read", path))
}

fn check_version(path: &Path, bytes: &[u8]) -> Result<(), ProjectError> {
    let VersionOnly { version } = serde_json::from_slice(bytes).map_err(|e| not_a_project(path, &e))?;
    match version {
        Some(found) if found > VERSION => {
            Err(ProjectError::Newer { path: path.to_path_buf(), found, known: VERSION })
        }
        Some(1..) => Ok(()),
        _ => Err(FileError::malformed(path, "this is not a HisCMCL project: it has no version").into()),
    }
}

fn refuse_to_replace_newer(path: &Path) -> Result<(), ProjectError> {
    let Ok(bytes) = read_small(path) else { return Ok(()) };
    match check_version(path, &bytes) {
        Err(newer @ ProjectError::Newer { .. }) => Err(newer),
        // A damaged or foreign file at this place was chosen by the user to be replaced.
        _ => Ok(()),
    }
}

fn not_a_project(path: &Path, error: &serde_json::Error) -> FileError {
    use serde_json::error::Category;
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    match error.classify() {
        Category::Eof if error.line() <= 1 && error.column() == 0 => {
            FileError::malformed(path, "the file is empty")
        }
        Category::Eof => FileError::malformed_at(
            path,
            error.line() as u64,
            "the project file ends too early: it was cut off; take a copy of it if there is one",
        ),
        Category::Data => FileError::malformed_at(
            path,
            error.line() as u64,
            format!("this is not as a project has it: {what}"),
        ),
        Category::Syntax | Category::Io => FileError::malformed_at(
            path,
            error.line() as u64,
            format!("this is not a HisCMCL project ({what})"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::core::places::{GridLattice, GridSettings, Stroke, TissueSettings};
    use crate::core::target::Target;
    use crate::data::mutate::fuzz_file;
    use crate::data::panels::Panel;
    use crate::data::project::GeneSelection;
    use crate::data::st::FileRole;
    use proptest::prelude::*;
    use serde_json::json;

    fn sample(folder: &Path) -> Project {
        let mut project = Project::new();
        let mut c2 = entry("C2", folder);
        c2.mpp = Some(0.69);
        c2.labels = Some(folder.join("lbl/C2.tsv"));
        project.add(c2).unwrap();
        project.add(entry("C3", &folder.join("../elsewhere"))).unwrap();
        project.panels.push(Panel { name: "Mine".into(), genes: vec!["ERBB2".into()], ..Panel::default() });
        project.selection = Some(GeneSelection { genes: vec!["GNAS".into()], how: "typed".into() });
        project.target = Target::Lognorm;
        project.train = json!({"epochs": 7});
        project.view = json!({"section": "C2"});
        project
    }

    #[test]
    fn what_another_program_saved_is_not_undone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.hiscmcl");
        let mut mine = sample(dir.path());
        mine.save(&path).unwrap();
        mine.view = json!({"section": "C3"});
        mine.save(&path).unwrap();
        // Another program adds a panel.
        let text = fs::read_to_string(&path).unwrap().replace("\"Mine\"", "\"Theirs\"");
        fs::write(&path, &text).unwrap();
        // Where the user was is noted without undoing or hiding it.
        Project::save_view(&path, &json!({"section": "C2"})).unwrap();
        let e = mine.save(&path).unwrap_err().to_string();
        assert!(e.contains("p.hiscmcl was changed by another program since it was opened here"), "{e}");
        let theirs = Project::load(&path).unwrap();
        assert_eq!((theirs.panels[0].name.as_str(), &theirs.view["section"]), ("Theirs", &json!("C2")));
        // Seen now; and whoever chooses the file to save to may replace it.
        theirs.save(&path).unwrap();
        fs::write(&path, &text).unwrap();
        mine.save_over(&path).unwrap();
        assert_eq!(Project::load(&path).unwrap().panels[0].name, "Mine");

        fs::remove_file(&path).unwrap();
        let e = mine.save(&path).unwrap_err().to_string();
        assert!(e.contains("p.hiscmcl is not there any more") && !path.exists(), "{e}");
        mine.save_over(&path).unwrap();
        assert!(path.exists());
    }

    #[test]
    fn what_is_saved_is_loaded_also_after_moving_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let study = home.join("study");
        let project = sample(&study);
        let path = study.join("p.hiscmcl");
        project.save(&path).unwrap();
        let mut loaded = Project::load(&path).unwrap();
        assert_eq!(loaded.sections[1].source.counts(), home.join("elsewhere/cnt/C3.tsv"));
        loaded.sections[1].source = project.sections[1].source.clone();
        loaded.sections[1].image = project.sections[1].image.clone();
        assert_eq!(loaded, project);

        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"version\": 1") && text.contains("\"cnt/C2.tsv\""), "{text}");
        assert!(text.contains("\"../elsewhere/cnt/C3.tsv\""), "{text}");
        fs::rename(&study, home.join("moved")).unwrap();
        let loaded = Project::load(&home.join("moved/p.hiscmcl")).unwrap();
        assert_eq!(loaded.sections[0].source.counts(), home.join("moved/cnt/C2.tsv"));
    }

    #[cfg(unix)]
    #[test]
    fn a_project_behind_a_link_is_saved_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let (path, link) = (home.join("study/p.hiscmcl"), home.join("link.hiscmcl"));
        sample(&home.join("study")).save(&path).unwrap();
        let mut project = Project::load(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Project::load(&link).unwrap(), project);
        project.view = json!({"section": "C3"});
        project.save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Project::load(&path).unwrap(), project);
    }

    /// A section of each kind that version 1 did not know.
    fn every_kind(home: &Path) -> Project {
        let visium = SectionEntry {
            name: "V1".into(),
            kind: SampleKind::VisiumHd { bin_um: 8 },
            source: Source::Visium {
                matrix: home.join("outs/m.h5"),
                positions: home.join("outs/p.parquet"),
                scale_factors: Some(home.join("outs/s.json")),
            },
            image: home.join("outs/hires.png"),
            image_scale: Some(0.25),
            ..SectionEntry::default()
        };
        let file = home.join("a.h5ad");
        let anndata = SectionEntry {
            name: "A".into(),
            kind: SampleKind::AnnData,
            image: crate::data::slide::place::in_anndata(&file, "lib", "hires").unwrap(),
            source: Source::AnnData { file, library: Some("lib".into()), layer: None },
            label_column: Some("cluster".into()),
            slide_mpp: Some(0.5),
            ..SectionEntry::default()
        };
        Project { sections: vec![visium, anndata], ..Project::default() }
    }

    #[test]
    fn slides_without_measurements_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let path = home.join("p.hiscmcl");
        let mut slide = SectionEntry::slide("S", home.join("scans/S.svs"), Some(0.25));
        slide.grid = Some(GridSettings { pitch_um: 50.0, lattice: GridLattice::Square });
        slide.tissue = TissueSettings {
            threshold: Some(0.1),
            strokes: vec![Stroke { center: SlidePoint::new(1.0, 2.0), radius: 3.0, is_tissue: true }],
        };
        let mut project = every_kind(&home);
        project.add(slide).unwrap();
        project.save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"version\": 3") && text.contains("\"scans/S.svs\""), "{text}");
        let mut again = Project::load(&path).unwrap();
        assert_eq!(again, project);
        let missing: Vec<_> = again.section("S").unwrap().missing_files();
        assert_eq!(missing.len(), 1, "the slide is one file: {missing:?}");
        fs::write(home.join("S.svs"), "x").unwrap();
        again.relocate("S", FileRole::Image, &home.join("S.svs")).unwrap();
        let moved = again.section("S").unwrap();
        assert_eq!(moved.source, Source::Slide { file: moved.image.clone() });
        assert!(moved.missing_files().is_empty());
        // Without it older programs read the project.
        again.remove("S");
        again.save(&path).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("\"version\": 2"));
    }

    #[test]
    fn sections_of_every_kind_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let path = home.join("p.hiscmcl");
        let project = every_kind(&home);
        project.save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        // A program that knows legacy ST only must not misread it.
        assert!(text.contains("\"version\": 2") && text.contains("\"outs/p.parquet\""), "{text}");
        assert_eq!(Project::load(&path).unwrap(), project);
        let roles: Vec<_> = project.missing_files().iter().map(|m| m.role.noun()).collect();
        let all = ["count matrix", "positions file", "scale factor file", "slide image", "AnnData file"];
        assert_eq!(roles, all, "an image within a file is not missing by itself");
        fs::write(&path, r#"{"version": 2, "sections": [{"name": "X", "image": "c"}]}"#).unwrap();
        let says = Project::load(&path).unwrap_err().to_string();
        assert!(says.ends_with("section X names no count table and spot file"), "{says}");
    }

    #[test]
    fn unknown_fields_survive() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.hiscmcl");
        fs::write(
            &path,
            r#"{"version": 1, "annotations": {"a": [1, 2]}, "sections":
            [{"name": "C2", "counts": "a", "spots": "b", "image": "c", "assay": "st"}]}"#,
        )
        .unwrap();
        let mut project = Project::load(&path).unwrap();
        project.rename("C2", "C3").unwrap();
        project.save(&path).unwrap();
        let again: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(again["annotations"], json!({"a": [1, 2]}));
        assert_eq!(again["sections"][0]["name"], "C3");
        assert_eq!(again["sections"][0]["assay"], "st");
    }

    #[test]
    fn newer_projects_are_neither_opened_nor_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.hiscmcl");
        let newer = r#"{"version": 4, "sections": "all in the cloud"}"#;
        fs::write(&path, newer).unwrap();
        for error in [Project::load(&path).unwrap_err(), Project::new().save(&path).unwrap_err()] {
            assert!(matches!(error, ProjectError::Newer { found: 4, known: 3, .. }));
            assert!(error.to_string().ends_with(
                "was saved by a newer HisCMCL (format 4, this one knows 3); update HisCMCL to open it, the file was left as it is"
            ));
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
    }

    #[test]
    fn runs_lie_beside_the_project() {
        assert_eq!(runs_folder(Path::new("/d/p.hiscmcl")), Path::new("/d/p.runs"));
    }

    proptest! {
        #[test]
        fn a_mutated_project_never_panics(at in 0usize..600, with in any::<u8>(), cut in 0usize..1200) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("p.hiscmcl");
            sample(dir.path()).save(&path).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            if let Some(b) = bytes.get_mut(at) { *b = with; }
            bytes.truncate(cut);
            fs::write(&path, &bytes).unwrap();
            let _ = Project::load(&path);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check_version(Path::new("p.hiscmcl"), &bytes);
        }
    }
    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_projects_never_panic_for_minutes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.hiscmcl");
        let written = |project: &Project| {
            project.save(&path).unwrap();
            fs::read(&path).unwrap()
        };
        let sound = vec![written(&sample(dir.path())), written(&every_kind(dir.path()))];
        fuzz_file("project", "p.hiscmcl", sound, |path| {
            let project = Project::load(path);
            if let Ok(project) = &project {
                let _ = project.missing_files();
                let folder = folder_of(path);
                for section in &project.sections {
                    let _ = project.stored_section(section, folder);
                }
            }
            project.is_ok()
        });
    }
}
