//! What a user sets to have a slide predicted that was not measured: what is tissue, and how densely it is covered.

use serde::{Deserialize, Serialize};

use super::geometry::SlidePoint;

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
    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

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
