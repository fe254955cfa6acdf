//! Files of every encoding, made by the writer or by hand, and mutated bytes.

use std::path::Path;
use std::sync::Arc;

use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};
use proptest::prelude::*;

use super::inspect::inspect_file;
use super::read::read_file;
use super::*;
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::progress::Silent;
use crate::data::hdf5::File;
use crate::data::section::{Gene, ValueKind};
use crate::data::st::ReadError;

fn over(bytes: Vec<u8>) -> Result<File, ReadError> {
    Ok(File::from_bytes(Path::new("a.h5ad"), Arc::new(bytes))?)
}

fn parse(bytes: Vec<u8>, options: &ReadOptions) -> Result<AnnData, ReadError> {
    read_file(&over(bytes)?, options, &Silent, &CancelToken::new())
}

fn labelled(column: &str) -> ReadOptions {
    ReadOptions { labels: Some(column.into()), ..ReadOptions::default() }
}

fn names(prefix: &str, n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{prefix}{i}")).collect()
}

/// What the writer writes, as bytes.
fn written(contents: &Contents<'_>) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.h5ad");
    write(&path, contents).unwrap();
    std::fs::read(path).unwrap()
}

fn sample(x: &Matrix) -> Contents<'_> {
    let n = x.rows();
    Contents {
        obs: Columns {
            names: names("Spöt ", n),
            columns: vec![
                (
                    "label".into(),
                    ObsColumn::Categorical(
                        (0..n).map(|i| (i % 3 > 0).then(|| format!("t{}", i % 3))).collect(),
                    ),
                ),
                (
                    "score".into(),
                    ObsColumn::Float(
                        (0..n).map(|i| if i == 1 { f64::NAN } else { i as f64 / 2.0 }).collect(),
                    ),
                ),
                ("array_row".into(), ObsColumn::Int((0..n as i64).collect())),
                ("array_col".into(), ObsColumn::Int((0..n as i64).map(|c| c * 2).collect())),
                ("in_tissue".into(), ObsColumn::Bool((0..n).map(|i| i != 0).collect())),
                ("library_id".into(), ObsColumn::Text((0..n).map(|i| format!("s{}", i % 2)).collect())),
                ("none".into(), ObsColumn::Categorical(vec![None; n])),
            ],
        },
        var: Columns {
            names: names("G", x.cols()),
            columns: vec![("gene_ids".into(), ObsColumn::Text(names("ENSG", x.cols())))],
        },
        x: Some(x),
        layers: vec![("twice/x".into(), x)],
        obsm: vec![("spatial".into(), 2, (0..2 * n).map(|v| v as f64 * 10.0).collect())],
        uns: vec![
            (
                "run".into(),
                Uns::Map(vec![("name".into(), Uns::Text("α".into())), ("epochs".into(), Uns::Int(3))]),
            ),
            ("genes".into(), Uns::Texts(names("G", 2))),
            ("rate".into(), Uns::Float(0.5)),
            ("done".into(), Uns::Bool(true)),
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    let x = Matrix::from_fn(5, 4, |r, c| if c == 2 { 0.0 } else { (r * 4 + c) as f32 / 2.0 });
    let bytes = written(&sample(&x));
    let about = inspect_file(&over(bytes.clone()).unwrap()).unwrap();
    assert_eq!((about.spots, about.genes, about.values), (5, 4, Some(ValueKind::Normalised)));
    assert_eq!(about.layers, ["twice_x"]);
    let labels: Vec<(&str, usize)> = about.labels.iter().map(|l| (l.name.as_str(), l.categories)).collect();
    assert_eq!(labels, [("label", 2), ("none", 0)]);
    assert!(about.has_positions && about.has_in_tissue && !about.has_raw);

    let a = parse(bytes.clone(), &labelled("label")).unwrap();
    assert_eq!(a.table.spots[1], "Spöt 1");
    assert_eq!(a.table.genes[3], Gene { name: "G3".into(), id: "ENSG3".into() });
    assert_eq!(a.table.counts.row(1), (&[0, 1, 3][..], &[2.0, 2.5, 3.5][..]));
    assert_eq!(a.values, ValueKind::Normalised);
    assert_eq!(a.positions.as_ref().unwrap()[2], [40.0, 50.0]);
    assert_eq!(a.array.as_ref().unwrap()[2], [2, 4]);
    assert_eq!(a.in_tissue.as_ref().unwrap()[..2], [false, true]);
    assert_eq!(a.labels.as_ref().unwrap()[..2], [None, Some("t1".to_owned())]);
    let of = |library: &str| ReadOptions { library: Some(library.into()), ..labelled("label") };
    let one = parse(bytes.clone(), &of("s1")).unwrap();
    assert_eq!(one.table.spots, ["Spöt 1", "Spöt 3"]);
    assert_eq!(one.positions.unwrap()[1], [60.0, 70.0]);
    assert!(
        parse(bytes.clone(), &of("s9"))
            .unwrap_err()
            .to_string()
            .contains("no spot is of library \"s9\"; there are s0, s1")
    );
    assert!(parse(bytes, &labelled("x")).unwrap_err().to_string().contains("obs has no column \"x\""));
}

#[test]
fn empty_files_and_wrong_sizes() {
    let none = Matrix::zeros(0, 3);
    let a = parse(written(&sample(&none)), &labelled("label")).unwrap();
    assert_eq!((a.table.counts.rows(), a.table.counts.cols(), a.values), (0, 3, ValueKind::Counts));
    let x = Matrix::zeros(2, 2);
    let mut wrong = sample(&x);
    wrong.var.names.pop();
    let text = write(Path::new("a.h5ad"), &wrong).unwrap_err().to_string();
    assert_eq!(text, "a.h5ad: column gene_ids of var has 2 values for 1 rows");
    let plain = Contents { obs: Columns { names: names("s", 2), columns: vec![] }, ..Contents::default() };
    let text = parse(written(&plain), &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(text, "a.h5ad: there is no X in the file; choose one of its layers, or raw");
    let with_x = Contents { var: Columns { names: names("g", 2), columns: vec![] }, x: Some(&x), ..plain };
    let a = parse(written(&with_x), &ReadOptions::default()).unwrap();
    let text = a.require_positions(Path::new("a.h5ad")).unwrap_err().to_string();
    assert!(text.contains("has no spot positions"), "{text}");
}

/// `[[1, 0, 2], [0, 0, 3]]` with its tables left to the caller.
fn sparse(mut group: GroupBuilder, form: &str, old: bool) -> hdf5_pure::FinishedGroup {
    let text = |s: &str| AttrValue::VarLenString(s.into());
    if old {
        group.set_attr("h5sparse_format", text(form));
        group.set_attr("h5sparse_shape", AttrValue::I64Array(vec![2, 3]));
    } else {
        group.set_attr("encoding-type", text(&format!("{form}_matrix")));
        group.set_attr("shape", AttrValue::I64Array(vec![2, 3]));
    }
    group.create_dataset("data").with_f32_data(&[1.0, 2.0, 3.0]);
    if form == "csr" {
        group.create_dataset("indices").with_i32_data(&[0, 2, 2]);
        group.create_dataset("indptr").with_i32_data(&[0, 2, 3]);
    } else {
        group.create_dataset("indices").with_i32_data(&[0, 0, 1]);
        group.create_dataset("indptr").with_i32_data(&[0, 1, 1, 3]);
    }
    group.finish()
}

fn tables(file: &mut FileBuilder) {
    for (name, rows) in [("obs", vec!["a", "b"]), ("var", vec!["x", "y", "z"])] {
        let mut table = file.create_group(name);
        table.set_attr("_index", AttrValue::VarLenString("index".into()));
        table.create_dataset("index").with_vlen_strings(&rows);
        if name == "obs" {
            // Encoding 0.7.
            table.create_dataset("leiden").with_i8_data(&[1, -1]);
            let mut kept = table.create_group("__categories");
            kept.create_dataset("leiden").with_vlen_strings(&["u", "v"]);
            table.add_group(kept.finish());
            // A nullable column.
            let mut nullable = table.create_group("in_tissue");
            nullable.create_dataset("values").with_i64_data(&[1, 0]);
            nullable.create_dataset("mask").with_u8_data(&[0, 0]);
            table.add_group(nullable.finish());
        }
        file.add_group(table.finish());
    }
}

#[test]
fn rows_columns_and_older_encodings_give_the_same() {
    for (form, old) in [("csr", false), ("csc", false), ("csr", true), ("csc", true)] {
        let mut file = FileBuilder::new();
        tables(&mut file);
        let x = sparse(file.create_group("X"), form, old);
        file.add_group(x);
        let a = parse(file.finish().unwrap(), &labelled("leiden")).unwrap();
        assert_eq!(a.table.counts.row(0), (&[0, 2][..], &[1.0, 2.0][..]), "{form} {old}");
        assert_eq!(a.table.counts.row(1), (&[2][..], &[3.0][..]), "{form} {old}");
        assert_eq!(a.values, ValueKind::Counts);
        assert_eq!(a.labels, Some(vec![Some("v".into()), None]));
        assert_eq!(a.in_tissue, Some(vec![true, false]));
    }
}

#[test]
fn tables_of_records_before_0_7() {
    use hdf5_pure::{CompoundTypeBuilder, Datatype};
    let bytes = |n: u32| Datatype::String {
        size: n,
        padding: hdf5_pure::StringPadding::NullPad,
        charset: hdf5_pure::CharacterSet::Ascii,
    };
    let mut file = FileBuilder::new();
    let obs =
        CompoundTypeBuilder::new().field("index", bytes(4)).f32_field("n").i8_field("kind").build().unwrap();
    let mut raw = Vec::new();
    for (name, n, kind) in [(b"AA-1", 1.5f32, 1i8), (b"BB-1", 2.0, 0)] {
        raw.extend_from_slice(name);
        raw.extend_from_slice(&n.to_le_bytes());
        raw.push(kind as u8);
    }
    file.create_dataset("obs").with_compound_data(obs, raw, 2);
    let var = CompoundTypeBuilder::new().field("index", bytes(2)).build().unwrap();
    file.create_dataset("var").with_compound_data(var, b"x\0y\0z\0".to_vec(), 3);
    let mut uns = file.create_group("uns");
    uns.create_dataset("kind_categories").with_ascii_strings(&["one", "two"]).unwrap();
    file.add_group(uns.finish());
    let x = sparse(file.create_group("X"), "csr", true);
    file.add_group(x);
    let bytes = file.finish().unwrap();
    let about = inspect_file(&over(bytes.clone()).unwrap()).unwrap();
    assert_eq!(about.labels, [LabelColumn { name: "kind".into(), categories: 2 }]);
    let a = parse(bytes, &labelled("kind")).unwrap();
    assert_eq!(a.table.spots, ["AA-1", "BB-1"]);
    assert_eq!(a.table.genes, ["x", "y", "z"].map(Gene::named));
    assert_eq!(a.labels, Some(vec![Some("two".into()), Some("one".into())]));
}

/// Positions as records, `obsm` as one table of records, and `raw` beside an X of fewer genes, as before 0.7.
#[test]
fn positions_and_raw_counts_before_0_7() {
    use hdf5_pure::{CompoundTypeBuilder, Datatype, make_f64_type};
    let with = |fill: &dyn Fn(&mut FileBuilder)| {
        let mut file = FileBuilder::new();
        tables(&mut file);
        file.create_dataset("X").with_f32_data(&[0.5, 1.5, 2.5, 3.5, 4.5, 5.5]).with_shape(&[2, 3]);
        fill(&mut file);
        file.finish().unwrap()
    };
    let numbers = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let records = with(&|file| {
        let pair = CompoundTypeBuilder::new().f64_field("y").f64_field("x").build().unwrap();
        let mut obsm = file.create_group("obsm");
        obsm.create_dataset("spatial").with_compound_data(pair, numbers(&[1.0, 2.0, 3.0, 4.0]), 2);
        file.add_group(obsm.finish());
    });
    let a = parse(records.clone(), &ReadOptions::default()).unwrap();
    assert_eq!(a.positions, Some(vec![[2.0, 1.0], [4.0, 3.0]]));
    assert_eq!(a.values, ValueKind::Normalised);
    assert!(inspect_file(&over(records).unwrap()).unwrap().has_positions);

    let one_table = with(&|file| {
        let list = |n| Datatype::Array { base_type: Box::new(make_f64_type()), dimensions: vec![n] };
        let row = CompoundTypeBuilder::new().field("pca", list(3)).field("spatial", list(2)).build().unwrap();
        let values = numbers(&[0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 4.0]);
        file.create_dataset("obsm").with_compound_data(row, values, 2);
        let mut x = file.create_group("raw.X");
        x.set_attr("h5sparse_format", AttrValue::VarLenString("csr".into()));
        x.set_attr("h5sparse_shape", AttrValue::I64Array(vec![2, 4]));
        x.create_dataset("data").with_f32_data(&[7.0, 9.0]);
        x.create_dataset("indices").with_i32_data(&[3, 0]);
        x.create_dataset("indptr").with_i32_data(&[0, 1, 2]);
        file.add_group(x.finish());
        let mut var = file.create_group("raw.var");
        var.create_dataset("index").with_vlen_strings(&["w", "x", "y", "z"]);
        file.add_group(var.finish());
    });
    let about = inspect_file(&over(one_table.clone()).unwrap()).unwrap();
    assert!(about.has_positions && about.has_raw);
    assert_eq!((about.values, about.raw_values), (Some(ValueKind::Normalised), Some(ValueKind::Counts)));
    let options = ReadOptions { matrix: MatrixChoice::Raw, ..ReadOptions::default() };
    let a = parse(one_table, &options).unwrap();
    assert_eq!(a.positions, Some(vec![[1.0, 2.0], [3.0, 4.0]]));
    assert_eq!((a.table.genes.len(), a.table.counts.sum(), a.values), (4, 16.0, ValueKind::Counts));
}

#[test]
fn real_files_equal_anndata() {
    let Some(shared) = crate::data::testing::real_data() else { return };
    let expected = crate::data::testing::reference(&shared, "h5ad_anndata.json");
    let small = shared.join("real_data/h5ad/anndata_v0.11.4.h5ad");
    let about = inspect(&small).unwrap();
    assert_eq!((about.spots, about.genes, about.has_x, about.has_positions), (10, 20, false, false));
    assert!(about.labels.is_empty() && about.libraries.is_empty());
    assert!(read(&small, &ReadOptions::default(), &Silent, &CancelToken::new()).is_err());

    let path = shared.join("real_data/h5ad/squidpy_test_data.h5ad");
    let expected = &expected["h5ad/squidpy_test_data.h5ad"];
    let about = inspect(&path).unwrap();
    assert_eq!(serde_json::json!([about.spots, about.genes]), expected["shape"]);
    assert_eq!(about.values, Some(ValueKind::Normalised));
    assert_eq!(about.labels, [LabelColumn { name: "leiden".into(), categories: 5 }]);
    let library = &about.libraries[0];
    for image in &library.images {
        let size = &expected["images"][&library.name][&image.key];
        assert_eq!(serde_json::json!([image.height, image.width, 3]), *size);
        let pixels = read_image(&path, &library.name, &image.key).unwrap();
        assert_eq!(pixels.dimensions(), (image.width, image.height));
        let mean = pixels.iter().map(|&v| f64::from(v)).sum::<f64>() / pixels.len() as f64;
        assert!((20.0..250.0).contains(&mean), "{mean}");
    }
    assert!(library.scale_of("hires").is_some() && library.scale_of("none").is_none());
    let a = read(&path, &labelled("leiden"), &Silent, &CancelToken::new()).unwrap();
    let sum = expected["sum"].as_f64().unwrap();
    assert!((a.table.counts.sum() / sum - 1.0).abs() < 1e-5, "{}", a.table.counts.sum());
    let first = |values: Vec<String>| serde_json::json!(values[..3]);
    assert_eq!(first(a.table.spots.clone()), expected["obs_names"]);
    assert_eq!(first(a.table.genes.iter().map(|g| g.name.clone()).collect()), expected["var_names"]);
    assert!(a.table.genes[0].id.starts_with("ENSMUSG"));
    for (found, expected) in
        a.require_positions(&path).unwrap().iter().zip(expected["spatial_first3"].as_array().unwrap())
    {
        assert_eq!(serde_json::json!(found.map(|v| v as i64)), *expected);
    }
    assert_eq!(a.labels.unwrap().iter().flatten().count(), 49);
    assert!(a.in_tissue.unwrap().iter().all(|&t| t));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_files_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let x = Matrix::from_fn(4, 3, |r, c| (r * c) as f32);
        let mut bytes = written(&sample(&x));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(file) = over(bytes) {
            let _ = inspect_file(&file);
            if let Ok(a) = read_file(&file, &labelled("label"), &Silent, &CancelToken::new()) {
                prop_assert_eq!(a.table.spots.len(), a.table.counts.rows());
                prop_assert_eq!(a.table.genes.len(), a.table.counts.cols());
            }
        }
    }
}
