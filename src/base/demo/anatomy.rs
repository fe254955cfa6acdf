//! What is at any one point of a made-up section, in micrometres: from its regions, and from patterns that
//! belong to each kind of tissue.

use std::f32::consts::TAU;

use super::noise::{fractal, hash, smoothstep, unit, value};
use super::patient::Patient;
use super::regions::{Fields, Regions, SIDE_UM, Seeds};

/// What is at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Glass,
    Fat,
    Stroma,
    /// Cytoplasm of tumour cells.
    Nest,
    /// Epithelium of a normal gland.
    Gland,
    /// The inside of a gland or of a nest.
    Lumen,
    VesselWall,
    Blood,
}

/// What is at a point, and how much of both dyes it takes up, nuclei aside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matter {
    pub(super) kind: Kind,
    pub(super) hematoxylin: f32,
    pub(super) eosin: f32,
}

/// A gland or a vessel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    pub(super) center: [f32; 2],
    pub(super) radius: f32,
    /// Thickness of epithelium or wall.
    pub(super) wall: f32,
    pub(super) is_vessel: bool,
    pub(super) seed: u32,
}

impl Ring {
    /// Micrometres inside its outer edge, negative outside.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let (dx, dy) = (x - self.center[0], y - self.center[1]);
        // Away from the lattice point at 0, where the noise would be the same in four directions.
        let shift = unit(self.seed) * 20.0;
        let wobble = fractal(self.seed, dx / self.radius * 1.1 + shift, dy / self.radius * 1.1, 2);
        self.radius * (1.0 + 0.26 * wobble) - dx.hypot(dy)
    }

    /// The point at `angle` that lies `depth` micrometres inside the edge.
    pub(super) fn point(&self, angle: f32, depth: f32) -> [f32; 2] {
        let (sin, cos) = angle.sin_cos();
        let mut r = self.radius - depth;
        // The edge's distance depends slowly on the place itself; a few steps settle it.
        for _ in 0..4 {
            let [x, y] = [self.center[0] + r * cos, self.center[1] + r * sin];
            r = (r + self.depth(x, y) - depth).max(0.0);
        }
        [self.center[0] + r * cos, self.center[1] + r * sin]
    }

    /// No part of it is farther from its centre.
    fn reach(&self) -> f32 {
        self.radius * 1.35 + 6.0
    }
}

/// Distance of the nodes of the coarse lattice.
const STEP: f32 = 8.0;
/// Side of the tiles in which rings are looked up.
const TILE: f32 = 60.0;
/// Share of the lattice's nodes along a side.
const NODES: usize = (SIDE_UM / STEP) as usize + 2;
const TILES: usize = (SIDE_UM / TILE) as usize + 1;

/// A made-up section.
#[derive(Debug)]
pub(super) struct Anatomy {
    seeds: Seeds,
    nodes: Vec<Fields>,
    rings: Vec<Ring>,
    /// For each tile the rings that reach into it.
    tiles: Vec<Vec<u16>>,
    /// Direction of the fibres.
    fibre: [f32; 2],
}

impl Anatomy {
    /// The section that follows from two seeds; sections of one patient look alike.
    pub(super) fn new(patient: &Patient, patient_seed: u32, section_seed: u32) -> Self {
        let seeds = Seeds { section: section_seed, patient: patient_seed };
        let angle = unit(hash(seeds.own(1), 0, 0)) * TAU;
        let regions = Regions::new(patient, seeds);
        let mut nodes = Vec::with_capacity(NODES * NODES);
        for j in 0..NODES {
            for i in 0..NODES {
                let (x, y) = (i as f32 * STEP, j as f32 * STEP);
                nodes.push(regions.fields(x, y));
            }
        }
        let mut anatomy =
            Self { seeds, nodes, rings: Vec::new(), tiles: Vec::new(), fibre: [angle.cos(), angle.sin()] };
        anatomy.place_rings();
        anatomy
    }

    /// Glands and vessels.
    pub(super) fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// Direction of the fibres at a point, as an angle.
    pub(super) fn fibre_angle(&self, x: f32, y: f32) -> f32 {
        let f = |x, y| self.across(x, y, &self.fields(x, y));
        let (dx, dy) = (f(x + 6.0, y) - f(x - 6.0, y), f(x, y + 6.0) - f(x, y - 6.0));
        // Fibres run along lines of equal `across`, at a right angle to its gradient.
        dx.atan2(-dy)
    }

    fn node(&self, i: usize, j: usize) -> Fields {
        self.nodes.get(j.min(NODES - 1) * NODES + i.min(NODES - 1)).copied().unwrap_or_default()
    }

    /// The fields at any point.
    pub(super) fn fields(&self, x: f32, y: f32) -> Fields {
        let (u, v) = ((x / STEP).max(0.0), (y / STEP).max(0.0));
        let (i, j) = (u as usize, v as usize);
        let top = self.node(i, j).mix(&self.node(i + 1, j), u - i as f32);
        let bottom = self.node(i, j + 1).mix(&self.node(i + 1, j + 1), u - i as f32);
        top.mix(&bottom, v - j as f32)
    }

    /// The fields along the line of this `y`, at every node; see [`Anatomy::along`].
    pub(super) fn line(&self, y: f32) -> Vec<Fields> {
        let v = (y / STEP).max(0.0);
        let j = v as usize;
        (0..NODES).map(|i| self.node(i, j).mix(&self.node(i, j + 1), v - j as f32)).collect()
    }

    /// The fields at `x` on a line from [`Anatomy::line`].
    pub(super) fn along(line: &[Fields], x: f32) -> Fields {
        let u = (x / STEP).max(0.0);
        let i = u as usize;
        match (line.get(i), line.get(i + 1)) {
            (Some(a), Some(b)) => a.mix(b, u - i as f32),
            _ => Fields::default(),
        }
    }

    /// Micrometres across the fibres.
    fn across(&self, x: f32, y: f32, f: &Fields) -> f32 {
        x * self.fibre[1] - y * self.fibre[0] + f.bend
    }

    /// What is at a point where the fields are `f`.
    pub(super) fn look(&self, x: f32, y: f32, f: &Fields) -> Matter {
        let matter = |kind, hematoxylin, eosin| Matter { kind, hematoxylin, eosin };
        if f.inside < -30.0 {
            return matter(Kind::Glass, 0.0, 0.0);
        }
        let rough = value(self.seeds.own(2), x / 45.0, y / 45.0);
        let ragged = value(self.seeds.own(3), x / 11.0, y / 11.0);
        let inside = f.inside + 16.0 * rough + 7.0 * ragged;
        if inside < 0.0 {
            return matter(Kind::Glass, 0.0, 0.0);
        }
        if let Some(found) = self.ring_at(x, y, ragged) {
            return found;
        }
        if f.fat > 0.2
            && let Some(found) = self.fat_at(x, y, f)
        {
            return found;
        }
        if f.tumour > 0.15
            && let Some(found) = self.nest_at(x, y, f, ragged)
        {
            return found;
        }
        self.stroma_at(x, y, f, inside)
    }

    fn ring_at(&self, x: f32, y: f32, ragged: f32) -> Option<Matter> {
        let tile = (y / TILE) as usize * TILES + (x / TILE) as usize;
        let near = self.tiles.get(tile)?;
        let (ring, depth) = near
            .iter()
            .filter_map(|&r| self.rings.get(usize::from(r)))
            .map(|r| (r, r.depth(x, y)))
            .find(|(_, depth)| *depth > -5.0)?;
        let matter = |kind, hematoxylin, eosin| Some(Matter { kind, hematoxylin, eosin });
        if depth < 0.0 {
            // A pale seam around it.
            return matter(Kind::Stroma, 0.02, 0.12 + 0.05 * ragged);
        }
        match (depth < ring.wall, ring.is_vessel) {
            // Darker at the base of the cells, paler towards the lumen.
            (true, false) => matter(Kind::Gland, 0.17 - 0.06 * depth / ring.wall, 0.24 + 0.03 * ragged),
            (true, true) => matter(Kind::VesselWall, 0.06, 0.46 + 0.06 * ragged),
            (false, false) => {
                let secretion = smoothstep(0.1, 0.7, fractal(ring.seed, x / 30.0, y / 30.0, 2));
                matter(Kind::Lumen, 0.0, 0.015 + 0.07 * secretion)
            }
            (false, true) => {
                let cell = value(ring.seed, x / 4.5, y / 4.5) > -0.1;
                matter(Kind::Blood, 0.0, if cell { 0.62 } else { 0.06 })
            }
        }
    }

    /// Fat cells are the cells of a Voronoi diagram of jittered points.
    fn fat_at(&self, x: f32, y: f32, f: &Fields) -> Option<Matter> {
        const SPACING: f32 = 54.0;
        let (u, v) = (x / SPACING, y / SPACING);
        let (i, j) = (u as i32, v as i32);
        let (mut nearest, mut second, mut third, mut cell) = (f32::MAX, f32::MAX, f32::MAX, 0);
        for dj in -1..=1 {
            for di in -1..=1 {
                let bits = hash(self.seeds.own(4), i + di, j + dj);
                let (du, dv) =
                    ((i + di) as f32 + unit(bits) * 0.8 - u, (j + dj) as f32 + unit(bits << 12) * 0.8 - v);
                let d = du * du + dv * dv;
                if d < nearest {
                    (third, second, nearest, cell) = (second, nearest, d, bits);
                } else if d < second {
                    (third, second) = (second, d);
                } else if d < third {
                    third = d;
                }
            }
        }
        // Whole cells are fat or are not.
        if f.fat + 0.35 * (unit(cell.wrapping_mul(0x9e37_79b1)) - 0.5) < 0.5 {
            return None;
        }
        let nearest = nearest.sqrt();
        let (second, third) = (second.sqrt() - nearest, third.sqrt() - nearest);
        // Where three cells meet, the corner is rounded off.
        let to_wall = second * third / (second + third).max(1e-6) * SPACING;
        let wall = 1.0 - smoothstep(0.7, 2.0, to_wall);
        Some(Matter { kind: Kind::Fat, hematoxylin: 0.02 * wall, eosin: 0.008 + 0.27 * wall })
    }

    fn nest_at(&self, x: f32, y: f32, f: &Fields, ragged: f32) -> Option<Matter> {
        let pattern = fractal(self.seeds.own(5), x / 105.0, y / 105.0, 3) + 0.05 * ragged;
        let depth = pattern - (0.95 - 1.15 * f.tumour);
        if depth < -0.06 {
            return None;
        }
        if depth < 0.0 {
            // Nests shrink from the stroma around them when tissue is fixed.
            return Some(Matter { kind: Kind::Stroma, hematoxylin: 0.0, eosin: 0.07 });
        }
        let hole = value(self.seeds.own(6), x / 44.0, y / 44.0) + 0.2 * ragged;
        if hole > 0.66 && depth > 0.12 {
            return Some(Matter { kind: Kind::Lumen, hematoxylin: 0.01, eosin: 0.04 });
        }
        let tone = value(self.seeds.own(7), x / 7.0, y / 7.0);
        Some(Matter { kind: Kind::Nest, hematoxylin: 0.2 + 0.035 * tone, eosin: 0.25 + 0.04 * tone })
    }

    fn stroma_at(&self, x: f32, y: f32, f: &Fields, inside: f32) -> Matter {
        let across = self.across(x, y, f);
        let along = x * self.fibre[0] + y * self.fibre[1] + 0.6 * f.bend;
        let fine = value(self.seeds.own(8), across / 5.0, along / 75.0);
        let coarse = value(self.seeds.own(9), across / 19.0, along / 150.0);
        let mut eosin = 0.27 + 0.085 * fine + 0.09 * coarse + 0.12 * f.density;
        // Clefts between bundles, more of them where the stroma is loose.
        let cleft = smoothstep(0.55, 0.85, -0.75 * coarse - 0.4 * fine - 0.25 * f.density);
        eosin *= 1.0 - 0.85 * cleft;
        // Lymphocytes lie in loose, bluish tissue; the very edge of a section is pressed and dark.
        eosin = eosin * (1.0 - 0.45 * f.lymphocytes) + 0.1 * (1.0 - smoothstep(0.0, 25.0, inside));
        let hematoxylin = 0.025 + 0.09 * f.lymphocytes + 0.02 * fine.max(0.0);
        Matter { kind: Kind::Stroma, hematoxylin, eosin: eosin.max(0.015) }
    }

    /// Puts glands where glands belong and vessels into the stroma, none over another.
    fn place_rings(&mut self) {
        let mut place = |spacing: f32, salt: u32, is_vessel: bool| {
            let n = (SIDE_UM / spacing) as i32;
            for (i, j) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))) {
                let draw = |which: u32| unit(hash(self.seeds.own(salt + which), i, j));
                let center = [
                    (i as f32 + 0.15 + 0.7 * draw(0)) * spacing,
                    (j as f32 + 0.15 + 0.7 * draw(1)) * spacing,
                ];
                let f = self.fields(center[0], center[1]);
                let fits = if is_vessel {
                    f.tumour < 0.5 && f.glands < 0.4 && f.fat < 0.4 && f.inside > 40.0 && draw(2) < 0.45
                } else {
                    f.glands > 0.5 && f.inside > 60.0 && draw(2) < 0.93
                };
                let radius = if is_vessel { 13.0 + 22.0 * draw(3) * draw(4) } else { 34.0 + 34.0 * draw(3) };
                let wall = if is_vessel { 3.5 + 0.16 * radius } else { 13.0 + 5.0 * draw(5) };
                let seed = hash(self.seeds.own(salt + 9), i, j);
                let ring = Ring { center, radius, wall, is_vessel, seed };
                let apart = |other: &Ring| {
                    let d = (other.center[0] - center[0]).hypot(other.center[1] - center[1]);
                    d > (other.radius + radius) * 1.16 + 4.0
                };
                if fits && self.rings.iter().all(apart) {
                    self.rings.push(ring);
                }
            }
        };
        place(104.0, 40, false);
        place(210.0, 60, true);
        self.tiles = vec![Vec::new(); TILES * TILES];
        for (r, ring) in (0u16..).zip(&self.rings) {
            let tile = |v: f32| ((v / TILE).max(0.0) as usize).min(TILES - 1);
            let [x, y] = ring.center;
            let reach = ring.reach();
            for j in tile(y - reach)..=tile(y + reach) {
                for i in tile(x - reach)..=tile(x + reach) {
                    if let Some(list) = self.tiles.get_mut(j * TILES + i) {
                        list.push(r);
                    }
                }
            }
        }
    }
}
