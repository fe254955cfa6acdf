//! A look at an AnnData file that does not read its matrix.

use std::path::Path;

use super::frame::Frame;
use super::image::{Library, libraries};
use super::matrix::Stored;
use super::positions::has_positions;
use crate::data::hdf5::{File, Kind};
use crate::data::section::ValueKind;
use crate::data::st::ReadError;

/// A column of `obs` that says what a spot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelColumn {
    /// Its name.
    pub name: String,
    /// How many categories it has.
    pub categories: usize,
}

/// What an AnnData file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected {
    /// Observations.
    pub spots: usize,
    /// Variables.
    pub genes: usize,
    /// Whether there is an `X`.
    pub has_x: bool,
    /// The names of the layers, sorted.
    pub layers: Vec<String>,
    /// Whether there is a `raw/X`.
    pub has_raw: bool,
    /// What a sample of `X` looks like; `None` without `X`.
    pub values: Option<ValueKind>,
    /// Whether spots have coordinates.
    pub has_positions: bool,
    /// Whether `obs` says which spots lie on tissue.
    pub has_in_tissue: bool,
    /// Slides with their images.
    pub libraries: Vec<Library>,
    /// Categorical columns, sorted by name.
    pub labels: Vec<LabelColumn>,
}

/// Looks at an AnnData file.
///
/// # Errors
/// [`ReadError`] in one sentence with the file and the path within it: no HDF5 file, no AnnData file, damage.
pub fn inspect(path: &Path) -> Result<Inspected, ReadError> {
    inspect_file(&File::open(path)?)
}

pub(super) fn inspect_file(file: &File) -> Result<Inspected, ReadError> {
    let obs = Frame::open(file, "obs")?;
    let var = Frame::open(file, "var")?;
    let has_x = file.kind("X")?.is_some();
    let values = if has_x { Some(Stored::open(file, "X")?.sample()?) } else { None };
    let layers = match file.kind("layers")? {
        Some(Kind::Group) => file.children("layers")?.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    };
    let columns = obs.columns()?;
    let mut labels = Vec::new();
    for name in &columns {
        if let Some(categories) = obs.categories(name)? {
            labels.push(LabelColumn { name: name.clone(), categories });
        }
    }
    Ok(Inspected {
        spots: obs.rows()?,
        genes: var.rows()?,
        has_x,
        layers,
        has_raw: file.has("raw/X") && file.has("raw/var"),
        values,
        has_positions: has_positions(file, &obs),
        has_in_tissue: columns.iter().any(|n| n == "in_tissue"),
        libraries: libraries(file)?,
        labels,
    })
}
