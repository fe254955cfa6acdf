//! Geometries as JSON.

use std::fmt;

use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

use super::super::geometry::{Geometry, is_on_slide, rings};
use super::super::region::Member;
use super::members::{Members, items, text};

/// Geometries within geometries; deeper ones are nobody's.
const MAX_DEPTH: usize = 8;
/// Parts of a collection of geometries.
const MAX_PARTS: usize = 100_000;
const MAX_TYPE_CHARS: usize = 40;

/// Why a geometry is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum GeometryError {
    /// It is of this type, which is not known.
    Unknown(String),
    /// What is wrong with it.
    Wrong(&'static str),
}

/// A geometry that was read; `None` where nothing of it is left.
pub(super) struct ReadGeometry {
    pub(super) geometry: Option<Geometry>,
    /// Members beyond type and coordinates.
    pub(super) foreign: Vec<Member>,
    /// Rings of fewer than three points that were dropped.
    pub(super) dropped: usize,
}

const NO_COORDINATES: GeometryError = GeometryError::Wrong("it has no coordinates");
const NO_PIXEL: GeometryError = GeometryError::Wrong("a coordinate is not a pixel of a slide");

/// Reads a geometry. Rings are closed where they are not.
pub(super) fn read(value: &RawValue) -> Result<ReadGeometry, GeometryError> {
    let mut dropped = 0;
    let (geometry, foreign) = read_at(value, MAX_DEPTH, &mut dropped)?;
    Ok(ReadGeometry { geometry, foreign, dropped })
}

fn read_at(
    value: &RawValue,
    depth: usize,
    dropped: &mut usize,
) -> Result<(Option<Geometry>, Vec<Member>), GeometryError> {
    let mut members = Members::of(value).ok_or(GeometryError::Wrong("its geometry is not an object"))?;
    let kind = members.take_as("type", text).ok_or(GeometryError::Wrong("its geometry has no type"))?;
    if kind == "GeometryCollection" {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(GeometryError::Wrong("its geometries are nested too deeply"));
        };
        let list =
            members.take("geometries").ok_or(GeometryError::Wrong("its collection has no geometries"))?;
        let list = items::<MAX_PARTS>(list).ok_or(GeometryError::Wrong("its geometries are not a list"))?;
        let mut parts = Vec::new();
        for part in list {
            parts.extend(read_at(part, depth, dropped)?.0);
        }
        let geometry = (!parts.is_empty()).then_some(Geometry::Collection(parts));
        return Ok((geometry, foreign(members)));
    }
    let mut read = |depth: usize| {
        let coordinates = members.take("coordinates").ok_or(NO_COORDINATES)?;
        let mut deserializer = serde_json::Deserializer::from_str(coordinates.get());
        let nested = Nested { depth, is_ring: kind.ends_with("Polygon"), dropped: &mut *dropped };
        nested.deserialize(&mut deserializer).map_err(|_| NO_PIXEL)
    };
    let lines = |tree: Tree| match tree {
        Tree::Lists(lists) => lists.into_iter().filter_map(Tree::into_line).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let polygon = |tree: Tree| {
        let mut rings = lines(tree).into_iter();
        rings.next().map(|outline| Polygon::new(outline, rings.collect()))
    };
    let geometry = match kind.as_str() {
        "Polygon" => polygon(read(2)?).map(Geometry::Polygon),
        "MultiPolygon" => match read(3)? {
            Tree::Lists(parts) => {
                let parts: Vec<Polygon<f64>> = parts.into_iter().filter_map(polygon).collect();
                (!parts.is_empty()).then_some(Geometry::MultiPolygon(MultiPolygon(parts)))
            }
            _ => None,
        },
        "LineString" => read(1)?.into_line().map(Geometry::Line),
        "MultiLineString" => Some(lines(read(2)?)).filter(|l| !l.is_empty()).map(Geometry::MultiLine),
        "Point" => match read(0)? {
            Tree::Position(at) => at.map(Geometry::Point),
            _ => None,
        },
        "MultiPoint" => read(1)?.into_line().map(|line| Geometry::MultiPoint(line.0)),
        _ => return Err(GeometryError::Unknown(kind.chars().take(MAX_TYPE_CHARS).collect())),
    };
    Ok((geometry, foreign(members)))
}

pub(super) fn foreign(members: Members<'_>) -> Vec<Member> {
    members.0.into_iter().map(|(name, value)| Member { name, value: value.to_owned() }).collect()
}

/// Coordinates as deep as they are nested.
enum Tree {
    /// `None` for `[]`, as an empty point is written.
    Position(Option<Coord<f64>>),
    Line(LineString<f64>),
    Lists(Vec<Tree>),
}

impl Tree {
    fn into_line(self) -> Option<LineString<f64>> {
        match self {
            Self::Line(line) if !line.0.is_empty() => Some(line),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Position(at) => at.is_none(),
            Self::Line(line) => line.0.is_empty(),
            Self::Lists(lists) => lists.is_empty(),
        }
    }
}

/// Reads lists of lists of `depth` levels. Empty ones are dropped as they are read, so that what is kept is never much larger than
/// the text; an outline goes with its holes.
struct Nested<'a> {
    depth: usize,
    is_ring: bool,
    dropped: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Nested<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of coordinates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
        let Self { depth, is_ring, dropped } = self;
        let below = depth.saturating_sub(1);
        match depth {
            0 => {
                let Some(x) = list.next_element()? else { return Ok(Tree::Position(None)) };
                let y = list.next_element()?.ok_or_else(|| serde::de::Error::custom("no y"))?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                let at = Coord { x, y };
                if is_on_slide(at) {
                    Ok(Tree::Position(Some(at)))
                } else {
                    Err(serde::de::Error::custom("far"))
                }
            }
            1 => {
                let mut line = Vec::new();
                while let Some(position) =
                    list.next_element_seed(Nested { depth: below, is_ring, dropped })?
                {
                    match position {
                        Tree::Position(Some(at)) => line.push(at),
                        _ => return Err(serde::de::Error::custom("an empty position")),
                    }
                }
                let mut line = LineString(line);
                if is_ring {
                    line.close();
                    if !has_three_corners(&line) {
                        *dropped += usize::from(!line.0.is_empty());
                        line.0.clear();
                    }
                }
                Ok(Tree::Line(line))
            }
            _ => {
                let is_polygon = is_ring && depth == 2;
                let mut lists = Vec::new();
                let mut has_outline = true;
                let mut first = true;
                while let Some(part) = list.next_element_seed(Nested { depth: below, is_ring, dropped })? {
                    if is_polygon && first && part.is_empty() {
                        has_outline = false;
                    }
                    first = false;
                    if has_outline && !part.is_empty() {
                        lists.push(part);
                    }
                }
                Ok(Tree::Lists(lists))
            }
        }
    }
}

/// Whether a closed ring has three points that differ.
fn has_three_corners(ring: &LineString<f64>) -> bool {
    let Some(first) = ring.0.first() else { return false };
    let Some(second) = ring.0.iter().find(|c| *c != first) else { return false };
    ring.0.iter().any(|c| c != first && c != second)
}

/// A geometry to be written, with members beyond type and coordinates.
pub(super) struct Written<'a>(pub(super) &'a Geometry, pub(super) &'a [Member]);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(geometry, foreign) = self;
        let mut map = serializer.serialize_map(None)?;
        let (kind, coordinates) = match geometry {
            Geometry::Polygon(p) => ("Polygon", Coordinates::Polygon(p)),
            Geometry::MultiPolygon(several) => ("MultiPolygon", Coordinates::Polygons(&several.0)),
            Geometry::Line(line) => ("LineString", Coordinates::Line(&line.0)),
            Geometry::MultiLine(lines) => ("MultiLineString", Coordinates::Lines(lines)),
            Geometry::Point(p) => ("Point", Coordinates::Position(*p)),
            Geometry::MultiPoint(points) => ("MultiPoint", Coordinates::Line(points)),
            Geometry::Collection(parts) => ("GeometryCollection", Coordinates::Parts(parts)),
        };
        map.serialize_entry("type", kind)?;
        let name = if matches!(coordinates, Coordinates::Parts(_)) { "geometries" } else { "coordinates" };
        map.serialize_entry(name, &coordinates)?;
        for member in foreign.iter().filter(|m| m.name != "type" && m.name != name) {
            map.serialize_entry(&member.name, &member.value)?;
        }
        map.end()
    }
}

enum Coordinates<'a> {
    Position(Coord<f64>),
    Line(&'a [Coord<f64>]),
    Lines(&'a [LineString<f64>]),
    Polygon(&'a Polygon<f64>),
    Polygons(&'a [Polygon<f64>]),
    Parts(&'a [Geometry]),
}

impl Serialize for Coordinates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Position(c) => {
                let mut pair = serializer.serialize_seq(Some(2))?;
                pair.serialize_element(&Number(c.x))?;
                pair.serialize_element(&Number(c.y))?;
                pair.end()
            }
            Self::Line(points) => serializer.collect_seq(points.iter().map(|c| Coordinates::Position(*c))),
            Self::Lines(lines) => serializer.collect_seq(lines.iter().map(|l| Coordinates::Line(&l.0))),
            Self::Polygon(p) => serializer.collect_seq(rings(p).map(|r| Coordinates::Line(&r.0))),
            Self::Polygons(parts) => serializer.collect_seq(parts.iter().map(Coordinates::Polygon)),
            Self::Parts(parts) => serializer.collect_seq(parts.iter().map(|g| Written(g, &[]))),
        }
    }
}

/// A coordinate; whole ones are written without a point, as QuPath does.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Coordinates are below a billion.
        if self.0.fract() == 0.0 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
