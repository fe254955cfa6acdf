//! Opening a section: its counts, spots and labels joined by spot, and the resolution of its slide.

mod anndata;
mod join;
mod labels;
mod legacy;
mod orientation;
mod slide;
#[cfg(test)]
mod tests;
mod visium;

use std::path::PathBuf;

use crate::core::cancel::CancelToken;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::progress::Progress;
use crate::data::genes;
use crate::data::project::SectionEntry;
use crate::data::section::{CountTable, MppSource, Section, SpotGeometry, ValueKind};
use crate::data::slide::{Orientation, place, read_info};
use crate::data::st::names::file_name;
use crate::data::st::source::Source;
use crate::data::st::spots::SpotRow;
use crate::data::st::{FileRole, ReadError};
use join::{Files, join};
use orientation::Turn;

pub use labels::{LabelFit, label_fit};
pub(in crate::data) use slide::about as about_slide;
pub use slide::geometry_of;

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

/// A section, and what whoever adds it should know of it.
pub(in crate::data) struct Opened {
    pub section: Section,
    /// How its slide is turned, where it has an orientation tag.
    pub remark: Option<String>,
}

/// Reads a section of the project. Spots are joined by identifier, never by order, and keep the order of the
/// count table. Spots without a position, marked as not tissue, or without a single count are left out with
/// a note. The resolution is the user's where there is one, then what files say, and else follows from the
/// distance between neighbouring spots, or is what the slide file says where there are too few of them. The slide is only measured, not decoded. Where the image is a smaller one
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
    let Opened { section, remark } = open_with_remark(entry, progress, cancel)?;
    if let Some(remark) = remark {
        progress.note(&format!("{}: {remark}", section.name));
    }
    Ok(section)
}

/// As [`open_section`], with what is worth saying when the section is added.
///
/// # Errors
/// As [`open_section`].
pub(in crate::data) fn open_with_remark(
    entry: &SectionEntry,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Opened, ReadError> {
    if let Some(missing) = entry.missing_files().into_iter().find(|m| m.role != FileRole::Labels) {
        return Err(missing.into());
    }
    if !entry.is_measured() {
        return slide::read(entry);
    }
    // What is wrong with the image is said at once.
    let image = entry.has_image().then(|| read_info(&entry.image)).transpose()?;
    let of_image = image.as_ref().and_then(|image| image.mpp);
    let said = of_image.map(|mpp| Mpp(mpp.0 * entry.image_scale.unwrap_or(1.0)));
    let mut measured = match &entry.source {
        Source::Tables { counts, spots } => legacy::read(entry, counts, spots, said, progress, cancel)?,
        Source::Visium { matrix, positions, scale_factors } => {
            visium::read(entry, matrix, positions, scale_factors.as_deref(), said, progress, cancel)?
        }
        Source::AnnData { file, library, layer } => {
            anndata::read(entry, file, library.as_deref(), layer.as_deref(), said, progress, cancel)?
        }
        // It was read above.
        Source::Slide { .. } => return slide::read(entry),
    };
    if measured.table.genes.is_empty() {
        return Err(ReadError::malformed(entry.source.counts(), "there is no gene in it"));
    }
    genes::tell_apart(&mut measured.table.genes);
    if !measured.spots.is_empty() && measured.spots.iter().all(|s| !s.selected) {
        progress.note(&format!(
            "{}: {} marks every spot as not tissue, so its marks were not used",
            entry.name,
            file_name(&measured.positions)
        ));
        measured.spots.iter_mut().for_each(|s| s.selected = true);
    }
    let scale = on_image(entry, &mut measured, progress)?;
    let turn = match &image {
        Some(image) => {
            let centers: Vec<_> = measured.spots.iter().filter(|s| s.selected).map(|s| s.center).collect();
            orientation::by_spots(image, &centers, progress, cancel)
                .map_err(|error| slide::read_error(&entry.image, error))?
        }
        None => Turn {
            orientation: Orientation::Upright,
            size: blank_size(entry, &measured, &scale)?,
            remark: None,
        },
    };
    let files = Files {
        counts: entry.source.counts(),
        positions: &measured.positions,
        image: place::file_of(&entry.image),
        may_be_off: match &entry.source {
            Source::Tables { .. } => 0.0,
            // Space Ranger itself places some spots a little beyond the edge.
            Source::Visium { .. } => 0.01,
            // People cut images to a part of the slide before they store them with the counts.
            Source::AnnData { .. } | Source::Slide { .. } => 0.99,
        },
        slide_size: turn.size,
        has_lines: !matches!(entry.source, Source::AnnData { .. }),
    };
    let joined = join(&files, &measured.table, measured.values, &measured.spots)?;
    joined.report(&entry.name, files.has_lines, progress);
    if measured.table.counts.nnz() == 0 {
        progress.note(&format!("{}: it has no counts, so it can only be looked at", entry.name));
    }
    let labels = match (&entry.labels, measured.labels) {
        (Some(path), _) => labels::of_spots(entry, path, &joined.spots, progress)?,
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
    let section = Section {
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
        slide: if entry.has_image() {
            place::turned(&entry.image, turn.orientation)
        } else {
            place::blank(turn.size)
        },
        slide_size: turn.size,
    };
    Ok(Opened { section, remark: turn.remark })
}

/// The size of the ground on which the spots of a section without an image are shown: up to the last of them, and once
/// more the distance between two.
///
/// # Errors
/// A position that no slide has.
fn blank_size(entry: &SectionEntry, measured: &Measured, scale: &Scale) -> Result<(u32, u32), ReadError> {
    /// The longest side of a slide in pixels that anyone scans.
    const MAX_SIDE: f64 = 2e6;
    let margin = scale.mpp.px(scale.geometry.pitch_um);
    let selected = || measured.spots.iter().filter(|s| s.selected).map(|s| s.center);
    let (right, bottom) = selected().fold((0.0, 0.0), |(x, y): (f64, f64), p| (x.max(p.x), y.max(p.y)));
    let (width, height) = ((right + margin).ceil(), (bottom + margin).ceil());
    // Also of positions that are no numbers.
    if !(0.0..=MAX_SIDE).contains(&width.max(height)) {
        let message = format!(
            "the positions of section {} reach to pixel ({right:.0}, {bottom:.0}), which no slide has",
            entry.name
        );
        return Err(ReadError::malformed(&measured.positions, message));
    }
    Ok((width.max(1.0) as u32, height.max(1.0) as u32))
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
