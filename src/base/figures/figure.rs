//! What a figure shows, as plain data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::maps::{MapGrid, Row};
use super::panel::{Facts, Panel, PlacedPanel, Span};
use super::save::Format;
use crate::core::display::PaneKind;
use crate::core::files::FileError;

/// What is behind everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// White paper.
    #[default]
    White,
    /// Nothing.
    Transparent,
}

/// Bold letters by which the text of a paper refers to parts of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelLetters {
    /// None.
    #[default]
    None,
    /// a, b, c at the rows.
    Rows,
    /// a, b, c at the panels.
    Panels,
}

/// How the letters of panels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterCase {
    /// a, b, c.
    #[default]
    Lower,
    /// A, B, C.
    Upper,
}

/// How a figure is set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Width on paper in millimetres.
    pub width_mm: f64,
    /// The most it may be high, in millimetres; panels shrink to keep it.
    pub max_height_mm: f64,
    /// Dots per inch of bitmaps and of tissue images in vector formats.
    pub dpi: f64,
    /// Size of the text in points.
    pub font_pt: f64,
    /// What is behind everything.
    pub background: Background,
    /// Letters at rows or panels; in a figure of several panels, at the panels.
    pub letters: PanelLetters,
    /// How these letters are written.
    pub letter_case: LetterCase,
    /// Opacity of the spots, 0 to 1.
    pub opacity: f32,
    /// Whether there is a scale bar under each row.
    pub scale_bar: bool,
}

impl Default for Style {
    /// Two columns of a journal page, 7-point text, print resolution.
    fn default() -> Self {
        Self {
            width_mm: 183.0,
            max_height_mm: 247.0,
            dpi: 300.0,
            font_pt: 7.0,
            background: Background::White,
            letters: PanelLetters::None,
            letter_case: LetterCase::Lower,
            opacity: 0.88,
            scale_bar: true,
        }
    }
}

impl Style {
    /// The range of [`Style::width_mm`] and of [`Style::max_height_mm`].
    pub const WIDTHS_MM: std::ops::RangeInclusive<f64> = 20.0..=900.0;
    /// The range of [`Style::dpi`].
    pub const DPIS: std::ops::RangeInclusive<f64> = 30.0..=1200.0;
    /// The range of [`Style::font_pt`].
    pub const FONTS_PT: std::ops::RangeInclusive<f64> = 4.0..=48.0;

    /// More pixels than a panel of a figure of `columns` columns can show across: a tissue image need not
    /// be wider than that.
    pub fn max_panel_px(&self, columns: usize) -> u32 {
        (self.width_mm / columns.max(1) as f64 / MM_PER_INCH * self.dpi).ceil() as u32
    }
}

/// Millimetres of an inch.
pub(super) const MM_PER_INCH: f64 = 25.4;

/// Why a figure cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// No rows or no columns.
    #[error("The figure is empty: choose at least one gene and one pane")]
    Empty,
    /// A number outside its range.
    #[error("The figure's {what} is {value}, it must be between {low} and {high}")]
    OutOfRange {
        /// "width in mm".
        what: &'static str,
        /// What was asked for.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// The description contradicts itself.
    #[error("Row {row} of the figure ({section}): {what}")]
    Inconsistent {
        /// Counted from 1.
        row: usize,
        /// The row's section.
        section: String,
        /// What is wrong.
        what: String,
    },
    /// A panel's description contradicts itself.
    #[error("Panel {number} of the figure ({panel}): {what}")]
    InconsistentPanel {
        /// Counted from 1.
        number: usize,
        /// Its title or what it is.
        panel: String,
        /// What is wrong.
        what: String,
    },
    /// A panel would be too small to read.
    #[error("Panel {number} of the figure ({panel}) has too little room: {remedy}")]
    PanelTooSmall {
        /// Counted from 1.
        number: usize,
        /// Its title or what it is.
        panel: String,
        /// What to change.
        remedy: &'static str,
    },
    /// Maps would be too small to read.
    #[error("The figure is too small for {columns} columns and {rows} rows: {remedy}")]
    TooSmall {
        /// Number of columns.
        columns: usize,
        /// Number of rows.
        rows: usize,
        /// What to change.
        remedy: &'static str,
    },
    /// A table of a report contradicts itself.
    #[error("The table \"{table}\" cannot be set: {what}")]
    InconsistentTable {
        /// Its caption, or the name of its first column.
        table: String,
        /// What is wrong.
        what: String,
    },
    /// The bitmap would need too much memory.
    #[error(
        "The figure would have {megapixels:.0} megapixels, more than {limit}: choose a lower dpi or a smaller width"
    )]
    TooManyPixels {
        /// In millions.
        megapixels: f64,
        /// The limit in millions.
        limit: u32,
    },
    /// The file name ends in no known format.
    #[error("{}: figures are saved as {}, choose a name that ends in one of these", .0.display(), Format::EXTENSIONS)]
    UnknownFormat(PathBuf),
    /// An encoder or the renderer failed; this is a fault of the program.
    #[error("The figure could not be drawn: {0}")]
    Drawing(String),
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Panels on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The panels, in the order in which they are read.
    pub panels: Vec<PlacedPanel>,
    /// How it is set.
    pub style: Style,
}

impl Figure {
    /// A figure that is one grid of maps.
    pub fn from_maps(columns: Vec<PaneKind>, rows: Vec<Row>, style: Style) -> Self {
        let grid = MapGrid { columns, rows, region_legend: true };
        let panel = Panel::Maps(grid);
        Self {
            panels: vec![PlacedPanel { title: None, span: Span::Full, facts: Facts::default(), panel }],
            style,
        }
    }

    /// What it shows, in a few words: the title of the document in files that have one.
    pub fn title(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        for placed in &self.panels {
            let part = match (&placed.title, &placed.panel) {
                (Some(title), _) => title.clone(),
                (None, Panel::Maps(grid)) => grid.title(),
                (None, other) => other.name().to_owned(),
            };
            if !part.is_empty() && !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.is_empty() { "Figure".to_owned() } else { parts.join("; ") }
    }

    /// The only grid of maps in it, where it is nothing else.
    pub fn maps(&self) -> Option<&MapGrid> {
        match self.panels.as_slice() {
            [PlacedPanel { title: None, panel: Panel::Maps(grid), .. }] => Some(grid),
            _ => None,
        }
    }

    /// Whether the description can be drawn.
    ///
    /// # Errors
    /// [`FigureError::Empty`], [`FigureError::OutOfRange`], [`FigureError::Inconsistent`] and
    /// [`FigureError::InconsistentPanel`].
    pub fn check(&self) -> Result<(), FigureError> {
        if self.panels.is_empty() {
            return Err(FigureError::Empty);
        }
        self.style.check()?;
        for (i, placed) in self.panels.iter().enumerate() {
            match &placed.panel {
                Panel::Maps(grid) => grid.check()?,
                other => other.check().map_err(|what| FigureError::InconsistentPanel {
                    number: i + 1,
                    panel: placed.name().to_owned(),
                    what,
                })?,
            }
        }
        Ok(())
    }
}

impl Style {
    /// Whether all numbers are in their ranges.
    pub(super) fn check(&self) -> Result<(), FigureError> {
        for (what, value, range) in [
            ("width in mm", self.width_mm, Self::WIDTHS_MM),
            ("largest height in mm", self.max_height_mm, Self::WIDTHS_MM),
            ("resolution in dpi", self.dpi, Self::DPIS),
            ("font size in points", self.font_pt, Self::FONTS_PT),
            ("opacity", f64::from(self.opacity), 0.0..=1.0),
        ] {
            if !range.contains(&value) {
                return Err(FigureError::OutOfRange { what, value, low: *range.start(), high: *range.end() });
            }
        }
        Ok(())
    }
}
