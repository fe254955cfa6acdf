//! Reading and writing files so that errors name them and nothing is left half-written.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::error::Category;
use tempfile::{NamedTempFile, TempDir};

/// A file could not be read, understood or written. Its text is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("Cannot {action} {}: {}", path.display(), plain_io(reason))]
    Io {
        /// "read", "write", "open", "list".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why. The text says it already, so it is not a source to be shown again.
        reason: io::Error,
    },
    /// The content is not what it should be.
    #[error("{}{}: {message}", path.display(), line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// 1-based line, where the file has lines.
        line: Option<u64>,
        /// What is wrong and, where it helps, what was expected.
        message: String,
    },
}

impl FileError {
    /// For `map_err`: the operating system refused to `action` this file.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |reason| Self::Io { action, path, reason }
    }

    /// Why, without the file.
    pub fn reason(&self) -> String {
        match self {
            Self::Io { reason, .. } => plain_io(reason),
            Self::Malformed { message, .. } => message.clone(),
        }
    }

    /// The content of `path` is wrong as a whole.
    pub fn malformed(path: &Path, message: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_path_buf(), line: None, message: message.into() }
    }

    /// The content of `path` is wrong at 1-based `line`.
    pub fn malformed_at(path: &Path, line: u64, message: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_path_buf(), line: Some(line), message: message.into() }
    }
}

/// The operating system's reason without Rust's "(os error 2)".
pub fn plain_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "your disk quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the drive is read-only".to_owned(),
        io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::NotConnected => {
            "its drive is no longer connected".to_owned()
        }
        io::ErrorKind::NotADirectory => "it is a file, not a folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            let text = error.to_string();
            // A temporary file, of which the user knows nothing, is named behind it.
            let text = text.split(" at path ").next().unwrap_or(&text);
            text.split(" (os error").next().unwrap_or(text).to_owned()
        }
    }
}

/// The file that `path` leads to: where that is a symbolic link, the file it points to, there or not.
pub fn resolve_links(path: &Path) -> PathBuf {
    const MAX_LINKS: usize = 40;
    let mut real = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&real) else { break };
        real = folder_of(&real).join(target);
    }
    real
}

/// Whether two paths lead to one file, there or not.
pub fn lead_to_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let real = resolve_links(path);
        let folder = folder_of(&real).canonicalize().ok()?;
        let name = real.file_name()?.to_string_lossy().into_owned();
        let name = if cfg!(any(windows, target_os = "macos")) { name.to_lowercase() } else { name };
        Some(folder.join(name))
    };
    one == other || place(one).zip(place(other)).is_some_and(|(one, other)| one == other)
}

/// Makes the folder in which `path` is to be written, with all folders above it that are missing.
///
/// # Errors
/// [`FileError::Io`] naming the folder.
pub fn create_folder_of(path: &Path) -> Result<(), FileError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(FileError::io("write", folder))
}

/// The folder that `path` lies in; the working folder where it names none.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes `folder` in a folder that is there. Where a drive was disconnected, folders are not made in its place, as
/// [`fs::create_dir_all`] would.
///
/// # Errors
/// [`FileError::Io`] naming `folder`.
pub fn create_single_folder(folder: &Path) -> Result<(), FileError> {
    match fs::create_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::io("write", folder)(io::ErrorKind::NotADirectory.into()))
        }
        made => made.map_err(FileError::io("write", folder)),
    }
}

/// Writes a file through a temporary neighbour that is renamed when `fill` and the flush to disk have
/// succeeded: whatever happens, `path` holds its old or its new content, never part of one. A file that is there keeps
/// its permissions, and a symbolic link stays one. Its folder is made where only that is missing; see
/// [`create_folder_of`] for more.
///
/// # Errors
/// [`FileError::Io`] naming `path`: it cannot be written, or the file there is write-protected.
pub fn write_atomically<E: From<FileError>>(
    path: &Path,
    fill: impl FnOnce(&mut io::BufWriter<&fs::File>) -> Result<(), E>,
) -> Result<(), E> {
    let real = resolve_links(path);
    let folder = folder_of(&real);
    let io = |reason: io::Error| FileError::Io { action: "write", path: path.to_path_buf(), reason };
    if !folder.is_dir() {
        create_single_folder(folder)?;
    }
    let permissions = permissions_to_replace(&real).map_err(io)?;
    remove_stale(folder);
    let temporary = temporary_in(folder).map_err(|e| io(without_path(e)))?;
    {
        let mut writer = io::BufWriter::new(temporary.as_file());
        fill(&mut writer)?;
        writer.flush().map_err(io)?;
    }
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions).map_err(io)?;
    }
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(&real).map_err(|e| io(e.error))?;
    Ok(())
}

/// The permissions of the file at `path`, where there is one that may be replaced.
fn permissions_to_replace(path: &Path) -> io::Result<Option<fs::Permissions>> {
    let Ok(about) = fs::metadata(path) else { return Ok(None) };
    if !about.is_file() {
        return Ok(None);
    }
    // Renaming needs no right to write to the file itself, so whoever protected it would not be heard.
    if about.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    match File::options().write(true).open(path) {
        Err(e) if matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            Err(e)
        }
        _ => Ok(Some(about.permissions())),
    }
}

/// The same without the path of a temporary file, which nobody knows, where the kind says enough.
fn without_path(error: io::Error) -> io::Error {
    match error.kind() {
        kind @ (io::ErrorKind::PermissionDenied
        | io::ErrorKind::NotFound
        | io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::ReadOnlyFilesystem) => kind.into(),
        _ => error,
    }
}

/// What the names of temporary files begin with.
const TEMPORARY: &str = ".hiscmcl-";

/// Where locks cannot tell whether a temporary file is still written to, one this old is not.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// A new temporary file in `folder`, locked as long as it is open, so that no other program takes it for stale.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Temporary files are private by default; what the user saves should be as readable as any other.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    loop {
        let temporary = builder.tempfile_in(folder)?;
        match temporary.as_file().try_lock() {
            // Another program may have removed it before it was locked.
            Ok(()) if !temporary.path().exists() => {}
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(temporary),
        }
    }
}

/// Removes temporary files that a program left in `folder` when it was killed; once in the life of this program, as
/// listing a large folder takes time.
fn remove_stale(folder: &Path) {
    static LOOKED_AT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if !LOOKED_AT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf()) {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_stale(&entry.path()) {
            // What cannot be removed stays for next time.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether nobody writes to the temporary file at `path` any more.
fn is_stale(path: &Path) -> bool {
    let Ok(file) = File::options().write(true).open(path) else { return false };
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let modified = file.metadata().and_then(|about| about.modified());
            modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE))
        }
    }
}

/// A folder for what is only needed while this program runs. It goes when this is dropped; where the program was killed
/// before, the next one removes it.
#[derive(Debug)]
pub struct ScratchFolder {
    folder: TempDir,
    /// Held as long as the folder is in use.
    _lock: File,
}

impl ScratchFolder {
    const PREFIX: &'static str = "hiscmcl-scratch-";
    const LOCK: &'static str = "in-use.lock";

    /// A new folder among the temporary files of the system.
    ///
    /// # Errors
    /// [`FileError::Io`] naming the folder in which it cannot be made.
    pub fn new() -> Result<Self, FileError> {
        let parent = std::env::temp_dir();
        Self::remove_stale(&parent);
        let failed = |reason| FileError::Io { action: "write", path: parent.clone(), reason };
        let folder = tempfile::Builder::new().prefix(Self::PREFIX).tempdir_in(&parent).map_err(failed)?;
        // Under its name only once it is locked; without locks the folder is taken for stale when it is old.
        let unlocked = folder.path().join("new.lock");
        let lock = File::create(&unlocked).map_err(failed)?;
        let _ = lock.try_lock();
        fs::rename(&unlocked, folder.path().join(Self::LOCK)).map_err(failed)?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remove_stale(parent: &Path) {
        let Ok(entries) = fs::read_dir(parent) else { return };
        for entry in entries.flatten() {
            let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(Self::PREFIX));
            if is_ours && is_stale(&entry.path().join(Self::LOCK)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// [`write_atomically`] of bytes that are already there.
///
/// # Errors
/// [`FileError::Io`] naming `path`.
pub fn write_bytes_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically(path, |w| w.write_all(bytes).map_err(FileError::io("write", path)))
}

/// [`write_atomically`] of `value` as indented JSON.
///
/// # Errors
/// [`FileError::Io`] naming `path`.
pub fn write_json_atomically(path: &Path, value: &impl serde::Serialize) -> Result<(), FileError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| FileError::Io {
        action: "write",
        path: path.to_path_buf(),
        reason: e.into(),
    })?;
    bytes.push(b'\n');
    write_bytes_atomically(path, &bytes)
}

/// Reads a JSON file; what does not parse is named with its line.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let bytes = fs::read(path).map_err(FileError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let what = match e.classify() {
            Category::Eof => "the file is cut off".to_owned(),
            Category::Syntax | Category::Io => "this is not JSON".to_owned(),
            Category::Data => {
                let text = e.to_string();
                text.split(" at line ").next().unwrap_or(&text).to_owned()
            }
        };
        FileError::malformed_at(path, e.line() as u64, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_json_is_described_in_plain_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let problem = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_json::<Vec<u32>>(&path).unwrap_err().to_string()
        };
        let said = [&b"[1, 2"[..], b"[1,\n\0\0\0]", b"[1, \"x\"]"].map(problem);
        let named = |line: u8, what: &str| format!("{}, line {line}: {what}", path.display());
        assert_eq!(said[0], named(1, "the file is cut off"));
        assert_eq!(said[1], named(2, "this is not JSON"));
        assert_eq!(said[2], named(1, "invalid type: string \"x\", expected u32"));
        fs::write(&path, "[1, 2]").unwrap();
        assert_eq!(read_json::<Vec<u32>>(&path).unwrap(), [1, 2]);
    }

    #[test]
    fn a_failed_write_keeps_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        write_bytes_atomically(&path, b"old").unwrap();
        let failed = write_atomically(&path, |w| {
            w.write_all(b"half").map_err(FileError::io("write", &path))?;
            Err(FileError::malformed(&path, "stopped on purpose"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn what_lay_on_a_drive_that_is_gone_is_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("study/p.runs/a/run.json");
        let error = write_bytes_atomically(&deep, b"{}").unwrap_err().to_string();
        assert!(error.ends_with("a: it is not there"), "{error}");
        assert!(!dir.path().join("study").exists());
        write_bytes_atomically(&dir.path().join("new/a.txt"), b"a").unwrap();
        create_folder_of(&deep).unwrap();
        write_bytes_atomically(&deep, b"{}").unwrap();
        assert_eq!(fs::read(&deep).unwrap(), b"{}");
    }

    #[cfg(unix)]
    #[test]
    fn protection_links_and_permissions_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
        let protect =
            |name: &str, mode| fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        write_bytes_atomically(&at("a.txt"), b"old").unwrap();
        protect("a.txt", 0o444);
        let error = write_bytes_atomically(&at("a.txt"), b"new").unwrap_err().to_string();
        assert!(error.ends_with("a.txt: permission denied"), "{error}");
        assert_eq!((fs::read(at("a.txt")).unwrap(), mode("a.txt")), (b"old".to_vec(), 0o444));
        protect("a.txt", 0o660);
        fs::create_dir(at("links")).unwrap();
        symlink("../a.txt", at("links/first")).unwrap();
        symlink(at("links/first"), at("second")).unwrap();
        write_bytes_atomically(&at("second"), b"new").unwrap();
        assert_eq!((fs::read(at("a.txt")).unwrap(), mode("a.txt")), (b"new".to_vec(), 0o660));
        assert!(fs::symlink_metadata(at("second")).unwrap().is_symlink());
        symlink("later.txt", at("dangling")).unwrap();
        write_bytes_atomically(&at("dangling"), b"new").unwrap();
        assert!(at("later.txt").is_file());
    }

    #[test]
    fn what_a_killed_program_left_is_removed_and_what_another_writes_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at(".hiscmcl-killed"), "half").unwrap();
        fs::write(at(".hiscmcl-other"), "half").unwrap();
        fs::write(at("mine"), "whole").unwrap();
        let other = File::options().write(true).open(at(".hiscmcl-other")).unwrap();
        other.try_lock().unwrap();
        write_bytes_atomically(&at("a.txt"), b"new").unwrap();
        assert!(!at(".hiscmcl-killed").exists());
        assert!(at(".hiscmcl-other").exists() && at("mine").exists() && at("a.txt").exists());

        let left = dir.path().join("hiscmcl-scratch-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(ScratchFolder::LOCK), "").unwrap();
        let used = ScratchFolder::new().unwrap();
        let parent = used.path().parent().unwrap().to_path_buf();
        ScratchFolder::remove_stale(dir.path());
        ScratchFolder::remove_stale(&parent);
        assert!(!left.exists() && used.path().exists());
    }

    #[test]
    fn errors_name_file_and_line() {
        let e = FileError::malformed_at(Path::new("C2.tsv"), 7, "\"x\" is not a count");
        assert_eq!(e.to_string(), "C2.tsv, line 7: \"x\" is not a count");
        let e = FileError::io("read", Path::new("C2.tsv"))(io::ErrorKind::NotFound.into());
        assert_eq!(e.to_string(), "Cannot read C2.tsv: it is not there");
    }
}
