//! Damaged AnnData files and samples of HEST.

use hdf5_pure::AttrValue;

use super::hdf5::Data;
use super::made::{H5AD, HEST_H5AD, HEST_METADATA, HEST_SLIDE, SPOTS, anndata, hest};
use super::{Case, check};

const ANNDATA: &[Case] = &[
    (
        "a file cut off",
        |s| s.cut(H5AD, 0.5),
        "*/a.h5ad: the HDF5 file is damaged or cut off; copy or download it again | nothing was added",
    ),
    (
        "text for a file",
        |s| s.write(H5AD, b"barcode,count\n"),
        "*/a.h5ad: the file cannot be used (a.h5ad is not an HDF5 file; copy or download it again)",
    ),
    (
        "no X",
        |s| s.hdf5(|h| h.remove("X")),
        "a.h5ad has neither X nor a layer of counts, and was left out | nothing was added",
    ),
    (
        "no places",
        |s| s.hdf5(|h| h.remove("obsm")),
        "a.h5ad has no spot positions (obsm[\"spatial\"]), and was left out | nothing was added",
    ),
    (
        "no obs",
        |s| s.hdf5(|h| h.remove("obs")),
        "*/a.h5ad: there is no obs in the file, so it is not an AnnData file | nothing was added",
    ),
    (
        "no var",
        |s| s.hdf5(|h| h.remove("var")),
        "*/a.h5ad: there is no var in the file, so it is not an AnnData file | nothing was added",
    ),
    (
        "too few spots",
        |s| s.hdf5(|h| h.shorten("obs/_index", 9)),
        "*/a.h5ad: X: the matrix is 36 x 3, but obs names 9 spots and var 3 genes; the file is damaged",
    ),
    (
        "too few genes",
        |s| s.hdf5(|h| h.shorten("var/_index", 1)),
        "*/a.h5ad: X: the matrix is 36 x 3, but obs names 36 spots and var 1 gene; the file is damaged",
    ),
    (
        "too few places",
        |s| s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![1.0; 8], vec![4, 2]))),
        "*/a.h5ad: obsm/spatial: 36 x 2 coordinates were expected, not 4 x 2",
    ),
    (
        "places of one number",
        |s| s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![1.0; SPOTS], vec![SPOTS as u64, 1]))),
        "*/a.h5ad: obsm/spatial: 36 x 2 coordinates were expected, not 36 x 1",
    ),
    (
        "places that are NaN",
        |s| {
            s.hdf5(|h| {
                h.set("obsm/spatial", Data::Doubles(vec![f64::NAN; 2 * SPOTS], vec![SPOTS as u64, 2]));
            })
        },
        "*/a.h5ad: none of the 36 spots has a position; put their pixels into obsm[\"spatial\"]",
    ),
    (
        "texts for places",
        |s| s.hdf5(|h| h.set("obsm/spatial", Data::texts(&["left"; SPOTS]))),
        "*/a.h5ad: obsm/spatial: 36 x 2 coordinates were expected, not 36",
    ),
    (
        "NaN in X",
        |s| s.hdf5(|h| h.set("X/data", Data::Floats(vec![f32::NAN; SPOTS * 3], vec![SPOTS as u64 * 3]))),
        "*/a.h5ad: X: the value of gene \"ERBB2\" at spot \"AAAAAAAAAAAAAAAA-1\" is NaN (and 107 other values are not finite either); only finite numbers can be used, so correct the file and add it again",
    ),
    (
        "an encoding that is not known",
        |s| s.hdf5(|h| h.attribute("X", "encoding-type", AttrValue::VarLenString("coo_matrix".into()))),
        "*/a.h5ad: X: a matrix stored as coo_matrix cannot be read; save it as csr_matrix | nothing was added",
    ),
    (
        "a gene that is not there",
        |s| s.hdf5(|h| h.number("X/indices", 4, 3)),
        "*/a.h5ad: X/indices: row 1 has a value of column 3 (from 0 on), but there are 3; the file is damaged",
    ),
    (
        "starts that do not rise",
        |s| s.hdf5(|h| h.number("X/indptr", 2, 1)),
        "*/a.h5ad: X: the parts of the matrix do not fit each other; the file is damaged",
    ),
    (
        "too few starts",
        |s| s.hdf5(|h| h.shorten("X/indptr", 9)),
        "*/a.h5ad: X/indptr: 9 entries were found, 37 expected; the file is damaged",
    ),
    (
        "no starts",
        |s| s.hdf5(|h| h.remove("X/indptr")),
        "*/a.h5ad: there is no X/indptr in the file; it is incomplete",
    ),
    (
        "texts for values",
        |s| s.hdf5(|h| h.set("X/data", Data::texts(&["1"; SPOTS * 3]))),
        "*/a.h5ad: X/data: numbers were expected, but these are texts | nothing was added",
    ),
    (
        "a shape of another matrix",
        |s| s.hdf5(|h| h.attribute("X", "shape", AttrValue::I64Array(vec![9, 3]))),
        "*/a.h5ad: X: the matrix is 9 x 3, but obs names 36 spots and var 3 genes; the file is damaged",
    ),
    (
        "a shape of three numbers",
        |s| s.hdf5(|h| h.attribute("X", "shape", AttrValue::I64Array(vec![9, 3, 1]))),
        "*/a.h5ad: X: the matrix does not say how large it is (its shape is not two numbers) | nothing was added",
    ),
    (
        "an image of two channels",
        |s| {
            s.hdf5(|h| {
                h.set("uns/spatial/V1/images/hires", Data::Bytes(vec![0; 448 * 560 * 2], vec![448, 560, 2]))
            })
        },
        "a: AnnData; needs: the slide image, as its own is not stored as rows x columns x colours (hires is 448 x 560 x 2); 36 spots, 3 genes; cannot be used: it needs the slide image, as its own is not stored as rows x columns x colours (hires is 448 x 560 x 2)",
    ),
    (
        "an image of NaN scale",
        |s| {
            s.hdf5(|h| {
                h.set(
                    "uns/spatial/V1/scalefactors/tissue_hires_scalef",
                    Data::Doubles(vec![f64::NAN], vec![]),
                )
            })
        },
        "a: AnnData; needs: the slide image, as the scale of its own is not known (tissue_hires_scalef); 36 spots, 3 genes; cannot be used: it needs the slide image, as the scale of its own is not known (tissue_hires_scalef)",
    ),
    (
        "a scale of zero",
        |s| {
            s.hdf5(|h| {
                h.set("uns/spatial/V1/scalefactors/tissue_hires_scalef", Data::Doubles(vec![0.0], vec![]))
            })
        },
        "a: AnnData; needs: the slide image, as the scale of its own is not known (tissue_hires_scalef); 36 spots, 3 genes; cannot be used: it needs the slide image, as the scale of its own is not known (tissue_hires_scalef)",
    ),
    (
        "no image",
        |s| s.hdf5(|h| h.remove("uns/spatial/V1/images")),
        "a: the file does not say how large its pixels are; spots were taken to be 100 µm apart | a: AnnData; needs: the slide image, where the file holds none; 36 spots, 3 genes; opened on a blank ground",
    ),
    (
        "spots without counts",
        |s| s.hdf5(|h| h.set("X/data", Data::Floats(vec![0.0; SPOTS * 3], vec![SPOTS as u64 * 3]))),
        "a: the file does not say how large its pixels are; spots were taken to be 100 µm apart | a: it has no counts, so it can only be looked at | it opened",
    ),
];

#[test]
fn damaged_anndata_files_say_what_is_wrong() {
    check(anndata, ANNDATA);
}

#[test]
fn codes_out_of_range_stand_for_no_label() {
    let sample = anndata();
    let codes = (0..SPOTS).map(|s| if s == 0 { 9 } else { (s % 2) as i8 }).collect();
    sample.hdf5(|h| h.set("obs/cluster/codes", Data::Codes(codes)));
    let labels = hiscmcl::data::anndata::labels(&sample.opened(), "cluster").unwrap();
    assert_eq!((labels[0].as_deref(), labels[1].as_deref()), (None, Some("tumour")));
    sample.hdf5(|h| h.shorten("obs/cluster/codes", 9));
    let said = hiscmcl::data::anndata::labels(&sample.opened(), "cluster").unwrap_err().to_string();
    assert_eq!(
        said.replace(&sample.folder(), "*"),
        "*/a.h5ad: obs/cluster: the column has 9 values where the table has 36 rows"
    );
}

const HEST: &[Case] = &[
    (
        "counts cut off",
        |s| s.cut(HEST_H5AD, 0.5),
        "*/st/NCBI1.h5ad: the HDF5 file is damaged or cut off; copy or download it again | nothing was added",
    ),
    (
        "text for counts",
        |s| s.write(HEST_H5AD, b"version https://git-lfs.github.com/spec/v1\n"),
        "*/: no sample in it can be used (NCBI1.h5ad is not an HDF5 file; copy or download it again)",
    ),
    (
        "no metadata and spots on one place",
        |s| {
            s.remove(HEST_METADATA);
            s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![60.0; 2 * SPOTS], vec![SPOTS as u64, 2])));
        },
        "*/st/NCBI1.h5ad: all 36 spots lie at one place, (60, 60); check their positions",
    ),
    (
        "metadata that are no JSON",
        |s| s.write(HEST_METADATA, b"pixel_size: 1"),
        "*/metadata/NCBI1.json, line 1: the metadata are not valid JSON; copy or download the file again | NCBI1: the file does not say how large its pixels are; spots were taken to be 100 µm apart | it opened",
    ),
    (
        "a pixel size of zero",
        |s| s.replace(HEST_METADATA, "1.0", "0"),
        "*/metadata/NCBI1.json: pixel_size_um_estimated is \"0\", which is no resolution of a slide in µm per pixel | NCBI1: the file does not say how large its pixels are; spots were taken to be 100 µm apart | it opened",
    ),
    (
        "text for a pixel size",
        |s| s.replace(HEST_METADATA, "1.0", "\"small\""),
        "*/metadata/NCBI1.json: pixel_size_um_estimated is \"small\", which is no resolution of a slide in µm per pixel | NCBI1: the file does not say how large its pixels are; spots were taken to be 100 µm apart | it opened",
    ),
    (
        "no slide",
        |s| s.remove(HEST_SLIDE),
        "NCBI1 (patient Patient 1): HEST; 1.000 µm per pixel; needs: the slide (wsis/NCBI1.tif); 36 spots, 3 genes; opened on a blank ground",
    ),
    (
        "a slide cut off",
        |s| s.cut(HEST_SLIDE, 0.5),
        "*/wsis/NCBI1.tif, image 1: the file is cut off; copy it again from its source",
    ),
    (
        "text for a slide",
        |s| s.write(HEST_SLIDE, b"version https://git-lfs.github.com/spec/v1\n"),
        "*/wsis/NCBI1.tif: this is not a JPEG, PNG or TIFF image",
    ),
    (
        "places of another slide",
        |s| {
            s.hdf5(|h| {
                h.set(
                    "obsm/spatial",
                    Data::Doubles(
                        (0..2 * SPOTS).map(|i| 9e4 + 100.0 * i as f64).collect(),
                        vec![SPOTS as u64, 2],
                    ),
                )
            });
        },
        "NCBI1: at the 1.000 µm per pixel of its metadata neighbouring spots are 283 µm apart, which no assay of HEST has; check the resolution | */st/NCBI1.h5ad: spot \"AAAAAAAAAAAAAAAA-1\" at pixel (90000, 90100) (and 35 others) is off the slide NCBI1.tif of 700 x 560 pixels; the positions may be of another size of this image",
    ),
];

#[test]
fn damaged_hest_samples_say_what_is_wrong() {
    check(hest, HEST);
}
