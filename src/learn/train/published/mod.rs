//! Training by the published recipe: contrast of images and expression alone, for a fixed number of epochs, on
//! all training sections.

mod adam;
mod augment;
mod checkpoint;
mod config;
mod encoder;
mod fingerprint;
mod finish;
mod fit;
mod input;
mod work;

pub use config::PublishedConfig;
pub use encoder::encoder_memory;
pub use fit::fit;
pub use input::{Images, PublishedInput, PublishedSection};
