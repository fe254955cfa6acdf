//! Fills a network from a weights file.

use std::path::Path;

use super::architecture::Architecture;
use super::parameters::{Array, Parameters};
use super::positions;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Task};
use crate::model::weights::{KeyReport, WeightsError, WeightsFile, compare};

/// What progress is reported under.
/// The parameter that depends on the size of the image.
const POSITIONS: &str = "pos_embed";

/// A network could not be filled from a file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is at fault.
    #[error(transparent)]
    File(#[from] WeightsError),
    /// The file belongs to another network.
    #[error("{file} does not hold the weights of {network}: {report}")]
    Other {
        /// Where it is.
        file: String,
        /// What was to be filled.
        network: String,
        /// What does not fit.
        report: Box<KeyReport>,
    },
    /// Was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl LoadError {
    pub(super) fn other(file: &Path, network: &str, report: KeyReport) -> Self {
        let file = file.display().to_string();
        Self::Other { file, network: network.to_owned(), report: Box::new(report) }
    }
}

/// Whether `file` fits `architecture`, for images of `side` pixels; positions of another grid fit too, since they
/// are resampled.
pub fn report(file: &WeightsFile, architecture: &Architecture, side: usize) -> KeyReport {
    let mut report = compare(file, &architecture.list(side).parameters);
    if let Architecture::Vit(vit) = architecture {
        let prefix = if vit.prefix_positions { vit.prefix() } else { 0 };
        report.wrong_shape.retain(|(name, _, found)| {
            let square = match found[..] {
                [1, tokens, width] => width == vit.width && positions::is_square_grid(tokens, prefix),
                _ => false,
            };
            !(name == POSITIONS && square)
        });
    }
    report
}

/// The parameters of `architecture` for images of `side` pixels, as `network` calls itself in errors. Tensors are
/// read one at a time.
///
/// # Errors
/// The file cannot be read, or belongs to another network.
pub fn load(
    file: &WeightsFile,
    architecture: &Architecture,
    side: usize,
    network: &str,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Parameters, LoadError> {
    let report = report(file, architecture, side);
    if !report.fits() {
        return Err(LoadError::other(file.path(), network, report));
    }
    let expected = architecture.list(side).parameters;
    let total = expected.len() as u64;
    let mut parameters = Parameters::new();
    for (index, (name, shape)) in expected.into_iter().enumerate() {
        cancel.check()?;
        let values = file.read(&name)?;
        let mut array = Array { shape, values };
        if name == POSITIONS
            && let Architecture::Vit(vit) = architecture
            && array.values.len() != array.shape.iter().product::<usize>()
        {
            let prefix = if vit.prefix_positions { vit.prefix() } else { 0 };
            let found = Array { shape: vec![1, array.values.len() / vit.width, vit.width], ..array };
            // The report made sure of the square grid that this needs.
            array = positions::resample(&found, prefix, side / vit.patch).unwrap_or(found);
        }
        parameters.insert(name, array);
        progress.report(&Task::LoadingEncoder.into(), index as u64 + 1, total);
    }
    Ok(parameters)
}
