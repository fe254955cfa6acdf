//! The format before PyTorch 1.6: five pickles (a magic number, the version, what the writer's computer was
//! like, the object, the keys of the storages), then every storage as its count and its numbers.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::{bytes_of, pickle_error, tensors};
use crate::core::files::FileError;
use crate::model::weights::error::WeightsError;
use crate::model::weights::pickle::{self, Id, MAX_PICKLE, Node, PickleError, StorageRef, Tree};
use crate::model::weights::stored::{Run, Stored};

const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const VERSION: i128 = 1001;

/// The tensors of `file`, which begins with a pickle and is `length` bytes long.
pub(in super::super) fn open(
    path: &Path,
    file: &mut File,
    length: u64,
) -> Result<Vec<(String, Stored)>, WeightsError> {
    let mut head = Vec::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(MAX_PICKLE).read_to_end(&mut head));
    read.map_err(FileError::io("read", path))?;
    let mut at = 0;
    let mut next = || -> Result<(Tree, Id), WeightsError> {
        let parsed = pickle::parse(head.get(at..).unwrap_or_default());
        let (tree, root, used) = parsed.map_err(|e| match e {
            PickleError::Cut if length <= MAX_PICKLE => {
                WeightsError::Truncated { path: path.to_path_buf(), has: length, needs: None }
            }
            PickleError::Cut => WeightsError::malformed(path, "describes far more than weights"),
            PickleError::Damaged { at: within, what } => {
                pickle_error(path, PickleError::Damaged { at: at.saturating_add(within), what })
            }
            e @ PickleError::Calls(_) => pickle_error(path, e),
        })?;
        at += used;
        Ok((tree, root))
    };

    let (tree, root) = next()?;
    if *tree.node(root) != Node::Int(MAGIC) {
        return Err(WeightsError::NotWeights {
            path: path.to_path_buf(),
            what: "a Python pickle without tensors of PyTorch".to_owned(),
            advice: "; save weights with torch.save(model.state_dict(), ...)".to_owned(),
        });
    }
    let (tree, root) = next()?;
    if *tree.node(root) != Node::Int(VERSION) {
        return Err(WeightsError::malformed(path, "was written by an unknown version of PyTorch"));
    }
    let (tree, root) = next()?;
    if tree.get(root, "little_endian").is_some_and(|little| *tree.node(little) == Node::Bool(false)) {
        return Err(WeightsError::malformed(
            path,
            "was written by a big-endian computer, which is not supported",
        ));
    }
    let (tree, root) = next()?;
    let (keys_tree, keys) = next()?;
    let keys = keys_tree.sequence(keys).unwrap_or_default();
    let runs = layout(path, file, length, at as u64, &tree, keys.iter().map(|&key| keys_tree.text(key)))?;
    tensors(path, &tree, root, |storage| {
        let run = runs.get(storage.key.as_str()).copied().ok_or("has no numbers in the file")?;
        match bytes_of(storage) {
            Some(bytes) if bytes <= run.bytes => Ok(run),
            _ => Err("has only a part of its numbers in the file".to_owned()),
        }
    })
}

/// Where every storage is. They follow each other from `at` on, in the order of `keys`.
fn layout<'t>(
    path: &Path,
    file: &mut File,
    length: u64,
    mut at: u64,
    tree: &'t Tree,
    keys: impl Iterator<Item = Option<&'t str>>,
) -> Result<HashMap<&'t str, Run>, WeightsError> {
    let declared: HashMap<&str, &StorageRef> = tree.storages().map(|s| (s.key.as_str(), s)).collect();
    let bad = |what: &str| WeightsError::malformed(path, what);
    let mut runs = HashMap::new();
    for key in keys {
        let storage =
            key.and_then(|key| declared.get(key)).ok_or_else(|| bad("lists storages that it lacks"))?;
        let bytes = bytes_of(storage).ok_or_else(|| bad("holds an impossibly large storage"))?;
        let end = at.checked_add(8).and_then(|start| start.checked_add(bytes));
        let end = end.ok_or_else(|| bad("holds an impossibly large storage"))?;
        if end <= length {
            let mut count = [0; 8];
            let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut count));
            read.map_err(FileError::io("read", path))?;
            if u64::from_le_bytes(count) != storage.numbers {
                return Err(bad("has storages of other sizes than its pickle says; it is damaged"));
            }
        }
        runs.insert(storage.key.as_str(), Run { at: at.saturating_add(8), bytes });
        at = end;
    }
    if at > length {
        return Err(WeightsError::Truncated { path: path.to_path_buf(), has: length, needs: Some(at) });
    }
    Ok(runs)
}
