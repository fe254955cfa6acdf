//! Damaged positions, scale factors, images and labels of Visium and Visium HD.

use super::made::{BINS, BINS_FACTORS, BINS_H5, BINS_HIRES, FACTORS, HIRES, LABELS, POSITIONS};
use super::made::{barcode, visium, visium_hd};
use super::{Case, check};

/// The line of the third spot up to its pixels.
const THIRD: &str = "AAAAAAAAAAAAAAAG-1,1,0,4,";

const VISIUM: &[Case] = &[
    (
        "empty positions",
        |s| s.write(POSITIONS, b""),
        "*/V1/outs/spatial/tissue_positions.csv: the file is empty",
    ),
    (
        "positions of five columns",
        |s| s.replace(POSITIONS, ",pxl_col_in_fullres", ""),
        "*/V1/outs/spatial/tissue_positions.csv, line 1: there is no column pxl_col_in_fullres; the columns must be barcode, in_tissue, array_row, array_col, pxl_row_in_fullres, pxl_col_in_fullres",
    ),
    (
        "positions of five columns without a header",
        |s| s.write(POSITIONS, b"AAAC-1,1,0,0,60\nAAAG-1,1,0,2,60\n"),
        "*/V1/outs/spatial/tissue_positions.csv, line 1: the row has 5 cells; without a header there must be six: barcode, in_tissue, array row and column, pixel row and column",
    ),
    (
        "another name for a column",
        |s| s.replace(POSITIONS, "pxl_row_in_fullres", "y"),
        "*/V1/outs/spatial/tissue_positions.csv, line 1: there is no column pxl_row_in_fullres; the columns must be barcode, in_tissue, array_row, array_col, pxl_row_in_fullres, pxl_col_in_fullres",
    ),
    (
        "a header alone",
        |s| s.without_last_lines(POSITIONS, 36),
        "*/V1/outs/spatial/tissue_positions.csv: the positions file has a header but no spots",
    ),
    (
        "text for a pixel",
        |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}left")),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: pxl_row_in_fullres of spot \"AAAAAAAAAAAAAAAG-1\" is \"left\"; a number was expected",
    ),
    (
        "nothing for a pixel",
        |s| s.replace(POSITIONS, &format!("{THIRD}60"), THIRD),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: pxl_row_in_fullres of spot \"AAAAAAAAAAAAAAAG-1\" is \"\"; a number was expected",
    ),
    (
        "NaN for a pixel",
        |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}nan")),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: pxl_row_in_fullres of spot \"AAAAAAAAAAAAAAAG-1\" is NaN; a number was expected",
    ),
    (
        "a spot above the slide",
        |s| s.replace(POSITIONS, &format!("{THIRD}60"), &format!("{THIRD}-60")),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: pxl_row_in_fullres of spot \"AAAAAAAAAAAAAAAG-1\" is -60 although the spot is under tissue; it would lie off the slide",
    ),
    (
        "a fraction of a row",
        |s| s.replace(POSITIONS, THIRD, &THIRD.replace(",0,4,", ",0.5,4,")),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: array_row of spot \"AAAAAAAAAAAAAAAG-1\" is 0.5; a whole number from 0 on was expected",
    ),
    (
        "5 for in_tissue",
        |s| s.replace(POSITIONS, THIRD, &THIRD.replace(",1,", ",5,")),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: in_tissue of spot \"AAAAAAAAAAAAAAAG-1\" is 5; 0 or 1 was expected",
    ),
    (
        "a row cut off",
        |s| s.cut(POSITIONS, 0.97),
        "*/V1/outs/spatial/tissue_positions.csv, line 36: the row has 5 cells where the header has 6",
    ),
    (
        "a spot twice",
        |s| s.replace(POSITIONS, &barcode(2), &barcode(1)),
        "*/V1/outs/spatial/tissue_positions.csv, line 4: barcode \"AAAAAAAAAAAAAAAC-1\" was already on line 3",
    ),
    (
        "positions of another sample",
        |s| {
            let text = std::fs::read_to_string(s.path(POSITIONS)).unwrap();
            s.write(POSITIONS, text.replace("\nAAAA", "\nTTTT").as_bytes());
        },
        "*/V1/outs/filtered_feature_bc_matrix.h5: none of the 36 spots (such as \"AAAAAAAAAAAAAAAA-1\") is among the 36 spots (such as \"TTTTAAAAAAAAAAAA-1\") of tissue_positions.csv; the two files may be of different sections",
    ),
    (
        "no spot under tissue",
        |s| {
            let text = std::fs::read_to_string(s.path(POSITIONS)).unwrap();
            s.write(POSITIONS, text.replace("-1,1,", "-1,0,").as_bytes());
        },
        "V1: tissue_positions.csv marks every spot as not tissue, so its marks were not used | it opened",
    ),
    (
        "an Excel workbook for positions",
        |s| s.write(POSITIONS, b"PK\x03\x04\x14\0\x06\0"),
        "*/V1/outs/spatial/tissue_positions.csv: this is an Excel workbook or a ZIP archive; save the table as tab-separated text",
    ),
    (
        "no positions",
        |s| s.remove(POSITIONS),
        "*/V1: no sample in it can be used (V1 has a matrix (filtered_feature_bc_matrix.h5) but no positions (tissue_positions), so it may be of single cells; it was left out)",
    ),
    (
        "no matrix",
        |s| s.remove(super::made::H5),
        "*/V1: no sample in it can be used (V1 has positions (tissue_positions.csv) but no matrix (filtered_feature_bc_matrix), and was left out)",
    ),
    (
        "scale factors that are no JSON",
        |s| s.write(FACTORS, b"tissue_hires_scalef: 0.5"),
        "*/V1/outs/spatial/scalefactors_json.json, line 1: the scale factors are not valid JSON; copy or download the file again | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "scale factors cut off",
        |s| s.cut(FACTORS, 0.8),
        "*/V1/outs/spatial/scalefactors_json.json, line 1: the scale factors are not valid JSON; copy or download the file again | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a list for scale factors",
        |s| s.write(FACTORS, b"[0.5]"),
        "*/V1/outs/spatial/scalefactors_json.json: the scale factors are not a JSON object | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "no scale factor at all",
        |s| s.write(FACTORS, b"{\"a\": 1}"),
        "*/V1/outs/spatial/scalefactors_json.json: there is no scale factor in it, such as tissue_hires_scalef or spot_diameter_fullres | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a scale factor of zero",
        |s| s.replace(FACTORS, "0.8", "0"),
        "*/V1/outs/spatial/scalefactors_json.json: tissue_hires_scalef is \"0\"; a positive number was expected | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a negative scale factor",
        |s| s.replace(FACTORS, "0.8", "-0.5"),
        "*/V1/outs/spatial/scalefactors_json.json: tissue_hires_scalef is \"-0.5\"; a positive number was expected | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "text for a scale factor",
        |s| s.replace(FACTORS, "0.8", "\"half\""),
        "*/V1/outs/spatial/scalefactors_json.json: tissue_hires_scalef is \"'half'\"; a positive number was expected | V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "no scale factor of the image",
        |s| s.replace(FACTORS, "tissue_hires_scalef", "hires"),
        "V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), their scale in scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and their scale in scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a scale factor of another image",
        |s| s.replace(FACTORS, "0.8", "8.0"),
        "*/V1/outs/spatial/tissue_positions.csv, line 2: spot \"AAAAAAAAAAAAAAAA-1\" at pixel (480, 480) (and 35 others) is off the slide tissue_hires_image.png of 560 x 448 pixels; the positions may be of another size of this image",
    ),
    (
        "no scale factors",
        |s| s.remove(FACTORS),
        "V1: Visium; hires image; labels pathologist_labels.csv; needs: the full-resolution slide (only the hires image is here), scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "no image",
        |s| s.remove(HIRES),
        "V1: Visium; labels pathologist_labels.csv; needs: an image (the full-resolution slide); opened on a blank ground",
    ),
    (
        "an image cut off",
        |s| s.cut(HIRES, 0.5),
        "*/V1/outs/spatial/tissue_hires_image.png: the image is cut off; copy it again from its source",
    ),
    (
        "an image cut in its header",
        |s| s.write(HIRES, b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0"),
        "V1: Visium; labels pathologist_labels.csv; ignored: tissue_hires_image.png (the image is cut off; copy it again from its source); needs: an image (the full-resolution slide); cannot be used: it needs an image (the full-resolution slide)",
    ),
    (
        "text for an image",
        |s| s.write(HIRES, b"see the other disk"),
        "V1: Visium; labels pathologist_labels.csv; ignored: tissue_hires_image.png (this is not a JPEG, PNG or TIFF image); needs: an image (the full-resolution slide); cannot be used: it needs an image (the full-resolution slide)",
    ),
    (
        "two labels of one spot",
        |s| s.replace(LABELS, &format!("{},cancer 0", barcode(2)), &format!("{},cancer 0", barcode(1))),
        "*/V1/outs/pathologist_labels.csv, line 4: spot \"AAAAAAAAAAAAAAAC-1\" is labelled \"cancer 0\" here and \"cancer 1\" on line 3",
    ),
    (
        "a label without a barcode",
        |s| s.replace(LABELS, &barcode(2), ""),
        "*/V1/outs/pathologist_labels.csv, line 4: the row has a label but no barcode",
    ),
    (
        "a label too many",
        |s| s.replace(LABELS, &barcode(2), &format!("{},more,and more", barcode(2))),
        "*/V1/outs/pathologist_labels.csv, line 4: the row has 4 cells where the header has 2",
    ),
    (
        "labels that are no text",
        |s| {
            let mut bytes = std::fs::read(s.path(LABELS)).unwrap();
            let last = bytes.len() - 2;
            bytes[last - 1..=last].copy_from_slice(b"\x01\xe9");
            s.write(LABELS, &bytes);
        },
        "*/V1/outs/pathologist_labels.csv, line 37: the text is not UTF-8; save the file as UTF-8 text",
    ),
];

#[test]
fn damaged_visium_samples_say_what_is_wrong() {
    check(visium, VISIUM);
}

const BINNED: &[Case] = &[
    (
        "bins cut off",
        |s| s.cut(BINS, 0.6),
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: the Parquet file is damaged or cut off; copy or download it again",
    ),
    (
        "bins of which only the start is there",
        |s| s.write(BINS, b"PAR1"),
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: the Parquet file is damaged or cut off; copy or download it again",
    ),
    (
        "bins with another end",
        |s| {
            let mut bytes = std::fs::read(s.path(BINS)).unwrap();
            let at = bytes.len() - 4;
            bytes[at..].copy_from_slice(b"PARX");
            s.write(BINS, &bytes);
        },
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: the Parquet file is damaged or cut off; copy or download it again",
    ),
    (
        "encrypted bins",
        |s| {
            let mut bytes = std::fs::read(s.path(BINS)).unwrap();
            let at = bytes.len() - 4;
            bytes[at..].copy_from_slice(b"PARE");
            s.write(BINS, &bytes);
        },
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: the Parquet file is encrypted; save it without encryption",
    ),
    (
        "a column of another name",
        |s| {
            let mut bytes = std::fs::read(s.path(BINS)).unwrap();
            let name = b"in_tissue";
            while let Some(at) = bytes.windows(name.len()).position(|w| w == name) {
                bytes[at..at + name.len()].copy_from_slice(b"on_tissue");
            }
            s.write(BINS, &bytes);
        },
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: there is no column in_tissue; the columns must be barcode, in_tissue, array_row, array_col, pxl_row_in_fullres, pxl_col_in_fullres",
    ),
    (
        "empty bins",
        |s| s.write(BINS, b""),
        "*/HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet: the file is empty",
    ),
    (
        "a size of bins that no assay has",
        |s| s.replace(BINS_FACTORS, "8.0", "8000.0"),
        "*/HD/outs/binned_outputs/square_008um/spatial/scalefactors_json.json: bin_size_um is 8000, which no assay has | HD_008um: Visium HD, 8 µm bins; hires image; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a resolution that no scanner has",
        |s| s.replace(BINS_FACTORS, "2.6667", "2666.7"),
        "*/HD/outs/binned_outputs/square_008um/spatial/scalefactors_json.json: microns_per_pixel is 2666.7, which no slide scanner has | HD_008um: Visium HD, 8 µm bins; hires image; needs: the full-resolution slide (only the hires image is here), a sound scalefactors_json.json (to place spots on the smaller images); cannot be used: it needs the full-resolution slide (only the hires image is here) and a sound scalefactors_json.json (to place spots on the smaller images)",
    ),
    (
        "a matrix of bins cut off",
        |s| s.cut(BINS_H5, 0.3),
        "*/HD/outs/binned_outputs/square_008um/filtered_feature_bc_matrix.h5: the HDF5 file is damaged or cut off; copy or download it again",
    ),
    (
        "bins of another size",
        |s| {
            s.hdf5(|h| {
                let other = (0..400).map(|i| format!("s_016um_{:05}_{:05}-1", i / 20, i % 20)).collect();
                h.set("matrix/barcodes", super::hdf5::Data::Texts(other));
            })
        },
        "*/HD/outs/binned_outputs/square_008um/filtered_feature_bc_matrix.h5: none of the 400 spots (such as \"s_016um_00000_00000-1\") is among the 400 spots (such as \"s_008um_00000_00000-1\") of tissue_positions.parquet; the two files may be of different sections",
    ),
    (
        "no image of bins",
        |s| s.remove(BINS_HIRES),
        "HD_008um: 200 spots marked as not tissue were left out | HD_008um: Visium HD, 8 µm bins; 2.667 µm per pixel; needs: an image (the full-resolution slide); opened on a blank ground",
    ),
];

#[test]
fn damaged_bins_say_what_is_wrong() {
    check(visium_hd, BINNED);
}
