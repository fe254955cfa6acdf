//! Codecs that give bytes: LZW, deflate, PackBits, Zstandard.

use std::io::Read;

use weezl::BitOrder;
use weezl::decode::Configuration;

use super::{CodecError, Compression};

/// The first `length` bytes that `packed` stands for. What is beyond is left out.
///
/// # Errors
/// [`CodecError`] when there are fewer, or the data are damaged.
pub fn unpack(compression: Compression, mut packed: Vec<u8>, length: usize) -> Result<Vec<u8>, CodecError> {
    match compression {
        Compression::None => {
            if packed.len() < length {
                return Err(CodecError::CutOff);
            }
            packed.truncate(length);
            Ok(packed)
        }
        Compression::Lzw => lzw(&packed, length),
        Compression::Deflate => read("deflate", flate2::read::ZlibDecoder::new(packed.as_slice()), length),
        Compression::PackBits => pack_bits(&packed, length),
        Compression::Zstandard => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(packed.as_slice());
            read("Zstandard", decoder.map_err(|_| CodecError::Corrupt("Zstandard"))?, length)
        }
        Compression::Jpeg | Compression::Jpeg2000 { .. } | Compression::WebP => Err(CodecError::CutOff),
    }
}

/// Room for `length` bytes, given as far as the data fill it.
fn room(length: usize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| CodecError::Memory)?;
    Ok(bytes)
}

fn read(what: &'static str, source: impl Read, length: usize) -> Result<Vec<u8>, CodecError> {
    // Grown as the data come, so that a few bytes cannot claim much memory.
    let mut bytes = room(length.min(1 << 20))?;
    match source.take(length as u64).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() == length => Ok(bytes),
        Ok(_) => Err(CodecError::CutOff),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(CodecError::CutOff),
        Err(_) => Err(CodecError::Corrupt(what)),
    }
}

fn lzw(packed: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
    // The first code clears the table. Before TIFF 6 its bits were reversed and codes grew one later.
    let is_old = matches!(packed, [0, second, ..] if second & 1 == 1);
    let mut decoder = if is_old {
        Configuration::new(BitOrder::Lsb, 8).build()
    } else {
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8).build()
    };
    const PIECE: usize = 1 << 16;
    let mut bytes = room(length.min(1 << 20))?;
    let mut rest = packed;
    while bytes.len() < length {
        let start = bytes.len();
        bytes.resize(start + PIECE.min(length - start), 0);
        let result = decoder.decode_bytes(rest, bytes.get_mut(start..).unwrap_or_default());
        rest = rest.get(result.consumed_in..).unwrap_or_default();
        bytes.truncate(start + result.consumed_out);
        match result.status {
            Ok(weezl::LzwStatus::Ok) if result.consumed_out + result.consumed_in > 0 => {}
            Ok(_) if bytes.len() >= length => {}
            Ok(_) => return Err(CodecError::CutOff),
            Err(_) => return Err(CodecError::Corrupt("LZW")),
        }
    }
    Ok(bytes)
}

fn pack_bits(packed: &[u8], length: usize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = room(length.min(packed.len().saturating_mul(64)))?;
    let mut rest = packed;
    while bytes.len() < length {
        let [control, tail @ ..] = rest else { return Err(CodecError::CutOff) };
        let left = length - bytes.len();
        rest = match *control {
            literal @ 0..=127 => {
                let count = usize::from(literal) + 1;
                let piece = tail.get(..count).ok_or(CodecError::CutOff)?;
                bytes.extend_from_slice(piece.get(..count.min(left)).unwrap_or_default());
                tail.get(count..).unwrap_or_default()
            }
            128 => tail,
            repeat => {
                let [value, after @ ..] = tail else { return Err(CodecError::CutOff) };
                bytes.extend(std::iter::repeat_n(*value, (257 - usize::from(repeat)).min(left)));
                after
            }
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_bits_follows_the_specification() {
        let packed =
            [0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA];
        let wanted = [
            [0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22].as_slice(),
            &[0xAA; 10],
        ]
        .concat();
        assert_eq!(unpack(Compression::PackBits, packed.to_vec(), 24).unwrap(), wanted);
        assert_eq!(unpack(Compression::PackBits, packed.to_vec(), 25), Err(CodecError::CutOff));
    }

    #[test]
    fn what_is_cut_off_is_said_to_be() {
        let sound: Vec<u8> = (0..200_000_u32).map(|i| (i % 7 * 30) as u8).collect();
        let mut lzw = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
        let lzw = lzw.encode(&sound).unwrap();
        let mut deflate = flate2::read::ZlibEncoder::new(sound.as_slice(), flate2::Compression::fast());
        let mut deflated = Vec::new();
        deflate.read_to_end(&mut deflated).unwrap();
        for (how, packed) in
            [(Compression::Lzw, lzw), (Compression::Deflate, deflated), (Compression::None, sound.clone())]
        {
            assert_eq!(unpack(how, packed.clone(), sound.len()).unwrap(), sound, "{how:?}");
            assert_eq!(unpack(how, packed.clone(), 100).unwrap(), sound[..100], "{how:?}");
            let half = packed[..packed.len() / 2].to_vec();
            assert!(unpack(how, half, sound.len()).is_err(), "{how:?}");
            assert!(unpack(how, packed, sound.len() + 1).is_err(), "{how:?}");
        }
    }
}
