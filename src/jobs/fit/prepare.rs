//! What training needs of the sections: read, and computed once for all folds.

use std::collections::HashMap;
use std::sync::Arc;

use super::FitRequest;
use super::chosen::ChosenSections;
use crate::core::matrix::Matrix;
use crate::core::note::Note;
use crate::core::target::Target;
use crate::data::gene_choice::GeneChoice;
use crate::data::section::{Section, ValueKind};
use crate::data::slide::Slide;
use crate::evaluate::splits::{Fold, SectionRef};
use crate::jobs::context::JobContext;
use crate::jobs::predict_section::predict_section;
use crate::jobs::workspace::{Unreadable, Workspace};
use crate::predict::{Model, Predictions};
use crate::preprocess::features::SectionFeatures;
use crate::preprocess::pooled::pooled;
use crate::preprocess::target;
use crate::preprocess::views::View;
use crate::train::TrainSection;

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
    pub(super) pooled: Vec<Matrix>,
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

    /// Predicts one of the sections.
    ///
    /// # Errors
    /// What went wrong, or that it was cancelled.
    pub(super) fn predict(
        &self,
        section: usize,
        model: &Model,
        ctx: &JobContext,
    ) -> anyhow::Result<Predictions> {
        let features = || Ok(Arc::clone(&self.features[section]));
        predict_section(model, &self.sections[section], features, None, || self.slide(section, ctx), ctx)
    }

    pub(super) fn names(&self, sections: &[usize]) -> Vec<String> {
        sections.iter().map(|&s| self.sections[s].name.clone()).collect()
    }

    pub(super) fn training(&self, fold: &Fold) -> Vec<TrainSection<'_>> {
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
    let name = &section.name;
    match empty {
        0 => None,
        1 => Some(format!("{name}: 1 spot has no count of any chosen gene, so its expression is set to 0")),
        n => Some(format!(
            "{name}: {n} spots have no count of any chosen gene, so their expression is set to 0"
        )),
    }
}
