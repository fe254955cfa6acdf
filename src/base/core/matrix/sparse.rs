//! Sparse matrices in compressed rows.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::Matrix;

/// A sparse matrix in compressed rows. Built through [`CsrBuilder`] or [`Csr::from_parts`], so its parts always
/// agree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Csr {
    cols: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

/// Why parts do not make a [`Csr`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartsError {
    /// The row starts do not begin at 0, decrease, or do not end at the number of values.
    Starts,
    /// There are not as many columns as values.
    Lengths,
    /// A value of this row lies in a column that does not exist.
    Column {
        /// The row.
        row: usize,
        /// The column.
        column: u32,
    },
}

impl Csr {
    /// From compressed rows: row `r` holds the columns `indices[starts[r]..starts[r + 1]]`, in any order, and
    /// the values at the same places. Works in place: rows are sorted by column, values of the same column
    /// added up, zeros dropped.
    ///
    /// # Errors
    /// [`PartsError`] when the parts do not fit each other.
    pub fn from_parts(
        cols: usize,
        starts: Vec<usize>,
        mut indices: Vec<u32>,
        mut values: Vec<f32>,
    ) -> Result<Self, PartsError> {
        if indices.len() != values.len() {
            return Err(PartsError::Lengths);
        }
        if starts.first() != Some(&0) || starts.last() != Some(&values.len()) || !starts.is_sorted() {
            return Err(PartsError::Starts);
        }
        // Blocks of rows with their part of both lists, so that they can be sorted side by side.
        const ROWS: usize = 512;
        let mut blocks = Vec::new();
        let (mut rest_i, mut rest_v) = (&mut indices[..], &mut values[..]);
        let mut first = 0;
        while first + 1 < starts.len() {
            let end = (first + ROWS).min(starts.len() - 1);
            let len = starts[end] - starts[first];
            let (i, others_i) = rest_i.split_at_mut(len);
            let (v, others_v) = rest_v.split_at_mut(len);
            (rest_i, rest_v) = (others_i, others_v);
            blocks.push((first, &starts[first..=end], i, v));
            first = end;
        }
        let tidy: Vec<bool> = blocks
            .into_par_iter()
            .map(|(first, starts, i, v)| sort_rows(cols, first, starts, i, v))
            .collect::<Result<_, _>>()?;
        let mut matrix = Self { cols, starts, indices, values };
        if tidy.contains(&false) {
            matrix.compact();
        }
        Ok(matrix)
    }

    /// Adds up neighbouring values of the same column and drops zeros; the rows are sorted.
    fn compact(&mut self) {
        let mut to = 0;
        let mut from = 0;
        for r in 0..self.rows() {
            let start = to;
            let end = self.starts[r + 1];
            while from < end {
                let (column, mut sum) = (self.indices[from], self.values[from]);
                from += 1;
                while from < end && self.indices[from] == column {
                    sum += self.values[from];
                    from += 1;
                }
                if sum != 0.0 {
                    self.indices[to] = column;
                    self.values[to] = sum;
                    to += 1;
                }
            }
            self.starts[r] = start;
        }
        if let Some(last) = self.starts.last_mut() {
            *last = to;
        }
        self.indices.truncate(to);
        self.values.truncate(to);
    }

    /// The columns for which `keep` says so, in order. Works in place, a column at `keep.len()` or beyond goes.
    pub fn keep_cols(&mut self, keep: &[bool]) {
        let mut next = 0;
        let new: Vec<Option<u32>> = (0..self.cols)
            .map(|c| {
                let kept = keep.get(c).copied().unwrap_or(false);
                kept.then(|| {
                    next += 1;
                    next - 1
                })
            })
            .collect();
        let mut to = 0;
        let mut from = 0;
        for r in 0..self.rows() {
            let start = to;
            for at in from..self.starts[r + 1] {
                if let Some(column) = new[self.indices[at] as usize] {
                    self.indices[to] = column;
                    self.values[to] = self.values[at];
                    to += 1;
                }
            }
            from = self.starts[r + 1];
            self.starts[r] = start;
        }
        if let Some(last) = self.starts.last_mut() {
            *last = to;
        }
        self.indices.truncate(to);
        self.values.truncate(to);
        self.cols = next as usize;
    }

    /// All stored values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Row, column and value of the first stored value that is `wrong`.
    pub fn find(&self, wrong: impl Fn(f32) -> bool + Sync) -> Option<(usize, usize, f32)> {
        let at = self.values.par_iter().position_first(|&v| wrong(v))?;
        let row = self.starts.partition_point(|&start| start <= at).saturating_sub(1);
        Some((row, *self.indices.get(at)? as usize, *self.values.get(at)?))
    }

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

/// Sorts each row of a block by column. False when a column repeats in a row or a value is zero.
fn sort_rows(
    cols: usize,
    first: usize,
    starts: &[usize],
    indices: &mut [u32],
    values: &mut [f32],
) -> Result<bool, PartsError> {
    let mut tidy = true;
    let mut scratch: Vec<(u32, f32)> = Vec::new();
    for (r, range) in starts.windows(2).enumerate() {
        let range = range[0] - starts[0]..range[1] - starts[0];
        let (i, v) = (&mut indices[range.clone()], &mut values[range]);
        if !i.is_sorted_by(|a, b| a < b) {
            scratch.clear();
            scratch.extend(i.iter().copied().zip(v.iter().copied()));
            // Stable, so that values of the same column are added up in the order of the file.
            scratch.sort_by_key(|&(c, _)| c);
            for ((i, v), &(c, value)) in i.iter_mut().zip(v.iter_mut()).zip(&scratch) {
                (*i, *v) = (c, value);
            }
            tidy &= i.is_sorted_by(|a, b| a < b);
        }
        if let Some(&column) = i.last().filter(|&&c| c as usize >= cols) {
            return Err(PartsError::Column { row: first + r, column });
        }
        tidy &= v.iter().all(|&v| v != 0.0);
    }
    Ok(tidy)
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
    fn parts_are_checked_sorted_and_summed() {
        let made = Csr::from_parts(3, vec![0, 3, 3, 5], vec![2, 0, 2, 1, 0], vec![5.0, 1.0, 1.0, 4.0, 0.0]);
        assert_eq!(made, Ok(sample()));
        let of = |starts: &[usize], indices: &[u32], values: &[f32]| {
            Csr::from_parts(3, starts.to_vec(), indices.to_vec(), values.to_vec())
        };
        assert_eq!(of(&[0], &[], &[]).map(|m| m.rows()), Ok(0));
        assert_eq!(of(&[0, 1], &[3], &[1.0]), Err(PartsError::Column { row: 0, column: 3 }));
        assert_eq!(of(&[0, 1], &[0], &[]), Err(PartsError::Lengths));
        for starts in [&[][..], &[0], &[1, 1], &[0, 2, 1], &[0, 2]] {
            assert_eq!(of(starts, &[0], &[1.0]), Err(PartsError::Starts), "{starts:?}");
        }
        // More rows than one block, each backwards.
        let rows = 1300;
        let starts: Vec<usize> = (0..=rows).map(|r| r * 2).collect();
        let indices: Vec<u32> = (0..rows * 2).map(|i| 1 - (i % 2) as u32).collect();
        let values: Vec<f32> = (0..rows * 2).map(|i| i as f32 + 1.0).collect();
        let m = Csr::from_parts(2, starts, indices, values).unwrap();
        assert_eq!((m.get(1299, 0), m.get(1299, 1), m.get(600, 1)), (2600.0, 2599.0, 1201.0));
    }

    #[test]
    fn columns_are_kept_in_order() {
        let mut m = sample();
        m.keep_cols(&[false, true, true]);
        assert_eq!((m.rows(), m.cols(), m.nnz()), (3, 2, 2));
        assert_eq!((m.get(0, 1), m.get(2, 0), m.row_sum(1)), (6.0, 4.0, 0.0));
        m.keep_cols(&[]);
        assert_eq!((m.rows(), m.cols(), m.nnz()), (3, 0, 0));
    }

    #[test]
    fn dense_columns_may_repeat_and_miss() {
        let d = sample().dense_columns(&[Some(2), None, Some(2), Some(1)]);
        assert_eq!(d.row(0), [6.0, 0.0, 6.0, 0.0]);
        assert_eq!(d.row(2), [0.0, 0.0, 0.0, 4.0]);
    }
}
