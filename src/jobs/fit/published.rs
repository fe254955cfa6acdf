//! The published recipe as a run follows it: its settings, and the encoder that is trained.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use serde::{Deserialize, Serialize};

use super::prepare::Prepared;
use crate::core::geometry::SlidePoint;
use crate::core::matrix::Matrix;
use crate::core::progress::Progress;
use crate::data::slide::Slide;
use crate::device::ComputeDevice;
use crate::evaluate::splits::Fold;
use crate::jobs::context::JobContext;
use crate::jobs::encoders::TRAINED;
use crate::model::encoder::parameters::Parameters;
use crate::model::encoder::{EncoderShape, first_parameters, load, preset};
use crate::model::weights::WeightsFile;
use crate::predict::Published;
use crate::preprocess::spots;
use crate::train::EpochMetrics;
use crate::train::published::{self, Images, PublishedConfig, PublishedInput, PublishedSection};

/// How many times as long an image takes while the encoder is trained: it goes forward twice and once back, and
/// without the shortcuts that fixed weights allow. DenseNet-121 on two cores trains on 5.2 images a second and encodes
/// 49.
pub const TRAINING_COST: f64 = 9.5;

/// The published recipe, chosen for a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PublishedChoice {
    /// Its settings.
    pub settings: PublishedConfig,
    /// The encoder to be trained with the rest; without, features are those of the run's frozen encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<TrainedChoice>,
}

/// An encoder to be trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedChoice {
    /// Which.
    pub name: String,
    /// The weights it begins with; random ones where no file is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
}

impl TrainedChoice {
    /// The published encoder, beginning with these weights.
    pub fn new(weights: Option<PathBuf>) -> Self {
        Self { name: TRAINED.to_owned(), weights }
    }

    /// What it is, and its first parameters.
    fn open(&self, seed: u64, ctx: &JobContext) -> anyhow::Result<(EncoderShape, Parameters)> {
        let preset = preset(&self.name)
            .filter(|p| p.name == TRAINED)
            .ok_or_else(|| anyhow!("The encoder {} cannot be trained; {TRAINED} can", self.name))?;
        let parameters = match &self.weights {
            None => first_parameters(&preset.architecture, preset.side, seed),
            Some(path) => {
                let file = WeightsFile::open(path)?;
                load(&file, &preset.architecture, preset.side, preset.title, ctx.progress(), ctx.cancel)?
            }
        };
        Ok((EncoderShape::from(&preset), parameters))
    }
}

/// Trains on the training sections of a fold. Returns the curves as well.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn fit(
    prepared: &Prepared,
    fold: &Fold,
    choice: &PublishedChoice,
    device: &ComputeDevice,
    checkpoint: &std::path::Path,
    progress: &dyn Progress,
    ctx: &JobContext,
) -> anyhow::Result<(Published, Vec<EpochMetrics>)> {
    // The section that chooses the epochs of the fused network is trained on too: nothing is chosen here.
    let sections: Vec<usize> = fold.train.clone();
    let encoder = match &choice.trained {
        Some(trained) => Some(trained.open(choice.settings.seed, ctx)?),
        None => None,
    };
    let features: Vec<Matrix> = match encoder {
        Some(_) => Vec::new(),
        None => sections.iter().map(|&s| spots::of_features(&prepared.features[s])).collect(),
    };
    let slides: Vec<(Arc<Slide>, Vec<SlidePoint>)> = match encoder {
        None => Vec::new(),
        Some(_) => sections
            .iter()
            .map(|&s| Ok((prepared.slide(s, ctx)?, prepared.sections[s].centers().collect())))
            .collect::<anyhow::Result<_>>()?,
    };
    let of = |(index, &s): (usize, &usize)| PublishedSection {
        name: &prepared.sections[s].name,
        images: match slides.get(index) {
            Some((slide, centers)) => Images::Patches { slide, centers, mpp: prepared.sections[s].mpp },
            None => Images::Features(&features[index]),
        },
        um: &prepared.features[s].spot_um,
        expression: &prepared.expression[s],
        spot_ids: prepared.spot_ids(s),
    };
    let input = PublishedInput {
        sections: sections.iter().enumerate().map(of).collect(),
        genes: &prepared.genes,
        target: prepared.target,
        encoder,
    };
    let mut curves = Vec::new();
    let mut on_epoch = |metrics: &EpochMetrics| {
        curves.push(*metrics);
        ctx.observer.epoch(&fold.name, metrics);
    };
    let model = published::fit(
        &input,
        &choice.settings,
        device,
        Some(checkpoint),
        &mut on_epoch,
        progress,
        ctx.cancel,
    )?;
    Ok((model, curves))
}
