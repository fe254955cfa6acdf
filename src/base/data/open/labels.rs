//! The labels of the spots of a section, from a table of spots or from regions.

use std::collections::HashMap;
use std::path::Path;

use rayon::prelude::*;

use crate::core::geometry::SlidePoint;
use crate::core::progress::Progress;
use crate::core::text::{counted, upper_first};
use crate::data::project::SectionEntry;
use crate::data::section::{Section, Spot};
use crate::data::st::geojson::{Regions, is_geojson_name};
use crate::data::st::labels::read_labels;
use crate::data::st::names::{bare_barcode, file_name, join_key, quoted};
use crate::data::st::{FileRole, MissingFile, ReadError};

/// How the labels that were chosen for a section fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFit {
    /// Spots that have a label.
    pub labelled: usize,
    /// Spots.
    pub spots: usize,
    /// The column that the labels are from, and its file, where it was chosen from several.
    pub column: Option<String>,
    /// Why no spot has a label, to stand behind "A1: " or alone; `None` where one has.
    pub problem: Option<String>,
}

impl LabelFit {
    /// What to know of labels that nobody has looked at: that they fit no spot, or which column they are from.
    pub fn warning(&self) -> Option<String> {
        let from = |column: &String| format!("Labels are from {column}");
        self.problem.as_deref().map(upper_first).or_else(|| self.column.as_ref().map(from))
    }

    /// "50 of 110 spots have a label"; `None` where all have, or none has.
    pub fn partly(&self) -> Option<String> {
        (self.labelled > 0 && self.labelled < self.spots)
            .then(|| format!("{} of {} have a label", self.labelled, counted(self.spots, "spot")))
    }
}

/// How the labels of `entry` fit its section; `None` where it has none.
///
/// # Errors
/// [`ReadError`] in one sentence: the file of labels cannot be read or understood.
pub fn label_fit(entry: &SectionEntry, section: &Section) -> Result<Option<LabelFit>, ReadError> {
    let spots = section.spots.len();
    if let Some(path) = &entry.labels {
        let found = match_labels(entry, path, &section.spots)?;
        let labelled = found.labels.iter().flatten().count();
        return Ok(Some(LabelFit { labelled, spots, column: found.column, problem: found.problem }));
    }
    let Some(column) = &entry.label_column else { return Ok(None) };
    let labelled = section.labels.iter().flatten().flatten().count();
    let problem = (labelled == 0).then(|| format!("no spot has a value in the column {column} of obs"));
    Ok(Some(LabelFit { labelled, spots, column: None, problem }))
}

/// The labels in the file at `path` for `spots`, in their order. A file that is gone or fits no spot is no reason not to
/// show the section.
pub(super) fn of_spots(
    entry: &SectionEntry,
    path: &Path,
    spots: &[Spot],
    progress: &dyn Progress,
) -> Result<Option<Vec<Option<String>>>, ReadError> {
    let name = &entry.name;
    if !path.exists() {
        let role = FileRole::Labels;
        let missing = MissingFile { section: name.clone(), role, path: path.to_path_buf() };
        progress.note(&format!("{missing}; the section is shown without labels"));
        return Ok(None);
    }
    let found = match match_labels(entry, path, spots) {
        Ok(found) => found,
        Err(error) if is_geojson_name(path) => {
            progress.note(&format!("{error}; the section {name} is shown without labels"));
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if found.unclassified > 0 {
        progress.note(&format!(
            "{name}: {} of {} without a class {} not used",
            counted(found.unclassified, "region"),
            file_name(path),
            if found.unclassified == 1 { "is" } else { "are" }
        ));
    }
    if let Some(problem) = found.problem {
        progress.note(&format!("{name}: {problem}; the section is shown without labels"));
        return Ok(None);
    }
    Ok(Some(found.labels))
}

/// The labels of spots, in their order.
struct Matched {
    labels: Vec<Option<String>>,
    /// As in [`LabelFit`].
    column: Option<String>,
    /// As in [`LabelFit`].
    problem: Option<String>,
    /// Regions that have no class.
    unclassified: usize,
}

fn match_labels(entry: &SectionEntry, path: &Path, spots: &[Spot]) -> Result<Matched, ReadError> {
    if is_geojson_name(path) { by_region(entry, path, spots) } else { by_spot(path, spots) }
}

fn by_spot(path: &Path, spots: &[Spot]) -> Result<Matched, ReadError> {
    let read = read_labels(path)?;
    let file = file_name(path);
    let example = read.labels.first().map(|(id, _)| id.clone());
    let by_key: HashMap<String, String> = read.labels.into_iter().collect();
    let label_of = |s: &Spot| by_key.get(&join_key(&s.id)).or_else(|| by_key.get(&s.id)).cloned();
    let mut labels: Vec<Option<String>> = spots.iter().map(label_of).collect();
    if labels.iter().all(Option::is_none) {
        // Programs take the number off barcodes, or put a sample before them. Of several samples in one file it
        // cannot be said which is meant.
        let mut bare: HashMap<&str, Option<&String>> = HashMap::new();
        for (id, label) in &by_key {
            let known = bare.entry(bare_barcode(id)).or_insert(Some(label));
            *known = known.filter(|k| *k == label);
        }
        let label_of = |s: &Spot| bare.get(bare_barcode(&s.id)).copied().flatten().cloned();
        labels = spots.iter().map(label_of).collect();
    }
    let problem = match (labels.iter().any(Option::is_some), example) {
        (true, _) => None,
        (false, None) => Some(format!("{file} contains no labels")),
        (false, Some(example)) => {
            let own = spots.first().map_or("", |s| s.id.as_str());
            Some(format!(
                "no spot has a label in {file}: it lists spots such as {}, but the section has spots such as {}",
                quoted(&example),
                quoted(own)
            ))
        }
    };
    let column = read.column.map(|column| format!("column {column} of {file}"));
    Ok(Matched { labels, column, problem, unclassified: 0 })
}

/// The class of the region that each spot lies in.
fn by_region(entry: &SectionEntry, path: &Path, spots: &[Spot]) -> Result<Matched, ReadError> {
    let regions = Regions::read(path)?;
    // Regions are drawn on the full-resolution slide, whatever image is shown.
    let factor = entry.image_scale.unwrap_or(1.0);
    let label_of = |s: &Spot| {
        let on_slide = SlidePoint::new(s.center.x / factor, s.center.y / factor);
        regions.class_at(on_slide).map(str::to_owned)
    };
    let labels: Vec<Option<String>> = spots.par_iter().map(label_of).collect();
    let problem = labels.iter().all(Option::is_none).then(|| {
        format!("no spot lies in a region of {}, which may be drawn on another image", file_name(path))
    });
    Ok(Matched { labels, column: None, problem, unclassified: regions.unclassified })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(ids: &[&str]) -> Vec<Spot> {
        let at = |i: usize| SlidePoint::new(i as f64 * 100.0 + 50.0, 50.0);
        ids.iter().enumerate().map(|(i, id)| Spot { id: (*id).to_owned(), center: at(i) }).collect()
    }

    #[test]
    fn what_fits_no_spot_says_so_with_examples() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.csv");
        let spots = spots(&["AAACAAGTATCTCCCA-1", "AAACACCAATAACTGC-1"]);
        let problem = |text: &str| {
            std::fs::write(&path, text).unwrap();
            by_spot(&path, &spots).unwrap().problem
        };
        assert_eq!(
            problem("Barcode,Path\nTTTCAAGTATCTCCCA-1,Tumor\n").unwrap(),
            "no spot has a label in other.csv: it lists spots such as \"TTTCAAGTATCTCCCA-1\", but the section has \
             spots such as \"AAACAAGTATCTCCCA-1\""
        );
        assert_eq!(problem("Barcode,Path\n").unwrap(), "other.csv contains no labels");
        assert_eq!(problem("Barcode,Path\nS1_AAACACCAATAACTGC,Tumor\n"), None);
        let fit = LabelFit { labelled: 1, spots: 2, column: None, problem: None };
        assert_eq!(fit.partly().unwrap(), "1 of 2 spots have a label");
    }
}
