//! Where real data is, for unit tests and tests of behaviour alike.

use std::path::{Path, PathBuf};

/// Names the folder that holds `real_data`, `reference` and `cases`. A test that needs it then fails where it is not
/// there; `required` stands for the usual folder, `../shared`.
const VARIABLE: &str = "HISCMCL_REAL_DATA";

/// The top folder of the repository, from whichever of its crates this is compiled.
fn repository() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(own)
}

/// The folder, where it holds `part`. Where it does not, the test says so and passes, unless the variable is set.
pub fn folder_with(part: &str) -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|v| !v.is_empty());
    let folder = match &named {
        Some(folder) if folder != "required" => PathBuf::from(folder),
        _ => repository().join("../shared"),
    };
    let wanted = folder.join(part);
    if wanted.exists() {
        return Some(folder);
    }
    assert!(named.is_none(), "{VARIABLE} is set, but {} is not there", wanted.display());
    println!("skipped: {} is not there", wanted.display());
    None
}
