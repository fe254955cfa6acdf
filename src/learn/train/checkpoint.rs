//! Where training stands, in one file, so that a killed run goes on as if it had not been killed.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::core::files::FileError;
use crate::predict::tensors::{self, StoredArray};
use crate::train::optimizer::AdamState;
use crate::train::stage::{Best, EpochMetrics, StageState};

const VERSION: u32 = 1;
const VECTORS: [&str; 4] = ["parameters", "average", "first", "second"];

/// Everything that is not known from the input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// One a network.
    pub members: Vec<Member>,
}

/// Where one network stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Member {
    /// What served the validation spots best, once that is known.
    pub chosen: Option<Best>,
    /// What came of training on all spots, once that is done.
    pub refitted: Option<Best>,
    /// The phase that is under way.
    pub stage: Option<StageState>,
    /// Its epochs until `stage`.
    pub history: Vec<EpochMetrics>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    fingerprint: String,
    members: Vec<MemberHeader>,
}

/// Scores and epochs stand here, weights are arrays.
#[derive(Serialize, Deserialize)]
struct MemberHeader {
    chosen: Option<(f32, usize)>,
    refitted: Option<(f32, usize)>,
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
pub fn save(path: &Path, fingerprint: &str, standing: &Checkpoint) -> Result<(), FileError> {
    let mut arrays: Vec<(String, StoredArray)> = Vec::new();
    let mut members = Vec::new();
    for (i, m) in standing.members.iter().enumerate() {
        let mut keep = |name: &str, best: &Option<Best>| {
            best.as_ref().map(|b| {
                arrays.push((format!("{i}.{name}"), StoredArray::from(b.parameters.as_slice())));
                (b.score, b.epochs)
            })
        };
        let (chosen, refitted) = (keep("chosen", &m.chosen), keep("refitted", &m.refitted));
        let stage = m.stage.as_ref().map(|s| {
            let best = keep("best", &s.best);
            StageHeader { steps: s.adam.steps, epoch: s.epoch, best }
        });
        if let Some(s) = &m.stage {
            for (name, vector) in VECTORS.iter().zip(&s.adam.vectors) {
                arrays.push((format!("{i}.{name}"), StoredArray::from(vector.as_slice())));
            }
        }
        members.push(MemberHeader { chosen, refitted, stage, history: m.history.clone() });
    }
    let header = Header { version: VERSION, fingerprint: fingerprint.to_owned(), members };
    tensors::write(path, arrays, &header)
}

/// Reads a checkpoint; none where there is no file, or where it is of other data or settings.
///
/// # Errors
/// [`FileError`] naming `path` when it is there but damaged.
pub fn load(path: &Path, fingerprint: &str, parameters: usize) -> Result<Option<Checkpoint>, FileError> {
    let ours = |header: &Header| header.version == VERSION && header.fingerprint == fingerprint;
    let Some((mut arrays, header)) = tensors::read_wanted(path, ours)? else { return Ok(None) };
    let shape = [parameters];
    let mut members = Vec::new();
    for (i, m) in header.members.into_iter().enumerate() {
        let mut take = |name: &str, best: Option<(f32, usize)>| -> Result<Option<Best>, FileError> {
            let Some((score, epochs)) = best else { return Ok(None) };
            let parameters = arrays.take(&format!("{i}.{name}"), &shape)?;
            Ok(Some(Best { score, epochs, parameters }))
        };
        let (chosen, refitted) = (take("chosen", m.chosen)?, take("refitted", m.refitted)?);
        let stage = match m.stage {
            None => None,
            Some(s) => {
                let best = take("best", s.best)?;
                let [a, b, c, d] = VECTORS.map(|name| arrays.take(&format!("{i}.{name}"), &shape));
                let adam = AdamState { vectors: [a?, b?, c?, d?], steps: s.steps };
                Some(StageState { adam, epoch: s.epoch, best })
            }
        };
        members.push(Member { chosen, refitted, stage, history: m.history });
    }
    Ok(Some(Checkpoint { members }))
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
        let stage = StageState {
            adam: AdamState { vectors: [1.0, 2.0, 3.0, 4.0].map(|v| vec![v, v / 3.0]), steps: 9 },
            epoch: 4,
            best: Some(best(0.2)),
        };
        let standing = Checkpoint {
            members: vec![
                Member { chosen: Some(best(0.3)), refitted: Some(best(0.1)), ..Member::default() },
                Member { chosen: Some(best(0.1 + 0.2)), stage: Some(stage), ..Member::default() },
                Member::default(),
            ],
        };
        save(&path, "a", &standing).unwrap();
        assert_eq!(load(&path, "a", 2).unwrap().as_ref(), Some(&standing));
        assert_eq!(load(&path, "b", 2).unwrap(), None);
        assert!(load(&path, "a", 3).unwrap_err().to_string().contains("checkpoint.safetensors"));
    }
}
