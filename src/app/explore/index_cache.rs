//! Sections made ready for looking at. Small ones at once, large ones on a thread of their own; the
//! latest few are kept, so that going back to a section costs nothing.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::section_index::SectionIndex;
use crate::core::target::Target;
use crate::data::section::Section;

/// Sections with at most this many stored counts are read at once: it takes a few milliseconds.
const AT_ONCE: usize = 1_500_000;
/// A spot takes as long and as much memory as this many counts.
const COUNTS_OF_SPOT: usize = 40;
/// The most stored counts of all sections kept.
const KEPT_COUNTS: usize = 60_000_000;
/// The most sections kept.
const KEPT: usize = 12;

/// What an index depends on.
#[derive(Debug, Clone)]
struct Key {
    section: Arc<Section>,
    genes: Arc<Vec<String>>,
    target: Target,
}

impl Key {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.section, &other.section)
            && Arc::ptr_eq(&self.genes, &other.genes)
            && self.target == other.target
    }
}

/// How large a section is, in stored counts.
fn size(section: &Section) -> usize {
    section.counts.nnz() + COUNTS_OF_SPOT * section.spots.len()
}

/// The cache.
#[derive(Debug, Default)]
pub struct IndexCache {
    /// Latest used last.
    kept: Vec<(Key, Arc<SectionIndex>)>,
    building: Option<(Key, Receiver<Arc<SectionIndex>>)>,
}

impl IndexCache {
    /// The index of `section`; `None` while it is being made.
    pub fn get(
        &mut self,
        section: &Arc<Section>,
        genes: &Arc<Vec<String>>,
        target: Target,
    ) -> Option<Arc<SectionIndex>> {
        self.collect();
        let key = Key { section: Arc::clone(section), genes: Arc::clone(genes), target };
        if let Some(at) = self.kept.iter().position(|(k, _)| k.is(&key)) {
            let entry = self.kept.remove(at);
            let index = Arc::clone(&entry.1);
            self.kept.push(entry);
            return Some(index);
        }
        if self.building.is_some() {
            return None;
        }
        let make = {
            let key = key.clone();
            move || Arc::new(SectionIndex::new(key.section, &key.genes, key.target))
        };
        if size(section) > AT_ONCE {
            let (send, receive) = sync_channel(1);
            let work = make.clone();
            let started =
                std::thread::Builder::new().name(format!("index {}", section.name)).spawn(move || {
                    // A send error means that the project was closed; the index is not needed.
                    let _ = send.send(work());
                });
            if started.is_ok() {
                self.building = Some((key, receive));
                return None;
            }
        }
        let index = make();
        self.keep(key, Arc::clone(&index));
        Some(index)
    }

    /// Whether an index is being made.
    pub fn is_busy(&self) -> bool {
        self.building.is_some()
    }

    fn collect(&mut self) {
        let Some((key, receive)) = self.building.take() else { return };
        match receive.try_recv() {
            Ok(index) => self.keep(key, index),
            Err(TryRecvError::Empty) => self.building = Some((key, receive)),
            // The thread failed; the next call starts over.
            Err(TryRecvError::Disconnected) => {}
        }
    }

    fn keep(&mut self, key: Key, index: Arc<SectionIndex>) {
        self.kept.push((key, index));
        let counts =
            |kept: &[(Key, Arc<SectionIndex>)]| -> usize { kept.iter().map(|(k, _)| size(&k.section)).sum() };
        while self.kept.len() > 1 && (self.kept.len() > KEPT || counts(&self.kept) > KEPT_COUNTS) {
            self.kept.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::section_index::tests::section;
    use super::*;

    #[test]
    fn the_same_section_is_read_once() {
        let mut cache = IndexCache::default();
        let s = Arc::new(section("C1", 3, &["A"]));
        let genes = Arc::new(Vec::new());
        let first = cache.get(&s, &genes, Target::Published).unwrap();
        let again = cache.get(&s, &genes, Target::Published).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = cache.get(&s, &genes, Target::Lognorm).unwrap();
        assert!(!Arc::ptr_eq(&first, &other) && !cache.is_busy());
        for i in 0..2 * KEPT {
            let s = Arc::new(section(&format!("S{i}"), 2, &["A"]));
            assert!(cache.get(&s, &genes, Target::Published).is_some());
        }
        assert!(cache.kept.len() <= KEPT);
    }
}
