//! Regions that a pathologist has drawn, as QuPath exports them: GeoJSON polygons in pixels of the full-resolution slide,
//! whose `classification` names what is in them. Read from a `FeatureCollection`, a single `Feature` or a list of
//! features, plain or packed with gzip.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::core::files::FileError;
use crate::core::geometry::{SlidePoint, SlideRect};
use crate::core::text::counted;

/// A larger file holds cells, not regions that somebody has drawn.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Geometries within geometries; deeper ones are nobody's.
const DEPTH: usize = 8;
/// What detections are called: they are cells and tiles that a program has found, not regions.
const DETECTIONS: [&str; 8] = [
    "detection",
    "cell",
    "tile",
    "root",
    "PathDetectionObject",
    "PathCellObject",
    "PathTileObject",
    "PathRootObject",
];
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
    /// The smallest first: of nested regions the inner one counts.
    regions: Vec<Region>,
    /// Regions without a class and without a name.
    pub unclassified: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Region {
    class: String,
    polygons: Vec<Polygon>,
    area: f64,
}

impl Regions {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError`] in one sentence: no JSON, no GeoJSON, a coordinate that is not a number, no region in it.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let file = File::open(path).map_err(FileError::io("read", path))?;
        let mut bytes = Vec::new();
        let read = unpacked(file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|e| match e.raw_os_error() {
            Some(_) => FileError::io("read", path)(e),
            None => FileError::malformed(path, "the compressed file is damaged; copy or export it again"),
        })?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let message = format!(
                "the file is larger than {} MB, which is more than regions take; export the annotations without cells",
                MAX_FILE_BYTES >> 20
            );
            return Err(FileError::malformed(path, message));
        }
        parse(path, &bytes)
    }

    /// The class of the smallest region that `point` of the full-resolution slide lies in.
    pub fn class_at(&self, point: SlidePoint) -> Option<&str> {
        let inside = |r: &&Region| r.polygons.iter().any(|p| p.contains(point));
        self.regions.iter().find(inside).map(|r| r.class.as_str())
    }

    /// Areas of the regions that have a class, in square pixels, with their classes; the smallest first.
    #[cfg(test)]
    fn areas(&self) -> impl Iterator<Item = (&str, f64)> {
        self.regions.iter().map(|r| (r.class.as_str(), r.area))
    }
}

fn unpacked(file: File) -> Box<dyn Read> {
    let mut reader = BufReader::new(file);
    let packed = std::io::BufRead::fill_buf(&mut reader).is_ok_and(|head| head.starts_with(&[0x1F, 0x8B]));
    if packed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Regions, FileError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        let message = "the file is not valid JSON; export the annotations again as GeoJSON";
        FileError::malformed_at(path, e.line().max(1) as u64, message)
    })?;
    let features: &[Value] = match (&value, text(&value, "type"), value.get("features")) {
        (Value::Array(list), ..) => list,
        (_, Some("FeatureCollection"), Some(Value::Array(list))) => list,
        (_, Some("Feature"), _) => std::slice::from_ref(&value),
        _ => {
            let message = "this is not GeoJSON of regions (no FeatureCollection, Feature or list of features was found)";
            return Err(FileError::malformed(path, message));
        }
    };
    let mut regions = Regions::default();
    let mut others = 0;
    for (at, feature) in features.iter().enumerate() {
        let wrong = |problem: &str| FileError::malformed(path, format!("feature {}: {problem}", at + 1));
        if text(feature, "type") != Some("Feature") {
            return Err(wrong("this is not a GeoJSON feature"));
        }
        let mut polygons = Vec::new();
        if is_detection(feature) {
            others += 1;
            continue;
        }
        if let Some(geometry) = feature.get("geometry").filter(|g| !g.is_null()) {
            polygons_of(geometry, DEPTH, &mut polygons).map_err(|problem| wrong(&problem))?;
        }
        if polygons.is_empty() {
            others += 1;
            continue;
        }
        match class_of(feature) {
            Some(class) => {
                let area = polygons.iter().map(|p| p.area).sum();
                regions.regions.push(Region { class, polygons, area });
            }
            None => regions.unclassified += 1,
        }
    }
    if regions.regions.is_empty() && regions.unclassified == 0 {
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
    if regions.regions.is_empty() {
        let n = regions.unclassified;
        let message = format!(
            "{} {} no class; set the class of each annotation in QuPath and export it again",
            counted(n, "region"),
            if n == 1 { "has" } else { "have" }
        );
        return Err(FileError::malformed(path, message));
    }
    regions.regions.sort_by(|a, b| a.area.total_cmp(&b.area));
    Ok(regions)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn is_detection(feature: &Value) -> bool {
    let properties = feature.get("properties");
    let kind = properties.and_then(|p| text(p, "objectType").or_else(|| text(p, "object_type")));
    let kind = kind.or_else(|| text(feature, "id"));
    feature.get("nucleusGeometry").is_some() || kind.is_some_and(|k| DETECTIONS.contains(&k))
}

/// What a region is called: its class, or else its name.
fn class_of(feature: &Value) -> Option<String> {
    let properties = feature.get("properties")?;
    let class = match properties.get("classification") {
        Some(Value::String(name)) => Some(name.clone()),
        Some(class) => text(class, "name").map(str::to_owned).or_else(|| {
            let names = class.get("names")?.as_array()?;
            Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(": "))
        }),
        None => None,
    };
    let usable = |name: &String| !name.trim().is_empty();
    let class = class.filter(usable).or_else(|| text(properties, "name").map(str::to_owned).filter(usable));
    class.map(|name| name.trim().to_owned())
}

/// Collects the polygons of a geometry; points and lines have none.
fn polygons_of(geometry: &Value, depth: usize, into: &mut Vec<Polygon>) -> Result<(), String> {
    let coordinates = || geometry.get("coordinates").and_then(Value::as_array);
    match text(geometry, "type") {
        Some("Polygon") => {
            let rings = coordinates().ok_or("the polygon has no coordinates")?;
            into.extend(Polygon::new(rings)?);
        }
        Some("MultiPolygon") => {
            for part in coordinates().ok_or("the polygons have no coordinates")? {
                into.extend(Polygon::new(part.as_array().ok_or("a polygon has no coordinates")?)?);
            }
        }
        Some("GeometryCollection") if depth > 0 => {
            for part in geometry.get("geometries").and_then(Value::as_array).into_iter().flatten() {
                polygons_of(part, depth - 1, into)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A polygon with holes. A point is inside when a line from it crosses the rings an odd number of times.
#[derive(Debug, Clone, PartialEq)]
struct Polygon {
    bounds: SlideRect,
    edges: Vec<[SlidePoint; 2]>,
    /// Bands of equal height from the top to the bottom of `bounds`: the edges in each.
    bands: Vec<Vec<u32>>,
    area: f64,
}

impl Polygon {
    /// `None` where there are fewer than three corners.
    fn new(rings: &[Value]) -> Result<Option<Self>, String> {
        let mut edges: Vec<[SlidePoint; 2]> = Vec::new();
        let mut area = 0.0;
        for (at, ring) in rings.iter().enumerate() {
            let corners = ring.as_array().ok_or("a ring is not a list of points")?;
            let corners = corners.iter().map(corner).collect::<Result<Vec<_>, _>>()?;
            if corners.len() < 3 {
                continue;
            }
            let own = corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| [*a, *b]);
            let before = edges.len();
            edges.extend(own.filter(|[a, b]| a != b));
            let twice: f64 = edges.iter().skip(before).map(|[a, b]| a.x * b.y - b.x * a.y).sum();
            area += if at == 0 { 0.5 } else { -0.5 } * twice.abs();
        }
        let Some(bounds) = SlideRect::around(edges.iter().flatten().copied()) else { return Ok(None) };
        let bands = bands(&edges, bounds);
        Ok(Some(Self { bounds, edges, bands, area: area.max(0.0) }))
    }

    fn contains(&self, p: SlidePoint) -> bool {
        if !self.bounds.contains(p) {
            return false;
        }
        let Some(band) = self.bands.get(band_of(p.y, self.bounds, self.bands.len())) else { return false };
        let crossed = |&&at: &&u32| {
            self.edges.get(at as usize).is_some_and(|[a, b]| {
                (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x)
            })
        };
        band.iter().filter(crossed).count() % 2 == 1
    }
}

fn corner(value: &Value) -> Result<SlidePoint, String> {
    /// No slide is so large; products of larger numbers lose their digits.
    const FARTHEST: f64 = 1e9;
    let number = |at: usize| {
        let number = value.get(at).and_then(Value::as_f64).filter(|v| v.abs() <= FARTHEST);
        number.ok_or_else(|| "a coordinate is not a pixel of a slide".to_owned())
    };
    Ok(SlidePoint::new(number(0)?, number(1)?))
}

fn band_of(y: f64, bounds: SlideRect, bands: usize) -> usize {
    let share = (y - bounds.min.y) / bounds.height();
    if share.is_finite() {
        ((share * bands as f64).max(0.0) as usize).min(bands.saturating_sub(1))
    } else {
        0
    }
}

fn bands(edges: &[[SlidePoint; 2]], bounds: SlideRect) -> Vec<Vec<u32>> {
    const MAX_BANDS: usize = 256;
    /// Bands are of no use where most edges lie in most of them.
    const REPEATS: usize = 8;
    let many = (edges.len() / 8).clamp(1, MAX_BANDS);
    let range =
        |[a, b]: &[SlidePoint; 2], n| band_of(a.y.min(b.y), bounds, n)..=band_of(a.y.max(b.y), bounds, n);
    let entries: usize = edges.iter().map(|e| range(e, many).count()).sum();
    let n = if entries > edges.len().saturating_mul(REPEATS) { 1 } else { many };
    let mut bands = vec![Vec::new(); n];
    for (at, edge) in (0u32..).zip(edges) {
        for band in range(edge, n) {
            if let Some(band) = bands.get_mut(band) {
                band.push(at);
            }
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::mutate::{fuzz, gzip};
    use crate::data::testing::real_data;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Regions, FileError> {
        parse(Path::new("a.geojson"), text.as_bytes())
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

    /// Areas as shapely computes them.
    #[test]
    fn areas_of_real_annotations_are_those_of_shapely() {
        let Some(shared) = real_data() else { return };
        let text = std::fs::read(shared.join("reference/annotations_shapely.json")).unwrap();
        let expected: Value = serde_json::from_slice(&text).unwrap();
        let mut compared = 0;
        for (file, about) in expected.as_object().unwrap() {
            let Ok(bytes) = std::fs::read(shared.join("real_data").join(file)) else { continue };
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            let features = value.get("features").and_then(Value::as_array).cloned().unwrap_or(vec![value]);
            for (feature, area) in features.iter().zip(about["area"].as_array().unwrap()) {
                let mut polygons = Vec::new();
                polygons_of(&feature["geometry"], DEPTH, &mut polygons).unwrap();
                let own: f64 = polygons.iter().map(|p| p.area).sum();
                assert!((own - area.as_f64().unwrap()).abs() < 1e-3, "{file}: {own} for {area}");
                compared += 1;
            }
        }
        assert!(compared > 5);
        let regions = Regions::read(&shared.join("real_data/qupath/TD_01_verysmall_mIF.geojson")).unwrap();
        assert_eq!(regions.areas().count(), 6);
    }

    #[test]
    fn many_edges_are_searched_by_bands() {
        // A circle of many corners, and one that zigzags from top to bottom.
        let circle: Vec<String> = (0..2000)
            .map(|i| f64::from(i) / 2000.0 * std::f64::consts::TAU)
            .map(|a| format!("[{},{}]", 500.0 + 400.0 * a.cos(), 500.0 + 400.0 * a.sin()))
            .collect();
        let zigzag: Vec<String> = (0..500).map(|i| format!("[{},{}]", 2000 + i, i % 2 * 1000)).collect();
        for (corners, inside) in [(circle, [500.0, 500.0]), (zigzag, [2250.5, 500.0])] {
            let geometry = format!(r#"{{"type": "Polygon", "coordinates": [[{}]]}}"#, corners.join(","));
            let regions = read(&feature(r#"{"name": "A"}"#, &geometry)).unwrap();
            let polygon = &regions.regions[0].polygons[0];
            for i in 0..200 {
                let p = SlidePoint::new(inside[0] + f64::from(i) * 2.3, inside[1] + f64::from(i) * 1.7);
                let all = (0..polygon.edges.len() as u32).collect();
                let plain = Polygon { bands: vec![all], ..polygon.clone() };
                assert_eq!(polygon.contains(p), plain.contains(p), "{p:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(text in ".{0,200}") {
            let _ = read(&text);
        }
    }

    #[test]
    #[ignore = "takes HISCMCL_FUZZ_MINUTES"]
    fn damaged_annotations_never_panic_for_minutes() {
        let sound = format!("[{},{}]", square("Tissue", 0, 100), square("Tumor", 40, 60));
        fuzz("geojson", vec![sound.into_bytes()], |bytes| parse(Path::new("a.geojson"), bytes).is_ok());
    }
}
