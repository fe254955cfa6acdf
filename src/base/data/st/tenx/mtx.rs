//! Feature-barcode matrices as text: `matrix.mtx` in Matrix Market coordinates beside two lists. Packed files
//! are known by content, since some that are called .gz are not packed.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::MAX_COUNT;
use super::features::{FeatureKind, FeatureMatrix, check_barcodes};
use super::folder::MtxFiles;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::FileError;
use crate::core::matrix::Csr;
use crate::core::progress::{Progress, Task};
use crate::core::text::counted;
use crate::data::genes::with_unique_ids;
use crate::data::section::CountTable;
use crate::data::st::ReadError;
use crate::data::st::names::{file_name, quoted};
use crate::data::st::table::{Lines, clean};

/// Bytes of text that are looked at together.
const BLOCK: usize = 1 << 20;
/// A longer line is none of a matrix.
const MAX_LINE: usize = 64 << 10;

/// Reads a matrix in text, spots x features, in the order of the lists. A matrix whose rows are the barcodes
/// is taken as it is meant when only that fits the lists.
///
/// # Errors
/// [`ReadError`] in one sentence with file and line: another kind of Matrix Market file, a cut file, lists that
/// do not fit, an entry outside, a value that is no count.
pub fn read_mtx(
    files: &MtxFiles,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<FeatureMatrix, ReadError> {
    let mut spots: Vec<String> =
        list(&files.barcodes)?.into_iter().filter_map(|row| row.into_iter().next()).collect();
    let mut features = list(&files.features)?;
    let about = std::fs::metadata(&files.matrix).map_err(FileError::io("read", &files.matrix))?;
    let file = File::open(&files.matrix).map_err(FileError::io("read", &files.matrix))?;
    let mut text = Text::from_reader(&files.matrix, file, about.len())?;
    let size = text.header()?;

    // A list may have a header of its own. Any other row too many means that the files do not belong together:
    // to drop it would give every count to a wrong neighbour.
    let (named_features, named_spots) =
        (has_header(features.first().and_then(|row| row.first())), has_header(spots.first()));
    let fits = |list: usize, named: bool, matrix: usize| list == matrix || (named && list == matrix + 1);
    let fit = |feature_count: usize, spot_count: usize| {
        fits(features.len(), named_features, feature_count) && fits(spots.len(), named_spots, spot_count)
    };
    let as_is = fit(size.rows, size.cols);
    let turned = fit(size.cols, size.rows);
    if !as_is && !turned {
        let message = format!(
            "the matrix is {} x {}, but {} names {} and {} names {}; give three files of one matrix",
            size.rows,
            size.cols,
            file_name(&files.features),
            counted(features.len(), "feature"),
            file_name(&files.barcodes),
            counted(spots.len(), "barcode"),
        );
        return Err(ReadError::malformed(&files.matrix, message));
    }
    let (wanted_features, wanted_spots) = if as_is { (size.rows, size.cols) } else { (size.cols, size.rows) };
    features.drain(..features.len() - wanted_features);
    spots.drain(..spots.len() - wanted_spots);
    check_barcodes(&files.barcodes, &spots)?;

    let mut entries = Entries::new(spots.len());
    let stage = Task::Reading(file_name(&files.matrix)).into();
    text.entries(
        size,
        &mut |row, col, value| {
            let (feature, spot) = if as_is { (row, col) } else { (col, row) };
            entries.push(feature, spot, value);
        },
        &mut |done, total| {
            progress.report(&stage, done, total);
            cancel.check()
        },
    )?;
    let counts = entries.finish(features.len()).ok_or_else(|| {
        ReadError::malformed(&files.matrix, "the entries of the matrix do not fit its size")
    })?;

    let mut kinds = Vec::with_capacity(features.len());
    let mut pairs = Vec::with_capacity(features.len());
    for row in features {
        let mut cells = row.into_iter();
        let id = cells.next().unwrap_or_default();
        let name = cells.next().unwrap_or_default();
        // Some lists carry further columns of other kinds; only what 10x writes is taken for a kind.
        kinds.push(FeatureKind::named(&cells.next().unwrap_or_default()));
        pairs.push((name, id));
    }
    let genomes = vec![String::new(); pairs.len()];
    Ok(FeatureMatrix { table: CountTable { spots, genes: with_unique_ids(pairs), counts }, kinds, genomes })
}

/// Whether the first cell of a list names its column.
fn has_header(first: Option<&String>) -> bool {
    const HEADERS: [&str; 14] = [
        "", "x", "v1", "id", "name", "cell", "cells", "spot", "gene", "genes", "gene_id", "feature",
        "features", "index",
    ];
    first.is_some_and(|cell| {
        let cell = cell.to_ascii_lowercase();
        cell.starts_with("barcode") || cell.starts_with("ensembl") || HEADERS.contains(&cell.as_str())
    })
}

/// The rows of a list, each up to three cells.
fn list(path: &Path) -> Result<Vec<Vec<String>>, ReadError> {
    let mut lines = Lines::open(path)?;
    let mut rows = Vec::new();
    while let Some(line) = lines.next_line()? {
        rows.push(line.text.split('\t').take(3).map(|c| clean(c).to_owned()).collect());
    }
    Ok(rows)
}

/// What the header says.
#[derive(Debug, Clone, Copy)]
struct Size {
    rows: usize,
    cols: usize,
    entries: u64,
}

/// The entries read so far, by spot as long as they come by spot.
struct Entries {
    /// How many entries each spot has.
    lengths: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    last: usize,
    /// The spot of each entry, from the first time on that one comes out of order.
    spots: Option<Vec<u32>>,
}

impl Entries {
    fn new(spots: usize) -> Self {
        Self { lengths: vec![0; spots], columns: Vec::new(), values: Vec::new(), last: 0, spots: None }
    }

    fn push(&mut self, feature: u32, spot: u32, value: f32) {
        let at = spot as usize;
        if at < self.last && self.spots.is_none() {
            let before = self.lengths.iter().enumerate();
            self.spots = Some(before.flat_map(|(s, &n)| std::iter::repeat_n(s as u32, n)).collect());
        }
        self.last = at;
        if let Some(length) = self.lengths.get_mut(at) {
            *length += 1;
        }
        if let Some(spots) = &mut self.spots {
            spots.push(spot);
        }
        self.columns.push(feature);
        self.values.push(value);
    }

    fn finish(mut self, features: usize) -> Option<Csr> {
        let mut starts = vec![0usize];
        let mut sum = 0usize;
        for n in &self.lengths {
            sum = sum.checked_add(*n)?;
            starts.push(sum);
        }
        if let Some(spots) = self.spots.take() {
            let mut next = starts.clone();
            let mut columns = vec![0; self.columns.len()];
            let mut values = vec![0.0; self.values.len()];
            for ((&spot, &column), &value) in spots.iter().zip(&self.columns).zip(&self.values) {
                let place = next.get_mut(spot as usize)?;
                *columns.get_mut(*place)? = column;
                *values.get_mut(*place)? = value;
                *place += 1;
            }
            (self.columns, self.values) = (columns, values);
        }
        Csr::from_parts(features, starts, self.columns, self.values).ok()
    }
}

/// The text of a matrix, in blocks of whole lines.
struct Text {
    path: PathBuf,
    reader: Box<dyn Read>,
    packed: bool,
    size: u64,
    /// What was read and not yet used, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    line: u64,
    read: Arc<AtomicU64>,
}

struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Text {
    fn from_reader(path: &Path, reader: impl Read + 'static, size: u64) -> Result<Self, FileError> {
        let read = Arc::default();
        let mut reader = Counted(reader, Arc::clone(&read));
        let mut head = Vec::new();
        reader.by_ref().take(2).read_to_end(&mut head).map_err(FileError::io("read", path))?;
        let packed = head == [0x1f, 0x8b];
        let whole = std::io::Cursor::new(head).chain(reader);
        let reader: Box<dyn Read> = if packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, whole)))
        } else {
            Box::new(whole)
        };
        let path = path.to_path_buf();
        Ok(Self { path, reader, packed, size, buffer: Vec::new(), at: 0, ended: false, line: 0, read })
    }

    fn wrong(&self, message: impl Into<String>) -> FileError {
        FileError::malformed_at(&self.path, self.line, message)
    }

    /// Reads on, so that the buffer holds at least one whole line, or the end.
    fn more(&mut self) -> Result<(), FileError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        if self.buffer.len() > MAX_LINE {
            self.line += 1;
            return Err(self.wrong("the line is too long for a matrix"));
        }
        let had = self.buffer.len();
        self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut self.buffer).map_err(|e| {
            if self.packed {
                let cut = e.kind() == std::io::ErrorKind::UnexpectedEof;
                let what = if cut { "ends too early: it was cut off" } else { "is damaged" };
                FileError::malformed(
                    &self.path,
                    format!("the compressed file {what}; copy or download it again"),
                )
            } else {
                FileError::io("read", &self.path)(e)
            }
        })?;
        self.ended = self.buffer.len() == had;
        Ok(())
    }

    /// The next line's place in the buffer, without its end.
    fn next_line(&mut self) -> Result<Option<Range<usize>>, FileError> {
        let mut searched = self.at;
        loop {
            if let Some(n) = self.buffer[searched..].iter().position(|&b| b == b'\n') {
                let range = self.at..searched + n;
                self.at = searched + n + 1;
                self.line += 1;
                return Ok(Some(range));
            }
            if self.ended {
                let range = self.at..self.buffer.len();
                self.at = self.buffer.len();
                self.line += u64::from(!range.is_empty());
                return Ok((!range.is_empty()).then_some(range));
            }
            // What was searched moves to the front.
            searched = self.buffer.len() - self.at;
            self.more()?;
        }
    }

    /// The banner, remarks, and the line of sizes.
    fn header(&mut self) -> Result<Size, FileError> {
        let banner = match self.next_line()? {
            Some(range) => String::from_utf8_lossy(&self.buffer[range]).to_ascii_lowercase(),
            None => return Err(FileError::malformed(&self.path, "the file is empty")),
        };
        let words: Vec<&str> = banner.split_ascii_whitespace().collect();
        let counts = match words.as_slice() {
            ["%%matrixmarket", "matrix", "coordinate", "integer" | "real", "general"] => true,
            ["%%matrixmarket", "matrix", "coordinate", ..] => false,
            ["%%matrixmarket", ..] => return Err(self.other_kind(&words)),
            _ => {
                return Err(
                    self.wrong("this is not a Matrix Market file (%%MatrixMarket is not its first word)")
                );
            }
        };
        loop {
            let Some(range) = self.next_line()? else {
                return Err(self.wrong("the file ends before the size of the matrix"));
            };
            let line = self.buffer[range].trim_ascii();
            if line.is_empty() || line[0] == b'%' {
                continue;
            }
            let mut numbers = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
            let mut next = || std::str::from_utf8(numbers.next()?).ok()?.parse::<u64>().ok();
            let all = (next(), next(), next());
            let small = |n: u64| u32::try_from(n).ok().map(|n| n as usize);
            return match all {
                (Some(rows), Some(cols), Some(entries)) => match (small(rows), small(cols)) {
                    // R writes a matrix of nothing but zeros as a symmetric pattern.
                    (Some(_), Some(_)) if !counts && entries > 0 => Err(self.other_kind(&words)),
                    (Some(rows), Some(cols)) => Ok(Size { rows, cols, entries }),
                    _ => Err(self.wrong(format!(
                        "the matrix is {rows} x {cols}, more than any has; copy or download the file again"
                    ))),
                },
                _ => Err(self.wrong("expected three numbers: features, barcodes and entries")),
            };
        }
    }

    fn other_kind(&self, words: &[&str]) -> FileError {
        let kind = words.iter().skip(1).take(4).copied().collect::<Vec<_>>().join(" ");
        let message = format!("the matrix is \"{kind}\"; expected \"matrix coordinate integer general\"");
        FileError::malformed_at(&self.path, 1, message)
    }

    /// All entries, 0-based.
    fn entries(
        &mut self,
        size: Size,
        each: &mut dyn FnMut(u32, u32, f32),
        look: &mut dyn FnMut(u64, u64) -> Result<(), Cancelled>,
    ) -> Result<(), ReadError> {
        let mut found = 0u64;
        while let Some(range) = self.next_line()? {
            if self.line.is_multiple_of(1 << 16) {
                look(self.read.load(Ordering::Relaxed).min(self.size), self.size)?;
            }
            let line = &self.buffer[range];
            let Some((row, col, value)) = fast_entry(line).or_else(|| entry(line)) else {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let shown = quoted(&String::from_utf8_lossy(&line[..line.len().min(80)]));
                return Err(self
                    .wrong(format!("{shown} is not an entry; expected row, column and count"))
                    .into());
            };
            if row == 0 || col == 0 || row as usize > size.rows || col as usize > size.cols {
                let message = format!(
                    "the entry at {row}, {col} lies outside the matrix of {} x {}",
                    size.rows, size.cols
                );
                return Err(self.wrong(message).into());
            }
            if !(0.0..=MAX_COUNT).contains(&value) || value.fract() != 0.0 {
                let message = if value < 0.0 || value.fract() != 0.0 {
                    format!("{value} is not a count; give raw counts, not normalised values")
                } else {
                    format!("a count of {value} cannot be")
                };
                return Err(self.wrong(message).into());
            }
            found += 1;
            if found > size.entries {
                break;
            }
            each(row - 1, col - 1, value);
        }
        if found != size.entries {
            let what =
                if found > size.entries { "more follow" } else { "the file ends before; it was cut off" };
            let noun = if size.entries == 1 { "entry" } else { "entries" };
            return Err(self.wrong(format!("the header says {} {noun}, but {what}", size.entries)).into());
        }
        Ok(())
    }
}

/// "12 34 5", by far the most common form.
fn fast_entry(line: &[u8]) -> Option<(u32, u32, f32)> {
    let mut at = 0;
    let mut number = |end: u8| -> Option<u32> {
        let mut value = 0u32;
        let start = at;
        while let Some(digit) = line.get(at).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
            value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
            at += 1;
        }
        // Nine digits always fit.
        let fits = (1..=9).contains(&(at - start));
        let ends = line.get(at).copied().unwrap_or(b'\n') == end;
        at += 1;
        (fits && ends).then_some(value)
    };
    Some((number(b' ')?, number(b' ')?, number(b'\n')? as f32))
}

/// Any other entry: more blanks, tabs, decimals.
fn entry(line: &[u8]) -> Option<(u32, u32, f32)> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split_ascii_whitespace();
    let entry =
        (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse::<f64>().ok()? as f32);
    words.next().is_none().then_some(entry)
}
