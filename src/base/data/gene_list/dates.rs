//! Genes that spreadsheets turn into dates: SEPT1 becomes "1-Sep", MARCH2 "2-Mar", DEC1 "1-Dec".

/// Months as spreadsheets write them, in English, German, French and Spanish; their number.
const MONTHS: [(&str, u32); 26] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("mrz", 3),
    ("m\u{e4}r", 3),
    ("mai", 5),
    ("okt", 10),
    ("dez", 12),
    ("mars", 3),
    ("sept", 9),
    ("d\u{e9}c", 12),
    ("dic", 12),
    ("march", 3),
    ("september", 9),
    ("october", 10),
    ("december", 12),
    ("february", 2),
];

/// Month and day in what a spreadsheet made of a gene: "1-Sep", "Sep-01", "1. Mrz", "1-Sep-24", "2024-09-01",
/// "9/1/2024", "01.09.2024". `None` for anything else.
pub(super) fn date(name: &str) -> Option<(u32, u32)> {
    let parts: Vec<&str> =
        name.split(['-', '/', '.', ' ']).map(str::trim).filter(|p| !p.is_empty()).collect();
    let separated = name.contains(['-', '/', '.']);
    let month = |text: &str| {
        let text = text.to_lowercase();
        MONTHS.iter().find(|(name, _)| *name == text).map(|(_, number)| *number)
    };
    let number = |text: &str| {
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let day = |text: &str| number(text).filter(|d| (1..=31).contains(d));
    match parts.as_slice() {
        // "Sep-02" is SEPT2 on the first of a month, or in a year.
        [a, b] if separated => month(b).zip(day(a)).or_else(|| month(a).zip(day(b))),
        [a, b, c] if separated && number(c).is_some() => match (month(b), day(a)) {
            (Some(month), Some(day)) => Some((month, day)),
            _ => numeric(name, a, b, c, number),
        },
        _ => None,
    }
}

/// A date of three numbers: with the year first, with the day first where dots separate, else with the month first.
fn numeric(
    name: &str,
    a: &str,
    b: &str,
    c: &str,
    number: impl Fn(&str) -> Option<u32>,
) -> Option<(u32, u32)> {
    let (month, day) = match (a.len(), c.len()) {
        (4, _) => (number(b)?, number(c)?),
        (_, 4) if name.contains('.') => (number(b)?, number(a)?),
        (_, 4) => (number(a)?, number(b)?),
        _ => return None,
    };
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
}

/// The genes that a spreadsheet turns into this date, present and former symbols.
pub(super) fn genes_of((month, day): (u32, u32)) -> Vec<String> {
    let stems: &[&str] = match month {
        2 => &["FEB"],
        3 => &["MARCHF", "MARCH", "MTARC", "MARC"],
        4 => &["APR"],
        9 => &["SEPTIN", "SEPT", "SEP"],
        10 => &["OCT"],
        11 => &["NOV"],
        12 => &["DEC"],
        _ => &[],
    };
    stems.iter().map(|stem| format!("{stem}{day}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_recognised() {
        for name in
            ["1-Sep", "Sep-01", "01-Sep", "1. Sep", "1-Sep-24", "2024-09-01", "9/1/2024", "01.09.2024"]
        {
            assert_eq!(date(name), Some((9, 1)), "{name}");
        }
        assert_eq!(
            (date("2-Mar"), date("2. Mrz"), date("Dec-1")),
            (Some((3, 2)), Some((3, 2)), Some((12, 1)))
        );
        for name in
            ["HLA-A", "MT-CO1", "DEC-1a", "NKX2-1", "FO538757.1", "H2-K1", "7SK", "A.1.2", "1-2", "SEPT1"]
        {
            assert_eq!(date(name), None, "{name}");
        }
        assert_eq!(genes_of((9, 7)), ["SEPTIN7", "SEPT7", "SEP7"]);
        assert!(genes_of((1, 1)).is_empty());
    }
}
