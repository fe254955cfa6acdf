//! Of which slide and of which donor each spot is.

use std::collections::HashSet;

use super::frame::Frame;
use crate::core::files::FileError;

/// Columns that say of which slide a spot is.
const LIBRARIES: [&str; 3] = ["library_id", "library", "library_key"];
/// Columns that may say so, where their values are names of slides.
const SAMPLES: [&str; 6] = ["sample", "sample_id", "sample_name", "slide", "slide_id", "batch"];
/// Columns that name the donor, compared without case.
const PATIENTS: [&str; 9] = [
    "patient",
    "patient_id",
    "patientid",
    "donor",
    "donor_id",
    "subject",
    "subject_id",
    "individual",
    "case_id",
];

/// The slide of each spot. Where the file has several (`names`), it is the column whose values are most of them,
/// whatever it is called.
pub(super) fn libraries_of(
    obs: &Frame<'_>,
    names: &[&str],
) -> Result<Option<Vec<Option<String>>>, FileError> {
    let mut columns: Vec<String> = LIBRARIES.iter().map(|&n| n.to_owned()).collect();
    if names.len() > 1 {
        columns.extend(SAMPLES.iter().map(|&n| n.to_owned()));
        for column in obs.columns()? {
            if !columns.contains(&column) && obs.categories(&column)?.is_some() {
                columns.push(column);
            }
        }
    }
    let mut best: Option<(usize, Vec<Option<String>>)> = None;
    for column in columns {
        let Some(values) = obs.values(&column)? else { continue };
        let values = values.into_texts();
        let distinct: HashSet<&str> = values.iter().flatten().map(String::as_str).collect();
        let known = names.iter().filter(|n| distinct.contains(*n)).count();
        let called = LIBRARIES.contains(&column.as_str());
        if (called || known > 0) && best.as_ref().is_none_or(|(most, _)| known > *most) {
            best = Some((known, values));
        }
        if best.as_ref().is_some_and(|(most, _)| *most == names.len()) {
            break;
        }
    }
    Ok(best.map(|(_, values)| values))
}

/// The donor of each spot.
pub(super) fn patients_of(obs: &Frame<'_>) -> Result<Option<Vec<Option<String>>>, FileError> {
    let columns = obs.columns()?;
    for name in PATIENTS {
        let Some(column) = columns.iter().find(|c| c.eq_ignore_ascii_case(name)) else { continue };
        if let Some(values) = obs.values(column)? {
            return Ok(Some(values.into_texts()));
        }
    }
    Ok(None)
}

/// The one text that all of `values` are; `None` where they differ or some are missing.
pub(super) fn only_one<'a>(mut values: impl Iterator<Item = &'a Option<String>>) -> Option<String> {
    let first = values.next()?.as_ref()?;
    values.all(|v| v.as_ref() == Some(first)).then(|| first.trim().to_owned()).filter(|p| !p.is_empty())
}
