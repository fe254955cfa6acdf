//! The genes of the demo: real names, grouped by the cells that express them, with made-up strengths.

use rand_distr::{Distribution, LogNormal};

use super::cells::TYPES;
use crate::core::rng;

/// Genes that go together.
struct Group {
    /// Relative expression in tumour cells, gland cells, fibroblasts, B cells, T cells, endothelium, fat cells
    /// and macrophages.
    by_type: [f32; TYPES],
    /// Median counts in a spot full of the cells that express it.
    level: f32,
    names: &'static [&'static str],
}

const GROUPS: [Group; 14] = [
    // Tumour
    Group {
        by_type: [1.0, 0.15, 0.02, 0.02, 0.02, 0.02, 0.02, 0.04],
        level: 16.0,
        names: &[
            "ESR1", "PGR", "GATA3", "FOXA1", "FASN", "GNAS", "SCD", "KRT81", "CLDN4", "ITGB6", "MUCL1",
            "CRISP3", "AZGP1", "S100A9", "TFAP2B", "AGR2", "XBP1", "SLC39A6", "TFF3", "MGST1", "CEACAM6",
            "LCN2", "TSPAN1", "PIP", "SPDEF", "ESRP1",
        ],
    },
    // The amplified region of chromosome 17, scaled by patient
    Group {
        by_type: [1.0, 0.12, 0.03, 0.02, 0.02, 0.03, 0.02, 0.03],
        level: 18.0,
        names: &["ERBB2", "GRB7", "MIEN1", "STARD3", "PGAP3", "ORMDL3", "PSMD3"],
    },
    // Epithelium of both kinds
    Group {
        by_type: [0.85, 1.0, 0.02, 0.01, 0.01, 0.02, 0.01, 0.03],
        level: 14.0,
        names: &["KRT19", "EPCAM", "KRT8", "KRT18", "CDH1", "KRT7", "ELF3", "CLDN3", "MUC1", "CD24", "DSP"],
    },
    // Normal glands
    Group {
        by_type: [0.07, 1.0, 0.03, 0.02, 0.02, 0.03, 0.02, 0.03],
        level: 14.0,
        names: &[
            "KRT14", "KRT5", "KRT17", "MYLK", "OXTR", "KRT15", "SFN", "LTF", "PIGR", "KIT", "ELF5", "PROM1",
            "SLPI", "SCGB2A2", "WFDC2",
        ],
    },
    // Stroma
    Group {
        by_type: [0.03, 0.05, 1.0, 0.03, 0.03, 0.3, 0.06, 0.08],
        level: 26.0,
        names: &[
            "COL1A1", "COL1A2", "COL3A1", "FN1", "SPARC", "DCN", "LUM", "POSTN", "FAP", "COL6A3", "COL5A1",
            "BGN", "THBS2", "MMP2", "PDGFRB", "FBLN1", "SFRP2", "ASPN", "CTHRC1", "MGP", "AEBP1", "VCAN",
            "TAGLN", "ACTA2", "IGFBP7",
        ],
    },
    // B and plasma cells
    Group {
        by_type: [0.02, 0.02, 0.03, 1.0, 0.06, 0.02, 0.02, 0.06],
        level: 7.0,
        names: &[
            "MS4A1",
            "CD79A",
            "CD79B",
            "CD19",
            "CR2",
            "BANK1",
            "TNFRSF13C",
            "JCHAIN",
            "TNFRSF17",
            "SDC1",
            "MZB1",
            "IGKC",
            "IGHG1",
            "IGHM",
            "IGLC2",
            "DERL3",
            "CXCL13",
        ],
    },
    // T cells
    Group {
        by_type: [0.02, 0.02, 0.03, 0.07, 1.0, 0.02, 0.02, 0.05],
        level: 4.5,
        names: &[
            "CD3D", "CD3E", "CD3G", "CD8A", "CD8B", "CD4", "CD2", "CD5", "IL7R", "TRAC", "TRBC1", "GZMK",
            "GZMB", "PRF1", "NKG7", "FOXP3", "PDCD1", "GZMA", "CCL5", "LCK", "CD27",
        ],
    },
    // Lymphocytes and antigen presentation
    Group {
        by_type: [0.08, 0.05, 0.06, 0.9, 0.8, 0.1, 0.04, 1.0],
        level: 11.0,
        names: &[
            "PTPRC", "CD74", "HLA-DRA", "HLA-DPB1", "CXCR4", "CD52", "CORO1A", "LTB", "SELL", "CCR7",
            "CCL19", "CCL21", "RAC2",
        ],
    },
    // Macrophages
    Group {
        by_type: [0.03, 0.02, 0.04, 0.05, 0.03, 0.03, 0.05, 1.0],
        level: 12.0,
        names: &["CD68", "CD14", "CD163", "C1QA", "C1QB", "LYZ", "AIF1", "TYROBP", "FCER1G", "SPP1"],
    },
    // Vessels
    Group {
        by_type: [0.02, 0.02, 0.06, 0.02, 0.02, 1.0, 0.06, 0.03],
        level: 12.0,
        names: &["PECAM1", "VWF", "CDH5", "CLDN5", "EGFL7", "PLVAP", "ENG", "RAMP2", "AQP1"],
    },
    // Fat
    Group {
        by_type: [0.03, 0.02, 0.03, 0.02, 0.02, 0.04, 1.0, 0.06],
        level: 34.0,
        names: &["ADIPOQ", "PLIN1", "FABP4", "LPL", "CFD", "PLIN4", "CIDEC", "LEP", "G0S2", "CD36"],
    },
    // Dividing cells
    Group {
        by_type: [0.9, 0.05, 0.03, 0.45, 0.05, 0.04, 0.01, 0.04],
        level: 3.0,
        names: &["MKI67", "TOP2A", "PCNA", "CCNB1", "CDK1", "TYMS", "STMN1", "UBE2C", "AURKA", "MCM2"],
    },
    // Everywhere
    Group {
        by_type: [1.1, 1.0, 0.95, 0.9, 0.9, 1.0, 0.7, 1.0],
        level: 22.0,
        names: &[
            "ACTB", "GAPDH", "B2M", "EEF1A1", "TPT1", "RPLP0", "RPL13", "RPS18", "UBC", "PPIA", "TMSB4X",
            "FTL", "MYL12B", "CALM2", "HSP90AB1", "YWHAZ", "CHMP2A", "RAB7A",
        ],
    },
    // Nothing that a picture could show: stress of handling, spilt blood, chance
    Group { by_type: [1.0; TYPES], level: 8.0, names: NOISE },
];

/// Genes that follow nothing.
pub(super) const NOISE: &[&str] = &[
    "FOS",
    "JUN",
    "EGR1",
    "HSPA1A",
    "HSPA1B",
    "DNAJB1",
    "ATF3",
    "DUSP1",
    "IER2",
    "ZFP36",
    "HBB",
    "HBA1",
    "HBA2",
    "XIST",
    "MALAT1",
    "NEAT1",
    "RN7SK",
    "RN7SL2",
    "HIST1H4C",
    "MTRNR2L12",
    "TXNIP",
    "BTG2",
    "NR4A1",
    "SOCS3",
];

/// Genes whose expression is scaled by the patient's amplification.
pub(super) const AMPLIFIED: &[&str] = &["ERBB2", "GRB7", "MIEN1", "STARD3", "PGAP3", "ORMDL3", "PSMD3"];

/// A gene with its made-up strength.
#[derive(Debug, Clone)]
pub(super) struct DemoGene {
    pub(super) name: &'static str,
    /// Counts it gives in a spot of average depth that is full of one kind of cell.
    pub(super) by_type: [f32; TYPES],
    pub(super) is_noise: bool,
    pub(super) is_amplified: bool,
}

/// All genes, by name.
pub(super) fn all(seed: u64) -> Vec<DemoGene> {
    let mut rng = rng::stream(seed, "demo genes", 0);
    let mut genes: Vec<DemoGene> = Vec::new();
    for group in &GROUPS {
        for name in group.names {
            // Strengths within a group spread over an order of magnitude, as they do in tissue.
            let spread = LogNormal::new(0.0f32, 0.75).map_or(1.0, |d| d.sample(&mut rng)).clamp(0.2, 6.0);
            // Immunoglobulins are by far the strongest genes of plasma cells.
            let strong = if matches!(*name, "IGKC" | "IGHG1") { 8.0 } else { 1.0 };
            genes.push(DemoGene {
                name,
                by_type: group.by_type.map(|t| t * group.level * spread * strong),
                is_noise: NOISE.contains(name),
                is_amplified: AMPLIFIED.contains(name),
            });
        }
    }
    genes.sort_by_key(|g| g.name);
    genes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_genes_each_once() {
        let genes = all(1);
        assert!((190..=230).contains(&genes.len()), "{}", genes.len());
        assert!(genes.is_sorted_by(|a, b| a.name < b.name), "a gene is there twice");
        assert!(genes.iter().filter(|g| g.is_amplified).count() == AMPLIFIED.len());
        assert!(genes.iter().all(|g| g.by_type.iter().all(|v| v.is_finite() && *v > 0.0)));
    }
}
