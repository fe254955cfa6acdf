use super::*;
use crate::core::progress::Silent;
use crate::data::mutate::fuzz;

/// A slide whose red is the column and green the row (modulo 251), blue 10.
fn gradient(width: u32, height: u32) -> RgbImage {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            rgb.extend([(x % 251) as u8, (y % 251) as u8, 10]);
        }
    }
    RgbImage { width, height, rgb }
}

fn open(path: &Path) -> Result<Slide, SlideError> {
    Slide::open(path, &Silent, &CancelToken::new())
}

fn sentence(path: &Path) -> String {
    let text = open(path).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        text.contains(&path.file_name().unwrap().to_string_lossy().into_owned()),
        "{text:?} names no file"
    );
    assert!(!text.contains('\n'), "{text:?} is more than a sentence");
    text
}

#[test]
fn a_very_large_slide_keeps_its_size_and_what_is_seen_of_it() {
    let image = || RgbImage { width: 800, height: 600, rgb: vec![90; 800 * 600 * 3] };
    let (whole, kept) =
        (Slide::from_image("w", image()).unwrap(), Slide::keeping("k", image(), 200_000).unwrap());
    assert_eq!((kept.size(), kept.levels()[0].downsample, kept.levels()[0].width), ((800, 600), 2, 400));
    assert!(kept.memory_bytes() < whole.memory_bytes() / 3);
    // A patch over the edge: the same place, the same share on the slide, whatever is kept.
    for step in [0.5, 1.0, 4.0] {
        let patch = |s: &Slide| s.read_patch(SlidePoint::new(790.0, 300.0), Mpp(1.0), step, 32);
        assert_eq!(patch(&kept).on_slide, patch(&whole).on_slide);
        assert_eq!(patch(&kept).rgb[..3], patch(&whole).rgb[..3]);
        assert_eq!(patch(&kept).rgb[29 * 3], patch(&whole).rgb[29 * 3], "at step {step}");
    }
}

#[test]
fn levels_halve_down_to_one_tile() {
    let slide = Slide::from_image("g", gradient(1025, 700)).unwrap();
    let sizes: Vec<_> = slide.levels().iter().map(|l| (l.width, l.height, l.downsample)).collect();
    assert_eq!(sizes, [(1025, 700, 1), (513, 350, 2), (257, 175, 4)]);
    assert_eq!((slide.levels()[0].tile_columns(), slide.levels()[0].tile_rows()), (3, 2));
    let corner = slide.tile(0, 2, 1).unwrap();
    assert_eq!((corner.width, corner.height), (1, 188));
    assert!(slide.tile(0, 3, 0).is_none() && slide.tile(0, 0, 2).is_none() && slide.tile(3, 0, 0).is_none());
    assert_eq!(slide.memory_bytes(), (1025 * 700 + 513 * 350 + 257 * 175) * 3);
}

#[test]
fn a_pyramid_pixel_is_the_mean_of_four() {
    let image = RgbImage {
        width: 3,
        height: 2,
        rgb: [[0_u8; 3], [10; 3], [100; 3], [20; 3], [32; 3], [200; 3]].concat(),
    };
    let pixels = decode::Pixels { width: 3, height: 2, color: image::ColorType::Rgb8, bytes: image.rgb };
    let mut levels = pyramid::build(pixels, MOST_KEPT, &CancelToken::new()).unwrap();
    assert_eq!(levels.pop().map(|l| l.tile(0, 0).cloned().unwrap().rgb.len()), Some(18));
    // Large enough to need a second level: every 2 x 2 block is 0, 10, 20, 32, whose mean is 15.5.
    let block = [[0_u8, 10], [20, 32]];
    let rgb =
        (0..600_usize).flat_map(|y| (0..600_usize).flat_map(move |x| [block[y % 2][x % 2]; 3])).collect();
    let slide = Slide::from_image("b", RgbImage { width: 600, height: 600, rgb }).unwrap();
    assert!(slide.tile(1, 0, 0).unwrap().rgb.iter().all(|&v| v == 16));
}

#[test]
fn a_patch_at_slide_resolution_is_the_pixels_themselves() {
    let slide = Slide::from_image("g", gradient(1200, 900)).unwrap();
    let patch = slide.read_patch(SlidePoint::new(520.0, 510.0), Mpp(0.5), 0.5, 40);
    assert_eq!((patch.on_slide, patch.rgb.len()), (1.0, 4800));
    for (i, pixel) in patch.rgb.chunks_exact(3).enumerate() {
        let (x, y) = (500 + i % 40, 490 + i / 40);
        assert_eq!(pixel, [(x % 251) as u8, (y % 251) as u8, 10], "at {x}, {y}");
    }
}

#[test]
fn resampled_patches_are_right_to_half_a_pixel() {
    // Red grows by one every four pixels, so that any position can be read off.
    let rgb = (0..800_u32)
        .flat_map(|y| (0..900_u32).flat_map(move |x| [(x / 4) as u8, (y / 4) as u8, 0]))
        .collect();
    let slide = Slide::from_image("r", RgbImage { width: 900, height: 800, rgb }).unwrap();
    let center = SlidePoint::new(451.3, 402.8);
    for patch_mpp in [0.3, 0.5, 0.7, 1.0, 1.9, 2.0, 4.1] {
        let patch = slide.read_patch(center, Mpp(0.5), patch_mpp, 20);
        let step = patch_mpp / 0.5;
        for (i, pixel) in patch.rgb.chunks_exact(3).enumerate() {
            let x = center.x + ((i % 20) as f64 + 0.5 - 10.0) * step;
            let y = center.y + ((i / 20) as f64 + 0.5 - 10.0) * step;
            // Within a step of 4 px the stored value is constant: (x - 2) / 4 +- 0.5, and rounding.
            assert!(
                (f64::from(pixel[0]) - (x - 2.0) / 4.0).abs() <= 1.01,
                "{patch_mpp}: {} at {x}",
                pixel[0]
            );
            assert!(
                (f64::from(pixel[1]) - (y - 2.0) / 4.0).abs() <= 1.01,
                "{patch_mpp}: {} at {y}",
                pixel[1]
            );
        }
    }
}

#[test]
fn a_patch_over_the_edge_is_white_there() {
    let slide =
        Slide::from_image("g", RgbImage { width: 600, height: 600, rgb: vec![50; 1_080_000] }).unwrap();
    let patch = slide.read_patch(SlidePoint::new(0.0, 300.0), Mpp(1.0), 1.0, 10);
    assert_eq!(patch.on_slide, 0.5);
    assert_eq!(&patch.rgb[..30], [[255_u8; 15], [50; 15]].concat());
    let away = slide.read_patch(SlidePoint::new(-5000.0, 1e9), Mpp(1.0), 0.7, 10);
    assert_eq!((away.on_slide, away.rgb.iter().all(|&v| v == 255)), (0.0, true));
    let right = slide.read_patch(SlidePoint::new(601.0, 590.0), Mpp(1.0), 3.0, 10);
    assert!(right.rgb.contains(&255) && right.rgb.contains(&50));
    for odd in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        assert_eq!(slide.read_patch(SlidePoint::new(odd, odd), Mpp(1.0), odd, 4).rgb.len(), 48);
    }
}

#[test]
fn thumbnails_keep_the_shape() {
    let slide =
        Slide::from_image("g", RgbImage { width: 1000, height: 500, rgb: vec![77; 1_500_000] }).unwrap();
    let small = slide.thumbnail(100);
    assert_eq!((small.width, small.height), (100, 50));
    assert!(small.rgb.iter().all(|&v| v == 77));
    assert_eq!(slide.thumbnail(5000).width, 1000);
    assert!(Slide::from_image("bad", RgbImage { width: 2, height: 2, rgb: vec![0; 11] }).is_none());
    assert!(Slide::from_image("bad", RgbImage { width: 0, height: 2, rgb: vec![] }).is_none());
}

#[test]
fn every_format_opens() {
    let dir = tempfile::tempdir().unwrap();
    let gray16 =
        image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::from_pixel(40, 30, image::Luma([257 * 140]));
    gray16.save(dir.path().join("gray16.png")).unwrap();
    gray16.save(dir.path().join("gray16.tiff")).unwrap();
    image::RgbaImage::from_pixel(40, 30, image::Rgba([9, 9, 9, 0]))
        .save(dir.path().join("clear.png"))
        .unwrap();
    image::RgbImage::from_pixel(40, 30, image::Rgb([40; 3])).save(dir.path().join("plain.jpg")).unwrap();
    for (name, value) in [("gray16.png", 140), ("gray16.tiff", 140), ("clear.png", 255), ("plain.jpg", 40)] {
        let path = dir.path().join(name);
        let slide = open(&path).unwrap();
        assert_eq!((slide.size(), Slide::read_size(&path).unwrap()), ((40, 30), (40, 30)));
        assert_eq!(slide.tile(0, 0, 0).unwrap().rgb, [value; 3600], "{name}");
    }
}

#[test]
fn what_cannot_be_opened_is_named_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("text.jpg"), "spot\tx\ty\n").unwrap();
    assert!(sentence(&at("text.jpg")).contains("not a JPEG, PNG or TIFF image"));
    std::fs::write(at("empty.png"), "").unwrap();
    assert!(sentence(&at("empty.png")).contains("not a JPEG, PNG or TIFF image"));
    std::fs::create_dir(at("folder.jpg")).unwrap();
    assert!(sentence(&at("folder.jpg")).contains("folder"));
    assert!(sentence(&at("missing.jpg")).contains("not there"));
    let full = image::RgbImage::from_fn(300, 300, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    for name in ["cut.jpg", "cut.png", "cut.tiff"] {
        full.save(at(name)).unwrap();
        let bytes = std::fs::read(at(name)).unwrap();
        std::fs::write(at(name), &bytes[..bytes.len() / 2]).unwrap();
        let text = sentence(&at(name));
        assert!(text.contains("cut off") || text.contains("damaged"), "{text}");
    }
}

#[test]
fn absurd_sizes_are_refused_before_allocating() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("huge.png");
    image::RgbImage::new(1, 1).save(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // Width and height in the header chunk.
    bytes[16..24].copy_from_slice(&[0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50]);
    std::fs::write(&path, with_checksums(bytes)).unwrap();
    assert!(matches!(open(&path), Err(SlideError::TooLarge { width: 50_000, height: 50_000, .. })));
    assert!(sentence(&path).contains("50000 x 50000"));
}

#[test]
fn sizes_that_the_file_cannot_hold_are_refused_before_allocating() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wide.jpg");
    let mut bytes = encoded(&picture(), image::ImageFormat::Jpeg);
    // Height and width follow the marker of the frame, its length and the depth.
    let frame = bytes.windows(4).position(|w| w == [0xFF, 0xC0, 0, 17]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x3A, 0x98, 0xFD, 0xE8]);
    std::fs::write(&path, &bytes).unwrap();
    let expected = format!("(a file of {} bytes cannot hold 65000 x 15000 pixels)", bytes.len());
    assert!(sentence(&path).contains(&expected), "{}", sentence(&path));
}

#[test]
fn cancelling_stops_the_decoding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    image::RgbImage::new(64, 64).save(&path).unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    assert!(matches!(Slide::open(&path, &Silent, &cancel), Err(SlideError::Cancelled(_))));
}

#[test]
fn damaged_images_never_panic() {
    use rand::RngExt;
    let dir = tempfile::tempdir().unwrap();
    let full = image::RgbImage::from_fn(70, 50, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    let mut random = crate::core::rng::stream(3, "damage", 0);
    for name in ["a.jpg", "a.png", "a.tiff"] {
        let path = dir.path().join(name);
        full.save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            bytes.truncate(random.random_range(bytes.len() / 2..=bytes.len()));
            std::fs::write(&path, &bytes).unwrap();
            if let Err(error) = open(&path) {
                assert!(error.to_string().contains(name) && !error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

/// Damaged images are opened, or refused in a sentence that names the file. `mend` puts right what would stop a
/// decoder too early.
fn fuzz_images(file: &str, sound: Vec<Vec<u8>>, mend: impl Fn(Vec<u8>) -> Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fuzz(file, sound, |bytes| {
        std::fs::write(&path, mend(bytes.to_vec())).unwrap();
        let size = Slide::read_size(&path);
        match open(&path) {
            Ok(slide) => {
                assert_eq!(size.ok(), Some(slide.size()));
                true
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(file) && !text.contains('\n'), "{text}");
                false
            }
        }
    });
}

/// A small picture with something in it, of 8 bits.
fn picture() -> image::DynamicImage {
    image::RgbImage::from_fn(70, 50, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8])).into()
}

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_png_never_panics_for_minutes() {
    let of = |image: image::DynamicImage| encoded(&image, image::ImageFormat::Png);
    let picture = picture();
    let sound = vec![
        of(picture.clone()),
        of(picture.to_rgba16().into()),
        of(picture.to_luma8().into()),
        of(picture.to_luma_alpha8().into()),
    ];
    fuzz_images("damaged.png", sound, with_checksums);
}

/// A PNG whose chunks have the checksums of what they hold.
fn with_checksums(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()) {
        let end = at + 8 + u32::from_be_bytes(length) as usize;
        if end + 4 > png.len() {
            break;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
    png
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_jpeg_never_panics_for_minutes() {
    let of = |image: image::DynamicImage| encoded(&image, image::ImageFormat::Jpeg);
    let sound = vec![of(picture()), of(picture().to_luma8().into())];
    fuzz_images("damaged.jpg", sound, std::convert::identity);
}

#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_tiff_never_panics_for_minutes() {
    use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};
    let picture = picture();
    let mut sound = vec![
        encoded(&picture, image::ImageFormat::Tiff),
        encoded(&picture.to_luma16().into(), image::ImageFormat::Tiff),
        encoded(&picture.to_rgba8().into(), image::ImageFormat::Tiff),
    ];
    let deflate = Compression::Deflate(DeflateLevel::Fast);
    for compression in [Compression::Lzw, deflate, Compression::Packbits] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression);
        encoder.write_image::<colortype::RGB8>(70, 50, picture.as_bytes()).unwrap();
        sound.push(bytes.into_inner());
    }
    fuzz_images("damaged.tiff", sound, std::convert::identity);
}

#[test]
fn packed_images_open_like_plain_ones() {
    use std::io::Write;
    let dir = tempfile::tempdir().unwrap();
    let image = gradient(90, 70);
    let pixels = image::RgbImage::from_raw(90, 70, image.rgb.clone()).unwrap();
    for (name, format) in [("a.png", image::ImageFormat::Png), ("a.tif", image::ImageFormat::Tiff)] {
        let mut plain = std::io::Cursor::new(Vec::new());
        pixels.write_to(&mut plain, format).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain.get_ref()).unwrap();
        let packed = gzip.finish().unwrap();
        let path = dir.path().join(format!("{name}.gz"));
        std::fs::write(&path, &packed).unwrap();
        assert_eq!(Slide::read_size(&path).unwrap(), (90, 70), "{name}");
        assert_eq!(open(&path).unwrap().tile(0, 0, 0).unwrap().rgb, image.rgb, "{name}");
        std::fs::write(&path, &packed[..packed.len() / 2]).unwrap();
        assert!(sentence(&path).ends_with("the packed image is cut off; copy or download it again"));
    }
    let path = dir.path().join("b.png.gz");
    std::fs::write(&path, b"\x1f\x8b\x08\0nothing").unwrap();
    assert!(Slide::read_size(&path).is_err() && sentence(&path).contains("packed image"));
}

/// A TIFF of one image, little-endian: `tags` of one kind (3 are 16-bit, 4 32-bit numbers), and `data` in `pieces` strips
/// or tiles of the same length, whose tags are added.
fn tiff(mut tags: Vec<(u16, u16, Vec<u32>)>, pieces: u32, data: &[u8]) -> Vec<u8> {
    let (offsets, counts) = if tags.iter().any(|t| t.0 == 322) { (324, 325) } else { (273, 279) };
    let length = data.len() as u32 / pieces;
    tags.push((offsets, 4, (0..pieces).map(|i| 8 + i * length).collect()));
    tags.push((counts, 4, vec![length; pieces as usize]));
    tags.sort();
    let mut bytes = b"II\x2A\0".to_vec();
    bytes.extend((8 + data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes.extend((tags.len() as u16).to_le_bytes());
    let after = bytes.len() as u32 + 12 * tags.len() as u32 + 4;
    let mut values = Vec::new();
    for (tag, kind, numbers) in tags {
        let packed: Vec<u8> = match kind {
            3 => numbers.iter().flat_map(|&n| (n as u16).to_le_bytes()).collect(),
            _ => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        };
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend((numbers.len() as u32).to_le_bytes());
        if packed.len() <= 4 {
            bytes.extend(packed.iter().copied().chain([0; 4]).take(4));
        } else {
            bytes.extend((after + values.len() as u32).to_le_bytes());
            values.extend(packed);
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(values);
    bytes
}

/// 40 x 40 pixels of `bits` bits and three colours, whose values are `format`.
fn tags_of_rgb(bits: u32, format: u32, photometric: u32, planar: u32) -> Vec<(u16, u16, Vec<u32>)> {
    vec![
        (256, 3, vec![40]),
        (257, 3, vec![40]),
        (258, 3, vec![bits; 3]),
        (259, 3, vec![1]),
        (262, 3, vec![photometric]),
        (277, 3, vec![3]),
        (284, 3, vec![planar]),
        (339, 3, vec![format; 3]),
    ]
}

#[test]
fn planes_of_tiles_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("planes.tif");
    for bytes in [1, 2] {
        let mut data = Vec::new();
        // Three planes of 3 x 3 tiles of 16 x 16 pixels, of which the last hang over the edge.
        for plane in 0..3_u8 {
            for tile in 0..9_u8 {
                for at in 0..=255_u8 {
                    let (x, y) = (tile % 3 * 16 + at % 16, tile / 3 * 16 + at / 16);
                    let value = [x, y, 200][usize::from(plane)];
                    data.extend(std::iter::repeat_n(value, bytes));
                }
            }
        }
        let mut tags = tags_of_rgb(8 * bytes as u32, 1, 2, 2);
        tags.extend([(322, 3, vec![16]), (323, 3, vec![16])]);
        std::fs::write(&path, tiff(tags, 27, &data)).unwrap();
        Slide::check_whole(&path).unwrap();
        let read = Slide::read_rgb(&path, &Silent, &CancelToken::new()).unwrap();
        assert_eq!((read.width, read.height), (40, 40));
        for (at, pixel) in read.rgb.chunks_exact(3).enumerate() {
            assert_eq!(pixel, [(at % 40) as u8, (at / 40) as u8, 200], "{bytes} bytes, pixel {at}");
        }
    }
}

#[test]
fn tiffs_of_kinds_that_are_not_read_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd.tif");
    for (bits, format, photometric, says) in [
        (32, 1, 2, "32-bit numbers"),
        (32, 3, 2, "32-bit numbers"),
        (16, 2, 2, "signed"),
        (8, 1, 6, "YCbCr"),
        (8, 1, 9, "CIE L*a*b*"),
        (8, 1, 1, "3 channels that are not colours"),
    ] {
        let data = vec![9; 1600 * 3 * bits as usize / 8];
        std::fs::write(&path, tiff(tags_of_rgb(bits, format, photometric, 1), 1, &data)).unwrap();
        let text = sentence(&path);
        assert!(text.contains(says) && text.contains("save it as an 8-bit RGB TIFF"), "{text}");
        assert_eq!(Slide::read_size(&path).unwrap_err().to_string(), text, "said from the header");
    }
}

#[test]
fn twelve_bits_in_sixteen_are_as_bright_as_eight() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("camera.tif");
    let values = [4095_u16, 2048, 0];
    let data: Vec<u8> = std::iter::repeat_n(values, 1600).flatten().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, tiff(tags_of_rgb(16, 1, 2, 1), 1, &data)).unwrap();
    assert_eq!(open(&path).unwrap().thumbnail(1).rgb, [255, 128, 0]);
}

/// A decoder that panics is one more image that cannot be read.
#[test]
fn a_decoder_never_ends_what_needs_its_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep.tif");
    // Tiles of planes as above, of CMYK, which the image library cannot bear.
    let mut tags = tags_of_rgb(8, 1, 5, 2);
    for tag in tags.iter_mut().filter(|t| t.0 == 258 || t.0 == 339) {
        tag.2.push(tag.2[0]);
    }
    tags.iter_mut().filter(|t| t.0 == 277).for_each(|t| t.2 = vec![4]);
    tags.extend([(322, 3, vec![16]), (323, 3, vec![16])]);
    std::fs::write(&path, tiff(tags, 36, &[7; 36 * 256])).unwrap();
    let text = sentence(&path);
    assert!(text.contains("save it as an 8-bit RGB TIFF"), "{text}");
}
