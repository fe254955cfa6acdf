//! A small safe layer over `hdf5-pure`: the structure of a file (groups, shapes, types, attributes, chunk
//! index) is read by that crate, the numbers and texts are read here in bounded pieces, their chunks unpacked
//! side by side. No allocation follows a size that the file of this length cannot hold, and no damage of the
//! file can panic. Every error is one sentence that names the file and the path within it.
//! Format: "HDF5 File Format Specification Version 3.0", The HDF Group.

mod attributes;
mod bytes;
mod dataset;
mod element;
mod file;
mod filters;
mod numbers;
mod records;
mod storage;
mod strings;
#[cfg(test)]
mod tests;
mod watch;

pub use attributes::Attributes;
pub use bytes::ReadAt;
pub use dataset::Dataset;
pub use element::{CompoundField, Element};
pub use file::{File, ObjectKind};
pub use numbers::Number;
pub use watch::Watch;
