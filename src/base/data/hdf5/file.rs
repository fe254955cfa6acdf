//! Opening a file and finding what is in it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5_pure::{Error, FormatError};

use super::attributes::Attributes;
use super::bytes::{self, Metered, ReadAt};
use super::dataset::Dataset;
use crate::core::fault;
use crate::core::files::FileError;

/// What lies at a path within a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A folder of further objects.
    Group,
    /// An array.
    Dataset,
}

/// An open HDF5 file.
pub struct File {
    path: PathBuf,
    inner: hdf5_pure::File,
    pub(super) bytes: Arc<dyn ReadAt>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FileError`] naming the file: the operating system refused, or it is no HDF5 file, or a damaged one.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::from_bytes(path, bytes::open(path)?)
    }

    /// The file that `bytes` hold, called `path` in errors.
    ///
    /// # Errors
    /// [`FileError`] naming `path`.
    pub fn from_bytes(path: &Path, bytes: Arc<dyn ReadAt>) -> Result<Self, FileError> {
        let damaged = |what: &str| FileError::malformed(path, what);
        let mut head = [0; 8];
        if bytes.size() < 8 || bytes.fill(0, &mut head).is_err() {
            return Err(damaged("the file is empty or cut off; copy or download it again"));
        }
        // A file of HDF5 may begin with a block of the user's, of 512 bytes or a power of two more.
        let mut start = 512u64;
        while head != *b"\x89HDF\r\n\x1a\n" {
            if start > bytes.size().saturating_sub(8) || bytes.fill(start, &mut head).is_err() {
                return Err(damaged("this is not an HDF5 file"));
            }
            start = start.saturating_mul(2);
        }
        let source = Metered::new(Arc::clone(&bytes));
        let inner = match caught(|| hdf5_pure::File::from_source(source)) {
            Ok(inner) => inner,
            Err(Some(Error::FileMarkedInUse(_))) => {
                return Err(damaged("another program is still writing this file, or stopped while it did"));
            }
            Err(_) => return Err(damaged("the HDF5 file is damaged or cut off; copy or download it again")),
        };
        if inner.superblock().eof_address > bytes.size() {
            return Err(damaged("the HDF5 file is damaged or cut off; copy or download it again"));
        }
        Ok(Self { path: path.to_path_buf(), inner, bytes })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.bytes.size()
    }

    /// What lies at `path` ("matrix/features/id"); `None` when nothing does.
    ///
    /// # Errors
    /// [`FileError`] when the file is damaged there.
    pub fn kind(&self, path: &str) -> Result<Option<ObjectKind>, FileError> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Ok(Some(ObjectKind::Group));
        }
        match caught(|| self.inner.dataset(path)) {
            Ok(_) => Ok(Some(ObjectKind::Dataset)),
            Err(Some(Error::Format(FormatError::PathNotFound(_)) | Error::NotAGroup(_))) => Ok(None),
            Err(_) => match caught(|| self.inner.group(path)) {
                Ok(_) => Ok(Some(ObjectKind::Group)),
                Err(Some(Error::Format(FormatError::PathNotFound(_)) | Error::NotAGroup(_))) => Ok(None),
                Err(error) => Err(self.refused(path, error)),
            },
        }
    }

    /// Whether there is anything at `path`; false also where the file is too damaged to say.
    pub fn has(&self, path: &str) -> bool {
        matches!(self.kind(path), Ok(Some(_)))
    }

    /// What is in a group, sorted by name.
    ///
    /// # Errors
    /// [`FileError`] when there is no such group, or the file is damaged there.
    pub fn children(&self, path: &str) -> Result<Vec<(String, ObjectKind)>, FileError> {
        let listed = caught(|| {
            let group = self.group(path)?;
            let datasets = group.datasets()?.into_iter().map(|name| (name, ObjectKind::Dataset));
            let groups = group.groups()?.into_iter().map(|name| (name, ObjectKind::Group));
            Ok(datasets.chain(groups).collect::<Vec<_>>())
        });
        let mut children = listed.map_err(|e| self.refused(path, e))?;
        children.sort_by(|a, b| a.0.cmp(&b.0));
        children.dedup_by(|a, b| a.0 == b.0);
        Ok(children)
    }

    fn group(&self, path: &str) -> Result<hdf5_pure::Group, Error> {
        match path.trim_matches('/') {
            "" => Ok(self.inner.root()),
            path => self.inner.group(path),
        }
    }

    /// The attributes of a group or a dataset.
    ///
    /// # Errors
    /// [`FileError`] when there is nothing at `path`, or the file is damaged there.
    pub fn attributes(&self, path: &str) -> Result<Attributes, FileError> {
        let read = match self.kind(path)? {
            Some(ObjectKind::Group) => caught(|| self.group(path)?.attrs()),
            Some(ObjectKind::Dataset) => caught(|| self.inner.dataset(path.trim_matches('/'))?.attrs()),
            None => return Err(self.absent(path)),
        };
        Ok(Attributes::new(read.map_err(|e| self.refused(path, e))?))
    }

    /// The dataset at `path`.
    ///
    /// # Errors
    /// [`FileError`] when there is none, when it claims more than the file can hold, or the file is damaged.
    pub fn dataset(&self, path: &str) -> Result<Dataset<'_>, FileError> {
        let path = path.trim_matches('/');
        match caught(|| self.inner.dataset(path)) {
            Ok(inner) => Dataset::new(self, path, inner),
            Err(Some(Error::Format(FormatError::PathNotFound(_)))) => Err(self.absent(path)),
            Err(Some(Error::NotADataset(_))) => Err(self.wrong(path, "this is a group, not an array")),
            Err(error) => Err(self.refused(path, error)),
        }
    }

    /// The offset of everything in the file, and whether addresses and lengths are of 8 bytes.
    pub(super) fn addressing(&self) -> Option<u64> {
        let block = self.inner.superblock();
        (block.offset_size == 8 && block.length_size == 8).then(|| block.base_address.get())
    }

    fn absent(&self, path: &str) -> FileError {
        FileError::malformed(&self.path, format!("there is no {path} in the file; it is incomplete"))
    }

    /// What lies at `path` is not as it should be.
    pub fn wrong(&self, path: &str, message: impl fmt::Display) -> FileError {
        let path = path.trim_matches('/');
        let place = if path.is_empty() { "the file" } else { path };
        FileError::malformed(&self.path, format!("{place}: {message}"))
    }

    /// The library could not read what lies at `path`; `None` when it panicked.
    pub(super) fn refused(&self, path: &str, error: Option<Error>) -> FileError {
        match error {
            Some(Error::Format(FormatError::PathNotFound(_))) => self.absent(path),
            // Version 5 of the message, for chunks of 4 GiB and more.
            Some(Error::Format(FormatError::InvalidLayoutVersion(5..))) => self.wrong(
                path,
                "this is in a form that only HDF5 2.0 and later know; save the file again without libver=\"latest\"",
            ),
            Some(Error::Format(e))
                if ["Unsupported", "Version"].iter().any(|w| format!("{e:?}").contains(w)) =>
            {
                self.wrong(
                    path,
                    "this is in a form of HDF5 that cannot be read here; save it for older programs",
                )
            }
            _ => self.wrong(path, "the file is damaged here; copy or download it again"),
        }
    }
}

/// Runs something of the library. It refuses what is malformed as far as is known, but it is large and reads
/// bytes that anyone may have written: should it ever panic, that is one more damaged file to the user, not
/// the end of the application. `None` stands for a panic.
pub(super) fn caught<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Option<Error>> {
    match fault::caught(f) {
        Some(result) => result.map_err(Some),
        None => Err(None),
    }
}
