//! Texts: of a fixed number of bytes, or of any length in the file's global heap.

use std::collections::HashMap;
use std::ops::Range;

use super::dataset::{Dataset, DatasetError};
use super::element::Element;
use super::file::File;
use crate::core::files::FileError;

/// Collections of the global heap kept at hand at a time, in bytes.
const MAX_KEPT: usize = 64 << 20;

impl Dataset<'_> {
    /// The texts of some rows. What is not UTF-8 is replaced by U+FFFD.
    ///
    /// # Errors
    /// [`FileError`] naming file and path: the array does not hold texts, or is damaged.
    pub fn texts(&self, rows: Range<u64>) -> Result<Vec<String>, FileError> {
        match self.element {
            Element::Text { size, blanks } => {
                let raw = self.raw(rows)?;
                Ok(raw.chunks_exact(size.max(1)).map(|bytes| fixed_text(bytes, blanks)).collect())
            }
            Element::LongText => {
                let raw = self.raw(rows)?;
                heap_texts(self.file, &raw).map_err(|trouble| self.explain(trouble, "text"))
            }
            _ => Err(self.wrong(format!("expected strings, found {}", self.element.noun()))),
        }
    }

    /// All texts.
    ///
    /// # Errors
    /// As [`Self::texts`].
    pub fn all_texts(&self) -> Result<Vec<String>, FileError> {
        self.texts(0..self.rows())
    }
}

/// A text in a fixed number of bytes, which ends at its first zero.
pub(super) fn fixed_text(bytes: &[u8], blanks: bool) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]);
    if blanks { text.trim_end_matches(' ').to_owned() } else { text.into_owned() }
}

/// The texts that `references` name, of 16 bytes each: length, address of the collection, index within it.
pub(super) fn heap_texts(file: &File, references: &[u8]) -> Result<Vec<String>, DatasetError> {
    let damaged = || {
        DatasetError::Damaged(Some("a string is damaged or cut off; copy or download the file again".into()))
    };
    let base = file.addressing().ok_or_else(damaged)?;
    let mut heap = Heap { file, base, kept: HashMap::new(), bytes: 0 };
    // Each text is stored once, so all of them cannot be longer than the file, give or take some repetition.
    let mut left = file.size().saturating_mul(4);
    let mut texts = Vec::new();
    texts.try_reserve_exact(references.len() / 16).map_err(|_| DatasetError::Memory)?;
    for reference in references.chunks_exact(16) {
        let length = number(reference, 0, 4);
        let address = number(reference, 4, 8);
        let index = number(reference, 12, 4);
        if length == 0 || address == 0 {
            texts.push(String::new());
            continue;
        }
        left = left.checked_sub(length).ok_or_else(damaged)?;
        let bytes = heap.object(address, index).ok_or_else(damaged)?;
        let bytes = usize::try_from(length).ok().and_then(|n| bytes.get(..n)).ok_or_else(damaged)?;
        texts.push(fixed_text(bytes, false));
    }
    Ok(texts)
}

/// A little-endian number of `size` bytes; 0 where they are not there.
fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let bytes = bytes.get(at..at + size).unwrap_or_default();
    bytes.iter().rev().fold(0, |n, &b| (n << 8) | u64::from(b))
}

/// Collections of the global heap.
struct Heap<'a> {
    file: &'a File,
    base: u64,
    kept: HashMap<u64, Collection>,
    bytes: usize,
}

/// Its bytes, and where in them each object lies.
struct Collection {
    bytes: Vec<u8>,
    objects: HashMap<u64, Range<usize>>,
}

impl Heap<'_> {
    fn object(&mut self, address: u64, index: u64) -> Option<&[u8]> {
        if !self.kept.contains_key(&address) {
            if self.bytes > MAX_KEPT {
                self.kept.clear();
                self.bytes = 0;
            }
            let collection = self.read(address)?;
            self.bytes = self.bytes.saturating_add(collection.bytes.len());
            self.kept.insert(address, collection);
        }
        let collection = self.kept.get(&address)?;
        collection.bytes.get(collection.objects.get(&index)?.clone())
    }

    /// Signature, version 1, three bytes, size of the collection; then objects of index, reference count, four
    /// bytes, size, and bytes filled up to a multiple of eight.
    fn read(&self, address: u64) -> Option<Collection> {
        let at = self.base.checked_add(address)?;
        let mut head = [0; 16];
        self.file.bytes.fill(at, &mut head).ok()?;
        let size = number(&head, 8, 8);
        if !head.starts_with(b"GCOL\x01") || at.checked_add(size)? > self.file.size() {
            return None;
        }
        let mut bytes = Vec::new();
        let size = usize::try_from(size).ok()?;
        bytes.try_reserve_exact(size).ok()?;
        bytes.resize(size, 0);
        self.file.bytes.fill(at, &mut bytes).ok()?;
        let mut objects = HashMap::new();
        let mut at = 16usize;
        while at.checked_add(16)? <= size {
            let index = number(&bytes, at, 2);
            let length = usize::try_from(number(&bytes, at + 8, 8)).ok()?;
            let start = at + 16;
            if index == 0 {
                break; // What is left is free.
            }
            let end = start.checked_add(length).filter(|&end| end <= size)?;
            objects.insert(index, start..end);
            at = end.checked_next_multiple_of(8)?;
        }
        Some(Collection { bytes, objects })
    }
}
