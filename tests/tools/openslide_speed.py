#!/usr/bin/env python3
"""Tiles a second that OpenSlide decodes through Python, to compare with `cargo bench --bench slide -- SLIDE`.

    pip install openslide-bin openslide-python
    python openslide_speed.py SLIDE [--tiles 6000] [--threads 2] [--side 256]"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import openslide

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("slide")
parser.add_argument("--tiles", type=int, default=6000)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--side", type=int, default=256)
a = parser.parse_args()
slide = openslide.OpenSlide(a.slide)
columns = -(-slide.dimensions[0] // a.side)


def read(at):
    slide.read_region((at % columns * a.side, at // columns * a.side), 0, (a.side, a.side))


started = time.perf_counter()
with ThreadPoolExecutor(a.threads) as threads:
    list(threads.map(read, range(a.tiles)))
each = a.tiles / (time.perf_counter() - started)
print(f"OpenSlide {openslide.__library_version__}: {each:.0f} tiles of {a.side} x {a.side} pixels a second with {a.threads} threads")
