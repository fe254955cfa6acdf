//! Formats that only OpenSlide reads, through its library where it is installed.

mod library;
mod source;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SlideError;
use super::source::SlideSource;
use crate::core::files::FileError;
use library::Library;

/// Names of the library, newest first.
#[cfg(target_os = "linux")]
const NAMES: [&str; 2] = ["libopenslide.so.1", "libopenslide.so"];
#[cfg(target_os = "macos")]
const NAMES: [&str; 2] = ["libopenslide.1.dylib", "libopenslide.dylib"];
#[cfg(target_os = "windows")]
const NAMES: [&str; 2] = ["libopenslide-1.dll", "libopenslide.dll"];
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
const NAMES: [&str; 1] = ["libopenslide.so"];

/// Names the library, or the folder that holds it.
pub const LIBRARY_VARIABLE: &str = "HISCMCL_OPENSLIDE";

/// The library of this process.
#[derive(Debug)]
struct State {
    /// The file that the user chose, or its folder.
    chosen: Option<PathBuf>,
    /// Loaded once and never unloaded: what it brings with it does not support that.
    loaded: Option<Arc<Library>>,
}

static STATE: Mutex<State> = Mutex::new(State { chosen: None, loaded: None });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files that may be the library at `place`, which is its file or the folder that holds it.
fn files_at(place: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = NAMES.iter().map(|name| place.join(name)).collect();
    files.push(place.to_path_buf());
    files.retain(|file| file.is_file());
    files
}

/// Where the library may be: where the user chose it, where the environment says, beside this program, among the system's.
fn files(chosen: Option<&Path>) -> Vec<PathBuf> {
    let named = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    let lib = beside.map(|folder| folder.join("lib"));
    let places = [chosen, named.as_deref(), beside, lib.as_deref()];
    let mut files: Vec<PathBuf> = places.into_iter().flatten().flat_map(files_at).collect();
    files.extend(NAMES.iter().map(PathBuf::from));
    files
}

/// The library. One that was not found is looked for again, as it may be installed meanwhile.
fn library() -> Option<Arc<Library>> {
    let mut state = state();
    if state.loaded.is_none() {
        state.loaded =
            files(state.chosen.as_deref()).iter().find_map(|file| Library::load(file)).map(Arc::new);
    }
    state.loaded.clone()
}

/// The version of OpenSlide's library; `None` where it was not found.
pub fn openslide_version() -> Option<String> {
    library().map(|l| l.version())
}

/// Looks for OpenSlide's library at `place` first, its file or the folder that holds it, once it is needed.
pub fn look_for_openslide_at(place: PathBuf) {
    state().chosen = Some(place);
}

/// Uses OpenSlide's library at `place`, its file or the folder that holds it, from now on; tells its version.
///
/// # Errors
/// [`FileError`] when it is not there or cannot be loaded. What was used before then stays.
pub fn use_openslide_at(place: &Path) -> Result<String, FileError> {
    let found = files_at(place).iter().find_map(|file| Library::load(file)).map(Arc::new);
    let library = found.ok_or_else(|| {
        let message = "this is not the library of OpenSlide 4 for this computer, or other libraries that it needs are \
                       missing";
        FileError::malformed(place, message)
    })?;
    let version = library.version();
    let before =
        std::mem::replace(&mut *state(), State { chosen: Some(place.to_path_buf()), loaded: Some(library) });
    std::mem::forget(before.loaded);
    Ok(version)
}

/// Opens the slide at `path` with OpenSlide; `None` where its library is not there.
pub fn open(path: &Path) -> Option<Result<Arc<dyn SlideSource>, SlideError>> {
    let library = library()?;
    Some(source::OpenSlideSource::open(path, library).map(|s| Arc::new(s) as Arc<dyn SlideSource>))
}
