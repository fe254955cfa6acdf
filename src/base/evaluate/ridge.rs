//! The baselines that stand beside every model: ridge regression on the same features, and the mean.

use std::collections::BTreeMap;

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::linalg;
use crate::core::matrix::Matrix;
use crate::evaluate::metrics::{mean, mean_of_defined, mse, pearson};
use crate::evaluate::splits::MIN_SPOTS_TO_JUDGE;

/// Penalties to choose from: half decades from 1 to a million, for standardised features.
pub const ALPHAS: [f64; 13] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6];

/// More groups than this are held out several at a time.
const MAX_FOLDS: usize = 8;
/// Folds of a single section: blocks of neighbouring rows, since single spots tell of their neighbours.
const BLOCKS: usize = 5;
/// Spots of a fold, evenly spaced, by which penalties are compared.
const MAX_JUDGES: usize = 4000;

/// How well a penalty did on held-out training sections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaScore {
    /// The penalty.
    pub alpha: f64,
    /// Mean over folds of the mean Pearson correlation over genes where it is defined.
    pub pcc: f64,
    /// Mean over folds of the mean squared error.
    pub mse: f64,
}

/// Ridge regression of many targets on the same features.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// `features x genes`.
    pub coefficients: Matrix,
    /// One a gene.
    pub intercept: Vec<f32>,
    /// The penalty chosen.
    pub alpha: f64,
    /// What it was chosen by; empty when there were too few spots to compare.
    pub scores: Vec<AlphaScore>,
}

/// Ridge regression could not be fitted or applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RidgeError {
    /// Matrices do not belong together.
    #[error("Ridge regression got {0}")]
    Shape(String),
    /// A value is infinite or not a number.
    #[error("Ridge regression needs finite features and expression")]
    NotFinite,
    /// No positive penalty was given.
    #[error("Ridge regression needs at least one positive penalty")]
    NoAlpha,
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl Ridge {
    /// Minimises `|y - 1 intercept - x coefficients|² + alpha |coefficients|²`. The penalty with the
    /// lowest mean squared error on held-out groups is taken: unlike the mean correlation, which is almost
    /// flat towards heavy penalties, the error has a clear minimum.
    /// `groups` names the section of each row: one section is held out at a time. With a single section,
    /// five blocks of neighbouring rows take their place.
    ///
    /// `x` is `spots x features`, standardised; `y` is `spots x genes`.
    ///
    /// # Errors
    /// [`RidgeError`] when shapes differ, there are no rows, values are not finite, or on cancel.
    pub fn fit(
        x: &Matrix,
        y: &Matrix,
        groups: &[usize],
        alphas: &[f64],
        cancel: &CancelToken,
    ) -> Result<Self, RidgeError> {
        check(x, y, groups, alphas)?;
        let problem = Problem::new(x, y, cancel)?;
        let scores = problem.compare(&folds(groups), alphas, cancel)?;
        let best = scores.iter().min_by(|a, b| a.mse.total_cmp(&b.mse)).map(|s| s.alpha);
        // Too few spots to compare: the middle of the grid.
        let alpha = best.or(alphas.get(alphas.len() / 2).copied()).ok_or(RidgeError::NoAlpha)?;
        cancel.check()?;
        let coefficients = problem.coefficients(alpha)?;
        let intercept = (0..y.cols())
            .map(|g| {
                let column = coefficients.col_as_slice(g).iter().zip(&problem.x_mean);
                (problem.y_mean[g] - column.map(|(b, m)| b * m).sum::<f64>()) as f32
            })
            .collect();
        Ok(Self { coefficients: linalg::to_matrix(coefficients.as_ref()), intercept, alpha, scores })
    }

    /// Predictions for the rows of `x`: `rows x genes`.
    ///
    /// # Errors
    /// [`RidgeError::Shape`] when `x` has other features than the fit.
    pub fn predict(&self, x: &Matrix) -> Result<Matrix, RidgeError> {
        if x.cols() != self.coefficients.rows() {
            let (fitted, given) = (self.coefficients.rows(), x.cols());
            return Err(RidgeError::Shape(format!("{given} features, after a fit on {fitted}")));
        }
        Ok(linalg::affine(x, &self.coefficients, &self.intercept))
    }
}

/// The mean predictor: the mean of each gene over the training spots, at each of `rows` spots.
pub fn mean_prediction(training: &Matrix, rows: usize) -> Matrix {
    let means = linalg::column_means(training, &linalg::all_rows(training));
    Matrix::from_fn(rows, training.cols(), |_, g| means[g] as f32)
}

fn check(x: &Matrix, y: &Matrix, groups: &[usize], alphas: &[f64]) -> Result<(), RidgeError> {
    if x.rows() != y.rows() || x.rows() != groups.len() || x.rows() == 0 {
        return Err(RidgeError::Shape(format!(
            "{} spots with features, {} with expression and {} with a section",
            x.rows(),
            y.rows(),
            groups.len()
        )));
    }
    if alphas.is_empty() || alphas.iter().any(|a| !(a.is_finite() && *a > 0.0)) {
        return Err(RidgeError::NoAlpha);
    }
    let finite = |m: &Matrix| m.as_slice().par_iter().all(|v| v.is_finite());
    if finite(x) && finite(y) { Ok(()) } else { Err(RidgeError::NotFinite) }
}

/// The rows held out together, fold by fold; none when there are too few to learn from the rest. Sections too small
/// to judge are only learned from, unless all of them are.
fn folds(groups: &[usize]) -> Vec<Vec<usize>> {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for &group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    let all: Vec<usize> = sizes.keys().copied().collect();
    let large: Vec<usize> =
        sizes.iter().filter(|&(_, &n)| n >= MIN_SPOTS_TO_JUDGE).map(|(&group, _)| group).collect();
    let distinct = if large.is_empty() { all } else { large };
    if distinct.len() > 1 {
        let mut folds = vec![Vec::new(); distinct.len().min(MAX_FOLDS)];
        for (row, group) in groups.iter().enumerate() {
            if let Ok(place) = distinct.binary_search(group) {
                folds[place % MAX_FOLDS].push(row);
            }
        }
        return folds;
    }
    let rows: Vec<usize> = (0..groups.len()).filter(|&row| distinct.contains(&groups[row])).collect();
    let n = rows.len();
    let blocks = BLOCKS.min(n / 2);
    if blocks < 2 {
        return Vec::new();
    }
    (0..blocks).map(|b| rows[b * n / blocks..(b + 1) * n / blocks].to_vec()).collect()
}

/// Features and expression, both without their means, and the Gram matrix from which every fold's own
/// follows: over features where there are fewer of them than spots, over spots otherwise.
struct Problem<'a> {
    x: &'a Matrix,
    y: &'a Matrix,
    rows: Vec<usize>,
    x_mean: Vec<f64>,
    y_mean: Vec<f64>,
    gram: Gram,
}

enum Gram {
    /// `xᵀx` and `xᵀy`.
    Features { xx: Mat<f64>, xy: Mat<f64> },
    /// `x xᵀ`.
    Spots(Mat<f64>),
}

/// A ridge solution for every penalty: `left diag(1 / (values + alpha)) right`.
struct Factors {
    left: Mat<f64>,
    values: Vec<f64>,
    right: Mat<f64>,
}

impl Factors {
    fn at(&self, alpha: f64) -> Mat<f64> {
        let scale: Vec<f64> = self.values.iter().map(|v| 1.0 / (v.max(0.0) + alpha)).collect();
        let scaled = Mat::from_fn(self.left.nrows(), self.left.ncols(), |r, c| self.left[(r, c)] * scale[c]);
        linalg::product(scaled.as_ref(), self.right.as_ref())
    }
}

impl<'a> Problem<'a> {
    fn new(x: &'a Matrix, y: &'a Matrix, cancel: &CancelToken) -> Result<Self, RidgeError> {
        let rows = linalg::all_rows(x);
        let x_mean = linalg::column_means(x, &rows);
        let y_mean = linalg::column_means(y, &rows);
        cancel.check()?;
        let gram = if x.rows() > x.cols() {
            let xx = linalg::gram(x, &rows, &x_mean);
            cancel.check()?;
            Gram::Features { xx, xy: linalg::cross(x, &x_mean, y, &y_mean, &rows) }
        } else {
            Gram::Spots(linalg::outer_gram(x, &rows, &x_mean))
        };
        cancel.check()?;
        Ok(Self { x, y, rows, x_mean, y_mean, gram })
    }

    fn compare(
        &self,
        folds: &[Vec<usize>],
        alphas: &[f64],
        cancel: &CancelToken,
    ) -> Result<Vec<AlphaScore>, RidgeError> {
        let mut per_fold: Vec<Vec<(f64, f64)>> = Vec::with_capacity(folds.len());
        for held_out in folds {
            cancel.check()?;
            let step = held_out.len().div_ceil(MAX_JUDGES).max(1);
            let judges: Vec<usize> = held_out.iter().copied().step_by(step).collect();
            let (factors, measured) = match &self.gram {
                Gram::Features { xx, xy } => self.fold_by_features(xx, xy, held_out, &judges)?,
                Gram::Spots(gram) => self.fold_by_spots(gram, held_out, &judges)?,
            };
            let mut scores = Vec::with_capacity(alphas.len());
            for &alpha in alphas {
                cancel.check()?;
                scores.push(score(measured.as_ref(), factors.at(alpha).as_ref()));
            }
            per_fold.push(scores);
        }
        if per_fold.is_empty() {
            return Ok(Vec::new());
        }
        let over_folds = |i: usize, of: fn(&(f64, f64)) -> f64| mean(per_fold.iter().map(|f| of(&f[i])));
        Ok(alphas
            .iter()
            .enumerate()
            .map(|(i, &alpha)| AlphaScore { alpha, pcc: over_folds(i, |s| s.0), mse: over_folds(i, |s| s.1) })
            .collect())
    }

    /// Predictions of `judges` from all rows but `held_out`, relative to the mean of those rows, and what
    /// was measured, relative to the same.
    fn fold_by_features(
        &self,
        xx: &Mat<f64>,
        xy: &Mat<f64>,
        held_out: &[usize],
        judges: &[usize],
    ) -> Result<(Factors, Mat<f64>), RidgeError> {
        let n = (self.rows.len() - held_out.len()) as f64;
        let out = held_out.len() as f64;
        // All rows sum to zero, so the mean of the rows that stay follows from those held out.
        let shift = |held: Vec<f64>, all: &[f64]| -> Vec<f64> {
            held.iter().zip(all).map(|(h, a)| -(h - a) * out / n).collect()
        };
        let x_shift = shift(linalg::column_means(self.x, held_out), &self.x_mean);
        let y_shift = shift(linalg::column_means(self.y, held_out), &self.y_mean);
        let less = |all: &Mat<f64>, held: Mat<f64>, a: &[f64], b: &[f64]| {
            Mat::from_fn(all.nrows(), all.ncols(), |r, c| all[(r, c)] - held[(r, c)] - n * a[r] * b[c])
        };
        let xx = less(xx, linalg::gram(self.x, held_out, &self.x_mean), &x_shift, &x_shift);
        let held_xy = linalg::cross(self.x, &self.x_mean, self.y, &self.y_mean, held_out);
        let xy = less(xy, held_xy, &x_shift, &y_shift);
        let eigen = linalg::symmetric_eigen(&xx).ok_or(RidgeError::NotFinite)?;
        let x_judges = linalg::centered_rows(self.x, judges, &sum(&self.x_mean, &x_shift));
        let factors = Factors {
            left: linalg::product(x_judges.as_ref(), eigen.vectors.as_ref()),
            right: linalg::product(eigen.vectors.transpose(), xy.as_ref()),
            values: eigen.values,
        };
        Ok((factors, linalg::centered_rows(self.y, judges, &sum(&self.y_mean, &y_shift))))
    }

    fn fold_by_spots(
        &self,
        gram: &Mat<f64>,
        held_out: &[usize],
        judges: &[usize],
    ) -> Result<(Factors, Mat<f64>), RidgeError> {
        let mut stays = vec![true; self.rows.len()];
        held_out.iter().for_each(|&r| stays[r] = false);
        let kept: Vec<usize> = self.rows.iter().copied().filter(|&r| stays[r]).collect();
        let n = kept.len();
        // Products with the mean of the rows that stay, from which centred products follow.
        let with_mean = |r: usize| kept.iter().map(|&k| gram[(r, k)]).sum::<f64>() / n as f64;
        let kept_mean: Vec<f64> = kept.iter().map(|&r| with_mean(r)).collect();
        let judge_mean: Vec<f64> = judges.iter().map(|&r| with_mean(r)).collect();
        let mean_mean = kept_mean.iter().sum::<f64>() / n as f64;
        let centered =
            Mat::from_fn(n, n, |r, c| gram[(kept[r], kept[c])] - kept_mean[r] - kept_mean[c] + mean_mean);
        let across = Mat::from_fn(judges.len(), n, |r, c| {
            gram[(judges[r], kept[c])] - judge_mean[r] - kept_mean[c] + mean_mean
        });
        let eigen = linalg::symmetric_eigen(&centered).ok_or(RidgeError::NotFinite)?;
        let y_mean = linalg::column_means(self.y, &kept);
        let y_kept = linalg::centered_rows(self.y, &kept, &y_mean);
        let factors = Factors {
            left: linalg::product(across.as_ref(), eigen.vectors.as_ref()),
            right: linalg::product(eigen.vectors.transpose(), y_kept.as_ref()),
            values: eigen.values,
        };
        Ok((factors, linalg::centered_rows(self.y, judges, &y_mean)))
    }

    /// Coefficients from all rows: `features x genes`.
    fn coefficients(&self, alpha: f64) -> Result<Mat<f64>, RidgeError> {
        let factors = match &self.gram {
            Gram::Features { xx, xy } => {
                let eigen = linalg::symmetric_eigen(xx).ok_or(RidgeError::NotFinite)?;
                let right = linalg::product(eigen.vectors.transpose(), xy.as_ref());
                Factors { left: eigen.vectors, values: eigen.values, right }
            }
            Gram::Spots(gram) => {
                let eigen = linalg::symmetric_eigen(gram).ok_or(RidgeError::NotFinite)?;
                let x = linalg::centered_rows(self.x, &self.rows, &self.x_mean);
                let y = linalg::centered_rows(self.y, &self.rows, &self.y_mean);
                Factors {
                    left: linalg::product(x.transpose(), eigen.vectors.as_ref()),
                    right: linalg::product(eigen.vectors.transpose(), y.as_ref()),
                    values: eigen.values,
                }
            }
        };
        Ok(factors.at(alpha))
    }
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Mean correlation over genes where it is defined, and mean squared error.
fn score(measured: MatRef<'_, f64>, predicted: MatRef<'_, f64>) -> (f64, f64) {
    let genes: Vec<(Option<f64>, f64)> = (0..measured.ncols())
        .into_par_iter()
        .map(|g| {
            let m: Vec<f64> = measured.col(g).iter().copied().collect();
            let p: Vec<f64> = predicted.col(g).iter().copied().collect();
            (pearson(&m, &p), mse(&m, &p))
        })
        .collect();
    (mean_of_defined(genes.iter().map(|g| g.0)), mean(genes.iter().map(|g| g.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng;
    use rand::RngExt;

    fn fit(x: &Matrix, y: &Matrix, groups: &[usize], alphas: &[f64]) -> Ridge {
        Ridge::fit(x, y, groups, alphas, &CancelToken::new()).unwrap()
    }

    /// Uniform numbers between -1 and 1.
    fn noise(rows: usize, cols: usize, seed: u64) -> Matrix {
        let mut random = rng::stream(seed, "ridge test", 0);
        Matrix::from_fn(rows, cols, |_, _| random.random_range(-1.0..1.0))
    }

    fn waves() -> (Matrix, Matrix) {
        let x = |i: usize, j: usize| {
            let (i, j) = (i as f64, j as f64);
            (1.3 * i + 0.7 * j * j + 0.2 * i * j).sin()
        };
        let y = |i: usize, g: usize| match g {
            0 => (0.9 * i as f64).cos(),
            1 => 2.0 * x(i, 0) - x(i, 2) + 0.3,
            _ => 0.1 * i as f64,
        };
        (Matrix::from_fn(12, 4, |i, j| x(i, j) as f32), Matrix::from_fn(12, 3, |i, g| y(i, g) as f32))
    }

    fn close(got: &[f32], want: &[f64]) {
        for (g, w) in got.iter().zip(want) {
            assert!((f64::from(*g) - w).abs() < 2e-6, "{got:?} {want:?}");
        }
    }

    /// scikit-learn 1.9: `Ridge(alpha=0.5).fit(X, Y)`, X[i, j] = sin(1.3 i + 0.7 j² + 0.2 i j), i < 12,
    /// j < 4, Y = [cos(0.9 i), 2 X[:, 0] - X[:, 2] + 0.3, 0.1 i]; `coef_.T`, `intercept_`.
    #[test]
    fn equals_scikit_learn_with_many_spots() {
        let (x, y) = waves();
        let r = fit(&x, &y, &[0; 12], &[0.5]);
        close(r.coefficients.row(0), &[0.246_916_13, 1.838_307_23, -0.023_634_66]);
        close(r.coefficients.row(2), &[-0.086_962_45, -0.842_802_4, -0.003_813_37]);
        close(&r.intercept, &[-0.061_426_65, 0.307_986_23, 0.553_507_94]);
    }

    /// The same on the first three rows: `coef_.T`, `intercept_`, `predict(X[3:5])`.
    #[test]
    fn equals_scikit_learn_with_many_features() {
        let (x, y) = waves();
        let first = [0, 1, 2];
        let r = fit(&x.select_rows(&first), &y.select_rows(&first), &[0; 3], &[0.5]);
        close(r.coefficients.row(1), &[0.436_845_25, -0.233_365_45, -0.067_316_78]);
        close(&r.intercept, &[0.455_443_28, 0.920_790_32, 0.093_040_54]);
        let p = r.predict(&x.select_rows(&[3, 4])).unwrap();
        close(p.row(0), &[0.280_909_38, -0.642_524_97, 0.097_198_85]);
        close(p.row(1), &[1.004_001_98, 0.716_011_24, 0.009_720_46]);
    }

    /// Cross-validation through shared Gram matrices must score as refitting from scratch does.
    #[test]
    fn scores_equal_refitting() {
        for features in [7, 90] {
            let (x, e) = (noise(60, features, 1), noise(60, 5, 2));
            let y = Matrix::from_fn(60, 5, |r, g| 1.0 + x.get(r, g) + x.get(r, g + 1) + 0.5 * e.get(r, g));
            let groups: Vec<usize> = (0..60).map(|r| if r < 10 { 3 } else { r % 2 }).collect();
            let r = fit(&x, &y, &groups, &[1.0, 30.0]);
            for s in &r.scores {
                let mut pccs = Vec::new();
                let mut errors = Vec::new();
                for out in [0, 1, 3] {
                    let (held, kept): (Vec<usize>, Vec<usize>) = (0..60).partition(|&i| groups[i] == out);
                    let refit =
                        fit(&x.select_rows(&kept), &y.select_rows(&kept), &vec![0; kept.len()], &[s.alpha]);
                    let p = refit.predict(&x.select_rows(&held)).unwrap();
                    let m = y.select_rows(&held);
                    let column = |m: &Matrix, g| m.column(g).into_iter().map(f64::from).collect::<Vec<_>>();
                    pccs.push(mean((0..5).map(|g| pearson(&column(&m, g), &column(&p, g)).unwrap())));
                    errors.push(mean((0..5).map(|g| mse(&column(&m, g), &column(&p, g)))));
                }
                assert!((s.pcc - mean(pccs)).abs() < 1e-5, "{features} features: {s:?}");
                assert!((s.mse - mean(errors)).abs() < 1e-5, "{features} features: {s:?}");
            }
        }
    }

    #[test]
    fn the_penalty_follows_the_noise() {
        let x = noise(80, 40, 3);
        let groups: Vec<usize> = (0..80).map(|r| r / 20).collect();
        let clean = Matrix::from_fn(80, 2, |r, g| x.get(r, g) - x.get(r, g + 2));
        let e = noise(80, 2, 4);
        let noisy = Matrix::from_fn(80, 2, |r, g| 0.4 * clean.get(r, g) + 2.0 * e.get(r, g));
        let (a, b) = (fit(&x, &clean, &groups, &ALPHAS), fit(&x, &noisy, &groups, &ALPHAS));
        assert!(a.alpha <= 1.0 && b.alpha >= 10.0, "{} {}", a.alpha, b.alpha);
    }

    #[test]
    fn a_single_section_is_cut_into_blocks() {
        assert_eq!(folds(&[4; 11]), [vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7], vec![8, 9, 10]]);
        assert!(folds(&[0, 0, 0]).is_empty());
        // Tiny sections are never held out beside large ones.
        let sized = |sizes: &[usize]| -> Vec<usize> {
            sizes.iter().enumerate().flat_map(|(group, &n)| std::iter::repeat_n(group, n)).collect()
        };
        let held = |sizes: &[usize]| folds(&sized(sizes)).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!((held(&[40, 3, 50]), held(&[3, 40])), (vec![40, 50], vec![8; 5]));
        assert_eq!(folds(&sized(&[3, 40]))[0], (3..11).collect::<Vec<_>>());
        assert_eq!(held(&[3, 4]), [3, 4]);
        let many: Vec<usize> = (0..40).collect();
        assert_eq!(folds(&many).len(), MAX_FOLDS);
        let one = Matrix::from_fn(1, 2, |_, _| 1.0);
        let r = fit(&one, &one, &[0], &ALPHAS);
        assert_eq!((r.alpha, r.intercept), (1e3, vec![1.0, 1.0]));
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let cancel = CancelToken::new();
        let (x, y) = waves();
        let bad = |x: &Matrix, y: &Matrix, alphas: &[f64]| {
            Ridge::fit(x, y, &vec![0; x.rows()], alphas, &cancel).unwrap_err()
        };
        assert!(matches!(bad(&x, &Matrix::zeros(3, 1), &ALPHAS), RidgeError::Shape(_)));
        assert!(matches!(bad(&Matrix::default(), &Matrix::default(), &ALPHAS), RidgeError::Shape(_)));
        assert_eq!(bad(&x, &y, &[]), RidgeError::NoAlpha);
        assert_eq!(bad(&x, &Matrix::from_fn(12, 1, |_, _| f32::NAN), &ALPHAS), RidgeError::NotFinite);
        assert!(matches!(fit(&x, &y, &[0; 12], &[1.0]).predict(&y), Err(RidgeError::Shape(_))));
        cancel.cancel();
        assert_eq!(bad(&x, &y, &ALPHAS), RidgeError::Cancelled(Cancelled));
    }

    #[test]
    fn the_mean_is_of_the_training_spots() {
        let m = mean_prediction(&Matrix::from_fn(3, 2, |r, c| (r + c) as f32), 2);
        assert_eq!((m.row(0), m.row(1)), (&[1.0, 2.0][..], &[1.0, 2.0][..]));
    }
}
