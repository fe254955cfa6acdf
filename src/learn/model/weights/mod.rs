//! Weights files that users bring, read safely: [`WeightsFile`] opens safetensors and PyTorch files of any age,
//! runs nothing that is in them, and gives tensors by the names of timm and torchvision, one at a time in single
//! precision. [`compare`] says whether a file belongs to a network, [`fingerprint`] gives its content a name.

mod error;
mod file;
mod fingerprint;
mod kind;
mod names;
mod pickle;
mod prefixes;
mod pytorch;
mod report;
mod safetensors;
mod sniff;
mod stored;

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod tests;

pub use error::WeightsError;
pub use file::{TensorInfo, WeightsFile};
pub use fingerprint::fingerprint;
pub use kind::NumberKind;
pub use report::{KeyReport, compare};
