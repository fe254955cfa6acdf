//! Where the values of an array lie in the file, and reading them: pieces of the file in one run, or chunks
//! that are unpacked side by side, each straight into its place.

use std::ops::Range;

use hdf5_pure::{ChunkIndex, Layout};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::dataset::{Dataset, DatasetError};
use super::file::{File, caught};
use super::filters;
use super::numbers::ConversionError;
use crate::core::files::FileError;

/// Values without stored bytes (never written, all the same) may take so much.
const MAX_UNSTORED: u64 = 64 << 20;
/// A single chunk of more is no chunk.
const MAX_CHUNK: u64 = 1 << 30;
/// Bytes read of a run at a time.
const PIECE: usize = 1 << 20;

/// Where and how the values are stored. The sizes have been compared with the size of the file.
pub(super) struct Storage {
    /// Bytes of a value.
    pub(super) element_size: usize,
    /// Values of a row.
    pub(super) row_len: usize,
    kind: StorageKind,
}

enum StorageKind {
    /// No values at all.
    Nothing,
    /// One run of bytes.
    Run { address: u64 },
    /// Chunks, each at a place of its own.
    Chunks(Chunks),
    /// Small or rare: the library reads them.
    Library,
}

struct Chunks {
    /// Extent of a chunk along each axis.
    shape: Vec<usize>,
    /// Bytes of an unpacked chunk.
    size: usize,
    filters: Vec<u16>,
    /// Chunks that begin at the same row, by row.
    bands: Vec<Vec<Chunk>>,
}

struct Chunk {
    /// Where it begins along each axis.
    offset: Vec<usize>,
    address: u64,
    stored: usize,
    skipped: u32,
}

impl Storage {
    pub(super) fn new(
        file: &File,
        path: &str,
        inner: &hdf5_pure::Dataset,
        shape: &[u64],
        element_size: u64,
    ) -> Result<Self, FileError> {
        let too_large = || {
            let shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
            file.wrong(
                path,
                format!("{shape} values are more than a file of this size can hold; it is damaged"),
            )
        };
        let product = |of: &[u64]| of.iter().try_fold(1u64, |a, &b| a.checked_mul(b));
        let total = product(shape).and_then(|n| n.checked_mul(element_size)).ok_or_else(too_large)?;
        let row_len = product(shape.get(1..).unwrap_or_default()).ok_or_else(too_large)?;
        let size = file.size();
        if total > size.saturating_mul(filters::MAX_EXPANSION).max(MAX_UNSTORED) {
            return Err(too_large());
        }
        let element_size = usize::try_from(element_size).map_err(|_| too_large())?;
        let row_len = usize::try_from(row_len).map_err(|_| too_large())?;
        let with = |kind| Ok(Self { element_size, row_len, kind });
        if total == 0 {
            return with(StorageKind::Nothing);
        }
        match caught(|| inner.layout()).map_err(|e| file.refused(path, e))? {
            Layout::Contiguous { address: Some(address), size: stored } => {
                let end = address.checked_add(stored).filter(|&end| end <= size && stored >= total);
                end.ok_or_else(too_large)?;
                with(StorageKind::Run { address })
            }
            Layout::Chunked { index: ChunkIndex::BTreeV2, .. } => Err(file.wrong(
                path,
                "an array that can grow along several axes cannot be read here; save the file again without \
                 libver=\"latest\"",
            )),
            Layout::Chunked { chunk_shape, .. } => {
                let filters = caught(|| Ok(inner.filters())).map_err(|e| file.refused(path, e))?;
                let chunk_values = product(&chunk_shape).and_then(|n| n.checked_mul(element_size as u64));
                let chunk_size =
                    chunk_values.filter(|n| (1..=MAX_CHUNK).contains(n)).ok_or_else(too_large)?;
                // A single value cannot be in chunks.
                if shape.is_empty() || chunk_shape.len() != shape.len() {
                    return Err(file.wrong(path, "the file is damaged here; copy or download it again"));
                }
                let grid = shape.iter().zip(&chunk_shape).map(|(&n, &c)| n.div_ceil(c));
                let grid = grid.reduce(|a, b| a.saturating_mul(b)).unwrap_or(1);
                // Each chunk has at least an address in the index.
                if grid > (size / 8).max(1) {
                    return Err(too_large());
                }
                match Chunks::new(inner, shape, &chunk_shape, chunk_size, size, grid, filters.clone()) {
                    Some(chunks) => with(StorageKind::Chunks(chunks)),
                    // The library knows another filter, and what unwritten values are.
                    None if filters.iter().all(|&f| filters::known_to_library(f))
                        && total <= MAX_UNSTORED
                        && chunk_size <= MAX_UNSTORED
                        && inside(inner, size) =>
                    {
                        with(StorageKind::Library)
                    }
                    None if !filters::known(&filters) => {
                        let unknown = filters.iter().find(|&&f| !filters::known(&[f]));
                        let name = unknown.map(|&f| filters::name(f)).unwrap_or_default();
                        Err(file.wrong(
                            path,
                            format!(
                                "it is compressed with {name}, which cannot be read here; save it with gzip"
                            ),
                        ))
                    }
                    None => {
                        Err(file
                            .wrong(path, "parts of the array are missing or damaged; copy the file again"))
                    }
                }
            }
            _ if total <= MAX_UNSTORED => with(StorageKind::Library),
            _ => Err(too_large()),
        }
    }

    /// Rows of a chunk.
    pub(super) fn chunk_rows(&self) -> Option<u64> {
        match &self.kind {
            StorageKind::Chunks(chunks) => chunks.shape.first().map(|&r| r as u64),
            _ => None,
        }
    }
}

impl Chunks {
    /// `None` when something is missing or unknown, so that chunks cannot be read one by one.
    fn new(
        inner: &hdf5_pure::Dataset,
        shape: &[u64],
        chunk_shape: &[u64],
        chunk_size: u64,
        file_size: u64,
        grid: u64,
        filters: Vec<u16>,
    ) -> Option<Self> {
        if !filters::known(&filters) {
            return None;
        }
        let found = caught(|| inner.chunks()).ok()?;
        if found.len() as u64 != grid {
            return None;
        }
        let small =
            |values: &[u64]| values.iter().map(|&v| usize::try_from(v).ok()).collect::<Option<Vec<_>>>();
        let mut claimed = 0u64;
        let mut chunks = Vec::new();
        for chunk in found {
            let placed = chunk.offset.len() == shape.len()
                && chunk.offset.iter().zip(shape).all(|(o, n)| o < n)
                && chunk.offset.iter().zip(chunk_shape).all(|(o, c)| o.is_multiple_of(*c));
            claimed = claimed.checked_add(chunk.storage_size)?;
            let inside = chunk.address.checked_add(chunk.storage_size)? <= file_size;
            let most =
                chunk.storage_size.saturating_mul(filters::most_expansion(&filters)).saturating_add(64);
            // Chunks that share bytes of the file could claim any amount of memory.
            if !placed || !inside || most < chunk_size || claimed > file_size {
                return None;
            }
            chunks.push(Chunk {
                offset: small(&chunk.offset)?,
                address: chunk.address,
                stored: usize::try_from(chunk.storage_size).ok()?,
                skipped: chunk.filter_mask,
            });
        }
        chunks.sort_by(|a, b| a.offset.cmp(&b.offset));
        // As many as the grid has, none twice: so none is missing.
        if chunks.windows(2).any(|pair| pair[0].offset == pair[1].offset) {
            return None;
        }
        let mut bands: Vec<Vec<Chunk>> = Vec::new();
        for chunk in chunks {
            match bands.last_mut() {
                Some(band) if band.first().is_some_and(|f| f.offset.first() == chunk.offset.first()) => {
                    band.push(chunk);
                }
                _ => bands.push(vec![chunk]),
            }
        }
        Some(Self { shape: small(chunk_shape)?, size: usize::try_from(chunk_size).ok()?, filters, bands })
    }
}

/// Whether all chunks lie in the file and claim no more than it has: the library takes the stored size of a chunk
/// as it is written there, and makes room for it.
fn inside(inner: &hdf5_pure::Dataset, file_size: u64) -> bool {
    let Ok(chunks) = caught(|| inner.chunks()) else { return false };
    let ends =
        |c: &hdf5_pure::Chunk| c.address.checked_add(c.storage_size).is_some_and(|end| end <= file_size);
    let claimed = chunks.iter().try_fold(0u64, |sum, c| sum.checked_add(c.storage_size));
    chunks.iter().all(ends) && claimed.is_some_and(|sum| sum <= file_size)
}

/// Turns the stored bytes of some values into `out`, which has `per_value` places for each.
type Convert<'f, T> = &'f (dyn Fn(&[u8], &mut [T]) -> Result<(), ConversionError> + Sync);

impl Dataset<'_> {
    /// The values of some rows; each takes `per_value` places of the result.
    pub(super) fn values<T: Copy + Default + Send + Sync>(
        &self,
        rows: Range<u64>,
        per_value: usize,
        convert: impl Fn(&[u8], &mut [T]) -> Result<(), ConversionError> + Sync,
    ) -> Result<Vec<T>, DatasetError> {
        let clamp = |row: u64| usize::try_from(row.min(self.rows())).map_err(|_| DatasetError::Memory);
        let rows = clamp(rows.start)?..clamp(rows.end)?;
        let wanted = rows.len().checked_mul(self.storage.row_len).and_then(|n| n.checked_mul(per_value));
        let wanted = wanted.ok_or(DatasetError::Memory)?;
        let mut out = Vec::new();
        out.try_reserve_exact(wanted).map_err(|_| DatasetError::Memory)?;
        out.resize(wanted, T::default());
        if out.is_empty() {
            return Ok(out);
        }
        match &self.storage.kind {
            StorageKind::Nothing => {}
            StorageKind::Run { address } => self.run(*address, rows.start, per_value, &convert, &mut out)?,
            StorageKind::Chunks(chunks) => self.chunks(chunks, rows, per_value, &convert, &mut out)?,
            StorageKind::Library => {
                let read = caught(|| self.inner.read_raw_rows(rows.start as u64, rows.len() as u64));
                let bytes = read.map_err(|_| DatasetError::Damaged(None))?;
                if Some(bytes.len()) != (wanted / per_value).checked_mul(self.storage.element_size) {
                    return Err(DatasetError::Damaged(None));
                }
                convert(&bytes, &mut out).map_err(DatasetError::Conversion)?;
            }
        }
        Ok(out)
    }

    fn run<T>(
        &self,
        address: u64,
        first_row: usize,
        per_value: usize,
        convert: Convert<'_, T>,
        out: &mut [T],
    ) -> Result<(), DatasetError> {
        let size = self.storage.element_size;
        let damaged = || DatasetError::Damaged(None);
        let skipped = first_row.checked_mul(self.storage.row_len).and_then(|n| n.checked_mul(size));
        let mut at = address.checked_add(skipped.ok_or_else(damaged)? as u64).ok_or_else(damaged)?;
        let values = (PIECE / size).max(1);
        let mut bytes = Vec::new();
        for piece in out.chunks_mut(values.saturating_mul(per_value)) {
            bytes.resize(piece.len() / per_value * size, 0);
            self.file.bytes.fill(at, &mut bytes).map_err(|_| damaged())?;
            convert(&bytes, piece).map_err(DatasetError::Conversion)?;
            at = at.saturating_add(bytes.len() as u64);
        }
        Ok(())
    }

    fn chunks<T: Send>(
        &self,
        chunks: &Chunks,
        rows: Range<usize>,
        per_value: usize,
        convert: Convert<'_, T>,
        out: &mut [T],
    ) -> Result<(), DatasetError> {
        let height = chunks.shape.first().copied().unwrap_or(1);
        let mut jobs = Vec::new();
        let mut rest = out;
        for band in &chunks.bands {
            let start = band.first().and_then(|c| c.offset.first()).copied().unwrap_or(0);
            let inside = rows.start.max(start)..rows.end.min(start.saturating_add(height));
            if inside.is_empty() {
                continue;
            }
            // Bands are in order and leave no row out, so their rows follow each other in the result.
            let places = inside.len().saturating_mul(self.storage.row_len).saturating_mul(per_value);
            let (mine, others) = rest.split_at_mut_checked(places).ok_or(DatasetError::Damaged(None))?;
            rest = others;
            jobs.push((band, inside, mine));
        }
        jobs.into_par_iter().try_for_each(|(band, inside, mine)| {
            for chunk in band {
                self.place(chunks, chunk, &inside, per_value, convert, mine)?;
            }
            Ok(())
        })
    }

    /// Unpacks a chunk and writes what of it lies in `rows` to `out`, which holds just these rows.
    fn place<T>(
        &self,
        chunks: &Chunks,
        chunk: &Chunk,
        rows: &Range<usize>,
        per_value: usize,
        convert: Convert<'_, T>,
        out: &mut [T],
    ) -> Result<(), DatasetError> {
        let damaged = || {
            DatasetError::Damaged(Some(
                "a compressed part is damaged; copy or download the file again".into(),
            ))
        };
        let size = self.storage.element_size;
        let mut stored = Vec::new();
        stored.try_reserve_exact(chunk.stored).map_err(|_| DatasetError::Memory)?;
        stored.resize(chunk.stored, 0);
        self.file.bytes.fill(chunk.address, &mut stored).map_err(|_| damaged())?;
        let bytes =
            filters::undo(stored, &chunks.filters, chunk.skipped, size, chunks.size).ok_or_else(damaged)?;

        // Extent of the array and of the part of it that the chunk covers, along each axis.
        let extent = |axis: usize| usize::try_from(self.shape[axis]).unwrap_or(usize::MAX);
        let rank = chunks.shape.len();
        let covered: Vec<usize> =
            (0..rank).map(|a| chunks.shape[a].min(extent(a) - chunk.offset[a])).collect();
        let mut from = vec![0; rank];
        let mut end = covered.clone();
        from[0] = rows.start - chunk.offset[0];
        end[0] = covered[0].min(rows.end - chunk.offset[0]);
        // Runs along the last axis; of a list, the whole piece.
        let last = rank - 1;
        let run = end[last] - from[last];
        let mut index = from.clone();
        loop {
            let mut source = 0;
            let mut target = 0;
            for (axis, &at) in index.iter().enumerate() {
                source = source * chunks.shape[axis] + at;
                let start = if axis == 0 { rows.start } else { 0 };
                let width = if axis == 0 { rows.len() } else { extent(axis) };
                target = target * width + (chunk.offset[axis] + at - start);
            }
            let bytes = bytes.get(source * size..(source + run) * size).ok_or_else(damaged)?;
            let out = out.get_mut(target * per_value..(target + run) * per_value).ok_or_else(damaged)?;
            convert(bytes, out).map_err(DatasetError::Conversion)?;
            // The next run, the last but one axis fastest.
            let Some(axis) = (0..last).rev().find(|&a| index[a] + 1 < end[a]) else { return Ok(()) };
            index[axis] += 1;
            index[axis + 1..last].copy_from_slice(&from[axis + 1..last]);
        }
    }
}
