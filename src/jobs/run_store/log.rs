//! The log of training, kept beside a run: a line of JSON for each epoch and each remark.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunFolder;
use crate::core::files::{FileError, write_bytes_atomically};
use crate::core::note::Note;
use crate::train::{EpochMetrics, Phase};

/// What the log of a run, or of a fold, holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainingLog {
    /// The epochs, in the order in which they ended.
    pub epochs: Vec<EpochMetrics>,
    /// The remarks.
    pub notes: Vec<Note>,
}

/// A line of the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Epoch(EpochMetrics),
    Note(Note),
}

impl RunFolder {
    /// Writes the log of training.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written.
    pub fn write_log(&self, epochs: &[EpochMetrics], notes: &[Note]) -> Result<(), FileError> {
        let path = self.log_file();
        let lines = epochs.iter().copied().map(Line::Epoch).chain(notes.iter().cloned().map(Line::Note));
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .map_err(|e| FileError::malformed(&path, e.to_string()))?;
            text.push(b'\n');
        }
        write_bytes_atomically(&path, &text)
    }

    /// The log of training; `None` where there is none. Lines that are neither an epoch nor a remark are skipped, as a
    /// user may add some.
    ///
    /// # Errors
    /// [`FileError`] when the log cannot be read.
    pub fn read_log(&self) -> Result<Option<TrainingLog>, FileError> {
        let (new, old) = (self.log_file(), self.old_log_file());
        let text = |path: &Path| fs::read_to_string(path).map_err(FileError::io("read", path));
        let mut log = TrainingLog::default();
        if new.is_file() {
            for line in text(&new)?.lines() {
                match serde_json::from_str(line) {
                    Ok(Line::Epoch(metrics)) => log.epochs.push(metrics),
                    Ok(Line::Note(note)) => log.notes.push(note),
                    Err(_) => {}
                }
            }
        } else if old.is_file() {
            // A table of epochs, with remarks below.
            for line in text(&old)?.lines() {
                match line.strip_prefix("note: ") {
                    Some(note) => log.notes.push(Note::from_old_text(note)),
                    None => log.epochs.extend(old_epoch(line)),
                }
            }
        } else {
            return Ok(None);
        }
        Ok(Some(log))
    }
}

/// An epoch in a table of an earlier version.
fn old_epoch(line: &str) -> Option<EpochMetrics> {
    let mut cells = line.split('\t');
    let mut next = || cells.next();
    let phase = match next()? {
        "Choosing" => Phase::Choosing,
        "Refitting" => Phase::Refitting,
        _ => return None,
    };
    let member = next()?.parse().ok()?;
    let (epoch, epochs) = next()?.split_once('/')?;
    let number = |cell: Option<&str>| cell?.parse::<f32>().ok();
    Some(EpochMetrics {
        phase,
        member,
        epoch: epoch.parse().ok()?,
        epochs: epochs.parse().ok()?,
        train_loss: number(next())?,
        contrastive: number(next())?,
        regression: number(next())?,
        validation_loss: number(next()),
        validation_pcc: number(next()),
        seconds: number(next())?,
        chance: number(next()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::from(dir.path().to_path_buf());
        assert_eq!(folder.read_log().unwrap(), None);
        let epoch = EpochMetrics {
            phase: Phase::Refitting,
            member: 1,
            epoch: 3,
            epochs: 40,
            train_loss: 1.0 / 3.0,
            contrastive: 4.8,
            regression: 1.5,
            validation_loss: None,
            validation_pcc: Some(0.2),
            seconds: 0.25,
            chance: Some(4.852),
        };
        let notes = [Note::General("two\nlines".into()), Note::AtChance("At chance.".into())];
        folder.write_log(&[epoch, epoch], &notes).unwrap();
        let log = TrainingLog { epochs: vec![epoch, epoch], notes: notes.to_vec() };
        assert_eq!(folder.read_log().unwrap().as_ref(), Some(&log));
        let path = folder.log_file();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("mine: a remark\n{text}{{\"epoch\":\n")).unwrap();
        assert_eq!(folder.read_log().unwrap(), Some(log));
    }

    #[test]
    fn a_log_of_an_earlier_version_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let text = "phase\tnetwork\tepoch\ttrain_loss\tcontrastive\tregression\tvalidation_loss\tvalidation_pcc\tseconds\tchance\n\
                    Choosing\t0\t1/120\t2.0000\t4.8000\t1.5000\t-\t-\t0.250\n\
                    Choosing\t0\t4/120\t1.9000\t4.7000\t1.4000\t1.2500\t0.2000\t0.250\t4.8520\n\
                    mine: a remark\n\
                    note: The contrastive loss did not leave chance\n";
        let folder = RunFolder::from(dir.path().to_path_buf());
        fs::write(folder.old_log_file(), text).unwrap();
        let TrainingLog { epochs, notes } = folder.read_log().unwrap().unwrap();
        assert_eq!(epochs.len(), 2);
        assert_eq!((epochs[0].validation_pcc, epochs[1].validation_pcc), (None, Some(0.2)));
        assert_eq!((epochs[1].epoch, epochs[1].epochs, epochs[1].seconds), (4, 120, 0.25));
        let chances = [epochs[0].chance, epochs[1].chance];
        assert_eq!(chances, [None, Some(4.852)], "the first versions did not write it");
        assert_eq!(notes, [Note::AtChance("The contrastive loss did not leave chance".into())]);
    }
}
