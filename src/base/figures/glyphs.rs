//! Text as glyphs of fonts: what a format needs that knows neither fallback nor the joining of letters.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use harfrust::{Direction, FontRef, ShapeOptions, ShaperData, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use super::text::{Face, is_embedded};
use crate::core::fonts::{self, SystemFont};

/// The font of a run.
#[derive(Debug, Clone)]
pub(super) enum RunFont {
    Embedded(Face),
    System(Arc<SystemFont>),
}

impl RunFont {
    /// The font that draws `c`; the embedded one where none does.
    fn find(c: char, face: Face) -> Self {
        if is_embedded(c, face) {
            return Self::Embedded(face);
        }
        fonts::find(c).map_or(Self::Embedded(face), Self::System)
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Embedded(a), Self::Embedded(b)) => a == b,
            (Self::System(a), Self::System(b)) => a.path == b.path && a.index == b.index,
            _ => false,
        }
    }

    /// Its file, and which face of the file it is.
    pub(super) fn data(&self) -> (&[u8], u32) {
        match self {
            Self::Embedded(face) => (face.data(), 0),
            Self::System(font) => (&font.data, font.index),
        }
    }
}

/// A glyph, in em.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Glyph {
    pub(super) id: u32,
    /// The bytes of the run's text that it stands for.
    pub(super) text: Range<usize>,
    pub(super) advance: f32,
    pub(super) offset: [f32; 2],
}

/// A part of a text in one font, from left to right as it is seen.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) font: RunFont,
    pub(super) text: String,
    pub(super) glyphs: Vec<Glyph>,
}

impl Run {
    /// Its width in em.
    pub(super) fn width(&self) -> f32 {
        self.glyphs.iter().map(|g| g.advance).sum()
    }
}

/// `text` as runs, in the order in which they are seen.
pub(super) fn runs(text: &str, face: Face) -> Vec<Run> {
    let bidi = BidiInfo::new(text, Some(Level::ltr()));
    let mut out = Vec::new();
    for paragraph in &bidi.paragraphs {
        let (levels, parts) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for part in parts {
            let leftward = levels.get(part.start).is_some_and(Level::is_rtl);
            let Some(slice) = text.get(part) else { continue };
            let mut fonts = by_font(slice, face);
            if leftward {
                fonts.reverse();
            }
            out.extend(fonts.into_iter().map(|(font, text)| shape(font, text, leftward)));
        }
    }
    out
}

/// `text` cut where the font changes.
fn by_font(text: &str, face: Face) -> Vec<(RunFont, String)> {
    let mut parts: Vec<(RunFont, String)> = Vec::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match parts.last_mut() {
            // A mark belongs to the letter before it, and a space has no look of its own.
            Some((font, part)) if (c == ' ' && !matches!(font, RunFont::Embedded(_))) || joins(c, font) => {
                part.push(c)
            }
            Some((font, part)) if font.is_same(&RunFont::find(c, face)) => part.push(c),
            _ => parts.push((RunFont::find(c, face), c.to_string())),
        }
    }
    parts
}

/// Whether `c` is a mark that the font of the letter before it has.
fn joins(c: char, font: &RunFont) -> bool {
    let is_mark = matches!(u32::from(c), 0x300..=0x36f | 0x200c..=0x200d | 0xfe00..=0xfe0f);
    is_mark
        && match font {
            RunFont::Embedded(face) => is_embedded(c, *face),
            RunFont::System(font) => font.has(c),
        }
}

fn shape(font: RunFont, text: String, leftward: bool) -> Run {
    let glyphs = shaped(&font, &text, leftward).unwrap_or_default();
    Run { font, text, glyphs }
}

/// `None` where the font cannot be read.
fn shaped(font: &RunFont, text: &str, leftward: bool) -> Option<Vec<Glyph>> {
    let (data, index) = font.data();
    let face = FontRef::from_index(data, index).ok()?;
    static EMBEDDED: LazyLock<Vec<ShaperData>> = LazyLock::new(|| {
        let data = Face::ALL.map(|f| FontRef::from_index(f.data(), 0).ok().map(|f| ShaperData::new(&f)));
        data.into_iter().flatten().collect()
    });
    let own;
    let tables = match font {
        RunFont::Embedded(face) => EMBEDDED.get(Face::ALL.iter().position(|f| f == face)?)?,
        RunFont::System(_) => {
            own = ShaperData::new(&face);
            &own
        }
    };
    let shaper = tables.shaper(&face).build();
    let em = shaper.units_per_em() as f32;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if leftward { Direction::RightToLeft } else { Direction::LeftToRight });
    let shaped = shaper.shape(buffer, ShapeOptions::new());
    let (infos, positions) = (shaped.glyph_infos(), shaped.glyph_positions());
    let mut starts: Vec<usize> = infos.iter().map(|g| g.cluster as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    let glyphs = infos.iter().zip(positions).map(|(info, position)| {
        let start = info.cluster as usize;
        let end = starts.iter().find(|s| **s > start).copied().unwrap_or(text.len());
        Glyph {
            id: info.glyph_id,
            text: start..end,
            advance: position.x_advance as f32 / em,
            offset: [position.x_offset as f32 / em, position.y_offset as f32 / em],
        }
    });
    Some(glyphs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_text_is_one_run_of_its_width() {
        let found = runs("GNAS in C4", Face::Italic);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].glyphs.len(), 10);
        // Kerning only makes it narrower than the layout expects.
        let expected = super::super::text::width("GNAS in C4", Face::Italic, 1.0);
        let width = f64::from(found[0].width());
        assert!(width <= expected + 1e-4 && width > 0.9 * expected, "{width} {expected}");
        assert_eq!(found[0].glyphs[3].text, 3..4);
    }

    #[test]
    fn text_to_the_left_is_turned_around_and_stays_readable() {
        let text = "C4 \u{5d0}\u{5d1} x";
        let found = runs(text, Face::Regular);
        let seen: String = found.iter().flat_map(|r| r.text.chars()).collect();
        assert_eq!(seen.chars().count(), text.chars().count());
        let hebrew = found.iter().find(|r| r.text.contains('\u{5d0}')).unwrap();
        // The first letter comes last.
        assert_eq!(hebrew.glyphs.first().unwrap().text.start, hebrew.text.find('\u{5d1}').unwrap());
    }

    #[test]
    fn characters_without_a_font_are_still_there() {
        let found = runs("a\u{7ec4}\u{e000}", Face::Regular);
        let text: String = found.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(text, "a\u{7ec4}\u{e000}");
        assert!(found.iter().all(|r| !r.glyphs.is_empty()));
    }
}
