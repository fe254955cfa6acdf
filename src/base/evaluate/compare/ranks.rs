//! Rank sums of two groups of values, and what follows from them.

use statrs::function::erf::erfc;

/// The values of one gene in one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// The values that are stored. Zeros may be among them.
    pub values: Vec<f32>,
    /// Zeros that are not stored.
    pub zeros: usize,
}

impl Group {
    /// Number of values.
    fn len(&self) -> usize {
        self.values.len() + self.zeros
    }
}

/// What the Wilcoxon rank-sum test says of one gene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RankSum {
    /// The standardised rank sum of the first group; 0 where all values are equal.
    pub score: f64,
    /// Two-sided p-value of the normal approximation.
    pub p: f64,
    /// The probability that a value of the first group exceeds one of the second, ties counting half.
    pub auroc: f64,
}

/// Ranks the values of both groups together, equal ones sharing their average rank, and compares the rank sum of `a` with
/// its expectation (Wilcoxon 1945; Mann and Whitney 1947), without continuity correction. `tie_correct` reduces the
/// variance by what ties take from it (Lehmann 1975), as SciPy's `mannwhitneyu` does always and scanpy does on demand.
///
/// Sorts the values of both groups. Neither group may be empty, and all values are finite.
pub(super) fn rank_sum(a: &mut Group, b: &mut Group, tie_correct: bool) -> RankSum {
    a.values.sort_unstable_by(f32::total_cmp);
    b.values.sort_unstable_by(f32::total_cmp);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (rank_sum, ties) = merge(a, b);
    let both = n + m;
    let correction = if tie_correct { 1.0 - ties / (both.powi(3) - both) } else { 1.0 };
    let deviation = (correction * n * m * (both + 1.0) / 12.0).sqrt();
    let score = (rank_sum - n * ((both + 1.0) / 2.0)) / deviation;
    // Where all values are equal and ties are corrected for, this is 0 / 0.
    let score = if score.is_nan() { 0.0 } else { score };
    RankSum { score, p: two_sided(score), auroc: (rank_sum - n * (n + 1.0) / 2.0) / (n * m) }
}

/// The two-sided p-value of a standard normal variable.
pub(super) fn two_sided(score: f64) -> f64 {
    erfc(score.abs() / std::f64::consts::SQRT_2)
}

/// The sum of the ranks (from 1) of `a` among both, and the sum of t^3 - t over all sets of t equal values. Sums of ranks
/// are multiples of one half and so exact below 2^52.
fn merge(a: &Group, b: &Group) -> (f64, f64) {
    let (mut i, mut j) = (0, 0);
    let mut zeros = a.zeros + b.zeros;
    let (mut before, mut sum, mut ties) = (0usize, 0.0, 0.0);
    loop {
        let value = match (a.values.get(i), b.values.get(j)) {
            (Some(&x), Some(&y)) => x.min(y),
            (Some(&x), None) => x,
            (None, Some(&y)) => y,
            (None, None) if zeros > 0 => 0.0,
            (None, None) => return (sum, ties),
        };
        let value = if zeros > 0 { value.min(0.0) } else { value };
        let of = |values: &[f32]| values.iter().take_while(|&&v| v == value).count();
        let (mut in_a, mut in_b) = (of(&a.values[i..]), of(&b.values[j..]));
        (i, j) = (i + in_a, j + in_b);
        if value == 0.0 && zeros > 0 {
            zeros = 0;
            in_a += a.zeros;
            in_b += b.zeros;
        }
        let equal = in_a + in_b;
        sum += in_a as f64 * (before as f64 + (equal as f64 + 1.0) / 2.0);
        if equal > 1 {
            let t = equal as f64;
            ties += t.powi(3) - t;
        }
        before += equal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(values: &[f32], zeros: usize) -> Group {
        Group { values: values.to_vec(), zeros }
    }

    #[test]
    fn ranks_by_hand() {
        // Ranks of 1 3 3 | 2 3 5: 1 4 4 | 2 4 6.
        let (mut a, mut b) = (group(&[3.0, 1.0, 3.0], 0), group(&[5.0, 2.0, 3.0], 0));
        let found = rank_sum(&mut a, &mut b, false);
        assert_eq!(merge(&a, &b), (9.0, 24.0));
        assert_eq!(found.auroc, 3.0 / 9.0);
        assert!((found.score - (9.0 - 10.5) / 5.25f64.sqrt()).abs() < 1e-15);
        let corrected = rank_sum(&mut a, &mut b, true);
        assert!((corrected.score - (9.0 - 10.5) / (5.25 * (1.0 - 24.0 / 210.0f64)).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn zeros_that_are_not_stored_lie_between_negative_and_positive_values() {
        let (a, b) = (group(&[-2.0, 0.0, 1.0], 2), group(&[-1.0, -0.0], 1));
        let (all_a, all_b) = (group(&[-2.0, 0.0, 0.0, 0.0, 1.0], 0), group(&[-1.0, 0.0, 0.0], 0));
        // Ranks of a: 1, three times the average of 3 to 7, 8.
        assert_eq!(merge(&a, &b), (24.0, 120.0));
        assert_eq!(merge(&all_a, &all_b), (24.0, 120.0));
        assert_eq!(merge(&group(&[], 3), &group(&[], 2)), (9.0, 120.0));
        assert_eq!(merge(&group(&[], 2), &group(&[-1.0], 0)), (5.0, 6.0));
    }

    #[test]
    fn equal_values_say_nothing() {
        for tie_correct in [false, true] {
            let found = rank_sum(&mut group(&[], 3), &mut group(&[0.0, 0.0], 0), tie_correct);
            assert_eq!(found, RankSum { score: 0.0, p: 1.0, auroc: 0.5 });
        }
    }

    #[test]
    fn p_values_equal_scipy() {
        // scipy 1.17.1: 2 * stats.norm.sf(z). The function of statrs keeps 10 digits.
        for (z, p) in [
            (0.0, 1.0),
            (1e-9, 0.999_999_999_202_115_4),
            (0.5, 0.617_075_077_451_973_8),
            (1.959_963_984_540_054, 0.05),
            (-5.5, 3.797_912_493_177_536e-8),
            (12.0, 3.552_964_224_155_306e-33),
            (37.0, 1.145_114_244_504_785_3e-299),
            (45.0, 0.0),
        ] {
            let got = two_sided(z);
            assert!((got - p).abs() <= 1e-10 * p, "{z}: {got} {p}");
        }
    }
}
