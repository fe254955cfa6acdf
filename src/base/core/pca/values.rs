//! What principal components are computed from: the centred sums of products of a dense or a sparse matrix.

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::linalg;
use crate::core::matrix::{Csr, Matrix};

/// Rows that are taken at a time.
const BLOCK_ROWS: usize = 2048;
/// Parts of the rows of a sparse matrix that are summed side by side. Their number is fixed, so that sums do not depend
/// on the number of threads.
const PARTS: usize = 8;

/// A matrix of `n` rows and `g` columns.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    Dense(&'a Matrix),
    Sparse(&'a Csr),
}

impl Values<'_> {
    pub(super) fn rows(self) -> usize {
        match self {
            Self::Dense(x) => x.rows(),
            Self::Sparse(x) => x.rows(),
        }
    }

    pub(super) fn cols(self) -> usize {
        match self {
            Self::Dense(x) => x.cols(),
            Self::Sparse(x) => x.cols(),
        }
    }

    pub(super) fn is_finite(self) -> bool {
        let values = match self {
            Self::Dense(x) => x.as_slice(),
            Self::Sparse(x) => x.values(),
        };
        values.par_iter().all(|v| v.is_finite())
    }

    pub(super) fn column_means(self) -> Vec<f64> {
        match self {
            Self::Dense(x) => linalg::column_means(x, &linalg::all_rows(x)),
            Self::Sparse(x) => x.col_sums().into_iter().map(|sum| sum / x.rows() as f64).collect(),
        }
    }

    /// The centred `xᵀ x`: `g x g`.
    pub(super) fn gram(self, mean: &[f64], cancel: &CancelToken) -> Result<Mat<f64>, Cancelled> {
        let mut sum = Mat::zeros(self.cols(), self.cols());
        for first in (0..self.rows()).step_by(BLOCK_ROWS) {
            cancel.check()?;
            let rows: Vec<usize> = (first..self.rows().min(first + BLOCK_ROWS)).collect();
            sum += match self {
                Self::Dense(x) => linalg::gram(x, &rows, mean),
                Self::Sparse(x) => {
                    let block = dense(&x.select_rows(&rows));
                    linalg::gram(&block, &linalg::all_rows(&block), mean)
                }
            };
        }
        Ok(sum)
    }

    /// The centred `x xᵀ`: `n x n`.
    pub(super) fn outer_gram(self, mean: &[f64]) -> Mat<f64> {
        let x = match self {
            Self::Dense(x) => return linalg::outer_gram(x, &linalg::all_rows(x), mean),
            Self::Sparse(x) => x,
        };
        let n = x.rows();
        let with_mean: Vec<f64> = (0..n).map(|r| stored(x, r).map(|(c, v)| v * mean[c]).sum()).collect();
        let mean_squared: f64 = mean.iter().map(|m| m * m).sum();
        let products: Vec<Vec<f64>> = (0..n)
            .into_par_iter()
            .map_init(
                || vec![0.0; x.cols()],
                |row, i| {
                    stored(x, i).for_each(|(c, v)| row[c] = v);
                    let with_others =
                        (0..=i).map(|j| stored(x, j).map(|(c, v)| v * row[c]).sum::<f64>()).collect();
                    stored(x, i).for_each(|(c, _)| row[c] = 0.0);
                    with_others
                },
            )
            .collect();
        Mat::from_fn(n, n, |i, j| products[i.max(j)][i.min(j)] - with_mean[i] - with_mean[j] + mean_squared)
    }

    /// `xᵀ u` of the centred `x`, where `u` has a row for each row of `x`: `g x u.ncols()`.
    pub(super) fn transposed_product(self, mean: &[f64], u: &Mat<f64>) -> Mat<f64> {
        let width = u.ncols();
        match self {
            Self::Dense(x) => {
                let centered = linalg::centered_rows(x, &linalg::all_rows(x), mean);
                linalg::product(centered.transpose(), u.as_ref())
            }
            Self::Sparse(x) => {
                let u = row_major(u.as_ref());
                sum_of_parts(x.rows(), x.cols() * width, |rows, sum| {
                    add_products(
                        x,
                        rows,
                        mean,
                        width,
                        |r, to| {
                            to.copy_from_slice(&u[r * width..(r + 1) * width]);
                        },
                        sum,
                    );
                })
                .into_mat(x.cols(), width)
            }
        }
    }

    /// `xᵀ (x v)` of the centred `x`, where `v` has a row for each column of `x`: `g x v.ncols()`.
    pub(super) fn covariance_product(
        self,
        mean: &[f64],
        v: MatRef<'_, f64>,
        cancel: &CancelToken,
    ) -> Result<Mat<f64>, Cancelled> {
        let (g, width) = (self.cols(), v.ncols());
        match self {
            Self::Dense(x) => {
                let mut sum = Mat::zeros(g, width);
                for first in (0..x.rows()).step_by(BLOCK_ROWS) {
                    cancel.check()?;
                    let rows: Vec<usize> = (first..x.rows().min(first + BLOCK_ROWS)).collect();
                    let block = linalg::centered_rows(x, &rows, mean);
                    let scores = linalg::product(block.as_ref(), v);
                    sum += linalg::product(block.transpose(), scores.as_ref());
                }
                Ok(sum)
            }
            Self::Sparse(x) => {
                cancel.check()?;
                let v = row_major(v);
                let mut of_mean = vec![0.0; width];
                for (m, row) in mean.iter().zip(v.chunks(width)) {
                    of_mean.iter_mut().zip(row).for_each(|(s, v)| *s += m * v);
                }
                let sum = sum_of_parts(x.rows(), g * width, |rows, sum| {
                    add_products(
                        x,
                        rows,
                        mean,
                        width,
                        |r, to| {
                            to.iter_mut().zip(&of_mean).for_each(|(to, m)| *to = -m);
                            for (c, value) in stored(x, r) {
                                let row = &v[c * width..(c + 1) * width];
                                to.iter_mut().zip(row).for_each(|(to, v)| *to += value * v);
                            }
                        },
                        sum,
                    );
                });
                cancel.check()?;
                Ok(sum.into_mat(g, width))
            }
        }
    }
}

/// Row-major values.
struct RowMajor(Vec<f64>);

impl RowMajor {
    fn into_mat(self, rows: usize, cols: usize) -> Mat<f64> {
        MatRef::from_row_major_slice(&self.0, rows, cols).to_owned()
    }
}

fn row_major(m: MatRef<'_, f64>) -> Vec<f64> {
    (0..m.nrows()).flat_map(|r| (0..m.ncols()).map(move |c| m[(r, c)])).collect()
}

fn dense(x: &Csr) -> Matrix {
    x.dense_columns(&(0..x.cols()).map(Some).collect::<Vec<_>>())
}

fn stored(x: &Csr, r: usize) -> impl Iterator<Item = (usize, f64)> {
    let (columns, values) = x.row(r);
    columns.iter().zip(values).map(|(&c, &v)| (c as usize, f64::from(v)))
}

/// The sum of what `add` adds for each part of the rows, in the order of the parts.
fn sum_of_parts(
    rows: usize,
    len: usize,
    add: impl Fn(std::ops::Range<usize>, &mut [f64]) + Sync,
) -> RowMajor {
    let part = rows.div_ceil(PARTS).max(1);
    let sums: Vec<Vec<f64>> = (0..PARTS)
        .into_par_iter()
        .map(|p| {
            let mut sum = vec![0.0; len];
            add((p * part).min(rows)..((p + 1) * part).min(rows), &mut sum);
            sum
        })
        .collect();
    let mut parts = sums.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for sum in parts {
        total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
    }
    RowMajor(total)
}

/// Adds `(x[r] - mean)ᵀ y[r]` over `rows` to `sum` (`g x width`), where `score` writes `y[r]`.
fn add_products(
    x: &Csr,
    rows: std::ops::Range<usize>,
    mean: &[f64],
    width: usize,
    score: impl Fn(usize, &mut [f64]),
    sum: &mut [f64],
) {
    let mut y = vec![0.0; width];
    let mut total = vec![0.0; width];
    for r in rows {
        score(r, &mut y);
        total.iter_mut().zip(&y).for_each(|(t, y)| *t += y);
        for (c, value) in stored(x, r) {
            let to = &mut sum[c * width..(c + 1) * width];
            to.iter_mut().zip(&y).for_each(|(to, y)| *to += value * y);
        }
    }
    for (to, m) in sum.chunks_mut(width.max(1)).zip(mean) {
        to.iter_mut().zip(&total).for_each(|(to, t)| *to -= m * t);
    }
}
