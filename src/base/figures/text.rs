//! The embedded fonts, and those of the operating system for characters that they lack: how wide a text is, and how to
//! shorten it.

use std::sync::{Arc, LazyLock};

use resvg::usvg::{FallbackSelectionFn, FontResolver, fontdb};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use crate::core::fonts;

/// Families in the order of preference. Arial has the metrics of Liberation Sans, so that a figure opened
/// where only Arial is installed keeps its layout.
pub(super) const FAMILIES: &str = "Liberation Sans, Arial, Helvetica, sans-serif";

const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/LiberationSans-Bold.ttf");
const ITALIC: &[u8] = include_bytes!("../../../assets/fonts/LiberationSans-Italic.ttf");

/// A font of the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Face {
    /// Everything else.
    Regular,
    /// Letters of panels.
    Bold,
    /// Names of genes.
    Italic,
}

impl Face {
    pub(super) const ALL: [Self; 3] = [Self::Regular, Self::Bold, Self::Italic];

    pub(super) fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
            Self::Italic => ITALIC,
        }
    }
}

/// The embedded fonts for the renderer, loaded once.
pub(super) fn database() -> Arc<fontdb::Database> {
    static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
        let mut db = fontdb::Database::new();
        for data in [REGULAR, BOLD, ITALIC] {
            db.load_font_source(fontdb::Source::Binary(Arc::new(data)));
        }
        db.set_sans_serif_family("Liberation Sans");
        Arc::new(db)
    });
    Arc::clone(&DATABASE)
}

/// Chooses the fonts of the renderer: the embedded ones, and for what they lack the very font of the operating system
/// whose widths the layout has counted on.
pub(super) fn resolver() -> FontResolver<'static> {
    let select_fallback: FallbackSelectionFn<'static> = Box::new(|c, used, db| {
        let font = fonts::find(c)?;
        let is_it = |face: &fontdb::FaceInfo| {
            face.index == font.index && face.families.iter().any(|(family, _)| *family == font.family)
        };
        let known = db.faces().find(|face| is_it(face)).map(|face| face.id);
        let id = known.or_else(|| {
            let source = fontdb::Source::Binary(Arc::clone(&font.data) as _);
            let loaded = Arc::make_mut(db).load_font_source(source);
            loaded.into_iter().find(|id| db.face(*id).is_some_and(is_it))
        })?;
        (!used.contains(&id)).then_some(id)
    });
    FontResolver { select_fallback, ..FontResolver::default() }
}

/// Whether an embedded font has `c`, or needs none for it.
pub(super) fn is_embedded(c: char, face: Face) -> bool {
    c.is_control()
        || FontRef::from_index(face.data(), 0)
            .is_ok_and(|font| font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0))
}

/// The families to set `text` in, the embedded one first.
pub(super) fn families(text: &str, face: Face) -> Option<String> {
    let mut families: Vec<String> = Vec::new();
    for c in text.chars().filter(|&c| !is_embedded(c, face)) {
        if let Some(font) = fonts::find(c)
            && !families.contains(&font.family)
        {
            families.push(font.family.clone());
        }
    }
    (!families.is_empty()).then(|| {
        let own = FAMILIES.replace("sans-serif", "");
        format!("{own}{}, sans-serif", families.join(", "))
    })
}

/// The characters of `text` that no font here can draw.
pub(super) fn undrawable(text: &str, face: Face) -> impl Iterator<Item = char> {
    text.chars().filter(move |&c| !is_embedded(c, face) && fonts::find(c).is_none())
}

/// Width of `text` set at `size`, in the unit of `size`: the sum of the advances, without kerning, which
/// could only make it narrower. A character that no font has counts as one em.
pub(super) fn width(text: &str, face: Face, size: f64) -> f64 {
    let Ok(font) = FontRef::from_index(face.data(), 0) else { return text.chars().count() as f64 * size };
    let own = |c: char| advance(&font, c);
    let other = |c: char| {
        let font = fonts::find(c)?;
        advance(&FontRef::from_index(&font.data, font.index).ok()?, c)
    };
    text.chars().map(|c| own(c).or_else(|| other(c)).unwrap_or(1.0)).sum::<f64>() * size
}

/// The advance of a character in em; `None` where the font lacks it.
fn advance(font: &FontRef, c: char) -> Option<f64> {
    let glyph = font.charmap().map(c).filter(|glyph| glyph.to_u32() != 0)?;
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let em = f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    metrics.advance_width(glyph).map(|advance| f64::from(advance) / em)
}

/// `text`, or as much of its beginning as fits into `most` with an ellipsis; empty when not even one
/// character fits.
pub(super) fn fit(text: &str, face: Face, size: f64, most: f64) -> String {
    if width(text, face, size) <= most {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    (1..chars.len())
        .rev()
        .map(|n| {
            let kept: String = chars.iter().take(n).collect();
            format!("{}\u{2026}", kept.trim_end())
        })
        .find(|t| width(t, face, size) <= most)
        .unwrap_or_default()
}

/// `text` broken between words into lines of at most `most`, at most `lines` of them; what is left over
/// is shortened.
pub(super) fn wrap(text: &str, face: Face, size: f64, most: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = out.len() == lines;
        match out.last_mut() {
            Some(line) if full || width(&format!("{line} {word}"), face, size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    // Two lines read best when the first ends with a comma.
    if let [_, _] = out.as_slice() {
        let halves = text.match_indices(", ").filter_map(|(at, _)| text.split_at_checked(at + 1));
        let fitting = halves.map(|(a, b)| [a.trim(), b.trim()]);
        let best = fitting.filter(|parts| parts.iter().all(|p| width(p, face, size) <= most)).last();
        if let Some(parts) = best {
            return parts.map(str::to_owned).to_vec();
        }
    }
    out.iter().map(|l| fit(l, face, size, most)).collect()
}

/// `text` broken into lines of at most `most`, however many; words that are too long are broken too, so that nothing is lost.
pub(super) fn paragraph(text: &str, face: Face, size: f64, most: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&joined, face, size) <= most {
            *line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        // What does not fit into a line of its own goes on in the next.
        for c in word.chars() {
            let Some(line) = lines.last_mut() else { break };
            if !line.is_empty() && width(&format!("{line}{c}"), face, size) > most {
                lines.push(c.to_string());
            } else {
                line.push(c);
            }
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Helvetica's metrics: digits 0.556 em, "i" 0.222 em, "M" 0.833 em.
        assert!((width("00", Face::Regular, 10.0) - 11.12).abs() < 0.01);
        assert!((width("iM", Face::Regular, 1.0) - 1.055).abs() < 0.002);
        assert_eq!(width("", Face::Bold, 7.0), 0.0);
    }

    #[test]
    fn characters_of_other_scripts_are_drawn_or_named() {
        let name = "\u{7ec4}\u{7ec7} A&B";
        let missing: Vec<char> = undrawable(name, Face::Regular).collect();
        assert!(undrawable("F\u{e4}lle \u{2116}1 \u{03b2}", Face::Regular).next().is_none());
        // With a font the name is as wide as its characters are; without one each counts as an em.
        let latin = width(" A&B", Face::Regular, 10.0);
        assert!((width(name, Face::Regular, 10.0) - latin - 20.0).abs() < 0.5);
        match families(name, Face::Regular) {
            Some(families) => {
                assert!(missing.is_empty());
                assert!(families.starts_with("Liberation Sans, ") && families.ends_with(", sans-serif"));
            }
            None => assert_eq!(missing, ['\u{7ec4}', '\u{7ec7}']),
        }
        assert_eq!(families("GNAS", Face::Italic), None);
    }

    #[test]
    fn long_texts_are_shortened() {
        let most = width("MAGE", Face::Italic, 2.0);
        let short = fit("MAGEA12-long-name", Face::Italic, 2.0, most);
        assert!(short.ends_with('\u{2026}') && width(&short, Face::Italic, 2.0) <= most, "{short}");
        assert_eq!(fit("GNAS", Face::Italic, 2.0, 100.0), "GNAS");
        assert_eq!(fit("GNAS", Face::Italic, 2.0, 0.1), "");
    }

    #[test]
    fn lines_break_between_words() {
        let lines = wrap("ln(1 + CP10k), all genes", Face::Regular, 2.5, 18.0, 2);
        assert_eq!(lines, ["ln(1 + CP10k),", "all genes"]);
        assert_eq!(wrap("one two three", Face::Regular, 2.5, 6.0, 2).len(), 2);
    }

    #[test]
    fn paragraphs_lose_nothing() {
        let text = "A paragraph of several words and one_very_long_name_that_has_no_room_in_a_line_at_all, then more.";
        let lines = paragraph(text, Face::Regular, 3.0, 25.0);
        assert!(lines.len() > 4);
        assert!(lines.iter().all(|l| width(l, Face::Regular, 3.0) <= 25.0), "{lines:?}");
        let all = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(all(&lines.concat()), all(text));
        assert!(paragraph("  ", Face::Regular, 3.0, 25.0).is_empty());
    }
}
