//! Panels with two axes: scatter plots, volcano plots, curves.

use super::axes::{Scale, axes, limits};
use super::canvas::{
    Anchor, BLACK, Canvas, DATA_LINE, Entry, GREY, HAIRLINE, LABEL_GAP, Swatch, legend_height, line,
    series_color,
};
use super::labels::{Named, place_names};
use crate::core::text::counted;
use crate::figures::drawing::{CAP_HEIGHT, DESCENT, Rect, Stroke};
use crate::figures::nice;
use crate::figures::panel::{Curves, Scatter, Volcano};
use crate::figures::text::{self, Face};

/// Dots of points, in millimetres.
const DOT: f64 = 0.45;
const DOT_OPACITY: f32 = 0.6;
const INSIGNIFICANT: [u8; 3] = [170, 170, 170];
/// Higher on the left side of a volcano plot, and on the right.
const SIDES: [[u8; 3]; 2] = [[0, 114, 178], [213, 94, 0]];
const REFERENCE: Stroke = Stroke { rgb: [120, 120, 120], width: HAIRLINE * 1.3, dashed: true };

/// Splits the line of a legend or note off the top of `area`.
fn below(area: Rect, height: f64) -> Rect {
    let taken = if height > 0.0 { height + LABEL_GAP / 2.0 } else { 0.0 };
    Rect { y: area.y + taken, h: area.h - taken, ..area }
}

/// A line of text at the top right of `area`.
fn note(canvas: &mut Canvas<'_>, area: Rect, text: &str) {
    let em = canvas.em;
    let text = text::fit(text, Face::Regular, em, area.w);
    canvas.text(&text, Anchor::End, [area.right(), area.y + CAP_HEIGHT * em], Face::Regular, BLACK);
}

pub(super) fn scatter(canvas: &mut Canvas<'_>, area: Rect, scatter: &Scatter) {
    let em = canvas.em;
    let points: Vec<[f64; 2]> =
        scatter.points.iter().filter(|p| p.iter().all(|v| v.is_finite())).copied().collect();
    let mut x = limits(&scatter.x, points.iter().map(|p| p[0]));
    let mut y = limits(&scatter.y, points.iter().map(|p| p[1]));
    if scatter.identity {
        let both = [x[0].min(y[0]), x[1].max(y[1])];
        (x, y) = (both, both);
    }
    let inside = |p: &&[f64; 2]| (x[0]..=x[1]).contains(&p[0]) && (y[0]..=y[1]).contains(&p[1]);
    let hidden = points.len() - points.iter().filter(inside).count();
    let outside = (hidden > 0).then(|| format!("{} beyond the axes", counted(hidden, "dot")));
    let notes: Vec<&str> = scatter.note.as_deref().into_iter().chain(outside.as_deref()).collect();
    let rest = below(area, if notes.is_empty() { 0.0 } else { line(em) });
    let scales =
        [(&scatter.x, x), (&scatter.y, y)].map(|(axis, limits)| Scale { label: &axis.label, limits });
    let frame = axes(canvas, rest, scales[0], scales[1], scatter.identity);
    if !notes.is_empty() {
        let above = Rect { w: frame.plot.right() - area.x, ..area };
        note(canvas, above, &notes.join("; "));
    }
    if scatter.identity {
        canvas.stroke(vec![frame.at([x[0], x[0]]), frame.at([x[1], x[1]])], REFERENCE, None);
    }
    let mark = |p: &[f64; 2]| {
        let [x, y] = frame.at(*p);
        (x, y, SIDES[0])
    };
    canvas.spots(points.iter().filter(inside).map(mark).collect(), DOT, DOT_OPACITY, None);
}

pub(super) fn volcano(canvas: &mut Canvas<'_>, area: Rect, volcano: &Volcano) {
    let em = canvas.em;
    let genes: Vec<_> = volcano.genes.iter().filter(|g| g.is_drawn()).collect();
    let height = |p: f64| -p.log10();
    let highest = genes.iter().map(|g| height(g.p_adjusted)).filter(|v| v.is_finite());
    let top = highest.fold(height(volcano.max_p), f64::max) * 1.1;
    let widest = genes.iter().map(|g| g.log2_fold.abs()).fold(volcano.min_log2_fold, f64::max).max(0.1) * 1.1;
    let (x, y) = ([-widest, widest], [0.0, top.max(0.1)]);

    // 0 and 1 are the sides, 2 is what is not significant.
    let side = |fold: f64, p: f64| match () {
        () if p > volcano.max_p || fold.abs() < volcano.min_log2_fold || fold == 0.0 => 2,
        () if fold < 0.0 => 0,
        () => 1,
    };
    let count = |wanted: usize| genes.iter().filter(|g| side(g.log2_fold, g.p_adjusted) == wanted).count();
    let name = |wanted: usize, plain: &str| {
        let named = volcano.sides.as_ref().and_then(|s| s.get(wanted)).map(|s| format!("higher in {s}"));
        format!("{} ({})", named.unwrap_or_else(|| plain.to_owned()), count(wanted))
    };
    let mut entries = vec![
        Entry::new(Swatch::Dot(SIDES[0]), name(0, "lower")),
        Entry::new(Swatch::Dot(SIDES[1]), name(1, "higher")),
        Entry::new(Swatch::Dot(INSIGNIFICANT), format!("not significant ({})", count(2))),
    ];
    if genes.iter().any(|g| g.p_adjusted == 0.0) {
        entries.push(Entry::new(Swatch::Triangle(GREY), "p too small to compute"));
    }
    let rest = below(area, legend_height(&entries, area.w, em));
    canvas.legend(&entries, [area.x, area.y], area.w);
    let frame = axes(
        canvas,
        rest,
        Scale { label: "log\u{2082} fold change", limits: x },
        Scale { label: "\u{2212}log\u{2081}\u{2080} adjusted p", limits: y },
        false,
    );
    let mut lines = vec![[[x[0], height(volcano.max_p)], [x[1], height(volcano.max_p)]]];
    if volcano.min_log2_fold > 0.0 {
        lines.extend(
            [-1.0, 1.0].map(|s| [[s * volcano.min_log2_fold, y[0]], [s * volcano.min_log2_fold, y[1]]]),
        );
    }
    for line in lines {
        canvas.stroke(line.map(|p| frame.at(p)).to_vec(), REFERENCE, None);
    }

    let at = |fold: f64, p: f64| frame.at([fold, if p == 0.0 { y[1] } else { height(p) }]);
    for (wanted, rgb) in [(2, INSIGNIFICANT), (0, SIDES[0]), (1, SIDES[1])] {
        let own = || genes.iter().filter(move |g| side(g.log2_fold, g.p_adjusted) == wanted);
        let marks = own().filter(|g| g.p_adjusted > 0.0).map(|g| {
            let [x, y] = at(g.log2_fold, g.p_adjusted);
            (x, y, rgb)
        });
        canvas.spots(marks.collect(), DOT, 0.8, None);
        for gene in own().filter(|g| g.p_adjusted == 0.0) {
            canvas.triangle(at(gene.log2_fold, 0.0), 1.4 * DOT, rgb);
        }
    }

    let points: Vec<[f64; 2]> = genes.iter().map(|g| at(g.log2_fold, g.p_adjusted)).collect();
    let labelled: Vec<_> =
        volcano.labelled.iter().filter_map(|n| genes.iter().find(|g| g.name == *n)).collect();
    let names: Vec<Named> = labelled
        .iter()
        .map(|g| Named {
            at: at(g.log2_fold, g.p_adjusted),
            size: [canvas.width(&g.name, Face::Italic), (CAP_HEIGHT + DESCENT) * em],
        })
        .collect();
    // Names stay off the axis upwards.
    let bounds = Rect {
        x: frame.plot.x + LABEL_GAP / 2.0,
        w: area.right() - frame.plot.x - LABEL_GAP / 2.0,
        ..frame.plot
    };
    for (gene, place) in labelled.iter().zip(place_names(&names, &points, DOT, bounds)) {
        let Some(place) = place else { continue };
        if let Some(line) = place.line {
            canvas.stroke(line.to_vec(), Stroke::solid(GREY, HAIRLINE), None);
        }
        let y = place.rect.y + CAP_HEIGHT * em;
        canvas.text(&gene.name, Anchor::Start, [place.rect.x, y], Face::Italic, BLACK);
    }
}

pub(super) fn curves(canvas: &mut Canvas<'_>, area: Rect, curves: &Curves) {
    let em = canvas.em;
    let points = || curves.curves.iter().flat_map(|c| &c.points).filter(|p| p.iter().all(|v| v.is_finite()));
    let x = limits(&curves.x, points().map(|p| p[0]));
    let reference = curves.reference.as_ref().filter(|(v, _)| v.is_finite());
    let y = limits(&curves.y, points().map(|p| p[1]).chain(reference.map(|(v, _)| *v)));
    let stroke = |i: usize, dashed: bool| Stroke { rgb: series_color(i), width: DATA_LINE, dashed };
    let mut entries: Vec<Entry> = curves
        .curves
        .iter()
        .enumerate()
        .filter(|(_, c)| !c.name.is_empty())
        .map(|(i, c)| Entry::new(Swatch::Line(stroke(i, c.dashed)), c.name.clone()))
        .collect();
    if let Some((value, name)) = reference {
        entries.push(Entry::new(Swatch::Line(REFERENCE), format!("{name} ({})", nice::number(*value, 2))));
    }
    let rest = below(area, legend_height(&entries, area.w, em));
    canvas.legend(&entries, [area.x, area.y], area.w);
    let frame = axes(
        canvas,
        rest,
        Scale { label: &curves.x.label, limits: x },
        Scale { label: &curves.y.label, limits: y },
        false,
    );
    if let Some((value, _)) = reference.filter(|(v, _)| (y[0]..=y[1]).contains(v)) {
        canvas.stroke(vec![frame.at([x[0], *value]), frame.at([x[1], *value])], REFERENCE, None);
    }
    for (i, curve) in curves.curves.iter().enumerate() {
        let parts = curve.points.split(|p| !p.iter().all(|v| v.is_finite()));
        for part in parts.filter(|p| !p.is_empty()) {
            let line: Vec<[f64; 2]> = part.iter().map(|p| frame.at(*p)).collect();
            match line.as_slice() {
                // A point between gaps would not be seen as a line.
                [one] => {
                    canvas.spots(vec![(one[0], one[1], series_color(i))], DATA_LINE, 1.0, Some(frame.plot))
                }
                _ => canvas.stroke(line, stroke(i, curve.dashed), Some(frame.plot)),
            }
        }
    }
}
