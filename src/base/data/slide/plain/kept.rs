//! The folder in which pyramids of large images are kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::PyramidFolder;
use crate::core::files::FileError;

/// How the names of the files end.
pub(super) const EXTENSION: &str = "tif";

/// Pyramids in `folder` with size and time of last use, the longest unused first.
fn entries(folder: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let Ok(listing) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<_> = listing
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let (path, metadata) = (entry.path(), entry.metadata().ok()?);
            let name = path.file_stem()?.to_str()?;
            let is_named = ["-pyramid", "-overview"].iter().any(|end| name.ends_with(end));
            let ours = metadata.is_file() && is_named && path.extension().is_some_and(|e| e == EXTENSION);
            ours.then(|| (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), path))
        })
        .collect();
    entries.sort();
    entries
}

/// Used now: the last to go. Where the folder cannot be written nothing is ever thrown away either.
pub(super) fn mark_as_used(kept: &Path) {
    if let Ok(file) = File::options().append(true).open(kept) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Deletes the pyramids that were not used for longest until `folder` is within its limit, except `keep`.
pub(super) fn shrink(folder: &PyramidFolder<'_>, keep: &Path) {
    let entries = entries(folder.folder);
    let mut held: u64 = entries.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in entries {
        if held <= folder.limit {
            return;
        }
        // One that is open stays on systems that do not delete open files.
        if path != keep && fs::remove_file(path).is_ok() {
            held = held.saturating_sub(length);
        }
    }
}

/// Bytes of all pyramids in `folder`.
pub fn kept_bytes(folder: &Path) -> u64 {
    entries(folder).iter().map(|(_, length, _)| length).sum()
}

/// Deletes all pyramids in `folder`, and nothing else that may lie in it; gives the bytes freed.
///
/// # Errors
/// [`FileError`] naming the first file that could not be deleted.
pub fn clear(folder: &Path) -> Result<u64, FileError> {
    let mut freed = 0;
    for (_, length, path) in entries(folder) {
        fs::remove_file(&path).map_err(FileError::io("delete", &path))?;
        freed += length;
    }
    Ok(freed)
}
