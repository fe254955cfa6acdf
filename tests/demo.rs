//! The demo: made in seconds, the same from the same seed, laid out like real data, and of a kind that can be
//! learnt from.
#![expect(clippy::unwrap_used, reason = "a test fails where its data are not as expected")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::GzDecoder;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::{Progress, Silent, Stage};
use hiscmcl::core::target::Target;
use hiscmcl::data::open::open_section;
use hiscmcl::data::slide::Slide;
use hiscmcl::data::st::FileRole;
use hiscmcl::data::st::her2st::scan;
use hiscmcl::demo::{DemoError, SEED, generate, noise_genes, unmeasured_slide};
use hiscmcl::evaluate::metrics::pearson;
use hiscmcl::evaluate::ridge::Ridge;
use hiscmcl::preprocess::features;
use hiscmcl::preprocess::pooled::pooled;
use hiscmcl::preprocess::standardise::standardise_columns;
use hiscmcl::preprocess::target::expression;
use hiscmcl::preprocess::texture::TextureEncoder;

fn text(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

fn files(dir: &Path) -> BTreeMap<PathBuf, blake3::Hash> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(
                    path.strip_prefix(dir).unwrap().to_path_buf(),
                    blake3::hash(&fs::read(&path).unwrap()),
                );
            }
        }
    }
    found
}

#[test]
fn six_sections_in_seconds_the_same_every_time() {
    let scratch = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("HISCMCL_DEMO_DIR").map(PathBuf::from);
    let dir = kept.unwrap_or_else(|| scratch.path().join("demo"));
    let start = Instant::now();
    let sections = generate(&dir, SEED, &Silent, &CancelToken::new()).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!("six sections in {seconds:.2} s");
    assert!(seconds < 60.0, "the demo took {seconds} s");
    assert_eq!(sections.len(), 6);
    let start = Instant::now();
    assert_eq!(generate(&dir, SEED, &Silent, &CancelToken::new()).unwrap(), sections);
    assert!(start.elapsed().as_secs_f64() < 0.5, "a demo that is there is made again");

    for s in &sections {
        let table = text(s.source.counts());
        let rows: Vec<Vec<&str>> = table.lines().map(|l| l.split('\t').collect()).collect();
        let (spots, genes) = (rows.len() - 1, rows[0].len() - 1);
        let counts: Vec<Vec<u32>> =
            rows[1..].iter().map(|r| r[1..].iter().map(|c| c.parse().unwrap()).collect()).collect();
        let zeros = counts.iter().flatten().filter(|c| **c == 0).count() as f64 / (spots * genes) as f64;
        let depth = counts.iter().flatten().sum::<u32>() as f64 / spots as f64;
        let labels = fs::read_to_string(s.labels.as_ref().unwrap()).unwrap();
        let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
        for line in labels.lines().skip(1) {
            *classes.entry(line.split('\t').next_back().unwrap()).or_default() += 1;
        }
        let image = fs::metadata(&s.image).unwrap().len();
        println!(
            "{}: {spots} spots, {genes} genes, {depth:.0} counts, {zeros:.2} zeros, {image} bytes, {classes:?}",
            s.name
        );
        assert!((110..=200).contains(&spots), "{} has {spots} spots", s.name);
        assert!((0.1..0.6).contains(&zeros), "{zeros} of the counts are zero");
        let selected = fs::read_to_string(s.path(FileRole::Spots).unwrap())
            .unwrap()
            .lines()
            .filter(|l| l.ends_with("\t1"))
            .count();
        assert_eq!(selected, spots);
        let section = open_section(s, &Silent, &CancelToken::new()).unwrap();
        assert_eq!((section.spots.len(), section.genes.len()), (spots, genes));
        assert!((section.mpp.0 - 1.0).abs() < 0.02, "inferred {} µm per pixel", section.mpp.0);
    }
    let found = scan(&dir.join("data")).unwrap();
    assert_eq!(found.sections, sections, "the folder opens like real data");
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    assert!(fs::read_to_string(dir.join("README.txt")).unwrap().starts_with("SYNTHETIC"));

    let again = scratch.path().join("again");
    generate(&again, SEED, &Silent, &CancelToken::new()).unwrap();
    assert_eq!(files(&dir), files(&again));
}

#[test]
fn a_slide_without_measurements_is_made_once_as_scanners_save_them() {
    let dir = tempfile::tempdir().unwrap();
    let make = || unmeasured_slide(dir.path(), SEED, &Silent, &CancelToken::new()).unwrap();
    let entry = make();
    assert!(!entry.is_measured());
    let slide = Slide::open(&entry.image, &Silent, &CancelToken::new()).unwrap();
    assert!(slide.info().levels.len() > 2, "{:?}", slide.info().levels);
    assert!((slide.info().mpp.unwrap().0 - entry.slide_mpp.unwrap()).abs() < 1e-6);
    let made = fs::metadata(&entry.image).unwrap().modified().unwrap();
    assert_eq!(make(), entry);
    assert_eq!(fs::metadata(&entry.image).unwrap().modified().unwrap(), made);
    let section = open_section(&entry, &Silent, &CancelToken::new()).unwrap();
    assert!(!section.is_measured());
}

#[test]
fn cancelling_stops_within_a_second() {
    struct CancelSoon<'a>(&'a CancelToken);
    impl Progress for CancelSoon<'_> {
        fn report(&self, _: &Stage, done: u64, _: u64) {
            if done == 5 {
                self.0.cancel();
            }
        }
        fn note(&self, _: &str) {}
    }
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancelToken::new();
    let result = generate(dir.path(), SEED, &CancelSoon(&cancel), &cancel);
    assert!(matches!(result, Err(DemoError::Cancelled(_))));
    assert!(!dir.path().join("README.txt").exists(), "an interrupted demo looks whole");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "x").unwrap();
    let error = generate(&file, SEED, &Silent, &CancelToken::new()).unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
}

/// Leave-one-patient-out by ridge regression on texture features: genes of a tissue are predicted from the
/// pictures of a patient never seen, genes that follow nothing are not.
#[test]
fn genes_of_a_tissue_can_be_learnt_and_noise_cannot() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = std::env::var_os("HISCMCL_DEMO_DIR").map_or_else(|| scratch.path().join("demo"), PathBuf::from);
    let cancel = CancelToken::new();
    let entries = generate(&dir, SEED, &Silent, &cancel).unwrap();
    let start = Instant::now();
    let (mut x, mut y, mut genes) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &entries {
        let section = open_section(entry, &Silent, &cancel).unwrap();
        let slide = Slide::open(&section.slide, &Silent, &cancel).unwrap();
        let centers: Vec<_> = section.centers().collect();
        let f = features::compute(&slide, &centers, section.mpp, &TextureEncoder, None, &Silent, &cancel)
            .unwrap();
        genes = section.genes.iter().map(|g| g.name.clone()).collect();
        x.push(standardise_columns(&pooled(&f).unwrap()));
        y.push(expression(&section, &genes, Target::Published).unwrap());
    }
    println!("features in {:.1} s", start.elapsed().as_secs_f64());
    let mut by_gene: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for patient in 0..3 {
        let test = 2 * patient..2 * patient + 2;
        let training: Vec<usize> = (0..6).filter(|i| !test.contains(i)).collect();
        let stack = |m: &[Matrix]| Matrix::vstack(training.iter().map(|&i| &m[i])).unwrap();
        let groups: Vec<usize> = training.iter().flat_map(|&i| std::iter::repeat_n(i, y[i].rows())).collect();
        let ridge = Ridge::fit(&stack(&x), &stack(&y), &groups, &[100.0, 1000.0, 1e4], &cancel).unwrap();
        for t in test {
            let predicted = ridge.predict(&x[t]).unwrap();
            let column = |m: &Matrix, g: usize| m.column(g).into_iter().map(f64::from).collect::<Vec<_>>();
            for (g, gene) in genes.iter().enumerate() {
                if let Some(r) = pearson(&column(&y[t], g), &column(&predicted, g)) {
                    by_gene.entry(gene.clone()).or_default().push(r);
                }
            }
        }
    }
    let mean = |of: &[&str]| {
        let all: Vec<f64> = of.iter().flat_map(|g| by_gene.get(*g).cloned().unwrap_or_default()).collect();
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    let all: Vec<f64> = by_gene.values().flatten().copied().collect();
    println!("all genes {:.2}", all.iter().sum::<f64>() / all.len() as f64);
    for (name, genes, least) in [
        ("tumour", &["FASN", "GNAS", "KRT19", "ERBB2"][..], 0.4),
        ("stroma", &["COL1A1", "FN1", "SPARC"][..], 0.4),
        ("B cells", &["MS4A1", "IGKC", "CD79A"][..], 0.2),
        ("T cells", &["CD3D", "CD8A", "TRAC"][..], 0.2),
        ("glands", &["KRT14", "KRT5", "LTF"][..], 0.2),
        ("fat", &["ADIPOQ", "PLIN1", "FABP4"][..], 0.3),
    ] {
        let r = mean(genes);
        println!("{name}: {r:.2}");
        assert!(r > least, "{name} {r}");
    }
    let noise = mean(noise_genes());
    println!("noise: {noise:.3}");
    assert!(noise.abs() < 0.15, "genes that follow nothing are predicted: {noise}");
}
