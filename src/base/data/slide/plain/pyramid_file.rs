//! The pyramid of a large image as a tiled BigTIFF, written once and kept.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rayon::prelude::*;
use tempfile::NamedTempFile;

use super::build::{TILE, TileSink};
use crate::core::files::FileError;
use crate::data::slide::SlideError;
use crate::data::slide::bytes::ByteSource;
use crate::data::slide::levels::{Page, TiffLevel, TiffPyramid};
use crate::data::slide::source::{SlideFormat, Tile};
use crate::data::slide::tiff::{TiffFile, tags};

/// Pyramids of more pixels are packed; smaller ones are read and written faster as they are.
const MAX_UNPACKED_PIXELS: u64 = 200_000_000;
const DEFLATE: u16 = 8;
const NONE: u16 = 1;

#[derive(Debug)]
struct LevelPlaces {
    size: (u32, u32),
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

/// A pyramid that is being written.
#[derive(Debug)]
pub struct PyramidFile {
    slide: PathBuf,
    kept: Option<PathBuf>,
    writer: BufWriter<Target>,
    at: u64,
    compression: u16,
    skip_base: bool,
    levels: Vec<LevelPlaces>,
}

/// A file with a name to be renamed, or one without that goes when it is closed.
#[derive(Debug)]
enum Target {
    Named(NamedTempFile),
    Unnamed(File),
}

impl Target {
    fn file(&mut self) -> &mut File {
        match self {
            Self::Named(named) => named.as_file_mut(),
            Self::Unnamed(file) => file,
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl PyramidFile {
    /// Opens the pyramid at `kept` of the image at `slide`.
    ///
    /// # Errors
    /// [`SlideError`] when there is none, or it is damaged.
    pub fn open(kept: &Path, slide: &Path) -> Result<TiffPyramid, SlideError> {
        let file = File::open(kept).map_err(FileError::io("open", kept))?;
        Self::from_file(file, slide)
    }

    fn from_file(file: File, slide: &Path) -> Result<TiffPyramid, SlideError> {
        let bytes = ByteSource::from_file(slide, file)?;
        let file = TiffFile::open(Arc::new(bytes))?;
        let pages = file
            .directories()
            .iter()
            .map(|d| Page::read(&file, d).map(|p| Box::new(p) as Box<dyn TiffLevel>));
        let levels = pages.collect::<Result<_, _>>()?;
        let mut pyramid = TiffPyramid::new(file, SlideFormat::Memory, levels);
        pyramid.set_downsamples(|index| (index as f64).exp2());
        Ok(pyramid)
    }

    /// Starts a pyramid of the image at `slide`, of `size`, to be kept at `kept`, or for as long as it is open.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written.
    pub fn create(
        kept: Option<&Path>,
        slide: &Path,
        size: (u32, u32),
        skip_base: bool,
    ) -> Result<Self, FileError> {
        let target = match kept {
            Some(kept) => {
                let folder = kept.parent().unwrap_or(Path::new("."));
                std::fs::create_dir_all(folder).map_err(FileError::io("write", folder))?;
                let named = tempfile::Builder::new().prefix(".hiscmcl-").tempfile_in(folder);
                Target::Named(named.map_err(FileError::io("write", folder))?)
            }
            None => {
                let folder = std::env::temp_dir();
                Target::Unnamed(tempfile::tempfile_in(&folder).map_err(FileError::io("write", &folder))?)
            }
        };
        let pixels = u64::from(size.0) * u64::from(size.1);
        let compression = if pixels > MAX_UNPACKED_PIXELS { DEFLATE } else { NONE };
        let mut pyramid = Self {
            slide: slide.to_path_buf(),
            kept: kept.map(Path::to_path_buf),
            writer: BufWriter::with_capacity(1 << 20, target),
            at: 0,
            compression,
            skip_base,
            levels: Vec::new(),
        };
        // The place of the first directory is filled in at the end.
        pyramid.write(b"II\x2B\0\x08\0\0\0\0\0\0\0\0\0\0\0")?;
        Ok(pyramid)
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> FileError + use<> {
        let path = self.kept.clone().unwrap_or_else(std::env::temp_dir);
        move |error| FileError::io("write", &path)(error)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.writer.write_all(bytes).map_err(self.failed())?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes the directories, gives the file its name and opens it.
    ///
    /// # Errors
    /// [`SlideError`] when it cannot be written.
    pub fn finish(mut self) -> Result<TiffPyramid, SlideError> {
        let mut directories = Vec::new();
        for level in std::mem::take(&mut self.levels) {
            self.align()?;
            let offsets_at = self.at;
            let mut list = |numbers: &[u64]| -> Result<(), FileError> {
                let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
                self.write(&bytes)
            };
            list(&level.offsets)?;
            list(&level.lengths)?;
            directories.push((level, offsets_at));
        }
        let first = self.at;
        for (index, (level, offsets_at)) in directories.iter().enumerate() {
            let bytes = directory(level, *offsets_at, self.compression, index > 0 || self.skip_base);
            // Every directory has the same length; behind it stands where the next one is.
            let next = if index + 1 < directories.len() { self.at + bytes.len() as u64 + 8 } else { 0 };
            self.write(&bytes)?;
            self.write(&next.to_le_bytes())?;
        }
        self.writer.flush().map_err(self.failed())?;
        let failed = self.failed();
        let (target, _) = self.writer.into_parts();
        let file = place_first_directory(target, first, self.kept.as_deref()).map_err(failed)?;
        Self::from_file(file, &self.slide)
    }

    fn align(&mut self) -> Result<(), FileError> {
        let padding = (8 - self.at % 8) % 8;
        self.write(&[0; 8][..padding as usize])
    }
}

/// Fills in where the first directory is, and gives the file the name under which it is kept.
fn place_first_directory(mut target: Target, first: u64, kept: Option<&Path>) -> io::Result<File> {
    let file = target.file();
    file.seek(io::SeekFrom::Start(8))?;
    file.write_all(&first.to_le_bytes())?;
    match (target, kept) {
        (Target::Named(named), Some(kept)) => {
            named.as_file().sync_all()?;
            named.persist(kept).map_err(|e| e.error)?;
            File::open(kept)
        }
        (Target::Named(named), None) => Ok(named.into_file()),
        (Target::Unnamed(file), _) => Ok(file),
    }
}

/// A directory of BigTIFF without the offset that follows it.
fn directory(level: &LevelPlaces, offsets_at: u64, compression: u16, is_reduced: bool) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const LONG8: u16 = 16;
    let count = level.offsets.len() as u64;
    // A single value stands in the entry itself.
    let list = |numbers: &[u64], at: u64| if count == 1 { numbers.first().copied().unwrap_or(0) } else { at };
    let (tile, (width, height)) = (u64::from(TILE), level.size);
    // Three times 8, as 16-bit numbers.
    let bits = 0x0008_0008_0008;
    let entries: [(u16, u16, u64, u64); 12] = [
        (tags::NEW_SUBFILE_TYPE, LONG, 1, u64::from(is_reduced)),
        (tags::IMAGE_WIDTH, LONG, 1, u64::from(width)),
        (tags::IMAGE_LENGTH, LONG, 1, u64::from(height)),
        (tags::BITS_PER_SAMPLE, SHORT, 3, bits),
        (tags::COMPRESSION, SHORT, 1, u64::from(compression)),
        (tags::PHOTOMETRIC, SHORT, 1, 2),
        (tags::SAMPLES_PER_PIXEL, SHORT, 1, 3),
        (tags::PLANAR_CONFIGURATION, SHORT, 1, 1),
        (tags::TILE_WIDTH, LONG, 1, tile),
        (tags::TILE_LENGTH, LONG, 1, tile),
        (tags::TILE_OFFSETS, LONG8, count, list(&level.offsets, offsets_at)),
        (tags::TILE_BYTE_COUNTS, LONG8, count, list(&level.lengths, offsets_at + 8 * count)),
    ];
    let mut bytes = (entries.len() as u64).to_le_bytes().to_vec();
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// A tile as it is stored: as large as all others, perhaps packed.
fn stored(tile: &Tile, compression: u16) -> io::Result<Vec<u8>> {
    let mut whole = Tile::filled(TILE, TILE, [255; 3]);
    whole.paste(tile, 0, 0);
    if compression == NONE {
        return Ok(whole.rgb);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&whole.rgb)?;
    encoder.finish()
}

impl TileSink for PyramidFile {
    fn put(&mut self, level: usize, size: (u32, u32), tiles: Vec<Tile>) -> Result<(), SlideError> {
        while self.levels.len() <= level {
            self.levels.push(LevelPlaces { size, offsets: Vec::new(), lengths: Vec::new() });
        }
        let compression = self.compression;
        let packed = tiles.par_iter().map(|tile| stored(tile, compression)).collect::<io::Result<Vec<_>>>();
        for bytes in packed.map_err(self.failed())? {
            let offset = self.at;
            self.write(&bytes)?;
            if let Some(places) = self.levels.get_mut(level) {
                places.size = size;
                places.offsets.push(offset);
                places.lengths.push(bytes.len() as u64);
            }
        }
        Ok(())
    }
}
