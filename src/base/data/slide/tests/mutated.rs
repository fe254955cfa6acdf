//! Bytes of sound slides changed at random: whatever comes, nothing panics, and memory stays within bounds.

use std::path::Path;

use super::fixtures::folder;
use super::support::{read_all, tiled};
use crate::data::mutate::fuzz;
use crate::data::slide::open::open_in_memory;

/// What this process has taken at most, in MB; `None` where the system does not say.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1024)
}

/// Opens a slide and reads a bounded number of its tiles.
fn try_slide(name: &str, bytes: &[u8]) -> bool {
    const MAX_TILES: u32 = 64;
    let opened = open_in_memory(Path::new(name), bytes).and_then(|source| {
        let tiles: u64 =
            source.info().levels.iter().map(|l| u64::from(l.tile_columns()) * u64::from(l.tile_rows())).sum();
        if tiles <= u64::from(MAX_TILES) {
            return read_all(source.as_ref());
        }
        for (index, level) in source.info().levels.iter().enumerate().take(8) {
            for step in 0..8 {
                let (col, row) = (level.tile_columns() / 8 * step, level.tile_rows() / 8 * step);
                source.read_tile(index, col, row)?;
            }
        }
        Ok(())
    });
    if let Err(error) = &opened {
        let text = error.to_string();
        assert!(text.contains(name) && !text.contains('\n'), "{text:?}");
    }
    opened.is_ok()
}

fn slides() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let files = entries
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file() && p.extension().is_some_and(|e| e != "json"));
    let mut slides: Vec<_> = files
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
        .collect();
    slides.sort();
    slides.push(("tiny.tif".to_owned(), tiled().bytes()));
    slides
}

/// A stream of numbers; the same seed gives the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

#[test]
fn mutated_slides_never_panic() {
    let rounds: usize = std::env::var("HISCMCL_FUZZ_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(12);
    let before = peak_memory();
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for (name, sound) in slides() {
        for _ in 0..rounds {
            let mut bytes = sound.clone();
            // Directories stand at either end; a few bytes there do more than many in the middle.
            for _ in 0..=numbers.next(6) {
                let length = bytes.len();
                let at = match numbers.next(3) {
                    0 => numbers.next(length.min(600)),
                    1 => length - 1 - numbers.next(length.min(1500)),
                    _ => numbers.next(length),
                };
                bytes[at] = match numbers.next(3) {
                    0 => numbers.next(256) as u8,
                    1 => bytes[at] ^ (1 << numbers.next(8)),
                    _ => [0, 1, 0x7F, 0x80, 0xFF][numbers.next(5)],
                };
            }
            if numbers.next(8) == 0 {
                bytes.truncate(numbers.next(bytes.len()).max(1));
            }
            try_slide(&name, &bytes);
        }
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(after < before + 1500, "it took {after} MB");
    }
}

/// Damages the directories of every slide for minutes (`HISCMCL_FUZZ_MINUTES`).
#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_slides_never_panic_for_minutes() {
    let small: Vec<_> =
        slides().into_iter().filter(|(_, bytes)| bytes.len() < 60_000).map(|(_, b)| b).collect();
    fuzz("slide.svs", small, |bytes| try_slide("slide.svs", bytes));
}

/// A small picture with something in it.
fn picture() -> image::DynamicImage {
    image::RgbImage::from_fn(70, 50, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, (x * y) as u8])).into()
}

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG whose chunks have the checksums of what they hold, so that a decoder goes on.
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

fn plain_images() -> Vec<Vec<u8>> {
    use image::ImageFormat::{Jpeg, Png};
    let picture = picture();
    let mut turned = encoded(&picture, Jpeg);
    let exif = b"\xFF\xE1\0\x22Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    turned.splice(2..2, exif.iter().copied());
    vec![
        turned,
        encoded(&picture, Jpeg),
        encoded(&picture.to_luma8().into(), Jpeg),
        encoded(&picture, Png),
        encoded(&picture.to_rgba16().into(), Png),
        encoded(&picture.to_luma8().into(), Png),
        encoded(&picture.to_luma_alpha8().into(), Png),
    ]
}

#[test]
fn sound_plain_images_are_read() {
    assert!(plain_images().iter().all(|bytes| try_slide("image.png", bytes)));
}

/// Damages plain images for minutes (`HISCMCL_FUZZ_MINUTES`).
#[test]
#[ignore = "takes HISCMCL_FUZZ_MINUTES"]
fn damaged_plain_images_never_panic_for_minutes() {
    fuzz("image.png", plain_images(), |bytes| {
        if bytes.starts_with(b"\x89PNG") {
            return try_slide("image.png", &with_checksums(bytes.to_vec()));
        }
        try_slide("image.png", bytes)
    });
}
