//! Opening slides of any kind.

use std::path::Path;
use std::sync::Arc;

use super::blank::Blank;
use super::bytes::ByteSource;
use super::codec::jpeg;
use super::formats::{is_grey_tiff, open_tiff};
use super::identify::{FileKind, identify, identify_bytes};
use super::levels::TiffPyramid;
use super::plain::{
    self, Decoding, MAX_PIXELS_IN_MEMORY, PlainInfo, PyramidFolder, WithOverview, build_pyramid, jpeg_info,
    png_info, push_source, read_jpeg, read_png,
};
use super::source::{Described, SlideFormat, SlideInfo, SlideSource};
use super::tiff::{TiffFile, tags};
use super::{OPENSLIDE_ADVICE, Orientation, Oriented, SlideError, embedded, openslide, packed, place};
use crate::core::cancel::CancelToken;
use crate::core::fault;
use crate::core::files::FileError;
use crate::core::progress::Progress;

/// How slides are opened.
pub struct OpenOptions<'a> {
    /// Where the pyramids of large plain images are kept; without it they are made anew each time.
    pub pyramids: Option<PyramidFolder<'a>>,
    /// Plain images of no more pixels are kept in memory, with all their levels.
    pub max_pixels_in_memory: u64,
}

impl Default for OpenOptions<'_> {
    fn default() -> Self {
        Self { pyramids: None, max_pixels_in_memory: MAX_PIXELS_IN_MEMORY }
    }
}

const CUT_OFF: &str = "the image is cut off; copy it again from its source";

/// Opens the slide at `path`, of whatever kind it is. A large plain image is decoded now, unless its pyramid was kept.
///
/// # Errors
/// [`SlideError`] when it cannot be read, is damaged or of an unknown kind, or the work is cancelled.
pub fn open_source(
    path: &Path,
    options: &OpenOptions<'_>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Arc<dyn SlideSource>, SlideError> {
    cancel.check()?;
    let (path, orientation) = place::as_stored(path);
    let opened = fault::caught(|| open_guarded(path, options, progress, cancel));
    let source = opened.unwrap_or_else(|| Err(undecodable(path).into()))?;
    Ok(match orientation {
        Orientation::Upright => source,
        other => Arc::new(Oriented::new(source, other)),
    })
}

/// A decoder panicked.
fn undecodable(path: &Path) -> FileError {
    let message = "the image is damaged or of a rare kind and cannot be decoded; save it as an 8-bit RGB TIFF, for \
                   example from QuPath or Fiji";
    FileError::malformed(path, message)
}

fn open_guarded(
    path: &Path,
    options: &OpenOptions<'_>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Arc<dyn SlideSource>, SlideError> {
    let max_pixels_in_memory = options.max_pixels_in_memory;
    let how = Decoding { folder: options.pyramids.as_ref(), max_pixels_in_memory, progress, cancel };
    if let Some(image) = place::embedded(path) {
        return embedded::open(path, &image, &how);
    }
    if let Some(size) = place::blank_size(path) {
        return Ok(Arc::new(Blank::new(path, size)));
    }
    let kind = identify(path)?;
    if kind.is_read_by_openslide() {
        return through_openslide(path, unread(path, kind));
    }
    let bytes = Arc::new(ByteSource::open(path)?);
    match open_bytes(&bytes, kind, &how) {
        // What OpenSlide reads beyond this, where it is there.
        Err(error) if is_unread(&error) => through_openslide(path, error),
        opened => opened,
    }
}

fn is_unread(error: &SlideError) -> bool {
    match error {
        SlideError::Unsupported { .. } => true,
        SlideError::Tiff(e) => matches!(e.problem, super::tiff::Problem::Unsupported(_)),
        _ => false,
    }
}

fn through_openslide(path: &Path, otherwise: SlideError) -> Result<Arc<dyn SlideSource>, SlideError> {
    match openslide::open(path) {
        Some(opened) => opened.map_err(|error| match &otherwise {
            // What OpenSlide does not recognise either is better explained by what was found before.
            SlideError::Unsupported { advice, .. } if advice == OPENSLIDE_ADVICE => error,
            _ => otherwise,
        }),
        None => Err(otherwise),
    }
}

/// That a kind of file is known, but not read.
fn unread(path: &Path, kind: FileKind) -> SlideError {
    let path = path.to_path_buf();
    let advice = match kind {
        kind if kind.is_read_by_openslide() => OPENSLIDE_ADVICE,
        FileKind::PhilipsISyntax => "export the slide as TIFF from the Philips viewer",
        FileKind::OlympusVsi => "export the slide as TIFF from OlyVIA or with QuPath",
        FileKind::ZeissZvi => "export the slide as TIFF from ZEN",
        FileKind::Other => {
            return FileError::malformed(&path, "this is not a JPEG, PNG or TIFF image").into();
        }
        _ => "save it as TIFF, JPEG or PNG",
    };
    SlideError::Unsupported { path, what: format!("{kind} files cannot be read"), advice: advice.to_owned() }
}

fn open_bytes(
    bytes: &Arc<ByteSource>,
    kind: FileKind,
    how: &Decoding<'_>,
) -> Result<Arc<dyn SlideSource>, SlideError> {
    match kind {
        FileKind::Tiff => {
            let mut pyramid = open_tiff(Arc::clone(bytes))?;
            check_size(&pyramid)?;
            pyramid.settle_depth();
            if pyramid.is_single_image_in_strips() {
                return decode_strips(Arc::new(pyramid), how);
            }
            WithOverview::where_needed(Arc::new(pyramid), how)
        }
        FileKind::Jpeg => read_jpeg(bytes, how).map(|(s, info)| described(s, SlideFormat::Jpeg, info)),
        FileKind::Png => read_png(bytes, how).map(|(s, info)| described(s, SlideFormat::Png, info)),
        FileKind::Gzip => {
            let unpacked = Arc::new(unpacked(bytes)?);
            match identify_bytes(&unpacked)? {
                FileKind::Gzip => Err(unread(bytes.path(), FileKind::Other)),
                kind => open_bytes(&unpacked, kind, how),
            }
        }
        kind => Err(unread(bytes.path(), kind)),
    }
}

/// The size of a level must be one that the file can hold, and whose tiles can be counted.
fn check_size(pyramid: &TiffPyramid) -> Result<(), SlideError> {
    let tiles = |l: &super::Level| u64::from(l.tile_columns()) * u64::from(l.tile_rows());
    let info = pyramid.info();
    if info.levels.iter().any(|l| tiles(l) > u64::from(u32::MAX)) || !pyramid.is_plausible() {
        let (width, height) = info.size();
        let message = format!(
            "the image is damaged (the file cannot hold {width} x {height} pixels); copy it again from its source"
        );
        return Err(FileError::malformed(&info.path, message).into());
    }
    Ok(())
}

fn described(source: Arc<dyn SlideSource>, format: SlideFormat, plain: PlainInfo) -> Arc<dyn SlideSource> {
    Arc::new(Described::new(source, |info| {
        info.format = format;
        info.orientation = plain.orientation;
    }))
}

/// An image in strips, with a pyramid of its own.
fn decode_strips(
    strips: Arc<dyn SlideSource>,
    how: &Decoding<'_>,
) -> Result<Arc<dyn SlideSource>, SlideError> {
    let about = strips.info().clone();
    let fill = |builder: &mut plain::PyramidBuilder<'_>| push_source(strips.as_ref(), 0, builder);
    let pyramid = build_pyramid(&about.path, about.size(), "pyramid", false, how, &fill)?;
    Ok(Arc::new(Described::new(pyramid, |info| *info = about.clone())))
}

fn unpacked(bytes: &ByteSource) -> Result<ByteSource, FileError> {
    let path = bytes.path();
    let file = std::fs::File::open(path).map_err(FileError::io("open", path))?;
    let content = packed::whole(path, std::io::BufReader::new(file))?;
    Ok(ByteSource::in_memory(path, content))
}

/// What a file says of its slide, without decoding pixels. Levels that must be made first are not among them.
///
/// # Errors
/// [`SlideError`] when it cannot be read, is damaged or of an unknown kind.
pub fn read_info(path: &Path) -> Result<SlideInfo, SlideError> {
    if let Some(size) = place::blank_size(path) {
        return Ok(Blank::new(path, size).info().clone());
    }
    let (path, orientation) = place::as_stored(path);
    let info = fault::caught(|| match place::embedded(path) {
        Some(image) => embedded::info(path, &image),
        None => info_guarded(path),
    });
    let mut info = info.unwrap_or_else(|| Err(undecodable(path).into()))?;
    if orientation != Orientation::Upright {
        info.turn(orientation);
    }
    Ok(info)
}

fn info_guarded(path: &Path) -> Result<SlideInfo, SlideError> {
    let kind = identify(path)?;
    if kind.is_read_by_openslide() {
        return through_openslide(path, unread(path, kind)).map(|s| s.info().clone());
    }
    match info_of(&Arc::new(ByteSource::open(path)?), kind) {
        Err(error) if is_unread(&error) => through_openslide(path, error).map(|s| s.info().clone()),
        info => info,
    }
}

fn info_of(bytes: &Arc<ByteSource>, kind: FileKind) -> Result<SlideInfo, SlideError> {
    let plain = |format, about: PlainInfo| {
        let info = SlideInfo::of_image(bytes.path(), format, (about.width, about.height));
        SlideInfo { orientation: about.orientation, ..info }
    };
    match kind {
        FileKind::Tiff => {
            let pyramid = open_tiff(Arc::clone(bytes))?;
            check_size(&pyramid)?;
            Ok(pyramid.info().clone())
        }
        FileKind::Jpeg => {
            let about = jpeg_info(bytes)?;
            plain::check_whole_size(bytes.path(), about.width, about.height)?;
            Ok(plain(SlideFormat::Jpeg, about))
        }
        FileKind::Png => Ok(plain(SlideFormat::Png, png_info(bytes)?)),
        FileKind::Gzip => {
            // The header of a JPEG or PNG lies within so much; the directory of a TIFF may lie at its end.
            const HEADER: u64 = 1 << 20;
            let path = bytes.path();
            let file = std::fs::File::open(path).map_err(FileError::io("open", path))?;
            let head = packed::beginning(path, std::io::BufReader::new(file), HEADER)?;
            let head = Arc::new(ByteSource::in_memory(path, head));
            match identify_bytes(&head)? {
                kind @ (FileKind::Jpeg | FileKind::Png) => info_of(&head, kind),
                FileKind::Tiff => info_of(&Arc::new(unpacked(bytes)?), FileKind::Tiff),
                kind => Err(unread(path, if kind == FileKind::Gzip { FileKind::Other } else { kind })),
            }
        }
        kind => Err(unread(bytes.path(), kind)),
    }
}

/// Whether the file at `path` holds all of its image, which is seen without decoding it.
///
/// # Errors
/// [`FileError`] when it is cut off or cannot be read.
pub(super) fn check_whole(path: &Path) -> Result<(), FileError> {
    // Opening says what is wrong with an image that a decoder cannot bear.
    fault::caught(|| check_whole_guarded(path)).unwrap_or(Ok(()))
}

fn check_whole_guarded(path: &Path) -> Result<(), FileError> {
    /// The last chunk of a PNG lies this near to its end.
    const NEAR: u64 = 1 << 16;
    const LAST: &[u8] = b"IEND\xAE\x42\x60\x82";
    if place::embedded(path).is_some() || place::blank_size(path).is_some() {
        return Ok(());
    }
    let (path, _) = place::as_stored(path);
    let bytes = Arc::new(ByteSource::open(path)?);
    let read = |from, length| bytes.read_up_to(from, length).map_err(FileError::io("read", path));
    let is_whole = match identify_bytes(&bytes)? {
        FileKind::Jpeg => jpeg::is_whole(&read(0, bytes.length())?),
        FileKind::Png => {
            read(bytes.length().saturating_sub(NEAR), NEAR)?.windows(LAST.len()).any(|w| w == LAST)
        }
        FileKind::Tiff => tiff_is_whole(&bytes).unwrap_or(true),
        // What is packed says so when it is unpacked.
        _ => true,
    };
    if is_whole { Ok(()) } else { Err(FileError::malformed(path, CUT_OFF)) }
}

/// Whether the strips or tiles of the first image of a TIFF lie within the file; `None` where it does not say.
fn tiff_is_whole(bytes: &Arc<ByteSource>) -> Option<bool> {
    let file = match TiffFile::open(Arc::clone(bytes)) {
        Ok(file) => file,
        Err(e) => return Some(e.problem != super::tiff::Problem::CutOff),
    };
    let first = file.directories().first()?;
    let list = |tag| first.list(&file, tag).ok().flatten();
    let (offsets, lengths) = match (list(tags::TILE_OFFSETS), list(tags::TILE_BYTE_COUNTS)) {
        (Some(offsets), Some(lengths)) => (offsets, lengths),
        _ => (list(tags::STRIP_OFFSETS)?, list(tags::STRIP_BYTE_COUNTS)?),
    };
    const AT_ONCE: u64 = 1 << 16;
    let count = offsets.len().min(lengths.len());
    let mut at = 0;
    while at < count {
        let take = AT_ONCE.min(count - at);
        let (offsets, lengths) = (offsets.range(&file, at, take).ok()?, lengths.range(&file, at, take).ok()?);
        let ends = offsets.iter().zip(&lengths).map(|(o, l)| o.checked_add(*l));
        if !ends.into_iter().all(|end| end.is_some_and(|end| end <= bytes.length())) {
            return Some(false);
        }
        at += take;
    }
    Some(true)
}

/// Whether the image at `path` has a single channel, perhaps with transparency, as one of immunofluorescence has.
pub(super) fn is_grey(path: &Path) -> bool {
    let Ok(bytes) = ByteSource::open(path).map(Arc::new) else { return false };
    let is_grey = || match identify_bytes(&bytes) {
        Ok(FileKind::Jpeg) => jpeg_info(&bytes).is_ok_and(|i| i.is_grey),
        Ok(FileKind::Png) => png_info(&bytes).is_ok_and(|i| i.is_grey),
        Ok(FileKind::Tiff) => TiffFile::open(Arc::clone(&bytes)).is_ok_and(|file| is_grey_tiff(&file)),
        _ => false,
    };
    fault::caught(is_grey).unwrap_or(false)
}

/// Opens a slide from bytes that are in memory, for tests of damaged files.
#[cfg(test)]
pub(super) fn open_in_memory(path: &Path, bytes: &[u8]) -> Result<Arc<dyn SlideSource>, SlideError> {
    let bytes = Arc::new(ByteSource::in_memory(path, bytes));
    let (progress, cancel) = (&crate::core::progress::Silent, &CancelToken::new());
    let how = Decoding { folder: None, max_pixels_in_memory: MAX_PIXELS_IN_MEMORY, progress, cancel };
    let kind = identify_bytes(&bytes)?;
    open_bytes(&bytes, kind, &how)
}
