//! A grid of maps. All sizes follow from its width and the size of the font; maps take what labels and colour bars leave.

use std::f64::consts::FRAC_1_SQRT_2;
use std::ptr;

use super::bar_columns::{BarColumn, MAX_TICKS, bar_columns, tick_texts};
use super::canvas::{
    BLACK, Canvas, GAP, GREY, HAIRLINE, LABEL_GAP, MM_PER_POINT, TICK, legend_height, legend_width, letter,
    letter_size, line, margin,
};
use super::map_legend::{footer_entries, legend_room, outlines};
use crate::core::cells::Cells;
use crate::core::color_scale::ColorScale;
use crate::core::geometry::SlidePoint;
use crate::figures::drawing::{Bar, CAP_HEIGHT, Direction, Drawing, Embedded, Item, Rect, Text};
use crate::figures::figure::{FigureError, PanelLetters, Style};
use crate::figures::maps::{MapGrid, MapPane, Row, Tissue};
use crate::figures::nice;
use crate::figures::text::{self, Face};

/// Between the label of a colour bar and the next panel, more than the usual gap.
const BAR_AFTER: f64 = 0.8;
const BAR_WIDTH: f64 = 1.7;
/// A panel smaller than this shows nothing.
const MIN_PANEL: f64 = 6.0;
/// A panel is at most this much higher than wide, and at least this much.
const ASPECTS: (f64, f64) = (0.3, 1.5);

/// Lays out `grid` within the width and height of `style`.
///
/// # Errors
/// [`FigureError::TooSmall`].
pub(super) fn lay_out<'a>(grid: &'a MapGrid, style: &Style) -> Result<Drawing<'a>, FigureError> {
    let plan = Plan::new(grid, style)?;
    let mut page = Page { grid, style: *style, plan, items: Vec::new(), tissues: Vec::new() };
    page.draw();
    let Page { plan, items, tissues, .. } = page;
    Ok(Drawing { width: style.width_mm, height: plan.height, background: style.background, tissues, items })
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
    /// Top of the legend of spots without data, places struck through and regions, when there is one.
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

impl Plan {
    /// Labels of colour bars get a second line where one is too short. That takes width from the panels
    /// and so height from the bars, hence the second attempt.
    fn new(grid: &MapGrid, style: &Style) -> Result<Self, FigureError> {
        let em = style.font_pt * MM_PER_POINT;
        let mut bars = bar_columns(grid, em);
        let plan = Self::with_bars(grid, style, em, bars.clone())?;
        let lowest = plan.rows.iter().map(|(_, height)| *height).fold(f64::INFINITY, f64::min);
        let mut changed = false;
        for bar in bars.iter_mut().flatten() {
            if bar.labels.iter().any(|l| text::width(l, Face::Regular, em) > lowest) {
                bar.lines = MAX_LINES;
                changed = true;
            }
        }
        if changed { Self::with_bars(grid, style, em, bars) } else { Ok(plan) }
    }

    fn with_bars(
        grid: &MapGrid,
        style: &Style,
        em: f64,
        bars: Vec<Option<BarColumn>>,
    ) -> Result<Self, FigureError> {
        let labels = line(em) + LABEL_GAP + letter_room(style, em);
        let fixed = labels
            + 2.0 * margin(em)
            + GAP * (grid.columns.len() - 1) as f64
            + bars.iter().flatten().map(|b| b.width(em) + BAR_AFTER).sum::<f64>()
            // Nothing follows the last bar.
            - if bars.last().is_some_and(Option::is_some) { BAR_AFTER } else { 0.0 };
        let too_small =
            |remedy| FigureError::TooSmall { columns: grid.columns.len(), rows: grid.rows.len(), remedy };
        let widest = (style.width_mm - fixed) / grid.columns.len() as f64;
        if widest < MIN_PANEL {
            return Err(too_small("make it wider, or choose fewer panes"));
        }

        let header = line(em) + LABEL_GAP;
        let letters = if style.letters == PanelLetters::Panels { line(em) + LABEL_GAP } else { 0.0 };
        let has_notes = style.scale_bar
            || grid.rows.iter().flat_map(|r| &r.panes).any(|p| p.pcc.is_some() || p.remark.is_some());
        let notes = if has_notes { LABEL_GAP + line(em) } else { 0.0 };
        let room = legend_room(style, em);
        let entries = footer_entries(grid, room, em);
        let footer = if entries.is_empty() { 0.0 } else { legend_height(&entries, room, em) + LABEL_GAP };
        let rows = grid.rows.len() as f64;
        let text_height = 2.0 * margin(em)
            + header
            + letters * (rows - 1.0)
            + notes * rows
            + GAP * 1.6 * (rows - 1.0)
            + footer
            // The lowest tick label of a colour bar reaches below a panel without notes.
            + if has_notes { 0.0 } else { em / 2.0 };
        let aspects: Vec<f64> =
            grid.rows.iter().map(|r| r.tissue.aspect().clamp(ASPECTS.0, ASPECTS.1)).collect();
        let panel = widest.min((style.max_height_mm - text_height) / aspects.iter().sum::<f64>());
        if panel < MIN_PANEL {
            return Err(too_small("choose fewer genes or sections, or make several figures"));
        }

        // What the height limit took from the panels is split between both sides.
        let left = margin(em) + (widest - panel) * grid.columns.len() as f64 / 2.0;
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
            footer: (!entries.is_empty()).then_some(height - margin(em) - footer + LABEL_GAP),
            height,
        })
    }
}

/// Room to the left of the row labels for letters at the rows.
pub(super) fn letter_room(style: &Style, em: f64) -> f64 {
    if style.letters == PanelLetters::Rows { em * 1.3 } else { 0.0 }
}

/// The page while it is drawn.
struct Page<'a> {
    grid: &'a MapGrid,
    style: Style,
    plan: Plan,
    items: Vec<Item>,
    tissues: Vec<Embedded<'a>>,
}

impl<'a> Page<'a> {
    fn draw(&mut self) {
        let grid = self.grid;
        self.headings();
        for (r, row) in grid.rows.iter().enumerate() {
            let Some(&(top, height)) = self.plan.rows.get(r) else { continue };
            self.row_label(row, top, height);
            if self.style.letters == PanelLetters::Rows {
                let size = letter_size(self.plan.em);
                self.text(
                    letter(r, self.style.letter_case),
                    self.plan.left,
                    top + CAP_HEIGHT * size,
                    size,
                    Face::Bold,
                    BLACK,
                );
            }
            for (c, panel) in row.panes.iter().enumerate() {
                let Some(&x) = self.plan.columns.get(c) else { continue };
                let cell = Rect { x, y: top, w: self.plan.panel, h: height };
                self.panel(row, panel, cell);
                if self.style.letters == PanelLetters::Panels {
                    let size = letter_size(self.plan.em);
                    let y = top - LABEL_GAP - 0.2 * self.plan.em;
                    self.text(
                        letter(r * row.panes.len() + c, self.style.letter_case),
                        x,
                        y,
                        size,
                        Face::Bold,
                        BLACK,
                    );
                }
                self.notes(row, panel, cell, c == 0);
                let Some(bar) = self.plan.bars.get(c).cloned().flatten() else { continue };
                let left = bar.shared.then(|| row.panes.get(c.wrapping_sub(1))).flatten();
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
        let beside = if self.style.letters == PanelLetters::Panels { 2.0 * letter_size(em) } else { 0.0 };
        let y = margin(em) + self.plan.header - LABEL_GAP - 0.2 * em;
        for (kind, x) in self.grid.columns.iter().zip(self.plan.columns.clone()) {
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
        let x = self.plan.left + letter_room(&self.style, em) + 0.9 * em;
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
    fn panel(&mut self, row: &'a Row, panel: &MapPane, cell: Rect) {
        let rect = fitted(&row.tissue, cell);
        let tissue = self.tissue(&row.tissue, rect);
        self.items.push(Item::Image { tissue, rect });
        if panel.scale.is_none() && panel.classes.is_empty() {
            self.items.extend(outlines(&row.tissue, rect));
            return;
        }
        let color = |value: f32| match panel.scale {
            Some(scale) => Some(scale.rgb(value)),
            // NaN counts as no class.
            None if value.is_nan() => None,
            None => panel.classes.get(value as usize).map(|class| class.rgb),
        };
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
            let Some(rgb) = color(value) else { continue };
            let inside = (x - rect.x).min(rect.right() - x).min(y - rect.y).min(rect.bottom() - y);
            if inside > -radius {
                reaches_out |= inside < radius;
                marks.push((x, y, rgb));
                drawn.push(i);
            }
        }
        let opacity = self.style.opacity;
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
        self.items.extend(outlines(&row.tissue, rect));
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
    fn notes(&mut self, row: &Row, panel: &MapPane, cell: Rect, first: bool) {
        let em = self.plan.em;
        let rect = fitted(&row.tissue, cell);
        let baseline = cell.bottom() + LABEL_GAP + CAP_HEIGHT * em;
        let mut left = rect.x;
        if first && self.style.scale_bar {
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
        panels: impl Iterator<Item = &'p MapPane>,
    ) {
        let em = self.plan.em;
        let (mut below, mut above) = (false, false);
        for v in panels.flat_map(|p| &p.values) {
            below |= *v < scale.low;
            above |= *v > scale.high;
        }
        let rect = Rect { x: cell.right() + GAP, y: cell.y, w: BAR_WIDTH, h: cell.h };
        let bar = Bar { rect, map: scale.map, below, above, point: Bar::POINT };
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

    /// What grey spots, strokes through places and outlines mean.
    fn footer(&mut self) {
        let Some(top) = self.plan.footer else { return };
        let em = self.plan.em;
        let room = legend_room(&self.style, em);
        let entries = footer_entries(self.grid, room, em);
        let first = self.plan.columns.first().copied().unwrap_or(self.plan.left);
        let x = first.min(self.style.width_mm - margin(em) - legend_width(&entries, room, em));
        let mut canvas = Canvas::new(em);
        canvas.legend(&entries, [x, top], room);
        self.items.append(&mut canvas.items);
    }
}

/// The largest rectangle of the tissue's shape within `cell`, in its middle.
pub(super) fn fitted(tissue: &Tissue, cell: Rect) -> Rect {
    let w = cell.w.min(cell.h / tissue.aspect());
    let h = w * tissue.aspect();
    Rect { x: cell.x + (cell.w - w) / 2.0, y: cell.y + (cell.h - h) / 2.0, w, h }
}
