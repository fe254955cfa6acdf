//! Plots beside the maps of a figure.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use super::FigureRequest;
use super::plate::SectionMaps;
use super::row::{correlation, meant};
use crate::core::color_scale::range;
use crate::core::colormap::ColorMap;
use crate::core::expression_maps::ExpressionMaps;
use crate::core::text::counted;
use crate::evaluate::compare::GeneComparison;
use crate::evaluate::tables::gene_summaries;
use crate::figures::{
    Axis, Curve, Curves, Dot, DotPlot, Facts, GeneMix, MixGene, Panel, PlacedPanel, Scatter, ScoreRow,
    Scores, Span, Volcano, VolcanoGene,
};
use crate::jobs::compare::Compared;
use crate::jobs::context::JobContext;
use crate::jobs::run_store::{RunInfo, load_run};
use crate::jobs::workspace::Workspace;

/// A plot that a figure can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigurePlot {
    /// The genes of the figure in one map, their colours added.
    Mix,
    /// Measured vs. predicted expression of each gene on each section.
    Scatter,
    /// Fold changes and p-values of a comparison.
    Volcano,
    /// The foremost genes of a comparison in both groups.
    Dots,
    /// How training went.
    Curves,
    /// Held-out scores of the genes of the figure.
    Scores,
}

/// A word that names no plot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{word}\" is not a plot; the plots are {}", FigurePlot::ALL.map(FigurePlot::key).join(", "))]
pub struct UnknownPlot {
    /// The word.
    pub word: String,
}

impl FromStr for FigurePlot {
    type Err = UnknownPlot;

    fn from_str(word: &str) -> Result<Self, UnknownPlot> {
        let wanted = word.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|p| p.key() == wanted).ok_or_else(|| UnknownPlot { word: word.to_owned() })
    }
}

impl FigurePlot {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Mix, Self::Scatter, Self::Volcano, Self::Dots, Self::Curves, Self::Scores];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mix => "Genes in one map",
            Self::Scatter => "Measured vs. predicted",
            Self::Volcano => "Volcano plot",
            Self::Dots => "Dot plot",
            Self::Curves => "Training curves",
            Self::Scores => "Scores of the genes",
        }
    }

    /// What it is called on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::Scatter => "scatter",
            Self::Volcano => "volcano",
            Self::Dots => "dots",
            Self::Curves => "curves",
            Self::Scores => "scores",
        }
    }

    /// Whether it shows predictions.
    pub const fn needs_prediction(self) -> bool {
        matches!(self, Self::Scatter)
    }

    /// Whether it is about a run.
    pub const fn needs_run(self) -> bool {
        matches!(self, Self::Scatter | Self::Curves | Self::Scores)
    }

    /// Whether it shows a comparison of two groups.
    pub const fn needs_comparison(self) -> bool {
        matches!(self, Self::Volcano | Self::Dots)
    }
}

/// Genes with a larger adjusted p-value are grey.
const MAX_P: f64 = 0.05;
/// Genes that are named in a volcano plot.
const NAMED: usize = 12;
/// Genes of each group in a dot plot.
const EACH: usize = 8;

/// What the caption says of the maps.
pub(super) fn facts_of_maps(
    request: &FigureRequest,
    plates: &BTreeMap<&str, SectionMaps>,
    run: Option<&RunInfo>,
) -> Facts {
    let spots = request.sections.iter().filter_map(|name| {
        let section = &plates.get(name.as_str())?.section;
        let what = if section.is_measured() { "spot" } else { "place" };
        Some(format!("{} of {name}", counted(section.spots.len(), what)))
    });
    let pccs = request.rows().filter_map(|(section, gene)| {
        let plate = plates.get(section)?;
        let meant = meant(plate, gene);
        let r = pcc(&plate.maps(&meant))?;
        Some(match request.sections.len() {
            1 => format!("{r:.2} ({meant})"),
            _ => format!("{r:.2} ({meant}, {section})"),
        })
    });
    let (spots, pccs): (Vec<String>, Vec<String>) = (spots.collect(), pccs.collect());
    let joined = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(", "));
    let scale = run.map_or(request.target.scale(true), |run| run.config.scale());
    Facts {
        n: joined(spots),
        pcc: joined(pccs).filter(|_| run.is_some()),
        target: Some(scale.unit().to_owned()),
        run: run.map(|run| run.id.clone()),
        remarks: Vec::new(),
    }
}

fn pcc(maps: &ExpressionMaps) -> Option<f32> {
    maps.measured().zip(maps.predicted()).and_then(|(m, p)| correlation(m, p))
}

/// The panels of the plots that a figure asks for.
///
/// # Errors
/// One sentence: what a plot shows is not there.
pub(super) fn panels(
    workspace: &Workspace,
    request: &FigureRequest,
    plates: &BTreeMap<&str, SectionMaps>,
    run: Option<&RunInfo>,
    ctx: &JobContext,
) -> anyhow::Result<Vec<PlacedPanel>> {
    let mut panels = Vec::new();
    for plot in &request.plots {
        ctx.check()?;
        let run =
            || run.ok_or_else(|| anyhow!("The plot \"{}\" needs a run; train a model first", plot.name()));
        let comparison = || {
            let missing = "compare two groups of spots first";
            request
                .comparison
                .as_deref()
                .ok_or_else(|| anyhow!("The plot \"{}\" shows a comparison; {missing}", plot.name()))
        };
        match plot {
            FigurePlot::Mix => panels.extend(mixes(request, plates)?),
            FigurePlot::Scatter => {
                let run = run()?;
                panels.extend(scatters(request, plates, run));
            }
            FigurePlot::Volcano => panels.push(volcano(comparison()?)),
            FigurePlot::Dots => panels.push(dots(comparison()?)?),
            FigurePlot::Curves => panels.push(curves(run()?)?),
            FigurePlot::Scores => panels.push(scores(workspace, request, run()?)?),
        }
    }
    Ok(panels)
}

fn placed(title: String, span: Span, panel: Panel, facts: Facts) -> PlacedPanel {
    PlacedPanel { title: Some(title), span, facts, panel }
}

fn mixes(request: &FigureRequest, plates: &BTreeMap<&str, SectionMaps>) -> anyhow::Result<Vec<PlacedPanel>> {
    let genes = request.genes.len();
    if !(1..=GeneMix::MAX_GENES).contains(&genes) {
        return Err(anyhow!(
            "One map shows one to {} genes, and the figure has {genes}; choose fewer genes, or leave the map out",
            GeneMix::MAX_GENES
        ));
    }
    let mix = |name: &String| {
        let plate = plates.get(name.as_str())?;
        let gene = |typed: &String| {
            let name = meant(plate, typed);
            let maps = plate.maps(&name);
            // What is predicted is shown where nothing was measured.
            let values = maps.measured().or(maps.predicted()).map(<[f32]>::to_vec).unwrap_or_default();
            let ends = range(values.iter().copied(), 2.0, 98.0).unwrap_or((0.0, 1.0));
            let (low, high) = (ends.0.max(0.0), ends.1.max(ends.0.max(0.0)));
            MixGene { name, values, low, high }
        };
        let genes = request.genes.iter().map(gene).collect();
        let panel = Panel::GeneMix(GeneMix { tissue: Arc::clone(&plate.tissue), genes, scale_bar: true });
        let n = Some(counted(plate.section.spots.len(), "spot"));
        Some(placed(name.clone(), Span::Half, panel, Facts { n, ..Facts::default() }))
    };
    Ok(request.sections.iter().filter_map(mix).collect())
}

fn scatters(
    request: &FigureRequest,
    plates: &BTreeMap<&str, SectionMaps>,
    run: &RunInfo,
) -> Vec<PlacedPanel> {
    let scatter = |(section, gene): (&str, &str)| {
        let plate = plates.get(section)?;
        let name = meant(plate, gene);
        let maps = plate.maps(&name);
        let (measured, predicted) = maps.measured().zip(maps.predicted())?;
        let points: Vec<[f64; 2]> = measured
            .iter()
            .zip(predicted)
            .filter(|(m, p)| m.is_finite() && p.is_finite())
            .map(|(m, p)| [f64::from(*m), f64::from(*p)])
            .collect();
        if points.is_empty() {
            return None;
        }
        let r = correlation(measured, predicted);
        let facts = Facts {
            n: Some(counted(points.len(), "spot")),
            pcc: r.map(|r| format!("{r:.2}")),
            target: Some(plate.predicted_scale.unit().to_owned()),
            run: Some(run.id.clone()),
            remarks: Vec::new(),
        };
        let note = r.map(|r| format!("PCC = {r:.2}"));
        let (x, y) = (Axis::new("measured"), Axis::new("predicted"));
        let panel = Panel::Scatter(Scatter { x, y, points, identity: true, note });
        Some(placed(format!("{name}, {section}"), Span::Third, panel, facts))
    };
    request.rows().filter_map(scatter).collect()
}

fn groups(compared: &Compared) -> Facts {
    let comparison = &compared.comparison;
    let n = format!(
        "{} ({}) and {} ({}) spots",
        comparison.members_a, compared.a, comparison.members_b, compared.b
    );
    let remark = format!(
        "Wilcoxon rank-sum test over {}, adjusted by Benjamini and Hochberg. {}",
        counted(comparison.genes.len(), "gene"),
        compared.caution()
    );
    let target = Some(comparison.scale.unit().to_owned());
    Facts { n: Some(n), target, remarks: vec![remark], ..Facts::default() }
}

/// The genes of a comparison, the smallest p-value first.
fn foremost(compared: &Compared) -> Vec<&GeneComparison> {
    let mut genes: Vec<&GeneComparison> = compared.comparison.genes.iter().collect();
    genes.sort_by(|x, y| x.p.total_cmp(&y.p).then(y.score.abs().total_cmp(&x.score.abs())));
    genes
}

fn volcano(compared: &Compared) -> PlacedPanel {
    let widest = compared.comparison.widest_effect();
    let gene = |g: &&GeneComparison| VolcanoGene {
        name: compared.name(g).to_owned(),
        log2_fold: g.effect().clamp(-widest, widest),
        p_adjusted: g.q,
    };
    let genes = foremost(compared);
    let labelled = genes.iter().filter(|g| g.q < MAX_P).take(NAMED).map(|g| compared.name(g).to_owned());
    let panel = Panel::Volcano(Volcano {
        genes: genes.iter().map(gene).collect(),
        max_p: MAX_P,
        min_log2_fold: 0.0,
        labelled: labelled.collect(),
        sides: Some([compared.b.clone(), compared.a.clone()]),
    });
    placed(format!("{} vs. {}", compared.a, compared.b), Span::Half, panel, groups(compared))
}

fn dots(compared: &Compared) -> anyhow::Result<PlacedPanel> {
    let significant: Vec<&GeneComparison> = foremost(compared).into_iter().filter(|g| g.q < MAX_P).collect();
    let of = |higher: bool| significant.iter().filter(move |g| (g.auroc > 0.5) == higher).take(EACH);
    let genes: Vec<&GeneComparison> = of(true).chain(of(false)).copied().collect();
    if genes.is_empty() {
        return Err(anyhow!(
            "No gene differs significantly between {} and {}, so the dot plot has none to show",
            compared.a,
            compared.b
        ));
    }
    // Predictions have no share of expressing spots; their dots are all of one size.
    let dot = |mean: f64, share: Option<f64>| {
        Some(Dot { percent: share.map_or(100.0, |s| (100.0 * s).clamp(0.0, 100.0)), mean })
    };
    let in_a = genes.iter().map(|g| dot(g.mean_a, g.expressing_a));
    let in_b = genes.iter().map(|g| dot(g.mean_b, g.expressing_b));
    let panel = Panel::DotPlot(DotPlot {
        genes: genes.iter().map(|g| compared.name(g).to_owned()).collect(),
        groups: vec![compared.a.clone(), compared.b.clone()],
        dots: in_a.chain(in_b).collect(),
        map: ColorMap::Viridis,
        mean_label: format!("mean {}", compared.comparison.scale.short_unit()),
    });
    Ok(placed(format!("{} vs. {}", compared.a, compared.b), Span::Full, panel, groups(compared)))
}

/// The correlation on validation spots over the epochs of each network.
pub(in crate::jobs) fn curves(run: &RunInfo) -> anyhow::Result<PlacedPanel> {
    let details = load_run(run)?;
    let mut curves: Vec<Curve> = Vec::new();
    for (fold, epochs) in &details.curves {
        for epoch in epochs {
            let Some(pcc) = epoch.validation_pcc else { continue };
            let name = format!("{fold}, network {}", epoch.member + 1);
            let point = [epoch.epoch as f64, f64::from(pcc)];
            match curves.iter_mut().find(|c| c.name == name) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve { name, points: vec![point], dashed: false }),
            }
        }
    }
    if curves.is_empty() {
        return Err(anyhow!("{} kept no validation scores of its epochs, so it has no curves", run.id));
    }
    let (x, y) = (Axis::new("epoch"), Axis::new("PCC on validation spots"));
    let panel = Panel::Curves(Curves { x, y, curves, reference: None });
    let facts = Facts { run: Some(run.id.clone()), ..Facts::default() };
    Ok(placed(format!("Training of {}", run.id), Span::Half, panel, facts))
}

fn scores(workspace: &Workspace, request: &FigureRequest, run: &RunInfo) -> anyhow::Result<PlacedPanel> {
    let report = load_run(run)?.report;
    let report = report.ok_or_else(|| {
        anyhow!("{} was not tested on held-out sections of {}", run.id, workspace.path.display())
    })?;
    let summaries = gene_summaries(&report.folds);
    let row = |gene: &String| {
        let found = summaries.iter().find(|s| s.gene == *gene);
        let values =
            vec![found.and_then(|s| s.pcc), found.and_then(|s| s.ridge_pcc), found.and_then(|s| s.ceiling)];
        ScoreRow { name: gene.clone(), values }
    };
    let panel = Panel::Scores(Scores {
        axis: Axis::new("PCC"),
        series: ["model", "ridge", "noise ceiling"].map(str::to_owned).to_vec(),
        rows: request.genes.iter().map(row).collect(),
        are_genes: true,
        bars: false,
        reference: None,
    });
    let n = Some(format!("{} held out", counted(report.folds.len(), "section")));
    let facts = Facts { n, run: Some(run.id.clone()), ..Facts::default() };
    Ok(placed("Held-out scores".to_owned(), Span::Half, panel, facts))
}
