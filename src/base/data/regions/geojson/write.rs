//! Writing.

use std::io::{self, Write};
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::class::Classes;
use super::super::region::{Foreign, Member, Region, RegionId};
use super::super::set::RegionSet;
use super::geometry::Written;
use crate::core::files::{FileError, write_atomically};

/// Writes regions as QuPath 0.5 and later reads them: a `FeatureCollection`, one feature per line, in the colours of `classes`.
///
/// # Errors
/// [`FileError::Io`] naming `path`.
pub fn export(path: &Path, regions: &RegionSet, classes: &Classes) -> Result<(), FileError> {
    write_atomically(path, |writer| {
        write_collection(writer, regions, classes).map_err(FileError::io("write", path))
    })
}

/// What [`export`] writes.
pub fn to_bytes(regions: &RegionSet, classes: &Classes) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Nothing can fail in memory.
    let _ = write_collection(&mut bytes, regions, classes);
    bytes
}

fn write_collection(writer: &mut impl Write, regions: &RegionSet, classes: &Classes) -> io::Result<()> {
    writer.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    for (at, region) in regions.iter().enumerate() {
        writer.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *writer, &Feature { region, classes })?;
    }
    writer.write_all(b"\n]}\n")
}

struct Feature<'a> {
    region: &'a Region,
    classes: &'a Classes,
}

fn members<'a>(region: &'a Region, of: impl Fn(&'a Foreign) -> &'a Vec<Member>) -> &'a [Member] {
    region.foreign.as_deref().map(of).map_or(&[], Vec::as_slice)
}

/// Writes the members of a file that were kept, but for those of these names.
fn write_kept<M: SerializeMap>(map: &mut M, kept: &[Member], except: &[&str]) -> Result<(), M::Error> {
    for member in kept.iter().filter(|m| !except.contains(&m.name.as_str())) {
        map.serialize_entry(&member.name, &member.value)?;
    }
    Ok(())
}

impl Serialize for Feature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let region = self.region;
        let kept = members(region, |f| &f.feature);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "Feature")?;
        match kept.iter().find(|m| m.name == "id") {
            Some(id) if !is_of_another(id, region) => map.serialize_entry("id", &id.value)?,
            _ => map.serialize_entry("id", &region.id.to_string())?,
        }
        map.serialize_entry(
            "geometry",
            &Written(region.shape().geometry(), members(region, |f| &f.geometry)),
        )?;
        map.serialize_entry("properties", &Properties(self))?;
        write_kept(&mut map, kept, &["type", "id", "geometry", "properties"])?;
        map.end()
    }
}

/// Whether an identifier was replaced because it was repeated.
fn is_of_another(id: &Member, region: &Region) -> bool {
    super::members::text(&id.value).is_some_and(|id| RegionId::from_file(&id) != region.id)
}

struct Properties<'a>(&'a Feature<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Feature { region, classes } = self.0;
        let mut written = vec!["objectType", "object_type", "isLocked"];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("objectType", region.kind.as_str())?;
        if let Some(name) = &region.name {
            map.serialize_entry("name", name)?;
            written.push("name");
        }
        if region.class.is_some() {
            map.serialize_entry("classification", &Classification { region, classes })?;
            written.push("classification");
        }
        if let Some(color) = &region.color {
            map.serialize_entry("color", color)?;
            written.extend(["color", "colorRGB"]);
        }
        if region.locked {
            map.serialize_entry("isLocked", &true)?;
        }
        write_kept(&mut map, members(region, |f| &f.properties), &written)?;
        map.end()
    }
}

/// A class, by its names where it is derived: "Tumor: Positive" is `["Tumor", "Positive"]`.
struct Classification<'a> {
    region: &'a Region,
    classes: &'a Classes,
}

impl Serialize for Classification<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.region.class.as_ref().map_or("", |c| c.as_str());
        let names: Vec<&str> = name.split(": ").collect();
        let mut map = serializer.serialize_map(None)?;
        match names.as_slice() {
            [_, _, ..] => map.serialize_entry("names", &names)?,
            _ => map.serialize_entry("name", name)?,
        }
        map.serialize_entry("color", &self.classes.color_of(self.region))?;
        let kept = members(self.region, |f| &f.classification);
        write_kept(&mut map, kept, &["name", "names", "color", "colorRGB"])?;
        map.end()
    }
}
