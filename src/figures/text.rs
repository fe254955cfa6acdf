//! The embedded fonts: how wide a text is, and how to shorten it.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// Families in the order of preference. Arial has the metrics of Liberation Sans, so that a figure opened
/// where only Arial is installed keeps its layout.
pub(super) const FAMILIES: &str = "Liberation Sans, Arial, Helvetica, sans-serif";

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/LiberationSans-Bold.ttf");
const ITALIC: &[u8] = include_bytes!("../../assets/fonts/LiberationSans-Italic.ttf");

/// A font of the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Everything else.
    Regular,
    /// Letters of panels.
    Bold,
    /// Names of genes.
    Italic,
}

impl Face {
    fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
            Self::Italic => ITALIC,
        }
    }
}

/// The fonts for the renderer, loaded once.
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

/// Width of `text` set at `size`, in the unit of `size`: the sum of the advances, without kerning, which
/// could only make it narrower. A character that the font lacks counts as one em.
pub(super) fn width(text: &str, face: Face, size: f64) -> f64 {
    let Ok(font) = FontRef::from_index(face.data(), 0) else { return text.chars().count() as f64 * size };
    let chars = font.charmap();
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let em = f64::from(font.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    let advance = |c: char| chars.map(c).and_then(|g| metrics.advance_width(g)).map_or(em, f64::from);
    text.chars().map(advance).sum::<f64>() / em * size
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
    out.iter().map(|l| fit(l, face, size, most)).collect()
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
}
