//! Reading slides and spatial transcriptomics, and the project file that remembers them.

pub mod aliases;
pub mod anndata;
pub mod candidates;
pub mod gene_choice;
pub mod gene_list;
pub mod gene_symbols;
pub mod genes;
pub mod hdf5;
pub mod measured_genes;
#[cfg(test)]
mod mutate;
pub mod open;
pub mod panels;
pub mod project;
pub mod protein_names;
pub mod regions;
pub mod section;
pub mod slide;
pub mod st;
#[doc(hidden)]
pub mod testing;
