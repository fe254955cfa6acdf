//! When two names are one to a reader, whatever systems and keyboards make of them.

use unicode_normalization::UnicodeNormalization;

/// What is the same for names that differ in capitals alone, or in whether a letter and its accent are one character
/// or two.
pub fn folded(name: &str) -> String {
    name.to_lowercase().nfd().collect()
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
