//! Names of runs, and names of sections as parts of file names.

use std::path::{Path, PathBuf};

use super::RunError;

/// `name` as part of a file name on every system: itself where it can be one, else what of it can, and a number that
/// follows from all of it, so that different names stay different.
pub fn safe_name(name: &str) -> String {
    const MAX_LENGTH: usize = 80;
    const KEPT: usize = 60;
    let mut safe = replaced(name, |c| c.is_alphanumeric() || " ._-()&+,=@#".contains(c));
    let fine = safe == name
        && name.len() <= MAX_LENGTH
        && name.trim() == name
        && !name.is_empty()
        && !name.ends_with('.')
        && !is_reserved(name);
    if fine {
        return safe;
    }
    while safe.len() > KEPT {
        safe.pop();
    }
    // FNV-1a, which no version of the program may change.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}-{hash:08x}", safe.trim_matches([' ', '.']))
}

/// The path in `folder` of what is stored for `name`: where runs of earlier versions have it, when it is there and
/// nothing is where it belongs now.
pub fn existing_or_new(folder: &Path, file: impl Fn(&str) -> String, name: &str) -> PathBuf {
    let new = folder.join(file(&safe_name(name)));
    let earlier = folder.join(file(&replaced(name, |c| c.is_alphanumeric() || "._-".contains(c))));
    if !new.exists() && earlier.exists() { earlier } else { new }
}

fn replaced(name: &str, keep: impl Fn(char) -> bool) -> String {
    name.chars().map(|c| if keep(c) { c } else { '_' }).collect()
}

/// Whether Windows keeps this name for a device, whatever ending it has.
pub(super) fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|n| {
            let mut digits = n.chars();
            digits.next().is_some_and(|d| "123456789\u{b9}\u{b2}\u{b3}".contains(d))
                && digits.next().is_none()
        })
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
}

pub(super) fn check_name(id: &str) -> Result<(), RunError> {
    let bad = |problem| Err(RunError::BadName { name: id.to_owned(), problem });
    if id.trim().is_empty() {
        return bad(NameProblem::Empty);
    }
    if id.len() > MAX_NAME {
        return bad(NameProblem::Long);
    }
    if let Some(c) = id.chars().find(|c| !(c.is_alphanumeric() || " .-_()&+,=@#".contains(*c))) {
        return bad(NameProblem::Character(c));
    }
    if id.starts_with('.') || id.ends_with('.') || id.trim() != id {
        return bad(NameProblem::Edge);
    }
    if is_reserved(id) {
        return bad(NameProblem::Reserved);
    }
    Ok(())
}

/// The longest name of a run in bytes.
const MAX_NAME: usize = 100;

/// Why a folder cannot have a name on every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum NameProblem {
    Empty,
    Long,
    Character(char),
    Edge,
    Reserved,
}

impl std::fmt::Display for NameProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Long => write!(f, "it is longer than {MAX_NAME} bytes"),
            Self::Character(c) if c.is_control() => f.write_str("it contains a control character"),
            Self::Character(c) => write!(f, "it contains \"{c}\""),
            Self::Edge => f.write_str("it begins or ends with a space or a dot"),
            Self::Reserved => f.write_str("Windows reserves it for a device"),
        }
    }
}
