//! Panels of named rows: dot plots, and scores as bars or dots.

use super::axes::{Frame, Scale, limits, row_axis};
use super::canvas::{
    Anchor, BLACK, Canvas, Entry, GAP, GREY, HAIRLINE, LABEL_GAP, Swatch, TICK, legend_height, line,
    series_color,
};
use crate::core::color_scale::ColorScale;
use crate::figures::drawing::{Bar, Item, Rect, Stroke};
use crate::figures::nice;
use crate::figures::panel::{DotPlot, Scores};
use crate::figures::text::{self, Face};

const BAR_WIDTH: f64 = 1.7;
/// The largest dot of a dot plot, in millimetres from its middle.
const MAX_DOT: f64 = 2.0;
/// Percentages in the legend of a dot plot.
const PERCENTAGES: [f64; 4] = [25.0, 50.0, 75.0, 100.0];
/// The most that names take of a panel, as a share of its width or height.
const MAX_NAMES: f64 = 0.4;
const REFERENCE: Stroke = Stroke { rgb: [120, 120, 120], width: HAIRLINE * 1.3, dashed: true };

/// Width of the widest of these names, at most `most`.
fn widest<'n>(names: impl Iterator<Item = &'n String>, face: Face, em: f64, most: f64) -> f64 {
    names.map(|n| text::width(n, face, em)).fold(0.0, f64::max).min(most)
}

/// The room that a dot plot of this font size needs for its legend on the right.
fn dot_legend_width(plot: &DotPlot, em: f64) -> f64 {
    let ticks = nice_ticks(color_scale(plot))
        .iter()
        .map(|(_, t)| text::width(t, Face::Regular, em))
        .fold(0.0, f64::max);
    let bar = BAR_WIDTH + TICK + LABEL_GAP + ticks + LABEL_GAP + 2.0 * line(em);
    let sizes = 2.0 * MAX_DOT + LABEL_GAP + text::width("100 %", Face::Regular, em);
    bar.max(sizes).max(text::width("not measured", Face::Regular, em) + 0.6 * em + LABEL_GAP)
}

/// The colours of a dot plot: from zero where nothing is below.
fn color_scale(plot: &DotPlot) -> ColorScale {
    let means = || plot.dots.iter().flatten().map(|d| d.mean);
    let (low, high) = means().fold((0.0f64, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let high = if high > low { high } else { low + 1.0 };
    ColorScale { map: plot.map, low: low as f32, high: high as f32 }
}

fn nice_ticks(scale: ColorScale) -> Vec<(f64, String)> {
    let (values, decimals) = nice::ticks(f64::from(scale.low), f64::from(scale.high), 4);
    values.into_iter().map(|v| (v, nice::number(v, decimals))).collect()
}

/// The height that the legend of a dot plot needs.
fn dot_legend_height(em: f64) -> f64 {
    const LEAST_BAR: f64 = 4.0;
    let sizes = PERCENTAGES.len() as f64 * line(em).max(2.0 * MAX_DOT + 0.2);
    2.0 * line(em) + sizes + 2.0 * LABEL_GAP + em + LEAST_BAR * em
}

/// The height at which a dot plot of this width has square cells, and the least.
pub(super) fn dot_plot_heights(plot: &DotPlot, width: f64, em: f64) -> [f64; 2] {
    let names = widest(plot.groups.iter(), Face::Regular, em, MAX_NAMES * width);
    let across = (width - names - dot_legend_width(plot, em) - 2.0 * GAP) / plot.genes.len() as f64;
    let cell = across.min(2.5 * MAX_DOT).max(1.2 * em);
    let below = widest(plot.genes.iter(), Face::Italic, em, 12.0 * em) + LABEL_GAP;
    [cell, em].map(|cell| (cell * plot.groups.len() as f64 + below).max(dot_legend_height(em)))
}

/// The least width at which the names of the genes of a dot plot have room beside each other; the names of groups take what
/// they need of `width`.
pub(super) fn least_dot_plot_width(plot: &DotPlot, width: f64, em: f64) -> f64 {
    let names = widest(plot.groups.iter(), Face::Regular, em, MAX_NAMES * width);
    names + LABEL_GAP + dot_legend_width(plot, em) + 2.0 * GAP + plot.genes.len() as f64 * em
}

pub(super) fn dot_plot(canvas: &mut Canvas<'_>, area: Rect, plot: &DotPlot) {
    let em = canvas.em;
    let scale = color_scale(plot);
    let legend = dot_legend_width(plot, em);
    let names = widest(plot.groups.iter(), Face::Regular, em, MAX_NAMES * area.w);
    let below = widest(plot.genes.iter(), Face::Italic, em, (MAX_NAMES * area.h).min(12.0 * em)) + LABEL_GAP;
    let grid = Rect {
        x: area.x + names + LABEL_GAP,
        y: area.y,
        w: area.w - names - LABEL_GAP - legend - 2.0 * GAP,
        h: area.h - below,
    };
    let [across, down] = [grid.w / plot.genes.len() as f64, grid.h / plot.groups.len() as f64];
    let largest = (0.45 * across.min(down)).min(MAX_DOT);
    let middle = |gene: usize, group: usize| {
        [grid.x + (gene as f64 + 0.5) * across, grid.y + (group as f64 + 0.5) * down]
    };
    for (g, group) in plot.groups.iter().enumerate() {
        let text = text::fit(group, Face::Regular, em, names);
        canvas.label(&text, Anchor::End, [grid.x - LABEL_GAP, middle(0, g)[1]], Face::Regular);
    }
    for (g, gene) in plot.genes.iter().enumerate() {
        let text = text::fit(gene, Face::Italic, em, below - LABEL_GAP);
        let x = middle(g, 0)[0] + 0.36 * em;
        let y = grid.bottom() + LABEL_GAP + text::width(&text, Face::Italic, em);
        canvas.text_up(&text, Anchor::Start, [x, y], Face::Italic);
    }
    let frame = vec![
        [grid.x, grid.y],
        [grid.right(), grid.y],
        [grid.right(), grid.bottom()],
        [grid.x, grid.bottom()],
        [grid.x, grid.y],
    ];
    canvas.stroke(frame, Stroke::solid([190, 190, 190], HAIRLINE), None);
    let mut missing = false;
    for (i, dot) in plot.dots.iter().enumerate() {
        let [x, y] = middle(i % plot.genes.len(), i / plot.genes.len());
        match dot {
            // The area of a dot, which is what the eye compares, is the percentage.
            Some(dot) if dot.percent > 0.0 => {
                let radius = largest * (dot.percent / 100.0).sqrt();
                canvas.spots(vec![(x, y, scale.rgb(dot.mean as f32))], radius, 1.0, None);
            }
            Some(_) => {}
            None => {
                missing = true;
                canvas.cross([x, y], 0.4 * largest, GREY);
            }
        }
    }
    let side = Rect { x: area.right() - legend, w: legend, ..area };
    dot_legend(canvas, side, plot, scale, largest, missing);
}

/// Sizes, then colours, from the top.
fn dot_legend(
    canvas: &mut Canvas<'_>,
    side: Rect,
    plot: &DotPlot,
    scale: ColorScale,
    largest: f64,
    missing: bool,
) {
    let em = canvas.em;
    let step = line(em).max(2.0 * largest + 0.2);
    canvas.label("% of spots", Anchor::Start, [side.x, side.y + line(em) / 2.0], Face::Regular);
    let mut y = side.y + line(em) + step / 2.0;
    for percent in PERCENTAGES {
        let circle = (side.x + largest, y, GREY);
        canvas.spots(vec![circle], largest * (percent / 100.0).sqrt(), 1.0, None);
        let at = [side.x + 2.0 * largest + LABEL_GAP, y];
        canvas.label(&format!("{percent:.0} %"), Anchor::Start, at, Face::Regular);
        y += step;
    }
    y += LABEL_GAP - step / 2.0;
    if missing {
        let entry = Entry::new(Swatch::Cross(GREY), "not measured");
        canvas.entry(&entry, [side.x, y + line(em) / 2.0], side.w);
        y += line(em) + LABEL_GAP;
    }
    y += em / 2.0;
    let rect = Rect { x: side.x, y, w: BAR_WIDTH, h: (side.bottom() - y - em / 2.0).clamp(0.0, 30.0) };
    vertical_bar(canvas, rect, scale, &plot.mean_label);
}

/// A colour bar with ticks and a label upwards on its right.
fn vertical_bar(canvas: &mut Canvas<'_>, rect: Rect, scale: ColorScale, label: &str) {
    let em = canvas.em;
    canvas.items.push(Item::Bar(Bar { rect, map: scale.map, below: false, above: false, point: Bar::POINT }));
    let span = f64::from(scale.high) - f64::from(scale.low);
    let most = ((rect.h / (1.8 * em)).floor() as usize).clamp(2, 4);
    let (values, decimals) = nice::ticks(f64::from(scale.low), f64::from(scale.high), most);
    let mut widest = 0.0f64;
    for value in values {
        let y = rect.bottom() - (value - f64::from(scale.low)) / span * rect.h;
        canvas.items.push(Item::Line {
            from: [rect.right(), y],
            to: [rect.right() + TICK, y],
            width: HAIRLINE,
        });
        let text = nice::number(value, decimals);
        widest = widest.max(canvas.width(&text, Face::Regular));
        canvas.label(&text, Anchor::Start, [rect.right() + TICK + LABEL_GAP / 2.0, y], Face::Regular);
    }
    let x = rect.right() + TICK + LABEL_GAP / 2.0 + widest + LABEL_GAP;
    for (i, text) in text::wrap(label, Face::Regular, em, rect.h, 2).iter().enumerate() {
        let at = [x + i as f64 * line(em) + 0.9 * em, rect.middle()];
        canvas.text_up(text, Anchor::Middle, at, Face::Regular);
    }
}

/// What the colours of scores mean; nothing where there is one series and nothing else.
fn score_entries(scores: &Scores) -> Vec<Entry> {
    let swatch = |i: usize| {
        if scores.bars { Swatch::Box(series_color(i)) } else { Swatch::Dot(series_color(i)) }
    };
    let mut entries = Vec::new();
    if scores.series.len() > 1 {
        entries.extend(scores.series.iter().enumerate().map(|(i, s)| Entry::new(swatch(i), s.clone())));
    }
    if let Some((value, name)) = &scores.reference {
        entries.push(Entry::new(Swatch::Line(REFERENCE), format!("{name} ({})", nice::number(*value, 2))));
    }
    if scores.rows.iter().any(|r| r.values.iter().any(Option::is_none)) {
        entries.push(Entry::new(Swatch::Cross(GREY), "no score"));
    }
    entries
}

/// The height at which scores are easy to read.
pub(super) fn scores_height(scores: &Scores, width: f64, em: f64) -> f64 {
    let legend = legend_height(&score_entries(scores), width, em);
    let bars = if scores.bars { scores.series.len() as f64 * 1.3 } else { 1.0 };
    scores.rows.len() as f64 * (1.4 * em).max(bars) + legend + 4.0 * line(em)
}

/// The least height of scores whose names do not overlap.
pub(super) fn least_scores_height(scores: &Scores, width: f64, em: f64) -> f64 {
    scores.rows.len() as f64 * em + legend_height(&score_entries(scores), width, em) + 4.0 * line(em)
}

pub(super) fn scores(canvas: &mut Canvas<'_>, area: Rect, scores: &Scores) {
    let em = canvas.em;
    let entries = score_entries(scores);
    let height = legend_height(&entries, area.w, em);
    let top = if height > 0.0 { height + LABEL_GAP } else { 0.0 };
    canvas.legend(&entries, [area.x, area.y], area.w);
    let face = if scores.are_genes { Face::Italic } else { Face::Regular };
    let names = widest(scores.rows.iter().map(|r| &r.name), face, em, MAX_NAMES * area.w);
    let before = names + LABEL_GAP;
    let rest = Rect { x: area.x + before, y: area.y + top, w: area.w - before, h: area.h - top };
    let values = scores.rows.iter().flat_map(|r| &r.values).flatten().copied();
    let reference = scores.reference.as_ref().map(|(v, _)| *v).filter(|v| v.is_finite());
    // Bars begin at zero.
    let zero = scores.bars.then_some(0.0);
    let limits = limits(&scores.axis, values.chain(reference).chain(zero));
    let frame = row_axis(canvas, rest, Scale { label: &scores.axis.label, limits });
    let step = frame.plot.h / scores.rows.len() as f64;
    for (i, row) in scores.rows.iter().enumerate() {
        let y = frame.plot.y + (i as f64 + 0.5) * step;
        let name = text::fit(&row.name, face, em, names);
        canvas.label(&name, Anchor::End, [frame.plot.x - LABEL_GAP, y], face);
        if scores.bars {
            score_bars(canvas, &frame, y, step, limits, &row.values);
        } else {
            score_dots(canvas, &frame, y, limits, &row.values);
        }
    }
    let mut upright = |value: f64, stroke: Stroke| {
        if (limits[0]..=limits[1]).contains(&value) {
            let x = frame.x(value);
            canvas.stroke(vec![[x, frame.plot.y], [x, frame.plot.bottom()]], stroke, None);
        }
    };
    upright(0.0, Stroke::solid(BLACK, HAIRLINE));
    if let Some(value) = reference {
        upright(value, REFERENCE);
    }
}

fn score_bars(
    canvas: &mut Canvas<'_>,
    frame: &Frame,
    y: f64,
    step: f64,
    limits: [f64; 2],
    values: &[Option<f64>],
) {
    let height = 0.8 * step / values.len() as f64;
    let zero = frame.x(0.0f64.clamp(limits[0], limits[1]));
    for (i, value) in values.iter().enumerate() {
        let top = y - 0.4 * step + i as f64 * height;
        match value {
            Some(value) => {
                let end = frame.x(value.clamp(limits[0], limits[1]));
                let rect = Rect { x: zero.min(end), y: top, w: (end - zero).abs(), h: 0.92 * height };
                if rect.w > 0.0 {
                    canvas.fill(rect, series_color(i));
                }
            }
            None => {
                let half = (0.4 * height).min(0.8);
                canvas.cross([zero + half + LABEL_GAP / 2.0, top + height / 2.0], half, GREY);
            }
        }
    }
}

fn score_dots(canvas: &mut Canvas<'_>, frame: &Frame, y: f64, limits: [f64; 2], values: &[Option<f64>]) {
    const DOT: f64 = 0.7;
    let shown: Vec<(usize, f64)> = values
        .iter()
        .enumerate()
        .filter_map(|(i, v)| Some((i, (*v)?)))
        .filter(|(_, v)| (limits[0]..=limits[1]).contains(v))
        .collect();
    let ends = shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (_, v)| (l.min(*v), h.max(*v)));
    if ends.0 < ends.1 {
        let line = [ends.0, ends.1].map(|v| [frame.x(v), y]).to_vec();
        canvas.stroke(line, Stroke::solid([190, 190, 190], 1.5 * HAIRLINE), None);
    }
    for (i, value) in shown {
        canvas.spots(vec![(frame.x(value), y, series_color(i))], DOT, 1.0, None);
    }
    if values.iter().any(Option::is_none) {
        canvas.cross([frame.plot.x + DOT + LABEL_GAP, y], DOT, GREY);
    }
}
