//! The chain of directories of a TIFF file in its three forms: classic, BigTIFF, and Hamamatsu's with 64-bit offsets.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::directory::{Directory, Entry, Kind};
use super::tags;
use super::{Problem, TiffError};
use crate::data::slide::bytes::ByteSource;

/// The most directories a file may have.
const MAX_DIRECTORIES: usize = 4096;
/// The most entries a directory may have.
const MAX_ENTRIES: u64 = 4096;

/// How numbers lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first ("II").
    Little,
    /// Most significant byte first ("MM").
    Big,
}

impl ByteOrder {
    /// The whole number that at most 8 bytes stand for.
    pub(super) fn number(self, raw: &[u8]) -> u64 {
        let add = |sum: u64, &byte: &u8| (sum << 8) | u64::from(byte);
        match self {
            Self::Little => raw.iter().take(8).rev().fold(0, add),
            Self::Big => raw.iter().take(8).fold(0, add),
        }
    }
}

/// How directories are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 32-bit offsets.
    Classic,
    /// 64-bit offsets.
    Big,
    /// Classic entries, followed by an 8-byte offset and by the high halves of all values.
    Ndpi,
}

/// A TIFF file whose directories are known; their values are read when asked for.
#[derive(Debug)]
pub struct TiffFile {
    bytes: Arc<ByteSource>,
    order: ByteOrder,
    form: Form,
    directories: Vec<Directory>,
}

/// Whether a file that begins so may be a TIFF.
pub fn is_tiff(head: &[u8]) -> bool {
    matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..])
}

impl TiffFile {
    /// Bytes of the file that lie in memory, as those of a packed one do.
    pub fn memory_bytes(&self) -> u64 {
        self.bytes.memory_bytes()
    }

    /// Reads the chain of directories.
    ///
    /// # Errors
    /// [`TiffError`] when it is no TIFF, is cut off, or its directories make no sense.
    pub fn open(bytes: Arc<ByteSource>) -> Result<Self, TiffError> {
        let path = bytes.path().to_path_buf();
        let at_file = |problem| TiffError::file(&path, problem);
        let head = bytes.read_up_to(0, 16).map_err(|e| at_file(e.into()))?;
        if !is_tiff(&head) {
            return Err(at_file(Problem::NotTiff));
        }
        let order = if head.starts_with(b"I") { ByteOrder::Little } else { ByteOrder::Big };
        let field = |range: std::ops::Range<usize>| {
            head.get(range).map(|raw| order.number(raw)).ok_or_else(|| at_file(Problem::CutOff))
        };
        let (form, first) = if field(2..4)? == 43 {
            if field(4..6)? != 8 {
                return Err(at_file(Problem::NotTiff));
            }
            (Form::Big, field(8..16)?)
        } else {
            (Form::Classic, field(4..8)?)
        };
        let mut file = Self { bytes, order, form, directories: Vec::new() };
        if form == Form::Classic
            && let Some(first) = file.first_of_ndpi(first, field(4..12).unwrap_or(first))
        {
            file.form = Form::Ndpi;
            file.read_chain(first)?;
        } else {
            file.read_chain(first)?;
        }
        Ok(file)
    }

    /// Where the first directory is when this is Hamamatsu's form, which only one of its tags tells.
    fn first_of_ndpi(&self, short: u64, long: u64) -> Option<u64> {
        let is_ndpi = |&offset: &u64| {
            self.read_directory(Form::Ndpi, offset, 0).is_ok_and(|(d, _)| d.has(tags::NDPI_FORMAT))
        };
        [long, short].into_iter().find(is_ndpi)
    }

    fn read_chain(&mut self, first: u64) -> Result<(), TiffError> {
        let mut seen = HashSet::new();
        let mut offset = first;
        while offset != 0 {
            let index = self.directories.len();
            if index >= MAX_DIRECTORIES {
                return Err(TiffError::file(self.path(), Problem::TooManyDirectories(MAX_DIRECTORIES)));
            }
            if !seen.insert(offset) {
                return Err(TiffError::directory(self.path(), index, Problem::Cycle));
            }
            let (directory, next) = self.read_directory(self.form, offset, index)?;
            self.directories.push(directory);
            offset = next;
        }
        if self.directories.is_empty() {
            return Err(TiffError::file(self.path(), Problem::NoDirectories));
        }
        Ok(())
    }

    /// The directory at `offset` and where the next one is, 0 after the last.
    fn read_directory(&self, form: Form, offset: u64, index: usize) -> Result<(Directory, u64), TiffError> {
        let error = |problem| TiffError::directory(self.path(), index, problem);
        let read = |at: u64, length: u64| self.bytes.read(at, length).map_err(|e| error(e.into()));
        let (count_size, entry_size, next_size) = match form {
            Form::Classic => (2, 12, 4),
            Form::Ndpi => (2, 12, 8),
            Form::Big => (8, 20, 8),
        };
        let count = self.order.number(&read(offset, count_size)?);
        if count == 0 || count > MAX_ENTRIES {
            return Err(error(Problem::Value(count)));
        }
        // The file holds `offset`, so none of these sums can overflow.
        let table_at = offset + count_size;
        let table = read(table_at, count * entry_size)?;
        let next_at = table_at + count * entry_size;
        let next = self.order.number(&read(next_at, next_size)?);
        let high_halves = match form {
            Form::Ndpi => read(next_at + next_size, count * 4)?,
            _ => Vec::new(),
        };
        let mut entries = Vec::with_capacity(count as usize);
        for (i, raw) in table.chunks_exact(entry_size as usize).enumerate() {
            let high = high_halves.get(i * 4..i * 4 + 4).map_or(0, |h| self.order.number(h));
            entries.extend(self.entry(form, raw, table_at + i as u64 * entry_size, high));
        }
        // Stable: of an entry that is there twice the first counts.
        entries.sort_by_key(|e: &Entry| e.tag);
        entries.dedup_by_key(|e| e.tag);
        Ok((Directory { index, offset, entries }, next))
    }

    /// An entry from its bytes, which stand at `at`; `None` where its type is unknown.
    fn entry(&self, form: Form, raw: &[u8], at: u64, high: u64) -> Option<Entry> {
        let number = |range: std::ops::Range<usize>| raw.get(range).map(|r| self.order.number(r));
        let (tag, kind) = (number(0..2)? as u16, Kind(number(2..4)? as u16));
        let size = kind.size()?;
        let (count, value_at, value_size) = match form {
            Form::Big => (number(4..12)?, 12, 8),
            Form::Classic | Form::Ndpi => (number(4..8)?, 8, 4),
        };
        let is_inline = count.checked_mul(size).is_some_and(|bytes| bytes <= value_size);
        let value = number(value_at..value_at + value_size as usize)? | (high << 32);
        let position = if is_inline { at + value_at as u64 } else { value };
        let wide = (high != 0 && is_inline && count == 1 && kind == Kind(4)).then_some(value);
        Some(Entry { tag, kind, count, position, wide })
    }

    /// The directories of the main chain, in the order of the file.
    pub fn directories(&self) -> &[Directory] {
        &self.directories
    }

    /// The directories that `directory` refers to with its tag SubIFDs, without those that cannot be read.
    pub fn sub_directories(&self, directory: &Directory) -> Vec<Directory> {
        let mut seen: HashSet<u64> = self.directories.iter().map(|d| d.offset).collect();
        let offsets = directory.numbers(self, tags::SUB_IFDS).unwrap_or_default();
        let first_index = self.directories.len();
        let mut found = Vec::new();
        for offset in offsets.into_iter().take(MAX_DIRECTORIES) {
            if seen.insert(offset)
                && let Ok((sub, _)) = self.read_directory(self.form, offset, first_index + found.len())
            {
                found.push(sub);
            }
        }
        found
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        self.bytes.path()
    }

    /// Its content.
    pub fn bytes(&self) -> &ByteSource {
        &self.bytes
    }

    /// How numbers lie in it.
    pub fn order(&self) -> ByteOrder {
        self.order
    }

    /// How its directories are laid out.
    pub fn form(&self) -> Form {
        self.form
    }
}
