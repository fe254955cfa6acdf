//! What Space Ranger writes beside the matrix of a Visium or Visium HD sample: the positions of the spots, the
//! scale factors of its images, and what resolution follows from them.

mod parquet;
pub mod positions;
pub mod resolution;
pub mod scale_factors;

pub use positions::read_positions;
pub use resolution::{Lattice, Resolution, resolution};
pub use scale_factors::{ScaleFactors, read_scale_factors};
