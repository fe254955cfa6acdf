//! The open project: its content with undo, its runs and what they predict, and where the user was.

pub mod history;
pub mod predictions;
pub mod project;
mod project_genes;
pub mod region_edit;
pub mod runs;
pub mod scores;
pub mod standing;
pub mod view;
