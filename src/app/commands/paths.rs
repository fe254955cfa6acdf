//! Asking for a file or folder. The window shows the system's dialog where there is one and a text field
//! otherwise; either way the answer becomes a command.

use std::path::{Path, PathBuf};

use crate::data::slide::EXTENSIONS;
use crate::data::st::FileRole;
use crate::figures::Format;
use crate::jobs::settings::FolderKind;

/// How slides end, and what is packed.
const IMAGES_AND_PACKED: [&str; EXTENSIONS.len() + 1] = {
    let mut all = ["gz"; EXTENSIONS.len() + 1];
    let mut i = 0;
    while i < EXTENSIONS.len() {
        all[i] = EXTENSIONS[i];
        i += 1;
    }
    all
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A file that exists.
    File,
    /// One or more files that exist.
    Files,
    /// A folder that exists.
    Folder,
    /// A file to write.
    Save,
}

/// Why a path is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum PathPurpose {
    /// Open a project file.
    OpenProject,
    /// Make a project from a folder in the her2st layout.
    NewFromFolder,
    /// Add the sections of a folder to the open project.
    AddFolder,
    /// Add the sample that a file belongs to.
    AddFile,
    /// Add H&E slides to predict on.
    AddSlides,
    /// The project whose models are to be used in this one.
    RunsOf,
    /// Save the project under another name.
    SaveProjectAs,
    /// One file of the import form.
    ImportFile {
        /// Row of the form.
        row: usize,
        /// Which of its files.
        role: FileRole,
    },
    /// A file of a sample in the import summary.
    SampleFile {
        /// Row of the summary.
        row: usize,
        /// Which of its files.
        role: FileRole,
    },
    /// The full-resolution slide of a section that has only a smaller image of it.
    FullSlide {
        /// Name of the section.
        section: String,
    },
    /// The labels of the spots of a section.
    SectionLabels {
        /// Name of the section.
        section: String,
    },
    /// Regions to add to a section.
    ImportRegions {
        /// Name of the section.
        section: String,
    },
    /// Write the regions of a section.
    ExportRegions {
        /// Name of the section.
        section: String,
    },
    /// Where a section's file is now.
    Relocate {
        /// Name of the section.
        section: String,
        /// Which of its files.
        role: FileRole,
    },
    /// The weights of an image encoder.
    EncoderWeights {
        /// Its name.
        encoder: String,
    },
    /// OpenSlide's library.
    OpenSlideLibrary,
    /// Read the gene list from a file.
    LoadGenes,
    /// Write the gene list to a file.
    SaveGenes,
    /// Write the report as JSON.
    SaveReportJson,
    /// Write the scores of every gene on every held-out section as CSV.
    SaveReportCsv,
    /// Write the table of genes as it stands on the screen, as CSV.
    SaveGeneTable,
    /// Write the table of the comparison as it stands on the screen, as CSV.
    SaveComparison,
    /// Write the report of the run that predicts, as PDF.
    SaveRunReport,
    /// Write the figure.
    SaveFigure,
    /// The folder for figures of many genes and sections.
    FigureFolder,
    /// The folder for the predictions of all slides without measurements.
    SlidesFolder,
    /// Write predictions as CSV.
    SavePredictions,
    /// Write predictions as AnnData.
    SavePredictionsAnnData,
}

/// File name endings offered by a dialog: what they are called, and the endings without their dots.
pub type Filter = (&'static str, &'static [&'static str]);

/// A question for a path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathRequest {
    /// Why it is asked.
    pub purpose: PathPurpose,
    /// The folder to begin in.
    pub folder: Option<PathBuf>,
    /// The file name to propose.
    pub file_name: Option<String>,
}

impl PathRequest {
    /// A question that begins wherever a file was last chosen.
    pub fn new(purpose: PathPurpose) -> Self {
        Self { purpose, folder: None, file_name: None }
    }

    /// The same question with a file name to propose.
    #[must_use]
    pub fn named(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into());
        self
    }

    /// The title of the dialog.
    pub fn title(&self) -> String {
        match &self.purpose {
            PathPurpose::OpenProject => "Open a project".to_owned(),
            PathPurpose::NewFromFolder => "Open a folder with sections".to_owned(),
            PathPurpose::AddFolder => "Add a folder with sections".to_owned(),
            PathPurpose::AddFile => "Add the sample of a file".to_owned(),
            PathPurpose::AddSlides => "Add H&E slides".to_owned(),
            PathPurpose::RunsOf => "Choose the project whose models you want to use".to_owned(),
            PathPurpose::SaveProjectAs => "Save the project as".to_owned(),
            PathPurpose::ImportFile { role, .. } | PathPurpose::SampleFile { role, .. } => {
                format!("Choose the {}", role.noun())
            }
            PathPurpose::FullSlide { section } => format!("Choose the full-resolution slide of {section}"),
            PathPurpose::SectionLabels { section } => format!("Choose the labels of {section}"),
            PathPurpose::ImportRegions { section } => format!("Import regions of {section}"),
            PathPurpose::ExportRegions { section } => format!("Export the regions of {section}"),
            PathPurpose::Relocate { section, role } => {
                format!("Where is the {} of {section} now?", role.noun())
            }
            PathPurpose::EncoderWeights { .. } => "Choose the weights file".to_owned(),
            PathPurpose::OpenSlideLibrary => "Choose the library of OpenSlide 4".to_owned(),
            PathPurpose::LoadGenes => "Load a gene list".to_owned(),
            PathPurpose::SaveGenes => "Save the gene list".to_owned(),
            PathPurpose::SaveReportJson => "Save the report as JSON".to_owned(),
            PathPurpose::SaveReportCsv => "Save the scores of every gene on every section as CSV".to_owned(),
            PathPurpose::SaveGeneTable => "Save the table of genes as CSV".to_owned(),
            PathPurpose::SaveComparison => "Save the comparison as CSV".to_owned(),
            PathPurpose::SaveRunReport => "Save the report".to_owned(),
            PathPurpose::SaveFigure => "Save the figure".to_owned(),
            PathPurpose::FigureFolder => "Choose a folder for the figures".to_owned(),
            PathPurpose::SlidesFolder => "Choose a folder for the predictions".to_owned(),
            PathPurpose::SavePredictions => "Save the predictions as CSV".to_owned(),
            PathPurpose::SavePredictionsAnnData => "Save the predictions as AnnData".to_owned(),
        }
    }

    /// Where answers to it are remembered.
    pub fn folder_kind(&self) -> FolderKind {
        match self.purpose {
            PathPurpose::OpenProject | PathPurpose::RunsOf | PathPurpose::SaveProjectAs => {
                FolderKind::Projects
            }
            PathPurpose::NewFromFolder
            | PathPurpose::AddFolder
            | PathPurpose::AddFile
            | PathPurpose::ImportFile { .. }
            | PathPurpose::SampleFile { .. }
            | PathPurpose::SectionLabels { .. }
            | PathPurpose::ImportRegions { .. }
            | PathPurpose::Relocate { .. } => FolderKind::Sections,
            PathPurpose::FullSlide { .. } | PathPurpose::AddSlides => FolderKind::Slides,
            PathPurpose::EncoderWeights { .. } => FolderKind::Weights,
            PathPurpose::OpenSlideLibrary => FolderKind::Libraries,
            PathPurpose::LoadGenes | PathPurpose::SaveGenes => FolderKind::Genes,
            PathPurpose::SaveReportJson
            | PathPurpose::SaveReportCsv
            | PathPurpose::SaveGeneTable
            | PathPurpose::SaveComparison
            | PathPurpose::SaveRunReport
            | PathPurpose::SaveFigure
            | PathPurpose::FigureFolder
            | PathPurpose::SlidesFolder
            | PathPurpose::ExportRegions { .. }
            | PathPurpose::SavePredictions
            | PathPurpose::SavePredictionsAnnData => FolderKind::Exports,
        }
    }

    /// What is asked for.
    pub fn kind(&self) -> PathKind {
        match self.purpose {
            PathPurpose::OpenProject
            | PathPurpose::RunsOf
            | PathPurpose::AddFile
            | PathPurpose::ImportFile { .. }
            | PathPurpose::SampleFile { .. }
            | PathPurpose::FullSlide { .. }
            | PathPurpose::SectionLabels { .. }
            | PathPurpose::ImportRegions { .. }
            | PathPurpose::Relocate { .. }
            | PathPurpose::EncoderWeights { .. }
            | PathPurpose::OpenSlideLibrary
            | PathPurpose::LoadGenes => PathKind::File,
            PathPurpose::AddSlides => PathKind::Files,
            PathPurpose::NewFromFolder
            | PathPurpose::AddFolder
            | PathPurpose::FigureFolder
            | PathPurpose::SlidesFolder => PathKind::Folder,
            PathPurpose::SaveProjectAs
            | PathPurpose::SaveGenes
            | PathPurpose::SaveReportJson
            | PathPurpose::SaveReportCsv
            | PathPurpose::SaveGeneTable
            | PathPurpose::SaveComparison
            | PathPurpose::SaveRunReport
            | PathPurpose::SaveFigure
            | PathPurpose::ExportRegions { .. }
            | PathPurpose::SavePredictions
            | PathPurpose::SavePredictionsAnnData => PathKind::Save,
        }
    }

    /// The endings to offer.
    pub fn filters(&self) -> &'static [Filter] {
        const TABLES: &[Filter] = &[("Tables", &["tsv", "gz", "csv", "txt"]), ("All files", &["*"])];
        const IMAGES: &[Filter] = &[("Slides and images", &IMAGES_AND_PACKED), ("All files", &["*"])];
        const LABELS: &[Filter] =
            &[("Labels and regions", &["tsv", "gz", "csv", "txt", "geojson", "json"]), ("All files", &["*"])];
        match &self.purpose {
            PathPurpose::OpenProject | PathPurpose::RunsOf | PathPurpose::SaveProjectAs => {
                &[("HisCMCL projects", &["hiscmcl"])]
            }
            PathPurpose::ImportFile { role: FileRole::Image, .. }
            | PathPurpose::SampleFile { role: FileRole::Image, .. }
            | PathPurpose::FullSlide { .. }
            | PathPurpose::AddSlides
            | PathPurpose::Relocate { role: FileRole::Image, .. } => IMAGES,
            PathPurpose::SectionLabels { .. }
            | PathPurpose::SampleFile { role: FileRole::Labels, .. }
            | PathPurpose::Relocate { role: FileRole::Labels, .. } => LABELS,
            PathPurpose::ImportFile { .. }
            | PathPurpose::SampleFile { .. }
            | PathPurpose::Relocate { .. } => TABLES,
            PathPurpose::EncoderWeights { .. } => {
                &[("Weights", &["safetensors", "bin", "pth", "pt"]), ("All files", &["*"])]
            }
            // Its name ends differently on each system, in a version on some.
            PathPurpose::OpenSlideLibrary => &[("All files", &["*"])],
            PathPurpose::LoadGenes => &[("Gene lists", &["txt", "csv", "tsv"]), ("All files", &["*"])],
            PathPurpose::SaveGenes => &[("Text", &["txt"]), ("CSV", &["csv"])],
            PathPurpose::AddFile => {
                &[("Samples", &["h5ad", "h5", "gz", "csv", "tsv", "parquet"]), ("All files", &["*"])]
            }
            PathPurpose::SaveReportJson => &[("JSON", &["json"])],
            PathPurpose::SaveReportCsv
            | PathPurpose::SaveGeneTable
            | PathPurpose::SaveComparison
            | PathPurpose::SavePredictions => &[("CSV", &["csv"])],
            PathPurpose::SavePredictionsAnnData => &[("AnnData", &["h5ad"])],
            PathPurpose::SaveRunReport => &[("PDF", &["pdf"])],
            PathPurpose::ImportRegions { .. } => {
                &[("GeoJSON of QuPath", &["geojson", "json", "gz"]), ("All files", &["*"])]
            }
            PathPurpose::ExportRegions { .. } => &[
                ("GeoJSON for QuPath", &["geojson"]),
                ("Barcodes and classes for Loupe Browser", &["csv"]),
                ("Mask", &["png"]),
            ],
            PathPurpose::SaveFigure => Format::FILTERS,
            PathPurpose::NewFromFolder
            | PathPurpose::AddFolder
            | PathPurpose::FigureFolder
            | PathPurpose::SlidesFolder => &[],
        }
    }

    /// Whether the folder is made where there is none.
    fn makes_folder(&self) -> bool {
        matches!(self.purpose, PathPurpose::FigureFolder | PathPurpose::SlidesFolder)
    }

    /// `typed` as a path: quotes that a file manager's "copy path" adds are taken off, `~` is the home
    /// folder, and a file to be written gets the first offered ending when it has none of them.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(&self, typed: &str) -> Result<PathBuf, String> {
        let typed = typed.trim().trim_matches(['"', '\'']);
        let typed = typed.strip_prefix("file://").unwrap_or(typed);
        if typed.is_empty() {
            return Err("Type or paste a path.".to_owned());
        }
        let mut path = PathBuf::from(typed);
        if let Ok(rest) = path.strip_prefix("~")
            && let Some(dirs) = directories::UserDirs::new()
        {
            path = dirs.home_dir().join(rest);
        }
        match self.kind() {
            PathKind::File if path.is_dir() => {
                Err(format!("{} is a folder; a file is needed.", path.display()))
            }
            PathKind::File if !path.is_file() => Err(format!("There is no file {}.", path.display())),
            PathKind::Files if !path.exists() => {
                Err(format!("There is no file or folder {}.", path.display()))
            }
            PathKind::Folder if path.is_file() => {
                Err(format!("{} is a file; a folder is needed.", path.display()))
            }
            PathKind::Folder if !self.makes_folder() && !path.is_dir() => {
                Err(format!("There is no folder {}.", path.display()))
            }
            PathKind::Save if path.is_dir() => {
                Err(format!("{} is a folder; add a file name.", path.display()))
            }
            PathKind::Save => Ok(self.with_ending(path)),
            PathKind::File | PathKind::Files | PathKind::Folder => Ok(path),
        }
    }

    /// A path to be written with one of the offered endings.
    pub fn with_ending(&self, path: PathBuf) -> PathBuf {
        let endings: Vec<&str> = self.filters().iter().flat_map(|(_, e)| e.iter().copied()).collect();
        let has = |path: &Path| {
            path.extension()
                .and_then(|e| e.to_str())
                .is_some_and(|e| endings.iter().any(|ending| e.eq_ignore_ascii_case(ending)))
        };
        match endings.first() {
            Some(first) if self.kind() == PathKind::Save && !has(&path) => {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(".");
                name.push(first);
                path.with_file_name(name)
            }
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_paths_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let folder = PathRequest::new(PathPurpose::NewFromFolder);
        let text = dir.path().display().to_string();
        assert_eq!(folder.parse(&format!(" \"{text}\" ")).unwrap(), dir.path());
        assert!(folder.parse("").unwrap_err().contains("path"));
        assert!(folder.parse(&format!("{text}/no")).unwrap_err().contains("no folder"));
        let open = PathRequest::new(PathPurpose::OpenProject);
        assert!(open.parse(&text).unwrap_err().contains("is a folder"));
        assert!(open.parse(&format!("{text}/p.hiscmcl")).unwrap_err().contains("no file"));
    }

    #[test]
    fn files_to_write_get_an_ending() {
        let save = PathRequest::new(PathPurpose::SaveFigure);
        assert_eq!(save.with_ending("a/fig".into()), Path::new("a/fig.png"));
        assert_eq!(save.with_ending("a/fig.SVG".into()), Path::new("a/fig.SVG"));
        assert_eq!(save.with_ending("a/fig.v2".into()), Path::new("a/fig.v2.png"));
        let project = PathRequest::new(PathPurpose::SaveProjectAs);
        assert_eq!(project.parse("/nowhere/x").unwrap(), Path::new("/nowhere/x.hiscmcl"));
    }
}
