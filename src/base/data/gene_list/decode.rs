//! From the bytes of a gene list to text, whatever program wrote it.

use std::path::Path;

use crate::core::encoding;
use crate::core::files::FileError;

/// The text of a file in UTF-8 or UTF-16, with line ends as `\n`.
///
/// # Errors
/// [`FileError`] in one sentence: a workbook, another kind of file, another encoding.
pub(super) fn text_of(path: &Path, bytes: &[u8]) -> Result<String, FileError> {
    let refused = |message: &str| Err(FileError::malformed(path, message));
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        return match ending.as_deref() {
            Some("xlsx" | "xlsm" | "xls" | "ods") => refused(
                "this is a spreadsheet workbook; save the sheet with the genes as CSV and load that file",
            ),
            _ => refused("this is a packed or binary file; load a text or CSV file with gene names"),
        };
    }
    let decoded = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(path, rest)?,
        _ if encoding::is_utf16(bytes) => encoding::from_utf16(bytes).ok_or_else(|| not_utf8(path))?,
        _ if bytes.contains(&0) => return refused("this is not a text file with gene names"),
        _ => utf8(path, bytes)?,
    };
    // Old Macintosh line ends too: they cost nothing here.
    let text = decoded.replace("\r\n", "\n").replace('\r', "\n");
    Ok(text.replace(is_invisible, ""))
}

/// Invisible characters that are copied along from web pages and documents.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn utf8(path: &Path, bytes: &[u8]) -> Result<String, FileError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| not_utf8(path))
}

fn not_utf8(path: &Path) -> FileError {
    FileError::malformed(path, "the text is not UTF-8; save the file as UTF-8 text")
}
