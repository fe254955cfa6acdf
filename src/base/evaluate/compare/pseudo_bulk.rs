//! A test between sections (or patients) instead of places.
//!
//! Places of a section are no independent samples, and tests that take them for such find differences where there are none;
//! adding up each replicate first does not (Squair et al. 2021, Nature Communications 12:5692). Where each replicate has
//! both groups, the differences within replicates are tested, which leaves out how replicates differ as wholes.

use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;

use super::gather::{Plan, Sums};
use super::{ComparedSection, Side, members};
use crate::core::target::ExpressionScale;

/// The fewest replicates on each side that a test is offered for.
pub const MIN_REPLICATES: usize = 3;

/// The fewest members of a group that a replicate needs to count on its side.
pub const MIN_PSEUDO_BULK_MEMBERS: usize = 2;

/// How replicates are compared. Counts of a replicate are added up over the members of a group and log-normalised:
/// `ln(1 + 1e4 * sum of the gene / sum of all genes)`. Values that are no counts are averaged instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PseudoBulkTest {
    /// Student's t of the differences within replicates that have both groups (SciPy's `ttest_rel`): where at least
    /// [`MIN_REPLICATES`] have both. Replicates with one group take no part.
    Paired,
    /// Welch's t of two groups of replicates (SciPy's `ttest_ind` with `equal_var=False`): where too few have both, but at least
    /// [`MIN_REPLICATES`] have group A and as many group B. Replicates with both count on both sides as if independent.
    Welch,
}

/// What the test between replicates says of one gene.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PseudoBulk {
    /// Mean of the replicates of A minus mean of those of B, on the scale of the comparison.
    pub difference: f64,
    /// Replicates of group A that measured the gene.
    pub replicates_a: usize,
    /// Replicates of group B that measured the gene.
    pub replicates_b: usize,
    /// Student's or Welch's t.
    pub t: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Benjamini-Hochberg q-value over all genes for which the test is defined.
    pub q: f64,
}

/// The replicates, and how many counts the groups of each section have.
#[derive(Debug)]
pub(super) struct Libraries {
    /// Sections of each replicate.
    replicates: Vec<Vec<usize>>,
    /// Sum of all counts of group A and of group B in each section.
    counts: Vec<[f64; 2]>,
}

impl Libraries {
    pub fn new(sections: &[ComparedSection<'_>], plan: &Plan) -> Self {
        let sum = |section: usize, side| plan.totals(section, side).iter().sum();
        let counts = (0..sections.len()).map(|s| [Side::A, Side::B].map(|side| sum(s, side))).collect();
        Self { replicates: replicates(sections), counts }
    }
}

/// The sections of each replicate, in the order of the first.
fn replicates(sections: &[ComparedSection<'_>]) -> Vec<Vec<usize>> {
    let mut numbers: Vec<usize> = Vec::new();
    let mut all: Vec<Vec<usize>> = Vec::new();
    for (s, section) in sections.iter().enumerate() {
        match numbers.iter().position(|&n| n == section.replicate) {
            Some(known) => all[known].push(s),
            None => {
                numbers.push(section.replicate);
                all.push(vec![s]);
            }
        }
    }
    all
}

/// Whether these sections have enough members of a group to count on its side.
fn is_enough<'a>(side: Side, sections: impl Iterator<Item = &'a ComparedSection<'a>>) -> bool {
    sections.map(|s| members(s, side).len()).sum::<usize>() >= MIN_PSEUDO_BULK_MEMBERS
}

impl PseudoBulkTest {
    /// The test that fits the sections and groups, `None` where there are too few replicates.
    pub(super) fn choose(sections: &[ComparedSection<'_>]) -> Option<Self> {
        let has = |replicate: &[usize], side| is_enough(side, replicate.iter().map(|&s| &sections[s]));
        let all = replicates(sections);
        let a = all.iter().filter(|r| has(r, Side::A)).count();
        let b = all.iter().filter(|r| has(r, Side::B)).count();
        let both = all.iter().filter(|r| has(r, Side::A) && has(r, Side::B)).count();
        match () {
            () if both >= MIN_REPLICATES => Some(Self::Paired),
            () if a.min(b) >= MIN_REPLICATES => Some(Self::Welch),
            () => None,
        }
    }

    /// The test of one gene. `None` where too few replicates measured it, or where its values do not vary.
    pub(super) fn of_gene(
        self,
        sections: &[ComparedSection<'_>],
        libraries: &Libraries,
        gene: usize,
        sums: &[[Sums; 2]],
    ) -> Option<PseudoBulk> {
        let value = |replicate: &[usize], side: Side| {
            let measured = || replicate.iter().copied().filter(|&s| sections[s].columns[gene].is_some());
            if !is_enough(side, measured().map(|s| &sections[s])) {
                return None;
            }
            let over = |of: &dyn Fn(usize) -> f64| measured().map(of).sum::<f64>();
            let counts = measured()
                .filter(|&s| !members(&sections[s], side).is_empty())
                .all(|s| sections[s].expression.is_counts());
            if counts {
                let library = over(&|s| libraries.counts[s][side as usize]);
                let sum = over(&|s| sums[s][side as usize].stored);
                (library > 0.0).then(|| ExpressionScale::LnAll.value(sum, library))
            } else {
                let n = over(&|s| members(&sections[s], side).len() as f64);
                Some(over(&|s| sums[s][side as usize].values) / n)
            }
        };
        let pairs = libraries.replicates.iter().map(|r| (value(r, Side::A), value(r, Side::B)));
        match self {
            Self::Paired => {
                let (a, b): (Vec<f64>, Vec<f64>) = pairs.filter_map(|(a, b)| a.zip(b)).unzip();
                paired(&a, &b)
            }
            Self::Welch => {
                let (a, b): (Vec<_>, Vec<_>) = pairs.unzip();
                welch(
                    &a.into_iter().flatten().collect::<Vec<f64>>(),
                    &b.into_iter().flatten().collect::<Vec<f64>>(),
                )
            }
        }
    }
}

/// Mean and variance (over n - 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Student's t of paired values. `None` for fewer than [`MIN_REPLICATES`] pairs or where all differences are equal.
fn paired(a: &[f64], b: &[f64]) -> Option<PseudoBulk> {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    if differences.len() < MIN_REPLICATES {
        return None;
    }
    let n = differences.len();
    let (difference, variance) = moments(&differences);
    finish(difference, (variance / n as f64).sqrt(), (n - 1) as f64, [n, n])
}

/// Welch's t (Welch 1947). `None` for fewer than [`MIN_REPLICATES`] values on a side or where neither side varies.
fn welch(a: &[f64], b: &[f64]) -> Option<PseudoBulk> {
    if a.len().min(b.len()) < MIN_REPLICATES {
        return None;
    }
    let ((mean_a, variance_a), (mean_b, variance_b)) = (moments(a), moments(b));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (of_a, of_b) = (variance_a / n, variance_b / m);
    // The degrees of freedom of Satterthwaite (1946).
    let degrees = (of_a + of_b).powi(2) / (of_a.powi(2) / (n - 1.0) + of_b.powi(2) / (m - 1.0));
    finish(mean_a - mean_b, (of_a + of_b).sqrt(), degrees, [a.len(), b.len()])
}

fn finish(difference: f64, error: f64, degrees: f64, [a, b]: [usize; 2]) -> Option<PseudoBulk> {
    let t = difference / error;
    // Without any variation, t is infinite or 0 / 0.
    if !t.is_finite() || !degrees.is_finite() {
        return None;
    }
    // P(|T| > t) = I_x(df / 2, 1 / 2), x = df / (df + t^2) (Abramowitz and Stegun 26.7.1).
    let p = checked_beta_reg(degrees / 2.0, 0.5, degrees / (degrees + t * t)).ok()?;
    Some(PseudoBulk {
        difference,
        replicates_a: a,
        replicates_b: b,
        t,
        degrees_of_freedom: degrees,
        p,
        q: 1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values from scipy 1.17.1: stats.ttest_rel and stats.ttest_ind(equal_var=False).
    const A: [f64; 4] = [1.5, 2.25, 2.0, 3.0];
    const B: [f64; 4] = [1.0, 1.25, 1.75, 1.5];

    #[test]
    fn tests_equal_scipy() {
        let check = |found: Option<PseudoBulk>, t: f64, degrees: f64, p: f64| {
            let found = found.unwrap();
            assert!(
                (found.t - t).abs() < 1e-12 && (found.degrees_of_freedom - degrees).abs() < 1e-12,
                "{found:?}"
            );
            assert!((found.p / p - 1.0).abs() < 1e-9, "{found:?}");
        };
        check(paired(&A, &B), 2.9314195092110324, 3.0, 0.06093074307057996);
        check(welch(&A, &B[..3]), 2.233412313881658, 4.906424158638268, 0.0768610406463394);
    }

    #[test]
    fn tests_need_three_replicates_that_vary() {
        assert_eq!(paired(&A[..2], &B[..2]), None);
        assert_eq!(welch(&A, &B[..2]), None);
        assert_eq!(paired(&A, &A.map(|v| v - 0.5)), None);
        assert_eq!(welch(&[1.0; 3], &[0.0; 3]), None);
        assert_eq!(welch(&[1.0; 3], &[1.0; 3]), None);
    }
}
