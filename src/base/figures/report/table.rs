//! Widths of the columns of a table, and the lines of its cells.

use super::{Column, Table};
use crate::figures::text::{self, Face};

/// Between columns.
pub(super) const PADDING: f64 = 3.0;

pub(super) fn face(column: &Column) -> Face {
    if column.italic { Face::Italic } else { Face::Regular }
}

/// Widths of the columns, which together take at most `room`: as their texts ask for, and where that is too much, the widest
/// give way.
pub(super) fn widths(table: &Table, em: f64, room: f64) -> Vec<f64> {
    let count = table.columns.len();
    let room = room - PADDING * (count.max(1) - 1) as f64;
    let mut widths: Vec<f64> = table
        .columns
        .iter()
        .enumerate()
        .map(|(c, column)| {
            let cells = table.rows.iter().filter_map(|r| r.get(c)).map(|t| text::width(t, face(column), em));
            // A hair more, so that rounding breaks no line.
            cells.fold(text::width(&column.name, Face::Bold, em), f64::max) + 1e-6
        })
        .collect();
    // The level to which the widest are cut so that all fit.
    let mut sorted = widths.clone();
    sorted.sort_by(f64::total_cmp);
    let mut left = room;
    for (i, width) in sorted.iter().enumerate() {
        let level = left / (count - i) as f64;
        if *width > level {
            widths.iter_mut().for_each(|w| *w = w.min(level));
            break;
        }
        left -= width;
    }
    widths
}

/// The lines of each cell of a row.
pub(super) fn lines(table: &Table, row: &[String], widths: &[f64], em: f64) -> Vec<Vec<String>> {
    let cells = row.iter().zip(&table.columns).zip(widths);
    cells.map(|((cell, column), width)| text::paragraph(cell, face(column), em, *width)).collect()
}

/// The lines of the names of the columns.
pub(super) fn header(table: &Table, widths: &[f64], em: f64) -> Vec<Vec<String>> {
    let columns = table.columns.iter().zip(widths);
    columns.map(|(column, width)| text::paragraph(&column.name, Face::Bold, em, *width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way() {
        let table = Table {
            columns: vec![Column::words("a"), Column::words("b"), Column::words("c")],
            rows: vec![vec!["xx".into(), "x".repeat(40), "x".repeat(80)]],
            caption: None,
        };
        let natural = widths(&table, 3.0, 1000.0);
        assert!(natural[0] < natural[1] && natural[1] < natural[2]);
        let tight = widths(&table, 3.0, 100.0);
        assert_eq!(tight[0], natural[0]);
        assert!((tight.iter().sum::<f64>() + 2.0 * PADDING - 100.0).abs() < 1e-3);
        assert_eq!(tight[1], tight[2]);
    }
}
