#!/usr/bin/env python3
"""Clusters the same values here and with leidenalg: seconds, modularity and adjusted Rand index.

usage: compare_clusters.py her2st COUNTS.tsv.gz GENES.txt | blobs [--rows 100000] [--cols 20]
       options: [--resolutions 0.5 1 2] [--seeds 5] [--theirs 5] [--crate FOLDER] [--cargo COMMAND]

`her2st` takes the genes of a list from a count table, log-normalised; `blobs` makes groups of points. The graph is the one
made here; for fewer than 10,000 rows it is compared with that of scanpy. Needs igraph, leidenalg, scanpy and scikit-learn.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time
import warnings

import anndata
import igraph
import leidenalg
import numpy
import pandas
import scanpy
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

warnings.filterwarnings("ignore")


def her2st(counts, genes):
    table = pandas.read_csv(counts, sep="\t", index_col=0)
    listed = [g for g in genes.read_text().split() if g in table.columns]
    per_ten_thousand = 1e4 * table.div(table.sum(axis=1), axis=0)
    return numpy.log1p(per_ten_thousand)[listed].to_numpy("float32")


def blobs(rows, cols):
    """Groups of unequal sizes whose spread falls along the columns as that of components does, overlapping, in noise."""
    random = numpy.random.default_rng(11)
    groups = 20
    spread = 6 / numpy.sqrt(numpy.arange(1, cols + 1))
    if cols > 100:
        spread = numpy.maximum(spread, 1.0)
    sizes = random.dirichlet(numpy.full(groups, 3.0))
    group = random.choice(groups, size=rows, p=sizes)
    centers = random.normal(size=(groups, cols)) * spread
    values = random.standard_normal(size=(rows, cols), dtype="float32") * (0.6 * spread).astype("float32")
    return values + centers.astype("float32")[group]


def mean_ari(some, others):
    pairs = [adjusted_rand_score(a, b) for a in some for b in others if a is not b]
    return numpy.mean(pairs) if pairs else 1.0


arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("kind", choices=["her2st", "blobs"])
arguments.add_argument("files", nargs="*", type=pathlib.Path)
arguments.add_argument("--rows", type=int, default=100_000)
arguments.add_argument("--cols", type=int, default=20)
arguments.add_argument("--resolutions", type=float, nargs="+", default=[0.5, 1.0, 2.0])
arguments.add_argument("--seeds", type=int, default=5)
arguments.add_argument("--theirs", type=int, default=5, help="seeds of leidenalg")
arguments.add_argument("--k", type=int, default=10)
arguments.add_argument("--crate", type=pathlib.Path, default=pathlib.Path(__file__).parents[2])
arguments.add_argument("--cargo", default="cargo", help="how cargo is called, arguments follow")
arguments.add_argument("--package", default="hiscmcl-base")
options = arguments.parse_args()

values = her2st(*options.files) if options.kind == "her2st" else blobs(options.rows, options.cols)
rows, cols = values.shape
print(f"{rows:,} x {cols}, {os.cpu_count()} cores")
folder = pathlib.Path(tempfile.mkdtemp())
values.astype("<f4").tofile(folder / "values.f32")
(folder / "request.json").write_text(json.dumps(dict(
    rows=rows, cols=cols, components=20 if cols > 20 else 0, neighbours=15, resolutions=options.resolutions,
    seeds=options.seeds, k=options.k)))
command = [*shlex.split(options.cargo), "test", "--release", "--package", options.package, "--lib", "--", "--ignored",
           "--exact", "evaluate::cluster::measure::clusters"]
ran = subprocess.run(command, cwd=options.crate, env={**os.environ, "HISCMCL_CLUSTERS": str(folder)},
                     capture_output=True, text=True)
if ran.returncode:
    sys.exit(f"it failed:\n{ran.stdout}\n{ran.stderr}")
answer = json.loads((folder / "answer.json").read_text())
for step in ("components", "neighbours", "connectivities", "k_means"):
    print(f"{step:15} {answer[step + '_seconds']:8.2f} s")
print(f"peak memory     {answer['peak_mb']:8.0f} MiB")

if cols > 20:
    started = time.perf_counter()
    points = PCA(20, svd_solver="full" if rows < 10_000 else "covariance_eigh").fit_transform(values)
    print(f"components by scikit-learn {time.perf_counter() - started:.2f} s")
else:
    points = values
if rows < 10_000:
    data = anndata.AnnData(points.astype("float32"))
    scanpy.pp.neighbors(data, n_neighbors=15, use_rep="X")
    theirs, ours = data.obsp["connectivities"].tocsr(), {(a, b): w for a, b, w in answer["edges"]}
    upper = {(a, b): w for a, b, w in zip(*theirs.nonzero(), theirs.data) if a < b}
    both = set(ours) & set(upper)
    largest = max(abs(ours[e] - upper[e]) for e in both)
    print(f"edges: {len(ours)} here, {len(upper)} by scanpy, {len(both)} in both; largest difference {largest:.1e}")

edges = answer["edges"]
weights = [e[2] for e in edges]
network = igraph.Graph(n=rows, edges=[e[:2] for e in edges])
for resolution in options.resolutions:
    ours = [p for p in answer["partitions"] if p["resolution"] == resolution]
    found, seconds = [], []
    for seed in range(options.theirs):
        started = time.perf_counter()
        found.append(leidenalg.find_partition(
            network, leidenalg.RBConfigurationVertexPartition, weights=weights, resolution_parameter=resolution,
            n_iterations=2, seed=seed))
        seconds.append(time.perf_counter() - started)
    a, b = [p["clusters"] for p in ours], [p.membership for p in found]
    quality = [p.quality() / (2 * sum(weights)) for p in found]
    print(f"resolution {resolution}: ARI to leidenalg {mean_ari(a, b):.3f}, of leidenalg to itself {mean_ari(b, b):.3f}, "
          f"of ours to itself {mean_ari(a, a):.3f}")
    for name, q, s, c in (("here", [p["quality"] for p in ours], [p["seconds"] for p in ours], a),
                          ("leidenalg", quality, seconds, b)):
        print(f"  {name:9} modularity {numpy.mean(q):.5f} ({min(q):.5f} to {max(q):.5f}), {numpy.mean(s):6.2f} s, "
              f"{min(map(max, c)) + 1} to {max(map(max, c)) + 1} clusters")
started = time.perf_counter()
theirs = KMeans(options.k, n_init=10, random_state=0).fit(points)
seconds = time.perf_counter() - started


def inertia(clusters):
    return sum(((g - g.mean(axis=0)) ** 2).sum() for g in (points[clusters == c] for c in numpy.unique(clusters)))


ours = numpy.array(answer["k_means"])
print(f"k-means: ARI to scikit-learn {adjusted_rand_score(ours, theirs.labels_):.3f}; sum of squares {inertia(ours):.6g} here, "
      f"{inertia(theirs.labels_):.6g} by scikit-learn in {seconds:.2f} s")
