//! The system's file dialogs, asked from a thread of their own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::app::paths::{PathKind, PathRequest};

/// A dialog that was answered faster than this was never shown: nobody is that quick.
const NEVER_SHOWN: Duration = Duration::from_millis(400);

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Still open.
    Waiting,
    /// A path.
    Path(PathBuf),
    /// The user chose nothing.
    Cancelled,
    /// The system has no file dialog.
    Unavailable,
}

/// A dialog of the system that is open.
#[derive(Debug)]
pub struct SystemDialog {
    answer: Receiver<Option<PathBuf>>,
    asked: Instant,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `future` on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

impl SystemDialog {
    /// Asks. `None` when the system gives no thread for it.
    pub fn ask(ctx: &egui::Context, request: &PathRequest, folder: Option<&Path>) -> Option<Self> {
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
        let asked: std::pin::Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>> =
            match request.kind() {
                PathKind::File => Box::pin(dialog.pick_file()),
                PathKind::Folder => Box::pin(dialog.pick_folder()),
                PathKind::Save => Box::pin(dialog.save_file()),
            };
        let (tell, answer) = sync_channel(1);
        let ctx = ctx.clone();
        thread::Builder::new()
            .name("file dialog".into())
            .spawn(move || {
                let path = block_on(asked).map(|handle| handle.path().to_path_buf());
                // Nobody waits any more when the window was closed meanwhile.
                let _ = tell.send(path);
                ctx.request_repaint();
            })
            .ok()?;
        Some(Self { answer, asked: Instant::now() })
    }

    /// What came of it so far.
    pub fn poll(&self) -> Answer {
        match self.answer.try_recv() {
            Ok(Some(path)) => Answer::Path(path),
            Ok(None) | Err(TryRecvError::Disconnected) if self.asked.elapsed() < NEVER_SHOWN => {
                Answer::Unavailable
            }
            Ok(None) => Answer::Cancelled,
            Err(TryRecvError::Disconnected) => Answer::Unavailable,
            Err(TryRecvError::Empty) => Answer::Waiting,
        }
    }
}
