//! Decoding the tiles that a viewer sees, on threads of its own: newest request first, each tile once.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use super::{Slide, SlideError, TileKey};

/// The most tiles that wait; the oldest requests are forgotten.
const MAX_WAITING: usize = 1024;
/// The most tiles that are not tried again because they failed.
const MAX_FAILED: usize = 4096;

/// A tile of an open slide.
#[derive(Debug, Clone)]
struct Request {
    slide: Weak<Slide>,
    key: TileKey,
}

#[derive(Debug, Default)]
struct Queue {
    /// The newest is last.
    waiting: Vec<Request>,
    decoding: HashSet<TileKey>,
    failed: HashSet<TileKey>,
    is_closed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole between any two statements, so a poisoned lock is as good as a clean one.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done when a tile came, or could not be read.
type Arrived = dyn Fn(&Slide, Result<(), SlideError>) + Send + Sync;

/// Threads that decode tiles for a viewer. Tiles that came are found with [`Slide::held_tile`].
pub struct TileLoader {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for TileLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TileLoader").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl TileLoader {
    /// `threads` threads that call `arrived` for every tile: with nothing when it came, so that the viewer is drawn
    /// again, or with what is to be shown when it is damaged.
    /// Where the system gives no thread, the tiles stay away.
    pub fn new(
        threads: usize,
        arrived: impl Fn(&Slide, Result<(), SlideError>) + Send + Sync + 'static,
    ) -> Self {
        let (shared, arrived): (Arc<Shared>, Arc<Arrived>) = (Arc::default(), Arc::new(arrived));
        let start = |index| {
            let (shared, arrived) = (Arc::clone(&shared), Arc::clone(&arrived));
            let thread = std::thread::Builder::new().name(format!("tiles-{index}"));
            thread.spawn(move || work(&shared, arrived.as_ref())).ok()
        };
        let threads = (0..threads.max(1)).filter_map(start).collect();
        Self { shared, threads }
    }

    /// Asks for the tiles of `slide` that are seen now, the most wanted last. What was asked for before and is not
    /// decoded yet comes after them. A tile that could not be read is not tried again.
    pub fn request(&self, slide: &Arc<Slide>, tiles: impl IntoIterator<Item = (usize, u32, u32)>) {
        let mut queue = self.shared.lock();
        for tile in tiles {
            let (level, col, row) = tile;
            let key = TileKey { slide: slide.number(), level, col, row };
            if queue.decoding.contains(&key) || queue.failed.contains(&key) {
                continue;
            }
            queue.waiting.retain(|w| w.key != key);
            queue.waiting.push(Request { slide: Arc::downgrade(slide), key });
        }
        let too_many = queue.waiting.len().saturating_sub(MAX_WAITING);
        queue.waiting.drain(..too_many);
        drop(queue);
        self.shared.changed.notify_all();
    }

    /// Whether the tile at `col`, `row` of `level` of `slide` could not be read.
    pub fn has_failed(&self, slide: &Slide, (level, col, row): (usize, u32, u32)) -> bool {
        self.shared.lock().failed.contains(&TileKey { slide: slide.number(), level, col, row })
    }

    /// Tries tiles again that could not be read.
    pub fn forget_failures(&self) {
        self.shared.lock().failed.clear();
    }

    /// Forgets what was asked for and is not being decoded.
    pub fn clear(&self) {
        self.shared.lock().waiting.clear();
    }
}

impl Drop for TileLoader {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Decodes tiles until the loader goes.
fn work(shared: &Shared, arrived: &Arrived) {
    let mut queue = shared.lock();
    loop {
        if queue.is_closed {
            return;
        }
        let Some(request) = queue.waiting.pop() else {
            queue = shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        // A slide that was closed is not shown any more.
        let Some(slide) = request.slide.upgrade() else { continue };
        let TileKey { level, col, row, .. } = request.key;
        queue.decoding.insert(request.key);
        drop(queue);
        let result = match slide.held_tile(level, col, row) {
            Some(_) => Ok(()),
            None => slide.tile(level, col, row).map(drop),
        };
        let has_failed = result.is_err();
        queue = shared.lock();
        queue.decoding.remove(&request.key);
        if has_failed {
            if queue.failed.len() >= MAX_FAILED {
                queue.failed.clear();
            }
            queue.failed.insert(request.key);
        }
        drop(queue);
        arrived(&slide, result);
        // The last to hold the slide closes it.
        drop(slide);
        queue = shared.lock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::slide::TileCache;
    use crate::data::slide::source::{Level, SlideFormat, SlideInfo, SlideSource, Tile, TilePlace};
    use std::path::Path;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    /// A slide that tells which tiles were decoded; the one in column 7 is damaged.
    #[derive(Debug)]
    struct Told {
        info: SlideInfo,
        decoded: Mutex<Vec<u32>>,
    }

    impl SlideSource for Told {
        fn info(&self) -> &SlideInfo {
            &self.info
        }

        fn read_tile(&self, level: usize, col: u32, row: u32) -> Result<Arc<Tile>, SlideError> {
            std::thread::sleep(Duration::from_millis(5));
            self.decoded.lock().unwrap().push(col);
            if col == 7 {
                return Err(TilePlace { level, col, row }.error(&self.info.path, "its data are cut off"));
            }
            Ok(Arc::new(Tile::filled(8, 8, [9; 3])))
        }
    }

    #[test]
    fn the_newest_tiles_come_first_and_each_once() {
        let level = Level { width: 800, height: 8, downsample: 1.0, tile_width: 8, tile_height: 8 };
        let info = SlideInfo {
            levels: vec![level],
            ..SlideInfo::of_image(Path::new("a.svs"), SlideFormat::Memory, (800, 8))
        };
        let source = Arc::new(Told { info, decoded: Mutex::default() });
        let slide = Arc::new(Slide::new(Arc::clone(&source) as _, &Arc::new(TileCache::default())));
        let (tell, told) = sync_channel(64);
        let loader = TileLoader::new(1, move |_, result| {
            let _ = tell.send(result.map_err(|e| e.to_string()));
        });
        loader.request(&slide, (0..10).map(|col| (0, col, 0)));
        loader.request(&slide, [(0, 3, 0), (0, 20, 0)]);
        let results: Vec<_> = (0..11).map(|_| told.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
        assert_eq!(results.iter().filter(|r| r.is_err()).count(), 1);
        let decoded = source.decoded.lock().unwrap().clone();
        assert_eq!(decoded.len(), 11, "each once: {decoded:?}");
        // The first may have begun before the second request came.
        let place = |col| decoded.iter().position(|&c| c == col).unwrap();
        assert!(place(20) <= 1 && place(3) <= 2 && place(0) > place(5), "{decoded:?}");
        assert!(slide.held_tile(0, 20, 0).is_some() && slide.held_tile(0, 7, 0).is_none());
        assert!(loader.has_failed(&slide, (0, 7, 0)) && !loader.has_failed(&slide, (0, 3, 0)));
        // A damaged tile is said once.
        loader.request(&slide, [(0, 7, 0)]);
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err());
    }
}
