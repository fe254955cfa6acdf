//! Pretrained encoders give what PyTorch gives. `tests/tools/export_encoders.py` made the fixtures: small networks
//! of every family with random weights, and what PyTorch computes with them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::model::encoder::presets::Normalisation;
use hiscmcl::model::encoder::{Architecture, CpuNetwork, TensorNetwork, load};
use hiscmcl::model::weights::WeightsFile;
use serde::Deserialize;

/// What a fixture says beside its weights.
#[derive(Deserialize)]
struct Fixture {
    architecture: Architecture,
    mean: [f32; 3],
    std: [f32; 3],
    image: String,
    output: Vec<f32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoders")
}

/// The weights files of all fixtures: a fixture can have its weights in several formats.
fn weights() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "safetensors" || e == "bin" || e == "pth"))
        .collect();
    files.sort();
    files
}

/// Runs a fixture through `network` and gives the largest difference from PyTorch.
fn difference(
    weights: &Path,
    network: impl FnOnce(
        Architecture,
        hiscmcl::model::encoder::parameters::Parameters,
        Vec<f32>,
        usize,
    ) -> Vec<f32>,
) -> f32 {
    let fixture: Fixture =
        serde_json::from_slice(&fs::read(weights.with_extension("json")).unwrap()).unwrap();
    let image = image::open(folder().join(&fixture.image)).unwrap().to_rgb8();
    let side = image.width() as usize;
    let file = WeightsFile::open(weights).unwrap();
    let parameters =
        load(&file, &fixture.architecture, side, "the fixture", &Silent, &CancelToken::new()).unwrap();
    let mut pixels = Vec::new();
    Normalisation { mean: fixture.mean, std: fixture.std }.apply(image.as_raw(), &mut pixels);
    // Two copies: images must not get into each other's way.
    pixels.extend_from_within(..);
    let found = network(fixture.architecture, parameters, pixels, side);
    assert_eq!(found.len(), 2 * fixture.output.len(), "{}", weights.display());
    let (first, second) = found.split_at(fixture.output.len());
    first.iter().zip(second).for_each(|(a, b)| assert!((a - b).abs() < 1e-6));
    first.iter().zip(&fixture.output).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_family_equals_pytorch_on_the_processor() {
    let files = weights();
    assert!(files.len() >= 16, "only {} fixtures", files.len());
    for file in files {
        let found = difference(&file, |architecture, parameters, pixels, side| {
            CpuNetwork::new(architecture, parameters).run(pixels, side)
        });
        println!("{}: {found:.1e}", file.file_name().unwrap().display());
        assert!(found < 1e-4, "{}: {found}", file.display());
    }
}

#[test]
fn every_family_equals_pytorch_in_tensors() {
    for file in weights() {
        let found = difference(&file, |architecture, parameters, pixels, side| {
            TensorNetwork::new(architecture, parameters, &Device::flex()).run(pixels, side)
        });
        println!("{}: {found:.1e}", file.file_name().unwrap().display());
        assert!(found < 1e-4, "{}: {found}", file.display());
    }
}
