//! What every room shares and nothing else: geometry with named spaces, matrices, progress and
//! cancellation, safe file writing, seeded random numbers, counted nouns.

pub mod cancel;
pub mod cells;
pub mod color_scale;
pub mod colormap;
pub mod csv;
pub mod dihedral;
pub mod display;
pub mod encoder;
pub mod encoding;
pub mod expression_maps;
pub mod fault;
pub mod file_names;
pub mod files;
pub mod fonts;
pub mod geometry;
pub mod gpu;
pub mod linalg;
pub mod matrix;
pub mod memory;
pub mod note;
pub mod pca;
pub mod places;
pub mod progress;
pub mod recent;
pub mod rng;
pub mod same_name;
pub mod target;
pub mod text;
pub mod wide;
