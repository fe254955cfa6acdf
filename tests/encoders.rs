//! Pretrained encoders give what PyTorch gives. `tests/tools/export_encoders.py` made the fixtures: small networks
//! of every family with random weights, and what PyTorch computes with them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::encoder::{PatchEncoder, RgbPatch};
use hiscmcl::core::gpu::GpuLimits;
use hiscmcl::core::progress::Silent;
use hiscmcl::device::ComputeDevice;
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::encoders::{self, EncoderChoice};
use hiscmcl::model::encoder::parameters::Parameters;
use hiscmcl::model::encoder::presets::Normalisation;
use hiscmcl::model::encoder::{
    Architecture, CpuNetwork, HalfNetwork, Precision, Pretrained, TensorNetwork, load, preset,
};
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
    network: impl FnOnce(Architecture, Parameters, Vec<f32>, usize) -> Vec<f32>,
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
    first.iter().zip(second).for_each(|(a, b)| assert!((a - b).abs() < 1e-6, "{a} is not {b}"));
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
            TensorNetwork::new(architecture, parameters, &Device::flex()).run(pixels, side).unwrap()
        });
        println!("{}: {found:.1e}", file.file_name().unwrap().display());
        assert!(found < 1e-4, "{}: {found}", file.display());
    }
}

/// Runs every transformer in half precision on a device: the features point where PyTorch's do. Those of PyTorch in half
/// precision are up to 1e-6 off the direction too.
fn half_precision_agrees(device: &Device) {
    let is_vit = |path: &PathBuf| path.to_string_lossy().contains("vit_");
    for file in weights().into_iter().filter(is_vit) {
        let expected = expected(&file);
        difference(&file, |architecture, parameters, pixels, side| {
            let found = HalfNetwork::new(architecture, parameters, device).run(pixels, side).unwrap();
            let cosine = cosine(&found[..expected.len()], &expected);
            println!("{}: cosine 1 - {:.1e}", file.file_name().unwrap().display(), 1.0 - cosine);
            assert!(cosine > 0.99999, "{}: {cosine}", file.display());
            found
        });
    }
}

fn expected(weights: &Path) -> Vec<f32> {
    let text = fs::read(weights.with_extension("json")).unwrap();
    serde_json::from_slice::<Fixture>(&text).unwrap().output
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn transformers_agree_with_pytorch_in_half_precision() {
    half_precision_agrees(&Device::flex());
}

/// On whatever runs shaders here, software included: `HISCMCL_PRECISION=f16`, or f32.
#[test]
#[ignore = "needs a graphics API; one in software is slow, and may fail by its own faults"]
fn every_family_agrees_with_pytorch_on_the_default_graphics_device() {
    let device = Device::wgpu_options().init().unwrap();
    println!("{:?}, f16: {}", device.identity(), device.supports_dtype(DType::F16));
    if std::env::var("HISCMCL_PRECISION").is_ok_and(|p| p == "f16") {
        return half_precision_agrees(&device);
    }
    for file in weights() {
        let found = difference(&file, |architecture, parameters, pixels, side| {
            TensorNetwork::new(architecture, parameters, &device).run(pixels, side).unwrap()
        });
        println!("{}: {found:.1e}", file.file_name().unwrap().display());
        assert!(found < 1e-3, "{}: {found}", file.display());
    }
}

/// What is said of a weights file that is asked for as ResNet-18's; nothing of it is run.
fn said_of(weights: &Path) -> String {
    let choice = EncoderChoice { name: "resnet18".into(), weights: Some(weights.to_owned()) };
    let ctx = JobContext { observer: &Silent, cancel: &CancelToken::new() };
    let image = folder().join("patch_64.png");
    let outcome = encoders::embed(&choice, &ComputeDevice::cpu(), &image, &ctx);
    let text = format!("{:#}", outcome.unwrap_err());
    assert!(!text.contains('\n'), "more than a sentence: {text}");
    text
}

#[test]
fn files_that_are_no_weights_of_the_encoder_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sound = fs::read(folder().join("densenet.safetensors")).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };

    let other = said_of(&write("other.safetensors", &sound));
    assert!(other.contains("does not hold the weights of ResNet-18: The file lacks"), "{other}");
    let renamed = said_of(&write("renamed.bin", &sound));
    assert!(renamed.contains("renamed.bin does not hold the weights of ResNet-18"), "{renamed}");
    let cut = said_of(&write("cut.safetensors", &sound[..sound.len() - 100]));
    assert!(cut.contains("cut.safetensors") && cut.contains("cut off"), "{cut}");
    let page = said_of(&write("page.bin", b"<!DOCTYPE html><html><body>Access denied</body></html>"));
    assert!(page.contains("page.bin"), "{page}");
    assert!(said_of(&dir.path().join("gone.bin")).contains("gone.bin"));

    let hostile = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights");
    for (file, call) in [("asks_system.pt", "system"), ("asks_popen.pkl", "open"), ("asks_eval.pt", "eval")] {
        let text = said_of(&hostile.join(file));
        assert!(text.contains(call) && text.contains("nothing was run"), "{file}: {text}");
    }
}

#[test]
fn an_encoder_gives_the_same_for_a_patch_whatever_it_is_encoded_with() {
    let resnet = Pretrained::with_made_up_weights(preset("resnet18").unwrap(), None, None);
    let image = image::open(folder().join("patch_64.png")).unwrap().to_rgb8();
    let large = image::imageops::resize(&image, 224, 224, image::imageops::FilterType::CatmullRom);
    let patch = |shift: u8| RgbPatch {
        size: 224,
        rgb: large.as_raw().iter().map(|v| v.wrapping_add(shift)).collect(),
        on_slide: 1.0,
    };
    let all = resnet.encode(&[patch(0), patch(40), patch(90)]).unwrap();
    for (shift, features) in [0, 40, 90].into_iter().zip(&all) {
        assert_eq!(features.len(), resnet.width());
        assert!(features.iter().all(|v| v.is_finite()));
        let alone = resnet.encode(&[patch(shift)]).unwrap();
        assert!(features.iter().zip(&alone[0]).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    assert_ne!(all[0], all[1]);
}

/// Everywhere but in the cache, an encoder is the same on a GPU; and it runs there in the batch that fits.
#[test]
fn a_gpu_in_half_precision_gives_the_same_encoder_other_cached_features() {
    let limits = GpuLimits { largest_buffer: 128 << 20, shares_memory: true };
    // Tensors on the processor stand for a GPU. Two layers are enough.
    let mut small = preset("vit-b16").unwrap();
    if let Architecture::Vit(vit) = &mut small.architecture {
        vit.depth = 2;
    }
    let open = |gpu, precision| Pretrained::with_made_up_weights(small.clone(), gpu, precision);
    let gpu = || Some((Device::flex(), limits));
    let (processor, half) = (open(None, None), open(gpu(), None));
    let single = open(gpu(), Some(Precision::Single));
    assert_eq!([&half, &single].map(|e| e.precision()), [Precision::Half, Precision::Single]);
    assert_eq!(processor.id(), half.id());
    assert_eq!(processor.cache_id(), single.cache_id());
    assert_eq!(half.cache_id(), format!("{}-f16", processor.cache_id()));
    assert_eq!(half.batch(), 32);
    let resnet = Pretrained::with_made_up_weights(preset("resnet18").unwrap(), gpu(), None);
    assert_eq!((resnet.precision(), resnet.batch()), (Precision::Single, 32));

    let patch = |shift: u8| RgbPatch {
        size: 224,
        rgb: (0..224 * 224 * 3).map(|i| (i * 31 % 251) as u8 ^ shift).collect(),
        on_slide: 1.0,
    };
    let patches = [patch(0), patch(77)];
    let expected = processor.encode(&patches).unwrap();
    for encoder in [half, single] {
        for (found, expected) in encoder.encode(&patches).unwrap().iter().zip(&expected) {
            let cosine = cosine(found, expected);
            assert!(cosine > 0.9999, "{:?}: {cosine}", encoder.precision());
        }
    }
}
