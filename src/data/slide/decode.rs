//! From a file to pixels, within explicit limits and with errors that name the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use image::error::ImageError;
use image::{ColorType, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::SlideError;
use super::packed;
use super::place::Embedded;
use super::tags::{self, Tags};
use crate::core::cancel::CancelToken;
use crate::core::fault;
use crate::core::files::FileError;
use crate::core::progress::Progress;
use crate::data::anndata;
use crate::data::st::ReadError;

/// The most pixels a plain image may have: 3 GB while it is decoded. What is kept of it is less, see
/// [`super::pyramid::MOST_KEPT`].
pub const MAX_PIXELS: u64 = 1_000_000_000;
/// The longest side a plain image may have, which is also what a JPEG can express.
pub const MAX_SIDE: u32 = 65_535;
/// The most a decoder may allocate for itself: 16 bytes for each of [`MAX_PIXELS`].
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 16;
/// No image of these formats unpacks to more bytes than this for each of its file: deflate, which packs closest,
/// makes 1032 of one.
const MOST_UNPACKED: u64 = 4096;
/// Images that unpack to no more are not doubted.
const UNDOUBTED: u64 = 64 << 20;

/// Pixels as the decoder gave them, row-major without padding.
pub(super) struct Pixels {
    pub width: u32,
    pub height: u32,
    pub color: ColorType,
    pub bytes: Vec<u8>,
}

/// A file that reports how much of it was read, and that stops being readable when the work is cancelled.
struct Watched<'a> {
    file: File,
    stage: String,
    done: u64,
    total: u64,
    progress: &'a dyn Progress,
    cancel: &'a CancelToken,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.cancel.check().map_err(io::Error::other)?;
        let n = self.file.read(buffer)?;
        self.done = self.done.saturating_add(n as u64).min(self.total);
        self.progress.report(&self.stage, self.done, self.total);
        Ok(n)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The file's name as it stands in progress texts.
fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn not_an_image(path: &Path) -> FileError {
    FileError::malformed(path, "this is not a JPEG, PNG or TIFF image")
}

/// A decoder panicked.
fn undecodable(path: &Path) -> FileError {
    FileError::malformed(
        path,
        format!("the image is damaged or of a rare kind and cannot be decoded; {}", tags::INSTEAD),
    )
}

/// What went wrong in a decoder, in one sentence naming the file.
fn file_error(path: &Path, error: ImageError) -> FileError {
    match error {
        ImageError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            FileError::malformed(path, "the image is cut off; copy it again from its source")
        }
        ImageError::IoError(e) if e.raw_os_error().is_some() => FileError::io("read", path)(e),
        ImageError::Unsupported(e) => tags::unsupported(path, &e.to_string()),
        other => {
            let text = other.to_string();
            let reason = text.lines().next().unwrap_or("").trim_end_matches('.');
            FileError::malformed(
                path,
                format!("the image is damaged ({reason}); copy it again from its source"),
            )
        }
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

pub(super) fn reader<R: BufRead + Seek>(
    path: &Path,
    source: R,
) -> Result<(ImageReader<R>, ImageFormat), FileError> {
    let mut reader = ImageReader::new(source).with_guessed_format().map_err(FileError::io("read", path))?;
    let format = reader.format().ok_or_else(|| not_an_image(path))?;
    reader.no_limits();
    match format {
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Tiff => Ok((reader, format)),
        _ => Err(not_an_image(path)),
    }
}

/// Width and height from the header of the file at `path`.
pub(super) fn file_size(path: &Path) -> Result<(u32, u32), FileError> {
    fault::caught(|| size_in_file(path)).unwrap_or_else(|| Err(undecodable(path)))
}

fn size_in_file(path: &Path) -> Result<(u32, u32), FileError> {
    /// The header of a JPEG or PNG lies within so much, also behind a thumbnail and a colour profile.
    const HEADER: u64 = 1 << 20;
    let open = || File::open(path).map_err(FileError::io("open", path)).map(BufReader::new);
    let mut source = open()?;
    if !source.fill_buf().is_ok_and(packed::is_packed) {
        return read_size(path, source);
    }
    let head = packed::beginning(path, source, HEADER)?;
    match read_size(path, Cursor::new(head)) {
        // The directory of a TIFF may lie at its end.
        Err(_) => read_size(path, Cursor::new(packed::whole(path, open()?)?)),
        size => size,
    }
}

/// Width and height from the header of `source`, the content of `path`.
fn read_size<R: BufRead + Seek>(path: &Path, mut source: R) -> Result<(u32, u32), FileError> {
    tags_of(path, &mut source)?;
    let (reader, _) = reader(path, source)?;
    reader.into_dimensions().map_err(|e| file_error(path, e))
}

/// What the tags of a TIFF say; nothing of other images. `source` is at its start before and after.
fn tags_of<R: BufRead + Seek>(path: &Path, mut source: R) -> Result<Tags, FileError> {
    let is_tiff = source.fill_buf().is_ok_and(|head| head.starts_with(b"II") || head.starts_with(b"MM"));
    let tags = if is_tiff { Tags::read(path, &mut source)? } else { Tags::default() };
    source.rewind().map_err(FileError::io("read", path))?;
    Ok(tags)
}

/// Reads an image out of an AnnData file.
pub(super) fn embedded(
    image: &Embedded,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Pixels, SlideError> {
    cancel.check()?;
    let (width, height) = embedded_size(image)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(SlideError::TooLarge { path: image.file.clone(), width, height });
    }
    progress.report(&format!("Decoding {} of {}", image.key, short_name(&image.file)), 0, 0);
    let rgb = anndata::read_image(&image.file, &image.library, &image.key).map_err(plain)?;
    Ok(Pixels { width, height, color: ColorType::Rgb8, bytes: rgb.into_raw() })
}

/// Width and height of an image in an AnnData file.
pub(super) fn embedded_size(image: &Embedded) -> Result<(u32, u32), FileError> {
    let found = anndata::image_size(&image.file, &image.library, &image.key).map_err(plain)?;
    found.ok_or_else(|| {
        let message = format!("there is no image {} of {} in it", image.key, image.library);
        FileError::malformed(&image.file, message)
    })
}

/// Reading an image gives errors of its file only.
fn plain(error: ReadError) -> FileError {
    match error {
        ReadError::File(error) => error,
        other => FileError::malformed(Path::new(""), other.to_string()),
    }
}

/// Decodes the whole image.
pub(super) fn decode(
    path: &Path,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Pixels, SlideError> {
    cancel.check()?;
    let file = File::open(path).map_err(FileError::io("open", path))?;
    let total = file.metadata().map_err(FileError::io("read", path))?.len();
    let stage = format!("Decoding {}", short_name(path));
    let watched = Watched { file, stage, done: 0, total, progress, cancel };
    let mut source = BufReader::with_capacity(1 << 18, watched);

    let head = source.fill_buf().unwrap_or_default();
    let pixels = if packed::is_packed(head) {
        let bytes = packed::whole(path, source);
        cancel.check()?;
        decode_bytes(path, bytes?)
    } else if is_jpeg(head) {
        let mut bytes = Vec::new();
        let read = source.read_to_end(&mut bytes);
        cancel.check()?;
        read.map_err(FileError::io("read", path))?;
        decode_bytes(path, bytes)
    } else {
        fault::caught(|| decode_from(path, source, total)).unwrap_or_else(|| Err(undecodable(path).into()))
    };
    // A cancelled read looks like a damaged file to the decoder.
    cancel.check()?;
    pixels
}

fn decode_bytes(path: &Path, bytes: Vec<u8>) -> Result<Pixels, SlideError> {
    // The decoder fills what a cut-off JPEG lacks with grey and calls it a success, so look first.
    if is_jpeg(&bytes) && !jpeg_is_whole(&bytes) {
        let message = "the image is cut off; copy it again from its source";
        return Err(FileError::malformed(path, message).into());
    }
    let length = bytes.len() as u64;
    let decoded = fault::caught(|| decode_from(path, Cursor::new(bytes), length));
    decoded.unwrap_or_else(|| Err(undecodable(path).into()))
}

pub(super) fn is_jpeg(head: &[u8]) -> bool {
    head.starts_with(&[0xFF, 0xD8])
}

/// Decodes what `source` holds, of `packed` bytes.
fn decode_from<R: BufRead + Seek>(path: &Path, mut source: R, packed: u64) -> Result<Pixels, SlideError> {
    let tags = tags_of(path, &mut source)?;
    let (reader, _) = reader(path, &mut source)?;
    let mut decoder = reader.into_decoder().map_err(|e| file_error(path, e))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(SlideError::TooLarge { path: PathBuf::from(path), width, height });
    }
    if pixels == 0 {
        return Err(FileError::malformed(path, "the image has no pixels").into());
    }
    if decoder.total_bytes() > packed.saturating_mul(MOST_UNPACKED).max(UNDOUBTED) {
        let message = format!(
            "the image is damaged (a file of {packed} bytes cannot hold {width} x {height} pixels); copy it again \
             from its source"
        );
        return Err(FileError::malformed(path, message).into());
    }
    decoder.set_limits(limits()).map_err(|e| file_error(path, e))?;
    let color = decoder.color_type();
    // At most MAX_PIXELS times 16 bytes, checked above; a small computer may still not have them.
    let length = decoder.total_bytes() as usize;
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(length).is_err() {
        let needed = length.div_ceil(1 << 20);
        let message =
            format!("there is not enough memory to decode the image ({needed} MB); close other slides");
        return Err(FileError::malformed(path, message).into());
    }
    bytes.resize(length, 0_u8);
    if tags.planes_of_tiles && decoder.original_color_type() == color.into() {
        drop(decoder);
        source.rewind().map_err(FileError::io("read", path))?;
        let channels = usize::from(color.channel_count());
        let depth = usize::from(color.bytes_per_pixel()) / channels.max(1);
        tags::read_planes(source, channels, depth, &mut bytes).map_err(|e| tags::refused(path, e))?;
    } else {
        decoder.read_image(&mut bytes).map_err(|e| file_error(path, e))?;
    }
    widen(color, &mut bytes, tags.largest);
    Ok(Pixels { width, height, color, bytes })
}

/// Cameras of 10, 12 and 14 bits store their values in 16: brings those to all of the 16 bits. `stated` is what the
/// file says to be its largest value.
fn widen(color: ColorType, bytes: &mut [u8], stated: Option<u16>) {
    const LARGEST: [u16; 4] = [255, 1023, 4095, 16383];
    let (channels, alpha) = match color {
        ColorType::L16 => (1, false),
        ColorType::La16 => (2, true),
        ColorType::Rgb16 => (3, false),
        ColorType::Rgba16 => (4, true),
        _ => return,
    };
    let value = |sample: &[u8]| sample.first_chunk::<2>().map_or(0, |&pair| u16::from_ne_bytes(pair));
    let is_colour = |at: usize| !alpha || at % channels + 1 < channels;
    let samples = bytes.chunks_exact(2).enumerate();
    let found = samples.filter(|(at, _)| is_colour(*at)).map(|(_, sample)| value(sample)).max().unwrap_or(0);
    // Some programs store the largest value that occurs instead, which says nothing of white.
    let stated = stated.filter(|&most| most >= found && (u32::from(most) + 1).is_power_of_two());
    let smallest = LARGEST.into_iter().find(|&most| found > 0 && found <= most);
    let Some(most) = stated.filter(|&most| most < u16::MAX).or(smallest) else { return };
    for (_, sample) in bytes.chunks_exact_mut(2).enumerate().filter(|(at, _)| is_colour(*at)) {
        let wide = (u32::from(value(sample)) * u32::from(u16::MAX) + u32::from(most) / 2) / u32::from(most);
        sample.copy_from_slice(&(wide.min(u32::from(u16::MAX)) as u16).to_ne_bytes());
    }
}

/// Whether the markers of a JPEG (ITU T.81, annex B) lead to its end-of-image marker.
pub(in crate::data) fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        // To the next marker: an 0xFF that is followed neither by a stuffed zero, a restart nor a fill byte.
        let Some(at) =
            rest.windows(2).position(|w| w[0] == 0xFF && !matches!(w[1], 0x00 | 0xFF | 0xD0..=0xD7))
        else {
            return false;
        };
        let marker = rest[at + 1];
        rest = &rest[at + 2..];
        match marker {
            0xD9 => return true,
            0xD8 | 0x01 => {}
            _ => {
                let Some(&[high, low]) = rest.first_chunk::<2>() else { return false };
                let Some(after) = rest.get(usize::from(u16::from_be_bytes([high, low]))..) else {
                    return false;
                };
                rest = after;
            }
        }
    }
}

/// Appends a row of pixels as 8-bit RGB: 16 bits rounded, grey repeated, transparency over white.
pub(super) fn append_rgb8(color: ColorType, row: &[u8], out: &mut Vec<u8>) {
    let u16_at = |p: &[u8], i: usize| {
        let value = u16::from_ne_bytes([p[2 * i], p[2 * i + 1]]);
        ((u32::from(value) + 128) / 257) as u8
    };
    let f32_at = |p: &[u8], i: usize| {
        let value = f32::from_ne_bytes([p[4 * i], p[4 * i + 1], p[4 * i + 2], p[4 * i + 3]]);
        (value * 255.0).round().clamp(0.0, 255.0) as u8
    };
    let over_white = |value: u8, alpha: u8| {
        let (v, a) = (u32::from(value), u32::from(alpha));
        ((v * a + 255 * (255 - a) + 127) / 255) as u8
    };
    match color {
        ColorType::Rgb8 => out.extend_from_slice(row),
        ColorType::L8 => out.extend(row.iter().flat_map(|&v| [v; 3])),
        ColorType::La8 => out.extend(row.chunks_exact(2).flat_map(|p| [over_white(p[0], p[1]); 3])),
        ColorType::Rgba8 => {
            out.extend(row.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|i| over_white(p[i], p[3]))));
        }
        ColorType::L16 => out.extend(row.chunks_exact(2).flat_map(|p| [u16_at(p, 0); 3])),
        ColorType::La16 => {
            out.extend(row.chunks_exact(4).flat_map(|p| [over_white(u16_at(p, 0), u16_at(p, 1)); 3]));
        }
        ColorType::Rgb16 => out.extend(row.chunks_exact(6).flat_map(|p| [0, 1, 2].map(|i| u16_at(p, i)))),
        ColorType::Rgba16 => out.extend(
            row.chunks_exact(8).flat_map(|p| [0, 1, 2].map(|i| over_white(u16_at(p, i), u16_at(p, 3)))),
        ),
        ColorType::Rgb32F => out.extend(row.chunks_exact(12).flat_map(|p| [0, 1, 2].map(|i| f32_at(p, i)))),
        ColorType::Rgba32F => out.extend(
            row.chunks_exact(16).flat_map(|p| [0, 1, 2].map(|i| over_white(f32_at(p, i), f32_at(p, 3)))),
        ),
        // The list of colour types is open; what is unknown shows as grey of its first byte.
        other => {
            let step = usize::from(other.bytes_per_pixel()).max(1);
            out.extend(row.chunks_exact(step).flat_map(|p| [p[0]; 3]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_ends_with_its_marker() {
        let mut jpeg = vec![0xFF, 0xD8];
        // A comment that itself contains an end-of-image marker, as embedded thumbnails do.
        jpeg.extend([0xFF, 0xFE, 0x00, 0x04, 0xFF, 0xD9]);
        jpeg.extend([0xFF, 0xDA, 0x00, 0x02, 0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56]);
        assert!(!jpeg_is_whole(&jpeg));
        jpeg.extend([0xFF, 0xD9, 1, 2, 3]);
        assert!(jpeg_is_whole(&jpeg));
        assert!(!jpeg_is_whole(&[]));
        assert!(!jpeg_is_whole(&[0xFF, 0xD8, 0xFF, 0xE1, 0xFF]));
    }

    #[test]
    fn fewer_bits_in_sixteen_are_brought_to_all_of_them() {
        let wide = |values: &[u16], color, stated| {
            let mut bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
            widen(color, &mut bytes, stated);
            bytes.chunks_exact(2).map(|b| u16::from_ne_bytes([b[0], b[1]])).collect::<Vec<u16>>()
        };
        assert_eq!(wide(&[0, 2047, 4095], ColorType::Rgb16, None), [0, 32759, 65535]);
        assert_eq!(wide(&[0, 900, 1023], ColorType::Rgb16, Some(4095)), [0, 14403, 16372]);
        // The full range stays as it is, also with transparency of fewer values.
        assert_eq!(wide(&[0, 300, 16384], ColorType::Rgb16, Some(20000)), [0, 300, 16384]);
        assert_eq!(wide(&[0, 0, 0], ColorType::Rgb16, None), [0, 0, 0]);
        assert_eq!(wide(&[4095, 65535, 0, 7], ColorType::La16, None), [65535, 65535, 0, 7]);
    }

    #[test]
    fn every_colour_type_becomes_rgb8() {
        let rgb = |color, row: &[u8]| {
            let mut out = Vec::new();
            append_rgb8(color, row, &mut out);
            out
        };
        assert_eq!(rgb(ColorType::L8, &[7, 9]), [7, 7, 7, 9, 9, 9]);
        assert_eq!(rgb(ColorType::La8, &[100, 0]), [255; 3]);
        assert_eq!(rgb(ColorType::Rgba8, &[0, 100, 200, 255, 0, 0, 0, 128]), [0, 100, 200, 127, 127, 127]);
        let wide: Vec<u8> = [65535_u16, 257, 128].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(rgb(ColorType::Rgb16, &wide), [255, 1, 0]);
        let float: Vec<u8> = [1.0_f32, 0.5, f32::NAN].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(rgb(ColorType::Rgb32F, &float), [255, 128, 0]);
    }
}
