//! Former symbols of genes: older tables call PIMREG "FAM64A".

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The built-in table, both ways.
#[derive(Debug, Default)]
struct Symbols {
    former: BTreeMap<&'static str, Vec<&'static str>>,
    current: BTreeMap<&'static str, &'static str>,
}

static SYMBOLS: LazyLock<Symbols> = LazyLock::new(|| {
    let mut symbols = Symbols::default();
    let lines = include_str!("../../../assets/former_symbols.tsv").lines();
    for (current, former) in lines.filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')) {
        for name in former.split(' ') {
            symbols.former.entry(current).or_default().push(name);
            symbols.current.insert(name, current);
        }
    }
    symbols
});

/// The symbols that the gene now called `symbol` had before.
pub fn former(symbol: &str) -> &'static [&'static str] {
    SYMBOLS.former.get(symbol).map_or(&[], Vec::as_slice)
}

/// What the gene that was called `symbol` is called now.
pub fn current(symbol: &str) -> Option<&'static str> {
    SYMBOLS.current.get(symbol).copied()
}

/// What `gene` is called in a table whose names `is_there` knows: by its own name where that is there, else by the
/// one other name, former or current, that is.
pub fn found_as(gene: &str, is_there: impl Fn(&str) -> bool) -> Option<&str> {
    if is_there(gene) {
        return Some(gene);
    }
    if let Some(current) = current(gene) {
        return Some(current).filter(|c| is_there(c));
    }
    let mut there = former(gene).iter().copied().filter(|f| is_there(f));
    // Of two columns it is not known which is meant.
    there.next().filter(|_| there.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::panels::builtin;

    #[test]
    fn only_genes_of_the_panels_have_former_names_and_none_is_anothers() {
        let genes: Vec<String> = builtin().into_iter().flat_map(|p| p.genes).collect();
        assert_eq!((SYMBOLS.former.len(), SYMBOLS.current.len()), (83, 85));
        for (gene, former) in &SYMBOLS.former {
            assert!(genes.iter().any(|g| g == gene), "{gene} is in no panel");
            for name in former {
                assert!(!genes.iter().any(|g| g == name), "{name} is a gene of its own");
                assert_eq!(current(name), Some(*gene), "{name} was the name of two genes");
            }
        }
    }

    #[test]
    fn a_gene_is_found_by_its_name_then_by_another() {
        let among = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        assert_eq!(found_as("PIMREG", among(&["FAM64A"])), Some("FAM64A"));
        assert_eq!(found_as("FAM64A", among(&["PIMREG"])), Some("PIMREG"));
        assert_eq!(found_as("PIMREG", among(&["FAM64A", "PIMREG"])), Some("PIMREG"));
        assert_eq!(found_as("FAM64A", among(&["FAM64A", "PIMREG"])), Some("FAM64A"));
        assert_eq!(found_as("TIGIT", among(&["VSIG9", "VSTM3"])), None, "either could be it");
        assert_eq!(found_as("MUM1", among(&["IRF4"])), None, "it was the name of two genes");
        assert_eq!(found_as("GNAS", among(&["FASN"])), None);
    }
}
