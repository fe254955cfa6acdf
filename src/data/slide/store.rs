//! Slides in memory, shared by everyone who looks at them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{MOST_KEPT, RgbImage, Slide, SlideError, place};
use crate::core::cancel::CancelToken;
use crate::core::files::FileError;
use crate::core::progress::Progress;

/// Memory for slides unless said otherwise: four sections of 9,300 x 9,900 pixels.
pub const DEFAULT_BUDGET: u64 = 1_600 << 20;
/// Thumbnails kept; they are small, and a project has few sections.
const MAX_THUMBNAILS: usize = 512;
/// How often a thread that waits for another's decoding looks whether it is still wanted.
const WAIT: Duration = Duration::from_millis(100);

/// What tells that a file was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, FileError> {
        let file = place::file_of(path);
        let metadata = std::fs::metadata(file).map_err(FileError::io("open", file))?;
        Ok(Self { length: metadata.len(), modified: metadata.modified().ok() })
    }
}

#[derive(Debug)]
enum Slot {
    /// Some thread is decoding it.
    Decoding,
    Ready {
        slide: Arc<Slide>,
        stamp: Stamp,
        used: u64,
    },
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<PathBuf, Slot>,
    thumbnails: HashMap<(PathBuf, u32), (Stamp, Arc<RgbImage>)>,
    clock: u64,
}

impl Inner {
    fn held(&self) -> u64 {
        self.slots
            .values()
            .map(|slot| match slot {
                Slot::Decoding => 0,
                Slot::Ready { slide, .. } => slide.memory_bytes(),
            })
            .sum()
    }

    /// Lets go of the slides that were not used for longest until `budget` is kept, except `keep`.
    fn evict(&mut self, budget: u64, keep: Option<&Path>) {
        while self.held() > budget {
            let oldest = self
                .slots
                .iter()
                .filter_map(|(path, slot)| match slot {
                    Slot::Ready { used, .. } if Some(path.as_path()) != keep => Some((*used, path)),
                    _ => None,
                })
                .min();
            let Some(path) = oldest.map(|(_, path)| path.clone()) else { return };
            self.slots.remove(&path);
        }
    }
}

/// Decoded slides by path, the least recently used let go when they exceed a memory budget. May be used
/// from many threads; a slide that several ask for at once is decoded once.
#[derive(Debug)]
pub struct SlideStore {
    budget: u64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Default for SlideStore {
    fn default() -> Self {
        Self::with_budget(DEFAULT_BUDGET)
    }
}

/// Takes the mark "decoding" away again, also when the decoder panics.
struct Decoding<'a> {
    store: &'a SlideStore,
    path: &'a Path,
}

impl Drop for Decoding<'_> {
    fn drop(&mut self) {
        let mut inner = self.store.lock();
        if matches!(inner.slots.get(self.path), Some(Slot::Decoding)) {
            inner.slots.remove(self.path);
        }
        drop(inner);
        self.store.changed.notify_all();
    }
}

impl SlideStore {
    /// A store that holds at most `budget` bytes, though always the slide asked for last.
    pub fn with_budget(budget: u64) -> Self {
        Self { budget, inner: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The map is whole between any two statements, so a poisoned lock is as good as a clean one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The slide at `path`, decoded now unless it is still in memory and its file unchanged.
    ///
    /// # Errors
    /// As [`Slide::open`].
    pub fn get(
        &self,
        path: &Path,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Arc<Slide>, SlideError> {
        let now = Stamp::of(path)?;
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
                Some(Slot::Decoding) => {
                    inner = self.changed.wait_timeout(inner, WAIT).unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(Slot::Ready { .. }) | None => break,
            }
        }
        inner.slots.insert(path.to_path_buf(), Slot::Decoding);
        drop(inner);

        let mark = Decoding { store: self, path };
        let (width, height) = Slide::read_size(path)?;
        // Level 0 and a third of it for the levels above.
        let expected = (u64::from(width) * u64::from(height)).min(MOST_KEPT) * 4;
        self.lock().evict(self.budget.saturating_sub(expected), None);
        let slide = Arc::new(Slide::open(path, progress, cancel)?);

        let mut inner = self.lock();
        inner.clock += 1;
        let ready = Slot::Ready { slide: Arc::clone(&slide), stamp: now, used: inner.clock };
        inner.slots.insert(path.to_path_buf(), ready);
        inner.evict(self.budget, Some(path));
        drop(inner);
        drop(mark);
        Ok(slide)
    }

    /// The slide at `path` when it is in memory, without decoding.
    pub fn peek(&self, path: &Path) -> Option<Arc<Slide>> {
        let mut inner = self.lock();
        inner.clock += 1;
        let clock = inner.clock;
        match inner.slots.get_mut(path)? {
            Slot::Decoding => None,
            Slot::Ready { slide, used, .. } => {
                *used = clock;
                Some(Arc::clone(slide))
            }
        }
    }

    /// The whole slide at `path`, its longer side `max_side` pixels; kept after the slide itself is let go.
    ///
    /// # Errors
    /// As [`Slide::open`].
    pub fn thumbnail(
        &self,
        path: &Path,
        max_side: u32,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> Result<Arc<RgbImage>, SlideError> {
        let now = Stamp::of(path)?;
        let key = (path.to_path_buf(), max_side);
        if let Some((stamp, image)) = self.lock().thumbnails.get(&key)
            && *stamp == now
        {
            return Ok(Arc::clone(image));
        }
        let image = Arc::new(self.get(path, progress, cancel)?.thumbnail(max_side));
        let mut inner = self.lock();
        if inner.thumbnails.len() >= MAX_THUMBNAILS {
            inner.thumbnails.clear();
        }
        inner.thumbnails.insert(key, (now, Arc::clone(&image)));
        Ok(image)
    }

    /// Memory held by decoded slides. Slides let go of here may live on with those who still use them.
    pub fn memory_bytes(&self) -> u64 {
        self.lock().held()
    }

    /// Lets go of the slide at `path` and its thumbnails.
    pub fn forget(&self, path: &Path) {
        let mut inner = self.lock();
        inner.thumbnails.retain(|(p, _), _| p != path);
        if matches!(inner.slots.get(path), Some(Slot::Ready { .. })) {
            inner.slots.remove(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::progress::Silent;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn write_png(path: &Path, side: u32, value: u8) {
        image::RgbImage::from_pixel(side, side, image::Rgb([value; 3])).save(path).unwrap();
    }

    /// Counts how often a file was read to its end.
    #[derive(Default)]
    struct Decodings(AtomicUsize);

    impl Progress for Decodings {
        fn report(&self, _stage: &str, done: u64, _total: u64) {
            if done > 0 {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        fn note(&self, _text: &str) {}
    }

    #[test]
    fn asked_from_many_threads_a_slide_is_decoded_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        write_png(&path, 700, 9);
        let alone = Decodings::default();
        SlideStore::default().get(&path, &alone, &CancelToken::new()).unwrap();
        let (store, together) = (SlideStore::default(), Decodings::default());
        let slides: Vec<Arc<Slide>> = std::thread::scope(|scope| {
            let ask = || store.get(&path, &together, &CancelToken::new()).unwrap();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(slides.iter().all(|s| Arc::ptr_eq(s, &slides[0])));
        assert_eq!(together.0.into_inner(), alone.0.into_inner());
    }

    #[test]
    fn the_least_recently_used_slide_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> =
            ["a", "b", "c"].iter().map(|n| dir.path().join(format!("{n}.png"))).collect();
        for path in &paths {
            write_png(path, 100, 1);
        }
        let store = SlideStore::with_budget(80_000);
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
