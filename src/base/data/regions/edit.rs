//! Changes of the shape of regions. Each is done to all regions that it names, or refused and done to none.

use std::sync::Arc;

use geo::{BoundingRect, MultiPolygon, Polygon};

use super::combine;
use super::draw::{BrushMode, Stamp, area};
use super::error::RegionError;
use super::geometry::{Geometry, VertexError, VertexPath, coord, is_on_slide};
use super::region::{Region, RegionId, Shape};
use super::set::{RegionSet, unlocked};
use crate::core::geometry::{SlidePoint, SlideRect};

/// What a step of the brush did to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrushOutcome {
    /// Its outline changed.
    Changed,
    /// The brush did not reach it.
    Unchanged,
    /// Nothing was left of it, so it is gone.
    Removed,
}

/// # Errors
/// [`RegionError::Locked`], [`RegionError::Detected`].
fn editable(region: &Region) -> Result<(), RegionError> {
    unlocked(region)?;
    if region.kind.is_detected() { Err(RegionError::Detected(region.title())) } else { Ok(()) }
}

/// The polygons of a region that may be changed.
///
/// # Errors
/// As [`editable`], and [`RegionError::NotAnArea`].
fn editable_area(region: &Region) -> Result<Vec<&Polygon<f64>>, RegionError> {
    editable(region)?;
    match region.shape().geometry() {
        // What of it are points and lines would be lost.
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) => Ok(region.shape().geometry().polygons()),
        _ => Err(RegionError::NotAnArea(region.title())),
    }
}

fn told(error: VertexError, region: &Region) -> RegionError {
    match error {
        VertexError::Missing => RegionError::NoSuchVertex(region.title()),
        VertexError::NoneToSpare => RegionError::TooFewLeft(region.title()),
        VertexError::NotOnSlide => RegionError::NotOnSlide,
    }
}

/// The region in the shape of `polygons`.
///
/// # Errors
/// [`RegionError::NothingLeft`].
fn reshaped(region: &Region, polygons: MultiPolygon<f64>) -> Result<Region, RegionError> {
    match area(polygons) {
        Ok(shape) => Ok(region.reshaped(shape)),
        Err(_) => Err(RegionError::NothingLeft(region.title())),
    }
}

impl RegionSet {
    fn found(&self, id: RegionId) -> Result<Arc<Region>, RegionError> {
        self.get(id).cloned().ok_or(RegionError::NotFound(id))
    }

    /// Moves regions by `dx` to the right and `dy` down, in slide pixels.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or off the slide.
    pub fn translate(&mut self, ids: &[RegionId], dx: f64, dy: f64) -> Result<(), RegionError> {
        self.change(ids, |region| {
            editable(region)?;
            let mut geometry = region.shape().geometry().clone();
            geometry.map_points(&mut |c| geo::Coord { x: c.x + dx, y: c.y + dy });
            Ok(region.moved(Shape::new(geometry)?))
        })
    }

    /// The same regions, also locked ones, on an image `factor` times as wide and high: regions are drawn on the full-resolution slide,
    /// and a section may be shown on a smaller image of it.
    ///
    /// # Errors
    /// [`RegionError::NotOnSlide`] where the factor is no number above 0, or moves a point too far away.
    pub fn scaled(&self, factor: f64) -> Result<Self, RegionError> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(RegionError::NotOnSlide);
        }
        if factor == 1.0 {
            return Ok(self.clone());
        }
        let scale = |region: &Arc<Region>| {
            let mut geometry = region.shape().geometry().clone();
            geometry.map_points(&mut |c| geo::Coord { x: c.x * factor, y: c.y * factor });
            Ok(region.on_other_image(Shape::new(geometry)?))
        };
        self.iter().map(scale).collect()
    }

    /// Puts a region into another shape, as when it is drawn anew.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, or detected.
    pub fn replace_shape(&mut self, id: RegionId, shape: impl Into<Arc<Shape>>) -> Result<(), RegionError> {
        let shape = shape.into();
        self.change(&[id], |region| {
            editable(region)?;
            Ok(region.reshaped(Arc::clone(&shape)))
        })
    }

    fn edit_points(
        &mut self,
        id: RegionId,
        edit: impl Fn(&mut Geometry) -> Result<(), VertexError>,
    ) -> Result<(), RegionError> {
        self.change(&[id], |region| {
            editable(region)?;
            let mut geometry = region.shape().geometry().clone();
            edit(&mut geometry).map_err(|e| told(e, region))?;
            Ok(region.reshaped(Shape::new(geometry)?))
        })
    }

    /// Moves a point of a region.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or off the slide.
    pub fn move_vertex(&mut self, id: RegionId, at: VertexPath, to: SlidePoint) -> Result<(), RegionError> {
        self.edit_points(id, |geometry| geometry.move_vertex(at, coord(to)))
    }

    /// Inserts a point before the one at `at`, or after the last where `at` is one past it; see [`Shape::nearest_edge`].
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or off the slide.
    pub fn insert_vertex(
        &mut self,
        id: RegionId,
        at: VertexPath,
        new: SlidePoint,
    ) -> Result<(), RegionError> {
        self.edit_points(id, |geometry| geometry.insert_vertex(at, coord(new)))
    }

    /// Removes a point of a region. A hole that has three goes as a whole.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or [`RegionError::TooFewLeft`].
    pub fn delete_vertex(&mut self, id: RegionId, at: VertexPath) -> Result<(), RegionError> {
        self.edit_points(id, |geometry| geometry.delete_vertex(at))
    }

    /// Joins regions into the first of them, which keeps its name and class; the others are removed.
    ///
    /// # Errors
    /// [`RegionError`]: fewer than two, not there, locked, detected, or no area.
    pub fn merge(&mut self, ids: &[RegionId]) -> Result<RegionId, RegionError> {
        let mut ids_once: Vec<RegionId> = Vec::with_capacity(ids.len());
        for id in ids {
            if !ids_once.contains(id) {
                ids_once.push(*id);
            }
        }
        let [first, others @ ..] = ids_once.as_slice() else { return Err(RegionError::OneRegion) };
        if others.is_empty() {
            return Err(RegionError::OneRegion);
        }
        let regions = ids_once.iter().map(|id| self.found(*id)).collect::<Result<Vec<_>, _>>()?;
        let mut polygons = Vec::new();
        for region in &regions {
            polygons.extend(editable_area(region)?);
        }
        let merged = combine::union(polygons);
        self.change(&[*first], |region| reshaped(region, merged.clone()))?;
        self.remove(others)?;
        Ok(*first)
    }

    /// Makes a region of each part of a region. The largest keeps its identifier and all else that is known of it, the others
    /// its name and class. What they are, the largest first.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or only one part.
    pub fn split_parts(&mut self, id: RegionId) -> Result<Vec<RegionId>, RegionError> {
        let region = self.found(id)?;
        let parts: Vec<Polygon<f64>> = editable_area(&region)?.into_iter().cloned().collect();
        if parts.len() < 2 {
            return Err(RegionError::OnePart(region.title()));
        }
        self.divide(&region, parts.into_iter().map(|p| MultiPolygon(vec![p])))
    }

    /// Cuts a region along a line. What the pieces are, as in [`Self::split_parts`].
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or not divided by the line.
    pub fn cut(&mut self, id: RegionId, line: &[SlidePoint]) -> Result<Vec<RegionId>, RegionError> {
        if !line.iter().all(|p| is_on_slide(coord(*p))) {
            return Err(RegionError::NotOnSlide);
        }
        let region = self.found(id)?;
        let polygons = editable_area(&region)?;
        let pieces = combine::cut(&polygons, line);
        if pieces.len() <= polygons.len() {
            return Err(RegionError::NotDivided(region.title()));
        }
        self.divide(&region, pieces.into_iter().map(|p| MultiPolygon(vec![p])))
    }

    /// Divides a region into what is inside an area, such as a lasso, and what is outside. What the two are, as in
    /// [`Self::split_parts`].
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or all on one side.
    pub fn split_by_area(&mut self, id: RegionId, by: &Shape) -> Result<Vec<RegionId>, RegionError> {
        let region = self.found(id)?;
        let polygons = editable_area(&region)?;
        let knife = MultiPolygon(by.geometry().polygons().into_iter().cloned().collect());
        let sides = [combine::intersect(&polygons, &knife), combine::subtract(&polygons, &knife)];
        if sides.iter().any(|s| s.0.is_empty()) {
            return Err(RegionError::NotDivided(region.title()));
        }
        self.divide(&region, sides)
    }

    fn divide(
        &mut self,
        region: &Region,
        parts: impl IntoIterator<Item = MultiPolygon<f64>>,
    ) -> Result<Vec<RegionId>, RegionError> {
        let mut shapes = parts.into_iter().map(area).collect::<Result<Vec<_>, _>>()?;
        shapes.sort_by(|a, b| b.area_px2().total_cmp(&a.area_px2()));
        let mut shapes = shapes.into_iter();
        let Some(largest) = shapes.next() else { return Err(RegionError::NothingLeft(region.title())) };
        let at = self.position(region.id)?;
        let pieces = std::iter::once(region.reshaped(largest)).chain(shapes.map(|s| region.part(s)));
        let pieces: Vec<Arc<Region>> = pieces.map(Arc::new).collect();
        let ids = pieces.iter().map(|r| r.id).collect();
        self.regions_mut().splice(at..=at, pieces);
        Ok(ids)
    }

    /// Fills the holes of regions.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or no area.
    pub fn fill_holes(&mut self, ids: &[RegionId]) -> Result<(), RegionError> {
        self.change(ids, |region| reshaped(region, combine::without_holes(&editable_area(region)?)))
    }

    /// Drops points of regions that lie within `tolerance` slide pixels of the outline without them.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or nothing left.
    pub fn simplify(&mut self, ids: &[RegionId], tolerance: f64) -> Result<(), RegionError> {
        self.change(ids, |region| reshaped(region, combine::simplified(&editable_area(region)?, tolerance)))
    }

    /// Takes what other regions cover out of a region; the others stay as they are.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or nothing left.
    pub fn subtract(&mut self, id: RegionId, others: &[RegionId]) -> Result<(), RegionError> {
        let others =
            others.iter().filter(|o| **o != id).map(|o| self.found(*o)).collect::<Result<Vec<_>, _>>()?;
        let polygons = others.iter().flat_map(|r| r.shape().geometry().polygons());
        let taken = combine::union(polygons);
        self.change(&[id], |region| reshaped(region, combine::subtract(&editable_area(region)?, &taken)))
    }

    /// Adds a drawn area to a region.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, or no area.
    pub fn add_area(&mut self, id: RegionId, drawn: &Shape) -> Result<(), RegionError> {
        let drawn = combine::union(drawn.geometry().polygons());
        self.change(&[id], |region| reshaped(region, combine::add(&editable_area(region)?, &drawn)))
    }

    /// Takes a drawn area out of a region.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or nothing left.
    pub fn subtract_area(&mut self, id: RegionId, drawn: &Shape) -> Result<(), RegionError> {
        let drawn = combine::union(drawn.geometry().polygons());
        self.change(&[id], |region| reshaped(region, combine::subtract(&editable_area(region)?, &drawn)))
    }

    /// Adds to a region what a step of the brush covers, or takes it away.
    ///
    /// # Errors
    /// [`RegionError`]: not there, locked, detected, no area, or a brush without size.
    pub fn brush(
        &mut self,
        id: RegionId,
        stamp: &Stamp,
        mode: BrushMode,
    ) -> Result<BrushOutcome, RegionError> {
        let region = self.found(id)?;
        editable_area(&region)?;
        let covered = stamp.polygon()?;
        if mode == BrushMode::Subtract && !reaches(&covered, &region) {
            return Ok(BrushOutcome::Unchanged);
        }
        let changed = stamp.apply(covered, region.shape().geometry(), mode);
        if changed.0.is_empty() {
            self.remove(&[id])?;
            return Ok(BrushOutcome::Removed);
        }
        let shape = area(changed)?;
        if shape == **region.shape() {
            return Ok(BrushOutcome::Unchanged);
        }
        self.replace_shape(id, shape)?;
        Ok(BrushOutcome::Changed)
    }
}

/// Whether what the brush covers meets the rectangle around a region.
fn reaches(covered: &Polygon<f64>, region: &Region) -> bool {
    let corner = |c: geo::Coord<f64>| SlidePoint::new(c.x, c.y);
    let covered = covered.bounding_rect().map(|c| SlideRect::new(corner(c.min()), corner(c.max())));
    covered.is_some_and(|c| c.meets(region.shape().bounds()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regions::class::ClassName;
    use crate::data::regions::draw::{lasso, rectangle};
    use crate::data::regions::region::ObjectKind;
    use geo::Coord;

    fn at(x: f64, y: f64) -> SlidePoint {
        SlidePoint::new(x, y)
    }

    fn square(x: f64, y: f64, side: f64) -> Region {
        Region::new(rectangle(at(x, y), at(x + side, y + side)).unwrap())
    }

    /// A set of squares, and what they are.
    fn set(squares: &[(f64, f64, f64)]) -> (RegionSet, Vec<RegionId>) {
        let set: RegionSet = squares.iter().map(|&(x, y, side)| square(x, y, side)).collect();
        let ids = set.iter().map(|r| r.id).collect();
        (set, ids)
    }

    fn areas(set: &RegionSet) -> Vec<f64> {
        set.iter().map(|r| r.shape().area_px2()).collect()
    }

    #[test]
    fn regions_are_merged_and_taken_apart_again() {
        let (mut set, ids) = set(&[(0.0, 0.0, 10.0), (50.0, 50.0, 4.0), (5.0, 5.0, 10.0)]);
        let tumour = ClassName::new("Tumor");
        set.set_class(&ids[..1], tumour.as_ref()).unwrap();
        assert_eq!(set.merge(&ids[..1]), Err(RegionError::OneRegion));
        assert_eq!(set.merge(&[ids[0], ids[0]]), Err(RegionError::OneRegion));
        assert_eq!(set.merge(&ids).unwrap(), ids[0]);
        assert_eq!(areas(&set), [175.0 + 16.0]);
        let parts = set.split_parts(ids[0]).unwrap();
        assert_eq!((parts[0], areas(&set)), (ids[0], vec![175.0, 16.0]));
        assert!(set.iter().all(|r| r.class == tumour));
        let one = set.split_parts(ids[0]).unwrap_err();
        assert_eq!(one.to_string(), "Tumor has only one part.");
    }

    #[test]
    fn regions_are_cut_by_lines_and_lassos() {
        let (mut set, ids) = set(&[(0.0, 0.0, 10.0), (100.0, 0.0, 10.0)]);
        let pieces = set.cut(ids[0], &[at(3.0, -5.0), at(3.0, 15.0)]).unwrap();
        assert_eq!((pieces[0], areas(&set)), (ids[0], vec![70.0, 30.0, 100.0]));
        let missed = set.cut(ids[1], &[at(3.0, -5.0), at(3.0, 15.0)]);
        assert_eq!(missed, Err(RegionError::NotDivided("The region".into())));
        let around = lasso(&[at(98.0, -2.0), at(104.0, -2.0), at(104.0, 12.0), at(98.0, 12.0)], 0.1).unwrap();
        set.split_by_area(ids[1], &around).unwrap();
        assert_eq!(areas(&set), [70.0, 30.0, 60.0, 40.0]);
        assert!(set.split_by_area(ids[0], &around).is_err());
    }

    #[test]
    fn areas_are_subtracted_and_holes_filled() {
        let (mut set, ids) = set(&[(0.0, 0.0, 10.0), (2.0, 2.0, 4.0), (-1.0, -1.0, 50.0)]);
        set.subtract(ids[0], &[ids[1]]).unwrap();
        assert_eq!(areas(&set)[0], 84.0);
        assert!(matches!(set.subtract(ids[0], &ids[1..]), Err(RegionError::NothingLeft(_))));
        assert_eq!(areas(&set), [84.0, 16.0, 2500.0]);
        set.fill_holes(&ids[..1]).unwrap();
        assert_eq!(areas(&set)[0], 100.0);
        let drawn = rectangle(at(5.0, 5.0), at(15.0, 15.0)).unwrap();
        set.add_area(ids[0], &drawn).unwrap();
        assert_eq!(areas(&set)[0], 175.0);
        set.subtract_area(ids[0], &drawn).unwrap();
        assert_eq!(areas(&set)[0], 75.0);
    }

    #[test]
    fn points_are_edited_and_regions_moved() {
        let (mut set, ids) = set(&[(0.0, 0.0, 10.0)]);
        let corner = |index| VertexPath { part: 0, ring: 0, index };
        let first = set.get(ids[0]).unwrap().shape().nearest_vertex(at(0.0, 0.0), 0.1).unwrap().0;
        set.move_vertex(ids[0], first, at(-10.0, 0.0)).unwrap();
        assert_eq!(areas(&set), [150.0]);
        let (to, on_edge, _) = set.get(ids[0]).unwrap().shape().nearest_edge(at(5.0, 10.5), 1.0).unwrap();
        set.insert_vertex(ids[0], to, on_edge).unwrap();
        assert_eq!((areas(&set), set.iter().next().unwrap().shape().vertex_count()), (vec![150.0], 5));
        assert!(matches!(set.delete_vertex(ids[0], corner(9)), Err(RegionError::NoSuchVertex(_))));
        set.translate(&ids, 100.0, -3.0).unwrap();
        assert_eq!(set.get(ids[0]).unwrap().shape().bounds().min, at(90.0, -3.0));
        assert_eq!(set.translate(&ids, f64::NAN, 0.0), Err(RegionError::NotOnSlide));
        set.delete_vertex(ids[0], corner(0)).unwrap();
        set.delete_vertex(ids[0], corner(0)).unwrap();
        assert!(matches!(set.delete_vertex(ids[0], corner(0)), Err(RegionError::TooFewLeft(_))));
    }

    #[test]
    fn regions_are_scaled_to_other_images() {
        let (set, ids) = set(&[(10.0, 20.0, 10.0)]);
        let small = set.scaled(0.25).unwrap();
        assert_eq!(small.get(ids[0]).unwrap().shape().bounds().min, at(2.5, 5.0));
        assert_eq!((areas(&small), small.scaled(4.0).unwrap()), (vec![6.25], set.clone()));
        assert_eq!(set.scaled(0.0), Err(RegionError::NotOnSlide));
        assert_eq!(set.scaled(1e12), Err(RegionError::NotOnSlide));
    }

    #[test]
    fn the_brush_adds_takes_away_and_removes() {
        let (mut set, ids) = set(&[(0.0, 0.0, 100.0)]);
        let click = |x: f64| Stamp { from: at(x, 50.0), to: at(x, 50.0), radius: 20.0 };
        assert_eq!(set.brush(ids[0], &click(50.0), BrushMode::Add), Ok(BrushOutcome::Unchanged));
        assert_eq!(set.brush(ids[0], &click(100.0), BrushMode::Add), Ok(BrushOutcome::Changed));
        let half = std::f64::consts::PI * 200.0;
        assert!((areas(&set)[0] - 10_000.0 - half).abs() < 12.0, "{:?}", areas(&set));
        assert_eq!(set.brush(ids[0], &click(400.0), BrushMode::Subtract), Ok(BrushOutcome::Unchanged));
        assert_eq!(set.brush(ids[0], &click(50.0), BrushMode::Subtract), Ok(BrushOutcome::Changed));
        let all = Stamp { from: at(0.0, 50.0), to: at(100.0, 50.0), radius: 300.0 };
        assert_eq!(set.brush(ids[0], &all, BrushMode::Subtract), Ok(BrushOutcome::Removed));
        assert!(set.is_empty());
    }

    #[test]
    fn what_cannot_be_changed_is_refused() {
        let cell = Region { kind: ObjectKind::Cell, ..square(0.0, 0.0, 5.0) };
        let line = Geometry::Line(vec![Coord { x: 0.0, y: 0.0 }, Coord { x: 9.0, y: 9.0 }].into());
        let line = Region::new(Shape::new(line).unwrap());
        let locked = Region { locked: true, ..square(0.0, 0.0, 5.0) };
        let plain = square(0.0, 0.0, 5.0);
        let ids = [plain.id, cell.id, line.id, locked.id];
        let mut set: RegionSet = [plain, cell, line, locked].into_iter().collect();
        let before = set.clone();
        assert!(matches!(set.merge(&ids[..2]), Err(RegionError::Detected(_))));
        assert!(matches!(set.merge(&[ids[0], ids[2]]), Err(RegionError::NotAnArea(_))));
        assert!(matches!(set.fill_holes(&[ids[0], ids[3]]), Err(RegionError::Locked(_))));
        assert!(matches!(set.translate(&ids, 1.0, 1.0), Err(RegionError::Detected(_))));
        let stamp = Stamp { from: at(0.0, 0.0), to: at(0.0, 0.0), radius: 9.0 };
        assert!(set.brush(ids[2], &stamp, BrushMode::Add).is_err());
        assert_eq!(set, before);
        set.translate(&[ids[2]], 1.0, 1.0).unwrap();
        assert_eq!(set.get(ids[2]).unwrap().shape().bounds().min, at(1.0, 1.0));
    }
}
