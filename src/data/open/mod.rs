//! Opening a section: its counts, spots and labels joined by spot, and the resolution of its slide.

mod anndata;
mod join;
mod legacy;
#[cfg(test)]
mod tests;
mod visium;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::progress::Progress;
use crate::core::text::counted;
use crate::data::genes;
use crate::data::project::SectionEntry;
use crate::data::section::{CountTable, Gene, MppSource, Section, Spot, SpotGeometry, ValueKind};
use crate::data::slide::{Slide, place};
use crate::data::st::geojson::{Regions, is_geojson_name};
use crate::data::st::labels::read_labels;
use crate::data::st::names::{bare_barcode, file_name, join_key};
use crate::data::st::source::Source;
use crate::data::st::spots::SpotRow;
use crate::data::st::{FileRole, MissingFile, ReadError};
use join::{Files, join};

/// Features are computed at 0.5 um per pixel; an image coarser than this has lost the nuclei.
const COARSE: f64 = 1.5;

/// What the files of a section hold, before spots are joined.
struct Measured {
    table: CountTable,
    values: ValueKind,
    /// On the full-resolution slide.
    spots: Vec<SpotRow>,
    /// Of the rows of `table`, where its file holds them.
    labels: Option<Vec<Option<String>>>,
    /// The file that `spots` are from.
    positions: PathBuf,
    scale: Scale,
}

/// The resolution of the full-resolution slide and the size of its spots.
#[derive(Debug, Clone, Copy)]
struct Scale {
    mpp: Mpp,
    source: MppSource,
    /// By the distance between the spots, where `mpp` comes from elsewhere.
    by_spots: Option<Mpp>,
    geometry: SpotGeometry,
}

/// Reads a section of the project. Spots are joined by identifier, never by order, and keep the order of the
/// count table. Spots without a position, marked as not tissue, or without a single count are left out with
/// a note. The resolution is the user's where there is one, then what files say, and else follows from the
/// distance between neighbouring spots. The slide is only measured, not decoded. Where the image is a smaller one
/// than the slide that positions refer to, positions and resolution are brought to it.
///
/// # Errors
/// [`ReadError`] in one sentence: a file that is not where it was ([`ReadError::Missing`]), a damaged file, no
/// spot in common, a spot off the slide, a resolution that no scan has.
pub fn open_section(
    entry: &SectionEntry,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Section, ReadError> {
    if let Some(missing) = entry.missing_files().into_iter().find(|m| m.role != FileRole::Labels) {
        return Err(missing.into());
    }
    // What is wrong with the image is said at once.
    let slide_size = Slide::read_size(&entry.image)?;
    let mut measured = match &entry.source {
        Source::Tables { counts, spots } => legacy::read(entry, counts, spots, progress, cancel)?,
        Source::Visium { matrix, positions, scale_factors } => {
            visium::read(entry, matrix, positions, scale_factors.as_deref(), progress, cancel)?
        }
        Source::AnnData { file, library, layer } => {
            anndata::read(entry, file, library.as_deref(), layer.as_deref(), progress, cancel)?
        }
    };
    let shared = genes::tell_apart(&mut measured.table.genes);
    if let Some(text) = shared_symbols(&shared, &measured.table.genes, entry) {
        progress.note(&text);
    }
    if !measured.spots.is_empty() && measured.spots.iter().all(|s| !s.selected) {
        progress.note(&format!(
            "{}: {} marks every spot as not tissue, so its marks were not used",
            entry.name,
            file_name(&measured.positions)
        ));
        measured.spots.iter_mut().for_each(|s| s.selected = true);
    }
    let scale = on_image(entry, &mut measured, progress)?;
    let files = Files {
        counts: entry.source.counts(),
        positions: &measured.positions,
        image: place::file_of(&entry.image),
        may_be_off: match &entry.source {
            Source::Tables { .. } => 0.0,
            // Space Ranger itself places some spots a little beyond the edge.
            Source::Visium { .. } => 0.01,
            // People cut images to a part of the slide before they store them with the counts.
            Source::AnnData { .. } => 0.99,
        },
        slide_size,
        has_lines: !matches!(entry.source, Source::AnnData { .. }),
    };
    let joined = join(&files, &measured.table, measured.values, &measured.spots)?;
    joined.report(&entry.name, progress);
    if measured.table.counts.nnz() == 0 {
        progress
            .note(&format!("{}: there is not a single count in it, so it can only be looked at", entry.name));
    }
    let labels = match (&entry.labels, measured.labels) {
        (Some(path), _) => labels_of(entry, path, &joined, progress)?,
        (None, Some(all)) => {
            let labels: Vec<Option<String>> =
                joined.rows.iter().map(|&r| all.get(r).cloned().flatten()).collect();
            labels.iter().any(Option::is_some).then_some(labels)
        }
        (None, None) => None,
    };
    let in_tissue = measured.spots.iter().filter(|s| s.selected).count();
    let sum = measured.table.counts.sum();
    let whole = joined.rows.len() == measured.table.counts.rows()
        && joined.rows.iter().enumerate().all(|(at, &row)| at == row);
    let counts = if whole { measured.table.counts } else { measured.table.counts.select_rows(&joined.rows) };
    Ok(Section {
        name: entry.name.clone(),
        patient: entry.patient.clone(),
        counts,
        values: measured.values,
        genes: measured.table.genes,
        spots: joined.spots,
        labels,
        in_tissue,
        sum,
        mpp: scale.mpp,
        mpp_source: scale.source,
        mpp_by_spots: scale.by_spots,
        geometry: scale.geometry,
        slide: entry.image.clone(),
        slide_size,
    })
}

/// What to say of symbols that several genes share. The same for all sections of one experiment, so that it is shown
/// once.
fn shared_symbols(shared: &[String], genes: &[Gene], entry: &SectionEntry) -> Option<String> {
    const SHOWN: usize = 5;
    let first = shared.first()?;
    let example = genes.iter().find(|g| g.name != *first && g.name.starts_with(&format!("{first} (")))?;
    let some = shared.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if shared.len() > SHOWN { ", ..." } else { "" };
    let (symbols, belong) = if shared.len() == 1 { ("symbol", "belongs") } else { ("symbols", "belong") };
    Some(format!(
        "{}: {} gene {symbols} {belong} to more than one gene ({some}{more}). All of them are kept, and their names \
         show the identifier, as in {}.",
        file_name(entry.source.counts()),
        shared.len(),
        example.name
    ))
}

/// The resolution that the user entered for the image; `None` where it was not.
fn entered(entry: &SectionEntry) -> Result<Option<Mpp>, ReadError> {
    match entry.mpp {
        None => Ok(None),
        Some(value) if Mpp::PLAUSIBLE.contains(&value) => Ok(Some(Mpp(value))),
        Some(value) => {
            let (least, most) = (Mpp::PLAUSIBLE.start(), Mpp::PLAUSIBLE.end());
            let message = format!(
                "the resolution entered for section {} is {value} \u{00B5}m per pixel; enter one from {least} to {most}",
                entry.name
            );
            Err(ReadError::malformed(&entry.image, message))
        }
    }
}

/// Brings positions and resolution from the full-resolution slide to the image that is used.
fn on_image(
    entry: &SectionEntry,
    measured: &mut Measured,
    progress: &dyn Progress,
) -> Result<Scale, ReadError> {
    let factor = entry.image_scale.unwrap_or(1.0);
    if !(factor.is_finite() && factor > 0.0) {
        let message = format!("the image of section {} has a scale of {factor}, which cannot be", entry.name);
        return Err(ReadError::malformed(&entry.image, message));
    }
    if factor != 1.0 {
        for spot in &mut measured.spots {
            spot.center = SlidePoint::new(spot.center.x * factor, spot.center.y * factor);
        }
    }
    let mut scale = measured.scale;
    scale.mpp = Mpp(scale.mpp.0 / factor);
    scale.by_spots = scale.by_spots.map(|mpp| Mpp(mpp.0 / factor));
    if let Some(mpp) = entered(entry)? {
        (scale.mpp, scale.source) = (mpp, MppSource::User);
    }
    if factor < 1.0 && scale.mpp.0 > COARSE {
        progress.note(&format!(
            "{}: the image has {:.1} \u{00B5}m per pixel, too coarse to show nuclei; predictions will be weaker than with \
             the full-resolution slide",
            entry.name, scale.mpp.0
        ));
    }
    Ok(scale)
}

fn labels_of(
    entry: &SectionEntry,
    path: &Path,
    joined: &join::Joined,
    progress: &dyn Progress,
) -> Result<Option<Vec<Option<String>>>, ReadError> {
    if !path.exists() {
        let role = FileRole::Labels;
        let missing = MissingFile { section: entry.name.clone(), role, path: path.to_path_buf() };
        progress.note(&format!("{missing}; the section is shown without labels"));
        return Ok(None);
    }
    if is_geojson_name(path) {
        return Ok(labels_of_regions(entry, path, joined, progress));
    }
    let by_key: HashMap<String, String> = read_labels(path)?.into_iter().collect();
    let label_of = |s: &Spot| by_key.get(&join_key(&s.id)).or_else(|| by_key.get(&s.id)).cloned();
    let mut labels: Vec<Option<String>> = joined.spots.iter().map(label_of).collect();
    if labels.iter().all(Option::is_none) {
        // Programs take the number off barcodes, or put a sample before them. Of several samples in one file it
        // cannot be said which is meant.
        let mut bare: HashMap<&str, Option<&String>> = HashMap::new();
        for (id, label) in &by_key {
            let known = bare.entry(bare_barcode(id)).or_insert(Some(label));
            *known = known.filter(|k| *k == label);
        }
        let label_of = |s: &Spot| bare.get(bare_barcode(&s.id)).copied().flatten().cloned();
        labels = joined.spots.iter().map(label_of).collect();
    }
    if labels.iter().all(Option::is_none) {
        progress.note(&format!(
            "No spot of {} has a label in {}; the section is shown without labels",
            entry.name,
            file_name(path)
        ));
        return Ok(None);
    }
    Ok(Some(labels))
}

/// The class of the region that each spot lies in. Regions that cannot be read are no reason not to show the section.
fn labels_of_regions(
    entry: &SectionEntry,
    path: &Path,
    joined: &join::Joined,
    progress: &dyn Progress,
) -> Option<Vec<Option<String>>> {
    let regions = match Regions::read(path) {
        Ok(regions) => regions,
        Err(error) => {
            progress.note(&format!("{error}; the section {} is shown without labels", entry.name));
            return None;
        }
    };
    if regions.unclassified > 0 {
        progress.note(&format!(
            "{}: {} of {} without a class {} not used",
            entry.name,
            counted(regions.unclassified, "region"),
            file_name(path),
            if regions.unclassified == 1 { "is" } else { "are" }
        ));
    }
    // Regions are drawn on the full-resolution slide, whatever image is shown.
    let factor = entry.image_scale.unwrap_or(1.0);
    let label_of = |s: &Spot| {
        let on_slide = SlidePoint::new(s.center.x / factor, s.center.y / factor);
        regions.class_at(on_slide).map(str::to_owned)
    };
    let labels: Vec<Option<String>> = joined.spots.iter().map(label_of).collect();
    if labels.iter().all(Option::is_none) {
        progress.note(&format!(
            "No spot of {} lies in a region of {}, which may be drawn on another image; the section is shown without \
             labels",
            entry.name,
            file_name(path)
        ));
        return None;
    }
    Some(labels)
}
