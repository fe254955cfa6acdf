//! Other views of the same slide, for training: the whole slide turned or mirrored and stained otherwise, seen
//! through the same frozen encoder. Each view has features of its own, computed and cached as those of the
//! slide itself.
//!
//! The stain is changed as in Tellez et al. 2018 ("Whole-slide mitosis detection in H&E breast histology"):
//! optical density is separated into hematoxylin and eosin, each is scaled and shifted at random, and colours
//! are put together again. Here the shift fades where nothing is stained, so that glass stays white.

use std::sync::LazyLock;

use rand::RngExt;
use rayon::prelude::*;

use super::stains::{EOSIN, HEMATOXYLIN, optical_density, unit, unmixing};
use crate::core::cancel::CancelToken;
use crate::core::dihedral::Dihedral;
use crate::core::encoder::{EncoderError, PatchEncoder, RgbPatch};
use crate::core::progress::Progress;
use crate::core::rng::stream;

/// The most views beside the plain one.
pub const MAX_VIEWS: usize = 16;

/// Optical density that a stain is shifted by at most, at strength 1.
const SHIFT: f64 = 0.5;
/// Mean optical density around which a pixel begins to take a shift: tissue takes most of it, glass next to none.
const STAINED: f32 = 0.1;
/// A pixel whose colours are all at most this is a mask painted over the background, which has no stain.
const MASKED: u8 = 8;
/// All views of all projects draw from this, so that their features are found again.
const SEED: u64 = 1;

/// How a slide is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    number: usize,
    strength: f64,
    turn: Dihedral,
    stain: Stain,
}

/// What happens to hematoxylin and eosin.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stain {
    /// What each is multiplied by.
    scale: [f64; 2],
    /// Optical density added to each.
    shift: [f64; 2],
}

impl View {
    /// The slide as it is.
    pub const PLAIN: Self = Self {
        number: 0,
        strength: 0.0,
        turn: Dihedral::IDENTITY,
        stain: Stain { scale: [1.0; 2], shift: [0.0; 2] },
    };

    /// View `number`, 0 being the plain one; the same whenever it is asked for. Seven views in a row are turned
    /// in all ways. Stains are scaled by up to `1 - strength` to `1 + strength`.
    pub fn new(number: usize, strength: f64) -> Self {
        if number == 0 {
            return Self::PLAIN;
        }
        let mut rng = stream(SEED, "stain of a view", number as u64);
        let mut draw = || strength * rng.random_range(-1.0..=1.0);
        let scale = [1.0 + draw(), 1.0 + draw()];
        let shift = [SHIFT * draw(), SHIFT * draw()];
        Self { number, strength, turn: Self::turn_of(number), stain: Stain { scale, shift } }
    }

    /// Its number.
    pub fn number(self) -> usize {
        self.number
    }

    /// How the slide is turned.
    pub fn turn(self) -> Dihedral {
        self.turn
    }

    /// How view `number` is turned, whatever its stain.
    pub fn turn_of(number: usize) -> Dihedral {
        Dihedral::from_index(number)
    }

    /// Whether an encoder gives the same numbers for this view as for the plain one.
    pub fn is_identity_for(self, encoder: &dyn PatchEncoder) -> bool {
        let turned = self.turn != Dihedral::IDENTITY && encoder.is_orientation_sensitive();
        self.stain == Self::PLAIN.stain && !turned
    }

    /// The patch as this view shows it.
    pub fn of(self, patch: &RgbPatch) -> RgbPatch {
        let mut seen = turned(patch, self.turn);
        self.stain.apply(&mut seen.rgb);
        seen
    }
}

/// `patch` turned around its middle. One whose bytes do not fit its size stays as it is.
pub(super) fn turned(patch: &RgbPatch, by: Dihedral) -> RgbPatch {
    let size = patch.size;
    let (pixels, rest) = patch.rgb.as_chunks::<3>();
    if by == Dihedral::IDENTITY || !rest.is_empty() || size.checked_mul(size) != Some(pixels.len()) {
        return patch.clone();
    }
    let rgb = by.sources(size).into_iter().flat_map(|source| pixels[source]).collect();
    RgbPatch { rgb, ..*patch }
}

/// Optical density of each colour value.
static DENSITY: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| optical_density(value as u8) as f32));

impl Stain {
    fn apply(&self, rgb: &mut [u8]) {
        if *self == View::PLAIN.stain {
            return;
        }
        let narrow = |v: [f64; 3]| v.map(|x| x as f32);
        let [unmix_h, unmix_e, _] = unmixing().map(narrow);
        let (h, e) = (narrow(unit(HEMATOXYLIN)), narrow(unit(EOSIN)));
        let [more_h, more_e] = self.scale.map(|s| (s - 1.0) as f32);
        let [shift_h, shift_e] = self.shift.map(|s| s as f32);
        for pixel in rgb.as_chunks_mut::<3>().0 {
            if pixel.iter().all(|&v| v <= MASKED) {
                continue;
            }
            let od = pixel.map(|v| DENSITY[usize::from(v)]);
            let amount = |unmix: [f32; 3]| unmix[0] * od[0] + unmix[1] * od[1] + unmix[2] * od[2];
            let stained = (1.0 - (-(od[0] + od[1] + od[2]) / (3.0 * STAINED)).exp()).powi(2);
            let added_h = more_h * amount(unmix_h) + shift_h * stained;
            let added_e = more_e * amount(unmix_e) + shift_e * stained;
            for ((value, od), (h, e)) in pixel.iter_mut().zip(od).zip(h.into_iter().zip(e)) {
                let density = od + added_h * h + added_e * e;
                *value = (256.0 * 10_f32.powf(-density) - 1.0).round() as u8;
            }
        }
    }
}

/// A frozen encoder that is shown a view of each patch.
pub struct AugmentedEncoder<'a> {
    /// The view.
    pub view: View,
    /// The encoder.
    pub encoder: &'a dyn PatchEncoder,
}

impl AugmentedEncoder<'_> {
    /// The name of the encoder with that of the view.
    fn named(&self, encoder: String) -> String {
        let View { number, strength, .. } = self.view;
        if number == 0 { encoder } else { format!("{encoder}-view{number}-stain{strength}") }
    }
}

impl PatchEncoder for AugmentedEncoder<'_> {
    fn id(&self) -> String {
        self.named(self.encoder.id())
    }

    fn cache_id(&self) -> String {
        self.named(self.encoder.cache_id())
    }

    fn mpp(&self) -> f64 {
        self.encoder.mpp()
    }

    fn patch_size(&self) -> usize {
        self.encoder.patch_size()
    }

    fn width(&self) -> usize {
        self.encoder.width()
    }

    fn is_orientation_sensitive(&self) -> bool {
        self.encoder.is_orientation_sensitive()
    }

    fn prepare(&self, progress: &dyn Progress, cancel: &CancelToken) -> Result<(), EncoderError> {
        self.encoder.prepare(progress, cancel)
    }

    fn batch(&self) -> usize {
        self.encoder.batch()
    }

    fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let seen: Vec<RgbPatch> = patches.par_iter().map(|patch| self.view.of(patch)).collect();
        self.encoder.encode(&seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A purple, a pink, a white and a masked pixel.
    fn patch() -> RgbPatch {
        let rgb = [[96, 60, 140], [222, 150, 190], [255, 255, 255], [3, 0, 8]].concat();
        RgbPatch { size: 2, rgb, on_slide: 0.7 }
    }

    #[test]
    fn patches_are_turned_around_their_middle() {
        let turned = |index| super::turned(&patch(), Dihedral::from_index(index));
        assert_eq!(turned(0), patch());
        let clockwise = turned(1);
        assert_eq!(clockwise.rgb, [[255, 255, 255], [96, 60, 140], [3, 0, 8], [222, 150, 190]].concat());
        assert_eq!((clockwise.size, clockwise.on_slide), (2, 0.7));
        let odd = RgbPatch { size: 9, rgb: vec![1; 5], on_slide: 0.0 };
        assert_eq!(super::turned(&odd, Dihedral::from_index(3)), odd);
        // What does not fit is left to the encoder, not read.
        assert_eq!(View::new(3, 0.2).of(&odd).rgb.len(), 5);
    }

    #[test]
    fn stains_change_and_glass_does_not() {
        for number in 1..=MAX_VIEWS {
            let view = View::new(number, 0.2);
            let stained = |rgb: &[u8]| {
                let mut rgb = rgb.to_vec();
                view.stain.apply(&mut rgb);
                rgb
            };
            let (before, after) = (patch().rgb, stained(&patch().rgb));
            assert_eq!(after[6..], before[6..], "white and masked pixels");
            assert_ne!(after[..6], before[..6]);
            let worst = after.iter().zip(&before).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!((2..90).contains(&worst), "view {number} changes a value by {worst}");
            // The glass of a scan is not quite white, and hardly changes.
            let glass = stained(&[243, 240, 244]);
            assert!(glass.iter().zip([243_u8, 240, 244]).all(|(a, b)| a.abs_diff(b) < 6), "{glass:?}");
            // Not only lighter or darker: the stains change apart.
            let hue = |v: &[u8]| f32::from(v[0]) / f32::from(v[2]);
            assert!((hue(&after) - hue(&before)).abs() > 1e-3, "view {number}");
        }
        let mut same = patch().rgb;
        View::new(5, 0.0).stain.apply(&mut same);
        assert_eq!(same, patch().rgb);
    }

    #[test]
    fn a_stain_is_scaled_by_what_was_drawn() {
        // Twice the hematoxylin in a pixel of nothing else: twice the density in each colour.
        let h = unit(HEMATOXYLIN);
        let color = |amount: f64| h.map(|x| (256.0 * 10_f64.powf(-amount * x) - 1.0).round() as u8);
        let mut rgb = color(0.4).to_vec();
        Stain { scale: [2.0, 1.0], shift: [0.0; 2] }.apply(&mut rgb);
        for (v, expected) in rgb.iter().zip(color(0.8)) {
            assert!(v.abs_diff(expected) <= 1, "{rgb:?}");
        }
    }

    #[test]
    fn views_repeat_differ_and_have_names_of_their_own() {
        struct Sum;
        impl PatchEncoder for Sum {
            fn id(&self) -> String {
                "sum".into()
            }
            fn cache_id(&self) -> String {
                "sum-f16".into()
            }
            fn mpp(&self) -> f64 {
                0.5
            }
            fn patch_size(&self) -> usize {
                2
            }
            fn width(&self) -> usize {
                1
            }
            fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
                Ok(patches.iter().map(|p| vec![p.rgb.iter().map(|&v| f32::from(v)).sum()]).collect())
            }
        }
        let view = |number, strength| AugmentedEncoder { view: View::new(number, strength), encoder: &Sum };
        assert_eq!(View::new(3, 0.1), View::new(3, 0.1));
        assert_eq!(view(0, 0.1).id(), "sum");
        assert_eq!(view(3, 0.1).id(), "sum-view3-stain0.1");
        assert_eq!(view(3, 0.1).cache_id(), "sum-f16-view3-stain0.1");
        let mut ids: Vec<String> = (0..5).flat_map(|n| [0.1, 0.2].map(|s| view(n, s).id())).collect();
        ids.dedup();
        assert_eq!(ids.len(), 9);
        let numbers = view(2, 0.2).encode(&[patch(), patch()]).unwrap();
        assert_eq!(numbers[0], numbers[1]);
        assert_ne!(numbers[0], Sum.encode(&[patch()]).unwrap()[0]);
        let turns: std::collections::HashSet<_> = (0..8).map(|n| View::new(n, 0.1).turn()).collect();
        assert_eq!(turns.len(), 8);
        // What an encoder cannot see need not be encoded.
        assert!(!View::new(1, 0.0).is_identity_for(&Sum) && View::new(8, 0.0).is_identity_for(&Sum));
        assert!(View::new(1, 0.0).is_identity_for(&super::super::texture::TextureEncoder));
        assert!(!View::new(1, 0.1).is_identity_for(&super::super::texture::TextureEncoder));
    }
}
