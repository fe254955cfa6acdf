//! `scalefactors_json.json`: how the images of a Visium sample relate to its full-resolution slide.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::super::names::quoted;
use crate::core::files::FileError;
use crate::core::geometry::Mpp;

/// Such a file has a few hundred bytes; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// A bin of Visium HD, in micrometres, beyond which a file is taken for damaged.
const MAX_BIN_UM: f64 = 1000.0;

/// The numbers of a scale factor file. Every one may be missing; those that are there are finite and positive.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ScaleFactors {
    /// Diameter of a spot (side of a bin) in pixels of the full-resolution slide. Space Ranger means a spot of
    /// 65 um here, not of the 55 um that are printed.
    pub spot_diameter_fullres: Option<f64>,
    /// Diameter of a fiducial mark in pixels of the full-resolution slide.
    pub fiducial_diameter_fullres: Option<f64>,
    /// Pixels of `tissue_hires_image.png` per full-resolution pixel.
    pub tissue_hires_scalef: Option<f64>,
    /// Pixels of `tissue_lowres_image.png` per full-resolution pixel.
    pub tissue_lowres_scalef: Option<f64>,
    /// Pixels of the image that was registered to the CytAssist image per full-resolution pixel.
    pub regist_target_img_scalef: Option<f64>,
    /// Micrometres per pixel of the full-resolution slide; Visium HD only.
    pub microns_per_pixel: Option<f64>,
    /// Side of a bin in micrometres; Visium HD only.
    pub bin_size_um: Option<f64>,
}

/// Reads a scale factor file, plain or gzipped by content.
///
/// # Errors
/// [`FileError`] in one sentence that names the field: text that is no JSON object, a value that is not a
/// positive number, none of the known fields.
pub fn read_scale_factors(path: &Path) -> Result<ScaleFactors, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(FileError::io("read", path)(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    BufReader::new(file)
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(FileError::io("read", path))?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        let unpacking =
            MultiGzDecoder::new(bytes.as_slice()).take(MAX_FILE_BYTES + 1).read_to_end(&mut unpacked);
        unpacking.map_err(|_| {
            FileError::malformed(path, "the compressed file is damaged; copy or download it again")
        })?;
        bytes = unpacked;
    }
    parse(path, &bytes)
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<ScaleFactors, FileError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FileError::malformed(path, "the file is far too large for scale factors"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        let message = "the scale factors are not valid JSON; copy or download the file again";
        FileError::malformed_at(path, e.line().max(1) as u64, message)
    })?;
    let Value::Object(fields) = value else {
        return Err(FileError::malformed(path, "the scale factors are not a JSON object"));
    };
    let number = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|v| v.is_finite() && *v > 0.0) {
            Some(v) => Ok(Some(v)),
            None => {
                let has = quoted(&value.to_string().replace('"', "'"));
                let message = format!("{name} is {has}; expected a positive number");
                Err(FileError::malformed(path, message))
            }
        },
    };
    let found = ScaleFactors {
        spot_diameter_fullres: number("spot_diameter_fullres")?,
        fiducial_diameter_fullres: number("fiducial_diameter_fullres")?,
        tissue_hires_scalef: number("tissue_hires_scalef")?,
        tissue_lowres_scalef: number("tissue_lowres_scalef")?,
        regist_target_img_scalef: number("regist_target_img_scalef")?,
        microns_per_pixel: number("microns_per_pixel")?,
        bin_size_um: number("bin_size_um")?,
    };
    if found == ScaleFactors::default() {
        let message = "there is no scale factor in it, such as tissue_hires_scalef or spot_diameter_fullres";
        return Err(FileError::malformed(path, message));
    }
    if let Some(mpp) = found.microns_per_pixel.filter(|v| !Mpp::PLAUSIBLE.contains(v)) {
        let message = format!("microns_per_pixel is {mpp}, which no slide scanner has");
        return Err(FileError::malformed(path, message));
    }
    if let Some(bin) = found.bin_size_um.filter(|&v| v > MAX_BIN_UM) {
        return Err(FileError::malformed(path, format!("bin_size_um is {bin}, which no assay has")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::fuzz;
    use crate::data::testing;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<ScaleFactors, FileError> {
        parse(Path::new("s.json"), text.as_bytes())
    }

    #[test]
    fn fields_are_optional_and_extra_ones_ignored() {
        let s = read(r#"{"tissue_hires_scalef": 0.17, "fiducial_diameter_fullres": null, "other": "x"}"#)
            .unwrap();
        assert_eq!(s, ScaleFactors { tissue_hires_scalef: Some(0.17), ..ScaleFactors::default() });
    }

    #[test]
    fn real_files_read_as_their_reference() {
        let Some(shared) = testing::real_data() else { return };
        let read = |p: &str| read_scale_factors(&shared.join("real_data").join(p)).unwrap();
        let reference = testing::reference(&shared, "tenx_scanpy.json");
        for sample in ["visium_scanpy_1.0.0", "visium_scmuscle_Vis5A"] {
            let expected = &reference[format!("{sample}/filtered_feature_bc_matrix.h5")]["scalefactors"];
            let s = read(&format!("{sample}/spatial/scalefactors_json.json"));
            assert_eq!(s.spot_diameter_fullres, expected["spot_diameter_fullres"].as_f64());
            assert_eq!(s.tissue_hires_scalef, expected["tissue_hires_scalef"].as_f64());
            assert_eq!(s.tissue_lowres_scalef, expected["tissue_lowres_scalef"].as_f64());
            assert_eq!(s.fiducial_diameter_fullres, expected["fiducial_diameter_fullres"].as_f64());
        }
        let hd = read("visiumio/binned_outputs/square_002um/spatial/scalefactors_json.json");
        assert_eq!((hd.bin_size_um, hd.microns_per_pixel), (Some(2.0), Some(0.2738242950835738)));
    }

    #[test]
    fn every_damage_is_one_sentence() {
        let json = "the scale factors are not valid JSON; copy or download the file again";
        let positive = "; expected a positive number";
        let table = [
            ("", format!("s.json, line 1: {json}")),
            ("{\n\"tissue_hires_scalef\": 0.1\n", format!("s.json, line 3: {json}")),
            ("[0.1]", "s.json: the scale factors are not a JSON object".to_owned()),
            (
                "{}",
                "s.json: there is no scale factor in it, such as tissue_hires_scalef or spot_diameter_fullres".into(),
            ),
            (r#"{"tissue_hires_scalef": 0}"#, format!("s.json: tissue_hires_scalef is \"0\"{positive}")),
            (r#"{"tissue_lowres_scalef": -0.1}"#, format!("s.json: tissue_lowres_scalef is \"-0.1\"{positive}")),
            (r#"{"tissue_hires_scalef": "x"}"#, format!("s.json: tissue_hires_scalef is \"'x'\"{positive}")),
            (r#"{"spot_diameter_fullres": NaN}"#, format!("s.json, line 1: {json}")),
            (r#"{"spot_diameter_fullres": 1e999}"#, format!("s.json, line 1: {json}")),
            (r#"{"microns_per_pixel": 1000}"#, "s.json: microns_per_pixel is 1000, which no slide scanner has".into()),
            (r#"{"bin_size_um": 5000}"#, "s.json: bin_size_um is 5000, which no assay has".into()),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_scale_factors_never_panic_for_minutes() {
        let sound = br#"{"spot_diameter_fullres": 89.44, "tissue_hires_scalef": 0.17, "bin_size_um": 2.0,
            "microns_per_pixel": 0.27, "x": [1, {"y": null}]}"#;
        fuzz("scale_factors", vec![sound.to_vec()], |bytes| parse(Path::new("s.json"), bytes).is_ok());
    }

    #[test]
    fn gzipped_files_are_known_by_content() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.json");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(br#"{"tissue_lowres_scalef": 0.05}"#).unwrap();
        let mut bytes = encoder.finish().unwrap();
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read_scale_factors(&path).unwrap().tissue_lowres_scalef, Some(0.05));
        bytes.truncate(20);
        std::fs::write(&path, &bytes).unwrap();
        assert!(read_scale_factors(&path).unwrap_err().to_string().ends_with("copy or download it again"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(Path::new("s.json"), &bytes);
        }

        #[test]
        fn what_is_read_is_finite_and_positive(text in r#"\{"tissue_hires_scalef": ?-?[0-9e.]{1,8}\}"#) {
            if let Ok(s) = read(&text) {
                prop_assert!(s.tissue_hires_scalef.is_some_and(|v| v.is_finite() && v > 0.0));
            }
        }
    }
}
