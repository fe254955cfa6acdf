//! Making each part a node.

use super::{Beside, NODES_PER_CHECK};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::evaluate::cluster::graph::{Graph, GraphBuilder};

/// The graph whose nodes are the parts of `graph`, numbered from 0 to `count`. Edges inside a part become its edge to itself.
pub(super) fn aggregate(
    graph: &Graph,
    parts: &[usize],
    count: usize,
    cancel: &CancelToken,
) -> Result<Graph, Cancelled> {
    let mut members: Vec<usize> = (0..parts.len()).collect();
    members.sort_by_key(|&v| parts[v]);
    let mut loops = vec![0.0; count];
    for (v, &part) in parts.iter().enumerate() {
        // Each inner edge is met at both of its ends.
        let inside = graph.neighbours(v).filter(|&(u, _)| parts[u] == part);
        loops[part] += graph.loop_weight(v) + inside.map(|(_, weight)| weight).sum::<f64>() / 2.0;
    }
    let mut builder = GraphBuilder::new(loops);
    let mut beside = Beside::new(count);
    for (i, of_part) in members.chunk_by(|&a, &b| parts[a] == parts[b]).enumerate() {
        if i.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        for &v in of_part {
            let outside = graph.neighbours(v).map(|(u, weight)| (parts[u], weight));
            outside.filter(|&(part, _)| part != parts[v]).for_each(|(part, weight)| beside.add(part, weight));
        }
        for &part in &beside.met {
            builder.push(part, beside.weights[part]);
        }
        builder.end_node();
        beside.clear();
    }
    Ok(builder.finish())
}
