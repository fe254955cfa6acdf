//! The table of genes on the Evaluate page: what it lists, in which order, and the same as a file.

use crate::app::sorting::{SortKey, Sorting};
use crate::app::text::score;
use crate::core::csv::CsvTable;
use crate::core::text::counted;
use crate::data::aliases;
use crate::evaluate::judgement::Judgement;
use crate::evaluate::tables::{GeneSummary, number};

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum GeneColumn {
    Gene,
    Judgement,
    Pcc,
    Ceiling,
    Share,
    Ridge,
    Expression,
    Significant,
}

impl GeneColumn {
    /// All columns, from left to right.
    pub const ALL: [Self; 8] = [
        Self::Gene,
        Self::Judgement,
        Self::Pcc,
        Self::Ceiling,
        Self::Share,
        Self::Ridge,
        Self::Expression,
        Self::Significant,
    ];

    /// Its heading, on the screen and in files.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gene => "Gene",
            Self::Judgement => "Judgement",
            Self::Pcc => "Model PCC",
            Self::Ceiling => "Noise ceiling",
            Self::Share => "Share of ceiling",
            Self::Ridge => "Ridge PCC",
            Self::Expression => "Mean expression",
            Self::Significant => "Significant in",
        }
    }

    /// Whether the largest value comes first when it is sorted by.
    pub fn begins_descending(self) -> bool {
        self != Self::Gene
    }

    /// What a gene is sorted by.
    pub fn key(self, gene: &GeneSummary) -> SortKey<'_> {
        SortKey::Number(match self {
            Self::Gene => return SortKey::Text(&gene.gene),
            Self::Judgement => return SortKey::judgement(Judgement::of_summary(gene)),
            Self::Pcc => gene.pcc,
            Self::Ceiling => gene.ceiling,
            Self::Share => gene.share_of_ceiling(),
            Self::Ridge => gene.ridge_pcc,
            Self::Expression => Some(gene.mean_expression),
            Self::Significant => (gene.sections > 0).then(|| gene.significant as f64 / gene.sections as f64),
        })
    }

    /// What stands in the cell of a gene on the screen.
    pub fn text(self, gene: &GeneSummary) -> String {
        match self {
            Self::Gene => gene.gene.clone(),
            Self::Judgement => Judgement::of_summary(gene).word().to_owned(),
            Self::Pcc => score(gene.pcc),
            Self::Ceiling => score(gene.ceiling),
            Self::Share => {
                gene.share_of_ceiling().map_or_else(|| "–".to_owned(), |s| format!("{:.0} %", 100.0 * s))
            }
            Self::Ridge => score(gene.ridge_pcc),
            Self::Expression => format!("{:.2}", gene.mean_expression),
            Self::Significant => significant(gene),
        }
    }

    /// What stands in the cell of a gene in a file: the same with all digits.
    fn field(self, gene: &GeneSummary) -> String {
        match self {
            Self::Gene => gene.gene.clone(),
            Self::Judgement => Judgement::of_summary(gene).word().to_owned(),
            Self::Pcc => number(gene.pcc),
            Self::Ceiling => number(gene.ceiling),
            Self::Share => number(gene.share_of_ceiling()),
            Self::Ridge => number(gene.ridge_pcc),
            Self::Expression => number(Some(gene.mean_expression)),
            Self::Significant => significant(gene),
        }
    }
}

/// Whether `search`, in small letters, is part of a gene's name or of another symbol of it.
fn matches_gene(gene: &str, search: &str) -> bool {
    let mut names =
        std::iter::once(gene).chain(aliases::former(gene).iter().copied()).chain(aliases::current(gene));
    names.any(|name| name.to_lowercase().contains(search))
}

/// "3 of 4 sections".
fn significant(gene: &GeneSummary) -> String {
    format!("{} of {}", gene.significant, counted(gene.sections, "section"))
}

/// What the table lists, and in which order.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneTable {
    /// The order.
    pub sorting: Sorting<GeneColumn>,
    /// Part of a gene's name or of another symbol of it; all genes where it is empty.
    pub search: String,
    /// Only genes judged like this.
    pub only: Option<Judgement>,
}

impl Default for GeneTable {
    fn default() -> Self {
        let sorting = Sorting { by: GeneColumn::Pcc, descending: true };
        Self { sorting, search: String::new(), only: None }
    }
}

impl GeneTable {
    /// The genes that the table lists, in its order.
    pub fn rows<'a>(&self, genes: &'a [GeneSummary]) -> Vec<&'a GeneSummary> {
        let search = self.search.trim().to_lowercase();
        let Sorting { by, descending } = self.sorting;
        let mut rows: Vec<&GeneSummary> = genes
            .iter()
            .filter(|g| search.is_empty() || matches_gene(&g.gene, &search))
            .filter(|g| self.only.is_none_or(|only| Judgement::of_summary(g) == only))
            .collect();
        let by_name = |a: &GeneSummary, b: &GeneSummary| a.gene.cmp(&b.gene);
        rows.sort_by(|a, b| by.key(a).compare(by.key(b), descending).then_with(|| by_name(a, b)));
        rows
    }

    /// The table as it stands on the screen, as CSV: the same rows in the same order, the same columns.
    pub fn csv(&self, genes: &[GeneSummary]) -> String {
        let mut table = CsvTable::new(GeneColumn::ALL.map(GeneColumn::title));
        for gene in self.rows(genes) {
            table.row(GeneColumn::ALL.map(|c| c.field(gene)));
        }
        table.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gene(name: &str, pcc: Option<f64>, ceiling: f64) -> GeneSummary {
        GeneSummary {
            gene: name.into(),
            pcc,
            ridge_pcc: Some(0.1),
            ceiling: Some(ceiling),
            mean_expression: name.len() as f64,
            sections: if pcc.is_some() { 4 } else { 0 },
            significant: if pcc.is_some() { 3 } else { 0 },
        }
    }

    fn genes() -> Vec<GeneSummary> {
        vec![
            gene("GNAS", Some(0.6), 0.8),
            gene("FASN", Some(0.3), 0.5),
            gene("odd,one", None, 0.5),
            gene("PIMREG", Some(0.7), 0.9),
            gene("SCD", Some(0.1), 0.9),
        ]
    }

    fn names(table: &GeneTable) -> Vec<String> {
        table.rows(&genes()).iter().map(|g| g.gene.clone()).collect()
    }

    #[test]
    fn rows_are_sorted_by_any_column() {
        let mut table = GeneTable::default();
        assert_eq!(names(&table), ["PIMREG", "GNAS", "FASN", "SCD", "odd,one"]);
        table.sorting = table.sorting.clicked(GeneColumn::Pcc, true);
        assert_eq!(names(&table), ["SCD", "FASN", "GNAS", "PIMREG", "odd,one"]);
        table.sorting = table.sorting.clicked(GeneColumn::Gene, false);
        assert_eq!(names(&table), ["FASN", "GNAS", "odd,one", "PIMREG", "SCD"]);
        // Shares: PIMREG .78, GNAS .75, FASN .6, SCD .11.
        table.sorting = table.sorting.clicked(GeneColumn::Share, false);
        assert_eq!(names(&table), ["SCD", "FASN", "GNAS", "PIMREG", "odd,one"]);
        table.sorting = table.sorting.clicked(GeneColumn::Judgement, true);
        assert_eq!(names(&table), ["GNAS", "PIMREG", "FASN", "SCD", "odd,one"]);
    }

    #[test]
    fn rows_are_filtered_by_name_symbol_and_judgement() {
        let search = |text: &str| names(&GeneTable { search: text.into(), ..GeneTable::default() });
        assert_eq!(search(" as"), ["GNAS", "FASN"]);
        assert_eq!(search("fam64"), ["PIMREG"]);
        let only = |judgement| names(&GeneTable { only: Some(judgement), ..GeneTable::default() });
        assert_eq!(only(Judgement::Good), ["PIMREG", "GNAS"]);
        assert_eq!(only(Judgement::NotTested), ["odd,one"]);
    }

    #[test]
    fn the_file_is_the_table_on_the_screen() {
        let table = GeneTable { only: Some(Judgement::Fair), ..GeneTable::default() };
        assert_eq!(
            table.csv(&genes()),
            "Gene,Judgement,Model PCC,Noise ceiling,Share of ceiling,Ridge PCC,Mean expression,Significant in\n\
             FASN,fair,0.300000,0.500000,0.600000,0.100000,4.000000,3 of 4 sections\n"
        );
        let all = GeneTable::default().csv(&genes());
        assert_eq!(
            all.lines().last().unwrap(),
            "\"odd,one\",not tested,,0.500000,,0.100000,7.000000,0 of 0 sections"
        );
    }
}
