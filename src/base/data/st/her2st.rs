//! Finding sections in a folder laid out like the her2st release (Andersson et al. 2021): `ST-cnts/C2.tsv.gz`,
//! `ST-spotfiles/C2_selection.tsv`, `ST-imgs/C/C2/*.jpg` and, for some, `ST-pat/lbl/C2_labeled_coordinates.tsv`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::names::{file_name, natural_cmp, patient_of, without_ending};
use crate::core::files::FileError;
use crate::data::project::SectionEntry;
use crate::data::slide::stem_of_slide;

const COUNTS: [&str; 4] = [".tsv.gz", ".tsv", ".txt.gz", ".txt"];
const SPOTS: [&str; 6] =
    ["_selection.tsv.gz", "_selection.tsv", "_selection.txt.gz", "_selection.txt", ".tsv.gz", ".tsv"];
const LABELS: [&str; 4] = ["_labeled_coordinates.tsv.gz", "_labeled_coordinates.tsv", ".tsv.gz", ".tsv"];
/// ST-imgs / letter / section; deeper folders are somebody's own.
const IMAGE_DEPTH: usize = 3;

/// What was found in a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scan {
    /// Sections with a count table, a spot file and an image, in natural order of their names.
    pub sections: Vec<SectionEntry>,
    /// Remarks for the user: files that lack a partner, images that were chosen among several.
    pub notes: Vec<String>,
}

/// Finds the sections below `dir`, which is the folder that holds `ST-cnts` or the one above it. Nothing is
/// opened but folders; files without a partner are named in the notes.
///
/// # Errors
/// [`FileError`] when the folder cannot be read, is not laid out so, or holds no whole section.
pub fn scan(dir: &Path) -> Result<Scan, FileError> {
    let root = root_of(dir)?;
    let mut notes = Vec::new();
    let counts = tables(&root.join("ST-cnts"), &COUNTS)?;
    let spots = tables_if_there(&root.join("ST-spotfiles"), &SPOTS)?;
    let labels = tables_if_there(&root.join("ST-pat").join("lbl"), &LABELS)?;
    let images = images(&root.join("ST-imgs"))?;

    let mut names: Vec<&String> = counts.keys().chain(spots.keys()).chain(labels.keys()).collect();
    names.sort_by(|a, b| natural_cmp(a, b));
    names.dedup();
    let mut sections = Vec::new();
    for name in names {
        let image = image_of(name, &images, &mut notes);
        match (counts.get(name), spots.get(name), image) {
            (Some(counts), Some(spots), Some(image)) => sections.push(SectionEntry {
                patient: patient_of(name),
                labels: labels.get(name).cloned(),
                ..SectionEntry::legacy(name, counts.clone(), spots.clone(), image)
            }),
            (counts, spots, image) => notes.push(lacking(
                name,
                [
                    ("a count table", counts.is_some()),
                    ("a spot file", spots.is_some()),
                    ("an image", image.is_some()),
                    ("labels", labels.contains_key(name)),
                ],
            )),
        }
    }
    if sections.is_empty() {
        let mut message = "no section has a count table, a spot file and an image".to_owned();
        if let Some(first) = notes.first() {
            message.push_str(&format!(" ({first})"));
        }
        return Err(FileError::malformed(&root, message));
    }
    Ok(Scan { sections, notes })
}

/// "C1 has a spot file and labels but no count table and no image, and was left out".
fn lacking(name: &str, parts: [(&str, bool); 4]) -> String {
    let has: Vec<&str> = parts.iter().filter(|p| p.1).map(|p| p.0).collect();
    // Labels are optional, so they are never missed.
    let lacks: Vec<String> = parts
        .iter()
        .take(3)
        .filter(|p| !p.1)
        .map(|p| format!("no {}", p.0.trim_start_matches("an ").trim_start_matches("a ")))
        .collect();
    format!("{name} has {} but {}, and was left out", has.join(" and "), lacks.join(" and "))
}

fn root_of(dir: &Path) -> Result<PathBuf, FileError> {
    let about = fs::metadata(dir).map_err(FileError::io("open", dir))?;
    if !about.is_dir() {
        return Err(FileError::malformed(dir, "this is a file; choose the folder that holds ST-cnts"));
    }
    let candidates = [dir.to_path_buf(), dir.join("data")];
    if let Some(root) = candidates.into_iter().find(|c| c.join("ST-cnts").is_dir()) {
        return Ok(root);
    }
    // Choosing one of the inner folders is an easy mistake.
    let above = dir.parent().filter(|p| p.join("ST-cnts").is_dir());
    if let (Some(above), true) = (above, file_name(dir).starts_with("ST-")) {
        return Ok(above.to_path_buf());
    }
    let message = "there is no folder ST-cnts in it, so it is not laid out like her2st; \
                   choose the folder that holds ST-cnts, ST-spotfiles and ST-imgs";
    Err(FileError::malformed(dir, message))
}

/// The files in `dir`, without hidden ones, by name.
fn files_in(dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), FileError> {
    let mut files = Vec::new();
    let mut folders = Vec::new();
    for entry in fs::read_dir(dir).map_err(FileError::io("list", dir))? {
        let path = entry.map_err(FileError::io("list", dir))?.path();
        if file_name(&path).starts_with('.') {
            continue;
        }
        // A link that leads nowhere is neither.
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => folders.push(path),
            Ok(_) => files.push(path),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(FileError::io("open", &path)(e)),
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

/// The tables in `dir` by section: the file name without one of `endings`.
fn tables(dir: &Path, endings: &[&str]) -> Result<BTreeMap<String, PathBuf>, FileError> {
    let (files, _) = files_in(dir)?;
    let mut found = BTreeMap::new();
    for path in files {
        let name = file_name(&path);
        if let Some(section) = without_ending(&name, endings).filter(|s| !s.is_empty()) {
            found.entry(section.to_owned()).or_insert(path);
        }
    }
    Ok(found)
}

fn tables_if_there(dir: &Path, endings: &[&str]) -> Result<BTreeMap<String, PathBuf>, FileError> {
    if dir.is_dir() { tables(dir, endings) } else { Ok(BTreeMap::new()) }
}

/// Every image below `dir` with the folders it lies in, nearest first.
fn images(dir: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    let mut level = if dir.is_dir() { vec![dir.to_path_buf()] } else { Vec::new() };
    for _ in 0..=IMAGE_DEPTH {
        let mut below = Vec::new();
        for folder in level {
            let (files, mut folders) = files_in(&folder)?;
            found.extend(files.into_iter().filter(|f| stem_of_slide(&file_name(f)).is_some()));
            below.append(&mut folders);
        }
        level = below;
    }
    Ok(found)
}

/// The image of a section: in a folder of its name, or else a loose file whose name holds it as a word. File
/// names inside section folders are not believed: the her2st image of C3 is called "HE_BT_D1".
fn image_of(section: &str, images: &[PathBuf], notes: &mut Vec<String>) -> Option<PathBuf> {
    let parent_is =
        |path: &Path, name: &str| path.parent().is_some_and(|p| file_name(p).eq_ignore_ascii_case(name));
    let mut candidates: Vec<&PathBuf> = images.iter().filter(|i| parent_is(i, section)).collect();
    if candidates.is_empty() {
        let loose = |i: &&PathBuf| {
            let is_word = |w: &str| w.eq_ignore_ascii_case(section);
            let name = file_name(i);
            let stem = stem_of_slide(&name).unwrap_or(&name);
            let in_letter_folder = patient_of(section).is_some_and(|letter| parent_is(i, &letter));
            (parent_is(i, "ST-imgs") || in_letter_folder)
                && (is_word(stem) || stem.split(|c: char| !c.is_alphanumeric()).any(is_word))
        };
        candidates = images.iter().filter(loose).collect();
    }
    // The slide itself rather than a thumbnail or a picture with annotations: the plain and large one.
    candidates.sort_by_key(|path| {
        let name = file_name(path).to_lowercase();
        let derived =
            ["annot", "thumb", "lowres", "small", "mask", "overlay"].iter().any(|w| name.contains(w));
        let bytes = fs::metadata(path).map_or(0, |m| m.len());
        (derived, std::cmp::Reverse(bytes))
    });
    let chosen = candidates.first()?;
    if candidates.len() > 1 {
        notes.push(format!(
            "{section} has {} images; {} was taken, another one can be chosen",
            candidates.len(),
            file_name(chosen)
        ));
    }
    Some(chosen.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    #[test]
    fn sections_need_counts_spots_and_an_image() {
        let dir = tempfile::tempdir().unwrap();
        touch(
            dir.path(),
            &[
                "data/ST-cnts/C10.tsv.gz",
                "data/ST-cnts/C2.tsv",
                "data/ST-cnts/C3.tsv.gz",
                "data/ST-cnts/.DS_Store",
                "data/ST-cnts/notes.md",
                "data/ST-spotfiles/C2_selection.tsv",
                "data/ST-spotfiles/C10_selection.tsv",
                "data/ST-spotfiles/C1_selection.tsv",
                "data/ST-imgs/C/C2/HE_D1.JPG",
                "data/ST-imgs/C/HE_C10.tiff",
                "data/ST-imgs/D1.png",
                "data/ST-pat/lbl/C1_labeled_coordinates.tsv",
                "data/ST-pat/lbl/C2_labeled_coordinates.tsv",
            ],
        );
        for start in [dir.path().to_path_buf(), dir.path().join("data"), dir.path().join("data/ST-imgs")] {
            let found = scan(&start).unwrap();
            let names: Vec<_> = found.sections.iter().map(|s| s.name.as_str()).collect();
            assert_eq!(names, ["C2", "C10"]);
            let c2 = &found.sections[0];
            assert_eq!(c2.patient.as_deref(), Some("C"));
            assert!(c2.image.ends_with("C2/HE_D1.JPG") && c2.labels.is_some());
            assert!(found.sections[1].image.ends_with("HE_C10.tiff"));
            assert_eq!(
                found.notes,
                [
                    "C1 has a spot file and labels but no count table and no image, and was left out",
                    "C3 has a count table but no spot file and no image, and was left out",
                ]
            );
        }
    }

    #[test]
    fn the_slide_is_preferred_to_a_thumbnail() {
        let dir = tempfile::tempdir().unwrap();
        touch(dir.path(), &["ST-cnts/A1.tsv", "ST-spotfiles/A1_selection.tsv", "ST-imgs/A/A1/a_thumb.jpg"]);
        fs::write(dir.path().join("ST-imgs/A/A1/a_thumb.jpg"), vec![0; 100]).unwrap();
        touch(dir.path(), &["ST-imgs/A/A1/z_HE.jpg"]);
        let found = scan(dir.path()).unwrap();
        assert!(found.sections[0].image.ends_with("z_HE.jpg"));
        assert_eq!(found.notes, ["A1 has 2 images; z_HE.jpg was taken, another one can be chosen"]);
    }

    #[test]
    fn folders_of_another_layout_are_refused_in_one_sentence() {
        let dir = tempfile::tempdir().unwrap();
        let says = |path: &Path| scan(path).unwrap_err().to_string();
        assert!(says(dir.path()).contains("there is no folder ST-cnts in it"));
        assert!(says(&dir.path().join("gone")).ends_with("gone: it is not there"));
        touch(dir.path(), &["a.txt", "ST-cnts/C2.tsv"]);
        assert!(says(&dir.path().join("a.txt")).contains("this is a file"));
        let text = says(dir.path());
        assert!(text.ends_with(
            "no section has a count table, a spot file and an image \
             (C2 has a count table but no spot file and no image, and was left out)"
        ));
    }
}
