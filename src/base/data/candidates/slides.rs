//! Slides that belong to no sample: sections without measurements.

use std::fs;
use std::path::{Path, PathBuf};

use super::Candidate;
use crate::core::geometry::Mpp;
use crate::data::open::about_slide;
use crate::data::project::SectionEntry;
use crate::data::slide::{FileKind, Slide, identify, stem_of_slide};
use crate::data::st::ReadError;
use crate::data::st::names::{file_name, natural_cmp};
use crate::data::st::recognise::{holds_predictions, usable_name};

/// The endings of files that lie beside slides and are none.
const BESIDE: [&str; 7] = ["xml", "txt", "json", "geojson", "md", "ini", "csv"];

/// The slides at `path`, a file or a folder of nothing but slides; empty where it is neither. Also why files that are
/// known slides cannot be read, a sentence each.
pub(super) fn at(path: &Path) -> (Vec<Candidate>, Vec<ReadError>) {
    let files = if path.is_dir() { slides_in(path) } else { Some(vec![path.to_path_buf()]) };
    let (mut candidates, mut problems) = (Vec::new(), Vec::new());
    if path.is_file() && stem_of_slide(&file_name(path)).is_some() && !is_slide(path) {
        let why = "its name is that of a slide, but its content is no image of a known format; copy or download the file again";
        problems.push(ReadError::malformed(path, why));
    }
    for file in files.unwrap_or_default().into_iter().filter(|file| is_slide(file)) {
        match candidate(&file) {
            Ok(found) => candidates.push(found),
            Err(problem) => problems.push(problem),
        }
    }
    (candidates, problems)
}

fn is_slide(file: &Path) -> bool {
    identify(file).is_ok_and(|kind| kind.is_image() && kind != FileKind::Gzip)
}

/// The slides in a folder, in natural order; `None` where something else than slides lies in it.
fn slides_in(folder: &Path) -> Option<Vec<PathBuf>> {
    // The images beside scale factors are those of a Space Ranger sample, whatever is missing of it.
    if folder.join("scalefactors_json.json").exists() {
        return None;
    }
    let mut slides = Vec::new();
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        let is_hidden = file_name(&path).starts_with('.');
        let is_beside =
            path.extension().is_some_and(|e| BESIDE.iter().any(|known| e.eq_ignore_ascii_case(known)));
        // The data of an MRXS slide lie in a folder beside it; predictions are often saved beside their slides.
        if is_hidden || is_beside || path.is_dir() || holds_predictions(&path) {
            continue;
        }
        if !is_slide(&path) {
            return None;
        }
        slides.push(path);
    }
    slides.sort_by(|a, b| natural_cmp(&file_name(a), &file_name(b)));
    Some(slides)
}

/// # Errors
/// Why the slide cannot be read, in a sentence.
fn candidate(file: &Path) -> Result<Candidate, ReadError> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let about = about_slide(&file)?;
    let (width, height) = about.size();
    let mpp = about.mpp.map(|mpp| mpp.0).filter(|mpp| Mpp::PLAUSIBLE.contains(mpp));
    let entry = SectionEntry::slide(usable_name(&name_of(&file)), file.clone(), mpp);
    let resolution = entry.slide_mpp.map(|mpp| format!(", {mpp:.3} \u{00B5}m per pixel")).unwrap_or_default();
    let line = format!(
        "{}: H&E slide without measurements ({}, {width} x {height} pixels{resolution}), to be predicted on",
        entry.name, about.format
    );
    let mut warnings = Vec::new();
    if Slide::is_grey(&file) {
        warnings.push(format!(
            "{} is grey, as a channel of immunofluorescence is; predictions are made for H&E",
            file_name(&file)
        ));
    }
    Ok(Candidate {
        entry,
        chosen: true,
        line,
        warnings,
        size: None,
        label_columns: Vec::new(),
        refused: None,
        copy_of: None,
        label_fit: None,
    })
}

/// The name of a file without what its format adds: "a" of "a.ome.tif".
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem.len().checked_sub(".ome".len()).and_then(|at| stem.split_at_checked(at)) {
        Some((name, end)) if end.eq_ignore_ascii_case(".ome") && !name.is_empty() => name.to_owned(),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cancel::CancelToken;
    use crate::core::progress::Silent;
    use crate::data::candidates::{check, find};
    use crate::data::st::source::SampleKind;

    #[test]
    fn slides_alone_become_sections_without_measurements() {
        let dir = tempfile::tempdir().unwrap();
        let scans = dir.path().join("scans");
        fs::create_dir(&scans).unwrap();
        for name in ["slide 10.png", "slide 2.png"] {
            image::RgbImage::new(40, 30).save(scans.join(name)).unwrap();
        }
        fs::write(scans.join("notes.txt"), "mine").unwrap();
        let find = |path: &Path| find(&[path.to_path_buf()], &Silent, &CancelToken::new());
        let (mut found, notes) = find(&scans).unwrap();
        let about: Vec<_> = found.iter().map(|c| (c.entry.name.as_str(), c.entry.kind)).collect();
        assert_eq!(about, [("slide 2", SampleKind::Slide), ("slide 10", SampleKind::Slide)], "{notes:?}");
        assert!(found[0].line.contains("H&E slide without measurements (PNG, 40 x 30 pixels)"));
        // A resolution must be known.
        found[1].entry.mpp = Some(0.5);
        check(&mut found, |_| true, None, &Silent, &CancelToken::new()).unwrap();
        assert!(found[0].refused.as_ref().unwrap().contains("how many micrometres a pixel measures"));
        assert_eq!(found[1].refused, None);
        let (one, _) = find(&scans.join("slide 2.png")).unwrap();
        assert_eq!(one.len(), 1);
        fs::write(dir.path().join("bad.svs"), "broken").unwrap();
        let says = find(&dir.path().join("bad.svs")).unwrap_err().to_string();
        assert!(says.contains("bad.svs: its name is that of a slide"), "{says}");
        // Images beside scale factors belong to a sample.
        let spatial = dir.path().join("spatial");
        fs::create_dir(&spatial).unwrap();
        fs::copy(scans.join("slide 2.png"), spatial.join("tissue_hires_image.png")).unwrap();
        fs::write(spatial.join("scalefactors_json.json"), "{}").unwrap();
        assert!(find(&spatial).is_err());
        // A folder with something else is not one of slides.
        fs::write(scans.join("counts.tsv"), "x").unwrap();
        assert!(find(&scans).is_err() && find(&scans.join("notes.txt")).is_err());
        assert_eq!(name_of(Path::new("a.ome.tif")), "a");
    }
}
