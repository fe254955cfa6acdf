//! The runs of a project on disk: `NAME.runs/<id>/`. A run is complete or absent; one that is being made, or
//! was interrupted, lies in a hidden neighbour folder until it is whole.

mod config;
mod copy;
mod in_progress;
mod names;

use std::fs;
use std::path::{Path, PathBuf};

use super::train::FOLD_REPORT_FILE;
use crate::core::files::{FileError, read_json};
use crate::evaluate::judgement::Verdict;
use crate::evaluate::report::{EvalReport, FoldReport, Scores};

use config::{config_path, read_config};
use in_progress::{lock, state_of_partial};
use names::check_name;

pub use crate::data::project::runs_folder;
pub use config::{RUN_VERSION, RunConfig, RunKind};
pub use copy::{CopiedRuns, copy_all, copy_runs};
pub use in_progress::RunInProgress;
pub(super) use names::existing_or_new;
pub use names::{NameProblem, safe_name};

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
    pub folder: PathBuf,
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

/// Something is wrong with a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such run.
    #[error("There is no run named \"{name}\" in {}; there {}", folder.display(), list(known))]
    Unknown {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// The runs that exist.
        known: Vec<String>,
    },
    /// The name would overwrite another run.
    #[error("A run named \"{0}\" exists already; choose another name or delete it first")]
    Exists(String),
    /// The name cannot be a folder's.
    #[error("\"{name}\" cannot be the name of a run: {problem}; use letters, digits, spaces, '-' and '_'")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// An interrupted run of this name was made with other settings.
    #[error(
        "An interrupted run named \"{0}\" was started with other settings; choose another name, or delete it first"
    )]
    OtherSettings(String),
    /// Another window or command is training it.
    #[error("The run \"{0}\" is being trained by another HisCMCL; wait for it, or stop it there first")]
    Busy(String),
    /// The run was written by a newer program.
    #[error("{} was written by a newer version of this program (run layout {found}, known up to {RUN_VERSION})", path.display())]
    Newer {
        /// The configuration file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A project whose runs are wanted has none.
    #[error("{} has no finished runs", .0.display())]
    NoRuns(PathBuf),
    /// A project's runs are wanted in the project itself.
    #[error("{} is the project itself; choose another one", .0.display())]
    SameProject(PathBuf),
    /// A file of the run.
    #[error(transparent)]
    File(#[from] FileError),
}

fn list(known: &[String]) -> String {
    match known {
        [] => "are no runs yet".to_owned(),
        [one] => format!("is {one}"),
        many => format!("are {}", many.join(", ")),
    }
}

fn partial_folder(runs: &Path, id: &str) -> PathBuf {
    runs.join(format!(".{id}.partial"))
}

/// The test scores of a single model, beside its configuration.
pub const METRICS_FILE: &str = "metrics.json";
/// The report of a cross-validation.
pub const REPORT_FILE: &str = "eval.json";

/// The scores of a run, and what they are worth. A run whose scores cannot be read is still a run; opening it says what
/// is wrong.
fn scores_of(folder: &Path, kind: &RunKind) -> (Option<Scores>, Verdict) {
    match kind {
        RunKind::Model { .. } => {
            let scores = read_json(&folder.join(METRICS_FILE)).ok().flatten();
            let folds: Vec<FoldReport> = read_json(&folder.join(FOLD_REPORT_FILE)).unwrap_or_default();
            (scores, Verdict::of_folds(&folds))
        }
        RunKind::CrossValidation { .. } => match read_json::<EvalReport>(&folder.join(REPORT_FILE)) {
            Ok(report) => (Some(report.mean.model), report.verdict()),
            Err(_) => (None, Verdict::default()),
        },
    }
}

fn read_run(folder: PathBuf, id: String, complete: bool) -> Result<RunInfo, RunError> {
    let config = read_config(&folder)?;
    let (scores, verdict) = scores_of(&folder, &config.kind);
    let state = if complete { RunState::Complete } else { state_of_partial(&folder, &id) };
    Ok(RunInfo { id, folder, config, complete, state, scores, verdict })
}

/// The runs of a project, the newest first; a folder that is no run is passed over.
///
/// # Errors
/// [`RunError::File`] when the folder is there and cannot be listed.
pub fn list_runs(project: &Path) -> Result<Vec<RunInfo>, RunError> {
    let folder = runs_folder(project);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(FileError::io("list", &folder)(e).into()),
    };
    let mut runs = Vec::new();
    for entry in entries {
        let path = entry.map_err(FileError::io("list", &folder))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
        let partial = name.strip_prefix('.').and_then(|n| n.strip_suffix(".partial"));
        if partial.is_none() && name.starts_with('.') {
            continue;
        }
        let (id, complete) = (partial.unwrap_or(name).to_owned(), partial.is_none());
        runs.extend(read_run(path, id, complete).ok());
    }
    runs.sort_by(|a, b| b.config.started.cmp(&a.config.started).then_with(|| a.id.cmp(&b.id)));
    Ok(runs)
}

/// The complete run of this name.
///
/// # Errors
/// [`RunError::Unknown`] naming those that exist, [`RunError::Newer`], [`RunError::File`].
pub fn find_run(project: &Path, id: &str) -> Result<RunInfo, RunError> {
    let folder = runs_folder(project).join(id);
    if check_name(id).is_err() || !folder.is_dir() {
        let known = list_runs(project)?.into_iter().filter(|r| r.complete).map(|r| r.id).collect();
        return Err(RunError::Unknown { name: id.to_owned(), folder: runs_folder(project), known });
    }
    read_run(folder, id.to_owned(), true)
}

/// The name of the folder of a new fold of a cross-validation. Never that of an earlier version, which may be the name of
/// another fold today.
pub(super) fn fold_name(test: &str) -> String {
    format!("fold-{}", safe_name(test))
}

/// The folder of one fold of a cross-validation, laid out like a run, also of one that an earlier version made.
pub fn fold_folder(run: &Path, test: &str) -> PathBuf {
    existing_or_new(run, |name| format!("fold-{name}"), test)
}

/// The folders of the folds that a cross-validation has, in order.
///
/// # Errors
/// [`RunError::File`] when the run's folder cannot be listed.
pub fn fold_folders(run: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(run).map_err(FileError::io("list", run))? {
        let path = entry.map_err(FileError::io("list", run))?.path();
        let is_fold = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("fold-"));
        if is_fold && path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Whether a run can have this name, and none has it.
///
/// # Errors
/// [`RunError::BadName`], or [`RunError::Exists`]: names that differ by capitals only are one on some systems.
pub fn check_free(project: &Path, id: &str) -> Result<(), RunError> {
    check_name(id)?;
    let same = |run: &RunInfo| run.complete && run.id.to_lowercase() == id.to_lowercase();
    match list_runs(project)?.into_iter().find(same) {
        Some(run) => Err(RunError::Exists(run.id)),
        None => Ok(()),
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
    let folder = partial_folder(&runs_folder(project), id);
    if gone.is_empty() || check_name(id).is_err() || !config_path(&folder).is_file() {
        return Ok(false);
    }
    let begun = read_config(&folder)?;
    let with_its_genes = RunConfig { genes: begun.genes.clone(), ..config.clone() };
    if !begun.same_work(&with_its_genes) || !begun.genes.iter().any(|g| gone.contains(g)) {
        return Ok(false);
    }
    drop(lock(&folder, id)?);
    fs::remove_dir_all(&folder).map_err(FileError::io("remove", &folder))?;
    Ok(true)
}

/// Deletes a run, complete or interrupted.
///
/// # Errors
/// [`RunError::Busy`] when it is being trained, [`RunError::File`] when a file cannot be removed.
pub fn delete_run(run: &RunInfo) -> Result<(), RunError> {
    if !run.complete {
        drop(lock(&run.folder, &run.id)?);
    }
    Ok(fs::remove_dir_all(&run.folder).map_err(FileError::io("remove", &run.folder))?)
}

#[cfg(test)]
mod tests;
