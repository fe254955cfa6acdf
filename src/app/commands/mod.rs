//! What can be done: each command with its name and keys, the paths it asks for, and the handler that does it.

pub(in crate::app) mod apply;
pub mod command;
pub mod keys;
pub mod palette;
pub mod paths;
