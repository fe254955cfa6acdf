//! Whether a weights file belongs to a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::file::WeightsFile;
use super::prefixes::is_ignorable;

/// How many names a sentence tells before it counts.
const NAMED: usize = 3;

/// What a file lacks for a network and what it has too much; every list is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyReport {
    /// Parameters of the network that the file lacks.
    pub missing: Vec<String>,
    /// Tensors of the file that the network does not have: a sign that it is another network.
    pub unexpected: Vec<String>,
    /// Name, size in the network, and size in the file.
    pub wrong_shape: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Tensors that the network does not have and that do no harm: classifier heads, counters, mask tokens.
    pub ignored: Vec<String>,
}

/// Compares the tensors of `file` with the names and shapes that a network expects.
pub fn compare(file: &WeightsFile, expected: &[(String, Vec<usize>)]) -> KeyReport {
    let found: BTreeMap<&str, &[usize]> =
        file.names().map(|(name, info)| (name, info.shape.as_slice())).collect();
    let mut report = KeyReport::default();
    let mut known = BTreeSet::new();
    for (name, shape) in expected {
        known.insert(name.as_str());
        match found.get(name.as_str()) {
            None => report.missing.push(name.clone()),
            Some(found) if *found != shape.as_slice() => {
                report.wrong_shape.push((name.clone(), shape.clone(), found.to_vec()));
            }
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !known.contains(*name)) {
        let list = if is_ignorable(name) { &mut report.ignored } else { &mut report.unexpected };
        list.push((*name).to_owned());
    }
    report.missing.sort();
    report.wrong_shape.sort();
    report
}

impl KeyReport {
    /// Whether the network can be filled from the file, and from all of it.
    pub fn fits(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.wrong_shape.is_empty()
    }
}

/// One sentence: the first few names of each list and the number of the others.
impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fits() {
            return f.write_str("Every parameter is there with the right size.");
        }
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("lacks {}", counted(&self.missing, String::clone)));
        }
        if !self.unexpected.is_empty() {
            let what = counted(&self.unexpected, String::clone);
            parts.push(format!("has {what} that the network does not have"));
        }
        if !self.wrong_shape.is_empty() {
            let what = counted(&self.wrong_shape, |(name, expected, found)| {
                format!("{name} is {} instead of {}", size(found), size(expected))
            });
            parts.push(format!("has {what} of another size"));
        }
        let last = parts.pop().unwrap_or_default();
        let front = if parts.is_empty() { String::new() } else { format!("{}, and ", parts.join(", ")) };
        write!(f, "The file {front}{last}.")
    }
}

/// "5 parameters (a, b, c and 2 more)".
fn counted<T>(list: &[T], name: impl Fn(&T) -> String) -> String {
    let mut names: Vec<String> = list.iter().take(NAMED).map(name).collect();
    let more = match list.len().saturating_sub(NAMED) {
        0 => match names.pop() {
            Some(last) if !names.is_empty() => format!(" and {last}"),
            last => last.unwrap_or_default(),
        },
        more => format!(" and {more} more"),
    };
    let noun = if list.len() == 1 { "parameter" } else { "parameters" };
    format!("{} {noun} ({}{more})", list.len(), names.join(", "))
}

/// "1024 × 3 × 16 × 16".
fn size(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}
