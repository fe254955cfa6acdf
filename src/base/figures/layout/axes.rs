//! Axes: limits, ticks without collisions, labels, and where a value lies between them.

use super::canvas::{Anchor, Canvas, HAIRLINE, LABEL_GAP, TICK, line};
use crate::figures::drawing::{CAP_HEIGHT, DESCENT, Item, Rect};
use crate::figures::nice;
use crate::figures::panel::Axis;
use crate::figures::text::{self, Face};

/// The share of the data's range that is left free at each end of an axis.
const FREE: f64 = 0.05;
/// The most ticks of an axis.
const MAX_TICKS: usize = 7;
/// The most lines of an axis label.
const LABEL_LINES: usize = 2;

/// Limits of `axis` for these values, of which those that are not finite do not count.
pub(super) fn limits(axis: &Axis, values: impl Iterator<Item = f64>) -> [f64; 2] {
    if let Some(limits) = axis.limits {
        return limits;
    }
    let (low, high) = values
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return [0.0, 1.0];
    }
    let free = if high > low { FREE * (high - low) } else { 0.5 * low.abs().max(1.0) };
    // A quantity that is never negative has no axis below zero.
    let floor = if low >= 0.0 && low - free < 0.0 { 0.0 } else { low - free };
    [floor, high + free]
}

/// The rectangle between two axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) plot: Rect,
    x: [f64; 2],
    y: [f64; 2],
}

impl Frame {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.plot.x + (value - self.x[0]) / (self.x[1] - self.x[0]) * self.plot.w
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.plot.bottom() - (value - self.y[0]) / (self.y[1] - self.y[0]) * self.plot.h
    }

    pub(super) fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x(x), self.y(y)]
    }
}

/// Ticks with their texts.
fn tick_texts([low, high]: [f64; 2], most: usize) -> Vec<(f64, String)> {
    let (values, decimals) = nice::ticks(low, high, most);
    values.into_iter().map(|v| (v, nice::number(v, decimals))).collect()
}

/// As many ticks along `length` as have room for their texts beside each other.
fn horizontal_ticks(limits: [f64; 2], length: f64, em: f64) -> Vec<(f64, String)> {
    let per_mm = (limits[1] - limits[0]) / length;
    let fits = |ticks: &Vec<(f64, String)>| {
        ticks.windows(2).all(|pair| match pair {
            [(a, left), (b, right)] => {
                let widths = [left, right].map(|t| text::width(t, Face::Regular, em));
                (b - a) / per_mm >= (widths[0] + widths[1]) / 2.0 + 0.6 * em
            }
            _ => true,
        })
    };
    let choices = (2..=MAX_TICKS).rev().map(|most| tick_texts(limits, most));
    // Where not even two have room, one is left.
    choices.into_iter().find(fits).unwrap_or_else(|| tick_texts(limits, 2).into_iter().take(1).collect())
}

/// What an axis shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    pub(super) label: &'a str,
    pub(super) limits: [f64; 2],
}

/// Draws the axis to the right below `plot`.
fn bottom_axis(canvas: &mut Canvas<'_>, plot: Rect, scale: Scale<'_>, lines: &[String]) {
    let em = canvas.em;
    let bottom = plot.bottom();
    let per_mm = (scale.limits[1] - scale.limits[0]) / plot.w;
    rule(canvas, [plot.x, bottom], [plot.right(), bottom]);
    for (value, label) in horizontal_ticks(scale.limits, plot.w, em) {
        let x = plot.x + (value - scale.limits[0]) / per_mm;
        rule(canvas, [x, bottom], [x, bottom + TICK]);
        let y = bottom + tick_drop(em) + CAP_HEIGHT * em;
        canvas.text(&label, Anchor::Middle, [x, y], Face::Regular, super::canvas::BLACK);
    }
    for (i, label) in lines.iter().enumerate() {
        let y = bottom + tick_drop(em) + LABEL_GAP / 2.0 + (i as f64 + 1.0) * line(em) + CAP_HEIGHT * em;
        let x = plot.x + plot.w / 2.0;
        canvas.text(label, Anchor::Middle, [x, y], Face::Regular, super::canvas::BLACK);
    }
}

fn rule(canvas: &mut Canvas<'_>, from: [f64; 2], to: [f64; 2]) {
    canvas.items.push(Item::Line { from, to, width: HAIRLINE });
}

/// From a bottom axis to the texts of its ticks, which keep off the lowest text beside the other axis.
fn tick_drop(em: f64) -> f64 {
    (TICK + LABEL_GAP / 2.0).max((CAP_HEIGHT / 2.0 + DESCENT + 0.02) * em)
}

/// How much a bottom axis with so many lines of label takes.
fn bottom_height(em: f64, lines: usize) -> f64 {
    tick_drop(em) + LABEL_GAP / 2.0 + (1 + lines) as f64 * line(em)
}

/// Half the width of the last tick's text, which reaches beyond the plot.
fn overhang(limits: [f64; 2], length: f64, em: f64) -> f64 {
    let widths =
        horizontal_ticks(limits, length, em).into_iter().map(|(_, t)| text::width(&t, Face::Regular, em));
    widths.fold(0.0, f64::max) / 2.0
}

/// Draws two axes within `area` and gives what is between them; a square where `square`.
pub(super) fn axes(canvas: &mut Canvas<'_>, area: Rect, x: Scale<'_>, y: Scale<'_>, square: bool) -> Frame {
    let em = canvas.em;
    let wrap = |label: &str, length: f64, lines: usize| text::wrap(label, Face::Regular, em, length, lines);
    // The lines of a label follow from the length of its axis, which follows from them.
    let (mut below, mut beside) = (1, 1);
    let mut plot = area;
    let mut ticks = Vec::new();
    for round in 0..3 {
        if round > 0 {
            below = wrap(x.label, plot.w, LABEL_LINES).len();
            beside = wrap(y.label, plot.h, LABEL_LINES).len();
        }
        let height = area.h - bottom_height(em, below) - em / 2.0;
        let most = (height / (2.2 * em)).floor().clamp(2.0, MAX_TICKS as f64) as usize;
        ticks = tick_texts(y.limits, most);
        let widest = ticks.iter().map(|(_, t)| text::width(t, Face::Regular, em)).fold(0.0, f64::max);
        let left = beside as f64 * line(em) + LABEL_GAP + widest + LABEL_GAP / 2.0 + TICK;
        let right = overhang(x.limits, area.w - left, em);
        plot = Rect { x: area.x + left, y: area.y + em / 2.0, w: area.w - left - right, h: height };
        if square {
            let side = plot.w.min(plot.h);
            (plot.w, plot.h) = (side, side);
        }
    }
    bottom_axis(canvas, plot, x, &wrap(x.label, plot.w, below));
    let frame = Frame { plot, x: x.limits, y: y.limits };
    rule(canvas, [plot.x, plot.y], [plot.x, plot.bottom()]);
    let widest = ticks.iter().map(|(_, t)| text::width(t, Face::Regular, em)).fold(0.0, f64::max);
    for (value, label) in &ticks {
        let at = frame.y(*value);
        rule(canvas, [plot.x - TICK, at], [plot.x, at]);
        canvas.label(label, Anchor::End, [plot.x - TICK - LABEL_GAP / 2.0, at], Face::Regular);
    }
    let lines = wrap(y.label, plot.h, beside);
    let first = plot.x - TICK - LABEL_GAP / 2.0 - widest - LABEL_GAP - lines.len() as f64 * line(em);
    for (i, label) in lines.iter().enumerate() {
        let at = [first + i as f64 * line(em) + 0.9 * em, plot.middle()];
        canvas.text_up(label, Anchor::Middle, at, Face::Regular);
    }
    frame
}

/// Draws a bottom axis beneath rows that have names; gives the frame, whose upward axis runs from 0 (the bottom) to 1.
pub(super) fn row_axis(canvas: &mut Canvas<'_>, area: Rect, x: Scale<'_>) -> Frame {
    let em = canvas.em;
    let w = area.w - overhang(x.limits, area.w, em);
    let lines = text::wrap(x.label, Face::Regular, em, w, LABEL_LINES);
    let plot = Rect { w, h: area.h - bottom_height(em, lines.len()), ..area };
    bottom_axis(canvas, plot, x, &lines);
    Frame { plot, x: x.limits, y: [0.0, 1.0] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_leave_room_and_know_zero() {
        let of = |values: &[f64]| limits(&Axis::default(), values.iter().copied());
        assert_eq!(of(&[0.0, 10.0]), [0.0, 10.5]);
        assert_eq!(of(&[-10.0, 10.0, f64::NAN]), [-11.0, 11.0]);
        assert_eq!(of(&[3.0]), [1.5, 4.5]);
        assert_eq!(of(&[0.0]), [0.0, 0.5]);
        assert_eq!(of(&[f64::INFINITY]), [0.0, 1.0]);
        let fixed = Axis { limits: Some([1.0, 2.0]), ..Axis::default() };
        assert_eq!(limits(&fixed, [9.0].into_iter()), [1.0, 2.0]);
    }

    #[test]
    fn ticks_have_room_beside_each_other() {
        for length in [4.0, 10.0, 25.0, 80.0] {
            for limits in [[0.0, 1.0], [-1234.5, 9876.5], [0.001, 0.0042]] {
                let em = 2.47;
                let ticks = horizontal_ticks(limits, length, em);
                assert!(!ticks.is_empty());
                for pair in ticks.windows(2) {
                    let apart = (pair[1].0 - pair[0].0) / (limits[1] - limits[0]) * length;
                    let w = |i: usize| text::width(&pair[i].1, Face::Regular, em) / 2.0;
                    assert!(apart > w(0) + w(1), "{length} {limits:?} {ticks:?}");
                }
            }
        }
        assert!(horizontal_ticks([0.0, 1.0], 80.0, 2.47).len() > 4);
    }

    #[test]
    fn values_lie_where_the_axis_says() {
        let mut canvas = Canvas::new(2.47);
        let area = Rect { x: 10.0, y: 5.0, w: 60.0, h: 40.0 };
        let x = Scale { label: "x", limits: [0.0, 2.0] };
        let y = Scale { label: "y", limits: [-1.0, 1.0] };
        let frame = axes(&mut canvas, area, x, y, false);
        assert_eq!(frame.at([0.0, -1.0]), [frame.plot.x, frame.plot.bottom()]);
        assert!((frame.x(1.0) - frame.plot.x - frame.plot.w / 2.0).abs() < 1e-9);
        assert!((frame.y(0.0) - frame.plot.middle()).abs() < 1e-9);
        assert!(frame.plot.x > area.x && frame.plot.bottom() < area.bottom());
    }
}
