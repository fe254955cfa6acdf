//! Damaged matrices of 10x: HDF5 of version 3 and 2, and text.

use super::hdf5::Data;
use super::made::{BARCODES, FEATURES, H5, MTX, SPOTS, visium, visium_mtx, visium_v2};
use super::{Case, check};

const VERSION_3: &[Case] = &[
    ("a matrix cut off", |s| s.cut(H5, 0.5)),
    ("a matrix of which only the start is there", |s| s.write(H5, b"\x89HDF\r\n\x1a\n")),
    ("text for a matrix", |s| s.write(H5, b"barcode,count\n")),
    ("an empty matrix", |s| s.write(H5, b"")),
    ("no group of the matrix", |s| s.hdf5(|h| h.rename("matrix", "table"))),
    ("no features", |s| s.hdf5(|h| h.remove("matrix/features"))),
    ("no values", |s| s.hdf5(|h| h.remove("matrix/data"))),
    ("no barcodes", |s| s.hdf5(|h| h.remove("matrix/barcodes"))),
    ("no starts", |s| s.hdf5(|h| h.remove("matrix/indptr"))),
    ("texts for values", |s| s.hdf5(|h| h.set("matrix/data", Data::Texts(vec!["1".into(); SPOTS * 3])))),
    ("numbers for barcodes", |s| s.hdf5(|h| h.set("matrix/barcodes", Data::Whole(vec![1; SPOTS])))),
    ("a feature that is not there", |s| s.hdf5(|h| h.number("matrix/indices", 4, 3))),
    ("a feature below zero", |s| s.hdf5(|h| h.number("matrix/indices", 4, -1))),
    ("starts that do not rise", |s| s.hdf5(|h| h.number("matrix/indptr", 2, 1))),
    ("starts beyond the values", |s| s.hdf5(|h| h.number("matrix/indptr", SPOTS, 1 << 40))),
    ("too few starts", |s| s.hdf5(|h| h.shorten("matrix/indptr", 9))),
    ("fewer features than values", |s| s.hdf5(|h| h.shorten("matrix/indices", 9))),
    ("a shape of another matrix", |s| s.hdf5(|h| h.number("matrix/shape", 1, 4_992))),
    ("a shape beyond all memory", |s| s.hdf5(|h| h.number("matrix/shape", 0, i64::MAX))),
    ("a barcode twice", |s| s.hdf5(|h| h.set("matrix/barcodes", Data::Texts(vec!["AAAC-1".into(); SPOTS])))),
    ("fewer names than features", |s| s.hdf5(|h| h.shorten("matrix/features/name", 2))),
    ("a negative count", |s| s.hdf5(|h| h.number("matrix/data", 4, -2))),
    ("a count that cannot be", |s| s.hdf5(|h| h.number("matrix/data", 4, 1 << 40))),
    ("normalised values", |s| {
        s.hdf5(|h| h.set("matrix/data", Data::Floats(vec![0.5; SPOTS * 3], vec![SPOTS as u64 * 3])))
    }),
    ("antibodies alone", |s| {
        s.hdf5(|h| h.set("matrix/features/feature_type", Data::texts(&["Antibody Capture"; 3])))
    }),
    ("probes for genes", |s| s.hdf5(|h| h.set("matrix/features/probe_region", Data::texts(&["spliced"; 3])))),
];

#[test]
fn damaged_matrices_say_what_is_wrong() {
    check("matrix_version_3", visium, VERSION_3);
}

const VERSION_2: &[Case] = &[
    ("a matrix of version 2 cut off", |s| s.cut(super::made::H5_V2, 0.9)),
    ("no genes of version 2", |s| s.hdf5(|h| h.remove("GRCh38/genes"))),
    ("fewer names than genes", |s| s.hdf5(|h| h.shorten("GRCh38/gene_names", 1))),
    ("no indices of version 2", |s| s.hdf5(|h| h.remove("GRCh38/indices"))),
    ("a gene that is not there", |s| s.hdf5(|h| h.number("GRCh38/indices", 0, 3))),
];

#[test]
fn damaged_matrices_of_version_2_say_what_is_wrong() {
    check("matrix_version_2", visium_v2, VERSION_2);
}

const TEXT: &[Case] = &[
    ("an empty matrix in text", |s| s.write(MTX, b"")),
    ("a table for a matrix", |s| s.write(MTX, b"\tERBB2\tGRB7\nAAAC-1\t1\t2\n")),
    ("a dense matrix", |s| s.replace(MTX, "coordinate integer", "array real")),
    ("a matrix of complex numbers", |s| s.replace(MTX, "integer", "complex")),
    ("a size of two numbers", |s| s.replace(MTX, "\n3 36 108\n", "\n3 36\n")),
    ("a size that is too large", |s| s.replace(MTX, "\n3 36 108\n", "\n3 99999999999 108\n")),
    ("the size of another matrix", |s| s.replace(MTX, "\n3 36 108\n", "\n3 35 108\n")),
    ("an entry without its count", |s| s.replace(MTX, "\n2 3 ", "\n2 3\n")),
    ("an entry outside", |s| s.replace(MTX, "\n2 3 ", "\n2 37 ")),
    ("text for a count", |s| s.replace(MTX, "\n2 3 ", "\n2 3 x")),
    ("a fractional count", |s| s.replace(MTX, "\n2 3 ", "\n2 3 0.")),
    ("a negative count", |s| s.replace(MTX, "\n2 3 ", "\n2 3 -")),
    ("a matrix cut off", |s| s.without_last_lines(MTX, 5)),
    ("an entry too many", |s| s.replace(MTX, "\n3 36 108\n", "\n3 36 107\n")),
    ("an archive cut off", |s| s.write(MTX, &super::super::gzip(&[b'%'; 999])[..20])),
    ("too few features", |s| s.without_last_lines(FEATURES, 1)),
    ("too few barcodes", |s| s.without_last_lines(BARCODES, 30)),
    ("a barcode twice", |s| s.replace(BARCODES, "AAAC-1", "AAAA-1")),
    ("no features", |s| s.remove(FEATURES)),
    ("no barcodes", |s| s.remove(BARCODES)),
    ("an image for the barcodes", |s| s.write(BARCODES, b"\x89PNG\r\n\x1a\n")),
];

#[test]
fn damaged_matrices_in_text_say_what_is_wrong() {
    check("matrix_text", visium_mtx, TEXT);
}
