//! The gene list: which genes there are, and which are shown in what order.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::trust::Trust;
use crate::app::genes::{Fit, GeneQuery, split_names};
use crate::data::panels::score_name;
use crate::data::{aliases, protein_names};

/// One gene of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneRow {
    /// Its name.
    pub name: String,
    /// What the section calls it, where that is another symbol of it.
    pub other: Option<String>,
    /// The name in small letters, for searching.
    folded: String,
    /// Its other symbols, former and current, that are no gene of the list themselves.
    symbols: Vec<&'static str>,
    /// Its cross-validated correlation; `None` when it was not evaluated.
    pub trust: Option<Trust>,
    /// Mean count over the spots of the section, where it was measured.
    pub mean_count: Option<f32>,
    /// Whether it belongs to the genes of the model (or of the project, before there is one).
    pub listed: bool,
    /// The panel whose score it is, where it is no gene.
    pub score_of: Option<String>,
}

impl GeneRow {
    /// Whether its name or another symbol of it begins with `text`, which is in small letters.
    fn begins(&self, text: &str) -> bool {
        self.folded.starts_with(text) || self.symbols.iter().any(|s| s.to_lowercase().starts_with(text))
    }

    /// The other symbol that answers `query`, where its name does not.
    fn found_by(&self, query: &GeneQuery) -> Option<&'static str> {
        let none = std::iter::empty::<&str>();
        if query.fit_names(&self.folded, none).is_some() {
            return None;
        }
        self.symbols
            .iter()
            .copied()
            .find(|s| query.fit_names(&s.to_lowercase(), std::iter::empty()).is_some())
    }

    fn fit(&self, query: &GeneQuery) -> Option<Fit> {
        query.fit_names(&self.folded, self.symbols.iter().copied())
    }

    /// Whether the panel has it, under whatever symbol.
    fn is_of(&self, panel: &PanelGenes) -> bool {
        self.score_of.is_none()
            && (panel.genes.contains(&self.name) || self.symbols.iter().any(|s| panel.genes.contains(*s)))
    }
}

/// Which genes the list is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeneFilter {
    /// Those of the model, or of the project before there is a model.
    #[default]
    Listed,
    /// Those of a panel, by its name.
    Panel(String),
    /// Everything measured in the section.
    Measured,
}

/// In what order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeneSort {
    /// Highest cross-validated correlation first, those without one last.
    #[default]
    Trust,
    /// By name.
    Name,
    /// Highest mean count first.
    Expression,
}

impl GeneSort {
    /// All orders.
    pub const ALL: [Self; 3] = [Self::Trust, Self::Name, Self::Expression];

    /// What it is called in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Name => "name",
            Self::Expression => "mean count",
        }
    }
}

/// A panel as the list sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelGenes {
    /// Its name.
    pub name: String,
    /// Its genes.
    pub genes: HashSet<String>,
}

/// All genes, and those shown.
#[derive(Debug, Default)]
pub struct GeneList {
    rows: Vec<GeneRow>,
    /// How many rows are [`GeneRow::listed`].
    listed: usize,
    shown: Vec<u32>,
    query: GeneQuery,
    /// Rows that answer the search, whatever the filter.
    answers: Vec<u32>,
    unanswered: Vec<String>,
}

impl GeneList {
    /// A list of `measured` genes and of `model` genes, each name once. Without model genes, all measured
    /// ones are listed. A measured gene that is known by a former symbol of a panel's or a model's gene stands
    /// under the latter's name.
    pub fn new<'a>(
        measured: impl Iterator<Item = &'a str>,
        model: impl Iterator<Item = &'a str>,
        trust: &HashMap<String, Trust>,
        mean_count: impl Fn(&str) -> Option<f32>,
    ) -> Self {
        let measured: Vec<&str> = measured.collect();
        let is_measured: HashSet<&str> = measured.iter().copied().collect();
        let in_section = |name: &'a str| aliases::found_as(name, |n| is_measured.contains(n));
        let mut seen = HashSet::new();
        let mut names: Vec<(&str, bool)> = model.filter(|g| seen.insert(*g)).map(|g| (g, true)).collect();
        let all_listed = names.is_empty();
        let under_another: HashSet<&str> = names.iter().filter_map(|&(g, _)| in_section(g)).collect();
        seen.extend(under_another);
        for &gene in &measured {
            // Its current name is not among the measured ones, or it is another gene.
            let name = aliases::current(gene).filter(|now| in_section(now) == Some(gene)).unwrap_or(gene);
            if seen.insert(gene) && (name == gene || seen.insert(name)) {
                names.push((name, all_listed));
            }
        }
        let is_row: HashSet<&str> = names.iter().map(|(name, _)| *name).collect();
        let symbols = |name: &str| {
            let all = aliases::former(name).iter().copied().chain(aliases::current(name));
            all.filter(|s| !is_row.contains(s)).collect()
        };
        let rows: Vec<GeneRow> = names
            .iter()
            .copied()
            .map(|(name, listed)| GeneRow {
                name: name.to_owned(),
                other: in_section(name).filter(|other| *other != name).map(str::to_owned),
                folded: name.to_lowercase(),
                symbols: symbols(name),
                trust: trust.get(name).copied(),
                mean_count: mean_count(name),
                listed,
                score_of: None,
            })
            .collect();
        let listed = rows.iter().filter(|r| r.listed).count();
        Self { rows, listed, ..Self::default() }
    }

    /// Adds the scores of the panels that have genes here.
    #[must_use]
    pub fn with_scores(mut self, panels: &[PanelGenes]) -> Self {
        let scored: Vec<&PanelGenes> = panels.iter().filter(|panel| self.of_panel(panel) > 0).collect();
        self.rows.extend(scored.into_iter().map(|panel| {
            let name = score_name(&panel.name);
            GeneRow {
                folded: name.to_lowercase(),
                name,
                other: None,
                symbols: Vec::new(),
                trust: None,
                mean_count: None,
                listed: false,
                score_of: Some(panel.name.clone()),
            }
        }));
        self
    }

    /// Number of genes of the model (or project).
    pub fn listed(&self) -> usize {
        self.listed
    }

    /// Names of the genes of the model (or project).
    pub fn listed_names(&self) -> Vec<String> {
        self.rows.iter().filter(|r| r.listed).map(|r| r.name.clone()).collect()
    }

    /// Number of all genes.
    pub fn all(&self) -> usize {
        self.rows.iter().filter(|r| r.score_of.is_none()).count()
    }

    /// Number of genes of `panel` among all.
    pub fn of_panel(&self, panel: &PanelGenes) -> usize {
        self.rows.iter().filter(|r| r.is_of(panel)).count()
    }

    /// Number of genes shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no gene is shown.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The gene shown in this place.
    pub fn get(&self, place: usize) -> Option<&GeneRow> {
        self.rows.get(*self.shown.get(place)? as usize)
    }

    /// The place at which `gene` is shown.
    pub fn place(&self, gene: &str) -> Option<usize> {
        (0..self.len()).find(|&p| self.get(p).is_some_and(|r| r.name == gene))
    }

    /// The row of `gene`, shown or not.
    pub fn row(&self, gene: &str) -> Option<&GeneRow> {
        self.rows.iter().find(|r| r.name == gene)
    }

    /// A gene to begin with before any is evaluated: the most abundant marker of the first panel that has any
    /// here (of another species, the most abundant gene). It says more of tissue than the first name of the
    /// alphabet.
    pub fn first_marker(&self, panels: &[PanelGenes]) -> Option<&GeneRow> {
        let abundance = |row: &GeneRow| row.mean_count.unwrap_or(0.0);
        let most = |wanted: &dyn Fn(&GeneRow) -> bool| {
            let seen = self.rows.iter().filter(|r| r.listed && abundance(r) > 0.0 && wanted(r));
            seen.max_by(|a, b| abundance(a).total_cmp(&abundance(b)).then_with(|| b.name.cmp(&a.name)))
        };
        // Genes of the mitochondria are the most abundant everywhere and say little.
        let telling = |r: &GeneRow| !r.begins("mt-");
        panels.iter().find_map(|p| most(&|r| r.is_of(p))).or_else(|| most(&telling))
    }

    /// Shows the genes of `filter` that answer `search`, one name or several, in the order of `sort`; the gene of that
    /// name comes first, then those whose name begins with it.
    pub fn show(&mut self, filter: &GeneFilter, panels: &[PanelGenes], search: &str, sort: GeneSort) {
        let query = self.query_of(search);
        let panel = match filter {
            GeneFilter::Panel(name) => panels.iter().find(|p| p.name == *name),
            GeneFilter::Listed | GeneFilter::Measured => None,
        };
        let searched = !search.trim().is_empty();
        let wanted = |row: &GeneRow| match filter {
            // A score stands above the genes of its panel, and is found by its name anywhere.
            GeneFilter::Panel(name) if row.score_of.is_some() => row.score_of.as_ref() == Some(name),
            GeneFilter::Listed | GeneFilter::Measured if row.score_of.is_some() => searched,
            GeneFilter::Listed => row.listed,
            GeneFilter::Panel(_) => panel.is_some_and(|p| row.is_of(p)),
            GeneFilter::Measured => true,
        };
        let fits: Vec<Option<Fit>> = self.rows.iter().map(|r| r.fit(&query)).collect();
        let fit = |i: u32| fits.get(i as usize).copied().flatten();
        let answers = (0u32..).zip(&self.rows).filter(|(i, _)| fit(*i).is_some());
        self.shown = answers.clone().filter(|(_, r)| wanted(r)).map(|(i, _)| i).collect();
        // A score that the filter leaves out is no gene that it hides.
        self.answers = answers.filter(|(_, r)| r.score_of.is_none() || wanted(r)).map(|(i, _)| i).collect();
        self.unanswered = query.unanswered(|one| self.rows.iter().filter_map(|r| r.fit(one)).min());
        self.query = query;
        let rows = &self.rows;
        let key = |i: u32| rows.get(i as usize);
        self.shown.sort_by(|&a, &b| match (key(a), key(b)) {
            (Some(x), Some(y)) => {
                let scores_first = y.score_of.is_some().cmp(&x.score_of.is_some());
                scores_first
                    .then_with(|| fit(a).cmp(&fit(b)))
                    .then_with(|| by(sort, x, y))
                    .then_with(|| x.folded.cmp(&y.folded))
            }
            _ => Ordering::Equal,
        });
    }

    /// The names in a search. Words that are one name together stay so.
    fn query_of(&self, search: &str) -> GeneQuery {
        let is_in = |text: &str| {
            let text = text.to_lowercase();
            self.rows.iter().any(|r| r.folded.contains(&text))
        };
        let names = split_names(search, |words| !protein_names::symbols(words).is_empty() || is_in(words));
        let mut query = GeneQuery::new(names);
        if query.is_list() {
            let symbols = self.rows.iter().flat_map(|r| r.symbols.iter().map(|s| s.to_lowercase()));
            let all: HashSet<String> = self.rows.iter().map(|r| r.folded.clone()).chain(symbols).collect();
            query.settle(|name| {
                let proteins = protein_names::symbols(name);
                let names = std::iter::once(name.to_lowercase());
                names.chain(proteins.iter().map(|p| p.to_lowercase())).filter(|n| all.contains(n)).collect()
            });
        }
        query
    }

    /// Names that were searched for and that no gene here answers.
    pub fn unanswered(&self) -> &[String] {
        &self.unanswered
    }

    /// How many genes answer the search that the filter does not show.
    pub fn elsewhere(&self) -> usize {
        self.answers.len().saturating_sub(self.shown.len())
    }

    /// Whether several names are searched for.
    pub fn is_searched_for_several(&self) -> bool {
        self.query.is_list()
    }

    /// The genes that answer the search, whatever the filter.
    pub fn answers(&self) -> impl Iterator<Item = &GeneRow> {
        self.answers.iter().filter_map(|&i| self.rows.get(i as usize))
    }

    /// Why a gene answers the search, where its name does not tell: "was FAM64A", "HER2".
    pub fn why_found(&self, row: &GeneRow) -> Option<String> {
        if let Some(symbol) = row.found_by(&self.query) {
            return Some(format!("was {symbol}"));
        }
        let names = std::iter::once(row.name.as_str()).chain(row.symbols.iter().copied());
        let protein = self.query.protein(names)?;
        (!row.folded.contains(&protein.to_lowercase())).then(|| protein.to_owned())
    }
}

fn by(sort: GeneSort, a: &GeneRow, b: &GeneRow) -> Ordering {
    let descending = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    match sort {
        GeneSort::Trust => descending(a.trust.map(|t| t.mean), b.trust.map(|t| t.mean)),
        GeneSort::Name => Ordering::Equal,
        GeneSort::Expression => descending(a.mean_count.map(f64::from), b.mean_count.map(f64::from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::judgement::Judgement;

    #[test]
    fn without_an_evaluation_a_marker_is_shown_first() {
        let of = |name: &str, genes: &[&str]| PanelGenes {
            name: name.into(),
            genes: genes.iter().map(|g| (*g).to_owned()).collect(),
        };
        let panels = [of("elsewhere", &["XYZ"]), of("here", &["FASN", "AGNA", "GNAS"])];
        // Names stand for mean counts by their length; of equals the first name is taken.
        assert_eq!(list().first_marker(&panels).unwrap().name, "AGNA");
        assert_eq!(list().first_marker(&panels[..1]).unwrap().name, "AGNA", "of no panel, the most abundant");
    }

    fn list() -> GeneList {
        let trust = [("GNAS", 0.7), ("FASN", 0.4), ("AGNA", 0.9)]
            .map(|(g, mean)| {
                let judgement = Judgement::new(Some(mean), None, true);
                (g.to_owned(), Trust { mean, sd: None, sections: 1, folds: 1, ceiling: None, judgement })
            })
            .into();
        GeneList::new(
            ["FASN", "GNAS", "ACTB", "AGNA", "GNB1"].into_iter(),
            ["GNAS", "FASN", "AGNA", "NEW"].into_iter(),
            &trust,
            |g| (g != "NEW").then_some(g.len() as f32),
        )
    }

    fn shown(list: &GeneList) -> Vec<&str> {
        (0..list.len()).filter_map(|p| list.get(p)).map(|r| r.name.as_str()).collect()
    }

    #[test]
    fn trusted_genes_come_first() {
        let mut l = list();
        l.show(&GeneFilter::Listed, &[], "", GeneSort::Trust);
        assert_eq!(shown(&l), ["AGNA", "GNAS", "FASN", "NEW"]);
        l.show(&GeneFilter::Measured, &[], "", GeneSort::Name);
        assert_eq!(shown(&l), ["ACTB", "AGNA", "FASN", "GNAS", "GNB1", "NEW"]);
        assert_eq!((l.listed(), l.all(), l.place("GNAS")), (4, 6, Some(3)));
    }

    #[test]
    fn search_puts_beginnings_first() {
        let mut l = list();
        l.show(&GeneFilter::Measured, &[], " gna", GeneSort::Trust);
        assert_eq!(shown(&l), ["GNAS", "AGNA"]);
        l.show(&GeneFilter::Measured, &[], "zzz", GeneSort::Trust);
        assert!(l.is_empty());
    }

    #[test]
    fn several_names_and_names_of_proteins_are_searched_for() {
        let measured = ["ERBB2", "ERBB3", "ESR1", "GNAS", "GNAS-AS1"];
        let mut l = GeneList::new(measured.into_iter(), ["ERBB3"].into_iter(), &HashMap::new(), |_| None);
        l.show(&GeneFilter::Listed, &[], "erbb", GeneSort::Name);
        assert_eq!((shown(&l), l.elsewhere()), (vec!["ERBB3"], 1));
        l.show(&GeneFilter::Listed, &[], "HER2", GeneSort::Name);
        assert_eq!((l.is_empty(), l.elsewhere()), (true, 1));
        l.show(&GeneFilter::Measured, &[], "HER2", GeneSort::Name);
        assert_eq!(shown(&l), ["ERBB2"]);
        assert_eq!(l.why_found(l.row("ERBB2").unwrap()).as_deref(), Some("HER2"));
        for separator in [", ", "; ", "\t", " ", "\n"] {
            let text = ["HER2", "GNAS", "NOSUCH"].join(separator);
            l.show(&GeneFilter::Measured, &[], &text, GeneSort::Name);
            assert_eq!(
                (shown(&l), l.unanswered()),
                (vec!["ERBB2", "GNAS"], &["NOSUCH".to_owned()][..]),
                "{text:?}"
            );
        }
        l.show(&GeneFilter::Measured, &[], "", GeneSort::Name);
        assert_eq!((l.len(), l.elsewhere(), l.unanswered().len()), (5, 0, 0));
    }

    #[test]
    fn a_panel_may_hold_genes_that_are_not_listed() {
        let mut l = list();
        let panel =
            PanelGenes { name: "P".into(), genes: ["ACTB", "GNAS", "ABSENT"].map(String::from).into() };
        assert_eq!(l.of_panel(&panel), 2);
        l.show(&GeneFilter::Panel("P".into()), &[panel], "", GeneSort::Trust);
        assert_eq!(shown(&l), ["GNAS", "ACTB"]);
        l.show(&GeneFilter::Panel("gone".into()), &[], "", GeneSort::Trust);
        assert!(l.is_empty());
    }

    #[test]
    fn a_gene_stands_under_its_current_symbol_and_is_found_by_the_former() {
        let list = |measured: &[&'static str], model: &[&'static str]| {
            let mut l =
                GeneList::new(measured.iter().copied(), model.iter().copied(), &HashMap::new(), |_| None);
            l.show(&GeneFilter::Measured, &[], "", GeneSort::Name);
            l
        };
        let mut l = list(&["FAM64A", "GNAS"], &[]);
        assert_eq!(shown(&l), ["GNAS", "PIMREG"]);
        assert_eq!(l.row("PIMREG").unwrap().other.as_deref(), Some("FAM64A"));
        let panel = PanelGenes { name: "P".into(), genes: ["PIMREG".to_owned()].into() };
        assert_eq!(l.of_panel(&panel), 1);
        for search in ["fam64", "pimreg"] {
            l.show(&GeneFilter::Measured, &[], search, GeneSort::Name);
            assert_eq!(shown(&l), ["PIMREG"], "{search}");
        }
        l.show(&GeneFilter::Measured, &[], "fam64", GeneSort::Name);
        assert_eq!(l.why_found(l.row("PIMREG").unwrap()).as_deref(), Some("was FAM64A"));
        l.show(&GeneFilter::Measured, &[], "pim", GeneSort::Name);
        assert_eq!(l.why_found(l.row("PIMREG").unwrap()), None);
        // A model under the former symbol keeps it, one under the current symbol stands for both.
        assert_eq!(shown(&list(&["FAM64A"], &["FAM64A"])), ["FAM64A"]);
        assert_eq!(shown(&list(&["FAM64A"], &["PIMREG"])), ["PIMREG"]);
        assert_eq!(shown(&list(&["PIMREG"], &["FAM64A"])), ["FAM64A"]);
        // Where both are measured they are two.
        let both = list(&["FAM64A", "PIMREG"], &[]);
        assert_eq!(shown(&both), ["FAM64A", "PIMREG"]);
        assert_eq!((both.of_panel(&panel), both.row("PIMREG").unwrap().other.as_ref()), (1, None));
    }

    #[test]
    fn without_a_model_all_measured_genes_are_listed() {
        let mut l = GeneList::new(["B", "A", "A"].into_iter(), [].into_iter(), &HashMap::new(), |_| None);
        l.show(&GeneFilter::Listed, &[], "", GeneSort::Trust);
        assert_eq!(shown(&l), ["A", "B"]);
    }
}
