//! Dense and sparse matrices, rows first. Rows are spots, columns are genes or features.

mod sparse;

use serde::{Deserialize, Serialize};

pub use sparse::{Csr, CsrBuilder, PartsError};

/// A dense row-major matrix of `rows` x `cols`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self { rows, cols, values: vec![0.0; rows * cols] }
    }

    /// From row-major values; `None` unless there are `rows * cols` of them.
    pub fn from_vec(rows: usize, cols: usize, values: Vec<f32>) -> Option<Self> {
        (rows.checked_mul(cols) == Some(values.len())).then_some(Self { rows, cols, values })
    }

    /// Value `f(row, col)` everywhere.
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f32) -> Self {
        let mut values = Vec::with_capacity(rows * cols);
        for r in 0..rows {
            values.extend((0..cols).map(|c| f(r, c)));
        }
        Self { rows, cols, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Row-major values.
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }

    /// Row-major values.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Row `r`. Panics when there is no such row.
    pub fn row(&self, r: usize) -> &[f32] {
        &self.values[r * self.cols..(r + 1) * self.cols]
    }

    /// Row `r`. Panics when there is no such row.
    pub fn row_mut(&mut self, r: usize) -> &mut [f32] {
        &mut self.values[r * self.cols..(r + 1) * self.cols]
    }

    /// The value at row `r`, column `c`. Panics outside.
    pub fn get(&self, r: usize, c: usize) -> f32 {
        self.row(r)[c]
    }

    /// Column `c`, copied.
    pub fn column(&self, c: usize) -> Vec<f32> {
        (0..self.rows).map(|r| self.get(r, c)).collect()
    }

    /// The rows one after another, also when there are no columns.
    pub fn iter_rows(&self) -> impl Iterator<Item = &[f32]> {
        (0..self.rows).map(|r| self.row(r))
    }

    /// The given rows, in the given order.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.cols);
        for &r in rows {
            values.extend_from_slice(self.row(r));
        }
        Self { rows: rows.len(), cols: self.cols, values }
    }

    /// The given columns, in the given order.
    pub fn select_cols(&self, cols: &[usize]) -> Self {
        Self::from_fn(self.rows, cols.len(), |r, c| self.get(r, cols[c]))
    }

    /// `parts` beneath each other; `None` when their widths differ.
    pub fn vstack<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut all: Option<Self> = None;
        for part in parts {
            match &mut all {
                None => all = Some(part.clone()),
                Some(a) if a.cols == part.cols => {
                    a.values.extend_from_slice(&part.values);
                    a.rows += part.rows;
                }
                Some(_) => return None,
            }
        }
        Some(all.unwrap_or_default())
    }

    /// `parts` beside each other; `None` when their heights differ.
    pub fn hstack(parts: &[&Self]) -> Option<Self> {
        let rows = parts.first().map_or(0, |p| p.rows);
        if parts.iter().any(|p| p.rows != rows) {
            return None;
        }
        let cols = parts.iter().map(|p| p.cols).sum();
        let mut values = Vec::with_capacity(rows * cols);
        for r in 0..rows {
            for p in parts {
                values.extend_from_slice(p.row(r));
            }
        }
        Some(Self { rows, cols, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacking_checks_shapes() {
        let a = Matrix::zeros(2, 3);
        assert_eq!(Matrix::vstack([&a, &Matrix::zeros(1, 3)]).map(|m| m.rows()), Some(3));
        assert!(Matrix::vstack([&a, &Matrix::zeros(1, 2)]).is_none());
        assert_eq!(Matrix::hstack(&[&a, &Matrix::zeros(2, 1)]).map(|m| m.cols()), Some(4));
        assert!(Matrix::hstack(&[&a, &Matrix::zeros(3, 1)]).is_none());
        assert!(Matrix::from_vec(2, 2, vec![0.0]).is_none());
    }
}
