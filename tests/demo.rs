//! The demo: made in seconds, the same from the same seed, laid out like real data, and of a kind that can be
//! learnt from.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::GzDecoder;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::{Progress, Silent};
use hiscmcl::data::demo::{DemoError, SEED, generate};

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
        let table = text(&s.counts);
        let rows: Vec<Vec<&str>> = table.lines().map(|l| l.split('\t').collect()).collect();
        let (spots, genes) = (rows.len() - 1, rows[0].len() - 1);
        let counts: Vec<Vec<u32>> =
            rows[1..].iter().map(|r| r[1..].iter().map(|c| c.parse().unwrap()).collect()).collect();
        let zeros = counts.iter().flatten().filter(|c| **c == 0).count() as f64 / (spots * genes) as f64;
        let depth = counts.iter().flatten().sum::<u32>() as f64 / spots as f64;
        let labels = fs::read_to_string(&s.labels).unwrap();
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
        let selected = fs::read_to_string(&s.spots).unwrap().lines().filter(|l| l.ends_with("\t1")).count();
        assert_eq!(selected, spots);
        assert!(s.image.ends_with(format!("ST-imgs/{}/{}/{}_synthetic_HE.jpg", s.patient, s.name, s.name)));
    }
    assert!(fs::read_to_string(dir.join("README.txt")).unwrap().starts_with("SYNTHETIC"));

    let again = scratch.path().join("again");
    generate(&again, SEED, &Silent, &CancelToken::new()).unwrap();
    assert_eq!(files(&dir), files(&again));
}

#[test]
fn cancelling_stops_within_a_second() {
    struct CancelSoon<'a>(&'a CancelToken);
    impl Progress for CancelSoon<'_> {
        fn report(&self, _: &str, done: u64, _: u64) {
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
