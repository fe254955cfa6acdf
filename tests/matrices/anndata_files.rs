//! What anndata and h5py write in all their forms is read alike. Runs where `HISCMCL_PYTHON` names a Python
//! that has both.

use std::fs;
use std::process::Command;

use hiscmcl::core::cancel::CancelToken;
use hiscmcl::core::progress::Silent;
use hiscmcl::data::anndata::{AnnData, MatrixChoice, ReadOptions, inspect, labels, read};
use hiscmcl::data::section::ValueKind;

const MAKE: &str = include_str!("made_by_anndata.py");

#[test]
fn every_form_is_read_alike() {
    let Some(python) = std::env::var_os("HISCMCL_PYTHON") else {
        println!("skipped: HISCMCL_PYTHON names no Python");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let ran = Command::new(python).args(["-W", "ignore", "-c", MAKE]).arg(dir.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let sum: f64 = String::from_utf8_lossy(&ran.stdout).trim().parse().unwrap();

    let mut first: Option<AnnData> = None;
    let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 20);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let about = inspect(&path).unwrap();
        assert_eq!((about.spots, about.genes, about.values), (300, 80, Some(ValueKind::Counts)), "{name}");
        assert_eq!(about.layers, ["half"], "{name}");
        assert!(about.has_raw && about.has_positions, "{name}");
        let categorical: Vec<(&str, usize)> =
            about.labels.iter().map(|l| (l.name.as_str(), l.categories)).collect();
        assert_eq!(categorical, [("lab", 2), ("numbers", 3)], "{name}");

        let open = |matrix: MatrixChoice| {
            let options = ReadOptions { matrix, labels: Some("lab".into()), library: None };
            read(&path, &options, &Silent, &CancelToken::new()).unwrap()
        };
        let a = open(MatrixChoice::X);
        assert_eq!((a.table.counts.sum(), a.values), (sum, ValueKind::Counts), "{name}");
        assert_eq!(a.positions.as_ref().unwrap()[299], [598.0, 599.0], "{name}");
        assert_eq!(a.in_tissue.as_ref().unwrap()[..3], [true, false, true], "{name}");
        assert_eq!(a.labels.as_ref().unwrap()[..3], [Some("a".into()), None, Some("β".into())], "{name}");
        assert_eq!(
            (a.table.genes[7].name.as_str(), a.table.genes[7].id.as_str()),
            ("n7", "ENSG00007"),
            "{name}"
        );
        let half = open(MatrixChoice::Layer("half".into()));
        assert_eq!((half.table.counts.sum(), half.values), (sum / 2.0, ValueKind::Normalised), "{name}");
        assert_eq!(open(MatrixChoice::Raw), a, "{name}");
        let texts = |column: &str| labels(&path, column).unwrap()[..2].to_vec();
        assert_eq!(texts("flag"), [Some("1".into()), None], "{name}");
        assert_eq!(texts("number"), [Some("1".into()), None], "{name}");
        assert_eq!(texts("numbers"), [Some("1".into()), Some("2".into())], "{name}");
        match &first {
            None => first = Some(a),
            Some(first) => assert_eq!(a.table, first.table, "{name}"),
        }
    }
}
