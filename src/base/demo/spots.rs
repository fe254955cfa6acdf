//! What an array under the section would have measured: spots, their tissue, and counts.

use rand::Rng;
use rand_distr::{Distribution, Gamma, LogNormal, Normal, Poisson};

use super::anatomy::{Anatomy, Kind};
use super::cells::{Cell, CellType, TYPES};
use super::genes::DemoGene;
use super::patient::Patient;
use super::regions::SIDE_UM;
use crate::core::rng;

/// Between the centres of neighbouring spots, as in legacy ST arrays.
const PITCH_UM: f32 = 200.0;
/// Radius of a spot.
const RADIUS_UM: f32 = 50.0;
/// Array coordinates of the first column and row.
const FIRST: (u32, u32) = (9, 11);
/// Counts of a spot of average depth, relative to the strengths of the genes.
const DEPTH: f32 = 1.0;

/// A spot of the array.
#[derive(Debug, Clone)]
pub(super) struct DemoSpot {
    /// Array coordinates.
    pub(super) column: u32,
    pub(super) row: u32,
    /// Centre in micrometres.
    pub(super) x: f32,
    pub(super) y: f32,
    /// What most of it is; none where it is not on tissue.
    pub(super) label: Option<&'static str>,
    /// How much RNA the cells of each kind in it hold.
    pub(super) rna: [f32; TYPES],
}

/// RNA of a cell of each kind, in the order of [`CellType`]; fibroblasts stand for the fibres around them.
const RNA: [f32; TYPES] = [1.6, 1.7, 2.6, 0.45, 0.4, 2.2, 6.0, 1.8];

/// The spots of the array in the order of their rows.
pub(super) fn lattice(anatomy: &Anatomy, cells: &[Cell], seed: u64) -> Vec<DemoSpot> {
    let mut rng = rng::stream(seed, "demo spots", 0);
    let mut jitter = |scale: f32| Normal::new(0.0, scale).map_or(0.0, |d| d.sample(&mut rng));
    let (shift_x, shift_y) = (jitter(12.0), jitter(12.0));
    let n = (SIDE_UM / PITCH_UM) as u32;
    let mut spots = Vec::new();
    for (i, j) in (0..n).flat_map(|j| (0..n).map(move |i| (i, j))) {
        let center = |k: u32, shift: f32| (k as f32 + 0.5) * PITCH_UM + shift.clamp(-30.0, 30.0);
        let (x, y) = (center(i, shift_x) + jitter(2.5), center(j, shift_y) + jitter(2.5));
        spots.push(DemoSpot {
            column: FIRST.0 + i,
            row: FIRST.1 + j,
            x,
            y,
            label: label(anatomy, x, y),
            rna: rna(cells, x, y),
        });
    }
    spots
}

/// RNA of the cells within a spot; `cells` are sorted from top to bottom.
fn rna(cells: &[Cell], x: f32, y: f32) -> [f32; TYPES] {
    let mut sum = [0.0; TYPES];
    let begin = cells.partition_point(|c| c.y < y - RADIUS_UM);
    for cell in cells.iter().skip(begin).take_while(|c| c.y <= y + RADIUS_UM) {
        if (cell.x - x).hypot(cell.y - y) <= RADIUS_UM {
            let kind = cell.kind as usize;
            if let (Some(s), Some(amount)) = (sum.get_mut(kind), RNA.get(kind)) {
                *s += amount;
            }
        }
    }
    sum
}

/// What a pathologist would call the spot, in the words of the her2st labels.
fn label(anatomy: &Anatomy, x: f32, y: f32) -> Option<&'static str> {
    let (mut glass, mut fat, mut stroma, mut tumour, mut glands, mut immune) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut all = 0.0f32;
    for (i, j) in (-6i8..=6).flat_map(|j| (-6i8..=6).map(move |i| (i, j))) {
        let (dx, dy) = (f32::from(i) / 6.0 * RADIUS_UM, f32::from(j) / 6.0 * RADIUS_UM);
        if dx.hypot(dy) > RADIUS_UM {
            continue;
        }
        let (px, py) = ((x + dx).max(0.0), (y + dy).max(0.0));
        let f = anatomy.fields(px, py);
        all += 1.0;
        match anatomy.look(px, py, &f).kind {
            Kind::Glass => glass += 1.0,
            Kind::Fat => fat += 1.0,
            Kind::Nest => tumour += 1.3,
            Kind::Gland => glands += 1.6,
            Kind::Lumen if f.glands > f.tumour => glands += 1.0,
            Kind::Lumen => tumour += 1.0,
            Kind::Stroma | Kind::VesselWall | Kind::Blood => {
                immune += f.lymphocytes * 1.2;
                stroma += 1.0 - f.lymphocytes;
            }
        }
    }
    if glass > 0.4 * all {
        return None;
    }
    let names = [
        ("invasive cancer", tumour),
        ("breast glands", glands),
        ("immune infiltrate", immune),
        ("adipose tissue", fat),
        ("connective tissue", stroma),
    ];
    names.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name)
}

/// Effects of the donor on each gene: genetics, and the day in the laboratory.
pub(super) fn batch(genes: &[DemoGene], patient: &Patient, seed: u64, patient_number: u64) -> Vec<f32> {
    let mut rng = rng::stream(seed, "demo batch", patient_number);
    genes
        .iter()
        .map(|g| {
            let own = log_normal(0.3, &mut rng);
            if g.is_amplified { own * patient.her2 } else { own }
        })
        .collect()
}

fn log_normal(sigma: f32, rng: &mut impl Rng) -> f32 {
    LogNormal::new(0.0, sigma).map_or(1.0, |d| d.sample(rng))
}

/// Counts of every gene in a spot on tissue: negative binomial around what its cells express, with a depth of
/// its own, so that weak genes are often missed.
pub(super) fn counts(spot: &DemoSpot, genes: &[DemoGene], batch: &[f32], seed: u64, number: u64) -> Vec<u32> {
    let mut rng = rng::stream(seed, "demo counts", number);
    let total: f32 = spot.rna.iter().sum();
    // A spot with many cells is deeper, but not in proportion: capture saturates.
    let depth = DEPTH * ((total + 2.0) / 50.0).powf(0.6).min(2.0) * log_normal(0.4, &mut rng);
    genes
        .iter()
        .zip(batch)
        .map(|(gene, batch)| {
            let expressed: f32 = gene.by_type.iter().zip(&spot.rna).map(|(g, r)| g * r).sum();
            let noise = if gene.is_noise { log_normal(0.9, &mut rng) } else { 1.0 };
            let mean = depth * batch * noise * expressed / total.max(1.0);
            draw(mean, &mut rng)
        })
        .collect()
}

/// Negative binomial with a variance of `mean + mean² / 6`, as a Poisson count of a gamma-distributed rate.
fn draw(mean: f32, rng: &mut impl Rng) -> u32 {
    const SHAPE: f32 = 6.0;
    let rate = Gamma::new(SHAPE, mean / SHAPE).map_or(0.0, |d| d.sample(rng));
    Poisson::new(rate).map_or(0, |d| d.sample(rng) as u32)
}

/// The kinds of cells whose nuclei are drawn and counted exist once each in [`RNA`].
const _: () = assert!(CellType::Macrophage as usize + 1 == TYPES);
