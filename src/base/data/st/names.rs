//! Names of sections, spots and files.

use std::cmp::Ordering;
use std::path::Path;

/// The spot at column `x`, row `y` of a legacy ST array, as count tables name it: "10x21". Coordinates that
/// were refined to fractions belong to the nearest spot. `None` when they cannot be array coordinates.
pub fn spot_id(x: f64, y: f64) -> Option<String> {
    let [x, y] = grid_of(x, y)?;
    Some(format!("{x}x{y}"))
}

/// The array coordinates nearest to `x`, `y`; `None` when they are not finite or beyond any array.
pub fn grid_of(x: f64, y: f64) -> Option<[i32; 2]> {
    const MAX_COORDINATE: f64 = 1e6;
    let round = |v: f64| (v.abs() <= MAX_COORDINATE).then(|| v.round() as i32);
    Some([round(x)?, round(y)?])
}

/// The array coordinates in a spot identifier such as "10x21".
pub fn grid_of_id(id: &str) -> Option<[i32; 2]> {
    let (x, y) = id.split_once('x')?;
    grid_of(x.parse().ok()?, y.parse().ok()?)
}

/// The identifier under which spots are joined: "10x21" for everything that rounds to it ("10.02x20.98"), the
/// identifier itself where it is not a pair of array coordinates (a barcode).
pub fn join_key(id: &str) -> String {
    grid_of_id(id).map_or_else(|| id.to_owned(), |[x, y]| format!("{x}x{y}"))
}

/// The barcode in an identifier, without the sample that programs put before it and the number that they put behind
/// it: "AAACAAGTATCTCCCA" of "S1_AAACAAGTATCTCCCA-1"; without its number that of a bin ("s_008um_00301_00321").
pub fn bare_barcode(id: &str) -> &str {
    let parts = || id.split(['-', '_', '.', '#', ':']);
    if let Some(bases) = parts().find(|part| is_bases(part)) {
        return bases;
    }
    match id.rsplit_once('-') {
        Some((bare, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => bare,
        _ => id,
    }
}

/// Whether `text` is made of bases and long enough for a barcode.
pub(crate) fn is_bases(text: &str) -> bool {
    const MIN_BASES: usize = 12;
    text.len() >= MIN_BASES && text.bytes().all(|b| b"ACGT".contains(&b))
}

/// The donor a section name speaks of: the letters before the number ("C2" is of patient C), or the first
/// part of a name in parts ("P2_ST_rep1" is of patient P2). `None` where the name says nothing.
pub fn patient_of(section: &str) -> Option<String> {
    let letters = section.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.len() < section.len() && !letters.is_empty() && letters.chars().all(char::is_alphabetic) {
        return Some(letters.to_owned());
    }
    let (first, _) = section.split_once(['_', '-', ' '])?;
    let says_something =
        first.chars().any(|c| c.is_ascii_digit()) && first.chars().all(char::is_alphanumeric);
    says_something.then(|| first.to_owned())
}

/// Orders names as people do: C2 before C10.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a, b);
    loop {
        let (digits_x, digits_y) = (leading_digits(x), leading_digits(y));
        if digits_x > 0 && digits_y > 0 {
            let (number_x, rest_x) = x.split_at(digits_x);
            let (number_y, rest_y) = y.split_at(digits_y);
            let (plain_x, plain_y) = (number_x.trim_start_matches('0'), number_y.trim_start_matches('0'));
            let order = plain_x.len().cmp(&plain_y.len()).then_with(|| plain_x.cmp(plain_y));
            if order != Ordering::Equal {
                return order;
            }
            (x, y) = (rest_x, rest_y);
            continue;
        }
        let (mut chars_x, mut chars_y) = (x.chars(), y.chars());
        match (chars_x.next(), chars_y.next()) {
            // Names that read the same ("C2", "C02") still need one order.
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(c), Some(d)) => {
                let order = c.to_lowercase().cmp(d.to_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
        (x, y) = (chars_x.as_str(), chars_y.as_str());
    }
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The file's name without folder, for sentences; the whole path where there is none.
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// The file's name without folder and without any of `endings` (compared without case), longest match first.
pub(super) fn without_ending<'a>(name: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().filter_map(|ending| strip_suffix_ignoring_case(name, ending)).min_by_key(|stem| stem.len())
}

fn strip_suffix_ignoring_case<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(suffix.len())?;
    let (stem, ending) = name.split_at_checked(at)?;
    ending.eq_ignore_ascii_case(suffix).then_some(stem)
}

/// `text` in quotes, cut where it is long, fit to stand in a sentence.
pub(crate) fn quoted(text: &str) -> String {
    const MAX_QUOTED: usize = 40;
    let shown: String = text.chars().take(MAX_QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_QUOTED).is_some() { format!("\"{shown}...\"") } else { format!("\"{shown}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_round_to_the_spot() {
        assert_eq!(spot_id(9.008, 17.012).as_deref(), Some("9x17"));
        assert_eq!(spot_id(9.79, 19.966).as_deref(), Some("10x20"));
        assert_eq!(spot_id(f64::NAN, 1.0), None);
        assert_eq!(spot_id(1.0, f64::INFINITY), None);
        assert_eq!(grid_of_id("10x21"), Some([10, 21]));
        assert_eq!(join_key("10.02x20.98"), "10x21");
        assert_eq!(join_key("AAACxGTTT-1"), "AAACxGTTT-1");
    }

    #[test]
    fn barcodes_are_found_in_what_programs_make_of_them() {
        for id in
            ["AAACAAGTATCTCCCA-1", "AAACAAGTATCTCCCA", "S1_AAACAAGTATCTCCCA-1", "AAACAAGTATCTCCCA-1-lib2"]
        {
            assert_eq!(bare_barcode(id), "AAACAAGTATCTCCCA");
        }
        assert_eq!(bare_barcode("s_008um_00301_00321-1"), "s_008um_00301_00321");
        assert_eq!((bare_barcode("10x21"), bare_barcode("a-b"), bare_barcode("")), ("10x21", "a-b", ""));
    }

    #[test]
    fn patients_come_from_section_names() {
        let of = |name| patient_of(name);
        assert_eq!(of("C2").as_deref(), Some("C"));
        assert_eq!(of("BC12").as_deref(), Some("BC"));
        assert_eq!(of("P2_ST_rep1").as_deref(), Some("P2"));
        assert_eq!(of("tumour"), None);
        assert_eq!(of("12"), None);
        assert_eq!(of("left_side"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["C10", "c2", "C2", "B1", "C", "C02b"];
        names.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(names, ["B1", "C", "C2", "c2", "C02b", "C10"]);
    }

    #[test]
    fn endings_are_stripped_without_case() {
        let endings = [".tsv", ".tsv.gz", "_stdata.tsv.gz"];
        assert_eq!(without_ending("C2.TSV.GZ", &endings), Some("C2"));
        assert_eq!(without_ending("C2_stdata.tsv.gz", &endings), Some("C2"));
        assert_eq!(without_ending("C2.jpg", &endings), None);
        assert_eq!(without_ending("\u{e9}", &[".tsv"]), None);
    }

    #[test]
    fn quotes_are_short() {
        assert_eq!(quoted("a\tb"), "\"a b\"");
        assert_eq!(quoted(&"x".repeat(50)).len(), 45);
    }
}
