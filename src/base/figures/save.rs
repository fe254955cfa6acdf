//! Saving a figure under a name that says what it should be.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::figure::{Figure, FigureError};
use super::{pdf, raster, svg};
use crate::core::files::write_bytes_atomically;

/// The file formats of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Pixels.
    #[default]
    Png,
    /// Vectors, with the tissue as an embedded image.
    Svg,
    /// A page of vectors with its fonts.
    Pdf,
    /// Pixels, as journals ask for them.
    Tiff,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Png, Self::Svg, Self::Pdf, Self::Tiff];
    /// The extensions, for help and errors.
    pub const EXTENSIONS: &str = ".png, .svg, .pdf or .tif";
    /// Name and extension of each, for file dialogs.
    pub const FILTERS: &[(&str, &[&str])] =
        &[("PNG", &["png"]), ("SVG", &["svg"]), ("PDF", &["pdf"]), ("TIFF", &["tif", "tiff"])];

    /// "PNG".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Svg => "SVG",
            Self::Pdf => "PDF",
            Self::Tiff => "TIFF",
        }
    }

    /// "png".
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
            Self::Tiff => "tif",
        }
    }

    /// All extensions under which it is known, without the point.
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Svg => &["svg"],
            Self::Pdf => &["pdf"],
            Self::Tiff => &["tif", "tiff"],
        }
    }

    /// Whether it holds vectors, so that its resolution is that of the tissue images alone.
    pub const fn is_vector(self) -> bool {
        matches!(self, Self::Svg | Self::Pdf)
    }

    /// What it is good for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Png => "Bitmap, for presentations and documents",
            Self::Svg => "Vector graphics with editable text, for drawing programs",
            Self::Pdf => "Vector graphics with embedded fonts, for journals and printing",
            Self::Tiff => "Bitmap with LZW compression, for journals",
        }
    }

    /// The format that the extension of `path` names.
    ///
    /// # Errors
    /// [`FigureError::UnknownFormat`].
    pub fn from_path(path: &Path) -> Result<Self, FigureError> {
        let named = |format: &Self| {
            path.extension().is_some_and(|e| format.extensions().iter().any(|x| e.eq_ignore_ascii_case(x)))
        };
        Self::ALL.into_iter().find(named).ok_or_else(|| FigureError::UnknownFormat(path.to_path_buf()))
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
        Format::Pdf => pdf::to_pdf(figure)?,
        Format::Tiff => raster::to_tiff(figure)?,
    };
    Ok(write_bytes_atomically(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_formats_names_all_of_them() {
        for (format, filter) in Format::ALL.into_iter().zip(Format::FILTERS) {
            assert_eq!(*filter, (format.name(), format.extensions()));
            assert_eq!(format.extensions().first(), Some(&format.extension()));
            assert!(Format::EXTENSIONS.contains(&format!(".{}", format.extension())));
            for extension in format.extensions() {
                let path = format!("a.{}", extension.to_uppercase());
                assert_eq!(Format::from_path(Path::new(&path)).ok(), Some(format));
            }
        }
        assert_eq!(Format::ALL.len(), Format::FILTERS.len());
        assert!(Format::from_path(Path::new("a.eps")).is_err());
    }
}
