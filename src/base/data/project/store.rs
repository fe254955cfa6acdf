//! Loading and saving the project file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::paths::to_stored;
use super::stored::{Stored, StoredRegions, StoredSection};
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
const MAX_FILE_BYTES: u64 = 64 << 20;

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
        let mut classes = stored.classes;
        let mut unknown_of_sections = BTreeMap::new();
        for mut section in stored.sections {
            let unknown = std::mem::take(&mut section.unknown);
            if !unknown.is_empty() {
                unknown_of_sections.insert(section.name.clone(), unknown);
            }
            let name = section.name.clone();
            let regions = section.regions.take().map(|r| r.read(path, &mut classes)).transpose()?;
            let mut entry = section.resolved(folder).ok_or_else(|| {
                let message = format!("section {name} names no count table and spot file");
                FileError::malformed(path, message)
            })?;
            entry.regions = regions.unwrap_or_default();
            sections.push(entry);
        }
        let project = Self {
            sections,
            classes,
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
            classes: self.classes.clone(),
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
            image: if entry.has_image() { stored(&entry.image)? } else { String::new() },
            image_scale: entry.image_scale,
            labels: entry.labels.as_deref().map(stored).transpose()?,
            label_column: entry.label_column.clone(),
            slide_mpp: entry.slide_mpp,
            mpp: entry.mpp,
            mpp_confirmed: entry.mpp_confirmed,
            grid: entry.grid,
            tissue: entry.tissue.clone(),
            regions: StoredRegions::new(&entry.regions, &self.classes),
            unknown: self.unknown_of_sections.get(&entry.name).cloned().unwrap_or_default(),
        })
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, FileError> {
    let about = fs::metadata(path).map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    if about.len() > MAX_FILE_BYTES {
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
mod tests;
