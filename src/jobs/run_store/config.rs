//! What a run was made with: `run.json` in its folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::core::files::read_json;
use crate::core::target::{ExpressionScale, Target};
use crate::data::project::SectionEntry;
use crate::evaluate::report::Split;
use crate::jobs::encoders;
use crate::jobs::fit::published::PublishedChoice;
use crate::jobs::fit::recipe::Recipe;

/// The version of the run layout that this program writes.
pub const RUN_VERSION: u32 = 1;

/// What kind of run it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunKind {
    /// One model; `test` sections were kept out of training.
    Model {
        /// Names of the sections kept out.
        test: Vec<String>,
    },
    /// One model a fold, in sub-folders `fold-NAME`.
    CrossValidation {
        /// How sections were held out.
        split: Split,
    },
}

/// Everything that must be known to make a run again; written before training starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// Layout version.
    pub version: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When it was started, RFC 3339.
    pub started: String,
    /// What kind of run it is.
    #[serde(flatten)]
    pub kind: RunKind,
    /// Names of all sections taking part, test sections included.
    pub sections: Vec<String>,
    /// Names of the genes, in order.
    pub genes: Vec<String>,
    /// The scale of the predictions, made of counts.
    pub target: Target,
    /// Sections whose files hold normalised values instead of counts; these are used unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normalised: Vec<String>,
    /// The image encoder.
    pub encoder: String,
    /// Its weights, if they were not in the folder of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// The device that trained.
    pub device: String,
    /// How it was trained.
    #[serde(flatten)]
    pub recipe: Recipe,
}

impl RunConfig {
    /// Whether the run predicts `section` without having seen it in training, because it was held out.
    pub fn held_out(&self, section: &SectionEntry) -> bool {
        let names = match &self.kind {
            RunKind::Model { test } => test,
            RunKind::CrossValidation { .. } => &self.sections,
        };
        names.iter().any(|n| section.matches_name(n))
    }

    /// Whether the run saw `section` in training.
    pub fn trained_on(&self, section: &SectionEntry) -> bool {
        self.sections.iter().any(|n| section.matches_name(n)) && !self.held_out(section)
    }

    /// What predicted values mean: the target, or what the files hold where none of the sections has counts.
    pub fn scale(&self) -> ExpressionScale {
        let has_counts = |section: &String| !self.normalised.contains(section);
        if self.normalised.is_empty() || self.sections.iter().any(has_counts) {
            self.target.scale(true)
        } else {
            ExpressionScale::AsInFile
        }
    }

    /// Which image encoder it used, in words, and by which recipe.
    pub fn encoder_title(&self) -> String {
        let frozen = encoders::title_of(&self.encoder);
        match &self.recipe {
            Recipe::Fused(_) => frozen,
            Recipe::Published(PublishedChoice { trained: None, .. }) => format!("{frozen}, published recipe"),
            Recipe::Published(PublishedChoice { trained: Some(trained), .. }) => {
                let title = encoders::known(&trained.name).map_or(trained.name.as_str(), |p| p.title);
                format!("{title} trained, published recipe")
            }
        }
    }

    /// Whether work begun under `other` can go on under this one: all but date, device, program and the place of
    /// the weights agree; the encoder's name stands for what is in them.
    pub fn same_work(&self, other: &Self) -> bool {
        let strip = |c: &Self| Self {
            started: String::new(),
            device: String::new(),
            program: String::new(),
            weights: None,
            // Earlier versions did not write it, and it follows from the sections.
            normalised: Vec::new(),
            ..c.clone()
        };
        strip(self) == strip(other)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// [`RunError::Newer`], or [`RunError::File`] when it cannot be read.
    pub(super) fn read(path: &Path) -> Result<Self, RunError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = read_json(path)?;
        if version > RUN_VERSION {
            return Err(RunError::Newer { path: path.to_path_buf(), found: version });
        }
        Ok(read_json(path)?)
    }
}
