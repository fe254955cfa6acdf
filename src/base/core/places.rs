//! What a user sets to have a slide predicted that was not measured: what is tissue, and how densely it is covered.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::geometry::SlidePoint;
use super::text::thousands;

/// A circle by which the user adds to the tissue or removes from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stroke {
    /// Its centre.
    pub center: SlidePoint,
    /// Its radius in slide pixels.
    pub radius: f64,
    /// Whether what lies in it is tissue.
    pub is_tissue: bool,
}

/// How tissue is told from glass on one slide.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TissueSettings {
    /// Staining from which a pixel is tissue, in units of optical density; found by Otsu's method where `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// Circles applied last, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<Stroke>,
}

impl TissueSettings {
    /// The thresholds that are offered.
    pub const THRESHOLDS: std::ops::RangeInclusive<f32> = 0.01..=0.3;
    /// The most circles of the brush on one slide.
    pub const MAX_STROKES: usize = 5_000;

    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a circle of the brush. Circles that it covers are dropped, and it is not added where it would change nothing.
    ///
    /// # Errors
    /// [`TooManyStrokes`].
    pub fn paint(&mut self, stroke: Stroke) -> Result<(), TooManyStrokes> {
        if self.decides(stroke) {
            return Ok(());
        }
        self.strokes.retain(|old| old.center.distance(stroke.center) + old.radius > stroke.radius);
        if self.strokes.len() >= Self::MAX_STROKES {
            return Err(TooManyStrokes);
        }
        self.strokes.push(stroke);
        Ok(())
    }

    /// Whether the circles so far make all of `stroke` what it makes it, as far as points in it and on its edge tell.
    fn decides(&self, stroke: Stroke) -> bool {
        const POINTS: u32 = 24;
        // A point on the edge of a circle is in it, however it is rounded.
        const EDGE: f64 = 1.0 + 1e-6;
        let is_so = |at: SlidePoint| {
            let last = self.strokes.iter().rev().find(|s| s.center.distance(at) <= s.radius * EDGE);
            last.is_some_and(|last| last.is_tissue == stroke.is_tissue)
        };
        is_so(stroke.center)
            && [0.5, 1.0].into_iter().all(|share| {
                (0..POINTS).all(|i| {
                    let (sin, cos) = (f64::from(i) * std::f64::consts::TAU / f64::from(POINTS)).sin_cos();
                    let reach = stroke.radius * share;
                    is_so(SlidePoint::new(stroke.center.x + reach * cos, stroke.center.y + reach * sin))
                })
            })
    }

    /// A number that is another one for other settings.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.threshold.map(f32::to_bits).hash(&mut hasher);
        for Stroke { center, radius, is_tissue } in &self.strokes {
            ([center.x, center.y, *radius].map(f64::to_bits), is_tissue).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// No more circles of the brush can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "A slide has at most {} brush circles: use a larger brush, or clear the strokes and change the threshold",
    thousands(TissueSettings::MAX_STROKES)
)]
pub struct TooManyStrokes;

/// How the places of a grid lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridLattice {
    /// Every place has six neighbours, as in Visium.
    #[default]
    Hexagonal,
    /// Every place has four.
    Square,
}

/// A grid of places over the tissue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GridSettings {
    /// Distance between neighbouring places, in micrometres.
    pub pitch_um: f64,
    /// How they lie.
    pub lattice: GridLattice,
}

impl GridSettings {
    /// Distance between neighbouring places unless said otherwise, in micrometres: that of Visium spots.
    pub const DEFAULT_PITCH_UM: f64 = 100.0;
}

impl Default for GridSettings {
    fn default() -> Self {
        Self { pitch_um: Self::DEFAULT_PITCH_UM, lattice: GridLattice::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(x: f64, radius: f64, is_tissue: bool) -> Stroke {
        Stroke { center: SlidePoint::new(x, 0.0), radius, is_tissue }
    }

    #[test]
    fn circles_that_change_nothing_are_not_kept() {
        let mut settings = TissueSettings::default();
        for _ in 0..3 {
            // Back and forth over the same place.
            for x in [0.0, 5.0, 10.0, 5.0, 0.0] {
                settings.paint(stroke(x, 10.0, true)).unwrap();
            }
        }
        assert_eq!(settings.strokes.len(), 3);
        settings.paint(stroke(5.0, 2.0, false)).unwrap();
        assert_eq!(settings.strokes.len(), 4, "a hole is a change");
        settings.paint(stroke(5.0, 10.0, true)).unwrap();
        assert_eq!(settings.strokes.len(), 3, "the circles beneath the last are gone");
        settings.paint(stroke(5.0, 100.0, false)).unwrap();
        assert_eq!(settings.strokes, [stroke(5.0, 100.0, false)]);
    }

    #[test]
    fn there_is_an_end_to_circles() {
        let mut settings = TissueSettings::default();
        for i in 0..TissueSettings::MAX_STROKES {
            settings.strokes.push(stroke(i as f64 * 30.0, 10.0, true));
        }
        let before = settings.clone();
        let said = settings.paint(stroke(-100.0, 10.0, true)).unwrap_err().to_string();
        assert!(said.starts_with("A slide has at most 5,000 brush circles"), "{said}");
        assert_eq!(settings, before);
        settings.paint(stroke(0.0, 100.0, false)).unwrap();
    }

    #[test]
    fn fingerprints_tell_settings_apart() {
        let mut settings = TissueSettings::default();
        let mut seen = vec![settings.fingerprint()];
        settings.threshold = Some(0.05);
        seen.push(settings.fingerprint());
        for is_tissue in [true, false] {
            settings.strokes.push(stroke(1.0, 2.0, is_tissue));
            seen.push(settings.fingerprint());
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
