//! The runs of a project on disk: `NAME.runs/<id>/`. A run is complete or absent; one that is being made, or
//! was interrupted, lies in a hidden neighbour folder until it is whole.

mod config;
mod copy;
mod details;
mod error;
mod folder;
mod in_progress;
mod list;
mod log;
mod names;

pub use crate::data::project::runs_folder;
pub use config::{RUN_VERSION, RunConfig, RunKind};
pub use copy::{CopiedRuns, copy_all, copy_runs};
pub use details::{RunDetails, load_run};
pub use error::RunError;
pub use folder::RunFolder;
pub use in_progress::{RunInProgress, discard_if_outdated};
pub use list::{RunInfo, RunList, RunState, UnreadableRun, check_free, delete_run, find_run, list_runs};
pub use log::TrainingLog;
pub use names::{NameProblem, safe_name};

#[cfg(test)]
mod tests;
