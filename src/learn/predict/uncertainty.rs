//! How far predictions may be off: half the width of an interval that holds 80 % of measured values.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::core::matrix::Matrix;

/// The share of measured values that lie within the interval.
pub const COVERAGE: f64 = 0.8;

/// As many validation spots as all genes together count for when a gene's own width is chosen.
const PRIOR_SPOTS: f64 = 50.0;

/// The 80 % point of the absolute value of a standard normal variable.
const NORMAL_WIDTH: f32 = 1.2816;

/// Turns the spread of retrieved spots into intervals: `factor sqrt(residual^2 + spread^2)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Root mean square error of each gene on validation spots.
    pub residual: Vec<f32>,
    /// What each gene's deviation is multiplied with.
    pub factor: Vec<f32>,
}

impl Calibration {
    /// From the standard deviation of each gene alone: where there is nothing to calibrate on.
    pub fn from_deviation(deviation: &[f32]) -> Self {
        Self { residual: deviation.to_vec(), factor: vec![NORMAL_WIDTH; deviation.len()] }
    }

    /// Chooses the factors so that 80 % of the validation spots lie within their interval: each gene's own,
    /// drawn towards that of all genes, then all scaled together.
    ///
    /// `predicted`, `spread` and `measured` are `n x genes`, `n` at least 1.
    pub fn choose(predicted: &Matrix, spread: &Matrix, measured: &Matrix) -> Self {
        let genes = measured.cols();
        let n = measured.rows().max(1) as f64;
        let parts: Vec<(f32, Vec<f32>)> = (0..genes)
            .into_par_iter()
            .map(|g| {
                let off: Vec<f32> =
                    predicted.column(g).iter().zip(measured.column(g)).map(|(p, m)| (p - m).abs()).collect();
                let square = off.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>() / n;
                let residual = (square.sqrt() as f32).max(1e-6);
                let ratios = off.iter().zip(spread.column(g)).map(|(o, s)| o / residual.hypot(s)).collect();
                (residual, ratios)
            })
            .collect();
        let mut all: Vec<f32> = parts.iter().flat_map(|(_, r)| r.iter().copied()).collect();
        let common = quantile(&mut all);
        let share = (n / (n + PRIOR_SPOTS)) as f32;
        let factor: Vec<f32> =
            parts.iter().map(|(_, r)| share * quantile(&mut r.clone()) + (1.0 - share) * common).collect();
        let mut scaled: Vec<f32> = parts
            .iter()
            .zip(&factor)
            .flat_map(|((_, r), f)| r.iter().map(move |r| r / f.max(1e-6)))
            .collect();
        let scale = quantile(&mut scaled);
        Self {
            residual: parts.into_iter().map(|(residual, _)| residual).collect(),
            factor: factor.into_iter().map(|f| f * scale).collect(),
        }
    }

    /// Half the width of the interval of each value: `n x genes`.
    pub fn apply(&self, spread: &Matrix) -> Matrix {
        let mut out = spread.clone();
        for r in 0..out.rows() {
            for ((v, residual), factor) in out.row_mut(r).iter_mut().zip(&self.residual).zip(&self.factor) {
                *v = factor * residual.hypot(*v);
            }
        }
        out
    }
}

/// The value that 80 % of `values` do not exceed; 1 when there are none.
fn quantile(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 1.0;
    }
    let at = ((values.len() as f64 * COVERAGE).ceil() as usize).clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    /// Noise that grows with the spread, by another factor for each gene.
    fn data(seed: u64, n: usize) -> (Matrix, Matrix, Matrix) {
        let mut rng = stream(seed, "uncertainty", 0);
        let mut draw = || -> f32 { (0..6).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * 2f32.sqrt() };
        let predicted = Matrix::zeros(n, 20);
        let spread = Matrix::from_fn(n, 20, |r, _| 0.2 + 0.1 * (r % 9) as f32);
        let measured =
            Matrix::from_fn(n, 20, |r, c| draw() * (1 + c % 3) as f32 * 0.5f32.hypot(spread.get(r, c)));
        (predicted, spread, measured)
    }

    #[test]
    fn eighty_of_a_hundred_lie_within() {
        let (p, s, m) = data(1, 180);
        let calibration = Calibration::choose(&p, &s, &m);
        let covered = |p: &Matrix, s: &Matrix, m: &Matrix| {
            let width = calibration.apply(s);
            let inside = p.as_slice().iter().zip(m.as_slice()).zip(width.as_slice());
            inside.filter(|((p, m), w)| (**p - **m).abs() <= **w).count() as f64 / p.as_slice().len() as f64
        };
        let here = covered(&p, &s, &m);
        assert!((here - 0.8).abs() < 0.005, "{here}");
        let (p, s, m) = data(2, 500);
        let elsewhere = covered(&p, &s, &m);
        assert!((elsewhere - 0.8).abs() < 0.03, "{elsewhere}");
        // And for each gene, though their noise differs by a factor of 3.
        for g in 0..20 {
            let column = |x: &Matrix| x.select_cols(&[g]);
            let one =
                Calibration { residual: vec![calibration.residual[g]], factor: vec![calibration.factor[g]] };
            let width = one.apply(&column(&s));
            let inside = (0..500).filter(|&r| (p.get(r, g) - m.get(r, g)).abs() <= width.get(r, 0)).count();
            assert!((0.7..0.9).contains(&(inside as f64 / 500.0)), "gene {g}: {inside} of 500");
        }
    }

    #[test]
    fn quantiles_of_few_values() {
        assert_eq!(quantile(&mut [5.0, 1.0, 4.0, 2.0, 3.0]), 4.0);
        assert_eq!(quantile(&mut [7.0]), 7.0);
        assert_eq!(quantile(&mut []), 1.0);
    }
}
