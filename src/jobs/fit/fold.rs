//! One fold, the heart of training and cross-validation: fit the model and its baselines on the training
//! sections, predict the test sections, score both.

use std::path::Path;

use anyhow::Context;

use super::FitRequest;
use super::prepare::Prepared;
use super::published;
use super::recipe::Recipe;
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::pca::Pca;
use crate::core::progress::{PrefixedProgress, Stage, Task};
use crate::data::section::ValueKind;
use crate::device::ComputeDevice;
use crate::evaluate::ceiling::noise_ceiling;
use crate::evaluate::fold::{FoldInput, report};
use crate::evaluate::regions;
use crate::evaluate::report::FoldReport;
use crate::evaluate::ridge::{ALPHAS, Ridge, mean_prediction};
use crate::evaluate::splits::{Fold, Judge};
use crate::jobs::context::JobContext;
use crate::jobs::run_store::RunFolder;
use crate::predict::{Model, Predictions};
use crate::preprocess::target;
use crate::train::{EpochMetrics, FitInput, Validation, fit};

/// Principal components of predicted expression that regions are clustered by.
const REGION_COMPONENTS: usize = 20;

/// Fits, tests and stores one fold in `folder`, unless an interrupted run had already done so.
pub(super) fn run_fold(
    prepared: &Prepared,
    fold: &Fold,
    request: &FitRequest,
    device: &ComputeDevice,
    folder: &RunFolder,
    ctx: &JobContext,
) -> anyhow::Result<(Vec<FoldReport>, Model)> {
    let fitted = if folder.is_tested() {
        Model::load(folder.path(), device)?
    } else {
        folder.create()?;
        let (fitted, curves) = fit_model(prepared, fold, request, device, &folder.checkpoint(), ctx)?;
        fitted.save(folder.path())?;
        let tested = test(prepared, fold, &fitted, request.recipe.seed(), ctx)?;
        let mut reports = Vec::with_capacity(tested.len());
        for Tested { predictions, report } in tested {
            predictions.save(&folder.new_predictions(&report.test))?;
            reports.push(report);
        }
        let notes: Vec<Note> = prepared.notes().chain(fitted.notes().to_vec()).collect();
        folder.write_log(&curves, &notes)?;
        folder.write_fold_reports(&reports)?;
        fitted
    };
    // Also one that a program left behind that was killed between the two.
    folder.remove_checkpoint()?;
    Ok((folder.read_fold_reports()?, fitted))
}

/// Fits the model on the training sections of a fold. Interrupted, it goes on from `checkpoint`. Returns
/// the curves as well.
///
/// # Errors
/// What went wrong, or that it was cancelled.
fn fit_model(
    prepared: &Prepared,
    fold: &Fold,
    request: &FitRequest,
    device: &ComputeDevice,
    checkpoint: &Path,
    ctx: &JobContext,
) -> anyhow::Result<(Model, Vec<EpochMetrics>)> {
    let label = label(fold);
    let progress = PrefixedProgress { name: &label, to: ctx.progress() };
    let config = match &request.recipe {
        Recipe::Fused(config) => config,
        Recipe::Published(choice) => {
            let (model, curves) = published::fit(prepared, fold, choice, device, checkpoint, &progress, ctx)?;
            return Ok((Model::Published(Box::new(model)), curves));
        }
    };
    let validation = match &fold.judge {
        Judge::Sections(sections) => Validation::Sections(prepared.names(sections)),
        Judge::Part(section) => Validation::Part(prepared.sections[*section].name.clone()),
        Judge::Nothing => Validation::Nothing,
    };
    let input = FitInput {
        sections: prepared.training(fold),
        validation,
        genes: &prepared.genes,
        target: prepared.target,
    };
    let mut curves = Vec::new();
    let mut on_epoch = |metrics: &EpochMetrics| {
        curves.push(*metrics);
        ctx.observer.epoch(&fold.name, metrics);
    };
    let mut fitted = fit(&input, config, device, Some(checkpoint), &mut on_epoch, &progress, ctx.cancel)?;
    fitted.config.notes.extend(fold.note(&prepared.refs()).map(Note::from));
    Ok((Model::Fused(Box::new(fitted)), curves))
}

/// What progress on a fold is reported under.
fn label(fold: &Fold) -> String {
    if fold.test.is_empty() { "All sections".to_owned() } else { format!("Without {}", fold.name) }
}

/// A tested section.
struct Tested {
    /// What was predicted.
    pub predictions: Predictions,
    /// How good it is.
    pub report: FoldReport,
}

/// Predicts the test sections of a fold and scores the model beside its baselines.
///
/// # Errors
/// What went wrong, or that it was cancelled.
fn test(
    prepared: &Prepared,
    fold: &Fold,
    fitted: &Model,
    seed: u64,
    ctx: &JobContext,
) -> anyhow::Result<Vec<Tested>> {
    ctx.observer.report(&Stage::new(Task::BaselineFitting, label(fold)), 0, 0);
    let (x, y, groups) = stacked(prepared, &fold.train)?;
    let ridge = Ridge::fit(&x, &y, &groups, &ALPHAS, ctx.cancel)?;
    let mut tested = Vec::with_capacity(fold.test.len());
    for &s in &fold.test {
        let section = &prepared.sections[s];
        let measured = &prepared.expression[s];
        let predictions = prepared.predict(s, fitted, ctx)?;
        let columns = target::columns(section, &prepared.genes)?;
        let ceiling = match section.values {
            ValueKind::Counts => noise_ceiling(&section.counts, &columns, prepared.target, seed, ctx.cancel)?,
            // Only counts can be split in two.
            ValueKind::Normalised => vec![None; columns.len()],
        };
        let regions = match &section.labels {
            Some(labels) => {
                let k = REGION_COMPONENTS.min(measured.rows()).min(measured.cols());
                let components = Pca::fit(&predictions.mean, k, ctx.cancel)?.project(&predictions.mean)?;
                regions::agreement(&components, labels, seed, ctx.cancel)?
            }
            None => None,
        };
        let report = report(FoldInput {
            test: &section.name,
            patient: section.patient.as_deref(),
            train: prepared.names(&fold.train),
            validation: match fold.validation() {
                [] => None,
                some => Some(prepared.names(some).join(", ")),
            },
            genes: &prepared.genes,
            measured,
            predicted: &predictions.mean,
            uncertainty: &predictions.uncertainty,
            ridge: &ridge.predict(&prepared.pooled[s])?,
            ridge_alpha: ridge.alpha,
            mean: &mean_prediction(&y, measured.rows()),
            ceiling: &ceiling,
            regions,
            notes: fitted.notes().to_vec(),
        })?;
        tested.push(Tested { predictions, report });
    }
    Ok(tested)
}

/// The rows of these sections beneath each other: pooled features, expression, and each row's section.
fn stacked(prepared: &Prepared, sections: &[usize]) -> anyhow::Result<(Matrix, Matrix, Vec<usize>)> {
    let x = Matrix::vstack(sections.iter().map(|&s| &prepared.pooled[s]));
    let y = Matrix::vstack(sections.iter().map(|&s| &prepared.expression[s]));
    let groups = sections
        .iter()
        .enumerate()
        .flat_map(|(group, &s)| std::iter::repeat_n(group, prepared.expression[s].rows()))
        .collect();
    let x = x.context(
        "The sections have image features of different widths; clear the feature cache and try again",
    )?;
    let y = y.context("The sections have different genes")?;
    Ok((x, y, groups))
}
