//! Damaged matrices of 10x: HDF5 of version 3 and 2, and text.

use super::hdf5::Data;
use super::made::{BARCODES, FEATURES, H5, MTX, SPOTS, visium, visium_mtx, visium_v2};
use super::{Case, check};

const VERSION_3: &[Case] = &[
    (
        "a matrix cut off",
        |s| s.cut(H5, 0.5),
        "*/V1/outs/filtered_feature_bc_matrix.h5: the HDF5 file is damaged or cut off; copy or download it again",
    ),
    (
        "a matrix of which only the start is there",
        |s| s.write(H5, b"\x89HDF\r\n\x1a\n"),
        "*/V1/outs/filtered_feature_bc_matrix.h5: the HDF5 file is damaged or cut off; copy or download it again",
    ),
    (
        "text for a matrix",
        |s| s.write(H5, b"barcode,count\n"),
        "*/V1: no sample in it can be used (V1 was left out: filtered_feature_bc_matrix.h5 is not an HDF5 file; copy or download it again)",
    ),
    (
        "an empty matrix",
        |s| s.write(H5, b""),
        "*/V1: no sample in it can be used (V1 was left out: filtered_feature_bc_matrix.h5 is not an HDF5 file; copy or download it again)",
    ),
    (
        "no group of the matrix",
        |s| s.hdf5(|h| h.rename("matrix", "table")),
        "*/V1/outs/filtered_feature_bc_matrix.h5: this HDF5 file holds no feature-barcode matrix; give filtered_feature_bc_matrix.h5 or an .h5ad file",
    ),
    (
        "no features",
        |s| s.hdf5(|h| h.remove("matrix/features")),
        "*/V1/outs/filtered_feature_bc_matrix.h5: the matrix names no features (matrix/features/id is not there); the file is incomplete",
    ),
    (
        "no values",
        |s| s.hdf5(|h| h.remove("matrix/data")),
        "*/V1/outs/filtered_feature_bc_matrix.h5: there is no matrix/data in the file; it is incomplete",
    ),
    (
        "no barcodes",
        |s| s.hdf5(|h| h.remove("matrix/barcodes")),
        "*/V1/outs/filtered_feature_bc_matrix.h5: there is no matrix/barcodes in the file; it is incomplete",
    ),
    (
        "no starts",
        |s| s.hdf5(|h| h.remove("matrix/indptr")),
        "*/V1/outs/filtered_feature_bc_matrix.h5: there is no matrix/indptr in the file; it is incomplete",
    ),
    (
        "texts for values",
        |s| s.hdf5(|h| h.set("matrix/data", Data::Texts(vec!["1".into(); SPOTS * 3]))),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/data: numbers were expected, but these are texts",
    ),
    (
        "numbers for barcodes",
        |s| s.hdf5(|h| h.set("matrix/barcodes", Data::Whole(vec![1; SPOTS]))),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/barcodes: texts were expected, but these are whole numbers",
    ),
    (
        "a feature that is not there",
        |s| s.hdf5(|h| h.number("matrix/indices", 4, 3)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indices: spot \"AAAAAAAAAAAAAAAC-1\" has a count of feature 3 (from 0 on), but there are 3; the file is damaged",
    ),
    (
        "a feature below zero",
        |s| s.hdf5(|h| h.number("matrix/indices", 4, -1)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indices: -1 is not a whole number of 0 or more",
    ),
    (
        "starts that do not rise",
        |s| s.hdf5(|h| h.number("matrix/indptr", 2, 1)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indptr: its entries do not fit the values; the file is damaged",
    ),
    (
        "starts beyond the values",
        |s| s.hdf5(|h| h.number("matrix/indptr", SPOTS, 1 << 40)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indptr: its entries do not fit the values; the file is damaged",
    ),
    (
        "too few starts",
        |s| s.hdf5(|h| h.shorten("matrix/indptr", 9)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indptr: 9 entries were found for 36 barcodes; the file is damaged",
    ),
    (
        "fewer features than values",
        |s| s.hdf5(|h| h.shorten("matrix/indices", 9)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/indices: the features of 9 values were found where there are 108; the file is damaged",
    ),
    (
        "a shape of another matrix",
        |s| s.hdf5(|h| h.number("matrix/shape", 1, 4_992)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/shape: it says 3 x 4992 where the file names 3 features x 36 barcodes; the file is damaged",
    ),
    (
        "a shape beyond all memory",
        |s| s.hdf5(|h| h.number("matrix/shape", 0, i64::MAX)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/shape: it says 9223372036854775807 x 36 where the file names 3 features x 36 barcodes; the file is damaged",
    ),
    (
        "a barcode twice",
        |s| s.hdf5(|h| h.set("matrix/barcodes", Data::Texts(vec!["AAAC-1".into(); SPOTS]))),
        "*/V1/outs/filtered_feature_bc_matrix.h5: barcode \"AAAC-1\" is there twice",
    ),
    (
        "fewer names than features",
        |s| s.hdf5(|h| h.shorten("matrix/features/name", 2)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/features/name: 2 texts for 3 features; the file is damaged",
    ),
    (
        "a negative count",
        |s| s.hdf5(|h| h.number("matrix/data", 4, -2)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/data: the count of \"GRB7\" in spot \"AAAAAAAAAAAAAAAC-1\" is -2; counts cannot be negative, so give raw counts",
    ),
    (
        "a count that cannot be",
        |s| s.hdf5(|h| h.number("matrix/data", 4, 1 << 40)),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/data: the count of \"GRB7\" in spot \"AAAAAAAAAAAAAAAC-1\" is 1099511600000, which cannot be a count; the file is damaged",
    ),
    (
        "normalised values",
        |s| s.hdf5(|h| h.set("matrix/data", Data::Floats(vec![0.5; SPOTS * 3], vec![SPOTS as u64 * 3]))),
        "*/V1/outs/filtered_feature_bc_matrix.h5: matrix/data: the count of \"ERBB2\" in spot \"AAAAAAAAAAAAAAAA-1\" is 0.5; counts are whole numbers, so give raw counts, not normalised values",
    ),
    (
        "antibodies alone",
        |s| s.hdf5(|h| h.set("matrix/features/feature_type", Data::texts(&["Antibody Capture"; 3]))),
        "V1: 3 features (Antibody Capture) were left out; genes are used | */V1/outs/filtered_feature_bc_matrix.h5: the matrix holds no genes (Gene Expression); give the one that counts genes",
    ),
    (
        "probes for genes",
        |s| s.hdf5(|h| h.set("matrix/features/probe_region", Data::texts(&["spliced"; 3]))),
        "*/V1/outs/filtered_feature_bc_matrix.h5: this matrix counts probes, not genes; use filtered_feature_bc_matrix.h5 of the same folder",
    ),
];

#[test]
fn damaged_matrices_say_what_is_wrong() {
    check(visium, VERSION_3);
}

const VERSION_2: &[Case] = &[
    (
        "a matrix of version 2 cut off",
        |s| s.cut(super::made::H5_V2, 0.9),
        "*/V1/outs/filtered_gene_bc_matrices_h5.h5: the HDF5 file is damaged or cut off; copy or download it again",
    ),
    (
        "no genes of version 2",
        |s| s.hdf5(|h| h.remove("GRCh38/genes")),
        "*/V1/outs/filtered_gene_bc_matrices_h5.h5: this HDF5 file holds no feature-barcode matrix; give filtered_feature_bc_matrix.h5 or an .h5ad file",
    ),
    (
        "fewer names than genes",
        |s| s.hdf5(|h| h.shorten("GRCh38/gene_names", 1)),
        "*/V1/outs/filtered_gene_bc_matrices_h5.h5: GRCh38/gene_names: 1 name for 3 genes; the file is damaged",
    ),
    (
        "no indices of version 2",
        |s| s.hdf5(|h| h.remove("GRCh38/indices")),
        "*/V1/outs/filtered_gene_bc_matrices_h5.h5: there is no GRCh38/indices in the file; it is incomplete",
    ),
    (
        "a gene that is not there",
        |s| s.hdf5(|h| h.number("GRCh38/indices", 0, 3)),
        "*/V1/outs/filtered_gene_bc_matrices_h5.h5: GRCh38/indices: spot \"AAAAAAAAAAAAAAAA-1\" has a count of feature 3 (from 0 on), but there are 3; the file is damaged",
    ),
];

#[test]
fn damaged_matrices_of_version_2_say_what_is_wrong() {
    check(visium_v2, VERSION_2);
}

const TEXT: &[Case] = &[
    (
        "an empty matrix in text",
        |s| s.write(MTX, b""),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx: the file is empty",
    ),
    (
        "a table for a matrix",
        |s| s.write(MTX, b"\tERBB2\tGRB7\nAAAC-1\t1\t2\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 1: this is not a Matrix Market file (%%MatrixMarket is not its first word)",
    ),
    (
        "a dense matrix",
        |s| s.replace(MTX, "coordinate integer", "array real"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 1: the matrix is \"matrix array real general\"; \"matrix coordinate integer general\" was expected",
    ),
    (
        "a matrix of complex numbers",
        |s| s.replace(MTX, "integer", "complex"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 1: the matrix is \"matrix coordinate complex general\"; \"matrix coordinate integer general\" was expected",
    ),
    (
        "a size of two numbers",
        |s| s.replace(MTX, "\n3 36 108\n", "\n3 36\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 3: three numbers were expected: features, barcodes and entries",
    ),
    (
        "a size that is too large",
        |s| s.replace(MTX, "\n3 36 108\n", "\n3 99999999999 108\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 3: the matrix is 3 x 99999999999, more than any has; copy or download the file again",
    ),
    (
        "the size of another matrix",
        |s| s.replace(MTX, "\n3 36 108\n", "\n3 35 108\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx: the matrix is 3 x 35, but features.tsv names 3 features and barcodes.tsv names 36 barcodes; give three files of one matrix",
    ),
    (
        "an entry without its count",
        |s| s.replace(MTX, "\n2 3 ", "\n2 3\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 11: \"2 3\" is not an entry; row, column and count were expected",
    ),
    (
        "an entry outside",
        |s| s.replace(MTX, "\n2 3 ", "\n2 37 "),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 11: the entry at 2, 37 lies outside the matrix of 3 x 36",
    ),
    (
        "text for a count",
        |s| s.replace(MTX, "\n2 3 ", "\n2 3 x"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 11: \"2 3 x9\" is not an entry; row, column and count were expected",
    ),
    (
        "a fractional count",
        |s| s.replace(MTX, "\n2 3 ", "\n2 3 0."),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 11: 0.9 is not a count; give raw counts, not normalised values",
    ),
    (
        "a negative count",
        |s| s.replace(MTX, "\n2 3 ", "\n2 3 -"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 11: -9 is not a count; give raw counts, not normalised values",
    ),
    (
        "a matrix cut off",
        |s| s.without_last_lines(MTX, 5),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 106: the header says 108 entries, but the file ends before; it was cut off",
    ),
    (
        "an entry too many",
        |s| s.replace(MTX, "\n3 36 108\n", "\n3 36 107\n"),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx, line 111: the header says 107 entries, but more follow",
    ),
    (
        "an archive cut off",
        |s| s.write(MTX, &super::super::gzip(&[b'%'; 999])[..20]),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx: the compressed file ends too early: it was cut off; copy or download it again",
    ),
    (
        "too few features",
        |s| s.without_last_lines(FEATURES, 1),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx: the matrix is 3 x 36, but features.tsv names 2 features and barcodes.tsv names 36 barcodes; give three files of one matrix",
    ),
    (
        "too few barcodes",
        |s| s.without_last_lines(BARCODES, 30),
        "*/V1/outs/filtered_feature_bc_matrix/matrix.mtx: the matrix is 3 x 36, but features.tsv names 3 features and barcodes.tsv names 6 barcodes; give three files of one matrix",
    ),
    (
        "a barcode twice",
        |s| s.replace(BARCODES, "AAAC-1", "AAAA-1"),
        "*/V1/outs/filtered_feature_bc_matrix/barcodes.tsv: barcode \"AAAAAAAAAAAAAAAA-1\" is there twice",
    ),
    (
        "no features",
        |s| s.remove(FEATURES),
        "*/V1: no sample in it can be used (V1 has positions (tissue_positions.csv) but no matrix (filtered_feature_bc_matrix), and was left out; not used: matrix.mtx (its barcodes or features are missing))",
    ),
    (
        "no barcodes",
        |s| s.remove(BARCODES),
        "*/V1: no sample in it can be used (V1 has positions (tissue_positions.csv) but no matrix (filtered_feature_bc_matrix), and was left out; not used: matrix.mtx (its barcodes or features are missing))",
    ),
    (
        "an image for the barcodes",
        |s| s.write(BARCODES, b"\x89PNG\r\n\x1a\n"),
        "*/V1/outs/filtered_feature_bc_matrix/barcodes.tsv: this is an image, not a text table",
    ),
];

#[test]
fn damaged_matrices_in_text_say_what_is_wrong() {
    check(visium_mtx, TEXT);
}
