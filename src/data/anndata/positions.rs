//! Where the spots lie: on the slide, and on the array.

use super::frame::Frame;
use crate::data::hdf5::{File, Kind};
use crate::data::st::ReadError;

/// Names of the coordinates, the usual first.
const KEYS: [&str; 3] = ["obsm/spatial", "obsm/X_spatial", "obsm/spatial_fullres"];

/// Whether [`positions`] would find any.
pub(super) fn has_positions(file: &File, obs: &Frame<'_>) -> bool {
    KEYS.iter().any(|key| file.has(key))
        || obs.columns().is_ok_and(|c| c.iter().any(|n| n == "pxl_col_in_fullres"))
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
            Some(Kind::Dataset) => {
                let data = file.dataset(key)?;
                if data.shape().len() != 2 || data.row_len() < 2 || data.rows() != rows as u64 {
                    let shape = data.shape().iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
                    return Err(data
                        .wrong(format!("{rows} x 2 coordinates were expected, not {shape}"))
                        .into());
                }
                let all: Vec<f64> = data.all_numbers()?;
                return Ok(Some(all.chunks_exact(data.row_len()).map(|row| [row[0], row[1]]).collect()));
            }
            Some(Kind::Group) => {
                // A table whose first two columns are meant.
                let table = Frame::open(file, key)?;
                let order = file.attributes(key)?.texts("column-order").unwrap_or_default();
                if let [x, y, ..] = order.as_slice()
                    && let Some(found) = pair(&table, x, y)?.filter(|f| f.len() == rows)
                {
                    return Ok(Some(found));
                }
            }
            None => {}
        }
    }
    // Space Ranger's own names, also kept by HEST.
    Ok(pair(obs, "pxl_col_in_fullres", "pxl_row_in_fullres")?)
}

/// Two columns of numbers beside each other.
pub(super) fn pair(
    table: &Frame<'_>,
    first: &str,
    second: &str,
) -> Result<Option<Vec<[f64; 2]>>, crate::core::files::FileError> {
    match (table.values(first)?, table.values(second)?) {
        (Some(a), Some(b)) => {
            Ok(Some(a.into_numbers().into_iter().zip(b.into_numbers()).map(|(a, b)| [a, b]).collect()))
        }
        _ => Ok(None),
    }
}
