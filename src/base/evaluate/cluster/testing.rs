//! The reference values of `tests/tools/make_cluster_reference.py`.

use serde::Deserialize;

use super::graph::Graph;
use crate::core::matrix::Matrix;

#[derive(Deserialize)]
pub(super) struct Small {
    pub(super) values: Vec<Vec<f32>>,
    pub(super) variances: Vec<f64>,
    pub(super) components: Vec<Vec<f64>>,
    pub(super) scores: Vec<Vec<f64>>,
    pub(super) points: Vec<Vec<f32>>,
    pub(super) neighbours: usize,
    pub(super) distances: Vec<Vec<f64>>,
    pub(super) connectivities: Vec<(usize, usize, f64)>,
    pub(super) a: Vec<usize>,
    pub(super) b: Vec<usize>,
    pub(super) ari: f64,
    pub(super) nmi: f64,
    pub(super) overlap: usize,
}

/// A partition by leidenalg.
#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) iterations: i64,
    pub(super) resolution: f64,
    pub(super) clusters: Vec<usize>,
    /// The modularity, of which no partition has more than 1.
    pub(super) quality: f64,
}

#[derive(Deserialize)]
struct ReferenceGraph {
    nodes: usize,
    edges: Vec<(usize, usize, f64)>,
    partitions: Vec<Reference>,
}

pub(super) fn small() -> Small {
    serde_json::from_str(include_str!("../../../../tests/fixtures/clusters/small.json")).unwrap()
}

pub(super) fn reference_graph() -> (Graph, Vec<Reference>) {
    let text = include_str!("../../../../tests/fixtures/clusters/graph.json");
    let found: ReferenceGraph = serde_json::from_str(text).unwrap();
    (Graph::from_edges(found.nodes, &found.edges).unwrap(), found.partitions)
}

pub(super) fn matrix(rows: &[Vec<f32>]) -> Matrix {
    Matrix::from_vec(rows.len(), rows[0].len(), rows.concat()).unwrap()
}
