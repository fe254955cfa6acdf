//! Genes of a table whose names, and sometimes identifiers, repeat: told apart, and found by what people call them.
//!
//! A symbol that several genes of a table share is no name for any of them. These genes are called "SYMBOL
//! (identifier)", which does not depend on their order nor on the other sections. In a table where the symbol
//! belongs to one gene, that gene keeps it; both are found by either name, see [`GeneIndex::get`].

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::aliases;
use super::section::Gene;

/// Genes of these names and identifiers (empty where there are none), in order. Blanks around them and characters
/// that cannot be printed are dropped. An empty name becomes the identifier and the other way round. From the second
/// on, an identifier that repeats is made unique ("TBCE-1", as scanpy's `var_names_make_unique`); names are left as
/// they are, see [`tell_apart`].
pub fn with_unique_ids(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<Gene> {
    let mut genes: Vec<Gene> = pairs
        .into_iter()
        .map(|(name, id)| (printable(name), printable(id)))
        .map(|(name, id)| match (name.is_empty(), id.is_empty()) {
            (true, _) => Gene::named(id),
            (false, true) => Gene::named(name),
            (false, false) => Gene { name, id },
        })
        .collect();
    make_unique(genes.iter_mut().map(|g| &mut g.id).collect());
    genes
}

/// Without blanks around it; a line break or another control character becomes a blank.
fn printable(mut name: String) -> String {
    if name.contains(char::is_control) {
        name = name.replace(char::is_control, " ");
    }
    let trimmed = name.trim();
    if trimmed.len() == name.len() { name } else { trimmed.to_owned() }
}

/// Gives genes that share a symbol names of their own: "TBCE (ENSG00000285053)" for each of them. A gene whose
/// identifier is its symbol keeps it. Gives the symbols that were shared, sorted.
pub fn tell_apart(genes: &mut [Gene]) -> Vec<String> {
    let mut count: HashMap<&str, usize> = HashMap::with_capacity(genes.len());
    for gene in genes.iter() {
        *count.entry(gene.name.as_str()).or_default() += 1;
    }
    let mut shared: Vec<String> =
        count.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name.to_owned()).collect();
    if shared.is_empty() {
        return shared;
    }
    shared.sort_unstable();
    for gene in genes.iter_mut() {
        if gene.id != gene.name && shared.binary_search(&gene.name).is_ok() {
            gene.name = format!("{} ({})", gene.name, gene.id);
        }
    }
    // A file may call one gene what is made of the symbol and the identifier of another.
    make_unique(genes.iter_mut().map(|g| &mut g.name).collect());
    shared
}

/// What to say of genes that [`tell_apart`] has told apart; `None` where there are none.
pub fn shared_symbols(genes: &[Gene]) -> Option<String> {
    const SHOWN: usize = 5;
    let told = |gene: &'_ Gene| parts(&gene.name).is_some_and(|(_, id)| id == gene.id);
    let example = genes.iter().find(|g| told(g))?;
    let mut shared: Vec<&str> =
        genes.iter().filter(|g| told(g)).filter_map(|g| Some(parts(&g.name)?.0)).collect();
    shared.sort_unstable();
    shared.dedup();
    let some = shared.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = if shared.len() > SHOWN { ", ..." } else { "" };
    let (symbols, belong) = if shared.len() == 1 { ("symbol", "belongs") } else { ("symbols", "belong") };
    Some(format!(
        "{} gene {symbols} {belong} to more than one gene ({some}{more}). All of them are kept, and their names show \
         the identifier, as in {}.",
        shared.len(),
        example.name
    ))
}

/// The symbol and the identifier in a name that [`tell_apart`] made.
fn parts(name: &str) -> Option<(&str, &str)> {
    let (symbol, id) = name.strip_suffix(')')?.rsplit_once(" (")?;
    (!symbol.is_empty() && !id.is_empty()).then_some((symbol, id))
}

/// Whether `name` is the identifier of a gene in Ensembl, of any species: "ENSG00000141736.13".
pub fn is_ensembl_id(name: &str) -> bool {
    const MIN_DIGITS: usize = 9;
    let bare = without_version(name);
    let stem = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let letters = stem.strip_prefix("ENS").and_then(|s| s.strip_suffix('G'));
    letters.is_some_and(|l| l.bytes().all(|b| b.is_ascii_uppercase()))
        && bare.len() >= stem.len() + MIN_DIGITS
}

/// An Ensembl identifier without its version ("ENSG00000141736.13"); any other as it is.
pub fn without_version(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((bare, version))
            if bare.starts_with("ENS")
                && version.bytes().all(|b| b.is_ascii_digit())
                && !version.is_empty() =>
        {
            bare
        }
        _ => id,
    }
}

/// An identifier as it is compared: in capitals, without the version of an Ensembl one.
pub fn bare_id(id: &str) -> String {
    without_version(&id.trim().to_uppercase()).to_owned()
}

/// Finds the genes of a table by what people call them.
#[derive(Debug, Clone, Default)]
pub struct GeneIndex {
    by_name: HashMap<String, u32>,
    /// The first gene of each symbol that several share.
    by_symbol: HashMap<String, u32>,
    /// By identifier, where that is not the name or has a version; without versions.
    by_id: HashMap<String, u32>,
    /// By name in capitals, made when it is first asked for; `None` where several genes differ in capitals alone.
    by_capitals: OnceLock<HashMap<String, Option<u32>>>,
}

impl GeneIndex {
    /// An index of `genes`.
    pub fn new(genes: &[Gene]) -> Self {
        let mut index = Self { by_name: HashMap::with_capacity(genes.len()), ..Self::default() };
        for (i, gene) in (0u32..).zip(genes) {
            index.by_name.entry(gene.name.clone()).or_insert(i);
            let bare = without_version(&gene.name);
            if bare.len() < gene.name.len() {
                index.by_id.entry(bare.to_owned()).or_insert(i);
            }
            if gene.id == gene.name {
                continue;
            }
            index.by_id.entry(without_version(&gene.id).to_owned()).or_insert(i);
            if let Some((symbol, id)) = parts(&gene.name)
                && id == gene.id
            {
                index.by_symbol.entry(symbol.to_owned()).or_insert(i);
            }
        }
        index
    }

    /// The place of the gene called `name`: by its name; "SYMBOL (identifier)" by the identifier; a symbol that several
    /// genes share by the first of them; an identifier, with or without its version. `None` where that finds nothing.
    pub fn get(&self, name: &str) -> Option<usize> {
        let exact = || self.by_name.get(name);
        let told_apart = || {
            let (symbol, id) = parts(name)?;
            let found = self.by_id.get(without_version(id));
            // A table without identifiers still knows the gene by its symbol, unless several have it.
            found.or_else(|| self.by_name.get(symbol).filter(|_| self.by_id.is_empty()))
        };
        let first = || self.by_symbol.get(name);
        let by_id = || self.by_id.get(without_version(name));
        exact().or_else(told_apart).or_else(first).or_else(by_id).map(|&i| i as usize)
    }

    /// As [`GeneIndex::get`], also by the name in other capitals where that is the name of one gene alone.
    pub fn get_in_any_case(&self, name: &str) -> Option<usize> {
        let by_capitals = || {
            let made = || {
                let mut all: HashMap<String, Option<u32>> = HashMap::with_capacity(self.by_name.len());
                for (name, &i) in &self.by_name {
                    all.entry(name.to_uppercase()).and_modify(|known| *known = None).or_insert(Some(i));
                }
                all
            };
            self.by_capitals.get_or_init(made).get(&name.to_uppercase()).copied().flatten()
        };
        self.get(name).or_else(|| by_capitals().map(|i| i as usize))
    }

    /// As [`GeneIndex::get`], also by a former or the current symbol of the gene (see [`aliases`]), or by its name in
    /// other capitals.
    pub fn find(&self, gene: &str) -> Option<usize> {
        self.find_as_written(gene).or_else(|| self.get_in_any_case(gene))
    }

    /// As [`GeneIndex::find`], with the capitals of `gene` alone.
    pub fn find_as_written(&self, gene: &str) -> Option<usize> {
        self.get(self.name_of(gene)?)
    }

    /// What finds `gene` in [`GeneIndex::get`]: its own name, or another symbol of it.
    pub fn name_of<'a>(&self, gene: &'a str) -> Option<&'a str> {
        aliases::found_as(gene, |name| self.get(name).is_some())
    }

    /// Whether `symbol` stands for several genes, so that [`GeneIndex::get`] gives the first of them.
    pub fn is_shared(&self, symbol: &str) -> bool {
        self.by_symbol.contains_key(symbol)
    }

    /// Whether `name` is the very name of a gene.
    pub fn has_name(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}

/// Makes names unique: from the second on, one that repeats gets a number ("TBCE-1", as scanpy does for
/// `var_names` and `obs_names`). Says how many were changed.
pub fn make_unique(names: Vec<&mut String>) -> usize {
    let all: HashSet<String> = names.iter().map(|n| (*n).clone()).collect();
    if all.len() == names.len() {
        return 0;
    }
    let mut changed = 0;
    let mut used: HashSet<String> = HashSet::with_capacity(names.len());
    let mut next: HashMap<String, usize> = HashMap::new();
    for name in names {
        if used.contains(name) {
            let number = next.entry(name.clone()).or_insert(0);
            let unique = loop {
                *number += 1;
                let candidate = format!("{name}-{number}");
                if !all.contains(&candidate) && !used.contains(&candidate) {
                    break candidate;
                }
            };
            *name = unique;
            changed += 1;
        }
        used.insert(name.clone());
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_become_unique_and_names_stay() {
        let pair = |name: &str, id: &str| (name.to_owned(), id.to_owned());
        let pairs = [
            pair("TBCE", "E1"),
            pair("TBCE", "E2"),
            pair("X", ""),
            pair("X", ""),
            pair("X", "X-1"),
            pair("", "E3"),
        ];
        let genes = with_unique_ids(pairs);
        let ids: Vec<&str> = genes.iter().map(|g| g.id.as_str()).collect();
        assert_eq!(ids, ["E1", "E2", "X", "X-2", "X-1", "E3"]);
        let names: Vec<&str> = genes.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["TBCE", "TBCE", "X", "X", "X", "E3"]);
    }

    fn genes(pairs: &[(&str, &str)]) -> Vec<Gene> {
        with_unique_ids(pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())))
    }

    #[test]
    fn genes_of_one_symbol_are_told_apart_in_any_order() {
        let mut one = genes(&[("TBCE", "E2"), ("GNAS", "E3"), ("TBCE", "E1")]);
        assert_eq!(shared_symbols(&one), None);
        assert_eq!(tell_apart(&mut one), ["TBCE"]);
        let said = shared_symbols(&one).unwrap();
        assert!(said.starts_with("1 gene symbol belongs to more than one gene (TBCE)."), "{said}");
        let mut other = genes(&[("TBCE", "E1"), ("TBCE", "E2"), ("GNAS", "E3")]);
        tell_apart(&mut other);
        let names = |genes: &[Gene]| {
            let mut names: Vec<String> = genes.iter().map(|g| g.name.clone()).collect();
            names.sort();
            names
        };
        assert_eq!(names(&one), ["GNAS", "TBCE (E1)", "TBCE (E2)"]);
        assert_eq!(names(&one), names(&other));
        // Without identifiers only the order is left.
        let mut nameless = genes(&[("A", ""), ("B", ""), ("A", "")]);
        assert_eq!(tell_apart(&mut nameless), ["A"]);
        assert_eq!(names(&nameless), ["A", "A (A-1)", "B"]);
        assert!(tell_apart(&mut genes(&[("A", "E1"), ("B", "E1")])).is_empty(), "names differ");
    }

    #[test]
    fn one_gene_is_found_in_every_table() {
        let mut both = genes(&[("TBCE", "ENSG2"), ("TBCE", "ENSG1.4"), ("PIMREG", "ENSG3")]);
        tell_apart(&mut both);
        let (both, one, legacy) = (
            GeneIndex::new(&both),
            GeneIndex::new(&genes(&[("FAM64A", "ENSG3"), ("TBCE", "ENSG1.7")])),
            GeneIndex::new(&genes(&[("FAM64A", ""), ("TBCE", "")])),
        );
        for (name, expected) in [
            ("TBCE (ENSG1.4)", [Some(1), Some(1), Some(1)]),
            ("TBCE (ENSG2)", [Some(0), None, Some(1)]),
            // Lists of earlier versions hold the bare symbol, which meant the first.
            ("TBCE", [Some(0), Some(1), Some(1)]),
            ("ENSG1.4", [Some(1), Some(1), None]),
            ("X", [None; 3]),
        ] {
            assert_eq!([&both, &one, &legacy].map(|t| t.get(name)), expected, "{name}");
        }
        assert_eq!((both.find("FAM64A"), one.find("PIMREG")), (Some(2), Some(0)));
        assert_eq!((one.name_of("PIMREG"), one.get("PIMREG")), (Some("FAM64A"), None));
        assert!(both.is_shared("TBCE") && !one.is_shared("TBCE"));
        let ensembl = GeneIndex::new(&genes(&[("ERBB2", "ENSG00000141736")]));
        assert_eq!(ensembl.get("ENSG00000141736.13"), Some(0));
        assert_eq!(GeneIndex::new(&genes(&[("ERBB2", "ENSG00000141736.9")])).get("ENSG00000141736"), Some(0));
        let nameless = GeneIndex::new(&genes(&[("GNAS", ""), ("ENSG00000141736.9", "")]));
        for name in ["ENSG00000141736", "ENSG00000141736.9", "ENSG00000141736.13"] {
            assert_eq!(nameless.get(name), Some(1), "{name}");
        }
    }

    #[test]
    fn capitals_matter_where_genes_differ_in_nothing_else() {
        let mouse = GeneIndex::new(&genes(&[("Gnas", ""), ("Erbb2", ""), ("B2m", ""), ("B2M", "")]));
        let found = |name: &str| (mouse.find(name), mouse.find_as_written(name));
        assert_eq!(found("GNAS"), (Some(0), None));
        assert_eq!(found("Gnas"), (Some(0), Some(0)));
        assert_eq!((found("B2M").0, found("B2m").0, found("b2m").0), (Some(3), Some(2), None));
        assert_eq!(found("FASN").0, None);
    }

    #[test]
    fn identifiers_of_ensembl_are_known() {
        for id in ["ENSG00000141736", "ENSG00000141736.13", "ENSMUSG00000062312", "ENSDARG00000002509.2"] {
            assert!(is_ensembl_id(id), "{id}");
        }
        for name in
            ["ENSA", "ENSG", "GNAS", "ENSG1", "ENST00000269571", "", "ensg00000141736", "ENSG00000141736.x"]
        {
            assert!(!is_ensembl_id(name), "{name}");
        }
    }

    #[test]
    fn names_can_be_printed_on_one_line() {
        let all = genes(&[(" GNAS ", "E1"), ("A\nB", "\tE2"), ("HLA A", ""), ("\u{3b1}-SMA", "")]);
        let names: Vec<&str> = all.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["GNAS", "A B", "HLA A", "\u{3b1}-SMA"]);
        assert_eq!(all[1].id, "E2");
    }
}
