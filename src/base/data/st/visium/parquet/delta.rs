//! Numbers stored as differences, and texts stored by length and by what they share with the one before.

use super::encoding::unpack;
use super::thrift::{unzigzag, varint};
use super::values::{MAX_TEXT, Values};
use super::{Parsed, cut};

/// Writers use blocks of 128 or 256 numbers.
const MAX_BLOCK: u64 = 1 << 16;

fn next(rest: &mut &[u8]) -> Parsed<u64> {
    let (value, used) = varint(rest)?;
    *rest = rest.get(used..).unwrap_or_default();
    Ok(value)
}

/// Decodes at most `most` whole numbers; returns them and the bytes that follow.
pub fn numbers(bytes: &[u8], most: usize) -> Parsed<(Vec<i64>, &[u8])> {
    let mut rest = bytes;
    let block = next(&mut rest)?;
    let parts = next(&mut rest)?;
    let total = next(&mut rest)?;
    let first = unzigzag(next(&mut rest)?);
    let sound = (1..=MAX_BLOCK).contains(&block)
        && (1..=block).contains(&parts)
        && block % parts == 0
        && (block / parts) % 8 == 0
        && total <= most as u64;
    let (Ok(part), Ok(parts), Ok(total), true) =
        (usize::try_from(block / parts.max(1)), usize::try_from(parts), usize::try_from(total), sound)
    else {
        return cut();
    };
    let mut out = Vec::new();
    if total > 0 {
        out.push(first);
    }
    let mut value = first;
    while out.len() < total {
        let least = unzigzag(next(&mut rest)?);
        let Some((widths, after)) = rest.split_at_checked(parts) else { return cut() };
        rest = after;
        for &width in widths {
            let count = part.min(total - out.len());
            if count == 0 {
                break;
            }
            let size = part / 8 * usize::from(width);
            let Some((packed, after)) = rest.split_at_checked(size) else { return cut() };
            rest = after;
            unpack(packed, u32::from(width), count, |difference| {
                // The format lets differences wrap around.
                value = value.wrapping_add(least).wrapping_add(difference.cast_signed());
                out.push(value);
                Ok(())
            })?;
        }
    }
    Ok((out, rest))
}

/// Appends `n` texts: all lengths, then all bytes.
pub fn texts<V: Values>(bytes: &[u8], n: usize, out: &mut V) -> Parsed<()> {
    let (lengths, mut rest) = numbers(bytes, n)?;
    if lengths.len() != n {
        return cut();
    }
    for length in lengths {
        let Some((text, after)) = usize::try_from(length).ok().and_then(|l| rest.split_at_checked(l)) else {
            return cut();
        };
        out.push_text(text, b"")?;
        rest = after;
    }
    Ok(())
}

/// Appends `n` texts that share their starts: what each shares with the one before, then the rest as in [`texts`].
pub fn sharing_texts<V: Values>(bytes: &[u8], n: usize, out: &mut V) -> Parsed<()> {
    let (shared, rest) = numbers(bytes, n)?;
    let (lengths, mut rest) = numbers(rest, n)?;
    if shared.len() != n || lengths.len() != n {
        return cut();
    }
    let mut before: Vec<u8> = Vec::new();
    for (shared, length) in shared.into_iter().zip(lengths) {
        let (Ok(shared), Ok(length)) = (usize::try_from(shared), usize::try_from(length)) else {
            return cut();
        };
        let Some((end, after)) = rest.split_at_checked(length) else { return cut() };
        if shared > before.len() || shared > MAX_TEXT {
            return cut();
        }
        before.truncate(shared);
        out.push_text(&before, end)?;
        before.extend_from_slice(end);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::values::Texts;
    use super::*;

    #[test]
    fn the_example_of_the_format() {
        // 1 to 5: one block of 128 in 4 parts, five numbers, first 1, all differences 1.
        let bytes = [0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0, 0xaa];
        assert_eq!(numbers(&bytes, 5).unwrap(), (vec![1, 2, 3, 4, 5], &[0xaa][..]));
        assert!(numbers(&bytes, 4).is_err());
        assert!(numbers(&bytes[..6], 5).is_err());
        assert!(numbers(&[0x00, 0x00, 0x01, 0x01], 5).is_err());
    }

    #[test]
    fn shared_starts_are_put_together() {
        // "ab", "abc": they share 0 and 2 bytes, 2 and 1 bytes follow.
        let ints = |a: u8, b: u8| [0x80, 0x01, 0x01, 0x02, a * 2, b, 0];
        let mut bytes = ints(0, 4).to_vec();
        bytes.extend(ints(2, 1));
        bytes.extend(b"abc");
        let mut out = Texts::default();
        sharing_texts(&bytes, 2, &mut out).unwrap();
        assert_eq!((out.get(0), out.get(1), out.get(2)), ("ab", "abc", ""));
    }
}
