//! The rooms of the application that read files, compiled from its own sources, and what is fuzzed in them.
#![allow(missing_docs, dead_code, reason = "only a part of these rooms is called from here")]

#[path = "../../../src/core/mod.rs"]
pub mod core;
#[path = "../../../src/data/mod.rs"]
pub mod data;

pub mod model;
#[path = "../parsers.rs"]
pub mod parsers;
