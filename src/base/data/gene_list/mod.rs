//! Gene lists of the user: text with one gene a line or separated by commas, or a table, as people and programs write
//! them.

mod dates;
mod decode;
mod gmt;
mod table;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::core::files::{FileError, write_atomically};
use crate::data::st::names::quoted;

/// A larger file is not a gene list.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// Longer than any symbol or identifier.
const MAX_NAME_LENGTH: usize = 60;
/// Names that a note shows.
const SHOWN: usize = 3;

/// What the sections of a project know of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is the name of a gene, or one of its other symbols.
    Name,
    /// It is the identifier of a gene.
    Identifier,
    /// Nothing.
    No,
}

/// A gene list as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneList {
    /// Names in order, each once.
    pub genes: Vec<String>,
    /// Remarks for the user: names that were there more than once, or that a spreadsheet has changed.
    pub notes: Vec<String>,
}

/// The genes of a list, each once, without looking at what was measured; see [`read_among`].
///
/// # Errors
/// As [`read_among`].
pub fn read(path: &Path) -> Result<Vec<String>, FileError> {
    Ok(read_with_notes(path)?.genes)
}

/// As [`read_among`], without looking at what was measured.
///
/// # Errors
/// As [`read_among`].
pub fn read_with_notes(path: &Path) -> Result<GeneList, FileError> {
    read_among(path, &|_| Known::No)
}

/// Reads a gene list. `known` says what the sections call their genes: a line that is such a name is one gene,
/// whatever it is made of ("HLA-A;HLA-B", "#1", "gene"), and the column of a table that holds the most of them is read.
/// Where that decides nothing, the column called "gene", "symbol" or alike is read, else the first column that looks
/// like it; what is no table is names separated by line ends, tabs, commas, semicolons or blanks. Lines that start
/// with # are remarks. Names that repeat are kept once, with a note.
///
/// # Errors
/// [`FileError`] in one sentence: a file that cannot be read, is no text, holds no gene, or holds something
/// that cannot be one.
pub fn read_among(path: &Path, known: &dyn Fn(&str) -> Known) -> Result<GeneList, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let about = file.metadata().map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FileError::malformed(path, "the file is too large for a gene list"));
    }
    if bytes.starts_with(GZIP) {
        bytes = unpacked(path, &bytes)?;
    }
    parse(path, &bytes, known)
}

/// What a gzipped file begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

fn unpacked(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, FileError> {
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(MAX_FILE_BYTES + 1).read_to_end(&mut out);
    match read {
        Ok(_) if out.len() as u64 > MAX_FILE_BYTES => {
            Err(FileError::malformed(path, "the file is too large for a gene list"))
        }
        Ok(_) => Ok(out),
        Err(_) => {
            Err(FileError::malformed(path, "the compressed file is damaged; copy or download it again"))
        }
    }
}

/// The names in a text that commas separate, as on the command line. A name that holds a comma itself is one where
/// `known` says so, or in quotes.
pub fn split_names(text: &str, known: &dyn Fn(&str) -> bool) -> Vec<String> {
    if known(text.trim()) {
        return vec![text.trim().to_owned()];
    }
    let pieces = table::split(text, ',');
    let mut names: Vec<String> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        // The longest run of pieces that is a gene; a single piece is a name in any case.
        let run = (at + 2..=pieces.len()).rev().find(|&end| known(&pieces[at..end].join(",")));
        let end = run.unwrap_or(at + 1);
        let name = pieces[at..end].join(",");
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        at = end;
    }
    names
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

fn parse(path: &Path, bytes: &[u8], known: &dyn Fn(&str) -> Known) -> Result<GeneList, FileError> {
    let text = decode::text_of(path, bytes)?;
    let sets = gmt::sets_of(path, &text);
    let rows = if sets.is_some() { Vec::new() } else { table::rows_of(&text, known) };
    let mut list = GeneList::default();
    let mut seen: HashSet<String> = HashSet::new();
    let (mut repeated, mut restored, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
    let genes: Vec<(u64, Cow<'_, str>)> = match &sets {
        Some(sets) => sets.genes.iter().map(|&(line, gene)| (line, Cow::Borrowed(gene))).collect(),
        None => table::genes_of(&rows, known),
    };
    for (line, name) in genes {
        let name = match without_damage(&name, known) {
            Spelling::Fine => name,
            Spelling::Restored(gene) => {
                restored.push(format!("{name} as {gene}"));
                Cow::Owned(gene)
            }
            Spelling::Lost => {
                damaged.push(name.to_string());
                name
            }
        };
        if known(&name) == Known::No {
            check_name(path, line, &name)?;
        }
        if seen.insert(name.to_string()) {
            list.genes.push(name.into_owned());
        } else if sets.is_none() && !repeated.contains(&name) {
            // Sets have genes in common.
            repeated.push(name);
        }
    }
    if list.genes.is_empty() {
        return Err(FileError::malformed(path, "there is no gene in the file"));
    }
    if let Some(sets) = sets.filter(|sets| sets.names.len() > 1) {
        let (number, some) = (sets.names.len(), some_of(&sets.names));
        list.notes
            .push(format!("The file holds {number} gene sets ({some}); the genes of all of them are taken"));
    }
    if !repeated.is_empty() {
        let genes = if repeated.len() == 1 { "gene is" } else { "genes are" };
        let some = some_of(&repeated);
        list.notes.push(format!("{} {genes} listed more than once ({some}) and kept once", repeated.len()));
    }
    if !restored.is_empty() {
        let some = some_of(&restored);
        list.notes.push(match restored.len() {
            1 => format!("1 name that a spreadsheet had turned into a date was read as a gene ({some})"),
            n => format!("{n} names that a spreadsheet had turned into dates were read as genes ({some})"),
        });
    }
    if let Some(first) = damaged.first() {
        let look = match damaged.len() {
            1 => "1 of the names looks like a date".to_owned(),
            n => format!("{n} of the names look like dates"),
        };
        list.notes.push(format!(
            "{look} (such as {first}); spreadsheets turn genes such as MARCHF1 and \
             SEPTIN2 into dates. Write the genes into the list as text"
        ));
    }
    Ok(list)
}

/// "A, B, C, ...".
fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    let some = names.iter().take(SHOWN).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{some}, ...") } else { some }
}

/// What a spreadsheet may have done to a name.
enum Spelling {
    /// Nothing.
    Fine,
    /// It made a date of this gene.
    Restored(String),
    /// A spreadsheet turned a gene into a date, and which gene cannot be told.
    Lost,
}

fn without_damage(name: &str, known: &dyn Fn(&str) -> Known) -> Spelling {
    let Some(date) = dates::date(name).filter(|_| known(name) == Known::No) else { return Spelling::Fine };
    let genes = dates::genes_of(date);
    let mut measured = genes.into_iter().filter(|g| known(g) == Known::Name);
    match (measured.next(), measured.next()) {
        (Some(gene), None) => Spelling::Restored(gene),
        _ => Spelling::Lost,
    }
}

fn check_name(path: &Path, line: u64, name: &str) -> Result<(), FileError> {
    let possible = |c: char| c.is_alphanumeric() || "-_./:|()@+*'\"[]#=&~%^;, ".contains(c);
    let is_number = name.parse::<f64>().is_ok();
    if name.len() <= MAX_NAME_LENGTH
        && name.chars().all(possible)
        && name.contains(char::is_alphabetic)
        && !is_number
    {
        return Ok(());
    }
    Err(FileError::malformed_at(path, line, format!("{} cannot be the name of a gene", quoted(name))))
}

#[cfg(test)]
mod tests;
