//! Bounded reads at any position of a file, from many threads at once.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::files::FileError;

/// A file, or the same in memory. Reads name no position twice: there is no cursor, so threads share it.
#[derive(Debug)]
pub struct ByteSource {
    path: PathBuf,
    length: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    File(File),
    Memory(Arc<[u8]>),
}

impl ByteSource {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::from_file(path, File::open(path).map_err(FileError::io("open", path))?)
    }

    /// A file that is open already; `path` is for messages.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be read.
    pub fn from_file(path: &Path, file: File) -> Result<Self, FileError> {
        let about = file.metadata().map_err(FileError::io("read", path))?;
        if about.is_dir() {
            return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self { path: path.to_path_buf(), length: about.len(), content: Content::File(file) })
    }

    /// The content of `path`, already in memory: of a packed file, say.
    pub fn in_memory(path: &Path, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { path: path.to_path_buf(), length: bytes.len() as u64, content: Content::Memory(bytes) }
    }

    /// The file, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in all.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of it that lie in memory.
    pub fn memory_bytes(&self) -> u64 {
        match &self.content {
            Content::File(_) => 0,
            Content::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Exactly `length` bytes from `offset` on; nothing is allocated unless the file holds them.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the file ends before, or what the operating system says.
    pub fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let within = offset.checked_add(length).is_some_and(|end| end <= self.length);
        let size = usize::try_from(length).ok().filter(|_| within);
        let Some(size) = size else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        match &self.content {
            Content::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let piece = bytes.get(start..start.saturating_add(size));
                piece.map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            }
            Content::File(file) => {
                let mut bytes = Vec::new();
                bytes.try_reserve_exact(size).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
                bytes.resize(size, 0);
                read_exact_at(file, &mut bytes, offset)?;
                Ok(bytes)
            }
        }
    }

    /// At most `length` bytes from `offset` on, fewer where the file ends before.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_up_to(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let left = self.length.saturating_sub(offset);
        self.read(offset.min(self.length), length.min(left))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buffer = &mut std::mem::take(&mut buffer)[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_bounded_by_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        std::fs::write(&path, b"0123456789").unwrap();
        for source in [ByteSource::open(&path).unwrap(), ByteSource::in_memory(&path, *b"0123456789")] {
            assert_eq!(source.read(3, 4).unwrap(), b"3456");
            assert_eq!(source.read_up_to(8, 100).unwrap(), b"89");
            assert!(source.read_up_to(800, 100).unwrap().is_empty());
            for (offset, length) in [(0, 11), (u64::MAX, 2), (5, u64::MAX), (11, 0)] {
                let kind = source.read(offset, length).unwrap_err().kind();
                assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{offset} {length}");
            }
        }
        assert!(ByteSource::open(dir.path()).is_err());
    }
}
