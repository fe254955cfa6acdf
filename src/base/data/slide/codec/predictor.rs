//! Horizontal differencing (TIFF 6, section 14): every sample is stored as its difference from the one to its left.

use crate::data::slide::tiff::ByteOrder;

/// Adds the differences up again, in place, in rows of `row_bytes` bytes with `samples` samples a pixel. 16-bit samples
/// stay in the byte order of the file; other depths are left as they are.
pub fn undo_horizontal(bytes: &mut [u8], row_bytes: usize, samples: usize, bits: u8, order: ByteOrder) {
    for row in bytes.chunks_mut(row_bytes.max(1)) {
        match bits {
            8 if samples == 3 => add_up_rgb(row),
            8 => {
                for i in samples..row.len() {
                    row[i] = row[i].wrapping_add(row[i - samples]);
                }
            }
            16 => {
                let get = |raw| match order {
                    ByteOrder::Little => u16::from_le_bytes(raw),
                    ByteOrder::Big => u16::from_be_bytes(raw),
                };
                let put = |value: u16| match order {
                    ByteOrder::Little => value.to_le_bytes(),
                    ByteOrder::Big => value.to_be_bytes(),
                };
                for i in samples..row.len() / 2 {
                    let (at, left) = (2 * i, 2 * (i - samples));
                    let sum = get([row[at], row[at + 1]]).wrapping_add(get([row[left], row[left + 1]]));
                    row[at..at + 2].copy_from_slice(&put(sum));
                }
            }
            _ => {}
        }
    }
}

fn add_up_rgb(row: &mut [u8]) {
    let mut sum = [0_u8; 3];
    for pixel in row.chunks_exact_mut(3) {
        for (value, sum) in pixel.iter_mut().zip(&mut sum) {
            *sum = sum.wrapping_add(*value);
            *value = *sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_add_up() {
        let mut rgb = [10, 20, 30, 1, 2, 255, 1, 1, 1, 5, 5, 5, 1, 1, 1, 1, 1, 1];
        undo_horizontal(&mut rgb, 9, 3, 8, ByteOrder::Little);
        assert_eq!(rgb, [10, 20, 30, 11, 22, 29, 12, 23, 30, 5, 5, 5, 6, 6, 6, 7, 7, 7]);
        let mut wide = [0x00, 0xFF, 0x00, 0x01, 0xFF, 0xFF];
        undo_horizontal(&mut wide, 6, 1, 16, ByteOrder::Big);
        assert_eq!(wide, [0x00, 0xFF, 0x01, 0x00, 0x00, 0xFF]);
        let mut wide = [0xFF, 0x00, 0x01, 0x00];
        undo_horizontal(&mut wide, 4, 1, 16, ByteOrder::Little);
        assert_eq!(wide, [0xFF, 0x00, 0x00, 0x01]);
    }
}
