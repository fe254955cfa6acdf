//! The cells of a made-up section. They are both what is painted and what is counted: the expression of a
//! spot follows from the cells in it, so the picture tells as much about it as pictures can.

use std::f32::consts::TAU;

use super::anatomy::{Anatomy, Kind};
use super::noise::{hash, smoothstep, unit};
use super::regions::SIDE_UM;

/// Kinds of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum CellType {
    Tumour,
    Gland,
    Fibroblast,
    B,
    T,
    Endothelial,
    Fat,
    Macrophage,
}

/// How many kinds there are.
pub(super) const TYPES: usize = 8;

/// A cell, drawn as its nucleus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) kind: CellType,
    pub(super) x: f32,
    pub(super) y: f32,
    /// Long and short half-axis of the nucleus, in micrometres.
    pub(super) axes: [f32; 2],
    /// Direction of the long axis.
    pub(super) angle: f32,
    /// Uptake of hematoxylin.
    pub(super) stain: f32,
    /// 0: evenly dark; 1: pale inside, with a dark rim and a nucleolus.
    pub(super) vesicular: f32,
    pub(super) seed: u32,
}

/// All cells of a section, from top to bottom.
pub(super) fn place(anatomy: &Anatomy, seed: u32) -> Vec<Cell> {
    let mut cells = Vec::with_capacity(150_000);
    scattered(anatomy, seed, &mut cells);
    for ring in anatomy.rings() {
        let (spacing, layers): (f32, &[f32]) =
            if ring.is_vessel { (11.0, &[0.45]) } else { (7.2, &[0.3, 0.62]) };
        for (layer, share) in (0i32..).zip(layers) {
            let depth = ring.wall * share;
            let steps = (TAU * (ring.radius - depth) / spacing).max(3.0) as i32;
            for s in 0..steps {
                let draw = Draw { seed: ring.seed, i: s, j: layer };
                // The second layer of a gland has gaps.
                if layer == 1 && draw.unit(0) < 0.55 {
                    continue;
                }
                let angle = TAU * (s as f32 + 0.5 * layer as f32 + 0.5 * draw.unit(1)) / steps as f32;
                let [x, y] = ring.point(angle, depth + 2.0 * (draw.unit(2) - 0.5));
                let size = 0.9 + 0.25 * draw.unit(3);
                // A gland's nuclei stand upright on its wall, a vessel's lie along it.
                cells.push(if ring.is_vessel {
                    Cell {
                        kind: CellType::Endothelial,
                        x,
                        y,
                        axes: [5.0 * size, 1.7 * size],
                        angle: angle + TAU / 4.0,
                        stain: 0.75,
                        vesicular: 0.1,
                        seed: draw.bits(4),
                    }
                } else {
                    Cell {
                        kind: CellType::Gland,
                        x,
                        y,
                        axes: [4.4 * size, 3.2 * size],
                        angle: angle + 0.5 * (draw.unit(5) - 0.5),
                        stain: 0.62 + 0.2 * draw.unit(6),
                        vesicular: 0.35,
                        seed: draw.bits(4),
                    }
                });
            }
        }
    }
    cells.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    cells
}

/// Random numbers of one place on a lattice.
#[derive(Debug, Clone, Copy)]
struct Draw {
    seed: u32,
    i: i32,
    j: i32,
}

impl Draw {
    fn bits(self, which: u32) -> u32 {
        hash(self.seed ^ which.wrapping_mul(0x9e37_79b9), self.i, self.j)
    }

    fn unit(self, which: u32) -> f32 {
        unit(self.bits(which))
    }
}

/// Calls `visit` at one random place in each cell of a lattice.
fn jittered(seed: u32, spacing: f32, mut visit: impl FnMut(f32, f32, Draw)) {
    let n = (SIDE_UM / spacing) as i32;
    for j in 0..n {
        for i in 0..n {
            let draw = Draw { seed, i, j };
            let x = (i as f32 + 0.12 + 0.76 * draw.unit(20)) * spacing;
            let y = (j as f32 + 0.12 + 0.76 * draw.unit(21)) * spacing;
            visit(x, y, draw);
        }
    }
}

fn scattered(anatomy: &Anatomy, seed: u32, cells: &mut Vec<Cell>) {
    jittered(seed ^ 1, 9.4, |x, y, draw| {
        let f = anatomy.fields(x, y);
        if f.tumour < 0.15 || anatomy.look(x, y, &f).kind != Kind::Nest || draw.unit(0) > 0.94 {
            return;
        }
        // Tumour nuclei are large and of many sizes, some very dark.
        let size = 0.8 + 0.5 * draw.unit(1) * draw.unit(1);
        let dark = draw.unit(2) > 0.93;
        cells.push(Cell {
            kind: CellType::Tumour,
            x,
            y,
            axes: [5.1 * size, 4.0 * size * (0.85 + 0.25 * draw.unit(3))],
            angle: TAU * draw.unit(4),
            stain: if dark { 1.05 } else { 0.6 + 0.22 * draw.unit(5) },
            vesicular: if dark { 0.0 } else { 0.8 },
            seed: draw.bits(6),
        });
    });
    jittered(seed ^ 2, 7.3, |x, y, draw| {
        let f = anatomy.fields(x, y);
        // Some lymphocytes lie among tumour and glands; most in aggregates.
        let chance = 0.97 * smoothstep(0.2, 0.7, f.lymphocytes) + 0.012 + 0.05 * f.tumour;
        if draw.unit(0) > chance || anatomy.look(x, y, &f).kind != Kind::Stroma {
            return;
        }
        let is_b = f.follicle + 0.5 * (draw.unit(1) - 0.5) > 0.0 && f.lymphocytes > 0.1;
        let size = 0.92 + 0.16 * draw.unit(2);
        let r = if is_b { 3.2 } else { 2.75 } * size;
        cells.push(Cell {
            kind: if is_b { CellType::B } else { CellType::T },
            x,
            y,
            axes: [r * 1.05, r * 0.95],
            angle: TAU * draw.unit(3),
            stain: if is_b { 0.88 } else { 1.08 } + 0.12 * draw.unit(4),
            vesicular: if is_b { 0.3 } else { 0.0 },
            seed: draw.bits(6),
        });
    });
    jittered(seed ^ 3, 19.0, |x, y, draw| {
        let f = anatomy.fields(x, y);
        let look = anatomy.look(x, y, &f);
        if look.kind != Kind::Stroma || look.eosin < 0.1 || draw.unit(0) > 0.75 * (1.0 - f.lymphocytes) {
            return;
        }
        let size = 0.8 + 0.5 * draw.unit(1);
        let thin = draw.unit(2);
        cells.push(Cell {
            kind: CellType::Fibroblast,
            x,
            y,
            axes: [7.0 * size, (1.3 + 1.0 * thin) * size],
            angle: anatomy.fibre_angle(x, y) + 0.35 * (draw.unit(3) - 0.5),
            stain: 0.62 + 0.3 * draw.unit(4),
            vesicular: 0.25 * thin,
            seed: draw.bits(6),
        });
    });
    jittered(seed ^ 4, 34.0, |x, y, draw| {
        let f = anatomy.fields(x, y);
        let kind = anatomy.look(x, y, &f).kind;
        let chance = 0.12 + 0.35 * f.tumour + 0.25 * f.lymphocytes;
        if !matches!(kind, Kind::Stroma | Kind::Lumen) || draw.unit(0) > chance {
            return;
        }
        cells.push(Cell {
            kind: CellType::Macrophage,
            x,
            y,
            axes: [4.4, 3.1],
            angle: TAU * draw.unit(3),
            stain: 0.55,
            vesicular: 0.6,
            seed: draw.bits(6),
        });
    });
    jittered(seed ^ 5, 46.0, |x, y, draw| {
        let f = anatomy.fields(x, y);
        if f.fat < 0.2 || anatomy.look(x, y, &f).kind != Kind::Fat {
            return;
        }
        // A fat cell's nucleus is pressed flat against its wall; most lie outside the plane of the cut.
        let seen = draw.unit(0) < 0.25 && anatomy.look(x, y, &f).eosin > 0.1;
        cells.push(Cell {
            kind: CellType::Fat,
            x,
            y,
            axes: if seen { [4.5, 1.6] } else { [0.0, 0.0] },
            angle: TAU * draw.unit(1),
            stain: 0.8,
            vesicular: 0.0,
            seed: draw.bits(6),
        });
    });
}
