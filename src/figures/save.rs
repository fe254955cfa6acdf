//! Saving a figure under a name that says what it should be.

use std::path::Path;

use super::figure::{Figure, FigureError};
use super::{raster, svg};
use crate::core::files::write_bytes_atomically;

/// The file formats of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Pixels.
    Png,
    /// Vectors, with the tissue as an embedded image.
    Svg,
}

impl Format {
    /// The format that the extension of `path` names.
    ///
    /// # Errors
    /// [`FigureError::UnknownFormat`].
    pub fn from_path(path: &Path) -> Result<Self, FigureError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(FigureError::UnknownFormat(path.to_path_buf())),
        }
    }
}

/// Saves `figure` as the extension of `path` says, whole or not at all.
///
/// # Errors
/// [`FigureError`]; an unknown extension is found before anything is drawn.
pub fn save(figure: &Figure, path: &Path) -> Result<(), FigureError> {
    let bytes = match Format::from_path(path)? {
        Format::Png => raster::to_png(figure)?,
        Format::Svg => svg::to_svg(figure)?.into_bytes(),
    };
    Ok(write_bytes_atomically(path, &bytes)?)
}
