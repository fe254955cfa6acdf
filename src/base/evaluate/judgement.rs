//! How far a prediction can be trusted, in one word. The limits were fixed before any result was looked at, and are
//! the same for genes, sections and runs.
//!
//! - *good*: significant, a PCC of at least 0.4, and at least half of the noise ceiling;
//! - *fair*: significant, a PCC of at least 0.2, and at least a quarter of the noise ceiling;
//! - *poor*: anything less;
//! - *not tested*: no held-out score exists.
//!
//! Values that are not counts have no ceiling; then significance and the PCC alone decide.
//!
//! Over several held-out sections, the mean PCC is held against the mean ceiling, and a gene counts as significant
//! where it is (with a positive correlation) in at least half of the sections on which its correlation is defined. A
//! section or a run is judged by its mean PCC over all genes against its mean ceiling, and counts as significant where
//! at least half of its tested genes do.

use serde::{Deserialize, Serialize};

use crate::core::text::counted;
use crate::evaluate::metrics::mean_where_defined;
use crate::evaluate::report::{EvalReport, FoldReport, GeneScore};
use crate::evaluate::tables::{GeneSummary, gene_summaries};

/// The false discovery rate below which a correlation is significant.
pub const SIGNIFICANCE: f64 = 0.05;
/// The least PCC of a good and of a fair prediction.
pub const MIN_PCC: (f64, f64) = (0.4, 0.2);
/// The least share of the noise ceiling that a good and a fair prediction reach.
const MIN_SHARE: (f64, f64) = (0.5, 0.25);

/// How far a prediction can be trusted. Ordered from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Judgement {
    #[default]
    NotTested,
    Poor,
    Fair,
    Good,
}

impl Judgement {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Good, Self::Fair, Self::Poor, Self::NotTested];

    /// Judges a held-out Pearson correlation. `ceiling` is `None` where there is none (values that are not counts).
    pub fn new(pcc: Option<f64>, ceiling: Option<f64>, significant: bool) -> Self {
        let Some(pcc) = pcc.filter(|p| p.is_finite()) else { return Self::NotTested };
        let ceiling = ceiling.filter(|c| c.is_finite());
        let reaches =
            |least: f64, share: f64| pcc >= least && ceiling.is_none_or(|ceiling| pcc >= share * ceiling);
        if significant && reaches(MIN_PCC.0, MIN_SHARE.0) {
            Self::Good
        } else if significant && reaches(MIN_PCC.1, MIN_SHARE.1) {
            Self::Fair
        } else {
            Self::Poor
        }
    }

    /// Judges one gene on one held-out section.
    pub fn of_score(score: &GeneScore) -> Self {
        Self::new(score.pcc, score.ceiling, is_significant(score.pcc, score.q))
    }

    /// Judges one gene over several held-out sections.
    pub fn of_summary(gene: &GeneSummary) -> Self {
        let significant = gene.sections > 0 && 2 * gene.significant >= gene.sections;
        Self::new(gene.pcc, gene.ceiling, significant)
    }

    /// In a word: "good", "not tested".
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::NotTested => "not tested",
        }
    }

    /// With a capital, to begin a sentence: "Good".
    pub fn title(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Fair => "Fair",
            Self::Poor => "Poor",
            Self::NotTested => "Not tested",
        }
    }
}

/// Whether a correlation is positive and significant.
pub fn is_significant(pcc: Option<f64>, q: Option<f64>) -> bool {
    pcc.is_some_and(|r| r > 0.0) && q.is_some_and(|q| q < SIGNIFICANCE)
}

/// How many genes are judged how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct JudgedGenes {
    pub good: usize,
    pub fair: usize,
    pub poor: usize,
    pub not_tested: usize,
}

impl JudgedGenes {
    /// Counts judgements.
    pub fn count(judgements: impl IntoIterator<Item = Judgement>) -> Self {
        let mut counts = Self::default();
        for judgement in judgements {
            *match judgement {
                Judgement::Good => &mut counts.good,
                Judgement::Fair => &mut counts.fair,
                Judgement::Poor => &mut counts.poor,
                Judgement::NotTested => &mut counts.not_tested,
            } += 1;
        }
        counts
    }

    /// The number judged like this.
    pub fn of(&self, judgement: Judgement) -> usize {
        match judgement {
            Judgement::Good => self.good,
            Judgement::Fair => self.fair,
            Judgement::Poor => self.poor,
            Judgement::NotTested => self.not_tested,
        }
    }

    /// All genes, tested or not.
    pub fn total(&self) -> usize {
        self.good + self.fair + self.poor + self.not_tested
    }

    /// "61 of 785 genes good, 140 fair".
    pub fn headline(&self) -> String {
        let all = counted(self.total(), "gene");
        let mut text = format!("{} of {all} good, {} fair", self.good, self.fair);
        if self.not_tested > 0 {
            text.push_str(&format!(", {} not tested", self.not_tested));
        }
        text
    }
}

/// The judgement of a run or of one held-out section, and of its genes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// Of its mean PCC.
    pub judgement: Judgement,
    /// Of its genes.
    pub genes: JudgedGenes,
}

impl Verdict {
    /// Judges held-out sections together.
    pub fn of_folds(folds: &[FoldReport]) -> Self {
        Self::of_genes(folds, &gene_summaries(folds))
    }

    /// As [`Verdict::of_folds`], where the summaries of the genes are known already.
    pub fn of_genes(folds: &[FoldReport], genes: &[GeneSummary]) -> Self {
        let counts = JudgedGenes::count(genes.iter().map(Judgement::of_summary));
        let tested = genes.iter().filter(|g| g.pcc.is_some()).count();
        let significant = genes.iter().filter(|g| g.sections > 0 && 2 * g.significant >= g.sections).count();
        let pcc = mean_where_defined(folds.iter().map(|f| f.model.pcc_all)).filter(|_| tested > 0);
        // Reports of earlier versions say 0 where values are not counts and have no ceiling.
        let has_ceiling = genes.iter().any(|g| g.ceiling.is_some());
        let ceiling = mean_where_defined(folds.iter().map(|f| f.ceiling.pcc_all)).filter(|_| has_ceiling);
        let judgement = Judgement::new(pcc, ceiling, tested > 0 && 2 * significant >= tested);
        Self { judgement, genes: counts }
    }

    /// "Fair overall: 61 of 785 genes good, 140 fair."
    pub fn headline(&self) -> String {
        format!("{} overall: {}.", self.judgement.title(), self.genes.headline())
    }
}

/// A report as it is written to a file: with its judgements, which are computed and never read back.
#[derive(Debug, Serialize)]
pub struct JudgedReport<'a> {
    #[serde(flatten)]
    report: &'a EvalReport,
    judgement: WrittenVerdict<'a>,
}

#[derive(Debug, Serialize)]
struct WrittenVerdict<'a> {
    overall: Judgement,
    headline: String,
    counts: JudgedGenes,
    sections: Vec<WrittenSection<'a>>,
    genes: Vec<WrittenGene>,
}

#[derive(Debug, Serialize)]
struct WrittenSection<'a> {
    test: &'a str,
    judgement: Judgement,
    counts: JudgedGenes,
}

#[derive(Debug, Serialize)]
struct WrittenGene {
    gene: String,
    judgement: Judgement,
    pcc: Option<f64>,
    ceiling: Option<f64>,
    sections: usize,
    significant: usize,
}

impl<'a> JudgedReport<'a> {
    /// Judges `report`.
    pub fn new(report: &'a EvalReport) -> Self {
        let genes = gene_summaries(&report.folds);
        let verdict = Verdict::of_genes(&report.folds, &genes);
        let section = |fold: &'a FoldReport| {
            let Verdict { judgement, genes } = fold.verdict();
            WrittenSection { test: &fold.test, judgement, counts: genes }
        };
        let written = |g: GeneSummary| WrittenGene {
            judgement: Judgement::of_summary(&g),
            gene: g.gene,
            pcc: g.pcc,
            ceiling: g.ceiling,
            sections: g.sections,
            significant: g.significant,
        };
        let judgement = WrittenVerdict {
            overall: verdict.judgement,
            headline: verdict.genes.headline(),
            counts: verdict.genes,
            sections: report.folds.iter().map(section).collect(),
            genes: genes.into_iter().map(written).collect(),
        };
        Self { report, judgement }
    }
}

impl FoldReport {
    /// The judgement of this held-out section.
    pub fn verdict(&self) -> Verdict {
        Verdict::of_folds(std::slice::from_ref(self))
    }
}

impl EvalReport {
    /// The judgement of the whole run.
    pub fn verdict(&self) -> Verdict {
        Verdict::of_folds(&self.folds)
    }
}

/// For each held-out section the number of the model that predicted it: sections with the same training sections were
/// predicted by one model, and are one fold.
pub fn fold_numbers(folds: &[FoldReport]) -> Vec<usize> {
    let mut models: Vec<&[String]> = Vec::new();
    folds
        .iter()
        .map(|fold| {
            let known = models.iter().position(|train| !fold.train.is_empty() && *train == fold.train);
            known.unwrap_or_else(|| {
                models.push(&fold.train);
                models.len() - 1
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::target::Target;
    use crate::evaluate::report::{Ceiling, MeanReport, Scores, Split};

    fn score(gene: &str, pcc: Option<f64>, q: f64, ceiling: Option<f64>) -> GeneScore {
        GeneScore {
            gene: gene.into(),
            mean_expression: 1.0,
            pcc,
            q: pcc.map(|_| q),
            spearman: pcc,
            mse: 0.1,
            mae: 0.2,
            ridge_pcc: None,
            ceiling,
            uncertainty: 0.3,
        }
    }

    fn fold(test: &str, train: &[&str], pcc_all: f64, genes: Vec<GeneScore>) -> FoldReport {
        let scores = |pcc| Scores { pcc_all: Some(pcc), pcc_heg50: Some(pcc), mse: 0.1, mae: 0.2 };
        FoldReport {
            test: test.into(),
            patient: None,
            train: train.iter().map(ToString::to_string).collect(),
            validation: None,
            model: scores(pcc_all),
            ridge: scores(0.0),
            ridge_alpha: 1.0,
            mean: scores(0.0),
            ceiling: Ceiling { pcc_all: Some(0.5), pcc_heg50: Some(0.7) },
            undefined_genes: 0,
            regions: None,
            notes: Vec::new(),
            genes,
        }
    }

    #[test]
    fn the_rule_by_hand() {
        use Judgement::{Fair, Good, NotTested, Poor};
        for (pcc, ceiling, significant, expected) in [
            (Some(0.40), Some(0.80), true, Good),
            (Some(0.399), Some(0.5), true, Fair),
            (Some(0.40), Some(0.81), true, Fair),
            (Some(0.29), Some(0.5), true, Fair),
            (Some(0.20), Some(0.80), true, Fair),
            (Some(0.20), Some(0.81), true, Poor),
            (Some(0.19), Some(0.2), true, Poor),
            (Some(0.90), Some(0.95), false, Poor),
            (Some(-0.6), Some(0.9), true, Poor),
            (Some(0.45), None, true, Good),
            (Some(0.25), None, true, Fair),
            (Some(0.45), None, false, Poor),
            (None, Some(0.9), true, NotTested),
            (Some(f64::NAN), Some(0.9), true, NotTested),
        ] {
            assert_eq!(
                Judgement::new(pcc, ceiling, significant),
                expected,
                "{pcc:?} {ceiling:?} {significant}"
            );
        }
    }

    #[test]
    fn a_q_value_of_one_in_twenty_is_not_significant() {
        let judged = |q| Judgement::of_score(&score("A", Some(0.5), q, Some(0.8)));
        assert_eq!((judged(0.049), judged(0.05)), (Judgement::Good, Judgement::Poor));
        assert!(!is_significant(Some(-0.5), Some(0.001)));
    }

    #[test]
    fn genes_are_judged_over_sections() {
        let folds = [
            fold(
                "C2",
                &["C3"],
                0.3,
                vec![
                    score("half", Some(0.5), 0.01, Some(0.8)),
                    score("seldom", Some(0.5), 0.01, Some(0.8)),
                    score("mean", Some(0.7), 0.01, Some(0.9)),
                    score("constant", None, 0.0, None),
                ],
            ),
            fold(
                "C3",
                &["C2"],
                0.3,
                vec![
                    score("half", Some(0.4), 0.20, Some(0.8)),
                    score("seldom", Some(0.4), 0.20, Some(0.8)),
                    score("mean", Some(0.3), 0.01, Some(0.9)),
                    score("constant", None, 0.0, None),
                ],
            ),
            fold("C4", &["C2"], 0.3, vec![score("seldom", Some(0.45), 0.30, Some(0.8))]),
        ];
        let all = gene_summaries(&folds);
        let of = |gene: &str| Judgement::of_summary(all.iter().find(|g| g.gene == gene).unwrap());
        // Mean .45 of at most .8, significant in 1 of 2; then in 1 of 3; mean .5 of at most .9 in 2 of 2.
        assert_eq!(of("half"), Judgement::Good);
        assert_eq!(of("seldom"), Judgement::Poor);
        assert_eq!(of("mean"), Judgement::Good);
        assert_eq!(of("constant"), Judgement::NotTested);
        let verdict = Verdict::of_folds(&folds);
        assert_eq!(verdict.genes, JudgedGenes { good: 2, fair: 0, poor: 1, not_tested: 1 });
        // A mean PCC of .3 of at most .5, and 2 of 3 tested genes are significant.
        assert_eq!(verdict.judgement, Judgement::Fair);
        assert_eq!(verdict.headline(), "Fair overall: 2 of 4 genes good, 0 fair, 1 not tested.");
    }

    #[test]
    fn a_run_with_few_significant_genes_is_poor() {
        let genes = |q| {
            vec![
                score("A", Some(0.5), q, None),
                score("B", Some(0.4), 0.9, None),
                score("C", Some(0.4), 0.9, None),
            ]
        };
        assert_eq!(fold("C2", &[], 0.43, genes(0.01)).verdict().judgement, Judgement::Poor);
        let mut genes = genes(0.01);
        genes[1].q = Some(0.01);
        assert_eq!(fold("C2", &[], 0.43, genes).verdict().judgement, Judgement::Good);
        assert_eq!(Verdict::of_folds(&[]), Verdict::default());
    }

    #[test]
    fn sections_of_one_model_are_one_fold() {
        let folds = [
            fold("A1", &["B1"], 0.0, Vec::new()),
            fold("A2", &["B1"], 0.0, Vec::new()),
            fold("B1", &["A1", "A2"], 0.0, Vec::new()),
        ];
        assert_eq!(fold_numbers(&folds), [0, 0, 1]);
        // An old report that does not say what was trained on.
        let unknown = [fold("A1", &[], 0.0, Vec::new()), fold("A2", &[], 0.0, Vec::new())];
        assert_eq!(fold_numbers(&unknown), [0, 1]);
    }

    #[test]
    fn judgements_are_written_and_the_report_is_read_back() {
        let folds = vec![fold("C2", &["C3"], 0.3, vec![score("A", Some(0.5), 0.01, Some(0.8))])];
        let report = EvalReport {
            split: Split::Section,
            target: Target::Published,
            gene_count: 1,
            device: "CPU".into(),
            seed: 1,
            mean: MeanReport::from_folds(&folds),
            folds,
            warnings: Vec::new(),
            seconds: 1.0,
            peak_rss_mb: 1.0,
        };
        let json = serde_json::to_value(JudgedReport::new(&report)).unwrap();
        assert_eq!(json["judgement"]["overall"], "fair");
        assert_eq!(json["judgement"]["headline"], "1 of 1 gene good, 0 fair");
        assert_eq!(json["judgement"]["genes"][0]["judgement"], "good");
        assert_eq!(json["judgement"]["sections"][0]["counts"]["good"], 1);
        assert_eq!(json["folds"][0]["genes"][0]["judgement"], "good");
        let back: EvalReport = serde_json::from_value(json).unwrap();
        assert_eq!(back, report);
        // Files of earlier versions have no judgement, but are still judged.
        let mut old = serde_json::to_value(&report).unwrap();
        old["folds"][0]["genes"][0].as_object_mut().unwrap().remove("judgement");
        let back: EvalReport = serde_json::from_value(old).unwrap();
        assert_eq!(back.verdict(), report.verdict());
    }
}
