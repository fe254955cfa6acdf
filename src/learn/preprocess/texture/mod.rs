//! The `texture` encoder: stains, nuclei and texture of an H&E patch as numbers, without a download.
//!
//! Optical density is separated into hematoxylin, eosin and a residual; then come the distributions of
//! stains and colours, responses to nuclei of several sizes and the regions they form, co-occurrence and
//! local binary patterns, and the arrangement at larger scales.

mod blur;
mod color;
mod cooccurrence;
mod nuclei;
mod planes;
mod structure;

use rayon::prelude::*;

use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use planes::Planes;

/// The embedded encoder. It has no weights, so it is always at hand and always gives the same numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextureEncoder;

/// Side of a patch in pixels.
const SIZE: usize = 224;
/// Micrometres per pixel of a patch.
const MPP: f64 = 0.5;
/// A patch must have this many pixels along a side for all scales to exist.
const MIN_SIZE: usize = 32;
/// Length of a feature vector.
const WIDTH: usize = color::WIDTH + nuclei::WIDTH + cooccurrence::WIDTH + structure::WIDTH;

impl TextureEncoder {
    /// Features of one patch of any size and resolution; all zero below 32 pixels.
    pub fn describe(patch: &RgbPatch) -> Vec<f32> {
        if patch.size < MIN_SIZE {
            return vec![0.0; WIDTH];
        }
        let planes = Planes::from_patch(patch);
        let mut features = Vec::with_capacity(WIDTH);
        color::describe(&planes, &mut features);
        nuclei::describe(&planes, &mut features);
        cooccurrence::describe(&planes, &mut features);
        structure::describe(&planes, &mut features);
        features
    }
}

impl PatchEncoder for TextureEncoder {
    fn id(&self) -> String {
        // The number changes whenever any feature does, so that stale caches are not used.
        "texture-2".to_owned()
    }

    fn mpp(&self) -> f64 {
        MPP
    }

    fn patch_size(&self) -> usize {
        SIZE
    }

    fn width(&self) -> usize {
        WIDTH
    }

    fn is_orientation_sensitive(&self) -> bool {
        // Directions are pooled everywhere: along both axes, around a pixel, around the middle. What is left are
        // rounding, and three features that leave out the last row and column of blocks.
        false
    }

    fn batch(&self) -> usize {
        // Patches take their time, and threads wait for the last one of a batch; these take a fraction of a second.
        64
    }

    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
        Ok(patches.par_iter().map(Self::describe).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dihedral::Dihedral;
    use crate::core::rng;
    use crate::preprocess::views;
    use rand::RngExt;

    fn patch(size: usize, f: impl FnMut(usize) -> u8) -> RgbPatch {
        RgbPatch { size, rgb: (0..size * size * 3).map(f).collect(), on_slide: 1.0 }
    }

    #[test]
    fn every_patch_gives_finite_numbers() {
        let mut noise = rng::stream(1, "noise", 0);
        let patches = [
            patch(224, |_| 255),
            patch(224, |_| 0),
            patch(224, |_| noise.random()),
            patch(224, |i| if i / 3 % 2 == 0 { 0 } else { 255 }),
            patch(32, |i| (i % 256) as u8),
            patch(7, |_| 3),
            RgbPatch { size: 64, rgb: vec![1, 2], on_slide: 0.0 },
        ];
        let features = TextureEncoder.encode(&patches).unwrap();
        for (f, p) in features.iter().zip(&patches) {
            assert_eq!(f.len(), TextureEncoder.width());
            assert!(f.iter().all(|v| v.is_finite()), "size {}: {f:?}", p.size);
        }
        assert_eq!(TextureEncoder.encode(&patches[2..3]).unwrap()[0], features[2]);
    }

    #[test]
    fn turned_patches_give_the_same_numbers() {
        // Ellipses and stripes of several colours, with noise.
        let mut noise = rng::stream(2, "noise", 0);
        let mut rgb = Vec::new();
        for i in 0..224 * 224 {
            let (x, y) = ((i % 224) as f32, (i / 224) as f32);
            let nucleus = ((x % 31.0 - 12.0) / 7.0).powi(2) + ((y % 23.0 - 9.0) / 4.0).powi(2) < 1.0;
            let fibre = 25.0 * ((x + 2.0 * y) / 9.0).sin() + x / 9.0;
            let ground = if nucleus { [70.0, 60.0, 130.0] } else { [200.0 + fibre, 140.0 + fibre, 190.0] };
            rgb.extend(ground.map(|v: f32| (v + noise.random_range(-6.0..6.0)) as u8));
        }
        let patch = RgbPatch { size: 224, rgb, on_slide: 1.0 };
        let plain = TextureEncoder::describe(&patch);
        // How like each other blocks side by side are leaves out the last row and column.
        let edges = [WIDTH - 1, WIDTH - 8, WIDTH - 15];
        for index in 1..8 {
            let turned = TextureEncoder::describe(&views::turned(&patch, Dihedral::from_index(index)));
            for (i, (a, b)) in plain.iter().zip(&turned).enumerate() {
                let tolerance = if edges.contains(&i) { 0.1 } else { 3e-3 * (1.0 + a.abs()) };
                assert!((a - b).abs() < tolerance, "feature {i} is {a}, turned {b}");
            }
        }
    }

    #[test]
    fn nuclei_show() {
        // Pink ground with a lattice of dark blue discs, 20 px apart: 11 x 11 of them.
        let disc = |x: usize, y: usize| {
            let (dx, dy) = ((x % 20) as f32 - 10.0, (y % 20) as f32 - 10.0);
            dx * dx + dy * dy < 36.0
        };
        let mut rgb = Vec::new();
        for i in 0..224 * 224 {
            rgb.extend(if disc(i % 224, i / 224) { [60, 50, 120] } else { [230, 170, 200] });
        }
        let features = TextureEncoder::describe(&RgbPatch { size: 224, rgb, on_slide: 1.0 });
        let regions = &features[color::WIDTH + nuclei::WIDTH - 16..color::WIDTH + nuclei::WIDTH];
        // 121 whole discs in 112 x 112 pixels at half resolution.
        assert!((regions[1] - 121.0 * 1000.0 / 12544.0).abs() < 0.2, "{regions:?}");
        assert!(regions[7] < 0.5, "round: {regions:?}");
        assert!((regions[10] - 10.0).abs() < 0.1, "10 pixels apart: {regions:?}");
    }
}
