//! Nuclei: responses to blobs of several sizes, and the regions that hematoxylin forms.

use super::blur::{Floats, mean_sd, sum};
use super::planes::{E_RANGE, H_RANGE, Planes};
use crate::core::wide::wide;

/// Gaussians between whose neighbours blobs are found, in pixels at half resolution (micrometres in a
/// patch of 0.5 um/px). Differences of Gaussians stand for the Laplacian (Lowe 2004).
const SIGMAS: [f32; 7] = [0.7, 1.05, 1.6, 2.4, 3.6, 5.4, 8.1];
const PER_SCALE: usize = 6;
/// Responses, in optical density, that a local maximum must exceed to count as a pale or a dark blob.
const PALE: f32 = 0.02;
const DARK: f32 = 0.08;
/// Hematoxylin that a nucleus must have at least, whatever the patch around it.
const MIN_NUCLEAR: f32 = 0.3;
/// Smaller regions are debris, in pixels at half resolution.
const MIN_AREA: usize = 8;
/// Region areas up to which they count as small (lymphocytes), and above which as large (tumour nuclei,
/// clumps), in pixels at half resolution.
const SMALL: f32 = 40.0;
const LARGE: f32 = 110.0;
/// The most regions whose nearest neighbours are looked for.
const MAX_NEIGHBOURS: usize = 400;
const REGION_FEATURES: usize = 16;

/// Number of features.
pub(super) const WIDTH: usize = (SIGMAS.len() - 1) * PER_SCALE + REGION_FEATURES;

/// Appends [`WIDTH`] features.
pub(super) fn describe(planes: &Planes, out: &mut Vec<f32>) {
    let hematoxylin = Floats::from_bytes(&planes.hematoxylin.halved(), H_RANGE);
    let eosin = Floats::from_bytes(&planes.eosin.halved(), E_RANGE);
    let mut finer = hematoxylin.blurred(SIGMAS[0]);
    let smooth = finer.clone();
    for pair in SIGMAS.windows(2) {
        let coarser = finer.blurred((pair[1] * pair[1] - pair[0] * pair[0]).sqrt());
        blobs(&finer.less(&coarser), out);
        finer = coarser;
    }
    regions(&smooth, &hematoxylin, &eosin, out);
}

/// Appends what one scale responds: spread, asymmetry, and number and strength of the local maxima.
fn blobs(response: &Floats, out: &mut Vec<f32>) {
    let n = response.values.len().max(1) as f64;
    let spread = (sum(&response.values, |v| v * v) / n).sqrt();
    let third = sum(&response.values, |v| v * v * v) / n;
    let positive = sum(&response.values, |v| v.max(0.0)) / n;
    let (mut pale, mut dark, mut strength) = (0_u32, 0_u32, 0.0_f32);
    let rows: Vec<&[f32]> = response.rows().collect();
    let mut is_maximum = vec![false; response.size.saturating_sub(2)];
    for window in rows.windows(3) {
        let &[above, here, below] = window else { continue };
        wide(
            #[inline(always)]
            || maxima(above, here, below, &mut is_maximum),
        );
        for (&v, _) in here[1..].iter().zip(&is_maximum).filter(|&(_, &is)| is) {
            pale += 1;
            dark += u32::from(v > DARK);
            strength += v;
        }
    }
    // Per 1,000 pixels, so that numbers are of the order of one.
    let density = |count: u32| count as f32 * 1000.0 / n as f32;
    let mean_strength = if pale > 0 { strength / pale as f32 } else { 0.0 };
    out.extend([
        spread as f32,
        third.cbrt() as f32,
        positive as f32,
        density(pale),
        density(dark),
        mean_strength,
    ]);
}

/// Which pixels of a row, but for the first and last, are local maxima and above [`PALE`]. Of equal neighbours the last one is.
#[inline(always)]
fn maxima(above: &[f32], here: &[f32], below: &[f32], out: &mut [bool]) {
    let n = out.len();
    let (a0, a1, a2) = (&above[..n], &above[1..=n], &above[2..n + 2]);
    let (h0, h1, h2) = (&here[..n], &here[1..=n], &here[2..n + 2]);
    let (b0, b1, b2) = (&below[..n], &below[1..=n], &below[2..n + 2]);
    for (i, is) in out.iter_mut().enumerate() {
        let v = h1[i];
        // All of them, as branches would keep it from being done for many pixels at once.
        *is = (v > PALE)
            & (v >= h0[i])
            & (v > h2[i])
            & (v >= a0[i])
            & (v >= a1[i])
            & (v >= a2[i])
            & (v > b0[i])
            & (v > b1[i])
            & (v > b2[i]);
    }
}

/// Otsu's threshold (1979) of `values` on 64 steps between `low` and `high`.
fn otsu(values: &[f32], low: f32, high: f32) -> f32 {
    const STEPS: usize = 64;
    let mut counts = [0_u32; STEPS];
    let scale = STEPS as f32 / (high - low);
    for &v in values {
        counts[(((v - low) * scale) as usize).min(STEPS - 1)] += 1;
    }
    let total = values.len() as f64;
    let all: f64 = counts.iter().enumerate().map(|(i, &c)| i as f64 * f64::from(c)).sum();
    let (mut best, mut best_step) = (0.0, 0);
    let (mut below, mut sum_below) = (0.0, 0.0);
    for (i, &c) in counts.iter().enumerate() {
        below += f64::from(c);
        sum_below += i as f64 * f64::from(c);
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let between = below * above * (sum_below / below - (all - sum_below) / above).powi(2);
            if between > best {
                (best, best_step) = (between, i + 1);
            }
        }
    }
    low + best_step as f32 / scale
}

/// A connected region: its pixels' sums.
#[derive(Default, Clone, Copy)]
struct Region {
    area: f32,
    x: f32,
    y: f32,
    xx: f32,
    yy: f32,
    xy: f32,
    edge: f32,
    hematoxylin: f32,
}

impl Region {
    fn center(&self) -> [f32; 2] {
        [self.x / self.area, self.y / self.area]
    }

    /// 0 for a circle, near 1 for a line: from the second moments.
    fn eccentricity(&self) -> f32 {
        let [x, y] = self.center();
        // A pixel is a square, whose own second moment is 1/12.
        let xx = self.xx / self.area - x * x + 1.0 / 12.0;
        let yy = self.yy / self.area - y * y + 1.0 / 12.0;
        let xy = self.xy / self.area - x * y;
        let root = ((xx - yy).powi(2) / 4.0 + xy * xy).sqrt();
        let (long, short) = (f32::midpoint(xx, yy) + root, f32::midpoint(xx, yy) - root);
        (1.0 - (short / long.max(1e-6)).clamp(0.0, 1.0)).sqrt()
    }

    /// Boundary pixels against those of a disc of the same area: 1 for a disc, more for a ragged region.
    fn raggedness(&self) -> f32 {
        self.edge / (2.0 * (std::f32::consts::PI * self.area).sqrt())
    }
}

/// The regions of `inside`, each at least [`MIN_AREA`] pixels, connected along edges.
fn connected(inside: &mut [bool], size: usize, hematoxylin: &[f32]) -> Vec<Region> {
    let mut regions = Vec::new();
    let mut stack = Vec::new();
    // Boundaries are judged on the whole mask, which the filling below eats up.
    let mask = inside.to_vec();
    for start in 0..inside.len() {
        if !inside[start] {
            continue;
        }
        let mut region = Region::default();
        inside[start] = false;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % size, at / size);
            let (fx, fy) = (x as f32, y as f32);
            region.area += 1.0;
            region.x += fx;
            region.y += fy;
            region.xx += fx * fx;
            region.yy += fy * fy;
            region.xy += fx * fy;
            region.hematoxylin += hematoxylin[at];
            let neighbours = [
                (x > 0).then(|| at - 1),
                (x + 1 < size).then(|| at + 1),
                at.checked_sub(size),
                Some(at + size).filter(|&n| n < mask.len()),
            ];
            let mut boundary = false;
            for neighbour in neighbours.into_iter().flatten() {
                boundary |= !mask[neighbour];
                if inside[neighbour] {
                    inside[neighbour] = false;
                    stack.push(neighbour);
                }
            }
            region.edge += f32::from(u8::from(boundary));
        }
        if region.area >= MIN_AREA as f32 {
            regions.push(region);
        }
    }
    regions
}

/// Appends [`REGION_FEATURES`] of the regions in which the smoothed hematoxylin is high.
fn regions(smooth: &Floats, hematoxylin: &Floats, eosin: &Floats, out: &mut Vec<f32>) {
    let threshold = otsu(&smooth.values, H_RANGE.low, H_RANGE.high).max(MIN_NUCLEAR);
    let mut inside: Vec<bool> = smooth.values.iter().map(|&v| v > threshold).collect();
    let select = |plane: &Floats, wanted: bool| -> Vec<f32> {
        plane.values.iter().zip(&inside).filter(|&(_, &i)| i == wanted).map(|(&v, _)| v).collect()
    };
    let [h_in, h_in_sd] = mean_sd(&select(hematoxylin, true));
    let [h_out, h_out_sd] = mean_sd(&select(hematoxylin, false));
    let [e_in, _] = mean_sd(&select(eosin, true));
    let [e_out, e_out_sd] = mean_sd(&select(eosin, false));
    let found = connected(&mut inside, smooth.size, &hematoxylin.values);

    let pixels = smooth.values.len().max(1) as f32;
    let of = |f: &dyn Fn(&Region) -> f32| -> Vec<f32> { found.iter().map(f).collect() };
    let covered: f32 = found.iter().map(|r| r.area).sum();
    let share_of_area = |wanted: &dyn Fn(f32) -> bool| {
        found.iter().map(|r| r.area).filter(|&a| wanted(a)).sum::<f32>() / covered.max(1.0)
    };
    let [log_area, log_area_sd] = mean_sd(&of(&|r| r.area.ln()));
    let [eccentricity, _] = mean_sd(&of(&Region::eccentricity));
    let [raggedness, _] = mean_sd(&of(&Region::raggedness));
    let [_, darkness_sd] = mean_sd(&of(&|r| r.hematoxylin / r.area));
    out.extend([
        threshold,
        found.len() as f32 * 1000.0 / pixels,
        covered / pixels,
        log_area,
        log_area_sd,
        share_of_area(&|a| a <= SMALL),
        share_of_area(&|a| a > LARGE),
        eccentricity,
        raggedness,
        darkness_sd,
        nearest_neighbour(&found, smooth.size as f32),
        h_in - h_out,
        h_in_sd,
        h_out_sd,
        e_in - e_out,
        e_out_sd,
    ]);
}

/// Mean distance from a region to its nearest neighbour in pixels; `none` with fewer than two regions.
fn nearest_neighbour(regions: &[Region], none: f32) -> f32 {
    let centers: Vec<[f32; 2]> = regions.iter().take(MAX_NEIGHBOURS).map(Region::center).collect();
    if centers.len() < 2 {
        return none;
    }
    let total: f32 = centers
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let others = centers.iter().enumerate().filter(|&(j, _)| j != i);
            let squared = others.map(|(_, b)| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
            squared.fold(f32::INFINITY, f32::min).sqrt()
        })
        .sum();
    total / centers.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otsu_parts_two_heaps() {
        let values: Vec<f32> = std::iter::repeat_n(0.1, 50).chain(std::iter::repeat_n(0.9, 30)).collect();
        let threshold = otsu(&values, 0.0, 1.0);
        assert!(threshold > 0.1 && threshold < 0.9, "{threshold}");
    }

    #[test]
    fn regions_have_area_shape_and_distance() {
        // A 4 x 4 square and a 1 x 9 bar in 20 x 20.
        let size = 20;
        let mut inside = vec![false; size * size];
        for (x, y) in (2..6).flat_map(|x| (2..6).map(move |y| (x, y))).chain((8..17).map(|x| (x, 15))) {
            inside[y * size + x] = true;
        }
        let regions = connected(&mut inside, size, &vec![0.5; size * size]);
        assert_eq!(regions.iter().map(|r| r.area).collect::<Vec<_>>(), [16.0, 9.0]);
        assert_eq!(regions[0].center(), [3.5, 3.5]);
        assert_eq!((regions[0].edge, regions[1].edge), (12.0, 9.0));
        assert!(regions[0].eccentricity() < 1e-3);
        // Second moments 80/12 + 1/12 and 1/12: sqrt(1 - 1/81).
        assert!((regions[1].eccentricity() - (1.0 - 1.0 / 81.0_f32).sqrt()).abs() < 1e-3);
        let distance = (8.5_f32.powi(2) + 11.5_f32.powi(2)).sqrt();
        assert!((nearest_neighbour(&regions, 0.0) - distance).abs() < 1e-4);
        assert_eq!(nearest_neighbour(&regions[..1], 7.0), 7.0);
    }

    #[test]
    fn blobs_are_counted_at_their_scale() {
        // Four Gaussian blobs of sigma 3, far apart.
        let size = 100;
        let blob = |x: usize, y: usize, cx: f32, cy: f32| {
            (-((x as f32 - cx).powi(2) + (y as f32 - cy).powi(2)) / 18.0).exp()
        };
        let values = (0..size * size)
            .map(|i| {
                [(25.0, 25.0), (75.0, 25.0), (25.0, 75.0), (75.0, 75.0)]
                    .iter()
                    .map(|&(cx, cy)| blob(i % size, i / size, cx, cy))
                    .sum()
            })
            .collect();
        let plane = Floats { size, values };
        let (fine, coarse) = (plane.blurred(2.4), plane.blurred(3.6));
        let values = fine.values.iter().zip(&coarse.values).map(|(f, c)| f - c).collect();
        let mut out = Vec::new();
        blobs(&Floats { size, values }, &mut out);
        assert_eq!((out[3], out[4]), (0.4, 0.4));
        // Blurring by s scales the peak by 9 / (9 + s^2).
        let expected = 9.0 / (9.0 + 2.4 * 2.4) - 9.0 / (9.0 + 3.6 * 3.6);
        assert!((out[5] - expected).abs() < 0.01, "{} instead of {expected}", out[5]);
    }
}
