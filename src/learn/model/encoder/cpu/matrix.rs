//! Matrix products of row-major slices.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// `out = a b^T` with `a: rows x inner` and `b: columns x inner`.
pub(super) fn times_transposed(
    out: &mut [f32],
    a: &[f32],
    b: &[f32],
    rows: usize,
    inner: usize,
    columns: usize,
    par: Par,
) {
    let a = MatRef::from_row_major_slice(&a[..rows * inner], rows, inner);
    let b = MatRef::from_row_major_slice(&b[..columns * inner], columns, inner);
    matmul(whole_mut(out, rows, columns), Accum::Replace, a, b.transpose(), 1.0, par);
}

/// A part of a row-major matrix: `rows x columns`, rows `stride` apart.
pub(super) fn part(values: &[f32], rows: usize, columns: usize, stride: usize) -> MatRef<'_, f32> {
    let end = if rows == 0 { 0 } else { (rows - 1) * stride + columns };
    MatRef::from_row_major_slice_with_stride(&values[..end], rows, columns, stride)
}

/// A whole row-major matrix, to be written to.
pub(super) fn whole_mut(values: &mut [f32], rows: usize, columns: usize) -> MatMut<'_, f32> {
    MatMut::from_row_major_slice_mut(&mut values[..rows * columns], rows, columns)
}
