//! A region: its shape, what it is called, and what its file said of it.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;
use uuid::Uuid;

use super::class::ClassName;
use super::edges::Edges;
use super::error::RegionError;
use super::geometry::{Geometry, VertexPath, point};
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};

/// Identifies a region, also in files: QuPath knows its objects by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(Uuid);

impl RegionId {
    /// An identifier that no other region has.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The identifier of an object that a file calls `id`; always the same where that is no identifier of QuPath.
    pub(super) fn from_file(id: &str) -> Self {
        id.parse().unwrap_or_else(|_| {
            let hash = blake3::hash(id.as_bytes());
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
            Self(Uuid::new_v8(bytes))
        })
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RegionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::from_str(text).map(Self)
    }
}

/// What kind of object of QuPath a region is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ObjectKind {
    /// Drawn by somebody.
    #[default]
    Annotation,
    /// Found by a program.
    Detection,
    /// A cell that was found, perhaps with its nucleus.
    Cell,
    /// One of the tiles that tissue was divided into.
    Tile,
    /// A core of a tissue microarray.
    TmaCore,
    /// The image itself.
    Root,
    /// A kind that is not known here.
    Other(String),
}

impl ObjectKind {
    /// The kind that QuPath calls `text`: "annotation", or "PathAnnotationObject" before version 0.3.
    pub fn from_text(text: &str) -> Self {
        let known = Self::known(text);
        known.unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    /// As [`Self::from_text`]; `None` where QuPath has no such kind.
    pub fn known(text: &str) -> Option<Self> {
        Some(match text {
            "annotation" | "PathAnnotationObject" => Self::Annotation,
            "detection" | "PathDetectionObject" => Self::Detection,
            "cell" | "PathCellObject" => Self::Cell,
            "tile" | "PathTileObject" => Self::Tile,
            "tma_core" | "TMACoreObject" => Self::TmaCore,
            "root" | "PathRootObject" => Self::Root,
            _ => return None,
        })
    }

    /// What QuPath calls it since version 0.3.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Annotation => "annotation",
            Self::Detection => "detection",
            Self::Cell => "cell",
            Self::Tile => "tile",
            Self::TmaCore => "tma_core",
            Self::Root => "root",
            Self::Other(text) => text,
        }
    }

    /// Whether a program found it, so that it is no region that somebody has drawn.
    pub fn is_detected(&self) -> bool {
        matches!(self, Self::Detection | Self::Cell | Self::Tile | Self::Root)
    }
}

/// A member of a JSON object as it stands in the file.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) value: Box<RawValue>,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.get() == other.value.get()
    }
}

/// What a file said of a region beyond what is understood here: measurements, metadata, the plane, a cell's nucleus. It is
/// written back as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Foreign {
    /// Members of the feature, and its `id` where that is no identifier of a region.
    pub(super) feature: Vec<Member>,
    pub(super) properties: Vec<Member>,
    pub(super) classification: Vec<Member>,
    pub(super) geometry: Vec<Member>,
}

impl Foreign {
    /// QuPath draws an ellipse of its own where a polygon is marked so.
    const MARKS_OF_SHAPE: [&str; 1] = ["isEllipse"];

    /// What stays true when points have changed.
    fn without_marks_of_shape(&self) -> Self {
        let mut kept = self.clone();
        kept.geometry.retain(|m| !Self::MARKS_OF_SHAPE.contains(&m.name.as_str()));
        kept
    }

    /// What is true of a part, too: the plane, not the measurements.
    fn of_part(&self) -> Self {
        let geometry = self.without_marks_of_shape().geometry;
        Self { geometry, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        let Self { feature, properties, classification, geometry } = self;
        [feature, properties, classification, geometry].into_iter().all(Vec::is_empty)
    }
}

/// A geometry that does not change, with what is computed of it once.
#[derive(Debug)]
pub struct Shape {
    geometry: Geometry,
    bounds: SlideRect,
    area_px2: f64,
    vertices: usize,
    edges: OnceLock<Vec<Edges>>,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        self.geometry == other.geometry
    }
}

impl Shape {
    /// A shape of `geometry`.
    ///
    /// # Errors
    /// [`RegionError::TooFewPoints`] where it has none, [`RegionError::NotOnSlide`].
    pub fn new(geometry: impl Into<Geometry>) -> Result<Self, RegionError> {
        let geometry = geometry.into();
        geometry.check()?;
        let bounds = geometry.bounds().ok_or(RegionError::TooFewPoints)?;
        let (area_px2, vertices) = (geometry.area_px2(), geometry.vertex_count());
        Ok(Self { geometry, bounds, area_px2, vertices, edges: OnceLock::new() })
    }

    /// Its points.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The smallest rectangle around it.
    pub fn bounds(&self) -> SlideRect {
        self.bounds
    }

    /// Its area in square pixels; 0 of points and lines.
    pub fn area_px2(&self) -> f64 {
        self.area_px2
    }

    /// Its area in square millimetres at this resolution.
    pub fn area_mm2(&self, mpp: Mpp) -> f64 {
        const UM_PER_MM: f64 = 1000.0;
        self.area_px2 * (mpp.0 / UM_PER_MM).powi(2)
    }

    /// How many points it has.
    pub fn vertex_count(&self) -> usize {
        self.vertices
    }

    /// Whether it encloses anything.
    pub fn is_area(&self) -> bool {
        self.geometry.is_area()
    }

    /// The edges of each of its polygons.
    pub fn edges(&self) -> &[Edges] {
        self.edges.get_or_init(|| self.geometry.polygons().into_iter().filter_map(Edges::new).collect())
    }

    /// Whether `p` is in one of its polygons and in none of that one's holes; see [`Edges`] for points on an edge. Nothing is
    /// in points and lines.
    pub fn contains(&self, p: SlidePoint) -> bool {
        self.bounds.contains(p) && self.edges().iter().any(|e| e.contains(p))
    }

    /// Its point nearest to `p` that is not farther than `reach` pixels, and how far that is.
    pub fn nearest_vertex(&self, p: SlidePoint, reach: f64) -> Option<(VertexPath, f64)> {
        if !self.bounds.grown(reach).contains(p) {
            return None;
        }
        let mut best: Option<(VertexPath, f64)> = None;
        for chain in self.geometry.chains() {
            for (index, c) in chain.points.iter().enumerate() {
                let distance = point(*c).distance(p);
                if distance <= best.map_or(reach, |b| b.1) && best.is_none_or(|b| distance < b.1) {
                    best = Some((VertexPath { part: chain.part, ring: chain.ring, index }, distance));
                }
            }
        }
        best
    }

    /// The place on its outlines and lines nearest to `p` that is not farther than `reach` pixels: where a point would be
    /// inserted for it to lie there, the place, and how far it is.
    pub fn nearest_edge(&self, p: SlidePoint, reach: f64) -> Option<(VertexPath, SlidePoint, f64)> {
        use super::geometry::ChainKind;
        if !self.bounds.grown(reach).contains(p) {
            return None;
        }
        let mut best: Option<(VertexPath, SlidePoint, f64)> = None;
        for chain in self.geometry.chains() {
            let closing =
                (chain.kind == ChainKind::Ring).then(|| chain.points.last().zip(chain.points.first()));
            let pairs = chain.points.iter().zip(chain.points.iter().skip(1)).chain(closing.flatten());
            if chain.kind == ChainKind::Points {
                continue;
            }
            for (i, (a, b)) in pairs.enumerate() {
                let on_edge = foot(point(*a), point(*b), p);
                let distance = on_edge.distance(p);
                if distance <= best.map_or(reach, |b| b.2) && best.is_none_or(|b| distance < b.2) {
                    let at = VertexPath { part: chain.part, ring: chain.ring, index: i + 1 };
                    best = Some((at, on_edge, distance));
                }
            }
        }
        best
    }

    /// How far `p` is from its points, lines and outlines; 0 inside it.
    pub fn distance(&self, p: SlidePoint, reach: f64) -> Option<f64> {
        if self.contains(p) {
            return Some(0.0);
        }
        let vertex = self.nearest_vertex(p, reach).map(|v| v.1);
        let edge = self.nearest_edge(p, reach).map(|e| e.2);
        vertex.into_iter().chain(edge).min_by(f64::total_cmp)
    }
}

/// The place on the line from `a` to `b` that is nearest to `p`.
fn foot(a: SlidePoint, b: SlidePoint, p: SlidePoint) -> SlidePoint {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let share = if length2 > 0.0 { ((p.x - a.x) * dx + (p.y - a.y) * dy) / length2 } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    SlidePoint::new(a.x + share * dx, a.y + share * dy)
}

/// A region of a slide. Clones share the shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Unique within the set.
    pub id: RegionId,
    /// What somebody has called it.
    pub name: Option<String>,
    /// The class it belongs to.
    pub class: Option<ClassName>,
    /// Whether it can be changed.
    pub locked: bool,
    /// A colour of its own, which counts where it has no class.
    pub color: Option<[u8; 3]>,
    /// What QuPath takes it for.
    pub kind: ObjectKind,
    pub(super) shape: Arc<Shape>,
    pub(super) foreign: Option<Arc<Foreign>>,
}

impl Region {
    /// An annotation with a new identifier, without a name or a class.
    pub fn new(shape: Shape) -> Self {
        Self {
            id: RegionId::random(),
            name: None,
            class: None,
            locked: false,
            color: None,
            kind: ObjectKind::Annotation,
            shape: Arc::new(shape),
            foreign: None,
        }
    }

    /// The same in the class `class`.
    #[must_use]
    pub fn with_class(mut self, class: Option<ClassName>) -> Self {
        self.class = class;
        self
    }

    pub(super) fn with_foreign(mut self, foreign: Foreign) -> Self {
        self.foreign = (!foreign.is_empty()).then(|| Arc::new(foreign));
        self
    }

    /// Its shape.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// How it is called in a sentence: by its name, its class, or "The region".
    pub fn title(&self) -> String {
        let class = || self.class.as_ref().map(ToString::to_string);
        let name = self.name.clone().filter(|n| !n.trim().is_empty());
        name.or_else(class).unwrap_or_else(|| "The region".to_owned())
    }

    /// The same region in another class, of which its file said nothing.
    pub(super) fn reclassified(&self, class: Option<&ClassName>) -> Self {
        let mut foreign = self.foreign.as_deref().cloned().unwrap_or_default();
        foreign.classification.clear();
        let reclassified = Self { class: class.cloned(), foreign: None, ..self.clone() };
        reclassified.with_foreign(foreign)
    }

    /// The same region in another shape.
    pub(super) fn reshaped(&self, shape: impl Into<Arc<Shape>>) -> Self {
        let foreign = self.foreign.as_deref().map(Foreign::without_marks_of_shape);
        let reshaped = Self { shape: shape.into(), foreign: None, ..self.clone() };
        reshaped.with_foreign(foreign.unwrap_or_default())
    }

    /// The same region somewhere else, with the same outline.
    pub(super) fn moved(&self, shape: Shape) -> Self {
        Self { shape: Arc::new(shape), ..self.clone() }
    }

    /// The same region on an image of another size. What lies within a cell is not known there.
    pub(super) fn on_other_image(&self, shape: Shape) -> Self {
        let mut foreign = self.foreign.as_deref().cloned().unwrap_or_default();
        foreign.feature.retain(|m| m.name != "nucleusGeometry" && m.name != "bbox");
        let scaled = Self { shape: Arc::new(shape), foreign: None, ..self.clone() };
        scaled.with_foreign(foreign)
    }

    /// A new region that was a part of this one.
    pub(super) fn part(&self, shape: Shape) -> Self {
        let foreign = self.foreign.as_deref().map(Foreign::of_part).unwrap_or_default();
        let part = Self { id: RegionId::random(), shape: Arc::new(shape), foreign: None, ..self.clone() };
        part.with_foreign(foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Coord, polygon};

    fn square() -> Shape {
        let corners =
            polygon![(x: 0.0, y: 0.0), (x: 100.0, y: 0.0), (x: 100.0, y: 100.0), (x: 0.0, y: 100.0)];
        Shape::new(corners).unwrap()
    }

    #[test]
    fn areas_have_units() {
        let s = square();
        assert_eq!((s.area_px2(), s.vertex_count()), (10_000.0, 4));
        assert!((s.area_mm2(Mpp(0.5)) - 0.0025).abs() < 1e-15);
    }

    #[test]
    fn the_nearest_point_and_edge_are_found_within_reach() {
        let s = square();
        let (at, distance) = s.nearest_vertex(SlidePoint::new(97.0, 4.0), 6.0).unwrap();
        assert_eq!((at, distance), (VertexPath { part: 0, ring: 0, index: 1 }, 5.0));
        assert!(s.nearest_vertex(SlidePoint::new(97.0, 4.0), 4.9).is_none());
        let (at, place, distance) = s.nearest_edge(SlidePoint::new(-3.0, 40.0), 5.0).unwrap();
        assert_eq!((at.index, place, distance), (4, SlidePoint::new(0.0, 40.0), 3.0));
        assert_eq!(s.distance(SlidePoint::new(50.0, 50.0), 1.0), Some(0.0));
        assert_eq!(s.distance(SlidePoint::new(50.0, -2.0), 1.0), None);
        let dot = Shape::new(Geometry::Point(Coord { x: 1.0, y: 1.0 })).unwrap();
        assert_eq!(dot.distance(SlidePoint::new(1.0, 3.0), 2.0), Some(2.0));
        assert!(!dot.contains(SlidePoint::new(1.0, 1.0)));
    }

    #[test]
    fn what_is_nowhere_is_no_shape() {
        let nan = Geometry::Point(Coord { x: f64::NAN, y: 0.0 });
        assert_eq!(Shape::new(nan), Err(RegionError::NotOnSlide));
        assert_eq!(Shape::new(Geometry::MultiPoint(vec![])), Err(RegionError::TooFewPoints));
    }

    #[test]
    fn kinds_of_all_versions_of_qupath_are_known() {
        assert_eq!(ObjectKind::from_text("PathAnnotationObject"), ObjectKind::Annotation);
        assert_eq!(ObjectKind::from_text("cell"), ObjectKind::Cell);
        assert_eq!(ObjectKind::from_text("nerve").as_str(), "nerve");
        assert!(ObjectKind::Tile.is_detected() && !ObjectKind::TmaCore.is_detected());
    }
}
