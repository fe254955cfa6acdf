//! From raw data to what models read: expression targets, gene selection, image features.

pub mod cache;
pub mod features;
pub mod grid;
pub mod hvg;
pub mod lattice;
pub mod neighbourhood;
pub mod neighbours;
pub mod pooled;
pub mod spots;
mod stains;
pub mod standardise;
pub mod target;
pub mod texture;
pub mod tissue;
pub mod tissue_mask;
pub mod views;
