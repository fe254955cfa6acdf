//! Where the spots of a section lie: which are in view, which is under the cursor, and coarser versions
//! of the lattice for when single spots are smaller than a pixel.

use crate::core::geometry::{SlidePoint, SlideRect};

/// Below this many spots a coarser lattice is never worth having.
const COARSE_FROM: usize = 20_000;
/// The most coarser lattices; each has about a quarter of the points of the one before.
const MAX_LEVELS: usize = 6;

/// Points sorted into square cells.
#[derive(Debug, Clone, Default)]
pub struct SpotGrid {
    points: Vec<SlidePoint>,
    bounds: Option<SlideRect>,
    cell: f64,
    cols: usize,
    rows: usize,
    /// Cell `c` holds `order[starts[c]..starts[c + 1]]`.
    starts: Vec<u32>,
    order: Vec<u32>,
    coarse: Vec<CoarseLevel>,
}

/// Spots merged into square blocks.
#[derive(Debug, Clone)]
pub struct CoarseLevel {
    /// Side of a block in slide pixels.
    pub side: f64,
    /// Centre of each block.
    pub centers: Vec<SlidePoint>,
    /// Block `b` holds `members[starts[b]..starts[b + 1]]`.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl CoarseLevel {
    /// The spots of block `b`.
    pub fn members(&self, b: usize) -> &[u32] {
        match (self.starts.get(b), self.starts.get(b + 1)) {
            (Some(&from), Some(&to)) => self.members.get(from as usize..to as usize).unwrap_or(&[]),
            _ => &[],
        }
    }
}

impl SpotGrid {
    /// Sorts `points`, which lie about `pitch` slide pixels apart. Points that are not numbers are never
    /// found and never drawn.
    pub fn new(points: Vec<SlidePoint>, pitch: f64) -> Self {
        let finite = |p: &SlidePoint| p.x.is_finite() && p.y.is_finite();
        let Some(bounds) = SlideRect::around(points.iter().copied().filter(finite)) else {
            return Self { points, ..Self::default() };
        };
        let extent = bounds.width().max(bounds.height()).max(1.0);
        // About two spots a cell's side, and never more cells than a few times the spots.
        let most = (points.len() as f64).sqrt().mul_add(2.0, 8.0);
        let wanted = if pitch.is_finite() && pitch > 0.0 { pitch * 2.0 } else { extent / 32.0 };
        let cell = wanted.max(extent / most);
        let cols = (bounds.width() / cell) as usize + 1;
        let rows = (bounds.height() / cell) as usize + 1;
        let mut grid = Self { points, bounds: Some(bounds), cell, cols, rows, ..Self::default() };
        let (starts, order) = bucket(&grid.points, cols * rows, |p| finite(p).then(|| grid.cell_of(*p)));
        (grid.starts, grid.order) = (starts, order);
        if grid.points.len() >= COARSE_FROM && pitch > 0.0 {
            grid.coarse = coarse_levels(&grid.points, bounds, pitch);
        }
        grid
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The points, in their own order.
    pub fn points(&self) -> &[SlidePoint] {
        &self.points
    }

    /// The smallest rectangle around them.
    pub fn bounds(&self) -> Option<SlideRect> {
        self.bounds
    }

    /// Coarser lattices, finest first; none for few points.
    pub fn coarse(&self) -> &[CoarseLevel] {
        &self.coarse
    }

    fn column(&self, x: f64) -> usize {
        let left = self.bounds.map_or(0.0, |b| b.min.x);
        (((x - left) / self.cell).max(0.0) as usize).min(self.cols.saturating_sub(1))
    }

    fn line(&self, y: f64) -> usize {
        let top = self.bounds.map_or(0.0, |b| b.min.y);
        (((y - top) / self.cell).max(0.0) as usize).min(self.rows.saturating_sub(1))
    }

    fn cell_of(&self, p: SlidePoint) -> usize {
        self.line(p.y) * self.cols + self.column(p.x)
    }

    /// The cells that meet `rect`, as runs of entries of `order`, one a row of cells.
    fn runs(&self, rect: SlideRect) -> impl Iterator<Item = &[u32]> {
        let meets = self.bounds.is_some_and(|b| {
            rect.min.x <= b.max.x && rect.max.x >= b.min.x && rect.min.y <= b.max.y && rect.max.y >= b.min.y
        });
        let lines = if meets { self.line(rect.min.y)..self.line(rect.max.y) + 1 } else { 0..0 };
        let (left, right) = (self.column(rect.min.x), self.column(rect.max.x));
        lines.filter_map(move |line| {
            let from = *self.starts.get(line * self.cols + left)?;
            let to = *self.starts.get(line * self.cols + right + 1)?;
            self.order.get(from as usize..to as usize)
        })
    }

    /// Writes the points inside `rect` to `out`, which is cleared first, in no particular order.
    pub fn inside(&self, rect: SlideRect, out: &mut Vec<u32>) {
        out.clear();
        for run in self.runs(rect) {
            out.extend(
                run.iter()
                    .copied()
                    .filter(|&i| self.points.get(i as usize).is_some_and(|&p| rect.contains(p))),
            );
        }
    }

    /// The point nearest to `at`, at most `reach` slide pixels away.
    pub fn nearest(&self, at: SlidePoint, reach: f64) -> Option<usize> {
        let rect = SlideRect::new(at, at).grown(reach);
        self.runs(rect)
            .flatten()
            .filter_map(|&i| Some((i, self.points.get(i as usize)?.distance(at))))
            .filter(|&(_, d)| d <= reach)
            .min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
            .map(|(i, _)| i as usize)
    }
}

/// Sorts indices into `count` buckets by counting. Gives the start of each bucket and the sorted indices.
fn bucket(
    points: &[SlidePoint],
    count: usize,
    of: impl Fn(&SlidePoint) -> Option<usize>,
) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; count + 1];
    let places: Vec<Option<usize>> = points.iter().map(|p| of(p).filter(|&b| b < count)).collect();
    for &b in places.iter().flatten() {
        starts[b + 1] += 1;
    }
    for b in 0..count {
        starts[b + 1] += starts[b];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; starts[count] as usize];
    for (i, b) in places.iter().enumerate() {
        if let (Some(b), Ok(i)) = (*b, u32::try_from(i)) {
            order[next[b] as usize] = i;
            next[b] += 1;
        }
    }
    (starts, order)
}

fn coarse_levels(points: &[SlidePoint], bounds: SlideRect, pitch: f64) -> Vec<CoarseLevel> {
    let mut levels: Vec<CoarseLevel> = Vec::new();
    for step in 1..=MAX_LEVELS {
        let side = pitch * f64::from(1u32 << step);
        let cols = (bounds.width() / side) as usize + 1;
        let rows = (bounds.height() / side) as usize + 1;
        // A pitch far too small for the extent would ask for more blocks than there are spots.
        if cols.saturating_mul(rows) > points.len().saturating_mul(4) {
            continue;
        }
        let place = |p: &SlidePoint| {
            let (x, y) = ((p.x - bounds.min.x) / side, (p.y - bounds.min.y) / side);
            (x.is_finite() && y.is_finite()).then(|| y as usize * cols + x as usize)
        };
        let (all_starts, members) = bucket(points, cols * rows, place);
        let mut level = CoarseLevel { side, centers: Vec::new(), starts: vec![0], members };
        for b in 0..cols * rows {
            if all_starts[b] != all_starts[b + 1] {
                let (x, y) = ((b % cols) as f64 + 0.5, (b / cols) as f64 + 0.5);
                level.centers.push(SlidePoint::new(bounds.min.x + x * side, bounds.min.y + y * side));
                level.starts.push(all_starts[b + 1]);
            }
        }
        let few = level.centers.len() < COARSE_FROM / 4;
        levels.push(level);
        if few {
            break;
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(side: usize, pitch: f64) -> Vec<SlidePoint> {
        (0..side * side)
            .map(|i| SlidePoint::new(100.0 + (i % side) as f64 * pitch, 50.0 + (i / side) as f64 * pitch))
            .collect()
    }

    #[test]
    fn finds_what_a_search_through_all_finds() {
        let points = lattice(20, 10.0);
        let grid = SpotGrid::new(points.clone(), 10.0);
        for (x, y, w, h) in [(0.0, 0.0, 500.0, 500.0), (133.0, 71.0, 25.0, 60.0), (400.0, 50.0, 9.0, 9.0)] {
            let rect = SlideRect::new(SlidePoint::new(x, y), SlidePoint::new(x + w, y + h));
            let mut found = Vec::new();
            grid.inside(rect, &mut found);
            found.sort_unstable();
            let expected: Vec<u32> =
                (0..points.len()).filter(|&i| rect.contains(points[i])).map(|i| i as u32).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn nearest_is_within_reach_only() {
        let grid = SpotGrid::new(lattice(20, 10.0), 10.0);
        assert_eq!(grid.nearest(SlidePoint::new(112.0, 61.0), 5.0), Some(21));
        assert_eq!(grid.nearest(SlidePoint::new(115.0, 55.0), 3.0), None);
        assert_eq!(grid.nearest(SlidePoint::new(-500.0, -500.0), 20.0), None);
    }

    #[test]
    fn odd_points_do_no_harm() {
        let grid = SpotGrid::new(Vec::new(), 10.0);
        assert!(grid.is_empty() && grid.nearest(SlidePoint::default(), 1e9).is_none());
        let grid = SpotGrid::new(vec![SlidePoint::new(f64::NAN, 0.0), SlidePoint::new(5.0, 5.0)], f64::NAN);
        assert_eq!(grid.nearest(SlidePoint::new(5.0, 5.0), 1.0), Some(1));
        let same = SpotGrid::new(vec![SlidePoint::new(1.0, 1.0); 30], 0.0);
        let mut found = Vec::new();
        same.inside(SlideRect::of_size(2, 2), &mut found);
        assert_eq!(found.len(), 30);
    }

    #[test]
    fn blocks_hold_every_spot_once() {
        let grid = SpotGrid::new(lattice(200, 4.0), 4.0);
        assert!(!grid.coarse().is_empty());
        for level in grid.coarse() {
            let mut all: Vec<u32> =
                (0..level.centers.len()).flat_map(|b| level.members(b).iter().copied()).collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..40_000));
        }
        assert_eq!(grid.coarse()[0].centers.len(), 10_000);
    }
}
