//! What the page is given: the open project as far as it is needed for looking at maps.

use std::sync::Arc;

use super::images::Images;
use super::regions::RegionsInput;
use crate::core::places::{GridSettings, TissueSettings};
use crate::core::target::{ExpressionScale, Target};
use crate::data::measured_genes::MeasuredGenes;
use crate::data::panels::GenePanel;
use crate::data::project::SectionEntry;
use crate::data::section::Section;
use crate::evaluate::report::EvalReport;
use crate::jobs::reach::SlideReach;
use crate::predict::Predictions;

/// The genes and the scale on which a section is shown with a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunScale {
    /// The genes of the run.
    pub genes: Arc<Vec<String>>,
    /// Its target.
    pub target: Target,
    /// The scale of what it predicts.
    pub predicted: ExpressionScale,
}

/// How places are found on a slide without measurements.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacesInput {
    /// How they lie.
    pub grid: GridSettings,
    /// The tissue that they cover.
    pub tissue: TissueSettings,
}

impl PlacesInput {
    /// Those of a section; `None` where it has spots.
    pub fn from_entry(entry: &SectionEntry) -> Option<Self> {
        let places = || Self { grid: entry.grid.unwrap_or_default(), tissue: entry.tissue.clone() };
        (!entry.is_measured()).then(places)
    }
}

/// A section of the project.
#[derive(Debug, Clone, Default)]
pub struct SectionInput {
    /// Its name.
    pub name: String,
    /// The donor, where known.
    pub patient: Option<String>,
    /// The section, once it is read.
    pub section: Option<Arc<Section>>,
    /// The prediction to show, where there is one.
    pub predictions: Option<Arc<Predictions>>,
    /// Whether there is a run that predicts it, and its prediction is read or made now.
    pub is_being_predicted: bool,
    /// How it compares with what the run was trained on, of a slide without measurements.
    pub reach: Option<Arc<SlideReach>>,
    /// How its places are found, of the slide without measurements that is shown.
    pub places: Option<PlacesInput>,
    /// Its annotated regions, of the section that is shown.
    pub regions: Option<RegionsInput>,
    /// Genes and scale of the run that predicts it, whether or not its prediction is there yet.
    pub run: Option<RunScale>,
    /// How the run that predicts did on what it was tested on, once that is known.
    pub tested: Option<Arc<EvalReport>>,
    /// Whether the run that predicts was trained on this section.
    pub seen_in_training: bool,
    /// Why it could not be read, in one sentence.
    pub problem: Option<String>,
}

/// How predictions come about, where there are none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionStatus<'a> {
    /// A model can be trained.
    Train,
    /// Something else must be done first: what, in one sentence.
    First(&'a str),
    /// A model is being trained: how far it is.
    Training(&'a str),
}

/// Everything the page is given.
#[derive(Clone, Copy)]
pub struct ExploreInput<'a> {
    /// The sections, in the project's order.
    pub sections: &'a [SectionInput],
    /// The genes of the project.
    pub genes: &'a [String],
    /// The genes that the sections measured.
    pub measured: &'a MeasuredGenes,
    /// Gene panels.
    pub panels: &'a [GenePanel],
    /// The latest cross-validation.
    pub report: Option<&'a Arc<EvalReport>>,
    /// The target of maps that no run stands behind.
    pub target: Target,
    /// How predictions come about, where there are none yet.
    pub outlook: PredictionStatus<'a>,
    /// Slide images.
    pub images: &'a dyn Images,
}

impl ExploreInput<'_> {
    /// The section called `name`.
    pub fn section(&self, name: &str) -> Option<&SectionInput> {
        self.sections.iter().find(|s| s.name == name)
    }
}
