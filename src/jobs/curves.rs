//! The curves of training as they are kept beside a run: one line an epoch, and its remarks.

use std::fs;
use std::path::Path;

use crate::core::files::FileError;
use crate::train::{EpochMetrics, Phase};

/// The epochs and remarks in a run's or fold's `log.txt`. A line that is neither is passed over: the log is
/// for people, who may write into it.
///
/// # Errors
/// [`FileError`] when the file cannot be read.
pub fn read(log: &Path) -> Result<(Vec<EpochMetrics>, Vec<String>), FileError> {
    let text = fs::read_to_string(log).map_err(FileError::io("read", log))?;
    let mut epochs = Vec::new();
    let mut notes = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("note: ") {
            Some(note) => notes.push(note.to_owned()),
            None => epochs.extend(epoch(line)),
        }
    }
    Ok((epochs, notes))
}

fn epoch(line: &str) -> Option<EpochMetrics> {
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
        let path = dir.path().join("log.txt");
        let text = "phase\tnetwork\tepoch\ttrain_loss\tcontrastive\tregression\tvalidation_loss\tvalidation_pcc\tseconds\tchance\n\
                    Choosing\t0\t1/120\t2.0000\t4.8000\t1.5000\t-\t-\t0.250\n\
                    Choosing\t0\t4/120\t1.9000\t4.7000\t1.4000\t1.2500\t0.2000\t0.250\t4.8520\n\
                    mine: a remark\n\
                    note: the contrastive loss did not leave chance\n";
        fs::write(&path, text).unwrap();
        let (epochs, notes) = read(&path).unwrap();
        assert_eq!(epochs.len(), 2);
        assert_eq!((epochs[0].validation_pcc, epochs[1].validation_pcc), (None, Some(0.2)));
        assert_eq!((epochs[1].epoch, epochs[1].epochs, epochs[1].seconds), (4, 120, 0.25));
        let chances = [epochs[0].chance, epochs[1].chance];
        assert_eq!(chances, [None, Some(4.852)], "older logs say nothing of it");
        assert_eq!(notes, ["the contrastive loss did not leave chance"]);
        assert!(read(&dir.path().join("none")).is_err());
    }
}
