//! What the application remembers between starts, whichever project is open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::encoder_speed::Rates;
use super::encoders::EncoderChoice;
use crate::core::files::{FileError, create_folder_of, read_json, write_json_atomically};

/// The most projects remembered.
const RECENT: usize = 12;

/// Names the folder of the settings; where it is not set they are in the user's config folder.
pub const FOLDER_VARIABLE: &str = "HISCMCL_CONFIG";

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark text on white.
    #[default]
    Light,
    /// Light text on near-black.
    Dark,
}

/// What kind of file or folder is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderKind {
    /// Project files.
    Projects,
    /// Folders and files with sections.
    Sections,
    /// Slide images of full resolution.
    Slides,
    /// Weights of image encoders.
    Weights,
    /// Libraries that this program uses.
    Libraries,
    /// Gene lists.
    Genes,
    /// Figures and tables that are written.
    Exports,
}

/// The folder of the last answer to each kind of question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LastFolders {
    projects: Option<PathBuf>,
    sections: Option<PathBuf>,
    slides: Option<PathBuf>,
    weights: Option<PathBuf>,
    libraries: Option<PathBuf>,
    genes: Option<PathBuf>,
    exports: Option<PathBuf>,
}

impl LastFolders {
    /// Where the last answer was.
    pub fn get(&self, kind: FolderKind) -> Option<&PathBuf> {
        match kind {
            FolderKind::Projects => self.projects.as_ref(),
            FolderKind::Sections => self.sections.as_ref(),
            FolderKind::Slides => self.slides.as_ref(),
            FolderKind::Weights => self.weights.as_ref(),
            FolderKind::Libraries => self.libraries.as_ref(),
            FolderKind::Genes => self.genes.as_ref(),
            FolderKind::Exports => self.exports.as_ref(),
        }
    }

    /// Remembers where an answer was.
    pub fn set(&mut self, kind: FolderKind, folder: PathBuf) {
        *match kind {
            FolderKind::Projects => &mut self.projects,
            FolderKind::Sections => &mut self.sections,
            FolderKind::Slides => &mut self.slides,
            FolderKind::Weights => &mut self.weights,
            FolderKind::Libraries => &mut self.libraries,
            FolderKind::Genes => &mut self.genes,
            FolderKind::Exports => &mut self.exports,
        } = Some(folder);
    }
}

/// What is remembered of encoders between starts, whichever project is open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EncoderSettings {
    /// The one chosen last; new projects begin with it.
    pub chosen: EncoderChoice,
    /// Weights files that the user pointed to, by encoder.
    pub weights: BTreeMap<String, PathBuf>,
    /// How fast devices run networks, by device.
    pub rates: BTreeMap<String, Rates>,
    /// Measured patches a second, by device and encoder.
    pub speeds: BTreeMap<String, BTreeMap<String, f64>>,
}

/// What is remembered. Fields that an older file lacks take their defaults.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Width and height of the window in points.
    pub window: Option<[f32; 2]>,
    /// Project files opened, latest first.
    pub recent: Vec<PathBuf>,
    /// The folder a file was last chosen in.
    pub last_folder: Option<PathBuf>,
    /// The same for each kind of question.
    pub folders: LastFolders,
    /// The newest report of a fault that the user was told of.
    pub last_report: Option<PathBuf>,
    /// What is known of image encoders.
    pub encoders: EncoderSettings,
    /// OpenSlide's library, where the user chose it.
    pub openslide: Option<PathBuf>,
}

impl Settings {
    /// The folder of the settings, if the system has one.
    pub fn folder() -> Option<PathBuf> {
        match std::env::var_os(FOLDER_VARIABLE) {
            Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
            _ => {
                directories::ProjectDirs::from("", "", "hiscmcl").map(|dirs| dirs.config_dir().to_path_buf())
            }
        }
    }

    /// Where reports of faults go: the user's data folder, or beside settings that lie elsewhere than usual.
    pub fn reports_folder(settings: &Path) -> PathBuf {
        Self::data_folder(settings).join("reports")
    }

    /// Where log files go: as [`Settings::reports_folder`].
    pub fn logs_folder(settings: &Path) -> PathBuf {
        Self::data_folder(settings).join("logs")
    }

    fn data_folder(settings: &Path) -> PathBuf {
        let usual = directories::ProjectDirs::from("", "", "hiscmcl").filter(|d| d.config_dir() == settings);
        usual.map_or_else(|| settings.to_path_buf(), |d| d.data_local_dir().to_path_buf())
    }

    fn file(folder: &Path) -> PathBuf {
        folder.join("settings.json")
    }

    /// The settings in `folder`; defaults where there are none yet.
    ///
    /// # Errors
    /// [`FileError`] naming the file, when it is there but cannot be read or understood.
    pub fn load(folder: &Path) -> Result<Self, FileError> {
        let file = Self::file(folder);
        if file.exists() { read_json(&file) } else { Ok(Self::default()) }
    }

    /// Writes the settings into `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        let file = Self::file(folder);
        create_folder_of(&file)?;
        write_json_atomically(&file, self)
    }

    /// Puts a project first in the list of recent ones.
    pub fn remember(&mut self, project: &Path) {
        self.recent.retain(|p| p != project);
        self.recent.insert(0, project.to_path_buf());
        self.recent.truncate(RECENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_old_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new");
        assert_eq!(Settings::load(&folder).unwrap(), Settings::default());
        let mut settings = Settings { theme: Theme::Dark, ..Settings::default() };
        settings.remember(Path::new("a.hiscmcl"));
        settings.remember(Path::new("b.hiscmcl"));
        settings.remember(Path::new("a.hiscmcl"));
        settings.save(&folder).unwrap();
        assert_eq!(Settings::load(&folder).unwrap(), settings);
        assert_eq!(settings.recent, [Path::new("a.hiscmcl"), Path::new("b.hiscmcl")]);
        std::fs::write(folder.join("settings.json"), r#"{"theme":"dark","gone":1}"#).unwrap();
        assert_eq!(Settings::load(&folder).unwrap(), Settings { theme: Theme::Dark, ..Settings::default() });
    }

    #[test]
    fn damaged_settings_are_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("settings.json"), "{").unwrap();
        assert!(Settings::load(dir.path()).unwrap_err().to_string().contains("settings.json"));
    }
}
