//! The directory of a zip archive, with the sizes of large files (zip64).
//! Source of the format: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3. Nothing is decompressed: `torch.save`
//! stores its entries as they are, so that an entry is a range of the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Larger directories are refused; that of a network with a thousand tensors has 0.1 MB.
const MAX_DIRECTORY: u64 = 64 << 20;

/// An entry of the directory.
#[derive(Debug, Clone)]
pub(in super::super) struct Entry {
    /// Its name, with folders.
    pub name: String,
    /// Bytes, where it is not compressed.
    pub length: u64,
    /// Whether it is compressed or encrypted.
    pub packed: bool,
    /// Offset of its own header.
    header: u64,
}

/// Why there is no directory.
#[derive(Debug)]
pub(in super::super) enum ArchiveError {
    Io(io::Error),
    /// The directory, which is at the end, is missing.
    Cut,
    Damaged(&'static str),
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Io(error),
        }
    }
}

/// The entries of the archive `file`, which is `length` bytes long, in their order.
pub(in super::super) fn directory(file: &mut File, length: u64) -> Result<Vec<Entry>, ArchiveError> {
    let (start, size) = place(file, length)?;
    if size > MAX_DIRECTORY {
        return Err(ArchiveError::Damaged("its directory is impossibly large"));
    }
    if start.checked_add(size).is_none_or(|end| end > length) {
        return Err(ArchiveError::Cut);
    }
    let bytes = read(file, start, size as usize)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (entry, after) = entry(rest).ok_or(ArchiveError::Damaged("its directory is damaged"))?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

/// Where the content of `entry` begins; it ends within the file.
pub(in super::super) fn content(file: &mut File, length: u64, entry: &Entry) -> Result<u64, ArchiveError> {
    if entry.header.checked_add(30).is_none_or(|end| end > length) {
        return Err(ArchiveError::Cut);
    }
    let header = read(file, entry.header, 30)?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(ArchiveError::Damaged("an entry is not where its directory says"));
    }
    let lengths = u16_at(&header, 26).zip(u16_at(&header, 28));
    let (name, extra) = lengths.ok_or(ArchiveError::Cut)?;
    let start = entry.header + 30 + u64::from(name) + u64::from(extra);
    if start.checked_add(entry.length).is_none_or(|end| end > length) {
        return Err(ArchiveError::Cut);
    }
    Ok(start)
}

/// Offset and size of the directory.
fn place(file: &mut File, length: u64) -> Result<(u64, u64), ArchiveError> {
    // The last record is 22 bytes and a comment.
    let tail_length = length.min(22 + 0xffff);
    let tail_start = length - tail_length;
    let tail = read(file, tail_start, tail_length as usize)?;
    let end = (0..tail.len().saturating_sub(21))
        .rev()
        .find(|&at| {
            let record = tail.get(at..).unwrap_or_default();
            let comment = u16_at(record, 20).map_or(usize::MAX, usize::from);
            record.starts_with(b"PK\x05\x06") && comment == record.len() - 22
        })
        .ok_or(ArchiveError::Cut)?;
    let record = tail.get(end..).unwrap_or_default();
    let (size, start) = u32_at(record, 12).zip(u32_at(record, 16)).ok_or(ArchiveError::Cut)?;
    if size != u32::MAX && start != u32::MAX && u16_at(record, 10) != Some(u16::MAX) {
        return Ok((start.into(), size.into()));
    }
    // Large archives have a larger record, and before this one a pointer to it.
    let pointer = (tail_start + end as u64).checked_sub(20).ok_or(ArchiveError::Cut)?;
    let pointer = read(file, pointer, 20)?;
    let at = u64_at(&pointer, 8).filter(|_| pointer.starts_with(b"PK\x06\x07"));
    let at = at.filter(|at| at.checked_add(56).is_some_and(|end| end <= length));
    let record = read(file, at.ok_or(ArchiveError::Damaged("its directory is not found"))?, 56)?;
    let place = u64_at(&record, 48).zip(u64_at(&record, 40)).filter(|_| record.starts_with(b"PK\x06\x06"));
    place.ok_or(ArchiveError::Damaged("its directory is not found"))
}

/// The first entry of the directory, and what follows.
fn entry(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    if !bytes.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (flags, method) = (u16_at(bytes, 8)?, u16_at(bytes, 10)?);
    let (packed_length, length) = (u32_at(bytes, 20)?, u32_at(bytes, 24)?);
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(bytes, at).map(usize::from));
    let header = u32_at(bytes, 42)?;
    let (name, rest) = bytes.get(46..)?.split_at_checked(name?)?;
    let (mut extra, rest) = rest.split_at_checked(extra?)?;
    let rest = rest.get(comment?..)?;
    let (mut length, mut packed_length, mut header) =
        (u64::from(length), u64::from(packed_length), u64::from(header));
    while let Some((id, size)) = u16_at(extra, 0).zip(u16_at(extra, 2)) {
        let (field, after) = extra.get(4..)?.split_at_checked(size.into())?;
        if id == 1 {
            // Holds only those that did not fit, in this order.
            let mut field = field;
            for value in [&mut length, &mut packed_length, &mut header] {
                if *value == u64::from(u32::MAX) {
                    *value = u64_at(field, 0)?;
                    field = field.get(8..)?;
                }
            }
        }
        extra = after;
    }
    let name = String::from_utf8_lossy(name).into_owned();
    let packed = method != 0 || flags & 1 != 0 || packed_length != length;
    Some((Entry { name, length, packed, header }, rest))
}

/// `n` bytes from `at` on; both are checked by the callers.
fn read(file: &mut File, at: u64, n: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; n];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
