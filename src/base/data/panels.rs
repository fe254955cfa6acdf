//! Gene panels: short lists of genes that belong together, with the publication they come from.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Genes that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GenePanel {
    /// "T cells".
    pub name: String,
    /// What the panel is for, and which genes stand for what.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The publications the genes are from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Symbols, each once.
    pub genes: Vec<String>,
}

impl GenePanel {
    /// A panel of the user's own; names that repeat, and blanks around names, are dropped.
    pub fn new(name: impl Into<String>, source: impl Into<String>, genes: &[String]) -> Self {
        let mut unique: Vec<String> = Vec::with_capacity(genes.len());
        for gene in genes.iter().map(|g| g.trim()).filter(|g| !g.is_empty()) {
            if !unique.iter().any(|g| g == gene) {
                unique.push(gene.to_owned());
            }
        }
        Self { name: name.into(), description: String::new(), source: source.into(), genes: unique }
    }
}

/// What follows the name of a panel where its score stands among genes.
const SCORE: &str = " (score)";

/// What the score of a panel is called among genes: "T cells (score)".
pub fn score_name(panel: &str) -> String {
    format!("{panel}{SCORE}")
}

/// The panel whose score is called so among genes; `None` for the name of a gene.
pub fn panel_of_score(name: &str) -> Option<&str> {
    name.strip_suffix(SCORE)
}

/// The panels that come with the program. To edit one, the user takes a copy into the project.
pub fn builtin() -> Vec<GenePanel> {
    #[expect(clippy::expect_used, reason = "the text is compiled in, and a test parses it")]
    static PANELS: LazyLock<Vec<GenePanel>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../../assets/panels.json"))
            .expect("the built-in panels are valid")
    });
    PANELS.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_promised_panels_are_there_with_their_sources() {
        let panels = builtin();
        let names: Vec<&str> = panels.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Breast cancer",
                "Squamous cell carcinoma",
                "T cells",
                "B cells and plasma cells",
                "Myeloid cells",
                "Tertiary lymphoid structure",
                "Stroma and vessels",
                "Cell cycle",
                "Housekeeping",
            ]
        );
        for panel in &panels {
            assert!(!panel.source.is_empty() && !panel.description.is_empty(), "{}", panel.name);
            assert!(panel.genes.len() >= 8, "{}", panel.name);
            let unique: HashSet<&String> = panel.genes.iter().collect();
            assert_eq!(unique.len(), panel.genes.len(), "{} names a gene twice", panel.name);
            let plain = |g: &String| g.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
            assert!(panel.genes.iter().all(plain), "{}", panel.name);
        }
    }

    #[test]
    fn markers_missing_from_the_published_list_are_there() {
        let of = |name: &str| builtin().into_iter().find(|p| p.name == name).unwrap().genes;
        for gene in ["ERBB2", "GRB7", "KRT19", "ESR1", "PGR", "MKI67", "GNAS", "FASN"] {
            assert!(of("Breast cancer").iter().any(|g| g == gene), "{gene}");
        }
        assert!(of("B cells and plasma cells").contains(&"MS4A1".to_owned()));
        assert!(of("T cells").contains(&"CD8A".to_owned()));
        // Tirosh et al. list 43 genes of S phase and 54 of G2 and M.
        assert_eq!(of("Cell cycle").len(), 97);
    }

    #[test]
    fn own_panels_hold_each_gene_once() {
        let genes = ["A ", "B", "A", ""].map(str::to_owned);
        assert_eq!(GenePanel::new("Mine", "", &genes).genes, ["A", "B"]);
    }
}
