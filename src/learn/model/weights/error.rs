//! What can be wrong with a weights file.

use std::path::{Path, PathBuf};

use crate::core::cancel::Cancelled;
use crate::core::files::FileError;

/// A weights file is refused. Its text is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read, or its content contradicts itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is something else altogether.
    #[error("{} is {what}, not a weights file{advice}", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// "a web page".
        what: String,
        /// Empty, or what to do, with the punctuation in front: "; unpack it first".
        advice: String,
    },
    /// The end is missing.
    #[error("{} is cut off{}; download or copy it again", path.display(), lengths(*has, *needs))]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        has: u64,
        /// How many it should have, where the file says so.
        needs: Option<u64>,
    },
    /// A pickle that makes Python call something which no weights need.
    #[error(
        "{} asks Python to run {call} when it is opened; nothing was run; do not use this file",
        path.display()
    )]
    RunsCode {
        /// The file.
        path: PathBuf,
        /// The function with its module, "os.system".
        call: String,
    },
    /// A model object instead of its numbers.
    #[error(
        "{} holds a whole pickled model ({class}), which only its own Python code can open; in Python, save \
         model.state_dict() instead",
        path.display()
    )]
    WholeModel {
        /// The file.
        path: PathBuf,
        /// The class with its module, "torchvision.models.resnet.ResNet".
        class: String,
    },
    /// Numbers that are not read: complex, quantised, 8-bit floating point.
    #[error("{}: {name} holds {kind} numbers, which are not supported; save it as float32", path.display())]
    UnsupportedKind {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What it holds.
        kind: String,
    },
    /// A tensor with a number that is none, or that single precision cannot hold.
    #[error("{}: {name} holds numbers that are not finite (NaN or infinity)", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// Two tensors would have the same name.
    #[error("{}: two tensors are called {name} when prefixes are taken off ({first} and {second})", path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The common name.
        name: String,
        /// The one's name in the file.
        first: String,
        /// The other's.
        second: String,
    },
    /// There is no such tensor.
    #[error("{} has no tensor {name}", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        name: String,
    },
    /// Stopped by the user.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl WeightsError {
    pub(super) fn malformed(path: &Path, message: impl Into<String>) -> Self {
        FileError::malformed(path, message).into()
    }
}

fn lengths(has: u64, needs: Option<u64>) -> String {
    needs.map(|needs| format!(" ({has} of its {needs} bytes are there)")).unwrap_or_default()
}
