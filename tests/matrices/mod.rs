//! Matrix files: what the field's own tools read of them and of what is written here, damaged bytes without
//! end, and how fast a large one opens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anndata_files;
mod fuzz;
mod scanpy;
mod speed;
mod tenx;

use crate::support::real_data;
use std::path::PathBuf;

/// The folder of real data, where there is one.
fn shared() -> Option<PathBuf> {
    real_data::folder_with("real_data/tenx_scanpy")
}
