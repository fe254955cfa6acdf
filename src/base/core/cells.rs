//! Cells around places that lie on a lattice: hexagons or squares that meet.

use std::collections::HashMap;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_3};

use super::geometry::SlidePoint;

/// How many of the places are asked for their neighbours.
const SAMPLES: usize = 64;
/// The range of distances of neighbours, as multiples of the pitch that is expected. Places across a corner of a square
/// are farther away.
const NEAR: std::ops::RangeInclusive<f64> = 0.6..=1.3;

/// Neighbours that lie farther from where they would on an even lattice, as a share of the pitch, make it a bent one.
const EVEN: f64 = 0.01;
/// How far from there they are still neighbours.
const BENT: f64 = 0.35;
/// Lattices of more places are taken to be even.
const MAX_BENT: usize = 20_000;

/// The shape of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellShape {
    /// Around places that have six neighbours.
    Hexagon,
    /// Around places that have four.
    Square,
}

impl CellShape {
    /// Corners of a cell.
    pub fn sides(self) -> usize {
        match self {
            Self::Hexagon => 6,
            Self::Square => 4,
        }
    }

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
    pub fn new(places: &[SlidePoint], pitch: f64) -> Self {
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
        (0..self.shape.sides()).map(move |i| {
            let (sin, cos) = (first + i as f64 * turn).sin_cos();
            [radius * cos, radius * sin]
        })
    }

    /// From a place to each of its neighbours on an even lattice, in slide pixels.
    fn neighbours(&self) -> impl ExactSizeIterator<Item = [f64; 2]> {
        let (pitch, angle, turn) = (self.pitch, self.angle, self.shape.turn());
        (0..self.shape.sides()).map(move |i| {
            let (sin, cos) = (angle + i as f64 * turn).sin_cos();
            [pitch * cos, pitch * sin]
        })
    }
}

/// The cells around all places of a lattice, which may be bent: arrays are laid on glass by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The cell of an even lattice.
    cell: Cell,
    /// The corners of each place where the lattice is not even.
    bent: Vec<[f32; 2]>,
}

impl Cells {
    /// The cells of places that lie about `pitch` slide pixels apart.
    pub fn new(places: &[SlidePoint], pitch: f64) -> Self {
        let cell = Cell::new(places, pitch);
        let mut cells = Self { cell, bent: Vec::new() };
        if (2..=MAX_BENT).contains(&places.len()) && cell.pitch > 0.0 && cell.pitch.is_finite() {
            let lookup = Lookup::new(places, cell);
            if !lookup.is_even() {
                cells.bent = places.iter().flat_map(|place| lookup.corners(*place)).collect();
            }
        }
        cells
    }

    /// The cell of an even lattice, which that of each place resembles.
    pub fn cell(&self) -> Cell {
        self.cell
    }

    /// Whether all cells are the same.
    pub fn are_even(&self) -> bool {
        self.bent.is_empty()
    }

    /// The corners of the cell of a place, in slide pixels from that place.
    pub fn corners(&self, place: usize) -> impl Iterator<Item = [f64; 2]> {
        let sides = self.cell.shape.sides();
        let own = self.bent.get(place * sides..(place + 1) * sides);
        let even = own.is_none().then(|| self.cell.corners());
        own.unwrap_or_default().iter().map(|c| c.map(f64::from)).chain(even.into_iter().flatten())
    }
}

/// Finds the places of a lattice by where they should be.
struct Lookup<'a> {
    places: &'a [SlidePoint],
    cell: Cell,
    buckets: HashMap<(i64, i64), Vec<u32>>,
}

impl<'a> Lookup<'a> {
    fn new(places: &'a [SlidePoint], cell: Cell) -> Self {
        let mut buckets: HashMap<(i64, i64), Vec<u32>> = HashMap::new();
        for (i, place) in (0u32..).zip(places) {
            buckets.entry(Self::bucket(*place, cell.pitch)).or_default().push(i);
        }
        Self { places, cell, buckets }
    }

    fn bucket(at: SlidePoint, pitch: f64) -> (i64, i64) {
        ((at.x / pitch).floor() as i64, (at.y / pitch).floor() as i64)
    }

    /// The place nearest to `at`, if it is the one that should be there.
    fn find(&self, at: SlidePoint) -> Option<SlidePoint> {
        let (column, row) = Self::bucket(at, self.cell.pitch);
        let near = (-1..=1).flat_map(|y| (-1..=1).map(move |x| (column + x, row + y)));
        let places = near.filter_map(|bucket| self.buckets.get(&bucket)).flatten();
        let places = places.filter_map(|&i| self.places.get(i as usize));
        let nearest = places.min_by(|a, b| a.distance(at).total_cmp(&b.distance(at)))?;
        (nearest.distance(at) <= BENT * self.cell.pitch).then_some(*nearest)
    }

    /// Whether nearly all neighbours lie where they should.
    fn is_even(&self) -> bool {
        let (mut all, mut off) = (0usize, 0usize);
        for place in self.places {
            for [dx, dy] in self.cell.neighbours() {
                let expected = SlidePoint::new(place.x + dx, place.y + dy);
                if let Some(found) = self.find(expected) {
                    all += 1;
                    off += usize::from(found.distance(expected) > EVEN * self.cell.pitch);
                }
            }
        }
        50 * off <= all
    }

    /// The corners of the cell of a place from that place: each in the middle of the places around it, so that all cells
    /// that meet there agree.
    fn corners(&self, place: SlidePoint) -> Vec<[f32; 2]> {
        let at = |[dx, dy]: [f64; 2]| {
            let expected = SlidePoint::new(place.x + dx, place.y + dy);
            self.find(expected).unwrap_or(expected)
        };
        let ways: Vec<[f64; 2]> = self.cell.neighbours().collect();
        let next = ways.iter().cycle().skip(1);
        ways.iter()
            .zip(next)
            .map(|(&a, &b)| {
                let mut around = vec![place, at(a), at(b)];
                if self.cell.shape == CellShape::Square {
                    around.push(at([a[0] + b[0], a[1] + b[1]]));
                }
                let n = around.len() as f64;
                let sum = around.iter().fold([0.0, 0.0], |[x, y], p| [x + p.x - place.x, y + p.y - place.y]);
                sum.map(|v| (v / n) as f32)
            })
            .collect()
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
                let cell = Cell::new(&lattice(shape, 98.0, angle), 100.0);
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
            let cell = Cell::new(&lattice(shape, 10.0, 0.2), 10.0);
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
    fn cells_of_a_bent_lattice_meet_too() {
        for shape in [CellShape::Hexagon, CellShape::Square] {
            let mut places = lattice(shape, 10.0, 0.1);
            assert!(Cells::new(&places, 10.0).are_even());
            for place in &mut places {
                place.x += 1.5 * (place.y / 30.0).sin();
                place.y += 1.5 * (place.x / 40.0).cos();
            }
            let cells = Cells::new(&places, 10.0);
            assert!(!cells.are_even());
            assert_eq!(cells.cell().shape, shape);
            // Every corner of a cell within the lattice is a corner of its neighbours, at the same point.
            let corner = |i: usize, [x, y]: [f64; 2]| SlidePoint::new(places[i].x + x, places[i].y + y);
            let all: Vec<SlidePoint> = (0..places.len())
                .flat_map(|i| cells.corners(i).map(|c| corner(i, c)).collect::<Vec<_>>())
                .collect();
            let inner = 10 * 30 + 15;
            for c in cells.corners(inner).map(|c| corner(inner, c)) {
                let meet = all.iter().filter(|other| other.distance(c) < 1e-3).count();
                assert_eq!(meet, if shape == CellShape::Hexagon { 3 } else { 4 });
            }
        }
    }

    #[test]
    fn few_places_have_squares_of_the_pitch_that_is_expected() {
        assert_eq!(Cell::new(&[], 7.0), Cell { shape: CellShape::Square, pitch: 7.0, angle: 0.0 });
        let one = Cell::new(&[SlidePoint::new(f64::NAN, 0.0), SlidePoint::new(1.0, 1.0)], 7.0);
        assert_eq!((one.shape, one.pitch), (CellShape::Square, 7.0));
    }
}
