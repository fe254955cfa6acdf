//! How strongly the tissue of a slide is stained.

use serde::{Deserialize, Serialize};

use super::TissueMask;
use super::color::{Classes, ColorCounts, Densities, Shade};
use crate::data::slide::RgbImage;

/// Half the distance between the quartiles of a normal distribution, in standard deviations.
const QUARTILE: f32 = 0.6745;
/// The least spread of densities: stain of a single colour would make any other look infinitely far away.
const MIN_SPREAD: f32 = 0.02;

/// The optical densities of red, green and blue in tissue, above those of glass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stain {
    /// Medians.
    pub median: [f32; 3],
    /// Standard deviations, by the quartiles.
    pub spread: [f32; 3],
}

impl Stain {
    /// Of the tissue that `mask` finds on the same `overview`; `None` where there is none.
    pub fn from_overview(overview: &RgbImage, mask: &TissueMask) -> Option<Self> {
        let classes = Classes::new(overview);
        let densities = Densities::new();
        let pixels = overview.rgb.chunks_exact(3).zip(mask.cells()).enumerate();
        let stained =
            pixels.filter(|(i, (_, tissue))| **tissue && matches!(classes.get(*i), Shade::Stained(_)));
        let counts = ColorCounts::new(stained.map(|(_, (rgb, _))| rgb));
        if counts.is_empty() {
            return None;
        }
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| counts.quantiles(share, &densities));
        let glass = classes.glass();
        Some(Self {
            median: [0, 1, 2].map(|c| (middle[c] - glass[c]).max(0.0)),
            spread: [0, 1, 2].map(|c| ((high[c] - low[c]) / 2.0 / QUARTILE).max(MIN_SPREAD)),
        })
    }

    /// The medians of the medians and of the spreads; `None` of none.
    pub fn median_of(stains: &[Self]) -> Option<Self> {
        let middle = |value: &dyn Fn(&Self) -> f32| {
            let mut values: Vec<f32> = stains.iter().map(value).collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied()
        };
        let mut all = Self { median: [0.0; 3], spread: [0.0; 3] };
        for c in 0..3 {
            all.median[c] = middle(&|s| s.median[c])?;
            all.spread[c] = middle(&|s| s.spread[c])?;
        }
        Some(all)
    }

    /// How far the medians of `other` are from these, in standard deviations of this one, over the three colours.
    pub fn distance(&self, other: &Self) -> f32 {
        let square = |c: usize| ((other.median[c] - self.median[c]) / self.spread[c].max(MIN_SPREAD)).powi(2);
        ((square(0) + square(1) + square(2)) / 3.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::Mpp;
    use crate::core::places::TissueSettings;

    #[test]
    fn stains_are_compared_by_their_medians() {
        let stain = |tissue: [[u8; 3]; 2]| {
            let color = |x: u32, y: u32| {
                if x < 50 { [240, 238, 240] } else { tissue[((x / 8 + y / 8) % 2) as usize] }
            };
            let rgb = (0..100).flat_map(|y| (0..100).flat_map(move |x| color(x, y))).collect();
            let image = RgbImage { width: 100, height: 100, rgb };
            let mask = TissueMask::find(&image, (1600, 1600), Mpp(0.5), &TissueSettings::default());
            Stain::from_overview(&image, &mask).unwrap()
        };
        let a = stain([[200, 140, 190], [150, 100, 170]]);
        let b = stain([[190, 132, 184], [145, 96, 165]]);
        let far = stain([[120, 60, 150], [80, 40, 120]]);
        assert!(a.distance(&b) < 0.5 && a.distance(&a) == 0.0, "{}", a.distance(&b));
        assert!(a.distance(&far) > 2.0, "{}", a.distance(&far));
        assert_eq!(Stain::median_of(&[a, b, far]).unwrap().median[0], b.median[0].max(a.median[0]));
        assert!(Stain::median_of(&[]).is_none());
        let glass = RgbImage { width: 10, height: 10, rgb: vec![240; 300] };
        let mask = TissueMask::find(&glass, (160, 160), Mpp(0.5), &TissueSettings::default());
        assert_eq!(Stain::from_overview(&glass, &mask), None);
    }
}
