//! Reading the directories of TIFF files: bounded by the length of the file, lazily, without panics.

mod directory;
mod error;
mod file;
pub mod tags;
#[cfg(test)]
mod tests;

pub use directory::{Directory, NumberList};
pub use error::{Problem, TiffError};
pub use file::{ByteOrder, Form, TiffFile, is_tiff};
