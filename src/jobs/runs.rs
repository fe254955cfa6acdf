//! The runs of a project on disk: `NAME.runs/<id>/`. A run is complete or absent; one that is being made, or
//! was interrupted, lies in a hidden neighbour folder until it is whole.

use std::fs::{self, File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::encoders;
use super::published::PublishedChoice;
use super::spawn::JobError;
use super::train::FOLD_REPORT_FILE;
use crate::core::cancel::CancelToken;
use crate::core::fault;
use crate::core::files::{FileError, create_single_folder, read_json, write_json_atomically};
use crate::core::target::{ExpressionScale, Target};
use crate::data::project::SectionEntry;
use crate::evaluate::judgement::Verdict;
use crate::evaluate::report::{EvalReport, FoldReport, Scores, Split};
use crate::train::TrainConfig;

/// The version of the run layout that this program writes.
pub const RUN_VERSION: u32 = 1;

/// What kind of run it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunKind {
    /// One model; `test` sections were kept out of training.
    Model {
        /// Names of the sections kept out.
        test: Vec<String>,
    },
    /// One model a fold, in sub-folders `fold-NAME`.
    CrossValidation {
        /// How sections were held out.
        split: Split,
    },
}

/// Everything that must be known to make a run again; written before training starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// Layout version.
    pub version: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When it was started, RFC 3339.
    pub started: String,
    /// What kind of run it is.
    #[serde(flatten)]
    pub kind: RunKind,
    /// Names of all sections taking part, test sections included.
    pub sections: Vec<String>,
    /// Names of the genes, in order.
    pub genes: Vec<String>,
    /// The scale of the predictions, made of counts.
    pub target: Target,
    /// Sections whose files hold normalised values instead of counts; these are used unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normalised: Vec<String>,
    /// The image encoder.
    pub encoder: String,
    /// Its weights, if they were not in the folder of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<PathBuf>,
    /// The device that trained.
    pub device: String,
    /// All training settings, seed included.
    pub train: TrainConfig,
    /// The published recipe, where it was followed instead of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<PublishedChoice>,
}

impl RunConfig {
    /// Whether the run predicts `section` without having seen it in training, because it was held out.
    pub fn held_out(&self, section: &SectionEntry) -> bool {
        let names = match &self.kind {
            RunKind::Model { test } => test,
            RunKind::CrossValidation { .. } => &self.sections,
        };
        names.iter().any(|n| section.answers_to(n))
    }

    /// Whether the run saw `section` in training.
    pub fn trained_on(&self, section: &SectionEntry) -> bool {
        self.sections.iter().any(|n| section.answers_to(n)) && !self.held_out(section)
    }

    /// What predicted values mean: the target, or what the files hold where none of the sections has counts.
    pub fn scale(&self) -> ExpressionScale {
        let has_counts = |section: &String| !self.normalised.contains(section);
        if self.normalised.is_empty() || self.sections.iter().any(has_counts) {
            self.target.scale(true)
        } else {
            ExpressionScale::AsInFile
        }
    }

    /// Which image encoder it used, in words, and by which recipe.
    pub fn encoder_title(&self) -> String {
        let frozen = encoders::title_of(&self.encoder);
        match self.published.as_ref().map(|p| &p.trained) {
            None => frozen,
            Some(None) => format!("{frozen}, published recipe"),
            Some(Some(trained)) => {
                let title = encoders::known(&trained.name).map_or(trained.name.as_str(), |p| p.title);
                format!("{title} trained, published recipe")
            }
        }
    }

    /// Whether work begun under `other` can go on under this one: all but date, device, program and the place of
    /// the weights agree; the encoder's name stands for what is in them.
    pub fn same_work(&self, other: &Self) -> bool {
        let strip = |c: &Self| Self {
            started: String::new(),
            device: String::new(),
            program: String::new(),
            weights: None,
            // Earlier versions did not write it, and it follows from the sections.
            normalised: Vec::new(),
            ..c.clone()
        };
        strip(self) == strip(other)
    }
}

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

/// How a run ended before it was complete, as its folder keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
enum Ending {
    Stopped,
    Failed { headline: String, causes: Vec<String> },
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

/// Where the runs of this project are.
pub fn runs_folder(project: &Path) -> PathBuf {
    project.with_extension("runs")
}

fn config_path(folder: &Path) -> PathBuf {
    folder.join("run.json")
}

fn read_config(folder: &Path) -> Result<RunConfig, RunError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let path = config_path(folder);
    let Version { version } = read_json(&path)?;
    if version > RUN_VERSION {
        return Err(RunError::Newer { path, found: version });
    }
    Ok(read_json(&path)?)
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
        let Ok(config) = read_config(&path) else { continue };
        let (scores, verdict) = scores_of(&path, &config.kind);
        let id = partial.unwrap_or(name).to_owned();
        let complete = partial.is_none();
        let state = if complete { RunState::Complete } else { state_of_partial(&path, &id) };
        runs.push(RunInfo { id, complete, state, scores, verdict, config, folder: path });
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
    let config = read_config(&folder)?;
    let (scores, verdict) = scores_of(&folder, &config.kind);
    Ok(RunInfo {
        id: id.to_owned(),
        folder,
        config,
        complete: true,
        state: RunState::Complete,
        scores,
        verdict,
    })
}

/// How far a run came that is not complete.
fn state_of_partial(folder: &Path, id: &str) -> RunState {
    if folder.join(LOCK_FILE).exists() && matches!(lock(folder, id), Err(RunError::Busy(_))) {
        return RunState::Training;
    }
    match read_json(&folder.join(ENDING_FILE)) {
        Ok(Ending::Stopped) => RunState::Stopped,
        Ok(Ending::Failed { headline, causes }) => RunState::Failed { headline, causes },
        Err(_) => RunState::Interrupted,
    }
}

/// The folder of one fold of a cross-validation, laid out like a run.
pub fn fold_folder(run: &Path, test: &str) -> PathBuf {
    existing_or_new(run, |name| format!("fold-{name}"), test)
}

/// The path in `folder` of what is stored for `name`: where runs of earlier versions have it, when it is there and
/// nothing is where it belongs now.
pub(super) fn existing_or_new(folder: &Path, file: impl Fn(&str) -> String, name: &str) -> PathBuf {
    let new = folder.join(file(&safe_name(name)));
    let earlier = folder.join(file(&replaced(name, |c| c.is_alphanumeric() || "._-".contains(c))));
    if !new.exists() && earlier.exists() { earlier } else { new }
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

/// `name` as part of a file name on every system: itself where it can be one, else what of it can, and a number that
/// follows from all of it, so that different names stay different.
pub fn safe_name(name: &str) -> String {
    const LONGEST: usize = 80;
    const KEPT: usize = 60;
    let mut safe = replaced(name, |c| c.is_alphanumeric() || " ._-()&+,=@#".contains(c));
    let fine = safe == name
        && name.len() <= LONGEST
        && name.trim() == name
        && !name.is_empty()
        && !name.ends_with('.')
        && !is_reserved(name);
    if fine {
        return safe;
    }
    while safe.len() > KEPT {
        safe.pop();
    }
    // FNV-1a, which no version of the program may change.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}-{hash:08x}", safe.trim_matches([' ', '.']))
}

fn replaced(name: &str, keep: impl Fn(char) -> bool) -> String {
    name.chars().map(|c| if keep(c) { c } else { '_' }).collect()
}

/// Whether Windows keeps this name for a device, whatever ending it has.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|n| {
            let mut digits = n.chars();
            digits.next().is_some_and(|d| "123456789\u{b9}\u{b2}\u{b3}".contains(d))
                && digits.next().is_none()
        })
    };
    ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || numbered("COM") || numbered("LPT")
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

fn check_name(id: &str) -> Result<(), RunError> {
    let bad = |problem| Err(RunError::BadName { name: id.to_owned(), problem });
    if id.trim().is_empty() {
        return bad(NameProblem::Empty);
    }
    if id.len() > MAX_NAME {
        return bad(NameProblem::Long);
    }
    if let Some(c) = id.chars().find(|c| !(c.is_alphanumeric() || " .-_()&+,=@#".contains(*c))) {
        return bad(NameProblem::Character(c));
    }
    if id.starts_with('.') || id.ends_with('.') || id.trim() != id {
        return bad(NameProblem::Edge);
    }
    if is_reserved(id) {
        return bad(NameProblem::Reserved);
    }
    Ok(())
}

/// The longest name of a run in bytes.
const MAX_NAME: usize = 100;

/// Why a folder cannot have a name on every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum NameProblem {
    Empty,
    Long,
    Character(char),
    Edge,
    Reserved,
}

impl std::fmt::Display for NameProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Long => write!(f, "it is longer than {MAX_NAME} bytes"),
            Self::Character(c) if c.is_control() => f.write_str("it contains a control character"),
            Self::Character(c) => write!(f, "it contains \"{c}\""),
            Self::Edge => f.write_str("it begins or ends with a space or a dot"),
            Self::Reserved => f.write_str("Windows reserves it for a device"),
        }
    }
}

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
const LOCK_FILE: &str = "training.lock";
/// Why a run is not complete, where it did not simply break off.
const ENDING_FILE: &str = "ended.json";
/// Whoever lists runs holds their locks for a moment.
const LOCK_TRIES: usize = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock of the run in `folder`; `None` where the file system has no locks.
fn lock(folder: &Path, id: &str) -> Result<Option<File>, RunError> {
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
            Ok(Err(error)) => Some(match JobError::of(error) {
                JobError::Cancelled => Ending::Stopped,
                JobError::Failed { headline, causes } => Ending::Failed { headline, causes },
            }),
            Err(panic) => Some(Ending::Failed {
                headline: "There was a fault in the program.".to_owned(),
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
