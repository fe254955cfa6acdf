//! What can go wrong while a section is read.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::cancel::Cancelled;
use crate::core::files::FileError;
use crate::data::slide::SlideError;

/// What a file is to its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// The count table of legacy ST.
    Counts,
    /// The spot file of legacy ST.
    Spots,
    /// The 10x matrix, a file or a folder.
    Matrix,
    /// The Visium positions.
    Positions,
    /// The Visium scale factors.
    ScaleFactors,
    /// The AnnData file.
    AnnData,
    /// The slide image.
    Image,
    /// The labels of spots.
    Labels,
}

impl FileRole {
    /// The files of a legacy ST section, in the order in which people name them.
    pub const LEGACY: [Self; 4] = [Self::Counts, Self::Spots, Self::Image, Self::Labels];

    /// "count table", "slide image", as people name it in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Counts => "count table",
            Self::Spots => "spot file",
            Self::Matrix => "count matrix",
            Self::Positions => "positions file",
            Self::ScaleFactors => "scale factor file",
            Self::AnnData => "AnnData file",
            Self::Image => "slide image",
            Self::Labels => "label file",
        }
    }
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

/// A file that the project names is not where it was. The user can say where it is now, see
/// [`Project::relocate`](crate::data::project::Project::relocate).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The {role} of section {section} is not at {}; say where it is now", path.display())]
pub struct MissingFile {
    /// Name of the section.
    pub section: String,
    /// What the file is to it.
    pub role: FileRole,
    /// Where it was.
    pub path: PathBuf,
}

/// A section could not be read. Its text is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file is damaged or could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The slide is damaged, or of a kind that cannot be read.
    #[error(transparent)]
    Slide(SlideError),
    /// A file of the section has moved.
    #[error(transparent)]
    Missing(#[from] MissingFile),
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<SlideError> for ReadError {
    fn from(error: SlideError) -> Self {
        match error {
            SlideError::File(error) => Self::File(error),
            SlideError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Slide(other),
        }
    }
}

impl ReadError {
    pub(crate) fn malformed(path: &Path, message: impl Into<String>) -> Self {
        FileError::malformed(path, message).into()
    }
}
