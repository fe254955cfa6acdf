//! Directories in all forms and byte orders.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::data::slide::bytes::ByteSource;

fn open(bytes: &[u8]) -> Result<TiffFile, TiffError> {
    TiffFile::open(Arc::new(ByteSource::in_memory(Path::new("a.tif"), bytes)))
}

/// A number of 2, 4 or 8 bytes in a byte order.
fn put(out: &mut Vec<u8>, order: ByteOrder, value: u64, size: usize) {
    match order {
        ByteOrder::Little => out.extend(&value.to_le_bytes()[..size]),
        ByteOrder::Big => out.extend(&value.to_be_bytes()[8 - size..]),
    }
}

/// A file with one directory: width, three bits, a rational, a text, a real number, offsets.
fn sample(order: ByteOrder, is_big: bool) -> Vec<u8> {
    let mut out = if order == ByteOrder::Little { b"II".to_vec() } else { b"MM".to_vec() };
    let (wide, first) = if is_big { (8, 16) } else { (4, 8) };
    put(&mut out, order, if is_big { 43 } else { 42 }, 2);
    if is_big {
        put(&mut out, order, 8, 2);
        put(&mut out, order, 0, 2);
    }
    let data_at = first as u64;
    put(&mut out, order, data_at + 64, wide);
    // 64 bytes of values.
    for value in [8, 9, 10] {
        put(&mut out, order, value, 2);
    }
    put(&mut out, order, 0, 2);
    put(&mut out, order, 3, 4);
    put(&mut out, order, 2, 4);
    out.extend(b"Gr\xFC\xDFe, J.\0rest");
    out.resize(first + 32, 0);
    put(&mut out, order, 2.5_f64.to_bits(), 8);
    for value in [100, 200, 300, 400, 500, 600] {
        put(&mut out, order, value, 4);
    }
    let entries: [(u16, u16, u64, u64); 6] = [
        (tags::IMAGE_WIDTH, 4, 1, 77),
        (tags::BITS_PER_SAMPLE, 3, 3, data_at),
        (tags::IMAGE_DESCRIPTION, 2, 14, data_at + 16),
        (tags::X_RESOLUTION, 5, 1, data_at + 8),
        (tags::TILE_OFFSETS, 4, 6, data_at + 40),
        (60_000, 12, 1, data_at + 32),
    ];
    put(&mut out, order, entries.len() as u64, if is_big { 8 } else { 2 });
    for (tag, kind, count, value) in entries {
        put(&mut out, order, u64::from(tag), 2);
        put(&mut out, order, u64::from(kind), 2);
        put(&mut out, order, count, wide);
        // What fits into the entry stands in it, in the size of its type.
        let mut cell = Vec::new();
        let fits = match kind {
            3 => count * 2 <= wide as u64,
            5 | 12 => count * 8 <= wide as u64,
            _ => false,
        };
        if fits {
            let start = value as usize;
            let length = if kind == 3 { count as usize * 2 } else { 8 };
            cell.extend(out[start..start + length].to_vec());
        } else if kind == 4 && count == 1 {
            put(&mut cell, order, value, 4);
        } else {
            put(&mut cell, order, value, wide);
        }
        cell.resize(wide, 0);
        out.extend(cell);
    }
    put(&mut out, order, 0, wide);
    out
}

#[test]
fn every_form_and_byte_order_is_read() {
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for is_big in [false, true] {
            let file = open(&sample(order, is_big)).unwrap();
            assert_eq!(file.form(), if is_big { Form::Big } else { Form::Classic });
            assert_eq!((file.order(), file.directories().len()), (order, 1));
            let directory = &file.directories()[0];
            assert_eq!(directory.required(&file, tags::IMAGE_WIDTH).unwrap(), 77);
            assert_eq!(directory.numbers(&file, tags::BITS_PER_SAMPLE).unwrap(), [8, 9, 10]);
            assert_eq!(directory.text(&file, tags::IMAGE_DESCRIPTION), "Grüße, J.", "Latin-1");
            assert_eq!(directory.real(&file, tags::X_RESOLUTION), Some(1.5));
            assert_eq!(directory.real(&file, 60_000), Some(2.5));
            let list = directory.list(&file, tags::TILE_OFFSETS).unwrap().unwrap();
            assert_eq!((list.len(), list.get(&file, 5).unwrap()), (6, 600));
            assert_eq!(list.range(&file, 1, 2).unwrap(), [200, 300]);
            assert!(list.get(&file, 6).is_err() && list.range(&file, 5, u64::MAX).is_err());
            assert_eq!(directory.number_or(&file, tags::PREDICTOR, 1).unwrap(), 1);
            let missing = directory.required(&file, tags::IMAGE_LENGTH).unwrap_err();
            assert_eq!(
                missing.to_string(),
                "a.tif, image 1, ImageLength: it is missing; the file is damaged"
            );
        }
    }
}

#[test]
fn of_an_entry_that_is_there_twice_the_first_counts() {
    let mut bytes = b"II\x2A\0\x08\0\0\0\x02\0".to_vec();
    for value in [5_u8, 6] {
        bytes.extend([0, 1, 3, 0, 1, 0, 0, 0, value, 0, 0, 0]);
    }
    bytes.extend([0; 4]);
    let file = open(&bytes).unwrap();
    assert_eq!(file.directories()[0].required(&file, tags::IMAGE_WIDTH).unwrap(), 5);
}

/// Hamamatsu's files grow beyond what classic offsets reach.
#[cfg(target_os = "linux")]
#[test]
fn ndpi_is_read_beyond_four_gigabytes() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.ndpi");
    let file = std::fs::File::create_new(&path).unwrap();
    // Sparse: nearly all of it takes no room.
    const DIRECTORY: u64 = (1 << 32) + 4096;
    file.set_len(DIRECTORY + 8192).unwrap();
    file.write_all_at(b"II\x2A\0", 0).unwrap();
    file.write_all_at(&DIRECTORY.to_le_bytes(), 4).unwrap();
    let text_at = DIRECTORY + 2048;
    file.write_all_at(b"Hamamatsu\0", text_at).unwrap();
    let entries: [(u16, u16, u32, u64); 4] = [
        (tags::IMAGE_WIDTH, 4, 1, 188_160),
        (tags::MAKE, 2, 10, text_at),
        (tags::STRIP_OFFSETS, 4, 1, (1 << 33) | 5),
        (tags::NDPI_FORMAT, 4, 1, 1),
    ];
    let mut table = (entries.len() as u16).to_le_bytes().to_vec();
    for (tag, kind, count, value) in entries {
        table.extend(tag.to_le_bytes());
        table.extend(kind.to_le_bytes());
        table.extend(count.to_le_bytes());
        table.extend((value as u32).to_le_bytes());
    }
    table.extend(0_u64.to_le_bytes());
    for (.., value) in entries {
        table.extend(((value >> 32) as u32).to_le_bytes());
    }
    file.write_all_at(&table, DIRECTORY).unwrap();
    let file = TiffFile::open(Arc::new(ByteSource::open(&path).unwrap())).unwrap();
    assert_eq!(file.form(), Form::Ndpi);
    let directory = &file.directories()[0];
    assert_eq!(directory.required(&file, tags::IMAGE_WIDTH).unwrap(), 188_160);
    assert_eq!(directory.text(&file, tags::MAKE), "Hamamatsu");
    assert_eq!(directory.required(&file, tags::STRIP_OFFSETS).unwrap(), (1 << 33) | 5);
}
