//! Where training stands, in one file, so that a killed run goes on as if it had not been killed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::core::files::FileError;
use crate::predict::tensors::{self, Array};
use crate::train::optimizer::Saved;
use crate::train::stage::{Best, EpochMetrics, Phase, StageState};

const VERSION: u32 = 1;
const VECTORS: [&str; 4] = ["parameters", "average", "first", "second"];

/// Everything that is not known from the input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The networks whose epochs are chosen.
    pub chosen: Vec<Best>,
    /// The networks that are trained on all spots.
    pub refitted: Vec<Best>,
    /// The stage that is under way.
    pub stage: Option<StageState>,
    /// All epochs so far.
    pub history: Vec<EpochMetrics>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    fingerprint: String,
    chosen: Vec<(f32, usize)>,
    refitted: Vec<(f32, usize)>,
    stage: Option<StageHeader>,
    history: Vec<EpochMetrics>,
}

#[derive(Serialize, Deserialize)]
struct StageHeader {
    steps: u64,
    epoch: usize,
    best: Option<(f32, usize)>,
}

/// Writes `standing` as `path`, atomically. `fingerprint` stands for what is trained on and how.
///
/// # Errors
/// [`FileError`] naming `path`.
pub fn save(path: &Path, fingerprint: &str, standing: &Standing) -> Result<(), FileError> {
    let mut arrays: Vec<(String, Array)> = Vec::new();
    let mut keep = |name: String, values: &[f32]| arrays.push((name, Array::from(values)));
    let mut list = |name: &str, all: &[Best]| -> Vec<(f32, usize)> {
        for (i, best) in all.iter().enumerate() {
            keep(format!("{name}.{i}"), &best.parameters);
        }
        all.iter().map(|b| (b.score, b.epochs)).collect()
    };
    let chosen = list("chosen", &standing.chosen);
    let refitted = list("refitted", &standing.refitted);
    let stage = standing.stage.as_ref().map(|s| {
        let best = s.best.as_ref().map(|b| list("best", std::slice::from_ref(b))[0]);
        StageHeader { steps: s.adam.steps, epoch: s.epoch, best }
    });
    if let Some(s) = &standing.stage {
        for (name, vector) in VECTORS.iter().zip(&s.adam.vectors) {
            arrays.push(((*name).to_owned(), Array::from(vector.as_slice())));
        }
    }
    let fingerprint = fingerprint.to_owned();
    let history = standing.history.clone();
    let header = Header { version: VERSION, fingerprint, chosen, refitted, stage, history };
    tensors::write(path, arrays, &header)
}

/// Reads a checkpoint; none where there is no file, or where it is of other data or settings.
///
/// # Errors
/// [`FileError`] naming `path` when it is there but damaged.
pub fn load(path: &Path, fingerprint: &str, parameters: usize) -> Result<Option<Standing>, FileError> {
    if !path.exists() {
        return Ok(None);
    }
    let (mut arrays, header) = tensors::read::<Header>(path)?;
    if header.version != VERSION || header.fingerprint != fingerprint {
        return Ok(None);
    }
    let shape = [parameters];
    let mut list = |name: &str, all: &[(f32, usize)]| -> Result<Vec<Best>, FileError> {
        let best = |(i, &(score, epochs)): (usize, &(f32, usize))| {
            Ok(Best { score, epochs, parameters: arrays.take(&format!("{name}.{i}"), &shape)? })
        };
        all.iter().enumerate().map(best).collect()
    };
    let chosen = list("chosen", &header.chosen)?;
    let refitted = list("refitted", &header.refitted)?;
    let stage = match header.stage {
        None => None,
        Some(s) => {
            let best = list("best", s.best.as_slice())?.pop();
            let [a, b, c, d] = VECTORS.map(|name| arrays.take(name, &shape));
            let adam = Saved { vectors: [a?, b?, c?, d?], steps: s.steps };
            Some(StageState { adam, epoch: s.epoch, best })
        }
    };
    Ok(Some(Standing { chosen, refitted, stage, history: header.history }))
}

/// The phase and network that `standing` is at, of `members`; none when all is done.
pub fn next_stage(standing: &Standing, members: usize, refit: bool) -> Option<(Phase, usize)> {
    if standing.chosen.len() < members {
        Some((Phase::Choosing, standing.chosen.len()))
    } else if refit && standing.refitted.len() < members {
        Some((Phase::Refitting, standing.refitted.len()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_and_one_of_other_data_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint.safetensors");
        assert_eq!(load(&path, "a", 2).unwrap(), None);
        let best = |score: f32| Best { score, epochs: 3, parameters: vec![score, 0.1] };
        let standing = Standing {
            chosen: vec![best(0.3), best(0.1 + 0.2)],
            refitted: vec![],
            stage: Some(StageState {
                adam: Saved { vectors: [1.0, 2.0, 3.0, 4.0].map(|v| vec![v, v / 3.0]), steps: 9 },
                epoch: 4,
                best: Some(best(0.2)),
            }),
            history: vec![],
        };
        save(&path, "a", &standing).unwrap();
        assert_eq!(load(&path, "a", 2).unwrap().as_ref(), Some(&standing));
        assert_eq!(load(&path, "b", 2).unwrap(), None);
        assert!(load(&path, "a", 3).unwrap_err().to_string().contains("checkpoint.safetensors"));
        assert_eq!(next_stage(&standing, 3, true), Some((Phase::Choosing, 2)));
        assert_eq!(next_stage(&standing, 2, true), Some((Phase::Refitting, 0)));
        assert_eq!(next_stage(&standing, 2, false), None);
    }
}
