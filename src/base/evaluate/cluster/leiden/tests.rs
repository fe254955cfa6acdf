use super::super::agreement::adjusted_rand_index;
use super::super::testing::{Reference, reference_graph};
use super::*;
use crate::core::progress::Silent;

fn find(graph: &Graph, resolution: f64, iterations: Iterations, seed: u64) -> Partition {
    leiden(graph, resolution, iterations, seed, &Silent, &CancelToken::new()).unwrap()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean adjusted Rand index of partitions with those of leidenalg.
fn mean_ari<'a>(ours: impl Iterator<Item = &'a [usize]>, theirs: &[&Reference]) -> f64 {
    mean(ours.flat_map(|o| theirs.iter().map(|t| adjusted_rand_index(o, &t.clusters))))
}

#[test]
fn modularity_equals_that_of_leidenalg() {
    let (graph, partitions) = reference_graph();
    for p in &partitions {
        let found = modularity(&graph, &p.clusters, p.resolution).unwrap();
        assert!((found - p.quality).abs() < 1e-12, "{found} {}", p.quality);
    }
    // Two pairs, by hand: m = 3, e = 1 each, K = 3 each.
    let path = Graph::from_edges(4, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]).unwrap();
    let by_hand = 2.0 / 3.0 - 0.5 * (0.25 + 0.25);
    assert!((modularity(&path, &[8, 8, 5, 5], 0.5).unwrap() - by_hand).abs() < 1e-12);
    assert!(matches!(modularity(&path, &[0], 1.0), Err(ClusterError::Length { expected: 4, found: 1, .. })));
}

#[test]
fn partitions_are_those_of_leidenalg() {
    let (graph, partitions) = reference_graph();
    for (iterations, theirs) in [(Iterations::Fixed(2), 2), (Iterations::UntilStable, -1)] {
        for resolution in [0.5, 1.0, 2.0] {
            let same = |p: &&Reference| p.iterations == theirs && p.resolution == resolution;
            let theirs: Vec<&Reference> = partitions.iter().filter(same).collect();
            let ours: Vec<Partition> = (0..5).map(|s| find(&graph, resolution, iterations, s)).collect();
            let ari = mean_ari(ours.iter().map(|p| p.clusters.as_slice()), &theirs);
            // At the highest resolution, where groups are cut at random, its own partitions agree no better.
            let own = mean_ari(theirs.iter().map(|p| p.clusters.as_slice()), &theirs);
            assert!(ari >= if own > 0.97 { 0.95 } else { own - 0.05 }, "{resolution}: {ari}, its own {own}");
            let best = theirs.iter().map(|p| p.quality).fold(f64::MIN, f64::max);
            let gained = mean(ours.iter().map(|p| p.modularity));
            assert!(gained > mean(theirs.iter().map(|p| p.quality)) - 1e-3, "{resolution}: {gained}");
            assert!(ours.iter().any(|p| p.modularity > best - 1e-3), "{resolution}");
            for p in &ours {
                let again = modularity(&graph, &p.clusters, resolution).unwrap();
                assert!((again - p.modularity).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn every_community_hangs_together() {
    let (graph, _) = reference_graph();
    for seed in 0..5 {
        let found = find(&graph, 2.0, Iterations::Fixed(2), seed);
        let mut reached = vec![false; graph.nodes()];
        let mut pieces = 0;
        for start in 0..graph.nodes() {
            if reached[start] {
                continue;
            }
            pieces += 1;
            let mut waiting = vec![start];
            reached[start] = true;
            while let Some(v) = waiting.pop() {
                for (u, _) in graph.neighbours(v) {
                    if found.clusters[u] == found.clusters[v] && !reached[u] {
                        reached[u] = true;
                        waiting.push(u);
                    }
                }
            }
        }
        assert_eq!(pieces, found.count);
    }
}

/// Rings of five nodes, each joined to the next by a weak edge.
fn rings(count: usize) -> Graph {
    let inner = (0..count * 5).map(|v| (v, v / 5 * 5 + (v + 1) % 5, 1.0));
    let between = (1..count).map(|r| (5 * r - 1, 5 * r, 0.1));
    Graph::from_edges(count * 5, &inner.chain(between).collect::<Vec<_>>()).unwrap()
}

#[test]
fn rings_are_communities() {
    let found = find(&rings(6), 1.0, Iterations::UntilStable, 0);
    assert_eq!(found.count, 6);
    assert!(found.clusters.chunks(5).all(|ring| ring.iter().all(|c| *c == ring[0])));
    assert_eq!(found.clusters[..6], [0, 0, 0, 0, 0, 1], "of equal size, in their order");
}

#[test]
fn partitions_repeat_for_a_seed() {
    let (graph, _) = reference_graph();
    let once = find(&graph, 2.0, Iterations::Fixed(2), 11);
    assert_eq!(once, find(&graph, 2.0, Iterations::Fixed(2), 11));
    assert!((0..5).any(|seed| find(&graph, 2.0, Iterations::Fixed(2), seed).clusters != once.clusters));
    assert!(once.clusters.iter().all(|&c| c < once.count));
    let sizes: Vec<usize> =
        (0..once.count).map(|c| once.clusters.iter().filter(|&&d| d == c).count()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes[once.count - 1] > 0, "{sizes:?}");
}

#[test]
fn graphs_without_edges_and_bad_resolutions() {
    let lonely = Graph::from_edges(3, &[]).unwrap();
    let found = find(&lonely, 1.0, Iterations::UntilStable, 0);
    assert_eq!((found.clusters, found.modularity), (vec![0, 1, 2], 0.0));
    let nothing = Graph::from_edges(0, &[]).unwrap();
    assert_eq!(find(&nothing, 1.0, Iterations::Fixed(2), 0).count, 0);
    let cancel = CancelToken::new();
    let ask = |r| leiden(&rings(2), r, Iterations::default(), 0, &Silent, &cancel);
    for resolution in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(ask(resolution), Err(ClusterError::Resolution(resolution)));
    }
    assert!(matches!(ask(f64::NAN), Err(ClusterError::Resolution(r)) if r.is_nan()));
    cancel.cancel();
    assert_eq!(ask(1.0), Err(ClusterError::Cancelled(Cancelled)));
}
