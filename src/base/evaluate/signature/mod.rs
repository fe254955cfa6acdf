//! Signature scores as `scanpy.tl.score_genes` computes them (Satija et al. 2015; Tirosh et al. 2016): the mean of the genes
//! of a signature minus the mean of control genes of similar expression.
//!
//! Everything that decides which control genes are drawn repeats scanpy's steps on single precision values: means that are
//! summed up in single precision, spot after spot; ranks of these means, cut into bins; NumPy's generator. Values in double
//! precision have slightly other means, so scanpy may draw a few other control genes from these. The means over genes are
//! summed up in double precision; scanpy sums up sparse rows in single precision, which differs by up to about 1e-7.

mod numpy;

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::expression::{Expression, Flaw};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::text::counted;
use numpy::RandomState;

/// Places between two looks at the cancel token.
const CHUNK: usize = 1024;

/// How control genes are drawn. The default is scanpy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureSettings {
    /// Control genes per bin that holds a gene of the signature (`ctrl_size`).
    pub control_genes: usize,
    /// Bins of mean expression (`n_bins`), at least 2.
    pub bins: usize,
    /// Seed of the generator (`random_state`).
    pub seed: u32,
}

impl Default for SignatureSettings {
    fn default() -> Self {
        Self { control_genes: 50, bins: 25, seed: 0 }
    }
}

/// The score of a signature at each place.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureScores {
    /// One per place, on the scale of the values.
    pub scores: Vec<f64>,
    /// Columns of the genes of the signature, in its order.
    pub genes: Vec<usize>,
    /// Genes of the signature that the section does not have, in its order.
    pub missing: Vec<String>,
    /// Columns of the control genes, ascending.
    pub controls: Vec<usize>,
}

/// A signature cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature is empty.
    #[error("The signature has no genes; add at least one")]
    Empty,
    /// None of its genes is there.
    #[error("The section has none of the {} of the signature; check that it is of the same species and uses the same \
        gene names", counted(*.0, "gene"))]
    NoneFound(usize),
    /// All genes of similar expression belong to the signature, or none were to be drawn.
    #[error(
        "No control genes are left for the signature: all genes of similar expression belong to it. Use a shorter \
        signature or a section with more genes"
    )]
    NoControls,
    /// The settings leave nothing to compute.
    #[error("A signature needs at least 2 bins and 1 control gene per bin, not {bins} and {control_genes}")]
    Settings {
        /// Bins.
        bins: usize,
        /// Control genes per bin.
        control_genes: usize,
    },
    /// A value is infinite or not a number.
    #[error("The value in column {column} at place {place} is not a finite number; reload the section")]
    NotFinite {
        /// The row.
        place: usize,
        /// The column.
        column: usize,
    },
    /// A count is below zero.
    #[error(
        "The count in column {column} at place {place} is below zero, so these are not counts; check the file"
    )]
    Negative {
        /// The row.
        place: usize,
        /// The column.
        column: usize,
    },
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SignatureError {
    fn unusable(place: usize, (column, flaw): (usize, Flaw)) -> Self {
        match flaw {
            Flaw::NotFinite => Self::NotFinite { place, column },
            Flaw::Negative => Self::Negative { place, column },
        }
    }
}

/// Scores `signature` at every place of a section. `find` gives the column of a gene (such as
/// [`GeneIndex::find`](crate::data::genes::GeneIndex::find)); names that lead to one column are one gene. Control genes are
/// drawn from all columns.
///
/// Equal to `scanpy.tl.score_genes(adata, signature, ctrl_size=50, n_bins=25, random_state=0)` with default settings, where
/// `adata.X` holds these values in single precision.
///
/// # Errors
/// [`SignatureError`] when the signature is empty or none of its genes is there, no control genes are left, values are not
/// finite, or the work is cancelled.
pub fn score_signature(
    expression: Expression<'_>,
    signature: &[String],
    find: impl Fn(&str) -> Option<usize>,
    settings: SignatureSettings,
    cancel: &CancelToken,
) -> Result<SignatureScores, SignatureError> {
    cancel.check()?;
    let SignatureSettings { control_genes, bins, seed } = settings;
    if bins < 2 || control_genes == 0 {
        return Err(SignatureError::Settings { bins, control_genes });
    }
    if signature.is_empty() {
        return Err(SignatureError::Empty);
    }
    let (mut genes, mut missing) = (Vec::new(), Vec::new());
    for name in signature {
        match find(name).filter(|&column| column < expression.cols()) {
            Some(column) if genes.contains(&column) => (),
            Some(column) => genes.push(column),
            None => missing.push(name.clone()),
        }
    }
    if genes.is_empty() {
        return Err(SignatureError::NoneFound(signature.len()));
    }
    let totals: Vec<f64> =
        (0..expression.rows()).into_par_iter().map(|place| expression.total(place)).collect();
    let means = gene_means(expression, &totals, cancel)?;
    let controls =
        draw_controls(&bin_of_each(&means, bins), &genes, control_genes, &mut RandomState::new(seed));
    if controls.is_empty() {
        return Err(SignatureError::NoControls);
    }
    let scores = scores(expression, &totals, &genes, &controls, cancel)?;
    Ok(SignatureScores { scores, genes, missing, controls })
}

/// The mean of each column over all places, as scanpy has it: a sum in single precision over the places in their order,
/// divided in double precision, and rounded to single precision for dense values alone.
fn gene_means(
    expression: Expression<'_>,
    totals: &[f64],
    cancel: &CancelToken,
) -> Result<Vec<f64>, SignatureError> {
    let (cols, n) = (expression.cols(), totals.len() as f64);
    let width = cols.div_ceil(2 * rayon::current_num_threads()).max(64);
    let parts: Vec<Vec<f32>> = (0..cols.div_ceil(width))
        .into_par_iter()
        .map(|part| sums(expression, totals, part * width..cols.min((part + 1) * width), cancel))
        .collect::<Result<_, _>>()?;
    let mean = |sum: f32| {
        let mean = f64::from(sum) / n;
        if matches!(expression, Expression::Dense { .. }) { f64::from(mean as f32) } else { mean }
    };
    Ok(parts.into_iter().flatten().map(mean).collect())
}

fn sums(
    expression: Expression<'_>,
    totals: &[f64],
    columns: Range<usize>,
    cancel: &CancelToken,
) -> Result<Vec<f32>, SignatureError> {
    let mut sums = vec![0f32; columns.len()];
    for (place, &total) in totals.iter().enumerate() {
        if place % CHUNK == 0 {
            cancel.check()?;
        }
        expression
            .visit(place, total, columns.clone(), |_| true, |e| sums[e.column - columns.start] += e.value)
            .map_err(|flaw| SignatureError::unusable(place, flaw))?;
    }
    Ok(sums)
}

/// The bin of each mean: its rank from 1, where equal ones have that of the first, divided by the number of genes per bin.
fn bin_of_each(means: &[f64], bins: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_unstable_by(|&a, &b| means[a].total_cmp(&means[b]));
    // Python rounds halves to even.
    let per_bin = (means.len() as f64 / (bins - 1) as f64).round_ties_even() as usize;
    let mut bin = vec![0; means.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| means[a] == means[b]) {
        for &gene in equal {
            // Of very few genes, scanpy divides by zero, after which all are in one bin.
            bin[gene] = (before + 1usize).checked_div(per_bin).unwrap_or(0);
        }
        before += equal.len();
    }
    bin
}

/// Draws genes from each bin that holds one of `genes`, the lowest bin first, and drops those of the signature.
fn draw_controls(bin: &[usize], genes: &[usize], size: usize, random: &mut RandomState) -> Vec<usize> {
    let cuts: BTreeSet<usize> = genes.iter().map(|&g| bin[g]).collect();
    let mut controls = BTreeSet::new();
    for cut in cuts {
        let mut pool: Vec<usize> = (0..bin.len()).filter(|&g| bin[g] == cut).collect();
        if size < pool.len() {
            // Columns are numbered by 32 bits in sparse matrices; no table of genes comes near.
            let n = u32::try_from(pool.len()).unwrap_or(u32::MAX);
            pool = random.choice(n, size).into_iter().map(|i| pool[i as usize]).collect();
        }
        controls.extend(pool);
    }
    genes.iter().for_each(|g| {
        controls.remove(g);
    });
    controls.into_iter().collect()
}

/// The mean of `genes` minus that of `controls` at each place.
fn scores(
    expression: Expression<'_>,
    totals: &[f64],
    genes: &[usize],
    controls: &[usize],
    cancel: &CancelToken,
) -> Result<Vec<f64>, SignatureError> {
    // Control genes never belong to the signature.
    let mut weight = vec![0f64; expression.cols()];
    genes.iter().for_each(|&g| weight[g] = 1.0 / genes.len() as f64);
    controls.iter().for_each(|&g| weight[g] = -1.0 / controls.len() as f64);
    totals
        .par_iter()
        .enumerate()
        .map(|(place, &total)| {
            if place % CHUNK == 0 {
                cancel.check()?;
            }
            let mut score = 0.0;
            let add = |e: super::expression::Entry| score += weight[e.column] * f64::from(e.value);
            expression
                .visit(place, total, 0..expression.cols(), |column| weight[column] != 0.0, add)
                .map_err(|flaw| SignatureError::unusable(place, flaw))?;
            Ok(score)
        })
        .collect()
}

#[cfg(test)]
mod tests;
