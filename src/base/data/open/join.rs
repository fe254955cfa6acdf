//! Joining counts and positions by spot.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::core::files::FileError;
use crate::core::geometry::SlideRect;
use crate::core::progress::Progress;
use crate::core::text::counted;
use crate::data::section::{CountTable, Spot, ValueKind};
use crate::data::st::ReadError;
use crate::data::st::names::{bare_barcode, file_name, join_key, quoted};
use crate::data::st::spots::SpotRow;

/// What is joined, for sentences.
pub(super) struct Files<'a> {
    pub counts: &'a Path,
    pub positions: &'a Path,
    pub image: &'a Path,
    /// The share of spots, 0 to 1, that may lie off the image.
    pub may_be_off: f64,
    /// Width and height of the image in pixels.
    pub slide_size: (u32, u32),
    /// Whether `positions` is a text, whose lines can be told.
    pub has_lines: bool,
}

/// Spots that have counts and a position.
pub(super) struct Joined {
    /// In the order of the count table.
    pub spots: Vec<Spot>,
    /// Their rows in the count table.
    pub rows: Vec<usize>,
    /// Tissue spots of the spot file that the count table does not have.
    without_counts: usize,
    /// Spots of the count table that are not in the spot file.
    without_position: usize,
    /// Spots of the count table that the spot file marks as not tissue.
    not_tissue: usize,
    /// Spots all of whose counts are zero.
    empty: usize,
    /// Spots off the image, where a few may be.
    off_slide: usize,
}

/// Joins the rows of `table` with `spot_rows` by identifier.
///
/// # Errors
/// [`ReadError`] when a spot is there twice, nothing is in common, or spots lie off the image.
pub(super) fn join(
    files: &Files,
    table: &CountTable,
    values: ValueKind,
    spot_rows: &[SpotRow],
) -> Result<Joined, ReadError> {
    let mut key_of: fn(&str) -> String = join_key;
    let mut by_key: HashMap<String, &SpotRow> = spot_rows.iter().map(|s| (key_of(&s.id), s)).collect();
    if !table.spots.iter().any(|id| by_key.contains_key(&key_of(id))) {
        // Programs take the number off barcodes, or put a sample before them.
        key_of = |id| bare_barcode(id).to_owned();
        by_key = spot_rows.iter().map(|s| (key_of(&s.id), s)).collect();
    }
    let mut joined = Joined {
        spots: Vec::with_capacity(table.spots.len()),
        rows: Vec::with_capacity(table.spots.len()),
        without_counts: 0,
        without_position: 0,
        not_tissue: 0,
        empty: 0,
        off_slide: 0,
    };
    // Cut-down samples may hold no count at all; their spots can be looked at all the same.
    let without_counts = files.may_be_off > 0.0 && table.counts.nnz() == 0;
    let drop_empty = values == ValueKind::Counts && !without_counts;
    let mut used = HashSet::new();
    let mut off_slide: Vec<&SpotRow> = Vec::new();
    let slide = SlideRect::of_size(files.slide_size.0, files.slide_size.1);
    for (row, id) in table.spots.iter().enumerate() {
        let key = key_of(id);
        let Some(&spot) = by_key.get(&key) else {
            joined.without_position += 1;
            continue;
        };
        if !used.insert(key) {
            let message = format!("two spots of the table belong to the same spot {}", quoted(&spot.id));
            return Err(ReadError::malformed(files.counts, message));
        }
        if !spot.selected {
            joined.not_tissue += 1;
        } else if drop_empty && table.counts.row_sum(row) == 0.0 {
            joined.empty += 1;
        } else if slide.contains(spot.center) {
            joined.spots.push(Spot { id: id.clone(), center: spot.center });
            joined.rows.push(row);
        } else {
            off_slide.push(spot);
        }
    }
    let few = ((joined.spots.len() + off_slide.len()) as f64 * files.may_be_off) as usize;
    if let Some(&first) = off_slide.iter().min_by_key(|s| s.line).filter(|_| off_slide.len() > few) {
        return Err(off_the_slide(files, first, off_slide.len()));
    }
    joined.off_slide = off_slide.len();
    if joined.spots.is_empty() {
        return Err(nothing_joined(files, table, spot_rows, used.len()));
    }
    joined.without_counts =
        by_key.iter().filter(|(key, spot)| spot.selected && !used.contains(key.as_str())).count();
    Ok(joined)
}

fn off_the_slide(files: &Files, first: &SpotRow, n: usize) -> ReadError {
    let (width, height) = files.slide_size;
    let others = match n {
        1 => String::new(),
        2 => " (and 1 other)".to_owned(),
        n => format!(" (and {} others)", n - 1),
    };
    let message = format!(
        "spot {} at pixel ({:.0}, {:.0}){others} is off the slide {} of {width} x {height} pixels; the \
         positions may be of another size of this image",
        quoted(&first.id),
        first.center.x,
        first.center.y,
        file_name(files.image)
    );
    let line = files.has_lines.then_some(first.line);
    FileError::Malformed { path: files.positions.to_path_buf(), line, message }.into()
}

fn nothing_joined(files: &Files, table: &CountTable, spots: &[SpotRow], known: usize) -> ReadError {
    let example =
        |id: Option<&String>| id.map_or_else(String::new, |id| format!(" (such as {})", quoted(id)));
    let message = if table.spots.is_empty() {
        "there is no spot in it".to_owned()
    } else if known > 0 {
        format!("none of the {} is under tissue and has counts", counted(known, "spot"))
    } else {
        format!(
            "none of the {}{} is among the {}{} of {}; the two files may be of different sections",
            counted(table.spots.len(), "spot"),
            example(table.spots.first()),
            counted(spots.len(), "spot"),
            example(spots.first().map(|s| &s.id)),
            file_name(files.positions)
        )
    };
    ReadError::malformed(files.counts, message)
}

impl Joined {
    /// Says what was left out.
    pub fn report(&self, name: &str, has_spot_file: bool, progress: &dyn Progress) {
        let without_position =
            if has_spot_file { "without a position in the spot file" } else { "without a position" };
        let left_out = [
            (self.without_counts, "without a row in the count table"),
            (self.without_position, without_position),
            (self.not_tissue, "marked as not tissue"),
            (self.empty, "without a single count"),
            (self.off_slide, "beyond the edge of the image"),
        ];
        for (n, why) in left_out {
            if n > 0 {
                let were = if n == 1 { "was" } else { "were" };
                progress.note(&format!("{name}: {} {why} {were} left out", counted(n, "spot")));
            }
        }
    }
}
