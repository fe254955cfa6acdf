//! Symbols of genes that a section names by their Ensembl identifiers alone, from sections that have both.

use std::collections::HashMap;

use super::genes::{is_ensembl_id, tell_apart, without_version};
use super::section::{Gene, Section};

/// Symbols by identifier.
#[derive(Debug, Clone, Default)]
pub struct GeneSymbols {
    /// Without versions; the first section that names a gene decides.
    by_id: HashMap<String, String>,
}

/// Whether most genes are called by their identifiers.
pub fn lack_symbols(genes: &[Gene]) -> bool {
    2 * genes.iter().filter(|g| is_ensembl_id(&g.name)).count() > genes.len()
}

impl GeneSymbols {
    /// Learns the symbols of `genes`.
    pub fn add(&mut self, genes: &[Gene]) {
        for gene in genes {
            if is_ensembl_id(&gene.id) && !is_ensembl_id(&gene.name) {
                let id = without_version(&gene.id).to_owned();
                self.by_id.entry(id).or_insert_with(|| gene.name.clone());
            }
        }
    }

    /// Whether the symbols of nearly all of `genes` are known, so that no other section need be asked.
    pub fn name_nearly_all(&self, genes: &[Gene]) -> bool {
        20 * genes.iter().filter(|g| self.symbol(g).is_some()).count() >= 19 * genes.len()
    }

    fn symbol(&self, gene: &Gene) -> Option<&String> {
        let id = is_ensembl_id(&gene.name).then(|| without_version(&gene.name))?;
        self.by_id.get(id)
    }

    /// `genes` under their symbols; their identifiers stay. `None` where no symbol is known.
    pub fn named(&self, genes: &[Gene]) -> Option<Vec<Gene>> {
        let mut any = false;
        let mut named: Vec<Gene> = genes
            .iter()
            .map(|gene| match self.symbol(gene) {
                None => gene.clone(),
                Some(symbol) => {
                    any = true;
                    Gene { name: symbol.clone(), id: gene.id.clone() }
                }
            })
            .collect();
        // Sections of different annotations may give one symbol to two genes.
        tell_apart(&mut named);
        any.then_some(named)
    }
}

/// Gives the sections that name genes by identifiers alone the symbols that the others know: the place of each, and its
/// genes.
pub fn shared_symbols<'a>(sections: impl Iterator<Item = &'a Section> + Clone) -> Vec<(usize, Vec<Gene>)> {
    let lacking = sections.clone().enumerate().filter(|(_, s)| lack_symbols(&s.genes));
    let lacking: Vec<(usize, &Section)> = lacking.collect();
    if lacking.is_empty() {
        return Vec::new();
    }
    let mut symbols = GeneSymbols::default();
    sections.filter(|s| !lack_symbols(&s.genes)).for_each(|s| symbols.add(&s.genes));
    lacking.into_iter().filter_map(|(place, s)| Some((place, symbols.named(&s.genes)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::genes::GeneIndex;
    use crate::data::measured_genes::MeasuredGenes;
    use crate::data::testing::section;

    const GNAS: &str = "ENSG00000087460";
    const FASN: &str = "ENSG00000169710";
    const NEW: &str = "ENSG00000999999";

    fn with_ids(name: &str, genes: &[(&str, &str)]) -> Section {
        let mut section = section(name, &vec!["x"; genes.len()], &[&vec![1.0; genes.len()]]);
        section.genes = genes.iter().map(|(n, id)| Gene { name: (*n).into(), id: (*id).into() }).collect();
        section
    }

    #[test]
    fn sections_named_by_identifiers_get_the_symbols_of_the_others() {
        let versioned = [format!("{FASN}.12"), format!("{GNAS}.7"), format!("{NEW}.1")];
        let bare = with_ids("ens", &[(FASN, FASN), (GNAS, GNAS), (NEW, NEW)]);
        let versioned = versioned.each_ref().map(|id| (id.as_str(), id.as_str()));
        let sections =
            [bare, with_ids("A1", &[("GNAS", GNAS), ("FASN", FASN)]), with_ids("ensver", &versioned)];
        let shared = shared_symbols(sections.iter());
        let names = |genes: &[Gene]| genes.iter().map(|g| g.name.clone()).collect::<Vec<_>>();
        assert_eq!(shared.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(names(&shared[0].1), ["FASN", "GNAS", NEW]);
        assert_eq!(names(&shared[1].1)[..2], ["FASN", "GNAS"]);

        let mut sections = sections;
        for (place, genes) in shared {
            sections[place].genes = genes;
        }
        let measured = MeasuredGenes::new(&sections);
        let list = ["GNAS".to_owned(), FASN.to_owned(), NEW.to_owned()];
        assert_eq!(measured.choose(&list).used, ["GNAS", "FASN"], "the symbol is shown");
        // Runs that were trained before know it by its identifier.
        assert_eq!(GeneIndex::new(&sections[2].genes).find(GNAS), Some(1));
        assert!(shared_symbols(sections.iter()).is_empty(), "nothing is left to name");
    }

    #[test]
    fn without_a_section_that_knows_symbols_identifiers_stay() {
        assert!(shared_symbols([with_ids("ens", &[(FASN, FASN)])].iter()).is_empty());
        let legacy = section("C2", &["GNAS"], &[&[1.0]]);
        assert!(shared_symbols([with_ids("ens", &[(GNAS, GNAS)]), legacy].iter()).is_empty());
    }
}
