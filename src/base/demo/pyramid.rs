//! A slide as a scanner saves it: a tiled TIFF with levels, each tile a JPEG.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, RgbImage};

use crate::core::files::{FileError, write_bytes_atomically};

/// Side of a tile in pixels.
const TILE: u32 = 256;
/// How much smaller each level is than the one before.
const STEP: u32 = 4;
const QUALITY: u8 = 88;

// Types of TIFF values.
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// Writes `image`, of `mpp` micrometres per pixel, with its levels.
///
/// # Errors
/// [`FileError`] naming the file.
pub(super) fn write(path: &Path, image: RgbImage, mpp: f64, description: &str) -> Result<(), FileError> {
    let mut file = vec![b'I', b'I', 42, 0, 0, 0, 0, 0];
    let mut link = 4;
    let mut level = image;
    let mut is_first = true;
    loop {
        let directory = Directory::new(path, &mut file, &level, is_first, mpp, description)?;
        put(&mut file, link, directory.at);
        link = directory.next;
        is_first = false;
        if level.width().max(level.height()) <= TILE {
            return write_bytes_atomically(path, &file);
        }
        let smaller = |side: u32| side.div_ceil(STEP);
        let (width, height) = (smaller(level.width()), smaller(level.height()));
        level = imageops::resize(&level, width, height, FilterType::Triangle);
    }
}

/// Writes `value` at `at`, which lies within `file`.
fn put(file: &mut [u8], at: usize, value: u32) {
    if let Some(bytes) = file.get_mut(at..at + 4) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

/// Where the directory of a level was written.
struct Directory {
    at: u32,
    /// Where the place of the next directory is to be written.
    next: usize,
}

impl Directory {
    /// Writes the tiles of a level and then its directory to the end of `file`.
    fn new(
        path: &Path,
        file: &mut Vec<u8>,
        level: &RgbImage,
        is_first: bool,
        mpp: f64,
        description: &str,
    ) -> Result<Self, FileError> {
        let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
        for y in (0..level.height()).step_by(TILE as usize) {
            for x in (0..level.width()).step_by(TILE as usize) {
                let tile = tile(level, x, y);
                let begin = file.len();
                JpegEncoder::new_with_quality(&mut *file, QUALITY)
                    .encode(&tile, TILE, TILE, ExtendedColorType::Rgb8)
                    .map_err(|e| FileError::io("write", path)(std::io::Error::other(e)))?;
                offsets.push(begin as u32);
                lengths.push((file.len() - begin) as u32);
            }
        }
        // Pixels per centimetre, in thousandths.
        let per_cm = [(1e7 / mpp).round() as u32, 1000];
        let mut entries: Vec<(u16, u16, Vec<u32>)> = vec![
            // A smaller version of another image.
            (254, LONG, vec![u32::from(!is_first)]),
            (256, LONG, vec![level.width()]),
            (257, LONG, vec![level.height()]),
            (258, SHORT, vec![8; 3]),
            // JPEG, YCbCr.
            (259, SHORT, vec![7]),
            (262, SHORT, vec![6]),
            (277, SHORT, vec![3]),
        ];
        if is_first {
            let text = description.bytes().chain([0]).map(u32::from).collect();
            entries.insert(6, (270, ASCII, text));
            entries.push((282, RATIONAL, per_cm.to_vec()));
            entries.push((283, RATIONAL, per_cm.to_vec()));
            // Centimetres.
            entries.push((296, SHORT, vec![3]));
        }
        entries.push((322, LONG, vec![TILE]));
        entries.push((323, LONG, vec![TILE]));
        entries.push((324, LONG, offsets));
        entries.push((325, LONG, lengths));
        entries.push((530, SHORT, vec![1, 1]));

        let mut directory = (entries.len() as u16).to_le_bytes().to_vec();
        for (tag, kind, values) in &entries {
            let (bytes, count) = bytes_of(*kind, values);
            directory.extend(tag.to_le_bytes());
            directory.extend(kind.to_le_bytes());
            directory.extend((count as u32).to_le_bytes());
            if bytes.len() <= 4 {
                directory.extend(bytes.iter().copied().chain([0; 4]).take(4));
            } else {
                pad(file);
                directory.extend((file.len() as u32).to_le_bytes());
                file.extend(bytes);
            }
        }
        pad(file);
        let at = file.len();
        let next = at + directory.len();
        file.extend(directory);
        file.extend([0; 4]);
        Ok(Self { at: at as u32, next })
    }
}

/// Values begin at even places.
fn pad(file: &mut Vec<u8>) {
    if file.len() % 2 == 1 {
        file.push(0);
    }
}

/// The bytes of values, and how many values they are.
fn bytes_of(kind: u16, values: &[u32]) -> (Vec<u8>, usize) {
    match kind {
        ASCII => (values.iter().map(|&v| v as u8).collect(), values.len()),
        SHORT => (values.iter().flat_map(|&v| (v as u16).to_le_bytes()).collect(), values.len()),
        // Two numbers are one fraction.
        RATIONAL => (values.iter().flat_map(|v| v.to_le_bytes()).collect(), values.len() / 2),
        _ => (values.iter().flat_map(|v| v.to_le_bytes()).collect(), values.len()),
    }
}

/// The pixels of a whole tile; beyond the image they repeat its last ones, so that its edge stays sharp.
fn tile(level: &RgbImage, x: u32, y: u32) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(3 * (TILE * TILE) as usize);
    for row in y..y + TILE {
        for column in x..x + TILE {
            let at = (column.min(level.width() - 1), row.min(level.height() - 1));
            rgb.extend(level.get_pixel(at.0, at.1).0);
        }
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cancel::CancelToken;
    use crate::core::progress::Silent;
    use crate::data::slide::Slide;

    #[test]
    fn it_is_read_back_with_its_levels_and_resolution() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.tif");
        let image = RgbImage::from_fn(1_300, 700, |x, y| image::Rgb([(x / 8) as u8, (y / 4) as u8, 90]));
        write(&path, image.clone(), 0.5, "made up").unwrap();
        let slide = Slide::open(&path, &Silent, &CancelToken::new()).unwrap();
        let levels: Vec<_> = slide.info().levels.iter().map(|l| (l.width, l.height)).collect();
        assert_eq!(levels, [(1_300, 700), (325, 175), (82, 44)]);
        assert!((slide.info().mpp.unwrap().0 - 0.5).abs() < 1e-6);
        let whole = slide.thumbnail(1_300).unwrap();
        let off = whole.rgb.iter().zip(image.as_raw()).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        assert!(off / (whole.rgb.len() as f64) < 3.0, "{off}");
    }
}
