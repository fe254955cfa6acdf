//! What the Explore page shows.

/// Something the user asked for on the Explore page.
#[derive(Debug, Clone, PartialEq)]
pub enum ExploreCommand {
    /// Show this section.
    SelectSection(String),
    /// Show this gene.
    SelectGene(String),
}
