//! Samples of every kind through the program: recognised, opened, trained on, predicted and written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use crate::support::{complaint, demo_folder, demo_project, hiscmcl, run, shared};
use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::anndata::{ReadOptions, read};
use hiscmcl::data::st::FileRole;
use hiscmcl::data::st::counts::read_counts;
use hiscmcl::data::st::her2st::scan;
use hiscmcl::data::st::spots::read_spots;
use serde_json::Value;

fn info(project: &Path) -> Vec<Value> {
    let text = run(hiscmcl().arg("info").arg(project).arg("--json"));
    let value: Value = serde_json::from_str(&text).unwrap();
    value["sections"].as_array().unwrap().clone()
}

fn new_project(folder: &Path) -> std::path::PathBuf {
    let project = folder.join("p.hiscmcl");
    run(hiscmcl().args(["project", "new"]).arg(&project));
    project
}

#[test]
fn every_real_sample_is_recognised_and_opens() {
    let Some(shared) = shared() else { return };
    // Kind, spots that are used, genes, spots under tissue, sum of the table; see the reference values.
    let expected = [
        ("visium_scmuscle_Vis5A", "visium", 982, 33217, 982, 5_772_682.0),
        ("visium_scanpy_1.0.0", "visium", 100, 100, 4235, 932.0),
        ("visiumio/10xVisium", "visium", 22, 49, 22, 607.0),
        ("visiumio/binned_outputs/square_002um", "visium_hd", 10, 10, 10, 0.0),
        ("h5ad/squidpy_test_data.h5ad", "anndata", 8, 1999, 49, 30_129.566),
        ("her2st_A1_png", "legacy_st", 346, 15045, 348, 1_553_744.0),
    ];
    for (sample, kind, spots, genes, in_tissue, sum) in expected {
        let dir = tempfile::tempdir().unwrap();
        let project = new_project(dir.path());
        let told =
            run(hiscmcl().args(["project", "add"]).arg(&project).arg(shared.join("real_data").join(sample)));
        assert!(told.ends_with("1 section added\n"), "{sample}: {told}");
        let found = &info(&project)[0];
        assert_eq!(found["kind"], kind, "{sample}");
        assert_eq!(found["spots"], spots, "{sample}");
        assert_eq!(found["genes"], genes, "{sample}");
        assert_eq!(found["in_tissue"], in_tissue, "{sample}");
        let off = (found["sum"].as_f64().unwrap() - sum).abs();
        assert!(off <= 1e-5 * sum, "{sample}: {} for {sum}", found["sum"]);
    }
}

#[test]
fn what_is_no_sample_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let project = new_project(dir.path());
    let before = fs::read(&project).unwrap();
    let add = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        complaint(hiscmcl().args(["project", "add"]).arg(&project).arg(&path))
    };
    assert!(add("a.h5ad", b"no HDF5").contains("a.h5ad"));
    assert!(add("notes.txt", b"hello").contains("notes.txt"));
    let gone = complaint(hiscmcl().args(["project", "add"]).arg(&project).arg(dir.path().join("gone")));
    assert!(gone.contains("gone: it is not there"), "{gone}");
    assert_eq!(fs::read(&project).unwrap(), before, "the project was changed");
}

#[test]
fn a_visium_sample_is_trained_on_and_drawn() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = new_project(dir.path());
    let sample = shared.join("real_data/visium_scmuscle_Vis5A");
    run(hiscmcl().args(["project", "add"]).arg(&project).arg(sample));
    let genes = dir.path().join("genes.txt");
    run(hiscmcl()
        .arg("genes")
        .arg(&project)
        .args(["--hvg", "40", "--min-spots", "0.3", "--out"])
        .arg(&genes));
    run(hiscmcl().arg("train").arg(&project).arg("--genes").arg(&genes).args([
        "--run",
        "r",
        "--device",
        "cpu",
        "--set",
        "epochs=3",
        "--set",
        "members=1",
    ]));
    let gene = fs::read_to_string(&genes).unwrap().lines().next().unwrap().to_owned();
    let figure = dir.path().join("f.svg");
    run(hiscmcl()
        .arg("figure")
        .arg(&project)
        .args(["--run", "r", "--section", "visium_scmuscle_Vis5A", "--genes", &gene, "--out"])
        .arg(&figure));
    let text = fs::read_to_string(&figure).unwrap();
    assert!(text.contains("seen"), "a figure of a section that was trained on must say so");
}

#[test]
fn predictions_written_as_anndata_hold_every_section() {
    let dir = tempfile::tempdir().unwrap();
    let (project, genes) = demo_project(dir.path());
    run(hiscmcl().arg("train").arg(&project).arg("--genes").arg(&genes).args([
        "--test",
        "DemoA1",
        "--run",
        "r",
        "--device",
        "cpu",
        "--set",
        "epochs=3",
        "--set",
        "members=1",
    ]));
    let names: Vec<String> = info(&project).iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect();
    let spots: u64 = info(&project).iter().map(|s| s["spots"].as_u64().unwrap()).sum();
    let predict = |sections: &str, file: &str| {
        let out = dir.path().join(file);
        run(hiscmcl()
            .arg("predict")
            .arg(&project)
            .args(["--run", "r", "--section", sections, "--out"])
            .arg(&out));
        out
    };
    let all = predict(&names.join(","), "all.h5ad");
    let data = read(&all, &ReadOptions::default(), &Silent, &CancelToken::new()).unwrap();
    assert_eq!(data.table.spots.len() as u64, spots);
    assert!(data.table.spots[0].starts_with("DemoA1_"), "{}", data.table.spots[0]);
    assert!(data.positions.unwrap().iter().flatten().all(|v| v.is_finite()));

    let one = predict("DemoA1", "one.h5ad");
    let data = read(&one, &ReadOptions::default(), &Silent, &CancelToken::new()).unwrap();
    let csv = fs::read_to_string(predict("DemoA1", "one.csv")).unwrap();
    let second: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(data.table.spots[0], second[0]);
    for (at, value) in second[3..].iter().enumerate() {
        assert_eq!(data.table.counts.get(0, at), value.parse::<f32>().unwrap());
    }
    let two = complaint(hiscmcl().arg("predict").arg(&project).args([
        "--run",
        "r",
        "--section",
        "DemoA1,DemoA2",
        "--out",
        "x.csv",
    ]));
    assert!(
        two.ends_with(
            "A CSV file holds one section, and 2 are to be saved; save them as .h5ad, or in a folder"
        ),
        "{two}"
    );
}

/// Writes a demo section the way Space Ranger would: a matrix in text, positions with a header, scale factors, and
/// an image of half the size.
fn as_visium(demo: &Path, section: &str, outs: &Path) {
    let (cancel, genes_of) = (CancelToken::new(), |g: &hiscmcl::data::section::Gene| g.name.clone());
    let entry = scan(demo).unwrap().sections.into_iter().find(|s| s.name == section).unwrap();
    let table = read_counts(entry.path(FileRole::Counts).unwrap(), &Silent, &cancel).unwrap();
    let spots = read_spots(entry.path(FileRole::Spots).unwrap()).unwrap();
    let (matrix, spatial) = (outs.join("filtered_feature_bc_matrix"), outs.join("spatial"));
    fs::create_dir_all(&matrix).unwrap();
    fs::create_dir_all(&spatial).unwrap();
    let barcode = |i: usize| format!("SPOT{i:012}-1");
    let mut entries = Vec::new();
    for r in 0..table.counts.rows() {
        let (columns, values) = table.counts.row(r);
        entries.extend(columns.iter().zip(values).map(|(c, v)| format!("{} {} {v}\n", c + 1, r + 1)));
    }
    let head = format!(
        "%%MatrixMarket matrix coordinate integer general\n{} {} {}\n",
        table.genes.len(),
        table.spots.len(),
        entries.len()
    );
    fs::write(matrix.join("matrix.mtx"), head + &entries.concat()).unwrap();
    let barcodes: String = (0..table.spots.len()).map(|i| barcode(i) + "\n").collect();
    fs::write(matrix.join("barcodes.tsv"), barcodes).unwrap();
    let features: String =
        table.genes.iter().map(|g| format!("ID_{0}\t{0}\tGene Expression\n", genes_of(g))).collect();
    fs::write(matrix.join("features.tsv"), features).unwrap();
    let mut positions =
        "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n".to_owned();
    for (i, id) in table.spots.iter().enumerate() {
        let spot = spots.iter().find(|s| &s.id == id).unwrap();
        let [col, row] = spot.grid.unwrap();
        positions.push_str(&format!("{},1,{row},{col},{},{}\n", barcode(i), spot.center.y, spot.center.x));
    }
    fs::write(spatial.join("tissue_positions.csv"), positions).unwrap();
    // The demo has one micrometre a pixel.
    let factors = r#"{"microns_per_pixel": 1.0, "tissue_hires_scalef": 0.5, "spot_diameter_fullres": 100.0}"#;
    fs::write(spatial.join("scalefactors_json.json"), factors).unwrap();
    let image = image::open(&entry.image).unwrap();
    let half =
        image.resize_exact(image.width() / 2, image.height() / 2, image::imageops::FilterType::Triangle);
    half.save(spatial.join("tissue_hires_image.png")).unwrap();
}

#[test]
fn legacy_st_and_visium_are_cross_validated_together() {
    let dir = tempfile::tempdir().unwrap();
    let project = new_project(dir.path());
    let outs = dir.path().join("Vis1").join("outs");
    as_visium(demo_folder(), "DemoC1", &outs);
    let add = |path: &Path, sections: &str| {
        run(hiscmcl().args(["project", "add"]).arg(&project).arg(path).args(["--sections", sections]))
    };
    add(demo_folder(), "DemoA1,DemoB1");
    add(&outs, "Vis1");
    let sections = info(&project);
    let kinds: Vec<&str> = sections.iter().map(|s| s["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["legacy_st", "legacy_st", "visium"]);
    // The image has half the pixels.
    assert!((sections[2]["mpp"].as_f64().unwrap() - 2.0).abs() < 1e-6, "{}", sections[2]["mpp"]);
    let genes = dir.path().join("genes.txt");
    run(hiscmcl().arg("genes").arg(&project).args(["--hvg", "40", "--out"]).arg(&genes));
    let report = dir.path().join("eval.json");
    run(hiscmcl()
        .arg("evaluate")
        .arg(&project)
        .arg("--genes")
        .arg(&genes)
        .args([
            "--split",
            "section",
            "--device",
            "cpu",
            "--set",
            "epochs=12",
            "--set",
            "members=1",
            "--run",
            "cv",
            "--json",
        ])
        .arg(&report));
    let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let folds = report["folds"].as_array().unwrap();
    assert_eq!(folds.len(), 3);
    // A model of legacy ST that predicts the Visium section shows that places, counts and pixels belong together.
    let visium = folds.iter().find(|f| f["test"] == "Vis1").unwrap();
    assert!(visium["ridge"]["pcc_all"].as_f64().unwrap() > 0.2, "{}", visium["ridge"]);
    let out = dir.path().join("vis1.csv");
    run(hiscmcl().arg("predict").arg(&project).args(["--run", "cv", "--section", "Vis1", "--out"]).arg(&out));
    assert!(fs::read_to_string(&out).unwrap().contains("SPOT000000000000-1"));
}
