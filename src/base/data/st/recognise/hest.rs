//! HEST-1k (Jaume et al. 2024): `st/ID.h5ad`, `wsis/ID.tif` and `metadata/ID.json`, joined by ID. The AnnData file does
//! not hold the pixel size of the slide, the metadata do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::names::{file_name, quoted};
use super::super::source::{SampleKind, Source};
use super::ignored::Ignored;
use super::visium::why_no_hdf5;
use super::walk::Listing;
use super::{ImageKind, Recognition, Sample, SampleImage};
use crate::core::files::FileError;
use crate::core::geometry::Mpp;
use crate::data::slide::Slide;

/// The folders of HEST that hold a part of every sample.
pub(super) const INNER: [&str; 3] = ["st", "wsis", "metadata"];
/// Metadata take some kilobytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What the metadata of a sample say.
#[derive(Debug, Default)]
struct Metadata {
    patient: Option<String>,
    dataset: Option<String>,
    technology: Option<String>,
    mpp: Option<f64>,
    pitch_um: Option<f64>,
    doubt: Option<String>,
}

/// Finds folders of HEST samples.
pub(super) fn find(listing: &mut Listing, found: &mut Recognition) {
    let in_folder = |f: &super::walk::Found, name: &str| file_name(f.folder()).eq_ignore_ascii_case(name);
    let above = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_path_buf);
    let roots: BTreeSet<PathBuf> = listing
        .files
        .iter()
        .filter(|f| !f.used && f.lower.ends_with(".h5ad") && in_folder(f, "st"))
        .filter_map(|f| above(&f.path))
        .filter(|root| ["metadata", "wsis"].iter().any(|inner| root.join(inner).is_dir()))
        .collect();
    for root in roots {
        samples_of(&root, listing, found);
    }
}

fn samples_of(root: &Path, listing: &mut Listing, found: &mut Recognition) {
    let files: Vec<(PathBuf, String)> = listing
        .files
        .iter()
        .filter(|f| f.folder() == root.join("st") && f.lower.ends_with(".h5ad"))
        .filter_map(|f| Some((f.path.clone(), f.name.get(..f.name.len().checked_sub(5)?)?.to_owned())))
        .collect();
    let mut samples = Vec::new();
    for (path, id) in files {
        listing.take(&path);
        if let Some(why) = why_no_hdf5(&path) {
            found.notes.push(why);
            continue;
        }
        let metadata_path = root.join("metadata").join(format!("{id}.json"));
        let metadata = if metadata_path.is_file() {
            listing.take(&metadata_path);
            read_metadata(&metadata_path).map_err(|e| found.notes.push(e.to_string())).ok()
        } else {
            None
        };
        let source = Source::AnnData { file: path, library: None, layer: None };
        let mut sample = Sample::new(id.clone(), SampleKind::Hest, source);
        sample.place = file_name(root);
        let slide = slide_of(&root.join("wsis"), &id, listing);
        match slide {
            Some(path) => {
                listing.take(&path);
                let size = Slide::read_size(&path).ok();
                sample.images.push(SampleImage {
                    kind: ImageKind::FullResolution,
                    path,
                    scale: Some(1.0),
                    size,
                });
            }
            None => {
                let named = format!("{}.", id.to_lowercase());
                let beside =
                    |f: &super::walk::Found| f.folder() == root.join("wsis") && f.lower.starts_with(&named);
                sample.ignored.extend(listing.unread_images(beside));
                sample.needed.push(format!("the slide (wsis/{id}.tif)"));
            }
        }
        let metadata = metadata.unwrap_or_else(|| {
            sample.needed.push(format!("the pixel size (metadata/{id}.json)"));
            Metadata::default()
        });
        sample.mpp = metadata.mpp.map(Mpp);
        sample.pitch_um = metadata.pitch_um;
        sample.patient.clone_from(&metadata.patient);
        found.notes.extend(metadata.doubt.as_ref().map(|d| format!("{id}: {d}")));
        if let Some(other) = metadata.technology.as_deref().filter(|t| t.eq_ignore_ascii_case("Xenium")) {
            let what = format!("single transcripts of {other}; the pooled spots are used");
            sample.ignored.push(Ignored::new(what, ""));
        }
        samples.push((sample, metadata.dataset));
    }
    tell_patients_apart(&mut samples);
    found.samples.extend(samples.into_iter().map(|(sample, _)| sample));
}

/// The slide of the sample `id` in the folder of slides: a TIFF, as HEST has them, before any other that can be read.
fn slide_of(folder: &Path, id: &str, listing: &Listing) -> Option<PathBuf> {
    let of_sample = |f: &&super::walk::Found| {
        let ending = f.lower.strip_prefix(&id.to_lowercase());
        f.folder() == folder && f.is_image() && ending.is_some_and(|e| e.starts_with('.'))
    };
    let slides = listing.files.iter().filter(of_sample).map(|f| f.path.clone());
    let rank = |path: &PathBuf| {
        let is_tiff = path.extension().is_some_and(|e| e == "tif" || e == "tiff");
        (!is_tiff, Slide::read_size(path).is_err())
    };
    slides.min_by_key(rank)
}

/// "Patient 1" of one data set is not "Patient 1" of another.
fn tell_patients_apart(samples: &mut [(Sample, Option<String>)]) {
    let mut sets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (sample, set) in samples.iter() {
        if let Some(patient) = &sample.patient {
            sets.entry(patient.clone()).or_default().insert(set.clone().unwrap_or_default());
        }
    }
    for (sample, set) in samples {
        let Some(patient) = &sample.patient else { continue };
        if let (Some(sets), Some(set)) = (sets.get(patient).filter(|s| s.len() > 1), set) {
            let number = sets.iter().position(|s| s == set).map_or(0, |i| i + 1);
            let title: String = set.chars().take(40).collect();
            sample.patient = Some(format!("{patient} ({number}: {})", title.trim()));
        }
    }
}

fn read_metadata(path: &Path) -> Result<Metadata, FileError> {
    let file = File::open(path).map_err(FileError::io("read", path))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    parse_metadata(path, &bytes)
}

fn parse_metadata(path: &Path, bytes: &[u8]) -> Result<Metadata, FileError> {
    // Python writes NaN where a value is missing, which is no JSON.
    let text = String::from_utf8_lossy(bytes);
    let text = without_nan(text.strip_prefix('\u{feff}').unwrap_or(&text));
    let value: Value = serde_json::from_str(&text).map_err(|e| {
        let message = "the metadata are not valid JSON; copy or download the file again";
        FileError::malformed_at(path, e.line().max(1) as u64, message)
    })?;
    let Value::Object(fields) = value else {
        return Err(FileError::malformed(path, "the metadata are not a JSON object"));
    };
    let text = |name: &str| match fields.get(name)? {
        Value::String(s) if !s.trim().is_empty() && !s.trim().eq_ignore_ascii_case("nan") => {
            Some(s.trim().to_owned())
        }
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    };
    let number = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            match number.filter(|v| Mpp::PLAUSIBLE.contains(v)) {
                Some(v) => Ok(Some(v)),
                None => {
                    let has = quoted(&value.to_string().replace('"', ""));
                    let message =
                        format!("{name} is {has}, which is no resolution of a slide in µm per pixel");
                    Err(FileError::malformed(path, message))
                }
            }
        }
    };
    let estimated = number("pixel_size_um_estimated")?;
    // Scanners write what they like, so that one is only taken where there is no estimate from the spots.
    let embedded = number("pixel_size_um_embedded").ok().flatten();
    let doubt = match (estimated, embedded) {
        (Some(e), Some(f)) if (e / f - 1.0).abs() > 0.1 => Some(format!(
            "the slide file says {f:.3} µm per pixel, the distance of its spots {e:.3}; the latter was used"
        )),
        _ => None,
    };
    // HEST pools the bins and transcripts of other technologies, whose distance it then does not say.
    let technology = text("st_technology");
    let has_spots =
        |name: &str| ["visium", "spatial transcriptomics"].contains(&name.to_lowercase().as_str());
    let pitch =
        fields.get("inter_spot_dist").and_then(Value::as_f64).filter(|um| um.is_finite() && *um > 0.0);
    Ok(Metadata {
        pitch_um: pitch.filter(|_| technology.as_deref().is_some_and(has_spots)),
        patient: text("patient"),
        dataset: text("dataset_title"),
        technology,
        mpp: estimated.or(embedded),
        doubt,
    })
}

/// `text` with null for every NaN that is not part of a string.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !inside && let Some(after) = rest.strip_prefix("NaN") {
            out.push_str("null");
            rest = after;
            continue;
        }
        let length = match c {
            '\\' if inside => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        if c == '"' {
            inside = !inside;
        }
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(taken);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::fuzz;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Metadata, FileError> {
        parse_metadata(Path::new("m.json"), text.as_bytes())
    }

    #[test]
    fn the_estimate_is_used_and_nan_is_nothing() {
        let m = parse(
            r#"{"patient": "Patient 1", "dataset_title": "NaN \" NaN", "pixel_size_um_estimated": 0.5, "a": NaN,
                "pixel_size_um_embedded": 0.25, "st_technology": "Visium"}"#,
        )
        .unwrap();
        assert_eq!((m.patient.as_deref(), m.mpp), (Some("Patient 1"), Some(0.5)));
        assert_eq!(m.dataset.as_deref(), Some("NaN \" NaN"));
        assert!(m.doubt.unwrap().contains("0.250"));
        let m =
            parse(r#"{"patient": NaN, "pixel_size_um_estimated": NaN, "pixel_size_um_embedded": "0.25"}"#)
                .unwrap();
        assert_eq!((m.patient, m.mpp, m.pitch_um), (None, Some(0.25), None));
        let pitch = |technology: &str| {
            parse(&format!(r#"{{"st_technology": "{technology}", "inter_spot_dist": 200.0}}"#))
                .unwrap()
                .pitch_um
        };
        assert_eq!((pitch("Spatial Transcriptomics"), pitch("Visium HD")), (Some(200.0), None));
    }

    #[test]
    fn damaged_metadata_are_one_sentence() {
        let says = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(says("[]"), "m.json: the metadata are not a JSON object");
        assert!(says("{").starts_with("m.json, line 1: the metadata are not valid JSON"));
        assert_eq!(
            says(r#"{"pixel_size_um_estimated": -1}"#),
            "m.json: pixel_size_um_estimated is \"-1\", which is no resolution of a slide in µm per pixel"
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&text);
            let _ = parse_metadata(Path::new("m.json"), &bytes);
        }
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_metadata_never_panic_for_minutes() {
        let sound = br#"{"patient": "Patient 1", "dataset_title": "A \" NaN", "pixel_size_um_estimated": 0.5, "a": NaN,
            "pixel_size_um_embedded": "0.25", "st_technology": "Visium", "b": null}"#;
        fuzz("hest", vec![sound.to_vec()], |bytes| parse_metadata(Path::new("m.json"), bytes).is_ok());
    }
}
