"""Slides as particular scanners and OME-TIFF writers make them; called by make_slides.py."""

import io
import struct

import numpy as np
import tifffile
from PIL import Image


def write(base):
    ome(base)
    ome_series(base)
    philips(base)
    leica(base)
    ventana(base)
    hamamatsu(base)


def ome(base):
    levels = base.pyramid(base.ODD, 3)
    pixel = {"PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}

    def save(name, levels, reference, mpp=0.25, **kw):
        metadata = {**pixel, **kw.pop("metadata", {})}
        with tifffile.TiffWriter(base.OUT / name, ome=True) as t:
            options = dict(tile=(64, 64), compression="adobe_deflate", **kw)
            t.write(levels[0], subifds=len(levels) - 1, metadata=metadata, **options)
            for level in levels[1:]:
                t.write(level, subfiletype=1, metadata=None, **options)
        base.record(name, "ome", 1, reference, mpp=mpp, openslide=False)

    save("subifds.ome.tif", levels, levels, photometric="rgb", metadata={"axes": "YXS"})
    planes = [np.moveaxis(i, 2, 0) for i in levels]
    save("three_pages.ome.tif", planes, levels, photometric="minisblack", metadata={"axes": "CYX"})
    save("planar.ome.tif", planes, levels, photometric="rgb", planarconfig="separate", metadata={"axes": "SYX"})
    twelve = [np.round(i / 255 * 4095).astype(np.uint16) for i in levels]
    reference = [np.round(i / 4095 * 255).astype(np.uint8) for i in twelve]
    save("twelve_bits.ome.tif", twelve, reference, photometric="rgb", metadata={"axes": "YXS", "SignificantBits": 12})
    save("millimetres.ome.tif", levels[:1], levels[:1], mpp=0.5, photometric="rgb",
         metadata={"axes": "YXS", "PhysicalSizeX": 0.0005, "PhysicalSizeXUnit": "mm", "PhysicalSizeY": 0.0005, "PhysicalSizeYUnit": "mm"})
    with tifffile.TiffWriter(base.OUT / "fluorescence.ome.tif", ome=True) as t:
        t.write(np.zeros((5, 64, 64), np.uint16), metadata={"axes": "CYX"}, photometric="minisblack", compression="adobe_deflate")


def ome_series(base):
    """A label and a macro before the slide, as series of their own."""
    name = "series.ome.tif"
    with tifffile.TiffWriter(base.OUT / name, ome=True) as t:
        options = dict(photometric="rgb", compression="adobe_deflate")
        t.write(base.tissue(64, 48, 7), metadata={"axes": "YXS", "Name": "label image"}, **options)
        t.write(base.tissue(700, 40, 8), metadata={"axes": "YXS", "Name": "macro image"}, **options)
        t.write(base.EVEN, tile=(64, 64), metadata={"axes": "YXS", "Name": "slide", "PhysicalSizeX": 500, "PhysicalSizeXUnit": "nm"}, **options)
    base.record(name, "ome", 1, [base.EVEN], mpp=0.5, associated=["label", "macro"], openslide=False)


def padded(image, size):
    h, w = [-(-s // size) * size for s in image.shape[:2]]
    out = np.full((h, w, 3), 255, np.uint8)
    out[: image.shape[0], : image.shape[1]] = image
    return out


def philips(base):
    levels = base.pyramid(base.tissue(256, 192, 4), 4)
    stored = [padded(i, 64) for i in levels]
    representation = ""
    for i in range(4):
        spacing = 0.00025 * 2**i
        representation += f"""<DataObject ObjectType="PixelDataRepresentation"><Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;{spacing}&quot; &quot;{spacing}&quot;</Attribute>
<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_NUMBER" Group="0x1001" Element="0x8B02" PMSVR="IUInt16">{i}</Attribute></DataObject>"""
    xml = f"""<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport"><Attribute Name="DICOM_MANUFACTURER" Group="0x0008" Element="0x0070" PMSVR="IString">PHILIPS</Attribute>
<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray"><Array><DataObject ObjectType="DPScannedImage">
<Attribute Name="PIM_DP_IMAGE_TYPE" Group="0x301D" Element="0x1004" PMSVR="IString">WSI</Attribute>
<Attribute Name="DICOM_DERIVATION_DESCRIPTION" Group="0x0008" Element="0x2111" PMSVR="IString">tiff-useBigTIFF=1-useRgb=0-levels=10003,10002,10000,10001-processing=0-q80</Attribute>
<Attribute Name="DICOM_PIXEL_SPACING" Group="0x0028" Element="0x0030" PMSVR="IDoubleArray">&quot;0.00025&quot; &quot;0.00025&quot;</Attribute>
<Attribute Name="PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE" Group="0x1001" Element="0x8B01" PMSVR="IDataObjectArray"><Array>{representation}</Array></Attribute>
</DataObject></Array></Attribute></DataObject>"""
    name = "philips.tiff"
    with tifffile.TiffWriter(base.OUT / name, bigtiff=True) as t:
        for i, level in enumerate(stored):
            t.write(base.encoded_tiles(level, 64, base.jpeg_bytes), shape=level.shape, dtype=level.dtype, tile=(64, 64), compression="jpeg", photometric="ycbcr",
                    software="Philips DP v1.0", description=xml if i == 0 else f"level={i} mag=20", metadata=None, subfiletype=1 if i else 0)
        t.write(base.tissue(90, 40, 5), photometric="rgb", compression="jpeg", rowsperstrip=40, software="Philips DP v1.0", description="Macro", metadata=None)
        t.write(base.tissue(40, 40, 6), photometric="rgb", compression="jpeg", rowsperstrip=40, software="Philips DP v1.0", description="Label", metadata=None)
    reference = [i[: l.shape[0], : l.shape[1]] for i, l in zip(base.rewritten(stored, 64, base.jpeg_bytes, base.decoded), levels)]
    base.record(name, "philips", 1, reference, associated=["label", "macro"])


def leica(base):
    areas = [base.pyramid(base.tissue(256, 192, 11), 2), base.pyramid(base.tissue(256, 192, 12), 2)]
    nm = 500
    ground = (1024, 512)
    offsets = [(0, 0), (448, 192)]
    images, ifd = "", 0
    for (x, y), levels in zip(offsets, areas):
        dimensions = "".join(f'<dimension sizeX="{l.shape[1]}" sizeY="{l.shape[0]}" r="{r}" ifd="{ifd + r}"/>' for r, l in enumerate(levels))
        ifd += len(levels)
        images += f"""<image name="image_{ifd}" uuid="u{ifd}"><creationDate>2011</creationDate><device model="Leica SCN400" version="1.4"/>
<pixels sizeX="{levels[0].shape[1]}" sizeY="{levels[0].shape[0]}">{dimensions}</pixels>
<view sizeX="{levels[0].shape[1] * nm}" sizeY="{levels[0].shape[0] * nm}" offsetX="{x * nm}" offsetY="{y * nm}" spacingZ="0"/>
<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings><illuminationSettings><numericalAperture>0.4</numericalAperture><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>"""
    macro = base.tissue(128, 64, 13)
    images += f"""<image name="macro" uuid="m"><creationDate>2011</creationDate><device model="Leica SCN400" version="1.4"/><pixels sizeX="128" sizeY="64"><dimension sizeX="128" sizeY="64" r="0" ifd="{ifd}"/></pixels>
<view sizeX="{ground[0] * nm}" sizeY="{ground[1] * nm}" offsetX="0" offsetY="0" spacingZ="0"/>
<scanSettings><objectiveSettings><objective>0.6</objective></objectiveSettings><illuminationSettings><numericalAperture>0.02</numericalAperture><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>"""
    xml = f"""<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection name="c" uuid="c" sizeX="{ground[0] * nm}" sizeY="{ground[1] * nm}"><barcode>MTIz</barcode>{images}</collection></scn>"""
    name = "leica.scn"
    with tifffile.TiffWriter(base.OUT / name, bigtiff=True) as t:
        first = True
        for level in [l for levels in areas for l in levels] + [macro]:
            t.write(base.encoded_tiles(level, 64, base.jpeg_bytes), shape=level.shape, dtype=level.dtype, tile=(64, 64), compression="jpeg", photometric="ycbcr",
                    resolution=(20000, 20000), resolutionunit="CENTIMETER", description=xml if first else None, metadata=None)
            first = False
    base.record(name, "leica", 1, associated=["macro"])


def bif(base, name, overlap):
    levels = base.pyramid(base.EVEN, 2)
    scan = '<iScan Magnification="20" ScanRes="0.465" ScanWhitePoint="235" Z-layers="1" Z-spacing="1" UnitNumber="1"/>'
    columns, rows = 3, 2
    joints = ""
    number = lambda c, r: (rows - 1 - r) * columns + (c if (rows - 1 - r) % 2 == 0 else columns - 1 - c) + 1
    for r in range(rows):
        for c in range(columns - 1):
            joints += f'<TileJointInfo FlagJoined="1" Confidence="100" Direction="RIGHT" Tile1="{number(c, r)}" Tile2="{number(c + 1, r)}" OverlapX="{overlap}" OverlapY="0"/>'
    for r in range(rows - 1):
        for c in range(columns):
            joints += f'<TileJointInfo FlagJoined="1" Confidence="100" Direction="UP" Tile1="{number(c, r + 1)}" Tile2="{number(c, r)}" OverlapX="0" OverlapY="{overlap}"/>'
    encode = f"""<EncodeInfo Ver="2"><SlideInfo/><SlideStitchInfo><ImageInfo AOIScanned="1" AOIIndex="0" Width="128" Height="128" NumCols="{columns}" NumRows="{rows}" Pos-X="0" Pos-Y="0">{joints}</ImageInfo></SlideStitchInfo>
<AoiOrigin><AOI0 OriginX="0" OriginY="0"/></AoiOrigin></EncodeInfo>"""
    with tifffile.TiffWriter(base.OUT / name, bigtiff=True) as t:
        xmp = lambda text: [(700, 1, len(text), text.encode(), True)]
        t.write(base.tissue(90, 60, 15), photometric="rgb", compression="lzw", rowsperstrip=60, description="Label Image", metadata=None, extratags=xmp(scan))
        for i, level in enumerate(levels):
            t.write(base.encoded_tiles(level, 128, base.jpeg_bytes), shape=level.shape, dtype=level.dtype, tile=(128, 128), compression="jpeg", photometric="ycbcr",
                    description=f"level={i} mag={20 / 2**i:g} quality=90", metadata=None, subfiletype=1 if i else 0, extratags=xmp(encode) if i == 0 else [])


def ventana(base):
    bif(base, "ventana.bif", 0)
    levels = base.pyramid(base.EVEN, 2)
    base.record("ventana.bif", "ventana", 1, base.rewritten(levels, 128, base.jpeg_bytes, base.decoded), associated=["label"])
    bif(base, "ventana_overlaps.bif", 6)


def long_jpeg(image, blocks, subsampling=1):
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=85, subsampling=subsampling, **({"restart_marker_blocks": blocks} if blocks else {}))
    return out.getvalue()


def restart_starts(jpeg):
    at = 2
    while jpeg[at + 1] != 0xDA:
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    starts = [at]
    while at < len(jpeg) - 1:
        if jpeg[at] == 0xFF and 0xD0 <= jpeg[at + 1] <= 0xD7:
            starts.append(at + 2)
        at += 1
    return starts


def ndpi_file(path, images, high=0):
    """Classic entries, an 8-byte offset to the next directory, and the high halves of all values behind it."""
    out = bytearray(b"II\x2a\0" + bytes(8))

    def put(data):
        while len(out) % 8:
            out.append(0)
        at = len(out)
        out.extend(data)
        return at

    link = 4
    for image in images:
        entries = []
        data_at = put(image["jpeg"])
        resolution = put(struct.pack("<II", round(10000 / image["mpp"] * 100), 100))
        entries += [(254, 4, 1, 0), (256, 4, 1, image["width"]), (257, 4, 1, image["height"]), (259, 3, 1, 7), (271, 2, 10, put(b"Hamamatsu\0")),
                    (273, 4, 1, data_at), (279, 4, 1, len(image["jpeg"])), (282, 5, 1, resolution), (283, 5, 1, resolution), (296, 3, 1, 3),
                    (65420, 4, 1, 1), (65421, 11, 1, struct.unpack("<I", struct.pack("<f", image["lens"]))[0]), (65422, 9, 1, 0), (65423, 9, 1, 0), (65424, 9, 1, 0)]
        if image["starts"]:
            starts = image["starts"]
            entries.append((65426, 4, len(starts), put(struct.pack(f"<{len(starts)}I", *starts)) if len(starts) > 1 else starts[0]))
            if image.get("high"):
                entries.append((65432, 4, len(starts), put(bytes(4 * len(starts))) if len(starts) > 1 else 0))
        entries.sort()
        directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries)
        at = put(directory + bytes(8) + bytes(4 * len(entries)))
        out[link : link + 8] = struct.pack("<Q", at)
        link = at + len(directory)
    path.write_bytes(out)


def hamamatsu(base):
    levels = [base.EVEN, base.half(base.EVEN), base.half(base.half(base.EVEN))]
    # OpenSlide adds levels that it makes itself; it refuses the one in 4:2:0, which is checked against Pillow.
    for name, blocks, keep_starts, subsampling in (("hamamatsu.ndpi", (12, 6, None), True, 1), ("hamamatsu_unlisted.ndpi", (24, 12, 6), False, 1),
                                                   ("hamamatsu_420.ndpi", (12, 6, 6), True, 2)):
        images = []
        for i, (level, count) in enumerate(zip(levels, blocks)):
            jpeg = long_jpeg(level, count, subsampling)
            images.append(dict(jpeg=jpeg, width=level.shape[1], height=level.shape[0], lens=20.0 / 2**i, mpp=0.5 * 2**i, high=i == 0,
                               starts=restart_starts(jpeg) if count and keep_starts else []))
        macro = base.tissue(120, 48, 21)
        images.insert(1, dict(jpeg=long_jpeg(macro, None), width=120, height=48, lens=-1.0, mpp=15.0, starts=[]))
        ndpi_file(base.OUT / name, images)
        reference = [base.decoded(i["jpeg"]) for i in images if i["lens"] > 0]
        base.record(name, "hamamatsu", 1, reference, mpp=0.5, magnification=20.0, associated=["macro"], levels=3, openslide=subsampling == 1)
