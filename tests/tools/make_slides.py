#!/usr/bin/env python3
"""Writes small slides in every format and compression, and what OpenSlide or tifffile reads from them.

    pip install tifffile imagecodecs pillow pyvips-binary pyvips openslide-bin openslide-python
    python make_slides.py FOLDER

FOLDER gets the slides, for each a PNG with patches of 32 x 32 pixels side by side, and `expected.json`, which says of
each slide which reader it was checked against, its levels, resolution, and where the patches lie.
"""

import io
import json
import struct
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import openslide
import pyvips
import tifffile
from PIL import Image

OUT = Path(sys.argv[1])
PATCH = 32


def tissue(width, height, seed=1):
    """Something like stained tissue: pink ground, violet nuclei, white gaps; smooth, so that it packs well."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    ground = np.sin(x / 37) * np.cos(y / 29) + 0.5 * np.sin((x + y) / 17)
    image = np.stack([225 - 12 * ground, 150 - 30 * ground, 190 - 15 * ground], -1)
    for _ in range(width * height // 900):
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        r = rng.uniform(3, 7)
        x0, x1, y0, y1 = int(max(cx - 12, 0)), int(cx + 12), int(max(cy - 12, 0)), int(cy + 12)
        d = np.hypot(x[y0:y1, x0:x1] - cx, (y[y0:y1, x0:x1] - cy) * rng.uniform(0.8, 1.25))
        a = np.clip((r - d) / 2, 0, 1)[..., None]
        image[y0:y1, x0:x1] = image[y0:y1, x0:x1] * (1 - a) + np.array([85, 50, 130]) * a
    gap = ((np.sin(x / 61) + np.sin(y / 47)) > 1.2)[..., None]
    image = np.where(gap, 243, image)
    return np.clip(np.round(image / 3) * 3, 0, 255).astype(np.uint8)


def half(image):
    h, w = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    i = image[:h, :w].astype(np.uint16)
    return ((i[0::2, 0::2] + i[1::2, 0::2] + i[0::2, 1::2] + i[1::2, 1::2] + 2) // 4).astype(image.dtype)


def pyramid(image, levels):
    out = [image]
    for _ in range(levels - 1):
        out.append(half(out[-1]))
    return out


EVEN = tissue(384, 256)
ODD = tissue(277, 203, seed=2)
expected = []


def luma(rgb):
    return np.round(rgb @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def places(width, height, downsample):
    """Three places of a level: near the top left, the middle, and the bottom right corner."""
    size = (min(PATCH, width), min(PATCH, height))
    return [(min(16, width - size[0]), min(8, height - size[1])), ((width - size[0]) // 2 // 4 * 4, (height - size[1]) // 2 // 4 * 4),
            (width - size[0], height - size[1])], size


def record(name, kind, limit, rgb_levels=None, mpp=None, magnification=None, associated=None, note="", **more):
    """Reads the slide with OpenSlide where it can, else takes `rgb_levels` (as tifffile or the source image has them)."""
    path = OUT / name
    try:
        slide = openslide.OpenSlide(str(path)) if more.get("openslide", True) else None
        if slide is not None:
            slide.read_region((0, 0), 0, (8, 8))
    except Exception:
        slide = None
    patches, where = [], []
    if slide is not None:
        sizes = list(slide.level_dimensions)[: more.get("levels")]
        downsamples = [float(d) for d in slide.level_downsamples][: len(sizes)]
        reader = "OpenSlide " + openslide.__library_version__
    else:
        sizes = [(p.shape[1], p.shape[0]) for p in rgb_levels]
        downsamples = [((sizes[0][0] / w) + (sizes[0][1] / h)) / 2 for w, h in sizes]
        reader = "tifffile" if kind != "plain" else "Pillow"
    for level in range(min(2, len(sizes))):
        spots, size = places(*sizes[level], downsamples[level])
        for x, y in spots:
            ds = downsamples[level]
            exact = abs(x * ds - round(x * ds)) < 1e-6 and abs(y * ds - round(y * ds)) < 1e-6
            if slide is not None and exact:
                patch = slide.read_region((round(x * ds), round(y * ds)), level, size)
                ground = Image.new("RGB", patch.size, "white")
                ground.paste(patch, mask=patch.split()[3])
                patch = np.asarray(ground)
            elif rgb_levels is not None and level < len(rgb_levels):
                patch = rgb_levels[level][y : y + size[1], x : x + size[0]]
            else:
                continue
            full = np.full((PATCH, PATCH, 3), 255, np.uint8)
            full[: size[1], : size[0]] = patch
            patches.append(full)
            where.append([level, int(x), int(y), int(size[0]), int(size[1])])
    if slide is not None:
        own = slide.properties
        mpp = mpp or (float(own["openslide.mpp-x"]) if "openslide.mpp-x" in own else None)
        magnification = magnification or (float(own["openslide.objective-power"]) if "openslide.objective-power" in own else None)
    png = name.replace("/", "_") + ".png"
    Image.fromarray(np.concatenate(patches, 1)).save(OUT / "expected" / png, optimize=True)
    expected.append(dict(file=name, kind=kind, reader=reader, limit=limit, levels=[list(map(int, s)) for s in sizes], downsamples=downsamples,
                         mpp=mpp, magnification=magnification, associated=sorted(associated or []), patches=where, note=note))
    print(f"{name:44} {path.stat().st_size:8} {reader:16} {sizes} {mpp} {magnification}")


def pages_of(path, convert=lambda a: a):
    with tifffile.TiffFile(path) as t:
        return [convert(p.asarray()) for p in t.pages if p.is_tiled or not any(q.is_tiled for q in t.pages)]


def tiff(name, levels, kind="tiff", limit=1, convert=lambda a: a, write=None, big=False, order="<", tile=(64, 64), **kw):
    rec = {k: kw.pop(k) for k in ("mpp", "magnification", "associated", "note", "openslide") if k in kw}
    with tifffile.TiffWriter(OUT / name, bigtiff=big, byteorder=order) as t:
        for i, level in enumerate(levels):
            more = dict(kw)
            if i:
                more.pop("description", None)
            t.write(level, tile=tile, subfiletype=1 if i else 0, metadata=None, **more)
    try:
        read = pages_of(OUT / name, convert)
    except Exception as e:
        print("tifffile cannot read", name, e)
        read = None
    record(name, kind, limit, read, **rec)


def encoded_tiles(image, size, encode):
    h, w = image.shape[:2]
    for y in range(0, h, size):
        for x in range(0, w, size):
            tile = image[y : y + size, x : x + size]
            pad = [(0, size - tile.shape[0]), (0, size - tile.shape[1])] + [(0, 0)] * (tile.ndim - 2)
            yield encode(np.pad(tile, pad, mode="edge"))


def tiff_encoded(name, levels, encode, compression, size=128, kind="tiff", limit=1, reference=None, photometric="rgb", extra=None, describe=None, after=None, subsampling="4:2:0", **rec):
    with tifffile.TiffWriter(OUT / name) as t:
        for i, level in enumerate(levels):
            t.write(encoded_tiles(level, size, encode), shape=level.shape, dtype=level.dtype, tile=(size, size), photometric=photometric,
                    compression=compression, subfiletype=1 if i else 0, metadata=None, description=(describe[i] if describe else None), extratags=extra or [])
        if after:
            after(t)
    if compression == "jpeg":
        # tifffile decides these itself.
        code = {"rgb": 2, "ycbcr": 6, "minisblack": 1}[photometric]
        sampling = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}[subsampling]
        with tifffile.TiffFile(OUT / name, mode="r+") as t:
            for page in t.pages:
                page.tags[262].overwrite(code)
                if 530 in page.tags:
                    page.tags[530].overwrite(sampling)
    record(name, kind, limit, reference, **rec)


def jpeg_bytes(image, quality=85, subsampling="4:2:0", **kw):
    out = io.BytesIO()
    names = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
    Image.fromarray(image).save(out, "JPEG", quality=quality, subsampling=names[subsampling], **kw)
    return out.getvalue()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def rewritten(levels, size, encode, decode):
    """What is left of levels after each tile is packed and unpacked."""
    out = []
    for level in levels:
        image = np.zeros_like(level)
        tiles = iter(encoded_tiles(level, size, encode))
        for y in range(0, level.shape[0], size):
            for x in range(0, level.shape[1], size):
                tile = decode(next(tiles))
                part = image[y : y + size, x : x + size]
                part[:] = tile[: part.shape[0], : part.shape[1]]
        out.append(image)
    return out


def strip_markers(data, ids=None):
    """A JPEG without JFIF's and Adobe's markers, perhaps with other component ids."""
    out, at = bytearray(data[:2]), 2
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2 : at + 4])[0]
        segment = bytearray(data[at : at + 2 + length])
        if segment[1] == 0xC0 and ids:
            for i, c in enumerate(ids):
                segment[10 + 3 * i] = c
        if segment[1] not in (0xE0, 0xEE):
            out += segment
        at += 2 + length
    scan = bytearray(data[at:])
    if ids:
        for i, c in enumerate(ids):
            scan[5 + 2 * i] = c
    return bytes(out + scan)


def rgb_jpeg(image, quality=85):
    """A JPEG whose components are red, green and blue, without markers that say so."""
    return imagecodecs.jpeg8_encode(image, level=quality, colorspace="rgb", outcolorspace="rgb", subsampling="444")


def generic():
    for compression in ("none", "lzw", "adobe_deflate", "packbits", "zstd"):
        tiff(f"tiled_{compression}.tif", pyramid(ODD, 2), photometric="rgb", compression=None if compression == "none" else compression)
    tiff("lzw_predictor.tif", pyramid(ODD, 3), photometric="rgb", compression="lzw", predictor=True, resolution=(20000, 20000), resolutionunit="CENTIMETER", mpp=0.5)
    tiff("deflate_predictor_big.btf", pyramid(ODD, 3), photometric="rgb", compression="adobe_deflate", predictor=True, big=True)
    tiff("deflate_big_endian.tif", pyramid(ODD, 2), photometric="rgb", compression="adobe_deflate", predictor=True, order=">", resolution=(50800, 50800), resolutionunit="INCH", mpp=0.5)
    tiff("deflate_dpi72.tif", [ODD], photometric="rgb", compression="adobe_deflate", resolution=(72, 72), resolutionunit="INCH", note="72 dpi is no resolution of a scanner")
    tiff("webp.tif", pyramid(ODD, 2), photometric="rgb", compression="webp", compressionargs={"lossless": True})
    tiff("webp_lossy.tif", pyramid(ODD, 2), photometric="rgb", compression="webp", compressionargs={"level": 80, "lossless": False})
    wide = ODD.astype(np.uint16) * 257
    tiff("rgb16.tif", pyramid(wide, 2), photometric="rgb", compression="adobe_deflate", predictor=True, convert=lambda a: np.round(a / 257).astype(np.uint8))
    tiff("rgb16_big_endian_lzw.tif", pyramid(wide, 2), photometric="rgb", compression="lzw", predictor=True, order=">", convert=lambda a: np.round(a / 257).astype(np.uint8))
    twelve = np.round(ODD / 255 * 4095).astype(np.uint16)
    tiff("rgb12_in_16.tif", pyramid(twelve, 2), photometric="rgb", compression="adobe_deflate", convert=lambda a: np.round(a / 4095 * 255).astype(np.uint8),
         extratags=[(341, 3, 3, (4095,) * 3, True)], openslide=False)
    tiff("planar.tif", [np.moveaxis(i, 2, 0) for i in pyramid(ODD, 2)], photometric="rgb", planarconfig="separate", compression="lzw", predictor=True, convert=lambda a: np.moveaxis(a, 0, 2))
    grey = luma(ODD)
    tiff("grey.tif", pyramid(grey, 2), photometric="minisblack", compression="lzw", convert=lambda a: np.stack([a] * 3, -1))
    tiff("grey16.tif", pyramid(grey.astype(np.uint16) * 257, 2), photometric="minisblack", compression="adobe_deflate", convert=lambda a: np.stack([np.round(a / 257).astype(np.uint8)] * 3, -1), openslide=False, note="OpenSlide 4 reads zeros at the edge")
    tiff("min_is_white.tif", pyramid(255 - grey, 2), photometric="miniswhite", compression="lzw", convert=lambda a: np.stack([255 - a] * 3, -1))
    p = Image.fromarray(ODD).quantize(64)
    colors = np.zeros((3, 256), np.uint16)
    flat = np.array(p.getpalette()).reshape(-1, 3)
    colors[:, : len(flat)] = flat.T.astype(np.uint16) * 257
    tiff("palette.tif", [np.asarray(p)], photometric="palette", colormap=colors, compression="adobe_deflate", convert=lambda a: (colors.T[a] // 257).astype(np.uint8))
    rgb = ODD.astype(np.int32)
    k = 255 - rgb.max(-1, keepdims=True)
    cmy = np.round((255 - rgb - k) * 255 / np.maximum(255 - k, 1))
    cmyk = np.concatenate([cmy, k], -1).clip(0, 255).astype(np.uint8)
    tiff("cmyk.tif", [cmyk], photometric="separated", compression="adobe_deflate", convert=lambda a: ((255 - a[..., :3].astype(np.int32)) * (255 - a[..., 3:].astype(np.int32)) // 255).astype(np.uint8))
    four = np.concatenate([ODD, np.roll(grey, 40, 1)[..., None]], -1)
    tiff("extra_sample.tif", pyramid(four, 2), photometric="rgb", extrasamples=["unspecified"], compression="adobe_deflate", convert=lambda a: a[..., :3], openslide=False)
    alpha = np.full(grey.shape, 255, np.uint8)
    alpha[:60, :90] = 0
    over = np.where(alpha[..., None] == 0, 255, ODD).astype(np.uint8)
    tiff("alpha.tif", [np.concatenate([ODD, alpha[..., None]], -1)], photometric="rgb", extrasamples=["unassalpha"], compression="adobe_deflate", convert=lambda a: over, openslide=False)
    bits = (grey > 128)
    with tifffile.TiffWriter(OUT / "one_bit.tif") as t:
        t.write(bits, photometric="minisblack", bitspersample=1, rowsperstrip=32, compression="adobe_deflate", metadata=None)
    record("one_bit.tif", "tiff", 1, [np.stack([bits * np.uint8(255)] * 3, -1)])
    for name, kw in (("strips_lzw.tif", dict(compression="lzw", predictor=True, rowsperstrip=7)), ("strips_none.tif", dict(rowsperstrip=203)),
                     ("strips_deflate_one.tif", dict(compression="adobe_deflate", rowsperstrip=203)), ("strips_jpeg.tif", dict(compression="jpeg", compressionargs={"level": 85}, rowsperstrip=64))):
        with tifffile.TiffWriter(OUT / name) as t:
            t.write(ODD, photometric="rgb", metadata=None, **kw)
        record(name, "strips", 1, pages_of(OUT / name))
    with tifffile.TiffWriter(OUT / "turned.tif") as t:
        t.write(ODD, photometric="rgb", metadata=None, compression="lzw", rowsperstrip=64, extratags=[(274, 3, 1, 6, True)])
    record("turned.tif", "strips", 1, [ODD], note="orientation 6")


def jpeg():
    levels = pyramid(EVEN, 3)
    for subsampling in ("4:2:0", "4:2:2", "4:4:4"):
        short = subsampling.replace(":", "")
        encode = lambda i, s=subsampling: jpeg_bytes(i, 80, s)
        tiff_encoded(f"jpeg_{short}.tif", levels, encode, "jpeg", photometric="ycbcr", subsampling=subsampling, reference=rewritten(levels, 128, encode, decoded))
    # Bio-Formats: RGB in the tags, YCbCr with a JFIF marker in the stream.
    encode = lambda i: jpeg_bytes(i, 80)
    tiff_encoded("jpeg_says_rgb_is_ycbcr.tif", levels[:2], encode, "jpeg", reference=rewritten(levels[:2], 128, encode, decoded), note="the stream is right, the tag is not", openslide=False)
    encode = lambda i: rgb_jpeg(i)
    tiff_encoded("jpeg_rgb.tif", levels[:2], encode, "jpeg", subsampling="4:4:4", reference=rewritten(levels[:2], 128, encode, lambda d: imagecodecs.jpeg8_decode(d, colorspace="rgb", outcolorspace="rgb")))
    encode = lambda i: strip_markers(rgb_jpeg(i), (1, 2, 3))
    tiff_encoded("jpeg_rgb_unmarked.tif", levels[:2], encode, "jpeg", subsampling="4:4:4", reference=rewritten(levels[:2], 128, encode, lambda d: imagecodecs.jpeg8_decode(d, colorspace="rgb", outcolorspace="rgb")))
    encode = lambda i: strip_markers(jpeg_bytes(i, 80, "4:4:4"), (1, 2, 3))
    tiff_encoded("jpeg_ycbcr_unmarked.tif", levels[:2], encode, "jpeg", subsampling="4:4:4", photometric="ycbcr", reference=rewritten(levels[:2], 128, encode, lambda d: imagecodecs.jpeg8_decode(d, colorspace="ycbcr", outcolorspace="rgb")))
    grey = luma(EVEN)
    encode = lambda i: jpeg_bytes(i, 80)
    tiff_encoded("jpeg_grey.tif", pyramid(grey, 2), encode, "jpeg", photometric="minisblack", reference=[np.stack([i] * 3, -1) for i in rewritten(pyramid(grey, 2), 128, encode, lambda d: np.asarray(Image.open(io.BytesIO(d))))])
    encode = lambda i: jpeg_bytes(i, 80, progressive=True)
    tiff_encoded("jpeg_progressive.tif", levels[:1], encode, "jpeg", photometric="ycbcr", reference=rewritten(levels[:1], 128, encode, decoded))


def jpeg2000():
    levels = pyramid(EVEN, 2)

    def j2k(image, **kw):
        return imagecodecs.jpeg2k_encode(image, codecformat="j2k", **kw)

    decode = imagecodecs.jpeg2k_decode
    encode = lambda i: j2k(i, reversible=True, level=0)
    tiff_encoded("jp2k_34712.tif", levels, encode, 34712, reference=levels)
    encode = lambda i: imagecodecs.jpeg2k_encode(i, codecformat="jp2", reversible=True, level=0)
    tiff_encoded("jp2_boxes_34712.tif", levels[:1], encode, 34712, reference=levels[:1])
    describe = [f"Aperio Image Library v11.2.1 \r\n{i.shape[1]}x{i.shape[0]} (128x128) J2K/KDU Q=50|AppMag = 40|MPP = 0.2520" for i in levels]
    encode = lambda i: j2k(i, level=40)
    tiff_encoded("aperio_33005.svs", levels, encode, 33005, kind="aperio", limit=2, reference=rewritten(levels, 128, encode, decode), describe=describe, mpp=0.252, magnification=40)

    def ycbcr(image):
        return np.asarray(Image.fromarray(image).convert("YCbCr"))

    def back(image):
        return np.asarray(Image.fromarray(image, "YCbCr").convert("RGB"))

    encode = lambda i: j2k(ycbcr(i), level=45, mct=False)
    tiff_encoded("aperio_33003.svs", levels, encode, 33003, kind="aperio", limit=2, reference=rewritten(levels, 128, encode, lambda d: back(decode(d))), describe=describe, mpp=0.252, magnification=40)


def aperio():
    levels = [EVEN, half(half(EVEN))]
    encode = lambda i: jpeg_bytes(i, 80)
    with tifffile.TiffWriter(OUT / "aperio.svs") as t:
        head = "Aperio Image Library v11.2.1 \r\n"
        parts = "|AppMag = 20|StripeWidth = 2040|Filename = X|MPP = 0.4990|Left = 25.6"
        write = lambda i, text, **kw: t.write(encoded_tiles(i, 128, encode), shape=i.shape, dtype=i.dtype, tile=(128, 128), photometric="ycbcr", compression="jpeg", metadata=None, description=text, **kw)
        write(levels[0], head + f"384x256 [0,0 384x256] (128x128) JPEG/RGB Q=80" + parts)
        t.write(half(half(EVEN))[:60], photometric="rgb", compression="lzw", rowsperstrip=16, metadata=None, description=head + "384x256 -> 96x60 - |AppMag = 20")
        write(levels[1], head + "384x256 [0,0 384x256] (128x128) -> 96x64 JPEG/RGB Q=80" + parts)
        t.write(tissue(90, 70, 5), photometric="rgb", compression="lzw", rowsperstrip=70, subfiletype=1, metadata=None, description=head + "label 90x70")
        t.write(tissue(160, 60, 6), photometric="rgb", compression="lzw", rowsperstrip=60, subfiletype=9, metadata=None, description=head + "macro 160x60")
    record("aperio.svs", "aperio", 1, rewritten(levels, 128, encode, decoded), associated=["label", "macro", "thumbnail"])


def vips():
    image = pyvips.Image.new_from_memory(ODD.tobytes(), ODD.shape[1], ODD.shape[0], 3, "uchar").copy(interpretation="srgb", xres=2000, yres=2000)
    for name, kw in (("vips_jpeg.tif", dict(compression="jpeg", Q=80)), ("vips_jpeg_subifd.tif", dict(compression="jpeg", Q=80, subifd=True)),
                     ("vips_jpeg_big.tif", dict(compression="jpeg", Q=95, bigtiff=True)), ("vips_deflate.tif", dict(compression="deflate", predictor="horizontal")),
                     ("vips_webp.tif", dict(compression="webp", lossless=True)), ("vips_zstd.tif", dict(compression="zstd")), ("vips_jp2k.tif", dict(compression="jp2k", lossless=True))):
        try:
            image.tiffsave(str(OUT / name), tile=True, pyramid=True, tile_width=128, tile_height=128, **kw)
        except Exception as e:
            print("vips cannot write", name, str(e).strip())
            continue
        levels = []
        for i in range(3):
            try:
                level = pyvips.Image.new_from_file(str(OUT / name), **({"subifd": i - 1} if kw.get("subifd") else {"page": i}))
                levels.append(np.ndarray(buffer=level.write_to_memory(), dtype=np.uint8, shape=[level.height, level.width, level.bands])[..., :3])
            except Exception:
                break
        record(name, "vips", 1, levels, mpp=0.5)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "expected").mkdir(exist_ok=True)
    generic()
    jpeg()
    jpeg2000()
    aperio()
    vips()
    import make_vendor_slides
    make_vendor_slides.write(sys.modules[__name__])
    (OUT / "expected.json").write_text(json.dumps(expected, indent=0))
    total = sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file())
    print(f"{len(expected)} slides, {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
