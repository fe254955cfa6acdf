//! Storages and tensors, as `torch.save` describes them in a pickle.
//! Source of the format: `torch/serialization.py` and `torch/_utils.py`.

use super::super::kind::NumberKind;
use super::super::stored::MAX_RANK;
use super::PickleError;
use super::machine::Machine;
use super::tree::{Id, Node, Tree};

/// Longer names have no storages.
const MAX_KEY: usize = 200;

/// A block of numbers outside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorageRef {
    /// Its name: "0", "1", or an address in legacy files.
    pub key: String,
    /// What it holds; bytes when the class does not say.
    pub kind: NumberKind,
    /// How many numbers.
    pub numbers: u64,
    /// The first number that tensors see, in views of very old files.
    pub first: u64,
}

/// A tensor as a view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorRef {
    pub storage: Id,
    pub kind: NumberKind,
    /// Number of the storage at which it begins.
    pub offset: u64,
    pub shape: Vec<u64>,
    pub stride: Vec<u64>,
}

/// What a persistent id refers to: `("storage", class, key, place, numbers[, view])`, or a class in legacy files
/// of whole models: `("module", class, file, source)`.
pub(super) fn persistent(machine: &mut Machine<'_>, id: Id) -> Result<Id, PickleError> {
    let tree = &machine.tree;
    let bad = || machine.cursor.damaged("a reference to a storage that PyTorch does not write");
    let fields = tree.sequence(id).ok_or_else(bad)?;
    match (fields.first().and_then(|&tag| tree.text(tag)), fields) {
        (Some("module"), &[_, class, ..]) => Ok(class),
        (Some("storage"), &[_, class, key, _, numbers, ref rest @ ..]) => {
            let Node::Global(_, class) = tree.node(class) else { return Err(bad()) };
            let Some(kind) = NumberKind::of_storage(class) else {
                let class: String = class.chars().take(60).collect();
                return Err(machine.cursor.damaged(format!("unknown kind of storage {class}")));
            };
            let key = match tree.node(key) {
                Node::Text(key) if key.len() <= MAX_KEY => key.clone(),
                Node::Int(key) => key.to_string(),
                _ => return Err(bad()),
            };
            let numbers = tree.count(numbers).ok_or_else(bad)?;
            let view = rest.first().and_then(|&view| tree.sequence(view));
            let first = match view {
                Some(&[_, first, _]) => tree.count(first).ok_or_else(bad)?,
                _ => 0,
            };
            let storage = Node::Storage(StorageRef { key, kind, numbers, first });
            Ok(machine.tree.add(storage))
        }
        _ => Err(bad()),
    }
}

/// What one of PyTorch's `_rebuild_...` functions gives.
pub(super) fn rebuild(
    machine: &mut Machine<'_>,
    function: &str,
    arguments: Id,
    depth: u32,
) -> Result<Node, PickleError> {
    let tree = &machine.tree;
    let damaged = |what: &str| machine.cursor.damaged(format!("{function} {what}"));
    let fields = tree.sequence(arguments).ok_or_else(|| damaged("without arguments"))?;
    match (function, fields) {
        ("_rebuild_tensor" | "_rebuild_tensor_v2", &[storage, offset, shape, stride, ..]) => {
            tensor(tree, storage, None, [offset, shape, stride]).ok_or_else(|| damaged("with odd arguments"))
        }
        ("_rebuild_tensor_v3", &[storage, offset, shape, stride, _, _, kind, ..]) => {
            tensor(tree, storage, Some(kind), [offset, shape, stride])
                .ok_or_else(|| damaged("with odd arguments"))
        }
        ("_rebuild_parameter" | "_rebuild_parameter_with_state", &[data, ..]) => match tree.node(data) {
            node @ (Node::Tensor(_) | Node::OddTensor(_)) => Ok(node.clone()),
            _ => Err(damaged("of what is no tensor")),
        },
        // A subclass of tensor: (function, class, arguments, state).
        ("_rebuild_from_type" | "_rebuild_from_type_v2", &[function, _, arguments, ..]) if depth < 4 => {
            super::calls::call(machine, function, arguments, depth + 1)
        }
        ("_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor", _) => Ok(Node::OddTensor("sparse")),
        ("_rebuild_qtensor", _) => Ok(Node::OddTensor("quantised")),
        ("_rebuild_nested_tensor", _) => Ok(Node::OddTensor("nested")),
        ("_rebuild_meta_tensor_no_storage", _) => Ok(Node::OddTensor("absent (\"meta\")")),
        ("_rebuild_device_tensor_from_numpy" | "_rebuild_device_tensor_from_cpu_tensor", _) => {
            Ok(Node::OddTensor("device-bound"))
        }
        _ => Err(damaged("with odd arguments")),
    }
}

fn tensor(tree: &Tree, storage: Id, kind: Option<Id>, [offset, shape, stride]: [Id; 3]) -> Option<Node> {
    let Node::Storage(StorageRef { kind: stored, .. }) = tree.node(storage) else { return None };
    let kind = match kind.map(|kind| tree.node(kind)) {
        None => *stored,
        Some(Node::Global(module, name)) if module == "torch" => NumberKind::of_torch(name)?,
        Some(_) => return None,
    };
    let sizes = |id: Id| -> Option<Vec<u64>> {
        let sizes = tree.sequence(id).filter(|sizes| sizes.len() <= MAX_RANK)?;
        sizes.iter().map(|&size| tree.count(size)).collect()
    };
    let (shape, stride) = (sizes(shape)?, sizes(stride)?);
    Some(Node::Tensor(TensorRef { storage, kind, offset: tree.count(offset)?, shape, stride }))
}
