//! The state of the open project and everything that may happen to it. Nothing here knows how it is drawn:
//! widgets send a [`command::Command`], one handler applies it, and undo falls out of that.

mod commands;
mod document;
pub mod explore;
pub mod forms;
pub mod notices;
pub mod queue;
pub mod state;
pub mod text;

pub use commands::apply::{FEW_GENES, default_split, held_out};
pub use commands::{command, keys, palette, paths};
pub use document::{history, predictions, project, region_edit, runs, scores, standing, view};
pub use explore::slides;
pub use forms::{encoders, genes, import, measure, plan, recipe, samples};
pub use text::{score_table, sorting, steps, terms};
