//! Training, testing and drawing of sections that are small, or lack something.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::Study;
use crate::support::{case, hiscmcl, run};

/// `train`, quickly.
fn train(study: &Study, genes: &PathBuf, rest: &[&str]) -> Value {
    let mut command = hiscmcl();
    command.arg("train").arg(study.project()).arg("--genes").arg(genes);
    let text = run(quick(&mut command).arg("--json").args(rest));
    serde_json::from_str(&text).unwrap()
}

fn quick(command: &mut Command) -> &mut Command {
    command.args(["--device", "cpu", "--seed", "1", "--set", "epochs=2", "--set", "members=1"])
}

fn says(notes: &Value, part: &str) -> bool {
    notes.as_array().unwrap().iter().any(|n| n.as_str().unwrap().contains(part))
}

#[test]
fn a_section_of_three_spots_is_trained_on_and_tested_but_never_judges() {
    let Some(folder) = case("15_last_batch_of_one") else { return };
    for (at, order) in
        [["A1", "B1", "tiny3"], ["tiny3", "A1", "B1"], ["A1", "tiny3", "B1"]].iter().enumerate()
    {
        let study = Study::from_paths(&order.map(|name| folder.join(name)));
        let genes = folder.join("genes.txt");
        // Cross-validation takes its time; splits are tested in every order by themselves.
        let report = study.file("eval.json");
        if at == 1 {
            evaluate(&study, &genes, &report);
        }
        let all = train(&study, &genes, &["--run", "all"]);
        assert!(says(&all["notes"], "Section tiny3 (3 spots) is trained on but was not used"), "{all}");
        let tested = train(&study, &genes, &["--run", "without-a1", "--test", "A1"]);
        assert!(says(&tested["notes"], "a quarter of the spots of B1"), "{tested}");
        assert!(tested["folds"][0]["model"]["pcc_all"].is_f64());
        let tiny = train(&study, &genes, &["--run", "without-tiny", "--test", "tiny3"]);
        assert!(says(&tiny["notes"], "correlations over fewer than 10 are not meaningful"), "{tiny}");
        assert!(tiny["folds"][0]["model"]["pcc_all"].is_null() && tiny["folds"][0]["model"]["mse"].is_f64());
    }
}

/// Cross-validates and checks that the means leave out what is undefined.
fn evaluate(study: &Study, genes: &PathBuf, report: &PathBuf) {
    let mut command = hiscmcl();
    command.arg("evaluate").arg(study.project()).arg("--genes").arg(genes);
    let table = run(quick(&mut command).args(["--split", "section", "--json"]).arg(report));
    assert!(table.contains("Note on tiny3: Section tiny3 has 3 spots"), "{table}");
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let mut sum = 0.0;
    for fold in report["folds"].as_array().unwrap() {
        assert_ne!(fold["validation"], "tiny3", "{fold}");
        match fold["test"].as_str().unwrap() {
            "tiny3" => assert!(fold["model"]["pcc_all"].is_null() && fold["ridge"]["pcc_all"].is_null()),
            _ => sum += fold["model"]["pcc_all"].as_f64().unwrap(),
        }
    }
    let mean = report["mean"]["model"]["pcc_all"].as_f64().unwrap();
    assert!((mean - sum / 2.0).abs() < 1e-9, "the mean is over A1 and B1: {mean}");
}

#[test]
fn what_hest_calls_no_tissue_is_used_all_the_same() {
    let Some(folder) = case("25_hest_in_tissue_zero") else { return };
    let study = Study::from_paths(&[folder]);
    let section = study.section("INT10");
    assert_eq!((&section["spots"], &section["in_tissue"]), (&36.into(), &36.into()), "{section}");
    assert!((section["mpp"].as_f64().unwrap() - 0.7246).abs() < 1e-3, "{section}");
}

#[test]
fn a_section_that_lacks_genes_is_predicted_and_drawn() {
    let Some(folder) = case("42_section_lacks_genes") else { return };
    let study = Study::from_paths(&["A1", "B1"].map(|name| folder.join(name)));
    train(&study, &folder.join("genes.txt"), &["--run", "r"]);
    run(&mut study.add(&[folder.join("other_kit")]));

    let lines = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(study.file(name)).unwrap();
        text.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
    };
    let predict = |out: &str| {
        let mut command = hiscmcl();
        command.arg("predict").arg(study.project()).args(["--run", "r", "--section", "other_kit", "--out"]);
        run(command.arg(study.file(out)));
    };
    predict("all.csv");
    let csv = lines("all.csv");
    assert_eq!(csv[0].len(), 3 + 60, "all genes of the run are predicted");
    assert!(csv[1..].iter().flat_map(|l| &l[3..]).all(|v| v.parse::<f32>().unwrap().is_finite()));
    predict("all.h5ad");
    assert!(study.file("all.h5ad").is_file());

    // GNAS is one of the five genes that it lacks, KRT19 is not.
    for (genes, panes) in [
        ("KRT19", "he,measured,predicted"),
        ("GNAS", "he,predicted"),
        ("GNAS", "he,measured,predicted,difference,uncertainty"),
        ("KRT19,GNAS", "measured,predicted"),
    ] {
        let out = study.file("figure.svg");
        let mut command = hiscmcl();
        command.arg("figure").arg(study.project()).args(["--run", "r", "--section", "other_kit"]);
        run(command.args(["--genes", genes, "--panes", panes, "--out"]).arg(&out));
        let svg = fs::read_to_string(&out).unwrap();
        let lacks = genes.contains("GNAS") && panes.contains("measured");
        assert_eq!(svg.contains("not measured"), lacks, "{genes} in {panes}");
    }
}
