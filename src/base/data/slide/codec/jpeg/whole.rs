//! Whether a JPEG file ends where it should. Decoders fill what a cut-off one lacks with grey.

/// Whether the markers of a JPEG (ITU T.81, annex B) lead to its end-of-image marker.
pub fn is_whole(bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_ends_with_its_marker() {
        let mut jpeg = vec![0xFF, 0xD8];
        // A comment that itself contains an end-of-image marker, as embedded thumbnails do.
        jpeg.extend([0xFF, 0xFE, 0x00, 0x04, 0xFF, 0xD9]);
        jpeg.extend([0xFF, 0xDA, 0x00, 0x02, 0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56]);
        assert!(!is_whole(&jpeg));
        jpeg.extend([0xFF, 0xD9, 1, 2, 3]);
        assert!(is_whole(&jpeg));
        assert!(!is_whole(&[]));
        assert!(!is_whole(&[0xFF, 0xD8, 0xFF, 0xE1, 0xFF]));
    }
}
