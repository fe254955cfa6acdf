//! Reports as tables: CSV for spreadsheets and scripts, text for the terminal.

use std::collections::HashMap;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::core::csv::CsvTable;
use crate::evaluate::fold::MIN_SPOTS_TO_CORRELATE;
use crate::evaluate::judgement::{Judgement, is_significant};
use crate::evaluate::metrics::mean_of_defined;
use crate::evaluate::report::{EvalReport, FoldReport, GeneScore, METRICS, MeanReport, Method, Metric};

/// One gene over all folds.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneSummary {
    /// Name.
    pub gene: String,
    /// Mean Pearson correlation of the model over the folds where it is defined.
    pub pcc: Option<f64>,
    /// The same of ridge regression.
    pub ridge_pcc: Option<f64>,
    /// Mean noise ceiling.
    pub ceiling: Option<f64>,
    /// Mean measured expression.
    pub mean_expression: f64,
    /// Held-out sections on which the correlation is defined.
    pub sections: usize,
    /// Held-out sections on which the correlation is positive and significant.
    pub significant: usize,
}

impl GeneSummary {
    /// The share of its noise ceiling that the model reaches.
    pub fn share_of_ceiling(&self) -> Option<f64> {
        self.pcc.zip(self.ceiling.filter(|c| *c > 0.0)).map(|(pcc, ceiling)| pcc / ceiling)
    }
}

/// Every gene over all held-out sections, in the order in which they are met: what "trust" beside a gene is made of.
pub fn gene_summaries(folds: &[FoldReport]) -> Vec<GeneSummary> {
    let mut place: HashMap<&str, usize> = HashMap::new();
    let mut by_gene: Vec<Vec<&GeneScore>> = Vec::new();
    for score in folds.iter().flat_map(|f| &f.genes) {
        let at = *place.entry(&score.gene).or_insert_with(|| {
            by_gene.push(Vec::new());
            by_gene.len() - 1
        });
        if let Some(scores) = by_gene.get_mut(at) {
            scores.push(score);
        }
    }
    let over = |values: Vec<Option<f64>>| values.iter().any(Option::is_some).then(|| mean_of_defined(values));
    by_gene
        .iter()
        .filter_map(|scores| Some((scores.first()?.gene.clone(), scores)))
        .map(|(gene, scores)| GeneSummary {
            gene,
            pcc: over(scores.iter().map(|s| s.pcc).collect()),
            ridge_pcc: over(scores.iter().map(|s| s.ridge_pcc).collect()),
            ceiling: over(scores.iter().map(|s| s.ceiling).collect()),
            mean_expression: mean_of_defined(scores.iter().map(|s| Some(s.mean_expression))),
            sections: scores.iter().filter(|s| s.pcc.is_some()).count(),
            significant: scores.iter().filter(|s| is_significant(s.pcc, s.q)).count(),
        })
        .collect()
}

/// `folds.csv`: a row for each test section and method, and the means.
pub fn folds_csv(report: &EvalReport) -> String {
    let keys = METRICS.iter().map(|m| m.key);
    let mut table = CsvTable::new(["test", "patient", "method"].into_iter().chain(keys).chain(["judgement"]));
    for fold in &report.folds {
        let names = [&fold.test, fold.patient.as_deref().unwrap_or("")];
        method_rows(&mut table, names, &fold.scores(), fold.verdict().judgement);
    }
    method_rows(&mut table, ["mean", ""], &report.mean, report.verdict().judgement);
    table.into_text()
}

fn method_rows(table: &mut CsvTable, names: [&str; 2], scores: &MeanReport, judgement: Judgement) {
    for method in Method::ALL {
        let judgement = if method == Method::Model { judgement.word() } else { "" };
        let values = METRICS.iter().map(|m| number(m.value(scores, method)));
        let names = names.into_iter().chain([method.name()]).map(str::to_owned);
        table.row(names.chain(values).chain([judgement.to_owned()]));
    }
}

/// `per_gene.csv`: a row for each test section and gene. What is undefined is left empty.
pub fn genes_csv(folds: &[FoldReport]) -> String {
    let mut table = CsvTable::new([
        "test",
        "gene",
        "mean_expression",
        "pcc",
        "q",
        "spearman",
        "mse",
        "mae",
        "ridge_pcc",
        "ceiling",
        "uncertainty",
        "judgement",
    ]);
    for fold in folds {
        for g in &fold.genes {
            table.row([
                fold.test.clone(),
                g.gene.clone(),
                format!("{:.6}", g.mean_expression),
                number(g.pcc),
                g.q.map(|q| format!("{q:.4e}")).unwrap_or_default(),
                number(g.spearman),
                format!("{:.6}", g.mse),
                format!("{:.6}", g.mae),
                number(g.ridge_pcc),
                number(g.ceiling),
                format!("{:.6}", g.uncertainty),
                Judgement::of_score(g).word().to_owned(),
            ]);
        }
    }
    table.into_text()
}

/// A number of a CSV file; empty where it is undefined.
pub fn number(value: Option<f64>) -> String {
    value.map(|v| format!("{v:.6}")).unwrap_or_default()
}

/// A score as people read it; a dash where it is undefined.
pub fn rounded(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"))
}

/// The headings of all metrics, each right-aligned in its column.
fn headings() -> String {
    METRICS.iter().map(|m| format!("  {:>1$}", m.title, width_of(m))).collect()
}

/// The values of all metrics for a method below [`headings`].
fn values(scores: &MeanReport, method: Method) -> String {
    let shown = |m: &Metric| match (m.value(scores, method), method) {
        // The ceiling is known of some metrics only.
        (None, Method::Ceiling) => " ".repeat(width_of(m) + 2),
        (value, _) => format!("  {:>1$}", rounded(value), width_of(m)),
    };
    METRICS.iter().map(shown).collect()
}

fn width_of(metric: &Metric) -> usize {
    metric.title.len().max("0.000".len())
}

/// The report as a table for the terminal, with its warnings.
pub fn text(report: &EvalReport) -> String {
    let mut out = String::new();
    let verdict = report.verdict();
    let names = report.folds.iter().map(|f| f.test.as_str()).chain(["Mean"]);
    let width = names.clone().map(|n| n.width()).max().unwrap_or(0).max("Test".len());
    let _ = writeln!(out, "{:width$}  Method {}  Judgement", "Test", headings());
    let parts = report
        .folds
        .iter()
        .map(|f| (f.scores(), f.verdict().judgement))
        .chain([(report.mean, verdict.judgement)]);
    for (name, (scores, judgement)) in names.zip(parts) {
        for method in Method::ALL {
            let (name, judgement) = match method {
                Method::Model => (name, judgement.word()),
                _ => ("", ""),
            };
            let row = format!("{}  {:7}{}", padded(name, width), method.name(), values(&scores, method));
            let _ = writeln!(out, "{}", format!("{row}  {judgement}").trim_end());
        }
    }
    let _ = writeln!(out, "{}", verdict.headline());
    let undefined: usize = report.folds.iter().map(|f| f.undefined_genes).sum();
    if undefined > 0 {
        let are = if undefined == 1 { "correlation is" } else { "correlations are" };
        let _ = writeln!(
            out,
            "{undefined} {are} undefined (the gene is constant in the test section, or the section has \
             fewer than {MIN_SPOTS_TO_CORRELATE} spots) and left out."
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "Note: {warning}");
    }
    for fold in &report.folds {
        for note in &fold.notes {
            let _ = writeln!(out, "Note on {}: {note}", fold.test);
        }
    }
    out
}

/// `name` with spaces behind it, `width` columns of a terminal wide; Chinese characters take two.
fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(name.width())))
}

/// Cross-validations of several recipes on the same folds beside each other: means over the folds, then every
/// fold's mean correlation. Ridge regression, the mean and the ceiling are those of the first.
pub fn comparison(reports: &[(&str, EvalReport)]) -> String {
    let Some((_, first)) = reports.first() else { return String::new() };
    let mut out = String::new();
    let named = reports.iter().map(|(name, report)| (*name, &report.mean, Method::Model));
    let others = [Method::Ridge, Method::Mean, Method::Ceiling].map(|m| (m.name(), &first.mean, m));
    let rows: Vec<_> = named.chain(others).collect();
    let width = rows.iter().map(|(name, ..)| name.width()).max().unwrap_or(0);
    let _ = writeln!(out, "{:width$}{}", "Recipe", headings());
    for (name, scores, method) in rows {
        let _ = writeln!(out, "{}", format!("{}{}", padded(name, width), values(scores, method)).trim_end());
    }
    for (index, fold) in first.folds.iter().enumerate() {
        let of = |(name, report): &(&str, EvalReport)| {
            let pcc = report.folds.get(index).filter(|f| f.test == fold.test).map(|f| f.model.pcc_all);
            format!("{name} {}", rounded(pcc.flatten()))
        };
        let scores: Vec<String> = reports.iter().map(of).collect();
        let ridge = rounded(fold.ridge.pcc_all);
        let _ = writeln!(out, "PCC all on {}: {}, ridge {ridge}", fold.test, scores.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::note::Note;
    use crate::core::target::Target;
    use crate::evaluate::report::{Ceiling, GeneScore, Scores, Split};

    fn gene(name: &str, pcc: Option<f64>) -> GeneScore {
        GeneScore {
            gene: name.into(),
            mean_expression: 1.0,
            pcc,
            q: pcc.map(|r| 0.06 - r / 10.0),
            spearman: pcc,
            mse: 0.5,
            mae: 0.25,
            ridge_pcc: Some(0.1),
            ceiling: None,
            uncertainty: 0.75,
        }
    }

    fn sample() -> EvalReport {
        let scores = |pcc| Scores { pcc_all: Some(pcc), pcc_heg50: Some(0.4), mse: 0.2, mae: 0.3 };
        let fold = |test: &str, pcc: f64| FoldReport {
            test: test.into(),
            patient: Some("C".into()),
            train: vec!["C3".into()],
            validation: None,
            model: scores(pcc),
            ridge: scores(0.1),
            ridge_alpha: 300.0,
            mean: scores(0.0),
            ceiling: Ceiling { pcc_all: Some(0.5), pcc_heg50: Some(0.75) },
            undefined_genes: 1,
            regions: None,
            notes: vec![Note::General("a remark".into())],
            genes: vec![gene("GNAS", Some(pcc)), gene("odd,\"name\"", None)],
        };
        let folds = vec![fold("C2", 0.2), fold("C4", 0.3)];
        EvalReport {
            split: Split::Section,
            target: Target::Published,
            gene_count: 2,
            device: "CPU".into(),
            seed: 1,
            mean: MeanReport::from_folds(&folds),
            folds,
            warnings: vec!["It leaks.".into()],
            seconds: 1.5,
            peak_rss_mb: 100.0,
        }
    }

    #[test]
    fn csv_of_folds() {
        let csv = folds_csv(&sample());
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 3 * 4);
        assert_eq!(lines[1], "C2,C,model,0.200000,0.400000,0.200000,0.300000,fair");
        assert_eq!(lines[4], "C2,C,ceiling,0.500000,0.750000,,,");
        assert_eq!(lines[9], "mean,,model,0.250000,0.400000,0.200000,0.300000,fair");
    }

    #[test]
    fn recipes_stand_beside_each_other() {
        let (mut other, own) = (sample(), sample());
        other.mean.model.pcc_all = Some(0.15);
        other.folds[1].model.pcc_all = Some(0.12);
        let text = comparison(&[("fused", own), ("published", other)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "fused        0.250       0.400  0.200  0.300");
        assert_eq!(lines[2], "published    0.150       0.400  0.200  0.300");
        assert_eq!(lines[5], "ceiling      0.500       0.750");
        assert_eq!(lines[7], "PCC all on C4: fused 0.300, published 0.120, ridge 0.100");
        assert_eq!(comparison(&[]), "");
    }

    #[test]
    fn csv_of_genes() {
        let csv = genes_csv(&sample().folds);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[1],
            "C2,GNAS,1.000000,0.200000,4.0000e-2,0.200000,0.500000,0.250000,0.100000,,0.750000,fair"
        );
        assert_eq!(
            lines[2],
            "C2,\"odd,\"\"name\"\"\",1.000000,,,,0.500000,0.250000,0.100000,,0.750000,not tested"
        );
        assert!(
            lines.iter().all(|l| l.starts_with("C2,\"odd") || l.split(',').count() == 12 || l.contains('"'))
        );
    }

    #[test]
    fn summaries_of_genes() {
        let s = gene_summaries(&sample().folds);
        assert_eq!(s.len(), 2);
        assert!((s[0].pcc.unwrap() - 0.25).abs() < 1e-12);
        assert_eq!((s[0].sections, s[0].significant, s[1].sections, s[1].pcc), (2, 2, 0, None));
        assert!(gene_summaries(&[]).is_empty());
    }

    #[test]
    fn text_for_the_terminal() {
        let t = text(&sample());
        let lines: Vec<&str> = t.lines().collect();
        assert_eq!(lines[0], "Test  Method   PCC all  PCC HEG-50    MSE    MAE  Judgement");
        assert_eq!(lines[1], "C2    model      0.200       0.400  0.200  0.300  fair");
        assert_eq!(lines[4], "      ceiling    0.500       0.750");
        assert_eq!(lines[9], "Mean  model      0.250       0.400  0.200  0.300  fair");
        assert!(t.contains("Fair overall: 0 of 2 genes good, 1 fair, 1 not tested.\n"), "{t}");
        assert!(t.contains("2 correlations are undefined") && t.contains("Note: It leaks."));
        assert!(t.ends_with("Note on C4: a remark\n"));
    }

    /// Scripts rely on these names.
    #[test]
    fn names_in_json() {
        let json = serde_json::to_value(sample()).unwrap();
        for part in ["model", "ridge", "mean"] {
            for score in ["pcc_all", "pcc_heg50", "mse", "mae"] {
                assert!(json["folds"][0][part][score].is_f64(), "{part} {score}");
                assert!(json["mean"][part][score].is_f64(), "{part} {score}");
            }
        }
        for score in ["pcc_all", "pcc_heg50"] {
            assert!(json["folds"][0]["ceiling"][score].is_f64() && json["mean"]["ceiling"][score].is_f64());
        }
        assert_eq!(json["folds"][1]["test"], "C4");
        assert_eq!((&json["split"], &json["target"]), (&"section".into(), &"published".into()));
        assert!(json["seconds"].is_f64() && json["peak_rss_mb"].is_f64());
        assert!(json["folds"][0]["genes"][1]["pcc"].is_null());
        let back: EvalReport = serde_json::from_value(json).unwrap();
        assert_eq!(back, sample());
    }

    #[test]
    fn names_take_as_many_columns_as_a_terminal_gives_them() {
        assert_eq!(padded("C2", 6), "C2    ");
        assert_eq!(padded("\u{7ec4}\u{7ec7}", 6), "\u{7ec4}\u{7ec7}  ");
        assert_eq!(padded("longer", 3), "longer");
    }
}
