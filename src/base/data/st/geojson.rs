//! Labels from regions that a pathologist has drawn, as QuPath exports them: see [`regions::geojson`](crate::data::regions::geojson)
//! for the file. A region's label is its class, or else its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::core::files::FileError;
use crate::core::geometry::SlidePoint;
use crate::core::text::counted;
use crate::data::regions::geojson::{self, Imported, unpacked};
use crate::data::regions::{Region, Shape};

/// What Space Ranger calls the outlines of its cells.
const SEGMENTATIONS: [&str; 2] = ["cell_segmentations", "nucleus_segmentations"];

/// Whether a file may hold regions, by its name.
pub fn is_geojson_name(path: &Path) -> bool {
    let name = super::names::file_name(path).to_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    [".geojson", ".json"].iter().any(|e| plain.ends_with(e))
        && !SEGMENTATIONS.iter().any(|s| plain.contains(s))
}

/// Whether a file begins as GeoJSON of features does.
pub fn looks_like_geojson(path: &Path) -> bool {
    const HEAD: usize = 4096;
    if !is_geojson_name(path) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let mut head = Vec::new();
    if unpacked(file).take(HEAD as u64).read_to_end(&mut head).is_err() && head.is_empty() {
        return false;
    }
    let head = String::from_utf8_lossy(&head);
    let start = head.trim_start_matches('\u{feff}').trim_start();
    start.starts_with(['{', '[']) && ["\"Feature\"", "\"FeatureCollection\""].iter().any(|t| head.contains(t))
}

/// The regions of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Regions {
    /// Labels and shapes, the smallest first: of nested regions the inner one counts.
    labelled: Vec<(String, Arc<Shape>)>,
    /// Regions without a class and without a name.
    pub unclassified: usize,
}

impl Regions {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError`] in one sentence: no JSON, no GeoJSON, a coordinate that is not a number, no region in it.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        Self::of(path, geojson::read(path)?)
    }

    fn of(path: &Path, read: Imported) -> Result<Self, FileError> {
        let mut regions = Self::default();
        let mut others = read.left_out;
        let mut sizes = Vec::new();
        for region in &read.regions {
            if region.kind.is_detected() || !region.shape().is_area() {
                others += 1;
            } else if let Some(label) = label_of(region) {
                sizes.push((label, Arc::clone(region.shape())));
            } else {
                regions.unclassified += 1;
            }
        }
        if sizes.is_empty() && regions.unclassified == 0 {
            let message = match others {
                0 => "there is no region in it".to_owned(),
                n => format!(
                    "there is no annotated region in it, only {} such as points, lines or detected cells; export the \
                     annotations",
                    counted(n, "object")
                ),
            };
            return Err(FileError::malformed(path, message));
        }
        if sizes.is_empty() {
            let n = regions.unclassified;
            let message = format!(
                "{} {} no class; set the class of each annotation in QuPath and export it again",
                counted(n, "region"),
                if n == 1 { "has" } else { "have" }
            );
            return Err(FileError::malformed(path, message));
        }
        // Of those of the same size the newest comes first, as where regions are shown.
        sizes.reverse();
        sizes.sort_by(|a, b| a.1.area_px2().total_cmp(&b.1.area_px2()));
        regions.labelled = sizes;
        Ok(regions)
    }

    /// The class of the smallest region that `point` of the full-resolution slide lies in.
    pub fn class_at(&self, point: SlidePoint) -> Option<&str> {
        self.labelled.iter().find(|(_, shape)| shape.contains(point)).map(|(label, _)| label.as_str())
    }

    /// Areas of the regions that have a label, in square pixels, with their labels; the smallest first.
    #[cfg(test)]
    fn areas(&self) -> impl Iterator<Item = (&str, f64)> {
        self.labelled.iter().map(|(label, shape)| (label.as_str(), shape.area_px2()))
    }
}

/// What a region is called: its class, or else its name.
fn label_of(region: &Region) -> Option<String> {
    let name = || region.name.as_deref().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned);
    region.class.as_ref().map(ToString::to_string).or_else(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::gzip;
    use crate::data::testing::real_data;

    fn read(text: &str) -> Result<Regions, FileError> {
        let path = Path::new("a.geojson");
        Regions::of(path, geojson::parse(path, text.as_bytes())?)
    }

    fn feature(properties: &str, geometry: &str) -> String {
        format!(r#"{{"type": "Feature", "properties": {properties}, "geometry": {geometry}}}"#)
    }

    fn square(class: &str, from: u32, to: u32) -> String {
        let ring = format!("[[{from},{from}],[{to},{from}],[{to},{to}],[{from},{to}],[{from},{from}]]");
        let properties =
            format!(r#"{{"objectType": "annotation", "classification": {{"name": "{class}"}}}}"#);
        feature(&properties, &format!(r#"{{"type": "Polygon", "coordinates": [{ring}]}}"#))
    }

    fn at(regions: &Regions, x: f64, y: f64) -> Option<String> {
        regions.class_at(SlidePoint::new(x, y)).map(str::to_owned)
    }

    #[test]
    fn collections_lists_and_single_features_are_read() {
        let one = square("Tumor", 10, 20);
        for text in [
            one.clone(),
            format!("[{one}]"),
            format!("\u{feff}{{\"type\": \"FeatureCollection\", \"features\": [{one}]}}"),
        ] {
            let regions = read(&text).unwrap();
            assert_eq!(at(&regions, 15.0, 15.0).as_deref(), Some("Tumor"), "{text}");
            assert_eq!(at(&regions, 25.0, 15.0), None);
        }
        let folder = tempfile::tempdir().unwrap();
        let packed = folder.path().join("a.geojson.gz");
        std::fs::write(&packed, gzip(one.as_bytes())).unwrap();
        assert!(looks_like_geojson(&packed));
        assert_eq!(at(&Regions::read(&packed).unwrap(), 11.0, 19.0).as_deref(), Some("Tumor"));
    }

    #[test]
    fn inner_regions_count_and_holes_are_left_out() {
        let nested = format!("[{},{}]", square("Tissue", 0, 100), square("Tumor", 40, 60));
        let regions = read(&nested).unwrap();
        assert_eq!(
            (at(&regions, 50.0, 50.0), at(&regions, 10.0, 50.0)),
            (Some("Tumor".into()), Some("Tissue".into()))
        );
        let ring = |a: u32, b: u32| format!("[[{a},{a}],[{b},{a}],[{b},{b}],[{a},{b}]]");
        let parts = format!("[[{},{}],[{}]]", ring(0, 50), ring(10, 20), ring(60, 70));
        let geometry = format!(r#"{{"type": "MultiPolygon", "coordinates": {parts}}}"#);
        let regions = read(&feature(r#"{"classification": "DCIS"}"#, &geometry)).unwrap();
        let inside = |x: f64| at(&regions, x, x).is_some();
        assert!(inside(5.0) && !inside(15.0) && inside(30.0) && !inside(55.0) && inside(65.0));
        assert_eq!(regions.areas().collect::<Vec<_>>(), [("DCIS", 2500.0 - 100.0 + 100.0)]);
    }

    #[test]
    fn classes_are_found_in_all_their_forms() {
        let class = |properties: &str| {
            let ring = r#"{"type": "Polygon", "coordinates": [[[0,0],[9,0],[9,9,3.5],[0,9]]]}"#;
            read(&feature(properties, ring)).map(|r| at(&r, 5.0, 4.0).unwrap())
        };
        assert_eq!(
            class(r#"{"classification": {"names": ["Tumor", "Positive"]}}"#).unwrap(),
            "Tumor: Positive"
        );
        assert_eq!(class(r#"{"classification": null, "name": " left lobe "}"#).unwrap(), "left lobe");
        let says = class(r#"{"objectType": "annotation"}"#).unwrap_err().to_string();
        assert_eq!(
            says,
            "a.geojson: 1 region has no class; set the class of each annotation in QuPath and export it again"
        );
        let says =
            class(r#"{"objectType": "cell", "classification": {"name": "Tumor"}}"#).unwrap_err().to_string();
        assert!(says.contains("no annotated region in it, only 1 object"), "{says}");
    }

    #[test]
    fn what_is_not_geojson_is_one_sentence() {
        let says = |text: &str| read(text).unwrap_err().to_string();
        assert!(says("{").starts_with("a.geojson, line 1: the file is not valid JSON"));
        assert!(says(r#"{"a": 1}"#).contains("this is not GeoJSON of regions"));
        assert!(
            says(r#"{"type": "FeatureCollection", "features": []}"#).ends_with("there is no region in it")
        );
        let text = r#"{"type": "Polygon", "coordinates": [[[0,0],["x",0],[9,9]]]}"#;
        assert!(says(&feature("{}", text)).ends_with("feature 1: a coordinate is not a pixel of a slide"));
    }

    #[test]
    fn points_of_real_annotations_are_no_regions() {
        let Some(shared) = real_data() else { return };
        let regions = Regions::read(&shared.join("real_data/qupath/TD_01_verysmall_mIF.geojson")).unwrap();
        assert_eq!(regions.areas().count(), 6);
    }
}
