//! Decoded tiles, shared by all slides, bounded in bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::SlideError;
use super::source::Tile;

/// Memory for tiles unless said otherwise.
pub const DEFAULT_TILE_BUDGET: u64 = 512 << 20;
/// What a tile takes beside its pixels.
const OVERHEAD: u64 = 256;

/// Which tile of which slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileKey {
    /// The slide, see [`Slide::number`](super::Slide::number).
    pub slide: u64,
    /// Index of the level.
    pub level: usize,
    /// Column from 0.
    pub col: u32,
    /// Row from 0.
    pub row: u32,
}

#[derive(Debug)]
enum Slot {
    /// Some thread is decoding it.
    Decoding,
    Ready {
        tile: Arc<Tile>,
        used: u64,
    },
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<TileKey, Slot>,
    /// By when they were last used.
    order: BTreeMap<u64, TileKey>,
    clock: u64,
    held: u64,
}

fn cost(tile: &Tile) -> u64 {
    tile.rgb.capacity() as u64 + OVERHEAD
}

impl Inner {
    /// The tile at `key` where it is held, which makes it the most recently used.
    fn touch(&mut self, key: TileKey) -> Option<Arc<Tile>> {
        let now = self.clock + 1;
        let Some(Slot::Ready { tile, used }) = self.slots.get_mut(&key) else { return None };
        self.order.remove(used);
        *used = now;
        self.clock = now;
        let tile = Arc::clone(tile);
        self.order.insert(now, key);
        Some(tile)
    }

    fn insert(&mut self, key: TileKey, tile: Arc<Tile>, budget: u64) {
        self.remove(key);
        self.clock += 1;
        self.held += cost(&tile);
        self.order.insert(self.clock, key);
        self.slots.insert(key, Slot::Ready { tile, used: self.clock });
        while self.held > budget {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.remove(oldest);
        }
    }

    fn remove(&mut self, key: TileKey) {
        if let Some(Slot::Ready { tile, used }) = self.slots.remove(&key) {
            self.order.remove(&used);
            self.held = self.held.saturating_sub(cost(&tile));
        }
    }
}

/// Decoded tiles of all slides, the least recently used let go when they exceed a memory budget. May be used from many
/// threads; a tile that several ask for at once is decoded once.
#[derive(Debug)]
pub struct TileCache {
    budget: u64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Default for TileCache {
    fn default() -> Self {
        Self::with_budget(DEFAULT_TILE_BUDGET)
    }
}

/// Takes the mark "decoding" away again, also when the decoder fails or panics.
struct Decoding<'a> {
    cache: &'a TileCache,
    key: TileKey,
}

impl Drop for Decoding<'_> {
    fn drop(&mut self) {
        let mut inner = self.cache.lock();
        if matches!(inner.slots.get(&self.key), Some(Slot::Decoding)) {
            inner.slots.remove(&self.key);
        }
        drop(inner);
        self.cache.changed.notify_all();
    }
}

impl TileCache {
    /// A cache that holds at most `budget` bytes.
    pub fn with_budget(budget: u64) -> Self {
        Self { budget, inner: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way, so a poisoned lock is as good as a clean one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tile at `key` when it is held, without decoding or waiting for it.
    pub fn peek(&self, key: TileKey) -> Option<Arc<Tile>> {
        self.lock().touch(key)
    }

    /// The tile at `key`, made with `decode` unless it is held; where another thread is making it, its result is waited
    /// for. A failure is not kept.
    ///
    /// # Errors
    /// What `decode` fails with.
    pub fn get_or_decode(
        &self,
        key: TileKey,
        decode: impl FnOnce() -> Result<Arc<Tile>, SlideError>,
    ) -> Result<Arc<Tile>, SlideError> {
        let mut inner = self.lock();
        loop {
            if let Some(tile) = inner.touch(key) {
                return Ok(tile);
            }
            if !matches!(inner.slots.get(&key), Some(Slot::Decoding)) {
                break;
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.slots.insert(key, Slot::Decoding);
        drop(inner);
        let mark = Decoding { cache: self, key };
        let tile = decode()?;
        self.lock().insert(key, Arc::clone(&tile), self.budget);
        drop(mark);
        Ok(tile)
    }

    /// Memory held by tiles. Those let go of here may live on with those who still use them.
    pub fn memory_bytes(&self) -> u64 {
        self.lock().held
    }

    /// Lets go of all tiles of a slide.
    pub fn forget(&self, slide: u64) {
        let mut inner = self.lock();
        let keys: Vec<TileKey> = inner.order.values().filter(|k| k.slide == slide).copied().collect();
        keys.into_iter().for_each(|key| inner.remove(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(col: u32) -> TileKey {
        TileKey { slide: 0, level: 0, col, row: 0 }
    }

    fn tile(value: u8) -> Arc<Tile> {
        Arc::new(Tile { width: 10, height: 10, rgb: vec![value; 300] })
    }

    #[test]
    fn asked_from_many_threads_a_tile_is_decoded_once() {
        let (cache, decoded) = (TileCache::default(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let ask = || {
                cache.get_or_decode(key(1), || {
                    decoded.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(30));
                    Ok(tile(7))
                })
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            assert!(threads.into_iter().all(|t| t.join().unwrap().unwrap().rgb[0] == 7));
        });
        assert_eq!(decoded.into_inner(), 1);
    }

    #[test]
    fn the_budget_holds_and_the_least_recently_used_goes_first() {
        let cache = TileCache::with_budget(3 * (300 + OVERHEAD));
        let get = |col| cache.get_or_decode(key(col), || Ok(tile(col as u8))).unwrap();
        get(0);
        get(1);
        get(2);
        get(0);
        get(3);
        assert!(cache.peek(key(0)).is_some() && cache.peek(key(1)).is_none() && cache.peek(key(3)).is_some());
        assert_eq!(cache.memory_bytes(), 3 * (300 + OVERHEAD));
        cache.forget(0);
        assert_eq!((cache.memory_bytes(), cache.peek(key(0))), (0, None));
        let small = TileCache::with_budget(10);
        assert_eq!(small.get_or_decode(key(0), || Ok(tile(9))).unwrap().rgb[0], 9);
        assert_eq!(small.memory_bytes(), 0);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = TileCache::default();
        let place = crate::data::slide::source::TilePlace { level: 0, col: 0, row: 0 };
        let failed = || Err(place.error(std::path::Path::new("a.svs"), "its data are cut off"));
        assert!(cache.get_or_decode(key(0), failed).is_err());
        assert!(cache.get_or_decode(key(0), || Ok(tile(1))).is_ok());
    }
}
