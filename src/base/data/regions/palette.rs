//! Colours of classes that nobody has given one. The same name has the same colour everywhere, unless another class of the
//! list has it already.

/// The colour of regions without a class: QuPath's red would be taken for that of tumour.
pub const UNCLASSIFIED: [u8; 3] = [0, 90, 200];

/// The colours that QuPath gives its own classes, by lower-case name.
const KNOWN: [(&str, [u8; 3]); 12] = [
    ("tumor", [200, 0, 0]),
    ("tumour", [200, 0, 0]),
    ("stroma", [150, 200, 150]),
    ("immune cells", [160, 90, 160]),
    ("necrosis", [50, 50, 50]),
    ("other", [255, 200, 0]),
    ("region", [0, 0, 180]),
    ("region*", [0, 0, 180]),
    ("ignore", [180, 180, 180]),
    ("ignore*", [180, 180, 180]),
    ("positive", [250, 62, 62]),
    ("negative", [112, 112, 225]),
];

/// Twenty colours that are told apart, in the order in which they are given out: `default_20` of scanpy.
pub const COLORS: [[u8; 3]; 20] = [
    [0x1f, 0x77, 0xb4],
    [0xff, 0x7f, 0x0e],
    [0x27, 0x9e, 0x68],
    [0xd6, 0x27, 0x28],
    [0xaa, 0x40, 0xfc],
    [0x8c, 0x56, 0x4b],
    [0xe3, 0x77, 0xc2],
    [0xb5, 0xbd, 0x61],
    [0x17, 0xbe, 0xcf],
    [0xae, 0xc7, 0xe8],
    [0xff, 0xbb, 0x78],
    [0x98, 0xdf, 0x8a],
    [0xff, 0x98, 0x96],
    [0xc5, 0xb0, 0xd5],
    [0xc4, 0x9c, 0x94],
    [0xf7, 0xb6, 0xd2],
    [0xdb, 0xdb, 0x8d],
    [0x9e, 0xda, 0xe5],
    [0xad, 0x49, 0x4a],
    [0x8c, 0x6d, 0x31],
];

/// The colour of the class called `name`: QuPath's, where it has one; by its number, where the name is or ends in one, so
/// that clusters follow the palette; else by a hash of its name. A colour in `used` is passed over for the next that is free,
/// and hues between those of the palette follow when all are taken.
pub fn color_of(name: &str, used: &[[u8; 3]]) -> [u8; 3] {
    let lower = name.trim().to_lowercase();
    let first = lower.split(':').next().unwrap_or("").trim();
    let known = KNOWN.iter().find(|(known, _)| *known == lower || *known == first);
    if let Some((_, color)) = known.filter(|(_, color)| !used.contains(color)) {
        return *color;
    }
    let start = number_in(&lower).unwrap_or_else(|| hash(&lower)) as usize;
    let free = (0..COLORS.len())
        .filter_map(|i| COLORS.get((start + i) % COLORS.len()))
        .find(|color| !used.contains(color));
    free.copied().unwrap_or_else(|| between(start, used))
}

/// The number that a name is or ends in: 3 of "3", "Cluster 3" and "layer_3".
fn number_in(name: &str) -> Option<u64> {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name.get(name.len() - digits..)?.parse().ok()
}

/// FNV-1a, which stays the same from one version of the program to the next.
fn hash(name: &str) -> u64 {
    let mix = |h: u64, b: &u8| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
    // The low bits are the best mixed ones; the top bit is dropped, as a sum with a position must not overflow.
    name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, mix) >> 1
}

/// A colour that is in no list: hues turn by the golden angle.
fn between(start: usize, used: &[[u8; 3]]) -> [u8; 3] {
    const TURN: f64 = 0.618_033_988_749_895;
    let hue = |i: usize| ((start % 1000) as f64 * 0.137 + i as f64 * TURN).fract();
    let candidates =
        (0..=used.len()).map(|i| hsv(hue(i), 0.45 + 0.4 * (i % 2) as f64, 0.85 - 0.2 * (i % 3) as f64));
    let mut last = UNCLASSIFIED;
    for color in candidates {
        last = color;
        if !used.contains(&color) {
            break;
        }
    }
    last
}

fn hsv(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    let channel = |offset: f64| {
        let k = (offset + hue * 6.0) % 6.0;
        let share = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        (share * 255.0).round() as u8
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_classes_have_the_colours_of_qupath() {
        assert_eq!(color_of("Tumor", &[]), [200, 0, 0]);
        assert_eq!(color_of("Tumor: Positive", &[]), [200, 0, 0]);
        assert_ne!(color_of("Tumor: Positive", &[[200, 0, 0]]), [200, 0, 0]);
    }

    #[test]
    fn numbers_follow_the_palette_and_names_keep_their_colour() {
        assert_eq!(color_of("0", &[]), COLORS[0]);
        assert_eq!(color_of("Cluster 3", &[]), COLORS[3]);
        assert_eq!(color_of("23", &[]), COLORS[3]);
        assert_eq!(color_of("adipose tissue", &[]), color_of("Adipose tissue", &[]));
        assert_ne!(color_of("18446744073709551615", &[]), [0, 0, 0]);
    }

    #[test]
    fn many_classes_all_differ() {
        let mut used = Vec::new();
        for i in 0..120 {
            let color = color_of(&format!("class {}", i * 7 % 40), &used);
            assert!(!used.contains(&color), "{i}");
            used.push(color);
        }
    }

    #[test]
    fn hues_are_those_of_the_wheel() {
        assert_eq!(hsv(0.0, 1.0, 1.0), [255, 0, 0]);
        assert_eq!(hsv(1.0 / 3.0, 1.0, 1.0), [0, 255, 0]);
        assert_eq!(hsv(2.0 / 3.0, 1.0, 1.0), [0, 0, 255]);
    }
}
