//! What the modules of tests share: real data where it is there, the program itself, a small project.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of tests fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub mod real_data;

/// The folder with real data and reference values, where it is there.
pub fn shared() -> Option<PathBuf> {
    real_data::folder_with("real_data")
}

/// The folder of one of the small inputs that once went wrong, where it is there.
pub fn case(name: &str) -> Option<PathBuf> {
    let part = Path::new("cases").join(name);
    Some(real_data::folder_with(&part.to_string_lossy())?.join(part))
}

/// The program, with caches and settings in folders of the tests' own.
pub fn hiscmcl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hiscmcl"));
    command.env("HISCMCL_CACHE", own_folder("cache")).env("HISCMCL_CONFIG", own_folder("config"));
    command
}

/// A folder kept for all tests of one program run.
fn own_folder(name: &str) -> PathBuf {
    static ROOT: OnceLock<tempfile::TempDir> = OnceLock::new();
    ROOT.get_or_init(|| tempfile::tempdir().unwrap()).path().join(name)
}

/// Runs the program and gives its stdout; fails the test with its stderr when it fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} failed with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program, which must fail, and gives what it says: the last line on stderr.
pub fn complaint(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert!(!status.success(), "{command:?} did not fail");
    let text = String::from_utf8(stderr).unwrap();
    assert!(!text.contains("panicked"), "{command:?} panicked:\n{text}");
    text.trim_end().lines().last().unwrap_or_default().to_owned()
}

/// Where the demo's sections are, made once for all tests of one program run.
pub fn demo_folder() -> &'static Path {
    static DEMO: OnceLock<PathBuf> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = own_folder("demo");
        let (silent, token) = (hiscmcl::core::progress::Silent, hiscmcl::core::cancel::CancelToken::new());
        hiscmcl::demo::generate(&folder, 1, &silent, &token).unwrap();
        folder
    })
}

/// A project of the demo's sections, and a short gene list beside it.
pub fn demo_project(folder: &Path) -> (PathBuf, PathBuf) {
    let project = folder.join("demo.hiscmcl");
    run(hiscmcl().args(["project", "new"]).arg(&project).arg("--her2st").arg(demo_folder()));
    let genes = folder.join("genes.txt");
    run(hiscmcl().arg("genes").arg(&project).args(["--hvg", "60", "--out"]).arg(&genes));
    (project, genes)
}
