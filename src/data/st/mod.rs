//! Legacy spatial transcriptomics (Stahl et al. 2016) as text tables beside a slide image: the count table
//! (spots x genes), the spot file (where each spot lies on the image), and the pathologist's labels. And the
//! feature-barcode matrices of 10x Genomics.

mod error;
mod table;

pub mod counts;
pub mod her2st;
pub mod labels;
pub mod names;
pub mod pairing;
pub mod pitch;
pub mod spots;
pub mod tenx;

pub use error::{FileRole, MissingFile, ReadError};
