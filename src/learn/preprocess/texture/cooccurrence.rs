//! Grey-level co-occurrence (Haralick 1973) and local binary patterns (Ojala 2002).

use std::sync::LazyLock;

use super::planes::{Bytes, Planes};
use crate::core::wide::wide;

/// Grey levels of a co-occurrence matrix: the upper four bits of a byte.
const LEVELS: usize = 16;
const STATISTICS: usize = 5;
/// Distances in pixels at full and at half resolution: 0.5, 1, 3 and 6 um in a patch of 0.5 um/px.
const FULL_DISTANCES: [usize; 1] = [1];
const HALF_DISTANCES: [usize; 3] = [1, 3, 6];
/// Bins of a rotation-invariant uniform pattern of 8 neighbours: 0 to 8 set, and all others.
const PATTERNS: usize = 10;
/// Resolutions at which patterns are taken: full, half, quarter.
const PATTERN_SCALES: usize = 3;
/// A neighbour counts as brighter only when it is by more than this, so that noise on glass does not count.
const PATTERN_TOLERANCE: u8 = 3;

/// Number of features.
pub(super) const WIDTH: usize =
    2 * (FULL_DISTANCES.len() + HALF_DISTANCES.len()) * STATISTICS + PATTERN_SCALES * PATTERNS;

/// Appends [`WIDTH`] features.
pub(super) fn describe(planes: &Planes, out: &mut Vec<f32>) {
    for plane in [&planes.hematoxylin, &planes.eosin] {
        let half = plane.halved();
        for (plane, distances) in [(plane, &FULL_DISTANCES[..]), (&half, &HALF_DISTANCES[..])] {
            for &distance in distances {
                out.extend(statistics(&cooccurrence(plane, distance)));
            }
        }
    }
    let half = planes.luma.halved();
    let quarter = half.halved();
    for plane in [&planes.luma, &half, &quarter] {
        out.extend(patterns(plane));
    }
}

/// Counts of pairs of grey levels `distance` pixels apart to the right and below, made symmetric.
fn cooccurrence(plane: &Bytes, distance: usize) -> [u32; LEVELS * LEVELS] {
    // Every fourth pair is counted apart, as increments of one cell wait for each other.
    let mut counts = [[0_u32; LEVELS * LEVELS]; 4];
    let mut cells = vec![0_u8; plane.size];
    let mut count = |here: &[u8], there: &[u8]| {
        let length = here.len().min(there.len());
        let cells = &mut cells[..length];
        wide(
            #[inline(always)]
            || {
                for ((cell, a), b) in cells.iter_mut().zip(here).zip(there) {
                    *cell = (a & 0xF0) | (b >> 4);
                }
            },
        );
        let fours = cells.chunks_exact(4);
        for (counts, &cell) in counts.iter_mut().zip(fours.remainder()) {
            counts[usize::from(cell)] += 1;
        }
        for four in fours {
            for (counts, &cell) in counts.iter_mut().zip(four) {
                counts[usize::from(cell)] += 1;
            }
        }
    };
    for (row, later) in plane.rows().zip(plane.rows().skip(distance)) {
        count(row, later);
    }
    for row in plane.rows() {
        count(row, row.get(distance..).unwrap_or_default());
    }
    let both = |i: usize| counts.iter().map(|part| part[i]).sum::<u32>();
    std::array::from_fn(|i| both(i) + both((i % LEVELS) * LEVELS + i / LEVELS))
}

/// Contrast, homogeneity, energy, correlation (0 on a flat plane) and entropy in bits.
fn statistics(counts: &[u32; LEVELS * LEVELS]) -> [f32; STATISTICS] {
    let total = counts.iter().sum::<u32>().max(1) as f32;
    let (mut contrast, mut homogeneity, mut energy, mut entropy) = (0.0, 0.0, 0.0, 0.0);
    let (mut mean, mut square, mut product) = (0.0, 0.0, 0.0);
    for (i, &count) in counts.iter().enumerate().filter(|&(_, &c)| c > 0) {
        let p = count as f32 / total;
        let (a, b) = ((i / LEVELS) as f32, (i % LEVELS) as f32);
        let difference = (a - b) * (a - b);
        contrast += p * difference;
        homogeneity += p / (1.0 + difference);
        energy += p * p;
        entropy -= p * p.log2();
        mean += p * a;
        square += p * a * a;
        product += p * a * b;
    }
    let variance = square - mean * mean;
    let correlation = if variance > 1e-4 { (product - mean * mean) / variance } else { 0.0 };
    [contrast, homogeneity, energy, correlation, entropy]
}

/// The bin of each pattern: the number of set bits when the circle of bits changes at most twice.
static PATTERN_BINS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|code| {
        let code = code as u8;
        let changes = (code ^ code.rotate_left(1)).count_ones();
        if changes <= 2 { code.count_ones() as u8 } else { (PATTERNS - 1) as u8 }
    })
});

/// A bit for each neighbour that is brighter, of all pixels of a row but for the first and last.
#[inline(always)]
fn patterns_of_row(above: &[u8], here: &[u8], below: &[u8], codes: &mut [u8]) {
    let n = codes.len();
    codes.fill(0);
    // In the order of a circle, so that rotating the code rotates the patch.
    let neighbours =
        [(above, 0), (above, 1), (above, 2), (here, 2), (below, 2), (below, 1), (below, 0), (here, 0)];
    for (bit, (row, offset)) in neighbours.into_iter().enumerate() {
        let pixels = codes.iter_mut().zip(&row[offset..offset + n]).zip(&here[1..=n]);
        for ((code, &neighbour), &center) in pixels {
            *code |= u8::from(neighbour > center.saturating_add(PATTERN_TOLERANCE)) << bit;
        }
    }
}

/// Shares of the patterns of 8 neighbours at distance 1.
fn patterns(plane: &Bytes) -> [f32; PATTERNS] {
    let rows: Vec<&[u8]> = plane.rows().collect();
    let mut counts = [0_u32; 256];
    let mut codes = vec![0_u8; plane.size.saturating_sub(2)];
    for window in rows.windows(3) {
        let &[above, here, below] = window else { continue };
        wide(
            #[inline(always)]
            || patterns_of_row(above, here, below, &mut codes),
        );
        for &code in &codes {
            counts[usize::from(code)] += 1;
        }
    }
    let mut shares = [0.0; PATTERNS];
    let total = counts.iter().sum::<u32>().max(1) as f32;
    for (&count, &bin) in counts.iter().zip(PATTERN_BINS.iter()) {
        shares[usize::from(bin)] += count as f32 / total;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkerboard_of_two_levels() {
        let values = (0..36).map(|i| if (i / 6 + i % 6) % 2 == 0 { 0 } else { 0x30 }).collect();
        let board = Bytes { size: 6, values };
        let [contrast, homogeneity, energy, correlation, entropy] = statistics(&cooccurrence(&board, 1));
        // Neighbours always differ by 3 levels: both cells hold one half.
        assert_eq!(contrast, 9.0);
        assert!((homogeneity - 0.1).abs() < 1e-6);
        assert_eq!((energy, entropy), (0.5, 1.0));
        assert!((correlation + 1.0).abs() < 1e-6);
        // Two steps on, everything is equal.
        assert_eq!(statistics(&cooccurrence(&board, 2))[..2], [0.0, 1.0]);
    }

    #[test]
    fn a_flat_plane_is_flat() {
        let flat = Bytes { size: 8, values: vec![200; 64] };
        assert_eq!(statistics(&cooccurrence(&flat, 3)), [0.0, 1.0, 1.0, 0.0, 0.0]);
        let shares = patterns(&flat);
        assert_eq!((shares[0], shares.iter().sum::<f32>()), (1.0, 1.0));
    }

    #[test]
    fn patterns_of_a_dot_and_an_edge() {
        // One bright pixel in the middle of 5 x 5: eight of the nine inner pixels see one bright neighbour.
        let mut values = vec![10; 25];
        values[12] = 200;
        let dot = patterns(&Bytes { size: 5, values });
        assert!((dot[1] - 8.0 / 9.0).abs() < 1e-6 && (dot[0] - 1.0 / 9.0).abs() < 1e-6);
        // A vertical edge: the column left of it sees three bright neighbours, the others none.
        let values = (0..25).map(|i| if i % 5 >= 3 { 200 } else { 10 }).collect();
        let edge = patterns(&Bytes { size: 5, values });
        assert!((edge[3] - 1.0 / 3.0).abs() < 1e-6 && (edge[0] - 2.0 / 3.0).abs() < 1e-6);
    }
}
