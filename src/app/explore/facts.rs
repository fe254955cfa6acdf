//! What is known of one gene on one section.

use super::own_scores::OwnScore;
use super::section_index::SectionIndex;
use super::trust::Trust;
use super::values::{MapValues, PredictionIndex, pearson};
use crate::core::display::PaneKind;
use crate::evaluate::fold::MIN_SPOTS_TO_CORRELATE;
use crate::evaluate::judgement::{Judgement, is_significant};
use crate::evaluate::report::{EvalReport, GeneScore};

/// Correlations closer than this count as equal.
const EQUAL_WITHIN: f64 = 0.01;
/// A correlation of the maps shown this close to the one in the report is the same one.
const SAME_WITHIN: f64 = 0.005;

/// The model against ridge regression on the same features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgainstRidge {
    /// The model correlates better.
    ModelBetter,
    /// They differ by less than 0.01.
    Equal,
    /// Ridge regression correlates better.
    RidgeBetter,
}

impl AgainstRidge {
    /// Compares two correlations.
    pub fn new(model: f64, ridge: f64) -> Self {
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
    pub against_ridge: Option<AgainstRidge>,
    /// What the prediction of this gene on this section is worth.
    pub judgement: Judgement,
    /// Whether the model was trained on this very section, so that its maps do not test it.
    pub trained_on_section: bool,
}

/// Where the facts come from, beside the maps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<'a> {
    /// The prediction of the section.
    pub prediction: Option<&'a PredictionIndex>,
    /// Whether the run that predicts was trained on the section.
    pub seen_in_training: bool,
    /// How that run did on what it was tested on.
    pub tested: Option<&'a EvalReport>,
    /// The scores of the maps themselves, where that run was not tested on the section and has not seen it.
    pub computed: Option<OwnScore>,
    /// The cross-validation that trust comes from, which may be of another run.
    pub report: Option<&'a EvalReport>,
}

impl GeneFacts {
    /// Gathers them.
    pub fn new(
        gene: &str,
        section: &SectionIndex,
        values: &MapValues,
        trust: Option<Trust>,
        source: Source,
    ) -> Self {
        let Source { prediction, tested, computed, report, seen_in_training } = source;
        let name = &section.section().name;
        let score_in = |report: Option<&'_ EvalReport>| -> Option<GeneScore> {
            let fold = report?.folds.iter().find(|f| f.test == *name)?;
            fold.genes.iter().find(|g| g.gene == gene).cloned()
        };
        let pcc = match (values.maps.measured(), values.maps.predicted()) {
            (Some(m), Some(p)) => pearson(m, p).filter(|_| m.len() >= MIN_SPOTS_TO_CORRELATE),
            _ => None,
        };
        let in_bank = |p: &PredictionIndex| p.predictions().bank_spots.iter().any(|b| b.section == *name);
        let trained_on_section = prediction.is_some_and(|p| seen_in_training || in_bank(p));
        let same = |score: &GeneScore| pcc.zip(score.pcc).is_some_and(|(a, b)| (a - b).abs() < SAME_WITHIN);
        let reported = score_in(report);
        // The scores of the map shown, and of no other.
        let own = score_in(tested).or_else(|| reported.clone().filter(same)).filter(|_| !trained_on_section);
        let score = own.as_ref().or(reported.as_ref());
        let ridge = score.and_then(|s| s.ridge_pcc);
        let computed = computed.filter(|_| own.is_none() && !trained_on_section);
        let ceiling = score.and_then(|s| s.ceiling).or_else(|| computed.and_then(|s| s.ceiling));
        let q = own.as_ref().and_then(|s| s.q).or_else(|| computed.and_then(|s| s.q));
        let judgement = match (&own, computed) {
            (Some(score), _) => Judgement::of_score(score),
            (None, Some(s)) => Judgement::new(s.pcc, s.ceiling, is_significant(s.pcc, s.q)),
            (None, None) => Judgement::NotTested,
        };
        let against_ridge =
            own.as_ref().and_then(|s| s.pcc.zip(s.ridge_pcc)).map(|(m, r)| AgainstRidge::new(m, r));
        Self {
            pcc,
            q,
            ridge,
            ceiling,
            trust,
            uncertainty: values.maps.pane(PaneKind::Uncertainty).and_then(mean),
            against_ridge,
            judgement,
            trained_on_section,
        }
    }

    /// "47 % of ceiling".
    pub fn share_text(&self) -> Option<String> {
        let (pcc, ceiling) = self.pcc.zip(self.ceiling.filter(|c| *c > 0.0))?;
        Some(format!("{:.0} % of ceiling", 100.0 * (pcc / ceiling).max(0.0)))
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
    use std::sync::Arc;

    use super::super::section_index::tests::section;
    use super::*;
    use crate::core::matrix::Matrix;
    use crate::core::target::Target;
    use crate::evaluate::report::{FoldReport, MeanReport, Scores, Split};
    use crate::predict::{BankSpot, Predictions};

    #[test]
    fn small_differences_are_no_victory() {
        assert_eq!(AgainstRidge::new(0.71, 0.70), AgainstRidge::ModelBetter);
        assert_eq!(AgainstRidge::new(0.709, 0.70), AgainstRidge::Equal);
        assert_eq!(AgainstRidge::new(0.5, 0.6), AgainstRidge::RidgeBetter);
    }

    #[test]
    fn q_values_read_naturally() {
        assert_eq!(q_text(1e-9), "q < 0.001");
        assert_eq!(q_text(0.034), "q = 0.034");
        assert_eq!(q_text(0.5), "q = 0.50");
    }

    /// How a run did on "C1": gene A with this correlation, against ridge at 0.1 and a ceiling of 0.9.
    fn tested(pcc: f64) -> EvalReport {
        let score = GeneScore {
            gene: "A".into(),
            mean_expression: 1.0,
            pcc: Some(pcc),
            q: Some(0.01),
            spearman: None,
            mse: 0.1,
            mae: 0.1,
            ridge_pcc: Some(0.1),
            ceiling: Some(0.9),
            uncertainty: 0.1,
        };
        let fold = FoldReport {
            test: "C1".into(),
            patient: None,
            train: vec!["C2".into()],
            validation: None,
            model: Scores::default(),
            ridge: Scores::default(),
            ridge_alpha: 1.0,
            mean: Scores::default(),
            ceiling: Default::default(),
            undefined_genes: 0,
            regions: None,
            notes: Vec::new(),
            genes: vec![score],
        };
        EvalReport {
            split: Split::Section,
            target: Target::Published,
            gene_count: 1,
            device: String::new(),
            seed: 1,
            folds: vec![fold],
            mean: MeanReport::default(),
            warnings: Vec::new(),
            seconds: 0.0,
            peak_rss_mb: 0.0,
        }
    }

    /// The facts of gene A on "C1", which was predicted from training spots of `bank`, perfectly.
    fn facts(bank: &str, own: Option<&EvalReport>, other: Option<&EvalReport>) -> GeneFacts {
        let index = SectionIndex::new(Arc::new(section("C1", 4, &["A", "B"])), &[], Target::Published);
        let measured = index.measured("A").unwrap();
        let predictions = Predictions {
            section: "C1".into(),
            spots: index.section().spots.iter().map(|s| s.id.clone()).collect(),
            genes: vec!["A".into()],
            mean: Matrix::from_fn(measured.len(), 1, |r, _| measured[r]),
            uncertainty: Matrix::from_fn(measured.len(), 1, |_, _| 0.5),
            retrieved: vec![Vec::new(); measured.len()],
            bank_spots: vec![BankSpot { section: bank.into(), spot: "0x0".into() }],
        };
        let prediction = PredictionIndex::new(Arc::new(predictions), &index, index.scale("A"));
        let values = MapValues::new(&index, Some(&prediction), "A");
        let source =
            Source { prediction: Some(&prediction), tested: own, report: other, ..Source::default() };
        GeneFacts::new("A", &index, &values, None, source)
    }

    #[test]
    fn a_held_out_map_is_judged_by_its_own_run() {
        let f = facts("C2", Some(&tested(0.29)), Some(&tested(0.7)));
        assert_eq!((f.judgement, f.q, f.ceiling), (Judgement::Fair, Some(0.01), Some(0.9)));
        assert_eq!(f.against_ridge, Some(AgainstRidge::ModelBetter));
        assert!(!f.trained_on_section);
    }

    #[test]
    fn another_run_judges_only_the_same_map() {
        let f = facts("C2", None, Some(&tested(0.7)));
        assert_eq!((f.judgement, f.q), (Judgement::NotTested, None));
        assert_eq!((f.ceiling, f.ridge), (Some(0.9), Some(0.1)), "they do not depend on the model");
        let same = facts("C2", None, Some(&tested(1.0)));
        assert_eq!(same.judgement, Judgement::Good);
        assert_eq!(same.share_text().unwrap(), "111 % of ceiling");
    }

    #[test]
    fn a_map_that_was_seen_in_training_is_not_tested() {
        let f = facts("C1", None, Some(&tested(1.0)));
        assert!(f.trained_on_section && f.pcc.unwrap() > 0.99);
        assert_eq!((f.judgement, f.q, f.against_ridge), (Judgement::NotTested, None, None));
    }
}
