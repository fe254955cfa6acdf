//! Genes of a table whose names, and sometimes identifiers, repeat.

use std::collections::{HashMap, HashSet};

use super::section::Gene;

/// Genes of these names and identifiers (empty where there are none), in order. An empty name becomes the
/// identifier and the other way round. From the second on, an identifier that repeats is made unique
/// ("TBCE-1", as scanpy's `var_names_make_unique`); names are left as they are.
pub fn with_unique_ids(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<Gene> {
    let mut genes: Vec<Gene> = pairs
        .into_iter()
        .map(|(name, id)| match (name.is_empty(), id.is_empty()) {
            (true, _) => Gene::named(id),
            (false, true) => Gene::named(name),
            (false, false) => Gene { name, id },
        })
        .collect();
    make_unique(genes.iter_mut().map(|g| &mut g.id).collect());
    genes
}

/// Makes names unique: from the second on, one that repeats gets a number ("TBCE-1", as scanpy does for
/// `var_names` and `obs_names`). Says how many were changed.
pub fn make_unique(names: Vec<&mut String>) -> usize {
    let all: HashSet<String> = names.iter().map(|n| (*n).clone()).collect();
    if all.len() == names.len() {
        return 0;
    }
    let mut changed = 0;
    let mut used: HashSet<String> = HashSet::with_capacity(names.len());
    let mut next: HashMap<String, usize> = HashMap::new();
    for name in names {
        if used.contains(name) {
            let number = next.entry(name.clone()).or_insert(0);
            let unique = loop {
                *number += 1;
                let candidate = format!("{name}-{number}");
                if !all.contains(&candidate) && !used.contains(&candidate) {
                    break candidate;
                }
            };
            *name = unique;
            changed += 1;
        }
        used.insert(name.clone());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_become_unique_and_names_stay() {
        let pair = |name: &str, id: &str| (name.to_owned(), id.to_owned());
        let pairs = [
            pair("TBCE", "E1"),
            pair("TBCE", "E2"),
            pair("X", ""),
            pair("X", ""),
            pair("X", "X-1"),
            pair("", "E3"),
        ];
        let genes = with_unique_ids(pairs);
        let ids: Vec<&str> = genes.iter().map(|g| g.id.as_str()).collect();
        assert_eq!(ids, ["E1", "E2", "X", "X-2", "X-1", "E3"]);
        let names: Vec<&str> = genes.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["TBCE", "TBCE", "X", "X", "X", "E3"]);
    }
}
