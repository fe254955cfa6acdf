//! The compact protocol of Apache Thrift, in which Parquet writes its footer and page headers.

use super::{ParquetError, Parsed, cut};

/// Unknown fields nested deeper than this are no metadata.
const DEPTH: u32 = 32;

/// Type numbers of the protocol.
pub const TRUE: u8 = 1;
pub const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
pub const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Reads values one after the other.
pub struct Thrift<'a> {
    rest: &'a [u8],
}

/// The head of a field of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its number in the struct.
    pub id: i16,
    /// Its type number.
    pub kind: u8,
}

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn byte(&mut self) -> Parsed<u8> {
        match self.rest.split_first() {
            Some((&first, rest)) => {
                self.rest = rest;
                Ok(first)
            }
            None => cut(),
        }
    }

    fn take(&mut self, n: u64) -> Parsed<&'a [u8]> {
        match usize::try_from(n).ok().and_then(|n| self.rest.split_at_checked(n)) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => cut(),
        }
    }

    fn varint(&mut self) -> Parsed<u64> {
        let (value, used) = varint(self.rest)?;
        self.take(used as u64)?;
        Ok(value)
    }

    /// Calls `each` for the fields of a struct; it reads or skips the field's value.
    pub fn fields(&mut self, mut each: impl FnMut(&mut Self, Field) -> Parsed<()>) -> Parsed<()> {
        let mut id = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            let step = i16::from(head >> 4);
            let next =
                if step == 0 { i16::try_from(unzigzag(self.varint()?)).ok() } else { id.checked_add(step) };
            let Some(next) = next else { return cut() };
            id = next;
            each(self, Field { id, kind })?;
        }
    }

    /// A whole number of any width.
    pub fn int(&mut self, field: Field) -> Parsed<i64> {
        match field.kind {
            BYTE => Ok(i64::from(i8::from_le_bytes([self.byte()?]))),
            I16 | I32 | I64 => Ok(unzigzag(self.varint()?)),
            _ => cut(),
        }
    }

    /// A truth value, which its type holds.
    pub fn truth(&self, field: Field) -> Parsed<bool> {
        match field.kind {
            TRUE => Ok(true),
            FALSE => Ok(false),
            _ => cut(),
        }
    }

    /// Text or bytes.
    pub fn binary(&mut self, field: Field) -> Parsed<&'a [u8]> {
        if field.kind != BINARY {
            return cut();
        }
        let length = self.varint()?;
        self.take(length)
    }

    /// Calls `each` for the elements of a list of structs.
    pub fn structs(&mut self, field: Field, mut each: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if field.kind != LIST {
            return cut();
        }
        let (kind, length) = self.list_head()?;
        if kind != STRUCT && length > 0 {
            return cut();
        }
        // Every struct takes a byte at least, so a length that was made up ends with the bytes.
        (0..length).try_for_each(|_| each(self))
    }

    fn list_head(&mut self) -> Parsed<(u8, u64)> {
        let head = self.byte()?;
        let length = u64::from(head >> 4);
        Ok((head & 0x0f, if length == 15 { self.varint()? } else { length }))
    }

    /// Steps over a value.
    pub fn skip(&mut self, field: Field) -> Parsed<()> {
        self.skip_kind(field.kind, DEPTH)
    }

    fn skip_kind(&mut self, kind: u8, depth: u32) -> Parsed<()> {
        let Some(deeper) = depth.checked_sub(1) else {
            return ParquetError::wrong("the metadata of the Parquet file is nested too deeply");
        };
        match kind {
            TRUE | FALSE => Ok(()),
            BYTE => self.byte().map(drop),
            I16 | I32 | I64 => self.varint().map(drop),
            DOUBLE => self.take(8).map(drop),
            UUID => self.take(16).map(drop),
            BINARY => {
                let length = self.varint()?;
                self.take(length).map(drop)
            }
            LIST | SET => {
                let (kind, length) = self.list_head()?;
                (0..length).try_for_each(|_| self.skip_element(kind, deeper))
            }
            MAP => {
                let length = self.varint()?;
                let kinds = if length == 0 { 0 } else { self.byte()? };
                (0..length).try_for_each(|_| {
                    self.skip_element(kinds >> 4, deeper)?;
                    self.skip_element(kinds & 0x0f, deeper)
                })
            }
            STRUCT => self.fields(|t, f| t.skip_kind(f.kind, deeper)),
            _ => cut(),
        }
    }

    /// In lists and maps, truth values take a byte.
    fn skip_element(&mut self, kind: u8, depth: u32) -> Parsed<()> {
        if matches!(kind, TRUE | FALSE) { self.byte().map(drop) } else { self.skip_kind(kind, depth) }
    }
}

/// An unsigned number of variable length, and the bytes it takes.
pub fn varint(bytes: &[u8]) -> Parsed<(u64, usize)> {
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok((value, i + 1));
        }
    }
    cut()
}

/// A signed number as it is folded into an unsigned one.
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length() {
        assert_eq!(varint(&[0xac, 0x02, 9]).unwrap(), (300, 2));
        assert_eq!(varint(&[0xff; 10]).ok(), None);
        assert_eq!(varint(&[]).ok(), None);
        let max = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&max).unwrap(), (u64::MAX, 10));
        assert_eq!([0, 1, 2, 3, u64::MAX].map(unzigzag), [0, -1, 1, -2, i64::MIN]);
    }

    #[test]
    fn unknown_fields_are_skipped_and_lists_end_with_the_bytes() {
        // 1: map {1: true}, 2: list of 2 doubles, 3: i32 = 5.
        let mut bytes = vec![0x1b, 0x01, 0x51, 0x02, 0x01, 0x19, 0x27];
        bytes.extend([0; 16]);
        bytes.extend([0x15, 0x0a, 0x00]);
        let mut found = None;
        let mut thrift = Thrift::new(&bytes);
        thrift
            .fields(|t, f| {
                if f.id == 3 {
                    found = Some(t.int(f)?);
                    return Ok(());
                }
                t.skip(f)
            })
            .unwrap();
        assert_eq!((found, thrift.rest().len()), (Some(5), 0));
        let endless = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(Thrift::new(&endless).fields(|t, f| t.skip(f)).is_err());
        let deep = [0x1c; 100];
        assert!(Thrift::new(&deep).fields(|t, f| t.skip(f)).is_err());
    }
}
