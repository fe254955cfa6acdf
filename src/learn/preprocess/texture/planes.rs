//! A patch split into the planes that the texture features are taken from.

use std::sync::LazyLock;

use crate::core::encoder::RgbPatch;
use crate::core::wide::wide;
use crate::preprocess::stains::{optical_density, unmixing};

/// Optical densities that the lowest and the highest of 256 steps of a plane stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub low: f32,
    pub high: f32,
}

impl Range {
    /// Width of one of the 256 steps.
    pub fn step(self) -> f32 {
        (self.high - self.low) / 255.0
    }

    /// The step nearest to `value`.
    pub fn quantise(self, value: f32) -> u8 {
        ((value - self.low) / self.step() + 0.5) as u8
    }
}

pub(super) const H_RANGE: Range = Range { low: -0.3, high: 1.9 };
pub(super) const E_RANGE: Range = Range { low: -0.6, high: 1.4 };
pub(super) const RESIDUAL_RANGE: Range = Range { low: -0.7, high: 0.7 };
pub(super) const OD_RANGE: Range = Range { low: 0.0, high: 1.6 };

/// A pixel whose colours are all at most this is no tissue but a mask painted over the background; it is
/// read as glass. Ink and pigment are brighter than that.
const MASKED: u8 = 8;

/// A square plane of one byte a pixel, row-major.
#[derive(Debug, Clone)]
pub(super) struct Bytes {
    pub size: usize,
    pub values: Vec<u8>,
}

impl Bytes {
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.values.chunks_exact(self.size)
    }

    /// At half the size, each pixel the mean of 2 x 2; an odd last row or column is left out.
    pub fn halved(&self) -> Self {
        wide(
            #[inline(always)]
            || self.halved_here(),
        )
    }

    #[inline(always)]
    fn halved_here(&self) -> Self {
        let size = self.size / 2;
        let mut values = vec![0; size * size];
        let pairs = self.values.chunks_exact(self.size * 2);
        for (pair, out) in pairs.zip(values.chunks_exact_mut(size.max(1))) {
            let (upper, lower) = pair.split_at(self.size);
            for ((u, l), out) in upper.chunks_exact(2).zip(lower.chunks_exact(2)).zip(out) {
                let sum = u16::from(u[0]) + u16::from(u[1]) + u16::from(l[0]) + u16::from(l[1]);
                *out = ((sum + 2) / 4) as u8;
            }
        }
        Self { size, values }
    }
}

/// What the features are taken from: stains as bytes over their [`Range`], colours as they are.
pub(super) struct Planes {
    pub hematoxylin: Bytes,
    pub eosin: Bytes,
    pub residual: Bytes,
    pub density: Bytes,
    pub red: Bytes,
    pub green: Bytes,
    pub blue: Bytes,
    /// The largest minus the smallest of red, green and blue.
    pub chroma: Bytes,
    /// Rec. 601 luma.
    pub luma: Bytes,
}

/// Steps of hematoxylin, eosin, residual and mean density that each value of one colour adds.
type Table = [[f32; 4]; 256];

static TABLES: LazyLock<[Table; 3]> = LazyLock::new(|| {
    let unmix = unmixing();
    let ranges = [H_RANGE, E_RANGE, RESIDUAL_RANGE, OD_RANGE];
    std::array::from_fn(|channel| {
        std::array::from_fn(|value| {
            let density = optical_density(value as u8);
            std::array::from_fn(|plane| {
                let share = if plane < 3 { unmix[plane][channel] } else { 1.0 / 3.0 };
                let range = ranges[plane];
                // A third of the offset, and of the half that rounds, comes with each channel.
                ((share * density) as f32 - range.low / 3.0) / range.step() + 0.5 / 3.0
            })
        })
    })
});

const PLANES: usize = 9;
/// Pixels that are split at a time.
const BLOCK: usize = 64;

impl Planes {
    /// The values of a pixel in all planes, in their order.
    #[inline(always)]
    fn of_pixel(rgb: &[u8]) -> [u8; PLANES] {
        let [table_red, table_green, table_blue] = &*TABLES;
        let &[r, g, b] = rgb else { return [0; PLANES] };
        let masked = r.max(g).max(b) <= MASKED;
        let [r, g, b] = if masked { [u8::MAX; 3] } else { [r, g, b] };
        let (from_red, from_green, from_blue) =
            (&table_red[usize::from(r)], &table_green[usize::from(g)], &table_blue[usize::from(b)]);
        let stains: [u8; 4] = std::array::from_fn(|i| (from_red[i] + from_green[i] + from_blue[i]) as u8);
        let chroma = r.max(g).max(b) - r.min(g).min(b);
        let luma = ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8) as u8;
        [stains[0], stains[1], stains[2], stains[3], r, g, b, chroma, luma]
    }

    pub fn from_patch(patch: &RgbPatch) -> Self {
        wide(
            #[inline(always)]
            || Self::split(patch),
        )
    }

    #[inline(always)]
    fn split(patch: &RgbPatch) -> Self {
        let size = patch.size;
        let n = size * size;
        let mut planes: [Vec<u8>; PLANES] = std::array::from_fn(|_| Vec::with_capacity(n));
        // Appended a block at a time, as that is several times faster than pixel by pixel.
        let mut block = [[0_u8; BLOCK]; PLANES];
        for pixels in patch.rgb.chunks(BLOCK * 3) {
            let pixels = pixels.chunks_exact(3);
            let filled = pixels.len();
            for (at, pixel) in pixels.enumerate() {
                let values = Self::of_pixel(pixel);
                for (plane, value) in block.iter_mut().zip(values) {
                    plane[at] = value;
                }
            }
            for (plane, block) in planes.iter_mut().zip(&block) {
                plane.extend_from_slice(&block[..filled]);
            }
        }
        let [hematoxylin, eosin, residual, density, red, green, blue, chroma, luma] =
            planes.map(|mut values| {
                // A patch whose bytes do not fit its size is completed with zeros rather than refused.
                values.resize(n, 0);
                Bytes { size, values }
            });
        Self { hematoxylin, eosin, residual, density, red, green, blue, chroma, luma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::stains::{EOSIN, HEMATOXYLIN};

    #[test]
    fn planes_hold_densities_in_steps() {
        // Colours of one unit of hematoxylin and of half a unit of eosin.
        let color = |stain: [f64; 3], amount: f64| {
            let norm = stain.iter().map(|x| x * x).sum::<f64>().sqrt();
            stain.map(|x| (256.0 * 10_f64.powf(-amount * x / norm) - 1.0).round() as u8)
        };
        let rgb = [color(HEMATOXYLIN, 1.0), color(EOSIN, 0.5), [0; 3], [9; 3]].concat();
        let planes = Planes::from_patch(&RgbPatch { size: 2, rgb, on_slide: 1.0 });
        let value =
            |plane: &Bytes, range: Range, i: usize| f32::from(plane.values[i]) * range.step() + range.low;
        assert!((value(&planes.hematoxylin, H_RANGE, 0) - 1.0).abs() < 0.02);
        assert!(value(&planes.eosin, E_RANGE, 0).abs() < 0.02);
        assert!((value(&planes.eosin, E_RANGE, 1) - 0.5).abs() < 0.02);
        assert!(value(&planes.hematoxylin, H_RANGE, 1).abs() < 0.02);
        assert!(value(&planes.hematoxylin, H_RANGE, 2).abs() < 0.01);
        assert_eq!((planes.density.values[2], planes.density.values[3]), (0, 224));
        assert_eq!((planes.luma.values[2], planes.luma.values[3], planes.chroma.values[2]), (255, 9, 0));
    }

    #[test]
    fn halving_averages() {
        let plane = Bytes { size: 3, values: vec![0, 10, 99, 20, 33, 99, 99, 99, 99] };
        let half = plane.halved();
        assert_eq!((half.size, half.values), (1, vec![16]));
    }
}
