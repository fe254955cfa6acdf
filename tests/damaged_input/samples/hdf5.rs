//! HDF5 files by what is in them, so that a part can be taken out or put wrong.

use std::collections::{BTreeMap, BTreeSet};

use hdf5_pure::{AttrValue, DatasetBuilder, FileBuilder, GroupBuilder};

/// The values of an array, and its shape.
#[derive(Clone)]
pub(super) enum Data {
    Bytes(Vec<u8>, Vec<u64>),
    Codes(Vec<i8>),
    Whole(Vec<i64>),
    Floats(Vec<f32>, Vec<u64>),
    Doubles(Vec<f64>, Vec<u64>),
    Texts(Vec<String>),
}

impl Data {
    pub(super) fn texts(texts: &[&str]) -> Self {
        Self::Texts(texts.iter().map(|t| (*t).to_owned()).collect())
    }

    fn put(&self, data: &mut DatasetBuilder) {
        match self {
            Self::Bytes(v, shape) => data.with_u8_data(v).with_shape(shape),
            Self::Codes(v) => data.with_i8_data(v),
            Self::Whole(v) => data.with_i64_data(v),
            Self::Floats(v, shape) => data.with_f32_data(v).with_shape(shape),
            Self::Doubles(v, shape) => data.with_f64_data(v).with_shape(shape),
            Self::Texts(v) => data.with_vlen_strings(&v.iter().map(String::as_str).collect::<Vec<_>>()),
        };
    }
}

/// Arrays and attributes of groups by their paths ("matrix/features/id").
#[derive(Clone, Default)]
pub(super) struct Contents {
    arrays: BTreeMap<String, Data>,
    attributes: BTreeMap<String, Vec<(String, AttrValue)>>,
}

impl Contents {
    /// Puts an array in, in place of what is there.
    pub(super) fn set(&mut self, path: &str, data: Data) {
        self.arrays.insert(path.to_owned(), data);
    }

    /// Takes out an array, or all that is below `path`.
    pub(super) fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        let before = self.arrays.len();
        self.arrays.retain(|p, _| p != path && !p.starts_with(&below));
        self.attributes.retain(|p, _| p != path && !p.starts_with(&below));
        assert!(self.arrays.len() < before, "there is no {path}");
    }

    /// Moves an array, or all that is below `from`.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let moved = |p: &String| p.strip_prefix(from).map_or_else(|| p.clone(), |rest| format!("{to}{rest}"));
        self.arrays = self.arrays.iter().map(|(p, d)| (moved(p), d.clone())).collect();
    }

    /// Changes one of the whole numbers of an array.
    pub(super) fn number(&mut self, path: &str, at: usize, value: i64) {
        match self.arrays.get_mut(path) {
            Some(Data::Whole(values)) => values[at] = value,
            _ => panic!("there are no whole numbers at {path}"),
        }
    }

    /// Leaves of an array only its first `n` values.
    pub(super) fn shorten(&mut self, path: &str, n: usize) {
        match self.arrays.get_mut(path) {
            Some(Data::Whole(values)) => values.truncate(n),
            Some(Data::Texts(values)) => values.truncate(n),
            Some(Data::Codes(values)) => values.truncate(n),
            _ => panic!("nothing to shorten at {path}"),
        }
    }

    pub(super) fn attribute(&mut self, group: &str, name: &str, value: AttrValue) {
        let of = self.attributes.entry(group.to_owned()).or_default();
        of.retain(|(n, _)| n != name);
        of.push((name.to_owned(), value));
    }

    /// The names right below `prefix` ("" or "matrix/"), and whether each is a group.
    fn children(&self, prefix: &str) -> BTreeSet<(String, bool)> {
        let rest = self.arrays.keys().filter_map(|p| p.strip_prefix(prefix));
        rest.map(|r| r.split_once('/').map_or((r.to_owned(), false), |(g, _)| (g.to_owned(), true))).collect()
    }

    fn fill(&self, mut group: GroupBuilder, path: &str) -> GroupBuilder {
        for (name, value) in self.attributes.get(path).into_iter().flatten() {
            group.set_attr(name, value.clone());
        }
        for (name, is_group) in self.children(&format!("{path}/")) {
            let at = format!("{path}/{name}");
            if is_group {
                let inner = self.fill(group.create_group(&name), &at);
                group.add_group(inner.finish());
            } else {
                self.arrays[&at].put(group.create_dataset(&name));
            }
        }
        group
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut file = FileBuilder::new();
        for (name, is_group) in self.children("") {
            if is_group {
                let group = self.fill(file.create_group(&name), &name);
                file.add_group(group.finish());
            } else {
                self.arrays[&name].put(file.create_dataset(&name));
            }
        }
        file.finish().unwrap()
    }
}
