//! Pretrained image encoders: what their networks look like, and how they are run.

pub mod architecture;
mod cpu;
mod densenet;
pub mod listing;
mod load;
pub mod ops;
pub mod parameters;
mod positions;
pub mod presets;
mod pretrained;
mod resnet;
mod tensor;
mod trained;
mod training;
mod vit;

pub use architecture::Architecture;
pub use cpu::CpuNetwork;
pub use load::{LoadError, load, report};
pub use presets::{Preset, TrainedOn, preset, presets};
pub use pretrained::{Pretrained, check};
pub use tensor::TensorNetwork;
pub use trained::{EncoderShape, Trained};
pub use training::{Chunk, Training, first_parameters, image_batch};
