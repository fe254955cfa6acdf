//! A drawing as SVG: a real size in millimetres, one unit a millimetre, text as text.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, ImageBuffer, Rgb};
use rayon::prelude::*;

use super::drawing::{Bar, Direction, Drawing, Embedded, Item, Rect, Text};
use super::figure::{Background, Figure, FigureError, MM_PER_INCH};
use super::layout::lay_out;
use super::marks;
use super::text::{self, FAMILIES, Face};

/// `figure` as an SVG document.
///
/// # Errors
/// [`FigureError`] when the description is wrong or a tissue image cannot be encoded.
pub fn to_svg(figure: &Figure) -> Result<String, FigureError> {
    write(&lay_out(figure)?, figure.style.dpi)
}

/// `drawing` as SVG, tissue at `dpi`.
pub(super) fn write(drawing: &Drawing<'_>, dpi: f64) -> Result<String, FigureError> {
    let images: Vec<String> = drawing
        .tissues
        .par_iter()
        .map(|t| embed(t, dpi).map(|jpeg| BASE64.encode(jpeg)))
        .collect::<Result<_, _>>()?;
    let (w, h) = (Num(drawing.width), Num(drawing.height));
    let mut out = String::with_capacity(images.iter().map(String::len).sum::<usize>() + (1 << 16));
    // Writing into a String cannot fail, so the results of write! say nothing.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"{w}mm\" height=\"{h}mm\" viewBox=\"0 0 {w} {h}\" font-family=\"{FAMILIES}\">"
    );
    definitions(&mut out, drawing, &images);
    if drawing.background == Background::White {
        let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>");
    }
    for (i, item) in drawing.items.iter().enumerate() {
        let clip = item.clip().map(|_| format!(" clip-path=\"url(#clip{i})\"")).unwrap_or_default();
        match item {
            Item::Image { tissue, rect } => place_image(&mut out, *tissue, *rect),
            Item::Spots { circles, radius, opacity, .. } => {
                let _ = writeln!(out, "<g fill-opacity=\"{}\"{clip}>", Num(f64::from(*opacity)));
                marks::spots(&mut out, circles, *radius);
                out.push_str("</g>\n");
            }
            Item::Cells { cells, sides, corners, opacity, .. } => {
                // The group is made transparent as a whole, so that cells may overlap a little.
                let _ = writeln!(out, "<g opacity=\"{}\"{clip}>", Num(f64::from(*opacity)));
                marks::cells(&mut out, cells, *sides, corners);
                out.push_str("</g>\n");
            }
            Item::Strikes { middles, half, .. } => marks::strikes(&mut out, middles, *half, &clip),
            Item::Bar(bar) => color_bar(&mut out, bar),
            Item::Line { from, to, width } => {
                let _ = writeln!(
                    out,
                    "<path d=\"M{} {}L{} {}\" stroke=\"#000\" stroke-width=\"{}\"/>",
                    Num(from[0]),
                    Num(from[1]),
                    Num(to[0]),
                    Num(to[1]),
                    Num(*width)
                );
            }
            Item::Ramp { rect, .. } => {
                let _ = writeln!(
                    out,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#ramp{i})\"/>",
                    Num(rect.x),
                    Num(rect.y),
                    Num(rect.w),
                    Num(rect.h)
                );
            }
            Item::Path { lines, closed, fill, stroke, .. } => {
                marks::path(&mut out, lines, *closed, *fill, *stroke, &clip);
            }
            Item::Text(text) => place_text(&mut out, text),
        }
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// Images, colour maps and clip rectangles, to which the rest refers.
fn definitions(out: &mut String, drawing: &Drawing<'_>, images: &[String]) {
    out.push_str("<defs>\n");
    for (i, data) in images.iter().enumerate() {
        // One unit square; each use stretches it to its panel.
        let _ = writeln!(
            out,
            "<image id=\"tissue{i}\" width=\"1\" height=\"1\" preserveAspectRatio=\"none\" \
             xlink:href=\"data:image/jpeg;base64,{data}\"/>"
        );
    }
    let mut maps: Vec<_> = drawing
        .items
        .iter()
        .filter_map(|item| if let Item::Bar(bar) = item { Some(bar.map) } else { None })
        .collect();
    maps.sort_by_key(|m| m.name());
    maps.dedup();
    for map in maps {
        let _ = writeln!(out, "<linearGradient id=\"{}\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">", map.name());
        for stop in 0..=STOPS {
            let t = stop as f32 / STOPS as f32;
            let _ = writeln!(out, "<stop offset=\"{t}\" stop-color=\"{}\"/>", Hex(map.rgb(t)));
        }
        out.push_str("</linearGradient>\n");
    }
    for (i, item) in drawing.items.iter().enumerate() {
        if let Item::Ramp { from, to, .. } = item {
            let _ = writeln!(
                out,
                "<linearGradient id=\"ramp{i}\"><stop offset=\"0\" stop-color=\"{}\"/>\
                 <stop offset=\"1\" stop-color=\"{}\"/></linearGradient>",
                Hex(*from),
                Hex(*to)
            );
        }
        if let Some(r) = item.clip() {
            let _ = writeln!(
                out,
                "<clipPath id=\"clip{i}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>",
                Num(r.x),
                Num(r.y),
                Num(r.w),
                Num(r.h)
            );
        }
    }
    out.push_str("</defs>\n");
}

/// Stops of a gradient; between them colours are mixed, which no eye sees at this number.
pub(super) const STOPS: usize = 32;

/// The tissue as JPEG, with no more pixels than `dpi` asks for.
fn embed(embedded: &Embedded<'_>, dpi: f64) -> Result<Vec<u8>, FigureError> {
    let (rgb, w, h) = pixels(embedded, dpi)?;
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 92);
    encoder
        .encode(&rgb, w, h, ExtendedColorType::Rgb8)
        .map_err(|e| FigureError::Drawing(format!("a tissue image cannot be encoded ({e})")))?;
    Ok(jpeg)
}

/// The pixels of the tissue and their numbers across and down, no more than `dpi` asks for.
pub(super) fn pixels<'t>(
    embedded: &Embedded<'t>,
    dpi: f64,
) -> Result<(Cow<'t, [u8]>, u32, u32), FigureError> {
    let t = embedded.tissue;
    let image = ImageBuffer::<Rgb<u8>, &[u8]>::from_raw(t.width, t.height, t.rgb.as_slice())
        .ok_or_else(|| FigureError::Drawing("a tissue image has too few bytes".to_owned()))?;
    let wanted = |mm: f64| (mm / MM_PER_INCH * dpi).ceil().max(1.0) as u32;
    let (w, h) = (wanted(embedded.size[0]).min(t.width), wanted(embedded.size[1]).min(t.height));
    if (w, h) == (t.width, t.height) {
        return Ok((Cow::Borrowed(t.rgb.as_slice()), w, h));
    }
    Ok((Cow::Owned(imageops::resize(&image, w, h, FilterType::CatmullRom).into_raw()), w, h))
}

fn place_image(out: &mut String, tissue: usize, r: Rect) {
    let _ = writeln!(
        out,
        "<use xlink:href=\"#tissue{tissue}\" transform=\"matrix({} 0 0 {} {} {})\"/>",
        Num(r.w),
        Num(r.h),
        Num(r.x),
        Num(r.y)
    );
}

fn color_bar(out: &mut String, bar: &Bar) {
    let (top, bottom) = bar.scale();
    let r = bar.rect;
    let (left, right, middle) = (Num(r.x), Num(r.right()), Num(r.x + r.w / 2.0));
    // The gradient spans the shape it fills, so that the pointed ends are shapes of their own.
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#{})\"/>",
        Num(top),
        Num(r.w),
        Num(bottom - top),
        bar.map.name()
    );
    let ends = [(bar.above, top, r.y, 1.0), (bar.below, bottom, r.bottom(), 0.0)];
    for (_, base, tip, t) in ends.into_iter().filter(|e| e.0) {
        let _ = writeln!(
            out,
            "<path d=\"M{left} {base}L{right} {base}L{middle} {}Z\" fill=\"{}\"/>",
            Num(tip),
            Hex(bar.map.rgb(t)),
            base = Num(base)
        );
    }
}

fn place_text(out: &mut String, label: &Text) {
    let (x, y) = (Num(label.x), Num(label.y));
    let place = match label.direction {
        Direction::Right => format!("x=\"{x}\" y=\"{y}\""),
        Direction::Up => format!("transform=\"translate({x} {y}) rotate(-90)\""),
    };
    let face = match label.face {
        Face::Regular => "",
        Face::Bold => " font-weight=\"bold\"",
        Face::Italic => " font-style=\"italic\"",
    };
    let families = text::families(&label.text, label.face);
    let family = families.map(|f| format!(" font-family=\"{}\"", escape(&f))).unwrap_or_default();
    let _ = writeln!(
        out,
        "<text {place} font-size=\"{}\"{face}{family} fill=\"{}\">{}</text>",
        Num(label.size),
        Hex(label.rgb),
        escape(&label.text)
    );
}

/// `text` with what XML would take for markup written as entities; characters that XML does not allow
/// are dropped.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
    out
}

/// Millimetres with at most 3 decimals, which is finer than any printer.
pub(super) struct Num(pub(super) f64);

impl std::fmt::Display for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.3}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A colour as "#rrggbb".
pub(super) struct Hex(pub(super) [u8; 3]);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("a<b> & \"c\"\u{1}\n'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;");
    }

    #[test]
    fn numbers_are_short() {
        let texts: Vec<String> = [1.0, 0.5, 2.3456, 183.0, 0.0].iter().map(|n| Num(*n).to_string()).collect();
        assert_eq!(texts, ["1", "0.5", "2.346", "183", "0"]);
    }
}
