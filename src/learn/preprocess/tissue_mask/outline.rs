//! The edges of a bitmap as rings.

use std::collections::HashMap;

use super::morphology::Bitmap;
use crate::core::geometry::SlidePoint;

/// A closed ring in slide pixels; its last point is joined to the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Its corners.
    pub points: Vec<SlidePoint>,
    /// Whether it goes around a hole.
    pub is_hole: bool,
}

/// Where two edges meet, in cells.
type Corner = (usize, usize);

/// Goes around all edges of `raster` with the set cells on the right. Cells measure `cell` slide pixels.
pub(super) fn trace(raster: &Bitmap, cell: (f64, f64)) -> Vec<Outline> {
    let mut edges = edges_of(raster);
    let mut starts: Vec<Corner> = edges.keys().copied().collect();
    // Rings come in the order of their topmost corners.
    starts.sort_unstable_by_key(|&(x, y)| (y, x));
    let mut outlines = Vec::new();
    for start in starts {
        while let Some(ring) = ring_from(start, &mut edges) {
            let mut doubled_area = 0i64;
            for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                doubled_area += a.0 as i64 * b.1 as i64 - b.0 as i64 * a.1 as i64;
            }
            let points = corners_only(&ring);
            let slide = |&(x, y): &Corner| SlidePoint::new(x as f64 * cell.0, y as f64 * cell.1);
            outlines.push(Outline { points: points.iter().map(slide).collect(), is_hole: doubled_area < 0 });
        }
    }
    outlines
}

/// The directed edges between set and clear cells by their first corner; where two pieces meet in a corner it has two.
fn edges_of(raster: &Bitmap) -> HashMap<Corner, Vec<Corner>> {
    let mut edges: HashMap<Corner, Vec<Corner>> = HashMap::new();
    let mut add = |from: Corner, to: Corner| edges.entry(from).or_default().push(to);
    for y in 0..raster.height() {
        for x in (0..raster.width()).filter(|&x| raster.get(x, y)) {
            if y == 0 || !raster.get(x, y - 1) {
                add((x, y), (x + 1, y));
            }
            if !raster.get(x + 1, y) {
                add((x + 1, y), (x + 1, y + 1));
            }
            if !raster.get(x, y + 1) {
                add((x + 1, y + 1), (x, y + 1));
            }
            if x == 0 || !raster.get(x - 1, y) {
                add((x, y + 1), (x, y));
            }
        }
    }
    edges
}

/// Takes a ring that begins at `start` out of the edges.
fn ring_from(start: Corner, edges: &mut HashMap<Corner, Vec<Corner>>) -> Option<Vec<Corner>> {
    let mut ring = vec![start];
    let mut came: Option<(i64, i64)> = None;
    let mut at = start;
    loop {
        let ways = edges.get_mut(&at).filter(|ways| !ways.is_empty())?;
        let step = |to: &Corner| (to.0 as i64 - at.0 as i64, to.1 as i64 - at.1 as i64);
        // Pieces that touch in a corner stay apart, as they do where they are counted: turn right.
        let right = came.map(|(dx, dy)| (-dy, dx));
        let chosen = ways.iter().position(|to| Some(step(to)) == right).unwrap_or(0);
        let to = ways.swap_remove(chosen);
        came = Some((to.0 as i64 - at.0 as i64, to.1 as i64 - at.1 as i64));
        if to == start {
            return Some(ring);
        }
        ring.push(to);
        at = to;
    }
}

/// The points of a ring at which it turns.
fn corners_only(ring: &[Corner]) -> Vec<Corner> {
    let n = ring.len();
    let turns = |i: usize| {
        let (before, at, after) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
        !((before.0 == at.0 && at.0 == after.0) || (before.1 == at.1 && at.1 == after.1))
    };
    (0..n).filter(|&i| turns(i)).map(|i| ring[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_go_around_tissue_and_holes() {
        // A ring of 3 x 3 cells, and a cell that touches its corner.
        let set = ["###.", "#.#.", "###.", "...#"].concat().into_bytes();
        let raster = Bitmap::from_fn(4, 4, |i| set[i] == b'#');
        let outlines = trace(&raster, (2.0, 10.0));
        let about: Vec<(usize, bool)> = outlines.iter().map(|o| (o.points.len(), o.is_hole)).collect();
        assert_eq!(about, [(4, false), (4, true), (4, false)]);
        let at = |x: f64, y: f64| SlidePoint::new(x, y);
        assert_eq!(outlines[0].points, [at(0.0, 0.0), at(6.0, 0.0), at(6.0, 30.0), at(0.0, 30.0)]);
        assert_eq!(outlines[2].points[0], at(6.0, 30.0));
    }
}
