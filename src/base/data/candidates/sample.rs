//! The sections of a sample that was recognised.

use super::{Candidate, anndata};
use crate::data::anndata::inspect;
use crate::data::project::SectionEntry;
use crate::data::slide::Slide;
use crate::data::st::names::file_name;
use crate::data::st::recognise::{ImageKind, Sample};
use crate::data::st::source::Source;
use crate::data::st::tenx::inspect_h5;

/// The sections of a sample: one, or one per library of an AnnData file.
///
/// # Errors
/// Why there are none, in a sentence.
pub(super) fn candidates(sample: &Sample) -> Result<Vec<Candidate>, String> {
    match &sample.source {
        Source::AnnData { file, .. } => {
            let inspected = inspect(file).map_err(|e| e.to_string())?;
            anndata::candidates(sample, file, &inspected)
        }
        Source::Tables { .. } | Source::Visium { .. } | Source::Slide { .. } => Ok(vec![of_files(sample)]),
    }
}

pub(super) fn entry_of(sample: &Sample) -> SectionEntry {
    SectionEntry {
        name: sample.name.clone(),
        patient: sample.patient.clone(),
        kind: sample.kind,
        source: sample.source.clone(),
        labels: sample.labels.clone(),
        slide_mpp: sample.mpp.map(|m| m.0),
        ..SectionEntry::default()
    }
}

fn of_files(sample: &Sample) -> Candidate {
    let mut entry = entry_of(sample);
    let mut warnings = Vec::new();
    take_image(sample, &mut entry, &mut warnings);
    let refused = lacks_image(&entry, sample);
    if refused.is_none() {
        warn_of_no_image(&entry, &mut warnings);
    }
    // Other forms of counts do not say without being read.
    let size = match &sample.source {
        Source::Visium { matrix, .. } if matrix.extension().is_some_and(|e| e == "h5") => {
            inspect_h5(matrix).ok().map(|about| (about.spots, about.features))
        }
        _ => None,
    };
    let (chosen, line) = (sample.chosen, sample.line());
    Candidate {
        entry,
        chosen,
        line,
        warnings,
        size,
        label_columns: Vec::new(),
        refused,
        copy_of: None,
        label_fit: None,
    }
}

/// The image with the most pixels whose place on the slide is known.
pub(super) fn take_image(sample: &Sample, entry: &mut SectionEntry, warnings: &mut Vec<String>) {
    for image in &sample.images {
        let Some(scale) = image.scale else { continue };
        if image.kind == ImageKind::FullResolution {
            warnings.extend(sample.remarks.iter().cloned());
        }
        entry.image.clone_from(&image.path);
        entry.image_scale = (image.kind != ImageKind::FullResolution).then_some(scale);
        if Slide::is_grey(&image.path) {
            warnings.push(format!(
                "{} is grey, as a channel of immunofluorescence is; predictions are made for H&E, so choose the H&E image \
                 where you have it",
                file_name(&image.path)
            ));
        }
        break;
    }
    warn_of_small(entry, warnings);
}

/// What a section needs that has images of which none can be used; one without any is shown on a blank ground.
pub(super) fn lacks_image(entry: &SectionEntry, sample: &Sample) -> Option<String> {
    let has_some = !sample.images.is_empty() || sample.has_unreadable_image;
    (!entry.has_image() && has_some).then(|| format!("it needs {}", sample.needed.join(" and ")))
}

/// Says what a section without an image is good for.
pub(super) fn warn_of_no_image(entry: &SectionEntry, warnings: &mut Vec<String>) {
    if !entry.has_image() {
        warnings.push(
            "There is no slide image, so its measured maps are shown on a blank ground, and it takes no part in training \
             and prediction; choose the slide where you have it"
                .to_owned(),
        );
    }
}

pub(super) fn warn_of_small(entry: &SectionEntry, warnings: &mut Vec<String>) {
    if entry.image_scale.is_some_and(|s| s < 1.0) {
        warnings.push(
            "Only a small image of the slide is used: nuclei cannot be seen in it, so predictions will be weaker; \
             choose the full-resolution slide where you have it"
                .to_owned(),
        );
    }
}
