//! The published recipe end to end on small made-up sections, with a frozen and with a trained encoder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::{Mpp, SlidePoint};
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::rng::stream;
use hiscmcl::core::target::Target;
use hiscmcl::data::slide::{RgbImage, Slide};
use hiscmcl::device::ComputeDevice;
use hiscmcl::model::encoder::architecture::{Architecture, DenseNet};
use hiscmcl::model::encoder::presets::Normalisation;
use hiscmcl::model::encoder::{EncoderShape, first_parameters};
use hiscmcl::predict::{Model, Predictions, Published};
use hiscmcl::preprocess::spots;
use hiscmcl::train::published::{Images, PublishedConfig, PublishedInput, PublishedSection, fit};
use hiscmcl::train::{EpochMetrics, TrainError};
use rand::RngExt;

const GENES: usize = 20;
const WIDTH: usize = 10;
const SIDE: usize = 7;
/// Slide pixels between spots; a pixel is a micrometre.
const PITCH: usize = 40;

struct MadeUp {
    name: String,
    features: Matrix,
    slide: Slide,
    centers: Vec<SlidePoint>,
    um: Vec<[f32; 2]>,
    expression: Matrix,
    ids: Vec<String>,
}

/// Spots of two kinds in patches over the section: red or blue, with other genes.
fn made_up(name: &str, seed: u64) -> MadeUp {
    let n = SIDE * SIDE;
    let mut rng = stream(seed, "made up", 0);
    let level: Vec<f32> = (0..n).map(|_| rng.random::<f32>()).collect();
    let mut noise = || rng.random::<f32>() - 0.5;
    let features = Matrix::from_fn(n, WIDTH, |r, c| 30.0 * level[r] * ((c + 1) as f32).sin() + noise());
    let expression = Matrix::from_fn(n, GENES, |r, g| {
        1.0 + level[r] * if g % 2 == 0 { 2.0 } else { -1.0 } + 0.2 * noise()
    });
    let length = SIDE * PITCH;
    let color = |i: usize| {
        let (x, y) = (i % length, i / length);
        let red = (level[y / PITCH * SIDE + x / PITCH] * 150.0) as u8;
        [60 + red, 90, 210 - red + ((x * 7 + y * 13) % 5 * 6) as u8]
    };
    let rgb = (0..length * length).flat_map(color).collect();
    let image = RgbImage { width: length as u32, height: length as u32, rgb };
    let center = |i: usize| [(i % SIDE * PITCH + PITCH / 2) as f32, (i / SIDE * PITCH + PITCH / 2) as f32];
    MadeUp {
        name: name.to_owned(),
        features,
        slide: Slide::from_image(name, image).unwrap(),
        centers: (0..n).map(|i| SlidePoint::new(f64::from(center(i)[0]), f64::from(center(i)[1]))).collect(),
        um: (0..n).map(center).collect(),
        expression,
        ids: (0..n).map(|i| format!("{}x{}", i % SIDE, i / SIDE)).collect(),
    }
}

fn tiny() -> EncoderShape {
    EncoderShape {
        architecture: Architecture::Densenet(DenseNet {
            stem: 8,
            growth: 4,
            bottleneck: 2,
            blocks: vec![2, 2],
        }),
        side: 32,
        mpp: 1.0,
        normalisation: Normalisation::IMAGENET,
    }
}

fn settings() -> PublishedConfig {
    PublishedConfig {
        epochs: 12,
        batch_size: 24,
        learning_rate: 2e-3,
        neighbours: 12,
        heads: 2,
        head_width: 8,
        projection: 16,
        expression_neighbours: 4,
        jitter: 0.05,
        ..PublishedConfig::default()
    }
}

fn train(
    sections: &[MadeUp],
    trained: bool,
    config: &PublishedConfig,
    checkpoint: Option<&std::path::Path>,
    stop_after: usize,
) -> (Result<Published, TrainError>, Vec<EpochMetrics>) {
    let genes: Vec<String> = (0..GENES).map(|g| format!("GENE{g}")).collect();
    let input = PublishedInput {
        sections: sections
            .iter()
            .map(|s| PublishedSection {
                name: &s.name,
                images: if trained {
                    Images::Patches { slide: &s.slide, centers: &s.centers, mpp: Mpp(1.0) }
                } else {
                    Images::Features(&s.features)
                },
                um: &s.um,
                expression: &s.expression,
                spot_ids: &s.ids,
            })
            .collect(),
        genes: &genes,
        target: Target::Published,
        encoder: trained.then(|| (tiny(), first_parameters(&tiny().architecture, 32, 5))),
    };
    let cancel = CancelToken::new();
    let mut heard = Vec::new();
    let mut hear = |m: &EpochMetrics| {
        heard.push(*m);
        if heard.len() > stop_after {
            cancel.cancel();
        }
    };
    let model = fit(&input, config, &ComputeDevice::cpu(), checkpoint, &mut hear, &Silent, &cancel);
    (model, heard)
}

fn predict(model: &Published, section: &MadeUp) -> Predictions {
    let cancel = CancelToken::new();
    let features = match &model.encoder {
        None => section.features.clone(),
        Some(encoder) => {
            spots::encode(&section.slide, &section.centers, Mpp(1.0), encoder, &Silent, &cancel).unwrap()
        }
    };
    model.predict(&section.name, &features, &section.ids, &Silent, &cancel).unwrap()
}

/// Correlation over all spots of the first gene, which follows what the image shows.
fn correlation(predictions: &Predictions, section: &MadeUp) -> f64 {
    let wide = |m: &Matrix| m.column(0).into_iter().map(f64::from).collect::<Vec<f64>>();
    let (p, m) = (wide(&predictions.mean), wide(&section.expression));
    hiscmcl::evaluate::metrics::pearson(&p, &m).unwrap()
}

#[test]
fn a_frozen_encoder_is_learnt_from_and_models_come_back() {
    let (sections, test) = ([made_up("A", 1), made_up("B", 2)], made_up("C", 3));
    let (model, heard) = train(&sections, false, &settings(), None, usize::MAX);
    let model = model.unwrap();
    assert_eq!(heard.len(), 13, "the loss before the first step, and 12 epochs");
    assert!(heard[12].contrastive < 0.9 * heard[0].contrastive, "{heard:?}");
    let before = predict(&model, &test);
    let r = correlation(&before, &test);
    assert!(r > 0.7, "correlation {r}");
    assert!(before.uncertainty.as_slice().iter().all(|u| *u > 0.0));
    assert_eq!(before.retrieved[0].len(), 12);

    let dir = tempfile::tempdir().unwrap();
    model.save(dir.path()).unwrap();
    let Model::Published(again) = Model::load(dir.path(), &ComputeDevice::cpu()).unwrap() else {
        unreachable!("another recipe")
    };
    assert!(again.config == model.config && again.bank == model.bank);
    assert_eq!(predict(&again, &test), before);
    let narrow = Matrix::zeros(SIDE * SIDE, 3);
    let e = again.predict("C", &narrow, &test.ids, &Silent, &CancelToken::new()).unwrap_err().to_string();
    assert!(e.contains("3 features"), "{e}");
}

#[test]
fn a_trained_encoder_is_learnt_and_training_goes_on_after_a_stop() {
    let (sections, test) = ([made_up("A", 1), made_up("B", 2)], made_up("C", 3));
    let config = PublishedConfig { epochs: 10, encoder_chunk: 8, ..settings() };
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint.safetensors");
    let (stopped, heard) = train(&sections, true, &config, Some(&checkpoint), 4);
    assert!(matches!(stopped, Err(TrainError::Cancelled(_))) && heard.len() == 5, "{heard:?}");
    let (model, heard) = train(&sections, true, &config, Some(&checkpoint), usize::MAX);
    let model = model.unwrap();
    let epochs: Vec<usize> = heard.iter().map(|m| m.epoch).collect();
    assert_eq!(epochs, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert!(heard[10].contrastive < 0.9 * heard[0].contrastive, "{heard:?}");
    let before = predict(&model, &test);
    let r = correlation(&before, &test);
    assert!(r > 0.7, "correlation {r}");

    // Straight through gives the same model.
    let (straight, _) = train(&sections, true, &config, None, usize::MAX);
    assert_eq!(straight.unwrap().parameters, model.parameters);
    model.save(dir.path()).unwrap();
    assert!(dir.path().join("encoder.safetensors").is_file());
    let Model::Published(again) = Model::load(dir.path(), &ComputeDevice::cpu()).unwrap() else {
        unreachable!("another recipe")
    };
    assert_eq!(predict(&again, &test), before);
}

#[test]
fn a_loss_at_chance_is_said_to_be_there() {
    let sections = [made_up("A", 1), made_up("B", 2)];
    // Steps too small to learn anything, from heads that make all embeddings differ.
    let config = PublishedConfig { epochs: 1, learning_rate: 1e-7, ..settings() };
    let (model, _) = train(&sections, false, &config, None, usize::MAX);
    let notes = model.unwrap().config.notes;
    assert!(notes.iter().any(|n| n.text().contains("did not fall below chance")), "{notes:?}");
}
