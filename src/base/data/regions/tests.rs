//! The whole of it against shapely, see `tests/tools/make_region_reference.py`, and edits one after the other.

use geo::{LineString, MultiPolygon, Polygon};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::core::geometry::SlidePoint;

fn reference() -> Vec<Value> {
    let text = include_str!("../../../../tests/fixtures/regions/shapely.json");
    let value: Value = serde_json::from_str(text).unwrap();
    value["cases"].as_array().unwrap().clone()
}

fn region(polygons: &Value) -> Region {
    let ring = |ring: &Value| {
        let at = |c: &Value| (c[0].as_f64().unwrap(), c[1].as_f64().unwrap());
        LineString::from(ring.as_array().unwrap().iter().map(at).collect::<Vec<_>>())
    };
    let polygon = |p: &Value| {
        let mut rings = p.as_array().unwrap().iter().map(ring);
        Polygon::new(rings.next().unwrap(), rings.collect())
    };
    Region::new(Shape::new(MultiPolygon(polygons.as_array().unwrap().iter().map(polygon).collect())).unwrap())
}

/// The area after an edit of the first of two regions; 0 where nothing is left.
fn area_after(
    case: &Value,
    edit: impl Fn(&mut RegionSet, RegionId, RegionId) -> Result<(), RegionError>,
) -> f64 {
    let (a, b) = (region(&case["a"]), region(&case["b"]));
    let (first, second) = (a.id, b.id);
    let mut set: RegionSet = [a, b].into_iter().collect();
    match edit(&mut set, first, second) {
        Ok(()) => set.get(first).unwrap().shape().area_px2(),
        Err(RegionError::NothingLeft(_)) => 0.0,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn edits_give_the_areas_of_shapely() {
    for (number, case) in reference().iter().enumerate() {
        let a = region(&case["a"]);
        let expected = |name: &str| case[name].as_f64().unwrap();
        assert!((a.shape().area_px2() / expected("area") - 1.0).abs() < 1e-12, "{number}");
        assert!((a.shape().geometry().length_px() / expected("length") - 1.0).abs() < 1e-12, "{number}");
        // Where outlines cross they are rounded to a hundredth of a pixel.
        let near = |own: f64, name: &str| {
            assert!((own - expected(name)).abs() < 2.0, "{number}, {name}: {own} for {}", expected(name));
        };
        near(area_after(case, |set, a, b| set.merge(&[a, b]).map(drop)), "union");
        near(area_after(case, |set, a, b| set.subtract(a, &[b])), "difference");
        near(area_after(case, |set, a, _| set.fill_holes(&[a])), "filled");
        let b = region(&case["b"]);
        let whole = a.shape().area_px2();
        near(whole - area_after(case, |set, a, _| set.subtract_area(a, b.shape())), "intersection");
    }
}

#[test]
fn lines_cut_as_those_of_shapely() {
    let mut cut = 0;
    for (number, case) in reference().iter().enumerate() {
        let a = region(&case["a"]);
        let (id, parts) = (a.id, a.shape().geometry().polygons().len());
        let mut set: RegionSet = [a].into_iter().collect();
        let at = |c: &Value| SlidePoint::new(c[0].as_f64().unwrap(), c[1].as_f64().unwrap());
        let line: Vec<SlidePoint> = case["line"].as_array().unwrap().iter().map(at).collect();
        let mut expected: Vec<f64> =
            case["pieces"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        // Smaller pieces are dropped as rounding.
        expected.retain(|area| *area > 1.0);
        match set.cut(id, &line) {
            Ok(pieces) => {
                let mut areas: Vec<f64> =
                    set.iter().map(|r| r.shape().area_px2()).filter(|a| *a > 1.0).collect();
                areas.sort_by(f64::total_cmp);
                assert_eq!((pieces.len(), areas.len()), (set.len(), expected.len()), "{number}");
                assert!(areas.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 2.0), "{number}: {areas:?}");
                cut += 1;
            }
            Err(_) => assert_eq!(parts, expected.len(), "{number}"),
        }
    }
    assert!(cut > 20, "{cut}");
}

#[test]
fn the_same_places_are_inside_as_shapely_finds() {
    let lattice: Vec<SlidePoint> = (0..400)
        .map(|i| SlidePoint::new(f64::from(i % 20) * 50.0 + 0.5, f64::from(i / 20) * 50.0 + 0.5))
        .collect();
    let index = PlaceIndex::new(&lattice);
    for (number, case) in reference().iter().enumerate() {
        let inside = index.inside(region(&case["a"]).shape());
        let expected: Vec<u32> =
            case["inside"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
        assert_eq!(inside, expected, "{number}");
    }
}

/// One edit of a set of regions, by numbers that stand for anything.
fn edit(set: &mut RegionSet, [what, which, x, y, size]: [u8; 5]) {
    let ids: Vec<RegionId> = set.iter().map(|r| r.id).collect();
    let at = SlidePoint::new(f64::from(x), f64::from(y));
    let to = SlidePoint::new(f64::from(y) + 7.0, f64::from(x));
    let drawn = ellipse(at, SlidePoint::new(at.x + f64::from(size) + 1.0, at.y + 20.0)).unwrap();
    let id = ids.get(usize::from(which) % ids.len().max(1)).copied();
    let Some(id) = id.filter(|_| what % 12 > 0) else {
        set.add(Region::new(drawn));
        return;
    };
    let other = ids[usize::from(size) % ids.len()];
    let vertex =
        VertexPath { part: usize::from(x) % 2, ring: usize::from(y) % 2, index: usize::from(size) % 9 };
    let stamp = Stamp { from: at, to, radius: f64::from(size) / 4.0 + 1.0 };
    // Whether it is done or refused, the set must be sound.
    match what % 12 {
        1 => drop(set.merge(&[id, other])),
        2 => drop(set.subtract(id, &[other])),
        3 => drop(set.cut(id, &[at, to])),
        4 => drop(set.split_parts(id)),
        5 => drop(set.split_by_area(id, &drawn)),
        6 => drop(set.brush(id, &stamp, BrushMode::Add)),
        7 => drop(set.brush(id, &stamp, BrushMode::Subtract)),
        8 => drop(set.move_vertex(id, vertex, at)),
        9 => drop(set.delete_vertex(id, vertex)),
        10 => drop(set.simplify(&[id], f64::from(size) / 50.0)),
        _ => drop(set.fill_holes(&[id])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_edits_leave_a_sound_set_that_is_stored(edits in prop::collection::vec(any::<[u8; 5]>(), 1..40)) {
        let mut set = RegionSet::default();
        for numbers in edits {
            let before = set.clone();
            edit(&mut set, numbers);
            for region in set.iter() {
                prop_assert!(region.shape().area_px2() >= 0.0 && region.shape().bounds().width().is_finite());
                prop_assert!(set.get(region.id).is_some());
            }
            prop_assert!(before.iter().all(|r| r.shape().is_area()));
        }
        let bytes = geojson::to_bytes(&set, &Classes::default());
        let read = geojson::parse(std::path::Path::new("a.geojson"), &bytes).unwrap();
        prop_assert_eq!(read.repaired, 0);
        prop_assert_eq!(read.regions.into_iter().collect::<RegionSet>(), set);
    }
}
