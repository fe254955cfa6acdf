//! Legacy spatial transcriptomics (Stahl et al. 2016) as text tables beside a slide image: the count table
//! (spots x genes), the spot file (where each spot lies on the image), and the pathologist's labels.

mod error;
mod table;

pub mod counts;
pub mod her2st;
pub mod labels;
pub mod names;
pub mod pairing;
pub mod pitch;
pub mod spots;

pub use error::{FileRole, MissingFile, ReadError};
