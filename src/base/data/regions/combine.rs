//! Union, difference and the like of polygons with holes, on `geo`, which computes on a grid of integers.
//!
//! Results are put on a grid of a hundredth of a pixel, which is what QuPath writes, except for points that were there before:
//! these stay exactly where they were, so that repeated edits do not make an outline drift.

use std::collections::HashMap;

use geo::bool_ops::FillRule;
use geo::orient::{Direction, Orient};
use geo::{Area, BooleanOps, BoundingRect, Coord, Intersects, LineString, MultiPolygon, OpType, Polygon};
use i_overlay::float::slice::FloatSlice;

use super::geometry::{open, rings};
use super::thin::thinned_ring;
use crate::core::geometry::SlidePoint;

/// Points per pixel of the grid that results are put on.
const GRID: f64 = 100.0;
/// Smaller pieces and holes, in square pixels, come from rounding.
const MIN_AREA_PX2: f64 = 0.25;

/// What is inside either, of polygons that may overlap, cross themselves, or be wound either way.
pub(super) fn union<'a>(polygons: impl IntoIterator<Item = &'a Polygon<f64>>) -> MultiPolygon<f64> {
    let all = wound(polygons);
    let nothing = MultiPolygon(Vec::new());
    tidy(all.union_with_fill_rule(&nothing, FillRule::NonZero), &known(&all))
}

/// What is inside `base` or `other`. Polygons of `base` that are not near `other` are not touched.
pub(super) fn add(base: &[&Polygon<f64>], other: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    near(base, other, OpType::Union)
}

/// What is inside `base` and not inside `other`. Polygons of `base` that are not near `other` are not touched.
pub(super) fn subtract(base: &[&Polygon<f64>], other: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    near(base, other, OpType::Difference)
}

/// What is inside both.
pub(super) fn intersect(base: &[&Polygon<f64>], other: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    near(base, other, OpType::Intersection)
}

fn near(base: &[&Polygon<f64>], other: &MultiPolygon<f64>, op: OpType) -> MultiPolygon<f64> {
    let place = other.bounding_rect();
    let is_near = |p: &Polygon<f64>| place.zip(p.bounding_rect()).is_some_and(|(a, b)| a.intersects(&b));
    let sound = base.iter().filter(|p| !p.exterior().0.is_empty());
    let (touched, far): (Vec<&Polygon<f64>>, Vec<_>) = sound.partition(|p| is_near(p));
    let (subject, clip) = (wound(touched), wound(other));
    let mut before = known(&clip);
    before.extend(known(&subject));
    let mut result = tidy(subject.boolean_op_with_fill_rule(&clip, op, FillRule::NonZero), &before);
    if op != OpType::Intersection {
        result.0.extend(far.into_iter().cloned());
    }
    result
}

/// The pieces that `line` cuts polygons into. A line that ends inside a piece does not cut it.
pub(super) fn cut(polygons: &[&Polygon<f64>], line: &[SlidePoint]) -> Vec<Polygon<f64>> {
    let subject = wound(polygons.iter().copied());
    let before = known(&subject);
    let path = |ring: &LineString<f64>| open(ring).iter().map(|c| [c.x, c.y]).collect::<Vec<_>>();
    let shapes: Vec<Vec<Vec<[f64; 2]>>> = subject.iter().map(|p| rings(p).map(path).collect()).collect();
    let knife: Vec<[f64; 2]> = line.iter().map(|p| [p.x, p.y]).collect();
    let ring = |path: Vec<[f64; 2]>| LineString(path.into_iter().map(|[x, y]| Coord { x, y }).collect());
    let pieces = shapes.slice_by(&knife, FillRule::NonZero).into_iter().filter_map(|shape| {
        let mut rings = shape.into_iter().map(ring);
        Some(Polygon::new(rings.next()?, rings.collect()))
    });
    tidy(MultiPolygon(pieces.collect()), &before).0
}

/// The polygons without their holes; what lies in a hole becomes one with what is around it.
pub(super) fn without_holes(polygons: &[&Polygon<f64>]) -> MultiPolygon<f64> {
    let filled: Vec<Polygon<f64>> =
        polygons.iter().map(|p| Polygon::new(p.exterior().clone(), Vec::new())).collect();
    union(&filled)
}

/// The polygons with fewer points, none of which is farther than `tolerance` pixels from the outline.
pub(super) fn simplified(polygons: &[&Polygon<f64>], tolerance: f64) -> MultiPolygon<f64> {
    let thin = |ring: &LineString<f64>| {
        let mut line = LineString(thinned_ring(open(ring), tolerance));
        line.close();
        line
    };
    let thinned: Vec<Polygon<f64>> = polygons
        .iter()
        .map(|p| Polygon::new(thin(p.exterior()), p.interiors().iter().map(thin).collect()))
        .collect();
    // Lines that came to cross are taken apart.
    union(&thinned)
}

/// Outlines counterclockwise and holes clockwise, so that overlapping polygons add up.
fn wound<'a>(polygons: impl IntoIterator<Item = &'a Polygon<f64>>) -> MultiPolygon<f64> {
    // An empty ring has no last point, which geo takes for granted.
    let sound = polygons.into_iter().filter(|p| !p.exterior().0.is_empty());
    let without_empty = |p: &Polygon<f64>| {
        let (outline, mut holes) = p.orient(Direction::Default).into_inner();
        holes.retain(|h| !h.0.is_empty());
        Polygon::new(outline, holes)
    };
    MultiPolygon(sound.map(without_empty).collect())
}

type Grid = (i64, i64);

fn on_grid(c: Coord<f64>) -> Grid {
    ((c.x * GRID).round() as i64, (c.y * GRID).round() as i64)
}

/// The point of the grid nearest to `c`.
pub(super) fn rounded(c: Coord<f64>) -> Coord<f64> {
    let (x, y) = on_grid(c);
    Coord { x: x as f64 / GRID, y: y as f64 / GRID }
}

/// The points of polygons, by where they are on the grid.
fn known(polygons: &MultiPolygon<f64>) -> HashMap<Grid, Coord<f64>> {
    let points = polygons.iter().flat_map(rings).flat_map(|ring| &ring.0);
    points.map(|c| (on_grid(*c), *c)).collect()
}

/// Puts points where they were before, or on the grid, and drops what is too small to have been meant.
fn tidy(polygons: MultiPolygon<f64>, before: &HashMap<Grid, Coord<f64>>) -> MultiPolygon<f64> {
    let settle = |c: &Coord<f64>| before.get(&on_grid(*c)).copied().unwrap_or(rounded(*c));
    let ring = |ring: &LineString<f64>| {
        let mut points: Vec<Coord<f64>> = open(ring).iter().map(settle).collect();
        points.dedup();
        let mut line = LineString(points);
        line.close();
        let area = Polygon::new(line.clone(), Vec::new()).unsigned_area();
        (line.0.len() > 3 && area >= MIN_AREA_PX2).then_some(line)
    };
    let polygon = |p: &Polygon<f64>| {
        let outline = ring(p.exterior())?;
        Some(Polygon::new(outline, p.interiors().iter().filter_map(ring).collect()))
    };
    MultiPolygon(polygons.iter().filter_map(polygon).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
        polygon![(x: x, y: y), (x: x + side, y: y), (x: x + side, y: y + side), (x: x, y: y + side)]
    }

    #[test]
    fn squares_are_united_subtracted_and_intersected() {
        let (a, b) = (square(0.0, 0.0, 10.0), MultiPolygon(vec![square(5.0, 5.0, 10.0)]));
        assert_eq!(add(&[&a], &b).unsigned_area(), 175.0);
        assert_eq!(subtract(&[&a], &b).unsigned_area(), 75.0);
        assert_eq!(intersect(&[&a], &b).unsigned_area(), 25.0);
        // Wound the other way round, and twice the same.
        let back = Polygon::new(LineString(a.exterior().0.iter().rev().copied().collect()), vec![]);
        assert_eq!(union([&a, &back, &b.0[0]]).unsigned_area(), 175.0);
        let hole = subtract(&[&a], &MultiPolygon(vec![square(2.0, 2.0, 3.0)]));
        assert_eq!((hole.0.len(), hole.0[0].interiors().len(), hole.unsigned_area()), (1, 1, 91.0));
        assert_eq!(without_holes(&hole.iter().collect::<Vec<_>>()).unsigned_area(), 100.0);
        assert!(subtract(&[&a], &MultiPolygon(vec![square(-1.0, -1.0, 20.0)])).0.is_empty());
    }

    #[test]
    fn points_that_were_there_stay_exactly_where_they_were() {
        let odd = polygon![
            (x: 0.123_456_789, y: 0.987_654_321), (x: 99_999.333_333, y: 0.1), (x: 50_000.0, y: 70_000.777_777),
        ];
        let far = square(2e5, 2e5, 7.77);
        let result = add(&[&odd, &far], &MultiPolygon(vec![square(49_990.0, 0.0, 20.0)]));
        let points: Vec<Coord<f64>> = result.iter().flat_map(|p| p.exterior().0.clone()).collect();
        assert!(odd.exterior().0.iter().all(|c| points.contains(c)), "{points:?}");
        assert!(result.0.contains(&far));
        let others = points.iter().filter(|c| !odd.exterior().0.contains(c) && c.x < 1e5);
        for c in others {
            assert_eq!((c.x * GRID).round() / GRID, c.x);
        }
    }

    #[test]
    fn crossing_and_overlapping_outlines_are_taken_apart() {
        let eight: Polygon<f64> =
            polygon![(x: 0.0, y: 0.0), (x: 10.0, y: 10.0), (x: 10.0, y: 0.0), (x: 0.0, y: 10.0)];
        let parts = union([&eight]);
        assert_eq!((parts.0.len(), parts.unsigned_area()), (2, 50.0));
        // A lasso that goes round once and a half is filled.
        let twice: Polygon<f64> = Polygon::new(
            LineString::from(vec![
                (0.0, 0.0),
                (10.0, 0.0),
                (10.0, 10.0),
                (0.0, 10.0),
                (2.0, -2.0),
                (8.0, 2.0),
                (8.0, 8.0),
                (2.0, 8.0),
            ]),
            vec![],
        );
        let parts = union([&twice]);
        let inside = super::super::edges::Edges::new(&parts.0[0]).unwrap();
        assert!(inside.contains(SlidePoint::new(5.0, 5.0)), "{parts:?}");
    }

    #[test]
    fn a_line_cuts_only_what_it_crosses() {
        let a = square(0.0, 0.0, 10.0);
        let line =
            |points: &[(f64, f64)]| points.iter().map(|&(x, y)| SlidePoint::new(x, y)).collect::<Vec<_>>();
        let areas = |pieces: Vec<Polygon<f64>>| {
            let mut areas: Vec<f64> = pieces.iter().map(Area::unsigned_area).collect();
            areas.sort_by(f64::total_cmp);
            areas
        };
        assert_eq!(areas(cut(&[&a], &line(&[(-5.0, 4.0), (15.0, 4.0)]))), [40.0, 60.0]);
        assert_eq!(areas(cut(&[&a], &line(&[(-5.0, 4.0), (5.0, 4.0), (5.0, -9.0)]))), [20.0, 80.0]);
        assert_eq!(areas(cut(&[&a], &line(&[(-5.0, 4.0), (5.0, 4.0)]))), [100.0]);
        assert_eq!(areas(cut(&[&a], &line(&[(20.0, 0.0), (20.0, 9.0)]))), [100.0]);
        let ring = subtract(&[&a], &MultiPolygon(vec![square(4.0, 4.0, 2.0)]));
        let ring: Vec<&Polygon<f64>> = ring.iter().collect();
        assert_eq!(areas(cut(&ring, &line(&[(5.0, -5.0), (5.0, 15.0)]))), [48.0, 48.0]);
        assert_eq!(areas(cut(&ring, &line(&[(5.0, -5.0), (5.0, 5.0)]))), [96.0]);
        let both = square(20.0, 0.0, 10.0);
        let pieces = cut(&[&a, &both], &line(&[(-5.0, 5.0), (25.0, 5.0)]));
        assert!(
            pieces.iter().all(|p| p.exterior().0.len() <= 6),
            "a line that ends inside leaves no slit: {pieces:?}"
        );
        assert_eq!(areas(pieces), [50.0, 50.0, 100.0]);
    }

    #[test]
    fn thinning_keeps_within_tolerance() {
        let circle: Vec<Coord<f64>> = (0..1000)
            .map(|i| f64::from(i) / 1000.0 * std::f64::consts::TAU)
            .map(|a| Coord { x: 500.0 + 100.0 * a.cos(), y: 500.0 + 100.0 * a.sin() })
            .collect();
        let circle = Polygon::new(LineString(circle), vec![]);
        let thin = simplified(&[&circle], 1.0);
        let points = thin.0[0].exterior().0.len();
        assert!((15..60).contains(&points), "{points}");
        assert!((thin.unsigned_area() / circle.unsigned_area() - 1.0).abs() < 0.02);
    }

    #[test]
    fn nothing_is_nothing() {
        let empty = Polygon::new(LineString(vec![]), vec![LineString(vec![])]);
        assert!(union([&empty]).0.is_empty());
        assert!(add(&[&empty], &MultiPolygon(vec![empty.clone()])).0.is_empty());
        assert!(cut(&[&empty], &[]).is_empty());
        assert!(simplified(&[&empty], 1.0).0.is_empty());
    }
}
