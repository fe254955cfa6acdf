//! Mutated files, for as long as wanted: `HISCMCL_FUZZ_MINUTES=10 cargo test --release --test behaviour -- --ignored
//! fuzz::mtx`. Best within `ulimit -v 3000000`, so that a wild allocation ends the process. Whatever is being
//! read lies in the folder `HISCMCL_FUZZ_FOLDER`, and what was found stays there.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::rng::stream;
use hiscmcl::data::anndata;
use hiscmcl::data::st::tenx::{MtxFiles, inspect_h5, read_h5, read_mtx};
use rand::{Rng, RngExt};

use super::shared;

/// One step may take so long.
const SLOW: Duration = Duration::from_secs(3);

fn minutes() -> f64 {
    std::env::var("HISCMCL_FUZZ_MINUTES").ok().and_then(|m| m.parse().ok()).unwrap_or(0.05)
}

/// Where what is being read, and what was found, is kept.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::var_os("HISCMCL_FUZZ_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("hiscmcl-fuzz-{name}"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Changes a few bytes in one of the ways in which files go wrong, or are made to.
fn mutate(bytes: &mut Vec<u8>, random: &mut impl Rng) {
    const NUMBERS: [u64; 12] = [
        0,
        1,
        0x7f,
        0xff,
        0x7fff,
        0xffff,
        0x7fff_ffff,
        0xffff_ffff,
        1 << 40,
        1 << 62,
        u64::MAX >> 1,
        u64::MAX,
    ];
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            return;
        }
        // What says how the rest is laid out is mostly at the beginning.
        let within = if random.random_bool(0.5) { bytes.len() } else { bytes.len().min(4096) };
        let at = random.random_range(0..within);
        let rest = bytes.len() - at;
        match random.random_range(0..12) {
            0..4 => bytes[at] ^= 1 << random.random_range(0..8),
            4..6 => bytes[at] = random.random(),
            6..9 => {
                let size = [1, 2, 4, 8][random.random_range(0..4)].min(rest);
                let number = if random.random_bool(0.3) {
                    (bytes.len() as u64 + random.random_range(0..16)).saturating_sub(8)
                } else {
                    NUMBERS[random.random_range(0..NUMBERS.len())]
                };
                bytes[at..at + size].copy_from_slice(&number.to_le_bytes()[..size]);
            }
            9 => {
                let size = random.random_range(0..64).min(rest);
                let from = random.random_range(0..=bytes.len() - size);
                bytes.copy_within(from..from + size, at);
            }
            10 => {
                let size = random.random_range(0..32).min(rest);
                bytes.drain(at..at + size);
            }
            _ => bytes.truncate(bytes.len() - random.random_range(0..bytes.len().min(2000))),
        }
    }
}

/// Reads mutations of `seeds` until the time is over.
fn run(name: &str, seeds: Vec<Vec<u8>>, read: impl Fn(&Path) -> Result<(), String>) {
    assert!(!seeds.is_empty());
    let folder = folder(name);
    // Panics of the HDF5 library are caught by the layer above it; they are worth knowing all the same.
    let panics: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
    let heard = Arc::clone(&panics);
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        *heard.lock().unwrap().entry(place).or_default() += 1;
    }));
    let started = Instant::now();
    let limit = Duration::from_secs_f64(minutes() * 60.0);
    let seed = std::env::var("HISCMCL_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let (mut step, mut sound, mut slowest) = (0u64, 0u64, Duration::ZERO);
    let mut sentences: BTreeMap<String, u64> = BTreeMap::new();
    let mut found = Vec::new();
    let path = folder.join("now");
    while started.elapsed() < limit {
        let mut random = stream(seed, name, step);
        let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
        mutate(&mut bytes, &mut random);
        fs::write(&path, &bytes).unwrap();
        let timed = || {
            let before = Instant::now();
            (catch_unwind(AssertUnwindSafe(|| read(&path))), before.elapsed())
        };
        let (result, mut took) = timed();
        if took > SLOW {
            // Only what is slow again is slow: the machine may have been busy.
            took = took.min(timed().1);
        }
        slowest = slowest.max(took);
        let trouble = match result {
            Err(_) => Some("panic"),
            Ok(_) if took > SLOW => Some("slow"),
            Ok(Ok(())) => {
                sound += 1;
                None
            }
            Ok(Err(sentence)) => {
                let kind: String = sentence.chars().filter(|c| !c.is_ascii_digit()).take(100).collect();
                *sentences.entry(kind).or_default() += 1;
                (sentence.contains("panicked") || sentence.trim().is_empty()).then_some("sentence")
            }
        };
        if let Some(trouble) = trouble {
            let kept = folder.join(format!("{trouble}-{seed}-{step}"));
            fs::write(&kept, &bytes).unwrap();
            found.push(kept);
        }
        step += 1;
    }
    drop(std::panic::take_hook());
    println!(
        "{name}: {step} files in {:.1} min, {sound} still sound, {} different sentences, slowest {:.3} s",
        started.elapsed().as_secs_f64() / 60.0,
        sentences.len(),
        slowest.as_secs_f64()
    );
    for (place, times) in panics.lock().unwrap().iter() {
        println!("panicked {times} times at {place}");
    }
    assert!(found.is_empty(), "{found:?}");
}

fn real(names: &[&str]) -> Vec<Vec<u8>> {
    let Some(shared) = shared() else { return Vec::new() };
    names.iter().map(|n| fs::read(shared.join("real_data").join(n)).unwrap()).collect()
}

#[test]
#[ignore = "runs for HISCMCL_FUZZ_MINUTES"]
fn tenx_h5() {
    let seeds = real(&[
        "tenx_scanpy/1.2.0/filtered_gene_bc_matrices_h5.h5",
        "tenx_scanpy/3.0.0/filtered_feature_bc_matrix.h5",
        "visiumio/10xVisium/section1/outs/raw_feature_bc_matrix.h5",
        "visiumio/binned_outputs/square_002um/filtered_feature_bc_matrix.h5",
    ]);
    if seeds.is_empty() {
        return;
    }
    run("tenx_h5", seeds, |path| {
        let _ = inspect_h5(path);
        let mut m = read_h5(path, &Silent, &CancelToken::new()).map_err(|e| e.to_string())?;
        assert_eq!(m.table.spots.len(), m.table.counts.rows());
        assert_eq!(m.table.genes.len(), m.table.counts.cols());
        let _ = m.keep_genes();
        Ok(())
    });
}

#[test]
#[ignore = "runs for HISCMCL_FUZZ_MINUTES"]
fn h5ad() {
    let mut seeds = real(&["h5ad/anndata_v0.11.4.h5ad", "h5ad/squidpy_test_data.h5ad"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.h5ad");
    let x = Matrix::from_fn(40, 30, |r, c| if (r + c) % 3 == 0 { (r * c) as f32 } else { 0.0 });
    anndata::write(&path, &super::scanpy::contents(&x, 2)).unwrap();
    seeds.push(fs::read(&path).unwrap());
    run("h5ad", seeds, |path| {
        let about = anndata::inspect(path);
        let labels = about.as_ref().ok().and_then(|a| Some(a.labels.first()?.name.clone()));
        for library in about.iter().flat_map(|a| &a.libraries) {
            for image in &library.images {
                let _ = anndata::read_image(path, &library.name, &image.key);
            }
        }
        let matrix = match &about {
            Ok(a) if !a.has_x => a.layers.first().cloned().map(anndata::MatrixChoice::Layer),
            _ => None,
        };
        let options = anndata::ReadOptions { matrix: matrix.unwrap_or_default(), labels, library: None };
        let a = anndata::read(path, &options, &Silent, &CancelToken::new()).map_err(|e| e.to_string())?;
        assert_eq!(a.table.spots.len(), a.table.counts.rows());
        assert_eq!(a.table.genes.len(), a.table.counts.cols());
        Ok(())
    });
}

#[test]
#[ignore = "runs for HISCMCL_FUZZ_MINUTES"]
fn mtx() {
    let dir = tempfile::tempdir().unwrap();
    let barcodes = dir.path().join("barcodes.tsv");
    let features = dir.path().join("features.tsv");
    fs::write(&barcodes, (0..50).map(|i| format!("B{i}-1\n")).collect::<String>()).unwrap();
    fs::write(&features, (0..49).map(|i| format!("E{i}\tG{i}\tGene Expression\n")).collect::<String>())
        .unwrap();
    let mut text = "%%MatrixMarket matrix coordinate integer general\n%made\n49 50 200\n".to_owned();
    for i in 0..200 {
        text.push_str(&format!("{} {} {}\n", i * 7 % 49 + 1, i / 4 + 1, i % 9 + 1));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let seeds = vec![text.into_bytes(), packed.finish().unwrap()];
    run("mtx", seeds, |path| {
        let files =
            MtxFiles { matrix: path.to_path_buf(), barcodes: barcodes.clone(), features: features.clone() };
        let matrix = read_mtx(&files, &Silent, &CancelToken::new()).map_err(|e| e.to_string())?;
        assert_eq!((matrix.table.counts.rows(), matrix.table.counts.cols()), (50, 49));
        // The lists are as open to damage as the matrix.
        let files =
            MtxFiles { matrix: barcodes.clone(), barcodes: path.to_path_buf(), features: path.to_path_buf() };
        let _ = read_mtx(&files, &Silent, &CancelToken::new());
        Ok(())
    });
}
