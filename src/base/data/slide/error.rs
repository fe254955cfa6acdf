//! Why a slide cannot be opened or read.

use std::path::{Path, PathBuf};

use super::source::TilePlace;
use super::tiff::TiffError;
use crate::core::cancel::Cancelled;
use crate::core::files::FileError;

/// A slide could not be opened or read. Its text is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum SlideError {
    /// The file cannot be read, or is not an image that this can read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A TIFF file that makes no sense.
    #[error(transparent)]
    Tiff(#[from] TiffError),
    /// A tile is damaged, or there is none at this place.
    #[error("{}: the tile at {place} cannot be read: {reason}", path.display())]
    Tile {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: TilePlace,
        /// Why, without the file.
        reason: String,
    },
    /// The format is known, but not read.
    #[error("{}: {what}; {advice}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the file is.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The image must be decoded at once and would not fit into memory.
    #[error(
        "{}: {width} x {height} pixels are too many to open as a plain image (at most {} million); save it as a \
         tiled TIFF, or export the section at a lower resolution",
        path.display(), super::MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SlideError {
    /// What is wrong, without the name of the file.
    pub fn reason(&self) -> String {
        match self {
            Self::File(error) => error.reason(),
            other => {
                let (text, path) = (other.to_string(), other.path());
                let named = path.map(|p| p.display().to_string()).unwrap_or_default();
                let rest = text.strip_prefix(&named).map(|rest| rest.trim_start_matches([':', ',', ' ']));
                rest.unwrap_or(&text).to_owned()
            }
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(_) | Self::Cancelled(_) => None,
            Self::Tiff(error) => Some(&error.path),
            Self::Tile { path, .. } | Self::Unsupported { path, .. } | Self::TooLarge { path, .. } => {
                Some(path)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_no_file() {
        let path = Path::new("/data/a.svs");
        let tile = TilePlace { level: 1, col: 2, row: 3 }.error(path, "its data are cut off");
        assert_eq!(
            tile.reason(),
            "the tile at column 2, row 3 of level 1 cannot be read: its data are cut off"
        );
        let tiff = TiffError::directory(path, 0, super::super::tiff::Problem::Missing);
        assert_eq!(SlideError::from(tiff).reason(), "image 1: it is missing; the file is damaged");
    }
}
