#!/usr/bin/env python3
"""Measures what OpenSlide or tifffile reads from slides that are not part of the project: means of a few places.

    python measure_real_slides.py FOLDER_WITH_real_data_AND_cases OUT.json
"""

import json
import sys
from pathlib import Path

import numpy as np
import openslide
import tifffile
from PIL import Image

data, out = Path(sys.argv[1]), Path(sys.argv[2])
# OpenSlide takes the tag's word where the stream says otherwise.
NOT_OPENSLIDE = {"bioformats.tif"}
files = [p for pattern in ("real_data/wsi/*", "cases/*/*.tif", "cases/*/**/*.btf", "cases/*/**/*.svs", "cases/*/**/slide.*", "cases/*/hest/wsis/*", "cases/25*/wsis/*", "cases/*/upright.png") for p in data.glob(pattern)]


def rgb(page):
    a = page.asarray()
    if a.ndim == 3 and a.shape[0] in (3, 4) and a.shape[-1] > 4:
        a = np.moveaxis(a, 0, 2)
    if a.dtype == np.uint16:
        a = np.round(a / 257).astype(np.uint8)
    return a[..., :3]


def quarters(a):
    h, w = a.shape[0] // 2, a.shape[1] // 2
    return [[round(float(v), 4) for v in a[t : t + h, l : l + w].reshape(-1, 3).mean(0)] for l, t in ((0, 0), (w, 0), (0, h), (w, h))]


found = []
for path in sorted(set(files)):
    levels, mpp, associated, reader, orientation = None, None, [], None, 1
    read = None
    if path.suffix.lower() in (".jpg", ".png"):
        image = Image.open(path)
        orientation = image.getexif().get(274, 1)
        levels, reader, pixels = [image.size], "Pillow", [np.asarray(image.convert("RGB"))]
    else:
        try:
            slide = openslide.OpenSlide(str(path))
            if path.name in NOT_OPENSLIDE:
                raise ValueError
            levels, reader = list(slide.level_dimensions), "OpenSlide " + openslide.__library_version__
            pixels = []
            for i, size in enumerate(levels):
                image = slide.read_region((0, 0), i, size)
                ground = Image.new("RGB", size, "white")
                ground.paste(image, mask=image.split()[3])
                pixels.append(np.asarray(ground))
            mpp = float(slide.properties.get("openslide.mpp-x", 0)) or None
            associated = sorted(slide.associated_images)
        except Exception:
            with tifffile.TiffFile(path) as t:
                reader = "tifffile"
                first = t.pages[0].asarray()
                if first.ndim == 2:
                    pixels = [np.stack([p.asarray() for p in t.pages[:3]], -1)]
                else:
                    pixels = [rgb(t.pages[0])]
                levels = [(p.shape[1], p.shape[0]) for p in pixels]
    if mpp and mpp > 20:
        mpp = None
    patches = []
    for level, (w, h) in enumerate(levels[:2]):
        size = min(96, w // 2 * 2), min(96, h // 2 * 2)
        for x, y in ((0, 0), ((w - size[0]) // 2, (h - size[1]) // 2), (w - size[0], h - size[1])):
            patches.append([level, x, y, *size, quarters(pixels[level][y : y + size[1], x : x + size[0]])])
    found.append(dict(file=str(path.relative_to(data)), reader=reader, levels=levels, mpp=round(mpp, 4) if mpp else None, orientation=int(orientation), associated=associated, patches=patches))
    print(found[-1]["file"], reader, levels, mpp)
out.write_text(json.dumps(found, ensure_ascii=False, indent=None, separators=(",", ":")).replace('},{"file"', '},\n{"file"') + "\n")
