//! Reading slides and spatial transcriptomics, and the project file that remembers them.

pub mod gene_list;
pub mod open;
pub mod panels;
pub mod project;
pub mod section;
pub mod st;
