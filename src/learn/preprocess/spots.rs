//! Features of the spots alone, at the encoder's own resolution: the one image level of the published recipe.

use super::features::{self, FeatureError, SectionFeatures};
use crate::core::cancel::CancelToken;
use crate::core::encoder::PatchEncoder;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::matrix::Matrix;
use crate::core::progress::{Progress, Task};
use crate::data::slide::Slide;

/// The part of a section's features that describes the patch of each spot: `n x width`.
pub fn of_features(features: &SectionFeatures) -> Matrix {
    // The second half describes a wider field around the same centre.
    let own: Vec<usize> = (0..features.spot.cols() / 2).collect();
    features.spot.select_cols(&own)
}

/// Encodes the patch of each spot: `n x width`.
///
/// # Errors
/// [`FeatureError`] when the slide cannot be read or the encoder not be run, or when cancelled.
pub fn encode(
    slide: &Slide,
    centers: &[SlidePoint],
    mpp: Mpp,
    encoder: &dyn PatchEncoder,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Matrix, FeatureError> {
    encoder.prepare(progress, cancel)?;
    let mut done = 0;
    let encoded = |count| {
        done += count;
        progress.report(&Task::SpotImages.into(), done, centers.len() as u64);
    };
    features::encode(slide, centers, mpp, &[1.0], encoder, encoded, cancel)
}
