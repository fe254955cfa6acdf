//! Run lengths mixed with packed bits, in which levels, dictionary indices and truth values are stored.

use super::thrift::varint;
use super::{Parsed, cut};

/// Calls `each` for `n` numbers of `width` bits each (at most 32).
pub fn hybrid(mut bytes: &[u8], width: u32, n: usize, mut each: impl FnMut(u32) -> Parsed<()>) -> Parsed<()> {
    if width > 32 {
        return cut();
    }
    let mut left = n;
    while left > 0 {
        let (head, used) = varint(bytes)?;
        let Some(rest) = bytes.get(used..) else { return cut() };
        let Ok(length) = usize::try_from(head >> 1) else { return cut() };
        if head & 1 == 0 {
            let Some((value, rest)) = rest.split_at_checked(width.div_ceil(8) as usize) else { return cut() };
            let value = value.iter().rev().fold(0u32, |v, &byte| (v << 8) | u32::from(byte));
            let run = length.min(left);
            if run == 0 {
                return cut();
            }
            (0..run).try_for_each(|_| each(value))?;
            left -= run;
            bytes = rest;
        } else {
            let count = length.saturating_mul(8).min(left);
            if count == 0 {
                return cut();
            }
            // Writers may leave out the padding of the last group.
            let size = length.saturating_mul(width as usize).min(rest.len());
            let Some((packed, rest)) = rest.split_at_checked(size) else { return cut() };
            unpack(packed, width, count, |v| each(v as u32))?;
            left -= count;
            bytes = rest;
        }
    }
    Ok(())
}

/// Calls `each` for `n` numbers of `width` bits (at most 64), lowest bits first.
pub fn unpack(packed: &[u8], width: u32, n: usize, mut each: impl FnMut(u64) -> Parsed<()>) -> Parsed<()> {
    let needed = n.saturating_mul(width as usize).div_ceil(8);
    if width > 64 || packed.len() < needed {
        return cut();
    }
    let mask = if width == 64 { u64::MAX } else { (1u64 << width) - 1 };
    let mut bytes = packed.iter();
    // Up to 7 bits are left over from one number to the next, so 71 bits are held at most.
    let (mut held, mut bits) = (0u128, 0u32);
    for _ in 0..n {
        while bits < width {
            held |= u128::from(bytes.next().copied().unwrap_or(0)) << bits;
            bits += 8;
        }
        each(held as u64 & mask)?;
        held >>= width;
        bits -= width;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], width: u32, n: usize) -> Option<Vec<u32>> {
        let mut out = Vec::new();
        hybrid(bytes, width, n, |v| {
            out.push(v);
            Ok(())
        })
        .ok()?;
        Some(out)
    }

    #[test]
    fn runs_and_packed_groups() {
        // The format's own example: 0 to 7 in 3 bits.
        assert_eq!(all(&[0x03, 0x88, 0xc6, 0xfa], 3, 8), Some((0..8).collect()));
        assert_eq!(all(&[0x08, 0x05, 0x03, 0x88, 0xc6, 0xfa], 3, 6), Some(vec![5, 5, 5, 5, 0, 1]));
        assert_eq!(all(&[0x06], 0, 3), Some(vec![0; 3]));
        assert_eq!(all(&[0x04, 0x01, 0x02], 12, 2), Some(vec![0x201; 2]));
    }

    #[test]
    fn what_ends_early_is_refused() {
        for bytes in [&[][..], &[0x00, 0x01], &[0x01], &[0x03, 0x88], &[0xff, 0xff], &[0x08]] {
            assert_eq!(all(bytes, 3, 8), None, "{bytes:?}");
        }
        assert_eq!(all(&[0x02, 0, 0, 0, 0, 0], 33, 1), None);
    }

    #[test]
    fn wide_numbers_unpack() {
        let mut out = Vec::new();
        let bytes: Vec<u8> = [u64::MAX, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
        unpack(&bytes, 64, 2, |v| {
            out.push(v);
            Ok(())
        })
        .unwrap();
        assert_eq!(out, [u64::MAX, 1]);
    }
}
