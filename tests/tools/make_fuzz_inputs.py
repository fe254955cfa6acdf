"""Writes the small sound files with which each parser's fuzzing starts: tests/fuzz/corpus/PARSER/sound-*,
and odd ones that may be refused: odd-*.

usage: python tests/tools/make_fuzz_inputs.py        (needs h5py, numpy, pyarrow, pillow; anndata and scipy for .h5ad)
"""

import gzip
import io
import json
import shutil
from pathlib import Path

import anndata
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from scipy import sparse

TESTS = Path(__file__).resolve().parent.parent
CORPUS = TESTS / "fuzz" / "corpus"
BARCODES = ["AAACAAGTATCTCCCA-1", "AAACACCAATAACTGC-1", "AAACAGAGCGACTCCT-1", "AAACAGCTTTCAGAAG-1"]
GENES = ["GNAS", "FASN", "SCD"]


def keep(parser, name, content, sound=True):
    folder = CORPUS / parser
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{'sound' if sound else 'odd'}-{name}").write_bytes(content if isinstance(content, bytes) else content.encode())


def in_memory(write):
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def texts():
    counts = "\tGNAS\tFASN\tSCD\n10x21\t1\t0\t3\n11x21\t0\t2\t0\n"
    keep("counts", "tabs", counts)
    keep("counts", "commas", counts.replace("\t", ","))
    keep("counts", "gzip", gzip.compress(counts.encode(), mtime=0))
    spots = "x\ty\tnew_x\tnew_y\tpixel_x\tpixel_y\tselected\n25\t13\t24.9\t13.0\t6930.58\t3510.24\t1\n"
    keep("spots", "her2st", spots)
    keep("spots", "gzip", gzip.compress(spots.encode(), mtime=0))
    keep("labels", "barcodes", "Barcode,Pathology\n" + "".join(f"{b},tumour\n" for b in BARCODES))
    keep("labels", "her2st", "x\ty\tpixel_x\tpixel_y\tlabel\n24.9\t13.02\t6930.5\t3510.2\tinvasive cancer\n")
    keep("gene_list", "lines", "GNAS\nFASN\nSCD\n")
    keep("gene_list", "write_csv", '"","x"\n"1","GNAS"\n"2","FASN"\n')
    keep("gene_list", "columns", "rank;gene;score\n1;GNAS;2,5\n2;HLA-A;1,5\n")
    keep("gene_list", "utf16", "GNAS\r\nFASN\r\n".encode("utf-16"))
    for kind, text in {"counts": counts, "spots": spots}.items():
        keep("kind", kind, text)
    keep("matrix_market", "integers", "%%MatrixMarket matrix coordinate integer general\n%\n3 2 3\n1 1 1\n2 1 4\n3 2 2\n")
    keep("matrix_market", "turned", "%%MatrixMarket matrix coordinate real general\n2 3 2\n1 1 1.0\n2 3 4\n")
    keep("features", "three", "E1\tGNAS\tGene Expression\nE2\tFASN\tGene Expression\nE3\tCD8\tAntibody Capture\n")
    keep("features", "gzip", gzip.compress(b"E1\tGNAS\nE2\tFASN\nE3\tSCD\n", mtime=0))
    keep("barcodes", "two", "\n".join(BARCODES[:2]) + "\n")
    rows = "".join(f"{b},1,{i},{i},{100 * i + 50},{80 * i + 50}\n" for i, b in enumerate(BARCODES))
    keep("positions", "plain", rows)
    keep("positions", "header", "barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n" + rows)
    scales = {"spot_diameter_fullres": 89.4, "tissue_hires_scalef": 0.17, "fiducial_diameter_fullres": 144.4, "tissue_lowres_scalef": 0.05}
    keep("scale_factors", "visium", json.dumps(scales))
    hd = {"spot_diameter_fullres": 7.3, "bin_size_um": 2.0, "microns_per_pixel": 0.27, "tissue_hires_scalef": 0.1}
    keep("scale_factors", "hd", json.dumps(hd))
    keep("hest_metadata", "hest", json.dumps({"id": "A", "pixel_size_um_estimated": 0.725, "pixel_size_um_embedded": None, "organ": "Breast", "patient": "1", "st_technology": "Visium", "spots_under_tissue": 36}))
    square = [[[0, 0], [900, 0], [900, 900], [0, 900], [0, 0]], [[100, 100], [200, 100], [200, 200], [100, 100]]]
    feature = {"type": "Feature", "id": "1", "geometry": {"type": "Polygon", "coordinates": square}, "properties": {"objectType": "annotation", "classification": {"name": "Tumor", "color": [200, 0, 0]}}}
    several = {**feature, "geometry": {"type": "MultiPolygon", "coordinates": [square, [[[1000, 0], [1100, 0], [1100, 90], [1000, 0]]]]}}
    keep("geojson", "feature", json.dumps(feature))
    keep("geojson", "collection", json.dumps({"type": "FeatureCollection", "features": [feature, several]}))
    keep("geojson", "gzip", gzip.compress(json.dumps([several]).encode(), mtime=0))
    entry = {"name": "C2", "patient": "C", "counts": "C2.tsv", "spots": "C2_selection.tsv", "image": "C2.jpg"}
    keep("project", "empty", json.dumps({"format": "hiscmcl", "version": 1, "sections": []}))
    keep("project", "section", json.dumps({"version": 1, "sections": [entry], "target": "published", "panels": [], "selection": {"genes": GENES, "how": "loaded"}}))


def parquet():
    fixtures = TESTS / "fixtures" / "positions"
    for name in ("zstd", "gzip_int64_v2", "snappy"):
        keep("positions_parquet", name, (fixtures / f"{name}.parquet").read_bytes())
    table = pa.table({
        "barcode": BARCODES, "in_tissue": pa.array([1, 1, 0, 1], pa.int32()), "array_row": pa.array(range(4), pa.int32()),
        "array_col": pa.array(range(4), pa.int32()), "pxl_row_in_fullres": [50.0, 130.0, 210.0, 290.0], "pxl_col_in_fullres": [50.0, 150.0, 250.0, 350.0],
    })
    keep("positions_parquet", "plain", in_memory(lambda b: pq.write_table(table, b, compression="none", use_dictionary=False)))


def images():
    at = np.arange(40 * 30).reshape(30, 40)
    rgb = Image.fromarray(np.stack([at % 256, at * 3 % 256, at * 7 % 256], -1).astype(np.uint8))
    forms = {"deflate.tif": dict(format="TIFF", compression="tiff_deflate"), "lzw.tif": dict(format="TIFF", compression="tiff_lzw"), "plain.tif": dict(format="TIFF"),
             "packbits.tif": dict(format="TIFF", compression="packbits"), "jpeg.tif": dict(format="TIFF", compression="jpeg"), "a.png": dict(format="PNG"),
             "a.jpg": dict(format="JPEG"), "progressive.jpg": dict(format="JPEG", progressive=True)}
    for name, options in forms.items():
        content = in_memory(lambda b: rgb.save(b, **options))
        keep("image", name, content)
        if name in ("a.png", "a.jpg"):
            keep("kind", name, content)
    keep("image", "grey.png", in_memory(lambda b: rgb.convert("L").save(b, format="PNG")))
    keep("image", "palette.png", in_memory(lambda b: rgb.convert("P").save(b, format="PNG")))


def hdf5():
    counts = sparse.csc_matrix(np.array([[1, 0, 3, 0], [0, 2, 0, 0], [5, 0, 0, 7]]))

    def tenx(buffer, **storage):
        with h5py.File(buffer, "w", libver="earliest") as file:
            m = file.create_group("matrix")
            for name, value in {"data": counts.data.astype("i4"), "indices": counts.indices.astype("i8"), "indptr": counts.indptr.astype("i8")}.items():
                m.create_dataset(name, data=value, **storage)
            m.create_dataset("shape", data=np.array(counts.shape, "i4"))
            m.create_dataset("barcodes", data=np.array(BARCODES, "S18"))
            f = m.create_group("features")
            for name, value in {"id": ["E1", "E2", "E3"], "name": GENES, "feature_type": ["Gene Expression"] * 3, "genome": ["GRCh38"] * 3}.items():
                f.create_dataset(name, data=np.array(value, "S"))

    keep("tenx_h5", "plain", in_memory(tenx))
    keep("tenx_h5", "gzip", in_memory(lambda b: tenx(b, chunks=True, compression="gzip", shuffle=True)))

    with_positions = anndata.AnnData(X=sparse.csr_matrix(counts.T.astype(np.float32)), obsm={"spatial": np.arange(8.0).reshape(4, 2)})
    with_positions.obs_names, with_positions.var_names = BARCODES, GENES
    with_positions.obs["region"] = ["a", "b", "a", "b"]
    with_positions.strings_to_categoricals()
    for name, compression in {"plain": None, "gzip": "gzip"}.items():
        path = CORPUS / "scratch.h5ad"
        with_positions.write_h5ad(path, compression=compression)
        keep("anndata", name, path.read_bytes())
        path.unlink()


def weights():
    fixtures = TESTS / "fixtures" / "weights"
    for name in ("zip.pt", "legacy.pt"):
        keep("weights", name, (fixtures / name).read_bytes())
    # Some of these are refused, each for a reason of its own.
    for name in ("kinds_legacy.pt", "list.pt", "asks_getattr.pkl", "compressed.pt", "checkpoint.pt"):
        keep("weights", name, (fixtures / name).read_bytes(), sound=False)
    header = json.dumps({"a.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}}).encode()
    keep("weights", "safetensors", len(header).to_bytes(8, "little") + header + bytes(22))


if __name__ == "__main__":
    for old in [*CORPUS.glob("*/sound-*"), *CORPUS.glob("*/odd-*")]:
        old.unlink()
    CORPUS.mkdir(exist_ok=True)
    texts()
    parquet()
    images()
    hdf5()
    weights()
    for folder in sorted(CORPUS.iterdir()):
        print(folder.name, *(f"{f.name} ({f.stat().st_size})" for f in sorted(folder.iterdir())))
    shutil.rmtree(CORPUS / "scratch", ignore_errors=True)
