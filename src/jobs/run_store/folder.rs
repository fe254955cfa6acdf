//! What lies where in the folder of a run.

use std::fs;
use std::path::{Path, PathBuf};

use super::names::{existing_or_new, safe_name};
use super::{RunConfig, RunError, runs_folder};
use crate::core::files::{
    FileError, create_single_folder, read_json, write_bytes_atomically, write_json_atomically,
};
use crate::evaluate::judgement::JudgedReport;
use crate::evaluate::report::{EvalReport, FoldReport, Scores};
use crate::evaluate::tables;

/// The folder of a run, or of one fold of a cross-validation, which is laid out like a run. Nothing but this type knows the names
/// of its files, except for those of the model itself.
///
/// A run has `run.json`, and its scores: `metrics.json` of a model, `eval.json` of a cross-validation, whose folds are
/// sub-folders. A model, that of a fold too, has `reports.json` and the predictions of its test sections, its log, and while
/// it is being trained a checkpoint; the files of the model itself are those of [`crate::predict::Model::save`] and
/// [`crate::predict::Reach::save`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

const CONFIG_FILE: &str = "run.json";
/// The test scores of a single model.
const SCORES_FILE: &str = "metrics.json";
/// The report of a cross-validation.
const EVALUATION_FILE: &str = "eval.json";
/// What was tested of one model, kept so that an interrupted cross-validation does not test it again.
const FOLD_REPORTS_FILE: &str = "reports.json";
const GENES_TABLE: &str = "per_gene.csv";
const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// Keeps two programs from making one run; the lock goes with the program that holds it, however it ends.
const LOCK_FILE: &str = "training.lock";
/// Why a run is not complete, where it did not simply break off.
const ENDING_FILE: &str = "ended.json";
/// The log of training, see [`super::log`].
const LOG_FILE: &str = "log.jsonl";
/// The log of earlier versions.
const OLD_LOG_FILE: &str = "log.txt";
const FOLD_PREFIX: &str = "fold-";

impl From<PathBuf> for RunFolder {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

impl RunFolder {
    /// That of the complete run `id` of a project file.
    pub fn complete(project: &Path, id: &str) -> Self {
        Self(runs_folder(project).join(id))
    }

    /// That of the run `id` while it is being made, or after it was interrupted: a hidden neighbour.
    pub(super) fn partial(project: &Path, id: &str) -> Self {
        Self(runs_folder(project).join(format!(".{id}.partial")))
    }

    /// The name of the run whose partial folder has this name.
    pub(super) fn id_of_partial(name: &str) -> Option<&str> {
        name.strip_prefix('.')?.strip_suffix(".partial")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, if it is not there.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be made.
    pub fn create(&self) -> Result<(), FileError> {
        create_single_folder(&self.0)
    }

    /// Removes the folder with all that is in it.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be removed.
    pub fn remove(&self) -> Result<(), FileError> {
        fs::remove_dir_all(&self.0).map_err(FileError::io("remove", &self.0))
    }

    /// Whether it has a configuration.
    pub(super) fn has_config(&self) -> bool {
        self.0.join(CONFIG_FILE).is_file()
    }

    pub(super) fn read_config(&self) -> Result<RunConfig, RunError> {
        RunConfig::read(&self.0.join(CONFIG_FILE))
    }

    pub(super) fn write_config(&self, config: &RunConfig) -> Result<(), FileError> {
        write_json_atomically(&self.0.join(CONFIG_FILE), config)
    }

    /// The file that is locked while the run is being made.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.0.join(LOCK_FILE)
    }

    /// Where it is kept how the run ended, if it did not succeed.
    pub(super) fn ending_file(&self) -> PathBuf {
        self.0.join(ENDING_FILE)
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.0.join(LOG_FILE)
    }

    pub(super) fn old_log_file(&self) -> PathBuf {
        self.0.join(OLD_LOG_FILE)
    }

    /// Whether nothing was trained here, so that nothing is lost when the run is begun anew.
    pub(super) fn is_barren(&self) -> bool {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let own = [CONFIG_FILE, LOCK_FILE, ENDING_FILE];
        entries.map(|e| e.file_name()).all(|name| own.iter().any(|own| name == *own))
    }

    /// The checkpoint that training goes on from.
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join(CHECKPOINT_FILE)
    }

    /// Removes the checkpoint of a model that is whole.
    ///
    /// # Errors
    /// [`FileError`] when it is there and cannot be removed.
    pub fn remove_checkpoint(&self) -> Result<(), FileError> {
        let checkpoint = self.checkpoint();
        match checkpoint.exists() {
            true => fs::remove_file(&checkpoint).map_err(FileError::io("remove", &checkpoint)),
            false => Ok(()),
        }
    }

    /// Where predictions of a test section are written.
    pub fn new_predictions(&self, section: &str) -> PathBuf {
        self.0.join(predictions_name(&safe_name(section)))
    }

    /// Where predictions of a test section are found, also those that an earlier version wrote.
    pub fn predictions(&self, section: &str) -> PathBuf {
        existing_or_new(&self.0, predictions_name, section)
    }

    /// Whether the model was tested, which is done last.
    pub fn is_tested(&self) -> bool {
        self.0.join(FOLD_REPORTS_FILE).is_file()
    }

    /// What a model was tested on, a report for each section.
    ///
    /// # Errors
    /// [`FileError`] when they are not there or cannot be read.
    pub fn read_fold_reports(&self) -> Result<Vec<FoldReport>, FileError> {
        read_json(&self.0.join(FOLD_REPORTS_FILE))
    }

    /// Keeps what a model was tested on.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written.
    pub fn write_fold_reports(&self, reports: &[FoldReport]) -> Result<(), FileError> {
        write_json_atomically(&self.0.join(FOLD_REPORTS_FILE), &reports)
    }

    /// The test scores of a single model; none where it was not tested.
    ///
    /// # Errors
    /// [`FileError`] when they cannot be read.
    pub fn read_scores(&self) -> Result<Option<Scores>, FileError> {
        let file = self.0.join(SCORES_FILE);
        if file.is_file() { read_json(&file) } else { Ok(None) }
    }

    /// Keeps the test scores of a single model.
    ///
    /// # Errors
    /// [`FileError`] when they cannot be written.
    pub fn write_scores(&self, scores: &Scores) -> Result<(), FileError> {
        write_json_atomically(&self.0.join(SCORES_FILE), scores)
    }

    /// The report of a cross-validation.
    ///
    /// # Errors
    /// [`FileError`] when it is not there or cannot be read.
    pub fn read_evaluation(&self) -> Result<EvalReport, FileError> {
        read_json(&self.0.join(EVALUATION_FILE))
    }

    /// Keeps the report of a cross-validation.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written.
    pub fn write_evaluation(&self, report: &EvalReport) -> Result<(), FileError> {
        write_json_atomically(&self.0.join(EVALUATION_FILE), &JudgedReport::new(report))
    }

    /// Keeps the scores of each gene as a table, for spreadsheets.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written.
    pub fn write_genes_table(&self, reports: &[FoldReport]) -> Result<(), FileError> {
        write_bytes_atomically(&self.0.join(GENES_TABLE), tables::genes_csv(reports).as_bytes())
    }

    /// The folder of a new fold of a cross-validation. Never that of an earlier version, which may be the name of
    /// another fold today.
    pub fn new_fold(&self, test: &str) -> Self {
        Self(self.0.join(fold_name(&safe_name(test))))
    }

    /// The folder of a fold of a cross-validation, also of one that an earlier version made.
    pub fn fold(&self, test: &str) -> Self {
        Self(existing_or_new(&self.0, fold_name, test))
    }

    /// The folds that a cross-validation has, in order.
    ///
    /// # Errors
    /// [`FileError`] when the folder cannot be listed.
    pub fn folds(&self) -> Result<Vec<Self>, FileError> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(FileError::io("list", &self.0))? {
            let path = entry.map_err(FileError::io("list", &self.0))?.path();
            let is_fold = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(FOLD_PREFIX));
            if is_fold && path.is_dir() {
                folders.push(path);
            }
        }
        folders.sort();
        Ok(folders.into_iter().map(Self).collect())
    }
}

fn predictions_name(section: &str) -> String {
    format!("predictions-{section}.safetensors")
}

fn fold_name(test: &str) -> String {
    format!("{FOLD_PREFIX}{test}")
}
