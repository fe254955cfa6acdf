//! The sections of an AnnData file: which values are used, and which image.

use std::path::{Path, PathBuf};

use super::Candidate;
use super::sample::{entry_of, lacks_image, take_image, warn_of_no_image, warn_of_small};
use crate::core::text::counted;
use crate::data::anndata::{Inspected, SpatialLibrary};
use crate::data::section::{SpotGeometry, ValueKind};
use crate::data::slide::place;
use crate::data::st::names::file_name;
use crate::data::st::recognise::{
    Ignored, Sample, SampleImage, Spread, agrees, choose, has_word, holds, usable_name,
};
use crate::data::st::source::{SampleKind, Source};

/// Layers that hold counts where `X` does not.
const COUNT_LAYERS: [&str; 7] = ["counts", "raw_counts", "count", "raw_count", "umi", "umis", "raw"];
/// What stands for `raw/X` where a layer is named.
const RAW: &str = "raw";

/// The sections of an AnnData file: one, or one per library.
///
/// # Errors
/// Why there are none, in a sentence.
pub(super) fn candidates(sample: &Sample, file: &Path, found: &Inspected) -> Result<Vec<Candidate>, String> {
    let name = file_name(file);
    if found.spots == 0 {
        return Err(format!("{name} has no spots, and was left out"));
    }
    if !found.has_positions {
        let columns = if found.has_plain_columns {
            "; its obs has columns x and y: if they are pixels of the slide, store them as obsm[\"spatial\"]"
        } else {
            ""
        };
        return Err(format!("{name} has no spot positions (obsm[\"spatial\"]), and was left out{columns}"));
    }
    if found.values.is_none() && found.raw_values.is_none() && counts_layer(found).is_none() {
        return Err(format!("{name} has neither X nor a layer of counts, and was left out"));
    }
    let several = has_several(found);
    let has_spots = |library: &&SpatialLibrary| library.spots.is_some_and(|n| n > 0);
    // A file reduced to the spots of one slide often still holds the images of all.
    let libraries: Vec<&SpatialLibrary> =
        found.libraries.iter().filter(|l| !several || has_spots(l)).collect();
    if several && libraries.is_empty() {
        return Err(format!(
            "{name} holds {} slides, but no column of obs (library_id) says on which each spot lies, and was left out",
            found.libraries.len()
        ));
    }
    if libraries.is_empty() {
        return Ok(vec![candidate(sample, file, found, None)]);
    }
    Ok(libraries.into_iter().map(|library| candidate(sample, file, found, Some(library))).collect())
}

fn has_several(found: &Inspected) -> bool {
    found.libraries.len() > 1
}

fn counts_layer(found: &Inspected) -> Option<&String> {
    let named = |layer: &str| found.layers.iter().find(|own| own.eq_ignore_ascii_case(layer));
    COUNT_LAYERS.iter().find_map(|layer| named(layer))
}

/// The layer whose values are used; `None` for `X`.
fn layer_of(found: &Inspected) -> Option<String> {
    match (found.values, counts_layer(found), found.raw_values) {
        (Some(ValueKind::Counts), ..) => None,
        (_, Some(layer), _) => Some(layer.clone()),
        (_, None, Some(ValueKind::Counts)) | (None, None, Some(_)) => Some(RAW.to_owned()),
        (_, None, _) => None,
    }
}

/// The section of a library, or of the whole file.
fn candidate(sample: &Sample, file: &Path, found: &Inspected, library: Option<&SpatialLibrary>) -> Candidate {
    let several = has_several(found);
    let layer = layer_of(found);
    let mut described = sample.clone();
    if sample.kind == SampleKind::AnnData {
        keep_the_slide(&mut described, several, library, found);
    }
    if described.patient.is_none() {
        described.patient = library.filter(|_| several).map_or(&found.patient, |l| &l.patient).clone();
    }
    let mut entry = entry_of(&described);
    let own_library = library.filter(|_| several);
    if let Some(library) = own_library {
        entry.name = usable_name(&format!("{} {}", sample.name, library.name));
    }
    let mut warnings = Vec::new();
    take_image(&described, &mut entry, &mut warnings);
    if !entry.has_image()
        && let Some((path, scale)) = library.and_then(|l| embedded_image(file, l))
    {
        entry.image = path;
        entry.image_scale = Some(scale);
        warn_of_small(&entry, &mut warnings);
    }
    if let (Some(stated), Some(px), Some(mpp)) = (described.pitch_um, found.pitch_px, described.mpp) {
        warnings.extend(doubt_of_pitch(stated, px, mpp.0));
    }
    warn_of_values(found, layer.as_deref(), &mut warnings);
    if entry.has_image() {
        // The sample knows nothing of images within its file.
        described.needed.clear();
    } else if let Some(image) = library.and_then(|l| l.images.first()) {
        let scale = format!("tissue_{}_scalef", image.key);
        described.needed = vec![format!("the slide image, as the scale of its own is not known ({scale})")];
    } else if let Some(shape) = library.and_then(|l| l.misshapen.first()) {
        described.needed =
            vec![format!("the slide image, as its own is not stored as rows x columns x colours ({shape})")];
    }
    let own_images = library.is_some_and(|l| !l.images.is_empty() || !l.misshapen.is_empty());
    let refused = match own_images && !entry.has_image() {
        true => Some(format!("it needs {}", described.needed.join(" and "))),
        false => lacks_image(&entry, &described),
    };
    if refused.is_none() {
        warn_of_no_image(&entry, &mut warnings);
    }
    let mut line = described.line();
    if let Some(library) = own_library {
        line.push_str(&format!("; library {}", library.name));
    }
    let spots = library.and_then(|l| l.spots).unwrap_or(found.spots);
    let genes = found.raw_genes.filter(|_| layer.as_deref() == Some(RAW)).unwrap_or(found.genes);
    line.push_str(&format!("; {}, {}", counted(spots, "spot"), counted(genes, "gene")));
    entry.source =
        Source::AnnData { file: file.to_path_buf(), library: own_library.map(|l| l.name.clone()), layer };
    Candidate {
        entry,
        chosen: sample.chosen,
        line,
        warnings,
        size: Some((spots, genes)),
        label_columns: found.labels.iter().map(|l| l.name.clone()).collect(),
        refused,
        copy_of: None,
        label_fit: None,
    }
}

fn warn_of_values(found: &Inspected, layer: Option<&str>, warnings: &mut Vec<String>) {
    match layer {
        Some(RAW) if found.has_raw => {
            let what = if found.raw_values == Some(ValueKind::Counts) { "counts" } else { "values" };
            warnings.push(format!("Using {what} from raw"));
        }
        Some(layer) => warnings.push(format!("Using counts from layer {layer}")),
        None if found.values == Some(ValueKind::Normalised) => {
            warnings.push("Values are not counts; they are treated as already normalised".to_owned());
        }
        None => {}
    }
}

/// Keeps of the images beside an AnnData file the largest that is the slide its spots lie on: of the size that its own
/// images tell, or large enough for its spots where it has none and the name of the image or its being alone says so.
fn keep_the_slide(sample: &mut Sample, several: bool, library: Option<&SpatialLibrary>, found: &Inspected) {
    let own = library.and_then(|l| l.images.iter().find_map(|i| Some((i, l.scale_of(&i.key)?))));
    let expected = own.map(|(i, scale)| (f64::from(i.width) / scale, f64::from(i.height) / scale));
    let stem = sample.source.counts().file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let alone = sample.images.len() == 1;
    let mpp = found.pitch_px.map(|px| SpotGeometry::VISIUM.pitch_um / px);
    let fits = |image: &SampleImage| {
        let Some(size) = image.size else { return false };
        match (expected, found.spread) {
            (Some(expected), _) => agrees(size, expected),
            (None, Some(rect)) if !several => {
                let spread = Spread { rect, mpp };
                let meant = alone || has_word(&file_name(&image.path).to_lowercase(), &stem);
                meant && holds(size, spread)
            }
            _ => false,
        }
    };
    let fitting = sample.images.iter().filter(|i| fits(i)).filter_map(|i| Some((i.path.clone(), i.size?)));
    let chosen = choose(fitting.collect());
    let is_chosen = |image: &&SampleImage| chosen.as_ref().is_some_and(|chosen| image.path == chosen.path);
    let slide = sample.images.iter().find(is_chosen).cloned();
    if let (None, true, [image]) = (&slide, alone, sample.images.as_slice())
        && let Some((width, height)) = image.size
    {
        let name = file_name(&image.path);
        let why = format!("{width} x {height} pixels do not fit the positions");
        sample.ignored.push(Ignored::new(name, why));
    }
    sample.images = slide.into_iter().collect();
    if let Some(chosen) = chosen {
        sample.remarks.extend(chosen.remark);
        sample.ignored.extend(chosen.ignored);
    }
}

/// What to ask where the distance between spots that metadata state is not the one that they have on the slide.
fn doubt_of_pitch(stated_um: f64, px: f64, mpp: f64) -> Option<String> {
    /// Spots are not placed more exactly than this, and resolutions are rounded.
    const TOLERANCE: f64 = 0.15;
    let um = px * mpp;
    ((um / stated_um - 1.0).abs() > TOLERANCE).then(|| {
        format!(
            "Its metadata say that spots are {stated_um:.0} µm apart, but at {mpp:.3} µm per pixel they are {um:.0} µm apart; \
             check the resolution"
        )
    })
}

/// The largest image of a library whose scale is known.
fn embedded_image(file: &Path, library: &SpatialLibrary) -> Option<(PathBuf, f64)> {
    let mut images: Vec<_> =
        library.images.iter().filter_map(|i| Some((i, library.scale_of(&i.key)?))).collect();
    images.sort_by_key(|(i, _)| std::cmp::Reverse(u64::from(i.width) * u64::from(i.height)));
    images.into_iter().find_map(|(i, scale)| Some((place::in_anndata(file, &library.name, &i.key)?, scale)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_of_spots_that_cannot_be_is_asked_about() {
        assert_eq!(doubt_of_pitch(100.0, 138.0, 0.7246), None);
        assert_eq!(
            doubt_of_pitch(200.0, 138.0, 0.7246).unwrap(),
            "Its metadata say that spots are 200 µm apart, but at 0.725 µm per pixel they are 100 µm apart; check the \
             resolution"
        );
    }
}
