//! Clusters of the places of sections by their expression.

use std::path::Path;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::context::JobContext;
use super::figure::in_order_of;
use super::predict::predictions;
use super::run_store::find_run;
use super::workspace::Workspace;
use crate::core::csv::CsvTable;
use crate::core::files::write_bytes_atomically;
use crate::core::matrix::Matrix;
use crate::core::target::Target;
use crate::device::DeviceChoice;
use crate::evaluate::cluster::agreement;
use crate::evaluate::cluster::run::{ClusterInput, ClusterSettings, ClusterValues, Clustering, cluster};
use crate::evaluate::compare::{
    CompareOptions, ComparedSection, GeneComparison, MIN_MEMBERS, compare_groups,
};
use crate::evaluate::expression::Expression;
use crate::evaluate::report::RegionAgreement;
use crate::preprocess::hvg::{Combine, HvgOptions};
use crate::preprocess::target;

/// Genes that measured values are clustered by where the project has no gene list: the most variable ones.
const HVG: usize = 2_000;

/// What is to be clustered.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterRequest {
    /// Names of the sections, which are clustered together.
    pub sections: Vec<String>,
    /// The run whose predictions are clustered; measured values where `None`.
    pub run: Option<String>,
    /// How.
    pub settings: ClusterSettings,
    /// Where to predict what is not stored.
    pub device: DeviceChoice,
}

/// Clusters of places.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusteredPlaces {
    /// The section and the name of each place.
    pub places: Vec<(String, String)>,
    /// The clusters, of the places in their order.
    pub found: Clustering,
    /// How many genes they were found by.
    pub genes: usize,
    /// How they agree with labels, where there are any.
    pub agreement: Option<RegionAgreement>,
    /// The genes that are highest in each cluster, the foremost first.
    pub markers: Vec<Vec<Marker>>,
}

/// A gene that is higher in a cluster than elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Marker {
    /// Its name.
    pub gene: String,
    /// Area under the ROC curve of the gene as a marker of the cluster.
    pub auroc: f64,
    /// Adjusted p-value of the rank-sum test of the cluster against all other places.
    pub p_adj: f64,
}

/// The most markers of a cluster.
const MARKERS: usize = 10;
/// Genes with a larger adjusted p-value mark nothing.
const MAX_P: f64 = 0.05;

/// Clusters the places of sections: measured values as `ln(1 + 1e4 count / spot total)`, or what a run predicts.
///
/// # Errors
/// One sentence: settings that cannot be, or a section, run or file at fault.
pub fn cluster_places(
    workspace: &Workspace,
    request: &ClusterRequest,
    ctx: &JobContext,
) -> anyhow::Result<ClusteredPlaces> {
    if request.sections.is_empty() {
        bail!("Name at least one section to cluster");
    }
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    if run.is_none() {
        request.sections.iter().try_for_each(|name| workspace.require_measured(name))?;
    }
    let sections = workspace.sections(&request.sections, ctx)?;
    let genes = match &run {
        Some(run) => run.config.genes.clone(),
        None => measured_genes(workspace, &request.sections, ctx)?,
    };
    let (mut values, mut places, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for section in &sections {
        let matrix = match &run {
            Some(run) => {
                let made = predictions(workspace, &run.id, &section.name, request.device, ctx)?;
                in_order_of(made, section).mean
            }
            None => target::expression(section, &genes, Target::Lognorm)?,
        };
        values.extend_from_slice(matrix.as_slice());
        places.extend(section.spots.iter().map(|spot| (section.name.clone(), spot.id.clone())));
        let of_spots = section.labels.clone().unwrap_or_else(|| vec![None; section.spots.len()]);
        labels.extend(of_spots);
    }
    let matrix = Matrix::from_vec(places.len(), genes.len(), values)
        .ok_or_else(|| anyhow!("The sections and the gene list have different numbers of genes"))?;
    let place = |row: usize| places.get(row).map_or_else(String::new, |(s, spot)| format!("{spot} of {s}"));
    let input = ClusterInput { values: ClusterValues::Dense(&matrix), genes: &genes, place: &place };
    let found = cluster(&input, &request.settings, ctx.progress(), ctx.cancel).map_err(|e| anyhow!("{e}"))?;
    let agreement = agreement_with(&labels, &found.clusters)?;
    let scale = run.as_ref().map_or(Target::Lognorm.scale(true), |run| run.config.scale());
    let markers = markers(Expression::Dense { values: &matrix, scale }, &genes, &found, ctx)?;
    Ok(ClusteredPlaces { places, found, genes: genes.len(), agreement, markers })
}

/// The genes that are significantly higher in each cluster than elsewhere, by their rank sum.
fn markers(
    expression: Expression<'_>,
    genes: &[String],
    found: &Clustering,
    ctx: &JobContext,
) -> anyhow::Result<Vec<Vec<Marker>>> {
    let columns: Vec<Option<usize>> = (0..genes.len()).map(Some).collect();
    let mut all = Vec::with_capacity(found.count);
    for cluster in 0..found.count {
        let (a, b): (Vec<usize>, Vec<usize>) =
            (0..found.clusters.len()).partition(|place| found.clusters[*place] == cluster);
        if a.len() < MIN_MEMBERS || b.len() < MIN_MEMBERS {
            all.push(Vec::new());
            continue;
        }
        let name = "the clusters";
        let compared = ComparedSection { name, expression, columns: &columns, a: &a, b: &b, replicate: 0 };
        let compared =
            compare_groups(genes, &[compared], CompareOptions::default(), ctx.progress(), ctx.cancel)
                .map_err(|e| anyhow!("{e}"))?;
        let mut higher: Vec<_> =
            compared.genes.into_iter().filter(|g| g.q < MAX_P && g.auroc > 0.5).collect();
        higher.sort_by(|x, y| y.score.total_cmp(&x.score));
        let marker =
            |g: GeneComparison| Some(Marker { gene: genes.get(g.gene)?.clone(), auroc: g.auroc, p_adj: g.q });
        all.push(higher.into_iter().take(MARKERS).filter_map(marker).collect());
    }
    Ok(all)
}

/// The gene list of the project; without one, highly variable genes of these sections.
fn measured_genes(
    workspace: &Workspace,
    sections: &[String],
    ctx: &JobContext,
) -> anyhow::Result<Vec<String>> {
    if let Some(selection) = &workspace.project.selection {
        return Ok(selection.genes.clone());
    }
    let options =
        HvgOptions { per_section: HVG, combine: Combine::Union, min_spots: 0.0, always: Vec::new() };
    Ok(super::genes::select(workspace, sections, &options, ctx)?.genes)
}

fn agreement_with(labels: &[Option<String>], clusters: &[usize]) -> anyhow::Result<Option<RegionAgreement>> {
    let mut names: Vec<&String> = labels.iter().flatten().collect();
    names.sort_unstable();
    names.dedup();
    let of = |label: &Option<String>| names.binary_search(&label.as_ref()?).ok();
    let labels: Vec<Option<usize>> = labels.iter().map(of).collect();
    let clusters: Vec<Option<usize>> = clusters.iter().map(|&c| Some(c)).collect();
    let found = agreement::compare(&labels, &clusters).map_err(|e| anyhow!("{e}"))?;
    Ok(found.map(|a| RegionAgreement { ari: a.ari, nmi: a.nmi, spots: a.places }))
}

impl ClusteredPlaces {
    /// A row per place: `spot`, `section`, `cluster`; clusters are numbered from 1, the largest first.
    pub fn csv(&self) -> String {
        let mut table = CsvTable::new(["spot", "section", "cluster"]);
        for ((section, spot), cluster) in self.places.iter().zip(&self.found.clusters) {
            table.row([spot, section, &(cluster + 1).to_string()]);
        }
        table.into_text()
    }

    /// Writes the table.
    ///
    /// # Errors
    /// One sentence naming the file.
    pub fn save_csv(&self, path: &Path) -> anyhow::Result<()> {
        Ok(write_bytes_atomically(path, self.csv().as_bytes())?)
    }

    /// Places in each cluster, the largest first.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.found.count];
        for &cluster in &self.found.clusters {
            if let Some(size) = sizes.get_mut(cluster) {
                *size += 1;
            }
        }
        sizes
    }
}
