//! Embedding whole sections, a chunk at a time.

use burn::tensor::Tensor;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::matrix::Matrix;
use crate::model::{Network, Noise};
use crate::predict::source::{ImageSource, SpotRef};

/// Spots that go through the network together: few enough that a chunk takes a moment on a CPU.
const CHUNK: usize = 256;

/// What one network says of some spots.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Image embeddings: `n x embedding`.
    pub embedding: Matrix,
    /// What the regression head predicts: `n x outputs`.
    pub predicted: Matrix,
}

/// Puts `picks` through `network`, which is on the source's device and without autodiff. `done` hears the
/// number of spots after each chunk.
///
/// # Errors
/// [`Cancelled`].
pub fn embed(
    network: &Network,
    source: &ImageSource<'_>,
    picks: &[SpotRef],
    mut done: impl FnMut(usize),
    cancel: &CancelToken,
) -> Result<Embedded, Cancelled> {
    let (mut embedding, mut predicted) = (Vec::new(), Vec::new());
    let (mut width, mut outputs) = (0, 0);
    for (i, chunk) in picks.chunks(CHUNK).enumerate() {
        cancel.check()?;
        let out = network.image(&source.batch(chunk), &Noise::default());
        width = out.embedding.dims()[1];
        outputs = out.predicted.dims()[1];
        embedding.extend(values(out.embedding));
        predicted.extend(values(out.predicted));
        done((i * CHUNK + chunk.len()).min(picks.len()));
    }
    let matrix = |cols, v| Matrix::from_vec(picks.len(), cols, v).unwrap_or_default();
    Ok(Embedded { embedding: matrix(width, embedding), predicted: matrix(outputs, predicted) })
}

/// A tensor's values on the host, in row-major order.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
