//! Comparison of two groups of places over all genes, as `scanpy.tl.rank_genes_groups(groups=[a], reference=b,
//! method="wilcoxon")` does it, and a test between sections.
//!
//! Places of one section resemble each other and their neighbours, so the p-values of the rank-sum test are too small for
//! any statement about patients; they order genes. Where there are several sections, [`PseudoBulkTest`] compares sections
//! instead of places.
//!
//! scanpy's `normalize_total` works in single precision, by which some values that are equal (2 of 1,000 counts and 4 of
//! 2,000) become unequal, and the rank sums of such genes differ from those here by a few halves.

mod error;
mod gather;
mod pseudo_bulk;
mod ranks;

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::expression::Expression;
use super::metrics::benjamini_hochberg;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Task};
use crate::core::target::ExpressionScale;
pub use error::CompareError;
use gather::{Plan, Sums};
pub use pseudo_bulk::{MIN_PSEUDO_BULK_MEMBERS, MIN_REPLICATES, PseudoBulk, PseudoBulkTest};

/// The least members that each group needs.
pub const MIN_MEMBERS: usize = 2;

/// What scanpy adds to both sides of a ratio, so that it is defined.
const PSEUDO_COUNT: f64 = 1e-9;

/// One of the two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    A,
    B,
}

/// A section that takes part in a comparison.
#[derive(Debug, Clone, Copy)]
pub struct ComparedSection<'a> {
    /// Its name, for errors.
    pub name: &'a str,
    /// Its expression.
    pub expression: Expression<'a>,
    /// The column of each compared gene, `None` where the section did not measure it.
    pub columns: &'a [Option<usize>],
    /// Rows of `expression` in group A; none where the section has none.
    pub a: &'a [usize],
    /// Rows of `expression` in group B.
    pub b: &'a [usize],
    /// Sections of the same number are one replicate of the pseudo-bulk test. Number sections one by one to compare
    /// sections, or by patient to compare patients.
    pub replicate: usize,
}

/// How groups are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompareOptions {
    /// Whether the variance of rank sums is corrected for ties. Off by default, as in scanpy; SciPy always does it.
    pub tie_correct: bool,
}

/// Mean values of one gene in the groups of one section.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SectionMeans {
    /// Over the members of group A; `None` where the section has none or did not measure the gene.
    pub a: Option<f64>,
    /// Over the members of group B.
    pub b: Option<f64>,
}

/// One gene in the two groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeneComparison {
    /// Its place in the list of compared genes.
    pub gene: usize,
    /// Sections that measured it, of those that have members.
    pub sections: usize,
    /// Members of group A in these sections, over which all numbers of this gene are.
    pub members_a: usize,
    /// Members of group B in these sections.
    pub members_b: usize,
    /// Mean value in group A, on the scale of the comparison.
    pub mean_a: f64,
    /// Mean value in group B.
    pub mean_b: f64,
    /// scanpy's `logfoldchanges`: log2 of the ratio of `exp(mean) - 1 + 1e-9` (10 to the power of the mean for logarithms to
    /// base 10). A mean below zero, which only predictions have, counts as zero. `None` for values that are not logarithms
    /// of expression, where [`GeneComparison::mean_difference`] is what remains.
    pub log2_fold_change: Option<f64>,
    /// Share of the members of group A with a count above zero; `None` where a section does not hold counts.
    pub expressing_a: Option<f64>,
    /// Share of the members of group B with a count above zero.
    pub expressing_b: Option<f64>,
    /// Standardised rank sum of group A (scanpy's `scores`): above zero where A is higher.
    pub score: f64,
    /// Two-sided p-value of the score.
    pub p: f64,
    /// Benjamini-Hochberg q-value of `p` over all genes that were tested.
    pub q: f64,
    /// Area under the ROC curve of the gene as a marker of group A: the probability that a member of A has a higher value
    /// than one of B, ties counting half.
    pub auroc: f64,
    /// The means of each section, in the order of the sections.
    pub by_section: Vec<SectionMeans>,
    /// The test between replicates; `None` where it is not offered, or undefined for this gene.
    pub pseudo_bulk: Option<PseudoBulk>,
}

impl GeneComparison {
    /// Mean of group A minus mean of group B, on the scale of the comparison.
    pub fn mean_difference(&self) -> f64 {
        self.mean_a - self.mean_b
    }

    /// The log2 fold change, or the difference of means of values that are no logarithms.
    pub fn effect(&self) -> f64 {
        self.log2_fold_change.unwrap_or_else(|| self.mean_difference())
    }
}

/// Two groups of places compared over all genes.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the values mean.
    pub scale: ExpressionScale,
    /// Members of group A in all sections.
    pub members_a: usize,
    /// Members of group B in all sections.
    pub members_b: usize,
    /// The genes that were tested, in the order of the list.
    pub genes: Vec<GeneComparison>,
    /// Genes of the list that fewer than [`MIN_MEMBERS`] members of a group measured, and which were not tested.
    pub untested: Vec<String>,
    /// The test between replicates, where there are enough of them.
    pub pseudo_bulk: Option<PseudoBulkTest>,
}

impl Comparison {
    /// The largest effect, whichever its sign, of genes that both groups express; 1 where there is none. The fold change of a gene
    /// that a group lacks altogether depends on what is added to both sides of the ratio alone, so plots draw it at this one.
    pub fn widest_effect(&self) -> f64 {
        let expressed = |share: Option<f64>| share.is_none_or(|s| s > 0.0);
        let in_both = |g: &&GeneComparison| expressed(g.expressing_a) && expressed(g.expressing_b);
        let widest = self.genes.iter().filter(in_both).map(|g| g.effect().abs()).fold(0.0, f64::max);
        if widest > 0.0 { widest } else { 1.0 }
    }
}

/// Compares two groups of places, which may lie in several sections, over `genes`.
///
/// All members are ranked together, whatever their section. A gene that some sections did not measure is tested on the
/// members in those that did; [`GeneComparison::sections`] says how many these are. (To fill in zeros instead, as a join of
/// tables would, would make the missing gene look like a difference between the groups.)
///
/// Takes memory for the values of some genes at a time, never for a dense copy of sparse values.
///
/// # Errors
/// [`CompareError`] when a group has fewer than [`MIN_MEMBERS`] members, the groups overlap or name a place that does not exist,
/// values of different scales meet, values are not finite, or the work is cancelled.
pub fn compare_groups(
    genes: &[String],
    sections: &[ComparedSection<'_>],
    options: CompareOptions,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Comparison, CompareError> {
    cancel.check()?;
    let scale = error::check(genes, sections)?;
    let all = |side| sections.iter().map(|s| members(s, side).len()).sum::<usize>();
    let plan = Plan::new(genes.len(), sections, cancel)?;
    let test = PseudoBulkTest::choose(sections);
    let libraries = test.map(|_| pseudo_bulk::Libraries::new(sections, &plan));

    let (done, total) = (AtomicU64::new(0), plan.blocks().len() as u64);
    progress.report(&Task::ComparingGroups.into(), 0, total);
    let blocks: Vec<Vec<GeneComparison>> = plan
        .blocks()
        .par_iter()
        .map(|block| {
            cancel.check()?;
            let gathered = plan.gather(block.clone(), genes, sections)?;
            let mut found = Vec::with_capacity(gathered.len());
            for mut gene in gathered {
                if cancel.is_cancelled() {
                    return Err(CompareError::Cancelled(Cancelled));
                }
                let Some(mut compared) = compare_gene(&mut gene, sections, scale, options) else { continue };
                compared.pseudo_bulk = test
                    .zip(libraries.as_ref())
                    .and_then(|(test, libraries)| test.of_gene(sections, libraries, gene.gene, &gene.sums));
                found.push(compared);
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.report(&Task::ComparingGroups.into(), done, total);
            Ok(found)
        })
        .collect::<Result<_, CompareError>>()?;
    cancel.check()?;

    let mut compared: Vec<GeneComparison> = blocks.into_iter().flatten().collect();
    compared.sort_unstable_by_key(|g| g.gene);
    set_q_values(&mut compared);
    let mut tested = vec![false; genes.len()];
    compared.iter().for_each(|g| tested[g.gene] = true);
    let untested = genes.iter().zip(tested).filter(|(_, tested)| !tested).map(|(g, _)| g.clone()).collect();
    Ok(Comparison {
        scale,
        members_a: all(Side::A),
        members_b: all(Side::B),
        genes: compared,
        untested,
        pseudo_bulk: test,
    })
}

/// The members of one group in a section.
fn members<'a>(section: &ComparedSection<'a>, side: Side) -> &'a [usize] {
    match side {
        Side::A => section.a,
        Side::B => section.b,
    }
}

/// Everything about one gene but its q-values and the test between replicates; `None` where too few members measured it.
fn compare_gene(
    gene: &mut gather::GeneValues,
    sections: &[ComparedSection<'_>],
    scale: ExpressionScale,
    options: CompareOptions,
) -> Option<GeneComparison> {
    let measured = |s: &&ComparedSection<'_>| s.columns[gene.gene].is_some();
    let count = |side| sections.iter().filter(measured).map(|s| members(s, side).len()).sum::<usize>();
    let (members_a, members_b) = (count(Side::A), count(Side::B));
    if members_a.min(members_b) < MIN_MEMBERS {
        return None;
    }
    let taking_part = |s: &&ComparedSection<'_>| !s.a.is_empty() || !s.b.is_empty();
    let counts = sections.iter().filter(measured).filter(taking_part).all(|s| s.expression.is_counts());
    let over =
        |side: Side, of: fn(&Sums) -> f64| gene.sums.iter().map(|s| of(&s[side as usize])).sum::<f64>();
    let mean_a = over(Side::A, |s| s.values) / members_a as f64;
    let mean_b = over(Side::B, |s| s.values) / members_b as f64;
    let share = |side, members| counts.then(|| over(side, |s| s.positive as f64) / members as f64);
    let by_section = sections
        .iter()
        .zip(&gene.sums)
        .map(|(s, sums)| {
            let mean = |side| {
                let n = members(s, side).len();
                (n > 0 && s.columns[gene.gene].is_some()).then(|| sums[side as usize].values / n as f64)
            };
            SectionMeans { a: mean(Side::A), b: mean(Side::B) }
        })
        .collect();
    let (expressing_a, expressing_b) = (share(Side::A, members_a), share(Side::B, members_b));
    let sections = sections.iter().filter(measured).filter(taking_part).count();
    let [a, b] = &mut gene.groups;
    let ranked = ranks::rank_sum(a, b, options.tie_correct);
    Some(GeneComparison {
        gene: gene.gene,
        sections,
        members_a,
        members_b,
        mean_a,
        mean_b,
        log2_fold_change: log2_fold_change(scale, mean_a, mean_b),
        expressing_a,
        expressing_b,
        score: ranked.score,
        p: ranked.p,
        q: 1.0,
        auroc: ranked.auroc,
        by_section,
        pseudo_bulk: None,
    })
}

fn log2_fold_change(scale: ExpressionScale, mean_a: f64, mean_b: f64) -> Option<f64> {
    let base = match scale {
        ExpressionScale::LnAll => 1.0,
        ExpressionScale::Log10Selected | ExpressionScale::Log10All => std::f64::consts::LN_10,
        ExpressionScale::AsInFile | ExpressionScale::MeasuredScore | ExpressionScale::PredictedScore => {
            return None;
        }
    };
    let expression = |mean: f64| (mean * base).exp_m1().max(0.0) + PSEUDO_COUNT;
    Some((expression(mean_a) / expression(mean_b)).log2())
}

/// Benjamini-Hochberg over all tested genes, for both tests.
fn set_q_values(genes: &mut [GeneComparison]) {
    let ranked = benjamini_hochberg(&genes.iter().map(|g| Some(g.p)).collect::<Vec<_>>());
    let between: Vec<Option<f64>> = genes.iter().map(|g| g.pseudo_bulk.as_ref().map(|p| p.p)).collect();
    for ((gene, q), bulk_q) in genes.iter_mut().zip(ranked).zip(benjamini_hochberg(&between)) {
        gene.q = q.unwrap_or(1.0);
        if let (Some(bulk), Some(q)) = (&mut gene.pseudo_bulk, bulk_q) {
            bulk.q = q;
        }
    }
}

#[cfg(test)]
mod tests;
