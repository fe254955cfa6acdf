//! Finding out what a folder or file is that the user drops: which samples are in it, of what kind, which of their
//! files are used, and what is still missing. Only names and the first bytes of files are read.

mod anndata;
mod copies;
mod hest;
mod ignored;
mod images;
mod legacy;
mod names10x;
mod sample;
mod slides;
mod space_ranger;
mod tables;
#[cfg(test)]
mod tests;
mod visium;
mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::geojson::looks_like_geojson;
use super::names::{file_name, natural_cmp};
use super::source::SampleKind;
use crate::core::files::FileError;

pub(crate) use anndata::holds_predictions;
pub(crate) use copies::{is_marked, same_counts, size_of_counts};
pub use ignored::Ignored;
pub(crate) use images::agrees;
pub(crate) use sample::usable_name;
pub use sample::{ImageKind, Sample, SampleImage};
pub(crate) use slides::{Spread, choose, holds};
pub(crate) use visium::has_word;
use walk::Listing;

/// What was looked for, for the sentence that nothing was found.
const LOOKED_FOR: &str = "nothing in it was recognised; looked for Space Ranger output (a 10x matrix and tissue_positions), \
                          AnnData files (.h5ad), HEST samples (st, wsis, metadata), her2st folders (ST-cnts) and count \
                          tables with spot files";

/// What is said of a folder without files.
const EMPTY: &str = "the folder is empty";
/// What is said of regions without a sample.
const GEOJSON_ALONE: &str = "holds regions drawn in QuPath (GeoJSON), not a sample; put it beside the files of the sample \
                             it was drawn on, or choose it as the labels of a section on the Data page";

/// What a folder or file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recognition {
    /// The samples, patient by patient, in natural order of their names.
    pub samples: Vec<Sample>,
    /// What could not be used and why, a sentence each.
    pub notes: Vec<String>,
}

/// Finds all samples in a folder, a few levels deep, or the one that a file belongs to.
///
/// # Errors
/// [`ReadError`] in one sentence when `path` cannot be read, or no sample was found: what was looked for, and the
/// first reason why something was not enough.
pub fn recognise(path: &Path) -> Result<Recognition, ReadError> {
    let path = &std::path::absolute(path).map_err(FileError::io("open", path))?;
    let about = fs::metadata(path).map_err(FileError::io("open", path))?;
    let mut found = if about.is_dir() { folder(path)? } else { file(path)? };
    tidy(&mut found);
    Ok(found)
}

/// Everything in `root`.
fn all_in(root: &Path) -> Result<Recognition, ReadError> {
    let mut listing = Listing::read(root)?;
    let mut found = Recognition { samples: Vec::new(), notes: std::mem::take(&mut listing.notes) };
    legacy::her2st(root, &mut listing, &mut found);
    hest::find(&mut listing, &mut found);
    space_ranger::find(root, &mut listing, &mut found);
    anndata::find(&mut listing, &mut found);
    legacy::pairs(&mut listing, &mut found);
    tables::regions_beside(&listing, &mut found.samples);
    say_of_cells(&mut found);
    if found.samples.is_empty() {
        let archives: Vec<String> =
            listing.files.iter().filter(|f| f.is_archive()).map(|f| f.name.clone()).collect();
        if listing.files.is_empty() && found.notes.is_empty() {
            found.notes.push(EMPTY.to_owned());
        } else if let Some(first) = archives.first() {
            let more = if archives.len() > 1 { " and the others" } else { "" };
            found.notes.insert(0, format!("{first}{more} must be unpacked first"));
        } else if let Some(regions) = listing.regions().first() {
            found.notes.push(format!("{} {GEOJSON_ALONE}", file_name(regions)));
        } else if let Some(foreign) = listing.files.iter().find(|f| f.is_foreign()) {
            found.notes.push(format!("{} is of another program; save it as .h5ad", foreign.name));
        }
    }
    Ok(found)
}

/// Cells beside the bins of the same run are passed over; alone, they are the reason why there is no sample.
fn say_of_cells(found: &mut Recognition) {
    let bins = found.samples.iter().any(|s| matches!(s.kind, SampleKind::VisiumHd { .. }));
    for note in found.notes.iter_mut().filter(|n| n.ends_with(walk::CELLS)) {
        if bins {
            *note = note.replace(walk::CELLS, walk::CELLS_BESIDE_BINS);
        }
    }
}

/// # Errors
/// `folder`, or one that it lies in, holds what is not read here; said of `path`.
fn refuse_foreign(path: &Path, folder: &Path) -> Result<(), ReadError> {
    /// `outs/segmented_outputs/spatial`.
    const ABOVE: usize = 3;
    match folder.ancestors().take(ABOVE).find_map(|folder| walk::why_not(&file_name(folder))) {
        Some(why) => Err(ReadError::malformed(path, why)),
        None => Ok(()),
    }
}

fn folder(path: &Path) -> Result<Recognition, ReadError> {
    refuse_foreign(path, path)?;
    let mut found = all_in(path)?;
    if found.samples.is_empty() {
        // Choosing one of the inner folders is an easy mistake.
        let parent = path.parent().filter(|_| hest::INNER.contains(&file_name(path).to_lowercase().as_str()));
        let home = parent.map_or_else(|| names10x::home(path, "").root, Path::to_path_buf);
        if home != *path && home.parent().is_some() {
            let above = all_in(&home)?;
            let (inside, others): (Vec<Sample>, Vec<Sample>) =
                above.samples.into_iter().partition(|s| s.has_file_below(path));
            let samples = if inside.is_empty() { others } else { inside };
            if !samples.is_empty() {
                return Ok(Recognition { samples, notes: Vec::new() });
            }
        }
        return Err(nothing(path, LOOKED_FOR, &found.notes));
    }
    for sample in &mut found.samples {
        // Who chooses the folder of one size of bins wants that one.
        if !sample.chosen && sample.source.files().iter().all(|(_, f)| f.starts_with(path)) {
            sample.chosen |= names10x::bin_of(&file_name(path)).is_some();
        }
    }
    Ok(found)
}

/// The sample that a file belongs to, from the folder that it lies in, and the ones above where that has none.
fn file(path: &Path) -> Result<Recognition, ReadError> {
    /// Above the folder of a sample, its files are only looked for in the next one.
    const ABOVE: usize = 1;
    let Some(parent) = path.parent() else { return Err(nothing(path, LOOKED_FOR, &[])) };
    refuse_foreign(path, parent)?;
    let home = names10x::home(parent, "").root;
    let above_bins = home.parent().filter(|_| names10x::bin_of(&file_name(&home)).is_some());
    let mut notes = Vec::new();
    let mut tried: Vec<PathBuf> = Vec::new();
    let her2st = legacy::root_above(path);
    let starts = [Some(parent), Some(home.as_path()), above_bins, her2st];
    let above = home.ancestors().skip(1).take(ABOVE);
    for folder in starts.into_iter().flatten().chain(above) {
        // A file-system root is never the folder of a sample.
        if folder.parent().is_none() || tried.iter().any(|t| t == folder) {
            continue;
        }
        tried.push(folder.to_path_buf());
        let Ok(found) = all_in(folder) else { continue };
        let samples: Vec<Sample> = found.samples.into_iter().filter(|s| s.has_file(path)).collect();
        if !samples.is_empty() {
            let notes = found.notes.into_iter().filter(|n| n.contains(&file_name(path))).collect();
            let named = |mut sample: Sample| {
                sample.chosen = true;
                sample.prefer_matrix(path);
                sample
            };
            return Ok(Recognition { samples: samples.into_iter().map(named).collect(), notes });
        }
        let name = file_name(path);
        notes.extend(found.notes.into_iter().filter(|n| n.contains(&name)));
    }
    let lower = file_name(path).to_lowercase();
    if walk::is_archive(&lower) {
        let message = "this is an archive; unpack it and choose the folder that comes out";
        return Err(ReadError::malformed(path, message));
    }
    if looks_like_geojson(path) {
        return Err(ReadError::malformed(path, format!("the file {GEOJSON_ALONE}")));
    }
    if walk::is_foreign(&file_name(path).to_lowercase()) {
        let message = "this is a file of another program, which is not read here; save it as .h5ad";
        return Err(ReadError::malformed(path, message));
    }
    Err(nothing(path, &names10x::what_it_lacks(path), &notes))
}

/// Nothing was found in `path`: the first reason, or else what was looked for.
fn nothing(path: &Path, what: &str, notes: &[String]) -> ReadError {
    let message = match (notes.first().map(|n| n.trim_end_matches('.')), what) {
        (None, _) => what.to_owned(),
        (Some(EMPTY), _) => EMPTY.to_owned(),
        (Some(why), LOOKED_FOR) => format!("no sample in it can be used ({why})"),
        (Some(why), names10x::NO_SAMPLE) => format!("the file cannot be used ({why})"),
        (Some(why), _) => format!("{what} ({why})"),
    };
    ReadError::malformed(path, message)
}

/// Names that a project can use, all different; patient by patient.
fn tidy(found: &mut Recognition) {
    for sample in &mut found.samples {
        sample.name = usable_name(&sample.name);
    }
    copies::leave_out(found);
    // Names that differ by capitals only are one in a project.
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for sample in &found.samples {
        *count.entry(sample.name.to_lowercase()).or_default() += 1;
    }
    for sample in &mut found.samples {
        // Samples of the same name lie in different folders.
        if count.get(&sample.name.to_lowercase()).is_some_and(|&n| n > 1) && !sample.place.is_empty() {
            sample.name = usable_name(&format!("{}_{}", sample.place, sample.name));
        }
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for sample in &mut found.samples {
        let times = seen.entry(sample.name.to_lowercase()).or_default();
        *times += 1;
        if *times > 1 {
            sample.name = format!("{} ({times})", sample.name);
        }
    }
    let key = |s: &Sample| s.patient.clone().unwrap_or_default();
    found.samples.sort_by(|a, b| natural_cmp(&key(a), &key(b)).then_with(|| natural_cmp(&a.name, &b.name)));
    found.notes.dedup();
}
