//! What journals, slides and posters ask of figures, and whether a figure keeps to it.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::drawing::{Drawing, Item};
use super::figure::{Background, Figure, FigureError, LetterCase, MM_PER_INCH, PanelLetters, Style};
use super::layout::{lay_out, letter_points};
use super::nice::plain;
use super::save::Format;
use super::text::Face;

/// Millimetres by which a figure may miss a size: less than a printer shows.
const SLACK_MM: f64 = 0.05;
/// Points by which text may miss a size.
const SLACK_PT: f64 = 0.01;
const MM_PER_POINT: f64 = MM_PER_INCH / 72.0;

/// Where a figure is to appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Nature: <https://research-figure-guide.nature.com>.
    Nature,
    /// Journals of Cell Press: <https://www.cell.com/information-for-authors/figure-guidelines>.
    CellPress,
    /// PLOS journals: <https://journals.plos.org/plosone/s/figures>.
    Plos,
    /// A presentation of 16:9, 13.33 x 7.5 inches.
    Slide,
    /// A figure on a poster of A0.
    Poster,
}

/// A width at which a figure may be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureWidth {
    /// In millimetres.
    pub mm: f64,
    /// What it is: "1 column".
    pub name: &'static str,
}

impl Preset {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Nature, Self::CellPress, Self::Plos, Self::Slide, Self::Poster];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nature => "Nature",
            Self::CellPress => "Cell Press",
            Self::Plos => "PLOS",
            Self::Slide => "Slide (16:9)",
            Self::Poster => "Poster (A0)",
        }
    }

    /// What it is called as the subject of a sentence.
    const fn subject(self) -> &'static str {
        match self {
            Self::Nature => "Nature",
            Self::CellPress => "Cell Press",
            Self::Plos => "PLOS",
            Self::Slide => "a slide",
            Self::Poster => "a poster",
        }
    }

    /// The widths that are offered.
    pub const fn widths(self) -> &'static [FigureWidth] {
        match self {
            Self::Nature => {
                &[FigureWidth { mm: 89.0, name: "1 column" }, FigureWidth { mm: 183.0, name: "2 columns" }]
            }
            Self::CellPress => &[
                FigureWidth { mm: 85.0, name: "1 column" },
                FigureWidth { mm: 114.0, name: "1.5 columns" },
                FigureWidth { mm: 174.0, name: "full width" },
            ],
            Self::Plos => &[
                FigureWidth { mm: 132.0, name: "text column" },
                FigureWidth { mm: 190.5, name: "full width" },
            ],
            Self::Slide => {
                &[FigureWidth { mm: 160.0, name: "half a slide" }, FigureWidth { mm: 320.0, name: "slide" }]
            }
            Self::Poster => &[
                FigureWidth { mm: 250.0, name: "1 of 3 columns" },
                FigureWidth { mm: 380.0, name: "half" },
                FigureWidth { mm: 780.0, name: "full width" },
            ],
        }
    }

    /// Whether no widths but those offered are allowed; otherwise, any within [`Preset::width_range`] is.
    const fn has_fixed_widths(self) -> bool {
        matches!(self, Self::Nature | Self::CellPress)
    }

    /// The least and the largest width in millimetres.
    pub const fn width_range(self) -> RangeInclusive<f64> {
        match self {
            Self::Nature => 89.0..=183.0,
            Self::CellPress => 85.0..=174.0,
            Self::Plos => 66.8..=190.5,
            Self::Slide => 40.0..=338.7,
            Self::Poster => 100.0..=841.0,
        }
    }

    /// The largest height in millimetres.
    pub const fn max_height_mm(self) -> f64 {
        match self {
            Self::Nature => 170.0,
            Self::CellPress => 200.0,
            Self::Plos => 222.0,
            Self::Slide => 190.5,
            Self::Poster => 900.0,
        }
    }

    /// The least and the largest size of text in points. Letters of panels may be larger.
    pub const fn text_pt(self) -> RangeInclusive<f64> {
        match self {
            Self::Nature => 5.0..=7.0,
            Self::CellPress => 6.0..=8.0,
            Self::Plos => 8.0..=12.0,
            Self::Slide => 12.0..=28.0,
            Self::Poster => 18.0..=48.0,
        }
    }

    /// The size of text that is set unless another is chosen.
    const fn usual_text_pt(self) -> f64 {
        match self {
            Self::Nature | Self::CellPress => 7.0,
            Self::Plos => 8.0,
            Self::Slide => 14.0,
            Self::Poster => 24.0,
        }
    }

    /// The formats that are accepted.
    pub const fn formats(self) -> &'static [Format] {
        match self {
            Self::Nature => &[Format::Pdf, Format::Tiff, Format::Svg],
            Self::CellPress => &[Format::Pdf, Format::Tiff],
            Self::Plos => &[Format::Tiff],
            Self::Slide => &[Format::Png, Format::Svg],
            Self::Poster => &[Format::Pdf, Format::Svg, Format::Png, Format::Tiff],
        }
    }

    /// The least and the largest resolution in dpi.
    pub const fn dpi(self) -> RangeInclusive<f64> {
        match self {
            Self::Nature | Self::CellPress => 300.0..=1200.0,
            Self::Plos => 300.0..=600.0,
            Self::Slide => 96.0..=600.0,
            Self::Poster => 150.0..=600.0,
        }
    }

    /// The resolution that is set unless another is chosen.
    const fn usual_dpi(self) -> f64 {
        match self {
            Self::Nature | Self::CellPress | Self::Plos => 300.0,
            Self::Slide => 192.0,
            Self::Poster => 200.0,
        }
    }

    /// How a figure of `width_mm` millimetres is set for it: height, text and resolution are what is asked for; the rest is
    /// as in `style`.
    #[must_use]
    pub fn apply(self, style: &Style, width_mm: f64) -> Style {
        let letter_case = match self {
            Self::CellPress | Self::Plos => LetterCase::Upper,
            Self::Nature | Self::Slide | Self::Poster => LetterCase::Lower,
        };
        Style {
            width_mm,
            max_height_mm: self.max_height_mm(),
            dpi: self.usual_dpi(),
            font_pt: self.usual_text_pt(),
            background: Background::White,
            letter_case,
            ..*style
        }
    }
}

/// Something that a preset does not allow.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Violation {
    /// The width is none of those allowed.
    Width { preset: Preset, mm: f64 },
    /// The figure is too high.
    Height { preset: Preset, mm: f64 },
    /// Some text is too small.
    SmallText { preset: Preset, pt: f64 },
    /// Some text is too large.
    LargeText { preset: Preset, pt: f64 },
    /// The format is not accepted.
    Format { preset: Preset, format: Format },
    /// The resolution is out of range.
    Resolution { preset: Preset, dpi: f64 },
    /// An image of tissue has fewer pixels than the resolution asks for.
    TissueResolution { preset: Preset, dpi: f64 },
    /// Panels are not told apart by letters.
    NoLetters { preset: Preset },
}

/// What `preset` does not allow in `figure` as it would be saved as `format` with `dpi`; empty where all is well.
///
/// # Errors
/// What is wrong with the description, see [`Figure::check`].
pub fn violations(
    preset: Preset,
    figure: &Figure,
    format: Format,
    dpi: f64,
) -> Result<Vec<Violation>, FigureError> {
    let drawing = lay_out(figure)?;
    let mut found = Vec::new();
    let range = preset.width_range();
    let mm = drawing.width;
    let fits = if preset.has_fixed_widths() {
        preset.widths().iter().any(|w| (w.mm - mm).abs() <= SLACK_MM)
    } else {
        mm >= range.start() - SLACK_MM && mm <= range.end() + SLACK_MM
    };
    if !fits {
        found.push(Violation::Width { preset, mm });
    }
    if drawing.height > preset.max_height_mm() + SLACK_MM {
        found.push(Violation::Height { preset, mm: drawing.height });
    }
    let (smallest, largest) = text_sizes(&drawing, letter_points(figure.style.font_pt));
    if smallest < preset.text_pt().start() - SLACK_PT {
        found.push(Violation::SmallText { preset, pt: smallest });
    }
    if largest > preset.text_pt().end() + SLACK_PT {
        found.push(Violation::LargeText { preset, pt: largest });
    }
    if !preset.formats().contains(&format) {
        found.push(Violation::Format { preset, format });
    }
    if !preset.dpi().contains(&dpi) {
        found.push(Violation::Resolution { preset, dpi });
    } else if let Some(of_tissue) = tissue_dpi(&drawing).filter(|d| d.round() < *preset.dpi().start()) {
        found.push(Violation::TissueResolution { preset, dpi: of_tissue });
    }
    let parts = match figure.maps() {
        Some(grid) => grid.rows.len() * grid.columns.len(),
        None => figure.panels.len(),
    };
    let is_paper = matches!(preset, Preset::Nature | Preset::CellPress | Preset::Plos);
    if is_paper && figure.maps().is_none() && parts > 1 && figure.style.letters == PanelLetters::None {
        found.push(Violation::NoLetters { preset });
    }
    Ok(found)
}

/// The smallest and the largest text in points, without the letters of panels.
fn text_sizes(drawing: &Drawing<'_>, letters_pt: f64) -> (f64, f64) {
    let sizes = drawing.items.iter().filter_map(|item| match item {
        Item::Text(label) => {
            let pt = label.size / MM_PER_POINT;
            (label.face != Face::Bold || (pt - letters_pt).abs() > SLACK_PT).then_some(pt)
        }
        _ => None,
    });
    sizes.fold((f64::INFINITY, 0.0), |(low, high), pt| (low.min(pt), high.max(pt)))
}

/// The lowest resolution of an image of tissue.
fn tissue_dpi(drawing: &Drawing<'_>) -> Option<f64> {
    let dpi = |t: &super::drawing::Embedded<'_>| f64::from(t.tissue.width) / (t.size[0] / MM_PER_INCH);
    drawing.tissues.iter().map(dpi).min_by(f64::total_cmp)
}

/// Names in a row: "89 or 183".
fn joined(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Width { preset, mm } => {
                let range = preset.width_range();
                let allowed = if preset.has_fixed_widths() {
                    joined(&preset.widths().iter().map(|w| plain(w.mm, 1)).collect::<Vec<_>>(), "or")
                } else {
                    format!("{} to {}", plain(*range.start(), 1), plain(*range.end(), 1))
                };
                let who = preset.subject();
                write!(f, "The figure is {} mm wide; {who} allows {allowed} mm.", plain(mm, 1))
            }
            Self::Height { preset, mm } => {
                let (who, most) = (preset.subject(), plain(preset.max_height_mm(), 1));
                write!(f, "The figure is {} mm high; {who} allows at most {most} mm.", plain(mm, 1))
            }
            Self::SmallText { preset, pt } => {
                let (who, least) = (preset.subject(), plain(*preset.text_pt().start(), 1));
                write!(f, "The smallest text is {} pt; {who} asks for at least {least} pt.", plain(pt, 1))
            }
            Self::LargeText { preset, pt } => {
                let (who, most) = (preset.subject(), plain(*preset.text_pt().end(), 1));
                write!(f, "The largest text is {} pt; {who} allows at most {most} pt.", plain(pt, 1))
            }
            Self::Format { preset, format } => {
                let names: Vec<String> = preset.formats().iter().map(|f| f.name().to_owned()).collect();
                let (who, names) = (preset.subject(), joined(&names, "or"));
                write!(f, "The format is {}; {who} asks for {names}.", format.name())
            }
            Self::Resolution { preset, dpi } => {
                let (range, who) = (preset.dpi(), preset.subject());
                let [low, high] = [*range.start(), *range.end()].map(|v| plain(v, 0));
                write!(f, "The resolution is {} dpi; {who} asks for {low} to {high} dpi.", plain(dpi, 0))
            }
            Self::TissueResolution { preset, dpi } => {
                let (who, low) = (preset.subject(), plain(*preset.dpi().start(), 0));
                write!(
                    f,
                    "The tissue image has {} dpi at this size; {who} asks for at least {low} dpi.",
                    plain(dpi, 0)
                )
            }
            Self::NoLetters { preset } => {
                write!(f, "The panels have no letters; {} asks for them.", preset.subject())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::panel::{Axis, Facts, Panel, PlacedPanel, Scatter, Span};
    use super::*;

    fn figure(style: Style, count: usize) -> Figure {
        let scatter = Scatter {
            x: Axis::new("x"),
            y: Axis::new("y"),
            points: vec![[0.0, 0.0], [1.0, 2.0]],
            ..Scatter::default()
        };
        let panel = PlacedPanel {
            title: None,
            span: Span::Full,
            facts: Facts::default(),
            panel: Panel::Scatter(scatter),
        };
        Figure { panels: vec![panel; count], style }
    }

    #[test]
    fn what_a_preset_sets_it_allows() {
        for preset in Preset::ALL {
            for width in preset.widths() {
                let style = Style { letters: PanelLetters::Panels, ..Style::default() };
                let style = preset.apply(&style, width.mm);
                style.check().unwrap();
                for format in preset.formats() {
                    let found = violations(preset, &figure(style, 2), *format, style.dpi).unwrap();
                    assert!(found.is_empty(), "{preset:?} {}: {found:?}", width.mm);
                }
            }
        }
    }

    #[test]
    fn every_violation_is_one_plain_sentence() {
        let style = Style { width_mm: 150.0, max_height_mm: 400.0, font_pt: 9.0, ..Style::default() };
        let said = |preset, dpi, format| -> Vec<String> {
            let found = violations(preset, &figure(style, 4), format, dpi).unwrap();
            found.iter().map(Violation::to_string).collect()
        };
        let nature = said(Preset::Nature, 150.0, Format::Png);
        assert_eq!(nature[0], "The figure is 150 mm wide; Nature allows 89 or 183 mm.");
        assert!(nature[1].ends_with("mm high; Nature allows at most 170 mm."), "{nature:?}");
        assert_eq!(nature[2], "The largest text is 9 pt; Nature allows at most 7 pt.");
        assert_eq!(nature[3], "The format is PNG; Nature asks for PDF, TIFF or SVG.");
        assert_eq!(nature[4], "The resolution is 150 dpi; Nature asks for 300 to 1200 dpi.");
        assert_eq!(nature[5], "The panels have no letters; Nature asks for them.");
        assert_eq!(nature.len(), 6);
        let slide = said(Preset::Slide, 150.0, Format::Png);
        assert_eq!(slide[1], "The smallest text is 9 pt; a slide asks for at least 12 pt.");
    }
}
