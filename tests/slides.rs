//! Slides without measurements: added, predicted on, and never trained on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::support::{complaint, demo_project, hiscmcl, run};
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::geometry::SlidePoint;
use hiscmcl::core::places::{GridLattice, GridSettings};
use hiscmcl::core::progress::Silent;
use hiscmcl::data::project::{Project, runs_folder};
use hiscmcl::data::section::Section;
use hiscmcl::device::{DeviceChoice, choose};
use hiscmcl::jobs::context::JobContext;
use hiscmcl::jobs::places::on_grid;
use hiscmcl::jobs::predict_section::predict_section;
use hiscmcl::jobs::workspace::Workspace;
use hiscmcl::predict::{Model, Predictions};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

fn info(project: &Path) -> Vec<Value> {
    json(&run(hiscmcl().arg("info").arg(project).arg("--json")))["sections"].as_array().unwrap().clone()
}

/// A project of the demo with a run "first" that did not see DemoA1, and a copy of DemoA1's image without its counts, the
/// section "plain".
fn with_plain_slide(folder: &Path) -> (PathBuf, PathBuf) {
    let (project, genes) = demo_project(folder);
    let sections = info(&project);
    let measured = sections.iter().find(|s| s["name"] == "DemoA1").unwrap();
    let image = PathBuf::from(measured["image"].as_str().unwrap());
    let plain = folder.join("scans").join("plain").with_extension(image.extension().unwrap());
    fs::create_dir(folder.join("scans")).unwrap();
    fs::copy(&image, &plain).unwrap();
    let add = || {
        let mut command = hiscmcl();
        command.args(["project", "add"]).arg(&project).arg(&plain);
        command
    };
    let says = complaint(&mut add());
    assert!(says.contains("the file does not say how many micrometres a pixel measures"), "{says}");
    let told = run(add().args(["--mpp", &measured["mpp"].to_string()]));
    assert!(told.contains("plain: H&E slide without measurements"), "{told}");
    run(hiscmcl()
        .arg("train")
        .arg(&project)
        .arg("--genes")
        .arg(&genes)
        .args(["--test", "DemoA1", "--run", "first", "--device", "cpu", "--seed", "7", "--set", "epochs=8"]));
    (project, genes)
}

fn values(text: &str) -> Vec<(String, SlidePoint, Vec<f64>)> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let first_gene = if header[3] == "x_um" { 5 } else { 3 };
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |c: &str| c.parse::<f64>().unwrap();
            let at = SlidePoint::new(number(cells[1]), number(cells[2]));
            (cells[0].to_owned(), at, cells[first_gene..].iter().map(|c| number(c)).collect())
        })
        .collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    let square = |v: &[f64], m: f64| v.iter().map(|x| (x - m).powi(2)).sum::<f64>();
    product / (square(a, ma) * square(b, mb)).sqrt()
}

#[test]
fn a_slide_without_counts_is_predicted_as_its_section_with_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = with_plain_slide(dir.path());
    let sections = info(&project);
    let slide = sections.iter().find(|s| s["name"] == "plain").unwrap();
    assert_eq!(
        (&slide["kind"], &slide["genes"], &slide["mpp_source"]),
        (&"slide".into(), &0.into(), &"user".into())
    );
    assert!(slide["format"].is_string() && slide["levels"][0]["width"] == slide["width_px"], "{slide}");

    // It is never trained on.
    let says = complaint(
        hiscmcl()
            .arg("train")
            .arg(&project)
            .arg("--genes")
            .arg(&genes)
            .args(["--test", "plain", "--run", "second", "--device", "cpu", "--set", "epochs=1"]),
    );
    assert!(says.contains("plain is a slide without measurements"), "{says}");
    let says = complaint(
        hiscmcl()
            .arg("genes")
            .arg(&project)
            .args(["--sections", "plain", "--out"])
            .arg(dir.path().join("g.txt")),
    );
    assert!(says.contains("plain is a slide without measurements"), "{says}");
    let config = fs::read_to_string(runs_folder(&project).join("first/run.json")).unwrap();
    assert!(!config.contains("plain"), "{config}");

    // On a grid it gives about what the spots give.
    let predict = |section: &str, more: &[&str], out: &str| {
        let out = dir.path().join(out);
        let told = run(hiscmcl()
            .arg("predict")
            .arg(&project)
            .args(["--run", "first", "--section", section, "--device", "cpu", "--json", "--out"])
            .arg(&out)
            .args(more));
        (out, json(&told))
    };
    let (spots, _) = predict("DemoA1", &[], "spots.csv");
    let (grid, told) = predict("plain", &["--grid", "100"], "grid.csv");
    let (spots, grid) = (fs::read_to_string(spots).unwrap(), fs::read_to_string(grid).unwrap());

    // The model serves a project that has nothing but the slide.
    let scans = dir.path().join("scans.hiscmcl");
    Project::new().save(&scans).unwrap();
    let mpp = slide["mpp"].to_string();
    let plain = slide["image"].as_str().unwrap();
    run(hiscmcl().args(["project", "add"]).arg(&scans).args([plain, "--mpp", &mpp]));
    let said = run(hiscmcl().args(["project", "copy-runs"]).arg(&scans).arg(&project));
    assert!(said.contains("copied first"), "{said}");
    let out = dir.path().join("elsewhere.csv");
    run(hiscmcl()
        .arg("predict")
        .arg(&scans)
        .args(["--run", "first", "--section", "plain", "--grid", "100", "--device", "cpu", "--out"])
        .arg(&out));
    assert_eq!(fs::read_to_string(out).unwrap(), grid);
    assert!(grid.starts_with("spot,x_px,y_px,x_um,y_um,"), "{}", grid.lines().next().unwrap());
    let share = told["unlike_training"].as_f64().unwrap();
    assert!((0.0..0.5).contains(&share), "{told}");
    let (spots, grid) = (values(&spots), values(&grid));
    assert!(grid.len() > 2 * spots.len(), "{} places for {} spots", grid.len(), spots.len());
    let pairs: Vec<_> = spots
        .iter()
        .filter_map(|spot| {
            let near = grid.iter().min_by(|a, b| a.1.distance(spot.1).total_cmp(&b.1.distance(spot.1)))?;
            let um = slide["mpp"].as_f64().unwrap() * near.1.distance(spot.1);
            (um < 60.0).then_some((&spot.2, &near.2))
        })
        .collect();
    assert!(pairs.len() as f64 > 0.9 * spots.len() as f64, "{} of {} have a place", pairs.len(), spots.len());
    let mut pcc: Vec<f64> = (0..pairs[0].0.len())
        .map(|g| {
            let (at_spots, beside): (Vec<f64>, Vec<f64>) = pairs.iter().map(|p| (p.0[g], p.1[g])).unzip();
            correlation(&at_spots, &beside)
        })
        .filter(|r| r.is_finite())
        .collect();
    pcc.sort_by(f64::total_cmp);
    // A place is up to 60 um from its spot, half the width of what is seen of both.
    let median = pcc[pcc.len() / 2];
    assert!(median > 0.5, "values beside spots correlate by {median}");

    // As AnnData it says where places lie; finer than the spots works for sections with spots, too.
    let (file, _) = predict("plain", &["--grid", "150", "--lattice", "square"], "grid.h5ad");
    assert!(fs::metadata(file).unwrap().len() > 10_000);
    let (_, told) = predict("DemoA1", &["--grid", "150"], "fine.h5ad");
    assert!(told["spots"].as_u64().unwrap() as usize > spots.len() / 2, "{told}");
    let says = complaint(
        hiscmcl()
            .arg("predict")
            .arg(&project)
            .args(["--run", "first", "--section", "plain", "--grid", "5", "--out"])
            .arg(dir.path().join("x.csv")),
    );
    assert!(says.contains("A grid of 5 µm is not possible"), "{says}");
    let figure = dir.path().join("f.png");
    let gene = fs::read_to_string(&genes).unwrap().lines().next().unwrap().to_owned();
    run(hiscmcl()
        .arg("figure")
        .arg(&project)
        .args(["--run", "first", "--section", "plain", "--dpi", "100"])
        .args(["--genes", &gene, "--out"])
        .arg(&figure));
    assert!(fs::metadata(figure).unwrap().len() > 1000);
    // A slide is drawn as cells unless spots are asked for, a section with spots the other way round.
    let circles = |section: &str, shape: &[&str]| {
        let svg = dir.path().join("f.svg");
        let mut command = hiscmcl();
        command.arg("figure").arg(&project).args(["--run", "first", "--section", section, "--dpi", "50"]);
        run(command.args(["--genes", &gene, "--panes", "predicted", "--out"]).arg(&svg).args(shape));
        fs::read_to_string(svg).unwrap().matches("<circle").count()
    };
    assert_eq!(circles("plain", &[]), 0);
    assert!(circles("plain", &["--draw-as", "spots"]) > 100);
    assert!(circles("DemoA1", &[]) > 100);
    assert_eq!(circles("DemoA1", &["--draw-as", "cells"]), 0);

    let says = run(hiscmcl().args(["project", "remove"]).arg(&project).arg("plain"));
    assert!(says.contains("1 section removed") && info(&project).len() == 6, "{says}");
}

#[test]
fn the_same_features_are_read_with_counts_and_without() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = with_plain_slide(dir.path());
    let (token, device) = (CancelToken::new(), choose(DeviceChoice::Cpu).unwrap());
    let ctx = JobContext { observer: &Silent, cancel: &token };
    let mut workspace = Workspace::open(project.clone()).unwrap();
    let cache = hiscmcl::preprocess::cache::FeatureCache::at(dir.path().join("cache"));
    workspace.resources.cache = Arc::new(cache);
    let measured = workspace.section("DemoA1", &ctx).unwrap();
    let model = Model::load(&runs_folder(&project).join("first"), &device).unwrap();
    let predict = |section: &Section| -> Predictions {
        let features = || workspace.features(section, &ctx);
        predict_section(&model, section, features, None, || workspace.slide(section, &ctx), &ctx).unwrap()
    };
    let entry = workspace.entry("plain").unwrap();
    let grid = GridSettings { pitch_um: 150.0, lattice: GridLattice::Square };
    let plain = on_grid(&workspace, entry, &grid, &ctx).unwrap();
    assert!(!plain.is_measured() && plain.spots.len() > 50 && plain.slide != measured.slide);
    let at_spots = Section { spots: measured.spots.clone(), ..plain };
    assert_eq!(
        workspace.features(&at_spots, &ctx).unwrap().as_ref(),
        workspace.features(&measured, &ctx).unwrap().as_ref()
    );
    let (with, without) = (predict(&measured), predict(&at_spots));
    assert_eq!(
        (&with.mean, &with.uncertainty, &with.spots),
        (&without.mean, &without.uncertainty, &without.spots)
    );
    let default = workspace.section("plain", &ctx).unwrap();
    assert_eq!((default.geometry.pitch_um, default.in_tissue), (100.0, default.spots.len()));
}

#[test]
fn one_bad_slide_does_not_stop_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = with_plain_slide(dir.path());
    let image = fs::read_dir(dir.path().join("scans")).unwrap().next().unwrap().unwrap().path();
    let ending = image.extension().unwrap();
    let (bad, good) = (
        image.with_file_name("bad").with_extension(ending),
        image.with_file_name("good").with_extension(ending),
    );
    fs::copy(&image, &bad).unwrap();
    fs::copy(&image, &good).unwrap();
    run(hiscmcl().args(["project", "add"]).arg(&project).arg(&bad).arg(&good).args(["--mpp", "1"]));
    let whole = fs::read(&bad).unwrap();
    fs::write(&bad, &whole[..whole.len() / 3]).unwrap();
    let out = dir.path().join("maps");
    let mut command = hiscmcl();
    command
        .arg("predict")
        .arg(&project)
        .args([
            "--run",
            "first",
            "--section",
            "bad,plain,good",
            "--grid",
            "150",
            "--device",
            "cpu",
            "--json",
            "--out",
        ])
        .arg(&out);
    let output = command.output().unwrap();
    let (told, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!output.status.success(), "{told}");
    assert!(said.trim_end().ends_with("1 of 3 sections could not be predicted: bad"), "{said}");
    let told = json(&told);
    let files: Vec<&str> =
        told["files"].as_array().unwrap().iter().map(|f| f["section"].as_str().unwrap()).collect();
    assert_eq!((files, told["failed"][0]["name"].as_str().unwrap()), (vec!["plain", "good"], "bad"));
    assert!(
        out.join("plain.h5ad").is_file() && out.join("good.h5ad").is_file() && !out.join("bad.h5ad").exists()
    );
    // All sections of the project, those with spots at their spots.
    let mut all = hiscmcl();
    all.arg("predict")
        .arg(&project)
        .args(["--run", "first", "--section", "all", "--device", "cpu", "--out"])
        .arg(&out);
    assert!(complaint(&mut all).contains("1 of 9 sections could not be predicted: bad"));
    assert!(out.join("DemoA1.h5ad").is_file());
}
