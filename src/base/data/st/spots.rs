//! Spot files of the ST spot detector: where each spot of the array lies on the slide image, and whether it
//! is under tissue.

use std::collections::HashMap;
use std::path::Path;

use super::names::{grid_of, grid_of_id, quoted, spot_id};
use super::table::{Row, Table, not_a_number};
use crate::core::files::FileError;
use crate::core::geometry::SlidePoint;

const EXPECTED: &str = "x, y, pixel_x and pixel_y";

/// One spot of a spot file.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotRow {
    /// As count tables name it: "10x21".
    pub id: String,
    /// Column and row of the array, where the identifier says so.
    pub grid: Option<[i32; 2]>,
    /// Its centre, in pixels of the image the spot file was made for.
    pub center: SlidePoint,
    /// Whether it is under tissue; true where the file does not say.
    pub selected: bool,
    /// 1-based line in the file.
    pub line: u64,
}

/// Reads a spot file: a header, then one row a spot. Columns are found by name: `x` and `y` (array
/// coordinates) or an identifier, `pixel_x` and `pixel_y`, and `selected` (0 is not tissue). Spots that are not
/// selected may lack pixels and are then left out.
///
/// # Errors
/// [`FileError`] in one sentence with file and line: a column that is not there, a cell that is no number, a
/// selected spot without pixels, a repeated spot.
pub fn read_spots(path: &Path) -> Result<Vec<SpotRow>, FileError> {
    read_from(Table::open(path)?)
}

fn read_from(mut table: Table) -> Result<Vec<SpotRow>, FileError> {
    let path = table.path().to_path_buf();
    let columns = Columns::find(&table)?;
    let mut spots = Vec::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    while let Some(row) = table.next_row()? {
        let id = columns.id(&path, &row)?;
        if let Some(first) = seen.insert(id.clone(), row.line) {
            let message = format!("spot {} was already on line {first}", quoted(&id));
            return Err(FileError::malformed_at(&path, row.line, message));
        }
        let selected = columns.selected(&path, &row, &id)?;
        let pixel = |column: usize, name: &str| match row.number(column) {
            Ok(value) => Ok(value.filter(|v| v.is_finite())),
            Err(()) => Err(not_a_number(&path, &row, column, &format!("{name} of spot {}", quoted(&id)))),
        };
        let center = match (pixel(columns.pixel_x, "pixel_x")?, pixel(columns.pixel_y, "pixel_y")?) {
            (Some(x), Some(y)) => SlidePoint::new(x, y),
            _ if !selected => continue,
            _ => {
                let message = format!("spot {} has no pixel position", quoted(&id));
                return Err(FileError::malformed_at(&path, row.line, message));
            }
        };
        spots.push(SpotRow { grid: grid_of_id(&id), id, center, selected, line: row.line });
    }
    if spots.is_empty() {
        return Err(FileError::malformed(&path, "the spot file has a header but no spots"));
    }
    Ok(spots)
}

enum IdColumns {
    Grid { x: usize, y: usize },
    Name(usize),
}

struct Columns {
    id: IdColumns,
    pixel_x: usize,
    pixel_y: usize,
    selected: Option<usize>,
}

impl Columns {
    fn find(table: &Table) -> Result<Self, FileError> {
        let id = match table.column(&["id", "spot", "spot_id", "barcode"]) {
            Some(column) if table.column(&["x"]).is_none() => IdColumns::Name(column),
            _ => IdColumns::Grid { x: table.required("x", EXPECTED)?, y: table.required("y", EXPECTED)? },
        };
        Ok(Self {
            id,
            pixel_x: table.required("pixel_x", EXPECTED)?,
            pixel_y: table.required("pixel_y", EXPECTED)?,
            selected: table.column(&["selected", "tissue", "in_tissue"]),
        })
    }

    fn id(&self, path: &Path, row: &Row) -> Result<String, FileError> {
        match self.id {
            IdColumns::Name(column) => match row.cell(column) {
                "" => Err(FileError::malformed_at(path, row.line, "the row has no spot identifier")),
                id => Ok(id.to_owned()),
            },
            IdColumns::Grid { x, y } => {
                let number = |column: usize, name: &str| {
                    let value = row.number(column).ok().flatten().filter(|&v| grid_of(v, v).is_some());
                    value.ok_or_else(|| not_a_number(path, row, column, name))
                };
                let (column_x, column_y) = (number(x, "x")?, number(y, "y")?);
                spot_id(column_x, column_y).ok_or_else(|| not_a_number(path, row, x, "x"))
            }
        }
    }

    fn selected(&self, path: &Path, row: &Row, id: &str) -> Result<bool, FileError> {
        let Some(column) = self.selected else { return Ok(true) };
        match row.cell(column).to_ascii_lowercase().as_str() {
            "1" | "1.0" | "true" | "t" | "yes" => Ok(true),
            "0" | "0.0" | "false" | "f" | "no" => Ok(false),
            other => {
                let message =
                    format!("selected of spot {} is {}; expected 0 or 1", quoted(id), quoted(other));
                Err(FileError::malformed_at(path, row.line, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Lines;
    use super::*;
    use crate::data::mutate::{fuzz, gzip};
    use proptest::prelude::*;
    use std::io::Cursor;

    fn read(text: &[u8]) -> Result<Vec<SpotRow>, FileError> {
        let lines = Lines::from_reader(Path::new("C2_selection.tsv"), Cursor::new(text.to_vec()), 0)?;
        read_from(Table::from_lines(lines)?)
    }

    fn says(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().to_string()
    }

    const HEADER: &str = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n";

    #[test]
    fn columns_are_found_by_name() {
        let spots = read(b"pixel_y,selected,y,x,pixel_x\n3510.24,1,13,25,6930.58\nNA,0,1,2,\n").unwrap();
        assert_eq!(
            spots,
            [SpotRow {
                id: "25x13".into(),
                grid: Some([25, 13]),
                center: SlidePoint::new(6930.58, 3510.24),
                selected: true,
                line: 2
            }]
        );
        let spots = read(b"barcode\tpixel_x\tpixel_y\nAAAC-1\t1\t2\n").unwrap();
        assert_eq!((spots[0].id.as_str(), spots[0].grid, spots[0].selected), ("AAAC-1", None, true));
    }

    #[test]
    fn every_problem_is_one_sentence_with_its_line() {
        let row = |row: &str| says(&format!("{HEADER}1\t1\t1\t1\t5\t5\t1\n{row}\n"));
        let start = "C2_selection.tsv, line 3: ";
        assert_eq!(row("1\t1\t1\t1\t5\t5\t1"), format!("{start}spot \"1x1\" was already on line 2"));
        assert_eq!(row("2\t1\t1\t1\t\t5\t1"), format!("{start}spot \"2x1\" has no pixel position"));
        assert_eq!(row("2\t1\t1\t1\t5\tNaN\t1"), format!("{start}spot \"2x1\" has no pixel position"));
        assert_eq!(row("2\t1\t1\t1\t5\tinf\t1"), format!("{start}spot \"2x1\" has no pixel position"));
        assert_eq!(
            row("2\t1\t1\t1\tfive\t5\t1"),
            format!("{start}pixel_x of spot \"2x1\" is \"five\"; expected a number")
        );
        assert_eq!(row("a\t1\t1\t1\t5\t5\t1"), format!("{start}x is \"a\"; expected a number"));
        assert_eq!(row("1e300\t1\t1\t1\t5\t5\t1"), format!("{start}x is \"1e300\"; expected a number"));
        assert_eq!(
            row("2\t1\t1\t1\t5\t5\tmaybe"),
            format!("{start}selected of spot \"2x1\" is \"maybe\"; expected 0 or 1")
        );
        assert_eq!(row("2\t1"), format!("{start}the row has 2 cells where the header has 7"));
        assert_eq!(
            says("x\ty\tpixel_x\n1\t1\t1\n"),
            "C2_selection.tsv, line 1: there is no column pixel_y; the columns must include x, y, pixel_x and pixel_y"
        );
        assert_eq!(says(HEADER), "C2_selection.tsv: the spot file has a header but no spots");
        assert!(says("x\ty\tpixel_x\tpixel_x\tpixel_y\n").contains("two columns are called pixel_x"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn mutated_files_never_panic(at in 0usize..90, with in any::<u8>(), end in 0usize..120) {
            let mut bytes = format!("{HEADER}25\t13\t24.9\t13.0\t6930.58\t3510.24\t1\n").into_bytes();
            if let Some(b) = bytes.get_mut(at) { *b = with; }
            bytes.truncate(end.max(1));
            for spot in read(&bytes).into_iter().flatten() {
                prop_assert!(spot.center.x.is_finite() && spot.center.y.is_finite());
            }
        }
    }
    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_spots_never_panic_for_minutes() {
        let row = |x: i32| format!("{x}\t13\t{x}.02\t12.98\t{}.58\t3510.24\t{}\n", x * 280, x % 2);
        let full = HEADER.to_owned() + &(2..20).map(row).collect::<String>();
        let named = "barcode,pixel_x,pixel_y\nAAAC-1,1,2\nAAAG-1,3e2,NA\n";
        let sound = vec![full.clone().into_bytes(), named.into(), gzip(full.as_bytes())];
        fuzz("spots", sound, |bytes| {
            let spots = read(bytes);
            assert!(spots.iter().flatten().all(|s| s.center.x.is_finite() && s.center.y.is_finite()));
            spots.is_ok()
        });
    }
}
