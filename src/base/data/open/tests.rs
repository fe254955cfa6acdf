//! Sections of all kinds, opened.

use super::*;
use crate::core::geometry::SlidePoint;
use crate::core::matrix::Matrix;
use crate::core::progress::Stage;
use crate::data::anndata::{Columns, Contents, ObsColumn};
use crate::data::st::source::SampleKind;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Progress for Notes {
    fn report(&self, _: &Stage, _: u64, _: u64) {}
    fn note(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

fn path(entry: &SectionEntry, role: FileRole) -> &Path {
    entry.path(role).unwrap()
}

/// A 3 x 3 array, 20 pixels apart, on a 100 x 80 image.
fn section(dir: &Path) -> SectionEntry {
    let mut counts = "\tA\tB\n".to_owned();
    let mut spots = "x\ty\tpixel_x\tpixel_y\tselected\n".to_owned();
    let mut labels = "x\ty\tpixel_x\tpixel_y\tlabel\n".to_owned();
    for x in 1..=3 {
        for y in (1..=3).rev() {
            counts.push_str(&format!("{x}x{y}\t{x}\t{y}\n"));
            spots.push_str(&format!("{y}\t{x}\t{}\t{}\t1\n", 20 * y, 20 * x));
            labels.push_str(&format!("{x}.04\t{}.97\t0\t0\tcancer {x}\n", y - 1));
        }
    }
    let entry = SectionEntry {
        patient: Some("C".into()),
        labels: Some(dir.join("labels.tsv")),
        ..SectionEntry::legacy("C2", dir.join("counts.tsv"), dir.join("spots.tsv"), dir.join("slide.png"))
    };
    fs::write(path(&entry, FileRole::Counts), counts).unwrap();
    fs::write(path(&entry, FileRole::Spots), spots).unwrap();
    fs::write(dir.join("labels.tsv"), labels).unwrap();
    image::RgbImage::new(100, 80).save(&entry.image).unwrap();
    entry
}

fn open(entry: &SectionEntry) -> Result<(Section, Vec<String>), ReadError> {
    let notes = Notes::default();
    let section = open_section(entry, &notes, &CancelToken::new())?;
    Ok((section, notes.0.into_inner().unwrap()))
}

#[test]
fn spots_are_joined_by_id_and_keep_the_order_of_the_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (s, notes) = open(&section(dir.path())).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!((s.spots[0].id.as_str(), s.spots[0].center), ("1x3", SlidePoint::new(20.0, 60.0)));
    assert_eq!((s.counts.get(0, 0), s.counts.get(0, 1)), (1.0, 3.0));
    assert_eq!((s.mpp, s.mpp_source, s.slide_size), (Mpp(10.0), MppSource::SpotPitch, (100, 80)));
    assert_eq!(s.spot_radius_px(), 5.0);
    // "1.04, 2.97" is of spot 1x3.
    let labels = s.labels.unwrap();
    assert!(
        labels.iter().zip(&s.spots).all(|(l, s)| l.as_deref() == Some(&format!("cancer {}", &s.id[..1])))
    );
}

#[test]
fn the_user_decides_the_resolution() {
    let dir = tempfile::tempdir().unwrap();
    let mut entry = section(dir.path());
    entry.mpp = Some(0.5);
    let (s, _) = open(&entry).unwrap();
    assert_eq!((s.mpp, s.mpp_source), (Mpp(0.5), MppSource::User));
    for bad in [0.0, -1.0, f64::NAN, 1e9] {
        entry.mpp = Some(bad);
        let text = open(&entry).unwrap_err().to_string();
        assert!(text.contains("the resolution entered for section C2 is"), "{text}");
    }
}

#[test]
fn spots_that_are_left_out_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let entry = section(dir.path());
    let spots = fs::read_to_string(path(&entry, FileRole::Spots)).unwrap();
    fs::write(path(&entry, FileRole::Spots), spots.replace("20\t20\t1", "20\t20\t0") + "9\t9\t90\t70\t1\n")
        .unwrap();
    let counts = fs::read_to_string(path(&entry, FileRole::Counts)).unwrap();
    fs::write(
        path(&entry, FileRole::Counts),
        counts.replace("3x3\t3\t3", "3x3\t0\t0") + "7x7\t1\t1\n8x8\t1\t1\n",
    )
    .unwrap();
    let (s, notes) = open(&entry).unwrap();
    assert_eq!((s.spots.len(), s.counts.rows()), (7, 7));
    assert_eq!(
        notes,
        [
            "C2: 1 spot without a row in the count table was left out",
            "C2: 2 spots without a position in the spot file were left out",
            "C2: 1 spot marked as not tissue was left out",
            "C2: 1 spot without a single count was left out",
        ]
    );
}

#[test]
fn missing_files_are_typed_and_missing_labels_are_only_noted() {
    let dir = tempfile::tempdir().unwrap();
    let entry = section(dir.path());
    fs::remove_file(dir.path().join("labels.tsv")).unwrap();
    let (s, notes) = open(&entry).unwrap();
    assert!(s.labels.is_none() && notes[0].contains("the section is shown without labels"));
    fs::remove_file(&entry.image).unwrap();
    match open(&entry) {
        Err(ReadError::Missing(m)) => assert_eq!((m.role, m.path), (FileRole::Image, entry.image)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stretched_image_is_remarked_on() {
    let dir = tempfile::tempdir().unwrap();
    let entry = section(dir.path());
    let text = fs::read_to_string(path(&entry, FileRole::Spots)).unwrap();
    let stretched: String = text
        .lines()
        .map(|l| {
            let c: Vec<&str> = l.split('\t').collect();
            let x = c[2].parse::<f64>().map_or(c[2].to_owned(), |x| (x * 1.5).to_string());
            format!("{}\t{}\t{x}\t{}\t{}\n", c[0], c[1], c[3], c[4])
        })
        .collect();
    fs::write(path(&entry, FileRole::Spots), stretched).unwrap();
    let (_, notes) = open(&entry).unwrap();
    assert_eq!(
        notes,
        [
            "The spots of C2 are 50 % further apart in one direction than in the other; its image may be stretched"
        ]
    );
}

/// Spots of a lattice as Space Ranger writes them; the matrix in text, its barcodes without their number.
#[test]
fn barcodes_are_joined_without_number_and_sample() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    let bases = |i: usize| {
        format!(
            "AAACCCGGGTTT{}",
            ["AA", "CC", "GG", "TT"][i / 4].to_owned() + ["AA", "CC", "GG", "TT"][i % 4]
        )
    };
    let mut positions = String::new();
    let mut labels = "Barcode,Pathology\n".to_owned();
    for i in 0..16 {
        let (row, col) = (i / 4, 2 * (i % 4) + i / 4 % 2);
        positions += &format!("{}-1,1,{row},{col},{},{}\n", bases(i), 40 + 87 * row, 40 + 50 * col);
        labels += &format!("S1_{}-2,\"a, b\"\n", bases(i));
    }
    write("tissue_positions_list.csv", &positions);
    write("labels.csv", &labels);
    write("features.tsv", "E1\tA\tGene Expression\n");
    write("barcodes.tsv", &(0..16).map(|i| bases(i) + "\n").collect::<String>());
    let entries: String = (1..=16).map(|i| format!("1 {i} {i}\n")).collect();
    write("matrix.mtx", &format!("%%MatrixMarket matrix coordinate integer general\n1 16 16\n{entries}"));
    image::RgbImage::new(500, 400).save(dir.path().join("slide.png")).unwrap();
    let entry = SectionEntry {
        name: "s".into(),
        source: Source::Visium {
            matrix: dir.path().to_path_buf(),
            positions: dir.path().join("tissue_positions_list.csv"),
            scale_factors: None,
        },
        image: dir.path().join("slide.png"),
        labels: Some(dir.path().join("labels.csv")),
        ..SectionEntry::default()
    };
    let (s, notes) = open(&entry).unwrap();
    assert_eq!(
        (s.spots.len(), s.sum, s.labels.as_ref().unwrap()[15].as_deref()),
        (16, 136.0, Some("a, b")),
        "{notes:?}"
    );
    // Of two samples with the same barcodes it cannot be said which is meant.
    write(
        "labels.csv",
        &(labels.clone()
            + &labels.replace("Barcode,Pathology\n", "").replace("S1_", "S2_").replace("a, b", "c")),
    );
    let (s, notes) = open(&entry).unwrap();
    assert!(s.labels.is_none() && notes.iter().any(|n| n.contains("has a label in labels.csv")), "{notes:?}");
}

/// A file as HEST has it: 5 x 5 Visium spots 138 pixels apart, `in_tissue` as given, a gene and two control probes.
fn hest(dir: &Path, in_tissue: fn(i64) -> i64) -> SectionEntry {
    let file = dir.join("INT1.h5ad");
    let x = Matrix::from_fn(25, 3, |r, c| (1 + r + c) as f32);
    let names = |prefix: &str| (0..25).map(|i| format!("{prefix}{i}-1")).collect::<Vec<_>>();
    let place = |i: usize| {
        let (row, col) = (i / 5, i % 5);
        [140.0 + 138.0 * (col as f64 + 0.5 * (row % 2) as f64), 140.0 + 119.5 * row as f64]
    };
    let contents = Contents {
        obs: Columns {
            names: names("AAAC"),
            columns: vec![("in_tissue".into(), ObsColumn::Int((0..25).map(in_tissue).collect()))],
        },
        var: Columns {
            names: ["KRT19", "NegControlProbe_00042", "BLANK_0069"].map(str::to_owned).to_vec(),
            columns: Vec::new(),
        },
        x: Some(&x),
        obsm: vec![("spatial".into(), 2, (0..25).flat_map(place).collect())],
        ..Contents::default()
    };
    crate::data::anndata::write(&file, &contents).unwrap();
    image::RgbImage::new(900, 800).save(dir.join("INT1.png")).unwrap();
    SectionEntry {
        name: "INT1".into(),
        kind: SampleKind::Hest,
        source: Source::AnnData { file, library: None, layer: None },
        image: dir.join("INT1.png"),
        slide_mpp: Some(100.0 / 138.0),
        ..SectionEntry::default()
    }
}

#[test]
fn hest_samples_keep_all_spots_and_only_genes() {
    let dir = tempfile::tempdir().unwrap();
    let mut entry = hest(dir.path(), |i| i % 2);
    let (s, notes) = open(&entry).unwrap();
    assert_eq!((s.spots.len(), s.in_tissue, s.geometry), (25, 25, SpotGeometry::VISIUM));
    assert_eq!(s.genes.iter().map(|g| g.name.as_str()).collect::<Vec<_>>(), ["KRT19"]);
    assert_eq!(notes, ["INT1: 2 control probes were left out"]);
    // A resolution that puts spots 35 µm apart is reported.
    entry.slide_mpp = Some(0.25);
    let (_, notes) = open(&entry).unwrap();
    assert!(
        notes[1].contains("at the 0.250 µm per pixel of its metadata neighbouring spots are 34 µm"),
        "{notes:?}"
    );
    // Without a resolution it follows from the data.
    entry.slide_mpp = None;
    let (s, _) = open(&entry).unwrap();
    assert!((s.mpp.0 - 0.7246).abs() < 1e-3 && s.mpp_source == MppSource::SpotPitch, "{}", s.mpp.0);
    // Elsewhere the column counts, unless it calls nothing tissue.
    entry.kind = SampleKind::AnnData;
    assert_eq!(open(&entry).unwrap().0.spots.len(), 12);
    let (s, notes) = open(&SectionEntry { kind: SampleKind::AnnData, ..hest(dir.path(), |_| 0) }).unwrap();
    assert_eq!((s.spots.len(), s.in_tissue), (25, 25));
    assert!(notes.iter().any(|n| n.contains("INT1.h5ad marks every spot as not tissue")), "{notes:?}");
}

#[test]
fn the_slide_file_says_the_resolution_where_spots_are_too_few() {
    let dir = tempfile::tempdir().unwrap();
    let mut entry = section(dir.path());
    entry.image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/slides/aperio.svs");
    let said = crate::data::slide::read_info(&entry.image).unwrap().mpp.unwrap();
    let (s, _) = open(&entry).unwrap();
    assert_eq!((s.mpp, s.mpp_source, s.slide_size), (Mpp(10.0), MppSource::SpotPitch, (384, 256)));
    let spots = fs::read_to_string(path(&entry, FileRole::Spots)).unwrap();
    let first: Vec<&str> = spots.lines().take(2).collect();
    fs::write(path(&entry, FileRole::Spots), first.join("\n")).unwrap();
    let (s, _) = open(&entry).unwrap();
    assert_eq!((s.mpp, s.mpp_source, s.spots.len()), (said, MppSource::File, 1));
}
