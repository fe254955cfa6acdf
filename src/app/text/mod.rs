//! What is shown as text: numbers, the words of the field, and tables.

pub mod score_table;
pub mod sorting;
pub mod steps;
pub mod terms;

/// A score with three digits; a dash where it is undefined.
pub fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "\u{2013}".to_owned(), |v| format!("{v:.3}"))
}
