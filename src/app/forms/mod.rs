//! What the pages let the user fill in. A page edits a copy and sends the whole form; nothing here is
//! part of undo, and nothing runs before its button is pressed.

pub mod encoders;
pub mod genes;
pub mod import;
pub mod measure;
pub mod plan;
pub mod recipe;
pub mod samples;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::score_table::GeneTable;
use crate::core::display::PaneKind;
use crate::core::target::Target;
use crate::device::DeviceChoice;
use crate::evaluate::report::Split;
use crate::figures::{Format, PanelLetters, Preset, Style};
use crate::jobs::encoders::EncoderChoice;
use crate::jobs::figure::FigurePlot;
use crate::preprocess::hvg::Combine;
use crate::train::TrainConfig;

/// Which section training leaves out, to be tested on afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldOut {
    /// None: the run is for slides outside the project.
    None,
    /// The last section, as long as the user has not chosen.
    #[default]
    Last,
    /// The section of this name.
    Section(String),
}

/// How a model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecipeKind {
    /// Our own: three image levels, contrast and regression.
    #[default]
    Fused,
    /// The published one, to compare with.
    Published,
}

/// What the published recipe does with its image encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImageSide {
    /// Uses the chosen one as it is.
    #[default]
    Frozen,
    /// Trains DenseNet-121, beginning with random weights.
    FromRandom,
    /// Trains DenseNet-121, beginning with its weights from photographs.
    FromWeights,
}

/// The Train page.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainForm {
    /// Name of the run; a free one is proposed while it is empty.
    pub name: String,
    /// The scale of the predictions.
    pub target: Target,
    /// What is held out.
    pub hold_out: HoldOut,
    /// The image encoder.
    pub encoder: EncoderChoice,
    /// Where to train.
    pub device: DeviceChoice,
    /// The seed of everything random.
    pub seed: u64,
    /// How it is trained.
    pub recipe: RecipeKind,
    /// What the published recipe does with its image encoder.
    pub image_side: ImageSide,
    /// Settings of our own recipe that differ from their defaults, by name, as the user typed them.
    pub settings: BTreeMap<String, String>,
    /// The same of the published recipe.
    pub published_settings: BTreeMap<String, String>,
    /// Whether the advanced settings are unfolded.
    pub advanced: bool,
}

impl Default for TrainForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            target: Target::default(),
            hold_out: HoldOut::default(),
            encoder: EncoderChoice::default(),
            device: DeviceChoice::default(),
            seed: TrainConfig::default().seed,
            recipe: RecipeKind::default(),
            image_side: ImageSide::default(),
            settings: BTreeMap::new(),
            published_settings: BTreeMap::new(),
            advanced: false,
        }
    }
}

impl TrainForm {
    /// Whether an image encoder is to be trained.
    pub fn trains_encoder(&self) -> bool {
        self.recipe == RecipeKind::Published && self.image_side != ImageSide::Frozen
    }

    /// Settings of the chosen recipe that differ from their defaults.
    pub fn changed(&self) -> &BTreeMap<String, String> {
        match self.recipe {
            RecipeKind::Fused => &self.settings,
            RecipeKind::Published => &self.published_settings,
        }
    }

    /// The same, to be changed.
    pub fn changed_mut(&mut self) -> &mut BTreeMap<String, String> {
        match self.recipe {
            RecipeKind::Fused => &mut self.settings,
            RecipeKind::Published => &mut self.published_settings,
        }
    }
}

/// The Evaluate page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EvaluateForm {
    /// How sections are held out; by patient where patients are known, as long as the user has not chosen.
    pub split: Option<Split>,
    /// The held-out section whose genes are shown; all of them together when there is none.
    pub fold: Option<String>,
    /// What the table of genes lists, and in which order.
    pub table: GeneTable,
}

/// Selecting highly variable genes.
#[derive(Debug, Clone, PartialEq)]
pub struct HvgForm {
    /// Genes to select in each section.
    pub count: usize,
    /// How the genes of the sections are combined.
    pub combine: Combine,
    /// The least share of spots in which a gene must be detected, in percent.
    pub min_percent: f64,
    /// Panels whose genes are kept whatever their variability, by name.
    pub keep: Vec<String>,
    /// Single genes that are kept as well, as they were typed.
    pub keep_genes: String,
    /// Whether the genes of the list are kept as well; as long as the user has not said, those chosen by hand are.
    pub keep_list: Option<bool>,
}

impl Default for HvgForm {
    fn default() -> Self {
        Self {
            count: 300,
            combine: Combine::Union,
            min_percent: 5.0,
            keep: Vec::new(),
            keep_genes: String::new(),
            keep_list: None,
        }
    }
}

/// The Export page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportForm {
    /// The genes of the figure, a row each.
    pub genes: Vec<String>,
    /// The sections of the figure.
    pub sections: Vec<String>,
    /// The run that predicts; the latest that can when there is none.
    pub run: Option<String>,
    /// The columns of the figure.
    pub panes: Vec<PaneKind>,
    /// Width in millimetres.
    pub width_mm: f64,
    /// Resolution of images in dots per inch.
    pub dpi: f64,
    /// The kind of file.
    pub format: Format,
    /// What it is set for: a journal, a slide, a poster.
    pub preset: Option<Preset>,
    /// Letters at rows or panels.
    pub letters: PanelLetters,
    /// Plots beside the maps, in order.
    pub plots: Vec<FigurePlot>,
}

impl ExportForm {
    /// Widths that journals ask for, in millimetres, and what they are.
    pub const WIDTHS: [(f64, &'static str); 3] =
        [(89.0, "one column"), (120.0, "one and a half"), (183.0, "full page")];
    /// Resolutions that journals ask for, in dots per inch.
    pub const DPI: [f64; 3] = [150.0, 300.0, 600.0];

    /// The same with sizes that can be drawn: a project file may have been edited by hand.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        let default = Self::default();
        for (value, range, usual) in [
            (&mut self.width_mm, Self::WIDTH_RANGE, default.width_mm),
            (&mut self.dpi, Self::DPI_RANGE, default.dpi),
        ] {
            if !range.contains(value) {
                *value = usual;
            }
        }
        self
    }

    /// How the figure is set.
    pub fn style(&self) -> Style {
        let usual = Style { width_mm: self.width_mm, letters: self.letters, ..Style::default() };
        let style = self.preset.map_or(usual, |preset| preset.apply(&usual, self.width_mm));
        Style { dpi: self.dpi, ..style }
    }

    /// Sets the figure for something else: its width, resolution and kind of file become what that asks for.
    pub fn set_preset(&mut self, preset: Option<Preset>) {
        self.preset = preset;
        let Some(preset) = preset else { return };
        let widths = preset.widths();
        // The widest that is not wider than now, else the narrowest.
        let fits = widths.iter().rev().find(|w| w.mm <= self.width_mm).or(widths.first());
        self.width_mm = fits.map_or(self.width_mm, |w| w.mm);
        self.dpi = preset.apply(&Style::default(), self.width_mm).dpi;
        if !preset.formats().contains(&self.format) {
            self.format = preset.formats().first().copied().unwrap_or(self.format);
        }
    }

    /// Widths that can be chosen, in millimetres.
    pub const WIDTH_RANGE: RangeInclusive<f64> = 20.0..=900.0;
    /// Resolutions that can be chosen, in dots per inch.
    pub const DPI_RANGE: RangeInclusive<f64> = 30.0..=1200.0;
}

impl Default for ExportForm {
    fn default() -> Self {
        Self {
            genes: Vec::new(),
            sections: Vec::new(),
            run: None,
            panes: vec![PaneKind::He, PaneKind::Measured, PaneKind::Predicted],
            width_mm: 183.0,
            dpi: 300.0,
            format: Format::Png,
            preset: None,
            letters: PanelLetters::None,
            plots: Vec::new(),
        }
    }
}
