//! Damaged positions, scale factors, images and labels of Visium and Visium HD.

use super::made::{BINS, BINS_FACTORS, BINS_H5, BINS_HIRES, FACTORS, HIRES, LABELS, POSITIONS};
use super::made::{barcode, visium, visium_hd};
use super::{Case, check};

/// The line of the third spot up to its pixels.
const THIRD: &str = "AAAAAAAAAAAAAAAG-1,1,0,4,";

const VISIUM: &[Case] = &[
    ("empty positions", |s| s.write(POSITIONS, b"")),
    ("positions of five columns", |s| s.replace(POSITIONS, ",pxl_col_in_fullres", "")),
    ("positions of five columns without a header", |s| {
        s.write(POSITIONS, b"AAAC-1,1,0,0,60\nAAAG-1,1,0,2,60\n")
    }),
    ("another name for a column", |s| s.replace(POSITIONS, "pxl_row_in_fullres", "y")),
    ("a header alone", |s| s.without_last_lines(POSITIONS, 36)),
    ("text for a pixel", |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}left"))),
    ("nothing for a pixel", |s| s.replace(POSITIONS, &format!("{THIRD}60"), THIRD)),
    ("NaN for a pixel", |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}nan"))),
    ("a spot above the slide", |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}-60"))),
    ("a fraction of a row", |s| s.replace(POSITIONS, THIRD, &THIRD.replace(",0,4,", ",0.5,4,"))),
    ("5 for in_tissue", |s| s.replace(POSITIONS, THIRD, &THIRD.replace(",1,", ",5,"))),
    ("a row cut off", |s| s.cut(POSITIONS, 0.97)),
    ("a spot twice", |s| s.replace(POSITIONS, &barcode(2), &barcode(1))),
    ("positions of another sample", |s| {
        let text = std::fs::read_to_string(s.path(POSITIONS)).unwrap();
        s.write(POSITIONS, text.replace("\nAAAA", "\nTTTT").as_bytes());
    }),
    ("no spot under tissue", |s| {
        let text = std::fs::read_to_string(s.path(POSITIONS)).unwrap();
        s.write(POSITIONS, text.replace("-1,1,", "-1,0,").as_bytes());
    }),
    ("an Excel workbook for positions", |s| s.write(POSITIONS, b"PK\x03\x04\x14\0\x06\0")),
    ("no positions", |s| s.remove(POSITIONS)),
    ("no matrix", |s| s.remove(super::made::H5)),
    ("scale factors that are no JSON", |s| s.write(FACTORS, b"tissue_hires_scalef: 0.5")),
    ("scale factors cut off", |s| s.cut(FACTORS, 0.8)),
    ("a list for scale factors", |s| s.write(FACTORS, b"[0.5]")),
    ("no scale factor at all", |s| s.write(FACTORS, b"{\"a\": 1}")),
    ("a scale factor of zero", |s| s.replace(FACTORS, "0.8", "0")),
    ("a negative scale factor", |s| s.replace(FACTORS, "0.8", "-0.5")),
    ("text for a scale factor", |s| s.replace(FACTORS, "0.8", "\"half\"")),
    ("no scale factor of the image", |s| s.replace(FACTORS, "tissue_hires_scalef", "hires")),
    ("a scale factor of another image", |s| s.replace(FACTORS, "0.8", "8.0")),
    ("no scale factors", |s| s.remove(FACTORS)),
    ("no image", |s| s.remove(HIRES)),
    ("an image cut off", |s| s.cut(HIRES, 0.5)),
    ("an image cut in its header", |s| s.write(HIRES, b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0")),
    ("text for an image", |s| s.write(HIRES, b"see the other disk")),
    ("two labels of one spot", |s| {
        s.replace(LABELS, &format!("{},cancer 0", barcode(2)), &format!("{},cancer 0", barcode(1)))
    }),
    ("a label without a barcode", |s| s.replace(LABELS, &barcode(2), "")),
    ("a label too many", |s| s.replace(LABELS, &barcode(2), &format!("{},more,and more", barcode(2)))),
    ("labels that are no text", |s| {
        let mut bytes = std::fs::read(s.path(LABELS)).unwrap();
        let last = bytes.len() - 2;
        bytes[last - 1..=last].copy_from_slice(b"\x01\xe9");
        s.write(LABELS, &bytes);
    }),
];

#[test]
fn damaged_visium_samples_say_what_is_wrong() {
    check("visium", visium, VISIUM);
}

const BINNED: &[Case] = &[
    ("bins cut off", |s| s.cut(BINS, 0.6)),
    ("bins of which only the start is there", |s| s.write(BINS, b"PAR1")),
    ("bins with another end", |s| {
        let mut bytes = std::fs::read(s.path(BINS)).unwrap();
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(b"PARX");
        s.write(BINS, &bytes);
    }),
    ("encrypted bins", |s| {
        let mut bytes = std::fs::read(s.path(BINS)).unwrap();
        let at = bytes.len() - 4;
        bytes[at..].copy_from_slice(b"PARE");
        s.write(BINS, &bytes);
    }),
    ("a column of another name", |s| {
        let mut bytes = std::fs::read(s.path(BINS)).unwrap();
        let name = b"in_tissue";
        while let Some(at) = bytes.windows(name.len()).position(|w| w == name) {
            bytes[at..at + name.len()].copy_from_slice(b"on_tissue");
        }
        s.write(BINS, &bytes);
    }),
    ("empty bins", |s| s.write(BINS, b"")),
    ("a size of bins that no assay has", |s| s.replace(BINS_FACTORS, "8.0", "8000.0")),
    ("a resolution that no scanner has", |s| s.replace(BINS_FACTORS, "2.6667", "2666.7")),
    ("a matrix of bins cut off", |s| s.cut(BINS_H5, 0.3)),
    ("bins of another size", |s| {
        s.hdf5(|h| {
            let other = (0..400).map(|i| format!("s_016um_{:05}_{:05}-1", i / 20, i % 20)).collect();
            h.set("matrix/barcodes", super::hdf5::Data::Texts(other));
        })
    }),
    ("no image of bins", |s| s.remove(BINS_HIRES)),
];

#[test]
fn damaged_bins_say_what_is_wrong() {
    check("visium_hd", visium_hd, BINNED);
}
