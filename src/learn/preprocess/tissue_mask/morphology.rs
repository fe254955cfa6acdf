//! Pictures of two values: discs added and taken away, holes and specks.

use std::collections::VecDeque;

use rayon::prelude::*;

/// A picture of two values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bitmap {
    width: usize,
    height: usize,
    cells: Vec<bool>,
}

impl Bitmap {
    /// Value `is(i)` everywhere, cells counted row by row.
    pub(super) fn from_fn(width: usize, height: usize, is: impl Fn(usize) -> bool) -> Self {
        Self { width, height, cells: (0..width * height).map(is).collect() }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn as_slice(&self) -> &[bool] {
        &self.cells
    }

    pub(super) fn get(&self, x: usize, y: usize) -> bool {
        x < self.width && self.cells.get(y * self.width + x).copied().unwrap_or(false)
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.cells.iter().any(|&c| c)
    }

    pub(super) fn count(&self) -> usize {
        self.cells.iter().filter(|&&c| c).count()
    }

    /// Left, top, right and bottom of what is set, the latter two exclusive.
    pub(super) fn bounds(&self) -> Option<(usize, usize, usize, usize)> {
        let mut bounds: Option<(usize, usize, usize, usize)> = None;
        for (i, _) in self.cells.iter().enumerate().filter(|(_, c)| **c) {
            let (x, y) = (i % self.width, i / self.width);
            bounds = Some(match bounds {
                None => (x, y, x + 1, y + 1),
                Some((left, top, right, bottom)) => {
                    (x.min(left), y.min(top), right.max(x + 1), bottom.max(y + 1))
                }
            });
        }
        bounds
    }

    fn with(mut self, other: &Self, f: impl Fn(bool, bool) -> bool) -> Self {
        self.cells.iter_mut().zip(&other.cells).for_each(|(a, &b)| *a = f(*a, b));
        self
    }

    pub(super) fn or(self, other: &Self) -> Self {
        self.with(other, |a, b| a || b)
    }

    pub(super) fn without(self, other: &Self) -> Self {
        self.with(other, |a, b| a && !b)
    }

    fn inverted(mut self) -> Self {
        self.cells.iter_mut().for_each(|c| *c = !*c);
        self
    }

    /// All cells within `radius` of a set one.
    pub(super) fn dilated(&self, radius: f64) -> Self {
        let most = (radius * radius) as f32 + 1e-3;
        let squares = self.squared_distances();
        Self { width: self.width, height: self.height, cells: squares.iter().map(|&d| d <= most).collect() }
    }

    /// The cells whose surroundings within `radius` are all set; what is beyond the edge does not matter.
    fn eroded(self, radius: f64) -> Self {
        self.inverted().dilated(radius).inverted()
    }

    /// Gaps narrower than twice `radius` closed.
    pub(super) fn closed(self, radius: f64) -> Self {
        if radius < 1.0 { self } else { self.dilated(radius).eroded(radius) }
    }

    /// Bridges and specks narrower than twice `radius` taken away.
    pub(super) fn opened(self, radius: f64) -> Self {
        if radius < 1.0 { self } else { self.eroded(radius).dilated(radius) }
    }

    /// Holes of fewer than `least` cells filled. What meets the edge is no hole.
    pub(super) fn filled(self, least: usize) -> Self {
        let mut out = self.clone();
        self.for_each_piece(false, |cells, at_edge| {
            if !at_edge && cells.len() < least {
                cells.iter().for_each(|&i| out.cells[i] = true);
            }
        });
        out
    }

    /// Pieces of fewer than `least` cells taken away.
    pub(super) fn sifted(self, least: usize) -> Self {
        let mut out = self.clone();
        self.for_each_piece(true, |cells, _| {
            if cells.len() < least {
                cells.iter().for_each(|&i| out.cells[i] = false);
            }
        });
        out
    }

    /// Sets or clears the cells whose centre lies in a circle, in cells.
    pub(super) fn paint_circle(&mut self, (x, y): (f64, f64), radius: f64, to: bool) {
        if !(x.is_finite() && y.is_finite() && radius > 0.0) {
            return;
        }
        let range = |at: f64, count: usize| {
            let clamp = |v: f64| v.clamp(0.0, count as f64) as usize;
            clamp((at - radius).floor())..clamp((at + radius).ceil() + 1.0)
        };
        for row in range(y, self.height) {
            for column in range(x, self.width) {
                if (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y) <= radius {
                    self.cells[row * self.width + column] = to;
                }
            }
        }
    }

    /// Set cells above and to the left of each corner: `(width + 1) x (height + 1)`.
    pub(super) fn sums(&self) -> Vec<u32> {
        let stride = self.width + 1;
        let mut sums = vec![0u32; stride * (self.height + 1)];
        for y in 0..self.height {
            let mut row = 0;
            for x in 0..self.width {
                row += u32::from(self.cells[y * self.width + x]);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        sums
    }

    /// Gives `take` the cells of each connected piece of `value`, and whether it meets the edge. Neighbours share a side.
    fn for_each_piece(&self, value: bool, mut take: impl FnMut(&[usize], bool)) {
        let (width, height) = (self.width, self.height);
        let mut seen = vec![false; self.cells.len()];
        let (mut piece, mut queue) = (Vec::new(), VecDeque::new());
        for start in 0..self.cells.len() {
            if seen[start] || self.cells[start] != value {
                continue;
            }
            piece.clear();
            let mut at_edge = false;
            seen[start] = true;
            queue.push_back(start);
            while let Some(i) = queue.pop_front() {
                piece.push(i);
                let (x, y) = (i % width, i / width);
                at_edge |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
                let beside = [
                    (x > 0).then(|| i - 1),
                    (x + 1 < width).then(|| i + 1),
                    (y > 0).then(|| i - width),
                    (y + 1 < height).then(|| i + width),
                ];
                for j in beside.into_iter().flatten() {
                    if !seen[j] && self.cells[j] == value {
                        seen[j] = true;
                        queue.push_back(j);
                    }
                }
            }
            take(&piece, at_edge);
        }
    }

    /// The squared distance of each cell to the nearest set one, infinite where there is none (Felzenszwalb and
    /// Huttenlocher 2012).
    fn squared_distances(&self) -> Vec<f32> {
        let (width, height) = (self.width, self.height);
        if width == 0 || height == 0 {
            return Vec::new();
        }
        // Along columns first, transposed so that they lie in memory one after the other.
        let mut columns = vec![f32::INFINITY; width * height];
        columns.par_chunks_mut(height).enumerate().for_each(|(x, column)| {
            let mut last = f32::INFINITY;
            for (y, d) in column.iter_mut().enumerate() {
                last = if self.cells[y * width + x] { 0.0 } else { last + 1.0 };
                *d = last;
            }
            last = f32::INFINITY;
            for (y, d) in column.iter_mut().enumerate().rev() {
                last = if self.cells[y * width + x] { 0.0 } else { last + 1.0 };
                *d = d.min(last);
                *d *= *d;
            }
        });
        let mut squares = vec![0.0f32; width * height];
        squares.par_chunks_mut(width).enumerate().for_each_init(
            || (Vec::with_capacity(width), Vec::with_capacity(width)),
            |(vertices, starts), (y, out)| lower_envelope(|x| columns[x * height + y], vertices, starts, out),
        );
        squares
    }
}

/// For each `x` the least of `f(v) + (x - v)^2` over all `v`.
fn lower_envelope(
    f: impl Fn(usize) -> f32,
    vertices: &mut Vec<usize>,
    starts: &mut Vec<f64>,
    out: &mut [f32],
) {
    vertices.clear();
    starts.clear();
    for v in 0..out.len() {
        let height = f(v);
        if height.is_infinite() {
            continue;
        }
        let raised = f64::from(height) + (v * v) as f64;
        let mut start = f64::NEG_INFINITY;
        while let Some(&last) = vertices.last() {
            let other = f64::from(f(last)) + (last * last) as f64;
            start = (raised - other) / (2.0 * (v - last) as f64);
            if starts.last().is_some_and(|&s| start <= s) {
                vertices.pop();
                starts.pop();
                start = f64::NEG_INFINITY;
            } else {
                break;
            }
        }
        vertices.push(v);
        starts.push(start);
    }
    let mut k = 0;
    for (x, o) in out.iter_mut().enumerate() {
        while starts.get(k + 1).is_some_and(|&s| s < x as f64) {
            k += 1;
        }
        *o = vertices.get(k).map_or(f32::INFINITY, |&v| f(v) + (x.abs_diff(v) as f32).powi(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    fn drawn(rows: &[&str]) -> Bitmap {
        let cells: Vec<bool> = rows.iter().flat_map(|r| r.chars().map(|c| c == '#')).collect();
        Bitmap { width: rows[0].len(), height: rows.len(), cells }
    }

    #[test]
    fn distances_are_exact() {
        let mut rng = stream(1, "bitmap", 0);
        for (width, height) in [(1, 1), (9, 4), (23, 31)] {
            let cells: Vec<bool> = (0..width * height).map(|_| rng.random::<f32>() < 0.05).collect();
            let map = Bitmap { width, height, cells };
            for (i, &d) in map.squared_distances().iter().enumerate() {
                let at = |j: usize| ((j % width) as f32, (j / width) as f32);
                let near = (0..width * height).filter(|&j| map.cells[j]);
                let least = near
                    .map(|j| (at(i).0 - at(j).0).powi(2) + (at(i).1 - at(j).1).powi(2))
                    .fold(f32::INFINITY, f32::min);
                assert_eq!(d, least, "cell {i} of {width} x {height}");
            }
        }
    }

    #[test]
    fn gaps_close_and_specks_go() {
        let rows =
            [".........", "..##.##..", "..##.##..", "..##.##..", ".........", ".......#.", "........."];
        let map = drawn(&rows);
        let closed = map.clone().closed(1.0);
        assert!(closed.get(4, 2) && !closed.get(1, 2), "a gap of one cell is closed");
        assert!(!map.opened(1.0).get(7, 5), "a single cell goes");
    }

    #[test]
    fn holes_fill_and_pieces_go_by_their_size() {
        let map = drawn(&["#####..#", "#...#...", "#...#...", "#####..."]);
        let filled = map.clone().filled(7);
        assert!(filled.get(2, 1) && !filled.get(6, 2), "what meets the edge is no hole");
        assert_eq!(map.clone().filled(6), map);
        let sifted = map.sifted(2);
        assert!(!sifted.get(7, 0) && sifted.get(0, 0));
        assert_eq!(sifted.bounds(), Some((0, 0, 5, 4)));
    }
}
