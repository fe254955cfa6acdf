//! Every input kept by the fuzzer, sound or once a finding, is read again by the same parsers: none may panic, and sound files
//! are accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

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
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            let name = input.file_name().unwrap().to_string_lossy().into_owned();
            let accepted = sandbox.read(&bytes);
            assert!(accepted || !name.starts_with("sound-"), "{}/{name} is refused", parser.name);
        }
    }
}
