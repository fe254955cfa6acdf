//! The real her2st sections against what scanpy and pandas read from them (`reference/her2st_counts.json`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::support::real_data;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::gene_list;
use hiscmcl::data::open::open_section;
use hiscmcl::data::panels;
use hiscmcl::data::project::{Project, SectionEntry};
use hiscmcl::data::section::{MppSource, Section};
use hiscmcl::data::st::FileRole;
use hiscmcl::data::st::counts::read_counts;
use hiscmcl::data::st::her2st::scan;
use hiscmcl::data::st::labels::read_labels;
use hiscmcl::data::st::pairing::{files_below, suggest_pairs};
use hiscmcl::data::st::spots::read_spots;
use serde::Deserialize;

/// One section of the reference.
#[derive(Deserialize)]
struct Reference {
    counts_shape: [usize; 2],
    spots_in_spotfile: usize,
    spots_joined: usize,
    total_umi: f64,
    first_gene: String,
    last_gene: String,
    top10_genes_by_total: BTreeMap<String, f64>,
    spot_totals: BTreeMap<String, f64>,
    spot_pixels: BTreeMap<String, [f64; 2]>,
}

/// The spot file of A1 under `real_data` is scaled to its small image; the reference is of the original.
const A1_SCALE: f64 = 3.47755;

fn shared() -> Option<PathBuf> {
    real_data::folder_with("real_data/her2st")
}

fn references(shared: &Path) -> BTreeMap<String, Reference> {
    let bytes = std::fs::read(shared.join("reference/her2st_counts.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// C2 to C5 and A1.
fn entries(shared: &Path) -> Vec<SectionEntry> {
    let folders = ["real_data/her2st", "real_data/her2st_A1_png"];
    folders.iter().flat_map(|f| scan(&shared.join(f)).unwrap().sections).collect()
}

fn open(entry: &SectionEntry) -> Section {
    open_section(entry, &Silent, &CancelToken::new()).unwrap()
}

#[test]
fn the_folder_is_found_with_its_sections_and_leftovers() {
    let Some(shared) = shared() else { return };
    let her2st = shared.join("real_data/her2st");
    for start in [her2st.clone(), her2st.join("data")] {
        let found = scan(&start).unwrap();
        let names: Vec<_> = found.sections.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["C2", "C3", "C4", "C5"]);
        assert!(found.sections.iter().all(|s| s.patient.as_deref() == Some("C")));
        assert_eq!(
            found.notes,
            ["C1 has a spot file and labels but no count table and no image, and was left out"]
        );
    }
    // The image of C3 is called D1.
    let c3 = &scan(&her2st).unwrap().sections[1];
    assert!(c3.image.ends_with("C/C3/5714_HE_BT_D1.jpg"));
}

#[test]
fn counts_and_spots_equal_the_reference() {
    let Some(shared) = shared() else { return };
    let references = references(&shared);
    let entries = entries(&shared);
    assert_eq!(entries.iter().map(|e| &e.name).collect::<Vec<_>>(), ["C2", "C3", "C4", "C5", "A1"]);
    for entry in &entries {
        let reference = &references[&entry.name];
        let name = &entry.name;
        let table = read_counts(entry.path(FileRole::Counts).unwrap(), &Silent, &CancelToken::new()).unwrap();
        assert_eq!([table.counts.rows(), table.counts.cols()], reference.counts_shape, "{name}");
        assert_eq!(
            read_spots(entry.path(FileRole::Spots).unwrap()).unwrap().len(),
            reference.spots_in_spotfile,
            "{name}"
        );

        let section = open(entry);
        assert_eq!(section.spots.len(), reference.spots_joined, "{name}");
        assert_eq!(section.counts.sum(), reference.total_umi, "{name}");
        assert_eq!(section.genes.first().unwrap().name, reference.first_gene);
        assert_eq!(section.genes.last().unwrap().name, reference.last_gene);
        for (id, total) in &reference.spot_totals {
            let row = section.spots.iter().position(|s| &s.id == id).unwrap();
            assert_eq!(section.counts.row_sum(row), *total, "{name} {id}");
        }
        let scale = if name == "A1" { A1_SCALE } else { 1.0 };
        for (id, [x, y]) in &reference.spot_pixels {
            let center = section.spots.iter().find(|s| &s.id == id).unwrap().center;
            assert!(
                (center.x * scale - x).abs() < 0.02 && (center.y * scale - y).abs() < 0.02,
                "{name} {id}"
            );
        }

        let sums = section.counts.col_sums();
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]));
        let top: BTreeMap<String, f64> =
            order.iter().take(10).map(|&g| (section.genes[g].name.clone(), sums[g])).collect();
        assert_eq!(top, reference.top10_genes_by_total, "{name}");
    }
}

#[test]
fn the_resolution_follows_from_the_pitch() {
    let Some(shared) = shared() else { return };
    for entry in entries(&shared) {
        let section = open(&entry);
        assert_eq!(section.mpp_source, MppSource::SpotPitch);
        let expected = if entry.name == "A1" { 3.18..3.21 } else { 0.680..0.695 };
        assert!(expected.contains(&section.mpp.0), "{} {}", entry.name, section.mpp.0);
        let (width, height) = section.slide_size;
        match entry.name.as_str() {
            "A1" => assert_eq!((width, height), (2000, 2138)),
            "C2" => assert_eq!((width, height), (9274, 9911)),
            _ => assert!((9270..9280).contains(&width) && (9900..9940).contains(&height)),
        }
    }
}

#[test]
fn labels_join_by_rounding() {
    let Some(shared) = shared() else { return };
    let entries = entries(&shared);
    let a1 = open(entries.iter().find(|e| e.name == "A1").unwrap());
    let labels = a1.labels.as_ref().unwrap();
    let count = |what: &str| labels.iter().flatten().filter(|l| *l == what).count();
    // 348 labelled spots, of which 2 have no counts and 5 are undetermined.
    assert_eq!(labels.len(), 346);
    assert!((282..=284).contains(&count("invasive cancer")), "{}", count("invasive cancer"));
    assert!(labels.iter().filter(|l| l.is_none()).count() <= 5);

    let c1 = shared.join("real_data/her2st/data/ST-pat/lbl/C1_labeled_coordinates.tsv");
    let spots = shared.join("real_data/her2st/data/ST-spotfiles/C1_selection.tsv");
    let spots: Vec<String> = read_spots(&spots).unwrap().into_iter().map(|s| s.id).collect();
    let labels = read_labels(&c1).unwrap().labels;
    assert_eq!(labels.len(), 177 - 9, "9 of 177 spots are undetermined");
    assert!(labels.iter().all(|(id, _)| spots.contains(id)));
}

#[test]
fn a_section_opens_in_well_under_a_second() {
    let Some(shared) = shared() else { return };
    for entry in entries(&shared) {
        let start = Instant::now();
        let section = open(&entry);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{}: {} spots x {} genes in {seconds:.3} s",
            entry.name,
            section.spots.len(),
            section.genes.len()
        );
        assert!(seconds < 1.0, "{} took {seconds} s", entry.name);
    }
}

#[test]
fn a_project_of_real_sections_survives_saving() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("her2st.hiscmcl");
    let mut project = Project::new();
    assert_eq!(project.add_new(entries(&shared)).unwrap().len(), 5);
    project.save(&path).unwrap();
    let loaded = Project::load(&path).unwrap();
    assert!(loaded.missing_files().is_empty());
    for section in loaded.sections.iter().take(1) {
        assert_eq!(open(section).spots.len(), 187);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&text).unwrap();
    let counts = stored["sections"][0]["counts"].as_str().unwrap();
    assert!(!Path::new(counts).is_absolute() && !counts.contains('\\'), "{counts}");
}

#[test]
fn the_import_dialog_pairs_the_real_files() {
    let Some(shared) = shared() else { return };
    let files = files_below(&shared.join("real_data/her2st/data")).unwrap();
    let expected = scan(&shared.join("real_data/her2st")).unwrap().sections;
    let found = suggest_pairs(&files);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.name, expected.name);
        assert_eq!(found.spots.as_deref(), expected.path(FileRole::Spots));
        assert_eq!(found.image.as_ref(), Some(&expected.image));
    }
}

#[test]
fn gene_lists_and_panels_meet_the_sections() {
    let Some(shared) = shared() else { return };
    let list = |name: &str| gene_list::read(&shared.join("real_data/gene_lists").join(name)).unwrap();
    assert_eq!(list("her_hvg_785.txt").len(), 785);
    assert_eq!(list("skin_hvg_171.txt").len(), 171);
    assert_eq!(list("common_hvg_685.txt").len(), 685);
    let entries = entries(&shared);
    let c2 = open(entries.iter().find(|e| e.name == "C2").unwrap());
    for panel in panels::builtin() {
        let there = panel.genes.iter().filter(|g| c2.gene(g).is_some()).count();
        assert!(there * 10 >= panel.genes.len() * 8, "{} of {} in {}", there, panel.genes.len(), panel.name);
    }
}
