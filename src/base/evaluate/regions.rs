//! Whether predicted expression finds the pathologist's regions: clusters of spots against labels.

use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Matrix;
use crate::core::rng;
use crate::evaluate::report::RegionAgreement;

/// Starts of k-means, of which the tightest clustering is kept.
const STARTS: u64 = 10;
const MAX_ROUNDS: usize = 300;

/// What pathologists write where they could not tell; such spots are not compared.
const NO_LABEL: [&str; 3] = ["undetermined", "unknown", "na"];

/// Clusters the spots by `values` (predicted expression or its principal components, `spots x anything`)
/// into as many clusters as there are labels, and compares. Spots without a label, or labelled
/// "undetermined", take no part. `None` when fewer than two labels or three spots remain.
///
/// # Errors
/// [`Cancelled`].
pub fn agreement(
    values: &Matrix,
    labels: &[Option<String>],
    seed: u64,
    cancel: &CancelToken,
) -> Result<Option<RegionAgreement>, Cancelled> {
    let labelled: Vec<(usize, &str)> = labels
        .iter()
        .take(values.rows())
        .enumerate()
        .filter_map(|(spot, label)| Some((spot, label.as_deref()?.trim())))
        .filter(|(_, label)| {
            !label.is_empty() && !NO_LABEL.iter().any(|none| label.eq_ignore_ascii_case(none))
        })
        .collect();
    let mut names: Vec<&str> = labelled.iter().map(|&(_, label)| label).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 || labelled.len() < 3 {
        return Ok(None);
    }
    let spots: Vec<usize> = labelled.iter().map(|&(spot, _)| spot).collect();
    let truth: Vec<usize> =
        labelled.iter().map(|(_, label)| names.binary_search(label).unwrap_or(0)).collect();
    let clusters = k_means(&values.select_rows(&spots), names.len(), seed, cancel)?;
    Ok(Some(RegionAgreement {
        ari: adjusted_rand_index(&truth, &clusters),
        nmi: normalised_mutual_information(&truth, &clusters),
        spots: spots.len(),
    }))
}

/// The cluster, from 0, of each row: Lloyd's k-means from ten k-means++ starts, the one with the
/// smallest sum of squared distances. Fewer clusters than `k` where rows are equal.
///
/// # Errors
/// [`Cancelled`].
pub fn k_means(x: &Matrix, k: usize, seed: u64, cancel: &CancelToken) -> Result<Vec<usize>, Cancelled> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for start in 0..STARTS {
        let mut random = rng::stream(seed, "k-means start", start);
        let centers = plus_plus(x, k.clamp(1, x.rows().max(1)), &mut random);
        let found = lloyd(x, centers, cancel)?;
        if best.as_ref().is_none_or(|b| found.0 < b.0) {
            best = Some(found);
        }
    }
    Ok(best.map(|b| b.1).unwrap_or_default())
}

fn squared_distance(a: &[f32], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
}

fn wide(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&v| f64::from(v)).collect()
}

/// Centres drawn from the rows, each with a probability that grows with the square of its distance to
/// those already drawn (Arthur and Vassilvitskii 2007).
fn plus_plus(x: &Matrix, k: usize, random: &mut impl Rng) -> Vec<Vec<f64>> {
    if x.rows() == 0 {
        return Vec::new();
    }
    let mut centers = vec![wide(x.row(random.random_range(0..x.rows())))];
    let mut nearest = vec![f64::INFINITY; x.rows()];
    while centers.len() < k {
        if let Some(last) = centers.last() {
            for (d, row) in nearest.iter_mut().zip(x.iter_rows()) {
                *d = d.min(squared_distance(row, last));
            }
        }
        let total: f64 = nearest.iter().sum();
        if total <= 0.0 {
            break; // Every row is a centre already.
        }
        let mut left = random.random::<f64>() * total;
        let drawn = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        // Rounding can leave a little; the farthest row then stands for the last.
        let farthest = || (0..x.rows()).max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]));
        let Some(row) = drawn.or_else(farthest) else { break };
        centers.push(wide(x.row(row)));
    }
    centers
}

/// The sum of squared distances and the cluster of each row once no row changes its cluster.
fn lloyd(
    x: &Matrix,
    mut centers: Vec<Vec<f64>>,
    cancel: &CancelToken,
) -> Result<(f64, Vec<usize>), Cancelled> {
    let rows: Vec<&[f32]> = x.iter_rows().collect();
    let mut clusters = vec![usize::MAX; rows.len()];
    let mut spread = 0.0;
    for _ in 0..MAX_ROUNDS {
        cancel.check()?;
        let nearest: Vec<(usize, f64)> = rows
            .par_iter()
            .map(|row| {
                let distances = centers.iter().map(|c| squared_distance(row, c)).enumerate();
                distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
            })
            .collect();
        spread = nearest.iter().map(|n| n.1).sum();
        let changed = nearest.iter().zip(&clusters).any(|(n, c)| n.0 != *c);
        clusters = nearest.into_iter().map(|n| n.0).collect();
        if !changed {
            break;
        }
        move_to_means(&rows, &clusters, &mut centers);
    }
    Ok((spread, clusters))
}

/// Moves each centre to the mean of its rows; one that lost all its rows stays where it is.
fn move_to_means(rows: &[&[f32]], clusters: &[usize], centers: &mut [Vec<f64>]) {
    let width = rows.first().map_or(0, |r| r.len());
    let mut sums = vec![vec![0.0; width]; centers.len()];
    let mut counts = vec![0usize; centers.len()];
    for (row, &c) in rows.iter().zip(clusters) {
        counts[c] += 1;
        for (s, &v) in sums[c].iter_mut().zip(*row) {
            *s += f64::from(v);
        }
    }
    for ((center, sum), n) in centers.iter_mut().zip(sums).zip(counts) {
        if n > 0 {
            *center = sum.into_iter().map(|s| s / n as f64).collect();
        }
    }
}

/// How many items fall in each pair of classes, and in each class of either.
struct Contingency {
    cells: Vec<f64>,
    rows: Vec<f64>,
    cols: Vec<f64>,
    n: f64,
}

impl Contingency {
    fn new(a: &[usize], b: &[usize]) -> Self {
        let height = a.iter().max().map_or(0, |m| m + 1);
        let width = b.iter().max().map_or(0, |m| m + 1);
        let mut table = Self {
            cells: vec![0.0; height * width],
            rows: vec![0.0; height],
            cols: vec![0.0; width],
            n: 0.0,
        };
        for (&i, &j) in a.iter().zip(b) {
            table.cells[i * width + j] += 1.0;
            table.rows[i] += 1.0;
            table.cols[j] += 1.0;
            table.n += 1.0;
        }
        table
    }
}

/// The adjusted Rand index of two classifications (Hubert and Arabie 1985): 1 when they agree, about 0
/// when one is random. Classes are small whole numbers.
pub fn adjusted_rand_index(a: &[usize], b: &[usize]) -> f64 {
    let t = Contingency::new(a, b);
    let pairs = |counts: &[f64]| counts.iter().map(|c| c * (c - 1.0) / 2.0).sum::<f64>();
    let (same, in_a, in_b) = (pairs(&t.cells), pairs(&t.rows), pairs(&t.cols));
    let expected = in_a * in_b / (t.n * (t.n - 1.0) / 2.0);
    let most = f64::midpoint(in_a, in_b);
    // Both have one class, or each item its own: they agree.
    if t.n < 2.0 || most == expected { 1.0 } else { (same - expected) / (most - expected) }
}

/// Mutual information over the arithmetic mean of the two entropies: 1 when the classifications agree, 0
/// when they are independent.
pub fn normalised_mutual_information(a: &[usize], b: &[usize]) -> f64 {
    let t = Contingency::new(a, b);
    let entropy = |counts: &[f64]| -> f64 {
        counts.iter().filter(|&&c| c > 0.0).map(|c| -c / t.n * (c / t.n).ln()).sum()
    };
    let (in_a, in_b) = (entropy(&t.rows), entropy(&t.cols));
    if in_a == 0.0 && in_b == 0.0 {
        return 1.0;
    }
    let mutual = in_a + in_b - entropy(&t.cells);
    (mutual / f64::midpoint(in_a, in_b)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_equal_scikit_learn() {
        // scikit-learn 1.9: adjusted_rand_score, normalized_mutual_info_score.
        let a = [0, 0, 1, 1, 2, 2, 2, 3, 3, 0];
        let b = [1, 1, 1, 0, 2, 2, 0, 0, 0, 1];
        assert!((adjusted_rand_index(&a, &b) - 0.328_358_208_955_223_9).abs() < 1e-12);
        assert!((normalised_mutual_information(&a, &b) - 0.599_184_476_611_833_4).abs() < 1e-12);
        let renamed = a.map(|c| 3 - c);
        assert_eq!(adjusted_rand_index(&a, &renamed), 1.0);
        assert!((normalised_mutual_information(&a, &renamed) - 1.0).abs() < 1e-12);
        assert_eq!(
            (adjusted_rand_index(&[0; 4], &[0; 4]), normalised_mutual_information(&[0; 4], &[0; 4])),
            (1.0, 1.0)
        );
        assert_eq!(normalised_mutual_information(&[0; 4], &[0, 1, 0, 1]), 0.0);
    }

    /// Three well separated groups of 20 along one axis.
    fn groups() -> Matrix {
        Matrix::from_fn(60, 2, |r, c| if c == 0 { (r / 20 * 10) as f32 } else { (r % 7) as f32 * 0.2 })
    }

    fn labels(of: impl Fn(usize) -> Option<&'static str>) -> Vec<Option<String>> {
        (0..60).map(|r| of(r).map(str::to_owned)).collect()
    }

    #[test]
    fn clear_regions_are_found() {
        let names = ["tumour", "stroma", "fat"];
        let found = agreement(&groups(), &labels(|r| Some(names[r / 20])), 1, &CancelToken::new());
        let found = found.unwrap().unwrap();
        assert_eq!((found.ari, found.spots), (1.0, 60));
        assert!((found.nmi - 1.0).abs() < 1e-12);
    }

    #[test]
    fn spots_without_a_label_take_no_part() {
        let some = labels(|r| match r / 20 {
            0 => Some("tumour"),
            1 => Some("stroma"),
            _ if r % 2 == 0 => Some("Undetermined"),
            _ => None,
        });
        let found = agreement(&groups(), &some, 1, &CancelToken::new()).unwrap().unwrap();
        assert_eq!((found.ari, found.spots), (1.0, 40));
        let one = labels(|_| Some("tumour"));
        assert_eq!(agreement(&groups(), &one, 1, &CancelToken::new()), Ok(None));
        assert_eq!(agreement(&groups(), &labels(|_| None), 1, &CancelToken::new()), Ok(None));
    }

    #[test]
    fn clusters_repeat_and_survive_equal_rows() {
        let cancel = CancelToken::new();
        assert_eq!(k_means(&groups(), 5, 3, &cancel), k_means(&groups(), 5, 3, &cancel));
        assert_eq!(k_means(&Matrix::zeros(6, 2), 3, 1, &cancel), Ok(vec![0; 6]));
        assert_eq!(k_means(&Matrix::zeros(0, 2), 3, 1, &cancel), Ok(vec![]));
        cancel.cancel();
        assert_eq!(k_means(&groups(), 3, 1, &cancel), Err(Cancelled));
    }
}
