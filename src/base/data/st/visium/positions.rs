//! The positions of Visium spots and Visium HD bins, in every form that Space Ranger has given them:
//! `tissue_positions_list.csv` (to 1.3; no header), `tissue_positions.csv` (from 2.0; with a header) and
//! `tissue_positions.parquet` (Visium HD). Which one it is, the content says.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::super::error::ReadError;
use super::super::names::{file_name, grid_of, quoted};
use super::super::spots::SpotRow;
use super::super::table::{Lines, clean, separator_of};
use super::parquet::{MAGIC, Parquet, ParquetError};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::geometry::SlidePoint;
use crate::core::progress::{Progress, Stage, Task};
use crate::core::text::counted;

/// The columns, as Space Ranger orders and names them, and under the names that Seurat gives them.
const COLUMNS: [[&str; 3]; 6] = [
    ["barcode", "barcodes", ""],
    ["in_tissue", "tissue", "in_tissue"],
    ["array_row", "row", "array_row"],
    ["array_col", "col", "array_col"],
    ["pxl_row_in_fullres", "imagerow", "pxl_row"],
    ["pxl_col_in_fullres", "imagecol", "pxl_col"],
];
/// The user can stop between so many rows.
const ROWS_BETWEEN_CHECKS: usize = 1 << 14;
/// A packed Parquet file that unpacks to more is not read.
const MAX_UNPACKED: u64 = 2 << 30;

/// Reads the positions of all spots, in the order of the file: `id` is the barcode, `grid` the array column and
/// row, `center` the position on the full-resolution slide (`pxl_col_in_fullres` is x, `pxl_row_in_fullres` is y),
/// `selected` says whether the spot is under tissue, `line` is the line or the row of the table. Text and Parquet,
/// plain or gzipped, are told apart by content.
///
/// # Errors
/// [`ReadError`] in one sentence with line or row: a missing column, a repeated barcode, a cell that is no
/// number, a spot under tissue at a negative pixel, a damaged or cut-off file.
pub fn read_positions(
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<SpotRow>, ReadError> {
    cancel.check()?;
    let stage = Task::Reading(file_name(path)).into();
    progress.report(&stage, 0, 0);
    let context = Context { path, stage: &stage, progress, cancel };
    let spots = match Form::detect(path)? {
        Form::Text => context.read_text(Lines::open(path)?)?,
        Form::Parquet => {
            let file = File::open(path).map_err(FileError::io("read", path))?;
            context.read_parquet(BufReader::new(file))?
        }
        Form::PackedParquet => {
            let file = File::open(path).map_err(FileError::io("read", path))?;
            let mut bytes = Vec::new();
            let mut unpacked = MultiGzDecoder::new(BufReader::new(file)).take(MAX_UNPACKED);
            unpacked.read_to_end(&mut bytes).map_err(|_| {
                let message = "the compressed file is damaged or cut off; copy or download it again";
                FileError::malformed(path, message)
            })?;
            context.read_parquet(Cursor::new(bytes))?
        }
    };
    context.check_repeats(&spots)?;
    Ok(spots)
}

enum Form {
    Text,
    Parquet,
    PackedParquet,
}

impl Form {
    fn detect(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::io("read", path))?;
        let mut head = Vec::new();
        BufReader::new(file).take(512).read_to_end(&mut head).map_err(FileError::io("read", path))?;
        if head.starts_with(MAGIC) {
            return Ok(Self::Parquet);
        }
        let mut start = [0; 4];
        let packed = head.starts_with(&[0x1f, 0x8b])
            && MultiGzDecoder::new(head.as_slice()).read_exact(&mut start).is_ok()
            && start == *MAGIC;
        Ok(if packed { Self::PackedParquet } else { Self::Text })
    }
}

/// What every part of reading needs.
struct Context<'a> {
    path: &'a Path,
    stage: &'a Stage,
    progress: &'a dyn Progress,
    cancel: &'a CancelToken,
}

impl Context<'_> {
    fn read_text(&self, mut lines: Lines) -> Result<Vec<SpotRow>, ReadError> {
        let mut columns: Option<Columns> = None;
        let mut spots = Vec::new();
        while let Some(line) = lines.next_line()? {
            let number = line.number;
            let wrong = |message: String| FileError::malformed_at(self.path, number, message);
            let known = match &mut columns {
                Some(known) => known,
                None => {
                    let found = Columns::find(line.text).map_err(wrong)?;
                    let is_header = found.is_header;
                    let known = columns.insert(found);
                    if is_header {
                        continue;
                    }
                    known
                }
            };
            spots.push(known.spot(line.text, number).map_err(wrong)?);
            if spots.len().is_multiple_of(ROWS_BETWEEN_CHECKS) {
                self.cancel.check()?;
                let (done, total) = lines.position();
                self.progress.report(self.stage, done, total);
            }
        }
        match columns {
            None => Err(ReadError::malformed(self.path, "the file is empty")),
            Some(_) if spots.is_empty() => {
                Err(ReadError::malformed(self.path, "the positions file has a header but no spots"))
            }
            Some(_) => Ok(spots),
        }
    }

    fn read_parquet(&self, source: impl Read + Seek) -> Result<Vec<SpotRow>, ReadError> {
        let damaged = |damage| match damage {
            ParquetError::Io(e) => ReadError::from(FileError::io("read", self.path)(e)),
            ParquetError::Wrong(message) => ReadError::malformed(self.path, message),
        };
        let mut table = Parquet::open(source).map_err(damaged)?;
        let mut at = [0; 6];
        for (at, [name, others @ ..]) in at.iter_mut().zip(COLUMNS) {
            // A text column of pandas' index may hold the barcodes.
            let index = if name == "barcode" { "__index_level_0__" } else { name };
            let found = table.column(&[name, others[0], index]);
            *at = found.ok_or_else(|| ReadError::malformed(self.path, missing(name)))?;
        }
        let total = table.rows();
        let mut spots: Vec<SpotRow> = Vec::new();
        for group in 0..table.groups() {
            let [barcode, numbers @ ..] = at;
            let barcodes = table.texts(group, barcode).map_err(damaged)?;
            let mut columns: Vec<std::vec::IntoIter<f64>> = Vec::new();
            for column in numbers {
                self.cancel.check()?;
                columns.push(table.numbers(group, column).map_err(damaged)?.into_iter());
            }
            let mut next = || columns.iter_mut().map(Iterator::next).collect::<Option<Vec<f64>>>();
            let mut row_of_group = 0;
            while let Some(values) = next() {
                let row = spots.len() as u64 + 1;
                let wrong = |message| ReadError::malformed(self.path, format!("row {row}: {message}"));
                let [tissue, array_row, array_col, y, x] = values[..] else { break };
                let id = barcodes.get(row_of_group);
                let spot = Place { tissue, array_row, array_col, y, x }.spot(id, row).map_err(wrong)?;
                spots.push(spot);
                row_of_group += 1;
                if spots.len().is_multiple_of(ROWS_BETWEEN_CHECKS) {
                    self.cancel.check()?;
                    self.progress.report(self.stage, row, total);
                }
            }
        }
        if spots.is_empty() {
            return Err(ReadError::malformed(self.path, "the positions file has columns but no spots"));
        }
        Ok(spots)
    }

    fn check_repeats(&self, spots: &[SpotRow]) -> Result<(), ReadError> {
        self.cancel.check()?;
        let mut seen: HashMap<&str, u64> = HashMap::with_capacity(spots.len());
        for spot in spots {
            if let Some(first) = seen.insert(&spot.id, spot.line) {
                let message = format!("barcode {} was already on line {first}", quoted(&spot.id));
                return Err(FileError::malformed_at(self.path, spot.line, message).into());
            }
        }
        Ok(())
    }
}

fn missing(name: &str) -> String {
    let all: Vec<&str> = COLUMNS.iter().map(|[name, ..]| *name).collect();
    format!("there is no column {name}; the columns must be {}", all.join(", "))
}

/// Where the six values stand in a line.
struct Columns {
    at: [usize; 6],
    cells: usize,
    separator: char,
    is_header: bool,
}

impl Columns {
    /// From the first line, which is a header when it has a known name in it.
    fn find(first: &str) -> Result<Self, String> {
        let separator = char::from(separator_of(first));
        let cells: Vec<&str> = first.split(separator).map(clean).collect();
        let column = |names: &[&str]| {
            let named =
                |name: &&str| cells.iter().position(|c| !name.is_empty() && c.eq_ignore_ascii_case(name));
            names.iter().find_map(named)
        };
        let is_header = COLUMNS.iter().any(|names| column(names).is_some());
        let mut columns = Self { at: [0, 1, 2, 3, 4, 5], cells: cells.len(), separator, is_header };
        if !is_header {
            return match cells.len() {
                6 => Ok(columns),
                n => Err(width(n)),
            };
        }
        for (at, names) in columns.at.iter_mut().zip(COLUMNS) {
            // pandas and R write the barcodes as row names, whose column has no name.
            let unnamed =
                || (names[0] == "barcode" && cells.first().is_some_and(|c| c.is_empty())).then_some(0);
            *at = column(&names).or_else(unnamed).ok_or_else(|| missing(names[0]))?;
        }
        let repeated = |i: &usize| columns.at.iter().filter(|j| *j == i).count() > 1;
        if columns.at.iter().any(repeated) {
            return Err("the same column would be read twice; name every column once".to_owned());
        }
        Ok(columns)
    }

    fn spot(&self, line: &str, number: u64) -> Result<SpotRow, String> {
        let mut cells: [&str; 6] = [""; 6];
        let mut n = 0;
        for (i, cell) in line.split(self.separator).enumerate() {
            n += 1;
            for (cell_of, at) in cells.iter_mut().zip(self.at) {
                if at == i {
                    *cell_of = clean(cell);
                }
            }
        }
        if n != self.cells {
            return Err(if self.is_header {
                format!("the row has {} where the header has {}", counted(n, "cell"), self.cells)
            } else {
                width(n)
            });
        }
        let [id, tissue, array_row, array_col, y, x] = cells;
        let number_of = |text: &str, [name, ..]: [&str; 3]| {
            text.parse::<f64>().map_err(|_| expected(name, id, &quoted(text), "a number"))
        };
        let [_, c_tissue, c_row, c_col, c_y, c_x] = COLUMNS;
        let tissue = match tissue.to_ascii_lowercase().as_str() {
            "true" => 1.0,
            "false" => 0.0,
            _ => tissue.parse().map_err(|_| expected(c_tissue[0], id, &quoted(tissue), "0 or 1"))?,
        };
        let place = Place {
            tissue,
            array_row: number_of(array_row, c_row)?,
            array_col: number_of(array_col, c_col)?,
            y: number_of(y, c_y)?,
            x: number_of(x, c_x)?,
        };
        place.spot(id, number)
    }
}

fn width(n: usize) -> String {
    format!(
        "the row has {}; without a header there must be six: barcode, in_tissue, array row and column, pixel row and \
         column",
        counted(n, "cell")
    )
}

fn expected(column: &str, id: &str, has: &str, what: &str) -> String {
    format!("{column} of spot {} is {has}; expected {what}", quoted(id))
}

/// The numbers of a row, not yet checked.
#[derive(Clone, Copy)]
struct Place {
    tissue: f64,
    array_row: f64,
    array_col: f64,
    y: f64,
    x: f64,
}

impl Place {
    fn spot(self, id: &str, line: u64) -> Result<SpotRow, String> {
        let [_, c_tissue, c_row, c_col, c_y, c_x] = COLUMNS;
        if id.is_empty() {
            return Err("the row has no barcode".to_owned());
        }
        let Self { tissue, array_row, array_col, y, x } = self;
        let selected = tissue == 1.0;
        if !selected && tissue != 0.0 {
            return Err(expected(c_tissue[0], id, &tissue.to_string(), "0 or 1"));
        }
        let whole = |value: f64, [name, ..]: [&str; 3]| {
            let index = (value >= 0.0 && value.fract() == 0.0).then(|| grid_of(value, 0.0)).flatten();
            index
                .map(|[v, _]| v)
                .ok_or_else(|| expected(name, id, &value.to_string(), "a whole number of 0 or more"))
        };
        let grid = [whole(array_col, c_col)?, whole(array_row, c_row)?];
        for (value, [name, ..]) in [(y, c_y), (x, c_x)] {
            if !value.is_finite() {
                return Err(expected(name, id, &value.to_string(), "a number"));
            }
            // Where a CytAssist frame is larger than the slide image, bins beside the tissue lie off it.
            if value < 0.0 && selected {
                let message = "although the spot is under tissue; it would lie off the slide";
                return Err(format!("{name} of spot {} is {value} {message}", quoted(id)));
            }
        }
        Ok(SpotRow { id: id.to_owned(), grid: Some(grid), center: SlidePoint::new(x, y), selected, line })
    }
}

#[cfg(test)]
mod tests;
