//! Legacy ST: folders laid out as her2st, and count tables paired with spot files and images by their names, as in
//! GSE144240 (Ji et al. 2020: `GSM4284316_P2_ST_rep1_stdata.tsv.gz`, `spot_data-selection-P2_ST_rep1.tsv.gz`).

use std::path::{Path, PathBuf};

use super::super::her2st::scan;
use super::super::names::{file_name, patient_of};
use super::super::pairing::suggest_pairs;
use super::super::source::{SampleKind, Source};
use super::ignored::Ignored;
use super::visium::has_word;
use super::walk::{Listing, is_image};
use super::{ImageKind, Recognition, Sample, SampleImage, choose};
use crate::data::slide::Slide;

/// So many tables and images are opened to see what they are.
const MAX_OPENED: usize = 4000;

/// The her2st layout, where `root` is such a folder, one of its inner folders, or the one above.
pub(super) fn her2st(root: &Path, listing: &mut Listing, found: &mut Recognition) {
    let inner =
        file_name(root).starts_with("ST-") && root.parent().is_some_and(|p| p.join("ST-cnts").is_dir());
    let mut roots: Vec<PathBuf> = listing
        .files
        .iter()
        .filter_map(|f| f.path.ancestors().find(|a| a.ends_with("ST-cnts"))?.parent().map(Path::to_path_buf))
        .collect();
    roots.dedup();
    if inner && !listing.files.is_empty() {
        roots = vec![root.to_path_buf()];
    }
    for root in roots {
        let scanned = match scan(&root) {
            Ok(scanned) => scanned,
            Err(e) => {
                found.notes.push(e.to_string());
                continue;
            }
        };
        found.notes.extend(scanned.notes);
        for entry in scanned.sections {
            let mut sample = Sample::new(entry.name, SampleKind::LegacySt, entry.source);
            sample.patient = entry.patient;
            sample.images.push(slide(entry.image));
            sample.labels = entry.labels;
            sample.place = file_name(&root);
            found.samples.push(sample);
        }
        let below =
            if root.join("ST-cnts").is_dir() { root.clone() } else { root.parent().unwrap_or(&root).into() };
        for file in listing.files.iter_mut().filter(|f| f.path.starts_with(&below)) {
            file.used = true;
        }
    }
}

/// The folder of a her2st layout that `file` lies deep in.
pub(super) fn root_above(file: &Path) -> Option<&Path> {
    const LEVELS: usize = 6;
    file.ancestors().skip(1).take(LEVELS).find(|a| a.join("ST-cnts").is_dir())
}

fn slide(path: PathBuf) -> SampleImage {
    let size = Slide::read_size(&path).ok();
    SampleImage { kind: ImageKind::FullResolution, path, scale: Some(1.0), size }
}

/// The slide of a sample: `image`, or one of the same size among the `others` beside it.
fn best_of<'a>(
    image: PathBuf,
    others: impl Iterator<Item = &'a PathBuf>,
    remarks: &mut Vec<String>,
    ignored: &mut Vec<Ignored>,
) -> SampleImage {
    let Ok(size) = Slide::read_size(&image) else { return slide(image) };
    let same = others.filter(|other| **other != image && is_image(other));
    let same = same.filter(|other| Slide::read_size(other).is_ok_and(|s| s == size));
    let all = std::iter::once(image.clone()).chain(same.cloned()).map(|path| (path, size));
    let Some(chosen) = choose(all.collect()) else { return slide(image) };
    remarks.extend(chosen.remark);
    ignored.extend(chosen.ignored);
    slide(chosen.path)
}

/// Count tables, spot files and images of no known layout.
pub(super) fn pairs(listing: &mut Listing, found: &mut Recognition) {
    let could_be = listing.files.iter().filter(|f| !f.used && (f.is_table() || f.is_image()));
    let files: Vec<PathBuf> = could_be.map(|f| f.path.clone()).take(MAX_OPENED).collect();
    if !listing.files.iter().any(|f| !f.used && f.is_table()) {
        return;
    }
    let found_pairs = suggest_pairs(&files);
    let taken: Vec<PathBuf> = found_pairs.iter().filter_map(|p| p.image.clone()).collect();
    let folder_of =
        |counts: &Option<PathBuf>| counts.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let folders: Vec<Option<PathBuf>> = found_pairs.iter().map(|p| folder_of(&p.counts)).collect();
    for pair in found_pairs {
        let alone = folders.iter().filter(|f| **f == folder_of(&pair.counts)).count() == 1;
        let name = pair.name;
        let Some(counts) = pair.counts else { continue };
        let Some(spots) = pair.spots else {
            found.notes.push(format!(
                "{name} has a count table ({}) but no spot file, and was left out",
                file_name(&counts)
            ));
            continue;
        };
        for path in
            [Some(&counts), Some(&spots), pair.image.as_ref(), pair.labels.as_ref()].into_iter().flatten()
        {
            listing.take(path);
        }
        let place = counts.parent().map(file_name).unwrap_or_default();
        let folder = counts.parent().map(Path::to_path_buf);
        let lower = name.to_lowercase();
        let belongs = |path: &Path| {
            path.parent() == folder.as_deref() && (alone || has_word(&file_name(path).to_lowercase(), &lower))
        };
        let mut sample = Sample::new(name.clone(), SampleKind::LegacySt, Source::Tables { counts, spots });
        sample.patient = patient_of(&name);
        sample.labels = pair.labels;
        sample.place = place;
        match pair.image {
            Some(image) => {
                let others = files.iter().filter(|f| belongs(f) && !taken.contains(f));
                sample.images.push(best_of(image, others, &mut sample.remarks, &mut sample.ignored));
            }
            None => {
                sample.ignored.extend(listing.unread_images(|f| belongs(&f.path)));
                sample.needed.push("the slide image".to_owned());
            }
        }
        found.samples.push(sample);
    }
}
