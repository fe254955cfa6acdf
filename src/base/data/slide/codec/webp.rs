//! WebP tiles (TIFF compression 50001).

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::{CodecError, Wanted, cropped};
use crate::data::slide::source::Tile;

/// Decodes a WebP image of at least the size that is wanted. Transparency is drawn over white.
///
/// # Errors
/// [`CodecError`] when it is damaged or smaller.
pub fn decode(packed: &[u8], wanted: Wanted) -> Result<Tile, CodecError> {
    let mut decoder = WebPDecoder::new(Cursor::new(packed)).map_err(|_| CodecError::Corrupt("WebP"))?;
    let (found_width, found_height) = decoder.dimensions();
    let pixels = u64::from(found_width) * u64::from(found_height);
    wanted.check(found_width, found_height)?;
    decoder.set_memory_limit(pixels as usize * 16 + (1 << 20));
    let has_alpha = decoder.has_alpha();
    let mut bytes = vec![0; pixels as usize * if has_alpha { 4 } else { 3 }];
    decoder.read_image(&mut bytes).map_err(|_| CodecError::Corrupt("WebP"))?;
    let rgb = if has_alpha {
        let over_white =
            |v: u8, a: u8| ((u32::from(v) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8;
        bytes.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|i| over_white(p[i], p[3]))).collect()
    } else {
        bytes
    };
    cropped(Tile { width: found_width, height: found_height, rgb }, wanted)
}
