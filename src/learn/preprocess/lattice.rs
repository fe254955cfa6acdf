//! The lattice of patch positions over a section: where its nodes lie, which of them show tissue, and how
//! anything between them is interpolated.

use rayon::prelude::*;

use super::tissue::TissueTest;
use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint, SlideRect};
use crate::data::slide::{Slide, SlideError};

/// The most nodes; beyond, the lattice is made coarser (a wrong resolution, most likely).
pub const MAX_NODES: usize = 60_000;
/// Lattice patches along the side of the cell that one landmark pools, at least.
const LANDMARK_CELL: usize = 2;

/// Positions one patch apart over the spots and their neighbourhoods.
#[derive(Debug, Clone, PartialEq)]
pub struct Lattice {
    origin: SlidePoint,
    step: f64,
    patch: f64,
    columns: usize,
    rows: usize,
    tissue: Vec<u32>,
}

impl Lattice {
    /// A lattice of `columns x rows` nodes `step` slide pixels apart, the first at `origin`, for patches whose
    /// side is `patch` slide pixels. `tissue` names the nodes that show tissue, counted row by row, in rising
    /// order. `None` unless lengths are positive and finite, and nodes few enough and rising.
    pub fn new(
        origin: SlidePoint,
        step: f64,
        patch: f64,
        (columns, rows): (usize, usize),
        tissue: Vec<u32>,
    ) -> Option<Self> {
        let lengths = [step, patch].iter().all(|v| v.is_finite() && *v > 0.0);
        let nodes = columns.checked_mul(rows).filter(|&n| n <= MAX_NODES)?;
        let rising = tissue.is_sorted_by(|a, b| a < b) && tissue.last().is_none_or(|&n| (n as usize) < nodes);
        let sound = lengths && rising && origin.x.is_finite() && origin.y.is_finite();
        sound.then_some(Self { origin, step, patch, columns, rows, tissue })
    }

    /// Over the spots at `centers` and their neighbourhoods, which reach `margin` patches of `side_um`
    /// micrometres beyond them.
    ///
    /// # Errors
    /// [`SlideError`] when a part of the slide cannot be read, or when cancelled.
    pub(super) fn around_spots(
        slide: &Slide,
        centers: &[SlidePoint],
        mpp: Mpp,
        side_um: f64,
        margin: usize,
        cancel: &CancelToken,
    ) -> Result<Self, SlideError> {
        let mut lattice = Self::without_tissue(slide.size(), centers, mpp, side_um, margin);
        if !centers.is_empty() {
            let test = TissueTest::new(slide)?;
            let tissue = (0..lattice.node_count() as u32).into_par_iter().filter_map(|node| {
                let found = cancel.check().map_err(SlideError::from);
                let found = found.and_then(|()| test.is_tissue(slide, lattice.center(node), mpp, side_um));
                found.map(|found| found.then_some(node)).transpose()
            });
            lattice.tissue = tissue.collect::<Result<_, _>>()?;
        }
        Ok(lattice)
    }

    /// The positions, of which it is not known yet whether they show tissue.
    pub(super) fn without_tissue(
        (width, height): (u32, u32),
        centers: &[SlidePoint],
        mpp: Mpp,
        side_um: f64,
        margin: usize,
    ) -> Self {
        // A patch below a pixel is a mistake in the resolution, and must not make an endless lattice.
        let patch = mpp.px(side_um).max(1.0);
        let area = SlideRect::around(centers.iter().copied())
            .map(|r| r.grown(margin as f64 * patch).intersect(SlideRect::of_size(width, height)))
            .unwrap_or(SlideRect::of_size(0, 0));
        let count = |length: f64, step: f64| (length / step).ceil().max(1.0) as usize;
        let mut step = patch;
        while count(area.width(), step).saturating_mul(count(area.height(), step)) > MAX_NODES {
            step *= 2.0;
        }
        Self {
            origin: SlidePoint::new(area.min.x + step / 2.0, area.min.y + step / 2.0),
            step,
            patch,
            columns: count(area.width(), step),
            rows: count(area.height(), step),
            tissue: Vec::new(),
        }
    }

    /// Where the first node lies.
    pub fn origin(&self) -> SlidePoint {
        self.origin
    }

    /// Distance between nodes in slide pixels.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Side of a patch in slide pixels: the step, unless the lattice had to be made coarser.
    pub fn patch(&self) -> f64 {
        self.patch
    }

    /// Nodes along x and along y.
    pub fn size(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// All nodes, with tissue or without; at most [`MAX_NODES`].
    pub fn node_count(&self) -> usize {
        self.columns * self.rows
    }

    /// The nodes that show tissue, counted row by row, in rising order.
    pub fn tissue(&self) -> &[u32] {
        &self.tissue
    }

    /// Where a point lies, counted in nodes.
    pub(super) fn place(&self, at: SlidePoint) -> (f64, f64) {
        ((at.x - self.origin.x) / self.step, (at.y - self.origin.y) / self.step)
    }

    /// Where a node lies.
    pub fn center(&self, node: u32) -> SlidePoint {
        let columns = self.columns.max(1);
        let (column, row) = ((node as usize % columns) as f64, (node as usize / columns) as f64);
        SlidePoint::new(self.origin.x + column * self.step, self.origin.y + row * self.step)
    }

    /// The up to four nodes around `at` with their bilinear weights.
    pub(super) fn around(&self, at: SlidePoint) -> impl Iterator<Item = (usize, f32)> {
        let (x, y) = self.place(at);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = ((x - left) as f32, (y - top) as f32);
        let (columns, rows) = (self.columns, self.rows);
        let corners = [
            (left, top, (1.0 - fx) * (1.0 - fy)),
            (left + 1.0, top, fx * (1.0 - fy)),
            (left, top + 1.0, (1.0 - fx) * fy),
            (left + 1.0, top + 1.0, fx * fy),
        ];
        corners.into_iter().filter_map(move |(x, y, weight)| {
            let inside = x >= 0.0 && y >= 0.0 && x < columns as f64 && y < rows as f64;
            inside.then(|| (y as usize * columns + x as usize, weight))
        })
    }

    /// The tissue nodes (as indices into [`Lattice::tissue`]) of each of at most `most` square cells.
    pub(super) fn cells(&self, most: usize) -> Vec<Vec<usize>> {
        let mut cell = LANDMARK_CELL;
        loop {
            let across = self.columns.div_ceil(cell);
            let of = |node: usize| (node / self.columns / cell) * across + node % self.columns / cell;
            let mut cells = std::collections::BTreeMap::<usize, Vec<usize>>::new();
            for (row, &node) in self.tissue.iter().enumerate() {
                cells.entry(of(node as usize)).or_default().push(row);
            }
            if cells.len() <= most {
                return cells.into_values().collect();
            }
            cell += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_resolution_makes_a_coarser_lattice() {
        let centers = [SlidePoint::new(0.0, 0.0), SlidePoint::new(400.0, 400.0)];
        let lattice = Lattice::without_tissue((400, 400), &centers, Mpp(50.0), 20.0, 3);
        assert!(lattice.node_count() <= MAX_NODES && lattice.step > lattice.patch);
    }

    #[test]
    fn weights_around_a_point_are_bilinear_and_stay_inside() {
        let lattice = Lattice::new(SlidePoint::new(10.0, 20.0), 4.0, 4.0, (3, 2), vec![]).unwrap();
        let at = |x: f64, y: f64| lattice.around(SlidePoint::new(x, y)).collect::<Vec<_>>();
        assert_eq!(at(11.0, 22.0), [(0, 0.375), (1, 0.125), (3, 0.375), (4, 0.125)]);
        assert_eq!(at(8.0, 20.0), [(0, 0.5), (3, 0.0)], "what lies outside is left out");
        assert!(at(f64::NAN, 20.0).is_empty() && at(1e300, -1e300).is_empty());
        assert_eq!(lattice.center(4), SlidePoint::new(14.0, 24.0));
    }

    #[test]
    fn only_sound_lattices_are_made() {
        let origin = SlidePoint::new(0.0, 0.0);
        let of = |step: f64, size, tissue: &[u32]| Lattice::new(origin, step, 1.0, size, tissue.to_vec());
        assert!(of(1.0, (2, 3), &[0, 5]).is_some());
        assert!(of(1.0, (0, 0), &[]).is_some());
        for bad in [
            of(0.0, (2, 3), &[]),
            of(f64::NAN, (2, 3), &[]),
            of(1.0, (2, 3), &[6]),
            of(1.0, (2, 3), &[3, 3]),
            of(1.0, (2, 3), &[3, 1]),
            of(1.0, (usize::MAX, 2), &[]),
            of(1.0, (MAX_NODES, 2), &[]),
            Lattice::new(SlidePoint::new(f64::INFINITY, 0.0), 1.0, 1.0, (2, 3), vec![]),
        ] {
            assert_eq!(bad, None);
        }
    }
}
