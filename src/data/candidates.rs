//! Samples that were found in a folder or file, as the sections they would become: which image is used, which
//! values, and what the user should know before they are added.

use std::path::{Path, PathBuf};

use crate::core::cancel::CancelToken;
use crate::core::progress::Progress;
use crate::data::anndata::{self, Inspected};
use crate::data::project::SectionEntry;
use crate::data::section::ValueKind;
use crate::data::slide::{MAX_PIXELS, MAX_SIDE, place};
use crate::data::st::ReadError;
use crate::data::st::names::{counted, file_name};
use crate::data::st::recognise::{ImageKind, Recognition, Sample, recognise};
use crate::data::st::source::{SampleKind, Source};
use crate::data::st::tenx::inspect_h5;

/// Layers that hold counts where `X` does not.
const COUNT_LAYERS: [&str; 4] = ["counts", "raw_counts", "count", "umi"];

/// A section that could be added to a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// What would be added. Its image is empty where none was found.
    pub entry: SectionEntry,
    /// Whether it is taken unless the user says otherwise.
    pub chosen: bool,
    /// What was recognised, what is ignored and what is still needed, in one line.
    pub line: String,
    /// What to know before it is added, a sentence each.
    pub warnings: Vec<String>,
    /// Spots and genes, where they are known without reading all of it.
    pub size: Option<(usize, usize)>,
    /// Columns that could be its labels, of an AnnData file.
    pub label_columns: Vec<String>,
}

impl Candidate {
    /// Why it cannot be added as it is; `None` when it can.
    pub fn lacks(&self) -> Option<&'static str> {
        self.entry.image.as_os_str().is_empty().then_some("a slide image")
    }
}

/// Finds what `paths` hold; a sample that is found twice is told once. Also what could not be used, a sentence each.
///
/// # Errors
/// [`ReadError`] in one sentence for the first path in which nothing was recognised, or on cancel.
pub fn find(
    paths: &[PathBuf],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(Vec<Candidate>, Vec<String>), ReadError> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut notes = Vec::new();
    for path in paths {
        cancel.check()?;
        progress.report(&format!("Looking through {}", file_name(path)), 0, 0);
        let Recognition { samples, notes: more } = recognise(path)?;
        notes.extend(more);
        for (done, sample) in samples.iter().enumerate() {
            cancel.check()?;
            progress.report(&format!("Looking at {}", sample.name), done as u64, samples.len() as u64);
            let (found, problem) = of_sample(sample);
            notes.extend(problem);
            for candidate in found {
                if !candidates.iter().any(|c| c.entry.source == candidate.entry.source) {
                    candidates.push(candidate);
                }
            }
        }
    }
    notes.dedup();
    Ok((candidates, notes))
}

/// The sections of a sample: one, or one a library of an AnnData file. And why there are none.
fn of_sample(sample: &Sample) -> (Vec<Candidate>, Option<String>) {
    match &sample.source {
        Source::AnnData { file, .. } => match anndata::inspect(file) {
            Ok(inspected) => of_anndata(sample, file, &inspected),
            Err(e) => (Vec::new(), Some(e.to_string())),
        },
        Source::Tables { .. } | Source::Visium { .. } => (vec![of_files(sample)], None),
    }
}

fn entry_of(sample: &Sample) -> SectionEntry {
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
    // Other forms of counts do not say without being read.
    let size = match &sample.source {
        Source::Visium { matrix, .. } if matrix.extension().is_some_and(|e| e == "h5") => {
            inspect_h5(matrix).ok().map(|about| (about.spots, about.features))
        }
        _ => None,
    };
    let (chosen, line) = (sample.chosen, sample.line());
    Candidate { entry, chosen, line, warnings, size, label_columns: Vec::new() }
}

/// The image with the most pixels that can be opened and whose place on the slide is known.
fn take_image(sample: &Sample, entry: &mut SectionEntry, warnings: &mut Vec<String>) {
    let too_large = |(w, h): (u32, u32)| w.max(h) > MAX_SIDE || u64::from(w) * u64::from(h) > MAX_PIXELS;
    for image in &sample.images {
        let Some(scale) = image.scale else { continue };
        if image.size.is_some_and(too_large) {
            warnings.push(format!("{} has too many pixels to be opened as a whole", file_name(&image.path)));
            continue;
        }
        entry.image.clone_from(&image.path);
        entry.image_scale = (image.kind != ImageKind::FullResolution).then_some(scale);
        break;
    }
    warn_of_small(entry, warnings);
}

fn warn_of_small(entry: &SectionEntry, warnings: &mut Vec<String>) {
    if entry.image_scale.is_some_and(|s| s < 1.0) {
        warnings.push(
            "Only a small image of the slide is used: nuclei cannot be seen in it, so predictions will be weaker; \
             choose the full-resolution slide where you have it"
                .to_owned(),
        );
    }
}

fn of_anndata(sample: &Sample, file: &Path, found: &Inspected) -> (Vec<Candidate>, Option<String>) {
    let name = file_name(file);
    if !found.has_positions {
        return (
            Vec::new(),
            Some(format!("{name} does not say where its spots lie (obsm[\"spatial\"]), and was left out")),
        );
    }
    let counts = COUNT_LAYERS.iter().find(|l| found.layers.iter().any(|own| own == *l));
    let layer = match (found.values, counts) {
        (Some(ValueKind::Counts), _) => None,
        (_, Some(layer)) => Some((*layer).to_owned()),
        (Some(ValueKind::Normalised), None) => None,
        (None, None) => {
            return (
                Vec::new(),
                Some(format!("{name} has neither X nor a layer of counts, and was left out")),
            );
        }
    };
    let mut libraries: Vec<Option<&anndata::Library>> = found.libraries.iter().map(Some).collect();
    if libraries.is_empty() {
        libraries.push(None);
    }
    let several = libraries.len() > 1;
    let candidates = libraries.into_iter().map(|library| {
        let mut entry = entry_of(sample);
        if let (true, Some(library)) = (several, library) {
            entry.name = format!("{} {}", sample.name, library.name.replace(['/', '\\', ':'], "_"));
        }
        entry.source = Source::AnnData {
            file: file.to_path_buf(),
            library: library.filter(|_| several).map(|l| l.name.clone()),
            layer: layer.clone(),
        };
        let mut warnings = Vec::new();
        take_image(sample, &mut entry, &mut warnings);
        if entry.image.as_os_str().is_empty()
            && let Some((path, scale)) = library.and_then(|l| embedded_image(file, l))
        {
            entry.image = path;
            entry.image_scale = Some(scale);
            warn_of_small(&entry, &mut warnings);
        }
        match (found.values, &layer) {
            (_, Some(layer)) => warnings.push(format!("The counts of its layer {layer} are used")),
            (Some(ValueKind::Normalised), None) => {
                warnings.push("Its values are no counts; they are used as already normalised".to_owned());
            }
            _ => {}
        }
        let mut told = sample.clone();
        if !entry.image.as_os_str().is_empty() {
            // The sample knows nothing of images within its file.
            told.needed.clear();
        }
        let mut line = told.line();
        if let Some(library) = library.filter(|_| several) {
            line.push_str(&format!("; library {}", library.name));
        }
        line.push_str(&format!("; {}, {}", counted(found.spots, "spot"), counted(found.genes, "gene")));
        Candidate {
            entry,
            chosen: sample.chosen,
            line,
            warnings,
            size: (!several).then_some((found.spots, found.genes)),
            label_columns: found.labels.iter().map(|l| l.name.clone()).collect(),
        }
    });
    (candidates.collect(), None)
}

/// The largest image of a library whose scale is known.
fn embedded_image(file: &Path, library: &anndata::Library) -> Option<(PathBuf, f64)> {
    let mut images: Vec<_> =
        library.images.iter().filter_map(|i| Some((i, library.scale_of(&i.key)?))).collect();
    images.sort_by_key(|(i, _)| std::cmp::Reverse(u64::from(i.width) * u64::from(i.height)));
    images.into_iter().find_map(|(i, scale)| Some((place::in_anndata(file, &library.name, &i.key)?, scale)))
}

/// What the kind of a section is called in a few words.
pub fn kind_of(entry: &SectionEntry) -> String {
    match entry.kind {
        SampleKind::AnnData => "AnnData".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;
    use crate::data::open::open_section;
    use crate::data::testing::real_data;

    fn one(path: &Path) -> Candidate {
        let (mut found, _) = find(&[path.to_path_buf()], &Silent, &CancelToken::new()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_visium_sample_opens_on_its_small_image() {
        let Some(shared) = real_data() else { return };
        let found = one(&shared.join("real_data/visium_scmuscle_Vis5A"));
        assert_eq!(found.entry.kind, SampleKind::Visium);
        assert!(found.line.contains("needs: the full-resolution slide"), "{}", found.line);
        assert_eq!((found.warnings.len(), found.size), (1, Some((982, 33217))));
        let section = open_section(&found.entry, &Silent, &CancelToken::new()).unwrap();
        assert_eq!((section.spots.len(), section.genes.len(), section.in_tissue), (982, 33217, 982));
        assert_eq!(section.sum, 5_772_682.0);
        // 277.35 pixels of the slide are 100 um, and the small image has fewer.
        let expected = 100.0 / 277.35 / found.entry.image_scale.unwrap();
        assert!((section.mpp.0 / expected - 1.0).abs() < 0.01, "{}", section.mpp.0);
        let spot = section.spots.iter().find(|s| s.id == "AAACATTTCCCGGATT-1").unwrap();
        assert!((spot.center.x - 5948.0 * found.entry.image_scale.unwrap()).abs() < 1e-6);
    }

    #[test]
    fn an_anndata_file_opens_on_its_own_image() {
        let Some(shared) = real_data() else { return };
        let found = one(&shared.join("real_data/h5ad/squidpy_test_data.h5ad"));
        assert_eq!(
            (found.size, found.label_columns.as_slice()),
            (Some((49, 1999)), &["leiden".to_owned()][..])
        );
        assert!(found.warnings.iter().any(|w| w.contains("normalised")), "{:?}", found.warnings);
        let entry = SectionEntry { label_column: Some("leiden".into()), ..found.entry };
        let section = open_section(&entry, &Silent, &CancelToken::new()).unwrap();
        assert_eq!((section.slide_size, section.values), ((100, 100), ValueKind::Normalised));
        assert!(section.labels.is_some() && (section.sum - 30129.566).abs() < 0.01);
        let scale = entry.image_scale.unwrap();
        // The image was cut to a corner of the slide; the spots beyond it are left out.
        assert!(section.spots.len() < 49);
        let spot = section.spots.iter().find(|s| s.id == "AAATTGCGGCGGTTCT-1").unwrap();
        assert!((spot.center.x / scale - 337.0).abs() < 1e-6 && (spot.center.y / scale - 439.0).abs() < 1e-6);
    }

    #[test]
    fn a_file_without_places_is_told_and_left_out() {
        let Some(shared) = real_data() else { return };
        let (found, notes) =
            find(&[shared.join("real_data/h5ad/anndata_v0.11.4.h5ad")], &Silent, &CancelToken::new())
                .unwrap();
        assert!(found.is_empty() && notes[0].contains("does not say where its spots lie"), "{notes:?}");
    }
}
