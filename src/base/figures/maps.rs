//! Maps of genes on tissue, as plain data.

use std::sync::Arc;

use super::figure::FigureError;
use crate::core::cells::Cells;
use crate::core::color_scale::ColorScale;
use crate::core::display::PaneKind;
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
    /// Pixels of the crop, row-major, 3 bytes each, at whatever resolution; see [`super::Style::max_panel_px`].
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
    /// Outlined regions, drawn over every map of the tissue.
    pub regions: Vec<RegionOutline>,
}

/// A class of regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionClass {
    /// "Invasive cancer".
    pub name: String,
    /// The colour of its outlines.
    pub rgb: [u8; 3],
}

/// A region of the tissue, drawn as an outline.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionOutline {
    /// What it is.
    pub class: RegionClass,
    /// Closed rings in slide pixels: the outer border, and the borders of holes.
    pub rings: Vec<Vec<SlidePoint>>,
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
pub struct MapPane {
    /// One value a spot, NaN where there is none; empty for H&E, and for a map that does not exist.
    pub values: Vec<f32>,
    /// Its colours; none for H&E, for a map of classes, and for one that does not exist.
    pub scale: Option<ColorScale>,
    /// Of a map of classes: what its values count from 0. Spots without a class are not drawn.
    pub classes: Vec<RegionClass>,
    /// What measured or predicted values mean, written along their colour bar.
    pub expression: Option<ExpressionScale>,
    /// Pearson's correlation with the measured values, printed beneath it.
    pub pcc: Option<f32>,
    /// What must be known to read the map, printed beneath it.
    pub remark: Option<PanelRemark>,
    /// The places that are unlike everything the model was trained on, in rising order; they are struck through.
    pub struck: Vec<usize>,
}

impl MapPane {
    /// The tissue alone.
    pub const HE: Self = Self {
        values: Vec::new(),
        scale: None,
        classes: Vec::new(),
        expression: None,
        pcc: None,
        remark: None,
        struck: Vec::new(),
    };

    /// The classes that any spot has, of a map of classes.
    pub(super) fn shown_classes(&self) -> impl Iterator<Item = &RegionClass> {
        let has = |i: usize| self.values.iter().any(|v| !v.is_nan() && *v as usize == i);
        self.classes.iter().enumerate().filter(move |(i, _)| has(*i)).map(|(_, class)| class)
    }
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
    pub panes: Vec<MapPane>,
}

/// A grid of maps: rows are genes, sections or both, columns are panes.
#[derive(Debug, Clone, PartialEq)]
pub struct MapGrid {
    /// The panes, from left to right.
    pub columns: Vec<PaneKind>,
    /// The rows, from top to bottom.
    pub rows: Vec<Row>,
    /// Whether the classes of outlined regions are explained beneath; a [`super::Panel::RegionLegend`] may do so elsewhere.
    pub region_legend: bool,
}

impl Tissue {
    /// Whether it can be drawn.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        let pixels = self.rgb.len() as u64;
        if self.width == 0 || self.height == 0 || pixels != u64::from(self.width) * u64::from(self.height) * 3
        {
            return Err(format!("an image of {} x {} pixels has {pixels} bytes", self.width, self.height));
        }
        let aspect = self.aspect();
        if !(self.crop.width() > 0.0 && self.crop.height() > 0.0 && aspect.is_finite() && aspect > 0.0) {
            return Err("the shown part of the slide is empty".to_owned());
        }
        if !Mpp::PLAUSIBLE.contains(&self.mpp.0) {
            return Err(format!("{} µm per pixel is not a resolution of a slide", self.mpp.0));
        }
        let is_finite = |p: &SlidePoint| p.x.is_finite() && p.y.is_finite();
        let radius = self.radius_px;
        if !(radius.is_finite() && radius >= 0.0 && self.centers.iter().all(is_finite)) {
            return Err("a spot has no finite position or radius".to_owned());
        }
        if self
            .cells
            .as_ref()
            .map(Cells::cell)
            .is_some_and(|cell| !(cell.pitch.is_finite() && cell.pitch > 0.0 && cell.angle.is_finite()))
        {
            return Err("its cells have no finite size".to_owned());
        }
        let lost = self.regions.iter().find(|r| !r.rings.iter().flatten().all(is_finite));
        if let Some(region) = lost {
            return Err(format!(
                "an outline of {} has a corner without a finite position",
                region.class.name
            ));
        }
        Ok(())
    }

    /// The classes of its regions, each once, in the order in which they first appear.
    pub(super) fn region_classes(&self) -> impl Iterator<Item = &RegionClass> {
        let before = |i: usize| self.regions.iter().take(i).map(|r| &r.class);
        self.regions
            .iter()
            .enumerate()
            .filter(move |(i, r)| !before(*i).any(|c| *c == r.class))
            .map(|(_, r)| &r.class)
    }
}

impl MapGrid {
    /// Its genes and sections: "GNAS, FASN in C2, C3".
    pub(super) fn title(&self) -> String {
        let mut genes: Vec<&str> = Vec::new();
        let mut sections: Vec<&str> = Vec::new();
        for row in &self.rows {
            for (names, name) in
                [(&mut genes, row.gene.as_deref().unwrap_or_default()), (&mut sections, row.section.as_str())]
            {
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let parts = [genes.join(", "), sections.join(", ")];
        parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" in ")
    }

    /// Whether it can be drawn.
    ///
    /// # Errors
    /// [`FigureError::Empty`] and [`FigureError::Inconsistent`].
    pub(super) fn check(&self) -> Result<(), FigureError> {
        if self.rows.is_empty() || self.columns.is_empty() {
            return Err(FigureError::Empty);
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
        row.tissue.check()?;
        let spots = row.tissue.centers.len();
        if row.panes.len() != self.columns.len() {
            return Err(format!("{} maps for {} columns", row.panes.len(), self.columns.len()));
        }
        for (kind, pane) in self.columns.iter().zip(&row.panes) {
            let nothing = *kind == PaneKind::He || (pane.scale.is_none() && pane.values.is_empty());
            if pane.values.len() != if nothing { 0 } else { spots } {
                let name = kind.name();
                return Err(format!("{name} has {} values for {spots} spots", pane.values.len()));
            }
            let is_class = |v: &f32| v.is_nan() || pane.classes.get(*v as usize).is_some();
            if kind.is_of_classes() && !pane.values.iter().all(is_class) {
                return Err(format!("{} has a spot of a class that is not listed", kind.name()));
            }
            if pane.struck.iter().any(|&place| place >= pane.values.len()) {
                return Err(format!("{} has places struck through that it does not show", kind.name()));
            }
            if pane.scale.is_some_and(|s| !(s.low.is_finite() && s.high.is_finite() && s.low <= s.high)) {
                return Err(format!("{} has no finite colour limits", kind.name()));
            }
        }
        Ok(())
    }
}
