//! Figures for print. A [`Figure`] is a plain description; it is laid out once, in millimetres, written
//! as SVG with vector text, and PNGs and previews are that same SVG rendered with the embedded fonts.

mod bar_columns;
mod drawing;
mod figure;
mod layout;
mod marks;
mod nice;
mod raster;
mod save;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use figure::{Background, Figure, FigureError, Panel, PanelLetters, PanelRemark, Row, Style, Tissue};
pub use raster::{Raster, render_preview, to_png};
pub use save::{Format, save};
pub use svg::to_svg;

/// Width and height on paper in millimetres, and the size of the PNG in pixels.
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
    let drawing = layout::lay_out(figure)?;
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
    Ok(missing)
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
