//! Hashes of slide files, read once: a section's features in several views, or by several encoders, are of the
//! same file, which may be gigabytes.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::FileError;
use crate::data::slide::SlideError;

/// The most hashes kept.
const MAX_KEPT: usize = 4096;
/// A file that was changed less than this ago may change again without its time telling.
const SETTLED: Duration = Duration::from_secs(2);

/// What a file's hash is known under: its length, and when it was changed last.
type Stamp = (u64, SystemTime);

/// The hashes known so far.
#[derive(Debug, Default)]
pub(super) struct Contents(Mutex<HashMap<PathBuf, (Stamp, blake3::Hash)>>);

impl Contents {
    /// The hash of all bytes of a file, read unless it is known and the file unchanged since.
    ///
    /// # Errors
    /// [`SlideError`] naming the file that cannot be read, or when cancelled.
    pub(super) fn hash(&self, path: &Path, cancel: &CancelToken) -> Result<blake3::Hash, SlideError> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = File::open(path).map_err(FileError::io("open", path))?;
        let stamp = file.metadata().ok().as_ref().and_then(stamp);
        if let Some(stamp) = stamp
            && let Some((then, hash)) = known().get(path)
            && *then == stamp
        {
            return Ok(*hash);
        }
        let hash = read(file, path, cancel)?;
        if let Some(stamp) = stamp {
            let mut known = known();
            if known.len() >= MAX_KEPT {
                known.clear();
            }
            known.insert(path.to_owned(), (stamp, hash));
        }
        Ok(hash)
    }
}

/// None where the file system does not tell, or told too lately to be relied on.
fn stamp(of: &Metadata) -> Option<Stamp> {
    let changed = of.modified().ok()?;
    let settled = SystemTime::now().duration_since(changed).is_ok_and(|age| age > SETTLED);
    settled.then_some((of.len(), changed))
}

fn read(mut file: File, path: &Path, cancel: &CancelToken) -> Result<blake3::Hash, SlideError> {
    let mut hash = blake3::Hasher::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        cancel.check().map_err(|Cancelled| SlideError::Cancelled(Cancelled))?;
        let n = file.read(&mut buffer).map_err(FileError::io("read", path))?;
        if n == 0 {
            return Ok(hash.finalize());
        }
        hash.update(buffer.get(..n).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changed_or_might_have() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide");
        let (contents, cancel) = (Contents::default(), CancelToken::new());
        let long_ago = |seconds: u64| {
            let file = File::options().append(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        let hash = || contents.hash(&path, &cancel).unwrap();
        std::fs::write(&path, "one").unwrap();
        assert_eq!(hash(), blake3::hash(b"one"));
        // Written a moment ago: not relied on.
        std::fs::write(&path, "two").unwrap();
        assert_eq!(hash(), blake3::hash(b"two"));
        long_ago(1000);
        assert_eq!(hash(), blake3::hash(b"two"));
        // The same length and time stand for the same content.
        std::fs::write(&path, "six").unwrap();
        long_ago(1000);
        assert_eq!(hash(), blake3::hash(b"two"));
        long_ago(1001);
        assert_eq!(hash(), blake3::hash(b"six"));
        std::fs::remove_file(&path).unwrap();
        assert!(contents.hash(&path, &cancel).unwrap_err().to_string().contains("slide"));
    }
}
