//! Python's pickle format, as far as files of PyTorch use it, read without running any of it.
//!
//! A pickle is a program for a small stack machine; what makes it dangerous is the instruction to call any
//! function of Python by name. [`machine`] follows the program over an arena of nodes, and [`calls`] knows the
//! few functions that weights need and does by itself what they would do; other classes become objects of
//! which only the class is known, and other functions are the end of it.
//! Source of the format: the opcodes' descriptions in `pickletools.py` of CPython, protocols 0 to 5.

mod calls;
mod cursor;
mod machine;
mod opcodes;
mod tensors;
mod tree;

pub(super) use machine::{MAX_PICKLE, parse};
pub(super) use tensors::{StorageRef, TensorRef};
pub(super) use tree::{Id, Node, Tree};

#[cfg(test)]
mod tests;

/// Why a pickle was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PickleError {
    /// It ends too early.
    #[error("its pickle ends too early")]
    Cut,
    /// It breaks the rules.
    #[error("byte {at} of its pickle: {what}")]
    Damaged {
        /// Offset in the pickle.
        at: usize,
        /// What is wrong.
        what: String,
    },
    /// It wants a function called that no weights need.
    #[error("it asks Python to run {0}")]
    Calls(String),
}
