//! A model of either recipe, as runs keep them.

use std::path::Path;

use serde::Deserialize;

use crate::core::files::{FileError, read_json};
use crate::core::note::Note;
use crate::device::ComputeDevice;
use crate::predict::published::RECIPE;
use crate::predict::store::{CONFIG, check_version};
use crate::predict::{FusedModel, Published};

/// A model.
#[derive(Debug)]
pub enum Model {
    /// The fused network of three image levels.
    Fused(Box<FusedModel>),
    /// The published recipe.
    Published(Box<Published>),
}

impl Model {
    /// Writes the model into `folder`.
    ///
    /// # Errors
    /// [`FileError`] naming the file that could not be written.
    pub fn save(&self, folder: &Path) -> Result<(), FileError> {
        match self {
            Self::Fused(model) => model.save(folder),
            Self::Published(model) => model.save(folder),
        }
    }

    /// Reads a model that [`Model::save`] wrote, onto `device`.
    ///
    /// # Errors
    /// [`FileError`] naming the file that is missing, damaged, or of a newer version.
    pub fn load(folder: &Path, device: &ComputeDevice) -> Result<Self, FileError> {
        #[derive(Deserialize)]
        struct Named {
            version: u32,
            #[serde(default)]
            recipe: Option<String>,
        }
        let path = folder.join(CONFIG);
        let named = read_json::<Named>(&path)?;
        check_version(&path, named.version)?;
        match named.recipe.as_deref() {
            None => Ok(Self::Fused(Box::new(FusedModel::load(folder, device)?))),
            Some(RECIPE) => Ok(Self::Published(Box::new(Published::load(folder, device)?))),
            Some(other) => {
                let text =
                    format!("is of the recipe \"{other}\", which this version of HisCMCL does not know");
                Err(FileError::malformed(&path, text))
            }
        }
    }

    /// Remarks on the training that the user should read.
    pub fn notes(&self) -> &[Note] {
        match self {
            Self::Fused(model) => &model.config.notes,
            Self::Published(model) => &model.config.notes,
        }
    }

    /// Sections it was trained on.
    pub fn sections(&self) -> &[String] {
        match self {
            Self::Fused(model) => &model.config.sections,
            Self::Published(model) => &model.config.sections,
        }
    }
}
