use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{AttrValue, FileBuilder};

use super::*;

fn open(build: impl FnOnce(&mut FileBuilder)) -> File {
    let mut builder = FileBuilder::new();
    build(&mut builder);
    File::from_bytes(Path::new("t.h5"), Arc::new(builder.finish().unwrap())).unwrap()
}

fn says<T>(result: Result<T, crate::core::files::FileError>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn numbers_are_read_in_pieces_from_every_layout() {
    let values: Vec<i64> = (0..1000).map(|v| v * 3 - 7).collect();
    let file = open(|b| {
        b.create_dataset("run").with_i64_data(&values);
        b.create_dataset("packed").with_i64_data(&values).with_chunks(&[64]).with_shuffle().with_deflate(4);
        b.create_dataset("lzf").with_i64_data(&values).with_chunks(&[100]).with_shuffle().with_lzf();
        b.create_dataset("sum").with_i64_data(&values).with_chunks(&[100]).with_fletcher32();
        b.create_dataset("none").with_i64_data(&[]);
    });
    for path in ["run", "packed", "lzf", "sum"] {
        let data = file.dataset(path).unwrap();
        assert_eq!((data.rows(), data.row_len()), (1000, 1), "{path}");
        assert_eq!(data.all_numbers::<i64>().unwrap(), values, "{path}");
        assert_eq!(
            data.numbers::<f32>(60..70).unwrap(),
            (60..70).map(|v| (v * 3 - 7) as f32).collect::<Vec<_>>()
        );
        assert_eq!(data.numbers::<i64>(990..2000).unwrap(), values[990..], "{path}");
        assert_eq!(
            says(data.all_numbers::<u32>()),
            format!("t.h5: {path}: -7 is not a whole number of 0 or more")
        );
    }
    assert_eq!(file.dataset("packed").unwrap().rows_for(8 * 200), 192);
    assert!(file.dataset("none").unwrap().all_numbers::<f64>().unwrap().is_empty());
}

#[test]
fn tables_and_blocks_keep_their_order() {
    let values: Vec<f32> = (0..7 * 5 * 3).map(|v| v as f32).collect();
    let file = open(|b| {
        b.create_dataset("a")
            .with_f32_data(&values)
            .with_shape(&[7, 5, 3])
            .with_chunks(&[2, 4, 2])
            .with_deflate(1);
        b.create_dataset("b").with_f32_data(&values).with_shape(&[7, 15]);
    });
    for path in ["a", "b"] {
        let data = file.dataset(path).unwrap();
        assert_eq!(data.all_numbers::<f32>().unwrap(), values, "{path}");
        assert_eq!(data.numbers::<f32>(1..4).unwrap(), values[15..60], "{path}");
    }
}

#[test]
fn texts_and_attributes() {
    let names = ["ERBB2", "", "Ünïcode", "x"];
    let file = open(|b| {
        b.create_dataset("long").with_vlen_strings(&names);
        b.create_dataset("fixed").with_strings(&names).unwrap().with_chunks(&[3]).with_deflate(1);
        let mut group = b.create_group("g");
        group.set_attr("name", AttrValue::VarLenString("Ünï".into()));
        group.set_attr("names", AttrValue::VarLenStringArray(vec!["a".into(), "b".into()]));
        group.set_attr("shape", AttrValue::I64Array(vec![3, 4]));
        group.create_dataset("x").with_f64_data(&[1.5]);
        b.add_group(group.finish());
    });
    for path in ["long", "fixed"] {
        assert_eq!(file.dataset(path).unwrap().all_texts().unwrap(), names, "{path}");
        assert_eq!(file.dataset(path).unwrap().texts(2..3).unwrap(), names[2..3], "{path}");
    }
    let about = file.attributes("g").unwrap();
    assert_eq!(about.text("name").as_deref(), Some("Ünï"));
    assert_eq!(about.texts("names").unwrap(), ["a", "b"]);
    assert_eq!(about.counts("shape"), Some(vec![3, 4]));
    assert!(about.text("shape").is_none() && !about.has("none"));
    let names: Vec<String> = file.children("").unwrap().into_iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["fixed", "g", "long"]);
    assert_eq!(file.kind("g/x").unwrap(), Some(ObjectKind::Dataset));
    assert_eq!(file.kind("g").unwrap(), Some(ObjectKind::Group));
    assert_eq!(file.kind("g/y").unwrap(), None);
    assert_eq!(file.kind("long/y").unwrap(), None);
    assert_eq!(says(file.dataset("g/y")), "t.h5: there is no g/y in the file; it is incomplete");
    assert_eq!(says(file.dataset("g")), "t.h5: g: this is a group, not an array");
    assert!(says(file.dataset("long").unwrap().all_numbers::<f32>()).contains("found strings"));
}

#[test]
fn other_files_and_cut_files_are_named() {
    let over = |bytes: &[u8]| File::from_bytes(Path::new("t.h5"), Arc::new(bytes.to_vec()));
    assert!(says(over(b"")).contains("empty"));
    assert!(says(over(&[7; 5000])).contains("not an HDF5 file"));
    let mut builder = FileBuilder::new();
    builder.create_dataset("x").with_f64_data(&[1.0; 500]);
    let whole = builder.finish().unwrap();
    for cut in [9, 48] {
        assert!(says(over(&whole[..cut])).contains("damaged or cut off"), "{cut}");
    }
    let short = over(&whole[..whole.len() - 100]);
    assert!(short.is_err() || says(short.unwrap().dataset("x")).contains("damaged"));
}

/// A chunk whose stored size was damaged to nearly 4 GiB made the library ask for as much memory.
#[test]
fn stored_sizes_of_chunks_are_compared_with_the_file() {
    let mut builder = FileBuilder::new();
    let values: Vec<f64> = (0..600).map(f64::from).collect();
    builder.create_dataset("x").with_f64_data(&values).with_chunks(&[100]).with_deflate(1);
    let whole = builder.finish().unwrap();
    let open = |bytes: &[u8]| File::from_bytes(Path::new("t.h5"), Arc::new(bytes.to_vec()));
    let chunk = {
        let file = hdf5_pure::File::from_bytes(whole.clone()).unwrap();
        file.dataset("x").unwrap().chunks().unwrap()[2].clone()
    };
    // Wherever the address of the chunk is written, what follows is its size.
    let address = chunk.address.to_le_bytes();
    let places: Vec<usize> = (0..whole.len() - 12).filter(|&at| whole[at..at + 8] == address).collect();
    assert!(!places.is_empty());
    for at in places {
        for size in [u32::MAX, 1 << 31, whole.len() as u32] {
            let mut bytes = whole.clone();
            bytes[at + 8..at + 12].copy_from_slice(&size.to_le_bytes());
            let read = open(&bytes).and_then(|file| file.dataset("x")?.all_numbers::<f64>());
            assert!(read.is_err() || read.unwrap() == values);
        }
    }
}

/// A single value that says it is in chunks has no axis along which it could be.
#[test]
fn a_damaged_rank_does_not_panic() {
    let mut builder = FileBuilder::new();
    builder.create_dataset("x").with_f64_data(&[1.0; 50]).with_chunks(&[10]).with_deflate(1);
    let whole = builder.finish().unwrap();
    for at in 0..whole.len() {
        for value in [0, 2, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let Ok(file) = File::from_bytes(Path::new("t.h5"), Arc::new(bytes)) else { continue };
            let _ = file.dataset("x").and_then(|x| x.all_numbers::<f64>());
        }
    }
}
