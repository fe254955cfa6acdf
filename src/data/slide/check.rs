//! What can be said of an image without decoding it.

use std::fs::{self, File};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use image::{ColorType, ImageDecoder};
use tiff::tags::Tag;

use super::{decode, packed, place, tags};
use crate::core::fault;
use crate::core::files::FileError;

const CUT_OFF: &str = "the image is cut off; copy it again from its source";

/// Whether a file holds all of its image, in a form that can be decoded.
pub(super) fn whole(path: &Path) -> Result<(), FileError> {
    // Decoding says what is wrong with an image that a decoder cannot bear.
    fault::caught(|| check_whole(path)).unwrap_or(Ok(()))
}

fn check_whole(path: &Path) -> Result<(), FileError> {
    if place::embedded(path).is_some() {
        return Ok(());
    }
    let mut file = File::open(path).map_err(FileError::io("open", path))?;
    let length = file.metadata().map_err(FileError::io("read", path))?.len();
    let mut head = [0; 8];
    let got = file.read(&mut head).map_err(FileError::io("read", path))?;
    let head = head.get(..got).unwrap_or_default();
    let is_whole = if decode::is_jpeg(head) {
        decode::jpeg_is_whole(&fs::read(path).map_err(FileError::io("read", path))?)
    } else if head.starts_with(b"\x89PNG") {
        png_is_whole(&mut file, length).unwrap_or(true)
    } else if head.starts_with(b"II") || head.starts_with(b"MM") {
        let is_whole = tiff_is_whole(&mut file, length).unwrap_or(true);
        if is_whole {
            file.rewind().map_err(FileError::io("read", path))?;
            tags::check_first(path, BufReader::new(file))?;
        }
        is_whole
    } else {
        // What is packed says so when it is unpacked.
        true
    };
    if is_whole { Ok(()) } else { Err(FileError::malformed(path, CUT_OFF)) }
}

/// Whether a PNG has its last chunk, near its end.
fn png_is_whole(file: &mut File, length: u64) -> Option<bool> {
    const NEAR: u64 = 1 << 16;
    const LAST: &[u8] = b"IEND\xAE\x42\x60\x82";
    file.seek(SeekFrom::Start(length.saturating_sub(NEAR))).ok()?;
    let mut end = Vec::new();
    file.take(NEAR).read_to_end(&mut end).ok()?;
    Some(end.windows(LAST.len()).any(|w| w == LAST))
}

/// Whether the strips or tiles of the first image of a TIFF lie within the file; `None` where it does not say.
fn tiff_is_whole(file: &mut File, length: u64) -> Option<bool> {
    file.rewind().ok()?;
    let mut decoder = tiff::decoder::Decoder::new(BufReader::new(file)).ok()?;
    let mut list = |tag| decoder.find_tag(tag).ok().flatten().and_then(|v| v.into_u64_vec().ok());
    let (offsets, sizes) = match (list(Tag::TileOffsets), list(Tag::TileByteCounts)) {
        (Some(offsets), Some(sizes)) => (offsets, sizes),
        _ => (list(Tag::StripOffsets)?, list(Tag::StripByteCounts)?),
    };
    Some(offsets.iter().zip(&sizes).all(|(at, size)| at.checked_add(*size).is_some_and(|end| end <= length)))
}

/// Whether an image has a single channel, perhaps with transparency.
pub(super) fn is_grey(path: &Path) -> bool {
    if place::embedded(path).is_some() {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let mut source = BufReader::new(file);
    if std::io::BufRead::fill_buf(&mut source).is_ok_and(packed::is_packed) {
        return false;
    }
    let color = || Some(decode::reader(path, source).ok()?.0.into_decoder().ok()?.color_type());
    let color = fault::caught(color).flatten();
    matches!(color, Some(ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_images_are_known_by_their_ends() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.png", "a.jpg", "a.tif"] {
            let path = dir.path().join(name);
            let image =
                image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
            image.save(&path).unwrap();
            whole(&path).unwrap();
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
            // A TIFF that is cut off may have lost the directory at its end, and is no image then.
            if name != "a.tif" {
                let says = whole(&path).unwrap_err().to_string();
                assert!(says.ends_with(CUT_OFF), "{name}: {says}");
            }
        }
    }

    #[test]
    fn grey_images_are_known_by_their_headers() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        image::GrayImage::new(4, 4).save(path("grey.png")).unwrap();
        image::GrayImage::new(4, 4).save(path("grey.jpg")).unwrap();
        image::GrayImage::new(4, 4).save(path("grey.tif")).unwrap();
        image::RgbImage::new(4, 4).save(path("colour.png")).unwrap();
        for (name, grey) in
            [("grey.png", true), ("grey.jpg", true), ("grey.tif", true), ("colour.png", false)]
        {
            assert_eq!(is_grey(&path(name)), grey, "{name}");
        }
    }
}
