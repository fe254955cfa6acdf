//! Cells around places that lie on a lattice: hexagons or squares that meet.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_3, TAU};

use super::geometry::SlidePoint;

/// How many of the places are asked for their neighbours.
const SAMPLES: usize = 64;
/// The range of distances of neighbours, as multiples of the pitch that is expected. Places across a corner of a square
/// are farther away.
const NEAR: std::ops::RangeInclusive<f64> = 0.6..=1.3;

/// The shape of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellShape {
    /// Around places that have six neighbours.
    Hexagon,
    /// Around places that have four.
    Square,
}

impl CellShape {
    /// The angle between the directions of neighbours.
    fn turn(self) -> f64 {
        match self {
            Self::Hexagon => FRAC_PI_3,
            Self::Square => FRAC_PI_2,
        }
    }
}

/// The cell around each place of a lattice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Its shape.
    pub shape: CellShape,
    /// Distance between neighbouring places in slide pixels, which is the width of a cell.
    pub pitch: f64,
    /// The direction from a place to one of its neighbours, in radians from the x axis toward the y axis.
    pub angle: f64,
}

/// The length of the mean of unit vectors whose angles are multiplied by `fold`, and its angle divided by `fold`: the more
/// the directions are apart by whole parts of a turn, the longer.
fn alignment(directions: &[f64], fold: f64) -> (f64, f64) {
    let n = directions.len().max(1) as f64;
    let (sin, cos) = directions.iter().fold((0.0, 0.0), |(sin, cos), d| {
        let (s, c) = (d * fold).sin_cos();
        (sin + s / n, cos + c / n)
    });
    (sin.hypot(cos), sin.atan2(cos) / fold)
}

impl Cell {
    /// The cell of places that lie about `pitch` slide pixels apart, however their lattice is turned: squares unless
    /// their neighbours lie as in a hexagonal lattice.
    pub fn of(places: &[SlidePoint], pitch: f64) -> Self {
        let step = places.len().div_ceil(SAMPLES).max(1);
        let near = (NEAR.start() * pitch)..=(NEAR.end() * pitch);
        let (mut directions, mut distances) = (Vec::new(), Vec::new());
        for from in places.iter().step_by(step) {
            for to in places.iter().filter(|to| (to.y - from.y).abs() <= *near.end()) {
                let distance = from.distance(*to);
                if near.contains(&distance) {
                    directions.push((to.y - from.y).atan2(to.x - from.x));
                    distances.push(distance);
                }
            }
        }
        distances.sort_by(f64::total_cmp);
        let pitch = distances.get(distances.len() / 2).copied().unwrap_or(pitch);
        let (six, four) = (alignment(&directions, 6.0), alignment(&directions, 4.0));
        let (shape, angle) =
            if six.0 > four.0 { (CellShape::Hexagon, six.1) } else { (CellShape::Square, four.1) };
        Self { shape, pitch, angle }
    }

    /// Its corners in slide pixels from the place in its middle, one after the other.
    pub fn corners(&self) -> impl ExactSizeIterator<Item = [f64; 2]> {
        let turn = self.shape.turn();
        let radius = self.pitch / 2.0 / (turn / 2.0).cos();
        let first = self.angle + turn / 2.0;
        let count = (TAU / turn).round() as u32;
        (0..count).map(move |i| {
            let (sin, cos) = (first + f64::from(i) * turn).sin_cos();
            [radius * cos, radius * sin]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places of a lattice turned by `angle` around the origin.
    fn lattice(shape: CellShape, pitch: f64, angle: f64) -> Vec<SlidePoint> {
        let (sin, cos) = angle.sin_cos();
        let row = if shape == CellShape::Hexagon { 3f64.sqrt() / 2.0 } else { 1.0 };
        (0..30 * 20)
            .map(|i| {
                let (column, line) = (f64::from(i % 30), f64::from(i / 30));
                let shift = if shape == CellShape::Hexagon { (line % 2.0) / 2.0 } else { 0.0 };
                let (x, y) = ((column + shift) * pitch, line * row * pitch);
                SlidePoint::new(x * cos - y * sin, x * sin + y * cos)
            })
            .collect()
    }

    #[test]
    fn lattices_are_told_apart_however_they_are_turned() {
        for shape in [CellShape::Hexagon, CellShape::Square] {
            for angle in [0.0, 0.1, -0.3, 1.2] {
                let cell = Cell::of(&lattice(shape, 98.0, angle), 100.0);
                assert_eq!(cell.shape, shape);
                assert!((cell.pitch - 98.0).abs() < 1e-6, "{}", cell.pitch);
                let off = (cell.angle - angle) / shape.turn();
                assert!((off - off.round()).abs() < 1e-6, "{angle}: {}", cell.angle);
            }
        }
    }

    #[test]
    fn cells_of_neighbours_meet_without_gap() {
        for shape in [CellShape::Hexagon, CellShape::Square] {
            let cell = Cell::of(&lattice(shape, 10.0, 0.2), 10.0);
            let corners: Vec<[f64; 2]> = cell.corners().collect();
            let area: f64 = corners
                .iter()
                .zip(corners.iter().cycle().skip(1))
                .map(|(a, b)| (a[0] * b[1] - a[1] * b[0]) / 2.0)
                .sum();
            let of_place = if shape == CellShape::Hexagon { 3f64.sqrt() / 2.0 } else { 1.0 } * 100.0;
            assert!((area.abs() - of_place).abs() < 1e-6, "{area}");
        }
    }

    #[test]
    fn few_places_have_squares_of_the_pitch_that_is_expected() {
        assert_eq!(Cell::of(&[], 7.0), Cell { shape: CellShape::Square, pitch: 7.0, angle: 0.0 });
        let one = Cell::of(&[SlidePoint::new(f64::NAN, 0.0), SlidePoint::new(1.0, 1.0)], 7.0);
        assert_eq!((one.shape, one.pitch), (CellShape::Square, 7.0));
    }
}
