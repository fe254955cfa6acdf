//! What is fuzzed: the rooms of the application that read files.
#![allow(missing_docs, dead_code, reason = "only a part of these rooms is called from here")]

pub use hiscmcl_base::{core, data};

pub mod model;
#[path = "../parsers.rs"]
pub mod parsers;
