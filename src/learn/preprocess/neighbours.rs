//! The nearest spots of each spot, through a grid of cells, so that cost stays linear in spots.

use rayon::prelude::*;

/// The `k` nearest other points of each point, nearest first, equal distances by index; fewer where there
/// are not as many points. Coordinates are finite.
pub fn nearest(points: &[[f32; 2]], k: usize) -> Vec<Vec<u32>> {
    let k = k.min(points.len().saturating_sub(1));
    if k == 0 {
        return vec![Vec::new(); points.len()];
    }
    let grid = Grid::new(points, k);
    points.par_iter().enumerate().map(|(i, &p)| grid.around(points, i, p, k)).collect()
}

/// Points sorted into square cells that hold about `k` points each.
struct Grid {
    origin: [f32; 2],
    cell: f32,
    columns: usize,
    rows: usize,
    /// Where each cell begins in `members`; one more at the end.
    starts: Vec<usize>,
    members: Vec<u32>,
}

impl Grid {
    fn new(points: &[[f32; 2]], k: usize) -> Self {
        let bound =
            |axis: usize, pick: fn(f32, f32) -> f32, start| points.iter().map(|p| p[axis]).fold(start, pick);
        let origin = [bound(0, f32::min, f32::INFINITY), bound(1, f32::min, f32::INFINITY)];
        let end = [bound(0, f32::max, f32::NEG_INFINITY), bound(1, f32::max, f32::NEG_INFINITY)];
        let (width, height) = (end[0] - origin[0], end[1] - origin[1]);
        let longest = width.max(height).max(f32::MIN_POSITIVE);
        let area = (width * height).max(longest * longest * 1e-4);
        // Never more cells along a side than points, however thin the section is.
        let cell = (area * k as f32 / points.len() as f32).sqrt().max(longest / points.len() as f32);
        let count = |length: f32| (length / cell) as usize + 1;
        let (columns, rows) = (count(width), count(height));
        let mut grid =
            Self { origin, cell, columns, rows, starts: vec![0; columns * rows + 1], members: Vec::new() };
        for &p in points {
            let (c, r) = grid.cell_of(p);
            grid.starts[r * columns + c + 1] += 1;
        }
        for i in 1..grid.starts.len() {
            grid.starts[i] += grid.starts[i - 1];
        }
        let mut next = grid.starts.clone();
        grid.members = vec![0; points.len()];
        for (i, &p) in points.iter().enumerate() {
            let (c, r) = grid.cell_of(p);
            let slot = &mut next[r * columns + c];
            grid.members[*slot] = i as u32;
            *slot += 1;
        }
        grid
    }

    fn cell_of(&self, p: [f32; 2]) -> (usize, usize) {
        let at =
            |axis: usize, count: usize| (((p[axis] - self.origin[axis]) / self.cell) as usize).min(count - 1);
        (at(0, self.columns), at(1, self.rows))
    }

    fn around(&self, points: &[[f32; 2]], i: usize, p: [f32; 2], k: usize) -> Vec<u32> {
        let (column, row) = self.cell_of(p);
        let mut found: Vec<(f32, u32)> = Vec::new();
        for ring in 0..self.columns.max(self.rows) {
            self.visit_ring(column, row, ring, |j| {
                if j as usize != i {
                    let q = points[j as usize];
                    found.push(((q[0] - p[0]).hypot(q[1] - p[1]), j));
                }
            });
            // Whatever lies beyond this ring is at least `ring` whole cells away.
            if found.len() >= k {
                found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                if found[k - 1].0 < ring as f32 * self.cell {
                    break;
                }
            }
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.into_iter().take(k).map(|(_, j)| j).collect()
    }

    /// All points in the cells at Chebyshev distance `ring` of a cell.
    fn visit_ring(&self, column: usize, row: usize, ring: usize, mut visit: impl FnMut(u32)) {
        let (first, last) = (row.saturating_sub(ring), (row + ring).min(self.rows - 1));
        for r in first..=last {
            let whole = row.abs_diff(r) == ring;
            let step = if whole || ring == 0 { 1 } else { 2 * ring };
            let (Some(end), start) = (column.checked_add(ring), column as isize - ring as isize) else {
                return;
            };
            for c in (start..=end as isize).step_by(step) {
                let Some(c) = usize::try_from(c).ok().filter(|&c| c < self.columns) else { continue };
                let cell = r * self.columns + c;
                for &j in &self.members[self.starts[cell]..self.starts[cell + 1]] {
                    visit(j);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    fn brute(points: &[[f32; 2]], k: usize) -> Vec<Vec<u32>> {
        (0..points.len())
            .map(|i| {
                let mut all: Vec<(f32, u32)> = (0..points.len())
                    .filter(|&j| j != i)
                    .map(|j| ((points[j][0] - points[i][0]).hypot(points[j][1] - points[i][1]), j as u32))
                    .collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.into_iter().take(k).map(|(_, j)| j).collect()
            })
            .collect()
    }

    #[test]
    fn equals_looking_at_all_points() {
        let mut rng = stream(1, "neighbours", 0);
        for n in [1, 2, 9, 300] {
            let mut draw = |scale: f32| rng.random::<f32>() * scale;
            let scattered: Vec<[f32; 2]> = (0..n).map(|_| [draw(9_000.0), draw(500.0)]).collect();
            assert_eq!(nearest(&scattered, 8), brute(&scattered, 8));
        }
        let lattice: Vec<[f32; 2]> =
            (0..120).map(|i| [(i % 12) as f32 * 200.0, (i / 12) as f32 * 200.0]).collect();
        assert_eq!(nearest(&lattice, 8), brute(&lattice, 8));
        let line: Vec<[f32; 2]> = (0..50).map(|i| [i as f32 * 100.0, 7.0]).collect();
        assert_eq!(nearest(&line, 3), brute(&line, 3));
        let same = vec![[1.0, 1.0]; 5];
        assert_eq!(nearest(&same, 3), brute(&same, 3));
    }
}
