//! What this program knows project files to hold, so that it does not undo what another program saved meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ProjectError;

/// Hashes of what was loaded from or saved to each file last.
static KNOWN: Mutex<BTreeMap<PathBuf, blake3::Hash>> = Mutex::new(BTreeMap::new());

/// Saving takes milliseconds, so whoever waits longer for a lock goes on without it.
const LOCK_TRIES: usize = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

fn known() -> MutexGuard<'static, BTreeMap<PathBuf, blake3::Hash>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The file at `path` holds these bytes, and this program has seen them.
pub(super) fn remember(path: &Path, bytes: &[u8]) {
    known().insert(key(path), blake3::hash(bytes));
}

/// Whatever is at `path` may be overwritten.
pub(super) fn forget(path: &Path) {
    known().remove(&key(path));
}

/// Does `work`, after which the file holds no more than before that this program has seen, unless it held `bytes`.
pub(super) fn unseen<T>(path: &Path, bytes: &[u8], work: impl FnOnce() -> T) -> T {
    let before = known().get(&key(path)).copied();
    let done = work();
    if before != Some(blake3::hash(bytes)) {
        match before {
            Some(hash) => known().insert(key(path), hash),
            None => known().remove(&key(path)),
        };
    }
    done
}

/// Checks that the file at `path` was not changed or removed since this program saw it.
pub(super) fn check(path: &Path) -> Result<(), ProjectError> {
    let Some(seen) = known().get(&key(path)).copied() else { return Ok(()) };
    match std::fs::read(path) {
        Ok(bytes) if blake3::hash(&bytes) == seen => Ok(()),
        Ok(_) => Err(ProjectError::Changed { path: path.to_path_buf() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Err(ProjectError::Vanished { path: path.to_path_buf() })
        }
        // What cannot be read cannot be written either, which says why.
        Err(_) => Ok(()),
    }
}

/// Keeps other programs on this computer from saving the project at the same time, as long as it lives. `None` where
/// there is no file yet, or no lock to be had.
pub(super) fn lock(path: &Path) -> Option<File> {
    // Windows lets nobody else read or replace a file that is locked.
    if cfg!(windows) {
        return None;
    }
    let file = File::open(path).ok()?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(std::fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}
