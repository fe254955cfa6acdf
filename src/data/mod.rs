//! Reading slides and spatial transcriptomics, and the project file that remembers them.

pub mod section;
pub mod slide;
#[cfg(test)]
pub(crate) mod testing;
