//! Comparison of two classes of places over all genes, on measured or predicted values.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::classes::SectionClasses;
use super::context::JobContext;
use super::figure::in_order_of;
use super::predict::predictions;
use super::run_store::{RunInfo, find_run};
use super::workspace::Workspace;
use crate::core::csv::CsvTable;
use crate::core::files::{FileError, write_bytes_atomically};
use crate::core::matrix::Matrix;
use crate::core::target::{ExpressionScale, Target};
use crate::core::text::counted;
use crate::data::genes::GeneIndex;
use crate::data::regions::RegionId;
use crate::data::section::{Section, ValueKind};
use crate::device::DeviceChoice;
use crate::evaluate::compare::{CompareOptions, ComparedSection, Comparison, GeneComparison, compare_groups};
use crate::evaluate::expression::Expression;
use crate::evaluate::judgement::Judgement;
use crate::evaluate::tables::gene_summaries;
use crate::preprocess::target;

/// One of the groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// The places of this class: of regions, by the labels of files, or by clusters.
    Class(String),
    /// The places in these regions.
    Regions {
        /// The regions.
        ids: Vec<RegionId>,
        /// What they are called together.
        title: String,
    },
    /// All places that are not in the other group.
    Rest,
}

impl Group {
    /// How it is called in tables and plots.
    pub fn title(&self) -> &str {
        match self {
            Self::Class(name) | Self::Regions { title: name, .. } => name,
            Self::Rest => "rest",
        }
    }

    /// Its places; `None` for the rest, which depends on the other group.
    fn places(&self, classes: &SectionClasses) -> Option<Vec<usize>> {
        match self {
            Self::Class(name) => Some(classes.places_of(name)),
            Self::Regions { ids, .. } => Some(classes.places_in(ids)),
            Self::Rest => None,
        }
    }
}

/// The cluster of each place of some sections, by the name of the section.
pub type ClusterNames = BTreeMap<String, Vec<Option<String>>>;

/// Which values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComparedValues {
    /// `ln(1 + 1e4 count / spot total)` of all measured genes; of a run, what it predicts.
    #[default]
    Lognorm,
    /// The target of the project, of its selected genes; of a run, what it predicts.
    Target,
}

/// What is to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareRequest {
    /// Names of the sections.
    pub sections: Vec<String>,
    /// The group that is described: positive differences are higher there.
    pub a: Group,
    /// What it is compared with.
    pub b: Group,
    /// Clusters, which are classes beside those of regions and labels.
    pub clusters: Vec<Arc<ClusterNames>>,
    /// Which values.
    pub values: ComparedValues,
    /// The run whose predictions are compared; measured values where `None`.
    pub run: Option<String>,
    /// Where to predict what is not stored.
    pub device: DeviceChoice,
}

/// How far the prediction of a gene can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GeneTrust {
    /// Mean Pearson correlation on the held-out sections of the run.
    pub pcc: Option<f64>,
    /// What that is worth.
    pub judgement: Judgement,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The comparison.
    pub comparison: Comparison,
    /// Names of the genes, by [`GeneComparison::gene`].
    pub genes: Vec<String>,
    /// Names of the sections, in the order of [`GeneComparison::by_section`].
    pub sections: Vec<String>,
    /// The name of the first group.
    pub a: String,
    /// The name of the second group.
    pub b: String,
    /// The held-out scores of the genes, where a run was compared that has any.
    pub trust: HashMap<String, GeneTrust>,
}

impl Compared {
    /// The name of a compared gene.
    pub fn name(&self, gene: &GeneComparison) -> &str {
        self.genes.get(gene.gene).map_or("", String::as_str)
    }
}

/// The rows of matrices that a section brings to the comparison.
enum Rows {
    Counts,
    Normalised,
    Dense(Matrix, ExpressionScale),
}

/// A section with what of it is compared.
struct Part {
    section: Arc<Section>,
    rows: Rows,
    columns: Vec<Option<usize>>,
    a: Vec<usize>,
    b: Vec<usize>,
}

/// Compares two classes of places.
///
/// # Errors
/// One sentence: no place has the class, a section, run or file is at fault, or it was cancelled.
pub fn compare(
    workspace: &Workspace,
    request: &CompareRequest,
    ctx: &JobContext,
) -> anyhow::Result<Compared> {
    if request.sections.is_empty() {
        bail!("Name at least one section to compare");
    }
    let run = request.run.as_deref().map(|name| find_run(&workspace.path, name)).transpose()?;
    if run.is_none() {
        request.sections.iter().try_for_each(|name| workspace.require_measured(name))?;
    }
    let sections = workspace.sections(&request.sections, ctx)?;
    let groups = groups(workspace, request, &sections, ctx)?;
    let genes = genes(workspace, request, run.as_ref(), &sections)?;
    let mut parts = Vec::with_capacity(sections.len());
    for (section, (a, b)) in sections.iter().zip(groups) {
        parts.push(part(workspace, request, run.as_ref(), section, &genes, (a, b), ctx)?);
    }
    let compared: Vec<ComparedSection<'_>> =
        parts.iter().enumerate().map(|(n, p)| p.as_compared(n)).collect();
    let options = CompareOptions::default();
    let comparison = compare_groups(&genes, &compared, options, ctx.progress(), ctx.cancel)
        .map_err(|error| anyhow!("{error}"))?;
    let trust = run.as_ref().map(trust_of).transpose()?.unwrap_or_default();
    Ok(Compared {
        comparison,
        genes,
        sections: sections.iter().map(|s| s.name.clone()).collect(),
        a: request.a.title().to_owned(),
        b: request.b.title().to_owned(),
        trust,
    })
}

/// The places of both groups in each section.
fn groups(
    workspace: &Workspace,
    request: &CompareRequest,
    sections: &[Arc<Section>],
    ctx: &JobContext,
) -> anyhow::Result<Vec<(Vec<usize>, Vec<usize>)>> {
    let mut found = Vec::with_capacity(sections.len());
    let mut known: Vec<String> = Vec::new();
    let mut both = 0;
    for section in sections {
        let entry = workspace.entry(&section.name)?;
        let mut classes = SectionClasses::new(entry, section, &workspace.project.classes, ctx.cancel)?;
        for names in request.clusters.iter().filter_map(|c| c.get(&section.name)) {
            // Places may have been laid anew since they were clustered.
            if names.len() == section.spots.len() {
                classes = classes.with_clusters(names);
            }
        }
        known.extend(classes.names().into_iter().filter(|n| !known.contains(n)).collect::<Vec<_>>());
        let mut a = request.a.places(&classes).unwrap_or_default();
        let b = match request.b.places(&classes) {
            None => (0..section.spots.len()).filter(|p| a.binary_search(p).is_err()).collect(),
            Some(mut b) => {
                let shared: Vec<usize> = a.iter().copied().filter(|p| b.binary_search(p).is_ok()).collect();
                both += shared.len();
                a.retain(|p| shared.binary_search(p).is_err());
                b.retain(|p| shared.binary_search(p).is_err());
                b
            }
        };
        found.push((a, b));
    }
    let of = sections.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
    for group in [&request.a, &request.b] {
        if let Group::Class(name) = group
            && !known.contains(name)
        {
            let there = match known.as_slice() {
                [] => "no spot has a class; draw regions, import them, or add labels".to_owned(),
                names => format!("the classes are {}", names.join(", ")),
            };
            bail!("No spot of {of} has the class \"{name}\": {there}");
        }
    }
    if request.b == request.a {
        bail!("Both groups are \"{}\"; choose two different classes", request.a.title());
    }
    if both > 0 {
        let are = if both == 1 { "is" } else { "are" };
        ctx.observer.note(&format!("{} {are} in both classes and left out", counted(both, "spot")));
    }
    Ok(found)
}

/// The genes that are compared, in order.
fn genes(
    workspace: &Workspace,
    request: &CompareRequest,
    run: Option<&RunInfo>,
    sections: &[Arc<Section>],
) -> anyhow::Result<Vec<String>> {
    match (run, request.values) {
        (Some(run), _) => Ok(run.config.genes.clone()),
        (None, ComparedValues::Target) => match &workspace.project.selection {
            Some(selection) => Ok(selection.genes.clone()),
            None => {
                bail!(
                    "The target is computed over the gene list, and the project has none; choose genes first"
                )
            }
        },
        (None, ComparedValues::Lognorm) => {
            let mut place: BTreeMap<&str, usize> = BTreeMap::new();
            for gene in sections.iter().flat_map(|s| &s.genes) {
                let next = place.len();
                place.entry(&gene.name).or_insert(next);
            }
            let mut names: Vec<(&str, usize)> = place.into_iter().collect();
            names.sort_by_key(|(_, at)| *at);
            Ok(names.into_iter().map(|(name, _)| name.to_owned()).collect())
        }
    }
}

fn part(
    workspace: &Workspace,
    request: &CompareRequest,
    run: Option<&RunInfo>,
    section: &Arc<Section>,
    genes: &[String],
    (mut a, mut b): (Vec<usize>, Vec<usize>),
    ctx: &JobContext,
) -> anyhow::Result<Part> {
    let section = Arc::clone(section);
    let (rows, columns) = match run {
        Some(run) => {
            let made = predictions(workspace, &run.id, &section.name, request.device, ctx)?;
            let mean = in_order_of(made, &section).mean;
            // A spot that was added since the run was made has no prediction.
            let predicted = |place: &usize| mean.row(*place).iter().all(|v| v.is_finite());
            a.retain(predicted);
            b.retain(predicted);
            let columns = (0..genes.len()).map(Some).collect();
            (Rows::Dense(mean, run.config.scale()), columns)
        }
        None if request.values == ComparedValues::Target && section.values == ValueKind::Counts => {
            let target = workspace.project.target;
            let (values, columns) = measured_target(&section, genes, target);
            (Rows::Dense(values, target.scale(true)), columns)
        }
        None => {
            let index = GeneIndex::new(&section.genes);
            let columns = genes.iter().map(|gene| index.find(gene)).collect();
            let rows = match section.values {
                ValueKind::Counts => Rows::Counts,
                ValueKind::Normalised => Rows::Normalised,
            };
            (rows, without_repeats(columns))
        }
    };
    Ok(Part { section, rows, columns, a, b })
}

/// The target of the genes that the section measured, a column for each, and where the column of each gene is.
fn measured_target(section: &Section, genes: &[String], of: Target) -> (Matrix, Vec<Option<usize>>) {
    let measured = target::measured(section, genes, of);
    let mut columns = Vec::with_capacity(measured.len());
    let mut values: Vec<Vec<f32>> = Vec::new();
    for column in measured {
        columns.push(column.as_ref().map(|_| values.len()));
        values.extend(column);
    }
    let matrix = Matrix::from_fn(section.spots.len(), values.len(), |r, c| values[c][r]);
    (matrix, columns)
}

/// Two names can lead to one gene of a section; the first keeps its column.
fn without_repeats(mut columns: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let mut seen = std::collections::HashSet::new();
    for column in &mut columns {
        *column = column.filter(|c| seen.insert(*c));
    }
    columns
}

impl Part {
    fn as_compared(&self, replicate: usize) -> ComparedSection<'_> {
        let counts = &self.section.counts;
        let expression = match &self.rows {
            Rows::Counts => Expression::Counts(counts),
            Rows::Normalised => Expression::Sparse { values: counts, scale: ExpressionScale::AsInFile },
            Rows::Dense(values, scale) => Expression::Dense { values, scale: *scale },
        };
        ComparedSection {
            name: &self.section.name,
            expression,
            columns: &self.columns,
            a: &self.a,
            b: &self.b,
            replicate,
        }
    }
}

/// The held-out scores of the genes of a run.
fn trust_of(run: &RunInfo) -> anyhow::Result<HashMap<String, GeneTrust>> {
    let mut folds = run.folder.read_fold_reports()?;
    for fold in run.folder.folds()? {
        folds.extend(fold.read_fold_reports()?);
    }
    let trust = |s: crate::evaluate::tables::GeneSummary| {
        let judgement = Judgement::of_summary(&s);
        (s.gene.clone(), GeneTrust { pcc: s.pcc, judgement })
    };
    Ok(gene_summaries(&folds).into_iter().map(trust).collect())
}

/// A row per gene, as `hiscmcl compare --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct CompareRow {
    /// Its name.
    pub gene: String,
    /// Mean in the first group.
    pub mean_a: f64,
    /// Mean in the second group.
    pub mean_b: f64,
    /// log2 fold change; of values that are no logarithms, none.
    pub log2fc: Option<f64>,
    /// Percent of the places of the first group that express it; of predictions, none.
    pub pct_a: Option<f64>,
    /// The same of the second group.
    pub pct_b: Option<f64>,
    /// p-value of the rank-sum test.
    pub p: f64,
    /// The same, adjusted for the number of genes (Benjamini-Hochberg).
    pub p_adj: f64,
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Mean held-out correlation of its prediction, where there is one.
    pub trust: Option<f64>,
    /// Adjusted p-value of the test between sections, where it is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sections_p_adj: Option<f64>,
}

impl Compared {
    /// A row per gene, the smallest p-value first.
    pub fn rows(&self) -> Vec<CompareRow> {
        let percent = |share: Option<f64>| share.map(|s| 100.0 * s);
        let mut genes: Vec<&GeneComparison> = self.comparison.genes.iter().collect();
        genes.sort_by(|x, y| x.p.total_cmp(&y.p).then(y.score.abs().total_cmp(&x.score.abs())));
        let row = |g: &GeneComparison| CompareRow {
            gene: self.name(g).to_owned(),
            mean_a: g.mean_a,
            mean_b: g.mean_b,
            log2fc: g.log2_fold_change,
            pct_a: percent(g.expressing_a),
            pct_b: percent(g.expressing_b),
            p: g.p,
            p_adj: g.q,
            auroc: g.auroc,
            trust: self.trust.get(self.name(g)).and_then(|t| t.pcc),
            sections_p_adj: g.pseudo_bulk.map(|bulk| bulk.q),
        };
        genes.into_iter().map(row).collect()
    }

    /// The rows as a table.
    pub fn csv(&self) -> String {
        let mut headings =
            vec!["gene", "mean_a", "mean_b", "log2fc", "pct_a", "pct_b", "p", "p_adj", "auroc", "trust"];
        if self.comparison.pseudo_bulk.is_some() {
            headings.push("sections_p_adj");
        }
        let mut table = CsvTable::new(&headings);
        let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        for row in self.rows() {
            let mut fields = vec![row.gene];
            let all = [Some(row.mean_a), Some(row.mean_b), row.log2fc, row.pct_a, row.pct_b];
            fields.extend(all.map(number));
            fields.extend([Some(row.p), Some(row.p_adj), Some(row.auroc), row.trust].map(number));
            if self.comparison.pseudo_bulk.is_some() {
                fields.push(number(row.sections_p_adj));
            }
            table.row(fields);
        }
        table.into_text()
    }

    /// What everybody who reads the p-values should know.
    pub fn caution(&self) -> String {
        let mut text =
            "Neighbouring spots are not independent, so p-values are optimistic: they order genes, and say \
                        nothing about other patients."
                .to_owned();
        if !self.trust.is_empty() {
            text.push_str(" Predicted values differ less between classes than measured ones.");
        }
        text
    }

    /// Writes the table.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub fn save_csv(&self, path: &Path) -> Result<(), FileError> {
        write_bytes_atomically(path, self.csv().as_bytes())
    }
}
