//! The demo: six made-up sections of three made-up patients and a slide of a fourth, generated from a seed, for a first
//! look without data. Everything about it is synthetic and says so.
//!
//! A section is first an anatomy (where tumour, glands, stroma, fat and lymphocytes lie), then cells that follow
//! it. The slide image is painted from both; the counts of a spot are drawn from the cells in it. So what can be
//! learnt from the pictures is what the cells show, and genes that follow nothing cannot be predicted.

mod anatomy;
mod cells;
mod files;
mod genes;
mod noise;
mod paint;
mod patient;
mod pyramid;
mod regions;
mod spots;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rand::Rng;
use rayon::prelude::*;

use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::files::{FileError, create_folder_of, write_bytes_atomically};
use crate::core::progress::{Progress, Task};
use crate::core::rng;
use crate::data::project::SectionEntry;
use anatomy::Anatomy;
use files::Paths;
use genes::DemoGene;
use patient::{PATIENTS, Patient, UNMEASURED};

/// The seed of the demo that everyone sees.
pub const SEED: u64 = 1;

/// Sections of each patient.
const REPLICATES: u64 = 2;
/// Part of the README, so that a folder made by another version is made anew.
const VERSION: u32 = 1;

/// The demo could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Stopped by the user; what was finished by then is whole.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// A section of the demo to be made.
struct Job {
    patient_number: u64,
    patient: &'static Patient,
    name: String,
    /// Differs between sections; the seed of everything that only this section has.
    seed: u64,
    paths: Paths,
}

/// Writes the demo into `dir`, in the layout of the her2st release (so that it opens like real data), and
/// returns its sections. A folder that holds the demo of this seed already is left as it is.
///
/// # Errors
/// [`DemoError`] when a file cannot be written or `cancel` was called.
pub fn generate(
    dir: &Path,
    seed: u64,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<Vec<SectionEntry>, DemoError> {
    let jobs = jobs(dir, seed);
    let readme_path = dir.join("README.txt");
    let readme = readme(seed);
    let is_there = std::fs::read_to_string(&readme_path).is_ok_and(|text| text == readme);
    if !(is_there && jobs.iter().all(|j| j.paths.all_exist())) {
        let genes = genes::all(seed);
        let steps = Steps { done: AtomicU64::new(0), total: STEPS * jobs.len() as u64, progress, cancel };
        jobs.par_iter().try_for_each(|job| make(job, &genes, seed, &steps))?;
        // Last, so that an interrupted demo is not taken for a whole one.
        write_bytes_atomically(&readme_path, readme.as_bytes())?;
    }
    Ok(jobs.into_iter().map(Job::entry).collect())
}

/// Steps of progress of a section: one before painting, one a strip, one after.
const STEPS: u64 = paint::STRIPS as u64 + 2;

/// Progress over all sections.
struct Steps<'a> {
    done: AtomicU64,
    total: u64,
    progress: &'a dyn Progress,
    cancel: &'a CancelToken,
}

impl Steps<'_> {
    fn next(&self) -> Result<(), Cancelled> {
        self.cancel.check()?;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.report(&Task::MakingDemo.into(), done, self.total);
        Ok(())
    }
}

fn jobs(dir: &Path, seed: u64) -> Vec<Job> {
    (0u64..)
        .zip(&PATIENTS)
        .flat_map(|(patient_number, patient)| {
            (1..=REPLICATES).map(move |replicate| {
                let name = format!("{}{replicate}", patient.name);
                let seed =
                    rng::stream(seed, "demo section", patient_number * REPLICATES + replicate).next_u64();
                Job { patient_number, patient, seed, paths: Paths::new(dir, patient.name, &name), name }
            })
        })
        .collect()
}

/// Where the slide without measurements lies in `dir`.
fn slide_path(dir: &Path) -> PathBuf {
    dir.join("slides").join(format!("{}1.tif", UNMEASURED.name))
}

/// Writes the demo's slide without measurements into `dir`, as a scanner would save it, and returns its section. One that
/// is there already is left as it is.
///
/// # Errors
/// [`DemoError`] when the file cannot be written or `cancel` was called.
pub fn unmeasured_slide(
    dir: &Path,
    seed: u64,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<SectionEntry, DemoError> {
    let path = slide_path(dir);
    if !path.is_file() {
        let number = PATIENTS.len() as u64;
        let steps = Steps { done: AtomicU64::new(0), total: STEPS, progress, cancel };
        let own = rng::stream(seed, "demo section", number * REPLICATES + 1).next_u64();
        let (anatomy, cells) = tissue(&UNMEASURED, number, own, seed);
        let rgb = painted(&anatomy, &cells, &UNMEASURED, own, &steps)?;
        let side = paint::SIDE_PX as u32;
        // It has as many pixels as were painted.
        let image = image::RgbImage::from_raw(side, side, rgb).unwrap_or_default();
        create_folder_of(&path)?;
        pyramid::write(
            &path,
            image,
            f64::from(paint::MPP),
            "Synthetic slide made by HisCMCL, not from a patient",
        )?;
        steps.next()?;
    }
    let name = format!("{}1", UNMEASURED.name);
    let patient = Some(UNMEASURED.name.to_owned());
    Ok(SectionEntry { patient, ..SectionEntry::slide(name, path, Some(f64::from(paint::MPP))) })
}

/// The tissue of a section and its cells.
fn tissue(patient: &'static Patient, number: u64, own: u64, seed: u64) -> (Anatomy, Vec<cells::Cell>) {
    let of_patient = rng::stream(seed, "demo patient", number).next_u32();
    let of_section = rng::stream(own, "demo anatomy", 0).next_u32();
    let anatomy = Anatomy::new(patient, of_patient, of_section);
    let cells = cells::place(&anatomy, rng::stream(own, "demo cells", 0).next_u32());
    (anatomy, cells)
}

/// The picture of a section: RGB, `SIDE_PX` x `SIDE_PX`.
fn painted(
    anatomy: &Anatomy,
    cells: &[cells::Cell],
    patient: &Patient,
    own: u64,
    steps: &Steps<'_>,
) -> Result<Vec<u8>, Cancelled> {
    steps.next()?;
    let noise = rng::stream(own, "demo noise", 0).next_u32();
    paint::paint(anatomy, cells, patient, noise, &|| steps.next().is_ok()).ok_or(Cancelled)
}

fn make(job: &Job, genes: &[DemoGene], seed: u64, steps: &Steps<'_>) -> Result<(), DemoError> {
    steps.cancel.check()?;
    let (anatomy, cells) = tissue(job.patient, job.patient_number, job.seed, seed);
    let rgb = painted(&anatomy, &cells, job.patient, job.seed, steps)?;
    job.paths.all().into_iter().try_for_each(create_folder_of)?;
    files::write_image(&job.paths.image, &rgb)?;
    drop(rgb);
    steps.cancel.check()?;

    let spots = spots::lattice(&anatomy, &cells, job.seed);
    let batch = spots::batch(genes, job.patient, seed, job.patient_number);
    let rows = (0u64..).zip(&spots).filter(|(_, s)| s.label.is_some());
    let rows = rows.map(|(i, s)| (s, spots::counts(s, genes, &batch, job.seed, i)));
    files::write_counts(&job.paths.counts, genes, rows)?;
    files::write_spots(&job.paths.spots, &spots)?;
    files::write_labels(&job.paths.labels, &spots)?;
    steps.next()?;
    Ok(())
}

impl Job {
    fn entry(self) -> SectionEntry {
        let Paths { counts, spots, image, labels } = self.paths;
        let patient = Some(self.patient.name.to_owned());
        SectionEntry {
            patient,
            labels: Some(labels),
            ..SectionEntry::legacy(self.name, counts, spots, image)
        }
    }
}

/// Genes of the demo that follow nothing in the picture, by name.
pub fn noise_genes() -> &'static [&'static str] {
    genes::NOISE
}

fn readme(seed: u64) -> String {
    format!(
        "SYNTHETIC DATA - NOT FROM PATIENTS\n\n\
         These sections, their images, labels and counts were made up by HisCMCL (demo version {VERSION}, seed {seed})\n\
         so that the program can be tried without data. They come from no patient and no laboratory, and\n\
         nothing about biology or medicine can be learnt from them. Gene names are real; what the genes do here is\n\
         invented.\n\n\
         Six sections of three made-up patients (DemoA, DemoB, DemoC), in the folder layout of the her2st data set\n\
         (Andersson et al. 2021), and a slide of a fourth without measurements (DemoD), to predict on. Real data: https://zenodo.org/records/18030446\n"
    )
}
