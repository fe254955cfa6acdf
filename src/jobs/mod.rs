//! Long work, orchestrated: every job is a plain function that the command line calls directly and the
//! window runs on a named thread through [`spawn::spawn`]. Jobs open files, call the rooms below in the
//! right order and store results; they compute nothing themselves.

mod aggregate;
mod chosen;
pub mod context;
pub mod demo;
pub mod encoder_speed;
pub mod encoders;
pub mod figure;
pub mod fold;
pub mod genes;
pub mod labels;
pub mod log;
pub mod places;
pub mod predict;
pub mod predict_places;
mod prediction_table;
pub mod project;
pub mod published;
pub mod reach;
pub mod recipe;
pub mod resources;
pub mod runs;
pub mod slide;
pub mod spawn;
pub mod tissue;
pub mod train;
pub mod turn;
pub mod workspace;
