//! What can be wrong with a TIFF file, with the directory and tag where it is.

use std::path::{Path, PathBuf};

use super::tags;

/// A TIFF file cannot be understood. Its text is one sentence that names file, directory and tag.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", path.display(), place(*directory, *tag))]
pub struct TiffError {
    /// The file.
    pub path: PathBuf,
    /// Which directory, counted from 0; `None` for the file's header.
    pub directory: Option<usize>,
    /// Which tag.
    pub tag: Option<u16>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a TIFF file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Problem {
    #[error("this is not a TIFF file")]
    NotTiff,
    #[error("the file is cut off; copy it again from its source")]
    CutOff,
    #[error("the file cannot be read ({0})")]
    Io(String),
    #[error("the file has no images")]
    NoDirectories,
    #[error("the file has more than {0} images; it is damaged or no slide")]
    TooManyDirectories(usize),
    #[error("the list of images leads back to itself; the file is damaged")]
    Cycle,
    #[error("it is missing; the file is damaged")]
    Missing,
    #[error("it holds {0} instead of a whole number; the file is damaged")]
    NotANumber(String),
    #[error("it holds {found} of {wanted} values; the file is damaged")]
    Count { found: u64, wanted: u64 },
    #[error("its value {0} makes no sense; the file is damaged")]
    Value(u64),
    #[error("{0}")]
    Unsupported(String),
}

fn place(directory: Option<usize>, tag: Option<u16>) -> String {
    let directory = directory.map(|d| format!(", image {}", d + 1)).unwrap_or_default();
    let tag = tag.map(|t| format!(", {}", tags::name(t))).unwrap_or_default();
    directory + &tag
}

impl TiffError {
    /// Something is wrong with the file as a whole.
    pub fn file(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_path_buf(), directory: None, tag: None, problem }
    }

    /// Something is wrong with the directory number `directory`.
    pub fn directory(path: &Path, directory: usize, problem: Problem) -> Self {
        Self { path: path.to_path_buf(), directory: Some(directory), tag: None, problem }
    }

    /// Something is wrong with a tag of the directory number `directory`.
    pub fn tag(path: &Path, directory: usize, tag: u16, problem: Problem) -> Self {
        Self { path: path.to_path_buf(), directory: Some(directory), tag: Some(tag), problem }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::CutOff,
            _ => Self::Io(crate::core::files::plain_io(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_place() {
        let path = Path::new("a.tif");
        let error = TiffError::tag(path, 1, tags::TILE_OFFSETS, Problem::Missing);
        assert_eq!(error.to_string(), "a.tif, image 2, TileOffsets: it is missing; the file is damaged");
        assert_eq!(TiffError::file(path, Problem::NotTiff).to_string(), "a.tif: this is not a TIFF file");
    }
}
