//! Tables beside a sample that label its spots.

use std::path::{Path, PathBuf};

use super::super::labels::{LabelTable, look_at};
use super::super::names::file_name;
use super::super::source::SampleKind;
use super::Sample;
use super::ignored::Ignored;
use super::visium::{Belongs, has_word};
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
const MAX_TABLES: usize = 100;

/// Finds the labels of a sample, and the patient where they say it.
pub(super) fn fill(sample: &mut Sample, belongs: &Belongs, listing: &Listing, ignored: &mut Vec<Ignored>) {
    let candidates = listing.files.iter().filter(|f| {
        f.is_table() && !f.used && !NONE.iter().any(|n| f.lower.contains(n)) && belongs.has(&f.path)
    });
    // Regions that a pathologist has drawn come before clusters of a program.
    const REGIONS: usize = 1;
    let regions = listing.regions().iter().filter(|path| belongs.has(path));
    let regions = regions.map(|path| (REGIONS, path.clone(), LabelTable { barcode: None, patient: None }));
    let mut found: Vec<(usize, PathBuf, LabelTable)> = candidates
        .take(MAX_TABLES)
        .filter_map(|f| {
            let rank = WORDS.iter().position(|w| f.lower.contains(w)).unwrap_or(WORDS.len());
            Some((rank, f.path.clone(), look_at(&f.path).filter(|t| fits(sample, t))?))
        })
        .collect();
    found.extend(regions);
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut found = found.into_iter();
    if let Some((_, path, table)) = found.next() {
        if sample.patient.is_none() {
            sample.patient = table.patient;
        }
        sample.labels = Some(path);
    }
    for (_, path, _) in found {
        ignored.push(Ignored::file(&path, "other labels can be chosen"));
    }
}

/// Gives samples that have no labels yet the regions that were drawn on their slide: those of the same folder that bear
/// their name, or the only ones in it.
pub(super) fn regions_beside(listing: &Listing, samples: &mut [Sample]) {
    let claimed: Vec<PathBuf> = samples.iter().filter_map(|s| s.labels.clone()).collect();
    let geojson: Vec<&PathBuf> = listing.regions().iter().filter(|path| !claimed.contains(path)).collect();
    if geojson.is_empty() {
        return;
    }
    let folders_of = |sample: &Sample| -> Vec<PathBuf> {
        let images = sample.images.iter().map(|i| i.path.as_path());
        let all = std::iter::once(sample.source.counts()).chain(images);
        all.filter_map(|p| p.parent().map(Path::to_path_buf)).collect()
    };
    let folders: Vec<Vec<PathBuf>> = samples.iter().map(&folders_of).collect();
    for (at, sample) in samples.iter_mut().enumerate().filter(|(_, s)| s.labels.is_none()) {
        let own = folders.get(at).map_or(&[][..], Vec::as_slice);
        let here: Vec<&PathBuf> =
            geojson.iter().copied().filter(|g| own.iter().any(|f| g.parent() == Some(f))).collect();
        let shared = folders.iter().enumerate().any(|(i, f)| i != at && f.iter().any(|f| own.contains(f)));
        let stem = |path: &Path| file_name(path).split('.').next().unwrap_or_default().to_lowercase();
        let mut words = vec![sample.name.to_lowercase(), stem(sample.source.counts())];
        words.extend(sample.images.iter().map(|i| stem(&i.path)));
        let named = |g: &&&PathBuf| {
            let name = file_name(g).to_lowercase();
            words.iter().any(|word| has_word(&name, word))
        };
        sample.labels = match here.as_slice() {
            [one] if !shared => Some((*one).clone()),
            many => many.iter().find(named).map(|g| (*g).clone()),
        };
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
