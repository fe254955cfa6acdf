//! What can go wrong with a project.

use std::path::PathBuf;

use crate::core::files::FileError;
use crate::data::st::names::quoted;

/// A project could not be loaded, saved or changed. Its text is one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file is damaged, or could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is of a later version of the program.
    #[error(
        "{} was saved by a newer HisCMCL (format {found}, this one knows {known}); update HisCMCL to open it, \
         the file was left as it is",
        path.display()
    )]
    Newer {
        /// The project file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The latest version this program knows.
        known: u64,
    },
    /// Somebody else saved the project meanwhile.
    #[error(
        "{} was changed by another program since it was opened here; it was not saved, as that would undo the change: \
         open it again, or save it under another name",
        path.display()
    )]
    Changed {
        /// The project file.
        path: PathBuf,
    },
    /// The project file is gone.
    #[error(
        "{} is not there any more, so it was not saved: connect its drive again or put the file back, or save the \
         project under another name",
        path.display()
    )]
    Vanished {
        /// The project file.
        path: PathBuf,
    },
    /// A path cannot be written down.
    #[error("{} has a name that cannot be stored; rename the file or folder with plain letters", path.display())]
    PathUnusable {
        /// The path.
        path: PathBuf,
    },
    /// A section without a name.
    #[error("A section needs a name")]
    NameEmpty,
    /// Two sections of one name.
    #[error("A section is called {name} already, or was when models were trained; give another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A name with a slash or a control character, with a space at an end, or too long.
    #[error(
        "{} cannot name a section: use at most {} bytes (letters with accents count as two or more), without slashes, line breaks \
         or spaces at either end",
        quoted(name),
        super::MAX_NAME
    )]
    NameUnusable {
        /// The name.
        name: String,
    },
    /// No such section.
    #[error("There is no section {name} in this project")]
    NoSection {
        /// The name.
        name: String,
    },
}

impl ProjectError {
    pub(super) fn no_section(name: &str) -> Self {
        Self::NoSection { name: name.to_owned() }
    }
}
