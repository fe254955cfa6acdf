//! From a description to positions in millimetres: panels fill lines from left to right, each with its letter and title.

mod axes;
mod bar_columns;
mod canvas;
mod labels;
mod map_legend;
mod maps;
mod mix;
mod plots;
mod rows;

use canvas::{Anchor, BLACK, Canvas, LABEL_GAP, MM_PER_POINT, letter, letter_size, line, margin};

use super::drawing::{CAP_HEIGHT, Direction, Drawing, Item, Rect, Text};
use super::figure::{Figure, FigureError, LetterCase, PanelLetters, Style};
use super::panel::{Panel, PlacedPanel};
use super::text::{self, Face};

pub(super) use canvas::{BLACK as TEXT_COLOR, GREY as WEAK_COLOR, line as line_height};

/// The letter of panel number `index`, counted from 0.
pub(super) fn letter_text(index: usize, case: LetterCase) -> String {
    letter(index, case)
}

/// Size of the letters of panels in points, beside text of this size.
pub(super) fn letter_points(font_pt: f64) -> f64 {
    let scale = text_scale(font_pt);
    letter_size(font_pt / scale * MM_PER_POINT) / MM_PER_POINT * scale
}

/// How many times as large as in print figures with text of this size are drawn: for slides and posters lines, bars and gaps
/// grow with the text.
fn text_scale(font_pt: f64) -> f64 {
    if font_pt > MAX_PRINT_PT { font_pt / Style::default().font_pt } else { 1.0 }
}

/// Between panels of a line, and between lines.
const BETWEEN: [f64; 2] = [4.0, 3.5];
/// Twelfths of a line.
const TWELFTHS: usize = 12;

/// Lays out `figure`.
///
/// # Errors
/// What [`Figure::check`] finds, [`FigureError::TooSmall`] and [`FigureError::PanelTooSmall`].
pub(super) fn lay_out(figure: &Figure) -> Result<Drawing<'_>, FigureError> {
    lay_out_as(figure, figure.style)
}

/// Lays out `figure` in another style than its own.
///
/// # Errors
/// As [`lay_out`].
pub(super) fn lay_out_as(figure: &Figure, style: Style) -> Result<Drawing<'_>, FigureError> {
    figure.check()?;
    style.check()?;
    let scale = text_scale(style.font_pt);
    let style = Style {
        width_mm: style.width_mm / scale,
        max_height_mm: style.max_height_mm / scale,
        font_pt: style.font_pt / scale,
        ..style
    };
    let drawing = match figure.maps() {
        Some(grid) => maps::lay_out(grid, &style)?,
        None => Composition::new(&figure.panels, style)?.draw()?,
    };
    Ok(if scale == 1.0 { drawing } else { drawing.scaled(scale) })
}

/// The largest text of figures in print.
const MAX_PRINT_PT: f64 = 12.0;

/// A panel and where it stands in its line.
struct Placed<'a> {
    number: usize,
    panel: &'a PlacedPanel,
    x: f64,
    w: f64,
    /// The height that suits it, and the least.
    heights: [f64; 2],
}

/// Panels in lines.
struct Composition<'a> {
    style: Style,
    em: f64,
    lines: Vec<Vec<Placed<'a>>>,
}

impl<'a> Composition<'a> {
    fn new(panels: &'a [PlacedPanel], style: Style) -> Result<Self, FigureError> {
        let em = style.font_pt * MM_PER_POINT;
        let inner = style.width_mm - 2.0 * margin(em);
        let step = (inner + BETWEEN[0]) / TWELFTHS as f64;
        let mut lines: Vec<Vec<Placed<'a>>> = Vec::new();
        let mut used = TWELFTHS;
        for (i, panel) in panels.iter().enumerate() {
            let span = panel.span.twelfths();
            if used + span > TWELFTHS {
                lines.push(Vec::new());
                used = 0;
            }
            let (x, w) = (margin(em) + used as f64 * step, span as f64 * step - BETWEEN[0]);
            used += span;
            let too_small = |remedy| too_small(i, panel, remedy);
            if w < least_width(&panel.panel, em, w) {
                return Err(too_small(
                    "give it a wider part of the figure, make the figure wider, or choose smaller text",
                ));
            }
            let heights = heights(panel, &style, w, em)?;
            if let Some(line) = lines.last_mut() {
                line.push(Placed { number: i, panel, x, w, heights });
            }
        }
        Ok(Self { style, em, lines })
    }

    /// Letters and titles above the panels of a line.
    fn head(&self, placed: &[Placed<'a>]) -> f64 {
        let letters = self.style.letters != PanelLetters::None;
        let titles = placed.iter().any(|p| p.panel.title.is_some());
        if letters || titles { letter_size(self.em) * 1.1 + LABEL_GAP } else { 0.0 }
    }

    /// The heights of the lines: those that suit the panels, or less where the figure would be too high.
    fn line_heights(&self) -> Result<Vec<f64>, FigureError> {
        let of_line = |line: &[Placed<'a>], which: usize| {
            line.iter().map(|p| p.heights.get(which).copied().unwrap_or(0.0)).fold(0.0, f64::max)
        };
        let wanted: Vec<f64> = self.lines.iter().map(|l| of_line(l, 0)).collect();
        let least: Vec<f64> = self.lines.iter().map(|l| of_line(l, 1)).collect();
        let fixed = self.fixed_height();
        let room = self.style.max_height_mm - fixed;
        let (sum, needed): (f64, f64) = (wanted.iter().sum(), least.iter().sum());
        if sum <= room {
            return Ok(wanted);
        }
        if needed > room {
            let widest = self.lines.iter().flatten().max_by(|a, b| a.heights[1].total_cmp(&b.heights[1]));
            let remedy = "allow a higher figure, remove panels, or put more of them beside each other";
            return Err(widest.map_or(FigureError::Empty, |p| too_small(p.number, p.panel, remedy)));
        }
        // What is above the least is shared.
        let share = (room - needed) / (sum - needed);
        Ok(wanted.iter().zip(&least).map(|(w, l)| l + share * (w - l)).collect())
    }

    fn fixed_height(&self) -> f64 {
        let heads: f64 = self.lines.iter().map(|l| self.head(l)).sum();
        2.0 * margin(self.em) + heads + BETWEEN[1] * (self.lines.len().max(1) - 1) as f64
    }

    fn draw(&self) -> Result<Drawing<'a>, FigureError> {
        let style = &self.style;
        let heights = self.line_heights()?;
        let mut canvas = Canvas::new(self.em);
        let mut y = margin(self.em);
        for (line, height) in self.lines.iter().zip(&heights) {
            let head = self.head(line);
            for placed in line {
                self.heading(&mut canvas, placed, y);
                let area = Rect { x: placed.x, y: y + head, w: placed.w, h: *height };
                draw_panel(&mut canvas, placed, area, style)?;
            }
            y += head + height + BETWEEN[1];
        }
        let height = y - BETWEEN[1] + margin(self.em);
        let Canvas { items, tissues, .. } = canvas;
        Ok(Drawing { width: style.width_mm, height, background: style.background, tissues, items })
    }

    fn heading(&self, canvas: &mut Canvas<'_>, placed: &Placed<'_>, y: f64) {
        let style = &self.style;
        let (size, mut x) = (letter_size(self.em), placed.x);
        let y = y + CAP_HEIGHT * size;
        if style.letters != PanelLetters::None {
            let text = letter(placed.number, style.letter_case);
            let w = text::width(&text, Face::Bold, size);
            let (face, rgb, direction) = (Face::Bold, BLACK, Direction::Right);
            canvas.items.push(Item::Text(Text { text, x, y, size, face, rgb, direction }));
            x += w + 0.8 * self.em;
        }
        if let Some(title) = &placed.panel.title {
            let title = text::fit(title, Face::Regular, self.em, placed.x + placed.w - x);
            canvas.text(&title, Anchor::Start, [x, y], Face::Regular, BLACK);
        }
    }
}

fn too_small(index: usize, panel: &PlacedPanel, remedy: &'static str) -> FigureError {
    FigureError::PanelTooSmall { number: index + 1, panel: panel.name().to_owned(), remedy }
}

/// The least width at which a panel that has `w` millimetres can be read.
fn least_width(panel: &Panel, em: f64, w: f64) -> f64 {
    if let Panel::DotPlot(plot) = panel {
        return rows::least_dot_plot_width(plot, w, em);
    }
    em * match panel {
        // These see to it themselves.
        Panel::Maps(_) | Panel::DotPlot(_) => 0.0,
        Panel::RegionLegend(_) => 5.0,
        Panel::Curves(_) | Panel::Scatter(_) => 12.0,
        Panel::Scores(_) => 14.0,
        Panel::Volcano(_) => 14.0,
        Panel::GeneMix(_) => 18.0,
    }
}

/// The height that suits a panel of this width, and the least at which it can be read.
fn heights(placed: &PlacedPanel, style: &Style, w: f64, em: f64) -> Result<[f64; 2], FigureError> {
    let axes = [(0.72 * w).clamp(12.0 * em, 24.0 * em), 10.0 * em];
    Ok(match &placed.panel {
        Panel::Maps(grid) => {
            let style = map_style(style, w, *Style::WIDTHS_MM.end());
            let height = maps::lay_out(grid, &style)?.height;
            [height, 0.5 * height]
        }
        Panel::Scatter(s) if s.identity => {
            let note = if s.note.is_some() { line(em) } else { 0.0 };
            [(w - em).clamp(12.0 * em, 26.0 * em) + note, 10.0 * em]
        }
        Panel::Scatter(_) => axes,
        Panel::Volcano(_) | Panel::Curves(_) => [axes[0] + line(em), axes[1] + 2.0 * line(em)],
        Panel::DotPlot(d) => rows::dot_plot_heights(d, w, em),
        Panel::Scores(s) => [rows::scores_height(s, w, em), rows::least_scores_height(s, w, em)],
        Panel::RegionLegend(classes) => [mix::region_legend_height(classes, em); 2],
        Panel::GeneMix(m) => [mix::gene_mix_height(m, w, em), mix::least_gene_mix_height(m, em)],
    })
}

/// How maps within a figure of several panels are set.
fn map_style(style: &Style, width_mm: f64, max_height_mm: f64) -> Style {
    Style { width_mm, max_height_mm, letters: PanelLetters::None, ..*style }
}

fn draw_panel<'a>(
    canvas: &mut Canvas<'a>,
    placed: &Placed<'a>,
    area: Rect,
    style: &Style,
) -> Result<(), FigureError> {
    match &placed.panel.panel {
        Panel::Maps(grid) => {
            // A hair more, so that rounding does not shrink maps that fit.
            let drawing = maps::lay_out(grid, &map_style(style, area.w, area.h + 1e-6))?;
            let first = canvas.tissues.len();
            canvas.tissues.extend(drawing.tissues);
            canvas.items.extend(drawing.items.into_iter().map(|item| item.moved([area.x, area.y], first)));
        }
        Panel::Scatter(scatter) => plots::scatter(canvas, area, scatter),
        Panel::Volcano(volcano) => plots::volcano(canvas, area, volcano),
        Panel::DotPlot(dots) => rows::dot_plot(canvas, area, dots),
        Panel::Curves(curves) => plots::curves(canvas, area, curves),
        Panel::Scores(scores) => rows::scores(canvas, area, scores),
        Panel::RegionLegend(classes) => mix::region_legend(canvas, area, classes),
        Panel::GeneMix(gene_mix) => mix::gene_mix(canvas, area, gene_mix),
    }
    Ok(())
}
