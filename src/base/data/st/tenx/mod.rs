//! Feature-barcode matrices of 10x Genomics (Space Ranger, Cell Ranger): as HDF5 of version 2 (a group for each
//! genome) and 3 (`/matrix`), and as a folder of `matrix.mtx`, `barcodes.tsv` and `features.tsv` or `genes.tsv`.
//! Formats: 10x Genomics, "Feature-Barcode Matrices", and the NIST Matrix Market exchange format.

mod features;
mod folder;
mod h5;
mod mtx;
#[cfg(test)]
mod tests;

pub use features::{FeatureKind, FeatureMatrix, SkippedFeatures};
pub use folder::{MtxFiles, find_mtx, mtx_prefixes};
pub use h5::{H5Summary, inspect_h5, read_h5};
pub use mtx::read_mtx;

/// Larger counts are not exact as `f32`, and no assay reaches them.
const MAX_COUNT: f32 = (1 << 24) as f32;
