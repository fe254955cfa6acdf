//! Reading slides and spatial transcriptomics, and the project file that remembers them.

pub mod section;
#[cfg(test)]
pub(crate) mod testing;
