//! Features of a section brought to mean 0 and standard deviation 1 within the section, which takes out
//! differences of stain and scanner between sections.

use rayon::prelude::*;

use crate::core::dihedral::Dihedral;
use crate::core::matrix::Matrix;
use crate::preprocess::features::{NEIGHBOURHOOD, NEIGHBOURHOOD_SIDE, SectionFeatures};

/// Standardised features are cut off here: patches with folds or ink should not shout.
const LIMIT: f32 = 5.0;
/// Spots whose statistics are summed together; the sums are added up in order, so that they repeat.
const CHUNK: usize = 64;

/// A section's features as the network reads them. Patches are interpolated and standardised as they are read:
/// all patches of a large section would not fit in memory.
#[derive(Debug, Clone)]
pub struct StandardFeatures<'a> {
    features: &'a SectionFeatures,
    scale: Scale,
    landmarks: Matrix,
    landmark_um: Vec<[f32; 2]>,
    turn: Dihedral,
    /// For each place of the neighbourhood grid the patch that lies there once the slide is turned.
    patch_at: Vec<usize>,
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

    /// As if the whole slide were turned or mirrored: neighbourhood grids and positions are, features stay. They
    /// must be those of the turned slide.
    #[must_use]
    pub fn turned(self, by: Dihedral) -> Self {
        let turn = self.turn.then(by);
        let landmark_um = self.landmark_um.into_iter().map(|um| by.apply(um)).collect();
        Self { landmark_um, turn, patch_at: turn.sources(NEIGHBOURHOOD_SIDE), ..self }
    }

    /// Where each spot lies on the slide as it is, in micrometres.
    pub fn spot_um(&self) -> &[[f32; 2]] {
        &self.features.spot_um
    }

    /// Where a spot lies on the slide as it is turned, in micrometres. Panics when there is no such spot.
    pub fn place_um(&self, spot: usize) -> [f32; 2] {
        self.turn.apply(self.features.spot_um[spot])
    }

    /// Standardised features of the landmarks: `m x width`.
    pub fn landmarks(&self) -> &Matrix {
        &self.landmarks
    }

    /// Where each landmark lies on the slide as it is turned, in micrometres: `m`.
    pub fn landmark_um(&self) -> &[[f32; 2]] {
        &self.landmark_um
    }

    /// Writes the features of a spot to `out`, [`StandardFeatures::width`] numbers. Panics when there is no such
    /// spot.
    pub fn read_spot(&self, spot: usize, out: &mut [f32]) {
        out.copy_from_slice(self.features.spot.row(spot));
        self.scale.apply_to(out);
    }

    /// Writes the features of a spot's neighbourhood patches to `out`, `NEIGHBOURHOOD x width` numbers, 0 where
    /// masked, and to `mask` 1 for each that shows tissue, else 0. Panics when there is no such spot.
    pub fn read_neighbourhood(&self, spot: usize, out: &mut [f32], mask: &mut [f32]) {
        let (near, own) = (&self.features.neighbourhood, self.features.spot.row(spot));
        let tokens = out.chunks_exact_mut(self.width().max(1)).zip(mask);
        for (&j, (token, mask)) in self.patch_at.iter().zip(tokens) {
            let on_tissue = near.read(spot, j, own, token);
            *mask = if on_tissue { 1.0 } else { 0.0 };
            if on_tissue {
                self.scale.apply_to(token);
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
        if (near.centers().len(), near.nodes().cols()) != (n, d) {
            return fail(format!(
                "{n} spots of {d} numbers, but {} neighbourhoods of {}",
                near.centers().len(),
                near.nodes().cols()
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
        let parts = [&self.spot, near.nodes(), &self.landmarks];
        let positions = self.spot_um.iter().chain(&self.landmark_um).flatten();
        if !parts.iter().flat_map(|p| p.as_slice()).chain(positions).all(|v| v.is_finite()) {
            return fail("a value is infinite or not a number".to_owned());
        }
        Ok(())
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
    standardise_like(features, features, max_landmarks)
}

/// As [`standardise`], with the statistics and the landmarks of `reference`: features of the same slide at other places,
/// such as its spots, so that a place is seen alike whichever others are looked at with it.
///
/// # Errors
/// [`FeatureShapeError`] when the features do not fit together.
pub fn standardise_like<'a>(
    features: &'a SectionFeatures,
    reference: &SectionFeatures,
    max_landmarks: usize,
) -> Result<StandardFeatures<'a>, FeatureShapeError> {
    features.check()?;
    reference.check()?;
    let (d, other) = (features.spot.cols(), reference.spot.cols());
    if d != other {
        return Err(FeatureShapeError(format!(
            "{d} numbers a place, but {other} in those of the same slide"
        )));
    }
    let scale = Scale::from_features(reference);
    let kept = spread(reference.landmarks.rows(), max_landmarks);
    let landmarks = scale.apply(&reference.landmarks.select_rows(&kept));
    let landmark_um = kept.iter().map(|&i| reference.landmark_um[i]).collect();
    let turn = Dihedral::IDENTITY;
    let patch_at = turn.sources(NEIGHBOURHOOD_SIDE);
    Ok(StandardFeatures { features, scale, landmarks, landmark_um, turn, patch_at })
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
    let mut sums = Sums::around(x.iter_rows().next());
    x.iter_rows().for_each(|row| sums.add(row));
    sums.scale().apply(x)
}

/// What to subtract from each feature and to multiply it with.
#[derive(Debug, Clone)]
struct Scale {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

impl Scale {
    /// Statistics of the spots and of all neighbourhood patches that show tissue.
    fn from_features(features: &SectionFeatures) -> Self {
        let (spot, near) = (&features.spot, &features.neighbourhood);
        let origin = (spot.rows() > 0).then(|| spot.row(0));
        let chunks: Vec<Sums> = (0..spot.rows().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut sums = Sums::around(origin);
                let mut token = vec![0.0; spot.cols()];
                for i in chunk * CHUNK..((chunk + 1) * CHUNK).min(spot.rows()) {
                    let own = spot.row(i);
                    sums.add(own);
                    for j in 0..NEIGHBOURHOOD {
                        if near.read(i, j, own, &mut token) {
                            sums.add(&token);
                        }
                    }
                }
                sums
            })
            .collect();
        let mut all = Sums::around(origin);
        chunks.iter().for_each(|part| all.merge(part));
        all.scale()
    }

    fn apply_to(&self, row: &mut [f32]) {
        for ((v, mean), factor) in row.iter_mut().zip(&self.mean).zip(&self.factor) {
            *v = ((*v - mean) * factor).clamp(-LIMIT, LIMIT);
        }
    }

    fn apply(&self, x: &Matrix) -> Matrix {
        let mut out = x.clone();
        (0..out.rows()).for_each(|r| self.apply_to(out.row_mut(r)));
        out
    }
}

/// Sums over rows of each column and of its squares, around the first row, so that large offsets do not cost
/// precision.
struct Sums {
    origin: Vec<f64>,
    sum: Vec<f64>,
    squares: Vec<f64>,
    count: usize,
}

impl Sums {
    /// Of no rows yet. Without an origin there must be none.
    fn around(origin: Option<&[f32]>) -> Self {
        let origin: Vec<f64> = origin.unwrap_or_default().iter().map(|&v| f64::from(v)).collect();
        let (sum, squares) = (vec![0.0; origin.len()], vec![0.0; origin.len()]);
        Self { origin, sum, squares, count: 0 }
    }

    fn add(&mut self, row: &[f32]) {
        self.count += 1;
        let sums = self.sum.iter_mut().zip(&mut self.squares);
        for ((v, origin), (sum, square)) in row.iter().zip(&self.origin).zip(sums) {
            let v = f64::from(*v) - origin;
            *sum += v;
            *square += v * v;
        }
    }

    /// Adds sums around the same origin.
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum.iter_mut().zip(&other.sum).for_each(|(a, b)| *a += b);
        self.squares.iter_mut().zip(&other.squares).for_each(|(a, b)| *a += b);
    }

    fn scale(&self) -> Scale {
        let n = self.count.max(1) as f64;
        let (mut mean, mut factor) =
            (Vec::with_capacity(self.origin.len()), Vec::with_capacity(self.origin.len()));
        for ((origin, sum), squares) in self.origin.iter().zip(&self.sum).zip(&self.squares) {
            let shift = sum / n;
            let center = origin + shift;
            let deviation = (squares / n - shift * shift).max(0.0).sqrt();
            mean.push(center as f32);
            let constant = deviation <= 1e-6 * (1.0 + center.abs());
            factor.push(if constant { 0.0 } else { (1.0 / deviation) as f32 });
        }
        Scale { mean, factor }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::geometry::SlidePoint;
    use crate::core::rng::stream;
    use crate::preprocess::features::NEIGHBOURHOOD_CENTER;
    use crate::preprocess::lattice::Lattice;
    use crate::preprocess::neighbourhood::Neighbourhood;
    use crate::preprocess::neighbourhood::tests::random_neighbourhood;
    use rand::RngExt;

    /// Features of `n` spots on a lattice, drawn at random; a slide pixel is a micrometre.
    pub(crate) fn random_features(seed: u64, n: usize, d: usize, m: usize) -> SectionFeatures {
        let mut rng = stream(seed, "test features", 0);
        let mut matrix =
            |rows: usize| Matrix::from_fn(rows, d, |_, c| rng.random::<f32>() * (c + 1) as f32 + 7.0);
        let at = |i: usize| [(i % 10) as f32 * 200.0, (i / 10) as f32 * 200.0];
        let centers: Vec<SlidePoint> =
            (0..n).map(at).map(|[x, y]| SlidePoint::new(f64::from(x), f64::from(y))).collect();
        SectionFeatures {
            spot: matrix(n),
            neighbourhood: random_neighbourhood(seed, &centers, d, 7),
            landmarks: matrix(m),
            landmark_um: (0..m).map(|i| [(i % 5) as f32 * 900.0, (i / 5) as f32 * 900.0]).collect(),
            spot_um: (0..n).map(at).collect(),
        }
    }

    /// The features without tissue beside the spots.
    pub(crate) fn alone(x: &SectionFeatures) -> SectionFeatures {
        let lattice = Lattice::new(SlidePoint::new(0.0, 0.0), 112.0, 112.0, (1, 1), vec![]).unwrap();
        let nodes = Matrix::zeros(0, x.spot.cols());
        let centers = x.neighbourhood.centers().to_vec();
        SectionFeatures { neighbourhood: Neighbourhood::new(lattice, centers, nodes).unwrap(), ..x.clone() }
    }

    fn spots(s: &StandardFeatures<'_>) -> Matrix {
        let mut values = Matrix::zeros(s.spots(), s.width());
        (0..s.spots()).for_each(|i| s.read_spot(i, values.row_mut(i)));
        values
    }

    #[test]
    fn columns_have_mean_zero_and_deviation_one() {
        let mut x = random_features(1, 40, 3, 9);
        for r in 0..40 {
            x.spot.row_mut(r)[2] = 4.0;
        }
        let x = alone(&x);
        let s = standardise(&x, 100).unwrap();
        let spot = spots(&s);
        for c in 0..2 {
            let column = spot.column(c);
            let mean = column.iter().sum::<f32>() / 40.0;
            let variance = column.iter().map(|v| v * v).sum::<f32>() / 40.0 - mean * mean;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{mean} {variance}");
        }
        assert!(spot.column(2).iter().all(|&v| v == 0.0), "a constant feature says nothing");
        let (mut patches, mut mask) = ([9.0; NEIGHBOURHOOD * 3], [9.0; NEIGHBOURHOOD]);
        s.read_neighbourhood(39, &mut patches, &mut mask);
        let middle = 3 * NEIGHBOURHOOD_CENTER;
        assert_eq!(patches[middle..middle + 3], spot.as_slice()[39 * 3..]);
        patches[middle..middle + 3].fill(0.0);
        assert_eq!((patches, mask.iter().sum::<f32>()), ([0.0; NEIGHBOURHOOD * 3], 1.0));
    }

    #[test]
    fn statistics_are_those_of_all_spots_and_tissue_patches() {
        let x = random_features(4, 150, 3, 9);
        // All rows at once, in double precision.
        let mut rows: Vec<Vec<f32>> = x.spot.iter_rows().map(<[f32]>::to_vec).collect();
        for i in 0..150 {
            for j in 0..NEIGHBOURHOOD {
                let mut token = vec![0.0; 3];
                if x.neighbourhood.read(i, j, x.spot.row(i), &mut token) {
                    rows.push(token);
                }
            }
        }
        assert!(rows.len() > 1_000 && rows.len() < 151 * NEIGHBOURHOOD, "{}", rows.len());
        let scale = Scale::from_features(&x);
        for c in 0..3 {
            let column = || rows.iter().map(|r| f64::from(r[c]));
            let mean = column().sum::<f64>() / rows.len() as f64;
            let variance = column().map(|v| (v - mean).powi(2)).sum::<f64>() / rows.len() as f64;
            assert!((f64::from(scale.mean[c]) - mean).abs() < 1e-6 * mean);
            assert!((f64::from(scale.factor[c]) * variance.sqrt() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn other_places_of_a_slide_are_seen_as_its_spots_are() {
        let x = random_features(7, 40, 3, 9);
        let keep: Vec<usize> = (10..20).collect();
        let near = &x.neighbourhood;
        let centers = keep.iter().map(|&i| near.centers()[i]).collect();
        let few = SectionFeatures {
            spot: x.spot.select_rows(&keep),
            neighbourhood: Neighbourhood::new(near.lattice().clone(), centers, near.nodes().clone()).unwrap(),
            spot_um: keep.iter().map(|&i| x.spot_um[i]).collect(),
            landmarks: Matrix::zeros(0, 3),
            landmark_um: Vec::new(),
        };
        let (whole, part) = (standardise(&x, 5).unwrap(), standardise_like(&few, &x, 5).unwrap());
        assert_eq!(spots(&part), spots(&whole).select_rows(&keep));
        assert_eq!((part.landmarks(), part.landmark_um()), (whole.landmarks(), whole.landmark_um()));
        assert_ne!(spots(&standardise(&few, 5).unwrap()), spots(&part));
        assert!(standardise_like(&few, &random_features(7, 9, 2, 3), 5).is_err());
    }

    #[test]
    fn a_section_with_another_stain_looks_the_same() {
        let a = random_features(2, 30, 3, 5);
        let mut b = a.clone();
        let other = |m: &Matrix| Matrix::from_fn(m.rows(), m.cols(), |r, c| m.get(r, c) * 2.0 - 5.0);
        (b.spot, b.landmarks) = (other(&b.spot), other(&b.landmarks));
        b.neighbourhood = b.neighbourhood.with_nodes(other(b.neighbourhood.nodes())).unwrap();
        let (a, b) = (spots(&standardise(&a, 9).unwrap()), spots(&standardise(&b, 9).unwrap()));
        let pairs = a.as_slice().iter().zip(b.as_slice());
        let worst = pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{worst}");
    }

    #[test]
    fn a_turned_slide_has_its_neighbourhoods_and_positions_turned() {
        let x = random_features(5, 20, 2, 6);
        let plain = standardise(&x, 6).unwrap();
        let read = |s: &StandardFeatures<'_>| {
            let (mut patches, mut mask) = (vec![0.0; NEIGHBOURHOOD * 2], vec![0.0; NEIGHBOURHOOD]);
            s.read_neighbourhood(7, &mut patches, &mut mask);
            (patches, mask)
        };
        let (patches, mask) = read(&plain);
        // A quarter turn clockwise: the top row becomes the right column, from top to bottom.
        let turned = plain.clone().turned(Dihedral::from_index(1));
        let (turned_patches, turned_mask) = read(&turned);
        for i in 0..5 {
            assert_eq!(turned_patches[(i * 5 + 4) * 2..][..2], patches[i * 2..][..2]);
            assert_eq!(turned_mask[i * 5 + 4], mask[i]);
        }
        assert_eq!(turned_patches[NEIGHBOURHOOD_CENTER * 2..][..2], patches[NEIGHBOURHOOD_CENTER * 2..][..2]);
        assert_eq!(turned.place_um(12), [-200.0, 400.0], "from (400, 200)");
        assert_eq!((turned.landmark_um()[1], plain.landmark_um()[1]), ([0.0, 900.0], [900.0, 0.0]));
        assert_eq!(turned.landmarks(), plain.landmarks());
        let back = turned.turned(Dihedral::from_index(3));
        assert!(read(&back) == (patches, mask) && back.landmark_um() == plain.landmark_um());
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
