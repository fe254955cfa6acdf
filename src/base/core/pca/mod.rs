//! Principal components of dense and sparse matrices. Reducing expression to its first few components takes out
//! counting noise that single genes carry and that no image can predict.
//!
//! Where spots or genes are few, the components are the eigenvectors of the smaller of the two Gram matrices. Where
//! both are many, they are found by block Lanczos iteration, which never forms a Gram matrix.

mod lanczos;
mod values;

use faer::Mat;
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::linalg;
use crate::core::matrix::{Csr, Matrix};

use values::Values;

/// Components smaller than this share of the largest variance are rounding noise.
const NEGLIGIBLE: f64 = 1e-12;
/// The largest Gram matrix that is decomposed as a whole: 32 MiB, a few seconds.
const MAX_GRAM: usize = 2048;

/// Principal components of `g` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    mean: Vec<f32>,
    components: Matrix,
    variances: Vec<f64>,
}

/// Components could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PcaError {
    /// There is nothing to compute from.
    #[error("Principal components need at least one spot and one gene")]
    Empty,
    /// A value is infinite or not a number.
    #[error("Principal components need finite values")]
    NotFinite,
    /// The matrix given later has other columns.
    #[error("The principal components are of {expected} columns, not {found}")]
    Width {
        /// Columns fitted on.
        expected: usize,
        /// Columns given.
        found: usize,
    },
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Pca {
    /// The first `k` components of `x` (`n x g`), or as many as `x` has; deterministic, the largest entry
    /// of each component being positive.
    ///
    /// # Errors
    /// [`PcaError`] when `x` is empty or not finite, or on cancel.
    pub fn fit(x: &Matrix, k: usize, cancel: &CancelToken) -> Result<Self, PcaError> {
        Self::fit_values(Values::Dense(x), k, MAX_GRAM, cancel)
    }

    /// As [`Pca::fit`], of a sparse matrix, which is centred without becoming dense.
    ///
    /// # Errors
    /// As [`Pca::fit`].
    pub fn fit_sparse(x: &Csr, k: usize, cancel: &CancelToken) -> Result<Self, PcaError> {
        Self::fit_values(Values::Sparse(x), k, MAX_GRAM, cancel)
    }

    fn fit_values(x: Values<'_>, k: usize, max_gram: usize, cancel: &CancelToken) -> Result<Self, PcaError> {
        let (n, g) = (x.rows(), x.cols());
        if n == 0 || g == 0 {
            return Err(PcaError::Empty);
        }
        if !x.is_finite() {
            return Err(PcaError::NotFinite);
        }
        cancel.check()?;
        let mean = x.column_means();
        let (values, loadings) = if n.min(g) > max_gram && lanczos::fits(n.min(g), k) {
            lanczos::largest(x, &mean, k, cancel)?
        } else {
            from_gram(x, &mean, k, cancel)?
        };
        let kept = count_kept(&values, k);
        let components = Matrix::from_fn(kept, g, |c, j| (loadings[(j, c)] * sign(&loadings, c)) as f32);
        let freedom = n.saturating_sub(1).max(1) as f64;
        let variances = values.iter().take(kept).map(|v| v / freedom).collect();
        Ok(Self { mean: mean.into_iter().map(|m| m as f32).collect(), components, variances })
    }

    /// Number of components.
    pub fn rank(&self) -> usize {
        self.components.rows()
    }

    /// The mean of each column: `g`.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// One component a row, of unit length: `k x g`.
    pub fn components(&self) -> &Matrix {
        &self.components
    }

    /// The variance along each component, largest first.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// Coordinates along the components: `n x k`.
    ///
    /// # Errors
    /// [`PcaError::Width`] when `x` has other columns.
    pub fn project(&self, x: &Matrix) -> Result<Matrix, PcaError> {
        self.check(x.cols())?;
        let mut out = Matrix::zeros(x.rows(), self.rank());
        let width = self.rank().max(1);
        out.as_mut_slice().par_chunks_mut(width).enumerate().for_each(|(r, to)| {
            for (to, s) in to.iter_mut().zip(self.scores(x.row(r))) {
                *to = s as f32;
            }
        });
        Ok(out)
    }

    /// As [`Pca::project`], of a sparse matrix.
    ///
    /// # Errors
    /// As [`Pca::project`].
    pub fn project_sparse(&self, x: &Csr) -> Result<Matrix, PcaError> {
        self.check(x.cols())?;
        let at_zero: Vec<f64> = self.scores(&vec![0.0; x.cols()]);
        let mut out = Matrix::zeros(x.rows(), self.rank());
        let width = self.rank().max(1);
        out.as_mut_slice().par_chunks_mut(width).enumerate().for_each(|(r, to)| {
            let (columns, values) = x.row(r);
            for ((to, component), zero) in to.iter_mut().zip(self.components.iter_rows()).zip(&at_zero) {
                let stored = columns.iter().zip(values);
                let sum: f64 = stored.map(|(&c, &v)| f64::from(component[c as usize]) * f64::from(v)).sum();
                *to = (sum + zero) as f32;
            }
        });
        Ok(out)
    }

    /// `x` reduced to the components, in its own columns: `n x g`.
    ///
    /// # Errors
    /// [`PcaError::Width`] when `x` has other columns.
    pub fn denoise(&self, x: &Matrix) -> Result<Matrix, PcaError> {
        self.check(x.cols())?;
        let mut out = Matrix::zeros(x.rows(), x.cols());
        let width = x.cols().max(1);
        out.as_mut_slice().par_chunks_mut(width).enumerate().for_each(|(r, to)| {
            let mut sum: Vec<f64> = self.mean.iter().map(|&m| f64::from(m)).collect();
            for (score, component) in self.scores(x.row(r)).into_iter().zip(self.components.iter_rows()) {
                for (s, &c) in sum.iter_mut().zip(component) {
                    *s += score * f64::from(c);
                }
            }
            for (to, s) in to.iter_mut().zip(sum) {
                *to = s as f32;
            }
        });
        Ok(out)
    }

    fn check(&self, found: usize) -> Result<(), PcaError> {
        let expected = self.mean.len();
        if expected == found { Ok(()) } else { Err(PcaError::Width { expected, found }) }
    }

    fn scores(&self, row: &[f32]) -> Vec<f64> {
        self.components
            .iter_rows()
            .map(|c| {
                c.iter()
                    .zip(row.iter().zip(&self.mean))
                    .map(|(&c, (&v, &m))| f64::from(c) * (f64::from(v) - f64::from(m)))
                    .sum()
            })
            .collect()
    }
}

/// How many of the first `k` of these values, largest first, are more than rounding noise.
fn count_kept(values: &[f64], k: usize) -> usize {
    let largest = values.first().copied().unwrap_or(0.0);
    values.iter().take(k).take_while(|&&v| v > largest * NEGLIGIBLE).count()
}

/// The largest eigenvalues of the centred `xᵀ x`, from the smaller of the two Gram matrices, and their eigenvectors, one
/// a column: `k`, or as many as there are.
fn from_gram(
    x: Values<'_>,
    mean: &[f64],
    k: usize,
    cancel: &CancelToken,
) -> Result<(Vec<f64>, Mat<f64>), PcaError> {
    let n = x.rows();
    let wide = n < x.cols();
    let gram = if wide { x.outer_gram(mean) } else { x.gram(mean, cancel)? };
    cancel.check()?;
    let mut eigen = linalg::symmetric_eigen(&gram).ok_or(PcaError::NotFinite)?;
    cancel.check()?;
    let kept = count_kept(&eigen.values, k);
    let loadings = if wide {
        // From the eigenvectors u of x xᵀ: xᵀ u / sqrt(λ).
        let scaled = Mat::from_fn(n, kept, |r, c| eigen.vectors[(r, c)] / eigen.values[c].sqrt());
        x.transposed_product(mean, &scaled)
    } else {
        eigen.vectors.subcols(0, kept).to_owned()
    };
    eigen.values.truncate(kept);
    Ok((eigen.values, loadings))
}

/// 1 or -1, so that the entry of column `c` with the largest magnitude (the first of equals) is positive.
fn sign(loadings: &Mat<f64>, c: usize) -> f64 {
    let column = loadings.col_as_slice(c);
    let largest = column.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    if largest.is_some_and(|v| v < 0.0) { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::CsrBuilder;

    fn fit(x: &Matrix, k: usize) -> Pca {
        Pca::fit(x, k, &CancelToken::new()).unwrap()
    }

    fn waves() -> Matrix {
        Matrix::from_fn(12, 4, |i, j| {
            let (i, j) = (i as f64, j as f64);
            (1.3 * i + 0.7 * j * j + 0.2 * i * j).sin() as f32
        })
    }

    fn close(got: &[f32], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            assert!((f64::from(*g) - w).abs() < 1e-5, "{got:?} {want:?}");
        }
    }

    /// scikit-learn 1.9: `p = PCA(2).fit(X)` with X[i, j] = sin(1.3 i + 0.7 j^2 + 0.2 i j), i < 12, j < 4;
    /// `p.components_` (signs as here), `p.explained_variance_`, `p.inverse_transform(p.transform(X))[:2]`.
    #[test]
    fn equals_scikit_learn() {
        let p = fit(&waves(), 2);
        close(p.components().row(0), &[-0.306_711_02, 0.704_237_01, -0.639_441_44, -0.033_064_07]);
        close(p.components().row(1), &[0.546_585_5, 0.054_967_52, -0.242_974_67, 0.799_491_2]);
        assert!((p.variances()[0] - 1.002_394_94).abs() < 1e-6);
        assert!((p.variances()[1] - 0.565_802_53).abs() < 1e-6);
        let d = p.denoise(&waves()).unwrap();
        close(d.row(0), &[-0.061_493_81, 0.210_375_86, -0.110_042_47, -0.046_566_83]);
        close(d.row(1), &[0.616_477_16, 0.740_839_64, -0.899_303_07, 1.206_444_02]);
    }

    #[test]
    fn few_rows_give_the_same_components() {
        // Six copies of the first three spots have the components of the three.
        let three = waves().select_rows(&[0, 1, 2]);
        let many = Matrix::vstack(std::iter::repeat_n(&three, 6)).unwrap();
        let (a, b) = (fit(&three, 4), fit(&many, 4));
        assert_eq!((a.rank(), b.rank()), (2, 2), "three spots span two components");
        for c in 0..2 {
            close(
                a.components().row(c),
                &b.components().row(c).iter().map(|&v| f64::from(v)).collect::<Vec<_>>(),
            );
        }
        close(
            a.denoise(&three).unwrap().as_slice(),
            &three.as_slice().iter().map(|&v| f64::from(v)).collect::<Vec<_>>(),
        );
    }

    #[test]
    fn degenerate_input() {
        let constant = Matrix::from_fn(5, 3, |_, c| c as f32);
        let p = fit(&constant, 2);
        assert_eq!(p.rank(), 0);
        assert_eq!(p.denoise(&constant).unwrap(), constant);
        assert_eq!(p.project(&constant).unwrap().cols(), 0);
        let cancel = CancelToken::new();
        assert_eq!(Pca::fit(&Matrix::zeros(0, 3), 2, &cancel), Err(PcaError::Empty));
        let nan = Matrix::from_fn(2, 2, |_, _| f32::NAN);
        assert_eq!(Pca::fit(&nan, 1, &cancel), Err(PcaError::NotFinite));
        assert!(matches!(p.project(&Matrix::zeros(1, 2)), Err(PcaError::Width { expected: 3, found: 2 })));
        cancel.cancel();
        assert_eq!(Pca::fit(&constant, 1, &cancel), Err(PcaError::Cancelled(Cancelled)));
    }

    /// A matrix of which most values are 0, `rows x cols`, with some structure, dense and sparse.
    fn mostly_zero(rows: usize, cols: usize) -> (Matrix, Csr) {
        let x = Matrix::from_fn(rows, cols, |r, c| match (r * 31 + c * 17 + r * c) % 7 {
            0 => ((r % 5 + 1) * (c % 3 + 1)) as f32,
            1 if r % 2 == 0 => (c % 4) as f32 * 0.5,
            _ => 0.0,
        });
        let mut sparse = CsrBuilder::new(cols);
        for row in x.iter_rows() {
            for (c, &v) in row.iter().enumerate() {
                assert!(sparse.push(c, v));
            }
            sparse.end_row();
        }
        (x, sparse.finish())
    }

    fn same(a: &Pca, b: &Pca, tolerance: f64) {
        assert_eq!(a.rank(), b.rank());
        for (a, b) in a.variances().iter().zip(b.variances()) {
            assert!((a - b).abs() < tolerance * a, "{a} {b}");
        }
        for (a, b) in a.components().as_slice().iter().zip(b.components().as_slice()) {
            assert!(f64::from((a - b).abs()) < tolerance, "{a} {b}");
        }
    }

    #[test]
    fn sparse_values_have_the_components_of_the_dense_matrix() {
        for (rows, cols) in [(90, 40), (40, 90)] {
            let (x, sparse) = mostly_zero(rows, cols);
            let dense = fit(&x, 4);
            let found = Pca::fit_sparse(&sparse, 4, &CancelToken::new()).unwrap();
            same(&dense, &found, 1e-5);
            let (a, b) = (dense.project(&x).unwrap(), found.project_sparse(&sparse).unwrap());
            assert!(a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn lanczos_finds_the_components_of_the_gram_matrix() {
        let (x, sparse) = mostly_zero(300, 260);
        let exact = fit(&x, 5);
        for values in [Values::Dense(&x), Values::Sparse(&sparse)] {
            assert!(lanczos::fits(260, 5));
            same(&exact, &Pca::fit_values(values, 5, 0, &CancelToken::new()).unwrap(), 1e-5);
        }
        // Of rank 2, which is less than a block.
        let flat = Matrix::from_fn(300, 260, |r, c| (r % 7) as f32 * (c % 5) as f32 + (r % 3) as f32);
        let found = Pca::fit_values(Values::Dense(&flat), 5, 0, &CancelToken::new()).unwrap();
        same(&fit(&flat, 5), &found, 1e-5);
        assert_eq!(found.rank(), 2);
    }
}
