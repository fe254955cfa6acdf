//! Samples whose counts are those of another one.

use std::collections::HashMap;

use super::Candidate;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::data::project::SectionEntry;
use crate::data::st::recognise::{is_marked, same_counts, size_of_counts};
use crate::data::st::source::Source;

/// Finds candidates with the same counts, byte by byte, as one of `sections` or another candidate. They are no longer
/// chosen, since a section that is there twice would be both trained on and tested on. Of two candidates the one whose
/// name is that of a copy is taken for it, else the later one.
///
/// # Errors
/// [`Cancelled`].
pub fn mark_copies<'a>(
    candidates: impl Iterator<Item = &'a mut Candidate>,
    sections: &[SectionEntry],
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let mut originals: HashMap<u64, Vec<(String, Source)>> = HashMap::new();
    for section in sections.iter().filter(|s| s.is_measured()) {
        if let Some(size) = size_of_counts(&section.source) {
            originals.entry(size).or_default().push((section.name.clone(), section.source.clone()));
        }
    }
    let mut candidates: Vec<&mut Candidate> = candidates.collect();
    candidates.sort_by_key(|c| is_marked(&c.entry.name));
    for candidate in candidates {
        cancel.check()?;
        if !candidate.entry.is_measured() {
            continue;
        }
        let source = &candidate.entry.source;
        let Some(size) = size_of_counts(source) else { continue };
        let alike = originals.entry(size).or_default();
        match alike.iter().find(|(_, other)| same_counts(source, other)) {
            Some((original, _)) => {
                candidate.copy_of = Some(original.clone());
                candidate.chosen = false;
            }
            None => alike.push((candidate.entry.name.clone(), source.clone())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn candidate(folder: &Path, name: &str, counts: &str) -> Candidate {
        let path = folder.join(format!("{name}.tsv"));
        fs::write(&path, counts).unwrap();
        Candidate {
            entry: SectionEntry::legacy(name, path, folder.join("spots.tsv"), folder.join("slide.png")),
            chosen: true,
            line: String::new(),
            warnings: Vec::new(),
            size: None,
            label_columns: Vec::new(),
            refused: None,
            copy_of: None,
            label_fit: None,
        }
    }

    #[test]
    fn the_same_counts_are_one_sample_whatever_it_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let of = |name: &str, counts: &str| candidate(dir.path(), name, counts);
        let known = of("C1", "one").entry;
        let mut found = [
            of("renamed", "one"),
            of("B \u{2013} Kopie", "two"),
            of("B", "two"),
            of("D", "two, but others"),
            of("other", "owt"),
        ];
        mark_copies(found.iter_mut(), std::slice::from_ref(&known), &CancelToken::new()).unwrap();
        let copies: Vec<_> = found.iter().map(|c| (c.copy_of.as_deref(), c.chosen)).collect();
        let expected = [(Some("C1"), false), (Some("B"), false), (None, true), (None, true), (None, true)];
        assert_eq!(copies, expected);
        // What is in the project already, by whatever path, is not its own copy.
        let mut same = [Candidate { entry: known.clone(), ..of("x", "") }];
        mark_copies(same.iter_mut(), &[known], &CancelToken::new()).unwrap();
        assert_eq!(same[0].copy_of, None);
    }
}
