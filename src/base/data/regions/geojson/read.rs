//! Reading.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;
use serde_json::value::RawValue;

use super::super::class::{Class, ClassName, Classes};
use super::super::palette;
use super::super::region::{Foreign, Member, ObjectKind, Region, RegionId, Shape};
use super::geometry::{GeometryError, foreign, read as read_geometry};
use super::members::{Items, Members, is_null, items, text, with_quoted_numbers};
use crate::core::files::FileError;
use crate::core::text::{counted, thousands};

/// A larger file, unpacked, is not read: it holds cells, not regions that somebody has drawn.
pub const MAX_FILE_BYTES: u64 = 512 << 20;
/// The most objects of a file.
pub const MAX_OBJECTS: usize = 1_000_000;
/// More repairs of one file are counted, but not listed.
const MAX_NOTES: usize = 100;
/// The most classes of a file.
const MAX_CLASSES: usize = 1_000;
/// Parts of a derived class.
const MAX_CLASS_PARTS: usize = 100;

/// The regions of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// In the order of the file, each with an identifier of its own.
    pub regions: Vec<Region>,
    /// The classes that occur, in the order in which they do first, in the colours of the file.
    pub classes: Classes,
    /// What was repaired or left out, the first hundred.
    pub notes: Vec<RepairNote>,
    /// How many objects were left out.
    pub left_out: usize,
    /// How much was repaired or left out.
    pub repaired: usize,
}

/// Something in a file that was repaired or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairNote {
    /// Which feature it was, from 1.
    pub feature: usize,
    /// What it was.
    pub repair: Repair,
}

/// What was repaired or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// So many rings of fewer than three points were dropped.
    RingsDropped(usize),
    /// The object has no geometry, or an empty one, and was left out.
    NoGeometry,
    /// The object has a geometry of this type, which is not known, and was left out.
    UnknownGeometry(String),
}

impl fmt::Display for RepairNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feature {}: ", self.feature)?;
        match &self.repair {
            Repair::RingsDropped(n) => write!(f, "{} with fewer than 3 points dropped", counted(*n, "ring")),
            Repair::NoGeometry => write!(f, "skipped because it has no outline"),
            Repair::UnknownGeometry(kind) => {
                write!(f, "skipped because geometries of type {kind:?} are not supported")
            }
        }
    }
}

impl Imported {
    /// Without cells, tiles and other objects that a program has found; how many there were.
    pub fn without_detections(mut self) -> (Self, usize) {
        let before = self.regions.len();
        self.regions.retain(|r| !r.kind.is_detected());
        let used: HashSet<&ClassName> = self.regions.iter().filter_map(|r| r.class.as_ref()).collect();
        let classes: Vec<Class> = self.classes.iter().filter(|c| used.contains(&c.name)).cloned().collect();
        self.classes = classes.into();
        let gone = before - self.regions.len();
        (self, gone)
    }
}

/// Reads the regions of a file.
///
/// # Errors
/// [`FileError`] in one sentence: no JSON, no GeoJSON, too large, or a coordinate that is not a number, with the feature.
pub fn read(path: &Path) -> Result<Imported, FileError> {
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

/// What a file holds when it is unpacked. Whether it is packed its first bytes say.
pub(in crate::data) fn unpacked(file: File) -> Box<dyn Read> {
    let mut reader = BufReader::new(file);
    let packed = reader.fill_buf().is_ok_and(|head| head.starts_with(&[0x1F, 0x8B]));
    if packed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) }
}

/// Reads the regions in the unpacked content of the file at `path`.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Imported, FileError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let not_json = |line: usize| {
        let message = "the file is not valid JSON; export the annotations again as GeoJSON";
        FileError::malformed_at(path, line.max(1) as u64, message)
    };
    let json = std::str::from_utf8(bytes).map_err(|e| {
        let sound = bytes.get(..e.valid_up_to()).unwrap_or_default();
        not_json(sound.iter().filter(|b| **b == b'\n').count() + 1)
    })?;
    let first = serde_json::from_str::<&RawValue>(json);
    let quoted;
    let value = match first {
        Ok(value) => value,
        Err(error) => {
            quoted = with_quoted_numbers(json).ok_or_else(|| not_json(error.line()))?;
            serde_json::from_str(&quoted).map_err(|e| not_json(e.line()))?
        }
    };
    let objects = objects(path, value)?;
    if objects.len() > MAX_OBJECTS {
        let message = format!(
            "there are more than {} objects in it; export the annotations without cells",
            thousands(MAX_OBJECTS)
        );
        return Err(FileError::malformed(path, message));
    }
    let read: Vec<Result<Object, Problem>> = objects.into_par_iter().map(object).collect();
    let mut imported = Imported::default();
    let mut known = HashSet::new();
    let mut colors: Vec<(ClassName, Option<[u8; 3]>)> = Vec::new();
    let mut places: HashMap<ClassName, usize> = HashMap::new();
    for (number, object) in (1..).zip(read) {
        let Object { mut region, class_color, dropped } = match object {
            Ok(object) => object,
            Err(Problem::Wrong(message)) => {
                return Err(FileError::malformed(path, format!("feature {number}: {message}")));
            }
            Err(Problem::LeftOut(repair)) => {
                imported.left_out += 1;
                imported.note(number, repair);
                continue;
            }
        };
        if dropped > 0 {
            imported.note(number, Repair::RingsDropped(dropped));
        }
        while !known.insert(region.id) {
            region.id = RegionId::random();
        }
        if let Some(class) = &region.class {
            let place = *places.entry(class.clone()).or_insert_with(|| {
                colors.push((class.clone(), None));
                colors.len() - 1
            });
            if place >= MAX_CLASSES {
                let message = format!("there are more than {} classes in it", thousands(MAX_CLASSES));
                return Err(FileError::malformed(path, message));
            }
            if let Some((_, color)) = colors.get_mut(place) {
                *color = color.or(class_color);
            }
        }
        imported.regions.push(region);
    }
    imported.classes = in_colors(colors);
    Ok(imported)
}

/// Classes without a colour get one that no other has.
fn in_colors(colors: Vec<(ClassName, Option<[u8; 3]>)>) -> Classes {
    let mut used: Vec<[u8; 3]> = colors.iter().filter_map(|(_, color)| *color).collect();
    let classes = colors.into_iter().map(|(name, color)| {
        let color = color.unwrap_or_else(|| {
            let color = palette::color_of(name.as_str(), &used);
            used.push(color);
            color
        });
        Class::new(name, color)
    });
    classes.collect::<Vec<_>>().into()
}

impl Imported {
    fn note(&mut self, feature: usize, repair: Repair) {
        self.repaired += 1;
        if self.notes.len() < MAX_NOTES {
            self.notes.push(RepairNote { feature, repair });
        }
    }
}

/// The features or geometries of a file.
fn objects<'a>(path: &Path, value: &'a RawValue) -> Result<Vec<&'a RawValue>, FileError> {
    let list =
        |value: &'a RawValue| serde_json::from_str::<Items<'a, MAX_OBJECTS>>(value.get()).ok().map(|i| i.0);
    if let Some(list) = list(value) {
        return Ok(list);
    }
    let not_geojson = || {
        let message =
            "this is not GeoJSON of regions (no FeatureCollection, Feature or list of features was found)";
        FileError::malformed(path, message)
    };
    let mut members = Members::of(value).ok_or_else(not_geojson)?;
    let kind = members.get("type").and_then(text).unwrap_or_default();
    match kind.as_str() {
        "FeatureCollection" => members.take("features").and_then(list).ok_or_else(not_geojson),
        "GeometryCollection" => members.take("geometries").and_then(list).ok_or_else(not_geojson),
        "Feature" => Ok(vec![value]),
        _ if members.get("coordinates").is_some() => Ok(vec![value]),
        _ => Err(not_geojson()),
    }
}

struct Object {
    region: Region,
    class_color: Option<[u8; 3]>,
    dropped: usize,
}

enum Problem {
    Wrong(String),
    LeftOut(Repair),
}

impl From<GeometryError> for Problem {
    fn from(error: GeometryError) -> Self {
        match error {
            GeometryError::Unknown(kind) => Self::LeftOut(Repair::UnknownGeometry(kind)),
            GeometryError::Wrong(what) => Self::Wrong(what.to_owned()),
        }
    }
}

fn object(value: &RawValue) -> Result<Object, Problem> {
    let wrong = |what: &str| Problem::Wrong(what.to_owned());
    let mut members = Members::of(value).ok_or_else(|| wrong("this is not a GeoJSON feature"))?;
    let kind = members.get("type").and_then(text).ok_or_else(|| wrong("this is not a GeoJSON feature"))?;
    let is_feature = kind == "Feature";
    let geometry = if is_feature {
        members.take("type");
        members.take("geometry").filter(|g| !is_null(g)).ok_or(Problem::LeftOut(Repair::NoGeometry))?
    } else if members.get("coordinates").is_some() || members.get("geometries").is_some() {
        members.0.clear();
        value
    } else {
        return Err(wrong("this is not a GeoJSON feature"));
    };
    let geometry = read_geometry(geometry)?;
    let dropped = geometry.dropped;
    let shape = geometry.geometry.ok_or(Problem::LeftOut(Repair::NoGeometry))?;
    let shape = Shape::new(shape).map_err(|e| Problem::Wrong(e.to_string()))?;
    let mut region = Region::new(shape);
    let mut told = Foreign { geometry: geometry.foreign, ..Foreign::default() };
    let id = members.take_as("id", text);
    let old_kind = id.as_deref().and_then(ObjectKind::known);
    let mut class_color = None;
    if let Some(properties) = members.take_as("properties", Members::of) {
        class_color = read_properties(properties, &mut region, &mut told, old_kind.clone());
    }
    if region.kind == ObjectKind::Annotation && members.get("nucleusGeometry").is_some() {
        region.kind = ObjectKind::Cell;
    }
    if let Some(id) = id.filter(|_| old_kind.is_none()) {
        region.id = RegionId::from_file(&id);
        if region.id.to_string() != id {
            told.feature.extend(text_member("id", &id));
        }
    }
    told.feature.extend(foreign(members));
    Ok(Object { region: region.with_foreign(told), class_color, dropped })
}

fn text_member(name: &str, value: &str) -> Option<Member> {
    let value = serde_json::value::to_raw_value(value).ok()?;
    Some(Member { name: name.to_owned(), value })
}

/// Takes what is understood of the properties into the region; the colour of its class.
fn read_properties(
    mut properties: Members<'_>,
    region: &mut Region,
    told: &mut Foreign,
    old_kind: Option<ObjectKind>,
) -> Option<[u8; 3]> {
    let kind = properties.take_as("objectType", text).or_else(|| properties.take_as("object_type", text));
    region.kind = kind.map(|k| ObjectKind::from_text(&k)).or(old_kind).unwrap_or_default();
    region.name = properties.take_as("name", text);
    region.locked = properties.take_as("isLocked", |v| v.get().parse().ok()).unwrap_or(false);
    region.color =
        properties.take_as("color", color).or_else(|| properties.take_as("colorRGB", packed_color));
    let mut class_color = None;
    let class = properties.get("classification").filter(|c| !is_null(c)).and_then(read_class);
    if let Some((name, color, others)) = class {
        region.class = Some(name);
        class_color = color;
        told.classification = others;
    }
    // A class without a name stays what it is.
    let is_nothing = |(name, value): &(String, &RawValue)| name == "classification" && is_null(value);
    if region.class.is_some() {
        properties.take("classification");
    }
    properties.0.retain(|member| !is_nothing(member));
    told.properties = foreign(properties);
    class_color
}

type ReadClass = (ClassName, Option<[u8; 3]>, Vec<Member>);

fn read_class(value: &RawValue) -> Option<ReadClass> {
    if let Some(name) = text(value) {
        return Some((ClassName::new(&name)?, None, Vec::new()));
    }
    let mut members = Members::of(value)?;
    let names = |value| {
        let names: Vec<String> = items::<MAX_CLASS_PARTS>(value)?.into_iter().filter_map(text).collect();
        ClassName::new(&names.join(": "))
    };
    let name =
        members.take_as("name", |v| ClassName::new(&text(v)?)).or_else(|| members.take_as("names", names))?;
    let color = members.take_as("color", color).or_else(|| members.take_as("colorRGB", packed_color));
    Some((name, color, foreign(members)))
}

/// `[r, g, b]`, perhaps followed by an opacity, or the old form under the new name.
fn color(value: &RawValue) -> Option<[u8; 3]> {
    let list: Option<Vec<u8>> = serde_json::from_str(value.get()).ok();
    match list.as_deref() {
        Some([r, g, b] | [r, g, b, _]) => Some([*r, *g, *b]),
        Some(_) => None,
        None => packed_color(value),
    }
}

/// Opacity, red, green and blue in the bytes of a whole number, which is negative where opaque.
fn packed_color(value: &RawValue) -> Option<[u8; 3]> {
    let packed: i64 = value.get().parse().ok()?;
    let packed = u32::try_from(packed).ok().or_else(|| i32::try_from(packed).ok().map(i32::cast_unsigned))?;
    let [_, r, g, b] = packed.to_be_bytes();
    Some([r, g, b])
}
