//! Count tables: a header of gene names, then one row a spot: its identifier and its counts.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use super::error::ReadError;
use super::names::{file_name, grid_of_id, quoted};
use super::table::{Lines, clean, separator_of};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::matrix::CsrBuilder;
use crate::core::progress::{Progress, Task};
use crate::core::text::counted;
use crate::data::genes::with_unique_ids;
use crate::data::section::CountTable;

/// Larger counts are not exact as `f32`, and no assay reaches them.
const MAX_COUNT: u32 = 1 << 24;
/// So many digits always fit `u32`.
const FAST_DIGITS: u32 = 9;
/// Header cells that name the column of spots, so that they are not taken for a gene.
const CORNERS: [&str; 10] =
    ["", "spot", "spots", "spot_id", "id", "ids", "barcode", "barcodes", "unnamed: 0", "index"];

/// Reads a count table, spots x genes, separated by tabs (or commas), plain or gzipped by content. Genes
/// that share a name are all kept; from the second on they get an identifier of their own ("TBCE-1", as in
/// scanpy's `var_names_make_unique`) and a note.
///
/// # Errors
/// [`ReadError`] in one sentence with file and line: a cut or damaged archive, no header, a row of another
/// width, a repeated spot, a cell that is not a whole number of 0 to 16,777,216.
pub fn read_counts(
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<CountTable, ReadError> {
    read_from(Lines::open(path)?, progress, cancel)
}

pub(super) fn read_from(
    mut lines: Lines,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<CountTable, ReadError> {
    let path = lines.path().to_path_buf();
    let stage = Task::Reading(file_name(&path)).into();
    let Some(header) = lines.next_line()? else {
        return Err(ReadError::malformed(&path, "the file is empty"));
    };
    let separator = separator_of(header.text);
    let mut names: Vec<String> =
        header.text.split(char::from(separator)).map(|c| clean(c).to_owned()).collect();
    if names.len() < 2 {
        let message = "the first line is not a header of gene names separated by tabs";
        return Err(FileError::malformed_at(&path, 1, message).into());
    }

    let mut table: Option<Rows> = None;
    while let Some(line) = lines.next_line()? {
        let rows = match &mut table {
            Some(rows) => rows,
            None => {
                take_corner(&mut names, line.text, separator);
                check_names(&path, &names)?;
                table.insert(Rows::new(names.len()))
            }
        };
        if let Err(problem) = rows.push(line.text, line.number, separator) {
            let message = problem.describe(&names, line.text, separator);
            return Err(FileError::malformed_at(&path, line.number, message).into());
        }
        if line.number % 8 == 0 {
            cancel.check()?;
            let (done, total) = lines.position();
            progress.report(&stage, done, total);
        }
    }
    let Some(rows) = table else {
        return Err(ReadError::malformed(&path, "the table has a header but no spots"));
    };
    let repeated = repeated_in(&names);
    let genes = with_unique_ids(names.into_iter().map(|name| (name, String::new())));
    if !repeated.is_empty() {
        progress.note(&format!(
            "{} has {} more than once ({}); every column is kept",
            file_name(&path),
            counted(repeated.len(), "gene name"),
            some_of(&repeated)
        ));
    }
    Ok(CountTable { spots: rows.spots, genes, counts: rows.counts.finish() })
}

/// Removes the header cell above the spot identifiers. R leaves it out: then the header is one cell short.
fn take_corner(names: &mut Vec<String>, first_row: &str, separator: u8) {
    let cells = first_row.bytes().filter(|&b| b == separator).count() + 1;
    let named = names.first().is_some_and(|n| !CORNERS.iter().any(|c| c.eq_ignore_ascii_case(n)));
    if !(named && cells == names.len() + 1) {
        names.remove(0);
    }
}

fn check_names(path: &Path, names: &[String]) -> Result<(), FileError> {
    if let Some(column) = names.iter().position(String::is_empty) {
        let message = format!("column {} of the header has no gene name", column + 2);
        return Err(FileError::malformed_at(path, 1, message));
    }
    let numbers = names.iter().filter(|n| n.parse::<f64>().is_ok()).count();
    if numbers * 2 > names.len() {
        let message = "the first line holds numbers; expected a header of gene names";
        return Err(FileError::malformed_at(path, 1, message));
    }
    let spots = names.iter().filter(|n| grid_of_id(n).is_some()).count();
    if spots * 2 > names.len() {
        let message =
            "the header holds spots, not genes; the table must have one row per spot, so transpose it";
        return Err(FileError::malformed_at(path, 1, message));
    }
    Ok(())
}

/// The names that repeat, each once, in the order in which they do.
fn repeated_in(names: &[String]) -> Vec<String> {
    let mut times: HashMap<&str, usize> = HashMap::with_capacity(names.len());
    let mut repeated = Vec::new();
    for name in names {
        let seen = times.entry(name).or_insert(0);
        *seen += 1;
        if *seen == 2 {
            repeated.push(name.clone());
        }
    }
    repeated
}

/// The first few of `names`, for a sentence.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", ...");
    }
    text
}

/// The rows read so far.
struct Rows {
    genes: usize,
    spots: Vec<String>,
    seen: HashMap<String, u64>,
    counts: CsrBuilder,
}

/// What is wrong with a row.
enum RowProblem {
    Width { cells: usize },
    NoSpot,
    SpotAgain { spot: String, first_line: u64 },
    NotACount { gene: usize },
}

impl RowProblem {
    fn describe(&self, genes: &[String], row: &str, separator: u8) -> String {
        match self {
            Self::Width { cells } => format!(
                "the row has {} where the header has {}; the table is incomplete",
                counted(*cells, "cell"),
                genes.len() + 1
            ),
            Self::NoSpot => "the row has no spot identifier".to_owned(),
            Self::SpotAgain { spot, first_line } => {
                format!("spot {} was already on line {first_line}", quoted(spot))
            }
            Self::NotACount { gene } => {
                let mut cells = row.split(char::from(separator));
                let spot = clean(cells.next().unwrap_or_default()).to_owned();
                let cell = clean(cells.nth(*gene).unwrap_or_default());
                let name = genes.get(*gene).map_or("", String::as_str);
                let why = why_not_a_count(cell);
                format!("the count of {} in spot {} is {}; {why}", name, quoted(&spot), quoted(cell))
            }
        }
    }
}

/// Why a cell that is no count is none, and what to do.
fn why_not_a_count(cell: &str) -> &'static str {
    match cell.parse::<f64>() {
        Ok(v) if v > f64::from(MAX_COUNT) => "no real count is so large",
        Ok(v) if v < 0.0 => "counts cannot be negative, so give raw counts",
        Ok(v) if v.is_finite() => "counts are whole numbers, so give raw counts, not normalised values",
        _ => "expected a whole number of 0 or more",
    }
}

impl Rows {
    fn new(genes: usize) -> Self {
        Self { genes, spots: Vec::new(), seen: HashMap::new(), counts: CsrBuilder::new(genes) }
    }

    fn push(&mut self, row: &str, line: u64, separator: u8) -> Result<(), RowProblem> {
        let (id, cells) = match row.split_once(char::from(separator)) {
            Some((id, cells)) => (clean(id), Some(cells)),
            None => (clean(row), None),
        };
        let cells = cells.ok_or(RowProblem::Width { cells: 1 })?;
        let mut gene = 0;
        let mut start = 0;
        let mut cell = Cell::default();
        for (at, byte) in cells.bytes().enumerate() {
            if byte == separator {
                self.put(gene, &cell, start..at, cells, separator)?;
                gene += 1;
                start = at + 1;
                cell = Cell::default();
            } else {
                cell.push(byte);
            }
        }
        self.put(gene, &cell, start..cells.len(), cells, separator)?;
        if gene + 1 != self.genes {
            return Err(RowProblem::Width { cells: gene + 2 });
        }
        if id.is_empty() {
            return Err(RowProblem::NoSpot);
        }
        if let Some(&first_line) = self.seen.get(id) {
            return Err(RowProblem::SpotAgain { spot: id.to_owned(), first_line });
        }
        self.seen.insert(id.to_owned(), line);
        self.spots.push(id.to_owned());
        self.counts.end_row();
        Ok(())
    }

    /// Stores the value of `cell`, number `gene` of `cells`, whose text is at `range`.
    fn put(
        &mut self,
        gene: usize,
        cell: &Cell,
        range: Range<usize>,
        cells: &str,
        separator: u8,
    ) -> Result<(), RowProblem> {
        let value = cell.value().or_else(|| cells.get(range).and_then(|text| slow_count(clean(text))));
        match value {
            Some(0) if gene < self.genes => Ok(()),
            Some(value) if self.counts.push(gene, value as f32) => Ok(()),
            _ => Err(self.problem_at(gene, cells, separator)),
        }
    }

    /// A row of the wrong width is reported as such, whatever its cells hold.
    fn problem_at(&self, gene: usize, cells: &str, separator: u8) -> RowProblem {
        let found = cells.bytes().filter(|&b| b == separator).count() + 1;
        if found == self.genes {
            RowProblem::NotACount { gene }
        } else {
            RowProblem::Width { cells: found + 1 }
        }
    }
}

/// A cell read digit by digit; nearly every cell is one or two digits.
#[derive(Default)]
struct Cell {
    value: u32,
    digits: u32,
    other: bool,
}

impl Cell {
    fn push(&mut self, byte: u8) {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 && self.digits < FAST_DIGITS {
            self.value = self.value * 10 + u32::from(digit);
            self.digits += 1;
        } else {
            self.other = true;
        }
    }

    fn value(&self) -> Option<u32> {
        (self.digits > 0 && !self.other && self.value <= MAX_COUNT).then_some(self.value)
    }
}

/// A whole number that is not written as plain digits: "3.0", "1e3", " 5".
fn slow_count(text: &str) -> Option<u32> {
    let value: f64 = text.parse().ok()?;
    let whole = value >= 0.0 && value <= f64::from(MAX_COUNT) && value.fract() == 0.0;
    whole.then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::{Silent, Stage};
    use crate::data::mutate::{fuzz, gzip};
    use crate::data::section::Gene;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::Mutex;

    fn read(text: &str) -> Result<CountTable, ReadError> {
        let lines = Lines::from_reader(Path::new("t.tsv"), Cursor::new(text.as_bytes().to_vec()), 0)?;
        read_from(lines, &Silent, &CancelToken::new())
    }

    fn says(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn spots_and_genes_are_read() {
        let t = read("\tERBB2\tGRB7\tIGKC\n10x21\t1\t0\t12\n10x22\t0\t3.0\t1e2\n").unwrap();
        assert_eq!(t.spots, ["10x21", "10x22"]);
        assert_eq!(t.genes, ["ERBB2", "GRB7", "IGKC"].map(Gene::named));
        assert_eq!((t.counts.rows(), t.counts.cols(), t.counts.nnz()), (2, 3, 4));
        assert_eq!((t.counts.get(0, 0), t.counts.get(0, 2), t.counts.get(1, 1)), (1.0, 12.0, 3.0));
        assert_eq!(t.counts.get(1, 2), 100.0);
    }

    #[test]
    fn headers_may_have_a_corner_or_none() {
        let names = |text: &str| read(text).unwrap().genes.into_iter().map(|g| g.name).collect::<Vec<_>>();
        assert_eq!(names("spot,A,B\n1x1,1,2\n"), ["A", "B"]);
        assert_eq!(names("A\tB\n1x1\t1\t2\n"), ["A", "B"]);
        assert_eq!(names("\"\"\t\"A\"\t\"B\"\r\n\"1x1\"\t\"1\"\t2\r\n"), ["A", "B"]);
    }

    #[test]
    fn repeated_genes_are_kept_with_ids_of_their_own() {
        struct Notes(Mutex<Vec<String>>);
        impl Progress for Notes {
            fn report(&self, _: &Stage, _: u64, _: u64) {}
            fn note(&self, text: &str) {
                self.0.lock().unwrap().push(text.to_owned());
            }
        }
        let notes = Notes(Mutex::default());
        let text = "\tA\tB\tA\tA-1\tA\n1x1\t1\t2\t3\t4\t5\n";
        let lines = Lines::from_reader(Path::new("t.tsv"), Cursor::new(text.as_bytes().to_vec()), 0).unwrap();
        let t = read_from(lines, &notes, &CancelToken::new()).unwrap();
        let ids: Vec<_> = t.genes.iter().map(|g| g.id.as_str()).collect();
        assert_eq!(ids, ["A", "B", "A-2", "A-1", "A-3"]);
        assert_eq!(t.genes[2].name, "A");
        assert_eq!(t.counts.row(0).1, [1.0, 2.0, 3.0, 4.0, 5.0]);
        let notes = notes.0.into_inner().unwrap();
        assert_eq!(notes, ["t.tsv has 1 gene name more than once (A); every column is kept"]);
    }

    #[test]
    fn every_problem_is_one_sentence_with_its_line() {
        assert_eq!(says(""), "t.tsv: the file is empty");
        assert_eq!(says("\tA\tB\n"), "t.tsv: the table has a header but no spots");
        let cell = |cell: &str| says(&format!("\tA\tB\n1x1\t1\t2\n1x2\t{cell}\t0\n"));
        let start = "t.tsv, line 3: the count of A in spot \"1x2\" is ";
        assert_eq!(cell("x"), format!("{start}\"x\"; expected a whole number of 0 or more"));
        assert_eq!(cell(""), format!("{start}\"\"; expected a whole number of 0 or more"));
        assert_eq!(cell("NaN"), format!("{start}\"NaN\"; expected a whole number of 0 or more"));
        assert_eq!(cell("-1"), format!("{start}\"-1\"; counts cannot be negative, so give raw counts"));
        assert_eq!(
            cell("0.5"),
            format!("{start}\"0.5\"; counts are whole numbers, so give raw counts, not normalised values")
        );
        assert_eq!(cell("99999999999"), format!("{start}\"99999999999\"; no real count is so large"));
        assert_eq!(
            says("\tA\tB\n1x1\t1\n"),
            "t.tsv, line 2: the row has 2 cells where the header has 3; the table is incomplete"
        );
        assert_eq!(
            says("\tA\tB\n1x1\t1\t2\t\n"),
            "t.tsv, line 2: the row has 4 cells where the header has 3; the table is incomplete"
        );
        assert_eq!(
            says("\tA\tB\n1x1\t1\t2\n1x1\t1\t2\n"),
            "t.tsv, line 3: spot \"1x1\" was already on line 2"
        );
        assert_eq!(says("\tA\tB\n\t1\t2\n"), "t.tsv, line 2: the row has no spot identifier");
        assert_eq!(says("\tA\t\n1x1\t1\t2\n"), "t.tsv, line 1: column 3 of the header has no gene name");
        assert!(says("1x1\t1\t2\n1x2\t1\t2\n").contains("line 1: the first line holds numbers"));
        assert!(says("\t1x1\t1x2\nA\t1\t2\n").contains("line 1: the header holds spots"));
        assert!(says("A\n1\n").contains("line 1: the first line is not a header"));
    }

    #[test]
    fn cancelling_stops_reading() {
        let text = "\tA\tB\n".to_owned() + &(0..100).map(|i| format!("{i}x1\t1\t2\n")).collect::<String>();
        let lines = Lines::from_reader(Path::new("t.tsv"), Cursor::new(text.into_bytes()), 0).unwrap();
        let cancel = CancelToken::new();
        cancel.cancel();
        assert!(matches!(read_from(lines, &Silent, &cancel), Err(ReadError::Cancelled(_))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(lines) = Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes), 0) {
                let _ = read_from(lines, &Silent, &CancelToken::new());
            }
        }

        #[test]
        fn a_mutated_table_never_panics_and_keeps_its_shape(
            at in 0usize..60, with in any::<u8>(), cut in 0usize..60,
        ) {
            let mut bytes = b"\tERBB2\tGRB7\tIGKC\n10x21\t1\t0\t12\n10x22\t0\t3\t100\n".to_vec();
            if let Some(b) = bytes.get_mut(at) { *b = with; }
            if cut % 3 == 0 { bytes.truncate(cut); }
            let lines = Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes), 0).unwrap();
            if let Ok(t) = read_from(lines, &Silent, &CancelToken::new()) {
                prop_assert_eq!((t.counts.rows(), t.counts.cols()), (t.spots.len(), t.genes.len()));
            }
        }

        #[test]
        fn written_counts_are_read_back(values in proptest::collection::vec(0u32..=MAX_COUNT, 6)) {
            let row = |r: &[u32]| r.iter().map(u32::to_string).collect::<Vec<_>>().join("\t");
            let text = format!("\tA\tB\tC\n1x1\t{}\n1x2\t{}\n", row(&values[..3]), row(&values[3..]));
            let t = read(&text).unwrap();
            for (i, &v) in values.iter().enumerate() {
                prop_assert_eq!(t.counts.get(i / 3, i % 3), v as f32);
            }
        }
    }
    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_counts_never_panic_for_minutes() {
        let rows: String = (0..30).map(|x| format!("10x{x}\t{x}\t0\t1e2\t{}\t3.0\n", x * x)).collect();
        let plain = format!("\tERBB2\tGRB7\tIGKC\tTBCE\tTBCE\n{rows}");
        let quoted = "\"\",\"A\",\"B\"\r\n\"1x1\",\"1\",2\r\n\"1x2\",3,0\r\n";
        let sound = vec![plain.clone().into_bytes(), quoted.into(), gzip(plain.as_bytes())];
        fuzz("counts", sound, |bytes| {
            let lines =
                Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes.to_vec()), bytes.len() as u64);
            let Ok(lines) = lines else { return false };
            let table = read_from(lines, &Silent, &CancelToken::new());
            let fits = |t: &CountTable| (t.counts.rows(), t.counts.cols()) == (t.spots.len(), t.genes.len());
            assert!(table.iter().all(fits));
            table.is_ok()
        });
    }
}
