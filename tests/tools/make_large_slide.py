#!/usr/bin/env python3
"""Makes a large slide, all of it tissue: a pyramid of JPEG tiles, made of one image laid out again and again, every
other time mirrored.

    pip install tifffile imagecodecs numpy pillow
    python make_large_slide.py HE.jpg large.tif [--side 40000] [--mpp 0.5] [--tile 256]

The image should be tissue throughout; `--crop X,Y,W,H` takes a part of it."""

import argparse

import numpy
import tifffile
from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def tiles(level, side, tile):
    """Tiles of `side` x `side` pixels, row by row; `level` is one period of the slide at this level."""
    height, width = level.shape[:2]
    for top in range(0, side, tile):
        rows = level[numpy.arange(top, top + tile) % height]
        for left in range(0, side, tile):
            yield rows[:, numpy.arange(left, left + tile) % width]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("out")
    parser.add_argument("--side", type=int, default=40000)
    parser.add_argument("--mpp", type=float, default=0.5)
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--crop", help="X,Y,W,H")
    a = parser.parse_args()
    image = Image.open(a.image).convert("RGB")
    if a.crop:
        x, y, w, h = map(int, a.crop.split(","))
        image = image.crop((x, y, x + w, y + h))
    # Every level is a whole number of pixels wide.
    image = image.crop((0, 0, image.width // 64 * 64, image.height // 64 * 64))
    part = numpy.asarray(image)
    period = numpy.concatenate([part, part[:, ::-1]], axis=1)
    period = numpy.concatenate([period, period[::-1]], axis=0)
    side, factor = a.side, 1
    with tifffile.TiffWriter(a.out, bigtiff=True) as out:
        while True:
            out.write(
                tiles(period, side, a.tile), shape=(side, side, 3), dtype="uint8", tile=(a.tile, a.tile),
                photometric="rgb", compression="jpeg", compressionargs={"level": 85},
                subfiletype=1 if factor > 1 else 0, resolutionunit="CENTIMETER",
                resolution=(1e4 / (a.mpp * factor),) * 2,
            )
            print(f"{side} x {side}", flush=True)
            if side <= 2048:
                return
            side, factor = side // 2, factor * 2
            h, w = period.shape[0] // 2 * 2, period.shape[1] // 2 * 2
            period = period[:h, :w].reshape(h // 2, 2, w // 2, 2, 3).mean(axis=(1, 3)).round().astype("uint8")


main()
