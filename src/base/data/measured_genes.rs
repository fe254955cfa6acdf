//! Which genes some sections measured, which of these a typed name means, and which genes of a list can be used in all
//! of the sections.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::gene_choice::{GeneChoice, LeftOut, WhyLeftOut};
use super::genes::{GeneIndex, bare_id, is_ensembl_id};
use super::protein_names;
use super::section::Section;

/// How a name led to a gene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedBy {
    /// By its name, or a former or the current symbol of it.
    Symbol,
    /// By its identifier, such as ENSG00000141736.
    Identifier,
    /// By its name with other capitals or hyphens.
    Spelling,
    /// By the protein that it encodes.
    Protein,
}

/// The genes that a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// As the sections call them; more than one where a protein name stands for several.
    pub genes: Vec<String>,
    /// How the name led to them.
    pub by: MatchedBy,
}

/// The genes that some sections measured.
#[derive(Debug, Clone, Default)]
pub struct MeasuredGenes {
    /// Place in the project and name of each section, in the order in which they were added.
    sections: Vec<(usize, String)>,
    /// How genes are found in each section, and the index of the name of each of its columns.
    columns: Vec<(GeneIndex, Vec<u32>)>,
    names: Vec<String>,
    /// Index of each name.
    of: HashMap<String, u32>,
    /// The sections that measured each, in ascending order.
    measured_in: Vec<Vec<u32>>,
    /// Names by [`protein_names::folded`].
    spelled: HashMap<String, Vec<u32>>,
    /// Names by identifier, without its version.
    ids: HashMap<String, u32>,
}

impl MeasuredGenes {
    /// The genes of these sections, in the project's order.
    pub fn new<'a>(sections: impl IntoIterator<Item = &'a Section>) -> Self {
        let mut all = Self::default();
        for (place, section) in sections.into_iter().enumerate() {
            all.add(place, section);
        }
        all
    }

    /// Adds a section that stands at `place` in the project.
    pub fn add(&mut self, place: usize, section: &Section) {
        let number = u32::try_from(self.sections.len()).unwrap_or(u32::MAX);
        self.sections.push((place, section.name.clone()));
        let mut columns = Vec::with_capacity(section.genes.len());
        for gene in &section.genes {
            let index = match self.of.get(&gene.name) {
                Some(&index) => index,
                None => {
                    let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
                    self.names.push(gene.name.clone());
                    self.of.insert(gene.name.clone(), index);
                    self.measured_in.push(Vec::new());
                    self.spelled.entry(protein_names::folded(&gene.name)).or_default().push(index);
                    index
                }
            };
            columns.push(index);
            if gene.id != gene.name || is_ensembl_id(&gene.name) {
                self.ids.entry(bare_id(&gene.id)).or_insert(index);
            }
            if let Some(sections) = self.measured_in.get_mut(index as usize)
                && sections.last() != Some(&number)
            {
                sections.push(number);
            }
        }
        self.columns.push((GeneIndex::new(&section.genes), columns));
    }

    /// Whether `name` is the very name of a gene.
    pub fn has_name(&self, name: &str) -> bool {
        self.of.contains_key(name)
    }

    /// How many genes there are, by name.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no gene.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names of all genes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What section `section` calls `gene`, if it measured it.
    fn found_in(&self, gene: &str, section: u32) -> Option<&str> {
        let (index, columns) = self.columns.get(section as usize)?;
        let name = *columns.get(index.find(gene)?)?;
        self.names.get(name as usize).map(String::as_str)
    }

    fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.sections.len()).unwrap_or(u32::MAX)
    }

    /// Whether any section measured `gene`, under its own name or another symbol of it.
    pub fn is_measured(&self, gene: &str) -> bool {
        self.of.contains_key(gene) || self.columns.iter().any(|(i, _)| i.find_as_written(gene).is_some())
    }

    /// Names of the sections that did not measure `gene`, in the project's order.
    pub fn missing_in(&self, gene: &str) -> Vec<String> {
        let mut missing: Vec<&(usize, String)> = self
            .numbers()
            .filter(|&s| self.found_in(gene, s).is_none())
            .filter_map(|s| self.sections.get(s as usize))
            .collect();
        missing.sort_unstable();
        missing.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// The measured genes that `typed` means: the gene of that name, of that former or current symbol, of that
    /// identifier, of that name but for capitals and hyphens, or of the protein of that name.
    pub fn meant(&self, typed: &str) -> Option<Meant> {
        let one = |name: &str, by| Some(Meant { genes: vec![name.to_owned()], by });
        // Quotes may be part of a name.
        let typed = typed.trim();
        if self.of.contains_key(typed) {
            return one(typed, MatchedBy::Symbol);
        }
        let typed = typed.trim_matches(['"', '\'']).trim();
        if typed.is_empty() {
            return None;
        }
        let of_id = self.ids.get(&bare_id(typed)).and_then(|&i| self.names.get(i as usize));
        if let Some(name) = of_id.filter(|_| !self.of.contains_key(typed)) {
            return one(name, MatchedBy::Identifier);
        }
        if self.is_measured(typed) {
            return one(typed, MatchedBy::Symbol);
        }
        if let Some(name) = self.in_other_capitals(typed) {
            return one(&name, MatchedBy::Spelling);
        }
        let mut genes: Vec<String> = Vec::new();
        for symbol in protein_names::symbols(typed) {
            let name = if self.is_measured(&symbol) { Some(symbol) } else { self.in_other_capitals(&symbol) };
            genes.extend(name.filter(|n| !genes.contains(n)));
        }
        if !genes.is_empty() {
            return Some(Meant { genes, by: MatchedBy::Protein });
        }
        self.in_other_hyphens(typed).and_then(|name| one(&name, MatchedBy::Spelling))
    }

    /// The measured gene whose name, or another symbol of it, differs from `typed` in its capitals alone.
    fn in_other_capitals(&self, typed: &str) -> Option<String> {
        let small = typed.to_lowercase();
        let same = self.spelled_like(typed).filter(|n| n.to_lowercase() == small);
        if let Some(name) = self.most_common(same) {
            return Some(name);
        }
        let capitals = typed.to_uppercase();
        (capitals != typed && self.is_measured(&capitals)).then_some(capitals)
    }

    /// The one measured gene whose name differs from `typed` in capitals and punctuation.
    fn in_other_hyphens(&self, typed: &str) -> Option<String> {
        let mut like = self.spelled_like(typed);
        let first = like.next()?;
        like.next().is_none().then(|| first.to_owned())
    }

    fn spelled_like(&self, typed: &str) -> impl Iterator<Item = &str> {
        let indices = self.spelled.get(&protein_names::folded(typed)).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|&i| self.names.get(i as usize)).map(String::as_str)
    }

    fn most_common<'a>(&self, names: impl Iterator<Item = &'a str>) -> Option<String> {
        let sections = |name: &str| {
            self.of.get(name).and_then(|&i| self.measured_in.get(i as usize)).map_or(0, Vec::len)
        };
        names.max_by(|a, b| sections(a).cmp(&sections(b)).then_with(|| b.cmp(a))).map(str::to_owned)
    }

    /// The genes that these names mean, each once; unknown names are kept unchanged.
    pub fn understood(&self, typed: &[String]) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut genes = Vec::with_capacity(typed.len());
        for name in typed {
            let meant = self.meant(name).map_or_else(|| vec![name.trim().to_owned()], |m| m.genes);
            genes.extend(meant.into_iter().filter(|g| !g.is_empty() && seen.insert(g.clone())));
        }
        genes
    }

    /// Which genes of a list every section measured, and why the others cannot be used.
    pub fn choose(&self, list: &[String]) -> GeneChoice {
        let mut choice = GeneChoice::default();
        let (mut seen, mut used) = (HashSet::with_capacity(list.len()), HashSet::with_capacity(list.len()));
        // What each section calls the genes that are used, where that is not their own name.
        let mut taken: BTreeMap<(u32, String), String> = BTreeMap::new();
        for typed in list {
            let genes = match self.meant(typed) {
                Some(meant) => meant.genes,
                None if self.sections.is_empty() => vec![typed.clone()],
                None => {
                    if seen.insert(typed.clone()) {
                        let (gene, why) = (typed.clone(), WhyLeftOut::Unknown);
                        choice.left_out.push(LeftOut { gene, means: None, why });
                    }
                    continue;
                }
            };
            for gene in genes {
                let left_out =
                    |why| LeftOut { gene: typed.clone(), means: (gene != *typed).then(|| gene.clone()), why };
                if !seen.insert(gene.clone()) {
                    if gene != *typed {
                        let why = WhyLeftOut::SameAs(gene);
                        choice.left_out.push(LeftOut { gene: typed.clone(), means: None, why });
                    }
                    continue;
                }
                let missing = self.missing_in(&gene);
                if !missing.is_empty() {
                    choice.left_out.push(left_out(WhyLeftOut::NotMeasured(missing)));
                    continue;
                }
                if let Some(other) = self.same_gene(&gene, &used, &taken) {
                    choice.left_out.push(left_out(WhyLeftOut::SameAs(other)));
                    continue;
                }
                for s in self.numbers() {
                    if let Some(name) = self.found_in(&gene, s).filter(|n| *n != gene) {
                        taken.insert((s, name.to_owned()), gene.clone());
                    }
                }
                if gene != *typed {
                    choice.renamed.push((typed.clone(), gene.clone()));
                }
                used.insert(gene.clone());
                choice.used.push(gene);
            }
        }
        choice
    }

    /// The gene in use that some section measured in the same column as `gene`.
    fn same_gene(
        &self,
        gene: &str,
        used: &HashSet<String>,
        taken: &BTreeMap<(u32, String), String>,
    ) -> Option<String> {
        self.numbers().find_map(|s| {
            let name = self.found_in(gene, s)?;
            let other = taken.get(&(s, name.to_owned())).cloned();
            other.or_else(|| (name != gene && used.contains(name)).then(|| name.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::section::Gene;
    use crate::data::testing::section;

    fn measured(sections: &[(&str, &[&str])]) -> MeasuredGenes {
        let sections: Vec<Section> =
            sections.iter().map(|(name, genes)| section(name, genes, &[&vec![1.0; genes.len()]])).collect();
        MeasuredGenes::new(&sections)
    }

    fn names(genes: &[&str]) -> Vec<String> {
        genes.iter().map(|g| (*g).to_owned()).collect()
    }

    #[test]
    fn a_name_leads_to_the_gene_that_is_meant() {
        let genes = measured(&[
            ("C2", &["ERBB2", "MKI67", "FAM64A", "HLA-DRA", "C1orf112", "CD3D", "CD3E", "BCL2", "TTF1"]),
            ("C3", &["ERBB2", "MKI67", "PIMREG"]),
        ]);
        let meant = |typed: &str| genes.meant(typed).map(|m| (m.genes.join("+"), m.by));
        for (typed, gene, by) in [
            ("ERBB2", "ERBB2", MatchedBy::Symbol),
            (" \"ERBB2\" ", "ERBB2", MatchedBy::Symbol),
            ("erbb2", "ERBB2", MatchedBy::Spelling),
            ("Erbb2", "ERBB2", MatchedBy::Spelling),
            ("HER2", "ERBB2", MatchedBy::Protein),
            ("her-2/neu", "ERBB2", MatchedBy::Protein),
            ("Ki-67", "MKI67", MatchedBy::Protein),
            ("PIMREG", "PIMREG", MatchedBy::Symbol),
            ("fam64a", "FAM64A", MatchedBy::Spelling),
            ("HLA DRA", "HLA-DRA", MatchedBy::Spelling),
            ("C1ORF112", "C1orf112", MatchedBy::Spelling),
            ("CD3", "CD3D+CD3E", MatchedBy::Protein),
            ("TTF1", "TTF1", MatchedBy::Symbol),
        ] {
            assert_eq!(meant(typed), Some((gene.to_owned(), by)), "{typed}");
        }
        for typed in ["", " ", "ESR1", "ER", "NOSUCH"] {
            assert_eq!(meant(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn identifiers_and_other_species_are_found() {
        let mut mouse = section("M1", &["Erbb2", "Esr1"], &[&[1.0, 2.0]]);
        mouse.genes[0] = Gene { name: "Erbb2".into(), id: "ENSMUSG00000062312".into() };
        let genes = MeasuredGenes::new([&mouse]);
        for typed in ["ENSMUSG00000062312", "ensmusg00000062312.12", "ERBB2", "HER2"] {
            assert_eq!(genes.meant(typed).map(|m| m.genes), Some(names(&["Erbb2"])), "{typed}");
        }
        assert_eq!(genes.understood(&names(&["ER", "HER2", "erbb2", "NEW"])), ["Esr1", "Erbb2", "NEW"]);
    }

    #[test]
    fn sections_that_write_genes_in_other_capitals_have_them_too() {
        let genes =
            measured(&[("C2", &["GNAS", "FASN"]), ("lower", &["gnas", "fasn"]), ("M1", &["Gnas", "Scd1"])]);
        let choice = genes.choose(&names(&["GNAS", "gnas", "FASN"]));
        assert_eq!(choice.used, ["GNAS"]);
        assert_eq!(
            choice.left_out_groups(),
            [
                ("Not measured in M1".to_owned(), names(&["FASN"])),
                ("The same gene as GNAS".to_owned(), names(&["gnas"]))
            ]
        );
    }

    #[test]
    fn a_symbol_that_several_genes_share_is_joined_by_identifier() {
        let of = |name: &str, genes: &[(&str, &str)]| {
            let mut section = section(name, &vec!["x"; genes.len()], &[&vec![1.0; genes.len()]]);
            section.genes =
                genes.iter().map(|(name, id)| Gene { name: (*name).into(), id: (*id).into() }).collect();
            section
        };
        let both = of("both", &[("TBCE (E1)", "E1"), ("TBCE (E2)", "E2"), ("GNAS", "E3")]);
        let one = of("one", &[("TBCE", "E2"), ("GNAS", "E3")]);
        let genes = MeasuredGenes::new([&both, &one]);
        let choice = genes.choose(&names(&["GNAS", "TBCE (E1)", "TBCE (E2)"]));
        assert_eq!(choice.used, ["GNAS", "TBCE (E2)"]);
        assert_eq!(choice.left_out_groups(), [("Not measured in one".to_owned(), names(&["TBCE (E1)"]))]);
        // Lists of earlier versions hold the bare symbol.
        assert_eq!(MeasuredGenes::new([&both]).choose(&names(&["TBCE"])).used, ["TBCE"]);
    }

    #[test]
    fn genes_that_a_section_lacks_are_left_out_and_named() {
        let genes =
            measured(&[("C2", &["A", "B", "ERBB2"]), ("C3", &["A", "ERBB2"]), ("C4", &["A", "B", "D"])]);
        let choice = genes.choose(&names(&["B", "A", "X", "D", "HER2", "A", "B"]));
        assert_eq!(choice.used, ["A"]);
        assert_eq!(
            choice.left_out_groups(),
            [
                ("Not measured in C2, C3".to_owned(), names(&["D"])),
                ("Not measured in C3".to_owned(), names(&["B"])),
                ("Not measured in C4".to_owned(), names(&["HER2 (ERBB2)"])),
                ("Not measured in any section".to_owned(), names(&["X"])),
            ]
        );
        assert_eq!(
            choice.notes(),
            ["4 of the 5 genes were not measured in every section. Not measured in C2, C3: D. \
              Not measured in C3: B. Not measured in C4: HER2 (ERBB2). Not measured in any section: X. They are left out."]
        );
    }

    #[test]
    fn two_names_of_one_gene_are_used_once() {
        let genes = measured(&[("C2", &["FAM64A", "ERBB2"]), ("C3", &["PIMREG", "ERBB2"])]);
        let choice = genes.choose(&names(&["PIMREG", "FAM64A", "ERBB2", "HER2", "erbb2"]));
        assert_eq!(choice.used, ["PIMREG", "ERBB2"]);
        assert_eq!(choice.left_out_names(), ["FAM64A", "HER2", "erbb2"]);
        assert_eq!(choice.left_out[0].why, WhyLeftOut::SameAs("PIMREG".into()));
        // Measured apart, they are two genes.
        let apart = measured(&[("C2", &["FAM64A", "PIMREG"])]);
        assert_eq!(apart.choose(&names(&["PIMREG", "FAM64A"])).used, ["PIMREG", "FAM64A"]);
        let mixed = measured(&[("C2", &["FAM64A", "PIMREG"]), ("C3", &["PIMREG"])]);
        assert_eq!(mixed.choose(&names(&["PIMREG", "FAM64A"])).used, ["PIMREG"]);
    }

    #[test]
    fn names_that_were_understood_are_told() {
        let genes = measured(&[("C2", &["ERBB2", "ESR1"])]);
        let choice = genes.choose(&names(&["HER2", "er", "ERBB2"]));
        assert_eq!(choice.used, ["ERBB2", "ESR1"]);
        assert_eq!(choice.notes(), ["Understood HER2 as ERBB2, er as ESR1."]);
        assert!(choice.left_out.is_empty(), "a gene that the list has twice is used once without a word");
    }

    #[test]
    fn without_sections_nothing_is_left_out() {
        let list = names(&["A", "B", "A"]);
        let choice = MeasuredGenes::default().choose(&list);
        assert_eq!((choice.used, choice.left_out.len()), (names(&["A", "B"]), 0));
    }
}
