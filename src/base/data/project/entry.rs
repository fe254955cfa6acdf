//! A section as the project remembers it: its name and its files.

use std::path::{Path, PathBuf};

use crate::core::places::{GridSettings, TissueSettings};
use crate::data::regions::RegionSet;
use crate::data::slide::place;
use crate::data::st::source::{SampleKind, Source};
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
    /// What it was recognised as.
    pub kind: SampleKind,
    /// Where its counts and spots are.
    pub source: Source,
    /// The slide image: a file, or an image in an AnnData file (see [`place`]); empty where there is none, so that spots
    /// are shown on a blank ground.
    pub image: PathBuf,
    /// Pixels of the image per pixel of the full-resolution slide that positions refer to; the image is that
    /// slide where `None`.
    pub image_scale: Option<f64>,
    /// The file of labels.
    pub labels: Option<PathBuf>,
    /// The column of `obs` that holds the labels, of an AnnData file.
    pub label_column: Option<String>,
    /// Micrometres per pixel of the full-resolution slide, as metadata say it.
    pub slide_mpp: Option<f64>,
    /// Micrometres per pixel of the image as the user entered them; inferred where `None`.
    pub mpp: Option<f64>,
    /// Whether the user has confirmed the resolution although the distance between the spots contradicts it.
    pub mpp_confirmed: bool,
    /// The places at which a slide without measurements is predicted; the usual ones where `None`.
    pub grid: Option<GridSettings>,
    /// What is tissue on a slide without measurements.
    pub tissue: TissueSettings,
    /// What was annotated, in pixels of the full-resolution slide that positions refer to.
    pub regions: RegionSet,
}

impl SectionEntry {
    /// A legacy ST section of these three files; everything else is to be filled in.
    pub fn legacy(name: impl Into<String>, counts: PathBuf, spots: PathBuf, image: PathBuf) -> Self {
        Self { name: name.into(), source: Source::Tables { counts, spots }, image, ..Self::default() }
    }

    /// An H&E slide without measurements, of which metadata give `mpp`.
    pub fn slide(name: impl Into<String>, file: PathBuf, mpp: Option<f64>) -> Self {
        Self {
            name: name.into(),
            kind: SampleKind::Slide,
            image: file.clone(),
            source: Source::Slide { file },
            slide_mpp: mpp,
            ..Self::default()
        }
    }

    /// Whether anything was measured in it: a slide without measurements is predicted on, never trained on.
    pub fn is_measured(&self) -> bool {
        !matches!(self.source, Source::Slide { .. })
    }

    /// Pixels of the image per pixel of the full-resolution slide: what turns places of regions into places of the image.
    pub fn image_factor(&self) -> f64 {
        self.image_scale.unwrap_or(1.0)
    }

    /// Whether it has a slide image.
    pub fn has_image(&self) -> bool {
        !self.image.as_os_str().is_empty()
    }

    /// Whether it has this name, or had it before.
    pub fn matches_name(&self, name: &str) -> bool {
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

    /// Its files and what they are to it: those of the source first, then image and labels.
    pub fn files(&self) -> Vec<(FileRole, &Path)> {
        let mut files = self.source.files();
        // An image within the source moves with it, and a slide without measurements is its own source.
        if self.is_measured() && self.has_image() && !place::is_within(&self.image, self.source.counts()) {
            files.push((FileRole::Image, &self.image));
        }
        files.extend(self.labels.iter().map(|l| (FileRole::Labels, l.as_path())));
        files
    }

    /// The path of the file in `role`; `None` where the section has none.
    pub fn path(&self, role: FileRole) -> Option<&Path> {
        self.files().into_iter().find(|(r, _)| *r == role).map(|(_, path)| path)
    }

    /// Sets the path of the file in `role`. Another image is taken for the slide that positions refer to only
    /// where the one before was.
    pub fn set_path(&mut self, role: FileRole, path: PathBuf) {
        match role {
            FileRole::Image => {
                if let Source::Slide { file } = &mut self.source {
                    file.clone_from(&path);
                }
                self.image = path;
            }
            FileRole::Labels => self.labels = Some(path),
            _ => {
                for (own, file) in self.source.files_mut() {
                    if own == role {
                        if let Some(image) = place::moved(&self.image, file, &path) {
                            self.image = image;
                        }
                        *file = path.clone();
                    }
                }
            }
        }
    }

    /// The files of this section that are not where they should be.
    pub fn missing_files(&self) -> Vec<MissingFile> {
        let missing = |(role, path): (FileRole, &Path)| {
            let gone = !place::file_of(path).exists();
            gone.then(|| MissingFile { section: self.name.clone(), role, path: path.to_path_buf() })
        };
        self.files().into_iter().filter_map(missing).collect()
    }
}
