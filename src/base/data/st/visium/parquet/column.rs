//! A column chunk: a dictionary page where there is one, then data pages.

use super::encoding::hybrid;
use super::footer::{Chunk, Column, Physical};
use super::page::{self, DataPage, PageKind};
use super::values::Values;
use super::{ParquetError, Parsed, cut, delta};

// Numbers of the encodings in the format.
const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RLE: i64 = 3;
const DELTA_BINARY_PACKED: i64 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;
const RLE_DICTIONARY: i64 = 8;
const BYTE_STREAM_SPLIT: i64 = 9;

/// The `rows` values of a column chunk from its bytes.
pub fn read<V: Values>(mut bytes: &[u8], column: &Column, chunk: &Chunk, rows: usize) -> Parsed<V> {
    let name = &column.name;
    if !column.flat || !V::accepts(column.physical) {
        return ParquetError::wrong(format!("column {name} does not hold {}", V::NOUN));
    }
    let mut out = V::default();
    let mut dictionary = None;
    while out.len() < rows {
        let (page, rest) = page::next(bytes)?;
        bytes = rest;
        let left = if page.kind == PageKind::Dictionary { rows } else { rows - out.len() };
        if page.values > left {
            return cut();
        }
        match page.kind {
            PageKind::Other => {}
            // A second one would only make work.
            PageKind::Dictionary if dictionary.is_some() => return cut(),
            PageKind::Dictionary => {
                let (_, body) = page.unpack(chunk, column, room::<V>(page.values))?;
                let mut values = V::default();
                values.plain(&body, column.physical, page.values)?;
                dictionary = Some(values);
            }
            PageKind::Data | PageKind::DataV2 { .. } => {
                let before = out.len();
                data_page(&page, column, chunk, dictionary.as_ref(), &mut out)?;
                if out.len().checked_sub(before) != Some(page.values) {
                    return cut();
                }
            }
        }
    }
    Ok(out)
}

/// The most bytes that a page of `n` values may unpack to: values, levels, and the padding of encodings.
fn room<V: Values>(n: usize) -> usize {
    n.saturating_mul(V::MAX_BYTES + 2).saturating_add(4096)
}

fn data_page<V: Values>(
    page: &DataPage,
    column: &Column,
    chunk: &Chunk,
    dictionary: Option<&V>,
    out: &mut V,
) -> Parsed<()> {
    let n = page.values;
    let (levels, body) = page.unpack(chunk, column, room::<V>(n))?;
    let mut values = body.as_slice();
    if column.optional {
        let levels = match page.kind {
            PageKind::DataV2 { .. } => levels,
            _ => sized(&mut values)?,
        };
        let mut row = out.len();
        hybrid(levels, 1, n, |level| {
            row += 1;
            if level == 1 { Ok(()) } else { ParquetError::wrong(format!("row {row} has no {}", column.name)) }
        })?;
    }
    match page.encoding {
        PLAIN => out.plain(values, column.physical, n),
        PLAIN_DICTIONARY | RLE_DICTIONARY => {
            let (Some(dictionary), Some((&width, indices))) = (dictionary, values.split_first()) else {
                // A page without values may be empty.
                return if n == 0 { Ok(()) } else { cut() };
            };
            hybrid(indices, u32::from(width), n, |index| out.push_from(dictionary, index as usize))
        }
        RLE if column.physical == Physical::Boolean => {
            hybrid(sized(&mut values)?, 1, n, |value| out.push_int(i64::from(value)))
        }
        DELTA_BINARY_PACKED if matches!(column.physical, Physical::Int32 | Physical::Int64) => {
            let (numbers, _) = delta::numbers(values, n)?;
            let narrow = column.physical == Physical::Int32;
            numbers.into_iter().try_for_each(|v| out.push_int(if narrow { i64::from(v as i32) } else { v }))
        }
        DELTA_LENGTH_BYTE_ARRAY => delta::texts(values, n, out),
        DELTA_BYTE_ARRAY => delta::sharing_texts(values, n, out),
        BYTE_STREAM_SPLIT => {
            let width = match column.physical {
                Physical::Int32 | Physical::Float => 4,
                Physical::Int64 | Physical::Double => 8,
                _ => return cut(),
            };
            let Some(planes) = n.checked_mul(width).and_then(|size| values.get(..size)) else { return cut() };
            let mut plain = Vec::with_capacity(planes.len());
            for i in 0..n {
                plain.extend(planes.iter().skip(i).step_by(n.max(1)));
            }
            out.plain(&plain, column.physical, n)
        }
        other => ParquetError::wrong(format!(
            "column {} of the Parquet file is encoded in a way that cannot be read (number {other}); save it again \
             with pandas",
            column.name
        )),
    }
}

/// Takes a part off `bytes` that begins with its size.
fn sized<'a>(bytes: &mut &'a [u8]) -> Parsed<&'a [u8]> {
    let whole = *bytes;
    let Some((&head, rest)) = whole.split_first_chunk::<4>() else { return cut() };
    let size = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
    let Some((part, rest)) = rest.split_at_checked(size) else { return cut() };
    *bytes = rest;
    Ok(part)
}
