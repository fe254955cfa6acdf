//! Drawings as PDF: pages of a real size, text as text in embedded subsets of the fonts, shapes as vectors, images without
//! loss. The same drawings give the same bytes.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Size, Transform};
use krilla::image::{BitsPerComponent, CustomImage, Image, ImageColorspace};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{
    Fill, FillRule, LineCap, LineJoin, LinearGradient, Paint, SpreadMethod, Stop, Stroke as PdfStroke,
    StrokeDash,
};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};

use super::drawing::{Bar, Direction, Drawing, Item, Mark, Rect, Stroke, Text};
use super::figure::{Background, Figure, FigureError};
use super::glyphs::{self, RunFont};
use super::layout::lay_out;
use super::svg::{STOPS, pixels};
use super::{marks, text};

/// Points of a millimetre.
const PT: f64 = 72.0 / 25.4;
/// What made the file, in its metadata.
const PRODUCER: &str = concat!("HisCMCL ", env!("CARGO_PKG_VERSION"));
/// How far a circle's control points lie from its quarters, as a share of the radius.
const QUARTER: f64 = 0.552_284_75;

/// `figure` as a PDF document of one page of its size.
///
/// # Errors
/// [`FigureError`] when the description is wrong or a tissue image cannot be embedded.
pub fn to_pdf(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    write(&[lay_out(figure)?], &figure.title(), figure.style.dpi, &[])
}

/// A heading by which a reader finds a page of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bookmark {
    pub(super) text: String,
    /// The page, counted from 0.
    pub(super) page: usize,
    /// Millimetres from its top.
    pub(super) y: f64,
}

/// `pages` as a PDF document with this title, tissue at `dpi`.
pub(super) fn write(
    pages: &[Drawing<'_>],
    title: &str,
    dpi: f64,
    bookmarks: &[Bookmark],
) -> Result<Vec<u8>, FigureError> {
    // Tags describe the structure of a document to screen readers; a figure has none.
    let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
    let mut document = Document::new_with(settings);
    let metadata =
        Metadata::new().title(title.to_owned()).creator("HisCMCL".to_owned()).producer(PRODUCER.to_owned());
    document.set_metadata(metadata);
    if !bookmarks.is_empty() {
        let mut outline = krilla::outline::Outline::new();
        for mark in bookmarks {
            let place = krilla::destination::XyzDestination::new(mark.page, point([0.0, mark.y]));
            outline.push_child(krilla::outline::OutlineNode::new(mark.text.clone(), place));
        }
        document.set_outline(outline);
    }
    let mut fonts = Fonts::default();
    for drawing in pages {
        let images = drawing.tissues.iter().map(|t| image(t, dpi)).collect::<Result<Vec<_>, _>>()?;
        let size = PageSettings::from_wh(pt(drawing.width), pt(drawing.height))
            .ok_or_else(|| fault("a page without width or height"))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        let mut painter = Painter { surface: &mut surface, fonts: &mut fonts, images: &images };
        if drawing.background == Background::White {
            let all = Rect { x: 0.0, y: 0.0, w: drawing.width, h: drawing.height };
            painter.fill(rectangle(all), solid([255, 255, 255]), 1.0);
        }
        for item in &drawing.items {
            painter.item(item)?;
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|e| FigureError::Drawing(format!("the PDF cannot be written ({e:?})")))
}

fn fault(what: &str) -> FigureError {
    FigureError::Drawing(what.to_owned())
}

fn pt(mm: f64) -> f32 {
    (mm * PT) as f32
}

fn point([x, y]: [f64; 2]) -> Point {
    Point::from_xy(pt(x), pt(y))
}

fn share(value: f32) -> NormalizedF32 {
    NormalizedF32::new(value.clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE)
}

fn solid([r, g, b]: [u8; 3]) -> Paint {
    rgb::Color::new(r, g, b).into()
}

/// Pixels for the PDF writer, which wants images that are cheap to copy and to hash.
#[derive(Clone)]
struct Pixels {
    rgb: Arc<Vec<u8>>,
    size: (u32, u32),
    hash: [u8; 32],
}

impl Hash for Pixels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.hash, self.size).hash(state);
    }
}

impl CustomImage for Pixels {
    fn color_channel(&self) -> &[u8] {
        &self.rgb
    }

    fn alpha_channel(&self) -> Option<&[u8]> {
        None
    }

    fn bits_per_component(&self) -> BitsPerComponent {
        BitsPerComponent::Eight
    }

    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn icc_profile(&self) -> Option<&[u8]> {
        None
    }

    fn color_space(&self) -> ImageColorspace {
        ImageColorspace::Rgb
    }
}

fn image(embedded: &super::drawing::Embedded<'_>, dpi: f64) -> Result<Image, FigureError> {
    let (rgb, w, h) = pixels(embedded, dpi)?;
    if rgb.len() as u64 != u64::from(w) * u64::from(h) * 3 {
        return Err(fault("a tissue image has the wrong number of bytes"));
    }
    let hash = *blake3::hash(&rgb).as_bytes();
    let pixels = Pixels { rgb: Arc::new(rgb.into_owned()), size: (w, h), hash };
    Image::from_custom(pixels, true).map_err(|e| fault(&format!("a tissue image cannot be embedded ({e})")))
}

/// Fonts that the document uses, each loaded once.
#[derive(Default)]
struct Fonts {
    embedded: HashMap<text::Face, Font>,
    system: HashMap<(PathBuf, u32), Font>,
}

impl Fonts {
    fn load(&mut self, font: &RunFont) -> Result<Font, FigureError> {
        let (known, data) = match font {
            RunFont::Embedded(face) => (self.embedded.get(face), face.data().into()),
            RunFont::System(font) => {
                (self.system.get(&(font.path.clone(), font.index)), Arc::clone(&font.data).into())
            }
        };
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let loaded = Font::new(data, font.data().1).ok_or_else(|| {
            fault(&match font {
                RunFont::Embedded(_) => "a font of the program cannot be read".to_owned(),
                RunFont::System(font) => format!("the font {} cannot be read", font.path.display()),
            })
        })?;
        match font {
            RunFont::Embedded(face) => self.embedded.insert(*face, loaded.clone()),
            RunFont::System(font) => self.system.insert((font.path.clone(), font.index), loaded.clone()),
        };
        Ok(loaded)
    }
}

fn rectangle(r: Rect) -> Option<Path> {
    lines(&[vec![[r.x, r.y], [r.right(), r.y], [r.right(), r.bottom()], [r.x, r.bottom()]]], true)
}

/// Lines through points, or polygons; `None` where there is nothing to draw.
fn lines(lines: &[Vec<[f64; 2]>], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for line in lines {
        for (i, &[x, y]) in line.iter().enumerate() {
            if i == 0 { path.move_to(pt(x), pt(y)) } else { path.line_to(pt(x), pt(y)) }
        }
        if closed && !line.is_empty() {
            path.close();
        }
    }
    path.finish()
}

fn circle(x: f64, y: f64, radius: f64) -> Option<Path> {
    let (k, r) = (QUARTER * radius, radius);
    let mut path = PathBuilder::new();
    path.move_to(pt(x + r), pt(y));
    for [x1, y1, x2, y2, x3, y3] in [
        [x + r, y + k, x + k, y + r, x, y + r],
        [x - k, y + r, x - r, y + k, x - r, y],
        [x - r, y - k, x - k, y - r, x, y - r],
        [x + k, y - r, x + r, y - k, x + r, y],
    ] {
        path.cubic_to(pt(x1), pt(y1), pt(x2), pt(y2), pt(x3), pt(y3));
    }
    path.close();
    path.finish()
}

/// A gradient between two points, with these colours at equal distances.
fn gradient([from, to]: [[f64; 2]; 2], colors: &[[u8; 3]]) -> Paint {
    let last = colors.len().saturating_sub(1).max(1) as f32;
    let stops = colors.iter().enumerate().map(|(i, &[r, g, b])| Stop {
        offset: share(i as f32 / last),
        color: rgb::Color::new(r, g, b).into(),
        opacity: NormalizedF32::ONE,
    });
    LinearGradient {
        x1: pt(from[0]),
        y1: pt(from[1]),
        x2: pt(to[0]),
        y2: pt(to[1]),
        transform: Transform::identity(),
        spread_method: SpreadMethod::Pad,
        stops: stops.collect(),
        anti_alias: false,
    }
    .into()
}

/// Draws on a page.
struct Painter<'p, 's> {
    surface: &'p mut Surface<'s>,
    fonts: &'p mut Fonts,
    images: &'p [Image],
}

impl Painter<'_, '_> {
    fn fill(&mut self, path: Option<Path>, paint: Paint, opacity: f32) {
        let Some(path) = path else { return };
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill { paint, opacity: share(opacity), rule: FillRule::EvenOdd }));
        self.surface.draw_path(&path);
    }

    fn stroke(&mut self, path: Option<Path>, stroke: Stroke, opacity: f32) {
        let Some(path) = path else { return };
        let dash = stroke.dashed.then(|| StrokeDash { array: stroke.dash().map(pt).to_vec(), offset: 0.0 });
        self.surface.set_fill(None);
        self.surface.set_stroke(Some(PdfStroke {
            paint: solid(stroke.rgb),
            width: pt(stroke.width),
            miter_limit: 4.0,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            opacity: share(opacity),
            dash,
        }));
        self.surface.draw_path(&path);
    }

    fn item(&mut self, item: &Item) -> Result<(), FigureError> {
        let clip = item.clip().and_then(rectangle);
        if let Some(clip) = &clip {
            self.surface.push_clip_path(clip, &FillRule::NonZero);
        }
        match item {
            Item::Image { tissue, rect } => self.image(*tissue, *rect)?,
            Item::Spots { circles, radius, opacity, .. } => {
                for (x, y, rgb) in circles {
                    self.fill(circle(*x, *y, *radius), solid(*rgb), *opacity);
                }
            }
            Item::Cells { cells, sides, corners, opacity, .. } => {
                self.cells(cells, *sides, corners, *opacity)
            }
            Item::Strikes { middles, half, .. } => {
                let all: Vec<Vec<[f64; 2]>> =
                    middles.iter().map(|(x, y)| vec![[x - half, y + half], [x + half, y - half]]).collect();
                for (rgb, opacity, width) in marks::strike_lines(*half) {
                    self.stroke(lines(&all, false), Stroke::solid(rgb, width), opacity);
                }
            }
            Item::Bar(bar) => self.bar(bar),
            Item::Ramp { rect, from, to } => {
                let ends = [[rect.x, rect.y], [rect.right(), rect.y]];
                self.fill(rectangle(*rect), gradient(ends, &[*from, *to]), 1.0);
            }
            Item::Line { from, to, width } => {
                self.stroke(lines(&[vec![*from, *to]], false), Stroke::solid([0, 0, 0], *width), 1.0);
            }
            Item::Path { lines: parts, closed, fill, stroke, .. } => {
                if let Some((rgb, opacity)) = fill {
                    self.fill(lines(parts, *closed), solid(*rgb), *opacity);
                }
                if let Some(stroke) = stroke {
                    self.stroke(lines(parts, *closed), *stroke, 1.0);
                }
            }
            Item::Text(label) => self.text(label)?,
        }
        if clip.is_some() {
            self.surface.pop();
        }
        Ok(())
    }

    fn image(&mut self, tissue: usize, rect: Rect) -> Result<(), FigureError> {
        let image = self.images.get(tissue).ok_or_else(|| fault("a tissue image is missing"))?;
        let size =
            Size::from_wh(pt(rect.w), pt(rect.h)).ok_or_else(|| fault("a tissue image without size"))?;
        self.surface.push_transform(&Transform::from_translate(pt(rect.x), pt(rect.y)));
        self.surface.draw_image(image.clone(), size);
        self.surface.pop();
        Ok(())
    }

    /// The cells as a whole are made transparent, so that they may overlap a little.
    fn cells(&mut self, cells: &[Mark], sides: usize, corners: &[[f64; 2]], opacity: f32) {
        let width = marks::overlap(corners);
        self.surface.push_opacity(share(opacity));
        for (cell, (x, y, rgb)) in cells.iter().enumerate() {
            let own = marks::corners_of(corners, cell, sides);
            let polygon = [own.iter().map(|[dx, dy]| [x + dx, y + dy]).collect()];
            self.fill(lines(&polygon, true), solid(*rgb), 1.0);
            self.stroke(lines(&polygon, true), Stroke::solid(*rgb, width), 1.0);
        }
        self.surface.pop();
    }

    fn bar(&mut self, bar: &Bar) {
        let (top, bottom) = bar.scale();
        let r = bar.rect;
        let colors: Vec<[u8; 3]> = (0..=STOPS).map(|i| bar.map.rgb(i as f32 / STOPS as f32)).collect();
        let body = Rect { y: top, h: bottom - top, ..r };
        self.fill(rectangle(body), gradient([[r.x, bottom], [r.x, top]], &colors), 1.0);
        let ends = [(bar.above, top, r.y, 1.0), (bar.below, bottom, r.bottom(), 0.0)];
        for (_, base, tip, t) in ends.into_iter().filter(|e| e.0) {
            let corners = vec![[r.x, base], [r.right(), base], [r.x + r.w / 2.0, tip]];
            self.fill(lines(&[corners], true), solid(bar.map.rgb(t)), 1.0);
        }
    }

    fn text(&mut self, label: &Text) -> Result<(), FigureError> {
        let turn = match label.direction {
            Direction::Right => Transform::from_translate(pt(label.x), pt(label.y)),
            // A quarter turn to the left.
            Direction::Up => Transform::from_row(0.0, -1.0, 1.0, 0.0, pt(label.x), pt(label.y)),
        };
        let size = pt(label.size);
        self.surface.push_transform(&turn);
        self.surface.set_stroke(None);
        let fill = Fill { paint: solid(label.rgb), opacity: NormalizedF32::ONE, rule: FillRule::NonZero };
        self.surface.set_fill(Some(fill));
        let mut x = 0.0;
        for run in glyphs::runs(&label.text, label.face) {
            let font = self.fonts.load(&run.font)?;
            let glyphs: Vec<KrillaGlyph> = run
                .glyphs
                .iter()
                .map(|g| KrillaGlyph {
                    glyph_id: GlyphId::new(g.id),
                    text_range: g.text.clone(),
                    x_advance: g.advance,
                    x_offset: g.offset[0],
                    y_offset: g.offset[1],
                    y_advance: 0.0,
                    location: None,
                })
                .collect();
            self.surface.draw_glyphs(Point::from_xy(x, 0.0), &glyphs, font, &run.text, size, false);
            x += run.width() * size;
        }
        self.surface.pop();
        Ok(())
    }
}
