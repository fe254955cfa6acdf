//! HisCMCL: predict spatial gene expression from H&E slides.
//!
//! Rooms, from the top: `ui` draws, `app` holds the open project and handles commands, `jobs` runs long
//! work on named threads, `train`, `predict`, `evaluate` and `figures` do it, `model` and `preprocess` are
//! what they work with, `data` reads files, `core` is shared by all. Imports go downward only.

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
