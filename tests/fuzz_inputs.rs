//! Every input kept by the fuzzer, sound or once a finding, is read again by the same parsers: none may panic, and sound files
//! are accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use hiscmcl::{core, data, model};

#[path = "fuzz/parsers.rs"]
mod parsers;

use parsers::{PARSERS, Sandbox};

#[test]
fn kept_inputs_are_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for parser in PARSERS {
        let sandbox = Sandbox::new(parser);
        let mut inputs: Vec<_> =
            fs::read_dir(corpus.join(parser.name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{} has no inputs", parser.name);
        if parser.name == "image" {
            inputs.extend(small_slides());
        }
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let name = input.file_name().unwrap().to_string_lossy().into_owned();
            let accepted = sandbox.read(&bytes);
            assert!(accepted || !name.starts_with("sound-"), "{}/{name} is refused", parser.name);
        }
    }
}

/// The slides of the fixtures that the fuzzer begins with too: one of each format and compression.
fn small_slides() -> Vec<PathBuf> {
    const SMALL: u64 = 64 << 10;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slides");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let small = entries.filter(|e| e.metadata().is_ok_and(|m| m.is_file() && m.len() <= SMALL));
    let mut slides: Vec<_> =
        small.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e != "json")).collect();
    slides.sort();
    assert!(slides.len() > 40, "{} slides", slides.len());
    slides
}

/// The package of the fuzzer compiles the parsers' calls and the readers of weights from their sources, so it needs their
/// crates in the same versions.
#[test]
fn the_fuzzer_has_every_crate_that_its_sources_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let (own, fuzzer) = (manifest("Cargo.toml"), manifest("tests/fuzz/Cargo.toml"));
    let mut sources = String::new();
    append_sources(&root.join("src/learn/model/weights"), &mut sources);
    sources.push_str(&fs::read_to_string(root.join("tests/fuzz/parsers.rs")).unwrap());
    let dependencies = own.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| line.contains(" = ")) {
        let name = line.split(" = ").next().unwrap();
        let is_used = sources.contains(&format!("{}::", name.replace('-', "_")));
        if is_used && name != "proptest" {
            assert!(fuzzer.lines().any(|l| l == line), "tests/fuzz/Cargo.toml lacks: {line}");
        }
    }
}

fn append_sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            append_sources(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
