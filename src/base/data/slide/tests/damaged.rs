//! Damaged slides with the sentences they are refused with.

use std::path::Path;

use super::fixtures::folder;
use super::support::{TinyTiff, read_all, tiled};
use crate::data::slide::open::open_in_memory;
use crate::data::slide::tiff::tags;

const FILE: &str = "slide.svs";

/// Why a file is refused, when it is opened or when its tiles are read.
fn sentence(bytes: &[u8]) -> String {
    let opened = open_in_memory(Path::new(FILE), bytes);
    opened.and_then(|source| read_all(source.as_ref())).err().map(|e| e.to_string()).unwrap_or_default()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// `name` with the first `from` replaced by `to`, which is as long.
fn replaced(name: &str, from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = fixture(name);
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

fn cut(name: &str, percent: usize) -> Vec<u8> {
    let bytes = fixture(name);
    bytes[..bytes.len() * percent / 100].to_vec()
}

/// `name` with `length` bytes set to `value` behind the `count`-th occurrence of `mark`.
fn smeared(name: &str, mark: &[u8], skip: usize, length: usize, value: u8) -> Vec<u8> {
    let mut bytes = fixture(name);
    let at = bytes.windows(mark.len()).position(|w| w == mark).unwrap() + skip;
    bytes[at..at + length].fill(value);
    bytes
}

/// `name` with `bytes` written `skip` bytes behind the start of `mark`.
fn patched(name: &str, mark: &[u8], skip: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = fixture(name);
    let at = file.windows(mark.len()).position(|w| w == mark).unwrap() + skip;
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn two_directories(last: u32) -> TinyTiff {
    let mut tiff = tiled();
    tiff.directories.push(tiff.directories[0].clone());
    tiff.last = last;
    tiff
}

/// What is wrong with a TIFF's header or directories.
fn directories() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound = tiled();
    let big = |count: u64| {
        let mut bytes = b"II\x2B\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 40]);
        bytes
    };
    let mut own_cycle = sound.clone();
    let table = sound.bytes().len() as u32 - (2 + 12 * 10 + 4);
    own_cycle.last = table;
    let mut bad_version = sound.bytes();
    bad_version[2] = 44;
    vec![
        ("empty file", Vec::new(), "not a JPEG, PNG or TIFF image"),
        ("text", b"spot\tx\ty\n".to_vec(), "not a JPEG, PNG or TIFF image"),
        ("other version", bad_version, "not a JPEG, PNG or TIFF image"),
        ("header only", b"II\x2A\0\x08\0\0\0".to_vec(), "the file is cut off"),
        ("half a header", b"II\x2A\0\x08".to_vec(), "the file is cut off"),
        ("no directory", b"II\x2A\0\0\0\0\0".to_vec(), "the file has no images"),
        (
            "directory beyond the end",
            b"II\x2A\0\xFF\xFF\xFF\x7F\0\0\0\0\0\0\0\0".to_vec(),
            "the file is cut off",
        ),
        (
            "directory without entries",
            b"II\x2A\0\x08\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            "its value 0 makes no sense",
        ),
        ("entries beyond the end", b"II\x2A\0\x08\0\0\0\xFF\x0F\0\0\0\0\0\0".to_vec(), "the file is cut off"),
        ("BigTIFF of too many entries", big(u64::MAX), "its value 18446744073709551615 makes no sense"),
        ("BigTIFF cut off", big(9), "the file is cut off"),
        ("directory that leads to itself", own_cycle.bytes(), "leads back to itself"),
        ("directories in a circle", two_directories(table).bytes(), "leads back to itself"),
        ("next directory beyond the end", two_directories(u32::MAX).bytes(), "image 3: the file is cut off"),
        ("no width", sound.clone().without(256).bytes(), "image 1, ImageWidth: it is missing"),
        ("width 0", sound.clone().with(256, &[0]).bytes(), "ImageWidth: its value 0 makes no sense"),
        (
            "huge height",
            sound.clone().with_type(257, 4).with(257, &[0xFFFF_FFFF]).bytes(),
            "ImageLength: its value 4294967295",
        ),
        ("width as a text", sound.clone().with_type(256, 2).bytes(), "ImageWidth: it holds values of type 2"),
        ("tile width 0", sound.clone().with(322, &[0]).bytes(), "TileWidth: its value 0 makes no sense"),
        ("no tile height", sound.clone().without(323).bytes(), "TileLength: it is missing"),
        (
            "huge tiles",
            sound
                .clone()
                .with_type(322, 4)
                .with_type(323, 4)
                .with(322, &[60_000])
                .with(323, &[60_000])
                .bytes(),
            "tiles or strips of 60000 x 60000 pixels are too large",
        ),
        ("no offsets", sound.clone().without(324).bytes(), "TileOffsets: it is missing"),
        ("too few offsets", sound.clone().with(324, &[8; 3]).bytes(), "TileOffsets: it holds 3 of 4 values"),
        (
            "too few lengths",
            sound.clone().with(325, &[1536]).bytes(),
            "TileByteCounts: it holds 1 of 4 values",
        ),
        (
            "millions of tiles",
            sound.clone().with_type(256, 4).with(256, &[2_000_000_000]).bytes(),
            "TileOffsets: it holds 4 of 125000000 values",
        ),
        ("no samples", sound.clone().with(277, &[0]).bytes(), "SamplesPerPixel: its value 0 makes no sense"),
        (
            "too few samples",
            sound.clone().with(277, &[2]).bytes(),
            "SamplesPerPixel: its value 2 makes no sense",
        ),
        ("mixed depths", sound.clone().with(258, &[8, 8, 16]).bytes(), "samples of different depths"),
        ("64 bits", sound.clone().with(258, &[64, 64, 64]).bytes(), "samples of 64 bits cannot be read"),
        ("real numbers", sound.clone().with(339, &[3]).bytes(), "signed or real numbers"),
        ("unknown colours", sound.clone().with(262, &[32_803]).bytes(), "colours of kind 32803"),
        ("CIE L*a*b*", sound.clone().with(262, &[8]).bytes(), "CIE L*a*b* colours cannot be read"),
        (
            "palette without colours",
            sound.clone().with(262, &[3]).with(277, &[1]).bytes(),
            "ColorMap: it holds 0 of 768 values",
        ),
        ("old-style JPEG", sound.clone().with(259, &[6]).bytes(), "old-style JPEG compression"),
        ("JPEG XR", sound.clone().with(259, &[22_610]).bytes(), "JPEG XR compression"),
        (
            "unknown compression",
            sound.clone().with(259, &[1234]).bytes(),
            "compression 1234, which cannot be read",
        ),
        ("predictor for real numbers", sound.clone().with(317, &[3]).bytes(), "predictor 3 cannot be read"),
        (
            "subsampled colours without JPEG",
            sound.clone().with(262, &[6]).bytes(),
            "subsampled colours without JPEG",
        ),
        (
            "damaged JPEG tables",
            sound.with(259, &[7]).with(347, &[1, 2, 3]).with_type(347, 7).bytes(),
            "JPEGTables: the tables are damaged",
        ),
    ]
}

/// What is wrong with tiles.
fn tiles() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound = tiled();
    let noise: Vec<u8> = (0..900_u32).map(|i| (i * 7919 % 253) as u8).collect();
    let packed = |compression, data: &[u8]| sound.clone().with(259, &[compression]).with_data(data).bytes();
    vec![
        (
            "tile beyond the end",
            sound.clone().with(324, &[8, 8, 8, 4_000_000_000]).bytes(),
            "column 1, row 1 of level 0 cannot be read: the file is cut off",
        ),
        (
            "tile longer than the file",
            sound.clone().with(325, &[1536, 900_000, 1536, 1536]).bytes(),
            "column 1, row 0 of level 0 cannot be read: the file is cut off",
        ),
        (
            "absurd length",
            sound.clone().with(325, &[1536, 1536, 4_000_000_000, 1536]).bytes(),
            "it is said to take 4000000000 bytes",
        ),
        ("too short", sound.clone().with(325, &[1536, 1536, 1536, 99]).bytes(), "its data are cut off"),
        ("no LZW", packed(5, &noise), "its LZW data are damaged"),
        ("no deflate", packed(8, &noise), "its deflate data are damaged"),
        ("no Zstandard", packed(50_000, &noise), "its Zstandard data are damaged"),
        ("no WebP", packed(50_001, &noise), "its WebP data are damaged"),
        ("no JPEG", packed(7, &noise), "it is no JPEG stream"),
        ("no JPEG 2000", packed(34_712, &noise), "its JPEG 2000 data are damaged"),
        ("PackBits cut off", packed(32_773, &[5, 1, 2]), "its data are cut off"),
        (
            "JPEG of another size",
            smeared("jpeg_420.tif", &[0xFF, 0xC0, 0, 17, 8], 5, 4, 0),
            "pixels instead of 128 x 128",
        ),
        ("JPEG of 12 bits", smeared("jpeg_420.tif", &[0xFF, 0xC0, 0, 17, 8], 4, 1, 12), "JPEG of 12 bits"),
        (
            "lossless JPEG",
            smeared("jpeg_420.tif", &[0xFF, 0xC0, 0, 17, 8], 1, 1, 0xC3),
            "lossless, hierarchical or arithmetic JPEG",
        ),
        (
            "JPEG without a frame",
            smeared("jpeg_420.tif", &[0xFF, 0xC0, 0, 17, 8], 1, 1, 0xEF),
            "it has no frame header",
        ),
        (
            "JPEG that ends early",
            patched("jpeg_444.tif", &[0xFF, 0xDA, 0, 12, 3], 300, &[0xFF, 0xD9]),
            "its JPEG data are damaged",
        ),
        (
            "table among a JPEG's data",
            patched("jpeg_444.tif", &[0xFF, 0xDA, 0, 12, 3], 300, &[0xFF, 0xC4]),
            "marker C4 among its data",
        ),
        ("ones in a JPEG", smeared("jpeg_444.tif", &[0xFF, 0xDA, 0, 12, 3], 60, 900, 0xFF), "its data are"),
        (
            "NDPI that lacks a restart",
            patched("hamamatsu_unlisted.ndpi", &[0xFF, 0xD3], 0, &[0x12, 0x34]),
            "its data are cut off",
        ),
        (
            "JPEG 2000 of another size",
            smeared("jp2k_34712.tif", &[0xFF, 0x4F, 0xFF, 0x51], 11, 1, 9),
            "cannot be read",
        ),
        (
            "zeros in deflated data",
            smeared("tiled_adobe_deflate.tif", b"\x78", 30, 300, 0),
            "its deflate data are damaged",
        ),
        ("Aperio cut off", cut("aperio.svs", 50), "cut off"),
        ("OME-TIFF cut off", cut("subifds.ome.tif", 40), "cut off"),
        ("BigTIFF cut off", cut("deflate_predictor_big.btf", 30), "cut off"),
        ("NDPI cut off", cut("hamamatsu.ndpi", 60), "cut off"),
        ("SCN cut off", cut("leica.scn", 70), "cut off"),
        ("Philips cut off", cut("philips.tiff", 90), "cut off"),
        ("BIF cut off", cut("ventana.bif", 80), "cut off"),
    ]
}

/// What scanners would not write.
fn metadata() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        (
            "SCN without XML",
            replaced("leica.scn", b"</scn>", b"<//scn"),
            "the description of the slide is damaged",
        ),
        (
            "SCN without brightfield",
            {
                let mut bytes = fixture("leica.scn");
                while let Some(at) = bytes.windows(11).position(|w| w == b"brightfield") {
                    bytes[at..at + 11].copy_from_slice(b"fluorescent");
                }
                bytes
            },
            "it holds no brightfield scan",
        ),
        (
            "SCN that names an image it lacks",
            replaced("leica.scn", b"ifd=\"0\"", b"ifd=\"9\""),
            "image 10: it is missing",
        ),
        ("overlapping BIF", fixture("ventana_overlaps.bif"), "tiles overlap; install OpenSlide 4"),
        (
            "fluorescence",
            fixture("fluorescence.ome.tif"),
            "the image has 5 channels, as one of fluorescence has",
        ),
        (
            "NDPI in JPEG XR",
            {
                // The compression of the first directory: a short, once.
                replaced(
                    "hamamatsu.ndpi",
                    &[0x03, 0x01, 3, 0, 1, 0, 0, 0, 7, 0],
                    &[0x03, 0x01, 3, 0, 1, 0, 0, 0, 0x52, 0x58],
                )
            },
            "JPEG XR cannot be read",
        ),
        (
            "NDPI of another width",
            replaced(
                "hamamatsu.ndpi",
                &[0, 1, 4, 0, 1, 0, 0, 0, 0x80, 1],
                &[0, 1, 4, 0, 1, 0, 0, 0, 0x81, 0x7F],
            ),
            "cannot be read",
        ),
    ]
}

#[test]
fn damaged_slides_are_refused_in_a_sentence() {
    let cases: Vec<_> = [directories(), tiles(), metadata()].into_iter().flatten().collect();
    assert!(cases.len() >= 40, "{}", cases.len());
    let mut wrong = 0;
    for (name, bytes, wanted) in &cases {
        let text = sentence(bytes);
        let is_sentence = text.starts_with(FILE) && !text.contains('\n') && !text.contains("  ");
        let is_right = text.contains(wanted) && is_sentence;
        println!("{}{name}: {text}", if is_right { "" } else { "WRONG " });
        wrong += usize::from(!is_right);
    }
    assert_eq!(wrong, 0, "see above");
}

#[test]
fn a_missing_tile_is_background_and_its_neighbours_are_read() {
    let bytes = tiled().with(325, &[1536, 0, 1536, 1536]).bytes();
    let source = open_in_memory(Path::new(FILE), &bytes).unwrap();
    assert_eq!(source.memory_bytes(), bytes.len() as u64, "it counts as memory");
    let missing = source.read_tile(0, 1, 0).unwrap();
    assert_eq!((missing.width, missing.height), (8, 16));
    assert!(missing.rgb.iter().all(|&v| v == 255));
    assert_eq!(source.read_tile(0, 1, 1).unwrap().height, 14);
    assert!(source.read_tile(0, 0, 0).unwrap().rgb[3] == 3);
}

#[test]
fn resolutions_of_printers_and_screens_are_not_believed() {
    let mpp = |unit: u64, x: u64| {
        let tiff = tiled().with(tags::RESOLUTION_UNIT, &[unit]).with(tags::X_RESOLUTION, &[x | (1 << 32)]);
        let tiff = tiff.with(tags::Y_RESOLUTION, &[x | (1 << 32)]);
        let bytes = tiff.with_type(tags::X_RESOLUTION, 5).with_type(tags::Y_RESOLUTION, 5).bytes();
        open_in_memory(Path::new(FILE), &bytes).unwrap().info().mpp.map(|m| m.0)
    };
    assert_eq!((mpp(3, 20_000), mpp(2, 50_800)), (Some(0.5), Some(0.5)));
    for (unit, x) in [(2, 72), (2, 96), (2, 300), (2, 600), (3, 28), (1, 20_000), (2, 0)] {
        assert_eq!(mpp(unit, x), None, "{x} per unit {unit}");
    }
    // ImageJ: four pixels per micrometre.
    let tiff = tiled().with(tags::RESOLUTION_UNIT, &[1]).with(tags::X_RESOLUTION, &[4 | (1 << 32)]);
    let tiff = tiff
        .with_type(tags::X_RESOLUTION, 5)
        .with_text(tags::IMAGE_DESCRIPTION, "ImageJ=1.53t\nunit=micron\n");
    assert_eq!(open_in_memory(Path::new(FILE), &tiff.bytes()).unwrap().info().mpp.map(|m| m.0), Some(0.25));
}

#[test]
fn images_that_are_never_shown_are_known_by_their_names() {
    let kinds = |text: &str| {
        let mut tiff = tiled();
        // The same at half its size, and what the text says.
        let mut half = tiff.directories[0].clone();
        for (tag, value) in [(256, 20), (257, 15)] {
            half.iter_mut().filter(|e| e.0 == tag).for_each(|e| e.2 = vec![value]);
        }
        half.push((270, 2, text.bytes().map(u64::from).chain([0]).collect()));
        tiff.directories.push(half);
        let source = open_in_memory(Path::new(FILE), &tiff.bytes()).unwrap();
        (source.info().levels.len(), source.info().associated.join(" "))
    };
    assert_eq!(kinds("resolution 1"), (2, String::new()));
    assert_eq!(kinds("Label"), (1, "label".to_owned()));
    assert_eq!(kinds("<X><ImageType>Overview</ImageType></X>"), (1, "macro".to_owned()));
    assert_eq!(
        kinds("<X><ImageType>ReducedResolution</ImageType><Barcode>label</Barcode></X>"),
        (2, String::new())
    );
    let long = format!("<Scan>{}<Label>7</Label></Scan>", "x".repeat(400));
    assert_eq!(kinds(&long), (2, String::new()));
}
