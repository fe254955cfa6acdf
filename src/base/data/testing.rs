//! Sections for tests: made by hand, or read from the real count tables. The tests of all crates use it, so it is compiled with
//! the library; nothing of it is in the program.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a helper of tests fails by panicking")]

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::CsrBuilder;
use crate::data::section::{Gene, MppSource, Section, Spot, SpotGeometry, ValueKind};

/// A section of the given counts, spots named "0", "1", ...
pub fn section(name: &str, genes: &[&str], counts: &[&[f32]]) -> Section {
    let mut b = CsrBuilder::new(genes.len());
    for row in counts {
        for (c, &v) in row.iter().enumerate() {
            assert!(b.push(c, v));
        }
        b.end_row();
    }
    let spots = (0..counts.len()).map(|i| Spot { id: i.to_string(), center: SlidePoint::default() });
    Section {
        name: name.to_owned(),
        patient: None,
        spots: spots.collect(),
        genes: genes.iter().map(|&g| Gene::named(g)).collect(),
        counts: b.finish(),
        values: ValueKind::Counts,
        labels: None,
        in_tissue: 0,
        sum: 0.0,
        mpp: Mpp(0.5),
        mpp_source: MppSource::User,
        mpp_by_spots: None,
        geometry: SpotGeometry::LEGACY_ST,
        slide: PathBuf::new(),
        slide_size: (1, 1),
    }
}

#[path = "../../../tests/support/real_data.rs"]
mod place;

/// The folder with `real_data` and `reference`, where it is there.
pub fn real_data() -> Option<PathBuf> {
    place::folder_with("real_data/her2st")
}

/// A reference file.
pub fn reference(shared: &Path, name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(shared.join("reference").join(name)).unwrap()).unwrap()
}

/// The counts of a her2st section, all spots of its count table, without positions.
pub fn real_section(shared: &Path, name: &str) -> Section {
    let release = if name.starts_with('A') { "her2st_A1_png" } else { "her2st" };
    let path = shared.join(format!("real_data/{release}/data/ST-cnts/{name}.tsv.gz"));
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let genes: Vec<&str> = lines.next().unwrap().split('\t').skip(1).collect();
    let mut ids = Vec::new();
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for line in lines {
        let mut cells = line.split('\t');
        ids.push(cells.next().unwrap().to_owned());
        rows.push(cells.map(|c| c.parse().unwrap()).collect());
    }
    let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let mut s = section(name, &genes, &rows);
    for (spot, id) in s.spots.iter_mut().zip(ids) {
        spot.id = id;
    }
    s
}

/// The gene list of the published her2st protocol.
pub fn published_genes(shared: &Path) -> Vec<String> {
    let list = std::fs::read_to_string(shared.join("real_data/gene_lists/her_hvg_785.txt")).unwrap();
    list.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()
}
