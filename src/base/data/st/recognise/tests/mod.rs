mod collections;
mod copies;
mod refused;

use proptest::prelude::*;

use super::*;
use crate::data::st::source::{SampleKind, Source};
use crate::data::testing;

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
const POSITIONS: &str = "AAACAAGTATCTCCCA-1,1,0,0,20,30\nAAACACCAATAACTGC-1,1,0,2,160,180\n";
const FACTORS: &str =
    r#"{"tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.05, "spot_diameter_fullres": 9.0}"#;
const COUNTS: &str = "\tA\tB\n10x21\t1\t2\n";
const SPOTS: &str = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n10\t21\t10\t21\t5\t5\t1\n";

/// A folder that a test fills.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, content: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Packed where the name says so.
    fn image(&self, file: &str, side: u32) {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(side, side).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        let mut bytes = bytes.into_inner();
        if file.ends_with(".gz") {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut gzip, &bytes).unwrap();
            bytes = gzip.finish().unwrap();
        }
        self.write(file, &bytes);
    }

    /// Files known by their endings: matrices, positions, scale factors and images.
    fn fill(&self, files: &[&str]) {
        for file in files {
            let name = file.rsplit('/').next().unwrap();
            match name {
                n if n.contains("positions") => self.write(file, POSITIONS.as_bytes()),
                n if n.contains("scalefactors") => self.write(file, FACTORS.as_bytes()),
                n if n.contains("hires") => self.image(file, 20),
                n if n.contains("lowres") => self.image(file, 10),
                n if n.ends_with(".h5") || n.ends_with(".h5ad") => self.write(file, HDF5),
                n if n.ends_with(".tif") || n.ends_with(".jpg") || n.ends_with(".png") => {
                    self.image(file, 200)
                }
                n if n.contains("stdata") => self.write(file, COUNTS.as_bytes()),
                n if n.contains("selection") => self.write(file, SPOTS.as_bytes()),
                _ => self.write(file, b"x"),
            }
        }
    }

    fn recognise(&self, path: &str) -> Recognition {
        recognise(&self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The sentence, without the folder.
    fn says(&self, path: &str) -> String {
        let text = recognise(&self.path(path)).unwrap_err().to_string();
        text.replace(&self.path(path).display().to_string(), "P")
    }
}

fn names(found: &Recognition) -> Vec<&str> {
    found.samples.iter().map(|s| s.name.as_str()).collect()
}

fn matrix(sample: &Sample) -> String {
    file_name(sample.source.counts())
}

fn kinds(sample: &Sample) -> Vec<ImageKind> {
    sample.images.iter().map(|i| i.kind).collect()
}

use ImageKind::{CytAssist, FullResolution, Hires, Lowres};

const OUTS: [&str; 9] = [
    "lung/outs/filtered_feature_bc_matrix.h5",
    "lung/outs/raw_feature_bc_matrix.h5",
    "lung/outs/raw_probe_bc_matrix.h5",
    "lung/outs/molecule_info.h5",
    "lung/outs/spatial/tissue_positions.csv",
    "lung/outs/spatial/scalefactors_json.json",
    "lung/outs/spatial/tissue_hires_image.png",
    "lung/outs/spatial/tissue_lowres_image.png",
    "lung/outs/spatial/detected_tissue_image.jpg",
];

#[test]
fn space_ranger_output_is_found_from_every_place() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.fill(&[
        "lung/outs/filtered_feature_bc_matrix/matrix.mtx.gz",
        "lung/outs/filtered_feature_bc_matrix/barcodes.tsv.gz",
        "lung/outs/filtered_feature_bc_matrix/features.tsv.gz",
    ]);
    let dropped = [
        "",
        "lung",
        "lung/outs",
        "lung/outs/spatial",
        "lung/outs/filtered_feature_bc_matrix.h5",
        "lung/outs/spatial/tissue_positions.csv",
        "lung/outs/spatial/tissue_hires_image.png",
    ];
    for path in dropped {
        let found = dir.recognise(path);
        assert_eq!(names(&found), ["lung"], "{path}");
        let s = &found.samples[0];
        assert_eq!((s.kind, matrix(s).as_str()), (SampleKind::Visium, "filtered_feature_bc_matrix.h5"));
        assert_eq!(kinds(s), [Hires, Lowres]);
        assert_eq!((s.images[0].scale, s.images[0].size), (Some(0.1), Some((20, 20))));
        assert_eq!(
            s.line(),
            "lung: Visium; hires image, lowres image; ignored: molecule_info.h5 (single molecules, not counts), \
             raw_probe_bc_matrix.h5 (counts of probes, not of genes), detected_tissue_image.jpg (drawn over), \
             filtered_feature_bc_matrix (the same as filtered_feature_bc_matrix.h5), raw_feature_bc_matrix.h5 (the \
             filtered one is used); needs: the full-resolution slide (only the hires image and lowres image are here)"
        );
        assert_eq!(found.notes, [""; 0]);
    }
}

#[test]
fn the_slide_beside_it_is_known_by_its_size() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.image("lung/slide.tif", 201);
    dir.image("lung/other.png", 120);
    for path in ["lung", "lung/outs", "lung/slide.tif"] {
        let found = dir.recognise(path);
        let s = &found.samples[0];
        assert_eq!(kinds(s), [FullResolution, Hires, Lowres], "{path}");
        assert_eq!((file_name(&s.images[0].path).as_str(), s.needed.len()), ("slide.tif", 0));
        let told = "other.png (120 x 120 pixels; the slide has about 200 x 200)";
        assert!(s.ignored.iter().any(|i| i.to_string() == told), "{:?}", s.ignored);
    }
    // Without reduced images the positions decide.
    let dir = Folder::new();
    dir.fill(&["b/filtered_feature_bc_matrix.h5", "b/tissue_positions_list.csv"]);
    dir.image("b/image.tif", 250);
    dir.image("b/small.tif", 100);
    let found = dir.recognise("b");
    assert_eq!(file_name(&found.samples[0].images[0].path), "image.tif");
    assert_eq!(found.samples[0].images[0].scale, Some(1.0));
}

#[test]
fn the_instruments_picture_is_the_slide_where_there_is_no_other() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    dir.image("lung/outs/spatial/cytassist_image.tiff", 200);
    assert_eq!(kinds(&dir.recognise("lung").samples[0]), [FullResolution, Hires, Lowres]);
    dir.image("lung/outs/spatial/cytassist_image.tiff", 300);
    let found = dir.recognise("lung");
    assert_eq!(kinds(&found.samples[0]), [Hires, Lowres, CytAssist]);
    assert_eq!(found.samples[0].images[2].scale, None);
}

#[test]
fn loose_files_and_downloads_with_a_prefix_are_joined() {
    let dir = Folder::new();
    dir.fill(&[
        "d/V1_Brain_filtered_feature_bc_matrix.h5",
        "d/spatial/tissue_positions_list.csv",
        "d/spatial/scalefactors_json.json",
        "d/spatial/tissue_hires_image.png",
        "d/V1_Brain_image.tif",
        "e/filtered_feature_bc_matrix.h5",
        "e/tissue_positions.csv",
        "e/scalefactors_json.json",
    ]);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["e", "V1_Brain"]);
    assert_eq!(kinds(&found.samples[1]), [FullResolution, Hires]);
    assert_eq!(found.samples[0].needed, ["an image (the full-resolution slide)"]);
    assert_eq!(found.samples[1].patient, None);
}

#[test]
fn geo_files_are_joined_by_their_prefix() {
    let dir = Folder::new();
    let mut files = Vec::new();
    for (gsm, name) in [("GSM5494475", "s1"), ("GSM5494476", "s2"), ("GSM5494477", "s10")] {
        for part in [
            "filtered_feature_bc_matrix.h5",
            "tissue_positions_list.csv.gz",
            "scalefactors_json.json.gz",
            "tissue_hires_image.png.gz",
        ] {
            files.push(format!("{gsm}_{name}_{part}"));
        }
    }
    // GSE144240: Visium as MTX with a prefix.
    for part in ["matrix.mtx.gz", "barcodes.tsv.gz", "features.tsv.gz", "tissue_positions_list.csv.gz"] {
        files.push(format!("GSM4565823_P4_rep1_{part}"));
    }
    files.push("GSM9_lost_raw_feature_bc_matrix.h5".to_owned());
    files.push("GSM8_torn_tissue_positions.csv".to_owned());
    dir.fill(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let found = dir.recognise("");
    assert_eq!(names(&found), ["s1", "s2", "s10", "P4_rep1"]);
    assert_eq!(kinds(&found.samples[0]), [Hires]);
    assert_eq!(
        (found.samples[0].images[0].scale, found.samples[0].images[0].size),
        (Some(0.1), Some((20, 20)))
    );
    assert_eq!(
        (found.samples[3].patient.as_deref(), matrix(&found.samples[3]).as_str()),
        (Some("P4"), "GSM4565823_P4_rep1_matrix.mtx.gz")
    );
    assert_eq!(
        found.notes,
        [
            "lost has a matrix (GSM9_lost_raw_feature_bc_matrix.h5) but no positions (tissue_positions), so it may be of \
             single cells; it was left out",
            "torn has positions (GSM8_torn_tissue_positions.csv) but no matrix (filtered_feature_bc_matrix), and was left \
             out",
        ]
    );
    let one = dir.recognise("GSM4565823_P4_rep1_barcodes.tsv.gz");
    assert_eq!(names(&one), ["P4_rep1"]);
}

#[test]
fn visium_hd_bins_are_samples_of_their_own() {
    let dir = Folder::new();
    for bin in ["002", "008", "016"] {
        let square = format!("crc/outs/binned_outputs/square_{bin}um");
        dir.fill(&[
            &format!("{square}/filtered_feature_bc_matrix.h5"),
            &format!("{square}/raw_feature_bc_matrix.h5"),
            &format!("{square}/spatial/tissue_positions.parquet"),
        ]);
        let factors = format!(
            r#"{{"bin_size_um": {}, "microns_per_pixel": 0.25, "tissue_hires_scalef": 0.1}}"#,
            bin.parse::<u32>().unwrap()
        );
        dir.write(&format!("{square}/spatial/scalefactors_json.json"), factors.as_bytes());
    }
    dir.fill(&["crc/outs/spatial/tissue_hires_image.png", "crc/outs/feature_slice.h5", "crc/crc_image.tif"]);
    dir.image("crc/outs/spatial/cytassist_image.tiff", 50);
    for path in ["", "crc", "crc/outs", "crc/outs/binned_outputs"] {
        let found = dir.recognise(path);
        assert_eq!(names(&found), ["crc_002um", "crc_008um", "crc_016um"], "{path}");
        assert_eq!(found.samples.iter().map(|s| s.chosen).collect::<Vec<_>>(), [false, true, true]);
        let s = &found.samples[1];
        assert_eq!((s.kind, s.mpp.map(|m| m.0)), (SampleKind::VisiumHd { bin_um: 8 }, Some(0.25)));
        assert_eq!(kinds(s), [FullResolution, Hires, CytAssist], "{path}");
        assert!(found.samples[0].line().contains("not chosen, because"), "{}", found.samples[0].line());
        assert_eq!(found.notes, [""; 0]);
    }
    for path in [
        "crc/outs/binned_outputs/square_002um",
        "crc/outs/binned_outputs/square_002um/spatial/tissue_positions.parquet",
    ] {
        let one = dir.recognise(path);
        assert_eq!(names(&one), ["crc_002um"], "{path}");
        assert!(one.samples[0].chosen);
        assert_eq!(kinds(&one.samples[0])[0], FullResolution, "{path}");
    }
}

#[test]
fn names_are_unique_and_usable() {
    let dir = Folder::new();
    for run in ["run1", "run2"] {
        dir.fill(&[
            &format!("{run}/s1/outs/filtered_feature_bc_matrix.h5"),
            &format!("{run}/s1/outs/spatial/tissue_positions.csv"),
        ]);
    }
    assert_eq!(names(&dir.recognise("")), ["run1_s1", "run2_s1"]);
    assert_eq!(sample::usable_name(" a/b:c. "), "a_b:c.");
    assert_eq!(sample::usable_name("..."), "sample");
}

#[test]
fn thousands_of_files_are_recognised_fast() {
    let dir = Folder::new();
    for i in 0..500 {
        dir.fill(&[
            &format!("s{i}/outs/filtered_feature_bc_matrix.h5"),
            &format!("s{i}/outs/spatial/tissue_positions.csv"),
            &format!("s{i}/outs/spatial/scalefactors_json.json"),
            &format!("s{i}/outs/spatial/tissue_lowres_image.png"),
            &format!("s{i}/outs/web_summary.html"),
            &format!("s{i}/outs/metrics_summary.csv"),
        ]);
    }
    let start = std::time::Instant::now();
    let found = dir.recognise("");
    println!("3000 files: {:?}", start.elapsed());
    assert_eq!((found.samples.len(), found.samples[499].name.as_str()), (500, "s499"));
}

#[test]
fn real_folders_are_recognised() {
    let Some(shared) = testing::real_data() else { return };
    let real = shared.join("real_data");
    let lines = |path: &str| -> Vec<String> {
        let found = recognise(&real.join(path)).unwrap();
        for note in &found.notes {
            println!("note: {note}");
        }
        let lines: Vec<String> = found.samples.iter().map(Sample::line).collect();
        for line in &lines {
            println!("{line}");
        }
        lines
    };
    assert_eq!(
        lines("visium_scmuscle_Vis5A"),
        [
            "visium_scmuscle_Vis5A: Visium; lowres image; needs: the full-resolution slide (only the lowres image is here)"
        ]
    );
    assert_eq!(
        lines("visium_scanpy_1.0.0"),
        [
            "visium_scanpy_1.0.0: Visium; hires image, lowres image; needs: the full-resolution slide (only the hires image \
          and lowres image are here)"
        ]
    );
    let both = lines("visiumio");
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(
        both[0].starts_with("section1: Visium; lowres image; ignored: raw_feature_bc_matrix (the same as")
    );
    assert!(
        both[1].starts_with(
            "visiumio_002um: Visium HD, 2 µm bins; lowres image; 0.274 µm per pixel; not chosen"
        )
    );
    assert_eq!(lines("h5ad").len(), 2);
    assert_eq!(lines("her2st").len(), 4);
    assert_eq!(lines("her2st_A1_png").len(), 1);
    let cells = recognise(&real.join("tenx_scanpy")).unwrap_err().to_string();
    assert!(cells.contains("so it may be of single cells"), "{cells}");
    assert!(lines("").len() >= 10);
}

#[test]
fn a_matrix_that_is_named_is_used() {
    let dir = Folder::new();
    dir.fill(&OUTS);
    let found = dir.recognise("lung/outs/raw_feature_bc_matrix.h5");
    assert_eq!(matrix(&found.samples[0]), "raw_feature_bc_matrix.h5");
    assert!(
        found.samples[0]
            .ignored
            .contains(&Ignored::new("filtered_feature_bc_matrix.h5", "raw_feature_bc_matrix.h5 was chosen"))
    );
    assert_eq!(names(&dir.recognise("lung/outs/molecule_info.h5")), ["lung"]);
    assert!(recognise(&dir.path("lung/outs/web_summary.html")).is_err());
}

#[test]
fn bins_named_in_files_and_pooled_slides() {
    let dir = Folder::new();
    for bin in ["008", "016"] {
        dir.fill(&[
            &format!("geo/GSM1_CRC_square_{bin}um_filtered_feature_bc_matrix.h5"),
            &format!("geo/GSM1_CRC_square_{bin}um_tissue_positions.parquet"),
        ]);
    }
    dir.fill(&["pool/outs/filtered_feature_bc_matrix.h5", "pool/outs/spatial/aggr_tissue_positions.csv"]);
    let found = dir.recognise("");
    assert_eq!(names(&found), ["CRC_008um", "CRC_016um"]);
    assert_eq!(
        found.notes,
        ["pool has a matrix (filtered_feature_bc_matrix.h5) but no positions (tissue_positions); not used: \
          aggr_tissue_positions.csv (several slides in one; choose the output of each)"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_names_and_contents_never_panic(
        names in proptest::collection::vec("(GSM1_|s1/|outs/|spatial/|square_008um/|st/|ST-cnts/|\u{e9}){0,3}(tissue_positions|matrix|scalefactors_json|filtered_feature_bc_matrix|a|\u{130})(_list|_x)?\\.(csv|h5|h5ad|mtx|json|parquet|tsv|png)(\\.gz)?", 1..8),
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let dir = Folder::new();
        for (i, name) in names.iter().enumerate() {
            if dir.path(name).is_dir() || dir.path(name).ancestors().any(|a| a.is_file()) {
                continue;
            }
            let head: &[u8] = if i % 2 == 0 { HDF5 } else { b"" };
            dir.write(name, &[head, &bytes].concat());
        }
        if let Ok(found) = recognise(dir.0.path()) {
            for sample in &found.samples {
                prop_assert!(!sample.line().is_empty());
            }
            prop_assert_eq!(&recognise(dir.0.path()).unwrap(), &found);
        }
        for name in &names {
            let _ = recognise(&dir.path(name));
        }
    }
}

#[test]
fn scanner_files_are_slides_by_their_content() {
    let dir = Folder::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/slides");
    let slide = |name: &str| fs::read(fixtures.join(name)).unwrap();
    dir.fill(&["v/filtered_feature_bc_matrix.h5", "v/tissue_positions_list.csv"]);
    for (name, fixture) in [("a.svs", "aperio.svs"), ("a.ndpi", "hamamatsu.ndpi"), ("a.scn", "leica.scn")] {
        dir.write(&format!("v/{name}"), &slide(fixture));
        let found = dir.recognise("v");
        assert_eq!(file_name(&found.samples[0].images[0].path), name, "{found:?}");
        assert!(found.samples[0].needed.is_empty());
        fs::remove_file(dir.path(&format!("v/{name}"))).unwrap();
    }
    // An image that is called as a scanner's is read as what it is.
    dir.image("v/b.svs", 200);
    assert_eq!(dir.recognise("v").samples[0].images[0].size, Some((200, 200)));
    dir.fill(&["h/st/T1.h5ad", "h/metadata/T1.json"]);
    dir.write("h/wsis/T1.svs", &slide("aperio.svs"));
    assert_eq!(dir.recognise("h").samples[0].images[0].size, Some((384, 256)));
}
