//! What the tags of a TIFF say of its pixels: kinds that are not read here, and kinds that the image library reads
//! wrongly.

use std::io::{self, Read, Seek};
use std::path::Path;

use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::{SampleFormat, Tag};
use tiff::{ColorType, TiffError, TiffResult, TiffUnsupportedError};

use crate::core::files::FileError;

/// What to do with an image that is not read.
pub(super) const INSTEAD: &str = "save it as an 8-bit RGB TIFF, for example from QuPath or Fiji";

/// The pixels of the first image of a TIFF.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tags {
    /// Whether each colour has its own tiles.
    pub(super) planes_of_tiles: bool,
    /// The largest value that a sample can have, where the file says it.
    pub(super) largest: Option<u16>,
}

impl Tags {
    /// Reads the tags of `source`, the content of `path`. What is no TIFF has none.
    ///
    /// # Errors
    /// [`FileError`] when the pixels are of a kind that is not read: what it is, and what to do.
    pub(super) fn read(path: &Path, source: impl Read + Seek) -> Result<Self, FileError> {
        let Ok(mut decoder) = Decoder::new(source) else { return Ok(Self::default()) };
        let mut numbers = |tag| decoder.find_tag_unsigned_vec::<u64>(tag).ok().flatten().unwrap_or_default();
        let (planes, offsets) = (numbers(Tag::PlanarConfiguration), numbers(Tag::TileOffsets));
        let (bits, formats) = (numbers(Tag::BitsPerSample), numbers(Tag::SampleFormat));
        let most = [Tag::SMaxSampleValue, Tag::MaxSampleValue].into_iter().flat_map(&mut numbers).max();
        let unsigned = |&format: &u64| format == u64::from(SampleFormat::Uint.to_u16());
        let deepest = bits.iter().copied().max().unwrap_or(1);
        let what = match decoder.colortype() {
            Ok(ColorType::Palette(_)) => "it uses a colour palette".to_owned(),
            Ok(ColorType::YCbCr(_)) => "its colours are stored as YCbCr".to_owned(),
            Ok(ColorType::Lab(_)) => "its colours are stored as CIE L*a*b*".to_owned(),
            Ok(ColorType::Multiband { num_samples, .. }) => {
                format!("it has {num_samples} channels that are not colours, as in immunofluorescence")
            }
            _ if deepest > 16 || !formats.iter().all(unsigned) => {
                "its values are floating-point, signed or 32-bit numbers without a defined white level"
                    .to_owned()
            }
            _ if ![1, 8, 16].contains(&deepest) => format!("its values have {deepest} bits"),
            Ok(_) | Err(_) => {
                let planes_of_tiles = planes.contains(&2) && offsets.len() > 1;
                return Ok(Self { planes_of_tiles, largest: most.and_then(|most| u16::try_from(most).ok()) });
            }
        };
        Err(FileError::malformed(path, format!("this TIFF cannot be read, because {what}; {INSTEAD}")))
    }
}

/// # Errors
/// [`FileError`] when the first strip or tile of a TIFF shows that it cannot be decoded.
pub(super) fn check_first(path: &Path, source: impl Read + Seek) -> Result<(), FileError> {
    let Ok(mut decoder) = Decoder::new(source) else { return Ok(()) };
    match decoder.read_chunk(0) {
        Err(error @ (TiffError::UnsupportedError(_) | TiffError::FormatError(_))) => {
            Err(refused(path, error))
        }
        // Whatever else: the whole image is decoded within other limits.
        _ => Ok(()),
    }
}

/// Why a TIFF cannot be read, in one sentence.
pub(super) fn refused(path: &Path, error: TiffError) -> FileError {
    match error {
        TiffError::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            FileError::malformed(path, "the image is cut off; copy it again from its source")
        }
        TiffError::IoError(e) => FileError::io("read", path)(e),
        TiffError::UnsupportedError(what) => unsupported(path, &what.to_string()),
        other => {
            let message = format!("the image is damaged ({other}); copy it again from its source");
            FileError::malformed(path, message)
        }
    }
}

/// What a decoder says that does not know a kind of image.
pub(super) fn unsupported(path: &Path, what: &str) -> FileError {
    FileError::malformed(path, format!("this kind of image cannot be read ({what}); {INSTEAD}"))
}

/// Reads an image each of whose colours has its own tiles into `out`: `channels` samples of `bytes` bytes a pixel. The
/// image library goes wrong at the lowest tiles of every colour but the first.
pub(super) fn read_planes(
    source: impl Read + Seek,
    channels: usize,
    bytes: usize,
    out: &mut [u8],
) -> TiffResult<()> {
    let mut decoder = Decoder::new(source)?;
    let (width, height) = decoder.dimensions()?;
    let (width, height) = (width as usize, height as usize);
    let (tile_width, tile_height) = decoder.chunk_dimensions();
    let (tile_width, tile_height) = (tile_width.max(1) as usize, tile_height.max(1) as usize);
    let across = width.div_ceil(tile_width);
    let tiles = across * height.div_ceil(tile_height);
    for plane in 0..channels {
        for tile in 0..tiles {
            let index = (plane * tiles + tile) as u32;
            let stored = decoder.chunk_data_dimensions(index).0.max(1) as usize;
            let samples = match decoder.read_chunk(index)? {
                DecodingResult::U8(samples) => samples,
                DecodingResult::U16(samples) => samples.into_iter().flat_map(u16::to_ne_bytes).collect(),
                _ => {
                    let color = decoder.colortype()?;
                    return Err(TiffUnsupportedError::UnsupportedColorType(color).into());
                }
            };
            let (left, top) = (tile % across * tile_width, tile / across * tile_height);
            let rows = samples.chunks_exact(stored * bytes).take(height.saturating_sub(top));
            for (row, y) in rows.zip(top..) {
                for (sample, x) in row.chunks_exact(bytes).zip(left..width) {
                    let at = ((y * width + x) * channels + plane) * bytes;
                    if let Some(place) = out.get_mut(at..at + bytes) {
                        place.copy_from_slice(sample);
                    }
                }
            }
        }
    }
    Ok(())
}
