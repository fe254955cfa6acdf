//! The values of one gene on one section, pane by pane, and the colours they are drawn in.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::section_index::SectionIndex;
use crate::core::color_scale::{ColorScale, PaneValues, color_scales, is_silent, rare};
use crate::core::display::{DisplaySettings, PaneKind};
use crate::core::expression_maps::ExpressionMaps;
use crate::core::matrix::Matrix;
use crate::core::target::ExpressionScale;
use crate::predict::Predictions;

/// Stands for "no value" in [`PaneMap::colors`].
pub const NO_COLOR: u16 = 256;
const NO_ROW: u32 = u32::MAX;

/// A prediction joined to the spots of its section.
#[derive(Debug)]
pub struct PredictionIndex {
    predictions: Arc<Predictions>,
    gene_of: HashMap<String, u32>,
    /// The row of each spot of the section; `NO_ROW` for spots that were not predicted.
    row_of: Vec<u32>,
    scale: ExpressionScale,
}

impl PredictionIndex {
    /// Joins by spot id. `scale` is that of the run, on which all its genes are predicted.
    pub fn new(predictions: Arc<Predictions>, section: &SectionIndex, scale: ExpressionScale) -> Self {
        let gene_of = (0u32..).zip(&predictions.genes).map(|(i, g)| (g.clone(), i)).collect();
        let mut row_of = vec![NO_ROW; section.section().spots.len()];
        for (row, id) in (0u32..).zip(&predictions.spots) {
            if let Some(slot) = section.spot(id).and_then(|s| row_of.get_mut(s)) {
                *slot = row;
            }
        }
        Self { predictions, gene_of, row_of, scale }
    }

    /// The prediction itself.
    pub fn predictions(&self) -> &Arc<Predictions> {
        &self.predictions
    }

    /// Whether `gene` was predicted.
    pub fn has_gene(&self, gene: &str) -> bool {
        self.gene_of.contains_key(gene)
    }

    /// The scale of the predicted values.
    pub fn scale(&self) -> ExpressionScale {
        self.scale
    }

    /// The row of `spot` in the prediction.
    pub fn row(&self, spot: usize) -> Option<usize> {
        self.row_of.get(spot).filter(|&&r| r != NO_ROW).map(|&r| r as usize)
    }

    /// The predicted values of `gene`, one a spot.
    pub fn mean_of(&self, gene: &str) -> Option<Vec<f32>> {
        self.column(&self.predictions.mean, gene)
    }

    fn column(&self, matrix: &Matrix, gene: &str) -> Option<Vec<f32>> {
        let column = *self.gene_of.get(gene)? as usize;
        let (values, width) = (matrix.as_slice(), matrix.cols());
        if column >= width {
            return None;
        }
        let at = |&row: &u32| values.get(row as usize * width + column).copied().unwrap_or(f32::NAN);
        // One value of every row lies far from the next: many threads wait for memory at the same time.
        Some(if self.row_of.len() > 16_384 {
            self.row_of.par_iter().with_min_len(4_096).map(at).collect()
        } else {
            self.row_of.iter().map(at).collect()
        })
    }
}

/// The values of one gene, and what is to be said of them.
#[derive(Debug, Default)]
pub struct MapValues {
    /// The values.
    pub maps: ExpressionMaps,
    /// What a single transcript is on the scale of the measured values, in a spot of median depth.
    pub one_count: Option<f32>,
    /// At how many of how many spots the gene was found, where that is at hardly any.
    pub rare: Option<(usize, usize)>,
    /// Whether the gene was measured and not found at a single spot.
    pub silent: bool,
    /// Whether the gene is predicted and its prediction is zero at every spot.
    pub silent_prediction: bool,
}

impl MapValues {
    /// Gathers the values of `gene`.
    pub fn new(section: &SectionIndex, prediction: Option<&PredictionIndex>, gene: &str) -> Self {
        let measured = section.measured(gene).map(|values| (values, section.scale(gene)));
        let predicted = prediction.filter(|p| p.has_gene(gene)).and_then(|p| {
            let mean = p.column(&p.predictions.mean, gene)?;
            Some((mean, p.column(&p.predictions.uncertainty, gene), p.scale()))
        });
        Self::of_maps(ExpressionMaps::new(measured, predicted), section, gene)
    }

    /// What is to be said of these maps of `gene`, or of a panel's score.
    pub fn of_maps(maps: ExpressionMaps, section: &SectionIndex, gene: &str) -> Self {
        let one_count = maps.measured().and_then(|_| section.one_count(gene));
        Self {
            one_count,
            rare: one_count.and(maps.measured()).and_then(rare),
            silent: maps.measured().is_some_and(is_silent),
            silent_prediction: maps.predicted().is_some_and(is_silent),
            maps,
        }
    }
}

/// One pane ready to draw.
#[derive(Debug, Default)]
pub struct PaneMap {
    /// Its colour scale; `None` when it has nothing to colour, and of a map of classes.
    pub scale: Option<ColorScale>,
    /// The colours of a map of classes; empty otherwise.
    pub classes: Vec<[u8; 3]>,
    /// An entry of the scale's colour table a spot, [`NO_COLOR`] where there is no value. Empty when the
    /// pane has no values at all.
    pub colors: Vec<u16>,
}

impl PaneMap {
    /// What the entries of `colors` stand for; `None` when nothing is to be coloured.
    pub fn table(&self) -> Option<&[[u8; 3]]> {
        match self.scale {
            Some(scale) => Some(scale.map.table()),
            None => (!self.classes.is_empty()).then_some(self.classes.as_slice()),
        }
    }

    fn fill(&mut self, scale: Option<ColorScale>, values: Option<&[f32]>) {
        self.scale = scale;
        self.classes.clear();
        self.colors.clear();
        if let (Some(scale), Some(values)) = (scale, values) {
            self.colors.extend(values.iter().map(|&v| scale.index(v).map_or(NO_COLOR, u16::from)));
        }
    }
}

/// The class of each place, as a pane shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlaceClassMap {
    /// The names of the classes, with their colours.
    pub classes: Vec<(String, [u8; 3])>,
    /// Which of them each place has.
    pub of_places: Vec<Option<u32>>,
}

impl PlaceClassMap {
    /// The class of a place.
    pub fn name_at(&self, place: usize) -> Option<&str> {
        let class = (*self.of_places.get(place)?)?;
        Some(self.classes.get(class as usize)?.0.as_str())
    }

    fn fill(&self, pane: &mut PaneMap) {
        pane.scale = None;
        pane.classes.clear();
        // A map of more classes than colours are told apart repeats them.
        pane.classes.extend(self.classes.iter().map(|(_, color)| *color).take(usize::from(NO_COLOR)));
        let entry = |class: &Option<u32>| match class {
            Some(class) => u16::try_from(*class % u32::from(NO_COLOR)).unwrap_or(NO_COLOR),
            None => NO_COLOR,
        };
        pane.colors.clear();
        pane.colors.extend(self.of_places.iter().map(entry));
    }
}

/// Writes the panes of `settings` to `panes`, reusing its memory. `classes` are the maps of classes that there are.
pub fn pane_maps<'a>(
    settings: &DisplaySettings,
    values: &MapValues,
    classes: impl Fn(PaneKind) -> Option<&'a PlaceClassMap>,
    panes: &mut Vec<PaneMap>,
) {
    // Measured and predicted share their limits also while only one of them is shown, so that a colour
    // keeps its meaning when a pane is added.
    let mut kinds = settings.panes.clone();
    for kind in [PaneKind::Measured, PaneKind::Predicted] {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let shown: Vec<PaneValues<'_>> = kinds
        .iter()
        .map(|&kind| PaneValues {
            kind,
            values: values.maps.pane(kind).unwrap_or(&[]),
            scale: values.maps.scale(kind),
            one_count: values.one_count,
        })
        .collect();
    let scales = color_scales(settings, &shown);
    panes.resize_with(settings.panes.len(), PaneMap::default);
    for ((pane, &kind), scale) in panes.iter_mut().zip(&settings.panes).zip(scales) {
        match classes(kind) {
            Some(map) => map.fill(pane),
            None => pane.fill(scale, values.maps.pane(kind)),
        }
    }
}

/// Pearson's correlation of the places where both have a value; `None` for fewer than 3 such places or
/// when either is constant.
pub fn pearson(a: &[f32], b: &[f32]) -> Option<f64> {
    let both = || {
        a.iter()
            .zip(b)
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .map(|(&x, &y)| (f64::from(x), f64::from(y)))
    };
    let (n, sx, sy) = both().fold((0usize, 0.0, 0.0), |(n, sx, sy), (x, y)| (n + 1, sx + x, sy + y));
    if n < 3 {
        return None;
    }
    let (mx, my) = (sx / n as f64, sy / n as f64);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in both() {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    let size = xx.sqrt() * yy.sqrt();
    (size > 1e-12).then(|| (xy / size).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::display::Limits;
    use crate::core::target::Target;
    use crate::data::section::{Section, ValueKind};

    fn setup() -> (SectionIndex, Arc<Predictions>) {
        let listed = ["B".to_owned()];
        let index = SectionIndex::new(Arc::new(section("C1", 2, &["A", "B"])), &listed, Target::Published);
        let predictions = Predictions {
            section: "C1".into(),
            // Another order, and one spot less, than the section.
            spots: vec!["1x1".into(), "0x0".into(), "1x0".into()],
            genes: vec!["B".into(), "N".into()],
            mean: Matrix::from_fn(3, 2, |r, c| (r * 10 + c) as f32),
            uncertainty: Matrix::from_fn(3, 2, |_, _| 0.5),
            retrieved: vec![Vec::new(); 3],
            bank_spots: Vec::new(),
        };
        (index, Arc::new(predictions))
    }

    #[test]
    fn predictions_are_joined_by_id() {
        let (index, predictions) = setup();
        let joined = PredictionIndex::new(predictions, &index, ExpressionScale::Log10Selected);
        let values = MapValues::new(&index, Some(&joined), "B");
        let predicted = values.maps.predicted().unwrap();
        assert_eq!((predicted[0], predicted[1], predicted[3]), (10.0, 20.0, 0.0));
        assert!(predicted[2].is_nan(), "0x1 was not predicted");
        let difference = values.maps.pane(PaneKind::Difference).unwrap();
        assert_eq!(difference[1], 20.0 - values.maps.measured().unwrap()[1]);
        assert_eq!(values.maps.at(PaneKind::Predicted, 2), None);
        assert!(joined.row(2).is_none() && joined.row(3) == Some(0));
        let new = MapValues::new(&index, Some(&joined), "N");
        assert!(
            new.maps.measured().is_none()
                && new.maps.pane(PaneKind::Difference).is_none()
                && new.maps.predicted().is_some()
        );
    }

    #[test]
    fn nothing_is_subtracted_across_two_scales() {
        let (index, predictions) = setup();
        let normalised = Section { values: ValueKind::Normalised, ..index.section().as_ref().clone() };
        let index = SectionIndex::new(Arc::new(normalised), &["B".into()], Target::Published);
        let joined = |scale| PredictionIndex::new(Arc::clone(&predictions), &index, scale);
        let other = MapValues::new(&index, Some(&joined(ExpressionScale::Log10Selected)), "B");
        assert!(
            other.maps.measured().is_some()
                && other.maps.predicted().is_some()
                && other.maps.pane(PaneKind::Difference).is_none()
        );
        assert!(other.maps.are_on_two_scales());
        // Limits that are shared are shared by what can be compared.
        let settings = DisplaySettings { limits: Limits::Shared, ..DisplaySettings::default() };
        let mut panes = Vec::new();
        pane_maps(&settings, &other, |_| None, &mut panes);
        assert_ne!(panes[0].scale.unwrap().high, panes[1].scale.unwrap().high);
        let same = MapValues::new(&index, Some(&joined(ExpressionScale::AsInFile)), "B");
        assert!(same.maps.pane(PaneKind::Difference).is_some() && !same.maps.are_on_two_scales());
    }

    #[test]
    fn a_gene_without_counts_is_silent() {
        let (index, _) = setup();
        assert!(!MapValues::new(&index, None, "B").silent && !MapValues::new(&index, None, "N").silent);
        assert!(is_silent(&[0.0, f32::NAN]) && !is_silent(&[]) && !is_silent(&[f32::NAN]));
        assert!(!is_silent(&[0.0, 0.1]));
    }

    #[test]
    fn panes_have_a_colour_for_every_spot() {
        let (index, predictions) = setup();
        let joined = PredictionIndex::new(predictions, &index, ExpressionScale::Log10Selected);
        let values = MapValues::new(&index, Some(&joined), "B");
        let settings = DisplaySettings {
            panes: vec![PaneKind::He, PaneKind::Predicted, PaneKind::Uncertainty],
            limits: Limits::Shared,
            ..DisplaySettings::default()
        };
        let mut panes = Vec::new();
        pane_maps(&settings, &values, |_| None, &mut panes);
        assert!(panes[0].scale.is_none() && panes[0].colors.is_empty());
        assert_eq!(panes[1].colors, [128, 255, NO_COLOR, 0]);
        assert_eq!(panes[1].scale.unwrap().high, 20.0);
        assert_eq!(panes[2].colors[0], 255);
    }

    #[test]
    fn pearson_of_known_values() {
        // numpy.corrcoef([1, 2, 3, 5], [2, 1, 4, 6])[0, 1]
        let r = pearson(&[1.0, 2.0, f32::NAN, 3.0, 5.0], &[2.0, 1.0, 9.0, 4.0, 6.0]).unwrap();
        assert!((r - 0.902_243_6).abs() < 1e-6, "{r}");
        assert_eq!(pearson(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(pearson(&[1.0, 2.0], &[1.0, 2.0]), None);
    }
}
