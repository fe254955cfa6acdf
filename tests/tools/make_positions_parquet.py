"""Writes the Parquet fixtures of tests/fixtures/positions with pyarrow: bins of a square of 20 x 20 as Space Ranger
names them, in the encodings and compressions that are read. usage: make_positions_parquet.py FOLDER"""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SIDE = 20
PIXELS = ("pxl_row_in_fullres", "pxl_col_in_fullres")


def table(whole, nullable):
    at = [(i // SIDE, i % SIDE) for i in range(SIDE * SIDE)]
    columns = {
        "barcode": (pa.string(), [f"s_008um_{r:05}_{c:05}-1" for r, c in at]),
        "in_tissue": (whole, [(c + 1) % 2 for _, c in at]),
        "array_row": (whole, [r for r, _ in at]),
        "array_col": (whole, [c for _, c in at]),
        PIXELS[0]: (pa.float64(), [3.0 * r + 0.25 for r, _ in at]),
        PIXELS[1]: (pa.float64(), [3.0 * c + 0.5 for _, c in at]),
    }
    schema = pa.schema([pa.field(name, kind, nullable) for name, (kind, _) in columns.items()])
    return pa.table([pa.array(v, k) for k, v in columns.values()], schema=schema)


def main():
    out = Path(sys.argv[1])
    delta = {
        "barcode": "DELTA_BYTE_ARRAY",
        **{name: "DELTA_BINARY_PACKED" for name in ("in_tissue", "array_row", "array_col")},
        **{name: "BYTE_STREAM_SPLIT" for name in PIXELS},
    }
    i32, i64 = pa.int32(), pa.int64()
    styles = {
        "snappy": (i32, True, {"compression": "snappy"}),
        "snappy_groups": (i32, True, {"compression": "snappy", "row_group_size": 70}),
        "none_v2": (i32, True, {"compression": "none", "data_page_version": "2.0"}),
        "gzip_int64_v2": (i64, True, {"compression": "gzip", "data_page_version": "2.0"}),
        "plain_required": (i32, False, {"compression": "none", "use_dictionary": False}),
        "delta_required": (i32, False, {"compression": "none", "use_dictionary": False, "column_encoding": delta}),
        "zstd": (i64, True, {"compression": "zstd"}),
    }
    for name, (whole, nullable, how) in styles.items():
        pq.write_table(table(whole, nullable), out / f"{name}.parquet", store_schema=False, **how)


main()
