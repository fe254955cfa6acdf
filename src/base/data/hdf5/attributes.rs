//! The small named values beside groups and datasets.

use std::collections::HashMap;

use hdf5_pure::AttrValue;

/// The attributes of one object.
#[derive(Debug, Clone, Default)]
pub struct Attributes(HashMap<String, AttrValue>);

impl Attributes {
    pub(super) fn new(values: HashMap<String, AttrValue>) -> Self {
        Self(values)
    }

    /// Whether there is an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text; the first of several.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.0.get(name)?;
        let text = value.as_str().or_else(|| value.as_strings()?.first().map(String::as_str))?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// Several texts.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let value = self.0.get(name)?;
        match value.as_strings() {
            Some(texts) => Some(texts.iter().map(|t| t.trim_end_matches('\0').to_owned()).collect()),
            None => value.as_str().map(|t| vec![t.to_owned()]),
        }
    }

    /// Whole numbers of 0 or more.
    pub fn counts(&self, name: &str) -> Option<Vec<u64>> {
        let value = self.0.get(name)?;
        value.to_u64s().or_else(|| {
            let decimals = value.to_f64s()?;
            let whole = |v: &f64| (v.fract() == 0.0 && (0.0..9e15).contains(v)).then_some(*v as u64);
            decimals.iter().map(whole).collect()
        })
    }
}
