//! What was counted: genes, antibodies, guides.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use crate::core::text::counted;
use crate::data::section::CountTable;
use crate::data::st::ReadError;
use crate::data::st::names::quoted;

/// What kind of molecule a feature is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeatureKind {
    /// "Gene Expression".
    Gene,
    /// "Antibody Capture", isotype controls among them.
    Antibody,
    /// Anything else by its name: "CRISPR Guide Capture", "Multiplexing Capture", "Custom".
    Other(String),
}

impl FeatureKind {
    /// The kind of this name; empty as in matrices of version 2, which hold nothing but genes.
    pub fn named(name: &str) -> Self {
        match name.trim() {
            "" | "Gene Expression" => Self::Gene,
            "Antibody Capture" => Self::Antibody,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for FeatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gene => "Gene Expression",
            Self::Antibody => "Antibody Capture",
            Self::Other(name) => name,
        })
    }
}

/// A matrix with what its columns are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureMatrix {
    /// Counts, spots x features; the features as genes.
    pub table: CountTable,
    /// What kind each column is.
    pub kinds: Vec<FeatureKind>,
    /// The genome of each column; empty where none is named.
    pub genomes: Vec<String>,
}

/// Features that were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFeatures {
    /// Their kind.
    pub kind: FeatureKind,
    /// How many.
    pub features: usize,
}

impl fmt::Display for SkippedFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", counted(self.features, "feature"), self.kind)
    }
}

impl FeatureMatrix {
    /// Keeps the genes and says what it left out, by kind.
    #[must_use]
    pub fn keep_genes(&mut self) -> Vec<SkippedFeatures> {
        let keep: Vec<bool> = self.kinds.iter().map(|k| *k == FeatureKind::Gene).collect();
        let mut left: BTreeMap<FeatureKind, usize> = BTreeMap::new();
        for kind in self.kinds.iter().filter(|k| **k != FeatureKind::Gene) {
            *left.entry(kind.clone()).or_default() += 1;
        }
        if !left.is_empty() {
            self.table.counts.keep_cols(&keep);
            retain(&mut self.table.genes, &keep);
            retain(&mut self.kinds, &keep);
            retain(&mut self.genomes, &keep);
        }
        left.into_iter().map(|(kind, features)| SkippedFeatures { kind, features }).collect()
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut kept = keep.iter().copied();
    values.retain(|_| kept.next().unwrap_or(false));
}

/// Barcodes are there and differ.
pub(super) fn check_barcodes(path: &Path, barcodes: &[String]) -> Result<(), ReadError> {
    let mut seen = HashSet::with_capacity(barcodes.len());
    for (at, barcode) in barcodes.iter().enumerate() {
        if barcode.is_empty() {
            return Err(ReadError::malformed(path, format!("barcode {} is empty", at + 1)));
        }
        if !seen.insert(barcode.as_str()) {
            return Err(ReadError::malformed(path, format!("barcode {} occurs twice", quoted(barcode))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::matrix::Csr;
    use crate::data::section::Gene;

    #[test]
    fn genes_are_kept_and_the_rest_is_counted() {
        let kinds = ["Gene Expression", "Antibody Capture", "CRISPR Guide Capture", "Antibody Capture", ""];
        let mut m = FeatureMatrix {
            table: CountTable {
                spots: vec!["A-1".into()],
                genes: ["G1", "CD3", "guide", "mouse_IgG2a", "G2"].map(Gene::named).to_vec(),
                counts: Csr::from_parts(5, vec![0, 5], vec![0, 1, 2, 3, 4], vec![1.0, 2.0, 3.0, 4.0, 5.0])
                    .unwrap(),
            },
            kinds: kinds.map(FeatureKind::named).to_vec(),
            genomes: vec![String::new(); 5],
        };
        let left: Vec<String> = m.keep_genes().iter().map(SkippedFeatures::to_string).collect();
        assert_eq!(left, ["2 features (Antibody Capture)", "1 feature (CRISPR Guide Capture)"]);
        assert_eq!(m.table.genes, ["G1", "G2"].map(Gene::named));
        assert_eq!((m.table.counts.cols(), m.table.counts.sum(), m.genomes.len()), (2, 6.0, 2));
        assert!(m.keep_genes().is_empty());
    }
}
