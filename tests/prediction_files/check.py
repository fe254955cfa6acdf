"""Opens an exported .h5ad and compares all of it with the files it was made of.

usage: check.py FOLDER FILE SECTION...
"""

import csv, glob, json, os, struct, sys

import anndata, numpy as np, pandas as pd, scanpy

folder, file, names = sys.argv[1], sys.argv[2], sys.argv[3:]
a = scanpy.read_h5ad(file)
b = anndata.read_h5ad(file, backed="r")
assert b.shape == a.shape
b.file.close()
genes = open(f"{folder}/genes.txt").read().split()
run = f"{folder}/p.runs/small"
several = len(names) > 1


def table(pattern):
    (path,) = glob.glob(f"{folder}/*/data/{pattern}")
    return pd.read_csv(path, sep="\t")


def stored(name):
    """The run's own prediction of a section that was held out."""
    bytes_ = open(f"{run}/predictions-{name}.safetensors", "rb").read()
    (length,) = struct.unpack("<Q", bytes_[:8])
    header = json.loads(bytes_[8 : 8 + length])
    get = {}
    for key in ("mean", "uncertainty"):
        info = header[key]
        assert info["dtype"] == "F32"
        start, end = info["data_offsets"]
        get[key] = np.frombuffer(bytes_[8 + length + start : 8 + length + end], "<f4").reshape(info["shape"])
    return get


assert list(a.var_names) == genes
assert list(a.var.columns) == ["pcc"] and list(a.obs.columns) == ["spot", "section", "patient", "label"]
assert set(a.layers) == {"measured", "uncertainty"} and set(a.obsm) == {"spatial"}
for m in (a.X, a.layers["measured"], a.layers["uncertainty"]):
    assert m.dtype == np.float32 and m.shape == a.shape
assert np.isfinite(a.X).all() and (a.layers["uncertainty"] > 0).all()
assert a.obs_names.is_unique

start = 0
for name in names:
    rows = list(csv.reader(open(f"{folder}/{name}.csv")))
    assert rows[0] == ["spot", "x_px", "y_px", *genes]
    ids = [r[0] for r in rows[1:]]
    part = a[start : start + len(ids)]
    start += len(ids)
    assert list(part.obs["spot"]) == ids
    assert list(part.obs_names) == ([f"{name}_{i}" for i in ids] if several else ids)
    assert set(part.obs["section"]) == {name} and set(part.obs["patient"]) == {name[0]}
    # X to the last bit: shortest decimals come back as the number they were.
    assert np.array_equal(part.X, np.array([r[3:] for r in rows[1:]], np.float32)), name
    if name == "A1":
        own = stored(name)
        assert np.array_equal(part.X, own["mean"])
        assert np.array_equal(part.layers["uncertainty"], own["uncertainty"])

    spots = table(f"ST-spotfiles/{name}_selection.tsv")
    place = {f"{s.x}x{s.y}": (s.pixel_x, s.pixel_y) for s in spots.itertuples()}
    assert np.array_equal(part.obsm["spatial"], np.array([place[i] for i in ids])), name

    counts = table(f"ST-cnts/{name}.tsv").set_index("Unnamed: 0").loc[ids]
    here = [g for g in genes if g in counts]
    assert len(here) == {"J2": 0, "J3": 9}.get(name, 12)
    chosen = counts[here].to_numpy(float)
    wanted = pd.DataFrame(np.nan, ids, genes)
    wanted[here] = np.log10(1 + 1e4 * chosen / chosen.sum(1, keepdims=True))
    measured = part.layers["measured"]
    assert np.allclose(measured, wanted.to_numpy(), rtol=1e-6, atol=0, equal_nan=True), name

    labels = [None] * len(ids)
    if name.endswith("1"):
        told = {f"{round(l.x)}x{round(l.y)}": l.label for l in table(f"ST-pat/lbl/{name}_*.tsv").itertuples()}
        labels = [told.get(i) for i in ids]
        assert sum(l is not None for l in labels) == 24
    assert [None if pd.isna(l) else l for l in part.obs["label"]] == labels, name
assert start == a.n_obs == 36 * len(names)

# Correlations of what was held out, as the run tells them.
(report,) = json.load(open(f"{run}/reports.json"))
assert report["test"] == "A1"
told = {g["gene"]: g["pcc"] for g in report["genes"]}
assert set(told) == set(genes)
for gene, pcc in a.var["pcc"].items():
    if "A1" not in names or told[gene] is None:
        assert np.isnan(pcc), gene
    else:
        assert pcc == told[gene], (gene, pcc, told[gene])
        own = a[a.obs["section"] == "A1"]
        again = np.corrcoef(own[:, gene].X.ravel(), own[:, gene].layers["measured"].ravel())[0, 1]
        assert abs(pcc - again) < 1e-4, (gene, pcc, again)

u = a.uns["hiscmcl"]
config = json.load(open(f"{run}/run.json"))
for key in ("encoder", "device", "started", "kind"):
    assert u[key] == config[key], key
assert u["run"] == "small" and u["unit"] == "log10(1 + CP10k), selected genes" and u["program"].startswith("HisCMCL")
assert list(u["sections"]) == config["sections"] == ["A1", "A2", "A3", "B1"]
assert list(u["held_out"]) == config["test"] == ["A1"] and list(u["not_counts"]) == []
assert u["seed"] == config["train"]["seed"] == 3
for key, value in config["train"].items():
    assert u["settings"][key] == value, key

# What people do next.
tumour = a[a.obs["label"] == "invasive cancer", genes[:3]]
assert tumour.shape == (12 * sum(n.endswith("1") for n in names), 3)
a.obs["label"] = a.obs["label"].cat.add_categories("none").fillna("none")
import matplotlib

matplotlib.use("Agg")
first = a[a.obs["section"] == names[0]].copy()
scanpy.pl.embedding(first, basis="spatial", color=[genes[0], "label"], show=False)
scanpy.pl.embedding(first, basis="spatial", color=genes[0], layer="uncertainty", show=False)
again = file + ".again.h5ad"
a.write_h5ad(again)
c = scanpy.read_h5ad(again)
assert np.array_equal(c.X, a.X) and np.array_equal(c.layers["measured"], a.layers["measured"], equal_nan=True)
os.remove(again)
print("opened by scanpy", scanpy.__version__, "and anndata", anndata.__version__, a.shape)
