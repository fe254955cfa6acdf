//! Points and rectangles in named spaces. Slide space is level-0 pixels: origin top left, x right, y
//! down. Tissue space is micrometres from the same origin. Screen space belongs to the window.

use serde::{Deserialize, Serialize};

/// A position in slide pixels (level 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
pub struct SlidePoint {
    /// Pixels to the right of the left edge.
    pub x: f64,
    /// Pixels below the top edge.
    pub y: f64,
}

impl SlidePoint {
    /// A position in slide pixels.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The same position in micrometres from the slide's top left corner.
    pub fn to_um(self, mpp: Mpp) -> [f64; 2] {
        [self.x * mpp.0, self.y * mpp.0]
    }

    /// Euclidean distance in slide pixels.
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// Micrometres per slide pixel.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mpp(pub f64);

impl Mpp {
    /// The plausible range of a histology scan; anything else is a mistake in the data or the entry.
    pub const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.05..=50.0;

    /// `um` micrometres as slide pixels.
    pub fn px(self, um: f64) -> f64 {
        um / self.0
    }
}

/// An axis-aligned rectangle in slide pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SlideRect {
    /// Top left corner.
    pub min: SlidePoint,
    /// Bottom right corner.
    pub max: SlidePoint,
}

impl SlideRect {
    /// From two corners, `min` above and left of `max`.
    pub const fn new(min: SlidePoint, max: SlidePoint) -> Self {
        Self { min, max }
    }

    /// The whole of a slide of this size.
    pub fn of_size(width: u32, height: u32) -> Self {
        Self::new(SlidePoint::new(0.0, 0.0), SlidePoint::new(f64::from(width), f64::from(height)))
    }

    /// The smallest rectangle around `points`, or `None` without points.
    pub fn around(points: impl IntoIterator<Item = SlidePoint>) -> Option<Self> {
        points.into_iter().fold(None, |rect: Option<Self>, p| match rect {
            None => Some(Self::new(p, p)),
            Some(r) => Some(Self::new(
                SlidePoint::new(r.min.x.min(p.x), r.min.y.min(p.y)),
                SlidePoint::new(r.max.x.max(p.x), r.max.y.max(p.y)),
            )),
        })
    }

    /// Grown by `margin` pixels on every side.
    pub fn grown(self, margin: f64) -> Self {
        Self::new(
            SlidePoint::new(self.min.x - margin, self.min.y - margin),
            SlidePoint::new(self.max.x + margin, self.max.y + margin),
        )
    }

    /// The part of this rectangle inside `other`; of zero size where they do not meet.
    pub fn intersect(self, other: Self) -> Self {
        let min = SlidePoint::new(self.min.x.max(other.min.x), self.min.y.max(other.min.y));
        let max = SlidePoint::new(self.max.x.min(other.max.x), self.max.y.min(other.max.y));
        Self::new(min, SlidePoint::new(max.x.max(min.x), max.y.max(min.y)))
    }

    /// Width in pixels.
    pub fn width(self) -> f64 {
        self.max.x - self.min.x
    }

    /// Height in pixels.
    pub fn height(self) -> f64 {
        self.max.y - self.min.y
    }

    /// The middle.
    pub fn center(self) -> SlidePoint {
        SlidePoint::new(f64::midpoint(self.min.x, self.max.x), f64::midpoint(self.min.y, self.max.y))
    }

    /// Whether `p` lies inside or on the edge.
    pub fn contains(self, p: SlidePoint) -> bool {
        p.x >= self.min.x && p.x <= self.max.x && p.y >= self.min.y && p.y <= self.max.y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn around_grows_over_points() {
        let r = SlideRect::around([SlidePoint::new(3.0, 1.0), SlidePoint::new(-1.0, 5.0)]).unwrap();
        assert_eq!((r.width(), r.height()), (4.0, 4.0));
        assert!(SlideRect::around([]).is_none());
    }

    #[test]
    fn disjoint_rectangles_meet_in_nothing() {
        let a = SlideRect::of_size(2, 2);
        let b = SlideRect::new(SlidePoint::new(5.0, 5.0), SlidePoint::new(6.0, 6.0));
        assert_eq!(a.intersect(b).width(), 0.0);
    }

    #[test]
    fn micrometres_and_pixels() {
        assert_eq!(SlidePoint::new(10.0, 20.0).to_um(Mpp(0.5)), [5.0, 10.0]);
        assert_eq!(Mpp(0.5).px(112.0), 224.0);
    }
}
