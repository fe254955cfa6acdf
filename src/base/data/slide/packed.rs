//! Images that were packed with gzip as a whole, as GEO does with every file.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::core::files::FileError;

/// An image that unpacks to more is not read: what the largest plain image takes, and half of that again.
const MAX_UNPACKED: u64 = super::MAX_PIXELS * 9 / 2;
/// Bytes unpacked at a time.
const PIECE: usize = 1 << 20;

/// Whether a file that begins so is packed.
pub(super) fn is_packed(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B])
}

/// The first `most` bytes of what the file at `path` unpacks to, or all of it where that is less.
///
/// # Errors
/// [`FileError`] naming `path` when the packed file is cut off or damaged.
pub(super) fn beginning(path: &Path, source: impl Read, most: u64) -> Result<Vec<u8>, FileError> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(source).take(most);
    let mut piece = vec![0; PIECE];
    loop {
        let n = reader.read(&mut piece).map_err(|e| refused(path, &e))?;
        if n == 0 {
            return Ok(unpacked);
        }
        unpacked.try_reserve(n).map_err(|_| {
            FileError::malformed(path, "there is not enough memory to unpack the image; close other slides")
        })?;
        unpacked.extend_from_slice(piece.get(..n).unwrap_or_default());
    }
}

/// All that the file at `path` unpacks to.
///
/// # Errors
/// As [`beginning`], and when it is too large for an image that can be opened.
pub(super) fn whole(path: &Path, source: impl Read) -> Result<Vec<u8>, FileError> {
    let unpacked = beginning(path, source, MAX_UNPACKED)?;
    if unpacked.len() as u64 == MAX_UNPACKED {
        return Err(FileError::malformed(path, "the packed image is too large to be opened as a whole"));
    }
    Ok(unpacked)
}

fn refused(path: &Path, error: &io::Error) -> FileError {
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the packed image is cut off",
        _ => "the packed image is damaged and cannot be unpacked",
    };
    FileError::malformed(path, format!("{what}; copy or download it again"))
}
