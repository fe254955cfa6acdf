//! Finding the state dict in what was saved: often it lies beside optimisers and settings.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::model::weights::error::WeightsError;
use crate::model::weights::pickle::{Id, Node, Tree};

/// Under which keys people save the state dict, the preferred ones first. Of a self-supervised pair the teacher
/// is the one to use, as its authors say (DINO, DINOv2).
const WRAPPERS: [&str; 14] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "teacher",
    "model",
    "model_ema",
    "state_dict_ema",
    "encoder",
    "backbone",
    "net",
    "network",
    "module",
    "weights",
    "params",
];

/// Names are shorter than this.
const MAX_NAME: usize = 500;

/// The tensors of the state dict with their names in the file, sorted.
pub(super) fn find<'t>(path: &Path, tree: &'t Tree, root: Id) -> Result<Vec<(&'t str, Id)>, WeightsError> {
    let mut search = Search { tree, seen: HashSet::new(), model: None };
    if let Some(found) = search.below(root, 0) {
        return Ok(found.into_iter().collect());
    }
    if let Some(class) = search.model {
        return Err(WeightsError::WholeModel { path: path.to_path_buf(), class });
    }
    let what = match tree.node(root) {
        Node::Object { class, .. } => format!("a pickled object ({class})"),
        Node::Tensor(_) => "a single PyTorch tensor".to_owned(),
        Node::Dict(items) if items.is_empty() => "an empty dictionary of PyTorch".to_owned(),
        _ => "a PyTorch file without named tensors".to_owned(),
    };
    let advice = "; save weights with torch.save(model.state_dict(), ...)".to_owned();
    Err(WeightsError::NotWeights { path: path.to_path_buf(), what, advice })
}

struct Search<'t> {
    tree: &'t Tree,
    seen: HashSet<Id>,
    /// The class of a whole model that was met.
    model: Option<String>,
}

impl<'t> Search<'t> {
    fn below(&mut self, id: Id, depth: u32) -> Option<BTreeMap<&'t str, Id>> {
        // A dictionary may hold itself.
        if depth > 4 || !self.seen.insert(id) {
            return None;
        }
        let tree = self.tree;
        let items = match tree.node(id) {
            Node::Dict(items) => items,
            Node::Object { class, state } => {
                let is_module =
                    state.is_some_and(|s| tree.get(s, "_modules").or(tree.get(s, "_parameters")).is_some());
                if is_module && self.model.is_none() {
                    self.model = Some(class.clone());
                }
                return None;
            }
            _ => return None,
        };
        let mut tensors = BTreeMap::new();
        let mut inner: BTreeMap<&str, Id> = BTreeMap::new();
        for &(key, value) in items {
            let Some(name) = tree.text(key).filter(|name| name.len() <= MAX_NAME) else { continue };
            match tree.node(value) {
                Node::Tensor(_) | Node::OddTensor(_) => drop(tensors.insert(name, value)),
                Node::Dict(_) | Node::Object { .. } => drop(inner.insert(name, value)),
                _ => {}
            }
        }
        let wrapped = WRAPPERS.iter().find_map(|key| self.below(*inner.get(key)?, depth + 1));
        if let Some(wrapped) = wrapped.filter(|wrapped| wrapped.len() >= tensors.len()) {
            return Some(wrapped);
        }
        if !tensors.is_empty() {
            return Some(tensors);
        }
        // Under a name that we do not know, when it is the only one.
        let mut others = inner.values().filter_map(|&value| self.below(value, depth + 1));
        match (others.next(), others.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}
