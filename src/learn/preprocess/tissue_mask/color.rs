//! What single pixels of an overview are, by their colour.

use crate::data::slide::RgbImage;

/// A pixel whose every colour is at most this bright is a masked background or the frame of a scan.
const BLACK: u8 = 25;
/// Glass shows no more colour than this, as a range of optical densities.
const MAX_GLASS_RANGE: f32 = 0.08;
/// Glass is never darker than this, in mean optical density, however dim the lamp was.
const MAX_GLASS: f32 = 0.5;
/// The least share of the pixels that glass must have to be found by its frequency.
const MIN_GLASS_SHARE: f64 = 0.05;
/// Where no glass is seen, it is taken to be as bright as the brightest pixels, and no darker than this.
const DARKEST_UNSEEN_GLASS: f32 = 0.15;
/// Bins of densities in which glass is looked for.
const BINS: usize = 100;
/// Optical density from which a pixel can be ink.
const MIN_INK: f32 = 0.12;
/// Optical density from which the lack of colour tells black ink, dust and printed marks from tissue.
const MIN_GREY: f32 = 0.06;
/// A pixel whose densities range over less than this share of the largest has no colour.
const MAX_GREY_RANGE: f32 = 0.22;

/// What a pixel is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shade {
    /// Glass or tissue, and how much it is stained.
    Stained(f32),
    /// Darker than glass without a colour: black ink, dust, printed marks.
    Grey,
    /// Blue or green ink.
    Ink,
    /// The frame of a scan.
    Black,
}

/// The pixels of an overview.
pub(super) struct Classes {
    shades: Vec<Shade>,
    glass: Density,
}

/// Optical densities of the three colours.
pub(super) type Density = [f32; 3];

fn mean(d: Density) -> f32 {
    d.iter().sum::<f32>() / 3.0
}

/// The largest density less the smallest.
fn range(d: Density) -> f32 {
    d.iter().copied().fold(f32::MIN, f32::max) - d.iter().copied().fold(f32::MAX, f32::min)
}

/// Optical densities of the colour values, looked up.
pub(super) struct Densities([f32; 256]);

impl Densities {
    pub(super) fn new() -> Self {
        // One is added so that black stays finite.
        Self(std::array::from_fn(|v| -((v as f32 + 1.0) / 256.0).log10()))
    }

    pub(super) fn of(&self, rgb: &[u8]) -> Density {
        [0, 1, 2].map(|c| self.0[usize::from(rgb.get(c).copied().unwrap_or(0))])
    }

    fn of_value(&self, value: usize) -> f32 {
        self.0.get(value).copied().unwrap_or(0.0)
    }
}

fn is_black(rgb: &[u8]) -> bool {
    rgb.iter().all(|&v| v <= BLACK)
}

impl Classes {
    pub(super) fn new(overview: &RgbImage) -> Self {
        let densities = Densities::new();
        let glass = glass_of(overview, &densities);
        let of = |rgb: &[u8]| if is_black(rgb) { Shade::Black } else { shade(densities.of(rgb), glass) };
        Self { shades: overview.rgb.chunks_exact(3).map(of).collect(), glass }
    }

    /// Optical densities of glass.
    pub(super) fn glass(&self) -> Density {
        self.glass
    }

    /// What the pixel `i` is, counted row by row.
    pub(super) fn get(&self, i: usize) -> Shade {
        self.shades.get(i).copied().unwrap_or(Shade::Black)
    }

    /// How much those pixels are stained that may be tissue.
    pub(super) fn stainings(&self) -> impl Iterator<Item = f32> {
        self.shades.iter().filter_map(|s| match s {
            Shade::Stained(staining) => Some(*staining),
            _ => None,
        })
    }
}

fn shade(density: Density, glass: Density) -> Shade {
    let above = [0, 1, 2].map(|c| (density[c] - glass[c]).max(0.0));
    let [red, green, blue] = above;
    let (mean, range) = (mean(above), range(above));
    // Hematoxylin and eosin take most from green, or as much from red as from green. Blue ink takes most from red and
    // least from blue, green ink least from green.
    let is_blue = red > 1.25 * green && green >= blue;
    let is_green = green < 0.85 * red && green < blue;
    if mean > MIN_INK && (is_blue || is_green) {
        return Shade::Ink;
    }
    let darkest = red.max(green).max(blue);
    if mean > MIN_GREY && range < MAX_GREY_RANGE * darkest {
        return Shade::Grey;
    }
    Shade::Stained((mean + range) / 2.0)
}

/// How often each value of each colour occurs.
pub(super) struct ColorCounts([[usize; 256]; 3]);

impl ColorCounts {
    pub(super) fn new<'a>(pixels: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut counts = [[0; 256]; 3];
        for rgb in pixels {
            for (of_color, &v) in counts.iter_mut().zip(rgb) {
                of_color[usize::from(v)] += 1;
            }
        }
        Self(counts)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|&n| n == 0)
    }

    /// For each colour the density that this share of the pixels stay below.
    pub(super) fn quantiles(&self, share: f64, densities: &Densities) -> Density {
        self.0.map(|counts| {
            let wanted = (counts.iter().sum::<usize>() as f64 * share).max(1.0);
            let mut seen = 0;
            // The brightest are the least dense.
            let reached = (0..256).rev().find(|&v| {
                seen += counts[v];
                seen as f64 >= wanted
            });
            densities.of_value(reached.unwrap_or(255))
        })
    }
}

/// The densities of glass: of the brightest frequent ones, where these have hardly a colour; else of the brightest.
fn glass_of(overview: &RgbImage, densities: &Densities) -> Density {
    let seen = || overview.rgb.chunks_exact(3).filter(|rgb| !is_black(rgb));
    let bin = |rgb: &[u8]| ((mean(densities.of(rgb)) / MAX_GLASS * BINS as f32) as usize).min(BINS);
    let mut histogram = [0usize; BINS + 1];
    seen().for_each(|rgb| histogram[bin(rgb)] += 1);
    let count: usize = histogram.iter().sum();
    let around = |i: usize| i.saturating_sub(2)..(i + 3).min(BINS);
    let smooth: Vec<f64> = (0..BINS)
        .map(|i| around(i).map(|j| histogram[j] as f64 * (3.0 - i.abs_diff(j) as f64)).sum())
        .collect();
    let is_peak = |&i: &usize| {
        let highest = around(i).map(|j| smooth[j]).fold(0.0, f64::max);
        let near: usize = around(i).map(|j| histogram[j]).sum();
        smooth[i] == highest && near as f64 >= (MIN_GLASS_SHARE * count as f64).max(1.0)
    };
    if let Some(peak) = (0..BINS).find(is_peak) {
        let near = around(peak);
        let glass = ColorCounts::new(seen().filter(|rgb| near.contains(&bin(rgb)))).quantiles(0.5, densities);
        if range(glass) <= MAX_GLASS_RANGE {
            return glass;
        }
    }
    ColorCounts::new(seen()).quantiles(0.05, densities).map(|d| d.min(DARKEST_UNSEEN_GLASS))
}
