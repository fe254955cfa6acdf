//! Damaged AnnData files and samples of HEST.

use hdf5_pure::AttrValue;

use super::hdf5::Data;
use super::made::{H5AD, HEST_H5AD, HEST_METADATA, HEST_SLIDE, SPOTS, anndata, hest};
use super::{Case, check};

const ANNDATA: &[Case] = &[
    ("a file cut off", |s| s.cut(H5AD, 0.5)),
    ("text for a file", |s| s.write(H5AD, b"barcode,count\n")),
    ("no X", |s| s.hdf5(|h| h.remove("X"))),
    ("no places", |s| s.hdf5(|h| h.remove("obsm"))),
    ("no obs", |s| s.hdf5(|h| h.remove("obs"))),
    ("no var", |s| s.hdf5(|h| h.remove("var"))),
    ("too few spots", |s| s.hdf5(|h| h.shorten("obs/_index", 9))),
    ("too few genes", |s| s.hdf5(|h| h.shorten("var/_index", 1))),
    ("too few places", |s| s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![1.0; 8], vec![4, 2])))),
    ("places of one number", |s| {
        s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![1.0; SPOTS], vec![SPOTS as u64, 1])))
    }),
    ("places that are NaN", |s| {
        s.hdf5(|h| {
            h.set("obsm/spatial", Data::Doubles(vec![f64::NAN; 2 * SPOTS], vec![SPOTS as u64, 2]));
        })
    }),
    ("texts for places", |s| s.hdf5(|h| h.set("obsm/spatial", Data::texts(&["left"; SPOTS])))),
    ("NaN in X", |s| {
        s.hdf5(|h| h.set("X/data", Data::Floats(vec![f32::NAN; SPOTS * 3], vec![SPOTS as u64 * 3])))
    }),
    ("an encoding that is not known", |s| {
        s.hdf5(|h| h.attribute("X", "encoding-type", AttrValue::VarLenString("coo_matrix".into())))
    }),
    ("a gene that is not there", |s| s.hdf5(|h| h.number("X/indices", 4, 3))),
    ("starts that do not rise", |s| s.hdf5(|h| h.number("X/indptr", 2, 1))),
    ("too few starts", |s| s.hdf5(|h| h.shorten("X/indptr", 9))),
    ("no starts", |s| s.hdf5(|h| h.remove("X/indptr"))),
    ("texts for values", |s| s.hdf5(|h| h.set("X/data", Data::texts(&["1"; SPOTS * 3])))),
    ("a shape of another matrix", |s| s.hdf5(|h| h.attribute("X", "shape", AttrValue::I64Array(vec![9, 3])))),
    ("a shape of three numbers", |s| {
        s.hdf5(|h| h.attribute("X", "shape", AttrValue::I64Array(vec![9, 3, 1])))
    }),
    ("an image of two channels", |s| {
        s.hdf5(|h| {
            h.set("uns/spatial/V1/images/hires", Data::Bytes(vec![0; 448 * 560 * 2], vec![448, 560, 2]))
        })
    }),
    ("an image of NaN scale", |s| {
        s.hdf5(|h| {
            h.set("uns/spatial/V1/scalefactors/tissue_hires_scalef", Data::Doubles(vec![f64::NAN], vec![]))
        })
    }),
    ("a scale of zero", |s| {
        s.hdf5(|h| h.set("uns/spatial/V1/scalefactors/tissue_hires_scalef", Data::Doubles(vec![0.0], vec![])))
    }),
    ("no image", |s| s.hdf5(|h| h.remove("uns/spatial/V1/images"))),
    ("spots without counts", |s| {
        s.hdf5(|h| h.set("X/data", Data::Floats(vec![0.0; SPOTS * 3], vec![SPOTS as u64 * 3])))
    }),
];

#[test]
fn damaged_anndata_files_say_what_is_wrong() {
    check("anndata", anndata, ANNDATA);
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
        said.replace(&sample.folder().display().to_string(), "*"),
        "*/a.h5ad: obs/cluster: the column has 9 values where the table has 36 rows"
    );
}

const HEST: &[Case] = &[
    ("counts cut off", |s| s.cut(HEST_H5AD, 0.5)),
    ("text for counts", |s| s.write(HEST_H5AD, b"version https://git-lfs.github.com/spec/v1\n")),
    ("no metadata and spots on one place", |s| {
        s.remove(HEST_METADATA);
        s.hdf5(|h| h.set("obsm/spatial", Data::Doubles(vec![60.0; 2 * SPOTS], vec![SPOTS as u64, 2])));
    }),
    ("metadata that are no JSON", |s| s.write(HEST_METADATA, b"pixel_size: 1")),
    ("a pixel size of zero", |s| s.replace(HEST_METADATA, "1.0", "0")),
    ("text for a pixel size", |s| s.replace(HEST_METADATA, "1.0", "\"small\"")),
    ("no slide", |s| s.remove(HEST_SLIDE)),
    ("a slide cut off", |s| s.cut(HEST_SLIDE, 0.5)),
    ("text for a slide", |s| s.write(HEST_SLIDE, b"version https://git-lfs.github.com/spec/v1\n")),
    ("places of another slide", |s| {
        s.hdf5(|h| {
            h.set(
                "obsm/spatial",
                Data::Doubles(
                    (0..2 * SPOTS).map(|i| 9e4 + 100.0 * i as f64).collect(),
                    vec![SPOTS as u64, 2],
                ),
            )
        });
    }),
];

#[test]
fn damaged_hest_samples_say_what_is_wrong() {
    check("hest", hest, HEST);
}
