//! What a figure shows, as plain data.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::save::Format;
use crate::core::cells::Cells;
use crate::core::color_scale::ColorScale;
use crate::core::display::PaneKind;
use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::core::target::ExpressionScale;
use crate::core::text::{counted, thousands};

/// The part of a slide that rows of a figure show, with the spots on it. Rows of one section share it, so
/// that its image is embedded once.
#[derive(Debug, Clone, PartialEq)]
pub struct Tissue {
    /// The part of the slide that is shown.
    pub crop: SlideRect,
    /// Resolution of the slide.
    pub mpp: Mpp,
    /// Pixels of the crop, row-major, 3 bytes each, at whatever resolution; see [`Style::max_panel_px`].
    pub rgb: Vec<u8>,
    /// Columns of `rgb`.
    pub width: u32,
    /// Rows of `rgb`.
    pub height: u32,
    /// Centres of the spots on the slide.
    pub centers: Vec<SlidePoint>,
    /// Radius of a spot in slide pixels, as drawn.
    pub radius_px: f64,
    /// The cells that are drawn around the spots in place of discs.
    pub cells: Option<Cells>,
}

impl Tissue {
    /// A crop that shows all spots with some tissue around them, within a slide of this size; the whole
    /// slide where there are no spots.
    pub fn crop_around(centers: &[SlidePoint], radius_px: f64, slide_size: (u32, u32)) -> SlideRect {
        let slide = SlideRect::of_size(slide_size.0, slide_size.1);
        SlideRect::around(centers.iter().copied())
            .map(|r| r.grown(radius_px * 4.0).intersect(slide))
            .filter(|r| r.width() > 0.0 && r.height() > 0.0)
            .unwrap_or(slide)
    }

    /// Height of the crop divided by its width.
    pub(super) fn aspect(&self) -> f64 {
        self.crop.height() / self.crop.width()
    }
}

/// One map: a pane of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// One value a spot, NaN where there is none; empty for H&E, and for a map that does not exist.
    pub values: Vec<f32>,
    /// Its colours; none for H&E, and for a map that does not exist.
    pub scale: Option<ColorScale>,
    /// What measured or predicted values mean, written along their colour bar.
    pub expression: Option<ExpressionScale>,
    /// Pearson's correlation with the measured values, printed beneath it.
    pub pcc: Option<f32>,
    /// What must be known to read the map, printed beneath it.
    pub remark: Option<PanelRemark>,
    /// The places that are unlike everything the model was trained on, in rising order; they are struck through.
    pub struck: Vec<usize>,
}

impl Panel {
    /// The tissue alone.
    pub const HE: Self = Self {
        values: Vec::new(),
        scale: None,
        expression: None,
        pcc: None,
        remark: None,
        struck: Vec::new(),
    };
}

/// Why a map is empty, or the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelRemark {
    /// The gene was counted at no spot of the section.
    NoCounts,
    /// The gene was counted at hardly any spot.
    Rare {
        /// At how many spots it was counted.
        spots: usize,
        /// Of how many.
        of: usize,
    },
    /// The gene is predicted as zero at every spot.
    PredictedZero,
    /// The section did not measure the gene.
    NotMeasured,
    /// The run does not predict the gene.
    NotPredicted,
    /// Measured and predicted values are on different scales.
    TwoScales,
}

impl PanelRemark {
    /// The remark, and a shorter one.
    pub fn texts(self) -> [String; 2] {
        let texts = match self {
            Self::Rare { spots, of } => {
                let long = format!("counted at only {} of {} spots", thousands(spots), thousands(of));
                return [long, counted(spots, "spot")];
            }
            Self::NoCounts => ["no counts at any spot", "no counts"],
            Self::PredictedZero => ["predicted as zero at every spot", "predicted as zero"],
            Self::NotMeasured => ["not measured in this section", "not measured"],
            Self::NotPredicted => ["not predicted by this run", "not predicted"],
            Self::TwoScales => ["no difference: two scales", "two scales"],
        };
        texts.map(str::to_owned)
    }
}

/// One row: a gene on a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The gene, printed in italics.
    pub gene: Option<String>,
    /// The section, printed beside it.
    pub section: String,
    /// Whether the model was trained on the section; then a correlation is printed with that remark.
    pub seen: bool,
    /// Where it lies.
    pub tissue: Arc<Tissue>,
    /// Its maps, one for each of the figure's columns.
    pub panels: Vec<Panel>,
}

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

/// How a figure is set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Width on paper in millimetres.
    pub width_mm: f64,
    /// The most it may be high, in millimetres; panels shrink to keep it.
    pub max_height_mm: f64,
    /// Dots per inch of the PNG and of the tissue in the SVG.
    pub dpi: f64,
    /// Size of the text in points.
    pub font_pt: f64,
    /// What is behind everything.
    pub background: Background,
    /// Letters at rows or panels.
    pub letters: PanelLetters,
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
            opacity: 0.88,
            scale_bar: true,
        }
    }
}

impl Style {
    /// The range of [`Style::width_mm`] and of [`Style::max_height_mm`].
    pub const WIDTHS_MM: std::ops::RangeInclusive<f64> = 20.0..=500.0;
    /// The range of [`Style::dpi`].
    pub const DPIS: std::ops::RangeInclusive<f64> = 30.0..=1200.0;
    /// The range of [`Style::font_pt`].
    pub const FONTS_PT: std::ops::RangeInclusive<f64> = 4.0..=24.0;

    /// More pixels than a panel of a figure of `columns` columns can show across: a tissue image need not
    /// be wider than that.
    pub fn max_panel_px(&self, columns: usize) -> u32 {
        (self.width_mm / columns.max(1) as f64 / MM_PER_INCH * self.dpi).ceil() as u32
    }
}

/// Millimetres of an inch.
pub(super) const MM_PER_INCH: f64 = 25.4;

/// A grid of maps: rows are genes, sections or both, columns are panes.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The panes, from left to right.
    pub columns: Vec<PaneKind>,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
    /// How it is set.
    pub style: Style,
}

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
    /// Panels would be too small to read.
    #[error("The figure is too small for {columns} columns and {rows} rows: {remedy}")]
    TooSmall {
        /// Number of columns.
        columns: usize,
        /// Number of rows.
        rows: usize,
        /// What to change.
        remedy: &'static str,
    },
    /// The PNG would need too much memory.
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

impl Figure {
    /// Whether the description can be drawn.
    ///
    /// # Errors
    /// [`FigureError::Empty`], [`FigureError::OutOfRange`] and [`FigureError::Inconsistent`].
    pub fn check(&self) -> Result<(), FigureError> {
        if self.rows.is_empty() || self.columns.is_empty() {
            return Err(FigureError::Empty);
        }
        let s = &self.style;
        for (what, value, range) in [
            ("width in mm", s.width_mm, Style::WIDTHS_MM),
            ("largest height in mm", s.max_height_mm, Style::WIDTHS_MM),
            ("resolution in dpi", s.dpi, Style::DPIS),
            ("font size in points", s.font_pt, Style::FONTS_PT),
            ("opacity", f64::from(s.opacity), 0.0..=1.0),
        ] {
            if !range.contains(&value) {
                return Err(FigureError::OutOfRange { what, value, low: *range.start(), high: *range.end() });
            }
        }
        for (i, row) in self.rows.iter().enumerate() {
            self.check_row(row).map_err(|what| FigureError::Inconsistent {
                row: i + 1,
                section: row.section.clone(),
                what,
            })?;
        }
        Ok(())
    }

    fn check_row(&self, row: &Row) -> Result<(), String> {
        let t = &*row.tissue;
        let (pixels, spots) = (t.rgb.len() as u64, t.centers.len());
        if t.width == 0 || t.height == 0 || pixels != u64::from(t.width) * u64::from(t.height) * 3 {
            return Err(format!("an image of {} x {} pixels has {pixels} bytes", t.width, t.height));
        }
        if !(t.crop.width() > 0.0 && t.crop.height() > 0.0 && t.aspect().is_finite() && t.aspect() > 0.0) {
            return Err("the shown part of the slide is empty".to_owned());
        }
        if !Mpp::PLAUSIBLE.contains(&t.mpp.0) {
            return Err(format!("{} µm per pixel is not a resolution of a slide", t.mpp.0));
        }
        if !(t.radius_px.is_finite() && t.radius_px >= 0.0)
            || t.centers.iter().any(|c| !(c.x.is_finite() && c.y.is_finite()))
        {
            return Err("a spot has no finite position or radius".to_owned());
        }
        if t.cells
            .as_ref()
            .map(Cells::cell)
            .is_some_and(|cell| !(cell.pitch.is_finite() && cell.pitch > 0.0 && cell.angle.is_finite()))
        {
            return Err("its cells have no finite size".to_owned());
        }
        if row.panels.len() != self.columns.len() {
            return Err(format!("{} panels for {} columns", row.panels.len(), self.columns.len()));
        }
        for (kind, panel) in self.columns.iter().zip(&row.panels) {
            let nothing = *kind == PaneKind::He || (panel.scale.is_none() && panel.values.is_empty());
            if panel.values.len() != if nothing { 0 } else { spots } {
                let name = kind.name();
                return Err(format!("{name} has {} values for {spots} spots", panel.values.len()));
            }
            if panel.struck.iter().any(|&place| place >= panel.values.len()) {
                return Err(format!("{} has places struck through that it does not show", kind.name()));
            }
            if panel.scale.is_some_and(|s| !(s.low.is_finite() && s.high.is_finite() && s.low <= s.high)) {
                return Err(format!("{} has no finite colour limits", kind.name()));
            }
        }
        Ok(())
    }
}
