//! PNGs, TIFFs and previews: the SVG itself, rendered with the embedded fonts.

use std::io::Cursor;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use tiff::encoder::colortype::RGB8;
use tiff::encoder::{Compression, Rational, TiffEncoder};
use tiff::tags::{Predictor, ResolutionUnit, Tag};

use super::drawing::Drawing;
use super::figure::{Background, Figure, FigureError, MM_PER_INCH, Style};
use super::layout::lay_out;
use super::{svg, text};

/// The most pixels a bitmap may have: a journal page at 1200 dpi, about half a gigabyte while it is drawn.
const MAX_PIXELS: f64 = 120e6;

/// Pixels for the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha (not multiplied in), row-major.
    pub rgba: Vec<u8>,
}

/// Width and height in pixels of `drawing` at `dpi`.
pub(super) fn pixel_size(drawing: &Drawing<'_>, dpi: f64) -> Result<[u32; 2], FigureError> {
    let [w, h] = [drawing.width, drawing.height].map(|mm| (mm / MM_PER_INCH * dpi).round().max(1.0));
    if w * h > MAX_PIXELS {
        return Err(FigureError::TooManyPixels { megapixels: w * h / 1e6, limit: (MAX_PIXELS / 1e6) as u32 });
    }
    Ok([w as u32, h as u32])
}

fn render(drawing: &Drawing<'_>, dpi: f64) -> Result<Pixmap, FigureError> {
    let [width, height] = pixel_size(drawing, dpi)?;
    let options = usvg::Options {
        fontdb: text::database(),
        font_resolver: text::resolver(),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(&svg::write(drawing, dpi)?, &options)
        .map_err(|e| FigureError::Drawing(format!("the SVG does not parse ({e})")))?;
    let mut pixmap = Pixmap::new(width, height)
        .ok_or_else(|| FigureError::Drawing(format!("no memory for {width} x {height} pixels")))?;
    let scale =
        Transform::from_scale(width as f32 / tree.size().width(), height as f32 / tree.size().height());
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    Ok(pixmap)
}

/// `figure` as a PNG at its dpi; the file says how many pixels a metre has, so that programs place it at
/// its size in millimetres.
///
/// # Errors
/// [`FigureError`] when the description is wrong or the picture would be too large.
pub fn to_png(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    let drawing = lay_out(figure)?;
    let pixmap = render(&drawing, figure.style.dpi)?;
    let (width, height) = (pixmap.width(), pixmap.height());
    // Journals ask for pictures without alpha.
    let (pixels, color) = match figure.style.background {
        Background::White => {
            let mut rgba = pixmap.take();
            drop_alpha(&mut rgba);
            (rgba, png::ColorType::Rgb)
        }
        Background::Transparent => (pixmap.take_demultiplied(), png::ColorType::Rgba),
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let per_metre = (figure.style.dpi / MM_PER_INCH * 1000.0).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: png::Unit::Meter,
    }));
    let failed = |e: png::EncodingError| FigureError::Drawing(format!("the PNG cannot be encoded ({e})"));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// The most bytes of a strip of a TIFF before it is compressed.
const MAX_STRIP: usize = 1 << 20;

/// `figure` as a TIFF at its dpi: red, green and blue on white without alpha, as journals ask for it, in strips compressed
/// by LZW.
///
/// # Errors
/// As [`to_png`].
pub fn to_tiff(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    let drawing = Drawing { background: Background::White, ..lay_out(figure)? };
    let pixmap = render(&drawing, figure.style.dpi)?;
    let (width, height) = (pixmap.width(), pixmap.height());
    let mut rgb = pixmap.take();
    drop_alpha(&mut rgb);
    let failed = |e: tiff::TiffError| FigureError::Drawing(format!("the TIFF cannot be encoded ({e})"));
    let mut bytes = Cursor::new(Vec::new());
    // Neighbouring pixels resemble each other, so that their differences take less.
    let mut encoder = TiffEncoder::new(&mut bytes)
        .map_err(failed)?
        .with_compression(Compression::Lzw)
        .with_predictor(Predictor::Horizontal);
    let mut image = encoder.new_image::<RGB8>(width, height).map_err(failed)?;
    // A dpi with decimals is written in hundredths.
    let dpi = Rational { n: (figure.style.dpi * 100.0).round() as u32, d: 100 };
    image.resolution(ResolutionUnit::Inch, dpi);
    image.encoder().write_tag(Tag::Software, "HisCMCL").map_err(failed)?;
    let rows = (MAX_STRIP / (3 * width as usize)).clamp(1, height as usize);
    image.rows_per_strip(rows as u32).map_err(failed)?;
    // Strips that are written one by one are not compressed by the library (tiff 0.11).
    image.write_data(&rgb).map_err(failed)?;
    Ok(bytes.into_inner())
}

/// Turns opaque RGBA into RGB in place.
fn drop_alpha(pixels: &mut Vec<u8>) {
    let count = pixels.len() / 4;
    for i in 0..count {
        pixels.copy_within(4 * i..4 * i + 3, 3 * i);
    }
    pixels.truncate(3 * count);
}

/// `figure` as [`to_png`] draws it, `width_px` pixels wide: a preview that is the export.
///
/// # Errors
/// As [`to_png`].
pub fn render_preview(figure: &Figure, width_px: u32) -> Result<Raster, FigureError> {
    let dpi = f64::from(width_px.max(1)) / figure.style.width_mm * MM_PER_INCH;
    // The preview's resolution is the window's affair; the export's must be right all the same.
    let drawing = lay_out(figure)?;
    let pixmap = render(&drawing, dpi.min(*Style::DPIS.end()))?;
    let (width, height) = (pixmap.width(), pixmap.height());
    Ok(Raster { width, height, rgba: pixmap.take_demultiplied() })
}
