//! Lines as far as they are in view, with no more points than can be told apart.

use eframe::egui::{Rect, Vec2};

/// Points nearer to each other than this are left out, in points: a line bends by less than a tenth of a point for it.
const MIN_STEP: f32 = 2.0;
/// How far beyond the pane lines are still drawn, in points.
pub const BEYOND: f32 = 8.0;

/// The parts of a line through `points` that are in a pane of this size, or not farther from it than `beyond`. A closed one leads
/// back to its first point.
pub fn in_view(
    points: impl ExactSizeIterator<Item = Vec2> + Clone,
    closed: bool,
    size: Vec2,
    beyond: f32,
) -> Vec<Vec<Vec2>> {
    let view = Rect::from_min_size(Default::default(), size).expand(beyond);
    let mut lines: Vec<Vec<Vec2>> = Vec::new();
    let mut line: Vec<Vec2> = Vec::new();
    let mut before: Option<Vec2> = None;
    // Steps too short to be seen are left out, except for the last one.
    let last = if closed { points.len() } else { points.len().saturating_sub(1) };
    let first = points.clone().next().filter(|_| closed);
    for (i, at) in points.chain(first).enumerate() {
        if i < last && before.is_some_and(|b| (at - b).length() < MIN_STEP) {
            continue;
        }
        if let Some(from) = before {
            if view.intersects(Rect::from_two_pos(from.to_pos2(), at.to_pos2())) {
                if line.is_empty() {
                    line.push(from);
                }
                line.push(at);
            } else if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
        }
        before = Some(at);
    }
    if line.len() > 1 {
        lines.push(line);
    }
    lines
}
