//! From sections to a fitted model: epochs and blend are chosen on validation spots, then the networks are
//! trained again on all spots.

use std::path::Path;
use std::sync::Arc;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::{FileError, plain_io};
use crate::core::matrix::Matrix;
use crate::core::pca::PcaError;
use crate::core::progress::{Progress, Task};
use crate::core::target::Target;
use crate::device::ComputeDevice;
use crate::predict::FusedModel;
use crate::predict::bank::BankShapeError;
use crate::preprocess::features::{FeatureError, SectionFeatures};
use crate::preprocess::standardise::FeatureShapeError;
use crate::train::checkpoint;
use crate::train::config::{ConfigError, TrainConfig};
use crate::train::members;
use crate::train::stage::EpochMetrics;
use crate::train::work::{FusedTrainer, fingerprint};

/// The fewest spots that are worth training on.
pub(super) const MIN_SPOTS: usize = 16;

/// The fewest spots that are worth validating on.
pub(super) const MIN_JUDGES: usize = 8;

/// A section to train on.
#[derive(Debug, Clone, Copy)]
pub struct TrainSection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Image features of its spots.
    pub features: &'a SectionFeatures,
    /// Those of its views 1, 2 and so on, as many as [`TrainConfig::views`] says; each has the spots and landmarks
    /// of the plain one.
    pub views: &'a [Arc<SectionFeatures>],
    /// Expression on the target scale: `spots x genes`.
    pub expression: &'a Matrix,
    /// Names of its spots.
    pub spot_ids: &'a [String],
}

/// Which spots choose epochs and blend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Validation {
    /// The last section, or the right quarter of the spots where there is only one section.
    #[default]
    Auto,
    /// These sections; at least one other must be left to train on.
    Sections(Vec<String>),
    /// The right quarter of this section's spots.
    Part(String),
    /// None: training takes half of the most epochs, and retrieval and regression are blended evenly.
    Nothing,
}

/// What to train on.
#[derive(Debug, Clone)]
pub struct FitInput<'a> {
    /// The sections.
    pub sections: Vec<TrainSection<'a>>,
    /// Those held out until epochs and blend are chosen.
    pub validation: Validation,
    /// Names of the genes, one a column of each section's expression.
    pub genes: &'a [String],
    /// The scale of expression.
    pub target: Target,
}

/// A model could not be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A setting has a value it does not take.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to train on.
    #[error("There are too few spots to train on: {0}, and at least {MIN_SPOTS} are needed")]
    TooFewSpots(usize),
    /// The parts of a section do not fit together.
    #[error("{section} cannot be trained on: {problem}")]
    Section {
        /// The section.
        section: String,
        /// What does not fit.
        problem: String,
    },
    /// Validation names a section that is not there or too small, or all that are.
    #[error(
        "Validation on {0} is not possible: it takes sections that are trained on, with at least {MIN_JUDGES} \
         spots, and as many must be left"
    )]
    Validation(String),
    /// Features do not fit together.
    #[error("The features of {section} cannot be used: {source}")]
    Features {
        /// The section.
        section: String,
        /// Why.
        source: FeatureShapeError,
    },
    /// The expression has no principal components.
    #[error(transparent)]
    Components(PcaError),
    /// The loss is not a number any more.
    #[error("Training diverged in epoch {epoch} (the loss is not finite); lower the learning rate")]
    Diverged {
        /// The epoch.
        epoch: usize,
    },
    /// A bank could not be made.
    #[error(transparent)]
    Bank(#[from] BankShapeError),
    /// The images of a section cannot be encoded.
    #[error(transparent)]
    Images(FeatureError),
    /// The system gives no thread to train in.
    #[error("Training could not be started: {}", plain_io(reason))]
    Thread {
        /// Why. The text says it already, so it is not a source to be shown again.
        reason: std::io::Error,
    },
    /// A checkpoint could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<FeatureError> for TrainError {
    fn from(error: FeatureError) -> Self {
        match error {
            FeatureError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Images(other),
        }
    }
}

impl From<PcaError> for TrainError {
    fn from(e: PcaError) -> Self {
        match e {
            PcaError::Cancelled(c) => Self::Cancelled(c),
            other => Self::Components(other),
        }
    }
}

/// Trains a model. `events` hears every epoch, those of an earlier, interrupted run first, those of several
/// networks as they come; with a path for a `checkpoint`, training that is killed goes on from there, and on
/// the CPU ends as if it had not been. The caller removes the checkpoint once the model is stored.
///
/// # Errors
/// [`TrainError`].
pub fn fit(
    input: &FitInput<'_>,
    config: &TrainConfig,
    device: &ComputeDevice,
    checkpoint: Option<&Path>,
    events: &mut dyn FnMut(&EpochMetrics),
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<FusedModel, TrainError> {
    config.check()?;
    check(input, config.views)?;
    let work = FusedTrainer::new(input, config, device, cancel)?;
    let fingerprint = fingerprint(input, config, device);
    let parameters = work.parameter_count();
    let standing = match checkpoint {
        Some(path) => checkpoint::load(path, &fingerprint, parameters)?,
        None => None,
    };
    let store = checkpoint.map(|path| (path, fingerprint.as_str()));
    let standing = members::train(&work, standing.unwrap_or_default(), store, events, progress, cancel)?;
    progress.report(&Task::CollectingTrainingSpots.into(), 0, 0);
    work.finish(&standing, cancel)
}

/// Checks that sections, names, genes and views fit together.
fn check(input: &FitInput<'_>, views: usize) -> Result<(), TrainError> {
    let genes = input.genes.len();
    let width = input.sections.first().map_or(0, |s| s.features.spot.cols());
    for s in &input.sections {
        let spots = s.features.spot.rows();
        let fail = |problem: String| Err(TrainError::Section { section: s.name.to_owned(), problem });
        if (s.expression.rows(), s.expression.cols()) != (spots, genes) {
            let (rows, cols) = (s.expression.rows(), s.expression.cols());
            return fail(format!(
                "it has {spots} spots and {genes} genes, but expression of {rows} x {cols}"
            ));
        }
        if s.spot_ids.len() != spots {
            return fail(format!("it has {spots} spots, but {} names", s.spot_ids.len()));
        }
        if s.features.spot.cols() != width {
            return fail(format!(
                "its features are of another encoder ({} numbers, not {width})",
                s.features.spot.cols()
            ));
        }
        if s.views.len() != views {
            return fail(format!("it has features of {} views, and {views} are asked for", s.views.len()));
        }
        let shape = |f: &SectionFeatures| (f.spot.rows(), f.spot.cols(), f.landmarks.rows());
        if s.views.iter().any(|view| shape(view) != shape(s.features)) {
            return fail("the features of its views do not fit together; clear the feature cache".to_owned());
        }
        if !s.expression.as_slice().iter().all(|v| v.is_finite()) {
            return fail("its expression has infinite values".to_owned());
        }
    }
    let spots: usize = input.sections.iter().map(|s| s.spot_ids.len()).sum();
    if spots < MIN_SPOTS || genes == 0 || width == 0 {
        return Err(TrainError::TooFewSpots(spots));
    }
    Ok(())
}
