#!/usr/bin/env python3
"""Opens a 10x HDF5 matrix here and with scanpy, each in a process of its own: seconds and peak memory.

usage: compare_with_scanpy.py MATRIX.h5 [--times 3] [--crate FOLDER] [--cargo COMMAND]

Needs scanpy in this Python. The file is read once before, so that both find it in the cache of the system.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys

SCANPY = """
import json, resource, sys, time
import scanpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
started = time.perf_counter()
data = scanpy.read_10x_h5(sys.argv[1])
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("measured", json.dumps(dict(seconds=seconds, peak_mb=peak, peak_mb_before=before, spots=data.n_obs,
      genes=data.n_vars, stored=int(data.X.nnz), sum=float(data.X.sum(dtype="float64")))))
"""

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("matrix", type=pathlib.Path)
arguments.add_argument("--times", type=int, default=3)
arguments.add_argument("--crate", type=pathlib.Path, default=pathlib.Path(__file__).parents[2])
arguments.add_argument("--cargo", default="cargo", help="how cargo is called, arguments follow")
options = arguments.parse_args()
matrix = options.matrix.resolve()

ours = [*shlex.split(options.cargo), "test", "--release", "--test", "matrices", "--", "--ignored", "--exact"]
ours += ["--nocapture", "speed::open_matrix"]
commands = {"hiscmcl": (ours, options.crate), "scanpy": ([sys.executable, "-W", "ignore", "-c", SCANPY, str(matrix)], None)}

with open(matrix, "rb") as file:
    while file.read(1 << 24):
        pass
print(f"{matrix.name}, {matrix.stat().st_size / 2**20:.0f} MiB, {os.cpu_count()} cores")
found = {}
for _ in range(options.times):
    for name, (command, folder) in commands.items():
        ran = subprocess.run(command, cwd=folder, env={**os.environ, "HISCMCL_MATRIX": str(matrix)},
                             capture_output=True, text=True)
        lines = [line.split("measured ", 1)[1] for line in ran.stdout.splitlines() if "measured " in line]
        if ran.returncode or not lines:
            sys.exit(f"{name} failed:\n{ran.stdout}\n{ran.stderr}")
        found.setdefault(name, []).append(json.loads(lines[0]))
for name, runs in found.items():
    best, peak = min(r["seconds"] for r in runs), max(r["peak_mb"] for r in runs)
    times = ", ".join(f"{r['seconds']:.2f}" for r in runs)
    print(f"{name:8} {best:7.2f} s   peak {peak:7.0f} MiB   (each run: {times} s)")
first = [runs[0] for runs in found.values()]
same = all(run[key] == first[0][key] for run in first for key in ("spots", "genes", "stored", "sum"))
print(f"{first[0]['spots']} x {first[0]['genes']}, {first[0]['stored']} values, sum {first[0]['sum']:.0f}: "
      f"{'the same in both' if same else f'DIFFERENT {first}'}")
sys.exit(0 if same else 1)
