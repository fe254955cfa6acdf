//! Small helpers for sentences.

/// A number of things with the right ending: "1 section", "2 sections", "1,084 genes".
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", thousands(n)) }
}

/// A whole number with its thousands apart: "12,345".
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How fast patches are encoded: "12 patches/s", "1,495 patches/s".
pub fn pace_text(per_second: f64) -> String {
    let number = match per_second {
        v if v < 1.0 => format!("{v:.2}"),
        v if v < 10.0 => format!("{v:.1}"),
        v => thousands(v.round() as usize),
    };
    format!("{number} patches/s")
}

/// The same text beginning with a capital letter.
pub fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// The same text beginning with a small letter.
pub fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_have_as_many_digits_as_they_need() {
        let told = [0.234, 4.06, 41.6, 1_495.2].map(pace_text);
        assert_eq!(told, ["0.23 patches/s", "4.1 patches/s", "42 patches/s", "1,495 patches/s"]);
    }

    #[test]
    fn sentences_begin_as_they_should() {
        assert_eq!(
            (upper_first("the image"), lower_first("The image")),
            ("The image".into(), "the image".into())
        );
        assert_eq!((upper_first(""), lower_first("\u{c4}rger")), (String::new(), "\u{e4}rger".into()));
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [counted(0, "fold"), counted(1, "fold"), counted(2, "fold")],
            ["0 folds", "1 fold", "2 folds"]
        );
        assert_eq!(counted(1_084, "gene"), "1,084 genes");
    }
}
