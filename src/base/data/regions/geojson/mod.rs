//! Regions as QuPath writes and reads them: GeoJSON in pixels of the full-resolution slide, plain or packed with gzip.
//!
//! Read is what versions 0.2 to 0.6 write: a `FeatureCollection`, a single `Feature`, a list of features, a geometry or a list of
//! geometries; kinds of objects as `objectType`, as `object_type` or as the `id` of old versions; classes as `name`, as `names` of
//! derived classes or as bare text; colours as `color: [r, g, b]` or as the whole number `colorRGB`. Written is what 0.5 reads.

mod geometry;
mod members;
mod read;
mod write;

pub(in crate::data) use read::unpacked;
pub use read::{Imported, MAX_FILE_BYTES, MAX_OBJECTS, Repair, RepairNote, parse, read};
pub use write::{export, to_bytes};

#[cfg(test)]
mod tests;
