//! Samples that were found in a folder or file, as the sections they would become: which image is used, which
//! values, and what the user should know before they are added.

mod anndata;
mod check;
mod copies;
mod sample;
mod slides;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Task};
use crate::data::open::LabelFit;
use crate::data::project::SectionEntry;
use crate::data::st::ReadError;
use crate::data::st::names::file_name;
use crate::data::st::recognise::{Recognition, recognise};
use crate::data::st::source::{SampleKind, Source};

pub use check::check;
pub use copies::mark_copies;

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
    /// Why it cannot be used, a sentence, where [`check`] has found that out.
    pub refused: Option<String>,
    /// The sample or section whose counts it repeats, where [`mark_copies`] has found one.
    pub copy_of: Option<String>,
    /// How its labels fit its spots, where [`check`] has compared them.
    pub label_fit: Option<LabelFit>,
}

impl Candidate {
    /// Takes the labels from a column of `obs`, which then count instead of those of a file.
    pub fn set_label_column(&mut self, column: Option<&str>) {
        self.entry.label_column = column.map(str::to_owned);
        if column.is_some() {
            self.entry.labels = None;
        }
    }

    /// Whether it is a slide without measurements whose file does not tell its resolution: it must be entered.
    pub fn needs_resolution(&self) -> bool {
        !self.entry.is_measured() && self.entry.slide_mpp.is_none() && self.entry.mpp.is_none()
    }

    /// Takes `mpp` for the resolution of the slide; none where it is left to the files.
    pub fn set_resolution(&mut self, mpp: Option<f64>) {
        // That it is missing is what kept it from being used.
        if self.needs_resolution() && mpp.is_some() {
            self.refused = None;
        }
        self.entry.mpp = mpp;
    }

    /// Whether nothing is known that keeps it from being used.
    pub fn is_usable(&self) -> bool {
        self.refused.is_none()
    }
}

/// Whether nothing is left to decide about any of them, so that they can be added without asking.
pub fn need_no_review(found: &[Candidate]) -> bool {
    let is_clear =
        |c: &Candidate| c.chosen && c.is_usable() && c.warnings.is_empty() && c.label_columns.is_empty();
    found.iter().all(is_clear)
}

/// What one path holds.
#[derive(Debug)]
pub struct Found {
    /// Where it was looked for.
    pub path: PathBuf,
    /// Whether samples in it were found in a path before, and are listed there.
    pub repeated: bool,
    /// The samples, and what could not be used, a sentence each; or why nothing was recognised.
    pub result: Result<(Vec<Candidate>, Vec<String>), ReadError>,
}

/// Finds what `paths` hold; a sample that is found twice is listed once. Also what could not be used, a sentence each:
/// a path in which nothing was recognised is no reason to leave out the others.
///
/// # Errors
/// [`ReadError`] in one sentence for the first path when nothing was recognised in any, or on cancel.
pub fn find(
    paths: &[PathBuf],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(Vec<Candidate>, Vec<String>), ReadError> {
    all_of(find_each(paths, progress, cancel)?)
}

/// What was found in all paths together; the first error where nothing was found in any.
fn all_of(each: Vec<Found>) -> Result<(Vec<Candidate>, Vec<String>), ReadError> {
    let (mut candidates, mut notes) = (Vec::new(), Vec::new());
    let mut failed = Vec::new();
    for found in each {
        match found.result {
            Ok((found, more)) => {
                candidates.extend(found);
                notes.extend(more);
            }
            Err(error) => failed.push(error),
        }
    }
    notes.extend(failed.iter().map(ToString::to_string));
    notes.dedup();
    match failed.into_iter().next() {
        Some(first) if candidates.is_empty() => Err(first),
        _ => Ok((candidates, notes)),
    }
}

/// Finds what each of `paths` holds; a sample that is found twice is listed where it was found first.
///
/// # Errors
/// [`Cancelled`].
pub fn find_each(
    paths: &[PathBuf],
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<Found>, Cancelled> {
    let mut all: Vec<Found> = Vec::with_capacity(paths.len());
    let mut sources: HashSet<Source> = HashSet::new();
    for path in paths {
        cancel.check()?;
        progress.report(&Task::Searching(file_name(path)).into(), 0, 0);
        let mut repeated = false;
        let result = match recognise(path) {
            Ok(Recognition { samples, mut notes }) => {
                let mut candidates: Vec<Candidate> = Vec::new();
                for (done, sample) in samples.iter().enumerate() {
                    cancel.check()?;
                    let stage = Task::Checking(sample.name.clone()).into();
                    progress.report(&stage, done as u64, samples.len() as u64);
                    match sample::candidates(sample) {
                        Ok(found) => candidates.extend(found),
                        Err(problem) => notes.push(problem),
                    }
                }
                notes.dedup();
                match slide_of_its_own(path, &candidates) {
                    Some(slide) => Ok((vec![slide], Vec::new())),
                    None => Ok((candidates, notes)),
                }
            }
            // Slides that belong to no sample.
            Err(error) => match slides::at(path) {
                (candidates, problems) if !candidates.is_empty() => {
                    Ok((candidates, problems.iter().map(ToString::to_string).collect()))
                }
                (_, problems) => Err(problems.into_iter().next().unwrap_or(error)),
            },
        };
        let result = result.map(|(mut candidates, notes)| {
            candidates.retain(|c: &Candidate| {
                let new = sources.insert(c.entry.source.canonical());
                repeated |= !new;
                new
            });
            (candidates, notes)
        });
        all.push(Found { path: path.clone(), repeated, result });
    }
    Ok(all)
}

/// The slide at `path`, where that is an image that lies beside an AnnData file and is not the one it is taken with.
fn slide_of_its_own(path: &Path, candidates: &[Candidate]) -> Option<Candidate> {
    let path = std::path::absolute(path).ok()?;
    let passes_over = |c: &Candidate| {
        matches!(c.entry.source, Source::AnnData { .. })
            && c.entry.source.counts() != path
            && c.entry.image != path
            && c.entry.labels.as_ref() != Some(&path)
    };
    if path.is_dir() || candidates.is_empty() || !candidates.iter().all(passes_over) {
        return None;
    }
    slides::at(&path).0.pop()
}

/// The slides in each of `paths` as sections without measurements, also those that belong to a sample.
pub fn slides_in_each(paths: &[PathBuf]) -> Vec<Found> {
    let mut sources: HashSet<Source> = HashSet::new();
    let mut of = |path: &PathBuf| {
        let (mut candidates, problems) = slides::at(path);
        let before = candidates.len();
        candidates.retain(|c| sources.insert(c.entry.source.canonical()));
        let repeated = candidates.len() < before;
        let result = match (candidates.is_empty() && !repeated, problems.into_iter().next()) {
            (true, Some(problem)) => Err(problem),
            (true, None) => Err(ReadError::malformed(path, "it is no slide, and no folder of slides alone")),
            (false, problem) => Ok((candidates, problem.iter().map(ToString::to_string).collect())),
        };
        Found { path: path.clone(), repeated, result }
    };
    paths.iter().map(&mut of).collect()
}

/// As [`slides_in_each`], of all paths together.
///
/// # Errors
/// [`ReadError`] in one sentence for the first path when none holds a slide.
pub fn slides(paths: &[PathBuf]) -> Result<(Vec<Candidate>, Vec<String>), ReadError> {
    all_of(slides_in_each(paths))
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
    use crate::data::section::ValueKind;
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
    fn a_file_without_spot_positions_is_left_out() {
        let Some(shared) = real_data() else { return };
        let (found, notes) =
            find(&[shared.join("real_data/h5ad/anndata_v0.11.4.h5ad")], &Silent, &CancelToken::new())
                .unwrap();
        assert!(found.is_empty() && notes[0].contains("has no spot positions"), "{notes:?}");
    }

    /// 12 spots on a lattice of 100 pixels, of which the second half is of library b and of donor D2.
    fn anndata_file(path: &Path, whole: bool, layers: &[&str], library: &str) {
        use crate::core::matrix::Matrix;
        use crate::data::anndata::{Columns, Contents, ObsColumn, Uns, write};
        let counts = Matrix::from_fn(12, 3, |r, c| (r + c) as f32);
        let log = Matrix::from_fn(12, 3, |r, c| ((r + c) as f32).ln_1p());
        let texts = |a: &str, b: &str| {
            let of = |i: usize| Some((if i < 6 { a } else { b }).to_owned());
            ObsColumn::Categorical((0..12).map(of).collect())
        };
        let names = |prefix: &str, n: usize| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<String>>();
        let slide = |name: &str| {
            let factors = Uns::Map(vec![("tissue_hires_scalef".into(), Uns::Float(0.5))]);
            (name.to_owned(), Uns::Map(vec![("scalefactors".into(), factors)]))
        };
        let slides = Uns::Map(vec![slide("a"), slide("b"), slide("c")]);
        let contents = Contents {
            obs: Columns {
                // Two of them have the same name.
                names: names("S", 11).into_iter().chain(["S0".to_owned()]).collect(),
                columns: vec![(library.into(), texts("a", "b")), ("Donor_ID".into(), texts("D1", "D2"))],
            },
            var: Columns { names: names("G", 3), columns: vec![] },
            x: Some(if whole { &counts } else { &log }),
            layers: layers.iter().map(|l| ((*l).to_owned(), &counts)).collect(),
            obsm: vec![(
                "spatial".into(),
                2,
                (0..12)
                    .flat_map(|i| [f64::from(i % 4) * 100.0 + 50.0, f64::from(i / 4) * 100.0 + 50.0])
                    .collect(),
            )],
            uns: if library == "batch" { vec![] } else { vec![("spatial".into(), slides)] },
        };
        write(path, &contents).unwrap();
    }

    #[test]
    fn slides_of_a_file_are_told_apart_by_whatever_column_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("study.h5ad");
        anndata_file(&path, false, &["Counts"], "origin");
        let (found, notes) = find(std::slice::from_ref(&path), &Silent, &CancelToken::new()).unwrap();
        // Library c has no spot in this file.
        let about: Vec<_> = found
            .iter()
            .map(|c| (c.entry.name.as_str(), c.entry.patient.as_deref().unwrap(), c.size.unwrap().0))
            .collect();
        assert_eq!(about, [("study a", "D1", 6), ("study b", "D2", 6)], "{notes:?}");
        assert!(found[0].warnings.iter().any(|w| w == "Using counts from layer Counts"));
        image::RgbImage::new(400, 300).save(dir.path().join("a.png")).unwrap();
        let entry = SectionEntry { image: dir.path().join("a.png"), ..found[1].entry.clone() };
        let section = open_section(&entry, &Silent, &CancelToken::new()).unwrap();
        assert_eq!((section.spots.len(), section.values), (6, ValueKind::Counts));
    }

    #[test]
    fn a_slide_beside_an_anndata_file_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.h5ad");
        anndata_file(&path, true, &[], "batch");
        image::RgbImage::new(400, 300).save(dir.path().join("he.png")).unwrap();
        let found = one(&path);
        assert_eq!(found.entry.image, dir.path().join("he.png"));
        let section = open_section(&found.entry, &Silent, &CancelToken::new()).unwrap();
        // The second spot called S0 is kept under another name.
        assert_eq!((section.spots.len(), section.spots[11].id.as_str(), section.mpp.0), (12, "S0-1", 1.0));
        // Beside others, an image must bear the name of the file; and the spots must lie on it.
        image::RgbImage::new(410, 310).save(dir.path().join("other.png")).unwrap();
        assert!(!one(&path).entry.has_image());
        image::RgbImage::new(420, 320).save(dir.path().join("one_he.png")).unwrap();
        assert_eq!(one(&path).entry.image, dir.path().join("one_he.png"));
        image::RgbImage::new(200, 200).save(dir.path().join("one_he.png")).unwrap();
        assert!(!one(&path).entry.has_image());
    }

    #[test]
    fn an_image_that_an_anndata_file_is_not_taken_with_is_a_slide_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        anndata_file(&at("one.h5ad"), true, &[], "batch");
        image::RgbImage::new(400, 300).save(at("one_he.png")).unwrap();
        image::RgbImage::new(1400, 1300).save(at("two.png")).unwrap();
        assert_eq!(one(&at("one_he.png")).entry.source.counts(), at("one.h5ad"));
        let slide = one(&at("two.png"));
        assert!(!slide.entry.is_measured() && slide.entry.image == at("two.png"), "{slide:?}");
    }

    #[test]
    fn predictions_are_not_taken_for_measurements() {
        use crate::data::anndata::{Uns, write};
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["a.png", "b.png"] {
            image::RgbImage::new(400, 300).save(at(name)).unwrap();
        }
        let predicted = crate::core::matrix::Matrix::from_fn(2, 1, |r, _| r as f32);
        let contents = crate::data::anndata::Contents {
            obs: crate::data::anndata::Columns { names: vec!["p1".into(), "p2".into()], columns: vec![] },
            var: crate::data::anndata::Columns { names: vec!["FASN".into()], columns: vec![] },
            x: Some(&predicted),
            obsm: vec![("spatial".into(), 2, vec![10.0, 10.0, 90.0, 10.0])],
            uns: vec![("hiscmcl".into(), Uns::Map(vec![("run".into(), Uns::Text("r".into()))]))],
            ..Default::default()
        };
        write(&at("a.h5ad"), &contents).unwrap();
        let says = find(&[at("a.h5ad")], &Silent, &CancelToken::new()).unwrap_err().to_string();
        assert!(says.contains("a.h5ad holds predictions of this program, not measurements"), "{says}");
        let slide = one(&at("b.png"));
        assert!(!slide.entry.is_measured() && slide.entry.image == at("b.png"), "{slide:?}");
        let (found, _) = find(&[dir.path().to_path_buf()], &Silent, &CancelToken::new()).unwrap();
        assert_eq!(
            found.iter().map(|c| c.entry.image.clone()).collect::<Vec<_>>(),
            [at("a.png"), at("b.png")]
        );
    }
}
