//! Fewer points along a line (Ramer 1972, Douglas and Peucker 1973).

use geo::Coord;

use super::geometry::point;
use crate::core::geometry::{SlidePoint, SlideRect};

/// The points of a line that are needed for all others to lie within `tolerance` of it. Both ends stay.
pub(super) fn thinned(points: &[Coord<f64>], tolerance: f64) -> Vec<Coord<f64>> {
    let mut keep = vec![false; points.len()];
    let last = points.len().saturating_sub(1);
    for end in [0, last] {
        if let Some(k) = keep.get_mut(end) {
            *k = true;
        }
    }
    let mut spans = vec![(0, last)];
    while let Some((from, to)) = spans.pop() {
        let (Some(a), Some(b)) = (points.get(from), points.get(to)) else { continue };
        let between = points.get(from + 1..to).unwrap_or_default().iter().enumerate();
        let farthest = between
            .map(|(i, c)| (from + 1 + i, distance_to_span(*c, *a, *b)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((at, _)) = farthest.filter(|(_, distance)| *distance > tolerance) else { continue };
        if let Some(k) = keep.get_mut(at) {
            *k = true;
        }
        spans.extend([(from, at), (at, to)]);
    }
    points.iter().zip(keep).filter_map(|(c, keep)| keep.then_some(*c)).collect()
}

/// [`thinned`] of a ring, which does not repeat its first point.
pub(super) fn thinned_ring(points: &[Coord<f64>], tolerance: f64) -> Vec<Coord<f64>> {
    let Some(first) = points.first() else { return Vec::new() };
    let from_first = |c: &Coord<f64>| point(*c).distance(point(*first));
    let distances = points.iter().map(from_first).enumerate();
    let Some((far, _)) = distances.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Vec::new() };
    let there = thinned(points.get(..=far).unwrap_or_default(), tolerance);
    let mut rest: Vec<Coord<f64>> = points.get(far..).unwrap_or_default().to_vec();
    rest.push(*first);
    let back = thinned(&rest, tolerance);
    let inner = back.get(1..back.len().saturating_sub(1)).unwrap_or_default();
    there.into_iter().chain(inner.iter().copied()).collect()
}

/// [`thinned_ring`] of what lies in `window`; points outside stay as they are.
pub(super) fn thinned_within(points: &[Coord<f64>], window: SlideRect, tolerance: f64) -> Vec<Coord<f64>> {
    let inside = |c: &Coord<f64>| window.contains(point(*c));
    let Some(start) = points.iter().position(|c| !inside(c)) else { return thinned_ring(points, tolerance) };
    if !points.iter().any(inside) {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(points.len());
    let mut run: Vec<Coord<f64>> = Vec::new();
    let round = points.iter().cycle().skip(start).take(points.len() + 1);
    for c in round {
        run.push(*c);
        if !inside(c) {
            // From one point outside to the next; the first was kept with the run before.
            kept.extend(thinned(&run, tolerance).into_iter().skip(usize::from(run.len() > 1)));
            run.clear();
            run.push(*c);
        }
    }
    // The round ends where it began.
    kept.pop();
    kept
}

fn distance_to_span(c: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let share = if length2 > 0.0 { ((c.x - a.x) * dx + (c.y - a.y) * dy) / length2 } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    point(c).distance(SlidePoint::new(a.x + share * dx, a.y + share * dy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coords(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
        points.iter().map(|&(x, y)| Coord { x, y }).collect()
    }

    #[test]
    fn points_near_the_line_go() {
        let line = coords(&[(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (3.0, 2.0), (4.0, 0.0)]);
        assert_eq!(thinned(&line, 0.5), coords(&[(0.0, 0.0), (2.0, 0.0), (3.0, 2.0), (4.0, 0.0)]));
        assert_eq!(thinned(&line, 5.0), coords(&[(0.0, 0.0), (4.0, 0.0)]));
        assert_eq!(thinned(&[], 1.0), []);
    }

    #[test]
    fn rings_keep_their_corners() {
        let square = coords(&[
            (0.0, 0.0),
            (5.0, 0.01),
            (10.0, 0.0),
            (10.0, 5.0),
            (10.0, 10.0),
            (5.0, 10.0),
            (0.0, 10.0),
            (0.0, 5.0),
        ]);
        let corners = coords(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
        assert_eq!(thinned_ring(&square, 0.1), corners);
    }

    #[test]
    fn points_outside_the_window_stay() {
        let square = coords(&[
            (0.0, 0.0),
            (2.0, 0.0),
            (5.0, 0.0),
            (8.0, 0.0),
            (10.0, 0.0),
            (10.0, 5.0),
            (10.0, 10.0),
            (5.0, 10.0),
            (0.0, 10.0),
        ]);
        let window = SlideRect::new(SlidePoint::new(1.0, -1.0), SlidePoint::new(9.0, 1.0));
        let mut thin = thinned_within(&square, window, 0.1);
        let expected =
            coords(&[(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (10.0, 10.0), (5.0, 10.0), (0.0, 10.0)]);
        assert_eq!(thin, expected);
        // Wherever the ring begins.
        let turned: Vec<Coord<f64>> = square.iter().cycle().skip(2).take(9).copied().collect();
        thin = thinned_within(&turned, window, 0.1);
        assert_eq!(thin.len(), expected.len());
        assert!(expected.iter().all(|c| thin.contains(c)), "{thin:?}");
        let nowhere = SlideRect::new(SlidePoint::new(50.0, 50.0), SlidePoint::new(60.0, 60.0));
        assert_eq!(thinned_within(&square, nowhere, 0.1), square);
    }
}
