//! How well real sections are predicted: prints a table, takes minutes, so it runs when asked for:
//! `cargo test --release --test behaviour her2st -- --ignored --nocapture`.
//!
//! `HISCMCL_SET="epochs=60,rank=30"` changes settings; several sets are separated by semicolons.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Instant;

use crate::support::real_data;
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::matrix::Matrix;
use hiscmcl::core::progress::Silent;
use hiscmcl::core::target::Target;
use hiscmcl::data::open::open_section;
use hiscmcl::data::slide::SlideStore;
use hiscmcl::data::st::her2st::scan;
use hiscmcl::device::ComputeDevice;
use hiscmcl::evaluate::metrics::{highest_expressed, mean_of_defined, mse, pearson};
use hiscmcl::evaluate::ridge::{ALPHAS, Ridge};
use hiscmcl::predict::{FusedModel, predict};
use hiscmcl::preprocess::cache::FeatureCache;
use hiscmcl::preprocess::features::SectionFeatures;
use hiscmcl::preprocess::pooled::pooled;
use hiscmcl::preprocess::target::expression;
use hiscmcl::preprocess::texture::TextureEncoder;
use hiscmcl::train::{FitInput, TrainConfig, TrainSection, Validation, fit};

struct Real {
    name: String,
    features: SectionFeatures,
    expression: Matrix,
    ids: Vec<String>,
}

fn load() -> Option<(Vec<Real>, Vec<String>)> {
    let shared = real_data::folder_with("real_data/her2st")?;
    let list = std::fs::read_to_string(shared.join("real_data/gene_lists/her_hvg_785.txt")).unwrap();
    let genes: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
    let (cancel, store, cache) = (CancelToken::new(), SlideStore::default(), FeatureCache::in_user_cache());
    let sections = scan(&shared.join("real_data/her2st")).unwrap().sections;
    let real = sections
        .iter()
        .map(|entry| {
            let s = open_section(entry, &Silent, &cancel).unwrap();
            let centers: Vec<_> = s.centers().collect();
            let features = cache
                .get_or_compute(&store, &s.slide, &centers, s.mpp, &TextureEncoder, &Silent, &cancel)
                .unwrap();
            Real {
                expression: expression(&s, &genes, Target::Published).unwrap(),
                ids: s.spots.iter().map(|s| s.id.clone()).collect(),
                name: s.name,
                features,
            }
        })
        .collect();
    Some((real, genes))
}

/// Mean PCC of all genes, of the 50 highest expressed, and mean squared error.
fn scores(predicted: &Matrix, measured: &Matrix) -> [f64; 3] {
    let wide = |m: &Matrix, g: usize| m.column(g).into_iter().map(f64::from).collect::<Vec<f64>>();
    let genes = measured.cols();
    let pcc: Vec<Option<f64>> =
        (0..genes).map(|g| pearson(&wide(measured, g), &wide(predicted, g))).collect();
    let means: Vec<f64> =
        (0..genes).map(|g| wide(measured, g).iter().sum::<f64>() / measured.rows() as f64).collect();
    let all = mean_of_defined(pcc.iter().copied());
    let top = mean_of_defined(highest_expressed(&means).into_iter().map(|g| pcc[g]));
    let error = (0..genes).map(|g| mse(&wide(measured, g), &wide(predicted, g))).sum::<f64>() / genes as f64;
    [all, top, error]
}

fn show(scores: [f64; 3]) -> String {
    format!("{:.4} {:.4} {:.4}", scores[0], scores[1], scores[2])
}

fn mean(rows: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|i| rows.iter().map(|r| r[i]).sum::<f64>() / rows.len() as f64)
}

fn configs() -> Vec<(String, TrainConfig)> {
    let sets = std::env::var("HISCMCL_SET").unwrap_or_default();
    sets.split(';')
        .map(|set| {
            let mut config = TrainConfig::default();
            for pair in set.split(',').filter(|p| !p.trim().is_empty()) {
                let (field, value) = pair.split_once('=').unwrap();
                config.set(field.trim(), value).unwrap();
            }
            (set.to_owned(), config)
        })
        .collect()
}

fn train(
    sections: &[&Real],
    validation: &str,
    genes: &[String],
    config: &TrainConfig,
) -> (FusedModel, usize, f64) {
    let input = FitInput {
        sections: sections
            .iter()
            .map(|s| TrainSection {
                name: &s.name,
                features: &s.features,
                views: &[],
                expression: &s.expression,
                spot_ids: &s.ids,
            })
            .collect(),
        validation: Validation::Sections(vec![validation.to_owned()]),
        genes,
        target: Target::Published,
    };
    let started = Instant::now();
    let mut epochs = 0;
    let cancel = CancelToken::new();
    let device = ComputeDevice::cpu();
    let mut events = |_: &hiscmcl::train::EpochMetrics| epochs += 1;
    let fitted = fit(&input, config, &device, None, &mut events, &Silent, &cancel).unwrap();
    (fitted, epochs, started.elapsed().as_secs_f64())
}

/// The share of measured values within their 80 % interval.
fn covered(model: &FusedModel, section: &Real) -> f64 {
    let p =
        predict(model, &section.name, &section.features, &section.ids, &Silent, &CancelToken::new()).unwrap();
    let values = p.mean.as_slice().iter().zip(section.expression.as_slice()).zip(p.uncertainty.as_slice());
    let inside = values.filter(|((p, m), u)| (**p - **m).abs() <= **u).count();
    inside as f64 / p.mean.as_slice().len() as f64
}

/// Blended, retrieved only, regressed only.
fn three_ways(model: &FusedModel, section: &Real) -> [[f64; 3]; 3] {
    let run = |model: &FusedModel| {
        let p = predict(model, &section.name, &section.features, &section.ids, &Silent, &CancelToken::new());
        scores(&p.unwrap().mean, &section.expression)
    };
    let only = |w: f32| {
        let mut m = model.clone();
        m.blend.weight.fill(w);
        m.blend.slope = 1.0;
        run(&m)
    };
    [run(model), only(0.0), only(1.0)]
}

/// Settings are chosen by this: no test section is looked at by the model that is scored, and no more by
/// the choice than any section is by the others.
#[test]
#[ignore = "takes minutes"]
fn inner_validation() {
    let Some((real, genes)) = load() else { return println!("skipped: no real data") };
    for (set, mut config) in configs() {
        config.refit = false;
        let (mut rows, mut epochs, mut seconds) = ([vec![], vec![], vec![]], vec![], 0.0);
        for test in 0..real.len() {
            for validation in (0..real.len()).filter(|&v| v != test) {
                let sections: Vec<&Real> = (0..real.len()).filter(|&s| s != test).map(|s| &real[s]).collect();
                let (model, _, s) = train(&sections, &real[validation].name, &genes, &config);
                seconds += s;
                epochs.extend(model.config.epochs.clone());
                for (all, row) in rows.iter_mut().zip(three_ways(&model, &real[validation])) {
                    all.push(row);
                }
            }
        }
        println!(
            "[{set}]\n  blend {}   retrieval {}   regression {}   best epochs {epochs:?}   {:.1} s a fit",
            show(mean(&rows[0])),
            show(mean(&rows[1])),
            show(mean(&rows[2])),
            seconds / 12.0
        );
    }
}

#[test]
#[ignore = "takes minutes"]
fn leave_one_section_out() {
    let Some((real, genes)) = load() else { return println!("skipped: no real data") };
    for (set, config) in configs() {
        println!("[{set}]");
        let mut rows = [vec![], vec![], vec![]];
        for test in 0..real.len() {
            let sections: Vec<&Real> = (0..real.len()).filter(|&s| s != test).map(|s| &real[s]).collect();
            let validation = sections.last().unwrap().name.clone();
            let (model, epochs, seconds) = train(&sections, &validation, &genes, &config);
            let three = three_ways(&model, &real[test]);
            println!(
                "  {}  blend {}   retrieval {}   regression {}   {:?} of {epochs} epochs, {seconds:.1} s, weight {:.2} slope {:.2} covered {:.2}",
                real[test].name,
                show(three[0]),
                show(three[1]),
                show(three[2]),
                model.config.epochs,
                model.blend.weight.iter().sum::<f32>() / genes.len() as f32,
                model.blend.slope,
                covered(&model, &real[test])
            );
            for (all, row) in rows.iter_mut().zip(three) {
                all.push(row);
            }
        }
        println!(
            "  mean blend {}   retrieval {}   regression {}",
            show(mean(&rows[0])),
            show(mean(&rows[1])),
            show(mean(&rows[2]))
        );
    }
}

#[test]
#[ignore = "takes minutes"]
fn ridge_on_the_same_features() {
    let Some((real, _)) = load() else { return println!("skipped: no real data") };
    let x: Vec<Matrix> = real.iter().map(|r| pooled(&r.features).unwrap()).collect();
    let mut rows = Vec::new();
    for test in 0..real.len() {
        let rest: Vec<usize> = (0..real.len()).filter(|&s| s != test).collect();
        let groups: Vec<usize> = rest.iter().flat_map(|&s| std::iter::repeat_n(s, x[s].rows())).collect();
        let all_x = Matrix::vstack(rest.iter().map(|&s| &x[s])).unwrap();
        let all_y = Matrix::vstack(rest.iter().map(|&s| &real[s].expression)).unwrap();
        let ridge = Ridge::fit(&all_x, &all_y, &groups, &ALPHAS, &CancelToken::new()).unwrap();
        let s = scores(&ridge.predict(&x[test]).unwrap(), &real[test].expression);
        println!("  {} {}  alpha {}", real[test].name, show(s), ridge.alpha);
        rows.push(s);
    }
    println!(
        "  mean {}  ({} features, {} spots)",
        show(mean(&rows)),
        x[0].cols(),
        x.iter().map(Matrix::rows).sum::<usize>()
    );
}
