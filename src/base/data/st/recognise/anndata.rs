//! AnnData files: one sample each. What is in them is looked at when they are opened.

use std::path::{Path, PathBuf};

use super::super::names::file_name;
use super::super::source::{SampleKind, Source, UNS_OF_PREDICTIONS};
use super::ignored::Ignored;
use super::images::MAX_LISTED;
use super::visium::{has_word, why_no_hdf5};
use super::walk::Listing;
use super::{ImageKind, Recognition, Sample, SampleImage};
use crate::data::hdf5::File;
use crate::data::slide::{Slide, SlideError};

/// What is said of a file that this program wrote.
const PREDICTED: &str = "holds predictions of this program, not measurements";
/// So many images beside a file are measured.
const MAX_IMAGES: usize = 50;

/// Finds `.h5ad` files that no collection has claimed. Images beside the only such file of a folder, or of its name, may
/// be its slide.
pub(super) fn find(listing: &mut Listing, found: &mut Recognition) {
    let images: Vec<PathBuf> =
        listing.files.iter().filter(|f| !f.used && f.is_image()).map(|f| f.path.clone()).collect();
    for file in listing.files.iter_mut().filter(|f| !f.used && f.lower.ends_with(".h5ad")) {
        if holds_predictions(&file.path) {
            file.used = true;
            found.notes.push(format!("{} {PREDICTED}", file.name));
        }
    }
    let folders: Vec<PathBuf> = listing
        .files
        .iter()
        .filter(|f| !f.used)
        .filter(|f| f.lower.ends_with(".h5ad"))
        .map(|f| f.folder().to_path_buf())
        .collect();
    for at in 0..listing.files.len() {
        let Some(file) = listing.files.get_mut(at).filter(|f| !f.used) else { continue };
        if file.lower.ends_with(".h5ad.gz") {
            file.used = true;
            found.notes.push(format!("{} is packed; unpack it", file.name));
        }
        let Some(stem) = file.lower.strip_suffix(".h5ad").and_then(|s| file.name.get(..s.len())) else {
            continue;
        };
        file.used = true;
        if let Some(why) = why_no_hdf5(&file.path) {
            found.notes.push(why);
            continue;
        }
        let file = file.clone();
        let source = Source::AnnData { file: file.path.clone(), library: None, layer: None };
        let mut sample = Sample::new(super::names10x::without_accession(stem), SampleKind::AnnData, source);
        sample.place = file.path.parent().map(file_name).unwrap_or_default();
        let folder = file.folder();
        let lonely = folders.iter().filter(|f| *f == folder).count() == 1;
        let stem = stem.to_lowercase();
        let is_beside = |path: &Path| {
            path.parent() == Some(folder) && (lonely || has_word(&file_name(path).to_lowercase(), &stem))
        };
        for path in images.iter().filter(|path| is_beside(path)).take(MAX_IMAGES) {
            match slide(path) {
                Ok(image) => sample.images.push(image),
                Err(error) if sample.ignored.len() < MAX_LISTED => {
                    sample.ignored.push(Ignored::file(path, error.reason()));
                }
                Err(_) => {}
            }
        }
        sample.ignored.extend(listing.unread_images(|f| is_beside(&f.path)));
        sample.needed.push("the slide image, where the file holds none".to_owned());
        found.samples.push(sample);
    }
}

/// Whether an AnnData file holds predictions that this program wrote.
pub(crate) fn holds_predictions(path: &Path) -> bool {
    let kind = || File::open(path).ok()?.kind(&format!("uns/{UNS_OF_PREDICTIONS}")).ok()?;
    why_no_hdf5(path).is_none() && kind().is_some()
}

fn slide(path: &Path) -> Result<SampleImage, SlideError> {
    let size = Slide::read_size(path)?;
    Ok(SampleImage {
        kind: ImageKind::FullResolution,
        path: path.to_path_buf(),
        scale: Some(1.0),
        size: Some(size),
    })
}
