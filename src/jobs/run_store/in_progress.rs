//! A run that is being made, or was interrupted: its hidden folder, its lock, and how it ended.

use std::fs::{self, File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names::check_name;
use super::{RunConfig, RunError, RunFolder, RunState, check_free, runs_folder};
use crate::core::cancel::CancelToken;
use crate::core::fault;
use crate::core::files::{FileError, create_single_folder, read_json, write_json_atomically};
use crate::jobs::spawn::JobError;

/// A run that is being made.
#[derive(Debug)]
pub struct RunInProgress {
    /// Where it belongs when it is complete.
    whole: RunFolder,
    /// The folder to write to until [`RunInProgress::finish`].
    pub folder: RunFolder,
    /// Whether an interrupted run is taken up again.
    pub resumed: bool,
    /// Held as long as the run is being made; `None` where the file system has no locks.
    lock: Option<File>,
}

/// Listing runs holds their locks for a moment.
const LOCK_TRIES: usize = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How a run ended before it was complete, as its folder keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
enum Ending {
    Stopped,
    Failed { headline: String, causes: Vec<String> },
}

/// Takes the lock of the run in `folder`; `None` where the file system has no locks.
pub(super) fn lock(folder: &RunFolder, id: &str) -> Result<Option<File>, RunError> {
    let path = folder.lock_file();
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(FileError::io("write", &path))?;
    for attempt in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if attempt + 1 < LOCK_TRIES => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(RunError::Busy(id.to_owned()))
}

/// How far a run came that is not complete.
pub(super) fn state_of_partial(folder: &RunFolder, id: &str) -> RunState {
    if folder.lock_file().exists() && matches!(lock(folder, id), Err(RunError::Busy(_))) {
        return RunState::Training;
    }
    match read_json(&folder.ending_file()) {
        Ok(Ending::Stopped) => RunState::Stopped,
        Ok(Ending::Failed { headline, causes }) => RunState::Failed { headline, causes },
        Err(_) => RunState::Interrupted,
    }
}

impl RunInProgress {
    /// Starts a run of this name, or takes up the one of this name that was interrupted.
    ///
    /// # Errors
    /// [`RunError::Exists`], [`RunError::BadName`], [`RunError::OtherSettings`], [`RunError::Busy`],
    /// [`RunError::File`].
    pub fn start(project: &Path, id: &str, config: &RunConfig) -> Result<Self, RunError> {
        check_free(project, id)?;
        let (whole, folder) = (RunFolder::complete(project, id), RunFolder::partial(project, id));
        if whole.path().exists() {
            return Err(RunError::Exists(id.to_owned()));
        }
        create_single_folder(&runs_folder(project))?;
        folder.create()?;
        let lock = lock(&folder, id)?;
        let begun = folder.has_config() && !folder.is_barren();
        let resumed = begun || folder.read_config().is_ok_and(|known| known.same_work(config));
        if begun && !folder.read_config()?.same_work(config) {
            return Err(RunError::OtherSettings(id.to_owned()));
        }
        if !resumed {
            folder.write_config(config)?;
        }
        let ending = folder.ending_file();
        if ending.exists() {
            fs::remove_file(&ending).map_err(FileError::io("remove", &ending))?;
        }
        Ok(Self { whole, folder, resumed, lock })
    }

    /// Does `work` and keeps in the run's folder how it ended, where it did not succeed: that it was stopped, or why
    /// it failed. What is only abandoned leaves nothing, as a crash does.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn watch<T>(
        &self,
        cancel: &CancelToken,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let done = catch_unwind(AssertUnwindSafe(work));
        let ending = match &done {
            Ok(Ok(_)) => None,
            Ok(Err(_)) if cancel.is_abandoned() => None,
            Ok(Err(_)) if cancel.is_cancelled() => Some(Ending::Stopped),
            Ok(Err(error)) => Some(match JobError::from_error(error) {
                JobError::Cancelled => Ending::Stopped,
                JobError::Failed { headline, causes } => Ending::Failed { headline, causes },
            }),
            Err(panic) => Some(Ending::Failed {
                headline: fault::INTERNAL.to_owned(),
                causes: vec![fault::message(panic.as_ref())],
            }),
        };
        if let Some(ending) = ending {
            // A disk that is full may be why it failed; then the run counts as interrupted.
            let _ = write_json_atomically(&self.folder.ending_file(), &ending);
        }
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Notes which sections took part, where some turned out to be unusable. Called at the end: until then the run is
    /// resumed by what was asked for.
    ///
    /// # Errors
    /// [`RunError::File`] when the configuration cannot be read or written.
    pub fn took_part(&self, sections: &[String]) -> Result<(), RunError> {
        let config = self.folder.read_config()?;
        if config.sections != sections {
            self.folder.write_config(&RunConfig { sections: sections.to_vec(), ..config })?;
        }
        Ok(())
    }

    /// Makes the run complete: from now on it is listed and can be used.
    ///
    /// # Errors
    /// [`RunError::File`] when the folder cannot be renamed.
    pub fn finish(self) -> Result<RunFolder, RunError> {
        let Self { whole, folder, lock, .. } = self;
        let lock_file = folder.lock_file();
        // Some systems neither remove nor rename what is open.
        drop(lock);
        fs::remove_file(&lock_file).map_err(FileError::io("remove", &lock_file))?;
        fs::rename(folder.path(), whole.path()).map_err(FileError::io("write", whole.path()))?;
        Ok(whole)
    }
}

/// Deletes the interrupted run of this name where it was begun with genes of `gone` and otherwise agrees with `config`:
/// nothing of it can be used. Says whether it did.
///
/// # Errors
/// [`RunError::Busy`] when it is being trained, [`RunError::File`] when a file cannot be read or removed.
pub fn discard_if_outdated(
    project: &Path,
    id: &str,
    config: &RunConfig,
    gone: &[String],
) -> Result<bool, RunError> {
    let folder = RunFolder::partial(project, id);
    if gone.is_empty() || check_name(id).is_err() || !folder.has_config() {
        return Ok(false);
    }
    let begun = folder.read_config()?;
    let with_its_genes = RunConfig { genes: begun.genes.clone(), ..config.clone() };
    if !begun.same_work(&with_its_genes) || !begun.genes.iter().any(|g| gone.contains(g)) {
        return Ok(false);
    }
    drop(lock(&folder, id)?);
    folder.remove()?;
    Ok(true)
}
