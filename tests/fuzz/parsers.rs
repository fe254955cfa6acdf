//! The parsers of files from outside, as the application calls them: one table for the fuzzer and for the test that replays the
//! kept inputs.

use std::fs;
use std::path::{Path, PathBuf};

use super::core::cancel::CancelToken;
use super::core::geometry::{Mpp, SlidePoint};
use super::core::progress::Silent;
use super::data::anndata::{self, ReadOptions};
use super::data::gene_list;
use super::data::project::Project;
use super::data::slide::Slide;
use super::data::st::counts::read_counts;
use super::data::st::geojson::Regions;
use super::data::st::labels::read_labels;
use super::data::st::pairing::kind_of;
use super::data::st::recognise::recognise;
use super::data::st::spots::read_spots;
use super::data::st::tenx::{MtxFiles, inspect_h5, read_h5, read_mtx};
use super::data::st::visium::{read_positions, read_scale_factors};
use super::model::weights::WeightsFile;

/// A parser of one kind of file.
pub struct Parser {
    /// How it is called on the command line, and the folder of its kept inputs.
    pub name: &'static str,
    /// What its input is called when it lies in a folder; the ending decides which reader is taken.
    file: &'static str,
    /// Files that lie beside it.
    beside: &'static [(&'static str, &'static [u8])],
    /// Reads the file; whether it was accepted.
    read: fn(&Path) -> bool,
}

const THREE_GENES: (&str, &[u8]) =
    ("features.tsv", b"E1\tGNAS\tGene Expression\nE2\tFASN\tGene Expression\nE3\tSCD\tGene Expression\n");
const TWO_SPOTS: (&str, &[u8]) = ("barcodes.tsv", b"AAACAAGTATCTCCCA-1\nAAACACCAATAACTGC-1\n");
const MATRIX: (&str, &[u8]) =
    ("matrix.mtx", b"%%MatrixMarket matrix coordinate integer general\n3 2 3\n1 1 1\n2 1 4\n3 2 2\n");

const HEST_COUNTS: (&str, &[u8]) = ("st/A.h5ad", include_bytes!("corpus/anndata/sound-plain"));
const HEST_SLIDE: (&str, &[u8]) = ("wsis/A.tif", include_bytes!("corpus/image/sound-plain.tif"));

/// All parsers, by name.
pub const PARSERS: &[Parser] = &[
    Parser { name: "anndata", file: "a.h5ad", beside: &[], read: read_anndata },
    Parser {
        name: "barcodes",
        file: "barcodes.tsv",
        beside: &[MATRIX, THREE_GENES],
        read: read_matrix_folder,
    },
    Parser {
        name: "counts",
        file: "a.tsv",
        beside: &[],
        read: |p| read_counts(p, &Silent, &CancelToken::new()).is_ok(),
    },
    Parser { name: "features", file: "features.tsv", beside: &[MATRIX, TWO_SPOTS], read: read_matrix_folder },
    Parser {
        name: "gene_list",
        file: "genes.csv",
        beside: &[],
        read: |p| gene_list::read_with_notes(p).is_ok(),
    },
    Parser { name: "geojson", file: "a.geojson", beside: &[], read: |p| Regions::read(p).is_ok() },
    Parser {
        name: "hest_metadata",
        file: "metadata/A.json",
        beside: &[HEST_COUNTS, HEST_SLIDE],
        read: |p| recognises(p, 2),
    },
    Parser { name: "image", file: "a.tif", beside: &[], read: read_image },
    Parser {
        name: "kind",
        file: "a.tsv",
        beside: &[],
        read: |p| {
            let _ = kind_of(p);
            true
        },
    },
    Parser { name: "labels", file: "labels.csv", beside: &[], read: |p| read_labels(p).is_ok() },
    Parser {
        name: "matrix_market",
        file: "matrix.mtx",
        beside: &[THREE_GENES, TWO_SPOTS],
        read: read_matrix_folder,
    },
    Parser { name: "positions", file: "tissue_positions.csv", beside: &[], read: read_spot_positions },
    Parser {
        name: "positions_parquet",
        file: "tissue_positions.parquet",
        beside: &[],
        read: read_spot_positions,
    },
    Parser { name: "project", file: "a.hiscmcl", beside: &[], read: |p| Project::load(p).is_ok() },
    Parser {
        name: "scale_factors",
        file: "scalefactors_json.json",
        beside: &[],
        read: |p| read_scale_factors(p).is_ok(),
    },
    Parser { name: "spots", file: "a_selection.tsv", beside: &[], read: |p| read_spots(p).is_ok() },
    Parser { name: "tenx_h5", file: "filtered_feature_bc_matrix.h5", beside: &[], read: read_tenx },
    Parser { name: "weights", file: "a.pth", beside: &[], read: |p| WeightsFile::open(p).is_ok() },
];

/// A folder in which one input after the other is read.
pub struct Sandbox {
    parser: &'static Parser,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    /// A folder with everything but the input.
    ///
    /// # Panics
    /// Where no temporary folder can be made.
    pub fn new(parser: &'static Parser) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder.path())).expect("a folder can be made");
            fs::write(&path, content).expect("a file can be written");
            path
        };
        for (name, content) in parser.beside {
            write(name, content);
        }
        let path = write(parser.file, b"");
        Self { parser, path, _folder: folder }
    }

    /// Has the parser read `bytes`; whether it accepted them. Panics when the parser does.
    pub fn read(&self, bytes: &[u8]) -> bool {
        fs::write(&self.path, bytes).expect("a file can be written");
        (self.parser.read)(&self.path)
    }
}

fn read_anndata(path: &Path) -> bool {
    let Ok(found) = anndata::inspect(path) else { return false };
    for label in found.labels.iter().take(2) {
        let _ = anndata::labels(path, &label.name);
    }
    anndata::read(path, &ReadOptions::default(), &Silent, &CancelToken::new()).is_ok()
}

fn read_tenx(path: &Path) -> bool {
    inspect_h5(path).is_ok() && read_h5(path, &Silent, &CancelToken::new()).is_ok()
}

fn read_matrix_folder(path: &Path) -> bool {
    let Some(folder) = path.parent() else { return false };
    let files = MtxFiles {
        matrix: folder.join("matrix.mtx"),
        barcodes: folder.join("barcodes.tsv"),
        features: folder.join("features.tsv"),
    };
    read_mtx(&files, &Silent, &CancelToken::new()).is_ok()
}

fn read_spot_positions(path: &Path) -> bool {
    let Ok(spots) = read_positions(path, &Silent, &CancelToken::new()) else { return false };
    assert!(spots.iter().all(|s| s.center.x.is_finite() && s.center.y.is_finite()), "a spot lies nowhere");
    true
}

/// Only small images are decoded, as libFuzzer would count the time of large sound ones against the parser.
fn read_image(path: &Path) -> bool {
    match Slide::read_size(path) {
        Ok((w, h)) if u64::from(w) * u64::from(h) <= 1 << 20 => {
            let Ok(slide) = Slide::open(path, &Silent, &CancelToken::new()) else { return false };
            let middle = SlidePoint::new(f64::from(w) / 2.0, f64::from(h) / 2.0);
            let patch = slide.read_patch(middle, Mpp(0.5), 0.5, 32);
            slide.thumbnail(64).is_ok() && patch.is_ok()
        }
        _ => false,
    }
}

/// Looks what the folder `up` levels above `path` holds.
fn recognises(path: &Path, up: usize) -> bool {
    path.ancestors().nth(up).is_some_and(|folder| recognise(folder).is_ok())
}
