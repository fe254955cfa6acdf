//! Spatial transcriptomics as its users have it: legacy ST (Stahl et al. 2016) as text tables beside a slide image
//! (count table, spot file, labels), what Space Ranger writes for Visium and Visium HD, and finding out which of
//! them a folder or file is.

mod cells;
mod error;
mod table;

pub mod counts;
pub mod geojson;
pub mod her2st;
pub mod labels;
pub mod names;
pub mod pairing;
pub mod pitch;
pub mod recognise;
pub mod source;
pub mod spots;
pub mod tenx;
pub mod visium;

pub use error::{FileRole, MissingFile, ReadError};
