//! Finding the three files of an MTX folder, also under a sample's prefix as on GEO
//! ("GSM4284316_P2_matrix.mtx.gz").

use std::fs;
use std::path::{Path, PathBuf};

use crate::core::files::FileError;
use crate::data::st::ReadError;

const MATRIX: &str = "matrix.mtx";

/// The files of a matrix in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MtxFiles {
    /// `matrix.mtx`.
    pub matrix: PathBuf,
    /// `barcodes.tsv`.
    pub barcodes: PathBuf,
    /// `features.tsv`, or `genes.tsv` of version 2.
    pub features: PathBuf,
}

/// The prefixes under which a folder holds matrices, sorted; "" for `matrix.mtx` itself.
///
/// # Errors
/// [`FileError`] when the folder cannot be listed.
pub fn mtx_prefixes(folder: &Path) -> Result<Vec<String>, FileError> {
    let mut prefixes: Vec<String> = names(folder)?
        .iter()
        .filter_map(|name| {
            let plain = plain(name);
            let at = plain.len().checked_sub(MATRIX.len())?;
            let (prefix, ending) = plain.split_at_checked(at)?;
            ending.eq_ignore_ascii_case(MATRIX).then(|| prefix.to_owned())
        })
        .collect();
    prefixes.sort();
    prefixes.dedup();
    Ok(prefixes)
}

/// The files of the matrix in `folder`, under `prefix` where one is given, else the only one there.
///
/// # Errors
/// [`ReadError`] when there is none, when there are several and no prefix says which, or a file is missing.
pub fn find_mtx(folder: &Path, prefix: Option<&str>) -> Result<MtxFiles, ReadError> {
    let found = mtx_prefixes(folder)?;
    let prefix = match (prefix, found.as_slice()) {
        (Some(prefix), _) => prefix.to_owned(),
        (None, [only]) => only.clone(),
        (None, all) if all.iter().any(String::is_empty) => String::new(),
        (None, []) => {
            return Err(ReadError::malformed(folder, "the folder holds no matrix.mtx or matrix.mtx.gz"));
        }
        (None, all) => {
            let message =
                format!("the folder holds {} matrices; say which sample ({}, ...)", all.len(), all[0]);
            return Err(ReadError::malformed(folder, message));
        }
    };
    let names = names(folder)?;
    let find = |wanted: &[&str]| -> Result<PathBuf, ReadError> {
        let name = wanted.iter().find_map(|ending| {
            let full = format!("{prefix}{ending}");
            let is = |name: &&String| plain(name).eq_ignore_ascii_case(&full);
            names.iter().find(|name| **name == full).or_else(|| names.iter().find(is))
        });
        name.map(|name| folder.join(name)).ok_or_else(|| {
            let wanted = wanted.iter().map(|w| format!("{prefix}{w}")).collect::<Vec<_>>().join(" or ");
            ReadError::malformed(folder, format!("{wanted} (or .gz) is missing beside the matrix"))
        })
    };
    Ok(MtxFiles {
        matrix: find(&[MATRIX])?,
        barcodes: find(&["barcodes.tsv", "barcodes.txt"])?,
        features: find(&["features.tsv", "genes.tsv", "features.txt", "genes.txt"])?,
    })
}

/// The name without ".gz".
fn plain(name: &str) -> &str {
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(name)
}

fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(FileError::io("list", folder))? {
        let entry = entry.map_err(FileError::io("list", folder))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let touch = |name: &str| fs::write(dir.path().join(name), b"").unwrap();
        let says = |prefix| find_mtx(dir.path(), prefix).unwrap_err().to_string();
        assert!(says(None).ends_with("the folder holds no matrix.mtx or matrix.mtx.gz"));
        for name in ["GSM1_a_matrix.mtx.gz", "GSM1_a_barcodes.tsv.gz"] {
            touch(name);
        }
        assert!(says(None).contains("GSM1_a_features.tsv or GSM1_a_genes.tsv"), "{}", says(None));
        touch("GSM1_a_genes.tsv");
        let found = find_mtx(dir.path(), None).unwrap();
        assert_eq!(found.features, dir.path().join("GSM1_a_genes.tsv"));
        assert_eq!(found.matrix, dir.path().join("GSM1_a_matrix.mtx.gz"));
        touch("GSM2_b_matrix.mtx");
        assert!(says(None).contains("2 matrices; say which sample (GSM1_a_, ...)"));
        assert_eq!(find_mtx(dir.path(), Some("GSM1_a_")).unwrap(), found);
        assert_eq!(mtx_prefixes(dir.path()).unwrap(), ["GSM1_a_", "GSM2_b_"]);
    }
}
