//! Communities of a graph by the Leiden algorithm (Traag, Waltman and van Eck 2019, Scientific Reports 9:5233) with
//! modularity and a resolution (Reichardt and Bornholdt 2006), as `RBConfigurationVertexPartition` of leidenalg 0.12.
//!
//! Each iteration moves nodes to the best community beside them until no move gains anything (`moves`), splits each
//! community into parts that hang together (`refine`), makes each part a node of a smaller graph (`aggregate`), and goes on
//! with that graph. As in leidenalg, the parts are formed greedily, in random order: a node that is still
//! alone joins the part that gains most.

mod aggregate;
mod moves;
mod refine;

use rand_chacha::ChaCha8Rng;

use super::ClusterError;
use super::graph::Graph;
use super::numbering::{by_size, compact, count};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Task};
use crate::core::rng;

/// The modularity that an iteration must gain for another to follow.
const MIN_GAIN: f64 = 1e-10;
/// Nodes that are looked at between two looks at the cancel token.
const NODES_PER_CHECK: usize = 1024;

/// How often the algorithm starts again from what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iterations {
    /// As often as this; leidenalg does 2 unless told otherwise.
    Fixed(usize),
    /// Until nothing changes any more.
    UntilStable,
}

impl Default for Iterations {
    fn default() -> Self {
        Self::Fixed(2)
    }
}

/// Communities of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// The community of each node, numbered by size, the largest 0.
    pub clusters: Vec<usize>,
    /// Number of communities.
    pub count: usize,
    /// See [`modularity`].
    pub modularity: f64,
}

/// Finds communities of `graph`. The higher the `resolution`, the more there are. Deterministic for a seed; another seed may
/// give another partition that is about as good.
///
/// # Errors
/// [`ClusterError`] when the resolution is not above 0, or on cancel.
pub fn leiden(
    graph: &Graph,
    resolution: f64,
    iterations: Iterations,
    seed: u64,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Partition, ClusterError> {
    if !(resolution.is_finite() && resolution > 0.0) {
        return Err(ClusterError::Resolution(resolution));
    }
    let mut random = rng::stream(seed, "Leiden", 0);
    let mut clusters: Vec<usize> = (0..graph.nodes()).collect();
    let mut reached = modularity_of(graph, &clusters, resolution);
    let most = match iterations {
        Iterations::Fixed(most) => most,
        Iterations::UntilStable => usize::MAX,
    };
    for iteration in 0..most {
        let total = if most == usize::MAX { 0 } else { most as u64 };
        progress.report(&Task::Clustering.into(), iteration as u64, total);
        iterate(graph, &mut clusters, resolution, &mut random, cancel)?;
        let now = modularity_of(graph, &clusters, resolution);
        let gain = now - reached;
        reached = now;
        if iterations == Iterations::UntilStable && gain <= MIN_GAIN {
            break;
        }
    }
    let clusters = by_size(&clusters);
    Ok(Partition { count: count(&clusters), modularity: reached, clusters })
}

/// The modularity of a partition of `graph`, `Q = sum over c of (e_c / m - resolution (K_c / 2m)²)`, where `m` is the weight of
/// all edges, `e_c` that of the edges inside community `c`, and `K_c` the sum of the strengths of its nodes. This is
/// the `quality()` of leidenalg divided by `2m`. 0 for a graph without edges.
///
/// # Errors
/// [`ClusterError::Length`] when `clusters` does not have one value for each node.
pub fn modularity(graph: &Graph, clusters: &[usize], resolution: f64) -> Result<f64, ClusterError> {
    if clusters.len() != graph.nodes() {
        return Err(ClusterError::Length {
            what: "the partition",
            expected: graph.nodes(),
            found: clusters.len(),
        });
    }
    Ok(modularity_of(graph, &compact(clusters).0, resolution))
}

/// As [`modularity`], of communities numbered below the number of nodes.
fn modularity_of(graph: &Graph, clusters: &[usize], resolution: f64) -> f64 {
    let twice = 2.0 * graph.total();
    if twice <= 0.0 {
        return 0.0;
    }
    let mut strengths = vec![0.0; graph.nodes()];
    let mut inside = 0.0;
    for (v, &c) in clusters.iter().enumerate() {
        strengths[c] += graph.strengths()[v];
        let beside = graph.neighbours(v).filter(|&(u, _)| clusters[u] == c);
        inside += 2.0 * graph.loop_weight(v) + beside.map(|(_, weight)| weight).sum::<f64>();
    }
    inside / twice - resolution * strengths.iter().map(|k| (k / twice).powi(2)).sum::<f64>()
}

/// One iteration: improves `clusters`, which are numbered below the number of nodes and are afterwards numbered
/// without gaps.
fn iterate(
    graph: &Graph,
    clusters: &mut [usize],
    resolution: f64,
    random: &mut ChaCha8Rng,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let mut smaller: Option<Graph> = None;
    // The node of the present graph that each node of `graph` is part of.
    let mut part_of: Vec<usize> = (0..graph.nodes()).collect();
    let mut of_parts = clusters.to_vec();
    loop {
        let present = smaller.as_ref().unwrap_or(graph);
        let gains = Gains::new(present, resolution);
        moves::move_nodes(&gains, &mut of_parts, random, cancel)?;
        of_parts = compact(&of_parts).0;
        for (cluster, &part) in clusters.iter_mut().zip(&part_of) {
            *cluster = of_parts[part];
        }
        let refined = compact(&refine::split(&gains, &of_parts, random, cancel)?).0;
        let parts = count(&refined);
        if parts == present.nodes() || present.nodes() == count(&of_parts) {
            return Ok(());
        }
        let next = aggregate::aggregate(present, &refined, parts, cancel)?;
        let mut of_next = vec![0; parts];
        for (&part, &cluster) in refined.iter().zip(&of_parts) {
            of_next[part] = cluster;
        }
        part_of.iter_mut().for_each(|part| *part = refined[*part]);
        of_parts = of_next;
        smaller = Some(next);
    }
}

/// What a move gains: `m` times the modularity, up to what all moves of a node have in common.
struct Gains<'a> {
    graph: &'a Graph,
    /// The resolution over twice the weight of all edges.
    penalty: f64,
    /// A gain no larger than this is rounding.
    least: f64,
}

impl<'a> Gains<'a> {
    fn new(graph: &'a Graph, resolution: f64) -> Self {
        let twice = 2.0 * graph.total();
        let penalty = if twice > 0.0 { resolution / twice } else { 0.0 };
        Self { graph, penalty, least: 1e-12 * twice / graph.nodes().max(1) as f64 }
    }

    /// What node `v` gains in a community of this strength (itself left out), with which edges of this weight connect it; a
    /// community of its own gains 0.
    fn of(&self, v: usize, weight: f64, strength: f64) -> f64 {
        weight - self.penalty * self.graph.strengths()[v] * strength
    }
}

/// The weight of the edges between a node and the communities beside it.
struct Beside {
    weights: Vec<f64>,
    is_met: Vec<bool>,
    /// The communities, in the order in which they were met.
    met: Vec<usize>,
}

impl Beside {
    /// For communities numbered below `count`.
    fn new(count: usize) -> Self {
        Self { weights: vec![0.0; count], is_met: vec![false; count], met: Vec::new() }
    }

    fn add(&mut self, community: usize, weight: f64) {
        if !self.is_met[community] {
            self.is_met[community] = true;
            self.met.push(community);
        }
        self.weights[community] += weight;
    }

    fn clear(&mut self) {
        for community in self.met.drain(..) {
            self.weights[community] = 0.0;
            self.is_met[community] = false;
        }
    }
}

#[cfg(test)]
mod tests;
