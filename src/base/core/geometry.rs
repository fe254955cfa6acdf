//! Points and rectangles in named spaces. Slide space is level-0 pixels: origin top left, x right, y
//! down. Tissue space is micrometres from the same origin. Screen space belongs to the window.

use std::str::FromStr;

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

    /// Micrometres per pixel times the magnification of the objective, by the convention of scanners: 0.25 at 40x.
    const UM_AT_1X: f64 = 10.0;

    /// `um` micrometres as slide pixels.
    pub fn px(self, um: f64) -> f64 {
        um / self.0
    }
}

/// A text that is no resolution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MppTextError {
    /// Neither a number nor a magnification.
    #[error(
        "\"{0}\" is neither a number of \u{00B5}m per pixel, such as 0.25, nor a magnification, such as 40x"
    )]
    NotANumber(String),
    /// A number that no scan of tissue has.
    #[error(
        "{0} \u{00B5}m per pixel is not plausible; enter a value from {least} to {most}",
        least = Mpp::PLAUSIBLE.start(),
        most = Mpp::PLAUSIBLE.end()
    )]
    Implausible(f64),
}

impl FromStr for Mpp {
    type Err = MppTextError;

    /// Reads what a user enters: micrometres per pixel ("0.25", "0,25 \u{00B5}m") or a magnification ("40x").
    fn from_str(text: &str) -> Result<Self, MppTextError> {
        const MAX_SHOWN: usize = 40;
        let typed = text.trim().to_lowercase().replace(',', ".");
        let not_a_number = || MppTextError::NotANumber(text.trim().chars().take(MAX_SHOWN).collect());
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        // Both signs for micro are in use.
        let units = ["/px", "/pixel", "um", "\u{00B5}m", "\u{03BC}m"];
        let without = |rest: &str, unit: &str| rest.strip_suffix(unit).unwrap_or(rest).trim_end().to_owned();
        let bare = units.into_iter().fold(typed, |rest, unit| without(&rest, unit));
        let magnified =
            ['x', '\u{00D7}'].into_iter().find_map(|x| bare.strip_suffix(x).or_else(|| bare.strip_prefix(x)));
        let mpp = match magnified {
            Some(times) => Self::UM_AT_1X / number(times).filter(|t| *t > 0.0).ok_or_else(not_a_number)?,
            None => number(&bare).ok_or_else(not_a_number)?,
        };
        match Self::PLAUSIBLE.contains(&mpp) {
            true => Ok(Self(mpp)),
            false => Err(MppTextError::Implausible(mpp)),
        }
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

    /// Whether the two have a point in common, be it one on an edge.
    pub fn meets(self, other: Self) -> bool {
        self.min.x <= other.max.x
            && self.max.x >= other.min.x
            && self.min.y <= other.max.y
            && self.max.y >= other.min.y
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
        let beside = SlideRect::new(SlidePoint::new(2.0, 0.0), SlidePoint::new(3.0, 1.0));
        assert!(SlideRect::of_size(2, 2).meets(beside) && !SlideRect::of_size(1, 1).meets(beside));
        let a = SlideRect::of_size(2, 2);
        let b = SlideRect::new(SlidePoint::new(5.0, 5.0), SlidePoint::new(6.0, 6.0));
        assert_eq!(a.intersect(b).width(), 0.0);
    }

    #[test]
    fn micrometres_and_pixels() {
        assert_eq!(SlidePoint::new(10.0, 20.0).to_um(Mpp(0.5)), [5.0, 10.0]);
        assert_eq!(Mpp(0.5).px(112.0), 224.0);
    }

    #[test]
    fn resolutions_are_read_as_users_write_them() {
        for (text, mpp) in [
            ("0.25", 0.25),
            (" 0,5 ", 0.5),
            ("0.5 \u{00B5}m/px", 0.5),
            ("0.5um", 0.5),
            ("40x", 0.25),
            ("20 \u{00D7}", 0.5),
            ("x10", 1.0),
        ] {
            assert_eq!(text.parse(), Ok(Mpp(mpp)), "{text}");
        }
        for text in ["", "many", "x", "0x", "40xx", "nan", "inf", "0.25 mm"] {
            assert_eq!(text.parse::<Mpp>(), Err(MppTextError::NotANumber(text.to_owned())), "{text}");
        }
        assert_eq!("5000".parse::<Mpp>(), Err(MppTextError::Implausible(5000.0)));
        assert_eq!("-1".parse::<Mpp>(), Err(MppTextError::Implausible(-1.0)));
    }
}
