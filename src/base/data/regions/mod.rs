//! Annotated regions of a section: geometry, classes, edits, and the files they come from and go to.

mod class;
mod combine;
mod draw;
mod edges;
mod edit;
mod error;
pub mod geojson;
mod geometry;
pub mod palette;
mod region;
mod set;
pub mod store;
mod thin;

pub use class::{Class, ClassName, Classes};
pub use draw::{BrushMode, Stamp, ellipse, lasso, polygon, rectangle};
pub use edges::Edges;
pub use edit::BrushOutcome;
pub use error::RegionError;
pub use geometry::{Chain, ChainKind, Geometry, MAX_COORDINATE, VertexPath};
pub use region::{Foreign, ObjectKind, Region, RegionId, Shape};
pub use set::{NearVertex, RegionSet};
