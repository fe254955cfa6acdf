//! Annotated regions of a section: geometry, classes, edits, and the files they come from and go to.
//!
//! A [`RegionSet`] holds the [`Region`]s of a section, each with a [`Shape`] in slide pixels. Its operations leave the set as it was
//! where they fail, and a clone of it, kept before each edit, is what undo needs. [`Classes`] say how regions are called and shown,
//! and can be shared by all sections. [`Membership`] says which spots lie in which region, and [`PlaceClasses`] the class of each
//! spot, from regions or from labels alike.

mod class;
mod combine;
mod draw;
mod edges;
mod edit;
mod error;
mod fill;
pub mod geojson;
mod geometry;
pub mod mask;
pub mod palette;
mod places;
mod region;
mod set;
mod table;
#[cfg(test)]
mod tests;
mod thin;

pub use class::{Class, ClassName, Classes};
pub use draw::{BrushMode, Stamp, ellipse, lasso, polygon, rectangle};
pub use edges::Edges;
pub use edit::BrushOutcome;
pub use error::RegionError;
pub use fill::Mesh;
pub use geometry::{Chain, ChainKind, Geometry, MAX_COORDINATE, VertexPath};
pub use places::{Membership, PlaceClasses, PlaceIndex};
pub use region::{Foreign, ObjectKind, Region, RegionId, Shape};
pub use set::{NearVertex, RegionSet};
pub use table::{class_table, save_class_table};
