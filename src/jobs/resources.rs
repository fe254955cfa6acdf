//! The slides, sections, encoders and image features that are in memory or cached on disk, shared by all jobs.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lru::LruCache;

use super::context::JobContext;
use super::encoders::{self, EncoderChoice};
use super::places;
use super::tissue::TissueFinder;
use super::turn::{Turn, Turns};
use crate::core::cancel::{CancelToken, Cancelled};
use crate::core::encoder::PatchEncoder;
use crate::core::progress::Progress;
use crate::core::recent::recent;
use crate::data::genes;
use crate::data::open::open_section;
use crate::data::project::SectionEntry;
use crate::data::section::Section;
use crate::data::slide::SlideStore;
use crate::data::st::source::Source;
use crate::device::{ComputeDevice, DeviceInfo};
use crate::preprocess::cache::FeatureCache;

/// The most opened sections kept; their counts are a few megabytes each.
const MAX_SECTIONS: usize = 64;

/// A pretrained encoder, and what it was opened from: the encoder, its weights file and when that was changed last,
/// and the device.
type OpenedEncoder = ((String, PathBuf, Option<SystemTime>, DeviceInfo), Arc<dyn PatchEncoder>);

/// Sections by where they are read from, with the settings they were opened under.
type OpenedSections = LruCache<Source, (SectionEntry, Arc<Section>)>;

/// What is in memory or cached on disk, shared by all jobs. Cheap to clone.
#[derive(Clone)]
pub struct Resources {
    /// Open slides.
    pub slides: Arc<SlideStore>,
    /// Image features on disk.
    pub cache: Arc<FeatureCache>,
    pub(super) tissue: Arc<TissueFinder>,
    sections: Arc<Mutex<OpenedSections>>,
    /// Whether it was said that genes share a symbol, which holds for all sections of an experiment.
    told_of_symbols: Arc<AtomicBool>,
    /// The pretrained encoder that was used last, with what was asked for: its weights take gigabytes.
    pretrained: Arc<Mutex<Option<OpenedEncoder>>>,
    turns: Arc<Turns>,
    /// Whether it is the turn of the job that uses this to compute.
    has_turn: bool,
}

impl Resources {
    /// Nothing in memory yet, features and the pyramids of large images cached in the user's cache folder.
    pub fn new() -> Self {
        let cache = FeatureCache::in_user_cache();
        let pyramids = cache.folder().join("pyramids");
        Self {
            slides: Arc::new(SlideStore::default().with_pyramids(pyramids)),
            cache: Arc::new(cache),
            tissue: Arc::default(),
            sections: Arc::new(Mutex::new(recent(MAX_SECTIONS))),
            told_of_symbols: Arc::default(),
            pretrained: Arc::default(),
            turns: Arc::default(),
            has_turn: false,
        }
    }

    /// Waits until no other job keeps the processors busy, and gives the same resources to a job that will do so until the
    /// turn is dropped.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn for_computing(&self, ctx: &JobContext) -> Result<(Self, Option<Turn>), Cancelled> {
        let turn = self.turn(ctx)?;
        Ok((Self { has_turn: true, ..self.clone() }, turn))
    }

    /// Waits for a turn, unless the job has it already.
    ///
    /// # Errors
    /// When it is cancelled.
    pub(super) fn turn(&self, ctx: &JobContext) -> Result<Option<Turn>, Cancelled> {
        if self.has_turn { Ok(None) } else { self.turns.take(ctx).map(Some) }
    }

    /// The section of this (resolved) entry, read now unless it is in memory under the same settings. A slide without
    /// measurements has the places of its grid for spots.
    pub(super) fn section(
        &self,
        entry: &SectionEntry,
        progress: &dyn Progress,
        cancel: &CancelToken,
    ) -> anyhow::Result<Arc<Section>> {
        let lock = || self.sections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, section)) = lock().get(&entry.source)
            && known == entry
        {
            return Ok(Arc::clone(section));
        }
        let mut section = open_section(entry, progress, cancel)?;
        if !entry.is_measured() {
            let grid = entry.grid.unwrap_or_default();
            section = places::lay(self, &section, &grid, &entry.tissue, progress, cancel)?;
        }
        let section = Arc::new(section);
        if let Some(text) = genes::shared_symbols(&section.genes)
            && !self.told_of_symbols.swap(true, Ordering::Relaxed)
        {
            progress.note(&text);
        }
        lock().put(entry.source.clone(), (entry.clone(), Arc::clone(&section)));
        Ok(section)
    }

    /// Keeps `section` in place of what was read from the same entry.
    pub(super) fn replace(&self, entry: &SectionEntry, section: &Arc<Section>) {
        let mut sections = self.sections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, kept)) = sections.get_mut(&entry.source)
            && known == entry
        {
            *kept = Arc::clone(section);
        }
    }

    /// The encoder of this choice for this device, opened now unless it was the last one used.
    pub(super) fn encoder(
        &self,
        choice: &EncoderChoice,
        device: &ComputeDevice,
        ctx: &JobContext,
    ) -> anyhow::Result<Arc<dyn PatchEncoder>> {
        // Held while it is opened, so that jobs that start together open it once. A job that is paused meanwhile must not
        // keep the others waiting.
        let mut last = self.pretrained.lock().unwrap_or_else(PoisonError::into_inner);
        let ctx = &JobContext { observer: ctx.observer, cancel: &ctx.cancel.without_pausing() };
        if choice.name.eq_ignore_ascii_case(encoders::TEXTURE) {
            // The other one's weights are not kept for nothing.
            *last = None;
            return encoders::open(choice, device, ctx);
        }
        let weights = encoders::weights_of(choice)?;
        let changed = fs::metadata(&weights).and_then(|file| file.modified()).ok();
        let asked = (choice.name.clone(), weights, changed, device.info().clone());
        match &*last {
            Some((known, encoder)) if *known == asked => Ok(Arc::clone(encoder)),
            _ => {
                *last = None;
                let encoder = encoders::open(choice, device, ctx)?;
                *last = Some((asked, Arc::clone(&encoder)));
                Ok(encoder)
            }
        }
    }

    /// Bytes of what is cached on disk.
    pub fn cached_bytes(&self) -> u64 {
        self.cache.size_bytes() + self.slides.pyramid_bytes()
    }

    /// Deletes what is cached on disk.
    ///
    /// # Errors
    /// One sentence naming the first file that could not be deleted.
    pub fn clear_cached(&self) -> anyhow::Result<()> {
        self.cache.clear()?;
        self.slides.clear_pyramids()?;
        Ok(())
    }

    /// Forgets every opened section, slide and encoder, so that files changed on disk are read again.
    pub fn forget_all(&self) {
        let mut sections = self.sections.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, (entry, _)) in sections.iter() {
            self.slides.forget(&entry.image);
        }
        sections.clear();
        *self.pretrained.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self::new()
    }
}
