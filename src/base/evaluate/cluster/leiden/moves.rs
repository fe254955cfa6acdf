//! Moving nodes one by one.

use std::collections::VecDeque;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Beside, Gains, NODES_PER_CHECK};
use crate::core::cancel::{CancelToken, Cancelled};

/// Moves each node to the community that gains most, among those of its neighbours and an empty one, until no node wants to
/// move. Nodes wait in a queue, in random order at first; a node that moves puts those of its neighbours that are not in its new
/// community back into the queue (the fast local move of Traag et al. 2019). Communities are numbered below the number
/// of nodes.
pub(super) fn move_nodes(
    gains: &Gains<'_>,
    clusters: &mut [usize],
    random: &mut ChaCha8Rng,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let graph = gains.graph;
    let n = graph.nodes();
    let mut strengths = vec![0.0; n];
    let mut sizes = vec![0usize; n];
    for (v, &c) in clusters.iter().enumerate() {
        strengths[c] += graph.strengths()[v];
        sizes[c] += 1;
    }
    let mut empty: Vec<usize> = (0..n).filter(|&c| sizes[c] == 0).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(random);
    let mut queue = VecDeque::from(order);
    let mut waits = vec![true; n];
    let mut beside = Beside::new(n);
    let mut looked_at = 0usize;
    while let Some(v) = queue.pop_front() {
        if looked_at.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        looked_at += 1;
        waits[v] = false;
        graph.neighbours(v).for_each(|(u, weight)| beside.add(clusters[u], weight));
        let old = clusters[v];
        strengths[old] -= graph.strengths()[v];
        sizes[old] -= 1;
        if sizes[old] == 0 {
            // No rounding error stays behind, and the node may become a community of its own again.
            strengths[old] = 0.0;
        }
        let mut best = (old, gains.of(v, beside.weights[old], strengths[old]));
        for &c in &beside.met {
            let gain = gains.of(v, beside.weights[c], strengths[c]);
            if gain > best.1 + gains.least {
                best = (c, gain);
            }
        }
        if sizes[old] > 0 && 0.0 > best.1 + gains.least {
            // There are as many communities as nodes, so one is empty while another has several.
            best.0 = empty.pop().unwrap_or(best.0);
        }
        beside.clear();
        let new = best.0;
        strengths[new] += graph.strengths()[v];
        sizes[new] += 1;
        if new == old {
            continue;
        }
        clusters[v] = new;
        if sizes[old] == 0 {
            empty.push(old);
        }
        for (u, _) in graph.neighbours(v) {
            if clusters[u] != new && !waits[u] {
                waits[u] = true;
                queue.push_back(u);
            }
        }
    }
    Ok(())
}
