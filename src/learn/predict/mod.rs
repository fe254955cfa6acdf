//! Predicting expression from image embeddings: retrieval from a bank of training spots, the regression
//! head, and their blend.

pub mod bank;
pub mod blend;
pub mod embed;
pub mod fitted;
mod model;
pub mod published;
pub mod reach;
pub mod source;
pub mod store;
pub mod tensors;
pub mod uncertainty;

pub use fitted::{FusedModel, FusedModelConfig, GeneScale, PredictError, predict, predict_like};
pub use model::Model;
pub use published::Published;
pub use reach::{Reach, TrainingSlides};

use serde::{Deserialize, Serialize};

use crate::core::matrix::Matrix;

/// One training spot that a prediction was retrieved from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retrieved {
    /// Index into [`Predictions::bank_spots`].
    pub bank: u32,
    /// Cosine similarity of the image embeddings, -1 to 1.
    pub similarity: f32,
    /// Its share in the retrieved prediction; all shares of a spot sum to 1.
    pub weight: f32,
}

/// A training spot in the bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankSpot {
    /// Name of its section.
    pub section: String,
    /// Its identifier in that section.
    pub spot: String,
}

/// What was predicted for one section.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Name of the section.
    pub section: String,
    /// Identifiers of the predicted spots: `n`.
    pub spots: Vec<String>,
    /// Names of the genes: `g`.
    pub genes: Vec<String>,
    /// Predicted expression on the run's target scale: `n x g`.
    pub mean: Matrix,
    /// Half the width of an 80 % interval, same scale: `n x g`.
    pub uncertainty: Matrix,
    /// The spots each prediction was retrieved from, most similar first: `n`.
    pub retrieved: Vec<Vec<Retrieved>>,
    /// The training spots that `retrieved` refers to.
    pub bank_spots: Vec<BankSpot>,
}
