//! Where which tissue lies on a made-up section, in micrometres: its outline, and slowly varying shares of
//! tumour, glands, fat and lymphocytes.

use std::f32::consts::TAU;

use super::noise::{fractal, hash, smoothstep, unit};
use super::patient::Patient;

/// Side of the square slide in micrometres.
pub(super) const SIDE_UM: f32 = 3000.0;

/// Slowly varying quantities, known at the nodes of a coarse lattice and interpolated between.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields {
    /// Micrometres to the edge of the tissue, negative outside.
    pub(super) inside: f32,
    /// Share of tumour, 0 to 1; so are the next three.
    pub(super) tumour: f32,
    pub(super) glands: f32,
    pub(super) fat: f32,
    pub(super) lymphocytes: f32,
    /// Above 0 where lymphocytes are B cells.
    pub(super) follicle: f32,
    /// Bends the fibres of the stroma, in micrometres.
    pub(super) bend: f32,
    /// Density of the stroma, -1 to 1.
    pub(super) density: f32,
}

impl Fields {
    /// Between `self` (t = 0) and `other` (t = 1).
    pub(super) fn mix(&self, other: &Self, t: f32) -> Self {
        let m = |a: f32, b: f32| a + (b - a) * t;
        Self {
            inside: m(self.inside, other.inside),
            tumour: m(self.tumour, other.tumour),
            glands: m(self.glands, other.glands),
            fat: m(self.fat, other.fat),
            lymphocytes: m(self.lymphocytes, other.lymphocytes),
            follicle: m(self.follicle, other.follicle),
            bend: m(self.bend, other.bend),
            density: m(self.density, other.density),
        }
    }
}

/// Seeds of the section's noises, so that none repeats another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeds {
    pub(super) section: u32,
    pub(super) patient: u32,
}

impl Seeds {
    /// A noise of this section.
    pub(super) fn own(self, which: u32) -> u32 {
        self.section ^ which.wrapping_mul(0x9e37_79b9)
    }

    /// A noise that the patient's sections share.
    pub(super) fn shared(self, which: u32) -> u32 {
        self.patient ^ which.wrapping_mul(0x9e37_79b9)
    }
}

/// The edge of the tissue as a radius around the middle that changes with the angle.
#[derive(Debug)]
struct Outline {
    center: [f32; 2],
    /// Mean radius along x and along y.
    radius: [f32; 2],
    waves: [(f32, f32); 6],
}

impl Outline {
    /// As large as fits on the slide.
    fn new(seeds: Seeds) -> Self {
        const MARGIN: f32 = 110.0;
        let draw = |seed: u32, i: i32| 2.0 * unit(hash(seed, i, 77)) - 1.0;
        let (own, shared) = (seeds.own(10), seeds.shared(10));
        let mut waves = [(0.0, 0.0); 6];
        for (k, wave) in (0..).zip(&mut waves) {
            let strength = 0.13 / (1.0 + 0.75 * k as f32);
            let amplitude = strength * (0.75 + 0.25 * draw(shared, k));
            *wave = (amplitude, TAU * (0.5 * draw(shared, k + 20) + 0.06 * draw(own, k)));
        }
        let mut outline = Self { center: [0.0; 2], radius: [1.0; 2], waves };
        let (mut low, mut high) = ([0.0f32; 2], [0.0f32; 2]);
        for step in 0..360u16 {
            let (sin, cos) = f32::from(step).to_radians().sin_cos();
            let r = 1.0 + outline.wave(f32::from(step).to_radians());
            for ((low, high), v) in low.iter_mut().zip(&mut high).zip([r * cos, r * sin]) {
                (*low, *high) = (low.min(v), high.max(v));
            }
        }
        for (axis, (low, high)) in low.into_iter().zip(high).enumerate() {
            let room = (SIDE_UM - 2.0 * MARGIN) * (0.98 + 0.02 * draw(own, 52));
            let radius = room / (high - low);
            if let (Some(r), Some(c)) = (outline.radius.get_mut(axis), outline.center.get_mut(axis)) {
                (*r, *c) = (radius, SIDE_UM / 2.0 - radius * f32::midpoint(low, high));
            }
        }
        outline
    }

    fn wave(&self, angle: f32) -> f32 {
        (0u8..).zip(&self.waves).map(|(k, (a, phase))| a * (f32::from(k + 2) * angle + phase).cos()).sum()
    }

    /// Micrometres inside the edge, negative outside.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let (u, v) = ((x - self.center[0]) / self.radius[0], (y - self.center[1]) / self.radius[1]);
        (1.0 + self.wave(v.atan2(u)) - u.hypot(v)) * self.radius[0].min(self.radius[1])
    }
}

/// What belongs to the slow fields of a section.
pub(super) struct Regions {
    seeds: Seeds,
    outline: Outline,
    aggregates: Vec<Aggregate>,
    /// Added to the scores of tumour, glands and fat, so that each takes the share the patient has of it.
    offsets: [f32; 3],
}

/// A heap of lymphocytes.
struct Aggregate {
    center: [f32; 2],
    radius: f32,
    /// How much it is a follicle of B cells, -1 to 1.
    follicle: f32,
}

fn aggregates(seeds: Seeds, patient: &Patient) -> Vec<Aggregate> {
    const SPACING: f32 = 500.0;
    let n = (SIDE_UM / SPACING) as i32;
    let mut found = Vec::new();
    for (i, j) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))) {
        let draw = |which: u32| unit(hash(seeds.shared(20 + which), i, j));
        let shift = 60.0 * unit(hash(seeds.own(20), i, j));
        if draw(0) < patient.lymphocytes {
            let center = [
                (i as f32 + 0.1 + 0.8 * draw(1)) * SPACING + shift,
                (j as f32 + 0.1 + 0.8 * draw(2)) * SPACING - shift,
            ];
            found.push(Aggregate { center, radius: 80.0 + 130.0 * draw(3), follicle: 2.0 * draw(4) - 1.0 });
        }
    }
    found
}

impl Regions {
    pub(super) fn new(patient: &Patient, seeds: Seeds) -> Self {
        let outline = Outline::new(seeds);
        let aggregates = aggregates(seeds, patient);
        let mut regions = Self { seeds, outline, aggregates, offsets: [0.0; 3] };
        // A few steps towards the shares are enough; they need not be met exactly.
        for _ in 0..12 {
            let (mut shares, mut count) = ([0.0; 3], 0.0);
            for (i, j) in (0u8..40).flat_map(|j| (0u8..40).map(move |i| (i, j))) {
                let [x, y] = [i, j].map(|k| (f32::from(k) + 0.5) * SIDE_UM / 40.0);
                if regions.outline.depth(x, y) > 0.0 {
                    let parts = regions.parts(x, y);
                    shares.iter_mut().zip(parts).for_each(|(s, p)| *s += p);
                    count += 1.0;
                }
            }
            let wanted = [patient.tumour, patient.glands, patient.fat];
            for ((offset, share), wanted) in regions.offsets.iter_mut().zip(shares).zip(wanted) {
                *offset += 0.8 * (wanted - share / f32::max(count, 1.0));
            }
        }
        regions
    }

    /// Shares of tumour, glands and fat where there are no lymphocytes; the rest is stroma.
    fn parts(&self, x: f32, y: f32) -> [f32; 3] {
        // Neighbouring sections of a block differ in detail, not in what lies where.
        let region = |which: u32, size: f32| {
            1.15 * fractal(self.seeds.shared(which), x / size, y / size, 2)
                + 0.45 * fractal(self.seeds.own(which), x / 320.0, y / 320.0, 2)
        };
        let [tumour, glands, fat] = self.offsets;
        let scores = [tumour + region(30, 780.0), glands + region(31, 640.0), fat + region(32, 680.0)];
        let most = scores.into_iter().fold(0.0, f32::max);
        let powers = scores.map(|s| (9.0 * (s - most)).exp());
        let all = powers.iter().sum::<f32>() + (-9.0 * most).exp();
        powers.map(|p| p / all)
    }

    pub(super) fn fields(&self, x: f32, y: f32) -> Fields {
        let ragged = fractal(self.seeds.own(33), x / 110.0, y / 110.0, 3);
        let (mut lymphocytes, mut follicle) = (0.0f32, 0.0);
        for a in &self.aggregates {
            let d = (x - a.center[0]).hypot(y - a.center[1]) / a.radius + 0.6 * ragged;
            let w = 1.0 - smoothstep(0.4, 1.3, d);
            if w > lymphocytes {
                // The middle of a follicle is B cells, T cells lie around it.
                (lymphocytes, follicle) = (w, a.follicle + 0.5 - 0.9 * d);
            }
        }
        let [tumour, glands, fat] = self.parts(x, y).map(|p| p * (1.0 - lymphocytes));
        Fields {
            inside: self.outline.depth(x, y),
            tumour,
            glands,
            fat,
            lymphocytes,
            follicle,
            bend: 170.0 * fractal(self.seeds.own(34), x / 420.0, y / 420.0, 3),
            density: fractal(self.seeds.own(35), x / 260.0, y / 260.0, 2),
        }
    }
}
