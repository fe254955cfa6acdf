//! What was found and is not used.

use std::fmt;
use std::path::Path;

use crate::data::st::names::file_name;

/// A file, or something else that was found beside a sample and is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The name of the file, or a phrase.
    pub what: String,
    /// Why it is not used, a phrase; empty where `what` says it.
    pub why: String,
}

impl Ignored {
    /// The file at `path`, for this reason.
    pub fn file(path: &Path, why: impl Into<String>) -> Self {
        Self::new(file_name(path), why)
    }

    /// Something that is not used for this reason.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why.as_str() {
            "" => f.write_str(&self.what),
            why => write!(f, "{} ({why})", self.what),
        }
    }
}
