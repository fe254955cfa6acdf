//! Arrangement at larger scales: direction of fibres, and how unevenly stains are spread.

use super::blur::{Floats, mean_sd};
use super::planes::{E_RANGE, H_RANGE, OD_RANGE, Planes};

/// Grids on which the direction of edges is pooled, in blocks along a side; 1 is the whole patch.
const DIRECTION_GRIDS: [usize; 4] = [14, 7, 3, 1];
/// Grids whose block means tell how unevenly a stain is spread.
const SPREAD_GRIDS: [usize; 3] = [4, 8, 16];
const PER_STAIN: usize = SPREAD_GRIDS.len() + 4;

/// Number of features.
pub(super) const WIDTH: usize = 1 + DIRECTION_GRIDS.len() + 1 + 3 * PER_STAIN;

/// Appends [`WIDTH`] features.
pub(super) fn describe(planes: &Planes, out: &mut Vec<f32>) {
    let density = Floats::from_bytes(&planes.density.halved(), OD_RANGE);
    directions(&density, out);
    let hematoxylin = Floats::from_bytes(&planes.hematoxylin.halved(), H_RANGE);
    let eosin = Floats::from_bytes(&planes.eosin.halved(), E_RANGE);
    for plane in [&hematoxylin, &eosin, &density] {
        spread(plane, out);
    }
}

/// The three parts of the structure tensor of central differences: xx, yy, xy.
fn tensor(plane: &Floats) -> [Floats; 3] {
    let size = plane.size;
    let rows: Vec<&[f32]> = plane.rows().collect();
    let mut parts = [(); 3].map(|()| Floats { size, values: vec![0.0; size * size] });
    let [xx, yy, xy] = &mut parts;
    for (y, window) in rows.windows(3).enumerate() {
        let &[above, here, below] = window else { continue };
        let at = (y + 1) * size + 1;
        let columns = here.windows(3).zip(above.iter().skip(1).zip(below.iter().skip(1)));
        for (x, (h, (a, b))) in columns.enumerate() {
            let (dx, dy) = ((h[2] - h[0]) / 2.0, (b - a) / 2.0);
            xx.values[at + x] = dx * dx;
            yy.values[at + x] = dy * dy;
            xy.values[at + x] = dx * dy;
        }
    }
    parts
}

/// Appends the strength of edges, the coherence of their direction on each grid (0: every direction alike,
/// 1: one direction), and the spread of coherence on the finest.
fn directions(plane: &Floats, out: &mut Vec<f32>) {
    let [xx, yy, xy] = tensor(plane);
    let strength = mean_sd(&xx.values)[0] + mean_sd(&yy.values)[0];
    out.push(strength.sqrt());
    for grid in DIRECTION_GRIDS {
        let blocks = xx.block_means(grid).into_iter().zip(yy.block_means(grid)).zip(xy.block_means(grid));
        let (mut aligned, mut all, mut each) = (0.0, 0.0, Vec::with_capacity(grid * grid));
        for ((xx, yy), xy) in blocks {
            let difference = ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt();
            aligned += difference;
            all += xx + yy;
            each.push(if xx + yy > 1e-8 { difference / (xx + yy) } else { 0.0 });
        }
        // Weighted by edge strength: empty blocks have no direction worth counting.
        out.push(if all > 1e-8 { aligned / all } else { 0.0 });
        if grid == DIRECTION_GRIDS[0] {
            out.push(mean_sd(&each)[1]);
        }
    }
}

/// Appends [`PER_STAIN`] features: spread between blocks, the palest and darkest, the centre against the
/// rest, and the quarters of the middle grid.
fn spread(plane: &Floats, out: &mut Vec<f32>) {
    for grid in SPREAD_GRIDS {
        out.push(mean_sd(&plane.block_means(grid))[1]);
    }
    let blocks = plane.block_means(8);
    let [mean, _] = mean_sd(&blocks);
    let mut sorted = blocks.clone();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| sorted[((sorted.len() - 1) as f32 * share).round() as usize];
    let inner: Vec<f32> = (2..6).flat_map(|y| blocks[y * 8 + 2..y * 8 + 6].iter().copied()).collect();
    // Like cells beside each other: the mean product of deviations of neighbouring blocks.
    let mut product = 0.0;
    let mut square = 0.0;
    for (row, next) in blocks.chunks_exact(8).zip(blocks.chunks_exact(8).skip(1)) {
        for (pair, &below) in row.windows(2).zip(next) {
            product += (pair[0] - mean) * (pair[1] - mean) + (pair[0] - mean) * (below - mean);
            square += 2.0 * (pair[0] - mean).powi(2);
        }
    }
    let neighbours = if square > 1e-6 { (product / square).clamp(-2.0, 2.0) } else { 0.0 };
    out.extend([at(0.1), at(0.9), mean_sd(&inner)[0] - mean, neighbours]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe_directions(f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
        let values = (0..112 * 112).map(|i| f((i % 112) as f32, (i / 112) as f32)).collect();
        let mut out = Vec::new();
        directions(&Floats { size: 112, values }, &mut out);
        out
    }

    #[test]
    fn stripes_have_one_direction_and_circles_none() {
        let stripes = describe_directions(|x, y| ((x + y) / 4.0).sin());
        assert_eq!(stripes.len(), 6);
        assert!(stripes[1] > 0.99 && stripes[5] > 0.99, "{stripes:?}");
        let rings = describe_directions(|x, y| ((x - 55.5).hypot(y - 55.5) / 3.0).sin());
        assert!(rings[1] > 0.8 && rings[5] < 0.05, "{rings:?}");
        assert_eq!(describe_directions(|_, _| 0.7), [0.0; 6]);
    }

    #[test]
    fn spread_sees_halves_and_the_centre() {
        let values = (0..112 * 112).map(|i| if i % 112 < 56 { 0.0 } else { 1.0 }).collect();
        let mut out = Vec::new();
        spread(&Floats { size: 112, values }, &mut out);
        assert_eq!(out.len(), PER_STAIN);
        assert_eq!(out[..6], [0.5, 0.5, 0.5, 0.0, 1.0, 0.0]);
        assert!(out[6] > 0.8);
        let mut flat = Vec::new();
        spread(&Floats { size: 112, values: vec![0.25; 112 * 112] }, &mut flat);
        assert_eq!(flat, [0.0, 0.0, 0.0, 0.25, 0.25, 0.0, 0.0]);
    }
}
