//! Matrix files: what the field's own tools read of them and of what is written here, damaged bytes without
//! end, and how fast a large one opens.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anndata_files;
mod fuzz;
mod scanpy;
mod speed;
mod tenx;

use std::path::{Path, PathBuf};

/// The folder of real data, where there is one.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("HISCMCL_REAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let there = folder.join("real_data/tenx_scanpy").is_dir();
    if !there {
        println!("skipped: no real data");
    }
    there.then_some(folder)
}
