//! Open slides, shared by all their users.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use lru::LruCache;

use super::{
    MAX_PIXELS_IN_MEMORY, OpenOptions, PyramidFolder, RgbImage, Slide, SlideError, TileCache, place, plain,
    read_info,
};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::progress::Progress;
use crate::core::recent::recent;

/// Memory for tiles and plain images unless said otherwise: four sections of 9,300 x 9,900 pixels, and tiles of others.
pub const DEFAULT_BUDGET: u64 = 2_000 << 20;
/// What the kept pyramids of large plain images may take on disk.
const MAX_PYRAMID_BYTES: u64 = 20 << 30;
/// Slides that are kept open; each is an open file.
const MAX_OPEN: usize = 64;
/// Thumbnails kept; they are small, and a project has few sections.
const MAX_THUMBNAILS: usize = 512;
/// How often a thread that waits for another's opening looks whether it is still wanted.
const WAIT: Duration = Duration::from_millis(100);
/// Bytes of a file that are hashed at a time.
const PIECE: usize = 1 << 20;

/// What tells that a file was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn read(path: &Path) -> Result<Self, FileError> {
        if place::blank_size(path).is_some() {
            return Ok(Self { length: 0, modified: None });
        }
        let file = place::file_of(path);
        let metadata = std::fs::metadata(file).map_err(FileError::io("open", file))?;
        Ok(Self { length: metadata.len(), modified: metadata.modified().ok() })
    }
}

#[derive(Debug)]
enum Slot {
    /// Some thread is opening it.
    Opening,
    Ready {
        slide: Arc<Slide>,
        stamp: Stamp,
        used: u64,
    },
}

#[derive(Debug)]
struct Inner {
    slots: HashMap<PathBuf, Slot>,
    thumbnails: LruCache<(PathBuf, u32), (Stamp, Arc<RgbImage>)>,
    clock: u64,
}

impl Default for Inner {
    fn default() -> Self {
        Self { slots: HashMap::new(), thumbnails: recent(MAX_THUMBNAILS), clock: 0 }
    }
}

impl Inner {
    /// Memory held by slides that lie in memory as a whole.
    fn held(&self) -> u64 {
        let held = |slot: &Slot| match slot {
            Slot::Opening => 0,
            Slot::Ready { slide, .. } => slide.memory_bytes(),
        };
        self.slots.values().map(held).sum()
    }

    /// Takes out the slides that were not used for longest until `budget` is kept, except `keep`. They are to be dropped
    /// without the lock of this: a slide that goes takes the lock of the tiles.
    fn evict(&mut self, budget: u64, keep: &Path) -> Vec<Slot> {
        let mut gone = Vec::new();
        while self.held() > budget || self.slots.len() > MAX_OPEN {
            let ready = self.slots.iter().filter_map(|(path, slot)| match slot {
                Slot::Ready { used, .. } if path != keep => Some((*used, path)),
                _ => None,
            });
            let Some(path) = ready.min().map(|(_, path)| path.clone()) else { break };
            gone.extend(self.slots.remove(&path));
        }
        gone
    }
}

/// Open slides by path and the tiles of all of them, the least recently used let go when they exceed a memory budget.
/// May be used from many threads; a slide that several ask for at once is opened once.
#[derive(Debug)]
pub struct SlideStore {
    budget: u64,
    tiles: Arc<TileCache>,
    pyramids: Option<PathBuf>,
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Default for SlideStore {
    fn default() -> Self {
        Self::with_budget(DEFAULT_BUDGET)
    }
}

/// Takes the mark "opening" away again, also when it fails or panics.
struct Opening<'a> {
    store: &'a SlideStore,
    path: &'a Path,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let mut inner = self.store.lock();
        if matches!(inner.slots.get(self.path), Some(Slot::Opening)) {
            inner.slots.remove(self.path);
        }
        drop(inner);
        self.store.changed.notify_all();
    }
}

impl SlideStore {
    /// A store that holds at most `budget` bytes: a quarter for tiles, the rest for plain images that lie in memory as a
    /// whole (though always the one asked for last).
    pub fn with_budget(budget: u64) -> Self {
        let tiles = Arc::new(TileCache::with_budget(budget / 4));
        let (budget, pyramids) = (budget - budget / 4, None);
        Self { budget, tiles, pyramids, inner: Mutex::default(), changed: Condvar::new() }
    }

    /// Keeps the pyramids of large plain images in `folder`, which need not exist yet.
    #[must_use]
    pub fn with_pyramids(mut self, folder: PathBuf) -> Self {
        self.pyramids = Some(folder);
        self
    }

    /// Bytes of the pyramids that are kept.
    pub fn pyramid_bytes(&self) -> u64 {
        self.pyramids.as_deref().map_or(0, plain::kept_bytes)
    }

    /// Deletes the pyramids that are kept; gives the bytes freed.
    ///
    /// # Errors
    /// [`FileError`] naming the first file that could not be deleted.
    pub fn clear_pyramids(&self) -> Result<u64, FileError> {
        self.pyramids.as_deref().map_or(Ok(0), plain::clear)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The map is whole between any two statements, so a poisoned lock is as good as a clean one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, path: &Path, progress: &dyn Progress, cancel: &CancelToken) -> Result<Slide, SlideError> {
        let key = || content_key(place::file_of(path), cancel);
        let limit = MAX_PYRAMID_BYTES;
        let pyramids = self.pyramids.as_deref().map(|folder| PyramidFolder { folder, key: &key, limit });
        let options = OpenOptions { pyramids, ..OpenOptions::default() };
        Slide::open_shared(path, &options, &self.tiles, progress, cancel)
    }

    /// The slide at `path`, opened now unless it is open and its file unchanged.
    ///
    /// # Errors
    /// As [`Slide::open`].
    pub fn get(
        &self,
        path: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Arc<Slide>, SlideError> {
        let now = Stamp::read(path)?;
        let mut inner = self.lock();
        loop {
            cancel.check()?;
            inner.clock += 1;
            let clock = inner.clock;
            match inner.slots.get_mut(path) {
                Some(Slot::Ready { slide, stamp, used }) if *stamp == now => {
                    *used = clock;
                    return Ok(Arc::clone(slide));
                }
                Some(Slot::Opening) => {
                    inner = self.changed.wait_timeout(inner, WAIT).unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(Slot::Ready { .. }) | None => break,
            }
        }
        let replaced = inner.slots.insert(path.to_path_buf(), Slot::Opening);
        drop(inner);
        // A slide that goes takes the lock of the tiles, so it goes without this one.
        drop(replaced);

        let mark = Opening { store: self, path };
        let (width, height) = read_info(path)?.size();
        let pixels = u64::from(width) * u64::from(height);
        if pixels <= MAX_PIXELS_IN_MEMORY {
            // The first level and a third of it for the others; larger ones are not kept in memory.
            let gone = self.lock().evict(self.budget.saturating_sub(pixels * 4), path);
            drop(gone);
        }
        let slide = Arc::new(self.open(path, progress, cancel)?);
        let mut inner = self.lock();
        inner.clock += 1;
        let ready = Slot::Ready { slide: Arc::clone(&slide), stamp: now, used: inner.clock };
        inner.slots.insert(path.to_path_buf(), ready);
        let gone = inner.evict(self.budget, path);
        drop(inner);
        drop(gone);
        drop(mark);
        Ok(slide)
    }

    /// The slide at `path` when it is open, without opening it.
    pub fn peek(&self, path: &Path) -> Option<Arc<Slide>> {
        let mut inner = self.lock();
        inner.clock += 1;
        let clock = inner.clock;
        match inner.slots.get_mut(path)? {
            Slot::Opening => None,
            Slot::Ready { slide, used, .. } => {
                *used = clock;
                Some(Arc::clone(slide))
            }
        }
    }

    /// The whole slide at `path`, its longer side `max_side` pixels; kept after the slide itself is let go.
    ///
    /// # Errors
    /// As [`Slide::open`] and [`Slide::thumbnail`].
    pub fn thumbnail(
        &self,
        path: &Path,
        max_side: u32,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Arc<RgbImage>, SlideError> {
        let now = Stamp::read(path)?;
        let key = (path.to_path_buf(), max_side);
        if let Some((stamp, image)) = self.lock().thumbnails.get(&key)
            && *stamp == now
        {
            return Ok(Arc::clone(image));
        }
        let image = Arc::new(self.get(path, progress, cancel)?.thumbnail(max_side)?);
        let mut inner = self.lock();
        inner.thumbnails.put(key, (now, Arc::clone(&image)));
        Ok(image)
    }

    /// Memory held by tiles and by slides that lie in memory as a whole. What is let go of here may live on with those
    /// who still use it.
    pub fn memory_bytes(&self) -> u64 {
        self.lock().held() + self.tiles.memory_bytes()
    }

    /// Lets go of the slides in the file that holds the one at `path`, and their thumbnails.
    pub fn forget(&self, path: &Path) {
        let is_of_file = |other: &Path| place::file_of(other) == place::file_of(path);
        let mut inner = self.lock();
        let thumbnails = inner.thumbnails.iter().map(|(key, _)| key);
        let gone: Vec<_> = thumbnails.filter(|(other, _)| is_of_file(other)).cloned().collect();
        for key in &gone {
            inner.thumbnails.pop(key);
        }
        let gone: Vec<_> = inner
            .slots
            .extract_if(|other, slot| matches!(slot, Slot::Ready { .. }) && is_of_file(other))
            .collect();
        drop(inner);
        drop(gone);
    }
}

/// A name for the content of the file at `path`.
fn content_key(path: &Path, cancel: &CancelToken) -> Result<String, SlideError> {
    use std::io::Read;
    let mut file = std::fs::File::open(path).map_err(FileError::io("open", path))?;
    let (mut hasher, mut piece) = (blake3::Hasher::new(), vec![0; PIECE]);
    loop {
        cancel.check()?;
        let count = file.read(&mut piece).map_err(FileError::io("read", path))?;
        if count == 0 {
            return Ok(hasher.finalize().to_hex().as_str().get(..32).unwrap_or_default().to_owned());
        }
        hasher.update(piece.get(..count).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;

    fn write_png(path: &Path, side: u32, value: u8) {
        image::RgbImage::from_pixel(side, side, image::Rgb([value; 3])).save(path).unwrap();
    }

    #[test]
    fn asked_from_many_threads_a_slide_is_opened_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        write_png(&path, 700, 9);
        let store = SlideStore::default();
        let slides: Vec<Arc<Slide>> = std::thread::scope(|scope| {
            let ask = || store.get(&path, &Silent, &CancelToken::new()).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(slides.iter().all(|s| Arc::ptr_eq(s, &slides[0])));
    }

    #[test]
    fn the_least_recently_used_slide_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> =
            ["a", "b", "c"].iter().map(|n| dir.path().join(format!("{n}.png"))).collect();
        for path in &paths {
            write_png(path, 100, 1);
        }
        let store = SlideStore::with_budget(107_000);
        let get = |i: usize| store.get(&paths[i], &Silent, &CancelToken::new()).unwrap();
        get(0);
        get(1);
        get(0);
        get(2);
        assert_eq!(store.memory_bytes(), 60_000);
        assert!(store.peek(&paths[0]).is_some() && store.peek(&paths[1]).is_none());
        store.forget(&paths[0]);
        assert_eq!(store.memory_bytes(), 30_000);
    }

    #[test]
    fn a_replaced_file_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let store = SlideStore::default();
        let corner = |side| {
            write_png(&path, side, side as u8);
            let slide = store.get(&path, &Silent, &CancelToken::new()).unwrap();
            let thumbnail = store.thumbnail(&path, 8, &Silent, &CancelToken::new()).unwrap();
            (slide.size().0, thumbnail.rgb[0])
        };
        assert_eq!(corner(20), (20, 20));
        assert_eq!(corner(33), (33, 33));
    }

    #[test]
    fn a_failed_slide_can_be_asked_for_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        std::fs::write(&path, b"nonsense").unwrap();
        let store = SlideStore::default();
        assert!(store.get(&path, &Silent, &CancelToken::new()).is_err());
        write_png(&path, 5, 5);
        assert!(store.get(&path, &Silent, &CancelToken::new()).is_ok());
        let cancelled = CancelToken::new();
        cancelled.cancel();
        assert!(matches!(store.get(&path, &Silent, &cancelled), Err(SlideError::Cancelled(_))));
    }
}
