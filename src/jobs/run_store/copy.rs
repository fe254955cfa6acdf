//! Copying runs from one project into another, so that its models can predict there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{RunError, RunInfo, check_free, list_runs, runs_folder};
use crate::core::files::FileError;
use crate::core::progress::Task;
use crate::jobs::context::JobContext;

/// Folders of runs lie no deeper: a run, its folds, and what those hold.
const MAX_DEPTH: usize = 4;
/// How many names are tried for a run whose own is taken.
const MAX_NAMES: usize = 1_000;

/// What came of copying runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopiedRuns {
    /// Names under which runs were copied, the newest first.
    pub copied: Vec<String>,
    /// Names of runs that the project has already.
    pub known: Vec<String>,
}

/// Copies the complete runs of the project file `from` into the project file `to`: all of them, or those named in `only`.
/// A run that `to` has already is left out; one whose name is taken by another run is given a name of its own.
///
/// # Errors
/// [`RunError::Unknown`] for a name in `only` that `from` does not have, [`RunError::NoRuns`] where it has none,
/// [`RunError::SameProject`], [`RunError::File`], or it was cancelled. Runs that were copied until then stay.
pub fn copy_runs(from: &Path, to: &Path, only: &[String], ctx: &JobContext) -> anyhow::Result<CopiedRuns> {
    let same =
        |a: &Path, b: &Path| matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b);
    if same(from, to) {
        return Err(RunError::SameProject(to.to_path_buf()).into());
    }
    fs::metadata(from).map_err(FileError::io("open", from))?;
    let theirs: Vec<RunInfo> = list_runs(from)?.runs.into_iter().filter(|r| r.complete).collect();
    if theirs.is_empty() {
        return Err(RunError::NoRuns(from.to_path_buf()).into());
    }
    if let Some(unknown) = only.iter().find(|name| !theirs.iter().any(|r| r.id == **name)) {
        let known = theirs.into_iter().map(|r| r.id).collect();
        return Err(RunError::Unknown { name: unknown.clone(), folder: runs_folder(from), known }.into());
    }
    let ours = list_runs(to)?.runs;
    let wanted: Vec<RunInfo> =
        theirs.into_iter().filter(|r| only.is_empty() || only.contains(&r.id)).collect();
    let mut done = CopiedRuns::default();
    for (at, run) in wanted.iter().enumerate() {
        ctx.check()?;
        ctx.observer.report(&Task::CopyingRuns.into(), at as u64, wanted.len() as u64);
        match ours.iter().find(|o| o.complete && is_same(o, run)) {
            Some(own) => done.known.push(own.id.clone()),
            None => done.copied.push(copy(run, from, to, ctx)?),
        }
    }
    Ok(done)
}

/// Copies all runs, interrupted ones too, from one folder of runs into another, each whole or not at all. One of the same
/// name there is replaced.
///
/// # Errors
/// [`FileError`] naming what cannot be copied, or it was cancelled. Runs that were copied until then stay.
pub fn copy_all(from: &Path, to: &Path, ctx: &JobContext) -> anyhow::Result<()> {
    for entry in fs::read_dir(from).map_err(FileError::io("list", from))? {
        ctx.check()?;
        let path = entry.map_err(FileError::io("list", from))?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_dir()) {
            let whole = to.join(name);
            copy_whole(&path, to, &whole, ctx)?;
        }
    }
    Ok(())
}

/// Copies a run's folder to `whole`, by way of a folder in `runs` that is no run yet.
fn copy_whole(from: &Path, runs: &Path, whole: &Path, ctx: &JobContext) -> anyhow::Result<()> {
    let name = whole.file_name().unwrap_or_default().to_string_lossy();
    let begun = runs.join(format!(".{name}.copied"));
    let remove = |folder: &Path| match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::io("remove", folder)(error)),
        _ => Ok(()),
    };
    remove(&begun)?;
    let copied = copy_folder(from, &begun, 0, ctx).and_then(|()| {
        remove(whole)?;
        Ok(fs::rename(&begun, whole).map_err(FileError::io("write", whole))?)
    });
    if copied.is_err() {
        // Why it failed is more important than that the rest could not be removed.
        let _ = fs::remove_dir_all(&begun);
    }
    copied
}

/// Whether both are the same run: made by the same work at the same moment.
fn is_same(a: &RunInfo, b: &RunInfo) -> bool {
    a.config.started == b.config.started && a.config.same_work(&b.config)
}

/// Copies a run into the project `to`, whole or not at all. Gives its name there.
fn copy(run: &RunInfo, from: &Path, to: &Path, ctx: &JobContext) -> anyhow::Result<String> {
    let runs = runs_folder(to);
    let name = free_name(&run.id, from, to)?;
    copy_whole(run.folder.path(), &runs, &runs.join(&name), ctx)?;
    Ok(name)
}

/// The name of a run, or one with the name of its project, or with a number, that no run of `to` has.
fn free_name(id: &str, from: &Path, to: &Path) -> Result<String, RunError> {
    let stem = from.file_stem().unwrap_or_default().to_string_lossy();
    let others = (2..MAX_NAMES).map(|n| format!("{id} {n}"));
    let mut names = [id.to_owned(), format!("{id} ({stem})")].into_iter().chain(others);
    let free = names.find_map(|name| match check_free(to, &name) {
        Ok(()) => Some(Ok(name)),
        Err(RunError::Exists(_) | RunError::BadName { .. }) => None,
        Err(error) => Some(Err(error)),
    });
    free.unwrap_or_else(|| Err(RunError::Exists(id.to_owned())))
}

/// Copies the files of a folder and of those in it. Links are not followed.
fn copy_folder(from: &Path, to: &Path, depth: usize, ctx: &JobContext) -> anyhow::Result<()> {
    fs::create_dir_all(to).map_err(FileError::io("write", to))?;
    for entry in fs::read_dir(from).map_err(FileError::io("list", from))? {
        ctx.check()?;
        let entry = entry.map_err(FileError::io("list", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(FileError::io("read", &path))?;
        if kind.is_dir() && depth < MAX_DEPTH {
            copy_folder(&path, &target, depth + 1, ctx)?;
        } else if kind.is_file() {
            fs::copy(&path, &target).map_err(|e| {
                // Which of the two it was about cannot be told from the error.
                let full = e.kind() == std::io::ErrorKind::StorageFull;
                if full { FileError::io("write", &target)(e) } else { FileError::io("copy", &path)(e) }
            })?;
        }
    }
    Ok(())
}
