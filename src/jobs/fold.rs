//! One fold, the heart of training and cross-validation: fit the model and its baselines on the training
//! sections, predict the test sections, score both.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::chosen::ChosenSections;
use super::context::JobContext;
use super::published;
use super::recipe::Recipe;
use super::train::FitRequest;
use super::workspace::{Unreadable, Workspace};
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::progress::{PrefixedProgress, Stage, Task};
use crate::core::target::Target;
use crate::data::gene_choice::GeneChoice;
use crate::data::section::{Section, ValueKind};
use crate::data::slide::Slide;
use crate::device::ComputeDevice;
use crate::evaluate::ceiling::noise_ceiling;
use crate::evaluate::fold::{FoldInput, report};
use crate::evaluate::regions;
use crate::evaluate::report::FoldReport;
use crate::evaluate::ridge::{ALPHAS, Ridge, mean_prediction};
use crate::evaluate::splits::{Fold, Judge, SectionRef};
use crate::predict::{Model, Predictions, predict_like};
use crate::preprocess::features::SectionFeatures;
use crate::preprocess::pca::Pca;
use crate::preprocess::pooled::pooled;
use crate::preprocess::spots;
use crate::preprocess::target;
use crate::preprocess::views::View;
use crate::train::{EpochMetrics, FitInput, TrainSection, Validation, fit};

/// Principal components of predicted expression that regions are clustered by.
const REGION_COMPONENTS: usize = 20;

/// Everything the folds need of the sections, read and computed once.
pub struct Prepared {
    /// The sections, in the project's order.
    pub sections: Vec<Arc<Section>>,
    /// Names of the genes, those of the request that every section measured: `g`.
    pub genes: Vec<String>,
    /// How they came out of the list of the request.
    pub choice: GeneChoice,
    /// The scale of `expression`.
    pub target: Target,
    /// Image features of each section.
    pub features: Vec<Arc<SectionFeatures>>,
    /// Those of each section's views beside the plain one; none of sections that are not trained on.
    views: Vec<Vec<Arc<SectionFeatures>>>,
    /// Measured expression of each section: spots x `g`.
    pub expression: Vec<Matrix>,
    /// Identifiers of the spots of each section.
    spot_ids: Vec<Vec<String>>,
    /// Image features as ridge regression reads them: spots x anything.
    pooled: Vec<Matrix>,
    /// What the reader of the results must know of the sections, a sentence each.
    remarks: Vec<String>,
    /// Where slides are read from.
    workspace: Workspace,
}

impl Prepared {
    /// Computes what a request needs of the sections that were chosen: their expression and features, and those of the
    /// views of all that are trained on, which the sections called `tested` never are. Sections whose slides cannot be
    /// read are skipped with a note, unless they are to be tested.
    ///
    /// # Errors
    /// One sentence naming the section or file at fault.
    pub fn new(
        workspace: &Workspace,
        chosen: ChosenSections,
        request: &FitRequest,
        tested: &[String],
        ctx: &JobContext,
    ) -> anyhow::Result<Self> {
        let target = request.target;
        let ChosenSections { sections, choice, mut skipped } = chosen;
        let WithFeatures { sections, features, views, slideless } =
            WithFeatures::compute(workspace, sections, request, tested, ctx)?;
        workspace.skip(&slideless, tested, sections.is_empty(), ctx)?;
        skipped.extend(slideless);
        let genes = choice.used.clone();
        let expression =
            sections.iter().map(|s| target::expression(s, &genes, target)).collect::<Result<Vec<_>, _>>()?;
        let mut remarks: Vec<String> = skipped.iter().map(Unreadable::sentence).collect();
        for (section, expression) in sections.iter().zip(&expression) {
            if let Some(remark) = without_chosen_genes(section, expression) {
                ctx.observer.note(&remark);
                remarks.push(remark);
            }
        }
        let pooled = features.iter().map(|f| pooled(f)).collect::<Result<Vec<_>, _>>()?;
        let spot_ids = sections.iter().map(|s| s.spots.iter().map(|p| p.id.clone()).collect()).collect();
        let workspace = workspace.clone();
        Ok(Self {
            sections,
            genes,
            choice,
            target,
            features,
            views,
            expression,
            spot_ids,
            pooled,
            remarks,
            workspace,
        })
    }

    /// Where slides are read from.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Names of the sections that take part.
    pub fn section_names(&self) -> Vec<String> {
        self.sections.iter().map(|s| s.name.clone()).collect()
    }

    /// What the reader of the results must know of the sections and genes that take part, a sentence each.
    pub fn notes(&self) -> impl Iterator<Item = Note> + use<> {
        self.remarks.clone().into_iter().chain(self.choice.notes()).map(Note::from)
    }

    /// Identifiers of the spots of a section.
    pub fn spot_ids(&self, section: usize) -> &[String] {
        &self.spot_ids[section]
    }

    /// The slide of a section.
    ///
    /// # Errors
    /// One sentence naming the image.
    pub fn slide(&self, section: usize, ctx: &JobContext) -> anyhow::Result<Arc<Slide>> {
        self.workspace.slide(&self.sections[section], ctx)
    }

    /// What the splits need to know of the sections.
    pub fn refs(&self) -> Vec<SectionRef> {
        let of = |s: &Arc<Section>| SectionRef {
            name: s.name.clone(),
            patient: s.patient.clone(),
            spots: s.spots.len(),
        };
        self.sections.iter().map(of).collect()
    }

    fn names(&self, sections: &[usize]) -> Vec<String> {
        sections.iter().map(|&s| self.sections[s].name.clone()).collect()
    }

    fn training(&self, fold: &Fold) -> Vec<TrainSection<'_>> {
        fold.train
            .iter()
            .map(|&s| TrainSection {
                name: &self.sections[s].name,
                features: &self.features[s],
                views: &self.views[s],
                expression: &self.expression[s],
                spot_ids: &self.spot_ids[s],
            })
            .collect()
    }
}

/// The sections whose slides can be read, and their image features.
struct WithFeatures {
    sections: Vec<Arc<Section>>,
    /// Of the plain view of each.
    features: Vec<Arc<SectionFeatures>>,
    /// Of the other views of each.
    views: Vec<Vec<Arc<SectionFeatures>>>,
    /// The sections whose slides cannot be read.
    slideless: Vec<Unreadable>,
}

impl WithFeatures {
    fn compute(
        workspace: &Workspace,
        sections: Vec<Arc<Section>>,
        request: &FitRequest,
        tested: &[String],
        ctx: &JobContext,
    ) -> anyhow::Result<Self> {
        let views = request.recipe.views();
        let views_of =
            |section: &Section| if tested.contains(&section.name) { &[] } else { views.as_slice() };
        let mut wanted = Vec::with_capacity(sections.len());
        for section in &sections {
            let views = std::iter::once(View::PLAIN).chain(views_of(section).iter().copied());
            wanted.extend(views.map(|view| (Arc::clone(section), view)));
        }
        let mut computed: HashMap<String, Vec<Arc<SectionFeatures>>> = HashMap::new();
        let mut slideless: Vec<Unreadable> = Vec::new();
        workspace.compute_features_for_all(&wanted, ctx, |section, features| {
            match features {
                Ok(features) => computed.entry(section.name.clone()).or_default().push(features),
                // It was said of another view of it.
                Err(_) if slideless.iter().any(|s| s.name == section.name) => {}
                Err(error) => slideless.push(workspace.unusable(section, error, ctx)?),
            }
            Ok(())
        })?;
        let mut found = Self { sections: Vec::new(), features: Vec::new(), views: Vec::new(), slideless };
        for section in sections {
            if found.slideless.iter().any(|s| s.name == section.name) {
                continue;
            }
            let mut of_section = computed.remove(&section.name).unwrap_or_default().into_iter();
            if let Some(plain) = of_section.next() {
                found.sections.push(section);
                found.features.push(plain);
                found.views.push(of_section.collect());
            }
        }
        Ok(found)
    }
}

/// Says how many spots have no count of any chosen gene: they are used, and their expression is zero.
fn without_chosen_genes(section: &Section, expression: &Matrix) -> Option<String> {
    if section.values != ValueKind::Counts {
        return None;
    }
    let empty = (0..expression.rows()).filter(|&r| expression.row(r).iter().all(|&v| v == 0.0)).count();
    let (spots, have, their) = match empty {
        0 => return None,
        1 => ("spot", "has", "its"),
        _ => ("spots", "have", "their"),
    };
    Some(format!(
        "{}: {empty} {spots} {have} no counts of the chosen genes; {their} expression counts as 0",
        section.name
    ))
}

/// Fits the model on the training sections of a fold. Interrupted, it goes on from `checkpoint`. Returns
/// the curves as well.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn fit_model(
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
    fitted.recipe.notes.extend(fold.note(&prepared.refs()).map(Note::from));
    Ok((Model::Fused(Box::new(fitted)), curves))
}

/// What progress on a fold is reported under.
fn label(fold: &Fold) -> String {
    if fold.test.is_empty() { "All sections".to_owned() } else { format!("Without {}", fold.name) }
}

/// Predicts one section.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn predict_section(
    prepared: &Prepared,
    section: usize,
    model: &Model,
    ctx: &JobContext,
) -> anyhow::Result<Predictions> {
    let features = || Ok(Arc::clone(&prepared.features[section]));
    predict_with(model, &prepared.sections[section], features, None, || prepared.slide(section, ctx), ctx)
}

/// Predicts a section with a model of either recipe, which asks for what it reads: features, or the slide. Features are
/// seen as those of `reference` are, of the same slide at other places, where there is one.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn predict_with(
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

/// A tested section.
pub struct Tested {
    /// What was predicted.
    pub predictions: Predictions,
    /// How good it is.
    pub report: FoldReport,
}

/// Predicts the test sections of a fold and scores the model beside its baselines.
///
/// # Errors
/// What went wrong, or that it was cancelled.
pub fn test(
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
        let predictions = predict_section(prepared, s, fitted, ctx)?;
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
    let x = x.context("The sections' features differ in width; clear the feature cache and try again")?;
    let y = y.context("The sections' genes differ")?;
    Ok((x, y, groups))
}
