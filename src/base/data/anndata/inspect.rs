//! A look at an AnnData file that does not read its matrix.

use std::path::Path;

use super::frame::{Frame, distinct};
use super::image::{SpatialLibrary, libraries};
use super::matrix::Stored;
use super::origin::{libraries_of, only_one, patients_of};
use super::positions::{has_plain_columns, has_positions, positions};
use super::read::raw;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::data::hdf5::{File, ObjectKind};
use crate::data::section::ValueKind;
use crate::data::st::ReadError;
use crate::data::st::pitch;

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
    /// Variables of `raw`, which often has more than `X`.
    pub raw_genes: Option<usize>,
    /// What a sample of `raw/X` looks like; `None` without it.
    pub raw_values: Option<ValueKind>,
    /// What a sample of `X` looks like; `None` without `X`.
    pub values: Option<ValueKind>,
    /// Whether spots have coordinates.
    pub has_positions: bool,
    /// Whether `obs` has columns x and y, which may be coordinates of another kind.
    pub has_plain_columns: bool,
    /// Whether `obs` says which spots lie on tissue.
    pub has_in_tissue: bool,
    /// The part of the slide that has spots.
    pub spread: Option<SlideRect>,
    /// The distance between neighbouring spots, in the same pixels, where there are enough of them to say.
    pub pitch_px: Option<f64>,
    /// The donor, where a column of `obs` names one for all spots.
    pub patient: Option<String>,
    /// Slides with their images, or as a column `library_id` tells several apart.
    pub libraries: Vec<SpatialLibrary>,
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
        Some(ObjectKind::Group) => file.children("layers")?.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    };
    let columns = obs.columns()?;
    let mut labels = Vec::new();
    for name in &columns {
        if let Some(categories) = obs.categories(name)? {
            labels.push(LabelColumn { name: name.clone(), categories });
        }
    }
    let spots = obs.rows()?;
    let (raw_genes, raw_values) = match raw(file) {
        Some((matrix, var)) => {
            (Some(Frame::open(file, var)?.rows()?), Some(Stored::open(file, matrix)?.sample()?))
        }
        None => (None, None),
    };
    // Opening the file reports what is wrong with its positions.
    let positions = positions(file, &obs, spots).ok().flatten().unwrap_or_default();
    let finite = || {
        let known = positions.iter().filter(|[x, y]| x.is_finite() && y.is_finite());
        known.map(|&[x, y]| SlidePoint::new(x, y))
    };
    let patients = patients_of(&obs)?;
    Ok(Inspected {
        spots,
        genes: var.rows()?,
        has_x,
        layers,
        has_raw: raw_values.is_some(),
        raw_genes,
        raw_values,
        values,
        has_positions: has_positions(file, &obs),
        has_plain_columns: has_plain_columns(&obs),
        has_in_tissue: columns.iter().any(|n| n == "in_tissue"),
        pitch_px: pitch::of_points(&finite().collect::<Vec<_>>()),
        spread: SlideRect::around(finite()),
        patient: patients.as_ref().and_then(|p| only_one(p.iter())),
        libraries: slides(file, &obs, patients.as_deref())?,
        labels,
    })
}

/// The slides of a file: those of `uns["spatial"]`, or the ones that `library_id` names.
fn slides(
    file: &File,
    obs: &Frame<'_>,
    patients: Option<&[Option<String>]>,
) -> Result<Vec<SpatialLibrary>, ReadError> {
    /// A column of more values does not name slides.
    const MAX_LIBRARIES: usize = 500;
    let mut slides = libraries(file)?;
    let names: Vec<&str> = slides.iter().map(|l| l.name.as_str()).collect();
    let Some(of) = libraries_of(obs, &names)? else { return Ok(slides) };
    if slides.is_empty() {
        let names = distinct(&of);
        if (2..=MAX_LIBRARIES).contains(&names.len()) {
            slides =
                names.into_iter().map(|name| SpatialLibrary { name, ..SpatialLibrary::default() }).collect();
            slides.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
    let several = slides.len() > 1;
    for slide in &mut slides {
        let is_on = |library: &Option<String>| !several || library.as_deref() == Some(slide.name.as_str());
        slide.spots = Some(of.iter().filter(|l| is_on(l)).count());
        let on = |patients: &[Option<String>]| {
            only_one(of.iter().zip(patients).filter(|(l, _)| is_on(l)).map(|(_, p)| p))
        };
        slide.patient = patients.and_then(on);
    }
    Ok(slides)
}
