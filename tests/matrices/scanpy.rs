//! What is written opens in anndata and scanpy with its values intact. Runs where `HISCMCL_PYTHON` names a
//! Python that has both.

use std::path::Path;
use std::process::Command;

use hiscmcl::core::matrix::Matrix;
use hiscmcl::data::anndata::{Columns, Contents, ObsColumn, Uns, write};

const CHECK: &str = r#"
import sys, warnings
import anndata, numpy as np, scanpy
sections, spots, genes = map(int, sys.argv[2:5])
a = anndata.read_h5ad(sys.argv[1])
b = scanpy.read_h5ad(sys.argv[1])
n = sections * spots
assert a.shape == b.shape == (n, genes), a.shape
r, c = np.meshgrid(np.arange(n), np.arange(genes), indexing="ij")
x = ((r * 31 + c * 7) % 101 / 4).astype(np.float32)
x[(r + c) % 50 == 3] = np.nan
for m in (a.X, b.X, a.layers["measured"], a.layers["uncertainty"]):
    assert m.dtype == np.float32 and np.array_equal(np.asarray(m), x, equal_nan=True)
assert list(a.obs_names) == [f"S{i // spots}/Spöt {i % spots}" for i in range(n)]
assert list(a.var_names) == [f"GËNE{i}" for i in range(genes)]
assert list(a.obs.columns) == ["section", "label", "score", "row", "in_tissue", "note", "nothing", "none"], a.obs.columns
assert list(a.var.columns) == ["gene_ids", "pcc"]
if n:
    assert list(a.obs["section"].cat.categories) == sorted(f"S{i}" for i in range(sections))
    assert list(a.obs["section"]) == [f"S{i // spots}" for i in range(n)]
    assert a.obs["label"].isna().sum() == sum(i % 3 == 0 for i in range(n))
    assert a.obs["label"].iloc[1] == "tumour β" and not a.obs["label"].cat.ordered
    assert np.isnan(a.obs["score"].iloc[0]) and a.obs["score"].iloc[1] == 0.5
    assert a.obs["in_tissue"].dtype == bool and list(a.obs["in_tissue"][:2]) == [False, True]
    assert list(a.obs["note"][:2]) == ["", "ü1"] and a.obs["nothing"].isna().all()
    assert a.obs["none"].isna().all()
assert a.obs["row"].dtype == np.int64
assert list(a.var["pcc"].isna()) == [i % 5 == 2 for i in range(genes)]
assert a.obsm["spatial"].shape == (n, 2) and (n == 0 or list(a.obsm["spatial"][1]) == [2.5, 3.5])
run = a.uns["run"]
assert run["name"] == "Läuf" and run["epochs"] == 30 and run["rate"] == 0.001 and bool(run["published"]) is True
assert list(run["sections"]) == [f"S{i}" for i in range(sections)] and list(run["loss"]) == [1.0, 0.5]
assert dict(run["empty"]) == {} and len(run["no_genes"]) == 0
a.obs_names_make_unique()
if n > 3:
    a.X = np.nan_to_num(a.X)
    scanpy.pp.pca(a, n_comps=2)
a.write_h5ad(sys.argv[1] + ".again")
assert anndata.read_h5ad(sys.argv[1] + ".again").shape == (n, genes)
print("opened by anndata", anndata.__version__, "and scanpy", scanpy.__version__)
"#;

fn value(r: usize, c: usize) -> f32 {
    if (r + c) % 50 == 3 { f32::NAN } else { ((r * 31 + c * 7) % 101) as f32 / 4.0 }
}

/// Predictions of `sections` sections, as they are exported.
pub(crate) fn contents(x: &Matrix, sections: usize) -> Contents<'_> {
    let n = x.rows();
    let spots = n / sections.max(1);
    let of = |i: usize| format!("S{}", i / spots.max(1));
    let each = 0..n;
    Contents {
        obs: Columns {
            names: each.clone().map(|i| format!("{}/Spöt {}", of(i), i % spots.max(1))).collect(),
            columns: vec![
                ("section".into(), ObsColumn::Categorical(each.clone().map(|i| Some(of(i))).collect())),
                (
                    "label".into(),
                    ObsColumn::Categorical(
                        each.clone().map(|i| (i % 3 > 0).then(|| "tumour β".to_owned())).collect(),
                    ),
                ),
                (
                    "score".into(),
                    ObsColumn::Float(
                        each.clone().map(|i| if i == 0 { f64::NAN } else { i as f64 / 2.0 }).collect(),
                    ),
                ),
                ("row".into(), ObsColumn::Int(each.clone().map(|i| i as i64).collect())),
                ("in_tissue".into(), ObsColumn::Bool(each.clone().map(|i| i % 2 == 1).collect())),
                (
                    "note".into(),
                    ObsColumn::Text(
                        each.clone().map(|i| if i == 0 { String::new() } else { format!("ü{i}") }).collect(),
                    ),
                ),
                ("nothing".into(), ObsColumn::Float(vec![f64::NAN; n])),
                ("none".into(), ObsColumn::Categorical(vec![None; n])),
            ],
        },
        var: Columns {
            names: (0..x.cols()).map(|i| format!("GËNE{i}")).collect(),
            columns: vec![
                ("gene_ids".into(), ObsColumn::Text((0..x.cols()).map(|i| format!("ENSG{i}")).collect())),
                (
                    "pcc".into(),
                    ObsColumn::Float(
                        (0..x.cols()).map(|i| if i % 5 == 2 { f64::NAN } else { 0.5 }).collect(),
                    ),
                ),
            ],
        },
        x: Some(x),
        layers: vec![("measured".into(), x), ("uncertainty".into(), x)],
        obsm: vec![("spatial".into(), 2, (0..2 * n).map(|v| v as f64 + 0.5).collect())],
        uns: vec![(
            "run".into(),
            Uns::Map(vec![
                ("name".into(), Uns::Text("Läuf".into())),
                ("epochs".into(), Uns::Int(30)),
                ("rate".into(), Uns::Float(0.001)),
                ("published".into(), Uns::Bool(true)),
                ("sections".into(), Uns::Texts((0..sections).map(|i| format!("S{i}")).collect())),
                ("loss".into(), Uns::Floats(vec![1.0, 0.5])),
                ("empty".into(), Uns::Map(Vec::new())),
                ("no_genes".into(), Uns::Texts(Vec::new())),
            ]),
        )],
    }
}

fn opens(folder: &Path, sections: usize, spots: usize, genes: usize) {
    let Some(python) = std::env::var_os("HISCMCL_PYTHON") else {
        println!("skipped: HISCMCL_PYTHON names no Python");
        return;
    };
    let path = folder.join(format!("{sections}.h5ad"));
    let x = Matrix::from_fn(sections * spots, genes, value);
    write(&path, &contents(&x, sections)).unwrap();
    let sizes = [sections, spots, genes].map(|n| n.to_string());
    let ran =
        Command::new(python).args(["-W", "ignore", "-c", CHECK]).arg(&path).args(sizes).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    println!("{sections} x {spots} x {genes}: {said}");
    assert!(ran.status.success(), "{said}");
}

#[test]
fn scanpy_opens_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    opens(dir.path(), 1, 200, 60);
    opens(dir.path(), 30, 120, 40);
}

#[test]
fn scanpy_opens_a_file_of_no_spots() {
    let dir = tempfile::tempdir().unwrap();
    opens(dir.path(), 1, 0, 7);
}
