//! Fitting models: which sections and genes take part, one fold, training one model, cross-validating it.

mod chosen;
mod cross_validate;
mod fold;
mod prepare;
pub mod published;
pub mod recipe;
mod start;
mod train;

use crate::core::target::Target;
use crate::device::DeviceChoice;
use crate::jobs::encoders::EncoderChoice;

use recipe::Recipe;

pub(super) use chosen::keep_kind;
pub use cross_validate::evaluate;
pub(super) use prepare::Prepared;
pub use train::{Trained, train};

/// What training and cross-validation are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FitRequest {
    /// Names of the genes.
    pub genes: Vec<String>,
    /// The scale of the predictions.
    pub target: Target,
    /// The sections that take part; all where none is named.
    pub sections: Vec<String>,
    /// The image encoder.
    pub encoder: EncoderChoice,
    /// Where to train.
    pub device: DeviceChoice,
    /// How to train.
    pub recipe: Recipe,
}
