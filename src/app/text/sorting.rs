//! The order of a table, chosen by clicking its headings.

use std::cmp::Ordering;

use crate::evaluate::judgement::Judgement;

/// By which column a table is sorted, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorting<C> {
    /// The column.
    pub by: C,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl<C: Copy + PartialEq> Sorting<C> {
    /// The order after a click on the heading of `column`: the other way round where it is sorted by it already, else by
    /// it, beginning as `descending` says.
    #[must_use]
    pub fn clicked(self, column: C, descending: bool) -> Self {
        let descending = if self.by == column { !self.descending } else { descending };
        Self { by: column, descending }
    }

    /// Puts rows into this order.
    pub fn sort<T>(self, rows: &mut [T], key: impl for<'a> Fn(&'a T, C) -> SortKey<'a>) {
        rows.sort_by(|a, b| key(a, self.by).compare(key(b, self.by), self.descending));
    }
}

/// What a cell is sorted by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SortKey<'a> {
    /// Letters, upper and lower case alike.
    Text(&'a str),
    /// A number; what is undefined comes last, whichever way the table is sorted.
    Number(Option<f64>),
}

impl SortKey<'_> {
    /// The best is the largest; what was not tested is undefined.
    pub fn judgement(judgement: Judgement) -> Self {
        Self::Number(match judgement {
            Judgement::NotTested => None,
            tested => Some(f64::from(tested as u8)),
        })
    }

    /// The order of two cells.
    pub fn compare(self, other: Self, descending: bool) -> Ordering {
        let turned = |order: Ordering| if descending { order.reverse() } else { order };
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => turned(natural(a, b)),
            (Self::Number(Some(a)), Self::Number(Some(b))) => turned(a.total_cmp(&b)),
            (Self::Number(Some(_)), Self::Number(None)) => Ordering::Less,
            (Self::Number(None), Self::Number(Some(_))) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

/// Alphabetical order that ignores case and counts digits as numbers: "run 2" before "run 10".
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let order = match (x.peek().copied(), y.peek().copied()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(p), Some(q)) if p.is_ascii_digit() && q.is_ascii_digit() => {
                let (p, q) = (digits(&mut x), digits(&mut y));
                p.len().cmp(&q.len()).then_with(|| p.cmp(&q))
            }
            (Some(p), Some(q)) => {
                x.next();
                y.next();
                p.to_lowercase().cmp(q.to_lowercase())
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the digits that come next, without leading zeros.
fn digits(text: &mut std::iter::Peekable<std::str::Chars>) -> String {
    let mut taken = String::new();
    while let Some(c) = text.next_if(char::is_ascii_digit) {
        if c != '0' || !taken.is_empty() {
            taken.push(c);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_click_turns_the_order() {
        let first = Sorting { by: 'a', descending: true };
        assert_eq!(first.clicked('a', true), Sorting { by: 'a', descending: false });
        assert_eq!(first.clicked('b', false), Sorting { by: 'b', descending: false });
    }

    #[test]
    fn undefined_numbers_come_last_both_ways() {
        let number = |v| SortKey::Number(v);
        for descending in [false, true] {
            assert_eq!(number(None).compare(number(Some(1.0)), descending), Ordering::Greater);
        }
        assert_eq!(number(Some(1.0)).compare(number(Some(2.0)), true), Ordering::Greater);
        assert_eq!(SortKey::Text("b").compare(SortKey::Text("A"), false), Ordering::Greater);
    }

    #[test]
    fn digits_count_as_numbers() {
        let mut names = ["run 10", "Run 2", "run 02", "a", "run"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "run", "Run 2", "run 02", "run 10"]);
    }
}
