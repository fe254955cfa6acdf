//! Places for the names of points, so that they cover neither each other nor the points that they name.

use std::f64::consts::TAU;

use crate::figures::drawing::Rect;

/// How far from its point a name may stand, in millimetres.
const DISTANCES: [f64; 6] = [0.5, 1.3, 2.4, 4.0, 6.0, 8.5];
/// In how many directions.
const DIRECTIONS: u32 = 16;
/// What it costs to cover another point or to cross another line, in millimetres of distance.
const COVERED: f64 = 3.0;
/// Names farther away than this are joined to their point by a line.
const JOINED: f64 = 1.0;
/// The samples of a joining line that must not lie on a name.
const SAMPLES: u32 = 12;

/// A point with the size of its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Named {
    pub(super) at: [f64; 2],
    pub(super) size: [f64; 2],
}

/// Where a name stands, and the line that joins it to its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) rect: Rect,
    pub(super) line: Option<[[f64; 2]; 2]>,
}

fn holds(rect: Rect, [x, y]: [f64; 2], around: f64) -> bool {
    x > rect.x - around && x < rect.right() + around && y > rect.y - around && y < rect.bottom() + around
}

fn crosses([from, to]: [[f64; 2]; 2], rect: Rect) -> bool {
    (0..=SAMPLES).any(|i| {
        let t = f64::from(i) / f64::from(SAMPLES);
        holds(rect, [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])], 0.0)
    })
}

/// Whether two lines cross.
fn meet([a, b]: [[f64; 2]; 2], [c, d]: [[f64; 2]; 2]) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]) > 0.0
    };
    side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
}

/// A place for each name within `bounds`, first come, first served; `None` where there is no room. `points` are all points,
/// of this radius.
pub(super) fn place_names(
    names: &[Named],
    points: &[[f64; 2]],
    radius: f64,
    bounds: Rect,
) -> Vec<Option<Place>> {
    let mut placed: Vec<Place> = Vec::new();
    names
        .iter()
        .map(|name| {
            let candidates = DISTANCES.iter().flat_map(|d| (0..DIRECTIONS).map(move |k| (*d, k)));
            let best = candidates
                .filter_map(|(distance, k)| {
                    let place = candidate(name, distance + radius, k);
                    let free = place.rect.x >= bounds.x
                        && place.rect.y >= bounds.y
                        && place.rect.right() <= bounds.right()
                        && place.rect.bottom() <= bounds.bottom()
                        && !names.iter().any(|other| holds(place.rect, other.at, radius))
                        && !placed.iter().any(|other| {
                            other.rect.overlaps(place.rect)
                                || place.line.is_some_and(|line| crosses(line, other.rect))
                                || other.line.is_some_and(|line| crosses(line, place.rect))
                        });
                    let covered = || points.iter().filter(|p| holds(place.rect, **p, radius)).count();
                    let lines = || placed.iter().filter_map(|other| other.line);
                    let crossed =
                        || place.line.map_or(0, |own| lines().filter(|other| meet(own, *other)).count());
                    free.then(|| (distance + COVERED * (covered() + crossed()) as f64, place))
                })
                .min_by(|(a, _), (b, _)| a.total_cmp(b));
            let (_, place) = best?;
            placed.push(place);
            Some(place)
        })
        .collect()
}

/// The name at this distance between the point and the nearest edge of the name.
fn candidate(name: &Named, distance: f64, direction: u32) -> Place {
    let (sin, cos) = (f64::from(direction) / f64::from(DIRECTIONS) * TAU).sin_cos();
    let [w, h] = name.size;
    let edge = [name.at[0] + distance * cos, name.at[1] + distance * sin];
    // The direction says which point of the name's border is nearest.
    let rect = Rect { x: edge[0] - w * (1.0 - cos) / 2.0, y: edge[1] - h * (1.0 - sin) / 2.0, w, h };
    Place { rect, line: (distance > JOINED + 0.5).then_some([name.at, edge]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_apart_and_off_their_points() {
        let bounds = Rect { x: 0.0, y: 0.0, w: 60.0, h: 40.0 };
        let at = |i: u32| [25.0 + f64::from(i % 4) * 2.0, 18.0 + f64::from(i / 4) * 2.0];
        let names: Vec<Named> = (0..12).map(|i| Named { at: at(i), size: [7.0, 2.5] }).collect();
        let points: Vec<[f64; 2]> = (0..12).map(at).collect();
        let places = place_names(&names, &points, 0.4, bounds);
        let placed: Vec<Place> = places.iter().flatten().copied().collect();
        assert!(placed.len() >= 8, "{} of 12 names have a place", placed.len());
        for (i, a) in placed.iter().enumerate() {
            assert!(a.rect.x >= 0.0 && a.rect.right() <= 60.0 && a.rect.y >= 0.0 && a.rect.bottom() <= 40.0);
            assert!(!points.iter().any(|p| holds(a.rect, *p, 0.3)));
            assert!(placed[i + 1..].iter().all(|b| !a.rect.overlaps(b.rect)));
        }
    }

    #[test]
    fn lines_that_cross_are_seen() {
        assert!(meet([[0.0, 0.0], [2.0, 2.0]], [[0.0, 2.0], [2.0, 0.0]]));
        assert!(!meet([[0.0, 0.0], [2.0, 2.0]], [[0.0, 1.0], [0.5, 2.0]]));
    }

    #[test]
    fn a_name_without_room_has_no_place() {
        let bounds = Rect { x: 0.0, y: 0.0, w: 5.0, h: 5.0 };
        let names = [Named { at: [2.0, 2.0], size: [7.0, 2.5] }];
        assert_eq!(place_names(&names, &[[2.0, 2.0]], 0.4, bounds), [None]);
    }
}
