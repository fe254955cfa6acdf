//! AnnData files: one sample each. What is in them is looked at when they are opened.

use super::super::names::file_name;
use super::super::source::{SampleKind, Source};
use super::visium::is_hdf5;
use super::walk::Listing;
use super::{Recognition, Sample};

/// Finds `.h5ad` files that no collection has claimed.
pub(super) fn find(listing: &mut Listing, found: &mut Recognition) {
    for file in listing.files.iter_mut().filter(|f| !f.used) {
        if file.lower.ends_with(".h5ad.gz") {
            file.used = true;
            found.notes.push(format!("{} is packed; unpack it", file.name));
        }
        let Some(stem) = file.lower.strip_suffix(".h5ad").and_then(|s| file.name.get(..s.len())) else {
            continue;
        };
        file.used = true;
        if !is_hdf5(&file.path) {
            found.notes.push(format!("{} is not an HDF5 file; copy or download it again", file.name));
            continue;
        }
        let source = Source::AnnData { file: file.path.clone(), library: None, layer: None };
        let mut sample = Sample::new(super::names10x::without_accession(stem), SampleKind::AnnData, source);
        sample.place = file.path.parent().map(file_name).unwrap_or_default();
        sample.needed.push("the slide image, where the file holds none".to_owned());
        found.samples.push(sample);
    }
}
