//! What is known of one gene on one section.

use super::genes::Trust;
use super::section_index::SectionIndex;
use super::values::{MapValues, PredictionIndex, pearson};
use crate::evaluate::report::EvalReport;

/// Correlations closer than this are told as equal.
const EQUAL_WITHIN: f64 = 0.01;
/// A correlation of the maps shown this close to the one in the report is the same one.
const SAME_WITHIN: f64 = 0.005;

/// The model against ridge regression on the same features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The model correlates better.
    ModelBetter,
    /// They differ by less than 0.01.
    Equal,
    /// Ridge regression correlates better.
    RidgeBetter,
}

impl Verdict {
    /// Compares two correlations.
    pub fn of(model: f64, ridge: f64) -> Self {
        match model - ridge {
            d if d >= EQUAL_WITHIN => Self::ModelBetter,
            d if d <= -EQUAL_WITHIN => Self::RidgeBetter,
            _ => Self::Equal,
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::ModelBetter => "model beats ridge",
            Self::Equal => "ridge is as good",
            Self::RidgeBetter => "ridge is better",
        }
    }
}

/// The facts; `None` where they are not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeneFacts {
    /// Correlation of the two maps shown.
    pub pcc: Option<f64>,
    /// Its q-value in the cross-validation.
    pub q: Option<f64>,
    /// Correlation of ridge regression on the same features.
    pub ridge: Option<f64>,
    /// The best correlation a perfect predictor could reach here.
    pub ceiling: Option<f64>,
    /// Over the folds of the cross-validation.
    pub trust: Option<Trust>,
    /// Mean half-width of the 80 % interval over the spots.
    pub uncertainty: Option<f64>,
    /// The model against ridge on this section.
    pub verdict: Option<Verdict>,
    /// Whether the model was trained on this very section, so that its maps are no test of it.
    pub trained_on_section: bool,
}

impl GeneFacts {
    /// Gathers them.
    pub fn new(
        gene: &str,
        section: &SectionIndex,
        prediction: Option<&PredictionIndex>,
        values: &MapValues,
        trust: Option<Trust>,
        report: Option<&EvalReport>,
    ) -> Self {
        let name = &section.section().name;
        let score = report
            .and_then(|r| r.folds.iter().find(|f| f.test == *name))
            .and_then(|f| f.genes.iter().find(|g| g.gene == gene));
        let pcc = match (&values.measured, &values.predicted) {
            (Some(m), Some(p)) => pearson(m, p),
            _ => None,
        };
        let reported = score.and_then(|s| s.pcc);
        let same = matches!((pcc, reported), (Some(a), Some(b)) if (a - b).abs() < SAME_WITHIN);
        let ridge = score.and_then(|s| s.ridge_pcc);
        let trained_on_section =
            prediction.is_some_and(|p| p.predictions().bank_spots.iter().any(|b| b.section == *name));
        Self {
            pcc,
            q: score.and_then(|s| s.q).filter(|_| same),
            ridge,
            ceiling: score.and_then(|s| s.ceiling),
            trust,
            uncertainty: values.uncertainty.as_deref().and_then(mean),
            verdict: reported.zip(ridge).map(|(model, ridge)| Verdict::of(model, ridge)),
            trained_on_section,
        }
    }
}

fn mean(values: &[f32]) -> Option<f64> {
    let finite = values.iter().filter(|v| v.is_finite());
    let (n, sum) = finite.fold((0usize, 0.0), |(n, s), &v| (n + 1, s + f64::from(v)));
    (n > 0).then(|| sum / n as f64)
}

/// A q-value as it is written after a correlation: "q < 0.001", "q = 0.03".
pub fn q_text(q: f64) -> String {
    match q {
        q if q < 0.001 => "q < 0.001".to_owned(),
        q if q < 0.1 => format!("q = {q:.3}"),
        _ => format!("q = {q:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_no_victory() {
        assert_eq!(Verdict::of(0.71, 0.70), Verdict::ModelBetter);
        assert_eq!(Verdict::of(0.709, 0.70), Verdict::Equal);
        assert_eq!(Verdict::of(0.5, 0.6), Verdict::RidgeBetter);
    }

    #[test]
    fn q_values_read_naturally() {
        assert_eq!(q_text(1e-9), "q < 0.001");
        assert_eq!(q_text(0.034), "q = 0.034");
        assert_eq!(q_text(0.5), "q = 0.50");
    }
}
