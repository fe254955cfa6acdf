//! Reading slides and spatial transcriptomics, and the project file that remembers them.

pub mod demo;
pub mod section;
pub mod slide;
