//! The program without a window: what scripts rely on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{complaint, demo_project, hiscmcl, run};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

#[test]
fn the_help_of_every_command_is_as_reviewed() {
    const COMMANDS: [&[&str]; 24] = [
        &[],
        &["project"],
        &["project", "new"],
        &["project", "add"],
        &["project", "label"],
        &["project", "copy-runs"],
        &["project", "remove"],
        &["info"],
        &["genes"],
        &["features"],
        &["embed"],
        &["encoders"],
        &["slide"],
        &["train"],
        &["predict"],
        &["evaluate"],
        &["figure"],
        &["regions"],
        &["regions", "import"],
        &["regions", "export"],
        &["compare"],
        &["score"],
        &["cluster"],
        &["demo"],
    ];
    let help = |command: &&[&str]| {
        let text = run(hiscmcl().args(*command).arg("--help"));
        let lines = text.lines().map(|line| format!("{}\n", line.trim_end()));
        format!("$ hiscmcl {}\n{}\n", [*command, &["--help"]].concat().join(" "), lines.collect::<String>())
    };
    insta::assert_snapshot!("help", COMMANDS.iter().map(help).collect::<String>());
}

/// Trains on the demo without `test` and gives the run's metrics as text.
fn train(project: &Path, genes: &Path, run_name: &str, more: &[&str]) -> std::process::Command {
    let mut command = hiscmcl();
    command
        .arg("train")
        .arg(project)
        .arg("--genes")
        .arg(genes)
        .args(["--test", "DemoA1", "--run", run_name, "--device", "cpu", "--seed", "7"])
        .args(more);
    command
}

#[test]
fn the_whole_job_runs_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());

    let info = json(&run(hiscmcl().arg("info").arg(&project).arg("--json")));
    let sections = info["sections"].as_array().unwrap();
    assert_eq!(sections.len(), 6);
    for key in ["name", "patient", "spots", "genes", "umi_total", "mpp", "width_px", "height_px"] {
        assert!(!sections[0][key].is_null(), "{key} is missing in {}", sections[0]);
    }

    run(hiscmcl().arg("features").arg(&project).args(["--encoder", "texture"]));
    run(&mut train(&project, &genes, "first", &["--set", "epochs=4"]));
    let csv = dir.path().join("pred.csv");
    run(hiscmcl()
        .arg("predict")
        .arg(&project)
        .args(["--run", "first", "--section", "DemoA1", "--out"])
        .arg(&csv));
    let text = fs::read_to_string(&csv).unwrap();
    let spots = sections.iter().find(|s| s["name"] == "DemoA1").unwrap()["spots"].as_u64().unwrap();
    assert_eq!(text.lines().count() as u64, spots + 1);

    let gene = fs::read_to_string(&genes).unwrap().lines().next().unwrap().to_owned();
    for name in ["fig.png", "fig.svg"] {
        let out = dir.path().join(name);
        run(hiscmcl()
            .arg("figure")
            .arg(&project)
            .args(["--run", "first", "--section", "DemoA1", "--genes", &gene])
            .args(["--panes", "he,measured,predicted", "--width-mm", "90", "--dpi", "100", "--out"])
            .arg(&out));
        assert!(fs::metadata(&out).unwrap().len() > 1000, "{name} is empty");
    }
}

#[test]
fn cross_validation_reports_every_name_it_promises() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    let out = dir.path().join("eval.json");
    let table = run(hiscmcl()
        .arg("evaluate")
        .arg(&project)
        .arg("--genes")
        .arg(&genes)
        .args(["--target", "published", "--split", "patient", "--seed", "1", "--device", "cpu"])
        .args(["--set", "epochs=4", "--json"])
        .arg(&out));
    let report = json(&fs::read_to_string(&out).unwrap());
    let folds = report["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 6, "one report a test section");
    for place in folds.iter().chain([&report["mean"]]) {
        for method in ["model", "ridge", "mean"] {
            for score in ["pcc_all", "pcc_heg50", "mse", "mae"] {
                assert!(place[method][score].is_f64(), "{method}.{score} is missing");
            }
        }
        for score in ["pcc_all", "pcc_heg50"] {
            assert!(place["ceiling"][score].is_f64(), "ceiling.{score} is missing");
        }
    }
    for fold in folds {
        let patient = &fold["patient"];
        let names = fold["train"].as_array().unwrap();
        let leaks = names.iter().any(|n| n.as_str().unwrap().starts_with(patient.as_str().unwrap()));
        assert!(!leaks, "a section of patient {patient} is on both sides: {names:?}");
    }
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    assert!(report["peak_rss_mb"].is_f64());

    // The judgement stands in what is printed and in both files, and is the same everywhere.
    let judged = &report["judgement"];
    let headline = judged["headline"].as_str().unwrap();
    assert!(table.contains(headline) && table.lines().next().unwrap().ends_with("Judgement"), "{table}");
    let counts = ["good", "fair", "poor", "not_tested"].map(|j| judged["counts"][j].as_u64().unwrap());
    assert_eq!(counts.iter().sum::<u64>(), report["gene_count"].as_u64().unwrap());
    let good = judged["genes"].as_array().unwrap().iter().filter(|g| g["judgement"] == "good").count();
    assert_eq!(good as u64, counts[0]);
    let all = counts.iter().sum::<u64>();
    assert!(
        headline.starts_with(&format!("{} of {all} genes good, {} fair", counts[0], counts[1])),
        "{headline}"
    );
}

#[test]
fn both_recipes_are_compared_on_the_same_folds_by_one_command() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    let out = dir.path().join("eval.json");
    let table = run(hiscmcl()
        .arg("evaluate")
        .arg(&project)
        .arg("--genes")
        .arg(&genes)
        .args(["--split", "patient", "--seed", "1", "--device", "cpu", "--recipe", "both"])
        .args([
            "--set",
            "fused.epochs=2",
            "--set",
            "fused.members=1",
            "--set",
            "published.epochs=2",
            "--run",
            "c",
        ])
        .arg("--csv")
        .arg(dir.path().join("genes.csv"))
        .arg("--json")
        .arg(&out));
    let report = json(&fs::read_to_string(&out).unwrap());
    let folds = |recipe: &str| report[recipe]["folds"].as_array().unwrap().clone();
    let (fused, published) = (folds("fused"), folds("published"));
    assert_eq!((fused.len(), published.len()), (6, 6));
    for (a, b) in fused.iter().zip(&published) {
        assert_eq!((&a["test"], &a["train"], &a["ridge"]), (&b["test"], &b["train"], &b["ridge"]));
        assert_ne!(a["model"], b["model"]);
        assert!(table.contains(&format!("PCC all on {}: fused ", a["test"].as_str().unwrap())), "{table}");
    }
    for recipe in ["fused", "published"] {
        assert!(dir.path().join(format!("genes-{recipe}.csv")).is_file());
        assert!(dir.path().join(format!("demo.runs/c-{recipe}/eval.json")).is_file());
    }
}

#[test]
fn a_killed_training_resumes_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    // In two views of each section, so that these are computed, drawn from and drawn from again too.
    let settings =
        ["epochs=40", "patience=40", "checkpoint_every=2", "views=1"].map(|set| ["--set", set]).concat();
    run(&mut train(&project, &genes, "whole", &settings));

    let mut child = train(&project, &genes, "killed", &settings).spawn().unwrap();
    let partial = dir.path().join("demo.runs/.killed.partial");
    let start = Instant::now();
    while !partial.join("checkpoint.safetensors").exists() {
        assert!(child.try_wait().unwrap().is_none(), "training ended before its first checkpoint");
        assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint appeared");
        std::thread::sleep(Duration::from_millis(5));
    }
    // On Unix this is SIGKILL: the program gets no chance to tidy up.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.path().join("demo.runs/killed").exists(), "an interrupted run must not look complete");

    run(&mut train(&project, &genes, "killed", &settings));
    for file in ["metrics.json", "per_gene.csv", "model.safetensors"] {
        let read = |name: &str| fs::read(dir.path().join("demo.runs").join(name).join(file)).unwrap();
        assert!(read("whole") == read("killed"), "{file} differs after resuming");
    }
    assert!(!partial.exists());
}

#[test]
fn failures_are_one_sentence_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    let nowhere = dir.path().join("nowhere.hiscmcl");
    let said = complaint(hiscmcl().arg("info").arg(&nowhere));
    assert!(said.contains("nowhere.hiscmcl") && said.contains("it is not there"), "{said}");

    let said = complaint(hiscmcl().args(["project", "new"]).arg(&project));
    assert!(said.contains("demo.hiscmcl") && said.contains("exists"), "{said}");

    let said = complaint(&mut train(&project, &dir.path().join("none.txt"), "x", &[]));
    assert!(said.contains("none.txt"), "{said}");

    let said = complaint(&mut train(&project, &genes, "x", &["--set", "epochs=many"]));
    assert!(said.contains("epochs") && said.contains("many"), "{said}");

    let said = complaint(&mut train(&project, &genes, "../x", &[]));
    assert!(said.contains("../x"), "{said}");

    let said = complaint(hiscmcl().arg("predict").arg(&project).args([
        "--run",
        "none",
        "--section",
        "DemoA1",
        "--out",
        "p.csv",
    ]));
    assert!(said.contains("none") && said.contains("no runs yet"), "{said}");

    let odd = dir.path().join("odd.txt");
    fs::write(&odd, "NOSUCHGENE\nNORTHISONE\n").unwrap();
    let said = complaint(&mut train(&project, &odd, "x", &[]));
    assert!(said.contains("nothing to train on") && said.contains("NOSUCHGENE, NORTHISONE"), "{said}");
    assert!(!dir.path().join("demo.runs/x").exists());
}

#[test]
fn genes_that_a_section_lacks_are_named_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    let usual = fs::read_to_string(&genes).unwrap();
    let missing: Vec<String> = (0..30).map(|i| format!("NOSUCH{i}")).collect();
    let list = dir.path().join("list.txt");
    fs::write(&list, format!("{usual}{}\nher2\n", missing.join("\n"))).unwrap();

    let mut command = train(&project, &list, "odd", &["--set", "epochs=2", "--set", "members=1", "--json"]);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(missing.iter().all(|gene| told.contains(gene)), "every gene is named: {told}");
    let notes = json(&String::from_utf8(output.stdout).unwrap())["notes"].to_string();
    assert!(notes.contains("Not measured in any section: NOSUCH0, NOSUCH1"), "{notes}");
    let config = json(&fs::read_to_string(dir.path().join("demo.runs/odd/run.json")).unwrap());
    let trained = config["genes"].as_array().unwrap();
    assert!(trained.iter().any(|g| g == "ERBB2") && !trained.iter().any(|g| g == "NOSUCH0"), "{trained:?}");

    let out = dir.path().join("eval.json");
    run(hiscmcl()
        .arg("evaluate")
        .arg(&project)
        .arg("--genes")
        .arg(&list)
        .args(["--split", "patient", "--device", "cpu", "--set", "epochs=1", "--set", "members=1", "--json"])
        .arg(&out));
    let report = json(&fs::read_to_string(&out).unwrap());
    assert_eq!(report["gene_count"].as_u64().unwrap() as usize, trained.len());
    let warnings = report["warnings"].to_string();
    assert!(missing.iter().all(|gene| warnings.contains(gene)), "{warnings}");
}

#[test]
fn slides_of_scanners_are_described_and_drawn() {
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slides").join(name);
    let dir = tempfile::tempdir().unwrap();
    let slide = fixture("aperio.svs");
    let about = json(&run(hiscmcl().arg("slide").arg(&slide).arg("--json")));
    assert_eq!(about["format"], "Aperio SVS");
    let (width, height) = (about["width"].as_u64().unwrap(), about["height"].as_u64().unwrap());
    assert!(about["levels"].as_array().unwrap().len() > 1 && about["mpp"].as_f64().unwrap() > 0.0);

    let part = dir.path().join("new/part.png");
    let mut region = hiscmcl();
    region.arg("slide").arg(&slide).args(["--region", "8,16,64,32", "--size", "32x16", "--out"]).arg(&part);
    assert!(run(&mut region).contains("32 x 16 px"));
    let whole = dir.path().join("whole.png");
    run(hiscmcl().arg("slide").arg(&slide).args(["--thumbnail", "100", "--out"]).arg(&whole));
    let size = |path: &Path| image::image_dimensions(path).unwrap();
    assert_eq!(size(&part), (32, 16));
    let (w, h) = size(&whole);
    assert_eq!(w.max(h), 100.min(width.max(height)) as u32);

    // What lies at the edges, and what cannot be drawn.
    let mut nothing = hiscmcl();
    nothing.arg("slide").arg(&slide).args(["--region", "0,0,64,64", "--size", "0x9", "--out"]).arg(&part);
    assert!(complaint(&mut nothing).contains("0 x 9 pixels"));
    let mut itself = hiscmcl();
    let copy = dir.path().join("copy.png");
    fs::copy(&whole, &copy).unwrap();
    itself.arg("slide").arg(&copy).args(["--thumbnail", "9", "--out"]).arg(&copy);
    assert!(complaint(&mut itself).contains("is the slide itself"));
    let cut = dir.path().join("cut.svs");
    fs::write(&cut, &fs::read(&slide).unwrap()[..40]).unwrap();
    assert!(complaint(hiscmcl().arg("slide").arg(&cut)).contains("cut.svs"));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_hiscmcl"))
        .args(["encoders", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The pipe is closed before anything is read.
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let ended = child.wait().unwrap();
    assert!(ended.success() && !said.contains("panicked"), "{ended}: {said}");
}
