//! A sample that was recognised.

use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::super::source::{SampleKind, Source};
use super::ignored::Ignored;
use crate::core::geometry::Mpp;
use crate::data::project::MAX_NAME;

/// What an image shows of the slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageKind {
    /// The slide on which the positions are counted.
    FullResolution,
    /// `tissue_hires_image`: 2,000 or 4,000 pixels on its longer side.
    Hires,
    /// `tissue_lowres_image`: 600 pixels on its longer side.
    Lowres,
    /// The picture that the CytAssist instrument takes.
    CytAssist,
}

impl ImageKind {
    /// "full-resolution slide", "hires image".
    pub fn noun(self) -> &'static str {
        match self {
            Self::FullResolution => "full-resolution slide",
            Self::Hires => "hires image",
            Self::Lowres => "lowres image",
            Self::CytAssist => "CytAssist image",
        }
    }
}

/// An image of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleImage {
    /// What it shows.
    pub kind: ImageKind,
    /// The file.
    pub path: PathBuf,
    /// Its pixels per full-resolution pixel: positions times this are positions on this image. `None` where the data
    /// does not say it (always for a CytAssist image beside another slide, which lies askew to it).
    pub scale: Option<f64>,
    /// Width and height in pixels, where the file says it.
    pub size: Option<(u32, u32)>,
}

/// A sample: its files, and what is known of it without opening them.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// From its folder or files; unique among the samples found with it.
    pub name: String,
    /// The donor, where names or metadata tell.
    pub patient: Option<String>,
    /// The assay, or the collection.
    pub kind: SampleKind,
    /// Where the measurements are.
    pub source: Source,
    /// The images that exist, the best first.
    pub images: Vec<SampleImage>,
    /// Whether a file that may be its slide exists and cannot be read.
    pub has_unreadable_image: bool,
    /// Labels of its spots.
    pub labels: Option<PathBuf>,
    /// Micrometres per pixel of the full-resolution slide, when a file says it.
    pub mpp: Option<Mpp>,
    /// Whether it is taken unless the user says otherwise; 2 um bins are not.
    pub chosen: bool,
    /// What to know before it is added, a sentence each.
    pub remarks: Vec<String>,
    /// The distance between its spots in micrometres, when a file says it.
    pub pitch_um: Option<f64>,
    /// Files that are not used, a short phrase each.
    pub ignored: Vec<Ignored>,
    /// What it still needs, a short phrase each.
    pub needed: Vec<String>,
    /// The folder that holds it, to tell it from others of its name.
    pub(super) place: String,
    /// Files that lie with it, used or not.
    pub(super) others: Vec<PathBuf>,
    /// Matrices that could be used.
    pub(super) matrices: Vec<PathBuf>,
}

impl Sample {
    pub(super) fn new(name: impl Into<String>, kind: SampleKind, source: Source) -> Self {
        Self {
            name: name.into(),
            patient: None,
            kind,
            source,
            images: Vec::new(),
            has_unreadable_image: false,
            labels: None,
            mpp: None,
            chosen: true,
            remarks: Vec::new(),
            pitch_um: None,
            ignored: Vec::new(),
            needed: Vec::new(),
            place: String::new(),
            others: Vec::new(),
            matrices: Vec::new(),
        }
    }

    /// One line that says what was recognised, what is ignored and what is still needed.
    pub fn line(&self) -> String {
        let patient = self.patient.as_ref().map(|p| format!(" (patient {p})")).unwrap_or_default();
        let mut parts = vec![format!("{}{patient}: {}", self.name, self.kind)];
        if !self.images.is_empty() {
            parts.push(self.images.iter().map(|i| i.kind.noun()).collect::<Vec<_>>().join(", "));
        }
        parts.extend(self.mpp.map(|mpp| format!("{:.3} µm per pixel", mpp.0)));
        parts.extend(self.labels.as_ref().map(|l| format!("labels {}", file_name(l))));
        if !self.chosen {
            parts.push("not chosen, because bins so small are millions and nearly empty".to_owned());
        }
        let list =
            |head: &str, list: &[String]| (!list.is_empty()).then(|| format!("{head} {}", list.join(", ")));
        let ignored: Vec<String> = self.ignored.iter().map(ToString::to_string).collect();
        parts.extend(list("ignored:", &ignored));
        parts.extend(list("needs:", &self.needed));
        parts.join("; ")
    }

    /// All its files, the matrix perhaps as a folder.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let source = self.source.files().into_iter().map(|(_, path)| path);
        source.chain(self.images.iter().map(|i| i.path.as_path())).chain(self.labels.as_deref())
    }

    /// Uses `file` as its matrix where it is one: who names the raw one wants it.
    pub(super) fn prefer_matrix(&mut self, file: &Path) {
        let named = self.matrices.iter().find(|m| *m == file || file.parent() == Some(m)).cloned();
        if let (Source::Visium { matrix, .. }, Some(named)) = (&mut self.source, named)
            && *matrix != named
        {
            let name = file_name(&named);
            self.ignored.retain(|i| i.what != name);
            self.ignored.push(Ignored::file(matrix, format!("{name} was chosen")));
            *matrix = named;
        }
    }

    /// Whether `file` is one of its files, or lies in the folder of its matrix.
    pub(super) fn has_file(&self, file: &Path) -> bool {
        let beside = |f: &Path| {
            // Barcodes and features belong to the matrix beside them.
            let Some(prefix) = file_name(f).to_lowercase().split("matrix.mtx").next().map(str::to_owned)
            else {
                return false;
            };
            let name = file_name(file).to_lowercase();
            f.parent() == file.parent()
                && file_name(f).to_lowercase().contains("matrix.mtx")
                && ["barcodes.tsv", "features.tsv", "genes.tsv"]
                    .iter()
                    .any(|e| name.starts_with(&format!("{prefix}{e}")))
        };
        self.files().any(|f| f == file || file.parent() == Some(f) || beside(f))
            || self.others.iter().any(|f| f == file)
            || self.matrices.iter().any(|m| file.parent() == Some(m))
    }

    /// Whether any of its files lies in `folder`, or is it.
    pub(super) fn has_file_below(&self, folder: &Path) -> bool {
        self.files().any(|f| f.starts_with(folder) || folder.starts_with(f))
    }
}

/// A name that a project can use, nearest to `name`: that of a folder or file as people wrote it.
pub(crate) fn usable_name(name: &str) -> String {
    /// Room for the number that tells it from others.
    const MAX_LENGTH: usize = MAX_NAME - 8;
    let replaced = name.trim().chars().map(|c| if c.is_control() || "/\\".contains(c) { '_' } else { c });
    let mut usable = String::new();
    for c in replaced {
        if usable.len() + c.len_utf8() > MAX_LENGTH {
            break;
        }
        usable.push(c);
    }
    let usable = usable.trim_end();
    if usable.chars().all(|c| "._- ".contains(c)) { "sample".to_owned() } else { usable.to_owned() }
}
