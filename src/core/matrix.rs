//! Dense and sparse matrices, rows first. Rows are spots, columns are genes or features.

use serde::{Deserialize, Serialize};

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

    /// Row-major values.
    pub fn into_vec(self) -> Vec<f32> {
        self.values
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

/// A sparse matrix in compressed rows. Built through [`CsrBuilder`], so its parts always agree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    cols: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Csr {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of stored values.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// The stored columns and values of row `r`, by ascending column. Panics when there is no such row.
    pub fn row(&self, r: usize) -> (&[u32], &[f32]) {
        let range = self.starts[r]..self.starts[r + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// The value at row `r`, column `c`; 0 where nothing is stored.
    pub fn get(&self, r: usize, c: usize) -> f32 {
        let (cols, values) = self.row(r);
        u32::try_from(c).ok().and_then(|c| cols.binary_search(&c).ok()).map_or(0.0, |i| values[i])
    }

    /// The sum of row `r`, exact for counts.
    pub fn row_sum(&self, r: usize) -> f64 {
        self.row(r).1.iter().map(|&v| f64::from(v)).sum()
    }

    /// The sum of all values, exact for counts.
    pub fn sum(&self) -> f64 {
        self.values.iter().map(|&v| f64::from(v)).sum()
    }

    /// The sums of the columns, exact for counts.
    pub fn col_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.cols];
        for (&c, &v) in self.indices.iter().zip(&self.values) {
            sums[c as usize] += f64::from(v);
        }
        sums
    }

    /// In how many rows each column is above zero.
    pub fn col_nonzeros(&self) -> Vec<usize> {
        let mut counts = vec![0; self.cols];
        for (&c, &v) in self.indices.iter().zip(&self.values) {
            counts[c as usize] += usize::from(v > 0.0);
        }
        counts
    }

    /// The given rows, in the given order.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut b = CsrBuilder::new(self.cols);
        for &r in rows {
            let (cols, values) = self.row(r);
            b.indices.extend_from_slice(cols);
            b.values.extend_from_slice(values);
            b.end_row();
        }
        b.finish()
    }

    /// The given columns as a dense matrix (`rows` x `cols.len()`); `None` in `cols` gives a column of zeros.
    pub fn dense_columns(&self, cols: &[Option<usize>]) -> Matrix {
        // One pass over the stored values: where each source column goes, as linked lists, since one
        // source column may be asked for twice.
        let mut first = vec![usize::MAX; self.cols];
        let mut next = vec![usize::MAX; cols.len()];
        for (to, from) in cols.iter().enumerate() {
            if let Some(slot) = from.and_then(|f| first.get_mut(f)) {
                next[to] = *slot;
                *slot = to;
            }
        }
        let mut out = Matrix::zeros(self.rows(), cols.len());
        for r in 0..self.rows() {
            let (indices, values) = self.row(r);
            let row = out.row_mut(r);
            for (&c, &v) in indices.iter().zip(values) {
                let mut to = first[c as usize];
                while to != usize::MAX {
                    row[to] = v;
                    to = next[to];
                }
            }
        }
        out
    }
}

/// Builds a [`Csr`] row by row.
#[derive(Debug)]
pub struct CsrBuilder {
    cols: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl CsrBuilder {
    /// An empty matrix of `cols` columns.
    pub fn new(cols: usize) -> Self {
        Self { cols, starts: vec![0], indices: Vec::new(), values: Vec::new() }
    }

    /// Adds a value to the current row; zeros are not stored. False when the column does not exist.
    #[must_use]
    pub fn push(&mut self, col: usize, value: f32) -> bool {
        let Some(index) = u32::try_from(col).ok().filter(|_| col < self.cols) else { return false };
        if value != 0.0 {
            self.indices.push(index);
            self.values.push(value);
        }
        true
    }

    /// Ends the current row: sorts it by column and adds up values of the same column.
    pub fn end_row(&mut self) {
        let start = self.starts.last().copied().unwrap_or(0);
        if !self.indices[start..].is_sorted_by(|a, b| a < b) {
            let mut row: Vec<(u32, f32)> =
                self.indices[start..].iter().copied().zip(self.values[start..].iter().copied()).collect();
            row.sort_by_key(|&(c, _)| c);
            self.indices.truncate(start);
            self.values.truncate(start);
            for (c, v) in row {
                match self.values.last_mut() {
                    Some(last) if self.indices.len() > start && self.indices.last() == Some(&c) => *last += v,
                    _ => {
                        self.indices.push(c);
                        self.values.push(v);
                    }
                }
            }
        }
        self.starts.push(self.indices.len());
    }

    /// The finished matrix.
    pub fn finish(self) -> Csr {
        Csr { cols: self.cols, starts: self.starts, indices: self.indices, values: self.values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Csr {
        let mut b = CsrBuilder::new(3);
        assert!(b.push(2, 5.0) && b.push(0, 1.0) && b.push(2, 1.0));
        b.end_row();
        b.end_row();
        assert!(b.push(1, 4.0) && b.push(0, 0.0));
        b.end_row();
        assert!(!b.push(3, 1.0));
        b.finish()
    }

    #[test]
    fn rows_are_sorted_and_summed() {
        let m = sample();
        assert_eq!((m.rows(), m.cols(), m.nnz()), (3, 3, 3));
        assert_eq!(m.row(0), (&[0, 2][..], &[1.0, 6.0][..]));
        assert_eq!((m.get(0, 2), m.get(1, 2), m.sum(), m.row_sum(2)), (6.0, 0.0, 11.0, 4.0));
        assert_eq!(m.col_sums(), [1.0, 4.0, 6.0]);
        assert_eq!(m.col_nonzeros(), [1, 1, 1]);
        assert_eq!(m.select_rows(&[2, 0]).row_sum(1), 7.0);
    }

    #[test]
    fn dense_columns_may_repeat_and_miss() {
        let d = sample().dense_columns(&[Some(2), None, Some(2), Some(1)]);
        assert_eq!(d.row(0), [6.0, 0.0, 6.0, 0.0]);
        assert_eq!(d.row(2), [0.0, 0.0, 0.0, 4.0]);
    }

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
