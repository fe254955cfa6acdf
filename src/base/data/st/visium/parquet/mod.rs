//! Just enough of Apache Parquet (format 2.x) to read the flat tables that pandas, pyarrow and polars write: whole
//! columns of numbers or short texts, row group by row group. Written here rather than taken from a library so
//! that no allocation follows a number of the file: every size is first held against the size of the file.

mod column;
mod delta;
mod encoding;
mod footer;
mod page;
mod thrift;
mod values;

use std::io::{self, Read, Seek, SeekFrom};

use footer::Footer;
pub use values::Texts;
use values::{Numbers, Values};

/// The first and last bytes of every Parquet file.
pub const MAGIC: &[u8] = b"PAR1";
/// Metadata of a table of a few columns takes some kilobytes.
const MAX_FOOTER: u64 = 64 << 20;

/// Why a file could not be read.
#[derive(Debug)]
pub enum ParquetError {
    /// The operating system refused.
    Io(io::Error),
    /// What is wrong, as the end of a sentence that names the file.
    Wrong(String),
}

impl ParquetError {
    fn wrong<T>(message: impl Into<String>) -> Parsed<T> {
        Err(Self::Wrong(message.into()))
    }
}

/// Read, or why not.
pub type Parsed<T> = Result<T, ParquetError>;

/// The bytes end before the values do, or count more than there are.
fn cut<T>() -> Parsed<T> {
    ParquetError::wrong("the Parquet file is damaged or cut off; copy or download it again")
}

/// An open Parquet file.
pub struct Parquet<R> {
    source: R,
    footer: Footer,
    /// Where the footer begins: all pages lie before it.
    end: u64,
}

impl<R: Read + Seek> Parquet<R> {
    /// Reads the footer of `source`.
    pub fn open(mut source: R) -> Parsed<Self> {
        let size = source.seek(SeekFrom::End(0)).map_err(ParquetError::Io)?;
        let Some(tail) = size.checked_sub(8).filter(|&t| t >= 4) else { return cut() };
        source.seek(SeekFrom::Start(tail)).map_err(ParquetError::Io)?;
        let mut last = [0; 8];
        source.read_exact(&mut last).map_err(ParquetError::Io)?;
        let [a, b, c, d, magic @ ..] = last;
        if magic == *b"PARE" {
            return ParquetError::wrong("the Parquet file is encrypted; save it without encryption");
        }
        if magic != *MAGIC {
            return cut();
        }
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let Some(start) = tail.checked_sub(length).filter(|&s| s >= 4 && length <= MAX_FOOTER) else {
            return cut();
        };
        source.seek(SeekFrom::Start(start)).map_err(ParquetError::Io)?;
        let mut bytes = Vec::new();
        source.by_ref().take(length).read_to_end(&mut bytes).map_err(ParquetError::Io)?;
        let footer = Footer::parse(&bytes, start)?;
        Ok(Self { source, footer, end: start })
    }

    /// All rows together.
    pub fn rows(&self) -> u64 {
        self.footer.rows
    }

    /// The number of row groups.
    pub fn groups(&self) -> usize {
        self.footer.groups.len()
    }

    /// The column called one of `names` (compared without case), the first name first.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        let columns = &self.footer.columns;
        names.iter().find_map(|name| columns.iter().position(|c| c.name.eq_ignore_ascii_case(name)))
    }

    /// The texts of a column in one row group, one a row.
    pub fn texts(&mut self, group: usize, column: usize) -> Parsed<Texts> {
        self.values(group, column)
    }

    /// The numbers of a column in one row group, one a row; truth values as 0 and 1.
    pub fn numbers(&mut self, group: usize, column: usize) -> Parsed<Vec<f64>> {
        Ok(self.values::<Numbers>(group, column)?.0)
    }

    fn values<V: Values>(&mut self, group: usize, column: usize) -> Parsed<V> {
        let Some((group, about)) = self.footer.groups.get(group).zip(self.footer.columns.get(column)) else {
            return cut();
        };
        let Some(chunk) = group.chunks.get(column) else { return cut() };
        let inside = chunk.start.checked_add(chunk.size).is_some_and(|e| chunk.start >= 4 && e <= self.end);
        if !inside {
            return cut();
        }
        self.source.seek(SeekFrom::Start(chunk.start)).map_err(ParquetError::Io)?;
        let mut bytes = Vec::new();
        self.source.by_ref().take(chunk.size).read_to_end(&mut bytes).map_err(ParquetError::Io)?;
        column::read(&bytes, about, chunk, group.rows)
    }
}
