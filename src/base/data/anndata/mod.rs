//! AnnData files (`.h5ad`): a matrix of observations (spots) x variables (genes) with tables, coordinates and
//! images beside it. Read in all encodings since 0.5 (anndata's "on-disk format", h5sparse before), written
//! in the current one.

mod frame;
mod image;
mod inspect;
mod kind;
mod matrix;
mod origin;
mod positions;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use image::{ImageInfo, SpatialLibrary, image_size, read_image};
pub use inspect::{Inspected, LabelColumn, inspect};
pub use read::{AnnData, MatrixChoice, ReadOptions, labels, read};
pub use write::{Columns, Contents, ObsColumn, Uns, write};
