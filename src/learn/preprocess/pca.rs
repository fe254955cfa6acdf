//! Principal components, exact. Reducing expression to its first few components takes out counting noise
//! that single genes carry and that no image can predict.

use faer::Mat;
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::linalg;
use crate::core::matrix::Matrix;

/// Components smaller than this share of the largest variance are rounding noise.
const NEGLIGIBLE: f64 = 1e-12;

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
    /// of each component being positive. Takes the eigenvectors of the smaller of the two Gram matrices.
    ///
    /// # Errors
    /// [`PcaError`] when `x` is empty or not finite, or on cancel.
    pub fn fit(x: &Matrix, k: usize, cancel: &CancelToken) -> Result<Self, PcaError> {
        let (n, g) = (x.rows(), x.cols());
        if n == 0 || g == 0 {
            return Err(PcaError::Empty);
        }
        if x.as_slice().iter().any(|v| !v.is_finite()) {
            return Err(PcaError::NotFinite);
        }
        cancel.check()?;
        let rows: Vec<usize> = (0..n).collect();
        let mean = linalg::column_means(x, &rows);
        let wide = n < g;
        let gram = if wide { linalg::outer_gram(x, &rows, &mean) } else { linalg::gram(x, &rows, &mean) };
        cancel.check()?;
        let eigen = linalg::symmetric_eigen(&gram).ok_or(PcaError::NotFinite)?;
        cancel.check()?;
        let largest = eigen.values.first().copied().unwrap_or(0.0);
        let kept = eigen.values.iter().take(k).take_while(|&&v| v > largest * NEGLIGIBLE).count();
        let loadings = if wide {
            // From the eigenvectors u of x xᵀ: xᵀ u / sqrt(λ).
            let centered = linalg::centered_rows(x, &rows, &mean);
            let scaled = Mat::from_fn(n, kept, |r, c| eigen.vectors[(r, c)] / eigen.values[c].sqrt());
            linalg::product(centered.transpose(), scaled.as_ref())
        } else {
            eigen.vectors.subcols(0, kept).to_owned()
        };
        let components = Matrix::from_fn(kept, g, |c, j| (loadings[(j, c)] * sign(&loadings, c)) as f32);
        let freedom = n.saturating_sub(1).max(1) as f64;
        let variances = eigen.values.iter().take(kept).map(|v| v / freedom).collect();
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
        self.check(x)?;
        let mut out = Matrix::zeros(x.rows(), self.rank());
        let width = self.rank().max(1);
        out.as_mut_slice().par_chunks_mut(width).enumerate().for_each(|(r, to)| {
            for (to, s) in to.iter_mut().zip(self.scores(x.row(r))) {
                *to = s as f32;
            }
        });
        Ok(out)
    }

    /// `x` reduced to the components, in its own columns: `n x g`.
    ///
    /// # Errors
    /// [`PcaError::Width`] when `x` has other columns.
    pub fn denoise(&self, x: &Matrix) -> Result<Matrix, PcaError> {
        self.check(x)?;
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

    fn check(&self, x: &Matrix) -> Result<(), PcaError> {
        let (expected, found) = (self.mean.len(), x.cols());
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

/// 1 or -1, so that the entry of column `c` with the largest magnitude (the first of equals) is positive.
fn sign(loadings: &Mat<f64>, c: usize) -> f64 {
    let column = loadings.col_as_slice(c);
    let largest = column.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    if largest.is_some_and(|v| v < 0.0) { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
