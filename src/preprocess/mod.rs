//! From raw data to what models read: expression targets, gene selection, image features.

pub mod features;
pub mod hvg;
pub mod pca;
pub mod target;
