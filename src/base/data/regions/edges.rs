//! Which points lie inside polygons, by the edges that a line from the point crosses.

use geo::{Coord, Polygon};

use super::geometry::{point, rings};
use crate::core::geometry::{SlidePoint, SlideRect};

/// The edges of a polygon with holes, sorted by height, to be asked for many points.
///
/// A point is inside when a line from it to the right crosses the edges an odd number of times. An edge reaches from its upper
/// end, which belongs to it, to its lower end, which does not, and a point on an edge is on the right of it. So a point on the
/// common edge of two regions lies in exactly one of them, and the upper and left edges of a rectangle are inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Edges {
    bounds: SlideRect,
    /// Upper end first, so that both regions along an edge compute the same. Level edges are never crossed.
    edges: Vec<[Coord<f64>; 2]>,
    /// Bands of equal height from the top to the bottom of `bounds`: where in `listed` the edges of each begin.
    starts: Vec<u32>,
    listed: Vec<u32>,
}

impl Edges {
    /// The edges of `polygon`; `None` where it has no height.
    pub fn new(polygon: &Polygon<f64>) -> Option<Self> {
        let mut edges = Vec::new();
        for ring in rings(polygon) {
            for line in ring.lines() {
                if line.start.y < line.end.y {
                    edges.push([line.start, line.end]);
                } else if line.start.y > line.end.y {
                    edges.push([line.end, line.start]);
                }
            }
        }
        let bounds = SlideRect::around(edges.iter().flatten().map(|c| point(*c)))?;
        let (starts, listed) = bands(&edges, bounds);
        Some(Self { bounds, edges, starts, listed })
    }

    /// The smallest rectangle around the edges that are not level.
    pub fn bounds(&self) -> SlideRect {
        self.bounds
    }

    /// Whether `p` is inside.
    pub fn contains(&self, p: SlidePoint) -> bool {
        if !self.bounds.contains(p) {
            return false;
        }
        let crossed = self.at_height(p.y).filter(|edge| p.x < crossing(edge, p.y)).count();
        crossed % 2 == 1
    }

    /// Where a level line at height `y` crosses the edges, from left to right: the polygon lies from the first up to the
    /// second, from the third up to the fourth, and so on. `into` is emptied first.
    pub fn crossings(&self, y: f64, into: &mut Vec<f64>) {
        into.clear();
        into.extend(self.at_height(y).map(|edge| crossing(edge, y)));
        into.sort_by(f64::total_cmp);
    }

    fn at_height(&self, y: f64) -> impl Iterator<Item = &[Coord<f64>; 2]> {
        let band = band_of(y, self.bounds, self.starts.len().saturating_sub(1));
        let start = self.starts.get(band).copied().unwrap_or(0) as usize;
        let end = self.starts.get(band + 1).copied().unwrap_or(0) as usize;
        let listed = self.listed.get(start..end).unwrap_or_default();
        let edges = listed.iter().filter_map(|at| self.edges.get(*at as usize));
        edges.filter(move |[upper, lower]| upper.y <= y && y < lower.y)
    }
}

fn crossing([upper, lower]: &[Coord<f64>; 2], y: f64) -> f64 {
    upper.x + (y - upper.y) / (lower.y - upper.y) * (lower.x - upper.x)
}

fn band_of(y: f64, bounds: SlideRect, bands: usize) -> usize {
    let share = (y - bounds.min.y) / bounds.height();
    if share.is_finite() {
        ((share * bands as f64).max(0.0) as usize).min(bands.saturating_sub(1))
    } else {
        0
    }
}

fn bands(edges: &[[Coord<f64>; 2]], bounds: SlideRect) -> (Vec<u32>, Vec<u32>) {
    const MAX_BANDS: usize = 4096;
    const EDGES_PER_BAND: usize = 4;
    /// Bands are of no use where most edges lie in most of them.
    const REPEATS: usize = 8;
    let range = |[a, b]: &[Coord<f64>; 2], n| band_of(a.y, bounds, n)..=band_of(b.y, bounds, n);
    let entries = |n: usize| edges.iter().map(|e| range(e, n).count()).sum::<usize>();
    let mut n = (edges.len() / EDGES_PER_BAND).clamp(1, MAX_BANDS);
    while n > 1 && entries(n) > edges.len().saturating_mul(REPEATS) {
        n /= 4;
    }
    let n = n.max(1);
    let mut starts = vec![0u32; n + 1];
    for edge in edges {
        for band in range(edge, n) {
            if let Some(count) = starts.get_mut(band + 1) {
                *count += 1;
            }
        }
    }
    for band in 1..starts.len() {
        let before = starts.get(band - 1).copied().unwrap_or(0);
        if let Some(start) = starts.get_mut(band) {
            *start += before;
        }
    }
    let mut next = starts.clone();
    let mut listed = vec![0u32; starts.last().copied().unwrap_or(0) as usize];
    for (at, edge) in (0u32..).zip(edges) {
        for band in range(edge, n) {
            if let Some(to) = next.get_mut(band) {
                if let Some(slot) = listed.get_mut(*to as usize) {
                    *slot = at;
                }
                *to += 1;
            }
        }
    }
    (starts, listed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{LineString, polygon};
    use proptest::prelude::*;

    /// The same without bands.
    fn plainly(polygon: &Polygon<f64>, p: SlidePoint) -> bool {
        let crossed = rings(polygon)
            .flat_map(LineString::lines)
            .filter(|l| {
                (l.start.y > p.y) != (l.end.y > p.y) && {
                    let (a, b) = if l.start.y < l.end.y { (l.start, l.end) } else { (l.end, l.start) };
                    p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x)
                }
            })
            .count();
        crossed % 2 == 1
    }

    #[test]
    fn edges_between_regions_belong_to_one_of_them() {
        let left = polygon![(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 7.0, y: 10.0), (x: 0.0, y: 10.0)];
        let right = polygon![(x: 10.0, y: 0.0), (x: 20.0, y: 0.0), (x: 20.0, y: 10.0), (x: 7.0, y: 10.0)];
        let [left, right] = [left, right].map(|p| Edges::new(&p).unwrap());
        for step in 0..100 {
            let y = f64::from(step) / 10.0;
            let on_edge = SlidePoint::new(10.0 - 0.3 * y, y);
            assert!(left.contains(on_edge) ^ right.contains(on_edge), "{y}");
        }
        // The left and the upper edge are inside, the right and the lower one are not.
        let inside = |x, y| left.contains(SlidePoint::new(x, y));
        assert!(inside(0.0, 0.0) && inside(0.0, 5.0) && inside(5.0, 0.0));
        assert!(!inside(5.0, 10.0) && !inside(10.0, 0.0) && !inside(f64::NAN, 5.0));
    }

    #[test]
    fn what_has_no_height_has_no_edges() {
        assert!(Edges::new(&polygon![(x: 0.0, y: 1.0), (x: 5.0, y: 1.0), (x: 9.0, y: 1.0)]).is_none());
        assert!(Edges::new(&Polygon::new(LineString(vec![]), vec![])).is_none());
    }

    #[test]
    fn crossings_are_the_borders_of_what_is_inside() {
        let frame = polygon![
            exterior: [(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0)],
            interiors: [[(x: 2.0, y: 2.0), (x: 4.0, y: 2.0), (x: 4.0, y: 4.0), (x: 2.0, y: 4.0)]],
        ];
        let edges = Edges::new(&frame).unwrap();
        let mut at = vec![1.0];
        edges.crossings(3.0, &mut at);
        assert_eq!(at, [0.0, 2.0, 4.0, 10.0]);
        edges.crossings(10.0, &mut at);
        assert!(at.is_empty());
    }

    proptest! {
        #[test]
        fn bands_change_nothing(
            corners in prop::collection::vec((0u8..40, 0u8..40), 3..120),
            points in prop::collection::vec((0u8..40, 0u8..40), 40),
        ) {
            let ring = corners.iter().map(|&(x, y)| Coord { x: f64::from(x), y: f64::from(y) }).collect();
            let polygon = Polygon::new(LineString(ring), vec![]);
            let edges = Edges::new(&polygon);
            for (x, y) in points {
                let p = SlidePoint::new(f64::from(x), f64::from(y));
                prop_assert_eq!(edges.as_ref().is_some_and(|e| e.contains(p)), plainly(&polygon, p));
            }
        }
    }
}
