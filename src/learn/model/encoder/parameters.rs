//! The numbers of a network, by name.

use std::collections::BTreeMap;

/// One parameter or buffer, row-major.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Array {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f32>,
}

/// All parameters and buffers of a network, by their names in a `state_dict`.
pub type Parameters = BTreeMap<String, Array>;
