//! Small sound samples of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5_pure::AttrValue;

use super::hdf5::{Contents, Data};

/// Rows and columns of the array of spots, every second place of which is taken, as on Visium slides.
const ROWS: usize = 6;
const COLUMNS: usize = 12;
/// Spots of a sample.
pub(super) const SPOTS: usize = ROWS * COLUMNS / 2;
const GENES: [&str; 3] = ["ERBB2", "GRB7", "IGKC"];
/// Width and height of the full-resolution slide; neighbouring spots are 100 pixels apart on it.
const SLIDE: (u32, u32) = (700, 560);
/// The same of the image that is kept with the counts.
const SMALL: (u32, u32) = (560, 448);

/// Files of a sample, within a folder of its own.
pub(super) struct Sample {
    dir: tempfile::TempDir,
    /// What the user opens.
    opened: &'static str,
    /// Its HDF5 file, and what is in it.
    hdf5: Option<(&'static str, Contents)>,
}

impl Sample {
    fn new(opened: &'static str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), opened, hdf5: None }
    }

    fn with_hdf5(mut self, file: &'static str, contents: Contents) -> Self {
        self.write(file, &contents.bytes());
        self.hdf5 = Some((file, contents));
        self
    }

    pub(super) fn folder(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn opened(&self) -> PathBuf {
        self.path(self.opened)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub(super) fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    /// Leaves only a part of a file.
    pub(super) fn cut(&self, file: &str, share: f64) {
        let bytes = fs::read(self.path(file)).unwrap();
        self.write(file, &bytes[..(bytes.len() as f64 * share) as usize]);
    }

    /// Changes the first `from` in the text of a file.
    pub(super) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{from:?} is not in {file}:\n{text}");
        self.write(file, text.replacen(from, to, 1).as_bytes());
    }

    /// Drops lines at the end of a text.
    pub(super) fn without_last_lines(&self, file: &str, n: usize) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        self.write(file, (lines[..lines.len() - n].join("\n") + "\n").as_bytes());
    }

    /// Changes what is in the HDF5 file.
    pub(super) fn hdf5(&self, change: impl FnOnce(&mut Contents)) {
        let (file, contents) = self.hdf5.as_ref().unwrap();
        let mut contents = contents.clone();
        change(&mut contents);
        self.write(file, &contents.bytes());
    }

    fn image(&self, file: &str, width: u32, height: u32) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]))
            .save(path)
            .unwrap();
    }
}

/// The barcode of a spot: "AAAAAAAAAAAAAAAC-1".
pub(super) fn barcode(spot: usize) -> String {
    let base = |i: usize| ["A", "C", "G", "T"][(spot >> (2 * i)) & 3];
    (0..16).rev().map(base).collect::<String>() + "-1"
}

fn barcodes() -> Vec<String> {
    (0..SPOTS).map(barcode).collect()
}

/// Row and column on the array.
fn array(spot: usize) -> (usize, usize) {
    let (row, place) = (spot / (COLUMNS / 2), spot % (COLUMNS / 2));
    (row, 2 * place + row % 2)
}

/// x and y on the full-resolution slide.
fn pixel(spot: usize) -> (f64, f64) {
    let (row, col) = array(spot);
    (60.0 + 50.0 * col as f64, 60.0 + 86.6 * row as f64)
}

fn count(spot: usize, gene: usize) -> i64 {
    (1 + (spot * 7 + gene * 3) % 9) as i64
}

fn ids() -> Vec<String> {
    (1..=GENES.len()).map(|i| format!("ENSG{i}")).collect()
}

/// The arrays of a matrix of 10x in which every spot has every gene.
fn compressed(into: &mut Contents, group: &str, barcodes: Vec<String>) {
    let (spots, genes) = (barcodes.len(), GENES.len());
    let each = || (0..spots).flat_map(|s| (0..genes).map(move |g| (s, g)));
    let mut set = |name: &str, data| into.set(&format!("{group}/{name}"), data);
    set("barcodes", Data::Texts(barcodes));
    set("data", Data::Whole(each().map(|(s, g)| count(s, g)).collect()));
    set("indices", Data::Whole(each().map(|(_, g)| g as i64).collect()));
    set("indptr", Data::Whole((0..=spots).map(|s| (s * genes) as i64).collect()));
    set("shape", Data::Whole(vec![genes as i64, spots as i64]));
}

fn matrix_3(barcodes: Vec<String>) -> Contents {
    let mut matrix = Contents::default();
    compressed(&mut matrix, "matrix", barcodes);
    matrix.set("matrix/features/id", Data::Texts(ids()));
    matrix.set("matrix/features/name", Data::texts(&GENES));
    matrix.set("matrix/features/feature_type", Data::texts(&["Gene Expression"; 3]));
    matrix.set("matrix/features/genome", Data::texts(&["GRCh38"; 3]));
    matrix
}

pub(super) const H5: &str = "V1/outs/filtered_feature_bc_matrix.h5";
pub(super) const H5_V2: &str = "V1/outs/filtered_gene_bc_matrices_h5.h5";
pub(super) const MTX: &str = "V1/outs/filtered_feature_bc_matrix/matrix.mtx";
pub(super) const BARCODES: &str = "V1/outs/filtered_feature_bc_matrix/barcodes.tsv";
pub(super) const FEATURES: &str = "V1/outs/filtered_feature_bc_matrix/features.tsv";
pub(super) const POSITIONS: &str = "V1/outs/spatial/tissue_positions.csv";
pub(super) const FACTORS: &str = "V1/outs/spatial/scalefactors_json.json";
pub(super) const HIRES: &str = "V1/outs/spatial/tissue_hires_image.png";
pub(super) const LABELS: &str = "V1/outs/pathologist_labels.csv";

/// Everything of a Visium sample but its matrix.
fn spatial() -> Sample {
    let sample = Sample::new("V1");
    let mut positions =
        "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n".to_owned();
    let mut labels = "Barcode,Pathologist\n".to_owned();
    for spot in 0..SPOTS {
        let ((row, col), (x, y)) = (array(spot), pixel(spot));
        positions.push_str(&format!("{},1,{row},{col},{y},{x}\n", barcode(spot)));
        labels.push_str(&format!("{},cancer {}\n", barcode(spot), spot % 2));
    }
    sample.write(POSITIONS, positions.as_bytes());
    sample.write(LABELS, labels.as_bytes());
    sample.write(FACTORS, br#"{"spot_diameter_fullres": 65.0, "tissue_hires_scalef": 0.8}"#);
    sample.image(HIRES, SMALL.0, SMALL.1);
    sample
}

/// Visium with a matrix of version 3.
pub(super) fn visium() -> Sample {
    spatial().with_hdf5(H5, matrix_3(barcodes()))
}

/// Visium with a matrix of version 2.
pub(super) fn visium_v2() -> Sample {
    let mut matrix = Contents::default();
    compressed(&mut matrix, "GRCh38", barcodes());
    matrix.set("GRCh38/genes", Data::Texts(ids()));
    matrix.set("GRCh38/gene_names", Data::texts(&GENES));
    spatial().with_hdf5(H5_V2, matrix)
}

/// Visium with a matrix in text.
pub(super) fn visium_mtx() -> Sample {
    let sample = spatial();
    let entries = SPOTS * GENES.len();
    let mut matrix = format!(
        "%%MatrixMarket matrix coordinate integer general\n%made\n{} {SPOTS} {entries}\n",
        GENES.len()
    );
    for spot in 0..SPOTS {
        for gene in 0..GENES.len() {
            matrix.push_str(&format!("{} {} {}\n", gene + 1, spot + 1, count(spot, gene)));
        }
    }
    sample.write(MTX, matrix.as_bytes());
    sample.write(BARCODES, (barcodes().join("\n") + "\n").as_bytes());
    let features = ids().into_iter().zip(GENES).map(|(id, name)| format!("{id}\t{name}\tGene Expression\n"));
    sample.write(FEATURES, features.collect::<String>().as_bytes());
    sample
}

pub(super) const BINS: &str = "HD/outs/binned_outputs/square_008um/spatial/tissue_positions.parquet";
pub(super) const BINS_H5: &str = "HD/outs/binned_outputs/square_008um/filtered_feature_bc_matrix.h5";
pub(super) const BINS_FACTORS: &str = "HD/outs/binned_outputs/square_008um/spatial/scalefactors_json.json";
pub(super) const BINS_HIRES: &str = "HD/outs/binned_outputs/square_008um/spatial/tissue_hires_image.png";

/// Visium HD: 20 x 20 bins, 3 pixels apart.
pub(super) fn visium_hd() -> Sample {
    const SIDE: usize = 20;
    let sample = Sample::new("HD");
    sample.write(BINS, include_bytes!("../../fixtures/positions/snappy.parquet"));
    let factors = r#"{"microns_per_pixel": 2.6667, "bin_size_um": 8.0, "spot_diameter_fullres": 3.0,
        "tissue_hires_scalef": 1.0}"#;
    sample.write(BINS_FACTORS, factors.as_bytes());
    sample.image(BINS_HIRES, 64, 64);
    let bins = (0..SIDE * SIDE).map(|i| format!("s_008um_{:05}_{:05}-1", i / SIDE, i % SIDE)).collect();
    sample.with_hdf5(BINS_H5, matrix_3(bins))
}

/// What an AnnData file of Visium spots holds; with the image where it is to be within.
fn anndata_contents(with_image: bool) -> Contents {
    let (n, genes) = (SPOTS as u64, GENES.len() as u64);
    let mut file = Contents::default();
    let text = |t: &str| AttrValue::VarLenString(t.to_owned());
    let each = || (0..SPOTS).flat_map(|s| (0..GENES.len()).map(move |g| (s, g)));
    file.attribute("X", "encoding-type", text("csr_matrix"));
    file.attribute("X", "shape", AttrValue::I64Array(vec![n as i64, genes as i64]));
    file.set("X/data", Data::Floats(each().map(|(s, g)| count(s, g) as f32).collect(), vec![n * genes]));
    file.set("X/indices", Data::Whole(each().map(|(_, g)| g as i64).collect()));
    file.set("X/indptr", Data::Whole((0..=SPOTS).map(|s| (s * GENES.len()) as i64).collect()));
    file.attribute("obs", "_index", text("_index"));
    file.set("obs/_index", Data::Texts(barcodes()));
    file.set("obs/cluster/codes", Data::Codes((0..SPOTS).map(|s| (s % 2) as i8).collect()));
    file.set("obs/cluster/categories", Data::texts(&["stroma", "tumour"]));
    file.attribute("var", "_index", text("_index"));
    file.set("var/_index", Data::texts(&GENES));
    let places = (0..SPOTS).flat_map(|s| [pixel(s).0, pixel(s).1]).collect();
    file.set("obsm/spatial", Data::Doubles(places, vec![n, 2]));
    if with_image {
        let (width, height) = SMALL;
        let pixels = (0..width * height * 3).map(|i| i as u8).collect();
        let shape = vec![u64::from(height), u64::from(width), 3];
        file.set("uns/spatial/V1/images/hires", Data::Bytes(pixels, shape));
        file.set("uns/spatial/V1/scalefactors/tissue_hires_scalef", Data::Doubles(vec![0.8], vec![]));
    }
    file
}

pub(super) const H5AD: &str = "a.h5ad";

/// An AnnData file with an image in it.
pub(super) fn anndata() -> Sample {
    Sample::new(H5AD).with_hdf5(H5AD, anndata_contents(true))
}

pub(super) const HEST_H5AD: &str = "st/NCBI1.h5ad";
pub(super) const HEST_SLIDE: &str = "wsis/NCBI1.tif";
pub(super) const HEST_METADATA: &str = "metadata/NCBI1.json";

/// A folder of HEST with one sample.
pub(super) fn hest() -> Sample {
    let sample = Sample::new("").with_hdf5(HEST_H5AD, anndata_contents(false));
    sample.image(HEST_SLIDE, SLIDE.0, SLIDE.1);
    let metadata = r#"{"patient": "Patient 1", "pixel_size_um_estimated": 1.0, "st_technology": "Visium"}"#;
    sample.write(HEST_METADATA, metadata.as_bytes());
    sample
}
