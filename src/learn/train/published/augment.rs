//! Random changes of training patches: brightness, contrast and saturation as torchvision's `ColorJitter` has
//! them, and one of the eight ways to lay a square on itself (flips and rotations by 90 degrees).

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::core::encoder::RgbPatch;

/// How bright red, green and blue are (ITU-R 601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// Changes a patch at random; colours by up to the share `jitter`.
pub fn augment(patch: &mut RgbPatch, jitter: f32, rng: &mut ChaCha8Rng) {
    recolour(patch, jitter, rng);
    patch.rgb = turned(&patch.rgb, patch.size, rng.random_range(0..8));
}

fn recolour(patch: &mut RgbPatch, jitter: f32, rng: &mut ChaCha8Rng) {
    let mut steps = [0, 1, 2];
    steps.shuffle(rng);
    let mut pixels: Vec<[f32; 3]> =
        patch.rgb.chunks_exact(3).map(|p| [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])]).collect();
    for step in steps {
        let factor = 1.0 + jitter * rng.random_range(-1.0f32..=1.0);
        let mean = pixels.iter().map(|p| f64::from(grey(*p))).sum::<f64>() / pixels.len().max(1) as f64;
        for pixel in &mut pixels {
            // Towards or away from black, the mean grey of the patch, or the pixel's own grey.
            let towards = match step {
                0 => 0.0,
                1 => mean as f32,
                _ => grey(*pixel),
            };
            *pixel = pixel.map(|v| (towards + factor * (v - towards)).clamp(0.0, 255.0));
        }
    }
    for (out, pixel) in patch.rgb.chunks_exact_mut(3).zip(&pixels) {
        out.iter_mut().zip(pixel).for_each(|(o, v)| *o = v.round() as u8);
    }
}

fn grey(pixel: [f32; 3]) -> f32 {
    pixel.iter().zip(LUMA).map(|(v, share)| v * share).sum()
}

/// The square laid on itself in the way `which` of eight: 0 leaves it as it is.
fn turned(rgb: &[u8], size: usize, which: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(rgb.len());
    let last = size.saturating_sub(1);
    for y in 0..size {
        for x in 0..size {
            let (x, y) = if which & 4 == 0 { (x, y) } else { (y, x) };
            let x = if which & 1 == 0 { x } else { last - x };
            let y = if which & 2 == 0 { y } else { last - y };
            let at = (y * size + x) * 3;
            out.extend_from_slice(&rgb[at..at + 3]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::stream;
    use std::collections::BTreeSet;

    #[test]
    fn a_square_is_laid_on_itself_in_eight_ways() {
        let rgb: Vec<u8> = (0..4).flat_map(|v| [v; 3]).collect();
        let firsts = |which| turned(&rgb, 2, which).chunks_exact(3).map(|p| p[0]).collect::<Vec<u8>>();
        assert_eq!(firsts(0), [0, 1, 2, 3]);
        assert_eq!(firsts(1), [1, 0, 3, 2]);
        assert_eq!(firsts(2), [2, 3, 0, 1]);
        assert_eq!(firsts(4), [0, 2, 1, 3]);
        assert_eq!((0..8).map(firsts).collect::<BTreeSet<_>>().len(), 8);
    }

    #[test]
    fn colours_change_only_as_far_as_they_may() {
        let patch = RgbPatch { size: 2, rgb: [[200, 100, 150]; 4].concat(), on_slide: 1.0 };
        let mut same = patch.clone();
        recolour(&mut same, 0.0, &mut stream(1, "colours", 0));
        assert_eq!(same, patch);
        let mut seen = BTreeSet::new();
        for step in 0..20 {
            let mut changed = patch.clone();
            recolour(&mut changed, 0.2, &mut stream(1, "colours", step));
            let red = changed.rgb[0];
            assert!((100..=255).contains(&red), "{red}");
            seen.insert(red);
        }
        assert!(seen.len() > 10, "{seen:?}");
    }
}
