//! Undoing what was done to a chunk before it was stored.

use std::io::Read;

/// Filters by their registered numbers.
const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const LZF: u16 = 32000;
const ZSTD: u16 = 32015;
const SCALE_OFFSET: u16 = 6;

/// Deflate makes at most 1032 bytes of one, and LZF fewer (264 of 3).
pub(super) const MAX_EXPANSION: u64 = 1032;

/// Whether chunks with these filters can be unpacked here.
pub(super) fn known(filters: &[u16]) -> bool {
    filters.iter().all(|f| matches!(*f, DEFLATE | SHUFFLE | FLETCHER32 | LZF | ZSTD))
}

/// Whether the library can unpack chunks with this filter.
pub(super) fn known_to_library(filter: u16) -> bool {
    matches!(filter, DEFLATE | SHUFFLE | FLETCHER32 | LZF | SCALE_OFFSET)
}

/// So many bytes can be made of one by these filters.
pub(super) fn most_expansion(filters: &[u16]) -> u64 {
    // A block of Zstandard that repeats one byte takes 4 bytes and is up to 128 KiB.
    if filters.contains(&ZSTD) { 1 << 15 } else { MAX_EXPANSION }
}

/// What a filter is called, for errors.
pub(super) fn name(filter: u16) -> String {
    match filter {
        4 => "szip".to_owned(),
        5 => "n-bit".to_owned(),
        SCALE_OFFSET => "scale-offset".to_owned(),
        307 => "bzip2".to_owned(),
        32001 => "Blosc".to_owned(),
        32004 => "LZ4".to_owned(),
        32008 => "bitshuffle".to_owned(),
        32026 => "Blosc2".to_owned(),
        other => format!("filter {other}"),
    }
}

/// The `size` bytes of a chunk whose stored bytes are `stored`; bit `i` of `skipped` says that filter `i` was
/// not applied. `None` when they do not unpack to that size. Allocates no more than `size` bytes at a time;
/// the caller has compared `size` with what was stored.
pub(super) fn undo(
    mut stored: Vec<u8>,
    filters: &[u16],
    skipped: u32,
    element_size: usize,
    size: usize,
) -> Option<Vec<u8>> {
    for (at, filter) in filters.iter().enumerate().rev() {
        if at < 32 && skipped & (1 << at) != 0 {
            continue;
        }
        stored = match *filter {
            // A checksum may follow the bytes when it was computed before they were packed.
            DEFLATE => inflate(&stored, size.checked_add(4)?)?,
            SHUFFLE => unshuffle(&stored, element_size)?,
            FLETCHER32 => {
                // Only taken off: packed bytes carry a checksum of their own.
                stored.truncate(stored.len().checked_sub(4)?);
                stored
            }
            ZSTD => unpack_zstd(&stored, size.checked_add(4)?)?,
            LZF => unpack_lzf(&stored, size.checked_add(4)?)?,
            _ => return None,
        };
    }
    (stored.len() == size).then_some(stored)
}

fn unpack_zstd(stored: &[u8], most: usize) -> Option<Vec<u8>> {
    limited(ruzstd::decoding::StreamingDecoder::new(stored).ok()?, most)
}

fn inflate(stored: &[u8], most: usize) -> Option<Vec<u8>> {
    limited(flate2::read::ZlibDecoder::new(stored), most)
}

/// All that `unpacked` gives; `None` when it is damaged or more than `most` bytes.
fn limited(unpacked: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(most).ok()?;
    unpacked.take(most as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() <= most).then_some(out)
}

/// Bytes of like significance were put together; whatever does not fill a value follows unchanged.
fn unshuffle(stored: &[u8], element_size: usize) -> Option<Vec<u8>> {
    if element_size <= 1 {
        return Some(stored.to_vec());
    }
    let values = stored.len() / element_size;
    let mut out = vec![0; stored.len()];
    let (whole, rest) = out.split_at_mut(values * element_size);
    match element_size {
        4 => interleave::<4>(stored, values, whole),
        8 => interleave::<8>(stored, values, whole),
        _ => {
            for byte in 0..element_size {
                let plane = stored.get(byte * values..(byte + 1) * values)?;
                for (value, &b) in whole.chunks_exact_mut(element_size).zip(plane) {
                    value[byte] = b;
                }
            }
        }
    }
    rest.copy_from_slice(stored.get(values * element_size..)?);
    Some(out)
}

/// As above with a width that the compiler knows, since most chunks are of 4 or 8 bytes.
fn interleave<const N: usize>(stored: &[u8], values: usize, out: &mut [u8]) {
    let planes: [&[u8]; N] =
        std::array::from_fn(|byte| stored.get(byte * values..(byte + 1) * values).unwrap_or_default());
    for (at, value) in out.chunks_exact_mut(N).enumerate() {
        for (byte, slot) in value.iter_mut().enumerate() {
            *slot = planes[byte].get(at).copied().unwrap_or_default();
        }
    }
}

/// LibLZF by Marc Lehmann, as h5py stores it: literal runs and references to what was unpacked before.
fn unpack_lzf(stored: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::new();
    out.try_reserve_exact(most).ok()?;
    let mut bytes = stored.iter().copied();
    while let Some(control) = bytes.next() {
        let control = usize::from(control);
        if control < 32 {
            for _ in 0..=control {
                out.push(bytes.next()?);
            }
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += usize::from(bytes.next()?);
            }
            let back = ((control & 31) << 8) + usize::from(bytes.next()?) + 1;
            let start = out.len().checked_sub(back)?;
            for at in start..start + length + 2 {
                out.push(*out.get(at)?);
            }
        }
        if out.len() > most {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzf_repeats_what_was_before() {
        // Three literals, then 6 bytes from 3 back.
        assert_eq!(unpack_lzf(&[2, b'a', b'b', b'c', 4 << 5, 2], 100).unwrap(), b"abcabcabc");
        assert!(unpack_lzf(&[4 << 5, 2], 100).is_none());
        assert!(unpack_lzf(&[2, b'a'], 100).is_none());
    }

    #[test]
    fn zstandard_is_unpacked_up_to_the_size_of_a_chunk() {
        // Magic, a frame of 6 bytes, one last block of 6 raw bytes.
        let frame = b"\x28\xb5\x2f\xfd\x20\x06\x31\0\0abcabc";
        assert_eq!(undo(frame.to_vec(), &[ZSTD], 0, 1, 6).unwrap(), b"abcabc");
        assert!(unpack_zstd(frame, 5).is_none());
        assert!(unpack_zstd(&frame[..10], 6).is_none() && unpack_zstd(b"no", 6).is_none());
        // The block repeats one byte.
        let frame = b"\x28\xb5\x2f\xfd\x60\x00\x0f\x03\x80\0a";
        assert_eq!(unpack_zstd(frame, 1 << 16).unwrap(), vec![b'a'; 4096]);
    }

    #[test]
    fn shuffled_bytes_return_to_their_values() {
        for size in [2, 3, 4, 8] {
            let values: Vec<u8> = (0..size as u8 * 5).collect();
            let mut shuffled = Vec::new();
            for byte in 0..size {
                shuffled.extend(values.chunks_exact(size).map(|v| v[byte]));
            }
            shuffled.push(99);
            let mut expected = values;
            expected.push(99);
            assert_eq!(unshuffle(&shuffled, size).unwrap(), expected);
        }
    }
}
