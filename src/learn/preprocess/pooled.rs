//! The features of the three levels pooled into one row a spot, standardised within the section: what
//! ridge regression reads, so that it stands beside the network on the same features.

use rayon::prelude::*;

use crate::core::matrix::Matrix;
use crate::preprocess::features::{NEIGHBOURHOOD, NEIGHBOURHOOD_SIDE, SectionFeatures};
use crate::preprocess::neighbours::nearest;
use crate::preprocess::standardise::{FeatureShapeError, standardise_columns};

/// How many of the nearest spots are averaged: those around a spot on a square lattice.
const NEAREST_SPOTS: usize = 8;

/// One row a spot: its patch, the mean of the tissue patches in each ring of its neighbourhood, the mean
/// of the patches of its 8 nearest spots. `n x (2 + rings) d`, each column standardised in the section.
///
/// # Errors
/// [`FeatureShapeError`] when the features do not fit together.
pub fn pooled(features: &SectionFeatures) -> Result<Matrix, FeatureShapeError> {
    features.check()?;
    Ok(standardise_columns(&blocks(features)))
}

/// The same before it is standardised.
fn blocks(features: &SectionFeatures) -> Matrix {
    let (n, d) = (features.spot.rows(), features.spot.cols());
    let rings = NEIGHBOURHOOD_SIDE / 2;
    let near_spots = nearest(&features.spot_um, NEAREST_SPOTS);
    let width = d * (2 + rings);
    let mut out = Matrix::zeros(n, width);
    let rows = out.as_mut_slice().par_chunks_mut(width.max(1));
    rows.zip(&near_spots).enumerate().for_each(|(i, (row, near_spots))| {
        let own = features.spot.row(i);
        row[..d].copy_from_slice(own);
        let mut patch = vec![0.0; d];
        for ring in 1..=rings {
            let mut mean = Mean::new(&mut row[ring * d..(ring + 1) * d]);
            for j in (0..NEIGHBOURHOOD).filter(|&j| ring_of(j) == ring) {
                if features.neighbourhood.read(i, j, own, &mut patch) {
                    mean.add(&patch);
                }
            }
            // Where a whole ring is glass, the spot itself is the best guess of what tissue there would be.
            mean.finish(own);
        }
        let mut mean = Mean::new(&mut row[(1 + rings) * d..]);
        near_spots.iter().for_each(|&j| mean.add(features.spot.row(j as usize)));
        mean.finish(own);
    });
    out
}

/// How far patch `j` of the grid is from the middle, in patches.
fn ring_of(j: usize) -> usize {
    let middle = NEIGHBOURHOOD_SIDE / 2;
    (j % NEIGHBOURHOOD_SIDE).abs_diff(middle).max((j / NEIGHBOURHOOD_SIDE).abs_diff(middle))
}

/// A mean of rows that grows where it is wanted.
struct Mean<'a> {
    sum: &'a mut [f32],
    count: usize,
}

impl<'a> Mean<'a> {
    /// Of no rows yet, in `sum`, which is zero.
    fn new(sum: &'a mut [f32]) -> Self {
        Self { sum, count: 0 }
    }

    fn add(&mut self, row: &[f32]) {
        self.count += 1;
        self.sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
    }

    /// `otherwise` where there were no rows.
    fn finish(self, otherwise: &[f32]) {
        if self.count == 0 {
            self.sum.copy_from_slice(otherwise);
        } else {
            self.sum.iter_mut().for_each(|s| *s /= self.count as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::preprocess::lattice::Lattice;
    use crate::preprocess::neighbourhood::Neighbourhood;
    use crate::preprocess::standardise::tests::random_features;

    #[test]
    fn blocks_are_the_spot_the_rings_and_the_nearest_spots() {
        // The one tissue node lies where spot 0 has patch 7: in ring 1, above the middle.
        let x = random_features(4, 12, 2, 3);
        let node = Lattice::new(SlidePoint::new(0.0, -112.0), 112.0, 112.0, (1, 1), vec![0]).unwrap();
        let centers = x.neighbourhood.centers().to_vec();
        let nodes = Matrix::from_vec(1, 2, vec![7.5, 8.0]).unwrap();
        let x = SectionFeatures { neighbourhood: Neighbourhood::new(node, centers, nodes).unwrap(), ..x };
        let p = pooled(&x).unwrap();
        assert_eq!((p.rows(), p.cols()), (12, 8));
        for c in 0..8 {
            assert!((p.column(c).iter().sum::<f32>() / 12.0).abs() < 1e-5);
        }
        // What a block reads shows by what changes it.
        let before = blocks(&x);
        assert_eq!(before.row(0)[2..4], [7.5, 8.0]);
        let changed = |change: &dyn Fn(&mut SectionFeatures)| -> Vec<bool> {
            let mut y = x.clone();
            change(&mut y);
            let after = blocks(&y);
            let part = |m: &Matrix, block: usize| m.row(0)[block * 2..block * 2 + 2].to_vec();
            (0..4).map(|block| part(&before, block) != part(&after, block)).collect()
        };
        let ones = |y: &mut SectionFeatures| {
            let ones = Matrix::from_vec(1, 2, vec![1.0; 2]).unwrap();
            y.neighbourhood = y.neighbourhood.with_nodes(ones).unwrap();
        };
        assert_eq!(changed(&ones), [false, true, false, false]);
        // Ring 2 of spot 0 is all glass: the spot stands in.
        assert_eq!(changed(&|y| y.spot.row_mut(0).fill(1.0))[..3], [true, false, true]);
        assert!(changed(&|y| y.spot.row_mut(1).fill(1.0))[3], "spot 1 lies next to it");
        assert_eq!([ring_of(12), ring_of(7), ring_of(0), ring_of(14)], [0, 1, 2, 2]);
    }
}
