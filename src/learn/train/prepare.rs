//! From measured expression to what a network is trained on: section means aligned, counting noise taken
//! out, genes z-scored, each spot's neighbours found.

use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::pca::{Pca, PcaError};
use crate::predict::GeneScale;
use crate::predict::source::SpotRef;
use crate::preprocess::neighbours::nearest;
use crate::train::config::TrainConfig;

/// What the spots of one training stage are trained on; rows are its spots, in the order of `picks`.
#[derive(Debug)]
pub struct Prepared {
    /// The spots.
    pub picks: Vec<SpotRef>,
    /// Where they lie, in micrometres.
    pub places: Vec<[f32; 2]>,
    /// Mean and deviation of the genes.
    pub scale: GeneScale,
    /// Denoised expression on the target scale, as the bank keeps it: `n x genes`.
    pub denoised: Matrix,
    /// The same z-scored: `n x genes`.
    pub target: Matrix,
    /// What the expression branch reads: `n x inputs`.
    pub inputs: Matrix,
    /// Nearest spots of the same section: `n` times at most the number asked for.
    pub neighbours: Vec<Vec<u32>>,
}

/// Prepares `picks` of sections with `expression` (`spots x genes` each) and `places`.
///
/// # Errors
/// [`PcaError`] when expression is not finite or there is none, or on cancel.
pub fn prepare(
    expression: &[&Matrix],
    places: &[&[[f32; 2]]],
    picks: Vec<SpotRef>,
    config: &TrainConfig,
    cancel: &CancelToken,
) -> Result<Prepared, PcaError> {
    let genes = expression.first().map_or(0, |e| e.cols());
    let rows: Vec<&[f32]> = picks.iter().map(|p| expression[p.section].row(p.spot)).collect();
    let mut values = Matrix::from_fn(rows.len(), genes, |r, c| rows[r][c]);
    if config.center_sections {
        align_sections(&mut values, &picks, expression.len());
    }
    let scale = scale_of(&values);
    let (denoised, inputs) = if config.rank == 0 {
        if !values.as_slice().iter().all(|v| v.is_finite()) {
            return Err(PcaError::NotFinite);
        }
        let inputs = scale.standardise(&values);
        (values, inputs)
    } else {
        let pca = Pca::fit(&values, config.rank, cancel)?;
        let mut denoised = pca.denoise(&values)?;
        let kept = config.residual_kept as f32;
        for (d, v) in denoised.as_mut_slice().iter_mut().zip(values.as_slice()) {
            *d += kept * (v - *d);
        }
        (denoised, scaled_scores(&pca, &values, config.rank)?)
    };
    let places: Vec<[f32; 2]> = picks.iter().map(|p| places[p.section][p.spot]).collect();
    let neighbours = neighbours_within(&picks, &places, expression.len(), config.expression_neighbours);
    let target = scale.standardise(&denoised);
    Ok(Prepared { picks, places, scale, denoised, target, inputs, neighbours })
}

/// How wide the inputs of the expression branch are.
pub fn input_width(config: &TrainConfig, genes: usize) -> usize {
    if config.rank == 0 { genes } else { config.rank }
}

/// Moves each section's mean expression to the mean of all. Features are standardised within sections, so
/// a difference between sections cannot be learned from them; in a bank it would only be noise.
fn align_sections(values: &mut Matrix, picks: &[SpotRef], sections: usize) {
    let genes = values.cols();
    let mut sums = vec![vec![0.0f64; genes]; sections];
    let mut counts = vec![0usize; sections];
    for (row, p) in values.iter_rows().zip(picks) {
        counts[p.section] += 1;
        for (s, &v) in sums[p.section].iter_mut().zip(row) {
            *s += f64::from(v);
        }
    }
    let total = picks.len().max(1) as f64;
    let overall: Vec<f64> = (0..genes).map(|g| sums.iter().map(|s| s[g]).sum::<f64>() / total).collect();
    for (r, p) in picks.iter().enumerate() {
        let n = counts[p.section].max(1) as f64;
        for ((v, s), o) in values.row_mut(r).iter_mut().zip(&sums[p.section]).zip(&overall) {
            *v += (o - s / n) as f32;
        }
    }
}

pub(super) fn scale_of(values: &Matrix) -> GeneScale {
    let n = values.rows().max(1) as f64;
    let (mut mean, mut square) = (vec![0.0f64; values.cols()], vec![0.0f64; values.cols()]);
    for row in values.iter_rows() {
        for (m, &v) in mean.iter_mut().zip(row) {
            *m += f64::from(v) / n;
        }
    }
    for row in values.iter_rows() {
        for ((s, m), &v) in square.iter_mut().zip(&mean).zip(row) {
            *s += (f64::from(v) - m).powi(2) / n;
        }
    }
    let deviation = square.into_iter().map(|s| if s > 1e-12 { s.sqrt() as f32 } else { 1.0 }).collect();
    GeneScale { mean: mean.into_iter().map(|m| m as f32).collect(), deviation }
}

/// Coordinates along the components in units of the largest deviation, padded to `rank` columns where
/// there are fewer components.
fn scaled_scores(pca: &Pca, values: &Matrix, rank: usize) -> Result<Matrix, PcaError> {
    let scores = pca.project(values)?;
    let unit = pca.variances().first().map_or(1.0, |v| v.sqrt()).max(1e-12) as f32;
    Ok(Matrix::from_fn(scores.rows(), rank, |r, c| scores.row(r).get(c).map_or(0.0, |v| v / unit)))
}

fn neighbours_within(picks: &[SpotRef], places: &[[f32; 2]], sections: usize, k: usize) -> Vec<Vec<u32>> {
    let mut out = vec![Vec::new(); picks.len()];
    for section in 0..sections {
        let rows: Vec<usize> = (0..picks.len()).filter(|&r| picks[r].section == section).collect();
        let local: Vec<[f32; 2]> = rows.iter().map(|&r| places[r]).collect();
        for (found, &row) in nearest(&local, k).into_iter().zip(&rows) {
            out[row] = found.into_iter().map(|j| rows[j as usize] as u32).collect();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks() -> Vec<SpotRef> {
        (0..2).flat_map(|section| (0..3).map(move |spot| SpotRef { section, spot })).collect()
    }

    #[test]
    fn sections_are_brought_to_one_mean_and_neighbours_stay_within() {
        let a = Matrix::from_vec(3, 2, vec![1.0, 0.0, 2.0, 0.0, 3.0, 3.0]).unwrap();
        let b = Matrix::from_vec(3, 2, vec![11.0, 0.0, 12.0, 3.0, 16.0, 0.0]).unwrap();
        let um = [[0.0, 0.0], [200.0, 0.0], [500.0, 0.0]];
        let config = TrainConfig { rank: 0, expression_neighbours: 1, ..TrainConfig::default() };
        let p = prepare(&[&a, &b], &[&um, &um], picks(), &config, &CancelToken::new()).unwrap();
        // Means 2 and 13, overall 7.5.
        assert_eq!(p.denoised.column(0), [6.5, 7.5, 8.5, 5.5, 6.5, 10.5]);
        assert_eq!(p.scale.mean, [7.5, 1.0]);
        assert_eq!(p.neighbours, [[1], [0], [1], [4], [3], [4]]);
        let mean = p.target.column(0).iter().sum::<f32>();
        assert!(mean.abs() < 1e-5);

        let raw = TrainConfig { center_sections: false, ..config };
        let p = prepare(&[&a, &b], &[&um, &um], picks(), &raw, &CancelToken::new()).unwrap();
        assert_eq!(p.denoised.column(0), [1.0, 2.0, 3.0, 11.0, 12.0, 16.0]);
    }

    #[test]
    fn denoising_keeps_what_genes_share() {
        let x = Matrix::from_fn(40, 6, |r, c| {
            (r as f32 * 0.3).sin() * (c + 1) as f32 + 0.01 * ((r * 7 + c * 3) % 5) as f32
        });
        let um: Vec<[f32; 2]> = (0..40).map(|i| [i as f32 * 200.0, 0.0]).collect();
        let picks = (0..40).map(|spot| SpotRef { section: 0, spot }).collect();
        let config = TrainConfig { rank: 1, ..TrainConfig::default() };
        let p = prepare(&[&x], &[&um], picks, &config, &CancelToken::new()).unwrap();
        assert_eq!((p.inputs.rows(), p.inputs.cols()), (40, 1));
        let off =
            p.denoised.as_slice().iter().zip(x.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 0.05 && off > 0.0, "{off}");
    }
}
