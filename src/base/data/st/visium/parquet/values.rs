//! Where decoded values go: numbers as `f64`, texts in one piece of memory.

use super::footer::Physical;
use super::{ParquetError, Parsed, cut};

/// Barcodes are at most 30 bytes long; a dictionary of long texts could fill the memory.
pub const MAX_TEXT: usize = 128;

/// Values of a column, one after the other.
pub trait Values: Default {
    /// The most bytes a value takes in its plain form.
    const MAX_BYTES: usize;
    /// What such values are called in sentences.
    const NOUN: &'static str;

    fn len(&self) -> usize;
    /// Whether values stored so can be read.
    fn accepts(physical: Physical) -> bool;
    /// Appends `n` values in their plain form.
    fn plain(&mut self, bytes: &[u8], physical: Physical, n: usize) -> Parsed<()>;
    /// Appends value `index` of `dictionary`.
    fn push_from(&mut self, dictionary: &Self, index: usize) -> Parsed<()>;
    /// Appends a whole number, where this holds numbers.
    fn push_int(&mut self, value: i64) -> Parsed<()>;
    /// Appends a text of two parts, where this holds texts.
    fn push_text(&mut self, start: &[u8], end: &[u8]) -> Parsed<()>;
}

/// Numbers of any type. Whole numbers beyond 2^53 are rounded; no position has them.
#[derive(Default)]
pub struct Numbers(pub Vec<f64>);

impl Values for Numbers {
    const MAX_BYTES: usize = 8;
    const NOUN: &'static str = "numbers";

    fn len(&self) -> usize {
        self.0.len()
    }

    fn accepts(physical: Physical) -> bool {
        !matches!(physical, Physical::Bytes | Physical::Other)
    }

    fn plain(&mut self, bytes: &[u8], physical: Physical, n: usize) -> Parsed<()> {
        let width = match physical {
            Physical::Boolean => return self.bits(bytes, n),
            Physical::Int32 | Physical::Float => 4,
            Physical::Int64 | Physical::Double => 8,
            Physical::Bytes | Physical::Other => return cut(),
        };
        let Some(bytes) = n.checked_mul(width).and_then(|size| bytes.get(..size)) else { return cut() };
        self.0.extend(bytes.chunks_exact(width).map(|value| number(value, physical)));
        Ok(())
    }

    fn push_from(&mut self, dictionary: &Self, index: usize) -> Parsed<()> {
        let Some(&value) = dictionary.0.get(index) else { return cut() };
        self.0.push(value);
        Ok(())
    }

    fn push_int(&mut self, value: i64) -> Parsed<()> {
        self.0.push(value as f64);
        Ok(())
    }

    fn push_text(&mut self, _start: &[u8], _end: &[u8]) -> Parsed<()> {
        cut()
    }
}

impl Numbers {
    fn bits(&mut self, bytes: &[u8], n: usize) -> Parsed<()> {
        let Some(bytes) = bytes.get(..n.div_ceil(8)) else { return cut() };
        let bits = bytes.iter().flat_map(|&byte| (0..8).map(move |i| f64::from((byte >> i) & 1)));
        self.0.extend(bits.take(n));
        Ok(())
    }
}

/// A number from its 4 or 8 bytes.
fn number(bytes: &[u8], physical: Physical) -> f64 {
    let mut wide = [0; 8];
    for (to, &from) in wide.iter_mut().zip(bytes) {
        *to = from;
    }
    let low = u64::from_le_bytes(wide) as u32;
    match physical {
        Physical::Int32 => f64::from(low.cast_signed()),
        Physical::Float => f64::from(f32::from_bits(low)),
        Physical::Int64 => i64::from_le_bytes(wide) as f64,
        _ => f64::from_le_bytes(wide),
    }
}

/// Short texts.
#[derive(Default)]
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends in `bytes`.
    ends: Vec<usize>,
}

impl Texts {
    /// The text at `index`; empty beyond the last one and where it is not UTF-8.
    pub fn get(&self, index: usize) -> &str {
        self.part(index).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    fn part(&self, index: usize) -> Option<&[u8]> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }
}

impl Values for Texts {
    const MAX_BYTES: usize = MAX_TEXT + 4;
    const NOUN: &'static str = "strings";

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn accepts(physical: Physical) -> bool {
        physical == Physical::Bytes
    }

    fn plain(&mut self, mut bytes: &[u8], _physical: Physical, n: usize) -> Parsed<()> {
        for _ in 0..n {
            let Some((&head, rest)) = bytes.split_first_chunk::<4>() else { return cut() };
            let length = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
            let Some((text, rest)) = rest.split_at_checked(length) else { return cut() };
            self.push_text(text, b"")?;
            bytes = rest;
        }
        Ok(())
    }

    fn push_from(&mut self, dictionary: &Self, index: usize) -> Parsed<()> {
        let Some(text) = dictionary.part(index) else { return cut() };
        self.push_text(text, b"")
    }

    fn push_int(&mut self, _value: i64) -> Parsed<()> {
        cut()
    }

    fn push_text(&mut self, start: &[u8], end: &[u8]) -> Parsed<()> {
        if start.len().saturating_add(end.len()) > MAX_TEXT {
            return ParquetError::wrong(format!(
                "a string in it is longer than {MAX_TEXT} bytes, so it is not a barcode"
            ));
        }
        self.bytes.extend_from_slice(start);
        self.bytes.extend_from_slice(end);
        self.ends.push(self.bytes.len());
        Ok(())
    }
}
