//! Every form in which QuPath has written objects, and files that are damaged.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::core::files::FileError;
use crate::core::geometry::SlidePoint;
use crate::data::mutate::{fuzz, gzip};
use crate::data::regions::{ClassName, Geometry, ObjectKind, Region, RegionId, RegionSet};
use crate::data::testing::real_data;

const ID: &str = "3e4b6f50-8ea3-4bc5-bdb2-3d661eaea557";

fn read_text(text: &str) -> Result<Imported, FileError> {
    parse(Path::new("a.geojson"), text.as_bytes())
}

fn only(text: &str) -> Region {
    let mut read = read_text(text).unwrap();
    assert_eq!(read.regions.len(), 1, "{text}");
    read.regions.remove(0)
}

fn square() -> Value {
    json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]})
}

fn feature(properties: Value) -> Value {
    json!({"type": "Feature", "id": ID, "geometry": square(), "properties": properties})
}

fn says(text: &str) -> String {
    read_text(text).unwrap_err().to_string()
}

/// What is written of what was read.
fn written_again(text: &str) -> Value {
    let read = read_text(text).unwrap();
    let set: RegionSet = read.regions.into_iter().collect();
    let bytes = to_bytes(&set, &read.classes);
    let again = parse(Path::new("b.geojson"), &bytes).unwrap();
    assert_eq!(again.regions.into_iter().collect::<RegionSet>(), set, "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(again.classes, read.classes);
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn all_outer_forms_are_read() {
    let one = feature(json!({"objectType": "annotation"}));
    for text in [
        one.to_string(),
        json!([one]).to_string(),
        serde_json::to_string_pretty(&json!([one])).unwrap(),
        json!({"type": "FeatureCollection", "features": [one]}).to_string(),
        format!("\u{feff}{}", json!({"features": [one], "type": "FeatureCollection", "bbox": [0, 0, 1, 1]})),
    ] {
        let region = only(&text);
        assert_eq!((region.id.to_string().as_str(), region.shape().area_px2()), (ID, 100.0), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packed.geojson");
    std::fs::write(&path, gzip(one.to_string().as_bytes())).unwrap();
    assert_eq!(read(&path).unwrap().regions.len(), 1);
    assert!(read_text("[]").unwrap().regions.is_empty());
}

#[test]
fn bare_geometries_are_annotations_without_a_class() {
    let list = json!([square(), {"type": "Point", "coordinates": [1, 2]}]);
    for text in [list.to_string(), json!({"type": "GeometryCollection", "geometries": list}).to_string()] {
        let read = read_text(&text).unwrap();
        let kinds: Vec<(&ObjectKind, bool)> =
            read.regions.iter().map(|r| (&r.kind, r.shape().is_area())).collect();
        assert_eq!(kinds, [(&ObjectKind::Annotation, true), (&ObjectKind::Annotation, false)]);
    }
    assert_eq!(only(&square().to_string()).shape().area_px2(), 100.0);
}

#[test]
fn all_types_of_geometry_are_read_and_written() {
    let ring = |a: u32, b: u32| json!([[a, a], [b, a], [b, b], [a, b], [a, a]]);
    for geometry in [
        square(),
        json!({"type": "Polygon", "coordinates": [ring(0, 50), ring(10, 20)]}),
        json!({"type": "MultiPolygon", "coordinates": [[ring(0, 50), ring(10, 20)], [ring(60, 70)]]}),
        json!({"type": "LineString", "coordinates": [[0, 0.5], [10.25, 3]]}),
        json!({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[5, 5], [6, 6], [7, 5]]]}),
        json!({"type": "Point", "coordinates": [-1.5, 2]}),
        json!({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}),
        json!({"type": "GeometryCollection", "geometries": [square(), {"type": "Point", "coordinates": [1, 2]}]}),
        json!({"type": "Polygon", "coordinates": [ring(0, 50)], "plane": {"c": -1, "z": 2, "t": 0}}),
        json!({"type": "Polygon", "coordinates": [ring(0, 50)], "isEllipse": true}),
    ] {
        let text = json!({"type": "Feature", "id": ID, "geometry": geometry, "properties": {}}).to_string();
        let written = written_again(&text);
        assert_eq!(written["features"][0]["geometry"], geometry);
    }
    let holes = json!({"type": "MultiPolygon", "coordinates": [[ring(0, 50), ring(10, 20)], [ring(60, 70)]]});
    let region = only(&holes.to_string());
    assert_eq!(region.shape().area_px2(), 2500.0 - 100.0 + 100.0);
    let inside = |x: f64| region.shape().contains(SlidePoint::new(x, x));
    assert!(inside(5.0) && !inside(15.0) && inside(30.0) && !inside(55.0) && inside(65.0));
}

#[test]
fn classes_are_found_in_all_their_forms() {
    let class = |classification: Value| {
        let text = feature(json!({"objectType": "annotation", "classification": classification})).to_string();
        let read = read_text(&text).unwrap();
        let class = read.regions[0].class.clone().map(|c| c.to_string());
        let color = class.as_ref().map(|c| read.classes.get(c).unwrap().color);
        (class, color)
    };
    let tumor = || Some("Tumor".to_owned());
    // 0.2 and 0.3; since 0.4; derived classes; a colour with an opacity; without a colour; as bare text.
    assert_eq!(class(json!({"name": "Tumor", "colorRGB": -3670016})), (tumor(), Some([200, 0, 0])));
    assert_eq!(class(json!({"name": "Tumor", "color": [1, 2, 3]})), (tumor(), Some([1, 2, 3])));
    let derived = json!({"names": ["Tumor", "Positive"], "color": [250, 62, 62]});
    assert_eq!(class(derived), (Some("Tumor: Positive".into()), Some([250, 62, 62])));
    assert_eq!(class(json!({"names": ["Tumor"], "color": [9, 8, 7, 255]})), (tumor(), Some([9, 8, 7])));
    assert_eq!(class(json!({"name": "Tumor", "color": -377282})), (tumor(), Some([250, 62, 62])));
    assert_eq!(class(json!({"name": "Tumor", "colorRGB": 4_291_297_280u32})), (tumor(), Some([200, 0, 0])));
    assert_eq!(class(json!({"name": "Tumor"})), (tumor(), Some([200, 0, 0])));
    assert_eq!(class(json!("Tumor")), (tumor(), Some([200, 0, 0])));
    assert_eq!(class(Value::Null), (None, None));
    assert_eq!(class(json!({"name": " "})), (None, None));
    assert_eq!(class(json!({"name": 5, "color": "red"})), (None, None));
}

#[test]
fn classes_are_written_as_qupath_reads_them() {
    let class = |classification: Value| {
        let text = feature(json!({"classification": classification})).to_string();
        written_again(&text)["features"][0]["properties"]["classification"].clone()
    };
    let tumor = json!({"name": "Tumor", "color": [200, 0, 0]});
    assert_eq!(class(json!({"name": "Tumor", "colorRGB": -3670016})), tumor);
    let derived = json!({"names": ["Tumor", "Positive"], "color": [250, 62, 62]});
    assert_eq!(class(derived.clone()), derived);
    assert_eq!(class(json!({"name": "Tumor: Positive", "color": [250, 62, 62]})), derived);
    let more = json!({"name": "Tumor", "color": [200, 0, 0], "note": {"by": ["AB", 1.0]}});
    assert_eq!(class(more.clone()), more);
}

#[test]
fn kinds_of_objects_are_found_in_all_their_forms() {
    let kind = |id: &str, properties: Value| {
        let text = json!({"type": "Feature", "id": id, "geometry": square(), "properties": properties});
        let written = written_again(&text.to_string())["features"][0].clone();
        let kind = only(&text.to_string()).kind;
        assert_eq!(written["properties"]["objectType"], kind.as_str());
        (kind, written["id"].as_str().unwrap().to_owned())
    };
    assert_eq!(kind(ID, json!({"objectType": "annotation"})), (ObjectKind::Annotation, ID.into()));
    assert_eq!(kind(ID, json!({"object_type": "tile"})), (ObjectKind::Tile, ID.into()));
    assert_eq!(kind(ID, json!({"objectType": "tma_core", "isMissing": true})).0, ObjectKind::TmaCore);
    assert_eq!(kind(ID, json!({"objectType": "nerve"})).0, ObjectKind::Other("nerve".into()));
    let (old, id) = kind("PathDetectionObject", json!({}));
    assert_eq!(old, ObjectKind::Detection);
    assert!(id.parse::<RegionId>().is_ok());
    assert_eq!(kind("region-7", json!({})), (ObjectKind::Annotation, "region-7".into()));
    assert_eq!(kind(&ID.to_uppercase(), json!({})), (ObjectKind::Annotation, ID.to_uppercase()));
}

#[test]
fn identifiers_are_the_same_every_time_and_unique() {
    let with_id = |id: Value| json!({"type": "Feature", "id": id, "geometry": square(), "properties": null});
    let text =
        json!([with_id("a".into()), with_id("b".into()), with_id("a".into()), with_id(7.into())]).to_string();
    let ids = |text: &str| read_text(text).unwrap().regions.iter().map(|r| r.id).collect::<Vec<_>>();
    let (first, second) = (ids(&text), ids(&text));
    assert_eq!(first[..2], second[..2]);
    let mut all = first.clone();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 4);
    let read = read_text(&text).unwrap();
    let set: RegionSet = read.regions.into_iter().collect();
    let written: Value = serde_json::from_slice(&to_bytes(&set, &read.classes)).unwrap();
    let written: Vec<&Value> = written["features"].as_array().unwrap().iter().map(|f| &f["id"]).collect();
    assert_eq!((written[0], written[1], written[3]), (&json!("a"), &json!("b"), &json!(7)));
    assert!(written[2].as_str().unwrap().parse::<RegionId>().is_ok(), "{written:?}");
}

#[test]
fn what_is_not_understood_is_written_back_as_it_was() {
    // A cell of 0.5 with its nucleus, and an annotation of 0.2.
    let cell = json!({
        "type": "Feature",
        "id": ID,
        "geometry": square(),
        "nucleusGeometry": {"type": "Polygon", "coordinates": [[[4, 4], [6, 4], [6, 6], [4, 4]]], "plane": {"z": 1}},
        "properties": {
            "objectType": "cell",
            "isLocked": true,
            "name": "cell 1",
            "color": [1, 2, 3],
            "measurements": {"Nucleus: Area": 12.5, "Cell: DAB OD mean": 0.1},
            "metadata": {"ANNOTATION_DESCRIPTION": "lower left\n\"edge\""},
        },
        "bbox": [0, 0, 10, 10],
    });
    let written = written_again(&cell.to_string());
    assert_eq!(written["features"][0], cell);
    let old = json!({
        "type": "Feature",
        "id": "PathAnnotationObject",
        "geometry": square(),
        "properties": {
            "classification": {"name": "Tumor", "colorRGB": -3670016},
            "isLocked": false,
            "measurements": [{"name": "Area", "value": 1.5}],
        },
    });
    let written = written_again(&old.to_string());
    let expected = json!({
        "objectType": "annotation",
        "classification": {"name": "Tumor", "color": [200, 0, 0]},
        "measurements": [{"name": "Area", "value": 1.5}],
    });
    assert_eq!(written["features"][0]["properties"], expected);
    // Members of the names that are understood, but with other contents.
    let odd = feature(
        json!({"objectType": "annotation", "name": 5, "color": "red", "classification": {"color": 3}}),
    );
    assert_eq!(written_again(&odd.to_string())["features"][0], odd);
}

#[test]
fn numbers_that_are_none_are_kept() {
    let text = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{
        "measurements":{"a NaN":NaN,"b":-Infinity,"c":1.50}}}"#;
    let written = written_again(text);
    let expected = json!({"a NaN": "NaN", "b": "-Infinity", "c": 1.5});
    assert_eq!(written["features"][0]["properties"]["measurements"], expected);
    let lost = text.replace("[1,2]", "[1,NaN]");
    assert!(says(&lost).ends_with("feature 1: a coordinate is not a pixel of a slide"));
}

#[test]
fn an_ellipse_that_was_edited_is_none_any_more() {
    let mut ellipse = feature(json!({"objectType": "annotation"}));
    ellipse["geometry"]["isEllipse"] = true.into();
    ellipse["geometry"]["plane"] = json!({"c": -1, "z": 0, "t": 0});
    let read = read_text(&ellipse.to_string()).unwrap();
    let id = read.regions[0].id;
    let mut set: RegionSet = read.regions.into_iter().collect();
    let geometry = |set: &RegionSet| {
        let written: Value = serde_json::from_slice(&to_bytes(set, &read.classes)).unwrap();
        written["features"][0]["geometry"].clone()
    };
    set.translate(&[id], 5.0, 0.0).unwrap();
    assert_eq!(geometry(&set)["isEllipse"], true);
    let corner = set.get(id).unwrap().shape().nearest_vertex(SlidePoint::new(5.0, 0.0), 1.0).unwrap().0;
    set.move_vertex(id, corner, SlidePoint::new(4.0, 0.0)).unwrap();
    assert_eq!(geometry(&set).get("isEllipse"), None);
    assert_eq!(geometry(&set)["plane"]["c"], -1);
}

#[test]
fn a_region_in_another_class_is_written_in_that() {
    let text =
        feature(json!({"classification": {"name": "Tumor", "color": [200, 0, 0], "note": 1}})).to_string();
    let mut read = read_text(&text).unwrap();
    let id = read.regions[0].id;
    let mut set: RegionSet = read.regions.into_iter().collect();
    let stroma = ClassName::new("Stroma").unwrap();
    read.classes.ensure(&stroma);
    set.set_class(&[id], Some(&stroma)).unwrap();
    let written: Value = serde_json::from_slice(&to_bytes(&set, &read.classes)).unwrap();
    let class = &written["features"][0]["properties"]["classification"];
    assert_eq!(class, &json!({"name": "Stroma", "color": [150, 200, 150]}));
}

#[test]
fn outlines_are_repaired_or_left_out_and_it_is_said() {
    let with = |geometry: Value| json!({"type": "Feature", "geometry": geometry, "properties": {}});
    let text = json!([
        with(json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10, 3.5], [0, 10]]]})),
        with(
            json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10]], [[1, 1], [2, 2], [1, 1]]]})
        ),
        with(
            json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 0]], [[1, 0], [2, 0], [2, 1]]]})
        ),
        with(Value::Null),
        with(json!({"type": "Circle", "coordinates": [1, 2], "radius": 3})),
        with(json!({"type": "Polygon", "coordinates": []})),
        with(json!({"type": "MultiPolygon", "coordinates": [[], [[]], [[[0, 0], [1, 0], [1, 1]]]]})),
    ]);
    let read = read_text(&text.to_string()).unwrap();
    let areas: Vec<f64> = read.regions.iter().map(|r| r.shape().area_px2()).collect();
    assert_eq!(areas, [100.0, 50.0, 0.5]);
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "feature 2: 1 ring with fewer than 3 points dropped",
            "feature 3: skipped because it has no outline",
            "feature 4: skipped because it has no outline",
            "feature 5: skipped because geometries of type \"Circle\" are not supported",
            "feature 6: skipped because it has no outline",
        ]
    );
    assert_eq!((read.repaired, read.left_out), (5, 4));
    let Geometry::Polygon(closed) = read.regions[0].shape().geometry() else { panic!("no polygon") };
    assert_eq!(closed.exterior().0.len(), 5);
}

#[test]
fn what_is_not_geojson_is_one_sentence() {
    assert!(says("{").starts_with("a.geojson, line 1: the file is not valid JSON"));
    assert!(says("[\n{\"type\": }]").starts_with("a.geojson, line 2: "));
    let error = parse(Path::new("a.geojson"), b"[\n\"\xff\"]").unwrap_err().to_string();
    assert!(error.starts_with("a.geojson, line 2: "), "{error}");
    for text in ["7", "{\"a\": 1}", "{\"type\": \"FeatureCollection\", \"features\": 5}", "\"Feature\""] {
        assert!(says(text).contains("this is not GeoJSON of regions"), "{text}");
    }
    assert_eq!(says("[5]"), "a.geojson: feature 1: this is not a GeoJSON feature");
    assert!(says(r#"[{"type": "Topology"}]"#).ends_with("feature 1: this is not a GeoJSON feature"));
    for coordinates in [
        "[[[0,0],[\"x\",0],[9,9]]]",
        "[[[0],[1,0],[9,9]]]",
        "[[[0,0],[1e10,0],[9,9]]]",
        "7",
        "[[[]]]",
        "[[[0,0],[1e999,0],[9,9]]]",
    ] {
        let text = format!(r#"[{{"type": "Polygon", "coordinates": {coordinates}}}]"#);
        assert_eq!(says(&text), "a.geojson: feature 1: a coordinate is not a pixel of a slide", "{text}");
    }
    assert!(
        says(r#"{"type": "Feature", "geometry": {"type": "Polygon"}}"#).ends_with("it has no coordinates")
    );
    assert!(
        says(r#"{"type": "Feature", "geometry": {"coordinates": []}}"#).ends_with("its geometry has no type")
    );
}

#[test]
fn depth_and_size_have_limits() {
    let deep = "[".repeat(200_000);
    assert!(says(&deep).contains("not valid JSON"));
    let balanced = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(says(&format!(r#"[{{"type":"Polygon","coordinates":{balanced}}}]"#)).contains("a coordinate"));
    let kept = format!(r#"[{{"type":"Feature","geometry":{},"properties":{{"x":{balanced}}}}}]"#, square());
    assert_eq!(only(&kept).shape().area_px2(), 100.0);
    let open = r#"{"type":"GeometryCollection","geometries":["#;
    let nested = format!("[{}{}{}]", open.repeat(50), square(), "]}".repeat(50));
    assert!(says(&nested).ends_with("feature 1: its geometries are nested too deeply"));
    let many = format!("[{}0]", "0,".repeat(MAX_OBJECTS));
    assert!(says(&many).contains("more than 1,000,000 objects"));
}

#[test]
fn detections_are_told_from_annotations() {
    let of =
        |kind: &str, class: &str| feature(json!({"objectType": kind, "classification": {"name": class}}));
    let text = json!([of("annotation", "Tumor"), of("cell", "Immune"), of("tile", "Tumor")]).to_string();
    let (read, gone) = read_text(&text).unwrap().without_detections();
    assert_eq!((read.regions.len(), gone, read.classes.len()), (1, 2, 1));
}

/// Numbers of features, classes and areas as shapely computes them.
#[test]
fn real_annotations_are_as_shapely_reads_them() {
    let Some(shared) = real_data() else { return };
    let text = std::fs::read(shared.join("reference/annotations_shapely.json")).unwrap();
    let expected: Value = serde_json::from_slice(&text).unwrap();
    for (file, about) in expected.as_object().unwrap() {
        let path = shared.join("real_data").join(file);
        let read = super::read(&path).unwrap();
        assert_eq!(
            (read.regions.len(), read.repaired),
            (about["features"].as_u64().unwrap() as usize, 0),
            "{file}"
        );
        for (i, region) in read.regions.iter().enumerate() {
            assert_eq!(region.class.as_ref().map(|c| c.as_str()), about["classes"][i].as_str(), "{file}");
            let (own, area) = (region.shape().area_px2(), about["area"][i].as_f64().unwrap());
            assert!((own - area).abs() <= 1e-9 * area, "{file}: {own} for {area}");
            let kind = match region.shape().geometry() {
                Geometry::Polygon(_) => "Polygon",
                Geometry::Point(_) => "Point",
                other => panic!("{file}: {other:?}"),
            };
            assert_eq!(about["types"][i], kind, "{file}");
        }
        // Written again, all that QuPath knew is there.
        let before: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let after = written_again(&std::fs::read_to_string(&path).unwrap());
        let features = before.get("features").and_then(Value::as_array).cloned().unwrap_or(vec![before]);
        for (old, new) in features.iter().zip(after["features"].as_array().unwrap()) {
            let numbers = |v: &Value| {
                let text = v["coordinates"].to_string().replace(['[', ']'], "");
                text.split(',').map(|n| n.parse::<f64>().unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(numbers(&old["geometry"]), numbers(&new["geometry"]), "{file}");
            for (name, value) in old["properties"].as_object().unwrap() {
                if name != "isLocked" {
                    assert_eq!(&new["properties"][name], value, "{file}");
                }
            }
            assert!(old["id"] == new["id"] || old["id"] == "PathAnnotationObject", "{file}");
        }
    }
}

fn sound() -> Vec<Vec<u8>> {
    let one = feature(
        json!({"objectType": "annotation", "name": "a", "classification": {"name": "Tumor", "color": [1, 2, 3]}}),
    );
    let several = json!({"type": "MultiPolygon", "coordinates": [[[[0, 0], [5, 0], [5, 5]]], [[[9, 9], [9, 8], [7, 6]]]]});
    let old = json!([{"type": "Feature", "id": "PathCellObject", "geometry": several, "nucleusGeometry": square(),
        "properties": {"classification": {"names": ["A", "B"], "colorRGB": -5}, "measurements": [{"name": "x", "value": 1e-3}]}}]);
    let collection = json!({"type": "FeatureCollection", "features": [one], "hiscmcl": {"version": 1}});
    let numbers = r#"[{"type":"MultiPoint","coordinates":[[1,2],[NaN,4]]}]"#.to_owned();
    [collection.to_string(), old.to_string(), square().to_string(), numbers].map(String::into_bytes).to_vec()
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_text(&text);
        let _ = parse(Path::new("a.geojson"), &bytes);
    }

    #[test]
    fn damaged_files_never_panic_and_what_is_read_is_written(
        which in 0usize..4,
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = sound().remove(which);
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            match byte {
                0..=40 => drop(bytes.remove(at)),
                41..=80 => bytes.insert(at, byte),
                _ => bytes[at] = byte,
            }
        }
        if let Ok(read) = parse(Path::new("a.geojson"), &bytes) {
            let set: RegionSet = read.regions.into_iter().collect();
            let again = parse(Path::new("b.geojson"), &to_bytes(&set, &read.classes)).unwrap();
            prop_assert_eq!(again.regions.into_iter().collect::<RegionSet>(), set);
        }
    }
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_annotations_never_panic_for_minutes() {
    fuzz("regions", sound(), |bytes| parse(Path::new("a.geojson"), bytes).is_ok());
}
