//! Pretrained image encoders: what their networks look like, and how they are run.

pub mod architecture;
mod batch;
mod cpu;
mod densenet;
mod half;
mod halving;
pub mod listing;
mod load;
mod network;
pub mod ops;
pub mod parameters;
mod positions;
mod precision;
pub mod presets;
mod pretrained;
mod resnet;
mod tensor;
mod trained;
mod training;
mod vit;

pub use architecture::Architecture;
pub use cpu::CpuNetwork;
pub use half::HalfNetwork;
pub use load::{LoadError, load, report};
pub use precision::Precision;
pub use presets::{Preset, TrainedOn, preset, presets};
pub use pretrained::{Pretrained, check};
pub use tensor::TensorNetwork;
pub use trained::{EncoderShape, Trained};
pub use training::{Chunk, Training, first_parameters, image_batch};
