//! The graph of nearest neighbours and its weights: those of UMAP's fuzzy simplicial set (McInnes, Healy and Melville
//! 2018, arXiv:1802.03426, algorithms 2 and 3), which scanpy's `pp.neighbors` computes by default
//! (`obsp["connectivities"]`).

use rayon::prelude::*;

use super::ClusterError;
use super::graph::Graph;
use super::neighbours::Neighbours;

/// Halvings in the search of a scale.
const MAX_HALVINGS: usize = 64;
/// How close the sum of a place's weights must come to what it should be.
const TOLERANCE: f64 = 1e-5;
/// The smallest scale, as a share of the mean distance.
const MIN_SCALE: f64 = 1e-3;

/// An edge between each place and each of its neighbours. The weight from place `i` to its neighbour `j` is
/// `exp(-(d_ij - rho_i) / sigma_i)`, and 1 where `d_ij <= rho_i`. Here `rho_i` is the distance to the nearest neighbour that is
/// not at the same point, and `sigma_i` makes the weights of the `k` neighbours add up to `log2(k)`. Weights `a` and
/// `b` of the two directions are joined to `a + b - a b`.
///
/// # Errors
/// [`ClusterError::Edge`] when a weight is not finite, which finite distances do not give.
pub fn connectivities(neighbours: &Neighbours) -> Result<Graph, ClusterError> {
    let n = neighbours.rows();
    let all = (0..n).flat_map(|p| neighbours.distances(p)).map(|&d| f64::from(d));
    let overall = all.sum::<f64>() / (n * neighbours.count()) as f64;
    let directed: Vec<Vec<(usize, f64)>> = (0..n)
        .into_par_iter()
        .map(|p| {
            let distances: Vec<f64> = neighbours.distances(p).iter().map(|&d| f64::from(d)).collect();
            let others = neighbours.places(p)[1..].iter().copied();
            let mut weights: Vec<(usize, f64)> = others.zip(weights(&distances, overall)).collect();
            weights.sort_unstable_by_key(|w| w.0);
            weights
        })
        .collect();
    let weight = |from: usize, to: usize| {
        let found = directed[from].binary_search_by_key(&to, |w| w.0);
        found.ok().map(|at| directed[from][at].1)
    };
    let mut edges = Vec::with_capacity(n * neighbours.count());
    for (p, weights) in directed.iter().enumerate() {
        for &(other, there) in weights {
            match weight(other, p) {
                // The edge is made where it is met first.
                Some(_) if other < p => {}
                Some(back) => edges.push((p, other, there + back - there * back)),
                None => edges.push((p, other, there)),
            }
        }
    }
    Graph::from_edges(n, &edges)
}

/// The weights of the neighbours of a place, itself left out, from their distances, of which the first is its own. `overall`
/// is the mean of the distances of all places.
fn weights(distances: &[f64], overall: f64) -> Vec<f64> {
    let rho = distances.iter().copied().find(|&d| d > 0.0).unwrap_or(0.0);
    let sigma = scale(distances, rho, overall);
    let weight = |d: f64| if d <= rho || sigma == 0.0 { 1.0 } else { (-(d - rho) / sigma).exp() };
    distances[1..].iter().map(|&d| weight(d)).collect()
}

/// The scale `sigma` of a place.
fn scale(distances: &[f64], rho: f64, overall: f64) -> f64 {
    let wanted = (distances.len() as f64).log2();
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..MAX_HALVINGS {
        let beyond = distances[1..].iter().map(|d| d - rho);
        let sum: f64 = beyond.map(|d| if d > 0.0 { (-d / sigma).exp() } else { 1.0 }).sum();
        if (sum - wanted).abs() < TOLERANCE {
            break;
        }
        if sum > wanted {
            high = sigma;
        } else {
            low = sigma;
        }
        sigma = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * sigma };
    }
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    sigma.max(MIN_SCALE * if rho > 0.0 { mean } else { overall })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{matrix, small};
    use super::*;
    use crate::core::cancel::CancelToken;
    use crate::core::matrix::Matrix;
    use crate::core::progress::Silent;

    fn graph(points: &Matrix, count: usize) -> Graph {
        connectivities(&Neighbours::find(points, count, &Silent, &CancelToken::new()).unwrap()).unwrap()
    }

    #[test]
    fn weights_equal_those_of_scanpy() {
        let s = small();
        let found = graph(&matrix(&s.points), s.neighbours);
        assert_eq!(found.edges(), s.connectivities.len());
        for &(a, b, wanted) in &s.connectivities {
            let weight = found.neighbours(a).find(|e| e.0 == b).unwrap().1;
            assert!((weight - wanted).abs() < 2e-4, "{a} {b}: {weight} {wanted}");
        }
    }

    #[test]
    fn weights_by_hand() {
        // On a line at 0, 1 and 3, two neighbours each: log2(2) is the one other neighbour, whose weight is 1.
        let line = Matrix::from_vec(3, 1, vec![0.0, 1.0, 3.0]).unwrap();
        let found = graph(&line, 2);
        assert_eq!(found.neighbours(1).collect::<Vec<_>>(), [(0, 1.0), (2, 1.0)]);
        assert_eq!(found.edges(), 2);
    }

    #[test]
    fn equal_places_are_joined_fully() {
        let found = graph(&Matrix::zeros(20, 2), 5);
        assert!(found.neighbours(3).all(|e| e.1 == 1.0));
        assert!(found.edges() >= 40);
    }
}
