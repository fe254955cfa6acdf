#!/usr/bin/env python3
"""Makes a synthetic Visium HD matrix in the layout of Space Ranger: filtered_feature_bc_matrix.h5.

usage: make_hd_sample.py FOLDER [--spots 500000] [--genes 18000] [--per-spot 300]

Needs numpy and h5py. Types, chunks and compression are those that Space Ranger writes.
"""
import argparse
import pathlib

import h5py
import numpy as np

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("folder", type=pathlib.Path)
arguments.add_argument("--spots", type=int, default=500_000)
arguments.add_argument("--genes", type=int, default=18_000)
arguments.add_argument("--per-spot", type=int, default=300, help="genes found in a spot, on average")
options = arguments.parse_args()

random = np.random.default_rng(1)
# A few genes are everywhere, most are rare.
share = random.gamma(0.3, size=options.genes)
share /= share.sum()

side = int(np.ceil(np.sqrt(options.spots)))
barcodes = [f"s_008um_{i // side:05}_{i % side:05}-1" for i in range(options.spots)]
lengths = random.poisson(options.per_spot, options.spots).clip(0, options.genes)
starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

options.folder.mkdir(parents=True, exist_ok=True)
with h5py.File(options.folder / "filtered_feature_bc_matrix.h5", "w") as file:
    file.attrs["filetype"] = "matrix"
    file.attrs["version"] = 2
    matrix = file.create_group("matrix")
    packed = {"chunks": (80_000,), "compression": "gzip", "shuffle": True}
    matrix.create_dataset("barcodes", data=np.array(barcodes, dtype="S"), compression="gzip")
    matrix.create_dataset("indptr", data=starts, **packed)
    matrix.create_dataset("shape", data=np.array([options.genes, options.spots], dtype=np.int32))
    indices = matrix.create_dataset("indices", (starts[-1],), dtype=np.int64, **packed)
    data = matrix.create_dataset("data", (starts[-1],), dtype=np.int32, **packed)
    # Gumbel's trick over blocks of genes would be exact; sorted weights with jumps are fast and close enough.
    step = 4_000
    cumulative = np.cumsum(share)
    for first in range(0, options.spots, step):
        last = min(first + step, options.spots)
        column = []
        for n in lengths[first:last]:
            drawn = np.unique(np.searchsorted(cumulative, random.random(2 * n + 8)).clip(max=options.genes - 1))
            if len(drawn) < n:
                drawn = np.union1d(drawn, random.choice(options.genes, 2 * n, replace=False))
            column.append(random.permutation(drawn)[:n])
        here = slice(starts[first], starts[last])
        indices[here] = np.concatenate(column)
        data[here] = random.geometric(0.7, starts[last] - starts[first])
    features = matrix.create_group("features")
    names = np.arange(options.genes)
    features.create_dataset("id", data=np.array([f"ENSG{i:011}" for i in names], dtype="S"), compression="gzip")
    features.create_dataset("name", data=np.array([f"GENE{i}" for i in names], dtype="S"), compression="gzip")
    features.create_dataset("feature_type", data=np.array(["Gene Expression"] * options.genes, dtype="S"))
    features.create_dataset("genome", data=np.array(["GRCh38"] * options.genes, dtype="S"))
print(f"{options.spots} spots, {options.genes} genes, {starts[-1]} values in {options.folder}")
