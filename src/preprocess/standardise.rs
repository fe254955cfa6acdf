//! Features of a section brought to mean 0 and standard deviation 1 within the section, which takes out
//! differences of stain and scanner between sections.

use crate::core::matrix::Matrix;
use crate::preprocess::features::{NEIGHBOURHOOD, SectionFeatures};

/// Standardised features are cut off here: patches with folds or ink should not shout.
const LIMIT: f32 = 5.0;

/// A section's features as the network reads them. Spots and patches are standardised as they are read: a
/// second copy of a large section's patches would not fit in memory beside the first.
#[derive(Debug, Clone)]
pub struct StandardFeatures<'a> {
    features: &'a SectionFeatures,
    scale: Scale,
    landmarks: Matrix,
    landmark_um: Vec<[f32; 2]>,
}

impl StandardFeatures<'_> {
    /// Length of a patch's features.
    pub fn width(&self) -> usize {
        self.features.spot.cols()
    }

    /// Number of spots.
    pub fn spots(&self) -> usize {
        self.features.spot.rows()
    }

    /// Where each spot lies, in micrometres.
    pub fn spot_um(&self) -> &[[f32; 2]] {
        &self.features.spot_um
    }

    /// Standardised features of the landmarks: `m x width`.
    pub fn landmarks(&self) -> &Matrix {
        &self.landmarks
    }

    /// Where each landmark lies, in micrometres: `m`.
    pub fn landmark_um(&self) -> &[[f32; 2]] {
        &self.landmark_um
    }

    /// Appends the features of a spot to `out`. Panics when there is no such spot.
    pub fn read_spot(&self, spot: usize, out: &mut Vec<f32>) {
        self.scale.read(self.features.spot.row(spot), out);
    }

    /// Appends the features of a spot's neighbourhood patches to `out`, 0 where masked, and to `mask` 1 for
    /// each that shows tissue, else 0. Panics when there is no such spot.
    pub fn read_neighbourhood(&self, spot: usize, out: &mut Vec<f32>, mask: &mut Vec<f32>) {
        for patch in spot * NEIGHBOURHOOD..(spot + 1) * NEIGHBOURHOOD {
            if self.features.neighbourhood_on_tissue[patch] {
                self.scale.read(self.features.neighbourhood.row(patch), out);
                mask.push(1.0);
            } else {
                out.resize(out.len() + self.width(), 0.0);
                mask.push(0.0);
            }
        }
    }
}

/// Features did not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the features do not fit together: {0}; clear the feature cache and compute them again")]
pub struct FeatureShapeError(String);

impl SectionFeatures {
    /// Checks that the parts belong together and are finite.
    ///
    /// # Errors
    /// [`FeatureShapeError`] saying which part does not fit.
    pub fn check(&self) -> Result<(), FeatureShapeError> {
        let (n, d, m) = (self.spot.rows(), self.spot.cols(), self.landmarks.rows());
        let near = &self.neighbourhood;
        let fail = |text: String| Err(FeatureShapeError(text));
        if (near.rows(), near.cols()) != (n * NEIGHBOURHOOD, d) || self.on_tissue_len() != near.rows() {
            return fail(format!(
                "{n} spots of {d} numbers, but {} neighbourhood patches of {}",
                near.rows(),
                near.cols()
            ));
        }
        if self.spot_um.len() != n {
            return fail(format!("{n} spots, but {} positions", self.spot_um.len()));
        }
        if self.landmark_um.len() != m || (m > 0 && self.landmarks.cols() != d) {
            return fail(format!(
                "{m} landmarks of {} numbers at {} positions",
                self.landmarks.cols(),
                self.landmark_um.len()
            ));
        }
        let parts = [&self.spot, near, &self.landmarks];
        let positions = self.spot_um.iter().chain(&self.landmark_um).flatten();
        if !parts.iter().flat_map(|p| p.as_slice()).chain(positions).all(|v| v.is_finite()) {
            return fail("a value is infinite or not a number".to_owned());
        }
        Ok(())
    }

    fn on_tissue_len(&self) -> usize {
        self.neighbourhood_on_tissue.len()
    }
}

/// Standardises `features` with the statistics of its own spots and tissue patches, keeping at most
/// `max_landmarks` landmarks, spread evenly over those there are.
///
/// # Errors
/// [`FeatureShapeError`] when the features do not fit together.
pub fn standardise(
    features: &SectionFeatures,
    max_landmarks: usize,
) -> Result<StandardFeatures<'_>, FeatureShapeError> {
    features.check()?;
    let scale = Scale::of(features);
    let kept = spread(features.landmarks.rows(), max_landmarks);
    let landmarks = scale.apply(&features.landmarks.select_rows(&kept));
    let landmark_um = kept.iter().map(|&i| features.landmark_um[i]).collect();
    Ok(StandardFeatures { features, scale, landmarks, landmark_um })
}

/// At most `most` of `0..count`, evenly spread, in order.
fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most).map(|i| i * count / most).collect()
}

/// Columns of `x` at mean 0 and standard deviation 1; constant columns become 0.
pub fn standardise_columns(x: &Matrix) -> Matrix {
    Scale::of_rows(x.cols(), x.iter_rows()).apply(x)
}

/// What to subtract from each feature and to multiply it with.
#[derive(Debug, Clone)]
struct Scale {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

impl Scale {
    fn of(features: &SectionFeatures) -> Self {
        let near = features.neighbourhood.iter_rows().zip(&features.neighbourhood_on_tissue);
        let near = near.filter(|(_, on)| **on).map(|(row, _)| row);
        Self::of_rows(features.spot.cols(), features.spot.iter_rows().chain(near))
    }

    fn of_rows<'a>(cols: usize, rows: impl Iterator<Item = &'a [f32]>) -> Self {
        // Around the first row, so that large offsets do not cost precision.
        let mut rows = rows.peekable();
        let origin: Vec<f64> =
            rows.peek().map_or_else(Vec::new, |r| r.iter().map(|&v| f64::from(v)).collect());
        let (mut sum, mut squares, mut count) = (vec![0.0; cols], vec![0.0; cols], 0usize);
        for row in rows {
            count += 1;
            for (c, &v) in row.iter().enumerate() {
                let v = f64::from(v) - origin[c];
                sum[c] += v;
                squares[c] += v * v;
            }
        }
        let n = count.max(1) as f64;
        let mut scale = Self { mean: Vec::with_capacity(cols), factor: Vec::with_capacity(cols) };
        for c in 0..cols {
            let shift = sum[c] / n;
            let mean = origin.get(c).copied().unwrap_or(0.0) + shift;
            let deviation = (squares[c] / n - shift * shift).max(0.0).sqrt();
            scale.mean.push(mean as f32);
            let constant = deviation <= 1e-6 * (1.0 + mean.abs());
            scale.factor.push(if constant { 0.0 } else { (1.0 / deviation) as f32 });
        }
        scale
    }

    fn read(&self, row: &[f32], out: &mut Vec<f32>) {
        let scaled = row.iter().zip(&self.mean).zip(&self.factor);
        out.extend(scaled.map(|((v, mean), factor)| ((v - mean) * factor).clamp(-LIMIT, LIMIT)));
    }

    fn apply(&self, x: &Matrix) -> Matrix {
        let mut values = Vec::with_capacity(x.as_slice().len());
        x.iter_rows().for_each(|row| self.read(row, &mut values));
        Matrix::from_vec(x.rows(), x.cols(), values).unwrap_or_default()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::rng::stream;
    use rand::RngExt;

    /// Features of `n` spots on a lattice, drawn at random.
    pub(crate) fn random_features(seed: u64, n: usize, d: usize, m: usize) -> SectionFeatures {
        let mut rng = stream(seed, "test features", 0);
        let mut matrix =
            |rows: usize| Matrix::from_fn(rows, d, |_, c| rng.random::<f32>() * (c + 1) as f32 + 7.0);
        SectionFeatures {
            spot: matrix(n),
            neighbourhood: matrix(n * NEIGHBOURHOOD),
            neighbourhood_on_tissue: (0..n * NEIGHBOURHOOD).map(|i| i % 7 != 3).collect(),
            landmarks: matrix(m),
            landmark_um: (0..m).map(|i| [(i % 5) as f32 * 900.0, (i / 5) as f32 * 900.0]).collect(),
            spot_um: (0..n).map(|i| [(i % 10) as f32 * 200.0, (i / 10) as f32 * 200.0]).collect(),
        }
    }

    fn spots(s: &StandardFeatures<'_>) -> Matrix {
        let mut values = Vec::new();
        (0..s.spots()).for_each(|i| s.read_spot(i, &mut values));
        Matrix::from_vec(s.spots(), s.width(), values).unwrap()
    }

    #[test]
    fn columns_have_mean_zero_and_deviation_one() {
        let mut x = random_features(1, 40, 3, 9);
        for r in 0..40 {
            x.spot.row_mut(r)[2] = 4.0;
        }
        x.neighbourhood_on_tissue.fill(false);
        let s = standardise(&x, 100).unwrap();
        let spot = spots(&s);
        for c in 0..2 {
            let column = spot.column(c);
            let mean = column.iter().sum::<f32>() / 40.0;
            let variance = column.iter().map(|v| v * v).sum::<f32>() / 40.0 - mean * mean;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
        assert!(spot.column(2).iter().all(|&v| v == 0.0), "a constant feature says nothing");
        let (mut patches, mut mask) = (Vec::new(), Vec::new());
        s.read_neighbourhood(39, &mut patches, &mut mask);
        assert_eq!((patches, mask), (vec![0.0; NEIGHBOURHOOD * 3], vec![0.0; NEIGHBOURHOOD]));
    }

    #[test]
    fn a_section_with_another_stain_looks_the_same() {
        let a = random_features(2, 30, 3, 5);
        let mut b = a.clone();
        for part in [&mut b.spot, &mut b.neighbourhood, &mut b.landmarks] {
            for v in part.as_mut_slice() {
                *v = *v * 2.0 - 5.0;
            }
        }
        let (a, b) = (spots(&standardise(&a, 9).unwrap()), spots(&standardise(&b, 9).unwrap()));
        let pairs = a.as_slice().iter().zip(b.as_slice());
        let worst = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }

    #[test]
    fn landmarks_are_thinned_and_misfits_are_refused() {
        let x = random_features(3, 5, 2, 50);
        let s = standardise(&x, 10).unwrap();
        assert_eq!((s.landmarks().rows(), s.landmark_um().len()), (10, 10));
        assert_eq!(s.landmark_um()[9], x.landmark_um[45]);
        let mut bad = x.clone();
        bad.spot_um.pop();
        assert!(standardise(&bad, 10).unwrap_err().to_string().contains("5 spots, but 4 positions"));
        let mut bad = x;
        bad.spot.as_mut_slice()[3] = f32::NAN;
        assert!(standardise(&bad, 10).is_err());
    }
}
