//! What was used last.

use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;

/// Keeps `most` values, those that were used last, and at least one.
pub fn recent<K: Hash + Eq, V>(most: usize) -> LruCache<K, V> {
    LruCache::new(NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN))
}
