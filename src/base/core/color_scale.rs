//! The colour scale of each pane: which values its first and last colour stand for.

use super::colormap::{ColorMap, position};
use super::display::{DisplaySettings, Limits, PaneKind};
use super::target::ExpressionScale;

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

/// What a pane shows, as far as its colours depend on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaneValues<'a> {
    /// Which pane.
    pub kind: PaneKind,
    /// Its values, in any order; NaN where there are none.
    pub values: &'a [f32],
    /// What the values mean; `None` for H&E, difference and uncertainty, or where it does not matter.
    pub scale: Option<ExpressionScale>,
    /// What a single transcript is on that scale, in a spot of the section's median depth; `None` where nothing was
    /// counted.
    pub one_count: Option<f32>,
}

impl<'a> PaneValues<'a> {
    /// Values of which nothing more is known.
    pub const fn new(kind: PaneKind, values: &'a [f32]) -> Self {
        Self { kind, values, scale: None, one_count: None }
    }

    fn zero(&self) -> Option<f32> {
        self.scale.and_then(ExpressionScale::zero)
    }
}

/// The colour scale of each pane; `None` for panes without a scale or without a single value. The rule, by pane:
/// - measured and predicted follow `settings.limits`, together when those are shared and both panes have the same
///   [`ExpressionScale`]; the lower limit is never below the zero of that scale, the upper one of measured values, and
///   of predicted ones that share it, never below a single transcript, so that a gene that is hardly there is not
///   spread over all colours;
/// - difference is symmetric around zero, its ends at the size that the limits leave of |difference|;
/// - uncertainty starts at zero.
///
/// Percentiles that coincide although the values do not (a gene that a single spot expresses) give way to the
/// full range.
pub fn color_scales(settings: &DisplaySettings, panes: &[PaneValues<'_>]) -> Vec<Option<ColorScale>> {
    let limits = settings.limits;
    let (low, high) = limits.percentiles();
    let above = |zero: Option<f32>, (low, high): (f32, f32)| match zero {
        Some(zero) => (low.max(zero), high.max(zero)),
        None => (low, high),
    };
    let at_least = |pane: &PaneValues<'_>, (low, high): (f32, f32)| {
        let counted = panes.iter().find(|p| p.kind == PaneKind::Measured && p.scale == pane.scale);
        let counted = counted.filter(|p| !p.values.is_empty() && (limits.is_shared() || p.kind == pane.kind));
        (low, counted.and_then(|p| p.one_count).map_or(high, |one| high.max(one)))
    };
    let shared = |scale: Option<ExpressionScale>| {
        let alike = panes.iter().filter(|p| p.kind.is_expression() && p.scale == scale);
        range(alike.flat_map(|p| p.values).copied(), low, high)
    };
    panes
        .iter()
        .map(|pane| {
            let values = || pane.values.iter().copied();
            let ends = match (pane.kind, limits) {
                (PaneKind::He, _) => None,
                (PaneKind::Regions | PaneKind::Clusters | PaneKind::PredictedClusters, _) => None,
                (PaneKind::Measured | PaneKind::Predicted, Limits::Fixed { low, high }) => Some((low, high)),
                (PaneKind::Measured | PaneKind::Predicted, _) => {
                    let range =
                        if limits.is_shared() { shared(pane.scale) } else { range(values(), low, high) };
                    range.map(|ends| apart(at_least(pane, above(pane.zero(), ends))))
                }
                (PaneKind::Difference, _) => {
                    let size = range(values().map(f32::abs), 0.0, high).map(|(_, size)| size);
                    size.map(|size| if size > MIN_SIZE { (-size, size) } else { (-1.0, 1.0) })
                }
                (PaneKind::Uncertainty, _) => {
                    let most = range(values(), 0.0, high).map(|(_, most)| most);
                    most.map(|most| (0.0, if most > MIN_SIZE { most } else { 1.0 }))
                }
            };
            // A fixed scale is there without values too; every other one needs a value to stand on.
            let (low, high) = ends?;
            Some(ColorScale { map: pane.kind.colormap(settings.colormap), low, high })
        })
        .collect()
}

/// Differences and uncertainties up to this size are none: they would fill the colour scale with rounding errors.
const MIN_SIZE: f32 = 1e-5;

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

/// Whether there are values and all of them are zero: the gene was looked for and not found. Spots without a value
/// do not count.
pub fn is_silent(values: &[f32]) -> bool {
    let mut some = values.iter().filter(|v| !v.is_nan()).peekable();
    some.peek().is_some() && some.all(|v| *v == 0.0)
}

/// At how many of how many spots with a value a gene is present, where that is at hardly any: then its map and its
/// correlation say little.
pub fn rare(values: &[f32]) -> Option<(usize, usize)> {
    let known = values.iter().filter(|v| v.is_finite()).count();
    let present = values.iter().filter(|v| v.is_finite() && **v > 0.0).count();
    let few = (known / RARE).max(MIN_PRESENT);
    (0 < present && present < few && present < known).then_some((present, known))
}

/// A gene is rare where fewer than one spot of so many has it,
const RARE: usize = 100;
/// or fewer spots than this.
const MIN_PRESENT: usize = 3;

/// The `low`-th and `high`-th percentile of the finite values, the lowest and highest value where these coincide;
/// `None` when there are none.
pub fn range(values: impl Iterator<Item = f32>, low: f32, high: f32) -> Option<(f32, f32)> {
    let mut finite: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    let ends = (percentile(&mut finite, low)?, percentile(&mut finite, high)?);
    if ends.0 < ends.1 {
        return Some(ends);
    }
    Some((percentile(&mut finite, 0.0)?, percentile(&mut finite, 100.0)?))
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

    fn color_scales(settings: &DisplaySettings, panes: &[(PaneKind, &[f32])]) -> Vec<Option<ColorScale>> {
        let panes: Vec<_> = panes.iter().map(|&(kind, values)| PaneValues::new(kind, values)).collect();
        super::color_scales(settings, &panes)
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
    fn limits_are_shared_within_one_scale_and_never_below_its_zero() {
        let (listed, outside) = (Some(ExpressionScale::Log10Selected), Some(ExpressionScale::Log10All));
        let of = |limits, measured, predicted: &[f32]| {
            let panes = [
                PaneValues {
                    kind: PaneKind::Measured,
                    values: &[0.0, 0.0, 2.0],
                    scale: measured,
                    one_count: None,
                },
                PaneValues { kind: PaneKind::Predicted, values: predicted, scale: listed, one_count: None },
            ];
            let scales = super::color_scales(&settings(limits), &panes);
            (ends(scales[0]), ends(scales[1]))
        };
        // Predictions that an earlier version stored may be a little below zero.
        let predicted = [-0.5, 1.0, 4.0];
        assert_eq!(of(Limits::Shared, listed, &predicted), ((0.0, 4.0), (0.0, 4.0)));
        assert_eq!(of(Limits::Shared, outside, &predicted), ((0.0, 2.0), (0.0, 4.0)));
        assert_eq!(of(Limits::PerPane, listed, &predicted).1, (0.0, 4.0));
        assert_eq!(of(Limits::PerPane, listed, &[-0.5, -0.1, -0.2]).1, (0.0, 1.0), "nothing above zero");
        // What a file holds may be negative.
        let as_in_file = PaneValues {
            kind: PaneKind::Measured,
            values: &[-1.5, 2.0],
            scale: Some(ExpressionScale::AsInFile),
            one_count: None,
        };
        assert_eq!(ends(super::color_scales(&settings(Limits::Shared), &[as_in_file])[0]), (-1.5, 2.0));
    }

    #[test]
    fn a_gene_that_is_hardly_there_is_not_spread_over_all_colours() {
        let scale = Some(ExpressionScale::LnAll);
        let mut measured = [0.0; 1000];
        measured[..6].fill(2.2);
        let noise: Vec<f32> = (0..1000).map(|i| i as f32 * 1e-5).collect();
        let of = |limits, measured: &[f32]| {
            let panes = [(PaneKind::Measured, measured), (PaneKind::Predicted, noise.as_slice())];
            let panes = panes.map(|(kind, values)| PaneValues { kind, values, scale, one_count: Some(2.0) });
            let scales = super::color_scales(&settings(limits), &panes);
            (ends(scales[0]), ends(scales[1]))
        };
        let robust = Limits::ROBUST;
        assert_eq!(of(robust, &measured), ((0.0, 2.0), (0.0, 2.0)));
        assert_eq!(of(robust, &[0.0; 1000]), ((0.0, 2.0), (0.0, 2.0)), "silent");
        assert!(of(robust, &[3.0; 1000]).0.1 >= 3.0);
        // The user's own choice, or nothing to compare with.
        assert_eq!(of(Limits::Fixed { low: 0.0, high: 0.5 }, &measured), ((0.0, 0.5), (0.0, 0.5)));
        assert!(of(Limits::PerPane, &measured).1.1 < 0.02);
        assert!(of(robust, &[]).1.1 < 0.02);

        assert_eq!(rare(&measured), Some((6, 1000)));
        assert_eq!(rare(&[0.0, 1.0, 0.0, 0.0, 0.0, f32::NAN]), Some((1, 5)));
        assert_eq!((rare(&[0.0; 9]), rare(&[1.0; 2]), rare(&[1.0, 1.0, 1.0, 0.0])), (None, None, None));
    }

    #[test]
    fn a_gene_of_one_spot_and_a_silent_gene_are_seen_as_such() {
        let mut one = [0.0; 200];
        one[7] = 3.5;
        for limits in [Limits::ROBUST, Limits::PerPane, Limits::PerPanePercentile { low: 2.0, high: 98.0 }] {
            let scales = color_scales(&settings(limits), &[(PaneKind::Measured, &one[..])]);
            assert_eq!(ends(scales[0]), (0.0, 3.5));
            let none = [0.0, 0.0, f32::NAN];
            let panes =
                [PaneKind::Measured, PaneKind::Predicted, PaneKind::Difference, PaneKind::Uncertainty];
            let scales = color_scales(&settings(limits), &panes.map(|kind| (kind, &none[..])));
            let expected = [(0.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 1.0)];
            assert_eq!(scales.iter().map(|s| ends(*s)).collect::<Vec<_>>(), expected);
            assert_eq!(scales[0].unwrap().index(0.0), Some(0), "the lowest colour");
        }
        let tiny = color_scales(&settings(Limits::ROBUST), &[(PaneKind::Uncertainty, &[1e-6, 1e-6][..])]);
        assert_eq!(ends(tiny[0]), (0.0, 1.0), "rounding errors are no uncertainty");
    }
}
