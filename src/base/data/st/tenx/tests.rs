//! Hand-made matrices of every form, and mutated bytes.

use std::path::Path;
use std::sync::Arc;

use hdf5_pure::FileBuilder;
use proptest::prelude::*;

use super::*;
use crate::core::cancel::CancelToken;
use crate::core::progress::Silent;
use crate::data::hdf5::File;
use crate::data::mutate::{fuzz, gzip};
use crate::data::st::ReadError;

/// Version 3: three features, two spots, indices out of order.
fn version_3(change: impl FnOnce(&mut hdf5_pure::GroupBuilder, &mut hdf5_pure::GroupBuilder)) -> Vec<u8> {
    let mut file = FileBuilder::new();
    let mut matrix = file.create_group("matrix");
    matrix.create_dataset("barcodes").with_ascii_strings(&["AAAC-1", "AAAG-1"]).unwrap();
    matrix.create_dataset("indptr").with_i64_data(&[0, 2, 5]);
    matrix.create_dataset("shape").with_i32_data(&[3, 2]);
    let mut features = matrix.create_group("features");
    features.create_dataset("id").with_ascii_strings(&["E1", "E2", "CD3"]).unwrap();
    features.create_dataset("name").with_ascii_strings(&["TBCE", "TBCE", "CD3"]).unwrap();
    let kinds = ["Gene Expression", "Gene Expression", "Antibody Capture"];
    features.create_dataset("feature_type").with_ascii_strings(&kinds).unwrap();
    features.create_dataset("genome").with_ascii_strings(&["mm10", "mm10", ""]).unwrap();
    change(&mut matrix, &mut features);
    matrix.add_group(features.finish());
    file.add_group(matrix.finish());
    file.finish().unwrap()
}

fn with_values(values: &[i32], indices: &[i64]) -> Vec<u8> {
    version_3(|matrix, _| {
        matrix.create_dataset("data").with_i32_data(values).with_chunks(&[2]).with_shuffle().with_deflate(4);
        matrix.create_dataset("indices").with_i64_data(indices).with_chunks(&[3]).with_deflate(4);
    })
}

fn sound() -> Vec<u8> {
    with_values(&[1, 2, 3, 4, 5], &[2, 0, 1, 2, 0])
}

fn read(bytes: Vec<u8>) -> Result<FeatureMatrix, ReadError> {
    let file = File::from_bytes(Path::new("m.h5"), Arc::new(bytes))?;
    h5::read_from(&file, &Silent, &CancelToken::new())
}

fn says(bytes: Vec<u8>) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn version_3_is_read_and_sorted() {
    let mut m = read(sound()).unwrap();
    assert_eq!(m.table.spots, ["AAAC-1", "AAAG-1"]);
    assert_eq!(m.table.counts.row(0), (&[0, 2][..], &[2.0, 1.0][..]));
    assert_eq!(m.table.counts.row(1), (&[0, 1, 2][..], &[5.0, 3.0, 4.0][..]));
    assert_eq!(m.genomes, ["mm10", "mm10", ""]);
    let ids: Vec<&str> = m.table.genes.iter().map(|g| g.id.as_str()).collect();
    assert_eq!(ids, ["E1", "E2", "CD3"]);
    assert_eq!(m.keep_genes(), [SkippedFeatures { kind: FeatureKind::Antibody, features: 1 }]);
    assert_eq!(m.table.counts.sum(), 10.0);
}

#[test]
fn genomes_of_version_2_are_joined_by_barcode() {
    let mut file = FileBuilder::new();
    for (name, spots, values) in [("hg19", ["A-1", "B-1"], [1, 2]), ("mm10", ["B-1", "C-1"], [3, 4])] {
        let mut group = file.create_group(name);
        group.create_dataset("barcodes").with_ascii_strings(&spots).unwrap();
        group.create_dataset("genes").with_ascii_strings(&["E1", &format!("{name}E2")]).unwrap();
        group.create_dataset("gene_names").with_ascii_strings(&["a", "b"]).unwrap();
        group.create_dataset("data").with_i32_data(&values);
        group.create_dataset("indices").with_i64_data(&[1, 0]);
        group.create_dataset("indptr").with_i64_data(&[0, 1, 2]);
        group.create_dataset("shape").with_i32_data(&[2, 2]);
        file.add_group(group.finish());
    }
    let m = read(file.finish().unwrap()).unwrap();
    assert_eq!(m.table.spots, ["A-1", "B-1", "C-1"]);
    let ids: Vec<&str> = m.table.genes.iter().map(|g| g.id.as_str()).collect();
    assert_eq!(ids, ["E1", "hg19E2", "E1-1", "mm10E2"]);
    assert_eq!(m.genomes, ["hg19", "hg19", "mm10", "mm10"]);
    assert_eq!(m.table.counts.row(1), (&[0, 3][..], &[2.0, 3.0][..]));
    assert_eq!((m.table.counts.get(0, 1), m.table.counts.get(2, 2)), (1.0, 4.0));
}

#[test]
fn wrong_matrices_are_explained() {
    let text = says(with_values(&[1, 2, 3, 4, 5], &[2, 0, 1, 3, 0]));
    let outside =
        "spot \"AAAG-1\" has a count of feature 3 (counting from 0), but there are 3; the file is damaged";
    assert_eq!(text, format!("m.h5: matrix/indices: {outside}"));
    assert!(
        says(with_values(&[1, 2, -3, 4, 5], &[2, 0, 1, 2, 0]))
            .contains("is -3; counts cannot be negative, so give raw")
    );
    assert!(says(with_values(&[1, 2, 99_999_999, 4, 5], &[2, 0, 1, 2, 0])).contains("cannot be"));
    assert!(
        says(with_values(&[1, 2, 3, 4], &[2, 0, 1, 2, 0]))
            .contains("features of 5 values were found where there are 4")
    );
    assert!(says(with_values(&[1, 2, 3, 4], &[2, 0, 1, 2])).contains("indptr: its entries do not fit"));
    assert!(says(with_values(&[1; 5], &[2, 0, -1, 2, 0])).contains("-1 is not a whole number of 0 or more"));
    let probes = version_3(|_, features| {
        features.create_dataset("probe_region").with_ascii_strings(&["spliced"; 3]).unwrap();
    });
    assert!(says(probes).contains("counts probes, not genes; use filtered_feature_bc_matrix.h5"));
    assert!(says(version_3(|_, _| {})).contains("there is no matrix/data in the file"));
    let of = |names: &[&str]| {
        let mut file = FileBuilder::new();
        for name in names {
            file.create_dataset(name).with_i64_data(&[1]);
        }
        file.finish().unwrap()
    };
    assert!(says(of(&["barcode_idx", "count"])).contains("single molecules"));
    assert!(says(of(&["obs", "var"])).contains("AnnData"));
    assert!(says(of(&["x"])).contains("no feature-barcode matrix"));
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(matrix: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("matrix.mtx", matrix.as_bytes());
        folder.write("barcodes.tsv", b"AAAC-1\nAAAG-1\n");
        folder.write(
            "features.tsv",
            b"E1\tTBCE\tGene Expression\nE2\tTBCE\tGene Expression\nCD3\tCD3\tAntibody Capture\n",
        );
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn read(&self) -> Result<FeatureMatrix, ReadError> {
        read_mtx(&find_mtx(self.0.path(), None)?, &Silent, &CancelToken::new())
    }
}

const BANNER: &str = "%%MatrixMarket matrix coordinate integer general\n%remark\n";

#[test]
fn text_equals_hdf5_in_any_order() {
    let expected = read(sound()).unwrap().table;
    for entries in [
        "3 2 5\n3 1 1\n1 1 2\n2 2 3\n3 2 4\n1 2 5\n",
        "3 2 5\r\n1 2 5\r\n3 1 1\r\n2 2 3.0\r\n\r\n3  2\t4e0\r\n1 1 2",
        // Only turned around does this fit.
        "2 3 5\n1 3 1\n1 1 2\n2 2 3\n2 3 4\n2 1 5\n",
    ] {
        let m = Folder::new(&format!("{BANNER}{entries}")).read().unwrap();
        assert_eq!(m.table, expected, "{entries}");
        assert_eq!(m.kinds[2], FeatureKind::Antibody);
    }
    let with_headers = Folder::new(&format!("{BANNER}3 2 5\n3 1 1\n1 1 2\n2 2 3\n3 2 4\n1 2 5\n"));
    with_headers.write("barcodes.tsv", b"barcode\nAAAC-1\nAAAG-1\n");
    assert_eq!(with_headers.read().unwrap().table, expected);
}

#[test]
fn wrong_text_is_explained_with_its_line() {
    let says = |text: &str| {
        let text = Folder::new(text).read().unwrap_err().to_string();
        text[text.rfind("matrix.mtx").unwrap()..].to_owned()
    };
    let body = |entries: &str| says(&format!("{BANNER}{entries}"));
    assert_eq!(
        body("3 2 2\n1 1 1\n"),
        "matrix.mtx, line 4: the header says 2 entries, but the file ends before; it was cut off"
    );
    assert_eq!(body("3 2 1\n1 1 1\n1 2 1\n"), "matrix.mtx, line 5: the header says 1 entry, but more follow");
    assert_eq!(
        body("3 2 1\n4 1 1\n"),
        "matrix.mtx, line 4: the entry at 4, 1 lies outside the matrix of 3 x 2"
    );
    assert_eq!(
        body("3 2 1\n0 1 1\n"),
        "matrix.mtx, line 4: the entry at 0, 1 lies outside the matrix of 3 x 2"
    );
    assert!(body("3 2 1\n1 1 0.5\n").contains("0.5 is not a count"));
    assert!(body("3 2 1\n1 1 nan\n").contains("NaN is not a count"));
    assert!(body("3 2 1\n1 1\n").contains("\"1 1\" is not an entry"));
    assert!(body("3 x 1\n").contains("expected three numbers"));
    assert!(body("9 9 0\n").contains("the matrix is 9 x 9, but features.tsv names 3 features and"));
    assert!(says("").contains("empty"));
    assert!(says("1\t2\n").contains("not a Matrix Market file"));
    assert!(says("%%MatrixMarket matrix array real general\n").contains("\"matrix array real general\""));
    // A size that was damaged by one must not take the first gene for a header.
    assert!(body("2 2 1\n1 1 1\n").contains("the matrix is 2 x 2, but features.tsv names 3 features"));
    let symmetric = "%%MatrixMarket matrix coordinate pattern symmetric\n3 2";
    assert!(
        says(&format!("{symmetric} 1\n1 1\n"))
            .contains("line 1: the matrix is \"matrix coordinate pattern sym")
    );
    assert_eq!(Folder::new(&format!("{symmetric} 0\n")).read().unwrap().table.counts.nnz(), 0);
    let twice = Folder::new(&format!("{BANNER}3 2 0\n"));
    twice.write("barcodes.tsv", b"A\nA\n");
    assert!(twice.read().unwrap_err().to_string().contains("barcode \"A\" occurs twice"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_hdf5_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in 0usize..4000) {
        let mut bytes = sound();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut < bytes.len() && cut % 4 == 0 {
            bytes.truncate(bytes.len() - cut);
        }
        if let Ok(m) = read(bytes) {
            prop_assert_eq!(m.table.spots.len(), m.table.counts.rows());
            prop_assert_eq!(m.table.genes.len(), m.table.counts.cols());
        }
    }

    #[test]
    fn damaged_text_never_panics(at in any::<prop::sample::Index>(), new in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut text = format!("{BANNER}3 2 5\n3 1 1\n1 1 2\n2 2 3\n3 2 4\n1 2 5\n").into_bytes();
        let at = at.index(text.len());
        let end = (at + new.len()).min(text.len());
        text.splice(at..end, new);
        let folder = Folder::new("");
        folder.write("matrix.mtx", &text);
        let _ = folder.read();
    }
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_features_and_barcodes_never_panic_for_minutes() {
    let matrix = format!("{BANNER}3 2 5\n3 1 1\n1 1 2\n2 2 3\n3 2 4\n1 2 5\n");
    let sound_folder = Folder::new(&matrix);
    let of = |name: &str| std::fs::read(sound_folder.0.path().join(name)).unwrap();
    let (features, barcodes) = (of("features.tsv"), of("barcodes.tsv"));
    let sound = vec![
        features.clone(),
        b"\"id\"\t\"x\"\r\nE1\tTBCE\r\nE2\tTBCE\r\nCD3\tCD3\r\n".to_vec(),
        gzip(&features),
        barcodes.clone(),
        b"barcode\ns_008um_00301_00321-1\ns_008um_00301_00322-1\n".to_vec(),
        gzip(&barcodes),
    ];
    let folder = Folder::new(&matrix);
    fuzz("features", sound, |bytes| {
        let read = |name: &str, sound: &[u8]| {
            folder.write(name, bytes);
            let found = folder.read();
            folder.write(name, sound);
            if let Ok(m) = &found {
                let size = (m.table.counts.rows(), m.table.counts.cols());
                assert_eq!(size, (m.table.spots.len(), m.table.genes.len()));
                let _ = m.clone().keep_genes();
            }
            found.is_ok()
        };
        let as_features = read("features.tsv", &features);
        read("barcodes.tsv", &barcodes) || as_features
    });
}
