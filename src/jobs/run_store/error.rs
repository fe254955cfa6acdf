//! What can be wrong with a run.

use std::path::PathBuf;

use super::{NameProblem, RUN_VERSION};
use crate::core::files::FileError;

/// Something is wrong with a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such run.
    #[error("There is no run named \"{name}\" in {}; there {}", folder.display(), list(known))]
    Unknown {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The runs that exist.
        known: Vec<String>,
    },
    /// The name would overwrite another run.
    #[error("A run named \"{0}\" exists already; choose another name or delete it first")]
    Exists(String),
    /// The name cannot be a folder's.
    #[error("\"{name}\" cannot be the name of a run: {problem}; use letters, digits, spaces, '-' and '_'")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// An interrupted run of this name was made with other settings.
    #[error(
        "An interrupted run named \"{0}\" was started with other settings; choose another name, or delete it first"
    )]
    OtherSettings(String),
    /// Another window or command is training it.
    #[error("The run \"{0}\" is being trained by another HisCMCL; wait for it, or stop it there first")]
    Busy(String),
    /// The run was written by a newer program.
    #[error("{} was written by a newer version of HisCMCL (run layout {found}, known up to {RUN_VERSION}); install it to use the run", path.display())]
    Newer {
        /// The configuration file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A project whose runs are wanted has none.
    #[error("{} has no finished runs", .0.display())]
    NoRuns(PathBuf),
    /// A project's runs are wanted in the project itself.
    #[error("{} is the project itself; choose another one", .0.display())]
    SameProject(PathBuf),
    /// A file of the run.
    #[error(transparent)]
    File(#[from] FileError),
}

fn list(known: &[String]) -> String {
    match known {
        [] => "are no runs yet".to_owned(),
        [one] => format!("is {one}"),
        many => format!("are {}", many.join(", ")),
    }
}
