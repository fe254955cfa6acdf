//! The largest eigenvalues of `xᵀ x` by block Lanczos iteration with full reorthogonalisation (Golub and Van Loan,
//! Matrix Computations, 4th edition, section 10.3.6), which needs products with `x` alone.

use faer::{Mat, MatRef};
use rand::RngExt;

use super::PcaError;
use super::values::Values;
use crate::core::cancel::CancelToken;
use crate::core::{linalg, rng};

/// Vectors of a block beyond the eigenvectors wanted; they make it converge faster.
const EXTRA: usize = 10;
const MAX_BLOCKS: usize = 24;
/// The residual of an eigenvector, as a share of the largest eigenvalue, at which it is good enough.
const TOLERANCE: f64 = 1e-7;

/// Whether `k` eigenvectors of a matrix of rank `side` are few enough: the blocks together stay well below the rank.
pub(super) fn fits(side: usize, k: usize) -> bool {
    k.saturating_add(EXTRA).saturating_mul(8) <= side
}

/// The `k` largest eigenvalues of the centred `xᵀ x`, and their eigenvectors, one a column.
pub(super) fn largest(
    x: Values<'_>,
    mean: &[f64],
    k: usize,
    cancel: &CancelToken,
) -> Result<(Vec<f64>, Mat<f64>), PcaError> {
    let (g, width) = (x.cols(), k + EXTRA);
    let most = (x.rows().min(g) / width).clamp(1, MAX_BLOCKS) * width;
    let mut random = rng::stream(0, "principal components", 0);
    let mut block = Mat::from_fn(g, width, |_, _| random.random::<f64>() - 0.5).qr().compute_thin_Q();
    // An orthonormal basis, and the products of xᵀ x with it.
    let mut basis = Mat::zeros(g, 0);
    let mut products = Mat::zeros(g, 0);
    loop {
        let product = x.covariance_product(mean, block.as_ref(), cancel)?;
        basis = beside(basis.as_ref(), block.as_ref());
        products = beside(products.as_ref(), product.as_ref());
        let within = linalg::product(basis.transpose(), products.as_ref());
        let eigen = linalg::symmetric_eigen(&within).ok_or(PcaError::NotFinite)?;
        cancel.check()?;
        let first = eigen.vectors.subcols(0, k);
        let vectors = linalg::product(basis.as_ref(), first);
        let images = linalg::product(products.as_ref(), first);
        let residual = (0..k)
            .map(|c| {
                let of = (0..g).map(|r| (images[(r, c)] - eigen.values[c] * vectors[(r, c)]).powi(2));
                of.sum::<f64>().sqrt()
            })
            .fold(0.0, f64::max);
        if residual <= TOLERANCE * eigen.values[0].max(0.0) || basis.ncols() + width > most {
            return Ok((eigen.values[..k].to_vec(), vectors));
        }
        // Twice, as the first leaves rounding errors, which matter where little is left.
        block = product;
        for _ in 0..2 {
            let known = linalg::product(basis.transpose(), block.as_ref());
            block -= linalg::product(basis.as_ref(), known.as_ref());
            block = block.qr().compute_thin_Q();
        }
    }
}

fn beside(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    Mat::from_fn(a.nrows(), a.ncols() + b.ncols(), |r, c| {
        if c < a.ncols() { a[(r, c)] } else { b[(r, c - a.ncols())] }
    })
}
