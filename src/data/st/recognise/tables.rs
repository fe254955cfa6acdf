//! Tables beside a sample that label its spots.

use std::path::PathBuf;

use super::super::labels::{LabelTable, look_at};
use super::super::names::file_name;
use super::super::source::SampleKind;
use super::Sample;
use super::visium::Belongs;
use super::walk::Listing;

/// Words in names of tables that hold labels, the surest first.
const WORDS: [&str; 9] =
    ["label", "annot", "patholog", "truth", "layer", "region", "metadata", "cluster", "graph-based"];
/// Tables of Space Ranger that begin with barcodes and are no labels.
const NONE: [&str; 7] = [
    "barcode_fluorescence_intensity",
    "spatial_enrichment",
    "metrics_summary",
    "probe_set",
    "barcode_mappings",
    "barcodes",
    "features",
];
/// So many tables beside a sample are looked into.
const MOST_TABLES: usize = 100;

/// Finds the labels of a sample, and the patient where they say it.
pub(super) fn fill(sample: &mut Sample, belongs: &Belongs, listing: &Listing, ignored: &mut Vec<String>) {
    let candidates = listing.files.iter().filter(|f| {
        f.is_table() && !f.used && !NONE.iter().any(|n| f.lower.contains(n)) && belongs.has(&f.path)
    });
    let mut found: Vec<(usize, PathBuf, LabelTable)> = candidates
        .take(MOST_TABLES)
        .filter_map(|f| {
            let rank = WORDS.iter().position(|w| f.lower.contains(w)).unwrap_or(WORDS.len());
            Some((rank, f.path.clone(), look_at(&f.path).filter(|t| fits(sample, t))?))
        })
        .collect();
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut found = found.into_iter();
    if let Some((_, path, table)) = found.next() {
        if sample.patient.is_none() {
            sample.patient = table.patient;
        }
        sample.labels = Some(path);
    }
    for (_, path, _) in found {
        ignored.push(format!("{} (other labels can be chosen)", file_name(&path)));
    }
}

/// Whether the barcodes of a table can be those of a sample: bins name their size.
fn fits(sample: &Sample, table: &LabelTable) -> bool {
    let Some(barcode) = &table.barcode else { return false };
    match sample.kind {
        SampleKind::VisiumHd { bin_um } => barcode.contains(&format!("_{bin_um:03}um_")),
        _ => !barcode.contains("um_"),
    }
}
