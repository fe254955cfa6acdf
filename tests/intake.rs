//! What comes into a project, and what is refused, as users of the command line see it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{complaint, demo_project, hiscmcl, run};
use hiscmcl::core::matrix::Matrix;
use hiscmcl::data::anndata::{Columns, Contents, ObsColumn, write};
use serde_json::Value;

const SPOTS: usize = 16;

/// An AnnData file of 4 x 4 spots, 100 pixels apart, with a slide beside it.
fn anndata(folder: &Path, name: &str, value: impl Fn(usize, usize) -> f32) -> PathBuf {
    let at = |i: usize| [(i % 4) as f64 * 100.0 + 50.0, (i / 4) as f64 * 100.0 + 50.0];
    anndata_of(folder, name, (SPOTS, 3), value, at)
}

/// An AnnData file of so many spots and genes, with a slide beside it; `at` says where the spots lie.
fn anndata_of(
    folder: &Path,
    name: &str,
    (spots, genes): (usize, usize),
    value: impl Fn(usize, usize) -> f32,
    at: impl Fn(usize) -> [f64; 2],
) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(format!("{name}.h5ad"));
    let x = Matrix::from_fn(spots, genes, value);
    let names = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<String>>();
    let halves = (0..spots).map(|i| Some(if i < 8 { "left" } else { "right" }.to_owned())).collect();
    let contents = Contents {
        obs: Columns {
            names: names("S", spots),
            columns: vec![
                ("side".into(), ObsColumn::Categorical(halves)),
                ("cluster".into(), ObsColumn::Int((0..spots as i64).map(|i| i % 2).collect())),
            ],
        },
        var: Columns { names: names("G", genes), columns: vec![] },
        x: Some(&x),
        layers: vec![],
        obsm: vec![("spatial".into(), 2, (0..spots).flat_map(at).collect())],
        uns: vec![],
    };
    write(&path, &contents).unwrap();
    let slide =
        image::RgbImage::from_fn(400, 400, |x, y| image::Rgb([200, (x % 256) as u8, (y % 256) as u8]));
    slide.save(folder.join(format!("{name}.png"))).unwrap();
    path
}

fn sound(row: usize, column: usize) -> f32 {
    (row + column) as f32
}

fn new_project(folder: &Path) -> PathBuf {
    let project = folder.join("p.hiscmcl");
    run(hiscmcl().args(["project", "new"]).arg(&project));
    project
}

fn project(command: &str, project: &Path) -> Command {
    let mut call = hiscmcl();
    call.args(["project", command]).arg(project);
    call
}

fn info(project: &Path) -> Value {
    serde_json::from_str(&run(hiscmcl().arg("info").arg(project).arg("--json"))).unwrap()
}

fn names(info: &Value) -> Vec<&str> {
    info["sections"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect()
}

#[test]
fn what_no_command_could_use_is_refused_and_the_rest_is_added() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    let broken = anndata(&dir.path().join("b"), "broken", |r, c| match (r, c) {
        (3, 1) => f32::INFINITY,
        (5, _) => f32::NAN,
        _ => sound(r, c),
    });
    let said = complaint(project("add", &file).arg(&broken));
    assert!(said.starts_with("hiscmcl: Nothing was added: broken cannot be used: "), "{said}");
    assert!(said.contains("broken.h5ad: X: the value of gene \"G1\" at spot \"S3\" is infinity"), "{said}");
    assert!(said.contains("(and 3 other values are not finite either)"), "{said}");
    assert!(names(&info(&file)).is_empty());

    // Beside it, another file is added; what was named and refused is no success.
    let good = anndata(&dir.path().join("g"), "good", sound);
    let said = complaint(project("add", &file).arg(&broken).arg(&good).arg(dir.path().join("nowhere")));
    assert!(said.starts_with("hiscmcl: Not everything was added: broken cannot be used"), "{said}");
    assert!(said.contains("nowhere"), "{said}");
    assert_eq!(names(&info(&file)), ["good"]);
    let said = run(project("add", &file).arg(&good));
    assert_eq!(said, "Nothing was added: good is in the project already\n");

    // In a folder of several, nobody has asked for that one by name.
    let both = dir.path().join("both");
    anndata(&both, "first", |r, c| sound(r, c) + 2.0);
    anndata(&both, "second", |_, _| f32::NAN);
    let output = project("add", &file).arg(&both).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("1 section added\n"));
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("note: second cannot be used: ") && notes.contains("second.h5ad"), "{notes}");
    let said = complaint(project("add", &file).arg(&both).args(["--sections", "second"]));
    assert!(said.contains("second cannot be used"), "{said}");

    // A second download of it, in the same call or later.
    let copies = dir.path().join("copies");
    for name in ["good (1)", "third", "Kopie von third"] {
        anndata(&copies.join(name), name, |r, c| sound(r, c) + if name.contains("good") { 0.0 } else { 1.0 });
    }
    let said = complaint(project("add", &file).arg(copies.join("good (1)")));
    let is_copy = "is a copy of good (its counts are the same) and was not added; --sections";
    assert!(said.contains(&format!("good (1) {is_copy}")), "{said}");
    let said = complaint(project("add", &file).arg(copies.join("Kopie von third")).arg(copies.join("third")));
    assert!(said.contains("Kopie von third is a copy of third "), "{said}");
    assert_eq!(names(&info(&file)), ["good", "first", "third"]);

    // A slide that is cut off would only be noticed when a model is trained.
    let cut = anndata(&dir.path().join("c"), "cut", |r, c| sound(r, c) + 3.0);
    let slide = dir.path().join("c/cut.png");
    let bytes = fs::read(&slide).unwrap();
    fs::write(&slide, &bytes[..bytes.len() / 2]).unwrap();
    let said = complaint(project("add", &file).arg(&cut));
    assert!(said.contains("cut.png: the image is cut off"), "{said}");
}

#[test]
fn a_section_that_breaks_later_blocks_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (demo, genes) = demo_project(dir.path());
    let text = fs::read_to_string(&demo).unwrap();
    let mut stored: Value = serde_json::from_str(&text).unwrap();
    // One whose counts are gone, and one whose slide is damaged.
    stored["sections"][1]["counts"] = "nowhere.tsv.gz".into();
    let damaged = dir.path().join("damaged.png");
    image::RgbImage::new(3000, 3000).save(&damaged).unwrap();
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    stored["sections"][2]["image"] = damaged.to_str().unwrap().into();
    fs::write(&demo, stored.to_string()).unwrap();
    let name = |at: usize| stored["sections"][at]["name"].as_str().unwrap().to_owned();
    let (gone, slideless) = (name(1), name(2));

    // And a run that a newer version made.
    let later = demo.with_extension("runs").join("later");
    fs::create_dir_all(&later).unwrap();
    fs::write(later.join("run.json"), r#"{"version": 99}"#).unwrap();

    let about = info(&demo);
    assert_eq!(names(&about).len(), 5, "{about}");
    assert_eq!(about["unreadable_runs"][0]["name"], "later");
    assert_eq!(about["unreadable"][0]["name"], gone);
    assert!(about["unreadable"][0]["reason"].as_str().unwrap().contains("nowhere.tsv.gz"));
    let listed = run(hiscmcl().arg("info").arg(&demo));
    assert!(listed.lines().any(|l| l.starts_with(&format!("{gone}: cannot be read: "))), "{listed}");
    let newer = listed.lines().find(|l| l.starts_with("Run later: cannot be read: ")).unwrap();
    assert!(newer.contains("newer version"), "{newer}");

    let list = dir.path().join("again.txt");
    run(hiscmcl().arg("genes").arg(&demo).args(["--hvg", "40", "--out"]).arg(&list));
    let train = |run: &str, test: &str| {
        let mut call = hiscmcl();
        call.arg("train").arg(&demo).arg("--genes").arg(&genes).args(["--run", run, "--device", "cpu"]);
        call.args(["--set", "epochs=2", "--set", "members=1", "--test", test, "--json"]);
        call
    };
    let trained: Value = serde_json::from_str(&run(&mut train("a", &name(0)))).unwrap();
    let notes = trained["notes"].to_string();
    for skipped in [&gone, &slideless] {
        assert!(notes.contains(&format!("{skipped} was skipped: ")), "{notes}");
    }
    let config: Value =
        serde_json::from_slice(&fs::read(dir.path().join("demo.runs/a/run.json")).unwrap()).unwrap();
    assert_eq!(config["sections"].as_array().unwrap().len(), 4, "{config}");
    // Where it is named it is an error.
    let said = complaint(&mut train("b", &gone));
    assert!(said.contains(&gone) && said.contains("nowhere.tsv.gz"), "{said}");
    let said = complaint(&mut train("b", &slideless));
    assert!(said.contains(&slideless) && said.contains("damaged.png"), "{said}");

    let removed = run(project("remove", &demo).arg(&gone).arg(&slideless));
    assert!(removed.ends_with("2 sections removed\n"), "{removed}");
    assert_eq!(names(&info(&demo)).len(), 4);
    let said = complaint(project("remove", &demo).arg(&gone));
    assert!(said.contains(&format!("no section named \"{gone}\"; there are: ")), "{said}");
}

#[test]
fn labels_come_from_a_column_or_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    let section = anndata(&dir.path().join("a"), "a", sound);
    let said = complaint(project("add", &file).arg(&section).args(["--labels-column", "layer"]));
    assert!(
        said.contains("obs has no column \"layer\"") && said.contains("side") && said.contains("cluster"),
        "{said}"
    );
    run(project("add", &file).arg(&section).args(["--labels-column", "side"]));
    assert_eq!(info(&file)["sections"][0]["labels"], serde_json::json!(["left", "right"]));
    run(project("remove", &file).arg("a"));
    let regions = dir.path().join("regions.geojson");
    let ring = "[[[0, 0], [400, 0], [400, 160], [0, 160], [0, 0]]]";
    let text = format!(
        r#"{{"type": "Feature", "geometry": {{"type": "Polygon", "coordinates": {ring}}},
            "properties": {{"objectType": "annotation", "classification": {{"name": "Tumor"}}}}}}"#
    );
    fs::write(&regions, text).unwrap();
    run(project("add", &file).arg(&section).arg("--labels").arg(&regions));
    assert_eq!(info(&file)["sections"][0]["labels"], serde_json::json!(["Tumor"]));
    run(project("remove", &file).arg("a"));
    // Beside the sample they are its labels without being named; alone they are none.
    fs::copy(&regions, dir.path().join("a/regions.geojson")).unwrap();
    run(project("add", &file).arg(dir.path().join("a")));
    assert_eq!(info(&file)["sections"][0]["labels"], serde_json::json!(["Tumor"]));
    let said = complaint(project("add", &file).arg(&regions));
    assert!(said.contains("GeoJSON") && said.contains("Data page"), "{said}");
}

const REGION: &str = r#"{"type": "Feature", "geometry": {"type": "Polygon",
    "coordinates": [[[0, 0], [400, 0], [400, 160], [0, 160], [0, 0]]]},
    "properties": {"objectType": "annotation", "classification": {"name": "Tumor"}}}"#;

/// One of the labels of a section that is called `name`.
fn labels_of(about: &Value, name: &str) -> Value {
    let sections = about["sections"].as_array().unwrap();
    sections.iter().find(|s| s["name"] == name).unwrap()["labels"].clone()
}

#[test]
fn labels_are_of_one_section_and_fit_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = new_project(dir.path());
    let both = dir.path().join("both");
    anndata(&both, "a", sound);
    anndata(&both, "b", |r, c| sound(r, c) + 1.0);
    let file = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    // The spots of both have the same names, and a drawing lies on every slide.
    let half = file("half.csv", "Barcode,cluster,Path\nS1,0,Tumor\nS2,1,Stroma\nS3,1,\n");
    let drawing = file("drawing.geojson", REGION);
    for labels in [&half, &drawing] {
        let said = complaint(project("add", &path).arg(&both).arg("--labels").arg(labels));
        assert!(said.contains("could be of a or b, and labels are of one section"), "{said}");
    }
    assert!(names(&info(&path)).is_empty());
    let other = file("other.csv", "Barcode,Path\nT1,Tumor\n");
    let add_a = |labels: &Path| {
        let mut call = project("add", &path);
        call.arg(&both).args(["--sections", "A", "--labels"]).arg(labels);
        call
    };
    let said = complaint(&mut add_a(&other));
    assert!(said.contains("a: no spot has a label in other.csv: it lists spots such as \"T1\""), "{said}");
    assert!(said.contains("\"S0\""), "{said}");
    let said = complaint(&mut add_a(&file("empty.csv", "Barcode,Path\n")));
    assert!(said.contains("empty.csv: it contains no labels"), "{said}");
    let said = complaint(&mut add_a(&file(
        "off.geojson",
        &REGION.replace("[0,", "[9000,").replace("[400,", "[9400,"),
    )));
    assert!(said.contains("no spot lies in a region of off.geojson"), "{said}");
    assert!(names(&info(&path)).is_empty());
    let said = run(&mut add_a(&half));
    assert!(said.contains("2 of 16 spots have a label"), "{said}");
    assert!(said.contains("Labels are from column Path of half.csv"), "{said}");
    assert_eq!(labels_of(&info(&path), "a"), serde_json::json!(["Stroma", "Tumor"]));

    // A section that is there already gets other labels, or keeps what it has.
    let said = complaint(&mut add_a(&drawing));
    assert!(said.contains("a is in the project already") && said.contains("hiscmcl project label"), "{said}");
    let said = complaint(project("label", &path).arg("a").arg(&other));
    assert!(said.contains("no spot has a label in other.csv"), "{said}");
    assert_eq!(labels_of(&info(&path), "a"), serde_json::json!(["Stroma", "Tumor"]));
    let said = run(project("label", &path).arg("A").arg(&drawing));
    assert_eq!(said, "a: 8 of 16 spots have a label\n");
    assert_eq!(labels_of(&info(&path), "a"), serde_json::json!(["Tumor"]));
    let said = run(project("label", &path).args(["a", "--column", "side"]));
    assert_eq!(said, "a: 16 of 16 spots have a label\n");
    assert_eq!(labels_of(&info(&path), "a"), serde_json::json!(["left", "right"]));
    let said = run(project("label", &path).arg("a").arg(&half));
    assert_eq!(said, "a: 2 of 16 spots have a label (from column Path of half.csv)\n");
}

#[test]
fn what_lacks_spots_genes_or_a_scale_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let path = new_project(dir.path());
    let apart = |i: usize| [(i % 4) as f64 * 100.0 + 50.0, (i / 4) as f64 * 100.0 + 50.0];
    let made = |name: &str, size, at: fn(usize) -> [f64; 2]| {
        anndata_of(&dir.path().join(name), name, size, sound, at)
    };
    let says = |file: &Path| complaint(project("add", &path).arg(file));
    let said = says(&made("spotless", (0, 3), |_| [50.0, 50.0]));
    assert!(said.contains("spotless.h5ad has no spots, and was left out"), "{said}");
    let said = says(&anndata_of(&dir.path().join("geneless"), "geneless", (SPOTS, 0), sound, apart));
    assert!(said.contains("geneless.h5ad: there is no gene in it"), "{said}");
    let two = made("two", (2, 3), |i| [i as f64 * 300.0 + 50.0; 2]);
    let said = says(&two);
    assert!(said.contains("enter its micrometres per pixel"), "{said}");
    run(project("add", &path).arg(&two).args(["--mpp", "0.5"]));
    assert_eq!(info(&path)["sections"][0]["mpp"], 0.5);
}

#[test]
fn the_same_section_is_added_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = new_project(dir.path());
    let folder = dir.path().join("s/one");
    let file = anndata(&folder, "one", sound);
    // By two ways to the same file.
    let around = folder.join("../one");
    let said = run(project("add", &path).args([&folder, &around, &folder]));
    assert!(said.ends_with("1 section added\n"), "{said}");
    assert_eq!(names(&info(&path)), ["one"]);
    let said = run(project("add", &path).arg(&around));
    assert_eq!(said, "Nothing was added: one is in the project already\n");
    // By another name.
    let renamed = dir.path().join("s/renamed");
    fs::create_dir_all(&renamed).unwrap();
    fs::copy(&file, renamed.join("renamed.h5ad")).unwrap();
    fs::copy(file.with_extension("png"), renamed.join("renamed.png")).unwrap();
    anndata(&dir.path().join("s/two"), "two", |r, c| sound(r, c) + 1.0);
    let output = project("add", &path).arg(dir.path().join("s")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("renamed is a copy of one (its counts are the same)"), "{notes}");
    assert_eq!(names(&info(&path)), ["one", "two"]);
    run(project("add", &path).arg(dir.path().join("s")).args(["--sections", "renamed"]));
    assert_eq!(names(&info(&path)), ["one", "two", "renamed"]);
    let removed = run(project("remove", &path).args(["RENAMED", "renamed"]));
    assert!(removed.ends_with("1 section removed\n"), "{removed}");
}

#[test]
fn normalised_values_have_no_umis() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    let section = anndata(dir.path(), "a", |r, c| sound(r, c) / 7.0 + 0.1);
    run(project("add", &file).arg(&section));
    assert!(info(&file)["sections"][0]["umi_total"].is_null());
    let listed = run(hiscmcl().arg("info").arg(&file));
    assert!(listed.contains("normalised values") && !listed.contains("UMI"), "{listed}");
}

#[test]
fn an_odd_value_among_counts_is_refused_with_its_gene_and_spot() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    for (name, odd, said) in [
        ("negative", -2.0, "is -2, while"),
        ("fraction", 2.5, "is 2.5, while"),
        ("huge", 1e20, "is 1e20, which is too large"),
        ("large", 2f32.powi(40), "is 1.0995116e12, which is too large"),
    ] {
        let value = |r: usize, c: usize| if (r, c) == (5, 1) { odd } else { sound(r, c) + 1.0 };
        let section = anndata(&dir.path().join(name), name, value);
        let text = complaint(project("add", &file).arg(&section));
        assert!(text.contains(said) && text.contains("gene") && text.contains("spot"), "{text}");
    }
}

#[test]
fn counts_and_normalised_values_are_not_mixed() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    for name in ["a", "b", "n"] {
        let value = |r, c| match name {
            "n" => sound(r, c) / 7.0 + 0.1,
            "b" => sound(r, c) + 1.0,
            _ => sound(r, c),
        };
        run(project("add", &file).arg(anndata(&dir.path().join(name), name, value)));
    }
    let genes = dir.path().join("genes.txt");
    let selected =
        hiscmcl().arg("genes").arg(&file).args(["--hvg", "2", "--out"]).arg(&genes).output().unwrap();
    let said = String::from_utf8_lossy(&selected.stderr).into_owned();
    assert!(
        selected.status.success() && said.contains("n was skipped: it holds normalised values"),
        "{said}"
    );
    let train = |test: &str| {
        let mut train = hiscmcl();
        train.arg("train").arg(&file).arg("--genes").arg(&genes).args(["--test", test, "--run", test]);
        train.args(["--device", "cpu", "--set", "epochs=1", "--set", "members=1", "--set", "views=0"]);
        train
    };
    let trained = run(&mut train("b"));
    assert!(trained.contains("note: n was skipped: it holds normalised values"), "{trained}");
    let said = complaint(&mut train("n"));
    assert!(said.contains("Section n cannot be used: it holds normalised values"), "{said}");
}

#[test]
fn results_overwrite_neither_the_gene_list_nor_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    run(project("add", &file).arg(anndata(dir.path(), "a", sound)));
    let genes = dir.path().join("genes.csv");
    fs::write(&genes, "G0\nG1\n").unwrap();
    let mut evaluate = hiscmcl();
    evaluate.arg("evaluate").arg(&file).arg("--genes").arg(&genes).arg("--csv").arg(&genes);
    let said = complaint(&mut evaluate);
    assert!(said.contains("genes.csv is the gene list, so it is not overwritten"), "{said}");
    assert_eq!(fs::read_to_string(&genes).unwrap(), "G0\nG1\n");
    let select = |out: &Path, statistics: &Path| {
        let mut select = hiscmcl();
        select
            .arg("genes")
            .arg(&file)
            .args(["--hvg", "2", "--out"])
            .arg(out)
            .arg("--statistics")
            .arg(statistics);
        select
    };
    let (out, again) = (dir.path().join("new.csv"), dir.path().join("sub/../new.csv"));
    fs::create_dir(dir.path().join("sub")).unwrap();
    let said = complaint(&mut select(&out, &again));
    assert!(said.contains("is named for two results") && !out.exists(), "{said}");
    let said = complaint(&mut select(&out, &dir.path().join("NUL.csv")));
    assert!(said.contains("\"NUL\" is the name of a device"), "{said}");
    let said = complaint(hiscmcl().args(["project", "new"]).arg(dir.path().join("CON.hiscmcl")));
    assert!(said.contains("\"CON\" is the name of a device"), "{said}");
}

#[test]
fn sections_are_named_once_and_without_blanks() {
    let dir = tempfile::tempdir().unwrap();
    let file = new_project(dir.path());
    for name in ["a", "b"] {
        run(project("add", &file).arg(anndata(&dir.path().join(name), name, |r, c| {
            sound(r, c) + if name == "a" { 0.0 } else { 1.0 }
        })));
    }
    let out = dir.path().join("genes.csv");
    let mut select = hiscmcl();
    select.arg("genes").arg(&file).args(["--hvg", "2", "--sections", "a, b,a", "--statistics"]);
    run(select.arg(dir.path().join("s.csv")).arg("--out").arg(&out));
    let statistics = fs::read_to_string(dir.path().join("s.csv")).unwrap();
    let of = |name: &str| statistics.lines().filter(|l| l.starts_with(&format!("{name},"))).count();
    assert_eq!((of("a"), of("b")), (3, 3), "{statistics}");
    run(project("remove", &file).arg(" a").arg("a"));
    assert_eq!(names(&info(&file)), ["b"]);
}

#[test]
fn files_of_unknown_formats_are_refused_before_anything_is_computed() {
    let dir = tempfile::tempdir().unwrap();
    let (demo, genes) = demo_project(dir.path());
    let out = dir.path().join("x.txt");
    // There is no run yet, and that is not what is said.
    let mut figure = hiscmcl();
    figure
        .arg("figure")
        .arg(&demo)
        .args(["--run", "r", "--section", "DemoA1", "--genes", "A", "--out"])
        .arg(&out);
    assert!(complaint(&mut figure).contains("x.txt: figures are saved as .png, .svg, .pdf or .tif"));
    let mut predict = hiscmcl();
    predict.arg("predict").arg(&demo).args(["--run", "r", "--section", "DemoA1", "--out"]).arg(&out);
    assert!(complaint(&mut predict).contains("x.txt: predictions are saved as .csv or .h5ad"));
    for option in ["--json", "--csv"] {
        let mut evaluate = hiscmcl();
        evaluate.arg("evaluate").arg(&demo).arg("--genes").arg(&genes).arg(option).arg(&out);
        assert!(complaint(&mut evaluate).contains("choose a name that ends in"), "{option}");
    }
    for run in ["CON", "a.", "a/b", "\u{1f34e}"] {
        let mut train = hiscmcl();
        train.arg("train").arg(&demo).arg("--genes").arg(&genes).args(["--run", run]);
        assert!(complaint(&mut train).contains("cannot be the name of a run"), "{run}");
    }
    assert!(!out.exists());
}

#[test]
fn no_result_overwrites_what_the_project_is_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = new_project(dir.path());
    let added = anndata(&dir.path().join("data"), "A1", sound);
    run(project("add", &path).arg(&added));
    let slide = added.with_extension("png");
    let bytes = |path: &Path| fs::read(path).unwrap();
    let before = [&path, &added, &slide].map(|p| bytes(p));
    for (out, said) in [
        (path.clone(), "is the name of a project file"),
        (slide.clone(), "belongs to section A1 (slide image)"),
        (added.clone(), "belongs to section A1 (AnnData file)"),
    ] {
        let mut genes = hiscmcl();
        genes.arg("genes").arg(&path).args(["--hvg", "2", "--out"]).arg(&out);
        let text = complaint(&mut genes);
        assert!(text.contains(said) && text.contains("choose another name"), "{text}");
    }
    assert_eq!(before, [&path, &added, &slide].map(|p| bytes(p)));
    let mut genes = hiscmcl();
    run(genes.arg("genes").arg(&path).args(["--hvg", "2", "--out"]).arg(dir.path().join("a/new/genes.txt")));
}
