//! Time and quality on large input, for `tests/tools/compare_clusters.py`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::connectivities::connectivities;
use super::k_means::k_means;
use super::leiden::{Iterations, leiden};
use super::neighbours::Neighbours;
use super::run::{ClusterInput, ClusterValues, components};
use crate::core::cancel::CancelToken;
use crate::core::matrix::Matrix;
use crate::core::memory::peak_rss_mb;
use crate::core::progress::Silent;

#[derive(Deserialize)]
struct Request {
    rows: usize,
    cols: usize,
    /// 0: the values are coordinates already.
    components: usize,
    neighbours: usize,
    resolutions: Vec<f64>,
    seeds: u64,
    k: usize,
}

#[derive(Serialize)]
struct Found {
    resolution: f64,
    seed: u64,
    clusters: Vec<usize>,
    quality: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct Answer {
    components_seconds: f64,
    neighbours_seconds: f64,
    connectivities_seconds: f64,
    k_means_seconds: f64,
    peak_mb: Option<f64>,
    edges: Vec<(usize, usize, f64)>,
    partitions: Vec<Found>,
    k_means: Vec<usize>,
}

fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let found = f();
    (found, started.elapsed().as_secs_f64())
}

#[test]
#[ignore = "measures input that compare_clusters.py makes"]
fn clusters() {
    let folder = PathBuf::from(std::env::var("HISCMCL_CLUSTERS").unwrap());
    let wanted: Request = serde_json::from_slice(&fs::read(folder.join("request.json")).unwrap()).unwrap();
    let bytes = fs::read(folder.join("values.f32")).unwrap();
    let values = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    drop(bytes);
    let values = Matrix::from_vec(wanted.rows, wanted.cols, values).unwrap();
    let cancel = CancelToken::new();

    let genes: Vec<String> = (0..wanted.cols).map(|g| g.to_string()).collect();
    let input =
        ClusterInput { values: ClusterValues::Dense(&values), genes: &genes, place: &|p| p.to_string() };
    let (points, components_seconds) = match wanted.components {
        0 => (values.clone(), 0.0),
        most => timed(|| components(&input, most, &Silent, &cancel).unwrap()),
    };
    let (neighbours, neighbours_seconds) =
        timed(|| Neighbours::find(&points, wanted.neighbours, &Silent, &cancel).unwrap());
    let (graph, connectivities_seconds) = timed(|| connectivities(&neighbours).unwrap());
    let mut partitions = Vec::new();
    for &resolution in &wanted.resolutions {
        for seed in 0..wanted.seeds {
            let find = || leiden(&graph, resolution, Iterations::default(), seed, &Silent, &cancel).unwrap();
            let (found, seconds) = timed(find);
            let (clusters, quality) = (found.clusters, found.modularity);
            partitions.push(Found { resolution, seed, clusters, quality, seconds });
        }
    }
    let (k_means, k_means_seconds) = timed(|| k_means(&points, wanted.k, 0, &Silent, &cancel).unwrap());
    let edges_of = |v| graph.neighbours(v).filter(move |e| e.0 > v).map(move |(u, weight)| (v, u, weight));
    let answer = Answer {
        components_seconds,
        neighbours_seconds,
        connectivities_seconds,
        k_means_seconds,
        peak_mb: peak_rss_mb(),
        edges: (0..graph.nodes()).flat_map(edges_of).collect(),
        partitions,
        k_means,
    };
    fs::write(folder.join("answer.json"), serde_json::to_vec(&answer).unwrap()).unwrap();
}
