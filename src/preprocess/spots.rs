//! Features of the spots alone, at the encoder's own resolution: the one image level of the published recipe.

use rayon::prelude::*;

use super::features::{FeatureError, SectionFeatures};
use crate::core::cancel::CancelToken;
use crate::core::encoder::PatchEncoder;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Matrix;
use crate::core::progress::Progress;
use crate::data::slide::Slide;

/// What progress is reported under.
const STAGE: &str = "spot images";

/// The part of a section's features that describes the patch of each spot: `n x width`.
pub fn of_features(features: &SectionFeatures) -> Matrix {
    // The second half describes a wider field around the same centre.
    let own: Vec<usize> = (0..features.spot.cols() / 2).collect();
    features.spot.select_cols(&own)
}

/// Encodes the patch of each spot: `n x width`.
///
/// # Errors
/// [`FeatureError`] when the encoder cannot be run, or when cancelled.
pub fn encode(
    slide: &Slide,
    centers: &[SlidePoint],
    mpp: Mpp,
    encoder: &dyn PatchEncoder,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Matrix, FeatureError> {
    encoder.prepare(progress, cancel)?;
    let width = encoder.width();
    let mut all = Matrix::zeros(centers.len(), width);
    // Enough to keep all cores busy, few enough to cancel within a second.
    let batch = (rayon::current_num_threads() * 4).clamp(8, 64);
    for (index, chunk) in centers.chunks(batch).enumerate() {
        cancel.check()?;
        let read = |&c: &SlidePoint| slide.read_patch(c, mpp, encoder.mpp(), encoder.patch_size());
        let patches: Vec<_> = chunk.par_iter().map(read).collect();
        for (row, values) in encoder.encode(&patches)?.iter().take(chunk.len()).enumerate() {
            all.row_mut(index * batch + row).iter_mut().zip(values).for_each(|(o, &v)| *o = v);
        }
        progress.report(STAGE, (index * batch + chunk.len()) as u64, centers.len() as u64);
    }
    Ok(all)
}
