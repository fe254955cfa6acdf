//! Text in the encodings that programs write besides UTF-8.

/// Whether bytes that begin a file are text in UTF-16, with a byte order mark or, of plain letters, without.
pub fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe])
        || head.starts_with(&[0xfe, 0xff])
        || zeros_at(head, 1)
        || zeros_at(head, 0)
}

/// The text in `bytes`, for which [`is_utf16`] holds; `None` where it is damaged.
pub fn from_utf16(bytes: &[u8]) -> Option<String> {
    let (rest, little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] => (rest, false),
        [0, ..] => (bytes, false),
        _ => (bytes, true),
    };
    let unit = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units = rest.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?)));
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    text.filter(|t| !t.contains('\0') && rest.len().is_multiple_of(2))
}

/// The text in `bytes`, which are Windows-1252, Latin-1 with typographic characters; `None` where they hold control
/// characters other than tabs and line ends, as damaged and binary files do.
pub fn from_latin1(bytes: &[u8]) -> Option<String> {
    /// 0x80 to 0x9f; a space where nothing is assigned.
    const TYPOGRAPHIC: [char; 32] = [
        '\u{20ac}', ' ', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', ' ', '\u{17d}', ' ', ' ', '\u{2018}', '\u{2019}',
        '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
        '\u{203a}', '\u{153}', ' ', '\u{17e}', '\u{178}',
    ];
    let letter = |&byte: &u8| match byte {
        b'\t' | b'\n' | b'\r' => Some(char::from(byte)),
        0..=0x1f | 0x7f => None,
        0x80..=0x9f => TYPOGRAPHIC.get(usize::from(byte) - 0x80).copied().filter(|c| *c != ' '),
        _ => Some(char::from(byte)),
    };
    bytes.iter().map(letter).collect()
}

/// Whether every second byte, from `first` on, is zero and the others are not.
fn zeros_at(bytes: &[u8], first: usize) -> bool {
    bytes.len() >= 4
        && bytes.len().is_multiple_of(2)
        && bytes.chunks_exact(2).all(|pair| pair[first] == 0 && pair[1 - first] != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_known_with_and_without_a_mark() {
        let text = "Barcode\tGew\u{e4}ch\u{df}\n";
        for (mark, unit) in
            [([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]), ([0xfe, 0xff], u16::to_be_bytes)]
        {
            let bytes: Vec<u8> = mark.into_iter().chain(text.encode_utf16().flat_map(unit)).collect();
            assert!(is_utf16(&bytes));
            assert_eq!(from_utf16(&bytes).as_deref(), Some(text));
            assert_eq!(from_utf16(&bytes[..bytes.len() - 1]), None, "half a character");
            let plain: Vec<u8> = "A,B\n".encode_utf16().flat_map(unit).collect();
            assert!(is_utf16(&plain));
            assert_eq!(from_utf16(&plain).as_deref(), Some("A,B\n"));
        }
        assert!(!is_utf16(b"Barcode\t") && !is_utf16(b"") && !is_utf16(b"a\0b"));
    }

    #[test]
    fn latin_1_is_text_and_not_anything() {
        assert_eq!(
            from_latin1(b"Gew\xe4ch\xdf \x96 5 \x80").unwrap(),
            "Gew\u{e4}ch\u{df} \u{2013} 5 \u{20ac}"
        );
        assert_eq!((from_latin1(b"a\0b"), from_latin1(b"\x81")), (None, None));
    }
}
