//! How far the training of a run reaches: learned when its model is made, told of every slide that it predicts.

use std::path::Path;

use serde::Serialize;

use super::context::JobContext;
use super::fit::Prepared;
use super::places::{median_mpp, stain_of};
use super::workspace::Workspace;
use crate::core::progress::Task;
use crate::data::section::Section;
use crate::evaluate::splits::Fold;
use crate::predict::{Model, Reach, TrainingSlides};
use crate::preprocess::features::SectionFeatures;
use crate::preprocess::standardise::{standardise, standardise_like};
use crate::preprocess::tissue_mask::Stain;

/// Landmarks play no part in it.
const NO_LANDMARKS: usize = 0;
/// Resolutions that differ by more than this factor are worth a sentence.
const MPP_FACTOR: f64 = 1.25;
/// Stains that differ by less, in standard deviations of the pixels of a training section, are similar.
const SIMILAR_STAIN: f32 = 1.0;
/// Stains that differ by more are different, those between somewhat.
const DIFFERENT_STAIN: f32 = 2.0;

/// How a slide compares with what a run was trained on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlideReach {
    /// For each place the distance of its image features to the nearest training spot; beyond 1 it is unlike training.
    #[serde(skip)]
    pub distances: Vec<f32>,
    /// The share of places unlike training, 0 to 1.
    pub unlike_training: f64,
    /// How far its stain is from that of the training sections, in standard deviations of a section's pixels; `None`
    /// where no tissue was found on either.
    pub stain_difference: Option<f32>,
    /// Micrometres per pixel of the slide.
    pub mpp: f64,
    /// Median micrometres per pixel of the training sections.
    pub trained_mpp: f64,
}

impl SlideReach {
    /// Whether this place of the slide looks like nothing that the run was trained on.
    pub fn is_unlike_training(&self, place: usize) -> bool {
        self.distances.get(place).is_some_and(|&distance| distance > 1.0)
    }

    /// What the user must know: how much is unlike training, and whether stain or resolution differ. In one line.
    pub fn sentence(&self) -> String {
        let percent = self.unlike_training * 100.0;
        let share =
            if percent > 0.0 && percent < 1.0 { "less than 1".to_owned() } else { format!("{percent:.0}") };
        let mut text = format!("{share} % of the places are unlike the training sections");
        if let Some(sd) = self.stain_difference {
            let how = match sd {
                sd if sd < SIMILAR_STAIN => "is similar",
                sd if sd < DIFFERENT_STAIN => "is somewhat different",
                _ => "is different",
            };
            text.push_str(&format!("; the stain {how} ({sd:.1} sd)"));
        }
        let factor = self.mpp / self.trained_mpp;
        if !(1.0 / MPP_FACTOR..=MPP_FACTOR).contains(&factor) {
            let short = |mpp: f64| format!("{mpp:.2}");
            text.push_str(&format!(
                "; the slide has {} \u{00B5}m per pixel, and the model was trained at {}",
                short(self.mpp),
                short(self.trained_mpp)
            ));
        }
        text
    }
}

/// Learns what the training sections of a fold look like, and keeps it in the folder of the run. There is nothing to learn
/// where a model trained an encoder of its own.
///
/// # Errors
/// One sentence naming the file at fault, or that it was cancelled.
pub(super) fn learn(
    prepared: &Prepared,
    fold: &Fold,
    model: &Model,
    folder: &Path,
    ctx: &JobContext,
) -> anyhow::Result<()> {
    if !reads_features(model) {
        return Ok(());
    }
    let trained_on = fold.train.iter().map(|&s| &prepared.sections[s]);
    let mut stains: Vec<Stain> = Vec::new();
    for (done, section) in trained_on.clone().enumerate() {
        ctx.check()?;
        ctx.observer.report(&Task::MeasuringStain.into(), done as u64, fold.train.len() as u64);
        let settings = Default::default();
        stains.extend(stain_of(prepared.workspace(), section, &settings, ctx)?);
    }
    let Some(mpp) = median_mpp(trained_on.map(|s| s.mpp)) else { return Ok(()) };
    let features: Vec<_> = fold
        .train
        .iter()
        .map(|&s| standardise(prepared.features[s].as_ref(), NO_LANDMARKS))
        .collect::<Result<_, _>>()?;
    let slides = TrainingSlides { mpp, stain: Stain::median_of(&stains) };
    if let Some(reach) = Reach::learn(&features, slides, ctx.cancel)? {
        reach.save(folder)?;
    }
    Ok(())
}

/// Whether a model predicts from the image features of the run's encoder.
pub(super) fn reads_features(model: &Model) -> bool {
    match model {
        Model::Fused(_) => true,
        Model::Published(model) => model.encoder.is_none(),
    }
}

/// Compares a slide with what a run was trained on. `features` are those of the places of `section`, seen as those of
/// `reference` are. `None` where the features are of another encoder.
///
/// # Errors
/// One sentence naming the image, or that it was cancelled.
pub(super) fn compare(
    workspace: &Workspace,
    reach: &Reach,
    section: &Section,
    features: &SectionFeatures,
    reference: &SectionFeatures,
    ctx: &JobContext,
) -> anyhow::Result<Option<SlideReach>> {
    let standard = standardise_like(features, reference, NO_LANDMARKS)?;
    let Some(distances) = reach.distances(&standard, ctx.cancel)? else { return Ok(None) };
    let settings = workspace.entry(&section.name)?.tissue.clone();
    let stain = stain_of(workspace, section, &settings, ctx)?;
    let beyond = distances.iter().filter(|&&d| d > 1.0).count();
    Ok(Some(SlideReach {
        unlike_training: beyond as f64 / distances.len().max(1) as f64,
        stain_difference: stain.zip(reach.slides.stain).map(|(own, trained)| trained.distance(&own)),
        mpp: section.mpp.0,
        trained_mpp: reach.slides.mpp,
        distances,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_said_in_one_line() {
        let mut reach = SlideReach {
            distances: Vec::new(),
            unlike_training: 0.063,
            stain_difference: Some(0.4),
            mpp: 0.5,
            trained_mpp: 0.5,
        };
        assert_eq!(
            reach.sentence(),
            "6 % of the places are unlike the training sections; the stain is similar (0.4 sd)"
        );
        (reach.unlike_training, reach.stain_difference, reach.mpp) = (0.001, None, 1.0);
        assert_eq!(
            reach.sentence(),
            "less than 1 % of the places are unlike the training sections; the slide has 1.00 \u{00B5}m per pixel, and \
             the model was trained at 0.50"
        );
    }
}
