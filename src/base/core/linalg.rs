//! Dense linear algebra in double precision on tall [`Matrix`] data, a block of rows at a time, so that a
//! section of 100,000 spots never needs a second copy of itself.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Side, get_global_parallelism};

use crate::core::matrix::Matrix;

/// Rows that are converted to double precision at a time.
const BLOCK_ROWS: usize = 2048;

/// The mean of each column over the given rows; zeros when there are no rows.
pub fn column_means(x: &Matrix, rows: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; x.cols()];
    for &r in rows {
        for (s, &v) in sums.iter_mut().zip(x.row(r)) {
            *s += f64::from(v);
        }
    }
    let n = rows.len().max(1) as f64;
    sums.iter_mut().for_each(|s| *s /= n);
    sums
}

/// The given rows minus `mean` (one a column): `rows.len() x cols`.
pub fn centered_rows(x: &Matrix, rows: &[usize], mean: &[f64]) -> Mat<f64> {
    let values = centered_values(x, rows, mean);
    MatRef::from_row_major_slice(&values, rows.len(), x.cols()).to_owned()
}

fn centered_values(x: &Matrix, rows: &[usize], mean: &[f64]) -> Vec<f64> {
    let mut values = Vec::with_capacity(rows.len() * x.cols());
    for &r in rows {
        values.extend(x.row(r).iter().zip(mean).map(|(&v, m)| f64::from(v) - m));
    }
    values
}

/// `(x - mean)ᵀ (x - mean)` over the given rows: `cols x cols`, symmetric.
pub fn gram(x: &Matrix, rows: &[usize], mean: &[f64]) -> Mat<f64> {
    let p = x.cols();
    let mut sum = Mat::zeros(p, p);
    for block in rows.chunks(BLOCK_ROWS) {
        let values = centered_values(x, block, mean);
        let b = MatRef::from_row_major_slice(&values, block.len(), p);
        triangular::matmul(
            sum.as_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            b.transpose(),
            BlockStructure::Rectangular,
            b,
            BlockStructure::Rectangular,
            1.0,
            get_global_parallelism(),
        );
    }
    mirror_lower(&mut sum);
    sum
}

/// `(x - mean) (x - mean)ᵀ` over the given rows: `rows.len() x rows.len()`, symmetric. For few rows and
/// many columns.
pub fn outer_gram(x: &Matrix, rows: &[usize], mean: &[f64]) -> Mat<f64> {
    let values = centered_values(x, rows, mean);
    let b = MatRef::from_row_major_slice(&values, rows.len(), x.cols());
    let mut out = Mat::zeros(rows.len(), rows.len());
    triangular::matmul(
        out.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        b,
        BlockStructure::Rectangular,
        b.transpose(),
        BlockStructure::Rectangular,
        1.0,
        get_global_parallelism(),
    );
    mirror_lower(&mut out);
    out
}

/// `(x - x_mean)ᵀ (y - y_mean)` over the given rows: `x.cols() x y.cols()`.
pub fn cross(x: &Matrix, x_mean: &[f64], y: &Matrix, y_mean: &[f64], rows: &[usize]) -> Mat<f64> {
    let mut sum = Mat::zeros(x.cols(), y.cols());
    for block in rows.chunks(BLOCK_ROWS) {
        let xs = centered_values(x, block, x_mean);
        let ys = centered_values(y, block, y_mean);
        matmul(
            sum.as_mut(),
            Accum::Add,
            MatRef::from_row_major_slice(&xs, block.len(), x.cols()).transpose(),
            MatRef::from_row_major_slice(&ys, block.len(), y.cols()),
            1.0,
            get_global_parallelism(),
        );
    }
    sum
}

fn mirror_lower(m: &mut Mat<f64>) {
    for c in 1..m.ncols() {
        for r in 0..c {
            m[(r, c)] = m[(c, r)];
        }
    }
}

/// `a b`.
pub fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, get_global_parallelism());
    out
}

/// `x coefficients + intercept`, where `coefficients` has a row for each column of `x` and `intercept` a
/// value for each column of `coefficients`: `x.rows() x coefficients.cols()`.
pub fn affine(x: &Matrix, coefficients: &Matrix, intercept: &[f32]) -> Matrix {
    let weights = centered_rows(coefficients, &all_rows(coefficients), &vec![0.0; coefficients.cols()]);
    let zero = vec![0.0; x.cols()];
    let mut values = Vec::with_capacity(x.rows() * coefficients.cols());
    for block in all_rows(x).chunks(BLOCK_ROWS) {
        let rows = centered_rows(x, block, &zero);
        let out = product(rows.as_ref(), weights.as_ref());
        for r in 0..block.len() {
            values.extend(intercept.iter().enumerate().map(|(c, &i)| (out[(r, c)] + f64::from(i)) as f32));
        }
    }
    Matrix::from_vec(x.rows(), coefficients.cols(), values).unwrap_or_default()
}

/// The indices of all rows.
pub fn all_rows(x: &Matrix) -> Vec<usize> {
    (0..x.rows()).collect()
}

/// Eigenvalues of a symmetric matrix, largest first, and their unit eigenvectors, one a column.
#[derive(Debug, Clone)]
pub struct SymmetricEigen {
    /// Largest first.
    pub values: Vec<f64>,
    /// Column `i` belongs to `values[i]`.
    pub vectors: Mat<f64>,
}

/// The eigen-decomposition of a symmetric matrix, of which the lower half is read. `None` when it does
/// not converge, which happens only where values are not finite.
pub fn symmetric_eigen(a: &Mat<f64>) -> Option<SymmetricEigen> {
    let n = a.nrows();
    let eigen = a.self_adjoint_eigen(Side::Lower).ok()?;
    let ascending: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let values: Vec<f64> = ascending.into_iter().rev().collect();
    if values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let u = eigen.U();
    Some(SymmetricEigen { values, vectors: Mat::from_fn(n, n, |r, c| u[(r, n - 1 - c)]) })
}

/// In single precision, rows first.
pub fn to_matrix(m: MatRef<'_, f64>) -> Matrix {
    Matrix::from_fn(m.nrows(), m.ncols(), |r, c| m[(r, c)] as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Matrix {
        Matrix::from_fn(5000, 3, |r, c| ((r * 7 + c * 3) % 11) as f32 - c as f32)
    }

    #[test]
    fn grams_agree_with_sums_over_blocks() {
        let x = sample();
        let rows: Vec<usize> = (0..5000).step_by(2).collect();
        let mean = column_means(&x, &rows);
        let g = gram(&x, &rows, &mean);
        let c = cross(&x, &mean, &x, &mean, &rows);
        for i in 0..3 {
            for j in 0..3 {
                let by_hand: f64 = rows
                    .iter()
                    .map(|&r| (f64::from(x.get(r, i)) - mean[i]) * (f64::from(x.get(r, j)) - mean[j]))
                    .sum();
                assert!((g[(i, j)] - by_hand).abs() < 1e-6, "{i} {j}: {} {by_hand}", g[(i, j)]);
                assert!((c[(i, j)] - by_hand).abs() < 1e-6);
            }
        }
        let few = [0, 1, 2, 3];
        let o = outer_gram(&x, &few, &mean);
        let b = centered_rows(&x, &few, &mean);
        let full = product(b.as_ref(), b.transpose());
        for i in 0..4 {
            for j in 0..4 {
                assert!((o[(i, j)] - full[(i, j)]).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn affine_by_hand() {
        let x = Matrix::from_fn(3000, 2, |r, c| if c == 0 { r as f32 } else { 1.0 });
        let b = Matrix::from_vec(2, 2, vec![2.0, 0.0, 0.5, -1.0]).unwrap();
        let y = affine(&x, &b, &[10.0, 0.25]);
        assert_eq!((y.row(0), y.row(2999)), (&[10.5, -0.75][..], &[6008.5, -0.75][..]));
    }

    #[test]
    fn eigenvalues_come_largest_first() {
        let a = Mat::from_fn(2, 2, |r, c| if r == c { 2.0 } else { 1.0 });
        let e = symmetric_eigen(&a).unwrap();
        assert!((e.values[0] - 3.0).abs() < 1e-12 && (e.values[1] - 1.0).abs() < 1e-12);
        assert!((e.vectors[(0, 0)].abs() - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((e.vectors[(0, 0)] - e.vectors[(1, 0)]).abs() < 1e-12);
        assert!(symmetric_eigen(&Mat::from_fn(2, 2, |_, _| f64::NAN)).is_none());
    }
}
