//! Splitting communities into parts.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Beside, Gains, NODES_PER_CHECK};
use crate::core::cancel::{CancelToken, Cancelled};

/// The part of each node: every node starts alone, and in random order those that still are alone join the part beside
/// them, inside their community, that gains most, if none loses by it. Parts are numbered below the number of nodes.
pub(super) fn split(
    gains: &Gains<'_>,
    clusters: &[usize],
    random: &mut ChaCha8Rng,
    cancel: &CancelToken,
) -> Result<Vec<usize>, Cancelled> {
    let graph = gains.graph;
    let n = graph.nodes();
    let mut parts: Vec<usize> = (0..n).collect();
    let mut strengths = graph.strengths().to_vec();
    let mut sizes = vec![1usize; n];
    let mut order = parts.clone();
    order.shuffle(random);
    let mut beside = Beside::new(n);
    for (i, &v) in order.iter().enumerate() {
        if i.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        let own = parts[v];
        if sizes[own] > 1 {
            continue;
        }
        for (u, weight) in graph.neighbours(v).filter(|&(u, _)| clusters[u] == clusters[v]) {
            beside.add(parts[u], weight);
        }
        let mut best = (own, 0.0);
        for &part in &beside.met {
            let gain = gains.of(v, beside.weights[part], strengths[part]);
            if gain >= best.1 {
                best = (part, gain);
            }
        }
        beside.clear();
        if best.0 != own {
            parts[v] = best.0;
            strengths[best.0] += graph.strengths()[v];
            sizes[best.0] += 1;
            (strengths[own], sizes[own]) = (0.0, 0);
        }
    }
    Ok(parts)
}
