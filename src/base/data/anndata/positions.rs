//! Where the spots lie: on the slide, and on the array.

use super::frame::Frame;
use crate::core::files::FileError;
use crate::data::hdf5::{Dataset, Element, File, ObjectKind};
use crate::data::st::ReadError;

/// Names of the coordinates, the usual first.
const KEYS: [&str; 3] = ["obsm/spatial", "obsm/X_spatial", "obsm/spatial_fullres"];
/// What Space Ranger, Seurat and the ST pipeline call columns of x and y in pixels of the slide.
const PIXELS: [[&str; 2]; 3] =
    [["pxl_col_in_fullres", "pxl_row_in_fullres"], ["imagecol", "imagerow"], ["pixel_x", "pixel_y"]];
/// What x and y are called in a table that holds nothing else.
const PLAIN: [[&str; 2]; 2] = [["x", "y"], ["X", "Y"]];
/// `obsm` as one table of records, before 0.7.
const RECORDS: [&str; 2] = ["spatial[0]", "spatial[1]"];

/// Whether [`positions`] would find any.
pub(super) fn has_positions(file: &File, obs: &Frame<'_>) -> bool {
    let both =
        |columns: &[String]| PIXELS.iter().any(|pair| pair.iter().all(|p| columns.iter().any(|c| c == p)));
    KEYS.iter().any(|key| file.has(key))
        || matches!(file.kind("obsm"), Ok(Some(ObjectKind::Dataset)))
            && Frame::open(file, "obsm")
                .and_then(|table| table.columns())
                .is_ok_and(|columns| RECORDS.iter().all(|r| columns.iter().any(|c| c == r)))
        || obs.columns().is_ok_and(|columns| both(&columns))
}

/// Whether `obs` has columns x and y, of which nothing says that they are pixels of the slide.
pub(super) fn has_plain_columns(obs: &Frame<'_>) -> bool {
    obs.columns()
        .is_ok_and(|columns| PLAIN.iter().any(|pair| pair.iter().all(|p| columns.iter().any(|c| c == p))))
}

/// Centres of the spots as `x`, `y` in pixels of the full-resolution slide, NaN where there is none; `None`
/// where the file has no coordinates at all.
pub(super) fn positions(
    file: &File,
    obs: &Frame<'_>,
    rows: usize,
) -> Result<Option<Vec<[f64; 2]>>, ReadError> {
    for key in KEYS {
        match file.kind(key)? {
            Some(ObjectKind::Dataset) => {
                let data = file.dataset(key)?;
                return match data.element() {
                    Element::Record { .. } => of_table(file, key, rows),
                    _ => of_array(&data, rows).map(Some),
                };
            }
            Some(ObjectKind::Group) => {
                if let Some(found) = of_table(file, key, rows)? {
                    return Ok(Some(found));
                }
            }
            None => {}
        }
    }
    if file.kind("obsm")? == Some(ObjectKind::Dataset) {
        let [x, y] = RECORDS;
        let found = pair(&Frame::open(file, "obsm")?, x, y)?;
        if let Some(found) = found.filter(|f| f.len() == rows) {
            return Ok(Some(found));
        }
    }
    named(obs, &PIXELS).map_err(ReadError::from)
}

/// An array of spots x coordinates, of which a third is the slice.
fn of_array(data: &Dataset<'_>, rows: usize) -> Result<Vec<[f64; 2]>, ReadError> {
    if data.shape().len() != 2 || data.row_len() < 2 || data.rows() != rows as u64 {
        let shape = data.shape().iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
        return Err(data.wrong(format!("expected {rows} x 2 coordinates, found {shape}")).into());
    }
    let all: Vec<f64> = data.all_numbers()?;
    Ok(all.chunks_exact(data.row_len()).map(|row| [row[0], row[1]]).collect())
}

/// A table: columns whose names say what they are, or else the first two.
fn of_table(file: &File, key: &str, rows: usize) -> Result<Option<Vec<[f64; 2]>>, ReadError> {
    let table = Frame::open(file, key)?;
    let found = match named(&table, &PIXELS)? {
        None => named(&table, &PLAIN)?,
        found => found,
    };
    let found = match (found, table.in_order()?.as_slice()) {
        (None, [x, y, ..]) => pair(&table, x, y)?,
        (found, _) => found,
    };
    Ok(found.filter(|f| f.len() == rows))
}

/// The first of `pairs` that `table` has.
fn named(table: &Frame<'_>, pairs: &[[&str; 2]]) -> Result<Option<Vec<[f64; 2]>>, FileError> {
    for [x, y] in pairs {
        if let Some(found) = pair(table, x, y)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Two columns of numbers beside each other.
pub(super) fn pair(table: &Frame<'_>, first: &str, second: &str) -> Result<Option<Vec<[f64; 2]>>, FileError> {
    match (table.values(first)?, table.values(second)?) {
        (Some(a), Some(b)) => {
            Ok(Some(a.into_numbers().into_iter().zip(b.into_numbers()).map(|(a, b)| [a, b]).collect()))
        }
        _ => Ok(None),
    }
}
