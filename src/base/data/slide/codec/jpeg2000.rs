//! JPEG 2000 tiles (TIFF compressions 33003, 33005 and 34712).

use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext, Image};

use super::{CodecError, Wanted, cropped, ycbcr};
use crate::data::slide::source::Tile;

const CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
const END: [u8; 2] = [0xFF, 0xD9];

/// Decodes a JPEG 2000 image or codestream of at least the size that is wanted. With `is_ycbcr` its three components
/// are YCbCr although it does not say so.
///
/// # Errors
/// [`CodecError`] when it is damaged or smaller.
pub fn decode(packed: &[u8], is_ycbcr: bool, wanted: Wanted) -> Result<Tile, CodecError> {
    // Some writers leave out the marker at the end, of which the decoder is strict.
    let completed;
    let packed = if packed.starts_with(&CODESTREAM) && !packed.ends_with(&END) {
        completed = [packed, &END].concat();
        completed.as_slice()
    } else {
        packed
    };
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let image = Image::new(packed, &settings).map_err(|_| CodecError::Corrupt("JPEG 2000"))?;
    let (found_width, found_height) = (image.width(), image.height());
    let pixels = u64::from(found_width) * u64::from(found_height);
    wanted.check(found_width, found_height)?;
    let is_cmyk = matches!(image.color_space(), ColorSpace::CMYK);
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|_| CodecError::Corrupt("JPEG 2000"))?;
    let components = decoded.components();
    let count = components.len();
    if components.is_empty() || components.iter().any(|c| c.samples().len() as u64 != pixels) {
        return Err(CodecError::Damaged("its components differ in size".to_owned()));
    }
    let samples = decoded.data_u8();
    let mut rgb = Vec::with_capacity(pixels as usize * 3);
    match (count, is_cmyk) {
        (1 | 2, _) => rgb.extend(samples.chunks_exact(count).flat_map(|p| [p[0]; 3])),
        (4, true) => rgb.extend(
            samples
                .chunks_exact(4)
                .flat_map(|p| [0, 1, 2].map(|i| (u32::from(255 - p[i]) * u32::from(255 - p[3]) / 255) as u8)),
        ),
        // The decoder converts streams whose colours are subsampled.
        (_, _) if is_ycbcr && !has_subsampled_colors(packed) => {
            rgb.extend(samples.chunks_exact(count).flat_map(|p| ycbcr::to_rgb(p[0], p[1], p[2])));
        }
        (3, _) => rgb = samples,
        (_, _) => rgb.extend(samples.chunks_exact(count).flat_map(|p| [p[0], p[1], p[2]])),
    }
    cropped(Tile { width: found_width, height: found_height, rgb }, wanted)
}

/// Whether a bare codestream says in its marker SIZ (ISO 15444-1, A.5.1) that its second component is coarser than its
/// first.
fn has_subsampled_colors(packed: &[u8]) -> bool {
    const COMPONENTS: usize = 42;
    let component = |i: usize| packed.get(COMPONENTS + 3 * i + 1..COMPONENTS + 3 * i + 3);
    packed.starts_with(&CODESTREAM) && component(0) != component(1)
}
