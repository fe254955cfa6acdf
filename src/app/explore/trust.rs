//! How far the map of each gene can be trusted.

use std::collections::{HashMap, HashSet};

use super::text::correlation_text;
use crate::core::text::counted;
use crate::evaluate::judgement::{Judgement, fold_numbers};
use crate::evaluate::report::{EvalReport, GeneScore};
use crate::evaluate::tables::gene_summaries;

/// How well a gene was predicted on held-out sections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trust {
    /// Mean Pearson correlation over the held-out sections where it is defined.
    pub mean: f64,
    /// Its sample standard deviation over those sections; `None` for a single one.
    pub sd: Option<f64>,
    /// Number of those sections.
    pub sections: usize,
    /// Number of models (folds) that predicted them.
    pub folds: usize,
    /// Mean noise ceiling, where there is one.
    pub ceiling: Option<f64>,
    /// What it is worth.
    pub judgement: Judgement,
}

impl Trust {
    /// "0.52 ± 0.07".
    pub fn value_text(&self) -> String {
        let spread = self.sd.map(|s| format!(" \u{00B1} {s:.2}")).unwrap_or_default();
        format!("{}{spread}", correlation_text(self.mean))
    }

    /// "6 sections in 3 folds".
    pub fn extent_text(&self) -> String {
        format!("{} in {}", counted(self.sections, "section"), counted(self.folds, "fold"))
    }
}

/// The trust of every gene of a cross-validation, or of a model's test.
pub fn trust_of(report: &EvalReport) -> HashMap<String, Trust> {
    let fold_of = fold_numbers(&report.folds);
    let mut all: HashMap<&str, Vec<(f64, usize)>> = HashMap::new();
    for (fold, &number) in report.folds.iter().zip(&fold_of) {
        for GeneScore { gene, pcc, .. } in &fold.genes {
            if let Some(pcc) = pcc.filter(|p| p.is_finite()) {
                all.entry(gene).or_default().push((pcc, number));
            }
        }
    }
    gene_summaries(&report.folds)
        .into_iter()
        .filter_map(|summary| {
            let pccs = all.get(summary.gene.as_str())?;
            let n = pccs.len() as f64;
            let mean = pccs.iter().map(|p| p.0).sum::<f64>() / n;
            let squares: f64 = pccs.iter().map(|p| (p.0 - mean) * (p.0 - mean)).sum();
            let folds: HashSet<usize> = pccs.iter().map(|p| p.1).collect();
            let trust = Trust {
                mean,
                sd: (pccs.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
                sections: pccs.len(),
                folds: folds.len(),
                ceiling: summary.ceiling,
                judgement: Judgement::of_summary(&summary),
            };
            Some((summary.gene, trust))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_folds_are_counted_apart() {
        let judgement = Judgement::Fair;
        let trust = Trust { mean: -0.04, sd: Some(0.1), sections: 6, folds: 3, ceiling: None, judgement };
        assert_eq!(trust.extent_text(), "6 sections in 3 folds");
        assert_eq!(trust.value_text(), "\u{2212}0.04 \u{00B1} 0.10");
        let one = Trust { sections: 1, folds: 1, ..trust };
        assert_eq!(one.extent_text(), "1 section in 1 fold");
    }
}
