//! A cross-validation in the words and order in which it is read.

use std::sync::Arc;

use crate::core::text::counted;
use crate::data::project::Project;
use crate::evaluate::judgement::Verdict;
use crate::evaluate::report::{EvalReport, FoldReport};
use crate::evaluate::tables::{GeneSummary, gene_summaries};
use crate::jobs::run_store::RunConfig;

/// A gain smaller than this is no gain: it is below what another seed changes.
const NOTABLE: f64 = 0.002;

/// A report as the Evaluate page shows it.
#[derive(Debug, Clone)]
pub struct ShownReport {
    /// The run it is of.
    pub run: String,
    /// The report.
    pub report: Arc<EvalReport>,
    /// The held-out section whose genes are listed; all of them together when there is none.
    pub fold: Option<String>,
    /// Its genes, the best predicted first, those without a correlation last.
    pub genes: Vec<GeneSummary>,
    /// The judgement of each held-out section, in the report's order.
    pub sections: Vec<Verdict>,
    /// What it says in plain words.
    pub summary: Summary,
}

impl ShownReport {
    /// The report with the genes of `fold`, or of all held-out sections together.
    pub fn new(run: String, report: Arc<EvalReport>, fold: Option<String>) -> Self {
        let fold = fold.filter(|name| report.folds.iter().any(|f| f.test == *name));
        let genes = match report.folds.iter().find(|f| Some(&f.test) == fold.as_ref()) {
            Some(one) => gene_lines(std::slice::from_ref(one)),
            None => gene_lines(&report.folds),
        };
        let sections = report.folds.iter().map(FoldReport::verdict).collect();
        let summary = Summary::new(&report);
        Self { run, report, fold, genes, sections, summary }
    }
}

/// What a report says in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How far the run can be trusted, and how many genes are predicted how well.
    pub verdict: Verdict,
    /// The model against the linear baseline, in one sentence.
    pub comparison: String,
    /// The scores behind it.
    pub details: String,
}

impl Summary {
    /// What `report` says.
    pub fn new(report: &EvalReport) -> Self {
        let defined = || report.folds.iter().filter_map(|f| f.model.pcc_all.zip(f.ridge.pcc_all));
        let better = defined().filter(|(model, ridge)| model > ridge).count();
        let sections = counted(defined().count(), "held-out section");
        let verdict = report.verdict();
        let Some((model, ridge)) = report.mean.model.pcc_all.zip(report.mean.ridge.pcc_all) else {
            let comparison = "The model cannot be compared with ridge regression.".to_owned();
            let details = "The held-out sections have too few spots, or their genes are the same everywhere."
                .to_owned();
            return Self { verdict, comparison, details };
        };
        let gain = model - ridge;
        let comparison = if gain >= NOTABLE {
            format!("The model beats ridge regression by {gain:.3} PCC on average.")
        } else if gain > -NOTABLE {
            "The model performs on par with ridge regression.".to_owned()
        } else {
            format!("The model does not beat ridge regression: it is {:.3} PCC worse on average.", -gain)
        };
        let mut details = format!(
            "Mean PCC {model:.3} vs. {ridge:.3} for ridge; better than ridge on {better} of {sections}."
        );
        if let Some(ceiling) = report.mean.ceiling.pcc_all.filter(|c| *c > 0.0) {
            let share = (100.0 * model / ceiling).clamp(0.0, 100.0);
            details
                .push_str(&format!(" The model reaches {share:.0} % of the noise ceiling ({ceiling:.3})."));
        }
        Self { verdict, comparison, details }
    }

    /// "Fair overall: 61 of 785 genes good, 140 fair."
    pub fn headline(&self) -> String {
        self.verdict.headline()
    }
}

/// The genes over these held-out sections, the best predicted first.
fn gene_lines(folds: &[FoldReport]) -> Vec<GeneSummary> {
    let mut lines = gene_summaries(folds);
    let rank = |line: &GeneSummary| line.pcc.unwrap_or(f64::NEG_INFINITY);
    lines.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.gene.cmp(&b.gene)));
    lines
}

/// Why the scores of `other` do not compare with those of `one`; `None` where they do. Sections go by their names in
/// `project`, genes by theirs, in any order.
pub fn difference<'a>(
    project: &'a Project,
    one: &'a RunConfig,
    other: &'a RunConfig,
) -> Option<&'static str> {
    fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names
    }
    let genes = |run: &'a RunConfig| sorted(run.genes.iter().map(String::as_str));
    let sections = |run: &'a RunConfig| sorted(run.sections.iter().map(|s| project.current_name(s)));
    if sections(one) != sections(other) {
        Some("other sections")
    } else if one.kind != other.kind {
        Some("other folds")
    } else if genes(one) != genes(other) {
        Some("other genes")
    } else if one.target != other.target {
        Some("another target")
    } else {
        None
    }
}

#[cfg(test)]
pub(in crate::app) mod tests {
    use super::*;
    use crate::core::target::Target;
    use crate::data::project::SectionEntry;
    use crate::evaluate::report::{Ceiling, GeneScore, MeanReport, Scores, Split};
    use crate::jobs::fit::published::PublishedChoice;
    use crate::jobs::fit::recipe::Recipe;
    use crate::jobs::run_store::RunKind;

    fn score(gene: &str, pcc: Option<f64>, ridge: f64) -> GeneScore {
        GeneScore {
            gene: gene.into(),
            mean_expression: 1.0,
            pcc,
            q: pcc.map(|_| 0.01),
            spearman: pcc,
            mse: 0.1,
            mae: 0.2,
            ridge_pcc: Some(ridge),
            ceiling: Some(0.8),
            uncertainty: 0.3,
        }
    }

    fn fold(test: &str, model: f64, ridge: f64, genes: Vec<GeneScore>) -> FoldReport {
        let scores = |pcc| Scores { pcc_all: Some(pcc), pcc_heg50: Some(pcc), mse: 0.1, mae: 0.2 };
        FoldReport {
            test: test.into(),
            patient: None,
            train: Vec::new(),
            validation: None,
            model: scores(model),
            ridge: scores(ridge),
            ridge_alpha: 1.0,
            mean: scores(0.0),
            ceiling: Ceiling { pcc_all: Some(0.5), pcc_heg50: Some(0.7) },
            undefined_genes: 0,
            regions: None,
            notes: Vec::new(),
            genes,
        }
    }

    /// Two folds in which the model is 0.02 better.
    pub fn report() -> EvalReport {
        let folds = vec![
            fold(
                "C2",
                0.22,
                0.20,
                vec![score("A", Some(0.2), 0.3), score("B", Some(0.6), 0.5), score("K", None, 0.0)],
            ),
            fold(
                "C3",
                0.26,
                0.24,
                vec![score("A", Some(0.4), 0.1), score("B", None, 0.5), score("K", None, 0.0)],
            ),
        ];
        let scores = |pcc| Scores { pcc_all: Some(pcc), pcc_heg50: Some(pcc), mse: 0.1, mae: 0.2 };
        EvalReport {
            split: Split::Section,
            target: Target::Published,
            gene_count: 3,
            device: "CPU".into(),
            seed: 1,
            mean: MeanReport {
                model: scores(0.24),
                ridge: scores(0.22),
                mean: scores(0.0),
                ceiling: Ceiling { pcc_all: Some(0.48), pcc_heg50: Some(0.7) },
            },
            folds,
            warnings: vec!["Sections of one patient are on both sides of the split.".into()],
            seconds: 10.0,
            peak_rss_mb: 500.0,
        }
    }

    #[test]
    fn genes_are_averaged_over_folds_and_sorted() {
        let shown = ShownReport::new("x".into(), Arc::new(report()), None);
        let names: Vec<&str> = shown.genes.iter().map(|g| g.gene.as_str()).collect();
        assert_eq!(names, ["B", "A", "K"]);
        assert_eq!(shown.genes[0].pcc, Some(0.6), "the mean of the folds where it is defined");
        assert!((shown.genes[1].pcc.unwrap() - 0.3).abs() < 1e-12);
        assert!((shown.genes[1].ridge_pcc.unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(shown.genes[2].pcc, None);
        let one = ShownReport::new("x".into(), Arc::new(report()), Some("C3".into()));
        assert_eq!(one.genes[0].gene, "A");
        let gone = ShownReport::new("x".into(), Arc::new(report()), Some("C9".into()));
        assert_eq!(gone.fold, None);
    }

    #[test]
    fn scores_compare_on_the_same_genes_and_folds() {
        let mut project = Project::new();
        project.add(SectionEntry::legacy("C2", "c".into(), "s".into(), "i".into())).unwrap();
        project.rename("C2", "Tumour").unwrap();
        let run = |sections: &[&str], genes: &[&str], split, target| RunConfig {
            version: 1,
            program: String::new(),
            started: String::new(),
            kind: RunKind::CrossValidation { split },
            sections: sections.iter().map(ToString::to_string).collect(),
            genes: genes.iter().map(ToString::to_string).collect(),
            target,
            normalised: Vec::new(),
            encoder: "texture-2".into(),
            weights: None,
            device: String::new(),
            recipe: Recipe::default(),
        };
        let (section, patient) = (Split::Section, Split::Patient);
        let one = run(&["C2", "C3"], &["A", "B"], section, Target::Published);
        let differs = |other: RunConfig| difference(&project, &one, &other);
        let same = RunConfig {
            recipe: Recipe::Published(PublishedChoice::default()),
            ..run(&["C3", "Tumour"], &["B", "A"], section, Target::Published)
        };
        assert_eq!(differs(same), None);
        let other = |sections: &[&str], genes: &[&str], split, target| {
            differs(run(sections, genes, split, target)).unwrap()
        };
        assert_eq!(other(&["C2"], &["A", "B"], section, Target::Published), "other sections");
        assert_eq!(other(&["C2", "C3"], &["A", "B"], patient, Target::Published), "other folds");
        assert_eq!(other(&["C2", "C3"], &["A", "K"], section, Target::Published), "other genes");
        assert_eq!(other(&["C2", "C3"], &["A", "B"], section, Target::Lognorm), "another target");
    }

    #[test]
    fn the_summary_is_plain() {
        let mut r = report();
        let s = Summary::new(&r);
        // A: mean .3 of at most .8, B: .6 of at most .8, K: constant; all significant.
        assert_eq!(s.headline(), "Fair overall: 1 of 3 genes good, 1 fair, 1 not tested.");
        assert_eq!(s.comparison, "The model beats ridge regression by 0.020 PCC on average.");
        assert_eq!(
            s.details,
            "Mean PCC 0.240 vs. 0.220 for ridge; better than ridge on 2 of 2 held-out sections. The model reaches 50 % of the \
             noise ceiling (0.480)."
        );
        r.mean.model.pcc_all = Some(0.21);
        assert_eq!(
            Summary::new(&r).comparison,
            "The model does not beat ridge regression: it is 0.010 PCC worse on average."
        );
        r.mean.model.pcc_all = Some(0.2205);
        assert_eq!(Summary::new(&r).comparison, "The model performs on par with ridge regression.");
        let undefined = EvalReport { mean: MeanReport::default(), ..report() };
        assert!(Summary::new(&undefined).details.starts_with("The held-out sections have too few spots"));
        r.folds.truncate(1);
        assert!(Summary::new(&r).details.contains("better than ridge on 1 of 1 held-out section."));
    }
}
