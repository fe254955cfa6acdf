//! Small helpers for sentences.

/// A number of things with the right ending: "1 section", "2 sections".
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [counted(0, "fold"), counted(1, "fold"), counted(2, "fold")],
            ["0 folds", "1 fold", "2 folds"]
        );
    }
}
