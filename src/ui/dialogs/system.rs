//! The system's file dialogs, asked from a thread of their own.

use std::ffi::OsStr;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::paths::{PathKind, PathRequest};

/// A dialog that was answered faster than this was never shown.
const NEVER_SHOWN: Duration = Duration::from_millis(400);

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Still open.
    Waiting,
    /// One or more paths.
    Paths(Vec<PathBuf>),
    /// The user chose nothing.
    Cancelled,
    /// The system has no file dialog.
    Unavailable,
}

/// A dialog of the system that is open.
#[derive(Debug)]
pub struct SystemDialog {
    answer: Receiver<Answer>,
}

/// Whether the system has a file dialog at all, as far as that can be told before one is asked for: on Linux a session
/// bus, on which a portal may be, or zenity on the search path.
fn is_installed() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some()
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists());
    bus || std::env::var_os("PATH").is_some_and(|path| has_program(&path, "zenity"))
}

/// Whether a folder of the search path holds `program`.
fn has_program(path: &OsStr, program: &str) -> bool {
    std::env::split_paths(path).any(|folder| folder.join(program).is_file())
}

/// What `chosen` means that came `took` after asking. The thread that asked measures the time: the window may look much
/// later.
fn meaning(chosen: Option<Vec<PathBuf>>, took: Duration) -> Answer {
    match chosen {
        Some(paths) => Answer::Paths(paths),
        None if took < NEVER_SHOWN => Answer::Unavailable,
        None => Answer::Cancelled,
    }
}

impl SystemDialog {
    /// Asks. `None` when the system has no file dialog, or gives no thread for it.
    pub fn ask(ctx: &egui::Context, request: &PathRequest, folder: Option<&Path>) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let mut dialog = rfd::AsyncFileDialog::new().set_title(request.title());
        if let Some(folder) = folder {
            dialog = dialog.set_directory(folder);
        }
        if let Some(name) = &request.file_name {
            dialog = dialog.set_file_name(name);
        }
        for (name, endings) in request.filters() {
            dialog = dialog.add_filter(*name, endings);
        }
        // On a Mac dialogs must be made on the main thread; waiting for them may happen anywhere.
        let one: Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> = match request.kind() {
            PathKind::File => Box::pin(dialog.pick_file()),
            PathKind::Folder => Box::pin(dialog.pick_folder()),
            PathKind::Save => Box::pin(dialog.save_file()),
            PathKind::Files => return Self::wait_for(ctx, dialog.pick_files()),
        };
        Self::wait_for(ctx, async { one.await.map(|file| vec![file]) })
    }

    /// Waits for the answer on a thread of its own.
    fn wait_for(
        ctx: &egui::Context,
        asked: impl Future<Output = Option<Vec<rfd::FileHandle>>> + Send + 'static,
    ) -> Option<Self> {
        let (tell, answer) = sync_channel(1);
        let ctx = ctx.clone();
        thread::Builder::new()
            .name("file dialog".into())
            .spawn(move || {
                let since = Instant::now();
                let chosen = pollster::block_on(asked);
                let chosen = chosen.map(|files| files.iter().map(|f| f.path().to_path_buf()).collect());
                // A send error means that the window was closed; the answer is not needed.
                let _ = tell.send(meaning(chosen, since.elapsed()));
                ctx.request_repaint();
            })
            .ok()?;
        Some(Self { answer })
    }

    /// What came of it so far.
    pub fn poll(&self) -> Answer {
        match self.answer.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Disconnected) => Answer::Unavailable,
            Err(TryRecvError::Empty) => Answer::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window that draws slowly looks long after the answer came.
    #[test]
    fn no_dialog_is_not_taken_for_a_cancelled_one() {
        let (tell, received) = sync_channel(1);
        let dialog = SystemDialog { answer: received };
        assert_eq!(dialog.poll(), Answer::Waiting);
        tell.send(meaning(None, Duration::from_millis(15))).unwrap();
        thread::sleep(NEVER_SHOWN + Duration::from_millis(50));
        assert_eq!(dialog.poll(), Answer::Unavailable);
        assert_eq!(meaning(None, Duration::from_secs(2)), Answer::Cancelled);
        assert_eq!(meaning(Some(vec!["a".into()]), Duration::ZERO), Answer::Paths(vec!["a".into()]));
    }

    #[test]
    fn a_program_is_found_on_the_search_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        assert!(!has_program(&path, "zenity"));
        std::fs::write(folder.path().join("zenity"), "").unwrap();
        assert!(has_program(&path, "zenity"));
    }
}
