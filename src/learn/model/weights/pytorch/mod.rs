//! Files of `torch.save`: an archive of a pickle and the storages of its tensors (since PyTorch 1.6), or
//! pickles followed by the storages (before).

mod archive;
mod legacy;
mod state;
mod zipped;

use std::path::Path;

use super::error::WeightsError;
use super::kind::NumberKind;
use super::pickle::{Id, Node, PickleError, StorageRef, TensorRef, Tree};
use super::stored::{Run, Stored};

pub(super) use archive::Entry;
pub(super) use legacy::open as open_legacy;
pub(super) use zipped::open as open_zip;

/// The tensors below `root`, with the places of their numbers from `run_of`.
fn tensors(
    path: &Path,
    tree: &Tree,
    root: Id,
    mut run_of: impl FnMut(&StorageRef) -> Result<Run, String>,
) -> Result<Vec<(String, Stored)>, WeightsError> {
    let found = state::find(path, tree, root)?;
    found
        .into_iter()
        .map(|(name, id)| {
            let stored = match tree.node(id) {
                Node::Tensor(tensor) => stored(tree, tensor, &mut run_of),
                Node::OddTensor(kind) => {
                    let nothing = Run { at: 0, bytes: 0 };
                    Stored::whole(NumberKind::Other(kind, 1), vec![0], nothing)
                }
                _ => Err("is no tensor".to_owned()),
            };
            let stored = stored.map_err(|e| WeightsError::malformed(path, format!("{name} {e}")))?;
            Ok((name.to_owned(), stored))
        })
        .collect()
}

fn stored(
    tree: &Tree,
    tensor: &TensorRef,
    run_of: &mut impl FnMut(&StorageRef) -> Result<Run, String>,
) -> Result<Stored, String> {
    let Node::Storage(storage) = tree.node(tensor.storage) else {
        return Err("has no storage".to_owned());
    };
    let run = run_of(storage)?;
    // The part that a view of a very old file shows.
    let skipped = storage.first.checked_mul(storage.kind.bytes()).filter(|&skipped| skipped <= run.bytes);
    let skipped = skipped.ok_or("begins beyond its storage")?;
    let run = Run { at: run.at + skipped, bytes: run.bytes - skipped };
    let shape = tensor.shape.iter().map(|&size| usize::try_from(size)).collect::<Result<Vec<_>, _>>();
    let shape = shape.map_err(|_| "has an impossible size")?;
    Stored::view(tensor.kind, shape, run, tensor.offset, tensor.stride.clone())
}

/// Bytes of a storage, as its description says.
fn bytes_of(storage: &StorageRef) -> Option<u64> {
    storage.numbers.checked_mul(storage.kind.bytes())
}

fn pickle_error(path: &Path, error: PickleError) -> WeightsError {
    match error {
        PickleError::Calls(call) => WeightsError::RunsCode { path: path.to_path_buf(), call },
        error @ (PickleError::Cut | PickleError::Damaged { .. }) => {
            WeightsError::malformed(path, error.to_string())
        }
    }
}
