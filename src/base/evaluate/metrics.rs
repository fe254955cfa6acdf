//! Agreement of predicted with measured expression, and its significance.

use statrs::function::beta::checked_beta_reg;

/// How many genes of the highest mean expression the "HEG" scores are over.
pub const HEG: usize = 50;

/// Pearson correlation of predicted with measured values of one gene. `None` when the measured values are
/// constant (or there are none): no prediction could correlate with them. A constant prediction of values
/// that do vary says nothing of them and counts as 0.
///
/// Panics when the lengths differ.
pub fn pearson(measured: &[f64], predicted: &[f64]) -> Option<f64> {
    assert_eq!(measured.len(), predicted.len(), "one prediction for each measurement");
    if is_constant(measured) {
        return None;
    }
    if is_constant(predicted) {
        return Some(0.0);
    }
    let n = measured.len() as f64;
    let mean_m = measured.iter().sum::<f64>() / n;
    let mean_p = predicted.iter().sum::<f64>() / n;
    let (mut mm, mut pp, mut mp) = (0.0, 0.0, 0.0);
    for (m, p) in measured.iter().zip(predicted) {
        let (m, p) = (m - mean_m, p - mean_p);
        mm += m * m;
        pp += p * p;
        mp += m * p;
    }
    let r = mp / (mm.sqrt() * pp.sqrt());
    // Values so close that their squares vanish are constant for any purpose.
    Some(if r.is_finite() { r.clamp(-1.0, 1.0) } else { 0.0 })
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|v| Some(v) == values.first())
}

/// Spearman correlation: Pearson correlation of the ranks, equal values sharing their average rank.
/// Undefined and 0 where [`pearson`] is.
pub fn spearman(measured: &[f64], predicted: &[f64]) -> Option<f64> {
    pearson(&ranks(measured), &ranks(predicted))
}

/// Ranks from 1; equal values share the average of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]).scan(0usize, |before, group| {
        let first = *before;
        *before += group.len();
        Some((first, group))
    }) {
        let (first, group) = equal;
        let average = first as f64 + (group.len() as f64 + 1.0) / 2.0;
        for &i in group {
            ranks[i] = average;
        }
    }
    ranks
}

/// Mean squared error; 0 for no values.
pub fn mse(measured: &[f64], predicted: &[f64]) -> f64 {
    mean(measured.iter().zip(predicted).map(|(m, p)| (m - p).powi(2)))
}

/// Mean absolute error; 0 for no values.
pub fn mae(measured: &[f64], predicted: &[f64]) -> f64 {
    mean(measured.iter().zip(predicted).map(|(m, p)| (m - p).abs()))
}

/// The mean; 0 for no values.
pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    mean_of_defined(values.into_iter().map(Some))
}

/// The mean of those that are defined; 0 for none.
pub fn mean_of_defined(values: impl IntoIterator<Item = Option<f64>>) -> f64 {
    mean_where_defined(values).unwrap_or(0.0)
}

/// The mean of those that are defined, undefined for none.
pub fn mean_where_defined(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, n) = values.into_iter().flatten().fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / n as f64)
}

/// The two-sided p-value of a Pearson correlation `r` over `n` independent pairs, under the hypothesis of
/// no correlation between normal variables: Student's t with `n - 2` degrees of freedom. `None` for fewer
/// than three pairs. Neighbouring spots are not independent, so these are lower bounds.
pub fn pearson_p(r: f64, n: usize) -> Option<f64> {
    if n < 3 {
        return None;
    }
    // P(|T| > t) = I_x(df / 2, 1 / 2), x = df / (df + t²) = 1 - r² (Abramowitz and Stegun 26.7.1).
    let freedom = (n - 2) as f64;
    // Rounding may have left r a little beyond 1.
    let x = ((1.0 - r) * (1.0 + r)).clamp(0.0, 1.0);
    checked_beta_reg(freedom / 2.0, 0.5, x).ok()
}

/// Benjamini-Hochberg q-values of the p-values that are defined: the smallest false discovery rate at
/// which each would be called.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(i, p)| p.map(|p| (i, p))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let n = order.len();
    let mut q_values = vec![None; p_values.len()];
    let mut smallest = 1.0f64;
    for (from_the_largest, (i, p)) in order.into_iter().enumerate() {
        let rank = n - from_the_largest;
        smallest = smallest.min(p * n as f64 / rank as f64);
        q_values[i] = Some(smallest);
    }
    q_values
}

/// Indices of the [`HEG`] genes with the highest mean measured expression over the test section, highest
/// first, the earlier of equals first; all genes when there are fewer.
pub fn highest_expressed(mean_expression: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..mean_expression.len()).collect();
    order.sort_by(|&a, &b| mean_expression[b].total_cmp(&mean_expression[a]));
    order.truncate(HEG);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() <= 1e-12 + 1e-9 * want.abs(), "{got} {want}");
    }

    // Values from scipy 1.17.1: stats.pearsonr, stats.spearmanr.
    const X: [f64; 8] = [0.0, 0.0, 1.5, 2.0, 2.0, 2.0, 3.25, 10.0];
    const Y: [f64; 8] = [1.0, 0.0, 0.5, 0.5, 3.0, 2.0, 2.0, 4.0];

    #[test]
    fn correlations_equal_scipy() {
        close(pearson(&X, &Y), 0.796_099_779_951_133_2);
        close(spearman(&X, &Y), 0.757_895_560_592_400_2);
        close(pearson_p(0.796_099_779_951_133_2, 8), 0.018_084_250_007_260_112);
        let up: Vec<f64> = (1..=8).map(f64::from).collect();
        let shuffled = [2.0, 1.0, 4.0, 3.0, 7.0, 8.0, 6.0, 5.0];
        close(pearson(&up, &shuffled), 0.738_095_238_095_237_9);
        close(spearman(&up, &shuffled), 0.738_095_238_095_238_1);
    }

    #[test]
    fn p_values_equal_scipy() {
        // scipy 1.17.1: 2 * stats.beta(n/2 - 1, n/2 - 1, loc=-1, scale=2).sf(abs(r)), as in pearsonr.
        for (r, n, p) in [
            (0.1, 3, 0.936_231_439_141_480_1),
            (0.9, 3, 0.287_132_586_256_793_9),
            (0.5, 10, 0.141_113_281_25),
            (-0.3, 187, 3.027_057_397_950_353e-5),
            (0.73, 184, 6.641_066_020_213_628e-32),
            (0.01, 5_000, 0.479_599_005_393_144_65),
            (0.05, 100_000, 2.226_191_232_905_904_3e-56),
            (0.999, 50, 1.900_998_745_676_879_3e-66),
            // scipy: 2 * stats.t.sf(t, n - 2).
            (0.02, 500_000, 2.047_948_082_414_489_4e-45),
        ] {
            let got = pearson_p(r, n).unwrap();
            assert!((got / p - 1.0).abs() < 1e-8, "r {r}, n {n}: {got} {p}");
        }
        assert_eq!((pearson_p(0.0, 20), pearson_p(1.0, 20), pearson_p(0.5, 2)), (Some(1.0), Some(0.0), None));
    }

    #[test]
    fn constant_genes_are_undefined_and_constant_predictions_are_zero() {
        let constant = [0.1; 4];
        let varying = [1.0, 2.0, 3.0, 3.0];
        assert_eq!(pearson(&constant, &varying), None);
        assert_eq!(spearman(&constant, &varying), None);
        assert_eq!(pearson(&varying, &constant), Some(0.0));
        assert_eq!(spearman(&varying, &constant), Some(0.0));
        assert_eq!(pearson(&[], &[]), None);
        assert_eq!(mean_of_defined([None, Some(2.0), Some(4.0)]), 3.0);
        assert_eq!((mean_of_defined([None]), mean_where_defined([None])), (0.0, None));
    }

    #[test]
    fn errors_by_hand() {
        assert_eq!(mse(&[1.0, 2.0], &[2.0, 4.0]), 2.5);
        assert_eq!(mae(&[1.0, 2.0], &[2.0, 4.0]), 1.5);
        assert_eq!(mse(&[], &[]), 0.0);
    }

    #[test]
    fn q_values_equal_scipy() {
        // scipy 1.17.1: stats.false_discovery_control([.01, .04, .03, .005, .5, .8])
        let p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.8];
        let mut given: Vec<Option<f64>> = p.iter().map(|&p| Some(p)).collect();
        given.insert(2, None);
        let q = benjamini_hochberg(&given);
        assert_eq!(q[2], None);
        for (got, want) in q.iter().flatten().zip([0.03, 0.06, 0.06, 0.03, 0.6, 0.8]) {
            close(Some(*got), want);
        }
    }

    #[test]
    fn highest_expressed_genes() {
        assert_eq!(highest_expressed(&[1.0, 3.0, 2.0, 3.0]), [1, 3, 2, 0]);
        let many: Vec<f64> = (0..200).map(f64::from).collect();
        let heg = highest_expressed(&many);
        assert_eq!((heg.len(), heg[0], heg[49]), (50, 199, 150));
    }
}
