//! Text tables read line by line, plain or gzipped (decided by content, not by name), with errors that name
//! the file and the line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::cells::cells_of;
use super::names::quoted;
use crate::core::encoding;
use crate::core::files::FileError;
use crate::core::text::counted;

/// A larger text in UTF-16, which is read as a whole, is no table that anybody has saved so.
const LARGEST_UTF16: u64 = 1 << 30;
/// A longer line is no table: it would only fill the memory.
const MAX_LINE: u64 = 64 << 20;
const BUFFER: usize = 256 << 10;

/// Counts the bytes that were read from the file, before unpacking.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The lines of a text file.
pub(super) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    gzipped: bool,
    buffer: Vec<u8>,
    /// The line that was read last, where it is Latin-1.
    decoded: String,
    /// Whether lines that are not UTF-8 are read as Latin-1.
    latin1: bool,
    number: u64,
    read: Arc<AtomicU64>,
    size: u64,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// 1-based.
    pub(super) number: u64,
    pub(super) text: &'a str,
}

impl Lines {
    /// Opens a file for reading.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::io("read", path))?;
        let about = file.metadata().map_err(FileError::io("read", path))?;
        if about.is_dir() {
            return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
        }
        Self::from_reader(path, file, about.len())
    }

    /// The lines of what `reader` gives, called `path` in errors; `size` bytes, for progress only.
    pub(super) fn from_reader(
        path: &Path,
        reader: impl Read + 'static,
        size: u64,
    ) -> Result<Self, FileError> {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, read: Arc::clone(&read) };
        let raw = BufReader::with_capacity(BUFFER, counted);
        let (mut head, whole) = peeked(raw).map_err(FileError::io("read", path))?;
        let gzipped = head.starts_with(&[0x1f, 0x8b]);
        let mut reader: Box<dyn BufRead> = if gzipped {
            let unpacked = BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole));
            let (unpacked_head, unpacked) = peeked(unpacked).map_err(|e| refused(path, true, e))?;
            head = unpacked_head;
            Box::new(unpacked)
        } else {
            Box::new(whole)
        };
        if encoding::is_utf16(&head) {
            let mut bytes = Vec::new();
            let read = reader.take(LARGEST_UTF16 + 1).read_to_end(&mut bytes);
            read.map_err(|e| refused(path, gzipped, e))?;
            if bytes.len() as u64 > LARGEST_UTF16 {
                let message = "the UTF-16 text is too large; save the file as UTF-8 text";
                return Err(FileError::malformed(path, message));
            }
            let decoded = encoding::from_utf16(&bytes).ok_or_else(|| {
                FileError::malformed(path, "the text is damaged UTF-16; save the file as UTF-8 text")
            })?;
            reader = Box::new(Cursor::new(decoded.into_bytes()));
        }
        if let Some(kind) = other_kind(&head) {
            return Err(FileError::malformed(path, kind));
        }
        Ok(Self {
            path: path.to_path_buf(),
            reader,
            gzipped,
            buffer: Vec::new(),
            decoded: String::new(),
            latin1: false,
            number: 0,
            read,
            size,
        })
    }

    /// Reads lines that are not UTF-8 as Latin-1, as older programs save tables that people have written in.
    pub(super) fn or_latin1(mut self) -> Self {
        self.latin1 = true;
        self
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes read of the file, and its size.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed).min(self.size), self.size)
    }

    /// The next line that is not empty.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, FileError> {
        loop {
            self.buffer.clear();
            let n = self
                .reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|e| refused(&self.path, self.gzipped, e))?;
            if n == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.buffer.last() == Some(&b'\n') {
                self.buffer.pop();
            } else if n as u64 == MAX_LINE {
                return Err(self.wrong("the line is longer than 64 MiB, so this is not a table"));
            }
            if self.buffer.last() == Some(&b'\r') {
                self.buffer.pop();
            }
            if self.number == 1 {
                self.check_start()?;
            }
            if !self.buffer.is_empty() {
                break;
            }
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(text) => Ok(Some(Line { number: self.number, text })),
            Err(_) => match encoding::from_latin1(&self.buffer).filter(|_| self.latin1) {
                Some(text) => {
                    self.decoded = text;
                    Ok(Some(Line { number: self.number, text: &self.decoded }))
                }
                None => Err(self.wrong("the text is not UTF-8; save the file as UTF-8 text")),
            },
        }
    }

    /// Takes the byte order mark off the first line, and refuses what is no text.
    fn check_start(&mut self) -> Result<(), FileError> {
        if self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        if self.buffer.contains(&b'\r') {
            let message =
                "the lines end as on old Macintosh computers; save the file with Unix or Windows line ends";
            return Err(FileError::malformed(&self.path, message));
        }
        if self.buffer.iter().any(|&b| b < b' ' && b != b'\t') {
            return Err(FileError::malformed(&self.path, "this is not a text table"));
        }
        Ok(())
    }

    /// The line that was read last is wrong.
    pub(super) fn wrong(&self, message: impl Into<String>) -> FileError {
        FileError::malformed_at(&self.path, self.number, message)
    }
}

/// A reader whose first bytes were looked at.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of what `reader` gives, and a reader that still gives them.
fn peeked<R: BufRead>(mut reader: R) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    reader.by_ref().take(16).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(reader)))
}

/// What a file is that is recognised by its first bytes and is no table.
fn other_kind(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") {
        Some("this is an Excel workbook or a ZIP archive; save the table as tab-separated text")
    } else if head.starts_with(b"\x89HDF") {
        Some("this is an HDF5 file, not a text table")
    } else if image::guess_format(head).is_ok() {
        Some("this is an image, not a text table")
    } else {
        None
    }
}

fn refused(path: &Path, gzipped: bool, error: io::Error) -> FileError {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        UnexpectedEof if gzipped => FileError::malformed(
            path,
            "the compressed file ends too early: it was cut off; copy or download it again",
        ),
        InvalidData | InvalidInput if gzipped => FileError::malformed(
            path,
            "the compressed file is damaged and cannot be unpacked; copy or download it again",
        ),
        _ => FileError::io("read", path)(error),
    }
}

/// What separates the cells of a table: tabs, or commas where its header has no tab.
pub(super) fn separator_of(header: &str) -> u8 {
    match header {
        h if h.contains('\t') => b'\t',
        h if h.contains(',') => b',',
        h if h.contains(';') => b';',
        _ => b'\t',
    }
}

/// A cell without surrounding blanks and quotes.
pub(super) fn clean(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix('"').and_then(|c| c.strip_suffix('"')) {
        Some(inside) => inside.trim(),
        None => cell,
    }
}

/// A small table with a header, read row by row; columns are found by name.
pub(super) struct Table {
    lines: Lines,
    header: Vec<String>,
    separator: u8,
}

/// One row of a [`Table`].
pub(super) struct Row {
    /// 1-based.
    pub(super) line: u64,
    /// The row's name, where R wrote one without a header.
    pub(super) name: Option<String>,
    cells: Vec<String>,
}

impl Row {
    /// The cell in `column`, empty where there is none.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// The cell in `column` as a number; `None` where it is empty or "NA".
    pub(super) fn number(&self, column: usize) -> Result<Option<f64>, ()> {
        match self.cell(column) {
            "" => Ok(None),
            text if text.eq_ignore_ascii_case("na") || text.eq_ignore_ascii_case("nan") => Ok(None),
            text => text.parse().map(Some).map_err(|_| ()),
        }
    }
}

impl Table {
    /// Opens a table and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        Self::from_lines(Lines::open(path)?)
    }

    pub(super) fn from_lines(mut lines: Lines) -> Result<Self, FileError> {
        let Some(first) = lines.next_line()? else {
            return Err(FileError::malformed(lines.path(), "the file is empty"));
        };
        let separator = separator_of(first.text);
        let header = cells_of(first.text, separator);
        Ok(Self { lines, header, separator })
    }

    /// The column called one of `names` (compared without case), the first name first.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|h| h.eq_ignore_ascii_case(name)))
    }

    /// As [`Table::column`], an error where there is none. `expected` lists the columns of such a file.
    pub(super) fn required(&self, name: &str, expected: &str) -> Result<usize, FileError> {
        let mut found = self.header.iter().enumerate().filter(|(_, h)| h.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((column, _)), None) => Ok(column),
            (Some(_), Some(_)) => Err(self.wrong_header(format!("two columns are called {name}"))),
            (None, _) => {
                Err(self
                    .wrong_header(format!("there is no column {name}; the columns must include {expected}")))
            }
        }
    }

    /// The cells of the first line.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// The first line as a row, for tables that turn out to have no header.
    pub(super) fn first_row(&self) -> Row {
        Row { line: 1, name: None, cells: self.header.clone() }
    }

    pub(super) fn wrong_header(&self, message: String) -> FileError {
        FileError::malformed_at(self.lines.path(), 1, message)
    }

    pub(super) fn path(&self) -> &Path {
        self.lines.path()
    }

    /// The next row, as wide as the header.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, FileError> {
        let Some(line) = self.lines.next_line()? else { return Ok(None) };
        let mut cells = cells_of(line.text, self.separator);
        let number = line.number;
        let mut name = None;
        match cells.len().checked_sub(self.header.len()) {
            Some(0) => {}
            // R writes row names without a header of their own.
            Some(1) => name = Some(cells.remove(0)),
            _ => {
                let has = counted(cells.len(), "cell");
                let message = format!("the row has {has} where the header has {}", self.header.len());
                return Err(self.lines.wrong(message));
            }
        }
        Ok(Some(Row { line: number, name, cells }))
    }
}

/// "pixel_x of spot 10x21 is "abc"; expected a number".
pub(super) fn not_a_number(path: &Path, row: &Row, column: usize, what: &str) -> FileError {
    let message = format!("{what} is {}; expected a number", quoted(row.cell(column)));
    FileError::malformed_at(path, row.line, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::gzip;

    fn lines(bytes: &[u8]) -> Result<Vec<String>, FileError> {
        let size = bytes.len() as u64;
        let mut lines = Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes.to_vec()), size)?;
        let mut out = Vec::new();
        while let Some(line) = lines.next_line()? {
            out.push(format!("{}:{}", line.number, line.text));
        }
        assert_eq!(lines.position(), (size, size));
        Ok(out)
    }

    #[test]
    fn marks_and_line_ends_are_taken_off() {
        assert_eq!(lines(b"\xef\xbb\xbfa\tb\r\n\r\n1\t2").unwrap(), ["1:a\tb", "3:1\t2"]);
        assert_eq!(lines(b"").unwrap(), [""; 0]);
        assert_eq!(lines(b"a").unwrap(), ["1:a"]);
    }

    #[test]
    fn gzip_is_known_by_content_and_may_have_members() {
        let mut two = gzip(b"a\nb\n");
        two.extend(gzip(b"c\n"));
        assert_eq!(lines(&two).unwrap(), ["1:a", "2:b", "3:c"]);
    }

    #[test]
    fn cut_and_damaged_gzip_say_so() {
        let text: Vec<u8> =
            (0..20_000u32).flat_map(|i| format!("{}\n", i * 7919 % 104_729).into_bytes()).collect();
        let whole = gzip(&text);
        let cut = lines(&whole[..whole.len() / 2]).unwrap_err().to_string();
        assert!(cut.starts_with("t.tsv: the compressed file ends too early"), "{cut}");
        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xff);
        let text = lines(&damaged).unwrap_err().to_string();
        assert!(text.contains("damaged") || text.contains("not UTF-8"), "{text}");
    }

    #[test]
    fn other_kinds_of_file_are_named() {
        let says = |bytes: &[u8]| lines(bytes).unwrap_err().to_string();
        assert!(says(b"PK\x03\x04rest").contains("Excel"));
        assert!(says(b"\x89HDF\r\n\x1a\n").contains("HDF5"));
        assert!(says(b"\xff\xfea").contains("damaged UTF-16"));
        assert!(says(b"\x89PNG\r\n\x1a\nrest").contains("image"));
        assert!(says(b"a\rb\rc").contains("Macintosh"));
        assert!(says(b"a\0b").contains("not a text table"));
        assert!(says(b"a\tb\n\xe4\t1\n").contains("line 2: the text is not UTF-8"));
    }

    #[test]
    fn text_in_other_encodings_is_read() {
        let wide: Vec<u8> =
            "\u{feff}a\t\u{e4}\r\nb\t1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [wide.clone(), gzip(&wide)] {
            assert_eq!(lines(&bytes).unwrap(), ["1:a\t\u{e4}", "2:b\t1"]);
        }
        let read = |bytes: &'static [u8]| {
            Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes), 0).unwrap().or_latin1()
        };
        let mut latin = read(b"a\tb\nGew\xe4chs\t1\n\0\xe4\n");
        latin.next_line().unwrap();
        assert_eq!(latin.next_line().unwrap().unwrap().text, "Gew\u{e4}chs\t1");
        assert!(latin.next_line().is_err(), "control characters are no text");
    }

    #[test]
    fn tables_find_columns_by_name() {
        let read = |text: &str| {
            let bytes = text.as_bytes().to_vec();
            Table::from_lines(Lines::from_reader(Path::new("t.tsv"), Cursor::new(bytes), 0).unwrap())
        };
        let mut table = read("x,\"Y\"\n1,\"2\"\nrow,3,NA\n4\n").unwrap();
        assert_eq!((table.column(&["y"]), table.column(&["z"])), (Some(1), None));
        assert!(table.required("z", "x and y").is_err());
        let row = table.next_row().unwrap().unwrap();
        assert_eq!((row.line, row.cell(1), row.number(1)), (2, "2", Ok(Some(2.0))));
        let row = table.next_row().unwrap().unwrap();
        assert_eq!((row.number(0), row.number(1)), (Ok(Some(3.0)), Ok(None)));
        let ragged = table.next_row().err().unwrap().to_string();
        assert_eq!(ragged, "t.tsv, line 4: the row has 1 cell where the header has 2");
        assert_eq!(read("").err().unwrap().to_string(), "t.tsv: the file is empty");
    }
}
