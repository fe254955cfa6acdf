//! Training the fused network: its settings, the loop, checkpoints, and the model that comes out of it.

mod batch;
mod chance;
pub mod checkpoint;
pub mod config;
mod fit;
mod members;
mod optimizer;
mod prepare;
pub mod published;
mod score;
mod stage;
mod work;

pub use chance::VersusChance;
pub use config::{ConfigError, Help, Level, TrainConfig};
pub use fit::{FitInput, TrainError, TrainSection, Validation, fit};
pub use stage::{EpochMetrics, Phase};
