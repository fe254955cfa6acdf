//! Predictions saved as .h5ad, by the program itself, open in scanpy with everything that was promised: checked
//! for one and for thirty sections against the run's own files. Runs where `HISCMCL_PYTHON` names a Python that
//! has scanpy.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{hiscmcl, run};

const CHECK: &str = include_str!("check.py");
/// Spots of a side of the array, and slide pixels from one to the next.
const SIDE: usize = 6;
const PITCH: usize = 40;
const GENES: usize = 12;
/// Measured none of the genes of the run.
const WITHOUT: &str = "J2";
/// Measured all but three of them.
const WITH_SOME: &str = "J3";

/// What is seen at a spot and what follows from it, -1 to 1.
fn pattern(seed: usize, x: f64, y: f64) -> f64 {
    let phase = seed as f64 * 0.7;
    ((x / 55.0 + phase).sin() + (y / 70.0 - phase).cos()) / 2.0
}

fn write_section(folder: &Path, name: &str, seed: usize) {
    let side = (SIDE + 1) * PITCH;
    let image = image::RgbImage::from_fn(side as u32, side as u32, |x, y| {
        let p = pattern(seed, f64::from(x), f64::from(y));
        // Grains, so that texture differs too.
        let grain = f64::from((x * 7 + y * 13) % 5) * (6.0 + 4.0 * p);
        image::Rgb([200.0 - 40.0 * p - grain, 120.0 - 30.0 * p - grain, 170.0 + 20.0 * p].map(|v| v as u8))
    });
    let genes: Vec<String> = (0..GENES)
        .filter(|g| name != WITH_SOME || g % 4 != 1)
        .map(|g| if name == WITHOUT { format!("OTHER{g}") } else { format!("GENE{g}") })
        .collect();
    let mut counts = String::new();
    let mut spots = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n".to_owned();
    let mut labels = "Row.names\tx\ty\tpixel_x\tpixel_y\tlabel\n".to_owned();
    genes.iter().for_each(|g| counts.push_str(&format!("\t{g}")));
    counts.push('\n');
    for i in 0..SIDE * SIDE {
        let (column, row) = (i % SIDE + 3, i / SIDE + 5);
        let (x, y) = ((i % SIDE + 1) * PITCH, (i / SIDE + 1) * PITCH);
        write!(counts, "{column}x{row}").unwrap();
        for g in 0..genes.len() {
            let level = 5.0 + 4.0 * pattern(seed + g % 2, x as f64, y as f64) + ((i * (g + 3)) % 7) as f64;
            write!(counts, "\t{}", level.max(0.0).round()).unwrap();
        }
        counts.push('\n');
        writeln!(spots, "{column}\t{row}\t{column}.0\t{row}.0\t{x}.25\t{y}.5\t1").unwrap();
        if i % 3 > 0 {
            let label = ["invasive cancer", "connective tissue"][i % 2];
            writeln!(labels, "{x}x{y}\t{column}.1\t{row}.0\t{x}.0\t{y}.0\t{label}").unwrap();
        }
    }
    let patient = &name[..1];
    let of = |part: &str| {
        let path = folder.join("data").join(part);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    image.save(of(&format!("ST-imgs/{patient}/{name}/HE.png"))).unwrap();
    fs::write(of(&format!("ST-cnts/{name}.tsv")), counts).unwrap();
    fs::write(of(&format!("ST-spotfiles/{name}_selection.tsv")), spots).unwrap();
    // Of the first section of each patient a pathologist has labelled spots.
    if name.ends_with('1') {
        fs::write(of(&format!("ST-pat/lbl/{name}_labeled_coordinates.tsv")), labels).unwrap();
    }
}

fn check(python: &Path, folder: &Path, file: &Path, sections: &[String]) {
    let checked = Command::new(python)
        .args(["-W", "ignore", "-c", CHECK])
        .arg(folder)
        .arg(file)
        .args(sections)
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    println!("{} sections: {said}", sections.len());
    assert!(checked.status.success(), "{said}");
}

#[test]
fn scanpy_opens_the_predictions_of_one_and_of_thirty_sections() {
    let Some(python) = std::env::var_os("HISCMCL_PYTHON") else {
        println!("skipped: no scanpy");
        return;
    };
    let python = Path::new(&python);
    let dir = tempfile::tempdir().unwrap();
    let (trained, others) = (dir.path().join("trained"), dir.path().join("others"));
    let names: Vec<String> = ('A'..='J').flat_map(|p| (1..=3).map(move |i| format!("{p}{i}"))).collect();
    for (seed, name) in names.iter().enumerate() {
        write_section(if seed < 4 { &trained } else { &others }, name, seed);
    }
    let project = dir.path().join("p.hiscmcl");
    let genes = dir.path().join("genes.txt");
    fs::write(&genes, (0..GENES).map(|g| format!("GENE{g}\n")).collect::<String>()).unwrap();
    run(hiscmcl().args(["project", "new"]).arg(&project).arg("--her2st").arg(&trained));
    let settings = ["epochs=3", "members=1", "width=16", "heads=2", "expression_width=8", "rank=4"];
    run(hiscmcl()
        .arg("train")
        .arg(&project)
        .arg("--genes")
        .arg(&genes)
        .args(["--test", "A1", "--run", "small", "--device", "cpu", "--seed", "3"])
        .args(settings.iter().flat_map(|s| ["--set", *s])));
    // What was not there when the model was trained is predicted when it is saved.
    run(hiscmcl().args(["project", "add"]).arg(&project).arg(&others));

    let predict = |sections: &str, out: &Path| {
        run(hiscmcl()
            .arg("predict")
            .arg(&project)
            .args(["--run", "small", "--section", sections, "--out"])
            .arg(out));
    };
    for name in &names {
        predict(name, &dir.path().join(format!("{name}.csv")));
    }
    for wanted in [vec!["A1".to_owned()], vec![WITHOUT.to_owned()], names.clone()] {
        let file = dir.path().join(format!("{}-{}.h5ad", wanted[0], wanted.len()));
        predict(&wanted.join(","), &file);
        check(python, dir.path(), &file, &wanted);
    }
}
