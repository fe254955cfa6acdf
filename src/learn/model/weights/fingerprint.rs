//! A name for the content of a weights file: features made with the same weights are the same.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::WeightsError;
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::progress::{Progress, Task};

/// The BLAKE3 hash of all bytes of `path`, 64 hexadecimal digits. Progress is reported in bytes.
///
/// # Errors
/// [`WeightsError::File`] when it cannot be read, [`WeightsError::Cancelled`].
pub fn fingerprint(
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<String, WeightsError> {
    let mut file = File::open(path).map_err(FileError::io("open", path))?;
    let total = file.metadata().map_err(FileError::io("read", path))?.len();
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let stage = Task::Checking(name.into_owned()).into();
    let mut hash = blake3::Hasher::new();
    let mut buffer = vec![0_u8; 4 << 20];
    let mut done = 0;
    loop {
        cancel.check()?;
        progress.report(&stage, done, total);
        let n = file.read(&mut buffer).map_err(FileError::io("read", path))?;
        if n == 0 {
            return Ok(hash.finalize().to_hex().to_string());
        }
        hash.update(buffer.get(..n).unwrap_or_default());
        done += n as u64;
    }
}
