//! Gene names as text: what was typed or pasted, and edits of lists.

use std::collections::HashSet;

use crate::data::measured_genes::MeasuredGenes;
use crate::data::panels::GenePanel;
use crate::data::{aliases, protein_names};

/// Whether names are told apart by this character, wherever they come from.
fn separates(c: char) -> bool {
    ",;|\t\r\n\u{3001}\u{FF0C}\u{FF1B}".contains(c)
}

fn bare(name: &str) -> &str {
    let extra =
        |c: char| c.is_whitespace() || "\"'`\u{201C}\u{201D}\u{2018}\u{2019}\u{AB}\u{BB}[](){}".contains(c);
    name.trim_matches(extra)
}

/// The genes in a text: names separated by spaces, commas, semicolons, tabs or lines, each once.
pub fn parse_genes(text: &str) -> Vec<String> {
    split_names(text, |_| false)
}

/// As [`parse_genes`]; a name of several words ("cyclin D1", "ER alpha") that means a gene or a protein stays whole, and
/// so does the very name of a measured gene, whatever it is made of ("HLA-A;HLA-B", "TBCE (ENSG00000285053)").
pub fn typed_genes(text: &str, measured: &MeasuredGenes) -> Vec<String> {
    let is_one = |words: &str| !protein_names::symbols(words).is_empty() || measured.meant(words).is_some();
    split(text, &|name| measured.has_name(name), &is_one)
}

/// The names in a text, each once. Words that nothing but spaces separate stay together where `is_one` says so.
pub fn split_names(text: &str, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    split(text, &|_| false, &is_one)
}

fn split(text: &str, is_name: &dyn Fn(&str) -> bool, is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !name.is_empty() && !names.iter().any(|g| g == name) {
            names.push(name.to_owned());
        }
    };
    for line in text.split(['\n', '\r']).map(str::trim) {
        if is_name(line) {
            add(line);
            continue;
        }
        for part in line.split(separates).map(str::trim) {
            if is_name(part) {
                add(part);
                continue;
            }
            let words: Vec<&str> = part.split_whitespace().collect();
            let mut at = 0;
            while let Some(&word) = words.get(at) {
                // The longest run of words that is one name.
                let most = (words.len() - at).min(MAX_WORDS);
                let run = |n: usize| words[at..at + n].join(" ");
                // Brackets and quotes are part of some names.
                let whole = |n: &usize| is_name(&run(*n)) && (*n > 1 || bare(word) != word);
                if let Some(n) = (1..=most).rev().find(whole) {
                    add(&run(n));
                    at += n;
                    continue;
                }
                let several = (2..=most).rev().find(|&n| is_one(bare(&run(n))));
                match several {
                    Some(n) if !is_one(bare(word)) || !is_one(bare(words[at + n - 1])) => {
                        add(bare(&run(n)));
                        at += n;
                    }
                    _ => {
                        add(bare(word));
                        at += 1;
                    }
                }
            }
        }
    }
    names
}

/// No name of a gene or protein has more words.
const MAX_WORDS: usize = 4;

/// `genes` with `more` added at the end, each once.
pub fn with_genes(genes: &[String], more: &[String]) -> Vec<String> {
    let mut all = genes.to_vec();
    let mut known: HashSet<&str> = genes.iter().map(String::as_str).collect();
    for gene in more {
        if known.insert(gene) {
            all.push(gene.clone());
        }
    }
    all
}

/// The built-in panels and the user's own; one of the user's replaces a built-in one of the same name.
pub fn all_panels<'a>(builtin: &'a [GenePanel], own: &'a [GenePanel]) -> Vec<&'a GenePanel> {
    builtin.iter().filter(|b| !own.iter().any(|o| o.name == b.name)).chain(own).collect()
}

/// How well a gene answers a search, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is the one that is named.
    Exact,
    /// A name of it begins so.
    Begins,
    /// A name of it contains the text.
    Contains,
}

/// One name that is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    typed: String,
    small: String,
    /// Symbols of the protein of that name.
    proteins: Vec<String>,
    /// Whether it is the name of a gene among several that are searched for.
    whole: bool,
}

impl Wanted {
    fn is_protein_of<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        !self.proteins.is_empty()
            && names.any(|name| self.proteins.iter().any(|p| p.eq_ignore_ascii_case(name)))
    }

    fn fit<'a>(&self, small: &str, symbols: impl Iterator<Item = &'a str> + Clone) -> Option<Fit> {
        let other = |test: &dyn Fn(&str) -> bool| symbols.clone().any(|s| test(&s.to_lowercase()));
        if small == self.small
            || other(&|s| s == self.small)
            || self.is_protein_of(std::iter::once(small))
            || self.is_protein_of(symbols.clone())
        {
            return Some(Fit::Exact);
        }
        if small.starts_with(&self.small) || other(&|s| s.starts_with(&self.small)) {
            return Some(Fit::Begins);
        }
        (small.contains(&self.small) || other(&|s| s.contains(&self.small))).then_some(Fit::Contains)
    }
}

/// What a field is searched for: one name or part of it, or several whole names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GeneQuery {
    wanted: Vec<Wanted>,
    /// Names, in small letters, of the genes that are named in full. A pasted list may be long.
    named: HashSet<String>,
}

impl GeneQuery {
    /// Searches for these names, for what proteins of these names are, and for parts of names.
    pub fn new(names: Vec<String>) -> Self {
        let wanted = |typed: String| Wanted {
            small: typed.to_lowercase(),
            proteins: protein_names::symbols(&typed),
            whole: false,
            typed,
        };
        Self { wanted: names.into_iter().map(wanted).collect(), named: HashSet::new() }
    }

    /// What was typed or pasted into a field, where `measured` genes are searched.
    pub fn typed(text: &str, measured: &MeasuredGenes) -> Self {
        let mut query = Self::new(typed_genes(text, measured));
        query.settle(|name| {
            measured.meant(name).map_or_else(Vec::new, |m| m.genes.iter().map(|g| g.to_lowercase()).collect())
        });
        query
    }

    /// Of several names, those that are genes by themselves do not stand for others that contain them. `genes` gives the
    /// names, in small letters, of the genes that a name is of.
    pub fn settle(&mut self, genes: impl Fn(&str) -> Vec<String>) {
        if self.wanted.len() > 1 {
            for wanted in &mut self.wanted {
                let named = genes(&wanted.typed);
                wanted.whole = !named.is_empty();
                if wanted.whole {
                    self.named.insert(wanted.small.clone());
                    self.named.extend(named);
                }
            }
        }
    }

    /// Whether nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Whether several names are searched for.
    pub fn is_list(&self) -> bool {
        self.wanted.len() > 1
    }

    /// How well `gene` answers; everything does while nothing is searched for.
    pub fn fit(&self, gene: &str) -> Option<Fit> {
        let symbols = aliases::former(gene).iter().copied().chain(aliases::current(gene));
        self.fit_names(&gene.to_lowercase(), symbols)
    }

    /// As [`GeneQuery::fit`], of a gene of this name in small letters, with these other symbols.
    pub fn fit_names<'a>(&self, small: &str, symbols: impl Iterator<Item = &'a str> + Clone) -> Option<Fit> {
        if self.wanted.is_empty() {
            return Some(Fit::Exact);
        }
        let is_named = |name: &str| self.named.contains(name);
        if !self.named.is_empty() && (is_named(small) || symbols.clone().any(|s| is_named(&s.to_lowercase())))
        {
            return Some(Fit::Exact);
        }
        let rest = self.wanted.iter().filter(|w| !w.whole);
        let best = rest.filter_map(|w| w.fit(small, symbols.clone())).min();
        // "PR" among several names is a gene that is not here, not the beginning of a few hundred others.
        best.filter(|fit| *fit == Fit::Exact || !self.is_list())
    }

    /// The names that no gene answers; `fit` says how well the best one answers each that is not the name of a gene.
    pub fn unanswered(&self, fit: impl Fn(&Self) -> Option<Fit>) -> Vec<String> {
        let alone = |w: &Wanted| Self { wanted: vec![w.clone()], named: HashSet::new() };
        let is_answered = |w: &Wanted| fit(&alone(w)).is_some_and(|fit| fit == Fit::Exact || !self.is_list());
        let without = self.wanted.iter().filter(|w| !w.whole && !is_answered(w));
        without.map(|w| w.typed.clone()).collect()
    }

    /// The protein name by which a gene of these names was found.
    pub fn protein<'a>(&self, names: impl Iterator<Item = &'a str> + Clone) -> Option<&str> {
        self.wanted.iter().find(|w| w.is_protein_of(names.clone())).map(|w| w.typed.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::section;

    #[test]
    fn names_of_measured_genes_stay_whole_whatever_they_are_made_of() {
        let odd = ["HLA-A;HLA-B", "TBCE (ENSG00000285053)", "IG\"K\"", "GNAS", "HLA A"];
        let section = crate::data::testing::section("S", &odd, &[&[1.0; 5]]);
        let measured = MeasuredGenes::new([&section]);
        assert_eq!(typed_genes(&odd.join("\n"), &measured), odd);
        let typed = typed_genes("TBCE (ENSG00000285053), GNAS HLA A; IG\"K\"", &measured);
        assert_eq!(typed, ["TBCE (ENSG00000285053)", "GNAS", "HLA A", "IG\"K\""]);
    }

    #[test]
    fn genes_are_read_from_any_text() {
        assert_eq!(parse_genes("GNAS, FASN;SCD\n\n \"HLA-B\" GNAS"), ["GNAS", "FASN", "SCD", "HLA-B"]);
        assert_eq!(
            parse_genes("GNAS\tFASN\r\nSCD | HLA-B\u{FF0C}[ESR1]"),
            ["GNAS", "FASN", "SCD", "HLA-B", "ESR1"]
        );
        assert_eq!(with_genes(&["A".into()], &["B".into(), "A".into()]), ["A", "B"]);
    }

    #[test]
    fn names_of_several_words_stay_whole() {
        let section = section("C2", &["HLA-DRA", "ERBB2", "ESR1", "CCND1"], &[&[1.0; 4]]);
        let measured = MeasuredGenes::new([&section]);
        let typed = |text: &str| typed_genes(text, &measured);
        assert_eq!(typed("cyclin D1 ERBB2 HLA DRA"), ["cyclin D1", "ERBB2", "HLA DRA"]);
        assert_eq!(typed("HER2 ER PR"), ["HER2", "ER", "PR"]);
        assert_eq!(typed("ER alpha, PD L1"), ["ER alpha", "PD L1"]);
        assert_eq!(typed("estrogen receptor"), ["estrogen receptor"]);
        assert_eq!(typed("NO SUCH GENE"), ["NO", "SUCH", "GENE"]);
        assert!(typed(" ,; \t").is_empty());
    }

    #[test]
    fn a_search_finds_names_symbols_and_proteins() {
        let section = section("C2", &["ERBB2", "ERBB3", "ESR1", "GNAS", "GNAS-AS1", "FAM64A"], &[&[1.0; 6]]);
        let measured = MeasuredGenes::new([&section]);
        let found = |text: &str| -> Vec<String> {
            let query = GeneQuery::typed(text, &measured);
            measured.names().iter().filter(|g| query.fit(g).is_some()).cloned().collect()
        };
        assert_eq!(found("erbb"), ["ERBB2", "ERBB3"]);
        assert_eq!(found("her2"), ["ERBB2"]);
        assert_eq!(found("pimreg"), ["FAM64A"]);
        assert_eq!(found("gnas"), ["GNAS", "GNAS-AS1"]);
        assert_eq!(found("GNAS; HER2\tESR1"), ["ERBB2", "ESR1", "GNAS"]);
        assert_eq!(found("erbb, GNAS"), ["GNAS"], "of several names each is a whole one");
        assert_eq!(found("").len(), 6);
        let query = GeneQuery::typed("ER", &measured);
        assert_eq!((query.fit("ESR1"), query.fit("ERBB2")), (Some(Fit::Exact), Some(Fit::Begins)));
        assert_eq!(query.protein(["ESR1"].into_iter()), Some("ER"));
        let query = GeneQuery::typed("GNAS, NOSUCH", &measured);
        assert_eq!(query.unanswered(|q| q.fit("GNAS")), ["NOSUCH"]);
        let query = GeneQuery::typed("GNAS, ERB", &measured);
        assert_eq!(query.unanswered(|q| q.fit("ERBB2")), ["ERB"]);
        assert_eq!(GeneQuery::typed("ERB", &measured).unanswered(|q| q.fit("ERBB2")), Vec::<String>::new());
    }

    #[test]
    fn own_panels_replace_built_in_ones() {
        let panel = |name: &str, gene: &str| GenePanel::new(name, "", &[gene.to_owned()]);
        let builtin = [panel("T cells", "CD3E"), panel("B cells", "MS4A1")];
        let own = [panel("T cells", "CD8A")];
        let all = all_panels(&builtin, &own);
        assert_eq!(all.iter().map(|p| p.genes[0].as_str()).collect::<Vec<_>>(), ["MS4A1", "CD8A"]);
    }
}
