//! Training and prediction end to end on small made-up sections.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::SlidePoint;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::rng::stream;
use hiscmcl::core::target::Target;
use hiscmcl::device::ComputeDevice;
use hiscmcl::predict::{FusedModel, Predictions, predict};
use hiscmcl::preprocess::features::SectionFeatures;
use hiscmcl::preprocess::lattice::Lattice;
use hiscmcl::preprocess::neighbourhood::Neighbourhood;
use hiscmcl::train::{EpochMetrics, FitInput, Phase, TrainConfig, TrainError, TrainSection, Validation, fit};
use rand::RngExt;

const GENES: usize = 24;
const WIDTH: usize = 12;

/// A section whose expression follows three smooth patterns that its image features show, with noise.
struct MadeUp {
    name: String,
    features: SectionFeatures,
    views: Vec<Arc<SectionFeatures>>,
    expression: Matrix,
    ids: Vec<String>,
}

fn made_up(name: &str, seed: u64, side: usize) -> MadeUp {
    let mut rng = stream(seed, "made up", 0);
    let mut noise = move |scale: f32| (0..4).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * scale;
    let phase = seed as f32;
    let pattern = |um: [f32; 2]| {
        let (x, y) = (um[0] / 900.0, um[1] / 900.0);
        [(x + phase).sin(), (y * 1.3 - phase).cos(), ((x + y) * 0.8 + phase).sin()]
    };
    let n = side * side;
    let spot_um: Vec<[f32; 2]> =
        (0..n).map(|i| [(i % side) as f32 * 200.0 + 300.0, (i / side) as f32 * 200.0 + 300.0]).collect();
    let shift: Vec<f32> = (0..WIDTH).map(|_| noise(4.0)).collect();
    let mut look = |um: [f32; 2]| -> Vec<f32> {
        let p = pattern(um);
        (0..WIDTH).map(|c| p[c % 3] * (1.0 + c as f32 * 0.1) + shift[c] + noise(0.8)).collect()
    };
    let rows = |all: Vec<Vec<f32>>| Matrix::from_vec(all.len(), WIDTH, all.concat()).unwrap();
    let spot = rows(spot_um.iter().map(|&p| look(p)).collect());
    // A pixel is a micrometre.
    let centers = spot_um.iter().map(|p| SlidePoint::new(f64::from(p[0]), f64::from(p[1]))).collect();
    let columns = (side * 200 + 700) / 112;
    let tissue: Vec<u32> = (0..(columns * columns) as u32).filter(|i| i % 11 != 4).collect();
    let lattice = Lattice::new(SlidePoint::new(0.0, 0.0), 112.0, 112.0, (columns, columns), tissue).unwrap();
    let nodes = lattice.tissue().iter().map(|&node| lattice.center(node));
    let nodes = rows(nodes.map(|p| look([p.x as f32, p.y as f32])).collect());
    let neighbourhood = Neighbourhood::new(lattice, centers, nodes).unwrap();
    let landmark_um: Vec<[f32; 2]> =
        (0..9).map(|i| [(i % 3) as f32 * 700.0, (i / 3) as f32 * 700.0]).collect();
    let landmarks = rows(landmark_um.iter().map(|&p| look(p)).collect());
    let mut rng = stream(seed, "expression", 0);
    let level: Vec<f32> = (0..GENES).map(|_| rng.random::<f32>() * 0.3).collect();
    let expression = Matrix::from_fn(n, GENES, |r, g| {
        let noise = (0..4).map(|_| rng.random::<f32>() - 0.5).sum::<f32>();
        let p = pattern(spot_um[r]);
        2.0 + level[g] + 0.5 * p[g % 3] - 0.2 * p[(g + 1) % 3] + 0.5 * noise
    });
    MadeUp {
        name: name.to_owned(),
        features: SectionFeatures { spot, neighbourhood, landmarks, landmark_um, spot_um },
        views: Vec::new(),
        expression,
        ids: (0..n).map(|i| format!("{}x{}", i % side, i / side)).collect(),
    }
}

fn genes() -> Vec<String> {
    (0..GENES).map(|g| format!("GENE{g}")).collect()
}

fn input<'a>(sections: &'a [MadeUp], genes: &'a [String]) -> FitInput<'a> {
    FitInput {
        sections: sections
            .iter()
            .map(|s| TrainSection {
                name: &s.name,
                features: &s.features,
                views: &s.views,
                expression: &s.expression,
                spot_ids: &s.ids,
            })
            .collect(),
        validation: Validation::Auto,
        genes,
        target: Target::Published,
    }
}

fn small() -> TrainConfig {
    TrainConfig {
        members: 1,
        epochs: 24,
        batch_size: 32,
        width: 16,
        heads: 2,
        embedding: 16,
        expression_width: 8,
        expression_neighbours: 4,
        projection: 8,
        rank: 4,
        neighbours: 20,
        learning_rate: 5e-3,
        checkpoint_every: 5,
        average_decay: 0.9,
        ..TrainConfig::default()
    }
}

fn train(
    sections: &[MadeUp],
    config: &TrainConfig,
    checkpoint: Option<&Path>,
    cancel: &CancelToken,
    cancel_after: usize,
) -> (Result<FusedModel, TrainError>, Vec<EpochMetrics>) {
    let names = genes();
    let mut seen = Vec::new();
    let heard = AtomicUsize::new(0);
    let mut events = |m: &EpochMetrics| {
        seen.push(*m);
        if heard.fetch_add(1, Ordering::Relaxed) + 1 == cancel_after {
            cancel.cancel();
        }
    };
    let fitted = fit(
        &input(sections, &names),
        config,
        &ComputeDevice::cpu(),
        checkpoint,
        &mut events,
        &Silent,
        cancel,
    );
    (fitted, seen)
}

fn sections() -> Vec<MadeUp> {
    vec![made_up("A", 1, 9), made_up("B", 2, 8), made_up("C", 3, 9)]
}

fn run(sections: &[MadeUp], config: &TrainConfig) -> FusedModel {
    train(sections, config, None, &CancelToken::new(), 0).0.unwrap()
}

fn predictions(model: &FusedModel, section: &MadeUp) -> Predictions {
    predict(model, &section.name, &section.features, &section.ids, &Silent, &CancelToken::new()).unwrap()
}

fn mean_pcc(p: &Matrix, m: &Matrix) -> f64 {
    let pcc = |g: usize| {
        let (a, b) = (p.column(g), m.column(g));
        let n = a.len() as f64;
        let mean = |v: &[f32]| v.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let (am, bm) = (mean(&a), mean(&b));
        let dot = |x: &[f32], xm: f64, y: &[f32], ym: f64| {
            x.iter().zip(y).map(|(x, y)| (f64::from(*x) - xm) * (f64::from(*y) - ym)).sum::<f64>()
        };
        dot(&a, am, &b, bm) / (dot(&a, am, &a, am) * dot(&b, bm, &b, bm)).sqrt()
    };
    let all: Vec<f64> = (0..p.cols()).map(pcc).filter(|v| v.is_finite()).collect();
    all.iter().sum::<f64>() / all.len().max(1) as f64
}

#[test]
fn a_model_learns_predicts_an_unseen_section_and_survives_its_files() {
    let sections = sections();
    let test = made_up("D", 4, 9);
    let (fitted, seen) = train(&sections, &small(), None, &CancelToken::new(), 0);
    let fitted = fitted.unwrap();
    let p = predictions(&fitted, &test);
    let pcc = mean_pcc(&p.mean, &test.expression);
    assert!(pcc > 0.45, "mean correlation on the unseen section is {pcc}");
    assert!(seen.iter().any(|m| m.validation_pcc.is_some_and(|v| v > 0.45)));
    assert!(seen.iter().any(|m| m.phase == Phase::Refitting));
    assert!(fitted.config.notes.is_empty(), "{:?}", fitted.config.notes);
    assert_eq!((p.mean.rows(), p.mean.cols(), p.retrieved.len()), (81, GENES, 81));
    assert!(p.retrieved.iter().all(|r| r.len() == 20));
    assert!(p.retrieved.iter().all(|r| (r.iter().map(|r| r.weight).sum::<f32>() - 1.0).abs() < 1e-4));

    let inside = (0..81 * GENES)
        .filter(|&i| {
            (p.mean.as_slice()[i] - test.expression.as_slice()[i]).abs() <= p.uncertainty.as_slice()[i]
        })
        .count() as f64
        / (81 * GENES) as f64;
    assert!((0.65..0.92).contains(&inside), "{inside} of the measured values lie within their 80 % interval");

    let dir = tempfile::tempdir().unwrap();
    fitted.save(dir.path()).unwrap();
    let loaded = FusedModel::load(dir.path(), &ComputeDevice::cpu()).unwrap();
    assert!(loaded.config == fitted.config);
    assert!(predictions(&loaded, &test) == p, "a loaded model does not predict the same bits");

    for file in ["config.json", "genes.txt", "model.safetensors", "bank.safetensors"] {
        let path = dir.path().join(file);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let e = FusedModel::load(dir.path(), &ComputeDevice::cpu()).unwrap_err().to_string();
        assert!(e.contains(file), "{file}: {e}");
        std::fs::remove_file(&path).unwrap();
        let e = FusedModel::load(dir.path(), &ComputeDevice::cpu()).unwrap_err().to_string();
        assert!(e.contains(file) && e.contains("it is not there"), "{file}: {e}");
        std::fs::write(&path, &whole).unwrap();
    }
    let path = dir.path().join("config.json");
    let newer = std::fs::read_to_string(&path).unwrap().replacen("\"version\": 1", "\"version\": 9", 1);
    std::fs::write(&path, newer).unwrap();
    let e = FusedModel::load(dir.path(), &ComputeDevice::cpu()).unwrap_err().to_string();
    assert!(e.contains("version 9"), "{e}");
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
    let sections = sections();
    let config = TrainConfig { epochs: 6, ..small() };
    let (a, b) = (run(&sections, &config), run(&sections, &config));
    assert!(a.parameters == b.parameters);
    let test = made_up("D", 4, 5);
    assert!(predictions(&a, &test) == predictions(&b, &test));
    let c = run(&sections, &TrainConfig { seed: 2, ..config });
    assert!(a.parameters != c.parameters);
}

#[test]
fn a_killed_run_resumes_and_equals_an_uninterrupted_one() {
    let sections = sections();
    let config = TrainConfig { members: 2, epochs: 14, ..small() };
    let (whole, history) = train(&sections, &config, None, &CancelToken::new(), 0);
    let whole = whole.unwrap();
    // In the middle of choosing, of choosing with the second network, and of training on all spots.
    for stop in [8, 21, 14 * 2 + 7] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint.safetensors");
        let (stopped, _) = train(&sections, &config, Some(&path), &CancelToken::new(), stop);
        assert!(matches!(stopped, Err(TrainError::Cancelled(_))), "stopped after {stop} epochs");
        let (resumed, again) = train(&sections, &config, Some(&path), &CancelToken::new(), 0);
        let resumed = resumed.unwrap();
        assert!(resumed.parameters == whole.parameters, "stopped after {stop} epochs");
        assert!(resumed.blend == whole.blend && resumed.bank == whole.bank);
        let key = |m: &EpochMetrics| {
            (
                m.member,
                m.phase == Phase::Refitting,
                m.epoch,
                m.train_loss.to_bits(),
                m.validation_pcc.map(f32::to_bits),
            )
        };
        // Networks are trained side by side, so their epochs come mixed.
        let sorted = |all: &[EpochMetrics]| {
            let mut keys: Vec<_> = all.iter().map(key).collect();
            keys.sort_unstable();
            keys
        };
        assert!(sorted(&again) == sorted(&history), "the history of epochs is not whole");
    }
}

/// A section with two views: all it shows is a little brighter in one, darker in the other.
fn with_views(mut section: MadeUp) -> MadeUp {
    let view = |by: f32| {
        let f = &section.features;
        let lit =
            |m: &Matrix| Matrix::from_fn(m.rows(), m.cols(), |r, c| m.get(r, c) * by + (c as f32).sin());
        let near = &f.neighbourhood;
        let (lattice, centers) = (near.lattice().clone(), near.centers().to_vec());
        let neighbourhood = Neighbourhood::new(lattice, centers, lit(near.nodes())).unwrap();
        Arc::new(SectionFeatures {
            spot: lit(&f.spot),
            neighbourhood,
            landmarks: lit(&f.landmarks),
            ..f.clone()
        })
    };
    section.views = vec![view(1.2), view(0.7)];
    section
}

#[test]
fn training_in_several_views_learns_resumes_and_repeats() {
    let sections: Vec<MadeUp> = sections().into_iter().map(with_views).collect();
    let config = TrainConfig { views: 2, ..small() };
    let (whole, history) = train(&sections, &config, None, &CancelToken::new(), 0);
    let whole = whole.unwrap();
    let test = made_up("D", 4, 9);
    let pcc = mean_pcc(&predictions(&whole, &test).mean, &test.expression);
    assert!(pcc > 0.45, "mean correlation on the unseen section is {pcc}");

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("checkpoint.safetensors");
    let (stopped, _) = train(&sections, &config, Some(&path), &CancelToken::new(), 13);
    assert!(matches!(stopped, Err(TrainError::Cancelled(_))));
    let (resumed, again) = train(&sections, &config, Some(&path), &CancelToken::new(), 0);
    let resumed = resumed.unwrap();
    assert!(resumed.parameters == whole.parameters && resumed.bank == whole.bank);
    assert_eq!(history.len(), again.len());

    // The plain view alone gives other networks, and does not ask for the others.
    let plain = self::sections();
    let alone = run(&plain, &small());
    assert!(alone.parameters != whole.parameters);
    let (e, _) = train(&plain, &config, None, &CancelToken::new(), 0);
    let e = e.unwrap_err().to_string();
    assert_eq!(e, "A cannot be trained on: it has features of 0 views, and 2 are asked for");
    let mut odd = sections;
    odd[1].views[1] = Arc::new(made_up("B", 2, 7).features);
    let (e, _) = train(&odd, &config, None, &CancelToken::new(), 0);
    assert!(e.unwrap_err().to_string().contains("its views do not fit together"));
}

#[test]
fn one_section_is_enough_and_is_said_to_be_little() {
    let fitted = run(&[made_up("A", 1, 10)], &TrainConfig { epochs: 8, ..small() });
    assert_eq!(fitted.config.validation, None);
    assert!(
        fitted.config.notes.iter().any(|n| n.text().contains("one section")),
        "{:?}",
        fitted.config.notes
    );
}

#[test]
fn what_cannot_be_trained_on_is_refused_in_a_sentence() {
    let mut sections = sections();
    let fail = |sections: &[MadeUp], validation| {
        let names = genes();
        let mut input = input(sections, &names);
        input.validation = validation;
        let cancel = CancelToken::new();
        let device = ComputeDevice::cpu();
        fit(&input, &small(), &device, None, &mut |_| (), &Silent, &cancel).unwrap_err().to_string()
    };
    let e = fail(&sections, Validation::Sections(vec!["X".into()]));
    assert!(e.contains("Validation on X is not possible"), "{e}");
    assert!(fail(&[], Validation::Auto).contains("too few spots"));
    sections[1].expression = Matrix::zeros(3, 3);
    assert!(fail(&sections, Validation::Auto).starts_with("B cannot be trained on"));
    let model = run(&self::sections(), &TrainConfig { epochs: 2, ..small() });
    let mut other = made_up("E", 5, 4);
    other.features.spot = Matrix::zeros(16, 5);
    let e = predict(&model, "E", &other.features, &other.ids, &Silent, &CancelToken::new()).unwrap_err();
    assert!(e.to_string().contains("another encoder") || e.to_string().contains("features a patch"), "{e}");
}

fn run_with(sections: &[MadeUp], validation: Validation, config: &TrainConfig) -> FusedModel {
    let names = genes();
    let mut input = input(sections, &names);
    input.validation = validation;
    let (device, cancel) = (ComputeDevice::cpu(), CancelToken::new());
    fit(&input, config, &device, None, &mut |_| (), &Silent, &cancel).unwrap()
}

fn is_finite(p: &Predictions) -> bool {
    p.mean.as_slice().iter().chain(p.uncertainty.as_slice()).all(|v| v.is_finite())
}

#[test]
fn a_part_of_a_section_judges_where_no_section_can_be_spared() {
    let config = TrainConfig { epochs: 8, ..small() };
    // In any order: sections of 64 spots, 4 and 1.
    let make: [fn() -> MadeUp; 3] = [|| made_up("A", 1, 8), || made_up("few", 2, 2), || made_up("one", 3, 1)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let sections = order.map(|i| make[i]());
        let model = run_with(&sections, Validation::Part("A".into()), &config);
        assert_eq!(model.config.validation, None);
        let notes = &model.config.notes;
        assert!(
            notes.iter().any(|n| n.text().contains("a quarter of the spots of A, those at its right edge")),
            "{notes:?}"
        );
        assert_eq!(model.bank.spots().len(), 69, "all are trained on in the end");
        for section in &sections {
            assert!(is_finite(&predictions(&model, section)), "{}", section.name);
        }
    }
}

#[test]
fn defaults_serve_where_there_are_too_few_spots_to_choose_on() {
    let config = TrainConfig { epochs: 9, batch_size: 8, members: 2, ..small() };
    let model = run_with(&[made_up("A", 1, 4), made_up("one", 3, 1)], Validation::Nothing, &config);
    assert_eq!((model.config.epochs.as_slice(), model.blend.slope), (&[4, 4][..], 1.0));
    assert!(model.blend.weight.iter().all(|&w| w == 0.5));
    assert!(
        model.config.notes[0].text().contains("defaults were used (4 epochs"),
        "{:?}",
        model.config.notes
    );
    assert!(is_finite(&predictions(&model, &made_up("B", 2, 3))));
}

/// More components than spots, more retrieved spots than there are, larger batches, images that are all alike, and
/// genes that are the same everywhere.
#[test]
fn odd_sections_are_trained_on_and_predicted() {
    let config = TrainConfig { epochs: 4, rank: 60, neighbours: 500, batch_size: 8_192, ..small() };
    let alike = || {
        let mut section = made_up("alike", 2, 6);
        section.features.spot = Matrix::from_fn(36, WIDTH, |_, c| c as f32);
        section.expression = Matrix::from_fn(36, GENES, |_, g| g as f32);
        section
    };
    for sections in [vec![made_up("A", 1, 6), alike()], vec![alike(), made_up("A", 1, 6)], vec![alike()]] {
        let judge =
            if sections.len() == 1 { Validation::Auto } else { Validation::Sections(vec!["alike".into()]) };
        let model = run_with(&sections, judge, &config);
        for section in &sections {
            assert!(is_finite(&predictions(&model, section)), "{}", section.name);
        }
    }
}
