//! Long work, orchestrated. What can be asked for is a [`request::Request`], what comes of it an [`outcome::Outcome`], and
//! [`run::run`] gets from one to the other. Every job is a plain function; the window runs them on named threads through
//! [`spawn::spawn`]. Jobs open files, call the rooms below in the right order and store results; they compute nothing
//! themselves.

mod aggregate;
mod cached_features;
pub mod classes;
pub mod cluster;
pub mod compare;
pub mod context;
pub mod demo;
pub mod encoder_speed;
pub mod encoders;
pub mod figure;
pub mod fit;
pub mod genes;
pub mod journal;
pub mod labels;
pub mod outcome;
pub mod places;
pub mod predict;
pub mod predict_places;
pub mod predict_section;
mod prediction_table;
pub mod project;
pub mod reach;
pub mod regions;
pub mod request;
pub mod resources;
pub mod run;
pub mod run_report;
pub mod run_store;
pub mod score;
pub mod settings;
pub mod slide;
pub mod spawn;
pub mod tissue;
pub mod traits;
pub mod turn;
pub mod workspace;
