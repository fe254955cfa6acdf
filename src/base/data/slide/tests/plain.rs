//! JPEG, PNG, TIFF in strips, packed files, and pyramids in the cache folder.

use std::io::Write;
use std::path::Path;

use super::support::{gradient, open, read_all};
use crate::core::cancel::CancelToken;
use crate::core::geometry::SlideRect;
use crate::core::progress::Silent;
use crate::data::slide::*;

#[test]
fn every_plain_format_opens() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let gray16 =
        image::ImageBuffer::<image::Luma<u16>, Vec<u16>>::from_pixel(40, 30, image::Luma([257 * 140]));
    gray16.save(at("gray16.png")).unwrap();
    gray16.save(at("gray16.tiff")).unwrap();
    image::RgbaImage::from_pixel(40, 30, image::Rgba([9, 9, 9, 0])).save(at("clear.png")).unwrap();
    image::RgbImage::from_pixel(40, 30, image::Rgb([40; 3])).save(at("plain.jpg")).unwrap();
    image::GrayImage::from_pixel(40, 30, image::Luma([40])).save(at("grey.jpg")).unwrap();
    let names =
        [("gray16.png", 140), ("gray16.tiff", 140), ("clear.png", 255), ("plain.jpg", 40), ("grey.jpg", 40)];
    for (name, value) in names {
        let slide = open(&at(name)).unwrap();
        assert_eq!((slide.size(), Slide::read_size(&at(name)).unwrap()), ((40, 30), (40, 30)));
        assert_eq!(slide.tile(0, 0, 0).unwrap().rgb, [value; 3600], "{name}");
        Slide::check_whole(&at(name)).unwrap();
        assert_eq!(Slide::is_grey(&at(name)), name.starts_with("gr"), "{name}");
    }
}

#[test]
fn cut_off_images_are_known_by_their_ends() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.png", "a.jpg", "a.tif"] {
        let path = dir.path().join(name);
        let image = image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
        image.save(&path).unwrap();
        Slide::check_whole(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
        let says = Slide::check_whole(&path).unwrap_err().to_string();
        assert!(says.ends_with("the image is cut off; copy it again from its source"), "{name}: {says}");
        let says = open(&path).unwrap_err().to_string();
        assert!(says.contains("cut off"), "{name}: {says}");
    }
}

#[test]
fn packed_images_open_like_plain_ones() {
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
        let says = open(&path).unwrap_err().to_string();
        assert!(says.ends_with("the packed image is cut off; copy or download it again"), "{says}");
    }
}

#[test]
fn absurd_sizes_are_refused_before_allocating() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wide.jpg");
    image::RgbImage::new(64, 64).save(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // Height and width follow the marker of the frame, its length and the depth.
    let frame = bytes.windows(4).position(|w| w == [0xFF, 0xC0, 0, 17]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x3A, 0x98, 0xFD, 0xE8]);
    std::fs::write(&path, &bytes).unwrap();
    let says = open(&path).unwrap_err().to_string();
    assert!(says.contains("bytes cannot hold 65000 x 15000 pixels"), "{says}");
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(open(&path), Err(SlideError::TooLarge { .. })));
}

#[test]
fn cancelling_stops_the_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    image::RgbImage::new(64, 64).save(&path).unwrap();
    let cancel = CancelToken::new();
    cancel.cancel();
    let opened = open_source(&path, &OpenOptions::default(), &Silent, &cancel);
    assert!(matches!(opened, Err(SlideError::Cancelled(_))));
}

fn open_with(path: &Path, folder: &Path, key: &str) -> Slide {
    let name = || Ok::<_, SlideError>(key.to_owned());
    let pyramids = Some(PyramidFolder { folder, key: &name, limit: 200_000_000 });
    let options = OpenOptions { pyramids, max_pixels_in_memory: 16_000_000 };
    Slide::open_shared(path, &options, &std::sync::Arc::default(), &Silent, &CancelToken::new()).unwrap()
}

#[test]
fn a_large_image_gets_a_pyramid_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (path, kept) = (dir.path().join("large.png"), dir.path().join("cache"));
    // More than may lie in memory, and not a whole number of tiles.
    let (width, height) = (5001_u32, 3300);
    let image =
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x / 20) as u8, (y / 13) as u8, 10]));
    image.save(&path).unwrap();
    let slide = open_with(&path, &kept, "abc");
    assert_eq!(slide.size(), (width, height));
    assert_eq!(slide.memory_bytes(), 0, "it is read from the file");
    assert_eq!(slide.info().format, SlideFormat::Png);
    assert_eq!(slide.levels().iter().map(|l| l.downsample).collect::<Vec<_>>(), [1.0, 2.0, 4.0, 8.0, 16.0]);
    read_all(slide.source().as_ref()).unwrap();
    let region = slide.region(SlideRect::of_size(width, height), width, height).unwrap();
    assert!(region.rgb == *image.as_raw());
    let files: Vec<_> = std::fs::read_dir(&kept).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["abc-pyramid.tif"]);

    // Next time it is only opened: what is kept is used even when it is not what the image holds.
    let (pyramid, other) = (kept.join("abc-pyramid.tif"), kept.join("other-pyramid.tif"));
    let mut bytes = std::fs::read(&pyramid).unwrap();
    bytes[16] = 99;
    std::fs::write(&other, &bytes).unwrap();
    assert_eq!(open_with(&path, &kept, "other").tile(0, 0, 0).unwrap().rgb[0], 99);
    // One that is damaged is made anew.
    std::fs::write(&other, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(open_with(&path, &kept, "other").tile(0, 0, 0).unwrap().rgb[0], 0);
    // Without a folder it goes to a temporary file, or lies in memory.
    let options = OpenOptions { max_pixels_in_memory: 0, ..OpenOptions::default() };
    let temporary = open_source(&path, &options, &Silent, &CancelToken::new()).unwrap();
    let temporary = Slide::new(temporary, &std::sync::Arc::default());
    assert_eq!(temporary.memory_bytes(), 0);
    assert_eq!(temporary.thumbnail(100).unwrap(), slide.thumbnail(100).unwrap());
    let in_memory = open(&path).unwrap();
    assert!(in_memory.memory_bytes() > 3 * u64::from(width) * u64::from(height));
    assert_eq!(in_memory.thumbnail(100).unwrap(), slide.thumbnail(100).unwrap());
}

#[test]
fn kept_pyramids_that_were_not_used_for_longest_go() {
    let dir = tempfile::tempdir().unwrap();
    let (path, kept) = (dir.path().join("large.png"), dir.path().join("cache"));
    image::RgbImage::new(5001, 3300).save(&path).unwrap();
    let there = |key: &str| kept.join(format!("{key}-pyramid.tif"));
    // Each takes 73 MB with what its tiles reach over the edge, and 200 MB is the limit.
    for (age, key) in ["first", "second"].into_iter().enumerate() {
        drop(open_with(&path, &kept, key));
        let file = std::fs::File::options().append(true).open(there(key)).unwrap();
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(100 - age as u64);
        file.set_modified(then).unwrap();
    }
    std::fs::write(kept.join("notes.txt"), "mine").unwrap();
    drop(open_with(&path, &kept, "first"));
    drop(open_with(&path, &kept, "third"));
    assert!(there("first").exists() && there("third").exists() && !there("second").exists());
    let store = SlideStore::default().with_pyramids(kept.clone());
    assert!(store.pyramid_bytes() > 100_000_000);
    assert_eq!(store.clear_pyramids().unwrap(), 2 * store_size(&path));
    assert_eq!((store.pyramid_bytes(), kept.join("notes.txt").exists()), (0, true));
}

/// Bytes of the pyramid of the image at `path`.
fn store_size(path: &Path) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    drop(open_with(path, dir.path(), "one"));
    std::fs::metadata(dir.path().join("one-pyramid.tif")).unwrap().len()
}

#[test]
fn exif_says_how_an_image_stands() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("turned.jpg");
    image::RgbImage::new(64, 32).save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for tag in 1..=8_u8 {
        let mut exif = b"Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([tag, 0, 0, 0, 0, 0, 0, 0]);
        let mut turned = bytes[..2].to_vec();
        turned.extend([0xFF, 0xE1]);
        turned.extend((exif.len() as u16 + 2).to_be_bytes());
        turned.extend(&exif);
        turned.extend(&bytes[2..]);
        std::fs::write(&path, &turned).unwrap();
        let info = read_info(&path).unwrap();
        assert_eq!((info.orientation.tag(), info.size()), (tag, (64, 32)));
        assert_eq!(open(&path).unwrap().info().orientation.tag(), tag);
    }
}

#[test]
fn files_are_known_by_their_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("slide.xyz");
    let kind = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        (identify(&path).unwrap(), open(&path).err().map(|e| e.to_string()).unwrap_or_default())
    };
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM");
    let (found, says) = kind(&dicom);
    assert_eq!(found, FileKind::Dicom);
    if openslide_version().is_none() {
        assert!(says.contains("DICOM files cannot be read; install OpenSlide 4"), "{says}");
    }
    assert_eq!(kind(b"ZISRAWFILE\0\0\0\0").0, FileKind::ZeissCzi);
    assert_eq!(kind(b"[Virtual Microscope Specimen]\nNoLayers=1").0, FileKind::HamamatsuVms);
    let (found, says) = kind(b"<DataObject ObjectType=\"DPUfsImport\">");
    assert_eq!(found, FileKind::PhilipsISyntax);
    assert!(says.contains("export the slide as TIFF from the Philips viewer"), "{says}");
    let (found, says) = kind(b"spot\tx\ty\n");
    assert_eq!(found, FileKind::Other);
    assert!(says.contains("this is not a JPEG, PNG or TIFF image"), "{says}");
    let mirax = dir.path().join("a.mrxs");
    image::RgbImage::new(8, 8).save_with_format(&mirax, image::ImageFormat::Jpeg).unwrap();
    assert_eq!(identify(&mirax).unwrap(), FileKind::Mirax);
    assert!(identify(dir.path()).is_err() && identify(&dir.path().join("missing")).is_err());
}

#[test]
fn a_tiled_slide_without_levels_gets_some() {
    // Every tile is the same one: 4096 x 4352 pixels in a few kilobytes.
    let tile: Vec<u8> = (0..256 * 256).flat_map(|i| [(i % 256) as u8, (i / 256) as u8, 7]).collect();
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&tile).unwrap();
    let packed = packed.finish().unwrap();
    let count = 16 * 17;
    let tiff = super::support::tiled().with_data(&packed).with(256, &[4096]).with(257, &[4352]);
    let tiff = tiff.with(259, &[8]).with(322, &[256]).with(323, &[256]);
    let tiff =
        tiff.with(324, &vec![super::support::DATA_AT; count]).with(325, &vec![packed.len() as u64; count]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("single.tif");
    std::fs::write(&path, tiff.bytes()).unwrap();
    assert_eq!(read_info(&path).unwrap().levels.len(), 1);
    let slide = open(&path).unwrap();
    let levels: Vec<_> =
        slide.levels().iter().map(|l| (l.width, l.height, l.downsample, l.tile_width)).collect();
    let wanted =
        [(4096, 4352, 1.0, 256), (2048, 2176, 2.0, 512), (1024, 1088, 4.0, 512), (512, 544, 8.0, 512)];
    assert_eq!(levels[..4], wanted);
    assert_eq!(levels.len(), 5);
    read_all(slide.source().as_ref()).unwrap();
    // The mean of 2 x 2 pixels whose red are 0, 1, 0, 1 is rounded up.
    assert_eq!(slide.tile(1, 0, 0).unwrap().rgb[..3], [1, 1, 7]);
    assert_eq!(slide.tile(0, 3, 2).unwrap().rgb, tile);
}

#[test]
fn images_of_one_channel_are_known() {
    let folder = super::fixtures::folder();
    for (name, grey) in [
        ("grey.tif", true),
        ("grey16.tif", true),
        ("min_is_white.tif", true),
        ("palette.tif", false),
        ("planar.tif", false),
        ("three_pages.ome.tif", false),
        ("aperio.svs", false),
        ("jpeg_grey.tif", true),
    ] {
        assert_eq!(Slide::is_grey(&folder.join(name)), grey, "{name}");
    }
}

#[test]
fn what_cannot_be_opened_is_named_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let sentence = |name: &str| {
        let text = open(&at(name)).unwrap_err().to_string();
        assert!(text.contains(name) && !text.contains('\n'), "{text:?}");
        assert!(Slide::read_size(&at(name)).is_err());
        text
    };
    std::fs::write(at("text.jpg"), "spot\tx\ty\n").unwrap();
    assert!(sentence("text.jpg").contains("not a JPEG, PNG or TIFF image"));
    std::fs::write(at("empty.png"), "").unwrap();
    assert!(sentence("empty.png").contains("not a JPEG, PNG or TIFF image"));
    std::fs::create_dir(at("folder.jpg")).unwrap();
    assert!(sentence("folder.jpg").contains("folder"));
    assert!(sentence("missing.jpg").contains("not there"));
    std::fs::write(at("b.png.gz"), b"\x1f\x8b\x08\0nothing").unwrap();
    assert!(sentence("b.png.gz").contains("packed image"));
}

#[test]
fn twelve_bits_in_sixteen_are_as_bright_as_eight() {
    use super::support::{DATA_AT, tiled};
    let dir = tempfile::tempdir().unwrap();
    let values = [4095_u16, 2048, 0];
    let path = dir.path().join("camera.tif");
    let data: Vec<u8> = std::iter::repeat_n(values, 32 * 16).flatten().flat_map(u16::to_le_bytes).collect();
    let tiff = tiled().with_data(&data).with(258, &[16; 3]).with(324, &[DATA_AT; 4]);
    std::fs::write(&path, tiff.bytes()).unwrap();
    assert_eq!(open(&path).unwrap().tile(0, 0, 0).unwrap().rgb[..3], [255, 128, 0]);
    // One that uses all of the 16 bits stays as it is.
    let brighter: Vec<u8> = data.iter().map(|b| if *b == 0x0F { 0xFF } else { *b }).collect();
    std::fs::write(&path, tiff.with_data(&brighter).bytes()).unwrap();
    assert_eq!(open(&path).unwrap().tile(0, 0, 0).unwrap().rgb[..3], [255, 8, 0]);
    let path = dir.path().join("camera.png");
    image::ImageBuffer::from_pixel(40, 30, image::Rgb(values)).save(&path).unwrap();
    assert_eq!(open(&path).unwrap().tile(0, 0, 0).unwrap().rgb[..3], [255, 128, 0]);
}
