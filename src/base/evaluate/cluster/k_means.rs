//! k-means clusters.

use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::ClusterError;
use super::neighbours::check_coordinates;
use super::numbering::by_size;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Matrix;
use crate::core::progress::{Progress, Task};
use crate::core::rng;
use crate::core::wide::wide;

/// Starts of k-means, of which the tightest clustering is kept.
const STARTS: u64 = 10;
const MAX_ROUNDS: usize = 300;
/// Rows that one thread takes at a time.
const ROWS: usize = 512;

/// The cluster of each row of `x`, numbered by size: Lloyd's k-means from ten k-means++ starts, the one with the
/// smallest sum of squared distances. Fewer clusters than `k` where rows are equal. Deterministic for a seed.
///
/// # Errors
/// [`ClusterError`] when `k` is less than 2, there are fewer rows than clusters, a value is not finite, or on cancel.
pub fn k_means(
    x: &Matrix,
    k: usize,
    seed: u64,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<usize>, ClusterError> {
    if k < 2 {
        return Err(ClusterError::TooFewClusters(k));
    }
    if x.rows() < k {
        return Err(ClusterError::TooFewPlaces { places: x.rows(), clusters: k });
    }
    check_coordinates(x)?;
    let mut best: Option<(f64, Vec<usize>)> = None;
    for start in 0..STARTS {
        progress.report(&Task::Clustering.into(), start, STARTS);
        let mut random = rng::stream(seed, "k-means start", start);
        let centers = plus_plus(x, k, &mut random);
        let found = lloyd(x, centers, cancel)?;
        if best.as_ref().is_none_or(|b| found.0 < b.0) {
            best = Some(found);
        }
    }
    Ok(by_size(&best.map(|b| b.1).unwrap_or_default()))
}

fn squared_distance(a: &[f32], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum()
}

fn to_f64(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&v| f64::from(v)).collect()
}

/// Centres drawn from the rows, each with a probability that grows with the square of its distance to
/// those already drawn (Arthur and Vassilvitskii 2007).
fn plus_plus(x: &Matrix, k: usize, random: &mut impl Rng) -> Vec<Vec<f64>> {
    let mut centers = vec![to_f64(x.row(random.random_range(0..x.rows())))];
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
        centers.push(to_f64(x.row(row)));
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
        let by_dimension = Centers::new(&centers);
        let nearest: Vec<(usize, f64)> =
            rows.par_chunks(ROWS).flat_map_iter(|rows| by_dimension.nearest(rows)).collect();
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

/// Centres by dimension, so that the distances to all of them are computed side by side.
struct Centers {
    count: usize,
    coordinates: Vec<f64>,
}

impl Centers {
    fn new(centers: &[Vec<f64>]) -> Self {
        let dims = centers.first().map_or(0, Vec::len);
        let coordinates = (0..dims).flat_map(|d| centers.iter().map(move |c| c[d])).collect();
        Self { count: centers.len(), coordinates }
    }

    /// The nearest centre of each row, the first of equally near ones, and its squared distance.
    fn nearest(&self, rows: &[&[f32]]) -> Vec<(usize, f64)> {
        wide(
            #[inline(always)]
            || {
                let mut distances = vec![0.0; self.count];
                let nearest = rows.iter().map(|row| {
                    distances.fill(0.0);
                    for (&v, centers) in row.iter().zip(self.coordinates.chunks_exact(self.count)) {
                        for (distance, center) in distances.iter_mut().zip(centers) {
                            let difference = f64::from(v) - center;
                            *distance += difference * difference;
                        }
                    }
                    let mut best = (0, f64::INFINITY);
                    for (c, &distance) in distances.iter().enumerate() {
                        if distance < best.1 {
                            best = (c, distance);
                        }
                    }
                    best
                });
                nearest.collect()
            },
        )
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;

    /// Groups of 30, 20 and 10 along one axis, the smallest first.
    fn groups() -> Matrix {
        let group = |r: usize| (r >= 10) as usize + (r >= 30) as usize;
        Matrix::from_fn(60, 2, |r, c| if c == 0 { (group(r) * 10) as f32 } else { (r % 7) as f32 * 0.2 })
    }

    fn cluster(x: &Matrix, k: usize, seed: u64) -> Result<Vec<usize>, ClusterError> {
        k_means(x, k, seed, &Silent, &CancelToken::new())
    }

    #[test]
    fn clear_groups_are_found_and_numbered_by_size() {
        let found = cluster(&groups(), 3, 1).unwrap();
        let wanted: Vec<usize> = (0..60).map(|r| 2 - (r >= 10) as usize - (r >= 30) as usize).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn clusters_repeat_and_survive_equal_rows() {
        assert_eq!(cluster(&groups(), 5, 3), cluster(&groups(), 5, 3));
        assert_eq!(cluster(&Matrix::zeros(6, 2), 3, 1), Ok(vec![0; 6]));
        let own = cluster(&Matrix::from_fn(4, 1, |r, _| r as f32), 4, 1).unwrap();
        assert_eq!(own, [0, 1, 2, 3], "as many clusters as rows");
    }

    #[test]
    fn bad_input_is_refused() {
        let error = |x: &Matrix, k| cluster(x, k, 1).unwrap_err();
        assert_eq!(error(&groups(), 1), ClusterError::TooFewClusters(1));
        assert_eq!(error(&groups(), 61), ClusterError::TooFewPlaces { places: 60, clusters: 61 });
        assert_eq!(
            error(&groups(), 61).to_string(),
            "60 places cannot form 61 clusters; choose fewer clusters or include more places"
        );
        let nan = Matrix::from_fn(5, 2, |_, _| f32::NAN);
        assert!(matches!(error(&nan, 2), ClusterError::Coordinate { place: 1, component: 1, .. }));
        let cancel = CancelToken::new();
        cancel.cancel();
        assert_eq!(k_means(&groups(), 3, 1, &Silent, &cancel), Err(ClusterError::Cancelled(Cancelled)));
    }
}
