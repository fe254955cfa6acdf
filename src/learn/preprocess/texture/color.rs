//! Distributions of stains and colours, whatever their arrangement.

use super::planes::{Bytes, E_RANGE, H_RANGE, OD_RANGE, Planes, RESIDUAL_RANGE, Range};
use crate::core::wide::wide;

const BYTE: Range = Range { low: 0.0, high: 1.0 };
const QUANTILES: [f32; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
const PER_CHANNEL: usize = 3 + QUANTILES.len();
const CHANNELS: usize = 8;
/// Mean optical densities below which a pixel counts as glass or lumen, for thin to thick glass.
const CLEAR: [f32; 3] = [0.08, 0.13, 0.2];
/// Hematoxylin above which a pixel counts as nucleus, for pale to dark stains.
const NUCLEAR: [f32; 3] = [0.4, 0.65, 0.9];
/// Cells of the joint histogram of hematoxylin and eosin along each axis, and the width of one.
const JOINT: usize = 4;
const JOINT_H: Range = Range { low: 0.05, high: 1.05 };
const JOINT_E: Range = Range { low: -0.1, high: 0.5 };

/// Number of features.
pub(super) const WIDTH: usize = CHANNELS * PER_CHANNEL + CLEAR.len() + NUCLEAR.len() + 3 + JOINT * JOINT;

/// A histogram of a plane of bytes.
struct Histogram {
    counts: [u32; 256],
    n: f32,
}

impl Histogram {
    fn from_plane(plane: &Bytes) -> Self {
        // Interleaved histograms, as equal neighbours would otherwise wait for each other.
        let mut counts = [[0_u32; 256]; 4];
        let mut fours = plane.values.chunks_exact(4);
        for four in &mut fours {
            for (counts, &value) in counts.iter_mut().zip(four) {
                counts[usize::from(value)] += 1;
            }
        }
        for &value in fours.remainder() {
            counts[0][usize::from(value)] += 1;
        }
        let counts = std::array::from_fn(|i| counts.iter().map(|part| part[i]).sum());
        Self { counts, n: plane.values.len().max(1) as f32 }
    }

    /// Mean, standard deviation and skewness in steps; a flat plane has skewness 0.
    fn moments(&self) -> [f32; 3] {
        let n = f64::from(self.n);
        let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
            self.counts.iter().enumerate().map(|(v, &c)| f(v as f64) * f64::from(c)).sum::<f64>() / n
        };
        let mean = sum(&|v| v);
        let variance = sum(&|v| (v - mean).powi(2));
        let third = sum(&|v| (v - mean).powi(3));
        let sd = variance.sqrt();
        // Steps are integers: less than a thousandth of a step is a flat plane.
        let skewness = if sd > 1e-3 { third / (variance * sd) } else { 0.0 };
        [mean as f32, sd as f32, skewness.clamp(-10.0, 10.0) as f32]
    }

    /// The step below which `share` of the pixels lie, interpolated within the step.
    fn quantile(&self, share: f32) -> f32 {
        let wanted = share * self.n;
        let mut below = 0.0;
        for (value, &count) in self.counts.iter().enumerate() {
            let count = count as f32;
            if below + count >= wanted && count > 0.0 {
                return value as f32 - 0.5 + (wanted - below) / count;
            }
            below += count;
        }
        255.0
    }

    /// The share of pixels at or above `step`.
    fn share_from(&self, step: u8) -> f32 {
        self.counts[usize::from(step)..].iter().sum::<u32>() as f32 / self.n
    }
}

/// Appends [`WIDTH`] features.
pub(super) fn describe(planes: &Planes, out: &mut Vec<f32>) {
    let channels = [
        (&planes.hematoxylin, H_RANGE),
        (&planes.eosin, E_RANGE),
        (&planes.residual, RESIDUAL_RANGE),
        (&planes.density, OD_RANGE),
        (&planes.red, BYTE),
        (&planes.green, BYTE),
        (&planes.blue, BYTE),
        (&planes.chroma, BYTE),
    ];
    let histograms = channels.map(|(plane, _)| Histogram::from_plane(plane));
    for (histogram, (_, range)) in histograms.iter().zip(channels) {
        let [mean, sd, skewness] = histogram.moments();
        out.extend([range.low + mean * range.step(), sd * range.step(), skewness]);
        out.extend(QUANTILES.map(|q| range.low + histogram.quantile(q) * range.step()));
    }
    let [hematoxylin, _, _, density, ..] = &histograms;
    out.extend(CLEAR.map(|level| 1.0 - density.share_from(OD_RANGE.quantise(level))));
    out.extend(NUCLEAR.map(|level| hematoxylin.share_from(H_RANGE.quantise(level))));
    out.extend([
        correlation(&planes.hematoxylin, &planes.eosin),
        correlation(&planes.red, &planes.blue),
        correlation(&planes.density, &planes.residual),
    ]);
    joint(&planes.hematoxylin, &planes.eosin, out);
}

/// Pearson's correlation of two planes, 0 where one of them is flat.
fn correlation(a: &Bytes, b: &Bytes) -> f32 {
    wide(
        #[inline(always)]
        || correlation_of(a, b),
    )
}

#[inline(always)]
fn correlation_of(a: &Bytes, b: &Bytes) -> f32 {
    let n = a.values.len().max(1) as f64;
    let (mut sa, mut sb, mut saa, mut sbb, mut sab) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    for (a, b) in a.rows().zip(b.rows()) {
        // A row's sums fit into 32 bits while it is shorter than 66,000 pixels.
        let mut row = [0_u32; 5];
        for (&a, &b) in a.iter().zip(b) {
            let (a, b) = (u32::from(a), u32::from(b));
            for (sum, term) in row.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                *sum = sum.wrapping_add(term);
            }
        }
        let [ra, rb, raa, rbb, rab] = row.map(u64::from);
        (sa, sb, saa, sbb, sab) = (sa + ra, sb + rb, saa + raa, sbb + rbb, sab + rab);
    }
    let mean = |s: u64| s as f64 / n;
    let covariance = mean(sab) - mean(sa) * mean(sb);
    let variances = (mean(saa) - mean(sa).powi(2)) * (mean(sbb) - mean(sb).powi(2));
    if variances > 1e-6 { (covariance / variances.sqrt()) as f32 } else { 0.0 }
}

/// Shares of pixels in the cells of a joint histogram, the outermost cells open.
fn joint(h: &Bytes, e: &Bytes, out: &mut Vec<f32>) {
    let cells = |plane: Range, joint: Range| -> [u8; 256] {
        std::array::from_fn(|step| {
            let value = plane.low + step as f32 * plane.step();
            let cell = (value - joint.low) / (joint.high - joint.low) * JOINT as f32;
            cell.clamp(0.0, (JOINT - 1) as f32) as u8
        })
    };
    let (h_cells, e_cells) = (cells(H_RANGE, JOINT_H), cells(E_RANGE, JOINT_E));
    let mut counts = [0_u32; JOINT * JOINT];
    for (&h, &e) in h.values.iter().zip(&e.values) {
        let cell = usize::from(h_cells[usize::from(h)]) * JOINT + usize::from(e_cells[usize::from(e)]);
        counts[cell] += 1;
    }
    let n = h.values.len().max(1) as f32;
    out.extend(counts.map(|c| c as f32 / n));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: &[u8]) -> Bytes {
        Bytes { size: values.len().isqrt(), values: values.to_vec() }
    }

    #[test]
    fn moments_and_quantiles() {
        let h = Histogram::from_plane(&plane(&[0, 0, 0, 4]));
        // Mean 1, variance (3 * 1 + 9) / 4 = 3, third moment (3 * -1 + 27) / 4 = 6.
        let [mean, sd, skewness] = h.moments();
        assert_eq!(mean, 1.0);
        assert!((sd - 3_f32.sqrt()).abs() < 1e-6);
        assert!((skewness - 6.0 / 3_f32.powf(1.5)).abs() < 1e-6);
        assert_eq!(h.quantile(0.75), 0.5);
        assert_eq!(h.quantile(1.0), 4.5);
        assert_eq!(h.share_from(1), 0.25);
        assert_eq!(Histogram::from_plane(&plane(&[7; 9])).moments(), [7.0, 0.0, 0.0]);
    }

    #[test]
    fn correlations() {
        let (a, b) = (plane(&[0, 1, 2, 3]), plane(&[0, 2, 4, 6]));
        assert!((correlation(&a, &b) - 1.0).abs() < 1e-6);
        assert!((correlation(&a, &plane(&[6, 4, 2, 0])) + 1.0).abs() < 1e-6);
        assert_eq!(correlation(&a, &plane(&[5; 4])), 0.0);
    }

    #[test]
    fn the_joint_histogram_adds_up_to_one() {
        let mut out = Vec::new();
        joint(&plane(&[0, 60, 120, 255]), &plane(&[0, 90, 120, 255]), &mut out);
        assert_eq!((out.len(), out.iter().sum::<f32>()), (16, 1.0));
        assert_eq!((out[0], out[15]), (0.25, 0.25));
    }
}
