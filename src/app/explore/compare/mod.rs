//! Two groups of places compared: what is chosen, what came of it, and the table of genes.

mod form;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use super::trust::Trust;
use crate::app::sorting::SortKey;
use crate::core::csv::CsvTable;
use crate::data::project::SectionEntry;
use crate::device::DeviceChoice;
use crate::evaluate::compare::GeneComparison;
use crate::evaluate::judgement::Judgement;
use crate::jobs::compare::{ClusterNames, CompareRequest, Compared, ComparedValues};

pub use form::{CompareColumn, CompareForm, ComparePlot, Listed, Origin, Tab};

/// A gene of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedGene {
    /// Its name.
    pub name: String,
    /// Its comparison on the values that are shown first.
    pub found: GeneComparison,
    /// AUROC on the other values, measured or predicted, where it was compared there.
    pub other_auroc: Option<f64>,
    /// log2 fold change on the other values.
    pub other_fold_change: Option<f64>,
    /// How far its predicted map can be trusted.
    pub judgement: Judgement,
}

/// Adjusted p-values from this on are not significant.
pub const SIGNIFICANT: f64 = 0.05;

impl ComparedGene {
    /// Whether it differs significantly.
    pub fn is_significant(&self) -> bool {
        self.found.q < SIGNIFICANT
    }

    fn key(&self, column: CompareColumn) -> SortKey<'_> {
        let number = |v: Option<f64>| SortKey::Number(v);
        match column {
            CompareColumn::Gene => SortKey::Text(&self.name),
            CompareColumn::MeanA => number(Some(self.found.mean_a)),
            CompareColumn::MeanB => number(Some(self.found.mean_b)),
            CompareColumn::FoldChange => number(Some(self.found.effect())),
            CompareColumn::Expressing => number(self.found.expressing_a),
            // Where p-values are too small to be told apart, the rank sum goes on telling.
            CompareColumn::Adjusted => number(Some(-self.found.score.abs())),
            CompareColumn::Auroc => number(Some(self.found.auroc)),
            CompareColumn::Sections => number(self.found.pseudo_bulk.map(|bulk| bulk.q)),
            CompareColumn::Other => number(self.other_auroc),
            CompareColumn::Trust => SortKey::judgement(self.judgement),
        }
    }
}

/// One comparison: what was asked for, and what came of it.
#[derive(Debug, Default)]
struct Comparison {
    /// With the sections as they were.
    asked: Option<(CompareRequest, Vec<SectionEntry>)>,
    found: Option<Result<Arc<Compared>, String>>,
}

/// The comparison of two groups.
#[derive(Debug, Default)]
pub struct Comparing {
    form: CompareForm,
    measured: Comparison,
    predicted: Comparison,
    /// All genes.
    genes: Vec<ComparedGene>,
    /// Those that are listed, in order: places in `genes`.
    rows: Vec<usize>,
}

impl Comparing {
    /// What is compared.
    pub fn form(&self) -> &CompareForm {
        &self.form
    }

    /// Changes what is compared, or how it is shown.
    pub(super) fn edit(&mut self, form: CompareForm, trust: &HashMap<String, Trust>) {
        let other_values = form.origin != self.form.origin;
        self.form = form;
        if other_values {
            self.join(trust);
        }
        self.list();
    }

    /// The question for these values, in these sections.
    pub(in crate::app) fn request(
        &self,
        origin: Origin,
        sections: Vec<String>,
        run: Option<&str>,
        clusters: Vec<Arc<ClusterNames>>,
    ) -> Option<CompareRequest> {
        let run = match origin {
            Origin::Measured => None,
            Origin::Predicted => Some(run?.to_owned()),
        };
        Some(CompareRequest {
            sections,
            a: self.form.a.clone()?,
            b: self.form.b.clone(),
            clusters,
            values: ComparedValues::Lognorm,
            run,
            device: DeviceChoice::Auto,
        })
    }

    fn of(&mut self, origin: Origin) -> &mut Comparison {
        match origin {
            Origin::Measured => &mut self.measured,
            Origin::Predicted => &mut self.predicted,
        }
    }

    /// Takes note of what is to be compared; whether it was not asked for before. `None` where there are no such values.
    pub(in crate::app) fn is_new(
        &mut self,
        origin: Origin,
        wanted: Option<(&CompareRequest, &[SectionEntry])>,
        trust: &HashMap<String, Trust>,
    ) -> bool {
        let comparison = self.of(origin);
        let Some((request, sections)) = wanted else {
            if comparison.asked.take().is_some() {
                comparison.found = None;
                self.join(trust);
                self.list();
            }
            return false;
        };
        let same = comparison.asked.as_ref().is_some_and(|(r, s)| r == request && s == sections);
        if !same {
            // What is shown stays until the answer is there, unless it answers another question.
            let other = comparison.asked.as_ref().is_none_or(|(r, _)| r != request);
            comparison.asked = Some((request.clone(), sections.to_vec()));
            if other {
                comparison.found = None;
                self.join(trust);
                self.list();
            }
        }
        !same
    }

    /// What came of a question, or why nothing did, in one sentence.
    pub(in crate::app) fn arrived(
        &mut self,
        request: &CompareRequest,
        found: Result<Arc<Compared>, String>,
        trust: &HashMap<String, Trust>,
    ) {
        let origin = if request.run.is_some() { Origin::Predicted } else { Origin::Measured };
        let comparison = self.of(origin);
        if comparison.asked.as_ref().is_some_and(|(asked, _)| asked == request) {
            comparison.found = Some(found);
            self.join(trust);
            self.list();
        }
    }

    /// What is known of the values that are shown first: nothing yet, a comparison, or why there is none.
    pub fn found(&self) -> Option<Result<&Compared, &str>> {
        let comparison = match self.form.origin {
            Origin::Measured => &self.measured,
            Origin::Predicted => &self.predicted,
        };
        Some(comparison.found.as_ref()?.as_ref().map(|c| &**c).map_err(String::as_str))
    }

    /// The comparison of the values that are shown first, where there is one.
    pub fn shared(&self) -> Option<Arc<Compared>> {
        let comparison = match self.form.origin {
            Origin::Measured => &self.measured,
            Origin::Predicted => &self.predicted,
        };
        comparison.found.as_ref()?.as_ref().ok().map(Arc::clone)
    }

    /// Whether the values shown first were asked for and are not there yet.
    pub fn is_waiting(&self) -> bool {
        let comparison = match self.form.origin {
            Origin::Measured => &self.measured,
            Origin::Predicted => &self.predicted,
        };
        comparison.asked.is_some() && comparison.found.is_none()
    }

    /// All genes, the smallest p-value first.
    pub fn genes(&self) -> &[ComparedGene] {
        &self.genes
    }

    /// The gene in a row of the table.
    pub fn row(&self, row: usize) -> Option<&ComparedGene> {
        self.genes.get(*self.rows.get(row)?)
    }

    /// Rows of the table.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// A gene by its name.
    pub fn gene(&self, name: &str) -> Option<&ComparedGene> {
        self.genes.iter().find(|g| g.name == name)
    }

    /// Trust has changed.
    pub(super) fn judge(&mut self, trust: &HashMap<String, Trust>) {
        self.join(trust);
        self.list();
    }

    fn join(&mut self, trust: &HashMap<String, Trust>) {
        let (main, other) = match self.form.origin {
            Origin::Measured => (&self.measured, &self.predicted),
            Origin::Predicted => (&self.predicted, &self.measured),
        };
        let found = |c: &Comparison| c.found.as_ref().and_then(|f| f.as_ref().ok().map(Arc::clone));
        let Some(main) = found(main) else {
            self.genes.clear();
            return;
        };
        let other = found(other);
        let beside: HashMap<&str, &GeneComparison> =
            other.iter().flat_map(|o| o.comparison.genes.iter().map(|g| (o.name(g), g))).collect();
        let join = |found: &GeneComparison| {
            let name = main.name(found);
            let beside = beside.get(name);
            ComparedGene {
                name: name.to_owned(),
                found: found.clone(),
                other_auroc: beside.map(|g| g.auroc),
                other_fold_change: beside.and_then(|g| g.log2_fold_change),
                judgement: trust.get(name).map_or(Judgement::NotTested, |t| t.judgement),
            }
        };
        self.genes = main.comparison.genes.iter().map(join).collect();
        self.genes.sort_by(|x, y| {
            x.found.p.total_cmp(&y.found.p).then(y.found.score.abs().total_cmp(&x.found.score.abs()))
        });
    }

    fn list(&mut self) {
        let search = self.form.search.trim().to_lowercase();
        let listed = |g: &ComparedGene| {
            g.name.to_lowercase().contains(&search)
                && match self.form.listed {
                    Listed::All => true,
                    Listed::HigherInA => g.is_significant() && g.found.auroc > 0.5,
                    Listed::HigherInB => g.is_significant() && g.found.auroc < 0.5,
                }
        };
        let mut rows: Vec<usize> =
            (0..self.genes.len()).filter(|at| self.genes.get(*at).is_some_and(listed)).collect();
        let key = |at: &usize, column| self.genes.get(*at).map_or(SortKey::Number(None), |g| g.key(column));
        rows.sort_by(|a, b| {
            key(a, self.form.sorting.by).compare(key(b, self.form.sorting.by), self.form.sorting.descending)
        });
        self.rows = rows;
    }

    /// The table as it stands on the screen, as CSV.
    pub fn csv(&self) -> Option<String> {
        let compared = self.found()?.ok()?;
        let other = self.form.origin.other().word();
        let mut table = CsvTable::new([
            "gene",
            &format!("mean {}", compared.a),
            &format!("mean {}", compared.b),
            "log2fc",
            &format!("percent expressing {}", compared.a),
            &format!("percent expressing {}", compared.b),
            "p",
            "p_adj",
            "auroc",
            "sections_p_adj",
            &format!("auroc {other}"),
            &format!("log2fc {other}"),
            "prediction",
        ]);
        let number = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        for row in 0..self.rows() {
            let Some(gene) = self.row(row) else { continue };
            let g = &gene.found;
            let fields = [
                gene.name.clone(),
                g.mean_a.to_string(),
                g.mean_b.to_string(),
                number(g.log2_fold_change),
                number(g.expressing_a.map(|s| 100.0 * s)),
                number(g.expressing_b.map(|s| 100.0 * s)),
                g.p.to_string(),
                g.q.to_string(),
                g.auroc.to_string(),
                number(g.pseudo_bulk.map(|bulk| bulk.q)),
                number(gene.other_auroc),
                number(gene.other_fold_change),
                gene.judgement.word().to_owned(),
            ];
            table.row(fields);
        }
        Some(table.into_text())
    }
}
