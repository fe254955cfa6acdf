//! The nearest neighbours of each place, exact.

use rayon::prelude::*;

use super::ClusterError;
use super::kd_tree::KdTree;
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::progress::{Progress, Task};

/// Places whose neighbours are looked for between two reports.
const BLOCK: usize = 2048;
/// The largest coordinate whose square is still far from the largest number.
pub(super) const MAX_COORDINATE: f32 = 1e15;

/// The nearest neighbours of `n` places.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    count: usize,
    places: Vec<usize>,
    distances: Vec<f32>,
}

impl Neighbours {
    /// The `count` nearest places of each row of `points` (`n x d`) by Euclidean distance, or all where there are fewer. A
    /// place is the first of its own neighbours and is counted, as in scanpy. Of places at equal distance, the
    /// one that comes first is nearer. Exact, and the same on every computer.
    ///
    /// # Errors
    /// [`ClusterError`] when `count` is less than 2, there are less than two places, a value is not finite, or on cancel.
    pub fn find(
        points: &Matrix,
        count: usize,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Self, ClusterError> {
        let n = points.rows();
        if count < 2 {
            return Err(ClusterError::TooFewNeighbours(count));
        }
        if n < 2 {
            return Err(ClusterError::TooFewPlaces { places: n, clusters: 2 });
        }
        if points.cols() == 0 {
            return Err(ClusterError::NoComponents);
        }
        check_coordinates(points)?;
        cancel.check()?;
        let count = count.min(n);
        let tree = KdTree::new(points);
        let stage = Task::FindingNeighbours.into();
        let (mut places, mut distances) = (vec![0; n * count], vec![0.0; n * count]);
        for (block, queries) in tree.order().chunks(BLOCK).enumerate() {
            cancel.check()?;
            progress.report(&stage, (block * BLOCK) as u64, n as u64);
            let found: Vec<_> = queries
                .par_iter()
                .with_min_len(16)
                .map(|&p| (p, tree.nearest(points.row(p), p, count - 1)))
                .collect();
            for (p, nearest) in found {
                places[p * count] = p;
                for (i, (squared, other)) in nearest.into_iter().enumerate() {
                    places[p * count + 1 + i] = other;
                    distances[p * count + 1 + i] = squared.sqrt();
                }
            }
        }
        Ok(Self { count, places, distances })
    }

    /// Number of places.
    pub fn rows(&self) -> usize {
        self.places.len() / self.count
    }

    /// Neighbours of each place, itself among them.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The neighbours of place `p`, itself first, the nearest before the others. Panics when there is no such place.
    pub fn places(&self, p: usize) -> &[usize] {
        &self.places[p * self.count..(p + 1) * self.count]
    }

    /// The distances of the neighbours of place `p`. Panics when there is no such place.
    pub fn distances(&self, p: usize) -> &[f32] {
        &self.distances[p * self.count..(p + 1) * self.count]
    }
}

/// That distances between these points are finite.
pub(super) fn check_coordinates(points: &Matrix) -> Result<(), ClusterError> {
    let is_wrong = |v: &f32| !(v.is_finite() && v.abs() <= MAX_COORDINATE);
    match points.as_slice().iter().position(is_wrong) {
        None => Ok(()),
        Some(at) => Err(ClusterError::Coordinate {
            place: at / points.cols() + 1,
            component: at % points.cols() + 1,
            value: points.as_slice()[at],
        }),
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::super::testing::{matrix, small};
    use super::*;
    use crate::core::cancel::Cancelled;
    use crate::core::progress::Silent;
    use crate::core::rng;

    fn find(points: &Matrix, count: usize) -> Neighbours {
        Neighbours::find(points, count, &Silent, &CancelToken::new()).unwrap()
    }

    /// All distances, sorted.
    fn by_hand(points: &Matrix, p: usize, count: usize) -> Vec<(f32, usize)> {
        let mut all: Vec<(f32, usize)> = (0..points.rows())
            .filter(|&q| q != p)
            .map(|q| {
                let both = points.row(p).iter().zip(points.row(q));
                (both.fold(0.0, |sum, (a, b)| sum + (b - a) * (b - a)), q)
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(count - 1);
        all
    }

    #[test]
    fn neighbours_are_those_of_all_distances() {
        let mut random = rng::stream(1, "points", 0);
        // Whole numbers, so that many distances are equal and some points are, too.
        for (n, dims, values) in [(700, 3, 5.0), (500, 20, 1e6), (40, 1, 3.0), (33, 2, 1e6), (2, 4, 9.0)] {
            let points = Matrix::from_fn(n, dims, |_, _| (random.random::<f32>() * values).floor());
            for count in [2, 15] {
                let found = find(&points, count);
                assert_eq!(found.count(), count.min(n));
                for p in 0..n {
                    let (others, distances): (Vec<usize>, Vec<f32>) =
                        by_hand(&points, p, count).into_iter().map(|(d, q)| (q, d.sqrt())).unzip();
                    assert_eq!((found.places(p)[0], found.distances(p)[0]), (p, 0.0));
                    assert_eq!(found.places(p)[1..], others, "{n} {dims} {count} {p}");
                    assert_eq!(found.distances(p)[1..], distances);
                }
            }
        }
    }

    #[test]
    fn distances_equal_those_of_scanpy() {
        let s = small();
        let found = find(&matrix(&s.points), s.neighbours);
        for (p, wanted) in s.distances.iter().enumerate() {
            assert_eq!(found.places(p)[0], p);
            // scanpy leaves the place itself out.
            assert_eq!(wanted.len(), s.neighbours - 1);
            for (d, w) in found.distances(p)[1..].iter().zip(wanted) {
                assert!((f64::from(*d) - w).abs() < 2e-3, "{p}: {d} {w}");
            }
        }
    }

    #[test]
    fn equal_points_are_neighbours() {
        let found = find(&Matrix::from_fn(100, 2, |_, _| 1.5), 15);
        assert_eq!(found.places(50)[..4], [50, 0, 1, 2]);
        assert!(found.distances(50).iter().all(|&d| d == 0.0));
    }

    #[test]
    fn bad_input_is_refused() {
        let cancel = CancelToken::new();
        let ask = |points: &Matrix, count| Neighbours::find(points, count, &Silent, &cancel).unwrap_err();
        assert_eq!(ask(&Matrix::zeros(5, 2), 1), ClusterError::TooFewNeighbours(1));
        assert_eq!(ask(&Matrix::zeros(1, 2), 15), ClusterError::TooFewPlaces { places: 1, clusters: 2 });
        assert_eq!(ask(&Matrix::zeros(5, 0), 3), ClusterError::NoComponents);
        for value in [f32::NAN, f32::INFINITY, 1e30] {
            let bad = Matrix::from_fn(5, 2, |r, c| if (r, c) == (3, 1) { value } else { 0.0 });
            assert!(matches!(ask(&bad, 3), ClusterError::Coordinate { place: 4, component: 2, .. }));
        }
        cancel.cancel();
        assert_eq!(ask(&Matrix::zeros(5, 2), 3), ClusterError::Cancelled(Cancelled));
    }
}
