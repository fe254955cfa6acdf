#!/usr/bin/env python3
"""What scanpy and SciPy say of two groups of spots and of signatures, for the tests of `evaluate::compare` and
`evaluate::signature`.

usage: make_compare_reference.py [--real REAL_DATA] [--out FOLDER]

Writes compare_reference.json (small synthetic counts with many ties, and results), and with the folder of the real data
compare_her2st.json (results on section C2: a sample of genes and sums over all). Values are
ln(1 + 1e4 * count / total of the spot), computed in double and kept in single precision.

Needs scanpy, anndata and scipy. Written with scanpy 1.11.5, SciPy 1.17.1, NumPy 2.4.6, pandas 2.3.3.
"""
import argparse
import json
import pathlib
import warnings

import anndata
import numpy as np
import pandas as pd
import scanpy as sc
from scipy import sparse, stats

warnings.filterwarnings("ignore")

TABLE = ["mean_a", "mean_b", "log2_fold_change", "expressing_a", "expressing_b", "score", "p", "q", "auroc",
         "score_tie_corrected", "p_tie_corrected", "q_tie_corrected"]


def lognorm(counts):
    total = counts.sum(axis=1, keepdims=True)
    return np.log1p(1e4 * counts / np.where(total > 0, total, 1)).astype(np.float32)


def annotated(x, genes, groups=None):
    obs = pd.DataFrame(index=[str(i) for i in range(x.shape[0])])
    if groups is not None:
        obs["group"] = pd.Categorical(groups)
    return anndata.AnnData(x, obs=obs, var=pd.DataFrame(index=genes))


def compare(x, genes, groups):
    """A row per gene with the columns of TABLE. `groups` says "a", "b" or something else of each spot."""
    a, b = (np.flatnonzero(groups == g) for g in "ab")
    rows = {}
    for suffix, tie_correct in [("", False), ("_tie_corrected", True)]:
        data = annotated(x, genes, groups)
        sc.tl.rank_genes_groups(data, "group", groups=["a"], reference="b", method="wilcoxon", pts=True,
                                tie_correct=tie_correct)
        found = data.uns["rank_genes_groups"]
        frame = pd.DataFrame({key: found[key]["a"] for key in ("names", "scores", "pvals", "pvals_adj", "logfoldchanges")})
        frame = frame.set_index("names").loc[genes]
        rows["score" + suffix], rows["p" + suffix], rows["q" + suffix] = frame.scores, frame.pvals, frame.pvals_adj
        rows["log2_fold_change"] = frame.logfoldchanges
        rows["expressing_a"], rows["expressing_b"] = found["pts"]["a"], found["pts"]["b"]
    dense = (x.toarray() if sparse.issparse(x) else x).astype(np.float64)
    rows["mean_a"], rows["mean_b"] = dense[a].mean(axis=0), dense[b].mean(axis=0)
    with np.errstate(all="ignore"):
        u = stats.mannwhitneyu(dense[a], dense[b], axis=0, use_continuity=False, method="asymptotic")
    rows["auroc"] = u.statistic / (len(a) * len(b))
    table = pd.DataFrame({key: np.asarray(rows[key], np.float64) for key in TABLE}, index=genes)
    # SciPy always corrects for ties; where all values are equal it has no p-value.
    defined = np.isfinite(u.pvalue)
    assert np.allclose(u.pvalue[defined], table.p_tie_corrected[defined], rtol=1e-9, atol=1e-300)
    z = (table.auroc - 0.5) * len(a) * len(b) / np.sqrt(len(a) * len(b) * (len(a) + len(b) + 1) / 12)
    assert np.allclose(z, table.score, rtol=1e-6, atol=1e-6)
    return table


def score(x, genes, signature):
    data = annotated(x, genes)
    sc.tl.score_genes(data, signature, ctrl_size=50, n_bins=25, random_state=0)
    return data.obs["score"].tolist()


def rounded(values, digits=12):
    """As JSON has no NaN, null stands for it."""
    return [float(f"{v:.{digits}g}") if np.isfinite(v) else None for v in np.ravel(values)]


def columns(table):
    return {key: rounded(table[key]) for key in TABLE}


def bulk(counts, spots):
    return np.log1p(1e4 * counts[spots].sum(axis=0) / counts[spots].sum())


def q_values(p):
    """Benjamini-Hochberg over the p-values that are defined."""
    q = np.full_like(p, np.nan)
    q[np.isfinite(p)] = stats.false_discovery_control(p[np.isfinite(p)])
    return q


def synthetic():
    rng = np.random.default_rng(7)
    spots, count, compared = 48, 400, 60
    genes = [f"G{i}" for i in range(count)]
    groups = np.concatenate([rng.permutation(list("aaaabbbbbccc")) for _ in range(4)])
    rates = rng.gamma(0.25, 1.6, count) * np.where(rng.random(count) < 0.3, 2.0, 1.0)
    depth = rng.choice([0.5, 1.0, 2.0], spots)
    higher = rng.random(count) < 0.4
    rates = rates[None] * depth[:, None] * np.where((groups == "a")[:, None] & higher[None], 2.5, 1.0)
    counts = np.minimum(rng.poisson(rates), 9).astype(np.float64)
    counts[5] = 0  # a spot without counts
    counts[:, 3] = 0  # a gene without counts
    counts[8] = np.minimum(counts[8], 4)
    counts[9] = counts[8] * 2  # the same values from other totals
    groups[[5, 8, 9]] = ["a", "a", "b"]
    x = lognorm(counts)

    # Four sections with both groups each, and six with one group each.
    paired = [list(range(s * 12, s * 12 + 12)) for s in range(4)]
    of = lambda part, group: [i for i in part if groups[i] == group]
    assert all(len(of(p, g)) > 1 for p in paired for g in "ab")
    in_a, in_b = (np.flatnonzero(groups == g) for g in "ab")
    apart = [c.tolist() for c in [*np.array_split(in_a, 3), *np.array_split(in_b, 3)]]
    values = [np.array([bulk(counts, of(p, g))[:compared] for p in paired]) for g in "ab"]
    rel = stats.ttest_rel(*values)
    values_apart = np.array([bulk(counts, p)[:compared] for p in apart])
    welch = stats.ttest_ind(values_apart[:3], values_apart[3:], equal_var=False)

    # Without the second section, as for a gene that it did not measure.
    kept = [i for i in range(spots) if i not in paired[1]]
    fewer = compare(sparse.csr_matrix(x[kept][:, :compared]), genes[:compared], groups[kept])

    # z-scored, with ties and negative values.
    z = (np.round(rng.normal(size=(spots, 12)) * 3) / 4 + (groups == "a")[:, None] * 0.25).astype(np.float32)
    z[:, 4] = 0.5
    of_z = compare(z, [f"Z{i}" for i in range(12)], groups)

    signatures = {
        "high": [f"G{i}" for i in np.argsort(-counts.sum(axis=0))[:12]],
        "some": [f"G{i}" for i in range(20, 60, 3)],
        "one": ["G7"],
    }
    few = genes[20:30]
    return {
        "groups": "".join(groups),
        "counts": ["".join(str(int(c)) for c in row) for row in counts],
        "compared": compared,
        "results": columns(compare(sparse.csr_matrix(x[:, :compared]), genes[:compared], groups)),
        "without_second_section": columns(fewer.iloc[:8]),
        "paired_sections": paired,
        "paired": {"t": rounded(rel.statistic), "p": rounded(rel.pvalue), "q": rounded(q_values(rel.pvalue))},
        "apart_sections": apart,
        "welch": {"t": rounded(welch.statistic), "p": rounded(welch.pvalue), "q": rounded(q_values(welch.pvalue)),
                  "degrees_of_freedom": rounded(welch.df)},
        "z_scored": [rounded(row) for row in z],
        "z_scored_results": columns(of_z),
        "signatures": signatures,
        "scores_sparse": {k: rounded(score(sparse.csr_matrix(x), genes, s)) for k, s in signatures.items()},
        "scores_dense": {k: rounded(score(x, genes, s)) for k, s in signatures.items()},
        "score_of_ten_genes": rounded(score(x[:, 20:30], few, few[:3])),
    }


def real(folder):
    """Section C2 of her2st: two expression clusters of its spots."""
    release = folder / "her2st"
    table = pd.read_csv(release / "data/ST-cnts/C2.tsv.gz", sep="\t", index_col=0)
    labels = pd.read_csv(release / "res/ST-cluster/lbl/C2-cluster-annotation.tsv.gz", sep="\t", index_col=0)
    names = [f"{round(x)}x{round(y)}" for x, y in zip(labels.x, labels.y)]
    cluster = pd.Series(labels["label"].to_numpy(), index=names).reindex(table.index)
    groups = np.where(cluster == 0, "a", np.where(cluster == 2, "b", "c"))
    genes, x = table.columns.tolist(), lognorm(table.to_numpy(np.float64))
    results = compare(sparse.csr_matrix(x), genes, groups)
    sample = results.iloc[::80]
    signatures = {
        "HER2": ["ERBB2", "GRB7", "PGAP3", "STARD3", "MIEN1", "TCAP", "NOT_A_GENE"],
        "lymphocytes": ["CD3D", "CD3E", "CD2", "CD8A", "MS4A1", "CD79A", "IL7R", "TRAC", "CCL5", "LTB"],
        "spread": genes[100::700],
    }
    there = {k: [g for g in s if g in table.columns] for k, s in signatures.items()}
    return {
        "a": table.index[groups == "a"].tolist(),
        "b": table.index[groups == "b"].tolist(),
        "genes": sample.index.tolist(),
        "results": columns(sample),
        "sums": {key: float(results[key].sum()) for key in TABLE},
        "absolute_sums": {key: float(results[key].abs().sum()) for key in TABLE},
        "signatures": signatures,
        "scores_sparse": {k: rounded(score(sparse.csr_matrix(x), genes, s), 9) for k, s in there.items()},
        "scores_dense": {k: rounded(score(x, genes, s), 9) for k, s in there.items()},
    }


def write(path, found):
    path.write_text(json.dumps(found, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB")


arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--real", type=pathlib.Path, help="the folder real_data")
arguments.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "fixtures")
options = arguments.parse_args()
write(options.out / "compare_reference.json", synthetic())
if options.real:
    write(options.out / "compare_her2st.json", real(options.real))
