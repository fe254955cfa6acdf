//! Formats that only OpenSlide reads, through its library where it is installed.

mod library;
mod source;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::SlideError;
use super::source::SlideSource;
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

/// Where the library may be: where the user said (a file or a folder), beside this program, among the system's.
fn places(said: Option<&Path>) -> Vec<PathBuf> {
    let mut places = Vec::new();
    let mut folder = |folder: &Path| places.extend(NAMES.iter().map(|name| folder.join(name)));
    if let Some(said) = said {
        folder(said);
    }
    if let Some(beside) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        folder(beside);
        folder(&beside.join("lib"));
    }
    places.retain(|p| p.is_file());
    let said = said.filter(|s| s.is_file()).map(Path::to_path_buf);
    said.into_iter().chain(places).chain(NAMES.iter().map(PathBuf::from)).collect()
}

/// The library, loaded once and then kept. One that was not found is looked for again, as it may be installed meanwhile.
fn library(said: Option<&Path>) -> Option<Arc<Library>> {
    static LOADED: Mutex<Option<Arc<Library>>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if loaded.is_none() {
        *loaded = places(said).iter().find_map(|place| Library::load(place)).map(Arc::new);
    }
    loaded.clone()
}

/// Whether OpenSlide's library was found, and which version it is.
pub fn is_available(said: Option<&Path>) -> Option<String> {
    library(said).map(|l| l.version())
}

/// Opens the slide at `path` with OpenSlide; `None` where its library is not there.
pub fn open(path: &Path, said: Option<&Path>) -> Option<Result<Arc<dyn SlideSource>, SlideError>> {
    let library = library(said)?;
    Some(source::OpenSlideSource::open(path, library).map(|s| Arc::new(s) as Arc<dyn SlideSource>))
}
