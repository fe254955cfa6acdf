//! Second copies: what browsers and file managers add to a name when there is one of that name already.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::super::source::{SampleKind, Source};
use super::Recognition;

/// Words behind a name, as systems in several languages write them, perhaps with a number.
const BEHIND: [&str; 8] =
    ["copy", "another copy", "kopie", "weitere kopie", "copie", "copia", "c\u{f3}pia", "\u{526f}\u{672c}"];
/// What stands between a name and such a word; German Windows writes a dash.
const BETWEEN: [char; 4] = [' ', '_', '-', '\u{2013}'];
/// Words before a name.
const BEFORE: [&str; 5] = ["copy of ", "kopie von ", "copie de ", "copia de ", "c\u{f3}pia de "];

/// A name without what makes it that of a copy, and that: "image" and "(1)" of "image (1)". `None` where nothing does.
pub(super) fn without_mark(name: &str) -> Option<(&str, String)> {
    let (rest, mark) = before(name).or_else(|| behind(name))?;
    // A copy of a copy.
    Some(match without_mark(rest) {
        Some((first, inner)) => (first, format!("{inner} {mark}")),
        None => (rest, mark),
    })
}

/// The same of the name of a file, also where endings stand behind the mark: "matrix.mtx (1).gz". The mark is empty where
/// there is none.
pub(super) fn of_file(name: &str) -> (String, String) {
    let mut marks: Vec<String> = Vec::new();
    let parts: Vec<&str> = name
        .split('.')
        .map(|part| match without_mark(part) {
            Some((rest, mark)) => {
                marks.push(mark);
                rest
            }
            None => part,
        })
        .collect();
    (parts.join("."), marks.join(" "))
}

fn before(name: &str) -> Option<(&str, String)> {
    let lower = name.to_lowercase();
    let word = BEFORE.iter().find(|word| lower.starts_with(**word))?;
    let rest = name.get(word.len()..).filter(|rest| !rest.trim().is_empty())?;
    Some((rest.trim_start(), word.trim_end().to_owned()))
}

/// "NAME (1)", "NAME(1)", "NAME (copy)", "NAME - Copy", "NAME - Copy (2)", "NAME copy 2".
fn behind(name: &str) -> Option<(&str, String)> {
    let (rest, number) = match name.strip_suffix(')').and_then(|n| n.rsplit_once('(')) {
        Some((rest, inner)) if is_number(inner) => (rest.trim_end(), format!("({inner})")),
        Some((rest, inner)) if BEHIND.contains(&inner.to_lowercase().as_str()) => {
            return some(rest.trim_end(), format!("({})", inner.to_lowercase()));
        }
        _ => match name.rsplit_once(' ') {
            Some((rest, last)) if is_number(last) => (rest, last.to_owned()),
            _ => (name, String::new()),
        },
    };
    let lower = rest.to_lowercase();
    // Lower case must not move the places of bytes.
    let word = BEHIND.iter().find(|word| lower.len() == rest.len() && lower.ends_with(**word));
    let word_at = word.and_then(|word| rest.len().checked_sub(word.len()));
    if let (Some(at), Some(word)) = (word_at, word) {
        let head = rest.get(..at)?;
        let apart = head.ends_with(BETWEEN) || !word.is_ascii();
        if apart {
            let mark = format!("{word} {number}");
            return some(head.trim_end_matches(BETWEEN), mark.trim_end().to_owned());
        }
    }
    if number.starts_with('(') { some(rest, number) } else { None }
}

fn some(rest: &str, mark: String) -> Option<(&str, String)> {
    (!rest.is_empty()).then_some((rest, mark))
}

fn is_number(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Leaves out samples that are copies of another one found with them: of the same name but for the mark of a copy, and
/// with the same counts, byte by byte. Which they are is said.
pub(super) fn leave_out(found: &mut Recognition) {
    let names: Vec<(SampleKind, String, bool)> = found
        .samples
        .iter()
        .map(|sample| {
            let (name, is_marked) = split(&sample.name);
            (sample.kind, name, is_marked)
        })
        .collect();
    let mut copies: Vec<(usize, usize)> = Vec::new();
    for (at, (kind, name, is_marked)) in names.iter().enumerate() {
        if !is_marked {
            continue;
        }
        let original = names.iter().enumerate().find(|(other, (other_kind, other_name, is_marked))| {
            *other != at
                && (other_kind, other_name) == (kind, name)
                && (!is_marked || *other < at)
                && !copies.iter().any(|c| c.0 == *other)
        });
        let Some((original, _)) = original else { continue };
        let counts = |at: usize| found.samples.get(at).map(|s| s.source.counts());
        if let (Some(a), Some(b)) = (counts(at), counts(original))
            && same_content(a, b)
        {
            copies.push((at, original));
        }
    }
    for (copy, original) in &copies {
        if let (Some(copy), Some(original)) = (found.samples.get(*copy), found.samples.get(*original)) {
            found.notes.push(format!("{} is a copy of {} and was left out", copy.name, original.name));
        }
    }
    let mut is_copy = (0..).map(|at| copies.iter().any(|(copy, _)| *copy == at));
    found.samples.retain(|_| !is_copy.next().unwrap_or_default());
}

/// Whether the name is one that systems give to copies.
pub(crate) fn is_marked(name: &str) -> bool {
    split(name).1
}

/// Whether the counts of two samples are the same, byte by byte, in different files.
pub(crate) fn same_counts(a: &Source, b: &Source) -> bool {
    let slide = |source: &Source| match source {
        Source::AnnData { library, .. } => library.clone(),
        Source::Tables { .. } | Source::Visium { .. } | Source::Slide { .. } => None,
    };
    slide(a) == slide(b) && !a.is_same(b) && same_content(a.counts(), b.counts())
}

/// How many bytes the counts of a sample take, which those of copies agree in; `None` where they are not there.
pub(crate) fn size_of_counts(source: &Source) -> Option<u64> {
    let counts = source.counts();
    let file = if counts.is_dir() { matrix_in(counts)? } else { counts.to_path_buf() };
    file.metadata().ok().map(|about| about.len())
}

/// A name in small letters without the mark of a copy, also before the size of bins, and whether there was one.
fn split(name: &str) -> (String, bool) {
    let (head, bins) = match name.rsplit_once('_') {
        Some((head, bins)) if bins.len() == 5 && bins.ends_with("um") => (head, bins),
        _ => (name, ""),
    };
    match without_mark(head) {
        Some((rest, _)) => (format!("{rest}{bins}").to_lowercase(), true),
        None => (format!("{head}{bins}").to_lowercase(), false),
    }
}

/// The matrix in a folder.
fn matrix_in(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path());
    files.filter(|p| file_name(p).to_lowercase().contains("matrix.mtx")).min()
}

/// Whether two files, or the matrices in two folders, are the same byte by byte.
fn same_content(a: &Path, b: &Path) -> bool {
    if a.is_dir() && b.is_dir() {
        return matrix_in(a).zip(matrix_in(b)).is_some_and(|(a, b)| same_content(&a, &b));
    }
    let size = |path: &Path| path.metadata().ok().map(|about| about.len());
    if size(a).is_none() || size(a) != size(b) {
        return false;
    }
    let open = |path: &Path| File::open(path).ok().map(|f| BufReader::with_capacity(1 << 18, f));
    let (Some(mut a), Some(mut b)) = (open(a), open(b)) else { return false };
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let Ok(n) = a.read(&mut x) else { return false };
        if n == 0 {
            return true;
        }
        let (Some(left), Some(right)) = (x.get(..n), y.get_mut(..n)) else { return false };
        if b.read_exact(right).is_err() || left != right {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_copies_are_known_in_several_languages() {
        let of = |name: &str| without_mark(name).map(|(rest, mark)| (rest.to_owned(), mark));
        for (name, mark) in [
            ("Sample (1)", "(1)"),
            ("Sample(2)", "(2)"),
            ("Sample - Copy", "copy"),
            ("Sample - Copy (3)", "copy (3)"),
            ("Sample copy 2", "copy 2"),
            ("Sample (copy)", "(copy)"),
            ("Sample - Kopie", "kopie"),
            ("Sample \u{2013} Kopie", "kopie"),
            ("Sample \u{2013} Kopie (2)", "kopie (2)"),
            ("Sample (Kopie)", "(kopie)"),
            ("Copy of Sample", "copy of"),
            ("Kopie von Sample", "kopie von"),
            ("Sample_copy", "copy"),
            ("Sample (1) - Copie", "(1) copie"),
        ] {
            assert_eq!(of(name), Some(("Sample".to_owned(), mark.to_owned())), "{name}");
        }
        for name in
            ["Sample", "Sample 2", "Sample_2", "microscopy", "(1)", "copy", "Sample (left)", "Sample (2024)"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
