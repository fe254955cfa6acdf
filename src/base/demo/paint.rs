//! Paints a made-up section as a scanner would see it: dyes add up as optical density, then a little blur
//! and noise. Strips are painted independently of each other.

use rayon::prelude::*;

use super::anatomy::{Anatomy, Kind};
use super::cells::Cell;
use super::noise::{hash, smoothstep, unit, value};
use super::patient::Patient;
use super::regions::SIDE_UM;

/// Micrometres per pixel.
pub(super) const MPP: f32 = 1.0;
/// Side of the slide image in pixels.
pub(super) const SIDE_PX: usize = (SIDE_UM / MPP) as usize;
/// Rows of a strip.
const STRIP: usize = 120;
/// Number of strips of an image.
pub(super) const STRIPS: usize = SIDE_PX.div_ceil(STRIP);
/// No nucleus reaches farther from its centre, in micrometres.
const REACH: f32 = 14.0;

/// The dyes at the pixels of a strip and of one more row above and below.
struct Dyes {
    first_row: isize,
    rows: usize,
    hematoxylin: Vec<f32>,
    eosin: Vec<f32>,
}

/// The slide image, row-major RGB; `None` when `go_on` said no before a strip.
pub(super) fn paint(
    anatomy: &Anatomy,
    cells: &[Cell],
    patient: &Patient,
    seed: u32,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<u8>> {
    let mut rgb = vec![0; SIDE_PX * SIDE_PX * 3];
    let painted = rgb.par_chunks_mut(STRIP * SIDE_PX * 3).enumerate().try_for_each(|(s, strip)| {
        go_on().then(|| paint_strip(anatomy, cells, patient, seed, s * STRIP, strip))
    });
    painted.map(|()| rgb)
}

fn paint_strip(
    anatomy: &Anatomy,
    cells: &[Cell],
    patient: &Patient,
    seed: u32,
    first: usize,
    out: &mut [u8],
) {
    let rows = out.len() / (SIDE_PX * 3);
    let mut dyes = Dyes {
        first_row: first.cast_signed() - 1,
        rows: rows + 2,
        hematoxylin: vec![0.0; (rows + 2) * SIDE_PX],
        eosin: vec![0.0; (rows + 2) * SIDE_PX],
    };
    dyes.tissue(anatomy);
    let top = dyes.first_row as f32 * MPP - REACH;
    let bottom = (first + rows + 1) as f32 * MPP + REACH;
    let begin = cells.partition_point(|c| c.y < top);
    for cell in cells.iter().skip(begin).take_while(|c| c.y <= bottom) {
        dyes.nucleus(cell);
    }
    let develop = Develop::new(patient);
    for (r, row) in out.chunks_exact_mut(SIDE_PX * 3).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (h, e) = (blurred(&dyes.hematoxylin, r + 1, x), blurred(&dyes.eosin, r + 1, x));
            let bits = hash(seed, x as i32, (first + r) as i32);
            *pixel = develop.pixel(h, e, bits);
        }
    }
}

impl Dyes {
    fn tissue(&mut self, anatomy: &Anatomy) {
        for r in 0..self.rows {
            let y = (self.first_row as f32 + r as f32 + 0.5) * MPP;
            let line = anatomy.line(y);
            let row = r * SIDE_PX..(r + 1) * SIDE_PX;
            let (Some(hematoxylin), Some(eosin)) =
                (self.hematoxylin.get_mut(row.clone()), self.eosin.get_mut(row))
            else {
                continue;
            };
            for (i, (h, e)) in hematoxylin.iter_mut().zip(eosin).enumerate() {
                let x = (i as f32 + 0.5) * MPP;
                let matter = anatomy.look(x, y.max(0.0), &Anatomy::along(&line, x));
                if matter.kind != Kind::Glass {
                    (*h, *e) = (matter.hematoxylin, matter.eosin);
                }
            }
        }
    }

    fn nucleus(&mut self, cell: &Cell) {
        let [a, b] = cell.axes.map(|v| v / MPP);
        if a <= 0.0 || b <= 0.0 {
            return;
        }
        let (cx, cy) = (cell.x / MPP - 0.5, cell.y / MPP - 0.5 - self.first_row as f32);
        let (sin, cos) = cell.angle.sin_cos();
        let reach = a + 1.5;
        let from = |c: f32| (c - reach).ceil().max(0.0) as usize;
        let to = |c: f32, most: usize| (((c + reach).floor().max(-1.0) + 1.0) as usize).min(most);
        for y in from(cy)..to(cy, self.rows) {
            for x in from(cx)..to(cx, SIDE_PX) {
                let (dx, dy) = (x as f32 - cx, y as f32 - cy);
                let (u, v) = ((dx * cos + dy * sin) / a, (dy * cos - dx * sin) / b);
                let lump = 0.1 * value(cell.seed, 1.7 * u, 1.7 * v);
                let d = (u * u + v * v).sqrt() + lump;
                // Within a pixel of its edge the nucleus fades.
                let soft = 0.7 / b;
                let cover = 1.0 - smoothstep(1.0 - soft, 1.0 + soft, d);
                if cover <= 0.0 {
                    continue;
                }
                let at = y * SIDE_PX + x;
                let (Some(h), Some(e)) = (self.hematoxylin.get_mut(at), self.eosin.get_mut(at)) else {
                    continue;
                };
                let chromatin = value(cell.seed ^ 0x55, dx * MPP / 1.6, dy * MPP / 1.6);
                let rim = 0.75 + 0.3 * smoothstep(0.5, 0.95, d) + 0.16 * chromatin;
                let nucleolus = if (u - 0.15).hypot(v + 0.1) * b < 1.0 { 0.45 } else { 0.0 };
                let tone = 1.0 + cell.vesicular * (rim + nucleolus - 1.0) + 0.06 * chromatin;
                *h = h.max(*h + (cell.stain * tone - *h) * cover);
                *e *= 1.0 - 0.45 * cover;
            }
        }
    }
}

/// Weighted mean over 3 x 3 pixels: the blur of the optics.
fn blurred(plane: &[f32], row: usize, x: usize) -> f32 {
    let at = |r: usize, c: usize| plane.get(r * SIDE_PX + c).copied().unwrap_or(0.0);
    let line =
        |r: usize| 0.2 * at(r, x.saturating_sub(1)) + 0.6 * at(r, x) + 0.2 * at(r, (x + 1).min(SIDE_PX - 1));
    0.2 * line(row - 1) + 0.6 * line(row) + 0.2 * line(row + 1)
}

/// From dyes to colours.
struct Develop<'a> {
    patient: &'a Patient,
    /// exp(-density) at every 128th.
    light: Vec<f32>,
}

impl<'a> Develop<'a> {
    fn new(patient: &'a Patient) -> Self {
        Self { patient, light: (0..1024).map(|i| (-(i as f32) / 128.0).exp()).collect() }
    }

    fn pixel(&self, hematoxylin: f32, eosin: f32, bits: u32) -> [u8; 3] {
        // The sensor's noise: the sum of three uniform numbers is close enough to normal.
        let noise = |shift: u32| {
            let part = |s: u32| unit((bits.rotate_left(shift + s)) << 8);
            (part(0) + part(5) + part(11) - 1.5) * 5.0
        };
        let channel = |c: usize, shift: u32| {
            let of = |v: &[f32; 3]| v.get(c).copied().unwrap_or(0.0);
            let density = hematoxylin * of(&self.patient.hematoxylin) + eosin * of(&self.patient.eosin);
            let light = self.light.get((density * 128.0) as usize).copied().unwrap_or(0.0);
            (of(&self.patient.glass) * light + noise(shift)) as u8
        };
        [channel(0, 0), channel(1, 9), channel(2, 19)]
    }
}
