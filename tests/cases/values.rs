//! What genes and values mean on the small inputs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Study, folders, stderr};
use crate::support::{case, hiscmcl, run};

/// Training that takes a moment: what a model is worth does not matter here.
const QUICK: [&str; 8] = ["--seed", "1", "--device", "cpu", "--set", "epochs=3", "--set", "members=1"];

fn genes(study: &Study, out: &Path) -> Command {
    let mut command = hiscmcl();
    command.arg("genes").arg(study.project()).arg("--out").arg(out);
    command
}

fn train(study: &Study, genes: &Path, test: &str, name: &str) -> Command {
    let mut command = hiscmcl();
    command.arg("train").arg(study.project()).arg("--genes").arg(genes).args(["--run", name]).args(QUICK);
    if !test.is_empty() {
        command.args(["--test", test]);
    }
    command
}

fn predict(study: &Study, section: &str, out: &Path) -> Command {
    let mut command = hiscmcl();
    command.arg("predict").arg(study.project()).args(["--run", "r", "--section", section, "--out"]).arg(out);
    command
}

/// The SVG of a figure.
fn figure(study: &Study, section: &str, genes: &str, panes: &str) -> String {
    let out = study.file("figure.svg");
    run(hiscmcl()
        .arg("figure")
        .arg(study.project())
        .args(["--run", "r", "--section", section, "--genes", genes, "--panes", panes, "--out"])
        .arg(&out));
    fs::read_to_string(out).unwrap()
}

/// The columns of a table of predictions that are genes.
fn columns(csv: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    reader.headers().unwrap().iter().skip(3).map(str::to_owned).collect()
}

/// All files below `folder`, relative to it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                found.insert(entry.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found
}

#[test]
fn genes_of_one_symbol_are_all_kept_and_told_apart() {
    let Some(folder) = case("10_repeated_symbols") else { return };
    let study = Study::from_paths(&[folder]);
    let info = study.info();
    let section = info["sections"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(info["sections"][0]["genes"], 60);
    let list = study.file("genes.txt");
    let said = stderr(&mut genes(&study, &list));
    assert_eq!(said.matches("more than one gene (HSPA14, TBCE)").count(), 1, "{said}");
    let names: Vec<String> = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), unique.len()), (60, 60));
    let twins = ["TBCE (ENSG90000000010)", "TBCE (ENSG90000000011)", "HSPA14 (ENSG90000000021)"];
    for name in twins {
        assert!(names.iter().any(|n| n == name), "{name} is missing in {names:?}");
    }
    run(&mut train(&study, &list, "", "r"));
    let csv = study.file("p.csv");
    run(&mut predict(&study, &section, &csv));
    assert_eq!(columns(&csv).into_iter().collect::<BTreeSet<_>>(), names.iter().cloned().collect());
    let h5ad = study.file("p.h5ad");
    run(&mut predict(&study, &section, &h5ad));
    assert!(h5ad.is_file());
    let svg = figure(&study, &section, "TBCE (ENSG90000000010),TBCE (ENSG90000000011)", "measured,predicted");
    for name in &twins[..2] {
        assert!(svg.contains(name), "{name} is not on the figure");
    }
    // By the identifier, and by the bare symbol as in lists of earlier versions.
    let by_id = study.file("ids.csv");
    fs::write(&by_id, "gene_id;score\nENSG90000000011.3;1,5\nENSG90000000000.1;2\nENSG90000000001;0\n")
        .unwrap();
    let said = stderr(&mut train(&study, &by_id, "", "ids"));
    assert!(said.contains("3 genes are listed by their identifiers"), "{said}");
}

#[test]
fn silent_genes_are_flat_and_say_so_and_nothing_is_below_zero() {
    let Some(folder) = case("14_silent_genes") else { return };
    let study = Study::from_paths(&folders(&folder));
    run(&mut train(&study, &folder.join("genes.txt"), "B1", "r"));
    let csv = study.file("p.csv");
    run(&mut predict(&study, "B1", &csv));
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    let tff1 = reader.headers().unwrap().iter().position(|h| h == "TFF1").unwrap();
    let mut rows = 0;
    for row in reader.records().map(Result::unwrap) {
        let values: Vec<f64> = row.iter().skip(3).map(|v| v.parse().unwrap()).collect();
        assert!(values.iter().all(|v| *v >= 0.0), "a prediction below zero: {values:?}");
        assert_eq!(values[tff1 - 3], 0.0, "no training section has a count of TFF1");
        rows += 1;
    }
    assert!(rows > 100);
    let svg = figure(&study, "B1", "TFF1,PGR,AGR2", "he,measured,predicted");
    assert_eq!(svg.matches("no counts at any spot").count(), 3);
    assert_eq!(svg.matches("predicted as zero").count(), 1);
    // Ticks of colour bars: none is below zero. Of numbers only correlations may be.
    let texts = svg.split('>').filter_map(|t| t.split('<').next()).filter(|t| t.contains('\u{2212}'));
    for text in texts {
        assert!(text.starts_with("PCC"), "{text} on the figure");
    }
}

#[test]
fn every_name_of_a_gene_makes_the_round_trip() {
    let Some(folder) = case("17_genes_with_slashes") else { return };
    let study = Study::from_paths(&folders(&folder));
    let right: Vec<String> =
        serde_json::from_str(&fs::read_to_string(folder.join("right.json")).unwrap()).unwrap();
    let all: BTreeSet<String> = right.iter().cloned().collect();
    let list = study.file("genes.txt");
    run(&mut genes(&study, &list));
    let listed: BTreeSet<String> = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(listed, all);
    let outside = study.project().parent().unwrap().to_path_buf();
    run(&mut train(&study, &list, "B1", "r"));
    let csv = study.file("p.csv");
    run(&mut predict(&study, "B1", &csv));
    assert_eq!(columns(&csv).into_iter().collect::<BTreeSet<_>>(), all);
    for odd in ["THRA1/BTR", "../BTR", "HLA-A;HLA-B", "IG\"K\"", "TRA,TRB", "\u{3b1}-SMA", "con", "7SK"] {
        let svg = figure(&study, "B1", odd, "he,measured,predicted");
        let shown = odd.replace('"', "&quot;");
        assert!(svg.contains(odd) || svg.contains(&shown), "{odd} is not on its figure");
    }
    let several = figure(&study, "B1", "TRA,TRB,FASN,HLA-A;HLA-B", "measured");
    assert!(["TRA,TRB", "FASN", "HLA-A;HLA-B"].iter().all(|g| several.contains(g)));
    let made = files(&outside);
    let expected = |p: &PathBuf| {
        p.starts_with("p.runs")
            || ["p.hiscmcl", "genes.txt", "p.csv", "figure.svg"].iter().any(|f| p == Path::new(f))
    };
    assert!(made.iter().all(expected), "{made:?}");
    // The list as a user has it, names with semicolons and quotes among them.
    let said = stderr(&mut train(&study, &folder.join("genes.txt"), "B1", "s"));
    assert!(!said.contains("left out"), "{said}");
}

#[test]
fn a_measured_gene_outside_the_list_has_a_scale_of_its_own() {
    let Some(folder) = case("14_silent_genes") else { return };
    let study = Study::from_paths(&folders(&folder));
    let list = study.file("short.txt");
    fs::write(&list, "GNAS\nFASN\nERBB2\n").unwrap();
    run(&mut train(&study, &list, "B1", "r"));
    let svg = figure(&study, "B1", "COL1A1,GNAS", "he,measured,predicted");
    assert!(svg.contains("not predicted by this run"));
    let labels = svg.matches("all genes").count();
    assert_eq!((labels, svg.matches("selected genes").count()), (1, 1), "each row says its scale, once");
    // Without a run there is no list: measured maps can be drawn all the same.
    let out = study.file("measured.svg");
    let mut command = hiscmcl();
    command.arg("figure").arg(study.project()).args(["--section", "B1", "--genes", "COL1A1"]);
    run(command.args(["--panes", "he,measured", "--out"]).arg(&out));
    assert!(fs::read_to_string(&out).unwrap().contains("all genes"));
}
