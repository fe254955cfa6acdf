//! Undirected weighted graphs.

use super::ClusterError;

/// An undirected graph whose edges have positive weights. Each edge is stored at both of its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Where the edges of each node start, and where those of the last end.
    starts: Vec<usize>,
    ends: Vec<usize>,
    weights: Vec<f64>,
    /// The weight of the edge from each node to itself.
    loops: Vec<f64>,
    /// The sum of the weights of each node's edges, that to itself counted twice.
    strengths: Vec<f64>,
    total: f64,
}

impl Graph {
    /// A graph of `nodes` nodes. Weights of repeated edges are added up, edges of weight 0 left out.
    ///
    /// # Errors
    /// [`ClusterError::Edge`] when a node does not exist, or a weight is negative or not finite.
    pub fn from_edges(nodes: usize, edges: &[(usize, usize, f64)]) -> Result<Self, ClusterError> {
        let mut sorted = Vec::with_capacity(2 * edges.len());
        let mut loops = vec![0.0; nodes];
        for &(from, to, weight) in edges {
            if from >= nodes || to >= nodes || !(weight.is_finite() && weight >= 0.0) {
                return Err(ClusterError::Edge { from, to, weight, nodes });
            }
            if from == to {
                loops[from] += weight;
            } else if weight > 0.0 {
                sorted.extend([(from, to, weight), (to, from, weight)]);
            }
        }
        // Stable, so that weights of repeated edges are added in their order.
        sorted.sort_by_key(|&(from, to, _)| (from, to));
        let mut builder = GraphBuilder::new(loops);
        for same in sorted.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (from, to, _) = same[0];
            while builder.nodes_ended() < from {
                builder.end_node();
            }
            builder.push(to, same.iter().map(|edge| edge.2).sum());
        }
        Ok(builder.finish())
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.loops.len()
    }

    /// Number of edges, those of a node to itself not counted.
    pub fn edges(&self) -> usize {
        self.ends.len() / 2
    }

    /// The nodes beside node `v` and the weights of the edges to them. Panics when there is no such node.
    pub fn neighbours(&self, v: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[v]..self.starts[v + 1];
        self.ends[range.clone()].iter().copied().zip(self.weights[range].iter().copied())
    }

    /// The weight of the edge of node `v` to itself. Panics when there is no such node.
    pub(super) fn loop_weight(&self, v: usize) -> f64 {
        self.loops[v]
    }

    /// The sum of the weights of the edges of each node, that to itself counted twice.
    pub fn strengths(&self) -> &[f64] {
        &self.strengths
    }

    /// The sum of the weights of all edges.
    pub fn total(&self) -> f64 {
        self.total
    }
}

/// Builds a graph node by node.
pub(super) struct GraphBuilder {
    starts: Vec<usize>,
    ends: Vec<usize>,
    weights: Vec<f64>,
    loops: Vec<f64>,
}

impl GraphBuilder {
    /// A graph of as many nodes as `loops`, which are the weights of edges from a node to itself.
    pub(super) fn new(loops: Vec<f64>) -> Self {
        let mut starts = Vec::with_capacity(loops.len() + 1);
        starts.push(0);
        Self { starts, ends: Vec::new(), weights: Vec::new(), loops }
    }

    fn nodes_ended(&self) -> usize {
        self.starts.len() - 1
    }

    /// An edge of the current node, which must be pushed at its other end as well.
    pub(super) fn push(&mut self, to: usize, weight: f64) {
        self.ends.push(to);
        self.weights.push(weight);
    }

    pub(super) fn end_node(&mut self) {
        self.starts.push(self.ends.len());
    }

    pub(super) fn finish(mut self) -> Graph {
        while self.nodes_ended() < self.loops.len() {
            self.end_node();
        }
        let strengths: Vec<f64> = self
            .starts
            .windows(2)
            .zip(&self.loops)
            .map(|(range, own)| 2.0 * own + self.weights[range[0]..range[1]].iter().sum::<f64>())
            .collect();
        let total = strengths.iter().sum::<f64>() / 2.0;
        Graph {
            starts: self.starts,
            ends: self.ends,
            weights: self.weights,
            loops: self.loops,
            strengths,
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_stored_at_both_ends() {
        let edges = [(3, 1, 2.0), (1, 3, 0.5), (0, 1, 1.0), (1, 1, 3.0), (0, 3, 0.0)];
        let g = Graph::from_edges(5, &edges).unwrap();
        assert_eq!((g.nodes(), g.edges(), g.total()), (5, 2, 6.5));
        let of = |v| g.neighbours(v).collect::<Vec<_>>();
        assert_eq!((of(0), of(1)), (vec![(1, 1.0)], vec![(0, 1.0), (3, 2.5)]));
        assert_eq!((of(2), of(3), of(4)), (vec![], vec![(1, 2.5)], vec![]));
        assert_eq!(g.strengths(), [1.0, 9.5, 0.0, 2.5, 0.0]);
    }

    #[test]
    fn impossible_edges_are_refused() {
        for edge in [(0, 2, 1.0), (2, 0, 1.0), (0, 1, -1.0), (0, 1, f64::NAN), (0, 1, f64::INFINITY)] {
            assert!(matches!(Graph::from_edges(2, &[edge]), Err(ClusterError::Edge { nodes: 2, .. })));
        }
        assert_eq!(Graph::from_edges(0, &[]).unwrap().nodes(), 0);
    }
}
