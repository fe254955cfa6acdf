//! The pathologist's labels of spots.

use std::collections::HashMap;
use std::path::Path;

use super::names::{quoted, spot_id};
use super::table::{Table, not_a_number};
use crate::core::files::FileError;

/// What label files write where the pathologist gave no label.
const NONE: [&str; 5] = ["", "na", "nan", "none", "undetermined"];

/// Reads a label file of the her2st release: one row a spot with `x`, `y` and `label`. The array coordinates
/// are refined to fractions and are rounded to the spot; the pixel columns are of another scale with y upside
/// down, and are not used. Spots without a label, or "undetermined", are left out.
///
/// # Errors
/// [`FileError`] in one sentence with file and line: a column that is not there, a coordinate that is no
/// number, two different labels of one spot.
pub fn read_labels(path: &Path) -> Result<Vec<(String, String)>, FileError> {
    read_from(Table::open(path)?)
}

fn read_from(mut table: Table) -> Result<Vec<(String, String)>, FileError> {
    const EXPECTED: &str = "x, y and label";
    let path = table.path().to_path_buf();
    let x = table.required("x", EXPECTED)?;
    let y = table.required("y", EXPECTED)?;
    let label = table.required("label", EXPECTED)?;
    let mut labels = Vec::new();
    let mut seen: HashMap<String, (u64, String)> = HashMap::new();
    while let Some(row) = table.next_row()? {
        let text = row.cell(label);
        if NONE.iter().any(|n| n.eq_ignore_ascii_case(text)) {
            continue;
        }
        let number = |column, name| row.number(column).map_err(|()| not_a_number(&path, &row, column, name));
        let (Some(column_x), Some(column_y)) = (number(x, "x")?, number(y, "y")?) else { continue };
        let id = spot_id(column_x, column_y).ok_or_else(|| not_a_number(&path, &row, x, "x"))?;
        match seen.get(&id) {
            None => {
                seen.insert(id.clone(), (row.line, text.to_owned()));
                labels.push((id, text.to_owned()));
            }
            Some((_, first)) if first == text => {}
            Some((line, first)) => {
                let message = format!(
                    "spot {} is labelled {} here and {} on line {line}",
                    quoted(&id),
                    quoted(text),
                    quoted(first)
                );
                return Err(FileError::malformed_at(&path, row.line, message));
            }
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::super::table::Lines;
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, FileError> {
        let lines = Lines::over(Path::new("l.tsv"), Cursor::new(text.to_vec()), 0)?;
        read_from(Table::over(lines)?)
    }

    #[test]
    fn coordinates_are_rounded_to_the_spot() {
        let text = b"Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n\
            1001x2272\t9.008\t17.012\t1001\t2271.7\tconnective tissue\n\
            1x2\tNA\tNA\t1\t2\tinvasive cancer\n\
            1x3\t3\t4\t1\t2\tundetermined\n";
        assert_eq!(read(text).unwrap(), [("9x17".to_owned(), "connective tissue".to_owned())]);
    }

    #[test]
    fn contradictions_are_reported() {
        let text = b"x\ty\tlabel\n1\t1\ta\n1.1\t0.9\ta\n1\t1\tb\n";
        let says = read(text).unwrap_err().to_string();
        assert_eq!(says, "l.tsv, line 4: spot \"1x1\" is labelled \"b\" here and \"a\" on line 2");
        let says = read(b"x\ty\n1\t1\n").unwrap_err().to_string();
        assert_eq!(says, "l.tsv, line 1: there is no column label; the columns must include x, y and label");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }
    }
}
