"""Writes one table in every form that anndata and h5py have, into the folder given, and says its sum."""
import os
import sys

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

os.chdir(sys.argv[1])
random = np.random.default_rng(0)
x = random.poisson(0.5, (300, 80)).astype(np.float32)
obs = pd.DataFrame(
    {
        "lab": pd.Categorical(["a", None, "β"] * 100),
        "in_tissue": [1, 0, 1] * 100,
        "flag": pd.array([True, None] * 150, dtype="boolean"),
        "number": pd.array([1, None, 3] * 100, dtype="Int64"),
        "numbers": pd.Categorical([1, 2, 3] * 100),
    },
    index=[f"c{i}" for i in range(300)],
)
var = pd.DataFrame({"feature_name": [f"n{i}" for i in range(80)]}, index=[f"ENSG{i:05}" for i in range(80)])
forms = {
    "csr": sp.csr_matrix(x),
    "csc": sp.csc_matrix(x),
    "dense": x,
    "int": sp.csr_matrix(x.astype(np.int64)),
    "double": x.astype(float),
}
for name, form in forms.items():
    a = ad.AnnData(form, obs.copy(), var.copy(), obsm={"spatial": np.arange(600).reshape(300, 2)},
                   layers={"half": sp.csc_matrix(x * 0.5)})
    a.raw = a.copy()
    for compression in (None, "gzip", "lzf"):
        a.write_h5ad(f"{name}_{compression}.h5ad", compression=compression)
a.obsm["spatial"] = pd.DataFrame({"x": np.arange(0, 600, 2), "y": np.arange(1, 600, 2)}, index=a.obs_names)
a.write_h5ad("frame.h5ad")


def copied(name, dense=None, **how):
    with h5py.File(name, "w", **how) as file, h5py.File("csr_gzip.h5ad") as source:
        for key in source:
            if key != "X" or dense is None:
                source.copy(key, file)
        file.attrs.update(source.attrs)
        if dense is not None:
            file.create_dataset("X", **dense)


copied("latest.h5ad", libver=("v110", "v112"))
copied("grown.h5ad", dict(data=x, chunks=(9, 80), maxshape=(None, 80), compression="gzip"), libver=("v110", "v112"))
copied("big_endian.h5ad", dict(data=x.astype(">f8"), chunks=(7, 11), compression="gzip", shuffle=True, fletcher32=True))
copied("block.h5ad", userblock_size=1024)
print(x.sum())
