//! Shapes as they are drawn with the tools: rectangle, ellipse, polygon, lasso, brush.

use std::f64::consts::TAU;

use geo::{BoundingRect, ConvexHull, Coord, LineString, MultiPoint, MultiPolygon, Point, Polygon};

use super::combine;
use super::error::RegionError;
use super::geometry::{Geometry, coord, is_on_slide, open, rings};
use super::region::Shape;
use super::thin::{thinned_ring, thinned_within};
use crate::core::geometry::{SlidePoint, SlideRect};

/// The rectangle with opposite corners `a` and `b`.
///
/// # Errors
/// [`RegionError`]: it has no area, or is not on the slide.
pub fn rectangle(a: SlidePoint, b: SlidePoint) -> Result<Shape, RegionError> {
    enclosing(vec![coord(a), Coord { x: b.x, y: a.y }, coord(b), Coord { x: a.x, y: b.y }])
}

/// The ellipse in the rectangle with opposite corners `a` and `b`, as a polygon that deviates by a quarter of a pixel or less,
/// but has no more than 360 points.
///
/// # Errors
/// [`RegionError`]: it has no area, or is not on the slide.
pub fn ellipse(a: SlidePoint, b: SlidePoint) -> Result<Shape, RegionError> {
    const SAGITTA_PX: f64 = 0.25;
    let (rx, ry) = ((b.x - a.x).abs() / 2.0, (b.y - a.y).abs() / 2.0);
    let center = SlideRect::new(a, b).center();
    let n = corners_of_circle(rx.max(ry), SAGITTA_PX, 24..=360);
    let at = |i: usize| {
        let (sin, cos) = (TAU * i as f64 / n as f64).sin_cos();
        Coord { x: center.x + rx * cos, y: center.y + ry * sin }
    };
    enclosing((0..n).map(at).collect())
}

/// The polygon with these corners. Where its outline crosses itself, all that it goes around is inside.
///
/// # Errors
/// [`RegionError`]: it has no area, or is not on the slide.
pub fn polygon(corners: &[SlidePoint]) -> Result<Shape, RegionError> {
    enclosing(corners.iter().copied().map(coord).collect())
}

/// What a pointer went around on its way along `path`, with fewer points: none is farther than `tolerance` pixels from the path,
/// for which half a pixel of the screen is right.
///
/// # Errors
/// [`RegionError`]: it has no area, or is not on the slide.
pub fn lasso(path: &[SlidePoint], tolerance: f64) -> Result<Shape, RegionError> {
    let points: Vec<Coord<f64>> = path.iter().copied().map(coord).collect();
    if !points.iter().all(|c| is_on_slide(*c)) {
        return Err(RegionError::NotOnSlide);
    }
    enclosing(thinned_ring(&points, tolerance))
}

/// A shape of what the ring goes around.
fn enclosing(ring: Vec<Coord<f64>>) -> Result<Shape, RegionError> {
    if !ring.iter().all(|c| is_on_slide(*c)) {
        return Err(RegionError::NotOnSlide);
    }
    let ring = ring.into_iter().map(combine::rounded).collect();
    area(combine::union([&Polygon::new(LineString(ring), Vec::new())]))
}

/// A shape of polygons.
///
/// # Errors
/// [`RegionError::TooFewPoints`] where there are none.
pub(super) fn area(polygons: MultiPolygon<f64>) -> Result<Shape, RegionError> {
    if polygons.0.is_empty() { Err(RegionError::TooFewPoints) } else { Shape::new(polygons) }
}

/// The corners that a circle of radius `r` needs so that its sides deviate by `sagitta` at most.
fn corners_of_circle(r: f64, sagitta: f64, range: std::ops::RangeInclusive<usize>) -> usize {
    let share = (1.0 - sagitta / r.max(sagitta)).clamp(-1.0, 1.0);
    let n = (std::f64::consts::PI / share.acos()).ceil();
    // A whole number of corners in every quarter, so that the circle is as wide as it is high.
    let quarters = if n.is_finite() { (n as usize).div_ceil(4) * 4 } else { *range.end() };
    quarters.clamp(*range.start(), *range.end())
}

/// One step of the brush: the pointer moved from one place to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    /// Where the step began.
    pub from: SlidePoint,
    /// Where it ended; the same for a click.
    pub to: SlidePoint,
    /// Radius of the brush in slide pixels.
    pub radius: f64,
}

impl Stamp {
    const SAGITTA_PX: f64 = 0.25;
    const CORNERS: std::ops::RangeInclusive<usize> = 16..=64;

    /// All that the brush covers: a capsule. Its ends are polygons that are turned alike in every step, so that steps join
    /// without a seam.
    ///
    /// # Errors
    /// [`RegionError::NotOnSlide`] where a number is not finite, [`RegionError::TooFewPoints`] where the radius is too small.
    pub fn polygon(&self) -> Result<Polygon<f64>, RegionError> {
        let sound = [self.from, self.to].into_iter().all(|p| is_on_slide(coord(p)));
        if !sound || !is_on_slide(Coord { x: self.radius, y: 0.0 }) {
            return Err(RegionError::NotOnSlide);
        }
        if self.radius < 0.5 {
            return Err(RegionError::TooFewPoints);
        }
        let n = corners_of_circle(self.radius, Self::SAGITTA_PX, Self::CORNERS);
        let corners = (0..n).flat_map(|i| {
            let (sin, cos) = (TAU * i as f64 / n as f64).sin_cos();
            let at = |p: SlidePoint| Coord { x: p.x + self.radius * cos, y: p.y + self.radius * sin };
            [self.from, self.to].map(|p| Point(combine::rounded(at(p))))
        });
        Ok(MultiPoint(corners.collect()).convex_hull())
    }

    /// A shape of what the brush covers, for the first step of a new region.
    ///
    /// # Errors
    /// As [`Self::polygon`].
    pub fn shape(&self) -> Result<Shape, RegionError> {
        area(combine::union([&self.polygon()?]))
    }

    /// How far points that the brush made may lie from where they are dropped: a tenth of what the sides of its polygon are off,
    /// so that corners of the polygon stay and points along a straight stroke go.
    fn tolerance(&self) -> f64 {
        const LEAST: f64 = 0.02;
        let n = corners_of_circle(self.radius, Self::SAGITTA_PX, Self::CORNERS);
        let off = self.radius * (1.0 - (std::f64::consts::PI / n as f64).cos());
        (off / 10.0).max(LEAST)
    }

    /// Adds what the brush covers, which is [`Self::polygon`], to an area, or takes it away.
    pub(super) fn apply(&self, covered: Polygon<f64>, to: &Geometry, mode: BrushMode) -> MultiPolygon<f64> {
        let stamp = MultiPolygon(vec![covered]);
        let base = to.polygons();
        let changed = match mode {
            BrushMode::Add => combine::add(&base, &stamp),
            BrushMode::Subtract => combine::subtract(&base, &stamp),
        };
        let Some(covered) = stamp.bounding_rect() else { return changed };
        let corner = |c: Coord<f64>| SlidePoint::new(c.x, c.y);
        let window = SlideRect::new(corner(covered.min()), corner(covered.max())).grown(self.radius);
        MultiPolygon(changed.iter().map(|p| self.thin(p, window)).collect())
    }

    fn thin(&self, polygon: &Polygon<f64>, window: SlideRect) -> Polygon<f64> {
        let mut lines = rings(polygon).map(|ring| {
            let points = open(ring);
            let mut thin = thinned_within(points, window, self.tolerance());
            if thin.len() < 3 {
                thin = points.to_vec();
            }
            LineString(thin)
        });
        let outline = lines.next().unwrap_or(LineString(Vec::new()));
        Polygon::new(outline, lines.collect())
    }
}

/// What the brush does to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrushMode {
    /// What it covers becomes part of the region.
    Add,
    /// What it covers is taken out of the region.
    Subtract,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    #[test]
    fn rectangles_and_ellipses_have_the_area_they_should() {
        let r = rectangle(at(10.0, 30.0), at(4.0, 20.0)).unwrap();
        assert_eq!((r.area_px2(), r.vertex_count()), (60.0, 4));
        assert!(matches!(r.geometry(), Geometry::Polygon(_)));
        let e = ellipse(at(0.0, 0.0), at(400.0, 200.0)).unwrap();
        let exact = std::f64::consts::PI * 200.0 * 100.0;
        assert!((e.area_px2() / exact - 1.0).abs() < 2e-3, "{} for {exact}", e.area_px2());
        assert_eq!((e.bounds().width(), e.bounds().height()), (400.0, 200.0));
        for flat in [rectangle(at(1.0, 1.0), at(9.0, 1.0)), ellipse(at(1.0, 1.0), at(1.0, 5.0))] {
            assert_eq!(flat, Err(RegionError::TooFewPoints));
        }
        assert_eq!(rectangle(at(f64::NAN, 1.0), at(9.0, 1.0)), Err(RegionError::NotOnSlide));
        assert_eq!(
            lasso(&[at(0.0, 0.0), at(f64::INFINITY, 9.0), at(9.0, 9.0)], 1.0),
            Err(RegionError::NotOnSlide)
        );
    }

    #[test]
    fn a_lasso_that_crosses_itself_is_repaired() {
        let loops: Vec<SlidePoint> = (0..400)
            .map(|i| f64::from(i) / 400.0 * TAU)
            .map(|a| at(500.0 + 300.0 * a.sin(), 500.0 + 200.0 * (2.0 * a).sin()))
            .collect();
        let eight = lasso(&loops, 0.5).unwrap();
        assert!(matches!(eight.geometry(), Geometry::MultiPolygon(m) if m.0.len() == 2));
        assert!(eight.vertex_count() < 120, "{}", eight.vertex_count());
        assert!(eight.contains(at(350.0, 500.0)) && eight.contains(at(650.0, 500.0)));
        assert!(!eight.contains(at(500.0, 400.0)));
        assert_eq!(lasso(&[at(0.0, 0.0), at(5.0, 5.0)], 0.5), Err(RegionError::TooFewPoints));
    }

    #[test]
    fn a_straight_stroke_is_one_capsule_with_few_points() {
        let step = |i: u32| Stamp {
            from: at(f64::from(i) * 3.0, 0.0),
            to: at(f64::from(i + 1) * 3.0, 0.0),
            radius: 50.0,
        };
        let mut region: Geometry = step(0).shape().unwrap().geometry().clone();
        for i in 1..200 {
            region = step(i).apply(step(i).polygon().unwrap(), &region, BrushMode::Add).into();
        }
        let exact = 600.0 * 100.0 + std::f64::consts::PI * 2500.0;
        assert!((region.area_px2() / exact - 1.0).abs() < 5e-3, "{} for {exact}", region.area_px2());
        assert!(region.vertex_count() < 80, "{}", region.vertex_count());
        for i in 0..200 {
            region = step(i).apply(step(i).polygon().unwrap(), &region, BrushMode::Subtract).into();
        }
        assert!(region.polygons().is_empty(), "{region:?}");
    }

    #[test]
    fn painting_one_place_over_and_over_does_not_wear_the_outline() {
        let place = |a: f64| at(1000.0 + 2.0 * a.sin(), 1000.0 + 2.0 * a.cos());
        let stamp = |i: u32| Stamp { from: place(f64::from(i)), to: place(f64::from(i + 1)), radius: 80.0 };
        let mut region: Geometry = stamp(0).shape().unwrap().geometry().clone();
        let mut areas = Vec::new();
        for i in 1..400 {
            region = stamp(i).apply(stamp(i).polygon().unwrap(), &region, BrushMode::Add).into();
            areas.push(region.area_px2());
        }
        let (early, late) = (areas[50], areas[398]);
        assert!((late / early - 1.0).abs() < 2e-3, "{early} {late}");
        assert!(region.vertex_count() < 200, "{}", region.vertex_count());
    }

    #[test]
    fn brushes_without_size_or_place_are_refused() {
        let stamp = |x: f64, radius: f64| Stamp { from: at(x, 0.0), to: at(0.0, 0.0), radius };
        assert_eq!(stamp(0.0, 0.1).polygon(), Err(RegionError::TooFewPoints));
        assert_eq!(stamp(f64::NAN, 5.0).polygon(), Err(RegionError::NotOnSlide));
        assert_eq!(stamp(0.0, f64::INFINITY).polygon(), Err(RegionError::NotOnSlide));
    }
}
