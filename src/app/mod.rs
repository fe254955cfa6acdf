//! The state of the open project and everything that may happen to it. Nothing here knows how it is drawn:
//! widgets send a [`command::Command`], one handler applies it, and undo falls out of that.

pub mod command;
pub mod explore;
pub mod history;
pub mod notices;
pub mod settings;
