//! Blending retrieval and regression, gene by gene, with weights chosen on the validation spots.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::core::matrix::Matrix;

/// As many validation spots as the common weight counts for when a gene chooses its own: one section is a
/// noisy judge of a single gene.
const PRIOR_SPOTS: f64 = 1_000.0;

/// Weights that are tried.
const STEPS: usize = 20;

/// How predictions are made from the two parts: `mean + slope ((1 - w) retrieved + w regressed - mean)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// Weight of regression for each gene, 0 to 1.
    pub weight: Vec<f32>,
    /// What deviations from the mean are multiplied with; below 1 where predictions vary too much.
    pub slope: f32,
}

impl Blend {
    /// Equal parts for each of `genes`: where there is nothing to choose on.
    pub fn even(genes: usize) -> Self {
        Self { weight: vec![0.5; genes], slope: 1.0 }
    }

    /// Chooses on validation spots: the weight that gives the best mean correlation over all genes, each
    /// gene's own weight drawn strongly towards it, and the slope that gives the least squared error.
    ///
    /// `retrieved`, `regressed` and `measured` are `n x genes`, `mean` the training mean of each gene.
    pub fn choose(retrieved: &Matrix, regressed: &Matrix, measured: &Matrix, mean: &[f32]) -> Self {
        let genes = measured.cols();
        let sums: Vec<Sums> =
            (0..genes).into_par_iter().map(|g| Sums::new(retrieved, regressed, measured, g)).collect();
        let at = |i: usize| i as f64 / STEPS as f64;
        let best = |score: &dyn Fn(f64) -> f64| {
            let mut best = (f64::NEG_INFINITY, 0.5);
            for i in 0..=STEPS {
                let s = score(at(i));
                if s > best.0 {
                    best = (s, at(i));
                }
            }
            best.1
        };
        let common = best(&|w| sums.iter().filter_map(|s| s.correlation(w)).sum::<f64>());
        let n = measured.rows() as f64;
        let own_share = n / (n + PRIOR_SPOTS);
        let weight: Vec<f32> = sums
            .iter()
            .map(|s| {
                let own = best(&|w| s.correlation(w).unwrap_or(0.0));
                let own = if s.correlation(common).is_some() { own } else { common };
                (own * own_share + common * (1.0 - own_share)) as f32
            })
            .collect();
        let mut blend = Self { weight, slope: 1.0 };
        blend.slope = slope(&blend.apply(retrieved, regressed, mean), measured);
        blend
    }

    /// Blended predictions: `n x genes`.
    pub fn apply(&self, retrieved: &Matrix, regressed: &Matrix, mean: &[f32]) -> Matrix {
        let mut out = retrieved.clone();
        for (r, other) in regressed.iter_rows().enumerate() {
            let row = out.row_mut(r).iter_mut().zip(other).zip(&self.weight).zip(mean);
            for (((v, other), w), m) in row {
                *v = m + self.slope * (*v + w * (other - *v) - m);
            }
        }
        out
    }
}

/// The slope of the least squared error, each gene's own level in the section taken out of both sides.
fn slope(predicted: &Matrix, measured: &Matrix) -> f32 {
    let (mut together, mut alone) = (0.0, 0.0);
    for g in 0..measured.cols() {
        let s = Sums::new(predicted, predicted, measured, g);
        together += s.at;
        alone += s.aa;
    }
    if alone > 0.0 { (together / alone).clamp(0.5, 1.5) as f32 } else { 1.0 }
}

/// Second moments of the two predictions `a`, `b` and the truth `t` of one gene.
struct Sums {
    aa: f64,
    bb: f64,
    ab: f64,
    at: f64,
    bt: f64,
    tt: f64,
}

impl Sums {
    fn new(a: &Matrix, b: &Matrix, t: &Matrix, g: usize) -> Self {
        let centred = |x: &Matrix| -> Vec<f64> {
            let v = x.column(g);
            let mean = v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len().max(1) as f64;
            v.into_iter().map(|v| f64::from(v) - mean).collect()
        };
        let (a, b, t) = (centred(a), centred(b), centred(t));
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        Self {
            aa: dot(&a, &a),
            bb: dot(&b, &b),
            ab: dot(&a, &b),
            at: dot(&a, &t),
            bt: dot(&b, &t),
            tt: dot(&t, &t),
        }
    }

    /// Pearson's correlation of the blend at weight `w` of `b`; none where something is constant.
    fn correlation(&self, w: f64) -> Option<f64> {
        let v = 1.0 - w;
        let variance = v * v * self.aa + 2.0 * v * w * self.ab + w * w * self.bb;
        let scale = (variance * self.tt).sqrt();
        (scale > 1e-12).then(|| (v * self.at + w * self.bt) / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    fn noisy(truth: &Matrix, noise: f32, seed: u64) -> Matrix {
        let mut rng = stream(seed, "noise", 0);
        Matrix::from_fn(truth.rows(), truth.cols(), |r, c| {
            truth.get(r, c) + noise * (rng.random::<f32>() - 0.5)
        })
    }

    #[test]
    fn the_better_part_gets_the_weight() {
        let truth = noisy(&Matrix::zeros(200, 30), 2.0, 1);
        let (good, bad) = (noisy(&truth, 0.2, 2), noisy(&truth, 6.0, 3));
        let mean = vec![0.0; 30];
        let blend = Blend::choose(&good, &bad, &truth, &mean);
        assert!(blend.weight.iter().all(|&w| w < 0.2), "{:?}", blend.weight);
        let blend = Blend::choose(&bad, &good, &truth, &mean);
        assert!(blend.weight.iter().all(|&w| w > 0.8), "{:?}", blend.weight);
        let blend = Blend::choose(&noisy(&truth, 2.0, 4), &noisy(&truth, 2.0, 5), &truth, &mean);
        assert!(blend.weight.iter().all(|&w| (0.3..0.7).contains(&w)), "{:?}", blend.weight);
    }

    #[test]
    fn deviations_that_are_twice_too_large_are_halved() {
        let truth = noisy(&Matrix::zeros(100, 5), 2.0, 1);
        let twice = Matrix::from_fn(100, 5, |r, c| 3.0 + 2.0 * (truth.get(r, c)));
        let measured = Matrix::from_fn(100, 5, |r, c| 3.0 + truth.get(r, c));
        let mean = vec![3.0; 5];
        let blend = Blend::choose(&twice, &twice, &measured, &mean);
        assert!((blend.slope - 0.5).abs() < 0.02, "{}", blend.slope);
        let out = blend.apply(&twice, &twice, &mean);
        assert!((out.get(7, 2) - measured.get(7, 2)).abs() < 0.05);
    }

    #[test]
    fn a_constant_gene_takes_the_common_weight() {
        let mut truth = noisy(&Matrix::zeros(50, 3), 2.0, 1);
        for r in 0..50 {
            truth.row_mut(r)[1] = 0.0;
        }
        let blend = Blend::choose(&noisy(&truth, 1.0, 2), &noisy(&truth, 3.0, 3), &truth, &[0.0; 3]);
        assert!(blend.weight.iter().all(|w| w.is_finite()) && blend.slope.is_finite());
    }
}
