//! Figures for print. A [`Figure`] is a plain description; it is laid out once, in millimetres, and written as SVG or PDF
//! with vector text. PNGs, TIFFs and previews are that same SVG rendered with the embedded fonts. A [`Report`] is a document
//! of several pages with text, tables and figures.

mod caption;
mod drawing;
mod figure;
mod glyphs;
mod layout;
mod maps;
mod marks;
mod nice;
mod panel;
#[cfg(test)]
mod panel_tests;
mod pdf;
mod presets;
mod raster;
mod report;
mod save;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use caption::caption;
pub use figure::{Background, Figure, FigureError, LetterCase, PanelLetters, Style};
pub use maps::{MapGrid, MapPane, PanelRemark, RegionClass, RegionOutline, Row, Tissue};
pub use panel::{
    Axis, Curve, Curves, Dot, DotPlot, Facts, GeneMix, MixGene, Panel, PlacedPanel, Scatter, ScoreRow,
    Scores, Span, Volcano, VolcanoGene,
};
pub use pdf::to_pdf;
pub use presets::{FigureWidth, Preset, Violation, violations};
pub use raster::{Raster, render_preview, to_png, to_tiff};
pub use report::{Align, Block, Column, Report, Table, report_to_pdf, save_report, undrawable_in_report};
pub use save::{Format, save};
pub use svg::to_svg;

/// Width and height on paper in millimetres, and the size of a bitmap in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureSize {
    /// Width and height in millimetres.
    pub mm: [f64; 2],
    /// Width and height in pixels at the figure's dpi.
    pub px: [u32; 2],
}

/// The characters of `figure` that neither the embedded fonts nor those of this computer can draw, each once.
///
/// # Errors
/// What is wrong with the description, see [`Figure::check`].
pub fn undrawable(figure: &Figure) -> Result<Vec<char>, FigureError> {
    Ok(undrawable_in(&layout::lay_out(figure)?))
}

fn undrawable_in(drawing: &drawing::Drawing<'_>) -> Vec<char> {
    let mut missing = Vec::new();
    for item in &drawing.items {
        if let drawing::Item::Text(label) = item {
            for c in text::undrawable(&label.text, label.face) {
                if !missing.contains(&c) {
                    missing.push(c);
                }
            }
        }
    }
    missing
}

/// How large `figure` becomes.
///
/// # Errors
/// What is wrong with the description, see [`Figure::check`].
pub fn size(figure: &Figure) -> Result<FigureSize, FigureError> {
    let drawing = layout::lay_out(figure)?;
    let px = raster::pixel_size(&drawing, figure.style.dpi)?;
    Ok(FigureSize { mm: [drawing.width, drawing.height], px })
}
