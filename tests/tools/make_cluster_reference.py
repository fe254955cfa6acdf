#!/usr/bin/env python3
"""Writes the reference values of clustering to FOLDER: `graph.json` (a graph of 500 nodes and its partitions by
leidenalg) and `small.json` (principal components, neighbours, connectivities and agreement of small inputs).

usage: make_cluster_reference.py FOLDER

Needs igraph, leidenalg, scanpy and scikit-learn. The fixtures were made with igraph 1.0.0, leidenalg 0.12.0,
scanpy 1.11.5, umap-learn 0.5.12 and scikit-learn 1.9.1.
"""
import json
import pathlib
import sys
import warnings

import anndata
import igraph
import leidenalg
import numpy
import scanpy
import scipy.optimize
import scipy.sparse
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

warnings.filterwarnings("ignore")
RESOLUTIONS = [0.5, 1.0, 2.0]
SEEDS = range(5)


def neighbours(points, k):
    """The data of scanpy with its graph of neighbours."""
    data = anndata.AnnData(points.astype("float32"))
    scanpy.pp.neighbors(data, n_neighbors=k, use_rep="X", method="umap", metric="euclidean")
    return data


def blobs(random):
    """Eight overlapping groups of unequal sizes in 20 dimensions whose spread falls as that of components does."""
    sizes = [120, 100, 80, 70, 50, 40, 25, 15]
    spread = 6 / numpy.sqrt(numpy.arange(1, 21))
    centers = random.normal(size=(len(sizes), 20)) * spread
    return numpy.vstack([c + random.normal(size=(n, 20)) * 0.55 * spread for c, n in zip(centers, sizes)])


def edges_of(connectivities):
    upper = scipy.sparse.triu(connectivities, k=1).tocoo()
    order = numpy.lexsort((upper.col, upper.row))
    return [(int(upper.row[i]), int(upper.col[i]), round(float(upper.data[i]), 5)) for i in order]


def graph(random):
    nodes = 500
    edges = [e for e in edges_of(neighbours(blobs(random), 15).obsp["connectivities"]) if e[2] > 0]
    network = igraph.Graph(n=nodes, edges=[e[:2] for e in edges])
    weights = [e[2] for e in edges]
    partitions = []
    for iterations in (2, -1):
        for resolution in RESOLUTIONS:
            for seed in SEEDS:
                found = leidenalg.find_partition(
                    network, leidenalg.RBConfigurationVertexPartition, weights=weights,
                    resolution_parameter=resolution, n_iterations=iterations, seed=seed)
                partitions.append(dict(
                    iterations=iterations, resolution=resolution, seed=seed, clusters=list(found.membership),
                    quality=found.quality() / (2 * sum(weights))))
    return dict(nodes=nodes, edges=edges, partitions=partitions)


def small(random):
    rows, cols = 60, 12
    values = (random.poisson(1.5, size=(rows, cols)) * random.gamma(2, 1, size=(1, cols))).round(3)
    values[:20] += random.poisson(1.2, size=cols) * 2
    values = values.astype("float32")
    pca = PCA(5, svd_solver="full").fit(values.astype("float64"))
    components, scores = pca.components_, pca.transform(values.astype("float64"))
    signs = numpy.sign(components[numpy.arange(5), numpy.abs(components).argmax(axis=1)])
    # Two equal places, so that a distance of 0 occurs.
    points = (scores * signs).round(4)
    points[7] = points[6]
    data = neighbours(points, 15)
    distances = data.obsp["distances"]
    nearest = [sorted(zip(distances[i].data.tolist(), distances[i].indices.tolist())) for i in range(rows)]
    a, b = random.integers(0, 5, 200), random.integers(0, 4, 200)
    b[:120] = a[:120] % 4
    table = numpy.zeros((5, 4), int)
    numpy.add.at(table, (a, b), 1)
    assigned = scipy.optimize.linear_sum_assignment(-table)
    return dict(
        values=values.tolist(), variances=pca.explained_variance_.tolist(),
        components=(components * signs[:, None]).round(9).tolist(), scores=(scores * signs).round(6).tolist(),
        points=points.tolist(), neighbours=15,
        distances=[[round(float(d), 6) for d, _ in row] for row in nearest],
        connectivities=edges_of(data.obsp["connectivities"]),
        a=a.tolist(), b=b.tolist(), ari=adjusted_rand_score(a, b), nmi=normalized_mutual_info_score(a, b),
        overlap=int(table[assigned].sum()))


folder = pathlib.Path(sys.argv[1])
for name, make in (("graph", graph), ("small", small)):
    made = make(numpy.random.default_rng(7))
    (folder / f"{name}.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
