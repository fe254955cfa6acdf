//! The coded data of a JPEG, checked for what the decoder passes over: it fills what is missing with grey.

use super::super::CodecError;
use super::stream::Frame;

/// Zeros after the data. The decoder reads up to 8 bytes ahead, but never as far as [`BARRIER`] unless data are missing.
const PADDING: [u8; 16] = [0; 16];
/// A marker at which the decoder stops with an error.
const BARRIER: [u8; 2] = [0xFF, 0xF0];
const END: [u8; 2] = [0xFF, 0xD9];

/// The scans of an image of `size` as the decoder is given them: a single scan whose end cannot be passed unnoticed, or
/// several as they are.
///
/// # Errors
/// [`CodecError`] when data are missing, or there is something else among them.
pub fn checked(
    scans: &[u8],
    frame: &Frame,
    size: (u16, u16),
    restart_interval: u16,
) -> Result<Vec<u8>, CodecError> {
    let header = scans.get(2..4).map_or(0, |l| usize::from(u16::from_be_bytes([l[0], l[1]])) + 2);
    let count = scans.get(4).copied().unwrap_or(0);
    let is_single = matches!(frame.marker, 0xC0 | 0xC1) && usize::from(count) == frame.components.len();
    let Some((head, data)) = scans.split_at_checked(header).filter(|_| is_single) else {
        let end: &[u8] = if scans.ends_with(&END) { &[] } else { &END };
        return Ok([scans, end].concat());
    };
    let (length, restarts) = data_length(data)?;
    let data = data.get(..length).unwrap_or_default();
    if restart_interval == 0 {
        return Ok([head, data, &PADDING, &BARRIER].concat());
    }
    let (unit_width, unit_height) = frame.unit();
    let units = u64::from(u32::from(size.0).div_ceil(unit_width))
        * u64::from(u32::from(size.1).div_ceil(unit_height));
    if restarts + 1 < units.div_ceil(u64::from(restart_interval)) {
        return Err(CodecError::CutOff);
    }
    Ok([head, data, &END].concat())
}

/// How long the data are up to the end marker, or to the end of what is there, and how many restarts are in them.
fn data_length(data: &[u8]) -> Result<(usize, u64), CodecError> {
    let (mut at, mut restarts) = (0, 0);
    while let Some(next) = data.get(at..).and_then(|rest| rest.iter().position(|&b| b == 0xFF)) {
        let mark = at + next;
        match data.get(mark + 1) {
            // A stuffed byte, or a fill byte before a marker.
            Some(0x00) => at = mark + 2,
            Some(0xFF) => at = mark + 1,
            Some(0xD0..=0xD7) => (at, restarts) = (mark + 2, restarts + 1),
            Some(0xD9) | None => return Ok((mark, restarts)),
            Some(other) => return Err(CodecError::Damaged(format!("marker {other:02X} among its data"))),
        }
    }
    Ok((data.len(), restarts))
}
