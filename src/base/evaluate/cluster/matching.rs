//! The same numbers, hence colours, for clusters of two panes or sections that belong together.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix as Weights;

use super::ClusterError;
use super::agreement::Contingency;
use super::numbering::{checked_count, compact, count};
use crate::core::linalg;
use crate::core::matrix::Matrix;

/// Up to so many clusters the best assignment is found, which takes time with the cube of their number; beyond, pairs are
/// taken greedily.
const MAX_ASSIGNED: usize = 512;
/// Correlations are compared as whole multiples of its inverse.
const CORRELATION_UNITS: f64 = 1e9;

/// Which cluster of a reference each cluster of another clustering corresponds to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// The cluster of the reference, for each cluster.
    pub partners: Vec<Option<usize>>,
    /// The number that each cluster takes: that of its partner, or, without one, the next that the reference
    /// does not use.
    pub numbers: Vec<usize>,
}

impl Matching {
    fn new(partners: Vec<Option<usize>>, reference: usize) -> Self {
        let mut free = reference..;
        let numbers = partners.iter().map(|p| p.or_else(|| free.next()).unwrap_or(reference)).collect();
        Self { partners, numbers }
    }

    /// The clusters under their new numbers.
    ///
    /// # Errors
    /// [`ClusterError::Length`] when there are more clusters than were matched.
    pub fn renumber(&self, clusters: &[usize]) -> Result<Vec<usize>, ClusterError> {
        let number = |&c: &usize| {
            self.numbers.get(c).copied().ok_or(ClusterError::Length {
                what: "the matching",
                expected: count(clusters),
                found: self.numbers.len(),
            })
        };
        clusters.iter().map(number).collect()
    }
}

/// Matches the clusters of `other` with those of `reference`, which are of the same places: as many places as possible have the
/// same number in both. Clusters are numbered from 0.
///
/// # Errors
/// [`ClusterError`] when they are not of the same places or not numbered from 0.
pub fn by_overlap(reference: &[usize], other: &[usize]) -> Result<Matching, ClusterError> {
    if reference.len() != other.len() {
        return Err(ClusterError::Length {
            what: "the other clustering",
            expected: reference.len(),
            found: other.len(),
        });
    }
    let (of_reference, of_other) = (checked_count(reference)?, checked_count(other)?);
    let table = Contingency::new(other, reference);
    let (rows, cols) = (table.rows.len(), table.cols.len());
    let pairs = table.cells.iter().map(|&(i, j, places)| (i, j, places as i64)).collect();
    let found = assign(rows, cols, pairs);
    // Back from classes that occur to all numbers.
    let (other_numbers, reference_numbers) = (compact(other).1, compact(reference).1);
    let mut partners = vec![None; of_other];
    for (i, partner) in found.into_iter().enumerate() {
        partners[other_numbers[i]] = partner.map(|j| reference_numbers[j]);
    }
    Ok(Matching::new(partners, of_reference))
}

/// The mean expression of each cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Centroids {
    /// The mean of each gene in each cluster minus its mean over all places: `clusters x genes`.
    deviations: Matrix,
}

impl Centroids {
    /// Of `values` (`places x genes`) and the cluster of each place, numbered from 0.
    ///
    /// # Errors
    /// [`ClusterError`] when there is not one cluster for each place or they are not numbered from 0.
    pub fn new(values: &Matrix, clusters: &[usize]) -> Result<Self, ClusterError> {
        if values.rows() != clusters.len() {
            return Err(ClusterError::Length {
                what: "the clustering",
                expected: values.rows(),
                found: clusters.len(),
            });
        }
        let genes = values.cols();
        let overall = linalg::column_means(values, &linalg::all_rows(values));
        let mut sizes = vec![0usize; checked_count(clusters)?];
        let mut sums = vec![0.0; sizes.len() * genes];
        for (row, &c) in values.iter_rows().zip(clusters) {
            sizes[c] += 1;
            let of_cluster = &mut sums[c * genes..(c + 1) * genes];
            of_cluster.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        let deviations = Matrix::from_fn(sizes.len(), genes, |c, g| match sizes[c] {
            0 => 0.0,
            size => (sums[c * genes + g] / size as f64 - overall[g]) as f32,
        });
        Ok(Self { deviations })
    }
}

/// Matches the clusters of `other` with those of `reference`, of another section and the same genes in the same order, so that the
/// sum of the Pearson correlations of their mean expression is as large as it can be. Each section's own mean is
/// subtracted before, as it would make all clusters alike; pairs that do not correlate positively are not matched.
///
/// # Errors
/// [`ClusterError::Length`] when they are not of the same genes.
pub fn by_centroids(reference: &Centroids, other: &Centroids) -> Result<Matching, ClusterError> {
    let (a, b) = (&other.deviations, &reference.deviations);
    if a.cols() != b.cols() {
        return Err(ClusterError::Length {
            what: "the mean expression of the other clusters",
            expected: b.cols(),
            found: a.cols(),
        });
    }
    let mut pairs = Vec::with_capacity(a.rows() * b.rows());
    for (i, x) in a.iter_rows().enumerate() {
        for (j, y) in b.iter_rows().enumerate() {
            let units = (correlation(x, y) * CORRELATION_UNITS).round() as i64;
            pairs.push((i, j, units));
        }
    }
    Ok(Matching::new(assign(a.rows(), b.rows(), pairs), b.rows()))
}

/// Pearson's correlation; 0 where one of the two is constant.
fn correlation(x: &[f32], y: &[f32]) -> f64 {
    let mean = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len().max(1) as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        let (x, y) = (f64::from(x) - mean_x, f64::from(y) - mean_y);
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    let both = (xx * yy).sqrt();
    if both > 0.0 { xy / both } else { 0.0 }
}

/// The partner of each of `rows` among `cols`, none twice, with the largest sum of weights. `pairs` holds row, column and
/// weight; the weight of other pairs is 0. A pair of weight 0 or less is no pair.
fn assign(rows: usize, cols: usize, mut pairs: Vec<(usize, usize, i64)>) -> Vec<Option<usize>> {
    pairs.retain(|pair| pair.2 > 0);
    let mut partners = vec![None; rows];
    if pairs.is_empty() {
        return partners;
    }
    if rows.max(cols) > MAX_ASSIGNED {
        pairs.sort_by_key(|&(i, j, weight)| (std::cmp::Reverse(weight), i, j));
        let mut is_taken = vec![false; cols];
        for (i, j, _) in pairs {
            if partners[i].is_none() && !is_taken[j] {
                (partners[i], is_taken[j]) = (Some(j), true);
            }
        }
        return partners;
    }
    // It wants at least as many columns as rows.
    let mut weights = Weights::new(rows, rows.max(cols), 0i64);
    for (i, j, weight) in pairs {
        weights[(i, j)] = weight;
    }
    let (_, assigned) = kuhn_munkres(&weights);
    for (i, &j) in assigned.iter().enumerate() {
        partners[i] = (weights[(i, j)] > 0).then_some(j);
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::super::testing::small;
    use super::*;

    #[test]
    fn as_many_places_as_possible_agree() {
        // scipy: linear_sum_assignment.
        let s = small();
        for (a, b) in [(&s.a, &s.b), (&s.b, &s.a)] {
            let found = by_overlap(a, b).unwrap();
            let renumbered = found.renumber(b).unwrap();
            assert_eq!(renumbered.iter().zip(a).filter(|(x, y)| x == y).count(), s.overlap);
        }
    }

    #[test]
    fn clusters_without_a_partner_get_new_numbers() {
        //        0 and 2 are exchanged, 1 is split, 3 is new.
        let reference = [0, 0, 0, 1, 1, 1, 1, 2, 2];
        let other = [2, 2, 2, 1, 1, 1, 3, 0, 0];
        let found = by_overlap(&reference, &other).unwrap();
        assert_eq!(found.partners, [Some(2), Some(1), Some(0), None]);
        assert_eq!(found.numbers, [2, 1, 0, 3]);
        assert_eq!(found.renumber(&other).unwrap(), [0, 0, 0, 1, 1, 1, 3, 2, 2]);
        assert!(matches!(found.renumber(&[4]), Err(ClusterError::Length { .. })));
        // The best assignment is not always that of the largest overlap: 3 + 3 beats 4 + 0.
        let reference = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1];
        let other = [0, 0, 0, 0, 1, 1, 1, 0, 0, 0];
        assert_eq!(by_overlap(&reference, &other).unwrap().numbers, [1, 0]);
        assert!(by_overlap(&reference, &other[1..]).is_err());
        assert_eq!(by_overlap(&[], &[]).unwrap().numbers, Vec::<usize>::new());
        // Numbers that no place has.
        assert_eq!(by_overlap(&[0, 2, 0], &[1, 1, 1]).unwrap().numbers, [3, 0]);
        let far = by_overlap(&[0, 2], &[1, 1]);
        assert_eq!(far, Err(ClusterError::Number { number: 2, places: 2 }));
    }

    #[test]
    fn many_clusters_are_matched_greedily() {
        let reference: Vec<usize> = (0..2000).map(|p| p / 3).collect();
        let other: Vec<usize> = reference.iter().map(|c| 666 - c).collect();
        assert_eq!(by_overlap(&reference, &other).unwrap().renumber(&other).unwrap(), reference);
    }

    /// Three groups of 4 places in 3 genes on top of a gene that all express; `order` is the group of each cluster.
    fn section(order: [usize; 3], level: f32) -> Centroids {
        let values = Matrix::from_fn(12, 4, |r, g| match g {
            3 => 50.0,
            _ if g == order[r / 4] => level + r as f32 * 0.01,
            _ => 0.0,
        });
        Centroids::new(&values, &(0..12).map(|r| r / 4).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn clusters_of_sections_are_matched_by_expression() {
        let found = by_centroids(&section([0, 1, 2], 3.0), &section([2, 0, 1], 1.0)).unwrap();
        assert_eq!(found.numbers, [2, 0, 1]);
        // One more cluster than the reference has.
        let few = Centroids::new(&Matrix::from_fn(4, 4, |r, g| (g == r / 2) as u8 as f32), &[0, 0, 1, 1]);
        let found = by_centroids(&few.unwrap(), &section([2, 1, 0], 1.0)).unwrap();
        assert_eq!((found.partners[1], found.partners[2]), (Some(1), Some(0)));
        assert_eq!(found.numbers[0], 2);
        // A single cluster does not differ from its section.
        let single = Centroids::new(&Matrix::from_fn(3, 4, |r, g| (r * g) as f32), &[0; 3]).unwrap();
        assert_eq!(by_centroids(&section([0, 1, 2], 1.0), &single).unwrap().numbers, [3]);
    }

    #[test]
    fn bad_input_is_refused() {
        let values = Matrix::zeros(3, 2);
        assert!(Centroids::new(&values, &[0, 1]).is_err());
        assert!(Centroids::new(&values, &[0, 1, usize::MAX]).is_err());
        let narrow = Centroids::new(&values, &[0, 1, 1]).unwrap();
        assert!(matches!(
            by_centroids(&section([0, 1, 2], 1.0), &narrow),
            Err(ClusterError::Length { expected: 4, found: 2, .. })
        ));
    }
}
