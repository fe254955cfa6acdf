//! Image features of one section at the three levels the model fuses: the spot, its neighbourhood, and
//! landmarks of the whole section.

use crate::core::matrix::Matrix;

/// Side of the neighbourhood grid in patches.
pub const NEIGHBOURHOOD_SIDE: usize = 5;
/// Patches in the neighbourhood grid of one spot.
pub const NEIGHBOURHOOD: usize = NEIGHBOURHOOD_SIDE * NEIGHBOURHOOD_SIDE;
/// The most landmarks a section has, so that cost stays linear in spots.
pub const MAX_LANDMARKS: usize = 1024;

/// Features of one section, `d` numbers each, as the encoder gave them (not standardised).
#[derive(Debug, Clone, PartialEq)]
pub struct SectionFeatures {
    /// The patch centred on each spot: `n x d`.
    pub spot: Matrix,
    /// The patches of each spot's neighbourhood grid, row by row: `(n * NEIGHBOURHOOD) x d`; row
    /// `i * NEIGHBOURHOOD + j` is patch `j` of spot `i`. Zero where masked.
    pub neighbourhood: Matrix,
    /// `n * NEIGHBOURHOOD`: whether the patch shows tissue; glass and off-slide patches are masked.
    pub neighbourhood_on_tissue: Vec<bool>,
    /// Features pooled on a coarse tissue grid: `m x d`, `m <= MAX_LANDMARKS`.
    pub landmarks: Matrix,
    /// Where each landmark lies, micrometres from the slide's top left corner: `m`.
    pub landmark_um: Vec<[f32; 2]>,
    /// Where each spot lies, micrometres from the slide's top left corner: `n`.
    pub spot_um: Vec<[f32; 2]>,
}
