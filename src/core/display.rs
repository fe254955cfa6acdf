//! How maps are shown: which panes, in which colours, between which limits. The window and the figures
//! share it, so that an exported figure looks like the screen.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::colormap::{ColorMap, position};

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
}

impl PaneKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::He, Self::Measured, Self::Predicted, Self::Difference, Self::Uncertainty];

    /// What it is called in the window and on figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::He => "H&E",
            Self::Measured => "Measured",
            Self::Predicted => "Predicted",
            Self::Difference => "Difference",
            Self::Uncertainty => "Uncertainty",
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
        }
    }

    /// Whether it needs a prediction of the section.
    pub const fn needs_prediction(self) -> bool {
        matches!(self, Self::Predicted | Self::Difference | Self::Uncertainty)
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
}

/// A word that names no pane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a pane; the panes are he, measured, predicted, difference, uncertainty")]
pub struct UnknownPane(pub String);

impl FromStr for PaneKind {
    type Err = UnknownPane;

    fn from_str(word: &str) -> Result<Self, UnknownPane> {
        let wanted = word.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|p| p.key() == wanted).ok_or_else(|| UnknownPane(word.to_owned()))
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
    const fn percentiles(self) -> (f32, f32) {
        match self {
            Self::Percentile { low, high } | Self::PerPanePercentile { low, high } => (low, high),
            Self::Shared | Self::PerPane | Self::Fixed { .. } => (0.0, 100.0),
        }
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
}

impl Default for DisplaySettings {
    fn default() -> Self {
        Self {
            panes: vec![PaneKind::Measured, PaneKind::Predicted],
            colormap: ColorMap::Viridis,
            limits: Limits::ROBUST,
            spot_scale: 1.0,
            opacity: 0.88,
        }
    }
}

impl DisplaySettings {
    /// The range of [`DisplaySettings::spot_scale`].
    pub const SPOT_SCALES: std::ops::RangeInclusive<f32> = 0.2..=2.5;

    /// The panes as the window shows them: "Measured | Predicted".
    pub fn panes_text(&self) -> String {
        panes_text(&self.panes)
    }

    /// These settings with everything brought into its range, as they come from a file.
    #[must_use]
    pub fn sane(mut self) -> Self {
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

/// A colour map with its limits: turns values into colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorScale {
    /// The colours.
    pub map: ColorMap,
    /// The value of the lowest colour.
    pub low: f32,
    /// The value of the highest colour.
    pub high: f32,
}

impl ColorScale {
    /// The colour of `value`, [`super::colormap::NO_DATA`] for NaN.
    pub fn rgb(self, value: f32) -> [u8; 3] {
        self.map.rgb_between(value, self.low, self.high)
    }

    /// The entry of the map's table for `value`, `None` for NaN.
    pub fn index(self, value: f32) -> Option<u8> {
        self.map.index(position(value, self.low, self.high))
    }
}

/// The colour scale of each pane, given the values it shows (in any order; NaN where there are none);
/// `None` for panes without a scale or without a single value. The rule, by pane:
/// - measured and predicted follow `settings.limits`, together when those are shared;
/// - difference is symmetric around zero, its ends at the size that the limits leave of |difference|;
/// - uncertainty starts at zero.
pub fn color_scales(settings: &DisplaySettings, panes: &[(PaneKind, &[f32])]) -> Vec<Option<ColorScale>> {
    let limits = settings.limits;
    let (low, high) = limits.percentiles();
    let expression = || panes.iter().filter(|(kind, _)| kind.is_expression());
    let shared =
        if limits.is_shared() { range(expression().flat_map(|(_, v)| *v).copied(), low, high) } else { None };
    panes
        .iter()
        .map(|&(kind, values)| {
            let ends = match (kind, limits) {
                (PaneKind::He, _) => None,
                (PaneKind::Measured | PaneKind::Predicted, Limits::Fixed { low, high }) => Some((low, high)),
                (PaneKind::Measured | PaneKind::Predicted, _) if limits.is_shared() => shared,
                (PaneKind::Measured | PaneKind::Predicted, _) => range(values.iter().copied(), low, high),
                (PaneKind::Difference, _) => {
                    range(values.iter().map(|v| v.abs()), 0.0, high).map(|(_, size)| (-size, size))
                }
                (PaneKind::Uncertainty, _) => {
                    range(values.iter().copied(), 0.0, high).map(|(_, most)| (0.0, most))
                }
            };
            // A fixed scale is there without values too; every other one needs a value to stand on.
            let (low, high) = apart(ends?);
            Some(ColorScale { map: kind.colormap(settings.colormap), low, high })
        })
        .collect()
}

/// Limits that differ: a gene that is the same everywhere is drawn as low when it is absent and as high
/// when it is present.
fn apart((low, high): (f32, f32)) -> (f32, f32) {
    if high > low {
        (low, high)
    } else if low == 0.0 {
        (0.0, 1.0)
    } else {
        (low.min(0.0), low.max(0.0))
    }
}

/// The `low`-th and `high`-th percentile of the finite values, `None` when there are none.
fn range(values: impl Iterator<Item = f32>, low: f32, high: f32) -> Option<(f32, f32)> {
    let mut finite: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    Some((percentile(&mut finite, low)?, percentile(&mut finite, high)?))
}

/// The `p`-th percentile, 0 to 100, interpolated linearly between neighbours as numpy does by default;
/// `None` of nothing. Reorders `values`, none of which may be NaN.
pub fn percentile(values: &mut [f32], p: f32) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    let at = f64::from(p.clamp(0.0, 100.0)) / 100.0 * last as f64;
    let below = (at.floor() as usize).min(last);
    let (_, &mut v, rest) = values.select_nth_unstable_by(below, f32::total_cmp);
    let next = rest.iter().copied().min_by(f32::total_cmp).unwrap_or(v);
    Some((f64::from(v) + (f64::from(next) - f64::from(v)) * (at - below as f64)) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(limits: Limits) -> DisplaySettings {
        DisplaySettings { limits, ..DisplaySettings::default() }
    }

    fn ends(scale: Option<ColorScale>) -> (f32, f32) {
        scale.map(|s| (s.low, s.high)).unwrap()
    }

    #[test]
    fn percentiles_equal_numpy() {
        // numpy.percentile([4, 1, 3, 2, 10], [0, 10, 50, 98, 100])
        let values = [4.0, 1.0, 3.0, 2.0, 10.0];
        for (p, expected) in [(0.0, 1.0), (10.0, 1.4), (50.0, 3.0), (98.0, 9.52), (100.0, 10.0)] {
            let got = percentile(&mut values.to_vec(), p).unwrap();
            assert!((got - expected).abs() < 1e-5, "{p}: {got}");
        }
        assert_eq!(percentile(&mut [], 50.0), None);
        assert_eq!(percentile(&mut [7.0], 2.0), Some(7.0));
    }

    #[test]
    fn shared_limits_cover_both_maps() {
        let panes =
            [(PaneKind::Measured, &[0.0, 2.0, f32::NAN][..]), (PaneKind::Predicted, &[0.5, 3.0, 1.0][..])];
        let shared = color_scales(&settings(Limits::Shared), &panes);
        assert_eq!((ends(shared[0]), ends(shared[1])), ((0.0, 3.0), (0.0, 3.0)));
        let own = color_scales(&settings(Limits::PerPane), &panes);
        assert_eq!((ends(own[0]), ends(own[1])), ((0.0, 2.0), (0.5, 3.0)));
        let fixed = color_scales(&settings(Limits::Fixed { low: 1.0, high: 4.0 }), &panes);
        assert_eq!(ends(fixed[0]), (1.0, 4.0));
    }

    #[test]
    fn differences_are_symmetric_and_uncertainty_starts_at_zero() {
        let panes = [
            (PaneKind::He, &[][..]),
            (PaneKind::Difference, &[-2.0, 0.5, 1.0][..]),
            (PaneKind::Uncertainty, &[0.2, 0.4][..]),
        ];
        let scales = color_scales(&settings(Limits::Shared), &panes);
        assert_eq!(scales[0], None);
        assert_eq!((ends(scales[1]), scales[1].unwrap().map), ((-2.0, 2.0), ColorMap::RdBu));
        assert_eq!(ends(scales[2]), (0.0, 0.4));
    }

    #[test]
    fn constant_maps_have_a_scale_and_empty_ones_none() {
        let zero = color_scales(&settings(Limits::ROBUST), &[(PaneKind::Measured, &[0.0, 0.0][..])]);
        assert_eq!(ends(zero[0]), (0.0, 1.0));
        let two = color_scales(&settings(Limits::ROBUST), &[(PaneKind::Measured, &[2.0, 2.0][..])]);
        assert_eq!(ends(two[0]), (0.0, 2.0));
        assert_eq!(color_scales(&settings(Limits::ROBUST), &[(PaneKind::Measured, &[f32::NAN][..])]), [None]);
    }

    #[test]
    fn settings_from_a_file_are_made_sane() {
        let text = r#"{"panes":["predicted","predicted"],"opacity":7.0,"limits":{"percentile":{"low":9.0,"high":1.0}}}"#;
        let read: DisplaySettings = serde_json::from_str(text).unwrap();
        let sane = read.sane();
        assert_eq!(sane.panes, [PaneKind::Predicted]);
        assert_eq!((sane.opacity, sane.limits, sane.spot_scale), (1.0, Limits::ROBUST, 1.0));
        let text = serde_json::to_string(&DisplaySettings::default()).unwrap();
        assert_eq!(serde_json::from_str::<DisplaySettings>(&text).unwrap(), DisplaySettings::default());
    }

    #[test]
    fn panes_are_read_by_name() {
        assert_eq!("Measured".parse(), Ok(PaneKind::Measured));
        assert_eq!("he".parse(), Ok(PaneKind::He));
        assert!("map".parse::<PaneKind>().unwrap_err().to_string().contains("uncertainty"));
    }
}
