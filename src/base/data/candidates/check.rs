//! Whether what was found can be used: read as every later command will read it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::Candidate;
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::progress::{Progress, Silent, Task};
use crate::core::text::upper_first;
use crate::data::open::{Opened, label_fit, open_with_remark};
use crate::data::section::Section;
use crate::data::slide::Slide;

/// Reads the candidates that `wanted` says, and remembers in [`Candidate::refused`] why those are that cannot be used. Not
/// read are those that are known to be unusable, and those whose counts take more than `largest` bytes on disk: what is
/// wrong with these is said later.
///
/// # Errors
/// [`Cancelled`].
pub fn check(
    candidates: &mut [Candidate],
    wanted: impl Fn(&Candidate) -> bool + Sync,
    largest: Option<u64>,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    let small = |c: &Candidate| largest.is_none_or(|most| bytes_of(c.entry.source.counts()) <= most);
    let mut checked: Vec<&mut Candidate> =
        candidates.iter_mut().filter(|c| c.is_usable() && wanted(c) && small(c)).collect();
    let total = checked.len() as u64;
    let done = AtomicU64::new(0);
    progress.report(&Task::CheckingSamples.into(), 0, total);
    checked.par_iter_mut().try_for_each(|candidate| {
        cancel.check()?;
        match open_with_remark(&candidate.entry, &Silent, cancel) {
            Ok(Opened { section, remark }) => {
                candidate.warnings.extend(remark);
                candidate.warnings.extend(section.mpp_doubt().map(|doubt| upper_first(&doubt)));
                candidate.refused = Slide::check_whole(&section.slide).err().map(|e| e.to_string());
                if candidate.refused.is_none() {
                    check_labels(candidate, &section);
                }
            }
            Err(error) => candidate.refused = Some(error.to_string()),
        }
        cancel.check()?;
        progress.report(&Task::CheckingSamples.into(), done.fetch_add(1, Ordering::Relaxed) + 1, total);
        Ok(())
    })
}

/// Compares the labels of a candidate with its spots, and says where they were not found or could be meant otherwise.
fn check_labels(candidate: &mut Candidate, section: &Section) {
    let fit = match label_fit(&candidate.entry, section) {
        Ok(Some(fit)) => fit,
        Ok(None) => return,
        Err(error) => {
            candidate.warnings.push(error.to_string());
            return;
        }
    };
    candidate.warnings.extend(fit.warning());
    candidate.label_fit = Some(fit);
}

/// What a file, or the files in a folder, take on disk.
fn bytes_of(path: &Path) -> u64 {
    let size = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|e| size(&e.path())).fold(0, u64::saturating_add),
        Err(_) => size(path),
    }
}
