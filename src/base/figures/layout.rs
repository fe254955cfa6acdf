//! From a description to positions in millimetres. All sizes follow from the width of the page and the
//! size of the font; panels take what labels and colour bars leave.

use std::f64::consts::FRAC_1_SQRT_2;
use std::ptr;

use super::bar_columns::{BarColumn, MAX_TICKS, bar_columns, tick_texts};
use super::drawing::{Bar, CAP_HEIGHT, DESCENT, Direction, Drawing, Embedded, Item, Rect, Text};
use super::figure::{Figure, FigureError, Panel, PanelLetters, Row, Style, Tissue};
use super::nice;
use super::text::{self, Face};
use crate::core::cells::Cells;
use crate::core::color_scale::ColorScale;
use crate::core::colormap::NO_DATA;
use crate::core::geometry::SlidePoint;

const MM_PER_POINT: f64 = 25.4 / 72.0;
const BLACK: [u8; 3] = [0, 0, 0];
const GREY: [u8; 3] = [90, 90, 90];
/// Between panels, and between a panel and what belongs to it.
const GAP: f64 = 1.4;
/// Between a colour bar or a scale bar and its label.
const LABEL_GAP: f64 = 0.7;
/// Between the label of a colour bar and the next panel, more than the usual gap.
const BAR_AFTER: f64 = 0.8;
const BAR_WIDTH: f64 = 1.7;
const TICK: f64 = 0.6;
/// Lines as thin as print allows (0.5 pt).
const HAIRLINE: f64 = 0.18;
/// A panel smaller than this shows nothing.
const MIN_PANEL: f64 = 6.0;
/// A panel is at most this much higher than wide, and at least this much.
const ASPECTS: (f64, f64) = (0.3, 1.5);

/// Lays out `figure`.
///
/// # Errors
/// What [`Figure::check`] finds, and [`FigureError::TooSmall`].
pub(super) fn lay_out(figure: &Figure) -> Result<Drawing<'_>, FigureError> {
    figure.check()?;
    let plan = Plan::new(figure)?;
    let mut page = Page { figure, plan, items: Vec::new(), tissues: Vec::new() };
    page.draw();
    let Page { plan, items, tissues, .. } = page;
    Ok(Drawing {
        width: figure.style.width_mm,
        height: plan.height,
        background: figure.style.background,
        tissues,
        items,
    })
}

/// The measures of the page, in millimetres.
#[derive(Debug)]
struct Plan {
    /// Size of the font.
    em: f64,
    /// Left edge of the row labels; the page's margin, or more where panels shrink to keep the height.
    left: f64,
    /// Left edge of each column's panels.
    columns: Vec<f64>,
    /// Width of a panel.
    panel: f64,
    /// Whether a colour bar stands to the right of the column, and what is written along it.
    bars: Vec<Option<BarColumn>>,
    /// Above the first row: names of the columns.
    header: f64,
    /// Top and height of each row's panels.
    rows: Vec<(f64, f64)>,
    /// Baseline of the remarks on spots without data and on places struck through, when there are any.
    footer: Option<f64>,
    height: f64,
}

impl BarColumn {
    /// Everything from the panel's edge to the far side of the label.
    fn width(&self, em: f64) -> f64 {
        GAP + BAR_WIDTH + TICK + LABEL_GAP / 2.0 + self.ticks + LABEL_GAP + self.lines as f64 * line(em)
    }
}

/// The most lines of text along a colour bar.
const MAX_LINES: usize = 2;

fn line(em: f64) -> f64 {
    em * 1.15
}

fn margin(em: f64) -> f64 {
    em * 0.3
}

impl Plan {
    /// Labels of colour bars get a second line where one is too short. That takes width from the panels
    /// and so height from the bars, hence the second attempt.
    fn new(figure: &Figure) -> Result<Self, FigureError> {
        let em = figure.style.font_pt * MM_PER_POINT;
        let mut bars = bar_columns(figure, em);
        let plan = Self::with_bars(figure, em, bars.clone())?;
        let lowest = plan.rows.iter().map(|(_, height)| *height).fold(f64::INFINITY, f64::min);
        let mut changed = false;
        for bar in bars.iter_mut().flatten() {
            if bar.labels.iter().any(|l| text::width(l, Face::Regular, em) > lowest) {
                bar.lines = MAX_LINES;
                changed = true;
            }
        }
        if changed { Self::with_bars(figure, em, bars) } else { Ok(plan) }
    }

    fn with_bars(figure: &Figure, em: f64, bars: Vec<Option<BarColumn>>) -> Result<Self, FigureError> {
        let style = &figure.style;
        let labels = line(em) + LABEL_GAP + letter_room(style, em);
        let fixed = labels
            + 2.0 * margin(em)
            + GAP * (figure.columns.len() - 1) as f64
            + bars.iter().flatten().map(|b| b.width(em) + BAR_AFTER).sum::<f64>()
            // Nothing follows the last bar.
            - if bars.last().is_some_and(Option::is_some) { BAR_AFTER } else { 0.0 };
        let too_small =
            |remedy| FigureError::TooSmall { columns: figure.columns.len(), rows: figure.rows.len(), remedy };
        let widest = (style.width_mm - fixed) / figure.columns.len() as f64;
        if widest < MIN_PANEL {
            return Err(too_small("make it wider, or choose fewer panes"));
        }

        let header = line(em) + LABEL_GAP;
        let letters = if style.letters == PanelLetters::Panels { line(em) + LABEL_GAP } else { 0.0 };
        let has_notes = style.scale_bar
            || figure.rows.iter().flat_map(|r| &r.panels).any(|p| p.pcc.is_some() || p.remark.is_some());
        let notes = if has_notes { LABEL_GAP + line(em) } else { 0.0 };
        let has_footer = has_gaps(figure) || has_strikes(figure);
        let footer = if has_footer { line(em) + LABEL_GAP } else { 0.0 };
        let rows = figure.rows.len() as f64;
        let text_height = 2.0 * margin(em)
            + header
            + letters * (rows - 1.0)
            + notes * rows
            + GAP * 1.6 * (rows - 1.0)
            + footer
            // The lowest tick label of a colour bar reaches below a panel without notes.
            + if has_notes { 0.0 } else { em / 2.0 };
        let aspects: Vec<f64> =
            figure.rows.iter().map(|r| r.tissue.aspect().clamp(ASPECTS.0, ASPECTS.1)).collect();
        let panel = widest.min((style.max_height_mm - text_height) / aspects.iter().sum::<f64>());
        if panel < MIN_PANEL {
            return Err(too_small("choose fewer genes or sections, or make several figures"));
        }

        // What the height limit took from the panels is split between both sides.
        let left = margin(em) + (widest - panel) * figure.columns.len() as f64 / 2.0;
        let mut columns = Vec::new();
        let mut x = left + labels;
        for bar in &bars {
            columns.push(x);
            x += panel + GAP + bar.as_ref().map_or(0.0, |b| b.width(em) + BAR_AFTER);
        }
        let height = text_height + aspects.iter().sum::<f64>() * panel;
        let mut tops = Vec::new();
        let mut y = margin(em) + header;
        for (i, aspect) in aspects.iter().enumerate() {
            y += if i > 0 { GAP * 1.6 + letters } else { 0.0 };
            tops.push((y, aspect * panel));
            y += aspect * panel + notes;
        }
        Ok(Self {
            em,
            left,
            columns,
            panel,
            bars,
            header,
            rows: tops,
            footer: has_footer.then_some(height - margin(em) - DESCENT * em),
            height,
        })
    }
}

/// Room to the left of the row labels for letters at the rows.
fn letter_room(style: &Style, em: f64) -> f64 {
    if style.letters == PanelLetters::Rows { em * 1.3 } else { 0.0 }
}

/// Size of bold letters: one point more than the text.
fn letter_size(em: f64) -> f64 {
    em + MM_PER_POINT
}

/// The page while it is drawn.
struct Page<'a> {
    figure: &'a Figure,
    plan: Plan,
    items: Vec<Item>,
    tissues: Vec<Embedded<'a>>,
}

impl<'a> Page<'a> {
    fn draw(&mut self) {
        let figure = self.figure;
        self.headings();
        for (r, row) in figure.rows.iter().enumerate() {
            let Some(&(top, height)) = self.plan.rows.get(r) else { continue };
            self.row_label(row, top, height);
            if figure.style.letters == PanelLetters::Rows {
                let size = letter_size(self.plan.em);
                self.text(letter(r), self.plan.left, top + CAP_HEIGHT * size, size, Face::Bold, BLACK);
            }
            for (c, panel) in row.panels.iter().enumerate() {
                let Some(&x) = self.plan.columns.get(c) else { continue };
                let cell = Rect { x, y: top, w: self.plan.panel, h: height };
                self.panel(row, panel, cell);
                if figure.style.letters == PanelLetters::Panels {
                    let size = letter_size(self.plan.em);
                    let y = top - LABEL_GAP - 0.2 * self.plan.em;
                    self.text(letter(r * row.panels.len() + c), x, y, size, Face::Bold, BLACK);
                }
                self.notes(row, panel, cell, c == 0);
                let Some(bar) = self.plan.bars.get(c).cloned().flatten() else { continue };
                let left = bar.shared.then(|| row.panels.get(c.wrapping_sub(1))).flatten();
                if let Some(scale) = panel.scale.or_else(|| left?.scale) {
                    self.color_bar(&bar, r, scale, cell, left.into_iter().chain([panel]));
                }
            }
        }
        self.footer();
    }

    fn text(&mut self, text: String, x: f64, y: f64, size: f64, face: Face, rgb: [u8; 3]) {
        if !text.is_empty() {
            self.items.push(Item::Text(Text { text, x, y, size, face, rgb, direction: Direction::Right }));
        }
    }

    /// Names of the columns, centred above them.
    fn headings(&mut self) {
        let (em, panel) = (self.plan.em, self.plan.panel);
        let beside =
            if self.figure.style.letters == PanelLetters::Panels { 2.0 * letter_size(em) } else { 0.0 };
        let y = margin(em) + self.plan.header - LABEL_GAP - 0.2 * em;
        for (kind, x) in self.figure.columns.iter().zip(self.plan.columns.clone()) {
            let name = text::fit(kind.name(), Face::Regular, em, panel - beside);
            let w = text::width(&name, Face::Regular, em);
            self.text(name, x + (panel - w) / 2.0, y, em, Face::Regular, BLACK);
        }
    }

    /// Gene and section, upwards beside the first panel, centred.
    fn row_label(&mut self, row: &Row, top: f64, height: f64) {
        let em = self.plan.em;
        let space = em * 0.5;
        let gene = text::fit(row.gene.as_deref().unwrap_or_default(), Face::Italic, em, height);
        let gene_width = text::width(&gene, Face::Italic, em);
        let before = if gene.is_empty() { 0.0 } else { gene_width + space };
        let section = text::fit(&row.section, Face::Regular, em, height - before);
        let section_width = text::width(&section, Face::Regular, em);
        let all = if section.is_empty() { gene_width } else { before + section_width };
        let x = self.plan.left + letter_room(&self.figure.style, em) + 0.9 * em;
        let start = top + (height + all) / 2.0;
        let parts = [(gene, Face::Italic, BLACK, start), (section, Face::Regular, GREY, start - before)];
        for (text, face, rgb, y) in parts {
            if !text.is_empty() {
                self.items.push(Item::Text(Text {
                    text,
                    x,
                    y,
                    size: em,
                    face,
                    rgb,
                    direction: Direction::Up,
                }));
            }
        }
    }

    /// Tissue and spots, as large as fits into `cell`, in its middle.
    fn panel(&mut self, row: &'a Row, panel: &Panel, cell: Rect) {
        let rect = fitted(&row.tissue, cell);
        let tissue = self.tissue(&row.tissue, rect);
        self.items.push(Item::Image { tissue, rect });
        let Some(scale) = panel.scale else { return };
        let t = &row.tissue;
        let mm_per_px = rect.w / t.crop.width();
        let even = t.cells.as_ref().map(Cells::cell);
        let radius = even.map_or(t.radius_px, |cell| cell.pitch / 2.0) * mm_per_px;
        let place = |center: &SlidePoint| {
            [rect.x + (center.x - t.crop.min.x) * mm_per_px, rect.y + (center.y - t.crop.min.y) * mm_per_px]
        };
        let (mut marks, mut drawn, mut reaches_out) = (Vec::new(), Vec::new(), false);
        for (i, (center, &value)) in t.centers.iter().zip(&panel.values).enumerate() {
            let [x, y] = place(center);
            let inside = (x - rect.x).min(rect.right() - x).min(y - rect.y).min(rect.bottom() - y);
            if inside > -radius {
                reaches_out |= inside < radius;
                marks.push((x, y, scale.rgb(value)));
                drawn.push(i);
            }
        }
        let opacity = self.figure.style.opacity;
        self.items.push(match &t.cells {
            Some(cells) => {
                let sides = cells.cell().shape.sides();
                // One cell stands for all where they are the same.
                drawn.truncate(if cells.are_even() { 1 } else { drawn.len() });
                let corners = drawn.iter().flat_map(|&i| cells.corners(i)).map(|c| c.map(|c| c * mm_per_px));
                Item::Cells { cells: marks, sides, corners: corners.collect(), opacity, clip: rect }
            }
            None => Item::Spots { circles: marks, radius, opacity, clip: reaches_out.then_some(rect) },
        });
        if !panel.struck.is_empty() {
            let centers = panel.struck.iter().filter_map(|&place| t.centers.get(place));
            let middles = centers.map(place).map(|[x, y]| (x, y)).collect();
            let half = radius * FRAC_1_SQRT_2;
            self.items.push(Item::Strikes { middles, half, clip: Some(rect) });
        }
    }

    /// The number of `tissue` among those embedded; remembers the largest size at which it is drawn.
    fn tissue(&mut self, tissue: &'a Tissue, rect: Rect) -> usize {
        let at = self.tissues.iter().position(|e| ptr::eq(e.tissue, tissue)).unwrap_or(self.tissues.len());
        match self.tissues.get_mut(at) {
            Some(known) if known.size[0] >= rect.w => {}
            Some(known) => known.size = [rect.w, rect.h],
            None => self.tissues.push(Embedded { tissue, size: [rect.w, rect.h] }),
        }
        at
    }

    /// Beneath a panel: the scale bar at the row's first panel, and the correlation or a remark.
    fn notes(&mut self, row: &Row, panel: &Panel, cell: Rect, first: bool) {
        let em = self.plan.em;
        let rect = fitted(&row.tissue, cell);
        let baseline = cell.bottom() + LABEL_GAP + CAP_HEIGHT * em;
        let mut left = rect.x;
        if first && self.figure.style.scale_bar {
            let um_per_mm = row.tissue.crop.width() * row.tissue.mpp.0 / rect.w;
            // With a text beside it the bar takes less.
            let share = if panel.pcc.is_some() || panel.remark.is_some() { 0.25 } else { 0.4 };
            let (um, label) = nice::scale_bar(rect.w * share * um_per_mm);
            let to = rect.x + um / um_per_mm;
            let y = baseline - CAP_HEIGHT * em / 2.0;
            self.items.push(Item::Line { from: [rect.x, y], to: [to, y], width: 0.5 });
            let label = text::fit(&label, Face::Regular, em, cell.right() - to - LABEL_GAP);
            left = to + LABEL_GAP + text::width(&label, Face::Regular, em) + em;
            self.text(label, to + LABEL_GAP, baseline, em, Face::Regular, BLACK);
        }
        let texts: Vec<String> = if let Some(remark) = panel.remark {
            remark.texts().to_vec()
        } else if let Some(pcc) = panel.pcc.filter(|p| p.is_finite()) {
            let value = nice::number(f64::from(pcc), 2);
            // Without room for both, the name goes, not the number.
            // A number that the model could not have missed never stands there by itself.
            let texts = if row.seen {
                ["PCC = {} (section seen in training)", "PCC = {} (seen in training)", "{} (seen)"]
            } else {
                ["PCC = {}", "PCC = {}", "{}"]
            };
            texts.map(|t| t.replace("{}", &value)).to_vec()
        } else {
            Vec::new()
        };
        let most = cell.right() - left;
        let text = texts.into_iter().find(|t| text::width(t, Face::Regular, em) <= most).unwrap_or_default();
        let w = text::width(&text, Face::Regular, em);
        self.text(text, rect.right().max(left + w) - w, baseline, em, Face::Regular, BLACK);
    }

    /// The colour bar right of `cell`, with ticks and what the values are.
    fn color_bar<'p>(
        &mut self,
        column: &BarColumn,
        row: usize,
        scale: ColorScale,
        cell: Rect,
        panels: impl Iterator<Item = &'p Panel>,
    ) {
        let em = self.plan.em;
        let (mut below, mut above) = (false, false);
        for v in panels.flat_map(|p| &p.values) {
            below |= *v < scale.low;
            above |= *v > scale.high;
        }
        let rect = Rect { x: cell.right() + GAP, y: cell.y, w: BAR_WIDTH, h: cell.h };
        let bar = Bar { rect, map: scale.map, below, above };
        self.items.push(Item::Bar(bar));
        let (top, bottom) = bar.scale();
        let most = ((bottom - top) / (1.8 * em)).floor().clamp(2.0, MAX_TICKS as f64) as usize;
        let span = f64::from(scale.high) - f64::from(scale.low);
        let mut lower = f64::INFINITY;
        let ticks = tick_texts(scale, most);
        let label_width = |t: &str| text::width(t, Face::Regular, em);
        let widest = ticks.iter().map(|(_, t)| label_width(t)).fold(0.0, f64::max);
        for (value, label) in ticks {
            let share = if span > 0.0 { (value - f64::from(scale.low)) / span } else { 0.5 };
            let y = bottom - share * (bottom - top);
            // A bar too low for two labels has one.
            if lower - y < 1.1 * em {
                continue;
            }
            lower = y;
            let x = rect.right();
            self.items.push(Item::Line { from: [x, y], to: [x + TICK, y], width: HAIRLINE });
            let x = x + TICK + LABEL_GAP / 2.0 + widest - label_width(&label);
            self.text(label, x, y + CAP_HEIGHT * em / 2.0, em, Face::Regular, BLACK);
        }
        let x = rect.right() + TICK + LABEL_GAP / 2.0 + column.ticks + LABEL_GAP;
        let label = column.labels.get(row).map_or("", String::as_str);
        for (i, label) in text::wrap(label, Face::Regular, em, rect.h, column.lines).into_iter().enumerate() {
            let w = text::width(&label, Face::Regular, em);
            let text = Text {
                text: label,
                x: x + i as f64 * line(em) + 0.9 * em,
                y: rect.middle() + w / 2.0,
                size: em,
                face: Face::Regular,
                rgb: BLACK,
                direction: Direction::Up,
            };
            self.items.push(Item::Text(text));
        }
    }

    /// What grey spots and strokes through places mean.
    fn footer(&mut self) {
        let Some(baseline) = self.plan.footer else { return };
        let em = self.plan.em;
        let mut x = self.plan.columns.first().copied().unwrap_or(self.plan.left);
        let radius = 0.3 * em;
        let middle = baseline - CAP_HEIGHT * em / 2.0;
        if has_gaps(self.figure) {
            let circles = vec![(x + radius, middle, NO_DATA)];
            self.items.push(Item::Spots { circles, radius, opacity: 1.0, clip: None });
            x += 2.0 * radius + LABEL_GAP;
            let text = "no data";
            self.text(text.to_owned(), x, baseline, em, Face::Regular, BLACK);
            x += text::width(text, Face::Regular, em) + em;
        }
        if has_strikes(self.figure) {
            let middles = vec![(x + radius, middle)];
            self.items.push(Item::Strikes { middles, half: radius, clip: None });
            x += 2.0 * radius + LABEL_GAP;
            let most = self.figure.style.width_mm - margin(em) - x;
            let fits = |text: &&str| text::width(text, Face::Regular, em) <= most;
            let text = STRUCK.into_iter().find(fits).unwrap_or_default();
            self.text(text.to_owned(), x, baseline, em, Face::Regular, BLACK);
        }
    }
}

/// What strokes through places mean, from the longest wording to the shortest.
const STRUCK: [&str; 3] = [
    "struck through: unlike the sections that the model was trained on",
    "struck through: unlike the training sections",
    "unlike training",
];

/// Whether any spot has no value.
fn has_gaps(figure: &Figure) -> bool {
    figure.rows.iter().flat_map(|r| &r.panels).any(|p| p.values.iter().any(|v| v.is_nan()))
}

/// Whether any place is struck through.
fn has_strikes(figure: &Figure) -> bool {
    figure.rows.iter().flat_map(|r| &r.panels).any(|p| !p.struck.is_empty())
}

/// The largest rectangle of the tissue's shape within `cell`, in its middle.
fn fitted(tissue: &Tissue, cell: Rect) -> Rect {
    let w = cell.w.min(cell.h / tissue.aspect());
    let h = w * tissue.aspect();
    Rect { x: cell.x + (cell.w - w) / 2.0, y: cell.y + (cell.h - h) / 2.0, w, h }
}

/// a, b, .. z, aa, ab, ..
fn letter(mut index: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + (index % 26) as u8));
        if index < 26 {
            break;
        }
        index = index / 26 - 1;
    }
    letters.into_iter().rev().collect()
}
