//! The features of the three levels pooled into one row a spot, standardised within the section: what
//! ridge regression reads, so that it stands beside the network on the same features.

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
    let mut out = Matrix::zeros(n, d * (2 + rings));
    for (i, near_spots) in near_spots.iter().enumerate() {
        let own = features.spot.row(i);
        let row = out.row_mut(i);
        row[..d].copy_from_slice(own);
        for ring in 1..=rings {
            let patches = (0..NEIGHBOURHOOD)
                .filter(|&j| ring_of(j) == ring)
                .map(|j| i * NEIGHBOURHOOD + j)
                .filter(|&p| features.neighbourhood_on_tissue[p]);
            // Where a whole ring is glass, the spot itself is the best guess of what tissue there would be.
            mean_of(patches.map(|p| features.neighbourhood.row(p)), own, &mut row[ring * d..(ring + 1) * d]);
        }
        let spots = near_spots.iter().map(|&j| features.spot.row(j as usize));
        mean_of(spots, own, &mut row[(1 + rings) * d..]);
    }
    out
}

/// How far patch `j` of the grid is from the middle, in patches.
fn ring_of(j: usize) -> usize {
    let middle = NEIGHBOURHOOD_SIDE / 2;
    (j % NEIGHBOURHOOD_SIDE).abs_diff(middle).max((j / NEIGHBOURHOOD_SIDE).abs_diff(middle))
}

/// The mean of `rows` into `out`, or `otherwise` where there are none.
fn mean_of<'a>(rows: impl Iterator<Item = &'a [f32]>, otherwise: &[f32], out: &mut [f32]) {
    let mut count = 0;
    for row in rows {
        count += 1;
        for (o, v) in out.iter_mut().zip(row) {
            *o += v;
        }
    }
    if count == 0 {
        out.copy_from_slice(otherwise);
    } else {
        for o in out {
            *o /= count as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::standardise::tests::random_features;

    #[test]
    fn blocks_are_the_spot_the_rings_and_the_nearest_spots() {
        let mut x = random_features(4, 12, 2, 3);
        // Spot 0 sees one tissue patch: in ring 1, above the middle.
        x.neighbourhood_on_tissue[..NEIGHBOURHOOD].fill(false);
        x.neighbourhood_on_tissue[7] = true;
        let p = pooled(&x).unwrap();
        assert_eq!((p.rows(), p.cols()), (12, 8));
        for c in 0..8 {
            assert!((p.column(c).iter().sum::<f32>() / 12.0).abs() < 1e-5);
        }
        // What a block reads shows by what changes it.
        let before = blocks(&x);
        let changed = |change: &dyn Fn(&mut SectionFeatures)| -> Vec<bool> {
            let mut y = x.clone();
            change(&mut y);
            let after = blocks(&y);
            let part = |m: &Matrix, block: usize| m.row(0)[block * 2..block * 2 + 2].to_vec();
            (0..4).map(|block| part(&before, block) != part(&after, block)).collect()
        };
        assert_eq!(changed(&|y| y.neighbourhood.row_mut(7).fill(1.0)), [false, true, false, false]);
        assert_eq!(changed(&|y| y.neighbourhood.row_mut(8).fill(1.0)), [false; 4], "glass is not read");
        // Ring 2 of spot 0 is all glass: the spot stands in.
        assert_eq!(changed(&|y| y.spot.row_mut(0).fill(1.0))[..3], [true, false, true]);
        assert!(changed(&|y| y.spot.row_mut(1).fill(1.0))[3], "spot 1 lies next to it");
        assert_eq!([ring_of(12), ring_of(7), ring_of(0), ring_of(14)], [0, 1, 2, 2]);
    }
}
