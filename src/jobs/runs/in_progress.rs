//! A run that is being made, or was interrupted: its hidden folder, its lock, and how it ended.

use std::fs::{self, File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::config::{config_path, read_config};
use super::{RunConfig, RunError, RunState, check_free, partial_folder, runs_folder};
use crate::core::cancel::CancelToken;
use crate::core::fault;
use crate::core::files::{FileError, create_single_folder, read_json, write_json_atomically};
use crate::jobs::spawn::JobError;

/// A run that is being made.
#[derive(Debug)]
pub struct RunInProgress {
    id: String,
    runs: PathBuf,
    /// The folder to write to until [`RunInProgress::finish`].
    pub folder: PathBuf,
    /// Whether an interrupted run is taken up again.
    pub resumed: bool,
    /// Held as long as the run is being made; `None` where the file system has no locks.
    lock: Option<File>,
}

/// Keeps two programs from making one run; the lock goes with the program that holds it, however it ends.
pub(super) const LOCK_FILE: &str = "training.lock";
/// Why a run is not complete, where it did not simply break off.
const ENDING_FILE: &str = "ended.json";
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
pub(super) fn lock(folder: &Path, id: &str) -> Result<Option<File>, RunError> {
    let path = folder.join(LOCK_FILE);
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

/// Whether nothing was trained in `folder`, so that nothing is lost when it is begun anew.
fn is_barren(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| e.path()).all(|path| {
        path == config_path(folder) || path == folder.join(LOCK_FILE) || path == folder.join(ENDING_FILE)
    })
}

/// How far a run came that is not complete.
pub(super) fn state_of_partial(folder: &Path, id: &str) -> RunState {
    if folder.join(LOCK_FILE).exists() && matches!(lock(folder, id), Err(RunError::Busy(_))) {
        return RunState::Training;
    }
    match read_json(&folder.join(ENDING_FILE)) {
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
        let runs = runs_folder(project);
        if runs.join(id).exists() {
            return Err(RunError::Exists(id.to_owned()));
        }
        let folder = partial_folder(&runs, id);
        create_single_folder(&runs)?;
        create_single_folder(&folder)?;
        let lock = lock(&folder, id)?;
        let begun = config_path(&folder).is_file() && !is_barren(&folder);
        let resumed = begun || read_config(&folder).is_ok_and(|known| known.same_work(config));
        if begun && !read_config(&folder)?.same_work(config) {
            return Err(RunError::OtherSettings(id.to_owned()));
        }
        if !resumed {
            write_json_atomically(&config_path(&folder), config)?;
        }
        let ending = folder.join(ENDING_FILE);
        if ending.exists() {
            fs::remove_file(&ending).map_err(FileError::io("remove", &ending))?;
        }
        Ok(Self { id: id.to_owned(), runs, folder, resumed, lock })
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
            let _ = write_json_atomically(&self.folder.join(ENDING_FILE), &ending);
        }
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Notes which sections took part, where some turned out to be unusable. Called at the end: until then the run is
    /// resumed by what was asked for.
    ///
    /// # Errors
    /// [`RunError::File`] when the configuration cannot be read or written.
    pub fn took_part(&self, sections: &[String]) -> Result<(), RunError> {
        let config = read_config(&self.folder)?;
        if config.sections != sections {
            let config = RunConfig { sections: sections.to_vec(), ..config };
            write_json_atomically(&config_path(&self.folder), &config)?;
        }
        Ok(())
    }

    /// Makes the run complete: from now on it is listed and can be used.
    ///
    /// # Errors
    /// [`RunError::File`] when the folder cannot be renamed.
    pub fn finish(self) -> Result<PathBuf, RunError> {
        let Self { id, runs, folder, lock, .. } = self;
        let (whole, lock_file) = (runs.join(id), folder.join(LOCK_FILE));
        // Some systems neither remove nor rename what is open.
        drop(lock);
        fs::remove_file(&lock_file).map_err(FileError::io("remove", &lock_file))?;
        fs::rename(&folder, &whole).map_err(FileError::io("write", &whole))?;
        Ok(whole)
    }
}
