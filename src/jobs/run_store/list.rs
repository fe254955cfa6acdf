//! The runs that a project has.

use std::fs;
use std::path::Path;

use super::in_progress::{lock, state_of_partial};
use super::names::check_name;
use super::{RunConfig, RunError, RunFolder, RunKind, runs_folder};
use crate::core::files::FileError;
use crate::evaluate::judgement::Verdict;
use crate::evaluate::report::Scores;

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RunState {
    /// To its end.
    #[default]
    Complete,
    /// It is being trained, by this program or another.
    Training,
    /// Its user stopped it.
    Stopped,
    /// It failed.
    Failed {
        /// One sentence.
        headline: String,
        /// What it came from, outermost first; often empty.
        causes: Vec<String>,
    },
    /// The program or the computer ended while it was being trained.
    Interrupted,
}

/// A run in the list of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Its name, also that of its folder.
    pub id: String,
    /// Its folder.
    pub folder: RunFolder,
    /// Its configuration.
    pub config: RunConfig,
    /// False for one that did not come to its end and can be resumed.
    pub complete: bool,
    /// How far it came.
    pub state: RunState,
    /// The model's scores: on its test sections, or the mean over folds. `None` without a test.
    pub scores: Option<Scores>,
    /// How far it can be trusted on what it was tested on. Not tested without a test.
    pub verdict: Verdict,
}

/// A run of which not even the configuration can be read: damaged, or written by a newer program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRun {
    /// Its name.
    pub id: String,
    /// Its folder.
    pub folder: RunFolder,
    /// What is wrong with it, one sentence.
    pub problem: String,
}

/// The runs of a project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunList {
    /// Those that can be used, the newest first.
    pub runs: Vec<RunInfo>,
    /// Those that cannot be read, by name.
    pub unreadable: Vec<UnreadableRun>,
}

/// The scores of a run, and what they are worth. A run whose scores cannot be read is still a run; opening it says what
/// is wrong.
fn scores_of(folder: &RunFolder, kind: &RunKind) -> (Option<Scores>, Verdict) {
    match kind {
        RunKind::Model { .. } => {
            let scores = folder.read_scores().ok().flatten();
            (scores, Verdict::of_folds(&folder.read_fold_reports().unwrap_or_default()))
        }
        RunKind::CrossValidation { .. } => match folder.read_evaluation() {
            Ok(report) => (Some(report.mean.model), report.verdict()),
            Err(_) => (None, Verdict::default()),
        },
    }
}

fn read_run(folder: RunFolder, id: String, complete: bool) -> Result<RunInfo, RunError> {
    let config = folder.read_config()?;
    let (scores, verdict) = scores_of(&folder, &config.kind);
    let state = if complete { RunState::Complete } else { state_of_partial(&folder, &id) };
    Ok(RunInfo { id, folder, config, complete, state, scores, verdict })
}

/// The runs of a project. A folder without a configuration is no run.
///
/// # Errors
/// [`RunError::File`] when the folder of runs is there and cannot be listed.
pub fn list_runs(project: &Path) -> Result<RunList, RunError> {
    let folder = runs_folder(project);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(RunList::default()),
        Err(e) => return Err(FileError::io("list", &folder)(e).into()),
    };
    let mut list = RunList::default();
    for entry in entries {
        let path = entry.map_err(FileError::io("list", &folder))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let partial = RunFolder::id_of_partial(name);
        if partial.is_none() && name.starts_with('.') {
            continue;
        }
        let (id, complete) = (partial.unwrap_or(name).to_owned(), partial.is_none());
        let folder = RunFolder::from(path);
        if !folder.has_config() {
            continue;
        }
        match read_run(folder.clone(), id.clone(), complete) {
            Ok(run) => list.runs.push(run),
            Err(error) => {
                let problem = match error {
                    RunError::Newer { .. } => error.to_string(),
                    damaged => format!("{damaged}; copy its folder again from a backup, or delete it"),
                };
                list.unreadable.push(UnreadableRun { id, folder, problem });
            }
        }
    }
    list.runs.sort_by(|a, b| b.config.started.cmp(&a.config.started).then_with(|| a.id.cmp(&b.id)));
    list.unreadable.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(list)
}

/// The complete run of this name.
///
/// # Errors
/// [`RunError::Unknown`] naming those that exist, [`RunError::Newer`], [`RunError::File`].
pub fn find_run(project: &Path, id: &str) -> Result<RunInfo, RunError> {
    let folder = RunFolder::complete(project, id);
    if check_name(id).is_err() || !folder.path().is_dir() {
        let known = list_runs(project)?.runs.into_iter().filter(|r| r.complete).map(|r| r.id).collect();
        return Err(RunError::Unknown { name: id.to_owned(), folder: runs_folder(project), known });
    }
    read_run(folder, id.to_owned(), true)
}

/// Whether a run can have this name, and none has it.
///
/// # Errors
/// [`RunError::BadName`], or [`RunError::Exists`]: names that differ by capitals only are one on some systems.
pub fn check_free(project: &Path, id: &str) -> Result<(), RunError> {
    check_name(id)?;
    let list = list_runs(project)?;
    let complete = list.runs.into_iter().filter(|run| run.complete).map(|run| run.id);
    let mut taken = complete.chain(list.unreadable.into_iter().map(|run| run.id));
    match taken.find(|taken| taken.to_lowercase() == id.to_lowercase()) {
        Some(taken) => Err(RunError::Exists(taken)),
        None => Ok(()),
    }
}

/// Deletes the run `id`, complete or not, readable or not.
///
/// # Errors
/// [`RunError::Busy`] when it is being trained, [`RunError::File`] when a file cannot be removed.
pub fn delete_run(folder: &RunFolder, id: &str) -> Result<(), RunError> {
    if folder.lock_file().exists() {
        drop(lock(folder, id)?);
    }
    Ok(folder.remove()?)
}
