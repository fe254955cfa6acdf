//! The state of the open project and everything that may happen to it. Nothing here knows how it is drawn:
//! widgets send a [`command::Command`], one handler applies it, and undo falls out of that.

mod apply;
pub mod command;
pub mod encoders;
pub mod explore;
pub mod forms;
pub mod genes;
pub mod history;
pub mod import;
pub mod keys;
pub mod measure;
pub mod notices;
pub mod palette;
pub mod paths;
pub mod plan;
pub mod predictions;
pub mod project;
mod project_genes;
pub mod queue;
pub mod recipe;
pub mod runs;
pub mod samples;
pub mod score_table;
pub mod scores;
pub mod slides;
pub mod sorting;
pub mod standing;
pub mod state;
pub mod steps;
pub mod terms;
pub mod text;
pub mod view;

pub use apply::{FEW_GENES, default_split, held_out};
