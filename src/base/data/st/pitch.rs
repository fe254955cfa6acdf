//! The distance between neighbouring spots in slide pixels, from which the resolution of the slide follows
//! where the file does not say it.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::core::files::FileError;
use crate::core::geometry::{Mpp, SlidePoint};

use super::spots::SpotRow;

/// So few pairs of neighbours are not trusted: one misplaced spot would decide.
const MIN_PAIRS: usize = 3;
/// Comparing every pair of more spots than this makes the estimate slower, not better.
const MAX_SPOTS: usize = 1000;

/// How the spots of an array are arranged, and how its coordinates count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lattice {
    /// Rows and columns at right angles, neighbours one step apart: legacy ST, Visium HD.
    #[default]
    Square,
    /// Visium: in a row only every second column has a spot, and the next row lies half a step aside, so that
    /// each spot has six neighbours at one distance: two columns away, or one column and one row.
    Hexagonal,
}

impl Lattice {
    /// Steps to the neighbour in the same row, and to the nearest spot straight above or below.
    fn steps(self) -> [[i32; 2]; 2] {
        match self {
            Self::Square => [[1, 0], [0, 1]],
            Self::Hexagonal => [[2, 0], [0, 2]],
        }
    }

    /// How many pitches lie between spots that are so many columns and rows apart.
    fn pitches(self, columns: f64, rows: f64) -> f64 {
        match self {
            Self::Square => columns.hypot(rows),
            Self::Hexagonal => (columns / 2.0).hypot(rows * 3f64.sqrt() / 2.0),
        }
    }
}

/// The distance between neighbouring spots, in slide pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pitch {
    /// Along a row of the array and along a column; equal where only one could be measured.
    pub along: [f64; 2],
    /// The distances it was measured from.
    pub pairs: usize,
}

impl Pitch {
    /// Both directions together: their geometric mean, so that areas stay right on a stretched image.
    pub fn px(self) -> f64 {
        let [x, y] = self.along;
        (x * y).sqrt()
    }

    /// By how much one direction is longer than the other: 1 on an image that is not stretched.
    pub fn stretch(self) -> f64 {
        let [x, y] = self.along;
        if x > y { x / y } else { y / x }
    }

    /// Micrometres per pixel when neighbouring spots are `pitch_um` apart.
    pub fn mpp(self, pitch_um: f64) -> Mpp {
        Mpp(pitch_um / self.px())
    }
}

/// Measures the pitch: the median distance of spots that are neighbours in the array, by row and by column.
/// Medians bear missing and misplaced spots. Where hardly any spots are direct neighbours, pairs further apart
/// are scaled by their distance in the array; without array coordinates, the nearest spot is the neighbour.
/// `None` when there are too few spots to say. For legacy ST, whose arrays are square.
pub fn measure(spots: &[SpotRow]) -> Option<Pitch> {
    measure_on(Lattice::Square, spots)
}

/// The resolution at which neighbouring spots on `lattice` are `pitch_um` micrometres apart, and the pitch it follows
/// from; or `said`, what the slide file says of itself, where there are too few spots to tell.
///
/// # Errors
/// [`FileError`] naming `path`, where the spots are from: nothing tells, or a resolution that no scan has.
pub fn resolution(
    path: &Path,
    lattice: Lattice,
    spots: &[SpotRow],
    pitch_um: f64,
    said: Option<Mpp>,
) -> Result<(Option<Pitch>, Mpp), FileError> {
    let Some(pitch) = measure_on(lattice, spots) else {
        let message = match (spots, said) {
            ([first, others @ ..], _)
                if !others.is_empty() && others.iter().all(|s| s.center == first.center) =>
            {
                format!(
                    "all {} spots lie at one place, ({:.0}, {:.0}); check their positions",
                    spots.len(),
                    first.center.x,
                    first.center.y
                )
            }
            (_, Some(mpp)) => return Ok((None, mpp)),
            _ => "too few spots to infer the resolution of the slide; enter its micrometres per pixel (on the command \
                  line with --mpp)"
                .to_owned(),
        };
        return Err(FileError::malformed(path, message));
    };
    let mpp = pitch.mpp(pitch_um);
    if Mpp::PLAUSIBLE.contains(&mpp.0) {
        return Ok((Some(pitch), mpp));
    }
    let message = format!(
        "neighbouring spots are {:.2} pixels apart, which would mean {:.3} µm per pixel; check the pixel \
         columns, or enter the micrometres per pixel of the slide",
        pitch.px(),
        mpp.0
    );
    Err(FileError::malformed(path, message))
}

/// As [`measure`], on a lattice of this kind.
pub fn measure_on(lattice: Lattice, spots: &[SpotRow]) -> Option<Pitch> {
    let by_grid: HashMap<[i32; 2], SlidePoint> =
        spots.iter().filter_map(|s| Some((s.grid?, s.center))).collect();
    if by_grid.len() < spots.len() {
        return nearest(spots);
    }
    neighbours(lattice, &by_grid).or_else(|| distant(lattice, spots))
}

/// The median distance in pixels from a spot to the nearest other; `None` where there are too few, or so many that it
/// would take seconds.
pub fn of_points(points: &[SlidePoint]) -> Option<f64> {
    const MAX_POINTS: usize = 50_000;
    if points.len() < MIN_PAIRS || points.len() > MAX_POINTS {
        return None;
    }
    let step = points.len().div_ceil(MAX_SPOTS).max(1);
    let nearest = |(at, point): (usize, &SlidePoint)| {
        let others = points.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, other)| other.distance(*point)).min_by(f64::total_cmp)
    };
    let mut distances: Vec<f64> = points.iter().enumerate().step_by(step).filter_map(nearest).collect();
    median(&mut distances).filter(|px| *px > 0.0)
}

fn neighbours(lattice: Lattice, by_grid: &HashMap<[i32; 2], SlidePoint>) -> Option<Pitch> {
    let along = |[dx, dy]: [i32; 2]| {
        let pitches = lattice.pitches(f64::from(dx), f64::from(dy));
        let distances = by_grid.iter().filter_map(|(&[x, y], p)| {
            Some(p.distance(*by_grid.get(&[x.checked_add(dx)?, y.checked_add(dy)?])?) / pitches)
        });
        distances.collect::<Vec<f64>>()
    };
    let [mut row, mut column] = lattice.steps().map(along);
    let pairs = row.len() + column.len();
    if pairs < MIN_PAIRS {
        return None;
    }
    let along = match (row.len() >= MIN_PAIRS, column.len() >= MIN_PAIRS) {
        (true, true) => [median(&mut row)?, median(&mut column)?],
        (true, false) => [median(&mut row)?; 2],
        (false, true) => [median(&mut column)?; 2],
        (false, false) => {
            row.append(&mut column);
            [median(&mut row)?; 2]
        }
    };
    positive(Pitch { along, pairs })
}

fn distant(lattice: Lattice, spots: &[SpotRow]) -> Option<Pitch> {
    let placed: Vec<([i32; 2], SlidePoint)> =
        thinned(spots).filter_map(|s| Some((s.grid?, s.center))).collect();
    let mut ratios = Vec::new();
    for (i, (a, p)) in placed.iter().enumerate() {
        for (b, q) in placed.iter().skip(i + 1) {
            let steps = lattice.pitches(f64::from(a[0]) - f64::from(b[0]), f64::from(a[1]) - f64::from(b[1]));
            if steps > 0.0 {
                ratios.push(p.distance(*q) / steps);
            }
        }
    }
    let pairs = ratios.len();
    if pairs < MIN_PAIRS {
        return None;
    }
    positive(Pitch { along: [median(&mut ratios)?; 2], pairs })
}

fn nearest(spots: &[SpotRow]) -> Option<Pitch> {
    // Thinning would move the nearest spot away, so a part of the spots looks among all.
    let mut distances: Vec<f64> = thinned(spots)
        .filter_map(|s| {
            let others = spots.iter().filter(|o| o.id != s.id);
            others.map(|o| o.center.distance(s.center)).min_by(f64::total_cmp)
        })
        .collect();
    let pairs = distances.len();
    if pairs < MIN_PAIRS {
        return None;
    }
    positive(Pitch { along: [median(&mut distances)?; 2], pairs })
}

fn thinned(spots: &[SpotRow]) -> impl Iterator<Item = &SpotRow> {
    spots.iter().step_by(spots.len().div_ceil(MAX_SPOTS).max(1))
}

fn positive(pitch: Pitch) -> Option<Pitch> {
    pitch.along.iter().all(|&p| p.is_finite() && p > 0.0).then_some(pitch)
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get((values.len() / 2).checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn array(pitch: [f64; 2], keep: impl Fn(i32, i32) -> bool) -> Vec<SpotRow> {
        let mut spots = Vec::new();
        for x in 0..12 {
            for y in 0..10 {
                if keep(x, y) {
                    spots.push(SpotRow {
                        id: format!("{x}x{y}"),
                        grid: Some([x, y]),
                        center: SlidePoint::new(
                            50.0 + pitch[0] * f64::from(x),
                            80.0 + pitch[1] * f64::from(y),
                        ),
                        selected: true,
                        line: 0,
                    });
                }
            }
        }
        spots
    }

    #[test]
    fn a_full_array_gives_its_pitch_in_both_directions() {
        let pitch = measure(&array([280.0, 290.0], |_, _| true)).unwrap();
        assert_eq!(pitch.along, [280.0, 290.0]);
        assert_eq!(pitch.pairs, 11 * 10 + 12 * 9);
        assert!((pitch.mpp(200.0).0 - 200.0 / (280.0f64 * 290.0).sqrt()).abs() < 1e-12);
        assert!((pitch.stretch() - 290.0 / 280.0).abs() < 1e-12);
    }

    /// A Visium array with rows `pitch * sqrt(3) / 2` apart, stretched downwards.
    fn visium(pitch: f64, stretch: f64, keep: impl Fn(i32, i32) -> bool) -> Vec<SpotRow> {
        let step = [pitch / 2.0, stretch * pitch * 3f64.sqrt() / 2.0];
        array(step, |x, y| (x + y) % 2 == 0 && keep(x, y))
    }

    #[test]
    fn hexagonal_arrays_give_the_distance_of_all_six_neighbours() {
        let pitch = measure_on(Lattice::Hexagonal, &visium(137.0, 1.0, |_, _| true)).unwrap();
        assert!(pitch.along.iter().all(|p| (p - 137.0).abs() < 1e-9), "{pitch:?}");
        let pitch = measure_on(Lattice::Hexagonal, &visium(137.0, 1.2, |_, _| true)).unwrap();
        assert!((pitch.along[0] - 137.0).abs() < 1e-9 && (pitch.stretch() - 1.2).abs() < 1e-9);
        // Spots that are nobody's neighbour straight on still tell.
        let few = visium(137.0, 1.0, |x, y| (x * 5 + y * 7) % 12 == 0);
        assert!((measure_on(Lattice::Hexagonal, &few).unwrap().px() - 137.0).abs() < 1e-9);
    }

    #[test]
    fn missing_and_misplaced_spots_do_not_matter() {
        let mut spots = array([280.0, 280.0], |x, y| (x * 7 + y * 3) % 5 != 0);
        for spot in spots.iter_mut().step_by(9) {
            spot.center.x += 500.0;
        }
        assert!((measure(&spots).unwrap().px() - 280.0).abs() < 1.0);
    }

    #[test]
    fn spots_without_direct_neighbours_still_tell() {
        let spots = array([280.0, 280.0], |x, y| x % 2 == 0 && y % 2 == 0);
        assert!((measure(&spots).unwrap().px() - 280.0).abs() < 1e-9);
    }

    #[test]
    fn barcodes_use_the_nearest_spot() {
        let mut spots = array([137.0, 137.0], |_, _| true);
        for (i, spot) in spots.iter_mut().enumerate() {
            spot.id = format!("AAAC{i}");
            spot.grid = None;
        }
        assert!((measure(&spots).unwrap().px() - 137.0).abs() < 1e-9);
    }

    #[test]
    fn too_few_or_stacked_spots_tell_nothing() {
        assert!(measure(&[]).is_none());
        assert!(measure(&array([280.0, 280.0], |x, y| x == 0 && y == 0)).is_none());
        assert!(measure(&array([0.0, 0.0], |_, _| true)).is_none());
    }

    proptest! {
        #[test]
        fn it_follows_any_pitch_rotation_and_jitter(
            pitch in 20.0f64..400.0, turn in 0.0f64..6.3, jitter in 0.0f64..0.05, seed in any::<u64>(),
        ) {
            let mut spots = array([pitch, pitch], |_, _| true);
            let mut state = seed | 1;
            let mut noise = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f64 / (1u64 << 24) as f64 - 0.5) * jitter * pitch
            };
            for spot in &mut spots {
                let (x, y) = (spot.center.x + noise(), spot.center.y + noise());
                spot.center = SlidePoint::new(x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos());
            }
            let measured = measure(&spots).unwrap().px();
            prop_assert!((measured / pitch - 1.0).abs() < 0.03, "{measured} for {pitch}");
        }
    }
}
