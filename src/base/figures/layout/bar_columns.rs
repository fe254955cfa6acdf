//! Which columns of a grid have a colour bar, and what is written along it.

use crate::core::color_scale::ColorScale;
use crate::core::display::PaneKind;
use crate::core::target::ExpressionScale;
use crate::figures::maps::{MapGrid, Row};
use crate::figures::nice;
use crate::figures::text::{self, Face};

/// A column of colour bars.
#[derive(Debug, Clone)]
pub(super) struct BarColumn {
    /// What the values are, row by row.
    pub labels: Vec<String>,
    /// Whether it also stands for the column to the left.
    pub shared: bool,
    /// Width of the widest tick label.
    pub ticks: f64,
    /// Lines of text for the label.
    pub lines: usize,
}

/// Where colour bars stand. Measured and predicted beside each other share one when all rows that have both give them
/// the same colours for values of the same meaning.
pub(super) fn bar_columns(grid: &MapGrid, em: f64) -> Vec<Option<BarColumn>> {
    let scale = |row: &Row, c: usize| row.panes.get(c).and_then(|p| p.scale);
    let meaning = |row: &Row, c: usize| row.panes.get(c).and_then(|p| p.expression);
    let rows_with_both =
        |c: usize| grid.rows.iter().filter(move |&r| scale(r, c).is_some() && scale(r, c + 1).is_some());
    let shares_with_next = |c: usize| {
        let both = |k: Option<&PaneKind>| k.is_some_and(|k| k.is_expression());
        both(grid.columns.get(c))
            && both(grid.columns.get(c + 1))
            && rows_with_both(c).next().is_some()
            && rows_with_both(c).all(|r| scale(r, c) == scale(r, c + 1) && meaning(r, c) == meaning(r, c + 1))
    };
    // In a row that lacks one of the two maps the bar is that of the other.
    let shared_meaning =
        |r: &Row, c: usize| if scale(r, c).is_some() { meaning(r, c) } else { meaning(r, c - 1) };
    let mut out = Vec::new();
    for (c, kind) in grid.columns.iter().enumerate() {
        let shared = c > 0 && shares_with_next(c - 1);
        let own = |r: &Row| scale(r, c).or_else(|| scale(r, c.checked_sub(1).filter(|_| shared)?));
        let scales: Vec<ColorScale> = grid.rows.iter().filter_map(own).collect();
        let shown = *kind != PaneKind::He && !scales.is_empty() && !shares_with_next(c);
        out.push(shown.then(|| {
            BarColumn {
                labels: grid
                    .rows
                    .iter()
                    .map(|r| bar_label(*kind, if shared { shared_meaning(r, c) } else { meaning(r, c) }))
                    .collect(),
                shared,
                ticks: scales
                    .iter()
                    .flat_map(|s| (2..=MAX_TICKS).flat_map(|most| tick_texts(*s, most)))
                    .map(|(_, t)| text::width(&t, Face::Regular, em))
                    .fold(0.0, f64::max),
                lines: 1,
            }
        }));
    }
    out
}

/// Ticks of a high colour bar.
pub(super) const MAX_TICKS: usize = 6;

/// Ticks of `scale` with their texts.
pub(super) fn tick_texts(scale: ColorScale, most: usize) -> Vec<(f64, String)> {
    let (values, decimals) = nice::ticks(f64::from(scale.low), f64::from(scale.high), most);
    values.into_iter().map(|v| (v, nice::number(v, decimals))).collect()
}

fn bar_label(kind: PaneKind, values: Option<ExpressionScale>) -> String {
    match kind.quantity() {
        Some([full, _]) => full.to_owned(),
        None => values.map(|v| v.unit().replace("log10", "log\u{2081}\u{2080}")).unwrap_or_default(),
    }
}
