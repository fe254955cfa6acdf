//! Gene lists of the user: text with one gene a line or separated by commas, or a CSV table.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::core::files::{FileError, write_atomically};
use crate::data::st::names::quoted;

/// A larger file is not a gene list.
const LARGEST_FILE: u64 = 16 << 20;
/// Longer than any symbol or identifier.
const LONGEST_NAME: usize = 60;
/// What the column of genes is called in tables.
const HEADERS: [&str; 14] = [
    "gene",
    "genes",
    "gene_name",
    "gene_names",
    "gene name",
    "genename",
    "symbol",
    "symbols",
    "gene_symbol",
    "gene symbol",
    "hgnc_symbol",
    "hgnc symbol",
    "feature_name",
    "marker",
];

/// A gene list as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneList {
    /// Names in order, each once.
    pub genes: Vec<String>,
    /// Remarks for the user: names that were there more than once.
    pub notes: Vec<String>,
}

/// The genes of a list, each once; see [`read_with_notes`].
///
/// # Errors
/// As [`read_with_notes`].
pub fn read(path: &Path) -> Result<Vec<String>, FileError> {
    Ok(read_with_notes(path)?.genes)
}

/// Reads a gene list. In a table with a column called "gene", "symbol" or alike, that column is read; in a
/// table without, the first column; anything else is names separated by line ends, commas, semicolons or
/// blanks. Lines that start with # are remarks. Names that repeat are kept once, with a note.
///
/// # Errors
/// [`FileError`] in one sentence: a file that cannot be read, is no text, holds no gene, or holds something
/// that cannot be one.
pub fn read_with_notes(path: &Path) -> Result<GeneList, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let about = file.metadata().map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(FileError::malformed(path, "the file is too large for a gene list"));
    }
    parse(path, &bytes)
}

/// Writes a gene list, one a line.
///
/// # Errors
/// [`FileError`] when the file cannot be written; then its old content is still there.
pub fn write(path: &Path, genes: &[String]) -> Result<(), FileError> {
    write_atomically(path, |w| {
        genes.iter().try_for_each(|gene| writeln!(w, "{gene}")).map_err(FileError::io("write", path))
    })
}

fn parse(path: &Path, bytes: &[u8]) -> Result<GeneList, FileError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err(FileError::malformed(path, "this is not a text file with gene names"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| FileError::malformed(path, "the text is not UTF-8; save the file as UTF-8 text"))?;
    // Old Macintosh line ends too: they cost nothing here.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let rows = rows_of(&text);
    let mut list = GeneList::default();
    let mut seen = HashSet::new();
    let mut repeated = Vec::new();
    for (line, name) in genes_of(&rows) {
        check_name(path, line, name)?;
        if seen.insert(name) {
            list.genes.push(name.to_owned());
        } else if !repeated.contains(&name) {
            repeated.push(name);
        }
    }
    if list.genes.is_empty() {
        return Err(FileError::malformed(path, "there is no gene in the file"));
    }
    if !repeated.is_empty() {
        let some = repeated.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = if repeated.len() > 3 { ", ..." } else { "" };
        let genes = if repeated.len() == 1 { "gene is" } else { "genes are" };
        list.notes
            .push(format!("{} {genes} listed more than once ({some}{more}) and kept once", repeated.len()));
    }
    let dates: Vec<&String> = list.genes.iter().filter(|g| is_date(g)).collect();
    if let Some(first) = dates.first() {
        list.notes.push(format!(
            "{} of the names look like dates (such as {first}); spreadsheets turn genes such as MARCHF1 and \
             SEPTIN2 into dates",
            dates.len()
        ));
    }
    Ok(list)
}

/// "1-Mar", "Sep-02": what spreadsheets make of MARCH1 and SEPT2.
fn is_date(name: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let is_month = |text: &str| MONTHS.iter().any(|m| m.eq_ignore_ascii_case(text));
    let is_day = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    name.split_once('-').is_some_and(|(a, b)| (is_day(a) && is_month(b)) || (is_month(a) && is_day(b)))
}

struct ListRow<'a> {
    line: u64,
    cells: Vec<&'a str>,
}

fn rows_of(text: &str) -> Vec<ListRow<'_>> {
    let lines =
        text.lines().zip(1u64..).filter(|(l, _)| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
    let lines: Vec<(&str, u64)> = lines.collect();
    let separator = ['\t', ',', ';'].into_iter().find(|&s| lines.iter().any(|(l, _)| l.contains(s)));
    lines
        .into_iter()
        .map(|(text, line)| ListRow {
            line,
            cells: match separator {
                Some(s) => text.split(s).map(bare).collect(),
                None => vec![bare(text)],
            },
        })
        .collect()
}

/// Without blanks and quotes around it.
fn bare(cell: &str) -> &str {
    cell.trim().trim_matches(['"', '\'']).trim()
}

/// The cells that are genes, with their lines.
fn genes_of<'a>(rows: &'a [ListRow<'a>]) -> Vec<(u64, &'a str)> {
    let Some(first) = rows.first() else { return Vec::new() };
    let is_header = |cell: &str| HEADERS.iter().any(|h| h.eq_ignore_ascii_case(cell));
    if let Some(column) = first.cells.iter().position(|c| is_header(c)) {
        return column_of(rows.get(1..).unwrap_or_default(), column);
    }
    if is_table(rows) {
        return column_of(rows, 0);
    }
    let all = rows.iter().flat_map(|r| r.cells.iter().map(|&c| (r.line, c)));
    let words = all.flat_map(|(line, cell)| cell.split_whitespace().map(move |w| (line, bare(w))));
    words.filter(|(_, w)| !w.is_empty()).collect()
}

fn column_of<'a>(rows: &'a [ListRow<'a>], column: usize) -> Vec<(u64, &'a str)> {
    let cells = rows.iter().filter_map(|r| Some((r.line, *r.cells.get(column)?)));
    cells.filter(|(_, c)| !c.is_empty()).collect()
}

/// Several rows of one width, whose first cell is a name and of which some other cell is a number: a table of
/// genes with their statistics, not names separated by commas.
fn is_table(rows: &[ListRow<'_>]) -> bool {
    let width = rows.first().map_or(0, |r| r.cells.len());
    let is_number = |c: &str| c.parse::<f64>().is_ok();
    width > 1
        && rows.iter().all(|r| r.cells.len() == width)
        && rows.iter().any(|r| r.cells.iter().skip(1).any(|c| is_number(c)))
}

fn check_name(path: &Path, line: u64, name: &str) -> Result<(), FileError> {
    let possible = |c: char| c.is_alphanumeric() || "-_./:|()@+*'".contains(c);
    if name.len() <= LONGEST_NAME && name.chars().all(possible) && name.contains(char::is_alphabetic) {
        return Ok(());
    }
    Err(FileError::malformed_at(path, line, format!("{} cannot be the name of a gene", quoted(name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::fuzz;
    use proptest::prelude::*;

    fn list(text: &str) -> Vec<String> {
        parse(Path::new("genes.txt"), text.as_bytes()).unwrap().genes
    }

    #[test]
    fn every_common_form_is_read() {
        let expected = ["ERBB2", "HLA-A", "FO538757.1"];
        for text in [
            "ERBB2\nHLA-A\nFO538757.1\n",
            "\u{feff}ERBB2\r\nHLA-A\r\n\r\nFO538757.1",
            "ERBB2, HLA-A, FO538757.1",
            "ERBB2,HLA-A,\nFO538757.1\n",
            "ERBB2 HLA-A\nFO538757.1",
            "# markers\nERBB2;HLA-A;FO538757.1",
            "gene\nERBB2\nHLA-A\nFO538757.1",
            "\"Symbol\",\"mean\"\n\"ERBB2\",\"2.5\"\n\"HLA-A\",\"1\"\n\"FO538757.1\",\"\"\n",
            ",gene,mean\n0,ERBB2,1.5\n1,HLA-A,2\n2,FO538757.1,0\n",
            "ERBB2\t1.5\nHLA-A\t2\nFO538757.1\t0.1\n",
        ] {
            assert_eq!(list(text), expected, "{text:?}");
        }
    }

    #[test]
    fn repeated_genes_are_kept_once_with_a_note() {
        let l = parse(Path::new("g.txt"), b"A\nB\nA\nA\n").unwrap();
        assert_eq!(l.genes, ["A", "B"]);
        assert_eq!(l.notes, ["1 gene is listed more than once (A) and kept once"]);
    }

    #[test]
    fn genes_that_a_spreadsheet_has_damaged_are_pointed_out() {
        let l = parse(Path::new("g.csv"), b"gene\n1-Mar\nSep-02\nHLA-A\nMT-CO1\nDEC-1a\n").unwrap();
        assert_eq!(l.genes.len(), 5);
        assert_eq!(l.notes.len(), 1);
        assert!(l.notes[0].starts_with("2 of the names look like dates (such as 1-Mar)"), "{}", l.notes[0]);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let says = |bytes: &[u8]| parse(Path::new("g.txt"), bytes).unwrap_err().to_string();
        assert_eq!(says(b""), "g.txt: there is no gene in the file");
        assert_eq!(says(b"gene\n"), "g.txt: there is no gene in the file");
        assert_eq!(says(b"A\n12.5\n"), "g.txt, line 2: \"12.5\" cannot be the name of a gene");
        assert_eq!(says(b"A\n{\"a\"}\n"), "g.txt, line 2: \"{\"a\"}\" cannot be the name of a gene");
        assert_eq!(says(b"\x89PNG\0"), "g.txt: this is not a text file with gene names");
        assert_eq!(says(b"\xe4\xf6"), "g.txt: the text is not UTF-8; save the file as UTF-8 text");
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().ends_with("it is a folder"));
        assert!(read(&dir.path().join("x")).unwrap_err().to_string().ends_with("it is not there"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(Path::new("g.txt"), &bytes);
        }

        #[test]
        fn written_lists_are_read_back(genes in proptest::collection::vec("[A-Z][A-Z0-9.-]{0,10}", 1..20)) {
            let mut unique: Vec<String> = Vec::new();
            for g in genes {
                let is_header = HEADERS.iter().any(|h| h.eq_ignore_ascii_case(&g));
                if !unique.contains(&g) && !is_header { unique.push(g); }
            }
            prop_assume!(!unique.is_empty());
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("g.txt");
            write(&path, &unique).unwrap();
            prop_assert_eq!(read(&path).unwrap(), unique);
        }
    }
    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_lists_never_panic_for_minutes() {
        let sound = [
            "# markers\nERBB2\r\nHLA-A\r\nFO538757.1\r\nERBB2\r\n",
            "ERBB2, HLA-A;\tGNAS 1-Mar\nSep-02",
            "\u{feff}\"Symbol\",\"mean\"\n\"ERBB2\",\"2.5\"\n\"HLA-A\",\"1\"\n\"\u{3b2}2M\",\"\"\n",
            ",gene,mean\n0,ERBB2,1.5\n1,HLA-A,2\n2,FO538757.1,0\n",
            "ERBB2\t1.5\nHLA-A\t2\nFO538757.1\t0.1\n",
        ];
        fuzz("gene_list", sound.map(|s| s.as_bytes().to_vec()).to_vec(), |bytes| {
            let list = parse(Path::new("g.txt"), bytes);
            let mut seen = HashSet::new();
            assert!(list.iter().flat_map(|l| &l.genes).all(|g| !g.is_empty() && seen.insert(g)));
            list.is_ok()
        });
    }
}
