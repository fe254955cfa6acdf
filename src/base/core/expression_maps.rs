//! The values of one gene on one section, as the panes of the window and of figures show them.

use super::display::PaneKind;
use super::target::ExpressionScale;

/// Measured and predicted values of a gene and what follows from them, one value per spot, NaN where there is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExpressionMaps {
    /// Measured expression, where the gene was measured.
    measured: Option<Vec<f32>>,
    /// Predicted expression, where the gene was predicted.
    predicted: Option<Vec<f32>>,
    /// Predicted minus measured, where there are both on one scale.
    difference: Option<Vec<f32>>,
    /// Half the width of an 80 % interval, where the gene was predicted.
    uncertainty: Option<Vec<f32>>,
    /// What measured values mean, where there are any.
    measured_scale: Option<ExpressionScale>,
    /// What predicted values mean, where there are any.
    predicted_scale: Option<ExpressionScale>,
}

impl ExpressionMaps {
    /// Maps of measured values and of predicted ones with their uncertainty. The values of all have the same spots.
    pub fn new(
        measured: Option<(Vec<f32>, ExpressionScale)>,
        predicted: Option<(Vec<f32>, Option<Vec<f32>>, ExpressionScale)>,
    ) -> Self {
        let (measured, measured_scale) = measured.unzip();
        let predicted_scale = predicted.as_ref().map(|(.., scale)| *scale);
        let (predicted, uncertainty) = predicted.map(|(mean, half, _)| (mean, half)).unzip();
        let difference = match (&measured, &predicted) {
            (Some(m), Some(p)) if measured_scale == predicted_scale => {
                Some(p.iter().zip(m).map(|(p, m)| p - m).collect())
            }
            _ => None,
        };
        let uncertainty = uncertainty.flatten();
        Self { measured, predicted, difference, uncertainty, measured_scale, predicted_scale }
    }

    /// Measured expression, where the gene was measured.
    pub fn measured(&self) -> Option<&[f32]> {
        self.measured.as_deref()
    }

    /// Predicted expression, where the gene was predicted.
    pub fn predicted(&self) -> Option<&[f32]> {
        self.predicted.as_deref()
    }

    /// What `pane` shows.
    pub fn pane(&self, pane: PaneKind) -> Option<&[f32]> {
        match pane {
            PaneKind::He | PaneKind::Regions | PaneKind::Clusters | PaneKind::PredictedClusters => None,
            PaneKind::Measured => self.measured.as_deref(),
            PaneKind::Predicted => self.predicted.as_deref(),
            PaneKind::Difference => self.difference.as_deref(),
            PaneKind::Uncertainty => self.uncertainty.as_deref(),
        }
    }

    /// What the values of `pane` mean.
    pub fn scale(&self, pane: PaneKind) -> Option<ExpressionScale> {
        match pane {
            PaneKind::He | PaneKind::Regions | PaneKind::Clusters | PaneKind::PredictedClusters => None,
            PaneKind::Measured => self.measured_scale,
            PaneKind::Predicted | PaneKind::Uncertainty => self.predicted_scale,
            PaneKind::Difference => self.difference.as_ref().and(self.predicted_scale),
        }
    }

    /// What `pane` shows at `spot`.
    pub fn at(&self, pane: PaneKind, spot: usize) -> Option<f32> {
        self.pane(pane)?.get(spot).copied().filter(|v| v.is_finite())
    }

    /// Whether measured and predicted values are on different scales, so that they have no difference.
    pub fn are_on_two_scales(&self) -> bool {
        matches!((self.measured_scale, self.predicted_scale), (Some(m), Some(p)) if m != p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_needs_one_scale() {
        let (listed, counted) = (ExpressionScale::Log10Selected, ExpressionScale::AsInFile);
        let maps = |measured| {
            let predicted = (vec![3.0, f32::NAN], Some(vec![0.5, 0.5]), listed);
            ExpressionMaps::new(Some((vec![1.0, 2.0], measured)), Some(predicted))
        };
        let same = maps(listed);
        assert_eq!((same.at(PaneKind::Difference, 0), same.at(PaneKind::Difference, 1)), (Some(2.0), None));
        assert_eq!(same.scale(PaneKind::Uncertainty), Some(listed));
        assert!(!same.are_on_two_scales());
        let other = maps(counted);
        assert_eq!((other.pane(PaneKind::Difference), other.scale(PaneKind::Difference)), (None, None));
        assert!(other.are_on_two_scales());
        assert_eq!(ExpressionMaps::new(None, None), ExpressionMaps::default());
    }
}
