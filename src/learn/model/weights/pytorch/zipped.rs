//! The archive of PyTorch 1.6 and later: `NAME/data.pkl`, and a file `NAME/data/KEY` for every storage.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::archive::{self, ArchiveError, Entry};
use super::{bytes_of, pickle_error, tensors};
use crate::core::files::FileError;
use crate::model::weights::error::WeightsError;
use crate::model::weights::pickle::{self, MAX_PICKLE};
use crate::model::weights::sniff;
use crate::model::weights::stored::{Run, Stored};

/// The tensors of the archive `file`, which is `length` bytes long.
pub(in super::super) fn open(
    path: &Path,
    file: &mut File,
    length: u64,
) -> Result<Vec<(String, Stored)>, WeightsError> {
    let failed = |e| archive_error(path, length, e);
    let entries = archive::directory(file, length).map_err(failed)?;
    let pickle = entries.iter().find(|e| e.name.split_once('/').is_some_and(|(_, name)| name == "data.pkl"));
    let (Some(pickle), None) = (pickle, entries.iter().find(|e| e.name.ends_with("/constants.pkl"))) else {
        return Err(sniff::zip_of(path, &entries));
    };
    let folder = pickle.name.strip_suffix("data.pkl").unwrap_or_default();
    if pickle.length > MAX_PICKLE {
        return Err(WeightsError::malformed(
            path,
            "describes far more than weights (its data.pkl is too large)",
        ));
    }
    let text = |file: &mut File, entry: &Entry| -> Result<Vec<u8>, WeightsError> {
        if entry.packed {
            return Err(WeightsError::malformed(
                path,
                "is a compressed archive, which torch.save does not write; open and save it again in Python",
            ));
        }
        let start = archive::content(file, length, entry).map_err(failed)?;
        // No more than the file holds, which `content` compares.
        let mut bytes = vec![0; entry.length.min(MAX_PICKLE) as usize];
        let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(FileError::io("read", path))?;
        Ok(bytes)
    };
    let order = format!("{folder}byteorder");
    if let Some(entry) = entries.iter().find(|e| e.name == order)
        && text(file, entry)?.trim_ascii() != b"little"
    {
        return Err(WeightsError::malformed(
            path,
            "was written by a big-endian computer, which is not supported",
        ));
    }
    let (tree, root, _) = pickle::parse(&text(file, pickle)?).map_err(|e| pickle_error(path, e))?;

    let storages = format!("{folder}data/");
    let storages: HashMap<&str, &Entry> =
        entries.iter().filter_map(|e| Some((e.name.strip_prefix(&storages)?, e))).collect();
    tensors(path, &tree, root, |storage| {
        let entry = storages.get(storage.key.as_str()).ok_or("has no numbers in the file")?;
        if entry.packed {
            return Err("is compressed, which torch.save does not write".to_owned());
        }
        let at = archive::content(file, length, entry).map_err(|e| match e {
            ArchiveError::Cut => "has only a part of its numbers in the file".to_owned(),
            ArchiveError::Damaged(what) => format!("cannot be found: {what}"),
            ArchiveError::Io(e) => format!("cannot be read: {}", crate::core::files::plain_io(&e)),
        })?;
        match bytes_of(storage) {
            Some(bytes) if bytes <= entry.length => Ok(Run { at, bytes }),
            _ => Err("has only a part of its numbers in the file".to_owned()),
        }
    })
}

fn archive_error(path: &Path, length: u64, error: ArchiveError) -> WeightsError {
    match error {
        ArchiveError::Io(e) => FileError::io("read", path)(e).into(),
        ArchiveError::Cut => WeightsError::Truncated { path: path.to_path_buf(), has: length, needs: None },
        ArchiveError::Damaged(what) => WeightsError::malformed(path, format!("as a zip archive: {what}")),
    }
}
