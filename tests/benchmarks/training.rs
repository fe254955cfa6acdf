//! How long training and retrieval take: `cargo bench --bench training`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing else to say")]

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::SlidePoint;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::rng::stream;
use hiscmcl::core::target::Target;
use hiscmcl::device::ComputeDevice;
use hiscmcl::predict::BankSpot;
use hiscmcl::predict::bank::Bank;
use hiscmcl::preprocess::features::SectionFeatures;
use hiscmcl::preprocess::lattice::Lattice;
use hiscmcl::preprocess::neighbourhood::Neighbourhood;
use hiscmcl::train::{FitInput, TrainConfig, TrainSection, Validation, fit};
use rand::RngExt;

fn main() {
    divan::main();
}

/// Numbers between -1 and 1.
fn random(rows: usize, cols: usize, seed: u64) -> Matrix {
    let mut rng = stream(seed, "benchmark", 0);
    Matrix::from_fn(rows, cols, |_, _| rng.random_range(-1.0..1.0))
}

/// A section as large as those of her2st: 180 spots of 476 features, 120 landmarks.
fn section(seed: u64) -> SectionFeatures {
    let (n, d, m) = (180, 476, 120);
    let lattice =
        |count: usize, step: f32| (0..count).map(move |i| [(i % 12) as f32 * step, (i / 12) as f32 * step]);
    let centers = lattice(n, 200.0).map(|[x, y]| SlidePoint::new(f64::from(x), f64::from(y))).collect();
    // Over all spots and their neighbourhoods, all of it tissue.
    let origin = SlidePoint::new(-336.0, -336.0);
    let patches = Lattice::new(origin, 112.0, 112.0, (30, 36), (0..30 * 36).collect()).unwrap();
    SectionFeatures {
        spot: random(n, d, seed),
        neighbourhood: Neighbourhood::new(patches, centers, random(30 * 36, d, seed + 100)).unwrap(),
        landmarks: random(m, d, seed + 200),
        landmark_um: lattice(m, 224.0).collect(),
        spot_um: lattice(n, 200.0).collect(),
    }
}

/// One epoch over 360 spots and 785 genes with everything around it: denoising, the look at 180 validation
/// spots, the blend.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn one_epoch_of_360_spots(bencher: divan::Bencher<'_, '_>) {
    train(bencher, 1);
}

/// Eleven epochs: ten more than above.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn eleven_epochs_of_360_spots(bencher: divan::Bencher<'_, '_>) {
    train(bencher, 11);
}

fn train(bencher: divan::Bencher<'_, '_>, epochs: usize) {
    let features: Vec<SectionFeatures> = (0..3).map(section).collect();
    let expression: Vec<Matrix> = (0..3).map(|s| random(180, 785, s + 300)).collect();
    let ids: Vec<String> = (0..180).map(|i| format!("{}x{}", i % 12, i / 12)).collect();
    let genes: Vec<String> = (0..785).map(|g| format!("GENE{g}")).collect();
    let sections = ["A", "B", "C"]
        .into_iter()
        .zip(features.iter().zip(&expression))
        .map(|(name, (features, expression))| TrainSection {
            name,
            features,
            views: &[],
            expression,
            spot_ids: &ids,
        })
        .collect();
    let input = FitInput { sections, validation: Validation::Auto, genes: &genes, target: Target::Published };
    let config =
        TrainConfig { epochs, members: 1, refit: false, validate_every: 1_000, ..TrainConfig::default() };
    let device = ComputeDevice::cpu();
    bencher.bench(|| {
        fit(&input, &config, &device, None, &mut |_| (), &Silent, &CancelToken::new())
            .unwrap()
            .parameters
            .len()
    });
}

fn bank() -> Bank {
    let spots = (0..10_000).map(|i| BankSpot { section: "A".into(), spot: i.to_string() }).collect();
    Bank::new(&random(10_000, 256, 1), random(10_000, 785, 2), spots).unwrap()
}

/// The 100 most similar of 10,000 spots for 1,000 queries of 256 numbers.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn retrieve_1000_queries_in_10000(bencher: divan::Bencher<'_, '_>) {
    let (bank, queries) = (bank(), random(1_000, 256, 3));
    bencher.bench(|| bank.retrieve(&queries, 100, &CancelToken::new()).unwrap());
}

/// Mean and spread of 785 genes over what was retrieved.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn average_785_genes_of_1000_queries(bencher: divan::Bencher<'_, '_>) {
    let (bank, queries) = (bank(), random(1_000, 256, 3));
    let found = bank.retrieve(&queries, 100, &CancelToken::new()).unwrap();
    bencher.bench(|| bank.average(&found, &CancelToken::new()).unwrap());
}
