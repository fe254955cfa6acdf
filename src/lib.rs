#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod core;
pub mod data;
pub mod device;
pub mod evaluate;
pub mod figures;
pub mod jobs;
pub mod model;
pub mod predict;
pub mod preprocess;
pub mod train;
pub mod ui;
