//! How far a model's training reaches: whether a place looks like anything it was trained on.

use std::path::Path;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::tensors::{self, StoredArray};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::FileError;
use crate::core::matrix::Matrix;
use crate::preprocess::standardise::StandardFeatures;
use crate::preprocess::tissue_mask::Stain;

/// The most training spots that are kept, evenly spread over all.
const MAX_SPOTS: usize = 5_000;
/// The most numbers that are kept of them: 16 MB.
const MAX_NUMBERS: usize = 4_000_000;
/// The distance that this share of the training spots stay below is the unit.
const QUANTILE: f64 = 0.95;
/// Parts of a single section, each of which is looked at from the others.
const PARTS: usize = 4;
/// Places whose distances are computed together: small enough that cancelling is quick.
const BLOCK: usize = 64;
/// The least distance that is a unit.
const MIN_UNIT: f32 = 1e-6;

/// The file in the folder of a run.
const FILE: &str = "reach.safetensors";
/// The version of that file.
const VERSION: u32 = 1;

/// What training sections looked like.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// Standardised features of training spots: `n x d`.
    spots: Matrix,
    /// The distance to the nearest spot of another section that 95 % of the spots stay below.
    unit: f32,
    /// What slides are compared with.
    pub slides: TrainingSlides,
}

/// What the slides of the training sections have in common.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingSlides {
    /// Median micrometres per pixel.
    pub mpp: f64,
    /// The medians of their stains, where tissue was found.
    pub stain: Option<Stain>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    /// How many training spots there are.
    spots: usize,
    slides: TrainingSlides,
}

impl Reach {
    /// Learns from the spots of the sections that a model was trained on. `None` where there are too few to compare.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn learn(
        sections: &[StandardFeatures<'_>],
        slides: TrainingSlides,
        cancel: &CancelToken,
    ) -> Result<Option<Self>, Cancelled> {
        let width = sections.first().map_or(0, StandardFeatures::width);
        let total: usize = sections.iter().map(StandardFeatures::spots).sum();
        let most = MAX_SPOTS.min(MAX_NUMBERS / width.max(1)).max(1);
        let kept = total.min(most);
        let (mut values, mut groups) = (vec![0.0; kept * width], Vec::with_capacity(kept));
        let parts = match sections {
            [one] => parts_of(one),
            _ => Vec::new(),
        };
        let parts = &parts;
        let mut all = sections.iter().enumerate().flat_map(|(section, s)| {
            (0..s.spots()).map(move |spot| (s, spot, parts.get(spot).copied().unwrap_or(section)))
        });
        let mut taken = 0;
        for (row, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
            // Spot `row * total / kept` of all.
            let wanted = row * total / kept.max(1);
            let Some((section, spot, group)) = all.nth(wanted - taken) else { break };
            taken = wanted + 1;
            section.read_spot(spot, out);
            groups.push(group);
        }
        let spots = Matrix::from_vec(groups.len(), width, values).unwrap_or_default();
        let mut distances = Vec::with_capacity(spots.rows());
        let of_group = |group: usize, is: bool| -> Vec<usize> {
            (0..groups.len()).filter(|&row| (groups[row] == group) == is).collect()
        };
        let mut distinct = groups.clone();
        distinct.sort_unstable();
        distinct.dedup();
        for &group in &distinct {
            let (own, others) = (of_group(group, true), of_group(group, false));
            if others.is_empty() {
                return Ok(None);
            }
            distances.extend(nearest(&spots.select_rows(&own), &spots.select_rows(&others), cancel)?);
        }
        if distances.is_empty() {
            return Ok(None);
        }
        let at = ((distances.len() as f64 * QUANTILE).ceil() as usize).clamp(1, distances.len()) - 1;
        let (_, unit, _) = distances.select_nth_unstable_by(at, f32::total_cmp);
        let unit = unit.max(MIN_UNIT);
        Ok(Some(Self { spots, unit, slides }))
    }

    /// How far each place of a slide is from the nearest training spot; what is beyond 1 is unlike training. `None` when
    /// the features are of another encoder.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn distances(
        &self,
        features: &StandardFeatures<'_>,
        cancel: &CancelToken,
    ) -> Result<Option<Vec<f32>>, Cancelled> {
        if features.width() != self.spots.cols() {
            return Ok(None);
        }
        let mut places = Matrix::zeros(features.spots(), features.width());
        (0..features.spots()).for_each(|i| features.read_spot(i, places.row_mut(i)));
        let distances = nearest(&places, &self.spots, cancel)?;
        Ok(Some(distances.into_iter().map(|d| d / self.unit).collect()))
    }

    /// Writes it into the folder of a run.
    ///
    /// # Errors
    /// [`FileError`] naming the file.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        let arrays = vec![
            ("spots".to_owned(), StoredArray::from(&self.spots)),
            ("unit".to_owned(), StoredArray::from(&[self.unit][..])),
        ];
        let header = Header { version: VERSION, spots: self.spots.rows(), slides: self.slides };
        tensors::write(&folder.join(FILE), arrays, &header)
    }

    /// Reads what [`Reach::save`] wrote; `None` where there is nothing, as in runs of earlier versions, or what a later
    /// version wrote.
    ///
    /// # Errors
    /// [`FileError`] naming the file when it is damaged.
    pub fn load(folder: &Path) -> Result<Option<Self>, FileError> {
        let path = folder.join(FILE);
        let Some((mut arrays, header)) = tensors::read_wanted::<Header>(&path, |h| h.version == VERSION)?
        else {
            return Ok(None);
        };
        let unit = arrays.take("unit", &[1])?.first().copied().unwrap_or(0.0);
        let spots = arrays.take_matrix("spots", header.spots)?;
        if !(unit >= MIN_UNIT && unit.is_finite()) || spots.rows() == 0 {
            return Err(FileError::malformed(&path, "it is damaged; train the model again to have it"));
        }
        Ok(Some(Self { spots, unit, slides: header.slides }))
    }
}

/// The part of a section that each spot lies in, as many spots in each, from left to right.
fn parts_of(section: &StandardFeatures<'_>) -> Vec<usize> {
    let um = section.spot_um();
    let mut order: Vec<usize> = (0..um.len()).collect();
    order.sort_by(|&a, &b| um[a][0].total_cmp(&um[b][0]));
    let mut parts = vec![0; um.len()];
    for (rank, &spot) in order.iter().enumerate() {
        parts[spot] = rank * PARTS / um.len();
    }
    parts
}

/// The distance of each row of `queries` to the nearest of `keys`, both of the same width.
fn nearest(queries: &Matrix, keys: &Matrix, cancel: &CancelToken) -> Result<Vec<f32>, Cancelled> {
    let (n, width) = (keys.rows(), keys.cols());
    let square = |row: &[f32]| row.iter().map(|v| v * v).sum::<f32>();
    let squares: Vec<f32> = keys.iter_rows().map(square).collect();
    let blocks: Vec<Vec<f32>> = queries
        .as_slice()
        .par_chunks((BLOCK * width).max(1))
        .map(|block| {
            cancel.check()?;
            let rows = block.len() / width.max(1);
            let mut products = vec![0.0f32; rows * n];
            matmul(
                MatMut::from_row_major_slice_mut(&mut products, rows, n),
                Accum::Replace,
                MatRef::from_row_major_slice(block, rows, width),
                MatRef::from_row_major_slice(keys.as_slice(), n, width).transpose(),
                1.0,
                Par::Seq,
            );
            let found = block.chunks_exact(width.max(1)).zip(products.chunks_exact(n.max(1)));
            Ok(found
                .map(|(query, products)| {
                    let own = square(query);
                    let least = squares.iter().zip(products).map(|(s, p)| own + s - 2.0 * p);
                    least.fold(f32::INFINITY, f32::min).max(0.0).sqrt()
                })
                .collect())
        })
        .collect::<Result<_, Cancelled>>()?;
    Ok(blocks.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::standardise::standardise;
    use crate::preprocess::standardise::tests::random_features;

    const SLIDES: TrainingSlides = TrainingSlides { mpp: 0.5, stain: None };

    #[test]
    fn distances_are_those_to_the_nearest() {
        let keys = Matrix::from_fn(70, 3, |r, c| ((r * 7 + c * 5) % 11) as f32);
        let queries = Matrix::from_fn(150, 3, |r, c| ((r * 3 + c) % 13) as f32 + 0.25);
        let found = nearest(&queries, &keys, &CancelToken::new()).unwrap();
        for (query, found) in queries.iter_rows().zip(&found) {
            let distance = |k: &[f32]| k.iter().zip(query).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
            let expected = keys.iter_rows().map(distance).fold(f32::INFINITY, f32::min);
            assert!((found - expected).abs() < 1e-3, "{found} instead of {expected}");
        }
    }

    #[test]
    fn most_training_spots_are_within_and_others_beyond() {
        let features: Vec<_> = (0..3).map(|s| random_features(s, 60, 4, 5)).collect();
        let sections: Vec<_> = features.iter().map(|f| standardise(f, 9).unwrap()).collect();
        let cancel = CancelToken::new();
        let reach = Reach::learn(&sections, SLIDES, &cancel).unwrap().unwrap();
        assert_eq!(reach.spots.rows(), 180);
        let mut strange = random_features(9, 60, 4, 5);
        // One place looks like none.
        strange.spot.row_mut(7).fill(60.0);
        let distances = reach.distances(&standardise(&strange, 9).unwrap(), &cancel).unwrap().unwrap();
        let beyond = distances.iter().filter(|&&d| d > 1.0).count();
        assert!(distances[7] > 1.5 && beyond <= 12, "{beyond} beyond, {}", distances[7]);
        let narrow = random_features(1, 9, 3, 2);
        assert_eq!(reach.distances(&standardise(&narrow, 9).unwrap(), &cancel).unwrap(), None);

        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Reach::load(dir.path()).unwrap(), None);
        reach.save(dir.path()).unwrap();
        assert_eq!(Reach::load(dir.path()).unwrap(), Some(reach));
        let path = dir.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(Reach::load(dir.path()).unwrap_err().to_string().contains(FILE));
    }

    #[test]
    fn a_single_section_is_compared_part_by_part() {
        let features = random_features(1, 60, 4, 5);
        let cancel = CancelToken::new();
        let one = standardise(&features, 9).unwrap();
        assert!(Reach::learn(std::slice::from_ref(&one), SLIDES, &cancel).unwrap().unwrap().unit > 0.0);
        assert_eq!(Reach::learn(&[], SLIDES, &cancel).unwrap(), None);
        let lone = random_features(1, 1, 4, 5);
        assert_eq!(Reach::learn(&[standardise(&lone, 9).unwrap()], SLIDES, &cancel).unwrap(), None);
    }
}
