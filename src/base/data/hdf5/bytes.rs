//! Where the bytes of a file come from, and how many of them its structure may cost.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_pure::{FormatError, Source};

use crate::core::files::FileError;

/// Bytes that can be read anywhere, from several threads at once.
pub trait ReadAt: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;
    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// What the operating system says; the end of the file when it comes too early.
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|start| self.get(start..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A file on disk, whose size is what it was when it was opened.
struct Opened {
    file: fs::File,
    size: u64,
}

impl ReadAt for Opened {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn fill(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => {
                    buffer = &mut buffer[n..];
                    offset += n as u64;
                }
            }
        }
        Ok(())
    }
}

/// Opens a file on disk.
pub(super) fn open(path: &Path) -> Result<Arc<dyn ReadAt>, FileError> {
    let file = fs::File::open(path).map_err(FileError::io("read", path))?;
    let about = file.metadata().map_err(FileError::io("read", path))?;
    if about.is_dir() {
        return Err(FileError::io("read", path)(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Arc::new(Opened { file, size: about.len() }))
}

/// The bytes as `hdf5-pure` reads them. Links and indices of a damaged file may lead in circles; each step of
/// such a walk reads something, so a limit on all that is read ends it. A sound file stays far below.
pub(super) struct Metered {
    bytes: Arc<dyn ReadAt>,
    read: AtomicU64,
    limit: u64,
}

impl Metered {
    pub(super) fn new(bytes: Arc<dyn ReadAt>) -> Self {
        const MIN_BUDGET: u64 = 64 << 20;
        let limit = bytes.size().saturating_mul(16).saturating_add(MIN_BUDGET);
        Self { bytes, read: AtomicU64::new(0), limit }
    }
}

impl Source for Metered {
    fn len(&self) -> u64 {
        self.bytes.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        let length = buffer.len() as u64;
        let end = offset.checked_add(length).ok_or(FormatError::OffsetOverflow { offset, length })?;
        let early = FormatError::UnexpectedEof {
            expected: usize::try_from(end).unwrap_or(usize::MAX),
            available: usize::try_from(self.len()).unwrap_or(usize::MAX),
        };
        // A read of nothing still counts as a step.
        let before = self.read.fetch_add(length.max(16), Ordering::Relaxed);
        if end > self.len() || before > self.limit {
            return Err(early);
        }
        self.bytes.fill(offset, buffer).map_err(|_| early)
    }
}
