//! What a model predicts for a section.

use std::sync::Arc;

use super::context::JobContext;
use crate::core::progress::PrefixedProgress;
use crate::data::section::Section;
use crate::data::slide::Slide;
use crate::predict::{Model, Predictions, predict_like};
use crate::preprocess::features::SectionFeatures;
use crate::preprocess::spots;

/// Predicts a section with a model of either recipe, which asks for what it reads: features, or the slide. Features are
/// seen as those of `reference` are, of the same slide at other places, where there is one.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn predict_section(
    model: &Model,
    section: &Section,
    features: impl FnOnce() -> anyhow::Result<Arc<SectionFeatures>>,
    reference: Option<&SectionFeatures>,
    slide: impl FnOnce() -> anyhow::Result<Arc<Slide>>,
    ctx: &JobContext,
) -> anyhow::Result<Predictions> {
    let (name, progress, cancel) = (&section.name, ctx.progress(), ctx.cancel);
    let ids: Vec<String> = section.spots.iter().map(|s| s.id.clone()).collect();
    match model {
        Model::Fused(fitted) => {
            let features = features()?;
            let reference = reference.unwrap_or(&features);
            Ok(predict_like(fitted, name, &features, reference, &ids, progress, cancel)?)
        }
        Model::Published(model) => {
            let images = match &model.encoder {
                None => spots::of_features(features()?.as_ref()),
                Some(encoder) => {
                    let centers: Vec<_> = section.centers().collect();
                    let progress = PrefixedProgress { name, to: progress };
                    spots::encode(slide()?.as_ref(), &centers, section.mpp, encoder, &progress, cancel)?
                }
            };
            Ok(model.predict(name, &images, &ids, progress, cancel)?)
        }
    }
}
