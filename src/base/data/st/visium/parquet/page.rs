//! Pages: the pieces in which a column chunk is compressed.

use std::io::Read;

use super::footer::{Chunk, Column};
use super::thrift::{Field, Thrift};
use super::{ParquetError, Parsed, cut};

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// Values; missing ones are marked in levels before them.
    Data,
    /// The same, with its levels outside the compressed part.
    DataV2 {
        /// Bytes of levels before the values.
        levels: usize,
        compressed: bool,
    },
    /// The values that data pages refer to.
    Dictionary,
    /// Nothing that is needed.
    Other,
}

/// A page before it is unpacked.
pub struct DataPage<'a> {
    pub kind: PageKind,
    /// Values in it, including missing ones.
    pub values: usize,
    /// Number of the encoding in the format.
    pub encoding: i64,
    unpacked: usize,
    body: &'a [u8],
}

/// Numbers of a page header; what is not there is -1.
struct Header {
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    definition_bytes: i64,
    repetition_bytes: i64,
    compressed: bool,
}

/// The first page in `bytes`, and what follows it.
pub fn next(bytes: &[u8]) -> Parsed<(DataPage<'_>, &[u8])> {
    let mut t = Thrift::new(bytes);
    let mut h = Header {
        kind: -1,
        unpacked: -1,
        packed: -1,
        values: -1,
        encoding: -1,
        definition_bytes: 0,
        repetition_bytes: 0,
        compressed: true,
    };
    t.fields(|t, f| {
        match f.id {
            1 => h.kind = t.int(f)?,
            2 => h.unpacked = t.int(f)?,
            3 => h.packed = t.int(f)?,
            5 | 7 => t.fields(|t, f| short_header(t, f, &mut h))?,
            8 => t.fields(|t, f| long_header(t, f, &mut h))?,
            _ => t.skip(f)?,
        }
        Ok(())
    })?;
    let size = |n: i64| usize::try_from(n).ok();
    let (Some(unpacked), Some(packed)) = (size(h.unpacked), size(h.packed)) else { return cut() };
    let Some((body, rest)) = t.rest().split_at_checked(packed) else { return cut() };
    let kind = match h.kind {
        0 => PageKind::Data,
        2 => PageKind::Dictionary,
        3 => {
            let levels =
                size(h.definition_bytes).zip(size(h.repetition_bytes)).and_then(|(d, r)| d.checked_add(r));
            let Some(levels) = levels else { return cut() };
            PageKind::DataV2 { levels, compressed: h.compressed }
        }
        _ => PageKind::Other,
    };
    let values = match (kind, size(h.values)) {
        (PageKind::Other, _) => 0,
        (_, Some(values)) => values,
        (_, None) => return cut(),
    };
    Ok((DataPage { kind, values, encoding: h.encoding, unpacked, body }, rest))
}

fn short_header(t: &mut Thrift, f: Field, h: &mut Header) -> Parsed<()> {
    match f.id {
        1 => h.values = t.int(f)?,
        2 => h.encoding = t.int(f)?,
        _ => t.skip(f)?,
    }
    Ok(())
}

fn long_header(t: &mut Thrift, f: Field, h: &mut Header) -> Parsed<()> {
    match f.id {
        1 => h.values = t.int(f)?,
        4 => h.encoding = t.int(f)?,
        5 => h.definition_bytes = t.int(f)?,
        6 => h.repetition_bytes = t.int(f)?,
        7 => h.compressed = t.truth(f)?,
        _ => t.skip(f)?,
    }
    Ok(())
}

impl DataPage<'_> {
    /// The levels (of version 2 pages; empty otherwise) and the unpacked rest. Nothing larger than `largest`
    /// bytes, which the caller knows from the number of values, is made.
    pub fn unpack(&self, chunk: &Chunk, column: &Column, largest: usize) -> Parsed<(&[u8], Vec<u8>)> {
        let (levels, compressed) = match self.kind {
            PageKind::DataV2 { levels, compressed } => (levels, compressed),
            _ => (0, true),
        };
        let (Some((levels, body)), Some(unpacked)) =
            (self.body.split_at_checked(levels), self.unpacked.checked_sub(levels))
        else {
            return cut();
        };
        if unpacked > largest {
            return ParquetError::wrong(format!(
                "a page of column {} would unpack to {unpacked} bytes, far more than its values need; the file is \
                 damaged",
                column.name
            ));
        }
        let codec = if compressed { chunk.codec } else { 0 };
        let values = match codec {
            0 => body.to_vec(),
            // An empty page may be stored without even the frame of its codec.
            _ if body.is_empty() && unpacked == 0 => Vec::new(),
            1 => snappy(body, unpacked)?,
            2 => inflated(flate2::read::MultiGzDecoder::new(body), unpacked)?,
            6 => match ruzstd::decoding::StreamingDecoder::new(body) {
                Ok(decoder) => inflated(decoder, unpacked)?,
                Err(_) => return cut(),
            },
            other => {
                let name = match other {
                    3 => "LZO",
                    4 => "Brotli",
                    5 | 7 => "LZ4",
                    _ => "an unknown method",
                };
                return ParquetError::wrong(format!(
                    "the Parquet file is compressed with {name}; save it with snappy, gzip, zstd or no compression"
                ));
            }
        };
        if values.len() == unpacked { Ok((levels, values)) } else { cut() }
    }
}

fn snappy(body: &[u8], unpacked: usize) -> Parsed<Vec<u8>> {
    // The bytes say their size too, and the decoder believes it.
    if snap::raw::decompress_len(body).ok() != Some(unpacked) {
        return cut();
    }
    snap::raw::Decoder::new().decompress_vec(body).or_else(|_| cut())
}

fn inflated(decoder: impl Read, unpacked: usize) -> Parsed<Vec<u8>> {
    let mut out = Vec::new();
    let limit = (unpacked as u64).saturating_add(1);
    if decoder.take(limit).read_to_end(&mut out).is_err() { cut() } else { Ok(out) }
}
