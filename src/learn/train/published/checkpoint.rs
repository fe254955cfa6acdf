//! Where training stands, in one file, so that a killed run goes on where it was.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::adam::PublishedAdamState;
use crate::core::files::FileError;
use crate::predict::tensors::{self, StoredArray};
use crate::train::stage::EpochMetrics;

const VERSION: u32 = 1;
const VECTORS: [&str; 3] = ["parameters", "first", "second"];

/// Everything that is not known from the input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PublishedCheckpoint {
    /// Epochs finished.
    pub epoch: usize,
    /// What was heard of them.
    pub history: Vec<EpochMetrics>,
    /// Both branches but for the encoder.
    pub network: PublishedAdamState,
    /// An encoder that is trained, and its running statistics.
    pub encoder: Option<(PublishedAdamState, Vec<f32>)>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    fingerprint: String,
    epoch: usize,
    history: Vec<EpochMetrics>,
    steps: u64,
    encoder_steps: Option<u64>,
}

/// Writes `standing` as `path`, atomically. `fingerprint` stands for what is trained on and how.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn save(path: &Path, fingerprint: &str, standing: PublishedCheckpoint) -> Result<(), FileError> {
    let mut arrays: Vec<(String, StoredArray)> = Vec::new();
    let mut keep = |part: &str, saved: PublishedAdamState| {
        for (name, vector) in VECTORS.iter().zip(saved.vectors) {
            arrays
                .push((format!("{part}.{name}"), StoredArray { shape: vec![vector.len()], values: vector }));
        }
        saved.steps
    };
    let steps = keep("network", standing.network);
    let (encoder_steps, running) = match standing.encoder {
        Some((saved, running)) => (Some(keep("encoder", saved)), Some(running)),
        None => (None, None),
    };
    arrays.extend(
        running.map(|values| ("running".to_owned(), StoredArray { shape: vec![values.len()], values })),
    );
    let (fingerprint, epoch, history) = (fingerprint.to_owned(), standing.epoch, standing.history);
    tensors::write(
        path,
        arrays,
        &Header { version: VERSION, fingerprint, epoch, history, steps, encoder_steps },
    )
}

/// Reads a checkpoint of `network` parameters, and of `encoder` parameters and running statistics where an encoder
/// is trained; none where there is no file, or where it is of other data or settings.
///
/// # Errors
/// [`FileError`] naming `path` when it is there but damaged.
pub fn load(
    path: &Path,
    fingerprint: &str,
    network: usize,
    encoder: Option<(usize, usize)>,
) -> Result<Option<PublishedCheckpoint>, FileError> {
    let ours = |header: &Header| header.version == VERSION && header.fingerprint == fingerprint;
    let Some((mut arrays, header)) = tensors::read_wanted(path, ours)? else { return Ok(None) };
    let mut take = |part: &str, count: usize, steps: u64| -> Result<PublishedAdamState, FileError> {
        let [a, b, c] = VECTORS.map(|name| arrays.take(&format!("{part}.{name}"), &[count]));
        Ok(PublishedAdamState { vectors: [a?, b?, c?], steps })
    };
    let saved = take("network", network, header.steps)?;
    let encoder = match encoder {
        Some((count, running)) => {
            let saved = take("encoder", count, header.encoder_steps.unwrap_or_default())?;
            Some((saved, arrays.take("running", &[running])?))
        }
        None => None,
    };
    Ok(Some(PublishedCheckpoint { epoch: header.epoch, history: header.history, network: saved, encoder }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_and_one_of_other_data_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint.safetensors");
        assert_eq!(load(&path, "a", 2, None).unwrap(), None);
        let saved = |v: f32, n: usize| PublishedAdamState {
            vectors: [v, v + 1.0, v + 2.0].map(|v| vec![v; n]),
            steps: 7,
        };
        let standing = PublishedCheckpoint {
            epoch: 3,
            history: Vec::new(),
            network: saved(0.1, 2),
            encoder: Some((saved(0.7, 3), vec![0.5])),
        };
        save(&path, "a", standing.clone()).unwrap();
        assert_eq!(load(&path, "a", 2, Some((3, 1))).unwrap(), Some(standing));
        assert_eq!(load(&path, "b", 2, Some((3, 1))).unwrap(), None);
        assert!(
            load(&path, "a", 2, Some((4, 1))).unwrap_err().to_string().contains("checkpoint.safetensors")
        );
    }
}
