//! Where the measurements of a section come from, and which kind of data that is.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::FileRole;

/// The entry of `uns` by which AnnData files of predictions are known as such.
pub const UNS_OF_PREDICTIONS: &str = "hiscmcl";

/// The files that hold what was measured in a section: counts, and where the spots lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Legacy ST as text tables.
    Tables {
        /// The count table, spots x genes.
        counts: PathBuf,
        /// The spot file.
        spots: PathBuf,
    },
    /// Visium or Visium HD as Space Ranger writes it.
    Visium {
        /// The matrix: an `.h5` file, a folder with `matrix.mtx`, or a `PREFIXmatrix.mtx(.gz)` file whose barcodes
        /// and features lie beside it under the same prefix.
        matrix: PathBuf,
        /// The positions of the spots: CSV, text or Parquet.
        positions: PathBuf,
        /// The scale factors (JSON), which older downloads lack.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scale_factors: Option<PathBuf>,
    },
    /// An AnnData file, which holds counts and positions.
    #[serde(rename = "anndata")]
    AnnData {
        /// The `.h5ad` file.
        file: PathBuf,
        /// The library of `uns['spatial']` where there are several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        library: Option<String>,
        /// The layer that holds the counts where it is not X.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<String>,
    },
    /// Nothing was measured; there is a slide alone.
    Slide {
        /// The slide, which is the image of the section too.
        file: PathBuf,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::Tables { counts: PathBuf::new(), spots: PathBuf::new() }
    }
}

impl Source {
    /// Its files (the matrix may be a folder), what is always there first.
    pub fn files(&self) -> Vec<(FileRole, &Path)> {
        match self {
            Self::Tables { counts, spots } => vec![(FileRole::Counts, counts), (FileRole::Spots, spots)],
            Self::Visium { matrix, positions, scale_factors } => {
                let mut files: Vec<(FileRole, &Path)> =
                    vec![(FileRole::Matrix, matrix), (FileRole::Positions, positions)];
                files.extend(scale_factors.iter().map(|f| (FileRole::ScaleFactors, f.as_path())));
                files
            }
            Self::AnnData { file, .. } => vec![(FileRole::AnnData, file)],
            Self::Slide { file } => vec![(FileRole::Image, file)],
        }
    }

    /// The same, to change the paths (a file was moved, or paths are stored relative to the project).
    pub fn files_mut(&mut self) -> Vec<(FileRole, &mut PathBuf)> {
        match self {
            Self::Tables { counts, spots } => vec![(FileRole::Counts, counts), (FileRole::Spots, spots)],
            Self::Visium { matrix, positions, scale_factors } => {
                let mut files = vec![(FileRole::Matrix, matrix), (FileRole::Positions, positions)];
                files.extend(scale_factors.iter_mut().map(|f| (FileRole::ScaleFactors, f)));
                files
            }
            Self::AnnData { file, .. } => vec![(FileRole::AnnData, file)],
            Self::Slide { file } => vec![(FileRole::Image, file)],
        }
    }

    /// The same with the real path of every file that is there, so that what is reached by links or by ".." is known.
    pub fn canonical(&self) -> Self {
        let mut real = self.clone();
        for (_, path) in real.files_mut() {
            if let Ok(found) = path.canonicalize() {
                *path = found;
            }
        }
        real
    }

    /// Whether both are of the same files, however these are reached.
    pub fn is_same(&self, other: &Self) -> bool {
        self == other || self.canonical() == other.canonical()
    }

    /// The file or folder that holds the counts; the slide where nothing was measured.
    pub fn counts(&self) -> &Path {
        match self {
            Self::Tables { counts, .. } => counts,
            Self::Visium { matrix, .. } => matrix,
            Self::AnnData { file, .. } | Self::Slide { file } => file,
        }
    }
}

/// The assay, or the collection with a layout of its own, that a sample was recognised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SampleKind {
    /// Legacy ST (Stahl et al. 2016): 100 um spots, 200 um apart.
    #[default]
    LegacySt,
    /// Visium: 55 um spots, 100 um apart on a hexagonal lattice.
    Visium,
    /// Visium HD: square bins without gaps.
    VisiumHd {
        /// Side of a bin in micrometres.
        bin_um: u32,
    },
    /// An AnnData file of any assay.
    #[serde(rename = "anndata")]
    AnnData,
    /// A sample of HEST-1k: an AnnData file, a slide and metadata.
    Hest,
    /// An H&E slide without measurements, which is predicted on and never trained on.
    Slide,
}

impl fmt::Display for SampleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LegacySt => f.write_str("Legacy ST"),
            Self::Visium => f.write_str("Visium"),
            Self::VisiumHd { bin_um } => write!(f, "Visium HD, {bin_um} µm bins"),
            Self::AnnData => f.write_str("AnnData"),
            Self::Hest => f.write_str("HEST"),
            Self::Slide => f.write_str("H&E slide"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_stored_by_kind() {
        let source = Source::Visium { matrix: "m.h5".into(), positions: "p.csv".into(), scale_factors: None };
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(text, r#"{"kind":"visium","matrix":"m.h5","positions":"p.csv"}"#);
        let source: Source = serde_json::from_str(
            r#"{"kind":"visium","matrix":"m.h5","positions":"p.csv","scale_factors":"s.json"}"#,
        )
        .unwrap();
        let roles: Vec<String> = source.files().iter().map(|(r, p)| format!("{r} {}", p.display())).collect();
        assert_eq!(roles, ["count matrix m.h5", "positions file p.csv", "scale factor file s.json"]);
        let tables: Source =
            serde_json::from_str(r#"{"kind":"tables","counts":"c.tsv","spots":"s.tsv"}"#).unwrap();
        assert_eq!(tables.counts(), Path::new("c.tsv"));
        let mut data: Source = serde_json::from_str(r#"{"kind":"anndata","file":"a.h5ad"}"#).unwrap();
        for (_, path) in data.files_mut() {
            *path = Path::new("/x").join(&path);
        }
        assert_eq!(data.counts(), Path::new("/x/a.h5ad"));
    }

    #[test]
    fn kinds_have_names_for_people() {
        assert_eq!(SampleKind::VisiumHd { bin_um: 8 }.to_string(), "Visium HD, 8 µm bins");
        let text = serde_json::to_string(&SampleKind::VisiumHd { bin_um: 8 }).unwrap();
        assert_eq!(text, r#"{"kind":"visium_hd","bin_um":8}"#);
    }
}
