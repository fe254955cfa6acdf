//! Image features of one section at the three levels the model fuses: the spot, its neighbourhood, and
//! landmarks of the whole section.
//!
//! Every token is described at two scales, one after the other: the encoder's own field, and a field
//! [`CONTEXT_SCALE`] times as wide around the same centre at that many times coarser resolution.
//!
//! Patches off the spots lie on one lattice over the section, one patch apart, and are encoded once. The
//! tokens of a spot's neighbourhood are interpolated between the lattice patches around them when they are
//! read, and landmarks are pooled from them. So time and memory grow with spots and tissue, not with 25
//! patches a spot, which is what makes half a million bins possible.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::lattice::Lattice;
use super::neighbourhood::Neighbourhood;
use super::neighbours::nearest;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::encoder::{EncoderError, PatchEncoder};
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Matrix;
use crate::core::progress::{Progress, Task};
use crate::data::slide::{Slide, SlideError};

/// Side of the neighbourhood grid in patches.
pub const NEIGHBOURHOOD_SIDE: usize = 5;
/// Patches in the neighbourhood grid of one spot.
pub const NEIGHBOURHOOD: usize = NEIGHBOURHOOD_SIDE * NEIGHBOURHOOD_SIDE;
/// The patch of the neighbourhood grid that is the spot itself.
pub const NEIGHBOURHOOD_CENTER: usize = NEIGHBOURHOOD / 2;
/// The most landmarks a section has, so that cost stays linear in spots.
pub const MAX_LANDMARKS: usize = 1024;
/// How much wider and coarser the second field of every token is.
pub const CONTEXT_SCALE: f64 = 3.0;

/// Names what this module does with patches; part of the key under which features are cached.
pub(super) const VERSION: &str = "lattice-3";
/// How far a lattice reaches beyond the spots, in patches: half a grid, and one more to interpolate from.
const MARGIN: usize = NEIGHBOURHOOD_SIDE / 2 + 1;

/// Features of one section, `d` numbers each, as the encoder gave them (not standardised): `d / 2` of the
/// patch, then `d / 2` of its context.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionFeatures {
    /// The patch centred on each spot: `n x d`.
    pub spot: Matrix,
    /// The patches of each spot's neighbourhood grid, interpolated when they are read.
    pub neighbourhood: Neighbourhood,
    /// Features pooled on a coarse tissue grid: `m x d`, `1 <= m <= MAX_LANDMARKS` unless there are no spots.
    pub landmarks: Matrix,
    /// Where each landmark lies, micrometres from the slide's top left corner: `m`.
    pub landmark_um: Vec<[f32; 2]>,
    /// Where each spot lies, micrometres from the slide's top left corner: `n`.
    pub spot_um: Vec<[f32; 2]>,
}

impl SectionFeatures {
    /// Features of each patch that was encoded, `d` numbers each, by where it lies.
    fn patches(&self) -> HashMap<[u64; 2], &[f32]> {
        let near = &self.neighbourhood;
        let nodes = near.lattice().tissue().iter().map(|&node| near.lattice().center(node));
        let nodes = nodes.zip(near.nodes().iter_rows());
        let spots = near.centers().iter().copied().zip(self.spot.iter_rows());
        spots.chain(nodes).map(|(center, row)| (place(center), row)).collect()
    }
}

/// A place to look up: the same only where both coordinates are the same to the last bit.
fn place(at: SlidePoint) -> [u64; 2] {
    [at.x.to_bits(), at.y.to_bits()]
}

/// Image features could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// The slide cannot be read.
    #[error(transparent)]
    Slide(SlideError),
    /// The encoder cannot be run.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<SlideError> for FeatureError {
    fn from(error: SlideError) -> Self {
        match error {
            SlideError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Slide(other),
        }
    }
}

/// Features of the spots at `centers`. Only what lies around spots counts as the section; labels, other
/// sections and insets elsewhere on the slide do not.
///
/// `known` are features of other spots on the same slide, from the same encoder at the same `mpp`. Patches that lie at
/// the same places are taken from there, so that a few more or fewer spots cost little.
///
/// # Errors
/// [`FeatureError`] when the slide cannot be read or the encoder not be run, or when cancelled.
pub fn compute(
    slide: &Slide,
    centers: &[SlidePoint],
    mpp: Mpp,
    encoder: &dyn PatchEncoder,
    known: Option<&SectionFeatures>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<SectionFeatures, FeatureError> {
    let side_um = encoder.mpp() * encoder.patch_size() as f64;
    let lattice = Lattice::around_spots(slide, centers, mpp, side_um, MARGIN, cancel)?;
    let nodes: Vec<SlidePoint> = lattice.tissue().iter().map(|&node| lattice.center(node)).collect();
    // Spots and nodes are read together, at both scales, so that each tile of the slide is decoded about once.
    let all = [centers, nodes.as_slice()].concat();
    let known = known.filter(|k| k.spot.cols() == 2 * encoder.width());
    let known = known.map(SectionFeatures::patches).unwrap_or_default();
    let new: Vec<SlidePoint> = all.iter().copied().filter(|&c| !known.contains_key(&place(c))).collect();
    let total = new.len() as u64 * 2;
    encoder.prepare(progress, cancel)?;
    let mut done = 0;
    let encoded = |count| {
        done += count;
        progress.report(&Task::ImageFeatures.into(), done, total);
    };
    let encoded = encode(slide, &new, mpp, &[1.0, CONTEXT_SCALE], encoder, encoded, cancel)?;
    let mut features = Matrix::zeros(all.len(), encoded.cols());
    let mut encoded = encoded.iter_rows();
    for (i, &center) in all.iter().enumerate() {
        if let Some(row) = known.get(&place(center)).copied().or_else(|| encoded.next()) {
            features.row_mut(i).copy_from_slice(row);
        }
    }
    let rows = |range: Range<usize>| features.select_rows(&range.collect::<Vec<_>>());
    let (spot, node_features) = (rows(0..centers.len()), rows(centers.len()..all.len()));

    let um = |p: SlidePoint| p.to_um(mpp).map(|v| v as f32);
    let spot_um: Vec<[f32; 2]> = centers.iter().map(|&c| um(c)).collect();
    let (landmarks, landmark_um) = pool(&lattice, &node_features, um);
    let (landmarks, landmark_um) = if landmarks.rows() == 0 && spot.rows() > 0 {
        // Nothing around the spots looks like tissue; the spots themselves are all there is.
        (mean_row(&spot), vec![mean_position(&spot_um)])
    } else {
        (landmarks, landmark_um)
    };
    let neighbourhood = Neighbourhood::of_rows(lattice, centers.to_vec(), node_features);
    Ok(SectionFeatures { spot, neighbourhood, landmarks, landmark_um, spot_um })
}

/// About how many patches [`compute`] encodes for spots at `centers` on a slide of `size` pixels, both scales
/// together, told without reading the slide. `field_um` is the side of a patch in micrometres. Spots cover the
/// tissue, so lattice positions count that have a spot as near as spots have each other.
pub fn expected_patches(size: (u32, u32), centers: &[SlidePoint], mpp: Mpp, field_um: f64) -> u64 {
    let finite: Vec<SlidePoint> =
        centers.iter().copied().filter(|c| c.x.is_finite() && c.y.is_finite()).collect();
    let lattice = Lattice::without_tissue(size, &finite, mpp, field_um, MARGIN);
    let reach = (spacing(&finite) / lattice.step()).max(1.0);
    let range = |at: f64, count: usize| {
        let (first, last) = ((at - reach).ceil().max(0.0), (at + reach).floor());
        first as usize..if last < 0.0 { 0 } else { (last as usize).saturating_add(1).min(count) }
    };
    let (columns, rows) = lattice.size();
    let mut near = vec![false; lattice.node_count()];
    for &center in &finite {
        let (x, y) = lattice.place(center);
        for row in range(y, rows) {
            for column in range(x, columns) {
                if (column as f64 - x).hypot(row as f64 - y) <= reach {
                    near[row * columns + column] = true;
                }
            }
        }
    }
    (centers.len() + near.iter().filter(|&&n| n).count()) as u64 * 2
}

/// The distance that most spots have to the nearest other, in slide pixels; 0 where there is only one.
fn spacing(centers: &[SlidePoint]) -> f64 {
    let at: Vec<[f32; 2]> = centers.iter().map(|c| [c.x as f32, c.y as f32]).collect();
    let mut distances: Vec<f64> = nearest(&at, 1)
        .iter()
        .zip(centers)
        .filter_map(|(near, c)| {
            let other = centers.get(*near.first()? as usize)?;
            Some((other.x - c.x).hypot(other.y - c.y))
        })
        .collect();
    distances.sort_by(f64::total_cmp);
    distances.get(distances.len() / 2).copied().unwrap_or(0.0)
}

/// Reads and encodes the patches at `centers`, each of `scales` times as wide and coarse as the encoder's own: `n x
/// scales * width`, one scale after the other. `encoded` is told the number of patches after each batch; cancelling is
/// looked for between them.
///
/// # Errors
/// [`FeatureError`] when the slide cannot be read or the encoder not be run, or when cancelled.
pub(super) fn encode(
    slide: &Slide,
    centers: &[SlidePoint],
    mpp: Mpp,
    scales: &[f64],
    encoder: &dyn PatchEncoder,
    mut encoded: impl FnMut(u64),
    cancel: &CancelToken,
) -> Result<Matrix, FeatureError> {
    let width = encoder.width();
    let mut all = Matrix::zeros(centers.len(), scales.len() * width);
    let size = encoder.patch_size();
    let order = slide.reading_order(centers, encoder.mpp() / mpp.0);
    for batch in order.chunks(encoder.batch().max(1)) {
        for (scale, offset) in scales.iter().zip((0..).step_by(width.max(1))) {
            cancel.check()?;
            let patch = |&i: &usize| slide.read_patch(centers[i], mpp, encoder.mpp() * scale, size);
            let patches: Vec<_> = batch.par_iter().map(patch).collect::<Result<_, _>>()?;
            for (&row, values) in batch.iter().zip(&encoder.encode(&patches)?) {
                all.row_mut(row)[offset..].iter_mut().zip(values).for_each(|(o, &v)| *o = v);
            }
            encoded(batch.len() as u64);
        }
    }
    Ok(all)
}

/// Means of the tissue nodes in square cells, `m x d`, and the mean position of those nodes.
fn pool(
    lattice: &Lattice,
    features: &Matrix,
    um: impl Fn(SlidePoint) -> [f32; 2],
) -> (Matrix, Vec<[f32; 2]>) {
    let cells = lattice.cells(MAX_LANDMARKS);
    let mut landmarks = Matrix::zeros(cells.len(), features.cols());
    let mut positions = Vec::with_capacity(cells.len());
    for (i, rows) in cells.into_iter().enumerate() {
        let mean = mean_row(&features.select_rows(&rows));
        landmarks.row_mut(i).copy_from_slice(mean.row(0));
        let nodes = rows.iter().filter_map(|&r| lattice.tissue().get(r));
        let at: Vec<[f32; 2]> = nodes.map(|&node| um(lattice.center(node))).collect();
        positions.push(mean_position(&at));
    }
    (landmarks, positions)
}

/// The mean of the rows, as a matrix of one row.
fn mean_row(matrix: &Matrix) -> Matrix {
    let mut mean = Matrix::zeros(1, matrix.cols());
    let n = matrix.rows().max(1) as f32;
    for row in matrix.iter_rows() {
        mean.as_mut_slice().iter_mut().zip(row).for_each(|(m, &v)| *m += v / n);
    }
    mean
}

fn mean_position(positions: &[[f32; 2]]) -> [f32; 2] {
    let n = positions.len().max(1) as f32;
    positions.iter().fold([0.0; 2], |[x, y], p| [x + p[0] / n, y + p[1] / n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::encoder::RgbPatch;
    use crate::core::progress::Silent;
    use crate::data::slide::RgbImage;

    /// Describes a patch by its mean red and green.
    struct MeanColor;

    impl PatchEncoder for MeanColor {
        fn id(&self) -> String {
            "mean-color".into()
        }
        fn mpp(&self) -> f64 {
            1.0
        }
        fn patch_size(&self) -> usize {
            20
        }
        fn width(&self) -> usize {
            2
        }
        fn encode(&self, patches: &[RgbPatch]) -> Result<Vec<Vec<f32>>, EncoderError> {
            let mean = |p: &RgbPatch, c: usize| {
                p.rgb.chunks_exact(3).map(|v| f32::from(v[c])).sum::<f32>() / (p.size * p.size) as f32
            };
            Ok(patches.iter().map(|p| vec![mean(p, 0), mean(p, 1)]).collect())
        }
    }

    /// 400 x 400 with tissue in the left half, whose red is x / 4 and green is y / 4; glass to the right.
    fn slide() -> Slide {
        let color =
            |x: u32, y: u32| if x < 200 { [(x / 4) as u8, (y / 4) as u8, 120] } else { [240, 235, 240] };
        let rgb = (0..400).flat_map(|y| (0..400).flat_map(move |x| color(x, y))).collect();
        Slide::from_image("s", RgbImage { width: 400, height: 400, rgb }).unwrap()
    }

    fn features(centers: &[SlidePoint]) -> SectionFeatures {
        compute(&slide(), centers, Mpp(1.0), &MeanColor, None, &Silent, &CancelToken::new()).unwrap()
    }

    #[test]
    fn three_levels_lie_where_they_should() {
        let centers = [SlidePoint::new(100.0, 200.0), SlidePoint::new(190.0, 10.0)];
        let f = features(&centers);
        assert_eq!((f.spot.rows(), f.spot.cols(), f.neighbourhood.centers().len()), (2, 4, 2));
        assert_eq!(f.spot_um, [[100.0, 200.0], [190.0, 10.0]]);
        // Red is x / 4 in the patch and in its context, both centred on x = 100 (less half a step of 4 px).
        for (value, expected) in f.spot.row(0).iter().zip([24.5, 49.5, 24.5, 49.5]) {
            assert!((value - expected).abs() < 0.5, "{value} instead of {expected}");
        }
        for j in 0..NEIGHBOURHOOD {
            let (x, y) = (100.0 + (j % 5) as f32 * 20.0 - 40.0, 200.0 + (j / 5) as f32 * 20.0 - 40.0);
            let mut row = [0.0; 4];
            let on_tissue = f.neighbourhood.read(0, j, f.spot.row(0), &mut row);
            assert!(on_tissue, "all patches of the first spot are tissue");
            assert!((row[0] - (x - 1.5) / 4.0).abs() < 1.0, "{} at {x}", row[0]);
            assert!((row[1] - (y - 1.5) / 4.0).abs() < 1.0, "{} at {y}", row[1]);
        }
        // The second spot: glass from 210 on, no slide above 0.
        let second = |j: usize| f.neighbourhood.on_tissue(1, j);
        assert!(second(NEIGHBOURHOOD_CENTER) && second(11) && second(16));
        assert!(!second(13) && !second(14) && !second(2) && !second(0));
        assert!(f.landmarks.rows() > 4 && f.landmarks.rows() == f.landmark_um.len());
        for (row, um) in f.landmarks.iter_rows().zip(&f.landmark_um) {
            assert!(um[0] < 210.0, "a landmark on glass at {um:?}");
            if um[0] < 180.0 {
                assert!((row[0] - (um[0] - 1.5) / 4.0).abs() < 2.0, "{} at {um:?}", row[0]);
            }
        }
    }

    #[test]
    fn without_tissue_or_spots_shapes_still_hold() {
        let f = features(&[SlidePoint::new(350.0, 350.0), SlidePoint::new(9999.0, f64::NAN)]);
        assert_eq!((f.landmarks.rows(), f.landmark_um.len()), (1, 1));
        assert_eq!(f.neighbourhood.tissue_tokens(), 2);
        let none = features(&[]);
        assert_eq!((none.spot.rows(), none.neighbourhood.centers().len(), none.landmarks.rows()), (0, 0, 0));
    }

    #[test]
    fn patches_are_counted_beforehand() {
        // 9 x 18 spots on the tissue of the left half, 20 px apart: the lattice has 10 x 20 positions there.
        let spots: Vec<SlidePoint> = (0..162)
            .map(|i| SlidePoint::new(f64::from(i % 9) * 20.0 + 20.0, f64::from(i / 9) * 20.0 + 30.0))
            .collect();
        let lattice =
            Lattice::around_spots(&slide(), &spots, Mpp(1.0), 20.0, MARGIN, &CancelToken::new()).unwrap();
        let exact = (spots.len() + lattice.tissue().len()) as f64 * 2.0;
        let told = expected_patches((400, 400), &spots, Mpp(1.0), 20.0) as f64;
        assert!((told / exact - 1.0).abs() < 0.2, "{told} told, {exact} there");
        let odd = [SlidePoint::new(f64::NAN, 3.0), SlidePoint::new(-900.0, 1e9)];
        assert!(expected_patches((400, 400), &odd, Mpp(1.0), 20.0) >= 4);
        assert_eq!(expected_patches((400, 400), &[], Mpp(1.0), 20.0), 0);
    }

    #[test]
    fn cancelling_ends_the_work() {
        let cancel = CancelToken::new();
        cancel.cancel();
        let spots = [SlidePoint::new(100.0, 100.0)];
        let outcome = compute(&slide(), &spots, Mpp(1.0), &MeanColor, None, &Silent, &cancel);
        assert!(matches!(outcome, Err(FeatureError::Cancelled(Cancelled))), "{outcome:?}");
    }

    #[test]
    fn a_damaged_tile_is_an_error_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide.svs");
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/slides");
        let sound = std::fs::read(fixtures.join("tiled_adobe_deflate.tif")).unwrap();
        let centers = [SlidePoint::new(100.0, 100.0), SlidePoint::new(200.0, 150.0)];
        let compute_on = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let slide = Slide::open(&path, &Silent, &CancelToken::new()).unwrap();
            compute(&slide, &centers, Mpp(1.0), &MeanColor, None, &Silent, &CancelToken::new())
        };
        assert_eq!(compute_on(&sound).unwrap().spot.rows(), 2);
        // Packed data begin so; the directories are left as they are.
        let mut damaged = sound.clone();
        let starts =
            sound.windows(2).enumerate().filter(|(_, w)| matches!(w, [0x78, 0x9C | 0xDA | 0x01 | 0x5E]));
        starts.for_each(|(at, _)| damaged[at] = 0);
        let error = compute_on(&damaged).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, FeatureError::Slide(SlideError::Tile { .. })), "{text}");
        assert!(text.contains("slide.svs: the tile at column ") && text.contains(" of level "), "{text}");
    }
}
