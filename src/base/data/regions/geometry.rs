//! The geometry of a region: polygons with holes, lines, or points, in slide pixels.

use geo::{Area, Coord, LineString, MultiPolygon, Polygon};

use super::error::RegionError;
use super::thin::{thinned, thinned_ring};
use crate::core::geometry::{SlidePoint, SlideRect};

/// No slide is so large; products of larger numbers lose their digits.
pub const MAX_COORDINATE: f64 = 1e9;

/// What a region is made of, as GeoJSON has it. Coordinates are level-0 pixels of the slide.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// One polygon, perhaps with holes.
    Polygon(Polygon<f64>),
    /// Several polygons, each perhaps with holes.
    MultiPolygon(MultiPolygon<f64>),
    /// One line of connected points.
    Line(LineString<f64>),
    /// Several lines.
    MultiLine(Vec<LineString<f64>>),
    /// One point.
    Point(Coord<f64>),
    /// Several points.
    MultiPoint(Vec<Coord<f64>>),
    /// Geometries of different kinds.
    Collection(Vec<Geometry>),
}

/// A point of a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexPath {
    /// Which polygon or line, from 0. Points are all in part 0.
    pub part: usize,
    /// Which ring of a polygon: 0 is its outline, holes follow. 0 for lines and points.
    pub ring: usize,
    /// Which point of the ring, from 0. The point that closes a ring is not counted.
    pub index: usize,
}

/// Connected points of a geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chain<'a> {
    /// The points in order; a ring does not repeat its first point.
    pub points: &'a [Coord<f64>],
    /// Which polygon or line they belong to.
    pub part: usize,
    /// As in [`VertexPath`].
    pub ring: usize,
    /// How the points are connected.
    pub kind: ChainKind,
}

/// How the points of a [`Chain`] are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainKind {
    /// From the last to the first, too.
    Ring,
    /// One after the other.
    Line,
    /// Not at all.
    Points,
}

impl From<Polygon<f64>> for Geometry {
    fn from(polygon: Polygon<f64>) -> Self {
        Self::Polygon(polygon)
    }
}

impl From<MultiPolygon<f64>> for Geometry {
    /// A single polygon is a [`Geometry::Polygon`].
    fn from(mut several: MultiPolygon<f64>) -> Self {
        match (several.0.pop(), several.0.is_empty()) {
            (Some(only), true) => Self::Polygon(only),
            (Some(last), false) => {
                several.0.push(last);
                Self::MultiPolygon(several)
            }
            (None, _) => Self::MultiPolygon(several),
        }
    }
}

pub(super) fn coord(p: SlidePoint) -> Coord<f64> {
    Coord { x: p.x, y: p.y }
}

pub(super) fn point(c: Coord<f64>) -> SlidePoint {
    SlidePoint::new(c.x, c.y)
}

/// The points of a ring without the one that closes it.
pub(super) fn open(ring: &LineString<f64>) -> &[Coord<f64>] {
    match ring.0.as_slice() {
        [first, inner @ .., last] if first == last && !inner.is_empty() => {
            ring.0.split_last().map_or(&[], |(_, points)| points)
        }
        points => points,
    }
}

pub(super) fn is_on_slide(c: Coord<f64>) -> bool {
    // Comparisons with NaN are false.
    c.x.abs() <= MAX_COORDINATE && c.y.abs() <= MAX_COORDINATE
}

impl Geometry {
    /// The polygons, also those of collections.
    pub fn polygons(&self) -> Vec<&Polygon<f64>> {
        match self {
            Self::Polygon(polygon) => vec![polygon],
            Self::MultiPolygon(several) => several.iter().collect(),
            Self::Collection(parts) => parts.iter().flat_map(Self::polygons).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it encloses anything.
    pub fn is_area(&self) -> bool {
        match self {
            Self::Polygon(_) => true,
            Self::MultiPolygon(several) => !several.0.is_empty(),
            Self::Collection(parts) => parts.iter().any(Self::is_area),
            _ => false,
        }
    }

    /// Its connected points, part after part.
    pub fn chains(&self) -> Vec<Chain<'_>> {
        let mut chains = Vec::new();
        self.add_chains(&mut chains);
        chains
    }

    fn add_chains<'a>(&'a self, chains: &mut Vec<Chain<'a>>) {
        let mut part = chains.last().map_or(0, |c| c.part + 1);
        let mut add = |points, ring, kind| {
            chains.push(Chain { points, part, ring, kind });
        };
        match self {
            Self::Polygon(polygon) => {
                for (ring, line) in rings(polygon).enumerate() {
                    add(open(line), ring, ChainKind::Ring);
                }
            }
            Self::MultiPolygon(several) => {
                for polygon in several {
                    for (ring, line) in rings(polygon).enumerate() {
                        chains.push(Chain { points: open(line), part, ring, kind: ChainKind::Ring });
                    }
                    part += 1;
                }
            }
            Self::Line(line) => add(&line.0, 0, ChainKind::Line),
            Self::MultiLine(lines) => {
                for line in lines {
                    chains.push(Chain { points: &line.0, part, ring: 0, kind: ChainKind::Line });
                    part += 1;
                }
            }
            Self::Point(p) => add(std::slice::from_ref(p), 0, ChainKind::Points),
            Self::MultiPoint(points) => add(points, 0, ChainKind::Points),
            Self::Collection(parts) => parts.iter().for_each(|p| p.add_chains(chains)),
        }
    }

    /// How many points it has; those that close a ring are not counted.
    pub fn vertex_count(&self) -> usize {
        self.chains().iter().map(|c| c.points.len()).sum()
    }

    /// The smallest rectangle around it; `None` where it has no points.
    pub fn bounds(&self) -> Option<SlideRect> {
        SlideRect::around(self.chains().iter().flat_map(|c| c.points).map(|c| point(*c)))
    }

    /// Its area in square pixels: of each polygon the outline's less that of its holes. Points and lines have none.
    pub fn area_px2(&self) -> f64 {
        self.polygons().into_iter().map(|p| p.unsigned_area().max(0.0)).sum()
    }

    /// The length of its outlines and lines in pixels.
    pub fn length_px(&self) -> f64 {
        let of = |c: &Chain<'_>| {
            let steps = c.points.windows(2).map(|w| match w {
                [a, b] => point(*a).distance(point(*b)),
                _ => 0.0,
            });
            let closing = match (c.kind, c.points) {
                (ChainKind::Ring, [first, .., last]) => point(*first).distance(point(*last)),
                _ => 0.0,
            };
            steps.sum::<f64>() + closing
        };
        self.chains().iter().filter(|c| c.kind != ChainKind::Points).map(of).sum()
    }

    /// The same with fewer points, none of which is farther than `tolerance` pixels from its outlines: to be drawn small, not to be
    /// kept, as lines may come to cross. Parts that would have no area go.
    #[must_use]
    pub fn simplified(&self, tolerance: f64) -> Self {
        let ring = |ring: &LineString<f64>| {
            let points = thinned_ring(open(ring), tolerance);
            (points.len() > 2).then_some(LineString(points))
        };
        let polygon = |p: &Polygon<f64>| {
            Some(Polygon::new(ring(p.exterior())?, p.interiors().iter().filter_map(ring).collect()))
        };
        let line = |line: &LineString<f64>| LineString(thinned(&line.0, tolerance));
        match self {
            Self::Polygon(p) => Self::MultiPolygon(MultiPolygon(polygon(p).into_iter().collect())),
            Self::MultiPolygon(several) => {
                Self::MultiPolygon(MultiPolygon(several.iter().filter_map(polygon).collect()))
            }
            Self::Line(l) => Self::Line(line(l)),
            Self::MultiLine(lines) => Self::MultiLine(lines.iter().map(line).collect()),
            Self::Point(_) | Self::MultiPoint(_) => self.clone(),
            Self::Collection(parts) => {
                Self::Collection(parts.iter().map(|p| p.simplified(tolerance)).collect())
            }
        }
    }

    /// Applies `f` to every point.
    pub(super) fn map_points(&mut self, f: &mut impl FnMut(Coord<f64>) -> Coord<f64>) {
        let line = |line: &mut LineString<f64>, f: &mut dyn FnMut(Coord<f64>) -> Coord<f64>| {
            line.0.iter_mut().for_each(|c| *c = f(*c));
        };
        let polygon = |p: &mut Polygon<f64>, f: &mut dyn FnMut(Coord<f64>) -> Coord<f64>| {
            p.exterior_mut(|ring| line(ring, f));
            p.interiors_mut(|rings| rings.iter_mut().for_each(|ring| line(ring, f)));
        };
        match self {
            Self::Polygon(p) => polygon(p, f),
            Self::MultiPolygon(several) => several.iter_mut().for_each(|p| polygon(p, f)),
            Self::Line(l) => line(l, f),
            Self::MultiLine(lines) => lines.iter_mut().for_each(|l| line(l, f)),
            Self::Point(p) => *p = f(*p),
            Self::MultiPoint(points) => points.iter_mut().for_each(|p| *p = f(*p)),
            Self::Collection(parts) => {
                for part in parts {
                    part.map_points(&mut *f);
                }
            }
        }
    }

    /// Changes the points of the ring, line or cloud of points that `at` lies in. A ring is given without the point that
    /// closes it and closed again. `None` where there is no such part.
    fn edit_chain<T>(
        &mut self,
        at: VertexPath,
        edit: impl FnOnce(&mut Vec<Coord<f64>>, ChainKind) -> T,
    ) -> Option<T> {
        let mut parts = at.part;
        self.edit_part(&mut parts, at.ring, &mut Some(edit))
    }

    /// `parts` counts down to the part that is meant.
    fn edit_part<T, F: FnOnce(&mut Vec<Coord<f64>>, ChainKind) -> T>(
        &mut self,
        parts: &mut usize,
        ring: usize,
        edit: &mut Option<F>,
    ) -> Option<T> {
        let mut take = |edit: &mut Option<F>| match *parts {
            0 => edit.take(),
            _ => {
                *parts -= 1;
                None
            }
        };
        match self {
            Self::Polygon(p) => edit_ring(p, ring, take(edit)?),
            Self::MultiPolygon(several) => {
                several.iter_mut().find_map(|p| take(edit).map(|edit| edit_ring(p, ring, edit)))?
            }
            Self::Line(line) => take(edit).map(|edit| edit(&mut line.0, ChainKind::Line)),
            Self::MultiLine(lines) => {
                lines.iter_mut().find_map(|l| take(edit).map(|edit| edit(&mut l.0, ChainKind::Line)))
            }
            Self::Point(p) => {
                let mut points = vec![*p];
                let value = take(edit)?(&mut points, ChainKind::Points);
                *self = match points.as_slice() {
                    [only] => Self::Point(*only),
                    _ => Self::MultiPoint(points),
                };
                Some(value)
            }
            Self::MultiPoint(points) => take(edit).map(|edit| edit(points, ChainKind::Points)),
            Self::Collection(list) => list.iter_mut().find_map(|part| part.edit_part(parts, ring, edit)),
        }
    }

    /// Moves a point.
    pub(super) fn move_vertex(&mut self, at: VertexPath, to: Coord<f64>) -> Result<(), VertexError> {
        if !is_on_slide(to) {
            return Err(VertexError::NotOnSlide);
        }
        let moved = self.edit_chain(at, |points, _| points.get_mut(at.index).map(|p| *p = to));
        moved.flatten().ok_or(VertexError::Missing)
    }

    /// Inserts a point before the one at `at`, or at the end where `at` is one past the last.
    pub(super) fn insert_vertex(&mut self, at: VertexPath, new: Coord<f64>) -> Result<(), VertexError> {
        if !is_on_slide(new) {
            return Err(VertexError::NotOnSlide);
        }
        let inserted =
            self.edit_chain(at, |points, _| (at.index <= points.len()).then(|| points.insert(at.index, new)));
        inserted.flatten().ok_or(VertexError::Missing)
    }

    /// Removes a point. A hole that has three goes as a whole; an outline, a line or points must keep three, two or one.
    pub(super) fn delete_vertex(&mut self, at: VertexPath) -> Result<(), VertexError> {
        let deleted = self.edit_chain(at, |points, kind| {
            let least = match kind {
                ChainKind::Ring if at.ring > 0 => 0,
                ChainKind::Ring => 3,
                ChainKind::Line => 2,
                ChainKind::Points => 1,
            };
            if at.index >= points.len() {
                return Err(VertexError::Missing);
            }
            if points.len() <= least {
                return Err(VertexError::NoneToSpare);
            }
            points.remove(at.index);
            if kind == ChainKind::Ring && points.len() < 3 {
                points.clear();
            }
            Ok(())
        });
        deleted.unwrap_or(Err(VertexError::Missing))
    }

    /// Checks that all points lie where a slide can be, and that there are any.
    ///
    /// # Errors
    /// [`RegionError::NotOnSlide`], [`RegionError::TooFewPoints`].
    pub(super) fn check(&self) -> Result<(), RegionError> {
        let chains = self.chains();
        if chains.iter().all(|c| c.points.is_empty()) {
            return Err(RegionError::TooFewPoints);
        }
        let sound = chains.iter().flat_map(|c| c.points).all(|c| is_on_slide(*c));
        if sound { Ok(()) } else { Err(RegionError::NotOnSlide) }
    }
}

/// Why a point was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VertexError {
    Missing,
    NoneToSpare,
    NotOnSlide,
}

/// The outline of a polygon and its holes.
pub(super) fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

/// Changes a ring of a polygon; holes that are left empty go.
fn edit_ring<T>(
    polygon: &mut Polygon<f64>,
    ring: usize,
    edit: impl FnOnce(&mut Vec<Coord<f64>>, ChainKind) -> T,
) -> Option<T> {
    let whole = std::mem::replace(polygon, Polygon::new(LineString(Vec::new()), Vec::new()));
    let (mut outline, mut holes) = whole.into_inner();
    let line = match ring.checked_sub(1) {
        None => Some(&mut outline),
        Some(hole) => holes.get_mut(hole),
    };
    let value = line.map(|line| {
        let mut points = open(line).to_vec();
        let value = edit(&mut points, ChainKind::Ring);
        *line = LineString(points);
        line.close();
        value
    });
    holes.retain(|hole| !hole.0.is_empty());
    *polygon = Polygon::new(outline, holes);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{line_string, polygon};

    fn with_hole() -> Geometry {
        polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0)],
            interiors: [[(x: 2.0, y: 2.0), (x: 4.0, y: 2.0), (x: 4.0, y: 4.0)]],
        ]
        .into()
    }

    fn at(part: usize, ring: usize, index: usize) -> VertexPath {
        VertexPath { part, ring, index }
    }

    #[test]
    fn holes_are_taken_from_the_area_and_points_are_counted_once() {
        let g = with_hole();
        assert_eq!((g.area_px2(), g.vertex_count()), (98.0, 7));
        assert!((g.length_px() - (40.0 + 4.0 + 8f64.sqrt())).abs() < 1e-12);
        let bounds = g.bounds().unwrap();
        assert_eq!((bounds.width(), bounds.height()), (10.0, 10.0));
        assert_eq!(Geometry::Point(Coord { x: 1.0, y: 2.0 }).area_px2(), 0.0);
    }

    #[test]
    fn small_drawings_need_few_points() {
        let small = with_hole().simplified(3.0);
        assert_eq!((small.vertex_count(), small.area_px2()), (4, 100.0));
        assert_eq!(with_hole().simplified(0.1).vertex_count(), 7);
        assert!(!with_hole().simplified(1e3).is_area());
    }

    #[test]
    fn points_of_rings_are_moved_inserted_and_removed() {
        let mut g = with_hole();
        g.move_vertex(at(0, 0, 0), Coord { x: -10.0, y: 0.0 }).unwrap();
        assert_eq!(g.area_px2(), 98.0 + 50.0);
        g.insert_vertex(at(0, 0, 4), Coord { x: -10.0, y: 10.0 }).unwrap();
        assert_eq!(g.area_px2(), 98.0 + 100.0);
        g.delete_vertex(at(0, 0, 4)).unwrap();
        assert_eq!(g.area_px2(), 98.0 + 50.0);
        let Geometry::Polygon(p) = &g else { panic!("{g:?}") };
        assert_eq!(p.exterior().0.first(), p.exterior().0.last());
        // A hole of three points goes with one of them.
        g.delete_vertex(at(0, 1, 1)).unwrap();
        assert_eq!((g.area_px2(), g.vertex_count()), (150.0, 4));
        g.delete_vertex(at(0, 0, 0)).unwrap();
        assert_eq!(g.delete_vertex(at(0, 0, 0)), Err(VertexError::NoneToSpare));
        assert_eq!(g.delete_vertex(at(0, 0, 3)), Err(VertexError::Missing));
        assert_eq!(g.move_vertex(at(0, 1, 0), Coord::zero()), Err(VertexError::Missing));
        assert_eq!(g.move_vertex(at(1, 0, 0), Coord::zero()), Err(VertexError::Missing));
        let nowhere = Coord { x: f64::NAN, y: 0.0 };
        assert_eq!(g.move_vertex(at(0, 0, 0), nowhere), Err(VertexError::NotOnSlide));
    }

    #[test]
    fn parts_of_collections_are_counted_through() {
        let square = |x: f64| -> Polygon<f64> {
            polygon![(x: x, y: 0.0), (x: x + 1.0, y: 0.0), (x: x + 1.0, y: 1.0), (x: x, y: 1.0)]
        };
        let mut g = Geometry::Collection(vec![
            MultiPolygon(vec![square(0.0), square(5.0)]).into(),
            Geometry::Line(line_string![(x: 0.0, y: 9.0), (x: 9.0, y: 9.0)]),
            Geometry::MultiPoint(vec![Coord { x: 7.0, y: 7.0 }]),
        ]);
        let parts: Vec<(usize, ChainKind)> = g.chains().iter().map(|c| (c.part, c.kind)).collect();
        let kinds = [ChainKind::Ring, ChainKind::Ring, ChainKind::Line, ChainKind::Points];
        assert_eq!(parts, kinds.into_iter().enumerate().collect::<Vec<_>>());
        for part in 0..4 {
            g.move_vertex(at(part, 0, 0), Coord { x: part as f64, y: -1.0 }).unwrap();
            assert_eq!(g.chains()[part].points[0], Coord { x: part as f64, y: -1.0 });
        }
        assert_eq!(g.delete_vertex(at(2, 0, 0)), Err(VertexError::NoneToSpare));
        g.insert_vertex(at(3, 0, 1), Coord { x: 8.0, y: 8.0 }).unwrap();
        g.delete_vertex(at(3, 0, 0)).unwrap();
        assert_eq!(g.chains()[3].points, [Coord { x: 8.0, y: 8.0 }]);
        g.map_points(&mut |c| Coord { x: c.x + 1.0, y: c.y });
        assert_eq!(g.chains()[3].points, [Coord { x: 9.0, y: 8.0 }]);
    }
}
