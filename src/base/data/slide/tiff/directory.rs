//! One directory of a TIFF file: where its values are. They are read when they are asked for.

use super::file::TiffFile;
use super::tags;
use super::{Problem, TiffError};

/// The most values that are read at once. Lists of tiles are longer; they are read value by value.
const MAX_VALUES: u64 = 1 << 22;
/// The most bytes of one text.
const MAX_TEXT: u64 = 64 << 20;

/// The type of an entry's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind(pub u16);

impl Kind {
    /// Bytes of one value; `None` for a type that TIFF does not know.
    pub fn size(self) -> Option<u64> {
        match self.0 {
            1 | 2 | 6 | 7 => Some(1),
            3 | 8 => Some(2),
            4 | 9 | 11 | 13 => Some(4),
            5 | 10 | 12 | 16 | 17 | 18 => Some(8),
            _ => None,
        }
    }

    fn is_whole_number(self) -> bool {
        matches!(self.0, 1 | 3 | 4 | 7 | 13 | 16 | 18)
    }
}

/// An entry of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub tag: u16,
    pub kind: Kind,
    pub count: u64,
    /// Where its values begin in the file.
    pub position: u64,
    /// A single whole number of NDPI, which is wider than its type says.
    pub wide: Option<u64>,
}

/// A directory: an image and what is said of it.
#[derive(Debug, Clone)]
pub struct Directory {
    pub(super) index: usize,
    pub(super) offset: u64,
    /// Sorted by tag.
    pub(super) entries: Vec<Entry>,
}

/// A long list of whole numbers that stays in the file.
#[derive(Debug, Clone, Copy)]
pub struct NumberList {
    kind: Kind,
    position: u64,
    count: u64,
    wide: Option<u64>,
    directory: usize,
    tag: u16,
}

impl NumberList {
    /// How many numbers.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number at `index`.
    ///
    /// # Errors
    /// [`TiffError`] when the list is shorter, or the file is.
    pub fn get(&self, file: &TiffFile, index: u64) -> Result<u64, TiffError> {
        if let (0, Some(wide)) = (index, self.wide) {
            return Ok(wide);
        }
        if index >= self.count {
            let problem = Problem::Count { found: self.count, wanted: index.saturating_add(1) };
            return Err(self.error(file, problem));
        }
        Ok(self.range(file, index, 1)?.first().copied().unwrap_or(0))
    }

    /// The `count` numbers from `first` on.
    ///
    /// # Errors
    /// As [`NumberList::get`].
    pub fn range(&self, file: &TiffFile, first: u64, count: u64) -> Result<Vec<u64>, TiffError> {
        if let Some(wide) = self.wide {
            return Ok(vec![wide]);
        }
        let size = self.kind.size().unwrap_or(1);
        let wanted = first.saturating_add(count);
        if wanted > self.count || count > MAX_VALUES {
            return Err(self.error(file, Problem::Count { found: self.count, wanted }));
        }
        let start = first.checked_mul(size).and_then(|skip| self.position.checked_add(skip));
        let start = start.ok_or_else(|| self.error(file, Problem::CutOff))?;
        let bytes = file.bytes().read(start, count * size).map_err(|e| self.error(file, e.into()))?;
        let number = |raw: &[u8]| file.order().number(raw);
        Ok(bytes.chunks_exact(size as usize).map(number).collect())
    }

    fn error(&self, file: &TiffFile, problem: Problem) -> TiffError {
        TiffError::tag(file.path(), self.directory, self.tag, problem)
    }
}

impl Directory {
    /// Its number in the file, from 0; those of SubIFDs go on after the last of the main chain.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether there is an entry for `tag`.
    pub fn has(&self, tag: u16) -> bool {
        self.entry(tag).is_some()
    }

    fn entry(&self, tag: u16) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&tag, |e| e.tag).ok()?;
        self.entries.get(at)
    }

    fn error(&self, file: &TiffFile, tag: u16, problem: Problem) -> TiffError {
        TiffError::tag(file.path(), self.index, tag, problem)
    }

    /// The list of whole numbers of `tag`, left in the file; `None` without such an entry.
    ///
    /// # Errors
    /// [`TiffError`] when the entry does not hold whole numbers or the file is too short for them.
    pub fn list(&self, file: &TiffFile, tag: u16) -> Result<Option<NumberList>, TiffError> {
        let Some(entry) = self.entry(tag) else { return Ok(None) };
        if !entry.kind.is_whole_number() {
            return Err(self.error(
                file,
                tag,
                Problem::NotANumber(format!("values of type {}", entry.kind.0)),
            ));
        }
        let size = entry.kind.size().unwrap_or(1);
        let end = entry.count.checked_mul(size).and_then(|bytes| entry.position.checked_add(bytes));
        if end.is_none_or(|end| end > file.bytes().length()) {
            return Err(self.error(file, tag, Problem::CutOff));
        }
        let Entry { kind, count, position, wide, .. } = *entry;
        Ok(Some(NumberList { kind, position, count, wide, directory: self.index, tag }))
    }

    /// All whole numbers of `tag`; empty without such an entry.
    ///
    /// # Errors
    /// As [`Directory::list`], and when there are more than four million.
    pub fn numbers(&self, file: &TiffFile, tag: u16) -> Result<Vec<u64>, TiffError> {
        match self.list(file, tag)? {
            Some(list) => list.range(file, 0, list.len()),
            None => Ok(Vec::new()),
        }
    }

    /// The first whole number of `tag`; `None` without such an entry.
    ///
    /// # Errors
    /// As [`Directory::list`].
    pub fn number(&self, file: &TiffFile, tag: u16) -> Result<Option<u64>, TiffError> {
        match self.list(file, tag)? {
            Some(list) if !list.is_empty() => list.get(file, 0).map(Some),
            _ => Ok(None),
        }
    }

    /// The first whole number of `tag`, or `default`.
    ///
    /// # Errors
    /// As [`Directory::list`].
    pub fn number_or(&self, file: &TiffFile, tag: u16, default: u64) -> Result<u64, TiffError> {
        Ok(self.number(file, tag)?.unwrap_or(default))
    }

    /// The first whole number of `tag`.
    ///
    /// # Errors
    /// As [`Directory::list`], and when there is none.
    pub fn required(&self, file: &TiffFile, tag: u16) -> Result<u64, TiffError> {
        self.number(file, tag)?.ok_or_else(|| self.error(file, tag, Problem::Missing))
    }

    /// The first value of `tag` as a real number; `None` where there is none or it makes no sense.
    pub fn real(&self, file: &TiffFile, tag: u16) -> Option<f64> {
        let entry = self.entry(tag)?;
        let raw = file.bytes().read(entry.position, entry.kind.size().filter(|_| entry.count > 0)?).ok()?;
        let order = file.order();
        let signed = |v: u64| f64::from(v as u32 as i32);
        let value = match (entry.kind.0, raw.as_slice()) {
            (5, [a @ .., _, _, _, _]) => order.number(a) as f64 / order.number(raw.get(4..)?) as f64,
            (10, [a @ .., _, _, _, _]) => signed(order.number(a)) / signed(order.number(raw.get(4..)?)),
            (11, _) => f64::from(f32::from_bits(order.number(&raw) as u32)),
            (12, _) => f64::from_bits(order.number(&raw)),
            (9, _) => signed(order.number(&raw)),
            (1 | 3 | 4 | 16, _) => entry.wide.unwrap_or(order.number(&raw)) as f64,
            _ => return None,
        };
        value.is_finite().then_some(value)
    }

    /// The bytes of `tag`, of a table or a text; empty without such an entry.
    ///
    /// # Errors
    /// [`TiffError`] when the file is too short for them.
    pub fn raw(&self, file: &TiffFile, tag: u16) -> Result<Vec<u8>, TiffError> {
        let Some(entry) = self.entry(tag) else { return Ok(Vec::new()) };
        if entry.kind.size() != Some(1) || entry.count > MAX_TEXT {
            return Err(self.error(file, tag, Problem::Value(entry.count)));
        }
        file.bytes().read(entry.position, entry.count).map_err(|e| self.error(file, tag, e.into()))
    }

    /// The text of `tag`, as UTF-8 or else Latin-1, up to its first zero; empty where there is none.
    pub fn text(&self, file: &TiffFile, tag: u16) -> String {
        let mut bytes = self.raw(file, tag).unwrap_or_default();
        if let Some(end) = bytes.iter().position(|&b| b == 0) {
            bytes.truncate(end);
        }
        String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect())
    }

    /// Width and height in pixels.
    ///
    /// # Errors
    /// [`TiffError`] when they are missing, zero or above four thousand million.
    pub fn size(&self, file: &TiffFile) -> Result<(u32, u32), TiffError> {
        let side = |tag| {
            let value = self.required(file, tag)?;
            let side = u32::try_from(value).ok().filter(|&v| v > 0 && v <= i32::MAX as u32);
            side.ok_or_else(|| self.error(file, tag, Problem::Value(value)))
        };
        Ok((side(tags::IMAGE_WIDTH)?, side(tags::IMAGE_LENGTH)?))
    }
}
