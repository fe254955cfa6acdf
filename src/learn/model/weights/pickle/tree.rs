//! What a pickle describes: nodes that refer to each other by number, in any way (cycles too).

use super::tensors::{StorageRef, TensorRef};

/// The number of a node in its [`Tree`].
pub(crate) type Id = u32;

/// A value of Python.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    None,
    Bool(bool),
    /// Larger ones are [`Node::Object`]s.
    Int(i128),
    /// A floating-point number or bytes, of which nothing is needed.
    Scalar,
    Text(String),
    /// A tuple, list or set.
    Sequence(Vec<Id>),
    /// A dictionary of any kind.
    Dict(Vec<(Id, Id)>),
    /// A class or function: module and name.
    Global(String, String),
    /// An instance of a class, and the attributes that it was given.
    Object {
        class: String,
        state: Option<Id>,
    },
    Storage(StorageRef),
    Tensor(TensorRef),
    /// A tensor of a sort that is not read, "sparse".
    OddTensor(&'static str),
}

/// All nodes of a pickle.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub fn node(&self, id: Id) -> &Node {
        // Numbers come only from `add`.
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    pub(super) fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        (self.nodes.len() - 1) as Id
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All storages, in the order in which they are first named.
    pub fn storages(&self) -> impl Iterator<Item = &StorageRef> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Storage(storage) => Some(storage),
            _ => None,
        })
    }

    /// The text of a node that is one.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a tuple, list or set.
    pub fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// A number that is not negative.
    pub fn count(&self, id: Id) -> Option<u64> {
        match self.node(id) {
            Node::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// The value of a dictionary under a text.
    pub fn get(&self, dict: Id, key: &str) -> Option<Id> {
        let Node::Dict(items) = self.node(dict) else { return None };
        // The last one wins, as in Python.
        items.iter().rev().find(|&&(k, _)| self.text(k) == Some(key)).map(|&(_, value)| value)
    }
}
