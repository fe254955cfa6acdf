//! The gene list as text, and edits of panels.

use crate::data::panels::Panel;

/// The genes in a text: names separated by spaces, commas, semicolons or lines, each once.
pub fn parse_genes(text: &str) -> Vec<String> {
    let mut genes: Vec<String> = Vec::new();
    for name in text.split(|c: char| c.is_whitespace() || ",;".contains(c)) {
        let name = name.trim_matches(['"', '\'']);
        if !name.is_empty() && !genes.iter().any(|g| g == name) {
            genes.push(name.to_owned());
        }
    }
    genes
}

/// `genes` with `more` added at the end, each once.
pub fn with_genes(genes: &[String], more: &[String]) -> Vec<String> {
    let mut all = genes.to_vec();
    let mut known: std::collections::HashSet<&str> = genes.iter().map(String::as_str).collect();
    for gene in more {
        if known.insert(gene) {
            all.push(gene.clone());
        }
    }
    all
}

/// The built-in panels and the user's own; one of the user's replaces a built-in one of the same name.
pub fn all_panels<'a>(builtin: &'a [Panel], own: &'a [Panel]) -> Vec<&'a Panel> {
    builtin.iter().filter(|b| !own.iter().any(|o| o.name == b.name)).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_are_read_from_any_text() {
        assert_eq!(parse_genes("GNAS, FASN;SCD\n\n \"HLA-B\" GNAS"), ["GNAS", "FASN", "SCD", "HLA-B"]);
        assert_eq!(with_genes(&["A".into()], &["B".into(), "A".into()]), ["A", "B"]);
    }

    #[test]
    fn own_panels_replace_built_in_ones() {
        let panel = |name: &str, gene: &str| Panel::new(name, "", &[gene.to_owned()]);
        let builtin = [panel("T cells", "CD3E"), panel("B cells", "MS4A1")];
        let own = [panel("T cells", "CD8A")];
        let all = all_panels(&builtin, &own);
        assert_eq!(all.iter().map(|p| p.genes[0].as_str()).collect::<Vec<_>>(), ["MS4A1", "CD8A"]);
    }
}
