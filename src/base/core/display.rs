//! How maps are shown: which panes, in which colours, between which limits. The window and the figures
//! share it, so that an exported figure looks like the screen.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::colormap::ColorMap;

/// What a pane shows over the H&E.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneKind {
    /// The tissue alone.
    He,
    /// Measured expression.
    Measured,
    /// Predicted expression.
    Predicted,
    /// Predicted minus measured.
    Difference,
    /// Half the width of the prediction's 80 % interval.
    Uncertainty,
    /// The class of each spot, by annotated regions or by labels.
    Regions,
    /// The cluster of each spot, by measured expression.
    Clusters,
    /// The cluster of each spot, by predicted expression.
    PredictedClusters,
}

impl PaneKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::He,
        Self::Measured,
        Self::Predicted,
        Self::Difference,
        Self::Uncertainty,
        Self::Regions,
        Self::Clusters,
        Self::PredictedClusters,
    ];

    /// What it is called in the window and on figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::He => "H&E",
            Self::Measured => "Measured",
            Self::Predicted => "Predicted",
            Self::Difference => "Difference",
            Self::Uncertainty => "Uncertainty",
            Self::Regions => "Regions",
            Self::Clusters => "Clusters",
            Self::PredictedClusters => "Predicted clusters",
        }
    }

    /// What it is called in files and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::He => "he",
            Self::Measured => "measured",
            Self::Predicted => "predicted",
            Self::Difference => "difference",
            Self::Uncertainty => "uncertainty",
            Self::Regions => "regions",
            Self::Clusters => "clusters",
            Self::PredictedClusters => "predicted-clusters",
        }
    }

    /// What its values are, in full and short, where that is not a scale of expression.
    pub const fn quantity(self) -> Option<[&'static str; 2]> {
        match self {
            Self::He | Self::Measured | Self::Predicted => None,
            Self::Regions | Self::Clusters | Self::PredictedClusters => None,
            Self::Difference => Some(["predicted \u{2212} measured", "pred. \u{2212} meas."]),
            Self::Uncertainty => Some(["\u{b1} half an 80 % interval", "80 % interval"]),
        }
    }

    /// What is remarkable about the spots with its largest values, in two words: "highest", "measured".
    pub const fn superlative(self) -> (&'static str, &'static str) {
        match self {
            Self::He | Self::Regions | Self::Clusters | Self::PredictedClusters | Self::Measured => {
                ("highest", "measured")
            }
            Self::Predicted => ("highest", "predicted"),
            Self::Difference => ("largest", "difference"),
            Self::Uncertainty => ("most", "uncertain"),
        }
    }

    /// Whether its values have a sign that says something.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Difference)
    }

    /// Whether it compares measured and predicted values, which must be on one scale for that.
    pub const fn compares(self) -> bool {
        matches!(self, Self::Difference)
    }

    /// Whether it needs a prediction of the section.
    pub const fn needs_prediction(self) -> bool {
        matches!(self, Self::Predicted | Self::Difference | Self::Uncertainty | Self::PredictedClusters)
    }

    /// Whether it shows classes of spots rather than values of a gene.
    pub const fn is_of_classes(self) -> bool {
        matches!(self, Self::Regions | Self::Clusters | Self::PredictedClusters)
    }

    /// Whether it is about a gene.
    pub const fn is_of_gene(self) -> bool {
        !matches!(self, Self::He) && !self.is_of_classes()
    }

    /// Whether it shows expression itself, so that it can share its limits with another pane that does.
    pub const fn is_expression(self) -> bool {
        matches!(self, Self::Measured | Self::Predicted)
    }

    /// The colour map it is drawn in when `chosen` is chosen: differences always diverge around zero.
    pub const fn colormap(self, chosen: ColorMap) -> ColorMap {
        match self {
            Self::Difference => ColorMap::RdBu,
            _ => chosen,
        }
    }

    /// Whether it shows what was measured, or compares with it.
    pub const fn needs_measurement(self) -> bool {
        matches!(self, Self::Measured | Self::Difference | Self::Clusters)
    }
}

/// The panes of a slide without measurements where `panes` are wanted: H&E, the prediction and its uncertainty in place of
/// the measured map and of what compares with it.
pub fn unmeasured_panes(panes: &[PaneKind]) -> Vec<PaneKind> {
    let wanted = |pane: &PaneKind| match pane {
        PaneKind::Measured | PaneKind::Difference | PaneKind::Clusters => false,
        PaneKind::Regions | PaneKind::PredictedClusters => panes.contains(pane),
        PaneKind::Predicted | PaneKind::Uncertainty => {
            panes.contains(pane) || panes.iter().any(|p| p.needs_measurement() && p.is_of_gene())
        }
        PaneKind::He => panes.contains(pane) || panes.contains(&PaneKind::Measured),
    };
    PaneKind::ALL.into_iter().filter(wanted).collect()
}

/// A word that names no pane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{word}\" is not a pane; the panes are {}", PaneKind::ALL.map(PaneKind::key).join(", "))]
pub struct UnknownPane {
    /// The word.
    pub word: String,
}

impl FromStr for PaneKind {
    type Err = UnknownPane;

    fn from_str(word: &str) -> Result<Self, UnknownPane> {
        let wanted = word.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|p| p.key() == wanted).ok_or_else(|| UnknownPane { word: word.to_owned() })
    }
}

/// Where the ends of the colour scale lie.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limits {
    /// The lowest and highest value of measured and predicted together.
    Shared,
    /// The lowest and highest value of each pane.
    PerPane,
    /// Two percentiles, 0 to 100, of measured and predicted together.
    Percentile {
        /// The lower one.
        low: f32,
        /// The upper one.
        high: f32,
    },
    /// Two percentiles, 0 to 100, of each pane.
    PerPanePercentile {
        /// The lower one.
        low: f32,
        /// The upper one.
        high: f32,
    },
    /// Two values on the target's scale, for measured and predicted.
    Fixed {
        /// The lower one.
        low: f32,
        /// The upper one.
        high: f32,
    },
}

impl Limits {
    /// Shared, from the 2nd to the 98th percentile: a few extreme spots do not darken the map.
    pub const ROBUST: Self = Self::Percentile { low: 2.0, high: 98.0 };

    /// In words: "shared, 2–98 %".
    pub fn describe(self) -> String {
        match self {
            Self::Shared => "shared, full range".to_owned(),
            Self::PerPane => "per pane, full range".to_owned(),
            Self::Percentile { low, high } => format!("shared, {low}–{high} %"),
            Self::PerPanePercentile { low, high } => format!("per pane, {low}–{high} %"),
            Self::Fixed { low, high } => format!("fixed, {low:.2} to {high:.2}"),
        }
    }

    /// Whether measured and predicted have the same limits.
    pub const fn is_shared(self) -> bool {
        !matches!(self, Self::PerPane | Self::PerPanePercentile { .. })
    }

    /// The percentiles between which the limits lie; everything when none are asked for.
    pub(super) const fn percentiles(self) -> (f32, f32) {
        match self {
            Self::Percentile { low, high } | Self::PerPanePercentile { low, high } => (low, high),
            Self::Shared | Self::PerPane | Self::Fixed { .. } => (0.0, 100.0),
        }
    }
}

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkShape {
    /// Cells on slides without measurements, spots on sections with spots.
    #[default]
    Automatic,
    /// Discs of the diameter of a spot.
    Spots,
    /// Hexagons or squares that meet.
    Cells,
}

impl MarkShape {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Spots, Self::Cells];

    /// What it is called in files and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Spots => "spots",
            Self::Cells => "cells",
        }
    }

    /// Whether values are drawn as cells on a section that has measurements or none.
    pub const fn draws_cells(self, is_measured: bool) -> bool {
        match self {
            Self::Automatic => !is_measured,
            Self::Spots => false,
            Self::Cells => true,
        }
    }
}

/// How annotated regions are drawn over the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionStyle {
    /// Their outlines.
    #[default]
    Outlined,
    /// Their outlines, and their area in a transparent colour.
    Transparent,
    /// Not at all.
    Hidden,
}

impl RegionStyle {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Outlined, Self::Transparent, Self::Hidden];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outlined => "outlined",
            Self::Transparent => "transparent",
            Self::Hidden => "hidden",
        }
    }
}

/// A word that names no shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a way to draw values; choose automatic, spots or cells")]
pub struct UnknownShape(pub String);

impl FromStr for MarkShape {
    type Err = UnknownShape;

    fn from_str(word: &str) -> Result<Self, UnknownShape> {
        let wanted = word.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|s| s.key() == wanted).ok_or_else(|| UnknownShape(word.to_owned()))
    }
}

/// Everything the user can set about how maps look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisplaySettings {
    /// The panes, from left to right; at least one.
    pub panes: Vec<PaneKind>,
    /// The colour map of everything but differences.
    pub colormap: ColorMap,
    /// Where the colour scale ends.
    pub limits: Limits,
    /// Diameter of a drawn spot, as a multiple of its true diameter.
    pub spot_scale: f32,
    /// Opacity of the spots, 0 to 1.
    pub opacity: f32,
    /// Whether values are drawn as spots or as cells.
    pub shape: MarkShape,
    /// Whether slides without measurements are shown with the outline of their tissue.
    pub tissue_outline: bool,
    /// How annotated regions are drawn.
    pub regions: RegionStyle,
}

impl Default for DisplaySettings {
    fn default() -> Self {
        Self {
            panes: vec![PaneKind::Measured, PaneKind::Predicted],
            colormap: ColorMap::Viridis,
            limits: Limits::ROBUST,
            spot_scale: 1.0,
            opacity: 0.88,
            shape: MarkShape::Automatic,
            tissue_outline: true,
            regions: RegionStyle::Outlined,
        }
    }
}

impl DisplaySettings {
    /// The range of [`DisplaySettings::spot_scale`].
    pub const SPOT_SCALES: std::ops::RangeInclusive<f32> = 0.2..=2.5;
    /// These settings with everything brought into its range, as they come from a file.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        let or = |v: f32, default: f32| if v.is_finite() { v } else { default };
        self.spot_scale =
            or(self.spot_scale, 1.0).clamp(*Self::SPOT_SCALES.start(), *Self::SPOT_SCALES.end());
        self.opacity = or(self.opacity, 0.88).clamp(0.0, 1.0);
        let mut seen = Vec::new();
        self.panes.retain(|p| {
            !seen.contains(p) && {
                seen.push(*p);
                true
            }
        });
        if self.panes.is_empty() {
            self.panes = Self::default().panes;
        }
        let ordered = match self.limits {
            Limits::Shared | Limits::PerPane => true,
            Limits::Percentile { low, high } | Limits::PerPanePercentile { low, high } => {
                low < high && (0.0..=100.0).contains(&low) && (0.0..=100.0).contains(&high)
            }
            Limits::Fixed { low, high } => low.is_finite() && high.is_finite() && low < high,
        };
        if !ordered {
            self.limits = Limits::ROBUST;
        }
        self
    }
}

/// Pane names in a row: "Measured | Predicted".
pub fn panes_text(panes: &[PaneKind]) -> String {
    panes.iter().map(|p| p.name()).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slide_without_measurements_has_no_measured_pane() {
        use PaneKind::{Difference, He, Measured, Predicted, Uncertainty};
        assert_eq!(unmeasured_panes(&[He, Measured, Predicted]), [He, Predicted, Uncertainty]);
        assert_eq!(unmeasured_panes(&[Measured, Predicted]), [He, Predicted, Uncertainty]);
        assert_eq!(unmeasured_panes(&[Difference]), [Predicted, Uncertainty]);
        assert_eq!(unmeasured_panes(&[He]), [He]);
        assert_eq!(unmeasured_panes(&[He, Predicted]), [He, Predicted]);
    }

    #[test]
    fn settings_from_a_file_are_made_sane() {
        let text = r#"{"panes":["predicted","predicted"],"opacity":7.0,"limits":{"percentile":{"low":9.0,"high":1.0}}}"#;
        let read: DisplaySettings = serde_json::from_str(text).unwrap();
        let clamped = read.clamped();
        assert_eq!(clamped.panes, [PaneKind::Predicted]);
        assert_eq!((clamped.opacity, clamped.limits, clamped.spot_scale), (1.0, Limits::ROBUST, 1.0));
        let text = serde_json::to_string(&DisplaySettings::default()).unwrap();
        assert_eq!(serde_json::from_str::<DisplaySettings>(&text).unwrap(), DisplaySettings::default());
    }

    #[test]
    fn settings_of_earlier_versions_draw_automatically() {
        let read: DisplaySettings = serde_json::from_str(r#"{"panes":["predicted"],"opacity":0.5}"#).unwrap();
        assert_eq!((read.shape, read.tissue_outline), (MarkShape::Automatic, true));
        assert!(read.shape.draws_cells(false) && !read.shape.draws_cells(true));
        for shape in MarkShape::ALL {
            assert_eq!(shape.key().parse(), Ok(shape));
        }
        assert!("dots".parse::<MarkShape>().unwrap_err().to_string().contains("spots or cells"));
    }

    #[test]
    fn panes_are_read_by_name() {
        assert_eq!("Measured".parse(), Ok(PaneKind::Measured));
        assert_eq!("he".parse(), Ok(PaneKind::He));
        assert!("map".parse::<PaneKind>().unwrap_err().to_string().contains("uncertainty"));
    }
}
