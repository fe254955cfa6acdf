//! What all panels draw with: text, lines, legends, and the measures that they share.

use crate::figures::drawing::{CAP_HEIGHT, Direction, Embedded, Item, Mark, Rect, Stroke, Text};
use crate::figures::figure::LetterCase;
use crate::figures::text::{self, Face};

pub(super) const MM_PER_POINT: f64 = 25.4 / 72.0;
pub(in crate::figures) const BLACK: [u8; 3] = [0, 0, 0];
pub(in crate::figures) const GREY: [u8; 3] = [90, 90, 90];
/// Between panels, and between a panel and what belongs to it.
pub(super) const GAP: f64 = 1.4;
/// Between a mark or a bar and its label.
pub(super) const LABEL_GAP: f64 = 0.7;
pub(super) const TICK: f64 = 0.6;
/// Lines as thin as print allows (0.5 pt).
pub(super) const HAIRLINE: f64 = 0.18;
/// Lines that carry data.
pub(super) const DATA_LINE: f64 = 0.35;

/// Colours of series, from Okabe and Ito, "Color universal design" (2008), without yellow, which is faint on white.
pub(super) const SERIES: [[u8; 3]; 7] =
    [[0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [0, 0, 0]];

/// The colour of series `index`.
pub(super) fn series_color(index: usize) -> [u8; 3] {
    SERIES.get(index % SERIES.len()).copied().unwrap_or(BLACK)
}

pub(in crate::figures) fn line(em: f64) -> f64 {
    em * 1.15
}

pub(super) fn margin(em: f64) -> f64 {
    em * 0.3
}

/// Size of bold letters: one point more than the text.
pub(super) fn letter_size(em: f64) -> f64 {
    em + MM_PER_POINT
}

/// a, b, .. z, aa, ab, ..
pub(super) fn letter(mut index: usize, case: LetterCase) -> String {
    let first = match case {
        LetterCase::Lower => b'a',
        LetterCase::Upper => b'A',
    };
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(first + (index % 26) as u8));
        if index < 26 {
            break;
        }
        index = index / 26 - 1;
    }
    letters.into_iter().rev().collect()
}

/// Where a text stands from the point at which it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The mark of an entry of a legend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Swatch {
    Dot([u8; 3]),
    /// A ring without filling.
    Ring([u8; 3]),
    /// A place that is struck through.
    Struck,
    Box([u8; 3]),
    Line(Stroke),
    /// A triangle on its base.
    Triangle([u8; 3]),
    /// Two crossed strokes, where there is no value.
    Cross([u8; 3]),
}

/// An entry of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) swatch: Swatch,
    pub(super) text: String,
    pub(super) face: Face,
}

impl Entry {
    pub(super) fn new(swatch: Swatch, text: impl Into<String>) -> Self {
        Self { swatch, text: text.into(), face: Face::Regular }
    }

    fn swatch_width(&self, em: f64) -> f64 {
        match self.swatch {
            Swatch::Line(_) => 1.6 * em,
            Swatch::Dot(_) | Swatch::Ring(_) | Swatch::Struck | Swatch::Box(_) => 0.6 * em,
            Swatch::Triangle(_) | Swatch::Cross(_) => 0.6 * em,
        }
    }

    fn width(&self, em: f64) -> f64 {
        self.swatch_width(em) + LABEL_GAP + text::width(&self.text, self.face, em)
    }
}

/// Entries set one after the other: the line of each and its distance from the left.
fn flow(entries: &[Entry], width: f64, em: f64) -> Vec<(usize, f64)> {
    let (mut row, mut x) = (0, 0.0);
    entries
        .iter()
        .map(|entry| {
            let w = entry.width(em);
            if x > 0.0 && x + w > width {
                (row, x) = (row + 1, 0.0);
            }
            let place = (row, x);
            x += w + em;
            place
        })
        .collect()
}

/// How high a legend of these entries is within `width`.
pub(super) fn legend_height(entries: &[Entry], width: f64, em: f64) -> f64 {
    flow(entries, width, em).last().map_or(0.0, |(row, _)| (row + 1) as f64 * line(em))
}

/// How wide it is.
pub(super) fn legend_width(entries: &[Entry], width: f64, em: f64) -> f64 {
    let places = flow(entries, width, em);
    places.iter().zip(entries).map(|((_, x), e)| x + e.width(em)).fold(0.0, f64::max).min(width)
}

/// A drawing in the making.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    /// Size of the font in millimetres.
    pub(super) em: f64,
    pub(super) items: Vec<Item>,
    pub(super) tissues: Vec<Embedded<'a>>,
}

impl Canvas<'_> {
    pub(super) fn new(em: f64) -> Self {
        Self { em, items: Vec::new(), tissues: Vec::new() }
    }

    pub(super) fn width(&self, text: &str, face: Face) -> f64 {
        text::width(text, face, self.em)
    }

    /// A line of text whose baseline is at `y`.
    pub(super) fn text(&mut self, text: &str, anchor: Anchor, [x, y]: [f64; 2], face: Face, rgb: [u8; 3]) {
        let x = x - self.before(text, anchor, face);
        self.push_text(text, [x, y], face, rgb, Direction::Right);
    }

    /// A line of text that is centred on `y`.
    pub(super) fn label(&mut self, text: &str, anchor: Anchor, [x, y]: [f64; 2], face: Face) {
        self.text(text, anchor, [x, y + CAP_HEIGHT * self.em / 2.0], face, BLACK);
    }

    /// A line of text upwards, whose baseline is at `x`.
    pub(super) fn text_up(&mut self, text: &str, anchor: Anchor, [x, y]: [f64; 2], face: Face) {
        let y = y + self.before(text, anchor, face);
        self.push_text(text, [x, y], face, BLACK, Direction::Up);
    }

    /// How much of a text lies before the point at which it is anchored.
    fn before(&self, text: &str, anchor: Anchor, face: Face) -> f64 {
        match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => self.width(text, face) / 2.0,
            Anchor::End => self.width(text, face),
        }
    }

    fn push_text(&mut self, text: &str, [x, y]: [f64; 2], face: Face, rgb: [u8; 3], direction: Direction) {
        if !text.is_empty() {
            self.items.push(Item::Text(Text {
                text: text.to_owned(),
                x,
                y,
                size: self.em,
                face,
                rgb,
                direction,
            }));
        }
    }

    pub(super) fn stroke(&mut self, points: Vec<[f64; 2]>, stroke: Stroke, clip: Option<Rect>) {
        self.items.push(Item::Path {
            lines: vec![points],
            closed: false,
            fill: None,
            stroke: Some(stroke),
            clip,
        });
    }

    pub(super) fn fill(&mut self, rect: Rect, rgb: [u8; 3]) {
        let (left, right, top, bottom) = (rect.x, rect.right(), rect.y, rect.bottom());
        self.polygon(vec![[left, top], [right, top], [right, bottom], [left, bottom]], rgb);
    }

    pub(super) fn polygon(&mut self, corners: Vec<[f64; 2]>, rgb: [u8; 3]) {
        let fill = Some((rgb, 1.0));
        self.items.push(Item::Path { lines: vec![corners], closed: true, fill, stroke: None, clip: None });
    }

    /// A triangle on its base, `radius` from its middle to its tip.
    pub(super) fn triangle(&mut self, [x, y]: [f64; 2], radius: f64, rgb: [u8; 3]) {
        let corners = vec![
            [x, y - radius],
            [x + 0.87 * radius, y + 0.5 * radius],
            [x - 0.87 * radius, y + 0.5 * radius],
        ];
        self.polygon(corners, rgb);
    }

    pub(super) fn spots(&mut self, circles: Vec<Mark>, radius: f64, opacity: f32, clip: Option<Rect>) {
        if !circles.is_empty() {
            self.items.push(Item::Spots { circles, radius, opacity, clip });
        }
    }

    /// Two crossed strokes that reach `half` to each side.
    pub(super) fn cross(&mut self, [x, y]: [f64; 2], half: f64, rgb: [u8; 3]) {
        let lines = [1.0, -1.0].map(|s| vec![[x - half, y - s * half], [x + half, y + s * half]]).to_vec();
        let stroke = Some(Stroke::solid(rgb, 1.5 * HAIRLINE));
        self.items.push(Item::Path { lines, closed: false, fill: None, stroke, clip: None });
    }

    /// A circle without filling.
    pub(super) fn ring(&mut self, [x, y]: [f64; 2], radius: f64, stroke: Stroke, clip: Option<Rect>) {
        const CORNERS: u32 = 32;
        let corner = |i: u32| {
            let (sin, cos) = (f64::from(i) / f64::from(CORNERS) * std::f64::consts::TAU).sin_cos();
            [x + radius * cos, y + radius * sin]
        };
        let lines = vec![(0..CORNERS).map(corner).collect()];
        self.items.push(Item::Path { lines, closed: true, fill: None, stroke: Some(stroke), clip });
    }

    /// A legend whose first line is centred half a line below `y`.
    pub(super) fn legend(&mut self, entries: &[Entry], [x, y]: [f64; 2], width: f64) {
        let em = self.em;
        for (entry, (row, left)) in entries.iter().zip(flow(entries, width, em)) {
            self.entry(entry, [x + left, y + (row as f64 + 0.5) * line(em)], width - left);
        }
    }

    /// An entry of a legend, centred on `y`.
    pub(super) fn entry(&mut self, entry: &Entry, [x, y]: [f64; 2], width: f64) {
        let em = self.em;
        let w = entry.swatch_width(em);
        let (middle, radius) = ([x + w / 2.0, y], 0.3 * em);
        match entry.swatch {
            Swatch::Dot(rgb) => self.spots(vec![(middle[0], y, rgb)], radius, 1.0, None),
            Swatch::Ring(rgb) => {
                self.ring(middle, radius - HAIRLINE / 2.0, Stroke::solid(rgb, HAIRLINE), None)
            }
            Swatch::Struck => {
                self.items.push(Item::Strikes { middles: vec![(middle[0], y)], half: radius, clip: None })
            }
            Swatch::Box(rgb) => self.fill(Rect { x, y: y - radius, w, h: 2.0 * radius }, rgb),
            Swatch::Line(stroke) => self.stroke(vec![[x, y], [x + w, y]], stroke, None),
            Swatch::Triangle(rgb) => self.triangle([middle[0], y + 0.2 * radius], radius, rgb),
            Swatch::Cross(rgb) => self.cross(middle, 0.8 * radius, rgb),
        }
        let x = x + w + LABEL_GAP;
        let text = text::fit(&entry.text, entry.face, em, width - w - LABEL_GAP);
        self.label(&text, Anchor::Start, [x, y], entry.face);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        let all = [0, 25, 26, 27, 702].map(|i| letter(i, LetterCase::Lower));
        assert_eq!(all, ["a", "z", "aa", "ab", "aaa"]);
        assert_eq!(letter(27, LetterCase::Upper), "AB");
    }

    #[test]
    fn legends_break_into_lines() {
        let entries: Vec<Entry> =
            ["one", "two", "three"].map(|t| Entry::new(Swatch::Dot(BLACK), t)).into_iter().collect();
        let em = 2.5;
        assert!((legend_height(&entries, 100.0, em) - line(em)).abs() < 1e-9);
        assert!((legend_height(&entries, 8.0, em) - 3.0 * line(em)).abs() < 1e-9);
        assert_eq!(legend_height(&[], 8.0, em), 0.0);
        assert!(legend_width(&entries, 100.0, em) < 30.0);
    }
}
