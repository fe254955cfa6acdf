//! The expression of one section as groups are compared and signatures are scored: counts, or values of any scale.

use std::ops::Range;

use crate::core::matrix::{Csr, Matrix};
use crate::core::target::ExpressionScale;

/// The expression of one section: a row per place (spot or grid point), a column per gene.
#[derive(Debug, Clone, Copy)]
pub enum Expression<'a> {
    /// Counts of all genes that were measured. The values are `ln(1 + 1e4 * count / total)`, where the total is the sum of
    /// the place over all columns, in single precision, as everywhere else in the application. Places without counts have
    /// the value 0.
    Counts(&'a Csr),
    /// Values as they are, zeros not stored: those of a file that was normalised before.
    Sparse {
        /// The values.
        values: &'a Csr,
        /// What they mean.
        scale: ExpressionScale,
    },
    /// Values as they are: predictions, or a target.
    Dense {
        /// The values.
        values: &'a Matrix,
        /// What they mean.
        scale: ExpressionScale,
    },
}

/// A value that nothing can be computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is infinite or not a number.
    NotFinite,
    /// A count below zero.
    Negative,
}

/// One value of a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The column.
    pub column: usize,
    /// The value, log-normalised where the section holds counts.
    pub value: f32,
    /// The number that is stored: the count, or the value again.
    pub stored: f32,
}

impl Expression<'_> {
    /// Number of places.
    pub fn rows(&self) -> usize {
        match self {
            Self::Counts(values) | Self::Sparse { values, .. } => values.rows(),
            Self::Dense { values, .. } => values.rows(),
        }
    }

    /// Number of genes.
    pub fn cols(&self) -> usize {
        match self {
            Self::Counts(values) | Self::Sparse { values, .. } => values.cols(),
            Self::Dense { values, .. } => values.cols(),
        }
    }

    /// What the values mean.
    pub fn scale(&self) -> ExpressionScale {
        match self {
            Self::Counts(_) => ExpressionScale::LnAll,
            Self::Sparse { scale, .. } | Self::Dense { scale, .. } => *scale,
        }
    }

    /// Whether these are counts.
    pub fn is_counts(&self) -> bool {
        matches!(self, Self::Counts(_))
    }

    /// The sum of the counts of a place; 0 where the values are no counts. Panics when there is no such place.
    pub(super) fn total(&self, place: usize) -> f64 {
        match self {
            Self::Counts(counts) => counts.row_sum(place),
            Self::Sparse { .. } | Self::Dense { .. } => 0.0,
        }
    }

    /// The columns whose values of `place` are stored; `None` where all are. Panics when there is no such place.
    pub(super) fn stored_columns(&self, place: usize) -> Option<&[u32]> {
        match self {
            Self::Counts(values) | Self::Sparse { values, .. } => Some(values.row(place).0),
            Self::Dense { .. } => None,
        }
    }

    /// Calls `each` for the values of `place` in `columns`, in ascending order, which `wanted` selects; values that are not
    /// stored are zeros and are left out. `total` is the [`Expression::total`] of the place.
    ///
    /// Panics when there is no such place.
    ///
    /// # Errors
    /// The column of the first value that is unusable, and why.
    pub(super) fn visit(
        &self,
        place: usize,
        total: f64,
        columns: Range<usize>,
        wanted: impl Fn(usize) -> bool,
        mut each: impl FnMut(Entry),
    ) -> Result<(), (usize, Flaw)> {
        let mut checked = |column: usize, stored: f32, value: f32| {
            if !value.is_finite() || !stored.is_finite() {
                return Err((column, Flaw::NotFinite));
            }
            each(Entry { column, value, stored });
            Ok(())
        };
        match self {
            Self::Counts(counts) => {
                for (column, count) in between(counts.row(place), columns).filter(|&(c, _)| wanted(c)) {
                    if count < 0.0 {
                        return Err((column, Flaw::Negative));
                    }
                    let value = ExpressionScale::LnAll.value(f64::from(count), total);
                    checked(column, count, if total.is_finite() { value as f32 } else { f32::NAN })?;
                }
            }
            Self::Sparse { values, .. } => {
                for (column, value) in between(values.row(place), columns).filter(|&(c, _)| wanted(c)) {
                    checked(column, value, value)?;
                }
            }
            Self::Dense { values, .. } => {
                let row = values.row(place).iter().copied().enumerate();
                let within = row.take(columns.end).skip(columns.start);
                for (column, value) in within.filter(|&(c, _)| wanted(c)) {
                    checked(column, value, value)?;
                }
            }
        }
        Ok(())
    }
}

/// The stored entries of a row whose columns lie in `columns`.
fn between<'a>(
    (indices, values): (&'a [u32], &'a [f32]),
    columns: Range<usize>,
) -> impl Iterator<Item = (usize, f32)> + 'a {
    let start = indices.partition_point(|&c| (c as usize) < columns.start);
    let end = start + indices[start..].partition_point(|&c| (c as usize) < columns.end);
    indices[start..end].iter().zip(&values[start..end]).map(|(&c, &v)| (c as usize, v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::CsrBuilder;

    fn row(values: &[f32]) -> Csr {
        let mut b = CsrBuilder::new(values.len());
        for (c, &v) in values.iter().enumerate() {
            assert!(b.push(c, v));
        }
        b.end_row();
        b.finish()
    }

    fn visited(
        expression: Expression<'_>,
        columns: Range<usize>,
    ) -> Result<Vec<(usize, f32)>, (usize, Flaw)> {
        let mut seen = Vec::new();
        expression.visit(0, expression.total(0), columns, |c| c != 3, |e| seen.push((e.column, e.value)))?;
        Ok(seen)
    }

    #[test]
    fn counts_are_log_normalised_over_all_columns() {
        let counts = row(&[1.0, 0.0, 2.0, 1.0, 4.0]);
        let expected = vec![(0, 1251f64.ln() as f32), (2, 2501f64.ln() as f32), (4, 5001f64.ln() as f32)];
        assert_eq!(visited(Expression::Counts(&counts), 0..5), Ok(expected.clone()));
        assert_eq!(visited(Expression::Counts(&counts), 1..3), Ok(expected[1..2].to_vec()));
        assert_eq!(visited(Expression::Counts(&row(&[0.0; 4])), 0..4), Ok(vec![]));
    }

    #[test]
    fn other_values_stay_what_they_are() {
        let scale = ExpressionScale::AsInFile;
        let dense = Matrix::from_vec(1, 3, vec![-1.0, 0.0, 2.0]).unwrap();
        let all = [(0, -1.0), (1, 0.0), (2, 2.0)];
        assert_eq!(visited(Expression::Dense { values: &dense, scale }, 0..9), Ok(all.to_vec()));
        let sparse = row(&[-1.0, 0.0, 2.0]);
        assert_eq!(visited(Expression::Sparse { values: &sparse, scale }, 0..3), Ok(vec![all[0], all[2]]));
    }

    #[test]
    fn unusable_values_are_named() {
        let scale = ExpressionScale::LnAll;
        assert_eq!(visited(Expression::Counts(&row(&[1.0, -2.0])), 0..2), Err((1, Flaw::Negative)));
        assert_eq!(visited(Expression::Counts(&row(&[1.0, f32::INFINITY])), 1..2), Err((1, Flaw::NotFinite)));
        let sparse = row(&[1.0, f32::NAN]);
        assert_eq!(visited(Expression::Sparse { values: &sparse, scale }, 0..2), Err((1, Flaw::NotFinite)));
    }
}
