//! A level that is one long JPEG, as Hamamatsu writes them. Restart markers cut it into segments that can be decoded by
//! themselves; neighbouring ones are put together to tiles.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::TiffLevel;
use crate::data::slide::codec::CodecError;
use crate::data::slide::codec::jpeg::{JpegColor, JpegStream, decode_stream};
use crate::data::slide::source::Tile;
use crate::data::slide::tiff::{Directory, Problem, TiffError, TiffFile, tags};

/// Side that tiles should have.
const TILE: u32 = 512;
/// A segment wider than this cannot be a part of a tile.
const MAX_SEGMENT_WIDTH: u32 = 16_384;
/// The header of a stream lies within so much.
const MAX_HEADER: u64 = 1 << 20;
/// A level without restart markers must be decoded as a whole and is kept; larger ones are not read.
const MAX_WHOLE_PIXELS: u64 = 1 << 26;
/// A segment takes no more bytes for each of its pixels.
const MAX_BYTES_PER_PIXEL: u64 = 8;

/// One JPEG with restart markers.
#[derive(Debug)]
pub struct LongJpeg {
    size: (u32, u32),
    /// Where the stream begins in the file, and its length.
    offset: u64,
    length: u64,
    header: Vec<u8>,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    /// Tiles of `across` x `down` segments.
    Segments { segment: (u32, u32), columns: u32, across: u32, down: u32, starts: Starts },
    /// No usable restart markers.
    Whole(Mutex<Option<Arc<Tile>>>),
}

/// Where segments begin, counted from the start of the stream.
#[derive(Debug)]
struct Starts {
    directory: Directory,
    count: u64,
    /// Found by looking for markers, where the file does not list them.
    found: OnceLock<Result<Vec<u64>, CodecError>>,
}

impl LongJpeg {
    /// The level that `directory` describes: its size stands in the tags, because a JPEG cannot hold it.
    ///
    /// # Errors
    /// [`TiffError`] when it is no JPEG, is damaged, or cannot be read in parts.
    pub fn read(file: &TiffFile, directory: &Directory) -> Result<Self, TiffError> {
        let error = |tag, problem| TiffError::tag(file.path(), directory.index(), tag, problem);
        let size = directory.size(file)?;
        let compression = directory.number_or(file, tags::COMPRESSION, 7)?;
        if compression != 7 {
            let says =
                "JPEG XR cannot be read; export the slide from NDP.view as JPEG-compressed TIFF".to_owned();
            return Err(error(tags::COMPRESSION, Problem::Unsupported(says)));
        }
        let offset = directory.required(file, tags::STRIP_OFFSETS)?;
        let length = directory.required(file, tags::STRIP_BYTE_COUNTS)?;
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > file.bytes().length()) {
            return Err(error(tags::STRIP_BYTE_COUNTS, Problem::CutOff));
        }
        let header = file.bytes().read(offset, length.min(MAX_HEADER));
        let mut header = header.map_err(|e| error(tags::STRIP_OFFSETS, e.into()))?;
        let damaged = |e: CodecError| {
            error(tags::STRIP_OFFSETS, Problem::Unsupported(format!("its JPEG cannot be read: {e}")))
        };
        let stream = JpegStream::parse(&header).map_err(damaged)?;
        let (unit, interval) = (stream.frame.unit(), u32::from(stream.restart_interval));
        let data_at = stream.data_at;
        let units_across = size.0.div_ceil(unit.0);
        let segment = (interval * unit.0, unit.1);
        let can_split =
            interval > 0 && units_across.is_multiple_of(interval) && segment.0 <= MAX_SEGMENT_WIDTH;
        let layout = if can_split {
            let columns = units_across / interval;
            let count = u64::from(columns) * u64::from(size.1.div_ceil(unit.1));
            let across = (TILE / segment.0).clamp(1, columns);
            let down = (TILE / segment.1).max(1);
            let starts = Starts { directory: directory.clone(), count, found: OnceLock::new() };
            Layout::Segments { segment, columns, across, down, starts }
        } else if u64::from(size.0) * u64::from(size.1) <= MAX_WHOLE_PIXELS {
            Layout::Whole(Mutex::default())
        } else {
            let says = format!(
                "a JPEG of {} x {} pixels without restart markers cannot be read in parts",
                size.0, size.1
            );
            return Err(error(tags::STRIP_OFFSETS, Problem::Unsupported(says)));
        };
        header.truncate(data_at);
        Ok(Self { size, offset, length, header, layout })
    }

    fn whole(&self, file: &TiffFile, kept: &Mutex<Option<Arc<Tile>>>) -> Result<Arc<Tile>, CodecError> {
        // Held while decoding, so that it is decoded once.
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = kept.as_ref() {
            return Ok(Arc::clone(whole));
        }
        let bytes = file.bytes().read(self.offset, self.length).map_err(|e| CodecError::File(e.into()))?;
        let stream = JpegStream::parse(&bytes)?;
        let side = |v: u32| {
            u16::try_from(v).map_err(|_| CodecError::Damaged("it is too wide for a JPEG".to_owned()))
        };
        let size = (side(self.size.0)?, side(self.size.1)?);
        let tile =
            decode_stream(&stream, &[], JpegColor::YCbCr, stream.scans, size, stream.restart_interval)?;
        let whole = Arc::new(tile);
        *kept = Some(Arc::clone(&whole));
        Ok(whole)
    }

    /// The coded data of the segments `first..first + count`, each without its marker.
    fn segments(
        &self,
        file: &TiffFile,
        starts: &Starts,
        first: u64,
        count: u64,
        most: u64,
    ) -> Result<Vec<Vec<u8>>, CodecError> {
        let mut bounds = self.starts(file, starts, first, (count + 1).min(starts.count - first))?;
        if bounds.len() as u64 == count {
            bounds.push(self.length);
        }
        let read = |from: u64, to: u64| {
            let length = to.checked_sub(from).filter(|&l| l <= most);
            let length =
                length.ok_or_else(|| CodecError::Damaged("its restart offsets make no sense".to_owned()))?;
            let at = self.offset.checked_add(from).ok_or(CodecError::CutOff)?;
            file.bytes().read(at, length).map_err(|e| CodecError::File(e.into()))
        };
        let mut segments = Vec::with_capacity(count as usize);
        for pair in bounds.windows(2) {
            let mut bytes = read(pair[0], pair[1])?;
            // Up to the marker that ends it: the next restart, or the end of the image.
            match bytes.as_slice() {
                [.., 0xFF, 0xD0..=0xD7 | 0xD9] => bytes.truncate(bytes.len() - 2),
                _ => {
                    let end =
                        bytes.windows(2).rposition(|w| w[0] == 0xFF && matches!(w[1], 0xD0..=0xD7 | 0xD9));
                    bytes.truncate(end.unwrap_or(bytes.len()));
                }
            }
            segments.push(bytes);
        }
        Ok(segments)
    }

    fn starts(
        &self,
        file: &TiffFile,
        starts: &Starts,
        first: u64,
        count: u64,
    ) -> Result<Vec<u64>, CodecError> {
        let list = |tag| starts.directory.list(file, tag).map_err(|e| CodecError::File(e.problem));
        let range = |list: &crate::data::slide::tiff::NumberList| {
            list.range(file, first, count).map_err(|e| CodecError::File(e.problem))
        };
        let lows = list(tags::NDPI_RESTART_OFFSETS)?.filter(|l| l.len() >= starts.count);
        if let Some(lows) = lows {
            let mut offsets = range(&lows)?;
            if let Some(highs) = list(tags::NDPI_RESTART_OFFSETS_HIGH)?.filter(|l| l.len() >= starts.count) {
                for (offset, high) in offsets.iter_mut().zip(range(&highs)?) {
                    *offset |= high << 32;
                }
            }
            return Ok(offsets);
        }
        let all = starts
            .found
            .get_or_init(|| self.find_markers(file, starts.count))
            .as_ref()
            .map_err(Clone::clone)?;
        let (first, count) = (first as usize, count as usize);
        all.get(first..first + count).map(<[u64]>::to_vec).ok_or(CodecError::CutOff)
    }

    /// Where the data of each segment begin, by their markers.
    fn find_markers(&self, file: &TiffFile, count: u64) -> Result<Vec<u64>, CodecError> {
        const PIECE: u64 = 1 << 20;
        let mut starts = vec![self.header.len() as u64];
        let mut at = self.header.len() as u64;
        let mut last = 0;
        while at < self.length && (starts.len() as u64) < count {
            let piece = file.bytes().read(self.offset + at, PIECE.min(self.length - at));
            let piece = piece.map_err(|e| CodecError::File(e.into()))?;
            for (i, &byte) in piece.iter().enumerate() {
                if last == 0xFF && matches!(byte, 0xD0..=0xD7) {
                    starts.push(at + i as u64 + 1);
                }
                last = byte;
            }
            at += piece.len() as u64;
        }
        if (starts.len() as u64) < count {
            return Err(CodecError::CutOff);
        }
        Ok(starts)
    }
}

impl TiffLevel for LongJpeg {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn tile_size(&self) -> (u32, u32) {
        match &self.layout {
            Layout::Segments { segment, across, down, .. } => (segment.0 * across, segment.1 * down),
            Layout::Whole(_) => (TILE, TILE),
        }
    }

    fn read(&self, file: &TiffFile, col: u32, row: u32) -> Result<Option<Tile>, CodecError> {
        let (tile_width, tile_height) = self.tile_size();
        let (left, top) = (col * tile_width, row * tile_height);
        let (segment, columns, across, down, starts) = match &self.layout {
            Layout::Whole(kept) => {
                let whole = self.whole(file, kept)?;
                let (width, height) = (TILE.min(self.size.0 - left), TILE.min(self.size.1 - top));
                let mut tile = Tile::filled(width, height, [255; 3]);
                tile.paste(&whole, -i64::from(left), -i64::from(top));
                return Ok(Some(tile));
            }
            Layout::Segments { segment, columns, across, down, starts } => {
                (segment, columns, across, down, starts)
            }
        };
        let (first_column, first_row) = (col * across, row * down);
        let across = (*across).min(columns.saturating_sub(first_column));
        let rows = self.size.1.div_ceil(segment.1);
        let down = (*down).min(rows.saturating_sub(first_row));
        let most = u64::from(segment.0) * u64::from(segment.1) * MAX_BYTES_PER_PIXEL + 4096;
        // Segments follow each other as those of an image that is as large as this tile, with its own markers.
        let mut scan = Vec::new();
        let mut written = 0;
        for segment_row in first_row..first_row + down {
            let first = u64::from(segment_row) * u64::from(*columns) + u64::from(first_column);
            for data in self.segments(file, starts, first, u64::from(across), most)? {
                if written > 0 {
                    scan.extend([0xFF, 0xD0 + ((written - 1) % 8) as u8]);
                }
                scan.extend(data);
                written += 1;
            }
        }
        scan.extend([0xFF, 0xD9]);
        let stream = JpegStream::parse(&self.header)?;
        let scans = [stream.scans, &scan].concat();
        let size = ((segment.0 * across) as u16, (segment.1 * down) as u16);
        decode_stream(&stream, &[], JpegColor::YCbCr, &scans, size, stream.restart_interval).map(Some)
    }
}
