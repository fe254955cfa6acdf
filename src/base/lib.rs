//! What the rest of HisCMCL stands on: files and what is in them, scores, and figures. Nothing here knows networks or a window.
//! The rooms are those of the crate `hiscmcl`, whose documentation describes them.

pub mod core;
pub mod data;
pub mod demo;
pub mod evaluate;
pub mod figures;
