//! When two names are one to a reader, whatever systems and keyboards make of them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Letters with a mark, as the letter without and the mark.
static COMPOSED: LazyLock<HashMap<char, (char, char)>> = LazyLock::new(|| {
    let mut composed = HashMap::new();
    let lines = include_str!("../../assets/composed_letters.tsv").lines();
    for (mark, pairs) in lines.filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')) {
        let Some(mark) = u32::from_str_radix(mark, 16).ok().and_then(char::from_u32) else { continue };
        for pair in pairs.split(' ') {
            let mut letters = pair.chars();
            if let (Some(letter), Some(base)) = (letters.next(), letters.next()) {
                composed.insert(letter, (base, mark));
            }
        }
    }
    composed
});

/// What is the same for names that differ in capitals alone, or in whether a letter and its accent are one character
/// or two.
pub fn folded(name: &str) -> String {
    fn push(c: char, out: &mut String) {
        match COMPOSED.get(&c) {
            Some(&(base, mark)) => {
                push(base, out);
                out.push(mark);
            }
            None => out.push(c),
        }
    }
    let mut out = String::with_capacity(name.len());
    name.to_lowercase().chars().for_each(|c| push(c, &mut out));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accent_may_be_a_character_of_its_own() {
        for (one, two) in [
            ("\u{e9}", "e\u{301}"),
            ("\u{c4}1", "a\u{308}1"),
            ("Prob\u{e9}", "PROBE\u{301}"),
            ("\u{1ed9}", "o\u{323}\u{302}"),
            ("\u{30ac}", "\u{30ab}\u{3099}"),
        ] {
            assert_eq!(folded(one), folded(two), "{one}");
        }
        assert_ne!(folded("\u{e9}"), folded("e"));
        assert_ne!(folded("\u{e9}"), folded("\u{e8}"));
        assert_eq!(folded("C2 (2)"), "c2 (2)");
    }
}
