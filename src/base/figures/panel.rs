//! What the panels of a figure show, as plain data: numbers and names, whatever they were made from.

use std::sync::Arc;

use super::maps::{MapGrid, RegionClass, Tissue};
use crate::core::colormap::ColorMap;

/// How much of the width of a figure a panel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Span {
    Quarter,
    Third,
    Half,
    TwoThirds,
    #[default]
    Full,
}

impl Span {
    /// In twelfths of the width.
    pub(super) const fn twelfths(self) -> usize {
        match self {
            Self::Quarter => 3,
            Self::Third => 4,
            Self::Half => 6,
            Self::TwoThirds => 8,
            Self::Full => 12,
        }
    }
}

/// What a caption says of a panel beside its title.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What is counted: "346 spots of C4".
    pub n: Option<String>,
    /// Pearson's correlation: "0.54".
    pub pcc: Option<String>,
    /// The scale of expression: "log10(1 + CP10k), selected genes".
    pub target: Option<String>,
    /// The run that predicted.
    pub run: Option<String>,
    /// Full sentences that follow.
    pub remarks: Vec<String>,
}

/// A panel and its place in a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedPanel {
    /// Printed above it.
    pub title: Option<String>,
    /// Panels fill lines from left to right; one that has no room in a line begins the next.
    pub span: Span,
    /// What its caption says.
    pub facts: Facts,
    /// What it shows.
    pub panel: Panel,
}

impl PlacedPanel {
    /// Its title, or what kind of panel it is.
    pub fn name(&self) -> &str {
        self.title.as_deref().unwrap_or_else(|| self.panel.name())
    }
}

/// What a panel shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Panel {
    /// Maps of genes on tissue.
    Maps(MapGrid),
    /// One dot per spot or gene.
    Scatter(Scatter),
    /// Fold changes and how sure they are.
    Volcano(Volcano),
    /// Groups of spots vs. genes.
    DotPlot(DotPlot),
    /// Lines, such as training curves.
    Curves(Curves),
    /// A score per gene or section.
    Scores(Scores),
    /// What the colours of outlined regions mean.
    RegionLegend(Vec<RegionClass>),
    /// Up to three genes on one tissue, their colours added.
    GeneMix(GeneMix),
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// What is measured, with its unit in parentheses.
    pub label: String,
    /// Its ends; those of the data where there are none.
    pub limits: Option<[f64; 2]>,
}

impl Axis {
    /// An axis with this label that spans the data.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), limits: None }
    }
}

/// Dots at two coordinates, such as measured and predicted expression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scatter {
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// The dots; those without two finite coordinates are left out.
    pub points: Vec<[f64; 2]>,
    /// Whether both axes have the same limits and a dashed line shows where both values are equal.
    pub identity: bool,
    /// Printed above the dots: "PCC = 0.54".
    pub note: Option<String>,
}

/// A gene of a volcano plot.
#[derive(Debug, Clone, PartialEq)]
pub struct VolcanoGene {
    /// Its name.
    pub name: String,
    /// The base-2 logarithm of the fold change.
    pub log2_fold: f64,
    /// Its p-value after correction for multiple testing, 0 to 1.
    pub p_adjusted: f64,
}

/// Fold changes of genes vs. their adjusted p-values.
#[derive(Debug, Clone, PartialEq)]
pub struct Volcano {
    /// The genes; those with a value that is not finite are left out.
    pub genes: Vec<VolcanoGene>,
    /// Genes with a larger adjusted p-value are grey.
    pub max_p: f64,
    /// Genes with a smaller absolute log2 fold change are grey.
    pub min_log2_fold: f64,
    /// Names of genes that are labelled, the most important first; one without room stays without a label.
    pub labelled: Vec<String>,
    /// What genes with negative and with positive fold changes are higher in: ["stroma", "cancer"].
    pub sides: Option<[String; 2]>,
}

/// A dot of a dot plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dot {
    /// Percentage of spots that express the gene, 0 to 100.
    pub percent: f64,
    /// Mean expression.
    pub mean: f64,
}

/// Genes vs. groups of spots: the size of a dot is the share of spots that express the gene, its colour the mean.
#[derive(Debug, Clone, PartialEq)]
pub struct DotPlot {
    /// The columns.
    pub genes: Vec<String>,
    /// The rows.
    pub groups: Vec<String>,
    /// A dot for each gene of each group, group by group; none where the gene was not measured.
    pub dots: Vec<Option<Dot>>,
    /// The colours of means.
    pub map: ColorMap,
    /// What the mean is: "mean log10(1 + CP10k)".
    pub mean_label: String,
}

/// A line of [`Curves`].
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right; one that is not finite breaks the line.
    pub points: Vec<[f64; 2]>,
    /// Whether it is dashed.
    pub dashed: bool,
}

/// Lines over a common axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// The lines.
    pub curves: Vec<Curve>,
    /// A grey line across, with its name: (4.85, "chance").
    pub reference: Option<(f64, String)>,
}

/// A row of [`Scores`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// The gene or section.
    pub name: String,
    /// A value for each series, none where there is no score.
    pub values: Vec<Option<f64>>,
}

/// Scores of genes or sections, as bars or dots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    /// What is scored: "PCC".
    pub axis: Axis,
    /// What the values of each row are: ["model", "ridge"].
    pub series: Vec<String>,
    /// The rows, from top to bottom.
    pub rows: Vec<ScoreRow>,
    /// Whether rows are genes, whose names are set in italics.
    pub are_genes: bool,
    /// Bars from zero, or dots.
    pub bars: bool,
    /// A grey line across, with its name: (0.74, "noise ceiling").
    pub reference: Option<(f64, String)>,
}

/// A gene of [`GeneMix`].
#[derive(Debug, Clone, PartialEq)]
pub struct MixGene {
    /// Its name.
    pub name: String,
    /// A value for each spot, NaN where there is none; empty where the gene was not measured.
    pub values: Vec<f32>,
    /// Values that are black.
    pub low: f32,
    /// Values that have its full colour.
    pub high: f32,
}

/// Up to three genes on one tissue, in colours that are added.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneMix {
    /// Where they lie.
    pub tissue: Arc<Tissue>,
    /// The genes, one to three.
    pub genes: Vec<MixGene>,
    /// Whether there is a scale bar.
    pub scale_bar: bool,
}

impl GeneMix {
    /// The most genes.
    pub const MAX_GENES: usize = 3;

    /// The colours of one, two or three genes, which add up to white. Sets of two and three are told apart with all
    /// their sums by readers with any kind of colour blindness.
    pub const fn colors(genes: usize) -> &'static [[u8; 3]] {
        match genes {
            0 | 1 => &[[255, 0, 255]],
            2 => &[[255, 0, 255], [0, 255, 0]],
            _ => &[[90, 4, 167], [42, 116, 83], [123, 135, 5]],
        }
    }

    /// The colour of a spot with these values; `None` where one is missing.
    pub(super) fn rgb(&self, spot: usize) -> Option<[u8; 3]> {
        let mut sum = [0.0f32; 3];
        for (gene, color) in self.genes.iter().zip(Self::colors(self.genes.len())) {
            if gene.values.is_empty() {
                continue;
            }
            let value = gene.values.get(spot).copied().filter(|v| v.is_finite())?;
            let share = if gene.high > gene.low { (value - gene.low) / (gene.high - gene.low) } else { 0.0 };
            for (sum, full) in sum.iter_mut().zip(color) {
                *sum += share.clamp(0.0, 1.0) * f32::from(*full);
            }
        }
        Some(sum.map(|c| c.round().clamp(0.0, 255.0) as u8))
    }
}

impl Panel {
    /// What kind of panel it is.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Maps(_) => "maps",
            Self::Scatter(_) => "scatter plot",
            Self::Volcano(_) => "volcano plot",
            Self::DotPlot(_) => "dot plot",
            Self::Curves(_) => "curves",
            Self::Scores(_) => "scores",
            Self::RegionLegend(_) => "legend of regions",
            Self::GeneMix(_) => "map of several genes",
        }
    }

    /// Whether it can be drawn; grids of maps are checked by themselves.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Maps(_) => Ok(()),
            Self::Scatter(s) => {
                s.x.check()?;
                s.y.check()?;
                let drawn = s.points.iter().any(|p| p.iter().all(|v| v.is_finite()));
                drawn.then_some(()).ok_or_else(|| "no dot has two finite coordinates".to_owned())
            }
            Self::Volcano(v) => v.check(),
            Self::DotPlot(d) => d.check(),
            Self::Curves(c) => {
                c.x.check()?;
                c.y.check()?;
                let mut points = c.curves.iter().flat_map(|c| &c.points);
                let drawn = points.any(|p| p.iter().all(|v| v.is_finite()));
                drawn.then_some(()).ok_or_else(|| "no curve has a point with finite coordinates".to_owned())
            }
            Self::Scores(s) => s.check(),
            Self::RegionLegend(classes) => {
                (!classes.is_empty()).then_some(()).ok_or_else(|| "it has no classes".to_owned())
            }
            Self::GeneMix(mix) => mix.check(),
        }
    }
}

impl Axis {
    fn check(&self) -> Result<(), String> {
        match self.limits {
            Some([low, high]) if !(low.is_finite() && high.is_finite() && low < high) => {
                Err(format!("the axis \"{}\" runs from {low} to {high}", self.label))
            }
            _ => Ok(()),
        }
    }
}

impl Volcano {
    fn check(&self) -> Result<(), String> {
        if !(self.max_p > 0.0 && self.max_p <= 1.0) {
            return Err(format!(
                "{} is not a limit of p-values; it must be above 0 and at most 1",
                self.max_p
            ));
        }
        if !(self.min_log2_fold.is_finite() && self.min_log2_fold >= 0.0) {
            return Err(format!("{} is not a limit of absolute fold changes", self.min_log2_fold));
        }
        if let Some(gene) = self.genes.iter().find(|g| g.p_adjusted < 0.0 || g.p_adjusted > 1.0) {
            return Err(format!("{} has an adjusted p-value of {}", gene.name, gene.p_adjusted));
        }
        if !self.genes.iter().any(VolcanoGene::is_drawn) {
            return Err("no gene has a finite fold change and p-value".to_owned());
        }
        Ok(())
    }
}

impl VolcanoGene {
    pub(super) fn is_drawn(&self) -> bool {
        self.log2_fold.is_finite() && self.p_adjusted.is_finite()
    }
}

impl DotPlot {
    fn check(&self) -> Result<(), String> {
        let (genes, groups) = (self.genes.len(), self.groups.len());
        if genes == 0 || groups == 0 {
            return Err("it has no genes or no groups".to_owned());
        }
        if self.dots.len() != genes * groups {
            return Err(format!("{} dots for {groups} groups of {genes} genes", self.dots.len()));
        }
        let wrong = |d: &&Dot| !(d.mean.is_finite() && (0.0..=100.0).contains(&d.percent));
        match self.dots.iter().flatten().find(wrong) {
            Some(dot) => Err(format!("a dot has {} % and a mean of {}", dot.percent, dot.mean)),
            None => Ok(()),
        }
    }
}

impl Scores {
    fn check(&self) -> Result<(), String> {
        self.axis.check()?;
        if self.rows.is_empty() || self.series.is_empty() {
            return Err("it has no rows or no series".to_owned());
        }
        for row in &self.rows {
            if row.values.len() != self.series.len() {
                return Err(format!(
                    "{} has {} values for {} series",
                    row.name,
                    row.values.len(),
                    self.series.len()
                ));
            }
            if let Some(value) = row.values.iter().flatten().find(|v| !v.is_finite()) {
                return Err(format!("{} has a score of {value}", row.name));
            }
        }
        Ok(())
    }
}

impl GeneMix {
    fn check(&self) -> Result<(), String> {
        self.tissue.check()?;
        if !(1..=Self::MAX_GENES).contains(&self.genes.len()) {
            return Err(format!("it mixes {} genes; choose one to three", self.genes.len()));
        }
        let spots = self.tissue.centers.len();
        for gene in &self.genes {
            if !gene.values.is_empty() && gene.values.len() != spots {
                return Err(format!("{} has {} values for {spots} spots", gene.name, gene.values.len()));
            }
            if !(gene.low.is_finite() && gene.high.is_finite() && gene.low <= gene.high) {
                return Err(format!("{} has no finite colour limits", gene.name));
            }
        }
        Ok(())
    }
}
