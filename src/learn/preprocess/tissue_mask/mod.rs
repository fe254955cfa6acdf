//! The tissue of a slide, outlined on an overview of about 8 micrometres per pixel: what predictions are made on where
//! nothing was measured.

mod color;
mod morphology;
mod otsu;
mod outline;
mod stain;
#[cfg(test)]
mod tests;

use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::core::places::{Stroke, TissueSettings};
use crate::data::slide::RgbImage;
use color::{Classes, Shade};
use morphology::Bitmap;

pub use outline::Outline;
pub use stain::Stain;

/// Micrometres per pixel of the overview that tissue is looked for on.
pub const OVERVIEW_MPP: f64 = 8.0;
/// The longest side of that overview in pixels; a wider slide gets a coarser one.
pub const MAX_OVERVIEW: u32 = 4_096;
/// Gaps and bridges up to this width, in micrometres, are closed and cut.
const SMOOTHING_UM: f64 = 50.0;
/// Smaller holes are tissue, in square millimetres.
const MIN_HOLE_MM2: f64 = 0.05;
/// Smaller pieces are dirt, in square millimetres.
const MIN_PIECE_MM2: f64 = 0.02;
/// Otsu's threshold of staining is used within these limits: beyond, the slide has no glass, or it would divide dark
/// tissue from pale.
const THRESHOLDS: std::ops::RangeInclusive<f32> = 0.03..=0.09;

/// Which parts of a slide are tissue, on a raster that covers the slide.
#[derive(Debug, Clone, PartialEq)]
pub struct TissueMask {
    raster: Bitmap,
    slide_size: (u32, u32),
    mpp: Mpp,
    threshold: f32,
}

/// The longer side, in pixels, of the overview of a slide of `size` pixels that [`TissueMask::find`] is best given.
pub fn overview_side(size: (u32, u32), mpp: Mpp) -> u32 {
    let side = f64::from(size.0.max(size.1)) * mpp.0 / OVERVIEW_MPP;
    // A resolution that is not a number gives the smallest.
    (side.round() as u32).clamp(64, MAX_OVERVIEW)
}

impl TissueMask {
    /// Finds the tissue of a slide of `slide_size` pixels, all of which `overview` shows. Black frames of scans and marks
    /// of blue, green and black ink are not tissue. Red ink cannot be told from eosin; a stroke removes it.
    pub fn find(overview: &RgbImage, slide_size: (u32, u32), mpp: Mpp, settings: &TissueSettings) -> Self {
        let (width, height) = (overview.width as usize, overview.height as usize);
        let um = mpp.0 * f64::from(slide_size.0) / f64::from(overview.width.max(1));
        let radius = (SMOOTHING_UM / 2.0 / um).round();
        let classes = Classes::new(overview);
        let automatic = || {
            let found = otsu::threshold(classes.stainings());
            found.clamp(*THRESHOLDS.start(), *THRESHOLDS.end())
        };
        let threshold = settings.threshold.filter(|t| t.is_finite()).unwrap_or_else(automatic);
        let bitmap = |is: &dyn Fn(Shade) -> bool| Bitmap::from_fn(width, height, |i| is(classes.get(i)));
        let ink = bitmap(&|shade| shade == Shade::Ink).opened(radius);
        // Ink bleeds into the pixels around it.
        let ink = if ink.is_empty() { ink } else { ink.dilated(2.0 * radius.max(1.0)) };
        let barred = ink.or(&bitmap(&|shade| shade == Shade::Black));
        let stained = bitmap(&|shade| matches!(shade, Shade::Stained(s) if s > threshold));
        let pixels = |mm2: f64| (mm2 * 1e6 / (um * um)).ceil() as usize;
        let raster = stained
            .without(&barred)
            .closed(radius)
            .opened(radius)
            .filled(pixels(MIN_HOLE_MM2))
            .without(&barred)
            .sifted(pixels(MIN_PIECE_MM2));
        Self { raster, slide_size, mpp, threshold }.painted(&settings.strokes)
    }

    /// This tissue with circles of the brush applied, one after the other.
    #[must_use]
    pub fn painted(mut self, strokes: &[Stroke]) -> Self {
        let scale = self.raster.width() as f64 / f64::from(self.slide_size.0.max(1));
        for stroke in strokes {
            let center = (stroke.center.x * scale, stroke.center.y * scale);
            self.raster.paint_circle(center, stroke.radius * scale, stroke.is_tissue);
        }
        self
    }

    /// The staining from which pixels are tissue: mean optical density and its range over the colours, averaged, above
    /// those of glass.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Columns and rows of the raster.
    pub fn size(&self) -> (usize, usize) {
        (self.raster.width(), self.raster.height())
    }

    /// Slide pixels along the two sides of a cell of the raster.
    fn cell(&self) -> (f64, f64) {
        let (columns, rows) = self.size();
        let side = |slide: u32, cells: usize| f64::from(slide) / cells.max(1) as f64;
        (side(self.slide_size.0, columns), side(self.slide_size.1, rows))
    }

    /// Whether there is tissue at `at`; there is none off the slide.
    pub fn contains(&self, at: SlidePoint) -> bool {
        let (cell_x, cell_y) = self.cell();
        let (x, y) = ((at.x / cell_x).floor(), (at.y / cell_y).floor());
        let (columns, rows) = self.size();
        (0.0..columns as f64).contains(&x)
            && (0.0..rows as f64).contains(&y)
            && self.raster.get(x as usize, y as usize)
    }

    /// Whether each cell of the raster is tissue, row by row.
    pub fn cells(&self) -> &[bool] {
        self.raster.as_slice()
    }

    /// The area of the tissue in square millimetres.
    pub fn area_mm2(&self) -> f64 {
        let (cell_x, cell_y) = self.cell();
        self.raster.count() as f64 * cell_x * cell_y * self.mpp.0 * self.mpp.0 / 1e6
    }

    /// The smallest rectangle around the tissue; `None` where there is none.
    pub fn bounds(&self) -> Option<SlideRect> {
        let (cell_x, cell_y) = self.cell();
        let (left, top, right, bottom) = self.raster.bounds()?;
        let corner = |x: usize, y: usize| SlidePoint::new(x as f64 * cell_x, y as f64 * cell_y);
        Some(SlideRect::new(corner(left, top), corner(right, bottom)))
    }

    /// The edges of the tissue in slide pixels: closed rings, those around tissue clockwise, those around holes
    /// counterclockwise as they are seen.
    pub fn outlines(&self) -> Vec<Outline> {
        outline::trace(&self.raster, self.cell())
    }

    /// Tells which share of a rectangle is tissue, many times.
    pub fn shares(&self) -> TissueShares<'_> {
        TissueShares { mask: self, sums: self.raster.sums() }
    }
}

/// Sums over a mask, from which the tissue in any rectangle follows at once.
#[derive(Debug, Clone)]
pub struct TissueShares<'a> {
    mask: &'a TissueMask,
    /// Tissue cells above and to the left of each corner: `(columns + 1) x (rows + 1)`.
    sums: Vec<u32>,
}

impl TissueShares<'_> {
    /// The share of the square of `side` slide pixels around `center` that is tissue, 0 to 1; what is off the slide is
    /// not. Cells count as a whole where their centre lies within.
    pub fn in_square(&self, center: SlidePoint, side: f64) -> f64 {
        let (columns, rows) = self.mask.size();
        let (cell_x, cell_y) = self.mask.cell();
        let range = |at: f64, cell: f64, count: usize| {
            let (from, to) = ((at - side / 2.0) / cell - 0.5, (at + side / 2.0) / cell - 0.5);
            let clamp = |v: f64| v.ceil().clamp(0.0, count as f64) as usize;
            (clamp(from), clamp(to), to.ceil() - from.ceil())
        };
        let (left, right, width) = range(center.x, cell_x, columns);
        let (top, bottom, height) = range(center.y, cell_y, rows);
        if !(width >= 1.0 && height >= 1.0) {
            return if self.mask.contains(center) { 1.0 } else { 0.0 };
        }
        let sum = |x: usize, y: usize| self.sums.get(y * (columns + 1) + x).copied().map_or(0, i64::from);
        let inside = sum(right, bottom) - sum(left, bottom) - sum(right, top) + sum(left, top);
        inside as f64 / (width * height)
    }
}
