#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod jobs;
pub mod ui;

pub use hiscmcl_base::{core, data, demo, evaluate, figures};
pub use hiscmcl_learn::{device, model, predict, preprocess, train};
