//! What learns and predicts: image features, networks, training, prediction. Nothing here knows jobs or a window. The rooms
//! are those of the crate `hiscmcl`, whose documentation describes them.

pub mod device;
pub mod model;
pub mod predict;
pub mod preprocess;
pub mod train;

pub use hiscmcl_base::{core, data};
