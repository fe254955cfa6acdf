//! Slide images and patches for the window: asked for while drawing, read on threads of their own, there
//! some frames later. The latest request is served first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::core::cancel::CancelToken;
use crate::core::encoder::RgbPatch;
use crate::core::geometry::{Mpp, SlidePoint};
use crate::core::progress::Silent;
use crate::data::slide::store::SlideStore;
use crate::data::slide::{Slide, SlideError};

/// Threads: while one decodes a slide, the other still reads patches from slides in memory.
const THREADS: usize = 2;
/// The most requests waiting; older ones are asked for again by whoever still wants them.
const MOST_WAITING: usize = 64;
/// The most patches kept, 150 KB each.
const MOST_PATCHES: usize = 256;
/// Resolution of patches, micrometres a pixel: what the encoders see.
const PATCH_MPP: f64 = 0.5;
/// Side of patches in pixels.
const PATCH_SIZE: usize = 224;

/// A patch around a spot, for showing.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchKey {
    /// The slide image.
    pub slide: PathBuf,
    /// Resolution of the slide.
    pub mpp: Mpp,
    /// Middle of the patch.
    pub center: SlidePoint,
}

impl Eq for PatchKey {}

impl Hash for PatchKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.slide.hash(state);
        [self.mpp.0, self.center.x, self.center.y].map(f64::to_bits).hash(state);
    }
}

/// Something that is asked for and comes later.
#[derive(Debug, Clone)]
pub enum Later<T> {
    /// On its way.
    Loading,
    /// Here.
    Ready(T),
    /// It will not come; why, in one sentence.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Request {
    Slide(PathBuf),
    Patch(PatchKey),
}

#[derive(Default)]
struct Board {
    /// Newest last.
    waiting: VecDeque<Request>,
    running: HashSet<Request>,
    /// The slide asked for last; kept so that reading patches of other slides never takes it away.
    shown: Option<Arc<Slide>>,
    patches: HashMap<PatchKey, Arc<RgbPatch>>,
    /// In the order in which they came.
    patch_order: VecDeque<PatchKey>,
    failed: HashMap<PathBuf, String>,
}

struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
    store: Arc<SlideStore>,
    cancel: CancelToken,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Board> {
        // The board is whole between any two statements, so a poisoned lock is as good as a clean one.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, board: &mut Board, request: Request) {
        if board.running.contains(&request) || board.waiting.contains(&request) {
            return;
        }
        if board.waiting.len() == MOST_WAITING {
            board.waiting.pop_front();
        }
        board.waiting.push_back(request);
        self.changed.notify_one();
    }

    /// Serves requests until the loader is dropped.
    fn work(&self) {
        loop {
            let mut board = self.lock();
            let request = loop {
                if self.cancel.is_cancelled() {
                    return;
                }
                if let Some(request) = board.waiting.pop_back() {
                    break request;
                }
                board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
            };
            board.running.insert(request.clone());
            drop(board);
            self.serve(&request);
            self.lock().running.remove(&request);
            (self.wake)();
        }
    }

    fn serve(&self, request: &Request) {
        let path = match request {
            Request::Slide(path) => path,
            Request::Patch(key) => &key.slide,
        };
        let slide = match self.store.get(path, &Silent, &self.cancel) {
            Ok(slide) => slide,
            Err(SlideError::Cancelled(_)) => return,
            Err(error) => {
                self.lock().failed.insert(path.clone(), error.to_string());
                return;
            }
        };
        match request {
            Request::Slide(_) => self.lock().shown = Some(slide),
            Request::Patch(key) => {
                let patch = Arc::new(slide.read_patch(key.center, key.mpp, PATCH_MPP, PATCH_SIZE));
                let mut board = self.lock();
                while board.patch_order.len() >= MOST_PATCHES
                    && let Some(oldest) = board.patch_order.pop_front()
                {
                    board.patches.remove(&oldest);
                }
                if board.patches.insert(key.clone(), patch).is_none() {
                    board.patch_order.push_back(key.clone());
                }
            }
        }
    }
}

/// Reads slides and patches in the background. Dropping it ends its threads.
pub struct ImageLoader {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for ImageLoader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageLoader").finish_non_exhaustive()
    }
}

impl ImageLoader {
    /// A loader over the slides of `store`. `wake` is called from another thread whenever something came.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn new(store: Arc<SlideStore>, wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            board: Mutex::default(),
            changed: Condvar::new(),
            store,
            cancel: CancelToken::new(),
            wake: Box::new(wake),
        });
        let loader = Self { shared };
        for i in 1..=THREADS {
            let shared = Arc::clone(&loader.shared);
            std::thread::Builder::new().name(format!("slide images {i}")).spawn(move || shared.work())?;
        }
        Ok(loader)
    }

    /// The slide at `path`; reading starts when it is not in memory.
    pub fn slide(&self, path: &Path) -> Later<Arc<Slide>> {
        let mut board = self.shared.lock();
        if let Some(why) = board.failed.get(path) {
            return Later::Failed(why.clone());
        }
        if let Some(slide) = board.shown.as_ref().filter(|s| s.path() == path) {
            return Later::Ready(Arc::clone(slide));
        }
        if let Some(slide) = self.shared.store.peek(path) {
            board.shown = Some(Arc::clone(&slide));
            return Later::Ready(slide);
        }
        self.shared.ask(&mut board, Request::Slide(path.to_path_buf()));
        Later::Loading
    }

    /// A patch, 224 x 224 pixels at 0.5 um a pixel; reading starts when it is not there.
    pub fn patch(&self, key: &PatchKey) -> Later<Arc<RgbPatch>> {
        let mut board = self.shared.lock();
        if let Some(patch) = board.patches.get(key) {
            return Later::Ready(Arc::clone(patch));
        }
        if let Some(why) = board.failed.get(&key.slide) {
            return Later::Failed(why.clone());
        }
        self.shared.ask(&mut board, Request::Patch(key.clone()));
        Later::Loading
    }

    /// Tries again what has failed, and reads again what may have changed: the files of the project are
    /// other ones now.
    pub fn start_over(&self) {
        let mut board = self.shared.lock();
        board.failed.clear();
        board.patches.clear();
        board.patch_order.clear();
        board.shown = None;
    }
}

impl Drop for ImageLoader {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn wait<T>(mut ask: impl FnMut() -> Later<T>) -> Result<T, String> {
        let start = Instant::now();
        loop {
            match ask() {
                Later::Ready(t) => return Ok(t),
                Later::Failed(why) => return Err(why),
                Later::Loading => {
                    assert!(start.elapsed() < Duration::from_secs(20), "nothing came");
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    #[test]
    fn slides_and_patches_come_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slide.png");
        image::RgbImage::from_fn(600, 400, |x, _| image::Rgb([(x / 3) as u8, 0, 9])).save(&path).unwrap();
        let loader = ImageLoader::new(Arc::new(SlideStore::default()), || ()).unwrap();
        assert_eq!(wait(|| loader.slide(&path)).unwrap().size(), (600, 400));
        let key = PatchKey { slide: path.clone(), mpp: Mpp(0.5), center: SlidePoint::new(300.0, 200.0) };
        let patch = wait(|| loader.patch(&key)).unwrap();
        assert_eq!((patch.size, patch.rgb[2]), (224, 9));
        let missing = dir.path().join("gone.png");
        let why = wait(|| loader.slide(&missing)).unwrap_err();
        assert!(why.contains("gone.png"), "{why}");
        std::fs::copy(&path, &missing).unwrap();
        assert!(matches!(loader.slide(&missing), Later::Failed(_)));
        loader.start_over();
        assert_eq!(wait(|| loader.slide(&missing)).unwrap().size(), (600, 400));
    }
}
