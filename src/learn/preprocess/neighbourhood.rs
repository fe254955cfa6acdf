//! The tokens around each spot, kept as what they are interpolated from: the features of the lattice patches
//! around, which neighbouring spots share. That is a fraction of the tokens themselves.

use super::features::{NEIGHBOURHOOD, NEIGHBOURHOOD_CENTER, NEIGHBOURHOOD_SIDE};
use super::lattice::Lattice;
use crate::core::geometry::SlidePoint;
use crate::core::matrix::Matrix;

/// The share of interpolation weights that must lie on tissue for a token to count as tissue.
const MIN_TISSUE: f32 = 0.5;
/// Stands for a node that shows no tissue.
const NO_ROW: u32 = u32::MAX;

/// The neighbourhood grids of the spots of a section: [`NEIGHBOURHOOD`] tokens a spot, row by row, one patch
/// apart, the spot itself in the middle. A token is the bilinear mean of the tissue nodes around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    lattice: Lattice,
    /// For each node of the lattice its row in `nodes`, or [`NO_ROW`].
    row_of: Vec<u32>,
    centers: Vec<SlidePoint>,
    nodes: Matrix,
}

impl Neighbourhood {
    /// Of spots at `centers` (slide pixels) over a lattice whose tissue nodes have the features `nodes`: `k x d`.
    /// `None` unless there is a row for each tissue node.
    pub fn new(lattice: Lattice, centers: Vec<SlidePoint>, nodes: Matrix) -> Option<Self> {
        (nodes.rows() == lattice.tissue().len()).then(|| Self::of_rows(lattice, centers, nodes))
    }

    /// The same, where `nodes` is known to have a row for each tissue node.
    pub(super) fn of_rows(lattice: Lattice, centers: Vec<SlidePoint>, nodes: Matrix) -> Self {
        // A lattice has at most `MAX_NODES` nodes, and names only those that it has.
        let mut row_of = vec![NO_ROW; lattice.node_count()];
        for (row, &node) in lattice.tissue().iter().enumerate() {
            row_of[node as usize] = row as u32;
        }
        Self { lattice, row_of, centers, nodes }
    }

    /// Where patches lie that are not centred on a spot.
    pub fn lattice(&self) -> &Lattice {
        &self.lattice
    }

    /// Where the spots lie, in slide pixels: `n`.
    pub fn centers(&self) -> &[SlidePoint] {
        &self.centers
    }

    /// Features of the tissue nodes of the lattice: `k x d`.
    pub fn nodes(&self) -> &Matrix {
        &self.nodes
    }

    /// The same with other features of the nodes; `None` unless there are as many.
    #[cfg(test)]
    pub(crate) fn with_nodes(&self, nodes: Matrix) -> Option<Self> {
        Self::new(self.lattice.clone(), self.centers.clone(), nodes)
    }

    /// Whether token `j` of a spot shows tissue; glass and what lies off the slide do not, the spot itself
    /// always does. Panics when there is no such spot.
    pub fn on_tissue(&self, spot: usize, j: usize) -> bool {
        j == NEIGHBOURHOOD_CENTER || self.mean_of(spot, j).is_some()
    }

    /// Writes token `j` of a spot, whose own features are `own`, to `out`, all of `d` numbers, and says whether it
    /// shows tissue; where it does not, `out` becomes zero. Panics when there is no such spot.
    pub fn read(&self, spot: usize, j: usize, own: &[f32], out: &mut [f32]) -> bool {
        if j == NEIGHBOURHOOD_CENTER {
            out.copy_from_slice(own);
            return true;
        }
        let Some(parts) = self.mean_of(spot, j) else {
            out.fill(0.0);
            return false;
        };
        // All four in one go, as this is what reading a batch takes its time for.
        let [a, b, c, d] = parts.map(|(row, _)| self.nodes.row(row as usize));
        let [wa, wb, wc, wd] = parts.map(|(_, weight)| weight);
        for ((((o, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *o = a * wa + b * wb + c * wc + d * wd;
        }
        true
    }

    /// The rows of `nodes` whose weighted sum is token `j` of a spot, some of weight 0 where there are fewer than
    /// four; none where it shows no tissue.
    fn mean_of(&self, spot: usize, j: usize) -> Option<[(u32, f32); 4]> {
        let center = self.centers[spot];
        let offset = |k: usize| (k as f64 - (NEIGHBOURHOOD_SIDE / 2) as f64) * self.lattice.patch();
        let at = SlidePoint::new(
            center.x + offset(j % NEIGHBOURHOOD_SIDE),
            center.y + offset(j / NEIGHBOURHOOD_SIDE),
        );
        let mut known = self.lattice.around(at).filter_map(|(node, weight)| {
            self.row_of.get(node).copied().filter(|&row| row != NO_ROW).map(|row| (row, weight))
        });
        let first = known.next()?;
        let mut parts = [first, (first.0, 0.0), (first.0, 0.0), (first.0, 0.0)];
        parts.iter_mut().skip(1).zip(known).for_each(|(part, of)| *part = of);
        let total: f32 = parts.iter().map(|(_, weight)| weight).sum();
        (total >= MIN_TISSUE).then(|| parts.map(|(row, weight)| (row, weight / total)))
    }

    /// Number of tokens that show tissue.
    pub fn tissue_tokens(&self) -> usize {
        let tokens = (0..self.centers.len()).flat_map(|i| (0..NEIGHBOURHOOD).map(move |j| (i, j)));
        tokens.filter(|&(i, j)| self.on_tissue(i, j)).count()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    /// Of spots at `centers` over a lattice of patches of side 112 that covers them; every `hole`-th node is glass.
    pub(crate) fn random_neighbourhood(
        seed: u64,
        centers: &[SlidePoint],
        d: usize,
        hole: u32,
    ) -> Neighbourhood {
        let mut rng = stream(seed, "test lattice", 0);
        let far = |f: fn(&SlidePoint) -> f64| centers.iter().map(f).filter(|v| *v < 1e5).fold(0.0, f64::max);
        let count = |length: f64| (length / 112.0) as usize + 7;
        let size = (count(far(|c| c.x)), count(far(|c| c.y)));
        let tissue: Vec<u32> = (0..(size.0 * size.1) as u32).filter(|i| i % hole != 2).collect();
        let nodes = Matrix::from_fn(tissue.len(), d, |_, c| rng.random::<f32>() * (c + 1) as f32 + 7.0);
        let lattice = Lattice::new(SlidePoint::new(-300.0, -300.0), 112.0, 112.0, size, tissue).unwrap();
        Neighbourhood::new(lattice, centers.to_vec(), nodes).unwrap()
    }

    /// All tokens at once, as they were kept before: `(n * NEIGHBOURHOOD) x d`, and which show tissue.
    fn all_tokens(near: &Neighbourhood, spot: &Matrix) -> (Matrix, Vec<bool>) {
        let (lattice, nodes) = (near.lattice(), near.nodes());
        let mut tokens = Matrix::zeros(near.centers().len() * NEIGHBOURHOOD, nodes.cols());
        let mut on_tissue = vec![false; tokens.rows()];
        for (index, on_tissue) in on_tissue.iter_mut().enumerate() {
            let (i, j) = (index / NEIGHBOURHOOD, index % NEIGHBOURHOOD);
            if j == NEIGHBOURHOOD_CENTER {
                tokens.row_mut(index).copy_from_slice(spot.row(i));
                *on_tissue = true;
                continue;
            }
            let offset = |k: usize| (k as f64 - 2.0) * lattice.patch();
            let c = near.centers()[i];
            let (x, y) = lattice.place(SlidePoint::new(c.x + offset(j % 5), c.y + offset(j / 5)));
            let mut found = Vec::new();
            for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
                let (column, row) = (x.floor() + dx, y.floor() + dy);
                let (fx, fy) = ((x - x.floor()) as f32, (y - y.floor()) as f32);
                let weight =
                    (if dx == 0.0 { 1.0 - fx } else { fx }) * (if dy == 0.0 { 1.0 - fy } else { fy });
                let (columns, rows) = lattice.size();
                if column >= 0.0 && row >= 0.0 && column < columns as f64 && row < rows as f64 {
                    let node = row as u32 * columns as u32 + column as u32;
                    found.extend(lattice.tissue().iter().position(|&t| t == node).map(|r| (r, weight)));
                }
            }
            let total: f32 = found.iter().map(|(_, weight)| weight).sum();
            *on_tissue = total >= MIN_TISSUE;
            for (row, weight) in found.into_iter().filter(|_| total >= MIN_TISSUE) {
                let values = tokens.row_mut(index).iter_mut().zip(nodes.row(row));
                values.for_each(|(t, v)| *t += v * (weight / total));
            }
        }
        (tokens, on_tissue)
    }

    #[test]
    fn tokens_are_the_interpolated_ones_bit_by_bit() {
        let mut rng = stream(5, "centers", 0);
        // Some neighbourhoods reach beyond the lattice, one spot lies outside.
        let mut centers: Vec<SlidePoint> = (0..40)
            .map(|_| SlidePoint::new(rng.random_range(-350.0..900.0), rng.random_range(-350.0..700.0)))
            .collect();
        centers.push(SlidePoint::new(-5e3, 9e9));
        // On a node: the weights of three of four corners are zero.
        centers.push(SlidePoint::new(-300.0 + 224.0, -300.0 + 336.0));
        for hole in [u32::MAX, 7, 3] {
            let near = random_neighbourhood(1, &centers, 3, hole);
            let spot = Matrix::from_fn(centers.len(), 3, |r, c| (r * 3 + c) as f32);
            let (tokens, on_tissue) = all_tokens(&near, &spot);
            let mut token = [9.0; 3];
            for (index, &on) in on_tissue.iter().enumerate() {
                let (i, j) = (index / NEIGHBOURHOOD, index % NEIGHBOURHOOD);
                assert_eq!(near.read(i, j, spot.row(i), &mut token), on);
                assert_eq!(near.on_tissue(i, j), on);
                assert_eq!(token, tokens.row(index), "token {j} of spot {i}");
            }
            let count = on_tissue.iter().filter(|&&t| t).count();
            assert_eq!(near.tissue_tokens(), count);
            assert!(count > centers.len() && count < on_tissue.len(), "{count} of {}", on_tissue.len());
        }
    }

    #[test]
    fn nodes_that_do_not_fit_are_refused() {
        let near = random_neighbourhood(1, &[SlidePoint::new(0.0, 0.0)], 2, 5);
        assert_eq!(near.with_nodes(Matrix::zeros(near.nodes().rows() + 1, 2)), None);
        assert!(near.with_nodes(Matrix::zeros(near.nodes().rows(), 0)).is_some());
    }
}
