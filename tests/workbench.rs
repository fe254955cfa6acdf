//! Regions, comparison and signatures from the command line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{complaint, demo_project, hiscmcl, run};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"))
}

fn info(project: &Path, section: &str) -> Value {
    let all = parsed(&run(hiscmcl().arg("info").arg(project).arg("--json")));
    all["sections"].as_array().unwrap().iter().find(|s| s["name"] == section).unwrap().clone()
}

/// Two halves of a slide as QuPath exports them, and an object that a program found.
fn annotations(folder: &Path, section: &Value) -> PathBuf {
    let (w, h) = (section["width_px"].as_f64().unwrap(), section["height_px"].as_f64().unwrap());
    let half = |from: f64, to: f64| json!({"type": "Polygon", "coordinates": [[[from, 0.0], [to, 0.0], [to, h], [from, h], [from, 0.0]]]});
    let feature = |geometry: Value, properties: Value| json!({"type": "Feature", "id": "PathAnnotationObject", "geometry": geometry, "properties": properties});
    let tumour = json!({"classification": {"name": "Left", "colorRGB": -3670016}, "isLocked": false});
    let stroma = json!({"objectType": "annotation", "classification": {"name": "Right", "color": [10, 200, 30]},
                        "name": "the right half", "measurements": {"Area": 12.5}});
    let cell = json!({"objectType": "detection"});
    let all = json!({"type": "FeatureCollection", "features": [
        feature(half(0.0, w / 2.0), tumour),
        feature(half(w / 2.0, w), stroma),
        feature(half(1.0, 5.0), cell),
    ]});
    let path = folder.join("annotations.geojson");
    fs::write(&path, all.to_string()).unwrap();
    path
}

fn with_regions(folder: &Path) -> PathBuf {
    let (project, _) = demo_project(folder);
    let file = annotations(folder, &info(&project, "DemoA1"));
    let said =
        run(hiscmcl().args(["regions", "import"]).arg(&project).args(["--section", "demoa1"]).arg(&file));
    assert_eq!(said, "DemoA1: 3 regions added; new classes: Left, Right\n");
    project
}

#[test]
fn regions_come_from_qupath_and_go_back() {
    let dir = tempfile::tempdir().unwrap();
    let project = with_regions(dir.path());
    assert_eq!(info(&project, "DemoA1")["regions"], 3);
    assert_eq!(info(&project, "DemoA2")["regions"], 0);
    let export = |name: &str| {
        let out = dir.path().join(name);
        let mut command = hiscmcl();
        command.args(["regions", "export"]).arg(&project).args(["--section", "DemoA1", "--out"]).arg(&out);
        (command, out)
    };
    let (mut command, out) = export("back.geojson");
    run(&mut command);
    let back = parsed(&fs::read_to_string(out).unwrap());
    let features = back["features"].as_array().unwrap();
    assert_eq!(features.len(), 3);
    let right = features.iter().find(|f| f["properties"]["name"] == "the right half").unwrap();
    assert_eq!(right["properties"]["classification"], json!({"name": "Right", "color": [10, 200, 30]}));
    assert_eq!(right["properties"]["measurements"]["Area"], 12.5);
    assert_eq!(features[2]["properties"]["objectType"], "detection");

    // Every spot lies in one half, and an object that a program found classifies none.
    let (mut command, out) = export("classes.csv");
    run(&mut command);
    let table = fs::read_to_string(out).unwrap();
    let spots = info(&project, "DemoA1")["spots"].as_u64().unwrap();
    assert!(table.starts_with("Barcode,Region\n"), "{table}");
    assert_eq!(table.lines().count() as u64, spots + 1);
    assert!(table.contains(",Left\n") && table.contains(",Right\n"));

    let (mut command, out) = export("mask.png");
    run(&mut command);
    let mask = image::open(out).unwrap().to_rgb8();
    let (w, h) = mask.dimensions();
    assert_eq!(mask.get_pixel(2, h - 3).0, [200, 0, 0]);
    assert_eq!(mask.get_pixel(w - 3, h - 3).0, [10, 200, 30]);

    let said = complaint(&mut export("regions.txt").0);
    assert!(said.contains("choose a name that ends in .geojson"), "{said}");
    let mut other = hiscmcl();
    other.args(["regions", "export"]).arg(&project).args(["--section", "DemoA2", "--out", "x.csv"]);
    assert!(complaint(&mut other).contains("DemoA2 has no regions"));
}

#[test]
fn what_is_no_geojson_leaves_the_project_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = demo_project(dir.path());
    let before = fs::read(&project).unwrap();
    let file = dir.path().join("a.geojson");
    for content in ["", "{\"type\": \"FeatureCollection\", \"features\": []}", "[1, 2"] {
        fs::write(&file, content).unwrap();
        let said = complaint(
            hiscmcl().args(["regions", "import"]).arg(&project).args(["--section", "DemoA1"]).arg(&file),
        );
        assert!(said.contains("a.geojson"), "{said}");
    }
    assert_eq!(fs::read(&project).unwrap(), before);
}

fn compare(project: &Path, sections: &str, a: &str, b: &str) -> std::process::Command {
    let mut command = hiscmcl();
    command.arg("compare").arg(project).args(["--section", sections, "--a", a, "--b", b, "--json"]);
    command
}

#[test]
fn classes_of_regions_and_of_labels_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let project = with_regions(dir.path());
    let halves = parsed(&run(&mut compare(&project, "DemoA1", "Left", "Right")));
    let rest = parsed(&run(&mut compare(&project, "DemoA1", "Left", "rest")));
    assert_eq!(halves["genes"], rest["genes"], "every spot lies in one of the halves");
    let spots = info(&project, "DemoA1")["spots"].as_u64().unwrap();
    assert_eq!(halves["members_a"].as_u64().unwrap() + halves["members_b"].as_u64().unwrap(), spots);
    let genes = halves["genes"].as_array().unwrap();
    for key in ["gene", "mean_a", "mean_b", "log2fc", "pct_a", "pct_b", "p", "p_adj", "auroc"] {
        assert!(!genes[0][key].is_null(), "{key} is missing in {}", genes[0]);
    }
    let p = |at: usize| genes[at]["p"].as_f64().unwrap();
    assert!((1..genes.len()).all(|at| p(at - 1) <= p(at)), "the smallest p-value comes first");

    let label = info(&project, "DemoA1")["labels"][0].as_str().unwrap().to_owned();
    let several = parsed(&run(&mut compare(&project, "DemoA1,DemoA2,DemoB1", &label, "rest")));
    assert_eq!(several["sections"], json!(["DemoA1", "DemoA2", "DemoB1"]));
    assert!(!several["genes"][0]["sections_p_adj"].is_null(), "three sections are compared with each other");

    let csv = dir.path().join("out.csv");
    run(compare(&project, "DemoA1", &label, "rest").arg("--csv").arg(&csv));
    let table = fs::read_to_string(csv).unwrap();
    assert!(table.starts_with("gene,mean_a,mean_b,log2fc,pct_a,pct_b,p,p_adj,auroc,trust\n"), "{table}");

    let said = complaint(&mut compare(&project, "DemoA1", "Lefft", "rest"));
    assert!(
        said.contains("No spot of DemoA1 has the class \"Lefft\": the classes are Left, Right"),
        "{said}"
    );
    let said = complaint(&mut compare(&project, "DemoA1", "Left", "Left"));
    assert!(said.contains("choose two different classes"), "{said}");
}

#[test]
fn a_panel_is_scored_on_measured_values() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    let mut stored = parsed(&fs::read_to_string(&project).unwrap());
    let names: Vec<String> = fs::read_to_string(genes).unwrap().lines().take(3).map(str::to_owned).collect();
    let panel: Vec<&str> = names.iter().map(String::as_str).chain(["NOT-A-GENE"]).collect();
    stored["panels"] = json!([{"name": "Mine", "genes": panel}]);
    fs::write(&project, stored.to_string()).unwrap();
    let csv = dir.path().join("scores.csv");
    let score = |panel: &str| {
        let mut command = hiscmcl();
        command.arg("score").arg(&project).args(["--section", "DemoA1", "--panel", panel, "--csv"]).arg(&csv);
        command
    };
    let said = parsed(&run(score("mine").arg("--json")));
    assert_eq!((&said["genes"], &said["missing"]), (&json!(3), &json!(["NOT-A-GENE"])));
    let table = fs::read_to_string(&csv).unwrap();
    let spots = info(&project, "DemoA1")["spots"].as_u64().unwrap();
    assert!(table.starts_with("spot,Mine\n"), "{table}");
    assert_eq!(table.lines().count() as u64, spots + 1);
    let values: Vec<f64> =
        table.lines().skip(1).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(values.iter().any(|v| *v > 0.0) && values.iter().all(|v| v.is_finite()));
    assert!(complaint(&mut score("nobody's")).contains("There is no gene panel \"nobody's\""));
}

#[test]
fn spots_are_clustered_by_both_methods() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = demo_project(dir.path());
    let csv = dir.path().join("clusters.csv");
    let cluster = |more: &[&str]| {
        let mut command = hiscmcl();
        command
            .arg("cluster")
            .arg(&project)
            .args(["--section", "DemoA1,DemoA2", "--csv"])
            .arg(&csv)
            .args(more);
        command
    };
    let said = parsed(&run(cluster(&["--k", "4"]).arg("--json")));
    assert_eq!(said["clusters"], 4);
    let sizes: Vec<u64> = said["sizes"].as_array().unwrap().iter().map(|s| s.as_u64().unwrap()).collect();
    assert!(sizes.windows(2).all(|s| s[0] >= s[1]), "{sizes:?}");
    let spots = ["DemoA1", "DemoA2"].map(|s| info(&project, s)["spots"].as_u64().unwrap());
    let table = fs::read_to_string(&csv).unwrap();
    assert!(table.starts_with("spot,section,cluster\n"), "{table}");
    assert_eq!(table.lines().count() as u64, spots.iter().sum::<u64>() + 1);
    // The demo's regions differ in most genes, so clusters find them.
    let ari = said["labels"]["ari"].as_f64().unwrap();
    assert!(ari > 0.2, "{ari}");

    let few = parsed(&run(cluster(&["--resolution", "0.3"]).arg("--json")));
    let many = parsed(&run(cluster(&["--resolution", "2"]).arg("--json")));
    assert!(few["clusters"].as_u64() < many["clusters"].as_u64(), "{few} {many}");
    assert!(complaint(&mut cluster(&["--resolution", "0"])).contains("resolution"));
    assert!(complaint(&mut cluster(&["--k", "1"])).contains('2'));
}

/// A figure of the section with regions; gives what the command says as JSON.
fn figure(project: &Path, out: &Path, more: &[&str]) -> Value {
    let mut command = hiscmcl();
    command.arg("figure").arg(project).args(["--section", "DemoA1", "--genes", "ERBB2", "--json", "--out"]);
    parsed(&run(command.arg(out).args(more)))
}

#[test]
fn a_figure_has_regions_and_plots_and_keeps_to_a_journal() {
    let dir = tempfile::tempdir().unwrap();
    let project = with_regions(dir.path());
    let pdf = dir.path().join("f.pdf");
    let plots = ["--panes", "measured,regions,clusters", "--plots", "mix,volcano,dots", "--a", "Left"];
    let said = figure(&project, &pdf, &[&plots[..], &["--preset", "nature", "--width-mm", "183"]].concat());
    assert_eq!(said["not_allowed"], json!([]));
    assert!(
        (said["mm"][0].as_f64().unwrap() - 183.0).abs() < 0.1 && said["mm"][1].as_f64().unwrap() <= 170.05
    );
    let caption = said["caption"].as_str().unwrap();
    for part in ["(a)", "Maps of ERBB2", "Left vs. rest", "Wilcoxon", "(d)"] {
        assert!(caption.contains(part), "{part}: {caption}");
    }
    let bytes = fs::read(&pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));

    let tiff = dir.path().join("f.tif");
    let said = figure(&project, &tiff, &["--panes", "he,measured", "--preset", "plos", "--width-mm", "132"]);
    assert_eq!(said["not_allowed"], json!([]));
    assert_eq!(&fs::read(&tiff).unwrap()[..4], b"II*\0");
    let said = figure(&project, &dir.path().join("f.png"), &["--panes", "he", "--preset", "cell"]);
    let broken: Vec<&str> =
        said["not_allowed"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    assert!(
        broken.iter().any(|b| b.contains("183 mm wide; Cell Press allows 85, 114 or 174 mm")),
        "{broken:?}"
    );

    let refused = |more: &[&str]| {
        let mut command = hiscmcl();
        command.arg("figure").arg(&project).args([
            "--section",
            "DemoA1",
            "--genes",
            "ERBB2",
            "--panes",
            "he",
        ]);
        complaint(command.args(more).arg("--out").arg(&pdf))
    };
    assert!(refused(&["--plots", "volcano"]).contains("name them with --a and --b"));
    assert!(refused(&["--plots", "curves"]).contains("\"Training curves\" needs a run"));
    assert!(
        refused(&["--plots", "pie"]).contains("the plots are mix, scatter, volcano, dots, curves, scores")
    );
}

#[test]
fn a_report_needs_a_run_and_a_pdf() {
    let dir = tempfile::tempdir().unwrap();
    let (project, _) = demo_project(dir.path());
    let report = |run: &str, out: &str| {
        let mut command = hiscmcl();
        command.arg("report").arg(&project).args(["--run", run, "--out"]).arg(dir.path().join(out));
        complaint(&mut command)
    };
    assert!(report("r", "r.docx").contains("choose a name that ends in .pdf"));
    assert!(report("r", "r.pdf").contains("\"r\""));
}
